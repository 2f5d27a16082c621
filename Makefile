# What a stranger runs: `make run`, `make test`. Each target does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := workspaces/my_duc
# Test processes at a time; each takes about 1 GB of memory.
WORKERS ?= 2
READY := $(VENV)/.ready

.PHONY: help run test fuzz soak dev check format lint types sql bench lock clean
.DELETE_ON_ERROR:
# Written last, so an interrupted make has nothing to delete; without it the workspace could not be made again.
.PRECIOUS: $(DEMO)/truth.json

help:
	@echo "make run    simulate the demo workspace, run the whole pipeline on it, say where to look"
	@echo "make test   the tests"
	@echo "make fuzz   20,000 mutated files (minutes; FUZZ_FILES=n for another number)"
	@echo "make soak   100 kills at random moments (long; SOAK_KILLS=n for another number)"
	@echo "make dev    Dagster's page on the demo workspace (this machine only)"
	@echo "make check  format, lint, types, SQL"
	@echo "make bench  the benchmarks (minutes; writes docs/benchmarks.md)"
	@echo "make lock   pin requirements.in again (needs uv)"
	@echo "make clean  remove what the other targets made"

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 2; }
	@echo "Setting up $(VENV): about a minute the first time"
	@$(PYTHON) -m venv $(VENV)
	@# Compiled when first imported: most modules of the libraries never are.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(DEMO)/truth.json: | $(READY)
	@$(BIN)/sipas simulate $(DEMO) --units 22 --months 12 --seed 1

run: $(READY) $(DEMO)/truth.json
	@$(BIN)/sipas run --workspace $(DEMO)

test: $(READY)
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder $(PYTEST_ARGS)

fuzz: $(READY)
	@FUZZ_FILES=$${FUZZ_FILES:-20000} $(BIN)/python -m pytest tests/fuzz $(PYTEST_ARGS)

soak: $(READY)
	@$(BIN)/python -m pytest tests/end_to_end/soak_kills.py --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder \
		$(PYTEST_ARGS)

dev: $(READY) $(DEMO)/truth.json
	@$(BIN)/sipas dev --workspace $(DEMO)

# All four side by side, each to its end, so that one call shows every fault.
check: $(READY)
	@$(MAKE) --no-print-directory --keep-going --jobs 4 format lint types sql

format: $(READY)
	@$(BIN)/ruff format --check .

lint: $(READY)
	@$(BIN)/ruff check .

types: $(READY)
	@$(BIN)/mypy

sql: $(READY)
	@$(BIN)/sqlfluff lint --disable-progress-bar dbt_project/models dbt_project/tests examples/queries

bench: $(READY)
	@$(BIN)/python -m benchmarks

lock:
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header \
		--no-annotate requirements.in --output-file requirements.lock

clean:
	@rm -rf $(VENV) workspaces build tests/browser/node_modules *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
