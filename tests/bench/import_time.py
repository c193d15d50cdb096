"""
How long `import spectra, spectra_io` takes, over numpy, scipy.linalg and xarray alone.

Medians of interleaved runs in fresh interpreters; the bar is a ratio of 1.2.
"""

import argparse
import statistics
import subprocess
import sys
import time

BASE = "import numpy, scipy.linalg, xarray"
OURS = "import spectra, spectra_io"


def seconds(code):
    """Return the time a fresh interpreter takes to run `code`."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main():
    """Print both medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {BASE: [], OURS: []}
    for _ in range(runs):
        for code, found in times.items():
            found.append(seconds(code))
    base, ours = (statistics.median(found) for found in times.values())
    print(f"{BASE}: {base:.3f} s\n{OURS}: {ours:.3f} s\nratio {ours / base:.2f} (bar 1.2)")


if __name__ == "__main__":
    main()
