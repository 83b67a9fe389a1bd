# Everything that a user or CI runs. `make demo` and `make test` need Python 3.10+ and make, nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint check unit test-mlir test-clusters fuzz fuzz-texts fuzz-archives fuzz-torch bench bench-compile bench-scaling conformance clean
.DEFAULT_GOAL := test

# pip, not another installer, and torch by its exact pin: that is the CPU wheel.
$(VENV)/.ready: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (first time only) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^torch==' constraints.txt)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.ready  ## the main job from end to end, on real data
	@$(BIN)/python examples/digits_demo.py --out demo-out

lint: $(VENV)/.ready  ## format, lint, types, layering
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

unit: $(VENV)/.ready  ## all tests that are not marked slow
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/lit -q tests/filecheck
	$(BIN)/python -m pytest -n 2

test: lint unit  ## what CI runs

$(VENV)/.mlir: $(VENV)/.ready tests/mlir/requirements.txt
	@echo "installing MLIR's and IREE's tools (first time only) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r tests/mlir/requirements.txt
	@touch $@

test-mlir: $(VENV)/.mlir  ## opt-in: what is emitted, verified, lowered and run by mlir-opt, MLIR's JIT and IREE
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m mlir tests/mlir

$(VENV)/.serving: $(VENV)/.ready
	@echo "installing Dask and Ray (first time only) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[serving]'
	@touch $@

test-clusters: $(VENV)/.serving  ## opt-in: the examples with Dask and Ray on local clusters
	$(BIN)/python -m pytest -m cluster tests/serving

fuzz: $(VENV)/.ready  ## opt-in: 10,000 mutants of the tests' IR are read, printed and passed through passes (about five minutes)
	$(BIN)/python -m tests.fuzz.fuzz --count 10000 --seed $(or $(SEED),0) --keep fuzz-failures

fuzz-texts: $(VENV)/.ready  ## opt-in: 50,000 mutants of the tests' IR are read and printed, without passes (about fifteen minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.fuzz --read --count 50000 --seed $(or $(SEED),0) --keep fuzz-failures

fuzz-archives: $(VENV)/.ready  ## opt-in: 20,000 mutants of archives are opened, in bounded time and memory (about four minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.archives --count 20000 --seed $(or $(SEED),0) --keep fuzz-failures

fuzz-torch: $(VENV)/.ready  ## opt-in: 20,000 mutants of TorchScript archives and 5,000 of .pt2 files are opened, compiled and called
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.torch_archives torchscript --count 20000 --seed $(or $(SEED),0) --keep fuzz-failures
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.torch_archives pt2 --count 5000 --seed $(or $(SEED),0) --keep fuzz-failures

bench: $(VENV)/.ready  ## ratios against torch eager and torch.jit
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python benchmarks/run.py

bench-compile: $(VENV)/.ready  ## compile time per line, functions of 125 to 4,000 lines
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python benchmarks/compile_time.py

bench-scaling: $(VENV)/.ready  ## parsing, passes and the lowering at 1,000 to 100,000 operations, and xDSL's passes beside ours
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python benchmarks/scaling.py

conformance: $(VENV)/.ready  ## torch's operator database, all samples, by dtype: docs/operators.md (takes about an hour)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/conformance/operators/conformance.py --results docs/conformance.json
	$(BIN)/python -m tsir.tools.operators_page > docs/operators.md

clean:
	rm -rf $(VENV) demo-out .pytest_cache .ruff_cache
