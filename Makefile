# make run   install into .venv and print the headline comparison
# make test  install into .venv and run the tests; where CI is set those marked long too
# make nightly  ten thousand broken files, random markets and every long test whole, and Mesa's next release: to be left over night
# make mutants  150 small changes to market/: which do the tests not notice? SIZE=30 SEED=2 take another sample; one that
#               was cut off goes on, AGAIN=1 asks anew of those that lived
# make test-optional  the tests of optional packages, in .venv-optional
# make test-lowest  a share of the tests with the lowest versions that requirements*.txt allow, in .venv-lowest
# make test-next  what Mesa's newest release breaks, alphas and betas too, in .venv-next; PYTHON=python3.12, as newer Pythons get newer ones
# make test-installed  the wheel in bare environments, one for each Python found; the README's examples from elsewhere
# make lock  choose the versions of requirements.lock anew, the newest that requirements.txt allows
# make lint  the linter's rules and layout, and the types of annotated files
# make bench  measure speed and memory against targets
# make bench-compare  the benchmark of two commits in turns, OLD=HEAD~1 and NEW=HEAD: a ratio a row; QUICK=1 small sizes, TURNS=1 once each
# make docs  write the keys page anew from the schema
# make site  the documentation as a site in site/, tutorials executed, every scenario drawn; in .venv-docs
# make clean  take away the environments and caches
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What leans most on the libraries: solvers, frames, pictures, clusters, other packages.
LEANING := tests/contracts tests/market/microgrid tests/market/designs tests/market/days \
	tests/engine/test_microgrid_results.py \
	tests/engine/test_cluster.py tests/views/test_pictures.py tests/optional
# What leans on Mesa.
ON_MESA := tests/agents tests/contracts/test_markets.py tests/engine/test_own_players.py tests/engine/test_in_place.py \
	tests/environments tests/test_notebook.py tests/cli/test_start_up.py
REQUIREMENTS := requirements.txt requirements-dev.txt requirements-optional.txt

.PHONY: run test nightly mutants test-optional test-lowest test-next lowest test-installed lock lint bench bench-compare docs site clean

run: $(VENV)/runtime
	$(BIN)/python run.py

test: $(VENV)/development
	$(BIN)/python -m pytest

nightly: $(VENV)/development
	HARDENING=nightly $(BIN)/python -m pytest tests/hardening tests/market tests/contracts tests/scenarios \
		tests/agents tests/browser tests/views tests/engine tests/cli tests/papers
	-$(MAKE) test-next

mutants: $(VENV)/development
	$(BIN)/python -m tests.mutants --size $(or $(SIZE),150) --seed $(or $(SEED),1) $(if $(AGAIN),--again)

test-optional: $(VENV)-optional/done
	$(VENV)-optional/bin/python -m pytest tests/optional

test-lowest: $(VENV)-lowest/done
	$(VENV)-lowest/bin/python -m pytest $(LEANING)

test-next: | $(BIN)/python
	rm -rf $(VENV)-next
	$(PYTHON) -m venv $(VENV)-next
	$(VENV)-next/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(VENV)-next/bin/python -m pip install --quiet --disable-pip-version-check --upgrade --pre mesa
	@echo "Mesa $$($(VENV)-next/bin/python -c 'import mesa; print(mesa.__version__)'):"
	$(VENV)-next/bin/python -m pytest --tb=line $(ON_MESA)

test-installed: | $(BIN)/python
	$(BIN)/python -m tests.installed

lock: | $(BIN)/python
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(VENV)-lock/bin/uv pip compile --quiet --upgrade requirements.txt --output-file requirements.lock \
		--universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock"
	rm -r $(VENV)-lock

lint: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/runtime
	$(BIN)/python run.py bench

bench-compare: $(VENV)/runtime
	$(BIN)/python -m benchmarks.side_by_side $(or $(OLD),HEAD~1) $(or $(NEW),HEAD) $(if $(QUICK),--quick) $(if $(TURNS),--turns $(TURNS))

clean:
	rm -rf $(VENV) $(VENV)-optional $(VENV)-lowest $(VENV)-next $(VENV)-docs site .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON): Python 3.11 or newer is needed; try make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)-optional/done: requirements-optional.txt requirements-dev.txt requirements.txt | $(BIN)/python
	$(PYTHON) -m venv $(VENV)-optional
	$(VENV)-optional/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-optional.txt
	@touch $@

$(VENV)-lowest/done: $(REQUIREMENTS) | $(BIN)/python
	$(PYTHON) -m venv $(VENV)-lowest
	$(MAKE) --no-print-directory --silent lowest > $(VENV)-lowest/constraints.txt
	$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check \
		-r requirements-optional.txt -c $(VENV)-lowest/constraints.txt
	@touch $@

# Constraints that hold every requirement at its lowest version.
lowest:
	@sed -nE 's/^([A-Za-z0-9-]+)>=([0-9.]+).*/\1==\2/p' $(REQUIREMENTS)

$(VENV)/runtime: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/development: requirements-dev.txt $(VENV)/runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

site: $(VENV)-docs/done
	PYTHONPATH=. $(VENV)-docs/bin/python -m views.gallery docs
	PYTHONPATH=. $(VENV)-docs/bin/mkdocs build --quiet

$(VENV)-docs/done: requirements-docs.txt requirements.txt | $(BIN)/python
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	@touch $@

docs: $(VENV)/runtime
	$(BIN)/python -m scenarios > docs/scenario-keys.md
