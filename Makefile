# sface: everything a person types here. 'make help' lists it.
PYTHON ?= python3
# Where pip finds CPU builds of torch, if your usual index has only CUDA builds: make install TORCH_INDEX=<address>
TORCH_INDEX ?=
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types bench clean

help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

install: $(READY) ## make .venv and install the locked versions into it

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "sface needs Python 3.11 or newer; set PYTHON=..." >&2; exit 2; }
	@echo "Installing into .venv (about 3 GB; some minutes) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $(READY)

demo: $(READY) ## the whole workflow on labels from the prior, or on LABELS=take.csv
	$(BIN)/sface demo $(if $(LABELS),--labels "$(LABELS)")

test: $(READY) ## the test-suite
	@# What starts engines wants the machine for itself; the rest runs on two cores. Both parts are run, whatever the first one finds.
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile; rest=$$?; $(BIN)/python -m pytest -m slow && exit $$rest

lint: $(READY) ## ruff: style and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## mypy, strict
	$(BIN)/mypy

bench: $(READY) ## speed, memory and truth, as figures beside what you would use instead
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean: ## remove .venv, caches and the local workspace
	rm -rf .venv workspace .pytest_cache .mypy_cache .ruff_cache build *.egg-info
