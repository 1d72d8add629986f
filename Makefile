# Everything that a person or a machine does with a checkout. Needs python3 (>= 3.11) and make.
#
# Each target installs what it needs into .venv, once; pyproject.toml or constraints.txt changing
# makes it install again. PYTHON=python3.13 picks another interpreter for a fresh .venv.

PYTHON ?= python3
JOBS   ?= 2
OUT    ?= demo-out

VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Kernels and detectors: the code that numba compiles, run three ways.
COMPILED := $(wildcard tests/kernels tests/detectors)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-nojit test-bounds coverage format docs bench constraints clean \
        check check-format check-style check-types check-walls check-changelog

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

# -- what there is to run --------------------------------------------------------------------------

demo: $(VENV)/.ready-core ## Make a labelled ledger, run the whole job on it, compare with the plan
	$(BIN)/xborder-aml demo --out $(OUT)

test: $(VENV)/.ready-test ## Run the tests
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

test-nojit: $(VENV)/.ready-test ## Run kernel and detector tests as plain Python
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n $(JOBS) $(COMPILED) $(ARGS)

# Numba writes past the end of an array in silence unless asked not to, and its cache does not know
# whether it was asked: hence a cache of its own. Checks and speed have nothing to do with each other,
# so the compiler may take it easy; and that wrong kernels are told apart needs no second proof.
test-bounds: $(VENV)/.ready-test ## Run kernel and detector tests with array bounds checked
	NUMBA_BOUNDSCHECK=1 NUMBA_OPT=1 XBORDER_AML_CACHE=.cache/bounds \
	$(BIN)/python -m pytest -n $(JOBS) -m "not checker" $(COMPILED) $(ARGS)

coverage: $(VENV)/.ready-test ## Measure branch coverage, kernels as plain Python
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m coverage run -m pytest -m "not slow" $(ARGS)
	$(BIN)/python -m coverage report

# Each part runs alone too; `make -k check` goes on after the first that fails.
check: check-format check-style check-types check-walls check-changelog ## Check format, style, types, walls between packages, changelog

check-format: $(VENV)/.ready-check
	$(BIN)/ruff format --check .

check-style: $(VENV)/.ready-check
	$(BIN)/ruff check --quiet .

check-types: $(VENV)/.ready-check
	$(BIN)/mypy

check-walls: $(VENV)/.ready-check
	$(BIN)/lint-imports --no-logo

check-changelog: $(VENV)/.ready-check
	$(BIN)/towncrier build --draft --version check >/dev/null

format: $(VENV)/.ready-check ## Rewrite the code in the common format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: $(VENV)/.ready-docs ## Build the documentation, warnings as errors
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

bench: $(VENV)/.ready-bench ## Measure every stage, and the library beside its peers; write the pages
	$(BIN)/python -m benchmarks $(ARGS)

constraints: $(VENV)/.ready-all ## Pin what is installed now
	@sed '/^#/!d' constraints.txt > constraints.new
	$(PIP) freeze --exclude-editable | grep -E '^[A-Za-z0-9_.-]+==' >> constraints.new
	@mv constraints.new constraints.txt

clean: ## Remove everything that was built; the .venv stays
	rm -rf docs/_build docs/reference/api docs/reference/detectors \
	docs/reference/generated $(OUT) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	.import_linter_cache .coverage build dist

# -- setting up ------------------------------------------------------------------------------------

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: no $(PYTHON) on PATH. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(f"make: $(PYTHON) is Python {v[0]}.{v[1]}, and xborder_aml needs 3.11 or newer. Name another: make PYTHON=python3.12") if v < (3, 11) else None'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "make: $(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The package itself, in place; `core` is the package alone, any other word is one of its extras.
$(VENV)/.ready-%: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --constraint constraints.txt --editable '.$(if $(filter core,$*),,[$(if $(filter all,$*),test$(comma)check$(comma)docs$(comma)bench,$*)])'
	@touch $@

comma := ,
