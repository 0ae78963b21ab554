# make run   install into .venv and print the headline comparison
# make test  install into .venv and run every test
# make nightly  ten thousand broken files and six thousand random markets, ten minutes or so
# make test-optional  the tests of optional packages, in .venv-optional
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test nightly test-optional lint bench docs clean

run: $(VENV)/runtime
	$(BIN)/python run.py

test: $(VENV)/development
	$(BIN)/python -m pytest

nightly: $(VENV)/development
	HARDENING=nightly $(BIN)/python -m pytest tests/hardening

test-optional: $(VENV)-optional/done
	$(VENV)-optional/bin/python -m pytest tests/optional

lint: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(VENV)/runtime
	$(BIN)/python run.py bench

clean:
	rm -rf $(VENV) $(VENV)-optional .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON): Python 3.11 or newer is needed; try make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)-optional/done: requirements-optional.txt requirements-dev.txt requirements.txt | $(BIN)/python
	$(PYTHON) -m venv $(VENV)-optional
	$(VENV)-optional/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-optional.txt
	@touch $@

$(VENV)/runtime: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/development: requirements-dev.txt $(VENV)/runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

docs: $(VENV)/runtime
	$(BIN)/python -m scenarios > docs/scenario-keys.md
