# Tallystick: what can be done here. Every target sets up what it needs.
# A bare machine needs Python 3.11 to 3.13 and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
GOVUK := src/tallystick/service/assets/govuk/plain.css
.PHONY: help assets demo test test-all lint types check bench docs lock welsh clean

help:      ## this table
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 12

demo: $(STAMP)      ## a synthetic share, run whole; prints where its report is
	$(BIN)/tally demo demo

test: $(STAMP)      ## the tests that a change must pass (minutes)
	$(BIN)/pytest -n 2 -m "not slow"

test-all: $(STAMP)      ## every test: the long ones, the browser, PostgreSQL and Spark too
	$(BIN)/pytest -n 2

lint: $(STAMP)      ## style and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP)      ## mypy, strict
	$(BIN)/mypy

check: lint types docs      ## all that is checked without running a test

bench: $(STAMP)      ## the benchmarks, each beside a rival (long); results in benchmarks/out/
	@for script in benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: $(STAMP)      ## the documentation, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lock: $(STAMP)      ## new versions of everything, into the lock files
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra spark --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements-dev.lock
	$(BIN)/uv pip compile pyproject.toml --extra service --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -c requirements-dev.lock -o requirements.lock

assets: $(GOVUK)      ## the web service's style sheets, from npm (once; nothing of Node runs later)

$(GOVUK): src/tallystick/service/look.py | $(STAMP)
	rm -rf build/npm && mkdir -p build/npm
	npm pack --silent --pack-destination build/npm govuk-frontend@$$(sed -n 's/^VERSION = "\(.*\)"/\1/p' $<)
	$(BIN)/python -m tallystick.service.look build/npm/govuk-frontend-*.tgz

welsh: $(STAMP)      ## the Welsh catalogue, compiled from what was written
	$(BIN)/pybabel compile -d src/tallystick/service/locale -D django -l cy

clean:      ## everything that was made here
	rm -rf $(VENV) demo site dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache benchmarks/out

$(STAMP): pyproject.toml requirements-dev.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv==0.13.8
	$(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/uv pip install --quiet --no-deps --editable .
	touch $(STAMP)
