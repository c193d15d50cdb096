"""Keep pytest from importing the sweep: it needs torch and transformers."""

collect_ignore_glob = ["*.py"]
