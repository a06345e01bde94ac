# Two commands do everything: `make run` and `make test`. Both set up `.venv` first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: run test lint types laws tests long benchmarks schema clean

run: $(VENV)/.ready
	$(BIN)/twostage run

test: lint types laws tests

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready-dev
	$(BIN)/mypy

laws: $(VENV)/.ready-dev
	$(BIN)/lint-imports

tests: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

# The laws over new Hypothesis examples, and the tests that take minutes.
long: $(VENV)/.ready-dev
	TWOSTAGE_HYPOTHESIS=explore $(BIN)/python -m pytest -n 2 --dist loadfile -m ''

benchmarks: $(VENV)/.ready-dev
	$(BIN)/python -m benchmarks

schema: $(VENV)/.ready
	$(BIN)/twostage schema --output schemas
	$(BIN)/python docs/generate_reference.py
	$(BIN)/python docs/generate_notices.py
	$(BIN)/python docs/generate_keys.py
	$(BIN)/python legacy_configs/make.py

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "twostage needs Python 3.11 or newer; say PYTHON=python3.12, for example")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(PIP) -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
