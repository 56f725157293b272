# On a fresh machine: `make tour` shows glueball at work, `make test` checks everything.
# Where the package index would give a CUDA build of torch, ask for the small CPU build:
#     make tour PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -qq

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help tour test lint types layers pytest docs format bench clean

help:
	@echo 'make tour     install glueball with torch into $(VENV) and take the tour'
	@echo 'make test     style, types, layers, tests and documentation, as CI runs them'
	@echo '              (the report is tested in Chromium where it is installed: apt install chromium)'
	@echo 'make lint | types | layers | pytest | docs     one of these alone'
	@echo 'make format   rewrite the sources in the house style'
	@echo 'make bench    run the benchmarks'
	@echo 'make clean    remove everything that make made'

tour: $(VENV)/.tour
	$(BIN)/glueball tour

test: lint types layers pytest docs

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.test
	$(BIN)/mypy

layers: $(VENV)/.test
	$(BIN)/lint-imports --no-logo

# One thread for each worker: workers and the threads of BLAS and torch would fight over the cores.
# loadfile: the code blocks of one page share a namespace, so they stay on one worker.
pytest: $(VENV)/.test
	OMP_NUM_THREADS=1 HYPOTHESIS_PROFILE=ci \
	    $(BIN)/python -m pytest --quiet --numprocesses=auto --maxprocesses=8 --dist=loadfile

docs: $(VENV)/.test
	$(BIN)/sphinx-build --quiet -W --keep-going --fresh-env docs docs/_build/html

format: $(VENV)/.test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.test
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) docs/_build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# The stamps: what is installed is installed again only when its requirements change.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.tour: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'installing into $(VENV); torch is large, so this takes a minute or more'
	@$(PIP) install --constraint constraints.txt --editable '.[tour]'
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'installing into $(VENV); torch is large, so this takes a minute or more'
	@$(PIP) install --constraint constraints.txt --editable '.[tour,test,docs]'
	@touch $@ $(VENV)/.tour
