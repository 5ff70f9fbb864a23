# Every target does its own set-up; nothing is needed but make and Python 3.11 or newer.
# The environment is compiled at once: where PYTHONDONTWRITEBYTECODE is set, each start would else be slow.

PYTHON ?= python3
# Processes that run tests: two more than there are cores, since the end-to-end tests wait for clients most of the time.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 2)')
BIN := .venv/bin
STAMP := .venv/installed
SOURCES := tui keepalive store

.PHONY: run test check lint bench clean

run: $(STAMP)
	$(BIN)/warmside --demo-if-empty

test: $(STAMP)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

check: lint test

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	@set -e; for file in $(filter-out bench/corpus.py,$(wildcard bench/*.py)); do echo "== $$file"; $(BIN)/python "$$file"; done

clean:
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .coverage build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m compileall -q -j 0 .venv/lib $(SOURCES)
	touch $@
