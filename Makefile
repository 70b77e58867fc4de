# One command runs the main job, one the tests; each sets everything up by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BRAKET := $(or $(QML_BRAKET_DIR),.venv-braket)

.PHONY: help setup demo test test-slow braket test-braket lint format types bench warmup wheel clean

help:  ## this text
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## create .venv and install the project with pinned versions (about 3 minutes)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "qml needs Python 3.11 or newer; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt -e ".[all,dev]"
	$(BIN)/python -m pip check
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true  # on all cores; templates in it are no Python
	touch $(STAMP)

demo: setup  ## hybrid, its ablations and the champions on digits, five seeds; writes the report
	$(BIN)/python -m experiments.benchmark recipe=digits $(ARGS)

test: setup  ## the tests, about 20 minutes on two cores
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

test-slow: setup  ## the long tests as well
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "slow or not slow" $(ARGS)

lint: setup  ## style, types and docstrings
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright

format: setup  ## rewrite to the house style
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

braket: setup  ## the environment of Amazon Braket's SDK, which cannot stand beside Hydra (QML_BRAKET_DIR says where)
	$(BIN)/python -m qml.backends.braket.environment $(BRAKET)

test-braket: braket  ## the tests that drive Amazon Braket's SDK, against servers on this machine
	QML_BRAKET_PYTHON=$(abspath $(BRAKET))/bin/python $(BIN)/python -m pytest tests/backends/braket -m "slow or not slow" $(ARGS)

peers: setup  ## environments for the libraries we are compared with (some 10 GB; QML_PEERS_DIR says where)
	$(BIN)/python -m benchmarks.peers $(ARGS)

bench: setup  ## one training step beside every library that `make peers` has installed
	$(BIN)/python -m benchmarks.step $(ARGS)

warmup: setup  ## compile the kernels of engine and noise once for this machine
	$(BIN)/python -m qml.backends.warmup

wheel: setup  ## build dist/*.whl, which holds only qml
	$(BIN)/python -m build --wheel

clean:  ## remove what the commands above made, but not the environment
	rm -rf build dist *.egg-info results outputs multirun .pytest_cache .ruff_cache .hypothesis
