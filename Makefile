# Needs nothing but make and python3 (3.11 or newer) with pip and venv. Without make: see README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo

.PHONY: demo test check soak many bench clean

# What a user needs; the tests need more.
$(VENV)/runs: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/tests: $(VENV)/runs
	$(BIN)/pip install --quiet -c constraints.txt --group test --group lint
	touch $@

demo: $(VENV)/runs
	@rm -rf $(DEMO) && mkdir -p $(DEMO)
	$(BIN)/duban --store sqlite:///$(DEMO)/duban.db simulate fuling-2020
	@echo
	@echo "Look around in what it made:"
	@echo "  $(BIN)/duban --store sqlite:///$(DEMO)/duban.db case list --workflow hazard --overdue"
	@echo "  $(BIN)/duban --store sqlite:///$(DEMO)/duban.db case list --register problems --limit 10"
	@echo "  $(BIN)/duban --store sqlite:///$(DEMO)/duban.db history verify"

test: $(VENV)/tests check
	$(BIN)/python -m pytest -n auto --dist loadscope --cov --cov-report=term:skip-covered

check: $(VENV)/tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# kill -9 in a loop of fires and sweeps, a hundred times.
soak: $(VENV)/tests
	$(BIN)/python -m pytest tests/soak -m soak -q -s

# The properties with many more examples.
many: $(VENV)/tests
	DUBAN_MANY=1 $(BIN)/python -m pytest -n auto

clean:
	rm -rf $(VENV) $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Benchmarks with their rivals in the same run.
bench: $(VENV)/runs
	$(BIN)/python bench/start_up.py
	$(BIN)/python bench/loading.py
