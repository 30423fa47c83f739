# Two commands on a fresh machine: `make demo` and `make test`. Everything goes into .venv.

PYTHON ?= python3.11
BIN := .venv/bin
DEMO_INDEX := .pincite/demo
PINCITE_SHARED ?= ../shared
PATHS ?= $(PINCITE_SHARED)/corpora

.PHONY: demo test test-slow check likeness serve bench clean

demo: .venv/installed
	$(BIN)/pincite --index $(DEMO_INDEX) ingest examples/policies
	$(BIN)/pincite --index $(DEMO_INDEX) ask "What are the current refund terms for Gold tier users?"
	@echo
	@echo "Now run 'make serve' and open http://127.0.0.1:8420 for the chat page."

serve: .venv/installed
	$(BIN)/pincite --index $(DEMO_INDEX) serve

test: check
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

test-slow: .venv/installed-dev
	$(BIN)/python -m pytest -q -m slow

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/vulture

# Code that stands twice. Apart from the other checks, since it takes minutes.
likeness: .venv/installed-dev
	$(BIN)/pylint ingest generator service eval pincite.py

bench: .venv/installed-bench
	$(BIN)/python -m benchmarks.ingest $(PATHS)
	$(BIN)/python -m benchmarks.against_llamaindex $(PATHS)
	$(BIN)/python -m benchmarks.latency $(PATHS)

# torch goes first, pinned: any other release pulls in gigabytes of CUDA packages.
.venv/torch: constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -c constraints.txt torch
	touch $@

.venv/installed: .venv/torch pyproject.toml
	$(BIN)/pip install -q -c constraints.txt -e '.[bundled]'
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install -q -c constraints.txt -e '.[bundled,dev]'
	touch $@

.venv/installed-bench: .venv/installed
	$(BIN)/pip install -q -c constraints.txt -e '.[bundled,bench]'
	touch $@

clean:
	rm -rf .venv .pincite eval-report
