# Everything a checkout is used for. Needs Python 3.11 to 3.13, git and make; the rest goes into .venv.

PYTHON ?= python3
EXPERIMENT = default
ARGS =

# Two OpenMP runtimes that spin while they wait slow each other down a hundredfold on shared cores.
export OMP_WAIT_POLICY = PASSIVE
# Without byte code every process of the suite starts three seconds later.
unexport PYTHONDONTWRITEBYTECODE

BENCH = .venv/bin/bench
PIP = .venv/bin/python -m pip --disable-pip-version-check install --quiet --no-compile --constraint constraints.txt
WARM = .venv/bin/python -c 'import bench.running.launch, bench.models.keras_backend, bench.report.build, cmaes, hyperopt, lightgbm, optuna, skopt; bench.models.keras_backend.load("numpy")'

.PHONY: help install bench report test test-all lint perf mutations faithful fuzz clean
.DEFAULT_GOAL := help

help: ## show this
	@echo "make TARGET [EXPERIMENT=$(EXPERIMENT)] [ARGS='...'] [PYTHON=$(PYTHON)]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' Makefile

install: .venv/.installed ## install the suite into .venv; every other target does so by itself

# Status 1 says that some runs failed and the others are finished: those are worth a report.
bench: .venv/.installed ## do an experiment, then its report: make bench EXPERIMENT=otto ARGS='threads=1'
	@$(BENCH) run experiment=$(EXPERIMENT) $(ARGS); status=$$?; \
		if [ $$status -le 1 ]; then $(BENCH) report $(EXPERIMENT) || exit; fi; exit $$status

report: .venv/.installed ## draw an experiment's report again: make report EXPERIMENT=otto
	$(BENCH) report $(EXPERIMENT) $(ARGS)

test: .venv/.installed-dev ## run the tests, four at a time: make test ARGS='-k space'
	.venv/bin/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

test-all: .venv/.installed-dev ## before a release: every product in full, and ten times as many examples drawn at random
	BENCH_TEST_ALL=1 .venv/bin/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: .venv/.installed-dev ## check style, format and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

perf: .venv/.installed ## measure the suite itself: every script in benchmarks/
	@set -e; for script in benchmarks/*.py; do echo "$$script"; .venv/bin/python "$$script" $(ARGS); done

mutations: .venv/.installed-dev ## break the suite on purpose and see whether the tests notice
	.venv/bin/python benchmarks/mutations/mutations.py $(ARGS)

faithful: .venv/.installed-dev ## compare every optimiser with its library's own loop, and write the tables of docs/faithful.md
	.venv/bin/python benchmarks/faithful/table.py $(ARGS)

fuzz: .venv/.installed-dev ## give commands changed inputs until Ctrl-C, or for so long: make fuzz SECONDS=600
	.venv/bin/python benchmarks/fuzzing/fuzz.py $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

clean: ## remove .venv, caches and built files; results, reports and datasets stay
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An installation is repeated where what is to be installed has changed. Byte code is made for what the suite imports:
# making it for every module takes longer than the rest of the installation.
.venv/.installed: .venv/.made pyproject.toml constraints.txt
	@echo "installing into .venv (about a minute the first time)"
	@$(PIP) --editable '.[keras]'
	@$(WARM)
	@touch $@

.venv/.installed-dev: .venv/.made pyproject.toml constraints.txt
	@echo "installing into .venv, with what the tests need (about a minute the first time)"
	@$(PIP) --editable '.[dev]'
	@$(WARM)
	@touch .venv/.installed $@

.venv/.made:
	@command -v "$(PYTHON)" > /dev/null || \
		{ echo "no $(PYTHON) here; name one with: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is $$("$(PYTHON)" -V 2>&1). Name another with: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear .venv
	@touch $@
