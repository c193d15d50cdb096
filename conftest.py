"""What holds for every test and doctest."""

import os

os.environ["MPLBACKEND"] = "agg"  # before anything imports matplotlib
