# Everything runs in .venv; `make` sets it up at first use and again when requirements change.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PAGES ?=
PYTEST ?= -q -n 2 --dist loadfile
OPT_IN := .venv-opt-in
OPT_IN_READY := $(OPT_IN)/.ready
OPT_IN_PYTHON ?=

.PHONY: help setup demo serve test check chaos soak history bench bench-perception contract-coverage opt-in requirements clean

help:
	@echo "make demo              set up, run the demo job on the bundled marketplace, show its rows"
	@echo "make test              set up, run all checks and tests"
	@echo "make serve             start the service on http://127.0.0.1:8000 with the demo site"
	@echo "make check             format, lint, types, layers, tests that need no browser"
	@echo "make chaos             200 faults against a stack on which runs go on: a table"
	@echo "make soak              200 runs on one stack: does anything grow?"
	@echo "make history           a run of 10,000 steps: how large its histories get"
	@echo "make bench             jobs beside a bare script, memory, requests beside a bare route, streams, cancels, checkpoints, the chat proxy, fairness, money, what models cost a listing"
	@echo "make bench-perception  right, wrong and don't-know on labelled pages and MiniWoB++, memory, cost; writes docs/benchmarks-perception.md"
	@echo "make contract-coverage which sentence of the contract is shown by which test"
	@echo "make opt-in            the model servers' schemas, requests and launch line against the real xgrammar and sglang: a venv of 6 GB, or OPT_IN_PYTHON=/path/to/python"
	@echo "make requirements      compile requirements/*.txt anew from pyproject.toml"

setup: $(READY)

$(READY): pyproject.toml sdk/pyproject.toml requirements/test.txt requirements/bench.txt scripts/setup.sh
	@PYTHON="$(PYTHON)" sh scripts/setup.sh $(VENV)
	@touch $@

demo: $(READY)
	@$(BIN)/mantis demo

serve: $(READY)
	@$(BIN)/mantis serve --demo-site

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(PYTEST) -m "not browser and not stack"

test: $(READY) check
	$(BIN)/python -m pytest $(PYTEST) --reruns 1 -m "browser or stack"

FAULTS ?= 200
SEED ?= 1

chaos: $(READY)
	$(BIN)/python -m tests.chaos.run --faults $(FAULTS) --seed $(SEED)

soak: $(READY)
	$(BIN)/python -m tests.benchmarks.soak

history: $(READY)
	$(BIN)/python -m tests.benchmarks.history

bench: $(READY)
	$(BIN)/python -m tests.benchmarks.overhead
	$(BIN)/python -m tests.benchmarks.repeat
	$(BIN)/python -m tests.benchmarks.api
	$(BIN)/python -m tests.benchmarks.events
	$(BIN)/python -m tests.benchmarks.cancel
	$(BIN)/python -m tests.benchmarks.checkpoint
	$(BIN)/python -m tests.benchmarks.relay
	$(BIN)/python -m tests.benchmarks.proxy
	$(BIN)/python -m tests.benchmarks.fairness
	$(BIN)/python -m tests.benchmarks.models
	$(BIN)/python -m tests.benchmarks.money
	$(BIN)/python -m tests.benchmarks.money --anytime --seeds 30 --first 1000

bench-perception: $(READY)
	$(BIN)/python tests/benchmarks/perception/run.py --write $(if $(PAGES),--pages $(PAGES))

contract-coverage: $(READY)
	@$(BIN)/python -m tests.contract.coverage

# Both bring torch along, so they have an environment of their own, unless another interpreter has them.
opt-in: $(READY) $(if $(OPT_IN_PYTHON),,$(OPT_IN_READY))
	MANTIS_TEST_XGRAMMAR="$(or $(OPT_IN_PYTHON),$(abspath $(OPT_IN))/bin/python)" \
	MANTIS_TEST_SGLANG="$(or $(OPT_IN_PYTHON),$(abspath $(OPT_IN))/bin/python)" \
	$(BIN)/python -m pytest -q -m opt_in tests/inference

$(OPT_IN_READY): requirements/opt-in.txt
	[ -x $(OPT_IN)/bin/python ] || $(PYTHON) -m venv $(OPT_IN)
	$(OPT_IN)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps -r requirements/opt-in.txt
	@touch $@

COMPILE := CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/pip-compile --quiet --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	--strip-extras --allow-unsafe

requirements: $(READY)
	$(BIN)/pip install --quiet pip-tools
	$(COMPILE) -o requirements/service.txt pyproject.toml
	$(COMPILE) --extra test -o requirements/test.txt pyproject.toml

clean:
	rm -rf $(VENV) $(OPT_IN) .pytest_cache .ruff_cache .hypothesis .import_linter_cache
