# make run   install into .venv and print the headline comparison
# make test  install into .venv and run every test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint bench docs clean

run: $(VENV)/runtime
	$(BIN)/python run.py

test: $(VENV)/development
	$(BIN)/python -m pytest

lint: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(VENV)/runtime
	$(BIN)/python run.py bench

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON): Python 3.11 or newer is needed; try make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/development: requirements-dev.txt $(VENV)/runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

docs: $(VENV)/runtime
	$(BIN)/python -m scenarios > docs/scenario-keys.md
