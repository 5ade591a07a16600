# Two commands do everything on a fresh machine with Python 3.11+ and make:
#   make demo    make .venv, install, tune LightGBM on real data, write report.html
#   make test    make .venv, install what the tests need, run them all
# For developers: make check (format, lint, types, layers), make docs (the site), make bench (every benchmark's table).

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check format docs bench clean

demo: .venv/.demo
	$(BIN)/tunesmith demo
	@command -v tunesmith >/dev/null || echo "For the command tunesmith in this shell: source .venv/bin/activate"

# One process a core: threads of BLAS beside them would only wait for each other.
test: export OMP_NUM_THREADS := 1
test: .venv/.test
	$(BIN)/pytest -n auto --dist loadgroup

check: .venv/.dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: .venv/.dev
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# The guide and the reference, in site/index.html; `.venv/bin/mkdocs serve` shows them while one writes.
docs: .venv/.docs
	$(BIN)/mkdocs build --strict --quiet

bench: .venv/.bench
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/search.py --seeds 3
	$(BIN)/python benchmarks/importance.py --seeds 3
	$(BIN)/python benchmarks/forecast.py --seeds 1

clean:
	rm -rf .venv build dist site .pytest_cache .mypy_cache .ruff_cache

# One stamp for each set of extras, with those that it holds; made again when pyproject.toml changes.
HELD_test := demo
HELD_dev := test demo
.venv/.%: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --editable ".[$*]"
	@touch $(addprefix .venv/.,$* $(HELD_$*))

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "tunesmith needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
