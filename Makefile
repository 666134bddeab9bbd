# Every command of the project; `make` alone lists them. `make demo` and `make test` need nothing but
# python3 (3.11 or newer), git and make: they set up .venv themselves.

PYTHON ?= python3
BIN := .venv/bin
# Small matrices lose more to BLAS threads than they gain, and the tests run side by side.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint types format bench browser latex soak versions clean

help: ## List the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

demo: .venv/installed ## Train on scikit-learn's digits: a model file and an honest test score
	$(BIN)/clearprop train digits --output digits.safetensors --force

# By file, as the code blocks of a page go on from one another.
test: lint types ## Run all the tests, with lint and types
	$(BIN)/pytest -n auto --dist loadfile

lint: .venv/ready ## Check format and style
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: .venv/ready ## Check types, strictly
	$(BIN)/mypy

format: .venv/ready ## Format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: .venv/ready ## Run the benchmarks beside the peers (minutes)
	for benchmark in benchmarks/bench_*.py; do $(BIN)/python $$benchmark || exit 1; done

# What it needs is installed here, but for Chromium, which is the system's.
browser: .venv/browser build/browser/node_modules/axe-core ## Test and time the page in Chromium (minutes)
	@command -v chromium || command -v chromium-browser || command -v google-chrome || { \
	  echo "make browser needs Chromium; on Debian and Ubuntu: apt install chromium"; exit 2; }
	CLEARPROP_BROWSER=required $(BIN)/pytest tests/explanation/page/test_browser.py
	$(BIN)/python benchmarks/page_times.py --output build/browser

.venv/browser: .venv/ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group browser
	@touch $@

build/browser/node_modules/axe-core:
	@command -v npm || { \
	  echo "make browser needs npm, for axe-core; on Debian and Ubuntu: apt install npm"; exit 2; }
	npm install --silent --no-audit --no-fund --prefix build/browser axe-core@4

latex: .venv/ready ## Compile explanations in LaTeX; needs pdflatex (apt: texlive-latex-base lmodern)
	$(BIN)/python tests/explanation/outputs/compile_latex.py

versions: ## Test the estimators on scikit-learn 1.6, 1.7, 1.8 and 1.9 (minutes)
	for version in 1.6 1.7 1.8 1.9; do \
	  $(MAKE) --no-print-directory .venv-sklearn-$$version/ready || exit 1; \
	  echo "scikit-learn $$version"; \
	  SCIPY_ARRAY_API=1 .venv-sklearn-$$version/bin/pytest -n auto --dist loadfile \
	    -p no:cacheprovider $(OLD_WARNINGS) tests/estimators || exit 1; \
	done

# Of older versions of scikit-learn, with newer ones of pytest and SciPy.
OLD_WARNINGS := -W "ignore:Passing a non-Collection iterable" \
  -W "ignore:scipy.optimize:DeprecationWarning"

.venv-sklearn-%/ready: pyproject.toml
	@$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(@D)/bin/python -m pip install --quiet --editable . "scikit-learn==$*.*" pytest pytest-xdist hypothesis pandas polars sybil
	@touch $@

soak: .venv/ready ## Fits side by side and interrupted, again and again (minutes)
	$(BIN)/python benchmarks/soak.py

clean: ## Remove the environment and all caches
	rm -rf .venv .venv-sklearn-* .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "clearprop needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version 2>&1`."; \
	  echo "Name another one: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv"; \
	  exit 2; }
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[plot]"
	@touch $@

.venv/ready: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev
	@touch $@
