# What one does with this repository, one command each. `make help` lists them.

# Where real data sets lie, if anywhere: tests that need them look there.
PARE_DATA ?= $(abspath $(wildcard ../shared/data))
ifneq ($(PARE_DATA),)
export PARE_DATA
endif

# Seconds for each fuzzer of `make fuzz`.
FUZZ_SECONDS ?= 600
# Tests at a time.
TEST_JOBS ?= 2
# In continuous integration warnings are errors and missing tools are failures.
ifdef CI
export PARE_REQUIRE_TOOLS = 1
WERROR = -DPARE_WERROR=ON
else
WERROR = -DPARE_WERROR=OFF
endif

# OFF while one edits: a build of everything is slower, but a change rebuilds one file, not 24.
UNITY ?= ON

RELEASE = build/release
FUZZ = build/fuzz
BENCHES = qat_step conv_qat_step spike_step nn_kernels emitted_c engine_bench codebook_bench

.DEFAULT_GOAL = help
.PHONY: help deps configure build run test-build test sanitize test-long bench fuzz format lint measure

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

deps: ## Install the packages that are missing (Debian 12)
	@tools/install-packages

configure: deps
	cmake --preset release $(WERROR) -DPARE_UNITY=$(UNITY) --log-level=WARNING

build: configure ## Build the programs: build/release/bin/pare
	cmake --build $(RELEASE) --target pare_executable pare_train_executable

run: build ## Train, quantize, prune and freeze a first network; verify it, write it as C, time it
	@out=runs/quickstart; n=1; while [ -e $$out ]; do n=$$((n + 1)); out=runs/quickstart-$$n; done; \
	set -ex; pare=$(RELEASE)/bin/pare; \
	$$pare run recipes/quickstart.toml -o $$out; \
	$$pare verify $$out/model.pare; \
	$$pare export $$out/model.pare --to c --style unrolled -o $$out/c; \
	$$pare bench $$out/model.pare

test-build: configure
	cmake --build $(RELEASE)
	cmake --preset fuzz -DPARE_UNITY=$(UNITY) -DPARE_FUZZ_SECONDS=20
	cmake --build $(FUZZ) --target test_programs

test: test-build ## All tests but the long ones; what reads files or runs kernels under sanitizers too; each fuzzer 20 s
	tools/run_tests.py --jobs $(TEST_JOBS) $(FUZZ) $(RELEASE) -- -LE '^long$$'

sanitize: deps ## All of libpare's tests under sanitizers
	cmake --preset fuzz -DPARE_UNITY=$(UNITY) -DPARE_TEST_FOLDERS=
	cmake --build $(FUZZ) --target test_programs
	tools/run_tests.py --jobs $(TEST_JOBS) $(FUZZ) -- -LE '^(long|fuzz)$$'

test-long: test-build ## The long tests
	tools/run_tests.py --jobs $(TEST_JOBS) $(RELEASE) -- -L '^long$$'

bench: configure ## The benchmarks
	cmake --build $(RELEASE) --target $(BENCHES)
	@set -e; for program in $(BENCHES); do echo "== $$program"; $(RELEASE)/bin/$$program; done

fuzz: deps ## Each fuzzer for FUZZ_SECONDS (600)
	cmake --preset fuzz -DPARE_UNITY=$(UNITY) -DPARE_FUZZ_SECONDS=$(FUZZ_SECONDS)
	cmake --build $(FUZZ) --target test_programs
	tools/run_tests.py --jobs $(TEST_JOBS) $(FUZZ) -- -L '^fuzz$$'

format: deps ## Rewrite the sources as .clang-format has them
	tools/check_format.py --fix

lint: deps ## clang-tidy, the format, headers that do not compile alone
	tools/check_format.py
	cmake --preset libpare
	tools/check_headers.py build/libpare
	tools/lint.py build/libpare

measure: ## Sizes of files and functions, comments, tests
	@tools/measure.py
