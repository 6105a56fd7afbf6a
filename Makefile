# Self-documenting: `make help` prints the text behind each target's two hashes.
.DEFAULT_GOAL := help
.PHONY: run test help fmt lint types rooms cover bench golden dashboards check clean venv venv-test

export VENV ?= .venv
# `make test EXTRAS=spark` also installs what the tests on Spark need.
export EXTRAS ?=
BIN := $(VENV)/bin
# Tests run in parallel; `make test PYTEST="-n 0 -x tests/drift"` narrows and stops at the first failure.
PYTEST ?= -n auto --dist loadfile

run: venv ## Set everything up and open the app (ARGS="--port 9000" passes options on)
	@exec $(BIN)/python -m monitor_core serve $(ARGS)

test: lint rooms types cover ## Set everything up and run every check and test, cheapest first

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

fmt: venv-test ## Format the code and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: venv-test ## Check format and lint rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: venv-test ## Check types
	$(BIN)/mypy

rooms: venv-test ## Check who imports whom
	$(BIN)/lint-imports

cover: venv-test ## Run the tests, in random order, with branch coverage
	$(BIN)/python -m pytest $(PYTEST) --cov --cov-report=term:skip-covered --cov-report=html:build/coverage

bench: venv-test ## Measure speed and memory against the goals and other tools (minutes)
	$(BIN)/python tests/benchmarks/bench_drift.py
	$(BIN)/python tests/benchmarks/bench_performance_stats.py 10000
	$(BIN)/python tests/benchmarks/bench_estimates.py
	$(BIN)/python tests/benchmarks/bench_pages.py --write
	$(BIN)/python tests/benchmarks/bench_middleware.py --write
	$(BIN)/python tests/benchmarks/bench_logging.py --write
	$(BIN)/python tests/benchmarks/bench_peers.py --write $(ARGS)

golden: venv-test ## Write the expected reports anew, to be reviewed in the diff
	MONITOR_WRITE_GOLDEN=1 $(BIN)/python -m pytest -q tests/reports/test_golden.py tests/reports/performance/test_performance_golden.py tests/performance/test_advice_words.py tests/performance/test_monitor_report.py

dashboards: venv ## Write the Grafana, Prometheus and HTML files of dashboards/ anew
	$(BIN)/python -m monitor_core dashboards write

check: test ## The same as test

clean: ## Remove everything that was generated; the data folder stays
	rm -rf $(VENV) build dist *.egg-info .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@.ci/venv app

venv-test: venv
	@.ci/venv test
