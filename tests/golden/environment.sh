#!/bin/sh
# Make .peers/, the environment in which make.py runs: WeightWatcher 0.7.7 with torch, of which the CPU build is enough.
set -e
cd "$(dirname "$0")/../.."
python3 -m venv .peers
.peers/bin/pip install -r tests/golden/requirements.txt
.peers/bin/pip install --no-deps --target .peers/powerlaw15 powerlaw==1.5
