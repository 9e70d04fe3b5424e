# Everything here needs Python 3.11 or newer, git and make. `make PYTHON=python3.12 test` uses another Python.

PYTHON ?= python3
PEOPLE ?=
WORKERS ?= auto

VENV := .venv
BIN := $(VENV)/bin
DEPENDENCIES := $(VENV)/.dependencies
INSTALLED := $(VENV)/.installed
SEARCHING := $(VENV)/.searching

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo demo-all simulate sensitivity crash kills test fuzz mutants matrix load lint types floors audit sbom docs bench bench-emulator bench-platforms clients lock wheel clean

help: ## What can be made
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1\t\2/p' Makefile | expand -t 16

demo: $(INSTALLED) ## A working day between both emulated systems; PEOPLE=DIR, PLATFORM=12twenty, FLAVOUR=eda
	$(BIN)/python -m demo $(if $(PEOPLE),--people "$(PEOPLE)") $(if $(PLATFORM),--platform "$(PLATFORM)") $(if $(FLAVOUR),--flavour "$(FLAVOUR)")

demo-all: $(INSTALLED) ## The same day on every platform and every kind of org, and a table of them
	$(BIN)/python -m demo.all $(if $(PEOPLE),--people "$(PEOPLE)")

# As CI runs it. The tests come last, so that their count closes the output.
test: lint types audit sbom ## Everything that CI runs
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

simulate: $(INSTALLED) ## The whole daemon in simulated worlds: SEEDS=1000, or one of them again with SEED=17
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),200)) $(if $(BASE),--base $(BASE))

crash: $(INSTALLED) ## Deaths at every effect of all scripts: DEATHS="lasting torn others pairs", EVERY=10; one again: ONLY=... AT=...
	$(BIN)/python -m tests.crash $(if $(DEATHS),--deaths $(DEATHS)) $(if $(EVERY),--every $(EVERY)) $(if $(ONLY),--only "$(ONLY)") \
		$(if $(AT),--at "$(AT)") $(if $(TORN),--torn)

kills: $(INSTALLED) ## Kill the real daemon between served emulators: KILLS=200, MINUTES=30; POSTGRESQL=1 for its state on a server
	$(BIN)/python -m tests.kills $(if $(KILLS),--kills $(KILLS)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(POSTGRESQL),--postgresql)

fuzz: $(SEARCHING) ## Search for inputs that the product does not bear: SECONDS=60 for each target, or TARGETS="drop config"
	nice $(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(TARGETS)

sensitivity: $(INSTALLED) ## Does the simulation see bugs? Plants each in turn and counts the seeds: SEEDS=1000, ONLY=cursor
	$(BIN)/python -m tests.simulation.sensitivity $(if $(SEEDS),--seeds $(SEEDS)) $(if $(ONLY),--only "$(ONLY)")

mutants: $(SEARCHING) ## Change the laws piece by piece and see whether a test fails: MODULES="connector/core/merge.py"
	nice $(BIN)/python -m tests.mutants $(MODULES)

matrix: $(INSTALLED) ## Each known fault with each kind of work, cell by cell; some alone with ONLY="5 5x105"
	$(BIN)/python -m tests.matrix $(if $(ONLY),--only $(ONLY))

load: $(INSTALLED) ## A mass load, three days without a side, or thirty days: WHAT=storm, outage or soak (SEEDS=20)
	$(BIN)/python -m tests.load $(or $(WHAT),storm) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(BASE),--base $(BASE))

lint: floors ## Style, formatting and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

floors: $(INSTALLED) ## Who may import whom
	$(BIN)/lint-imports --no-cache

types: $(INSTALLED) ## Types, strictly
	$(BIN)/mypy

audit: $(INSTALLED) ## Known vulnerabilities of what we ship
	$(BIN)/python requirements/audit.py requirements/runtime.txt

sbom: build/sbom.json ## The bill of materials of what we ship, as CycloneDX, in build/sbom.json

build/sbom.json: requirements/runtime.txt pyproject.toml | $(INSTALLED)
	@mkdir -p build
	$(BIN)/python -W ignore -m cyclonedx_py requirements requirements/runtime.txt --pyproject pyproject.toml --mc-type application \
		--output-reproducible --of JSON -o $@

docs: $(INSTALLED) ## The generated pages: docs/commands.md, docs/platforms.md, the tables of docs/security.md and docs/reliability-matrix.md
	$(BIN)/python -m tests.command_page
	$(BIN)/python -m tests.platform_page
	$(BIN)/python -m tests.catalogue
	$(BIN)/python -m tests.matrix --page

bench: $(INSTALLED) ## Cost against both emulators; writes bench/RESULTS.md
	$(BIN)/python -m bench

bench-emulator: $(INSTALLED) ## Cost of the emulator beside the least that any server would
	$(BIN)/python -m bench.emulator

bench-platforms: $(INSTALLED) ## API calls of each career platform, 1 % of 20,000 people changed
	$(BIN)/python -m bench.platforms

clients: $(INSTALLED) ## Unmodified third-party clients against the emulator
	$(BIN)/python tests/clients/run.py

wheel: $(INSTALLED) sbom ## What is released, in dist/: the wheel, its locked requirements, its bill of materials
	rm -rf dist
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .
	cp requirements/runtime.txt dist/requirements.txt
	cp build/sbom.json dist/sbom.json

# The lists keep what they have; `make lock UPGRADE=--upgrade` moves everything to the newest.
UPGRADE ?=
LOCK = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate --quiet $(UPGRADE)
lock: $(VENV)/bin/python ## Lock the dependencies in requirements/ after a change in pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) pyproject.toml -o requirements/runtime.txt
	$(LOCK) pyproject.toml --extra emulator --extra postgresql --group dev -o requirements/dev.txt
	$(LOCK) --group search --constraint requirements/dev.txt -o requirements/search.txt

clean: ## Remove everything that was made, the environment too
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): $(DEPENDENCIES) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(SEARCHING): $(INSTALLED) requirements/search.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/search.txt
	@touch $@

$(DEPENDENCIES): requirements/dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$$($(PYTHON) --version) is too old: Python 3.11 or newer is needed. Name it: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) could not make an environment. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
