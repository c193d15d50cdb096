.DEFAULT_GOAL := help
PYTHON ?= .venv/bin/python

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

setup:  ## Make a virtual environment with everything the checks need
	python3 -m venv .venv
	.venv/bin/pip install -e '.[test]'

check: lint types test  ## All that CI runs

lint:  ## Style and formatting
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:  ## Types, strictly
	$(PYTHON) -m mypy

test:  ## Tests, doctests and structure
	$(PYTHON) -m pytest

docs:  ## Pages and pictures made from the code
	$(PYTHON) docs/make_variables.py
	$(PYTHON) -m spectra_io plot examples/models/mnist_mlp.safetensors --layer fc1 -o docs/images/esd.png

fuzz:  ## Open 280,000 broken files of every kind
	$(PYTHON) tests/fuzz/run.py

bench:  ## Measure speed, as ratios in one run
	$(PYTHON) tests/bench/import_time.py
	$(PYTHON) tests/bench/analyze.py
	$(PYTHON) tests/bench/power_law.py
	$(PYTHON) tests/bench/noise.py

.PHONY: help setup check lint types test docs fuzz bench
