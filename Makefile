# Two commands matter: `make demo` sets up and plays the main job, `make test` sets up and passes the tests.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: demo desk screenshots test test-long ocr fuzz lint lock clean
.DELETE_ON_ERROR:

demo: .venv/run.stamp
	$(BIN)/hanxun demo --once

desk: .venv/run.stamp
	$(BIN)/hanxun demo

test: .venv/dev.stamp lint
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_OPTIONS)

# Also what takes minutes: two machines, browsers, kills, full disks, cut networks, the tutorial typed in.
test-long:
	$(MAKE) test PYTEST_OPTIONS="--long $(PYTEST_OPTIONS)"

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run.stamp: .venv/bin/python requirements/run.txt pyproject.toml
	@echo "准备运行环境(约一分钟) / setting up .venv (about a minute) ..." >&2
	$(PIP) --require-hashes -r requirements/run.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	@echo "准备测试环境 / adding what the tests need ..." >&2
	$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

# Pictures of every page of both desks: make screenshots FOLDER=/tmp/pages
FOLDER ?= screenshots
screenshots: .venv/dev.stamp
	$(BIN)/python -m docs.make_screenshots $(FOLDER)

# Every reader of outside bytes under wrong ones, longer than the tests do it: make fuzz MINUTES=60
MINUTES ?= 10
fuzz: .venv/dev.stamp
	$(BIN)/python -m tests.fuzz.run --minutes $(MINUTES) --keep

# Reading letters (hanxun[ocr]): about 120 MB more.
ocr: .venv/ocr.stamp

.venv/ocr.stamp: .venv/run.stamp requirements/ocr.txt
	@echo "准备文字识别 / adding the reading of letters ..." >&2
	$(PIP) --require-hashes -r requirements/ocr.txt
	@touch $@

# Locks name versions and hashes, never a download address. Run after changing dependencies in pyproject.toml.
lock: .venv/bin/python
	$(PIP) uv
	$(BIN)/uv pip compile pyproject.toml --extra build --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements/run.txt
	$(BIN)/uv pip compile pyproject.toml --extra build --extra dev --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements/dev.txt
	$(BIN)/uv pip compile pyproject.toml --extra build --extra ocr --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements/ocr.txt

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
