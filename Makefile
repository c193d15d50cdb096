.DEFAULT_GOAL := help
PYTHON ?= .venv/bin/python
PYTEST = $(PYTHON) -m pytest -n auto
PROFILE ?= full
SITE ?= docs/_build/html

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

setup:  ## Make a virtual environment with everything the checks need
	python3 -m venv .venv
	.venv/bin/pip install -e '.[dev]'

check: lint types test  ## The checks of a change: style, types, the fast tests

check-all: PROFILE = explore
check-all: lint types coverage test-slow  ## Everything, with new random examples

lint:  ## Style and formatting
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:  ## Types, strictly
	$(PYTHON) -m mypy

test:  ## The fast tests and the doctests
	$(PYTEST)

test-slow:  ## The other tests: statistical, exhaustive
	$(PYTEST) -m slow --hypothesis-profile=$(PROFILE)

coverage:  ## The fast tests with five times the examples; fails below the floor
	$(PYTEST) --hypothesis-profile=$(PROFILE) --cov --cov-report=term

build:  ## Build wheel and sdist into dist/, and check them
	rm -rf dist
	$(PYTHON) -m build
	$(PYTHON) -m twine check --strict dist/*
	$(PYTHON) -m check_wheel_contents dist/*.whl

docs:  ## Pages and pictures made from the code
	$(PYTHON) docs/make_variables.py
	$(PYTHON) docs/make_figures.py
	$(PYTHON) -m spectra_io plot examples/models/mnist_mlp.safetensors --layer fc1 -o docs/images/esd.png

site:  ## The site of the documentation, in docs/_build/html; a warning is an error
	OPENBLAS_NUM_THREADS=1 $(PYTHON) -m sphinx -E -n -W --keep-going -j auto -q docs $(SITE)

rates:  ## Measure how often the words err, and write docs/rates.md (half an hour)
	$(PYTHON) -m tests.rates.run --page
	$(PYTHON) -m tests.rates.phase_map

fuzz:  ## Open 300,000 broken files of every kind
	$(PYTHON) tests/fuzz/run.py

bench:  ## Measure speed, as ratios in one run
	$(PYTHON) tests/bench/import_time.py
	$(PYTHON) tests/bench/analyze.py
	$(PYTHON) tests/bench/power_law.py
	$(PYTHON) tests/bench/noise.py
	$(PYTHON) tests/bench/baseline.py
	$(PYTHON) tests/bench/store.py

.PHONY: help setup check check-all lint types test test-slow coverage build docs site rates fuzz bench
