# Everything a person types. The virtual environment is made on first use and left alone while nothing changed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo serve test check lint types contracts unit bench docs clean
.DEFAULT_GOAL := demo

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Darkroom needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv --clear $(VENV) && $(BIN)/python -m pip --version > /dev/null || \
	  { echo "Python's venv or pip is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing Darkroom into $(VENV) ..."
	$(PIP) torch
	$(PIP) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@echo "Installing the test tools into $(VENV) ..."
	$(PIP) -e '.[test]'
	@touch $@

demo: $(VENV)/.run  ## make the first picture from the shipped demo checkpoint
	$(BIN)/python main.py run workflows/library/text_to_image.json

serve: $(VENV)/.run  ## start the server: the page is at http://127.0.0.1:8188
	$(BIN)/python main.py

check: lint types contracts unit  ## what CI and pre-commit run

test: check  ## set up, then every check; ends with the test runner's summary

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/pyright --warnings

contracts: $(VENV)/.test
	$(BIN)/lint-imports

unit: $(VENV)/.test
	$(BIN)/python -m pytest -q

bench: $(VENV)/.test  ## the figures of benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

docs: $(VENV)/.run  ## rewrite the generated reference pages
	$(BIN)/python -m tools.docs

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .import_linter_cache
