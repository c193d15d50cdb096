"""
Benchmarks for airspeed velocity, which compares commits.

    pip install asv
    cd tests/bench/regressions && asv run main^! && asv continuous main HEAD

Times are of one BLAS thread, as layers run; ratios to other programs are in the scripts beside.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
