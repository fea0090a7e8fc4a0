# SPDX-License-Identifier: MIT
#
# A thin front for people; CMakeLists.txt does the work. `make test` and `make demo` are all that a
# fresh Debian machine needs: each target installs the packages it misses first.

PREFIX       ?= /usr/local
SOAK_SECONDS ?= 300
# For each target of `make fuzz`.
FUZZ_SECONDS ?= 60
# Tests at the same time: more than CPUs, because many of them wait.
JOBS         ?= 3
# More settings for CMake, such as CMAKE_FLAGS=-DRUNNEL_LTO=ON
CMAKE_FLAGS  ?=

DEPS      = tools/install-deps.sh
# CMake looks at what is installed only while it configures, so that is done every time (0.1 s).
CONFIGURE = cmake -S . -G Ninja -DRUNNEL_WERROR=ON -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(CMAKE_FLAGS)
CTEST     = ctest --output-on-failure -j $(JOBS)

# Ninja prints a progress line per file; only the last is worth keeping where nobody looks.
export NINJA_STATUS = [%f/%t] 

.PHONY: all build other-builds demo test test-asan test-tsan test-ubsan test-msan proof lint \
        coverage bench bench-quick bench-check bench-curves fuzz soak install clean format \
        format-check

all:
	@$(DEPS) build
	@$(MAKE) --no-print-directory build

build:
	@$(CONFIGURE) -B build --log-level=WARNING >/dev/null
	@cmake --build build

demo: all
	@sh apps/runnel/demo/demo.sh

test:
	@$(DEPS) test
	@$(MAKE) --no-print-directory build other-builds
	@$(CTEST) --test-dir build

# What some tests build in another way: for another CPU (if its compiler is there), with the
# portable switch, and by every compiler.
other-builds:
	@tools/cross-test.sh --build aarch64 build/aarch64 || [ $$? = 77 ]
	@tools/portable-test.sh --build build/portable
	@sh tests/migration.sh --build build/migration

# clang 19, because gcc 12's libtsan dies at 8,128 tasks. No benchmarks: their times would lie.
test-asan: SANITIZE = address
test-tsan: SANITIZE = thread
test-ubsan: SANITIZE = undefined
test-msan: SANITIZE = memory
# libcurl and gumbo are not instrumented, so MSan takes what they write for unwritten. Under load a
# leak check finds fewer leaks with MSan's own memory to search, and one test counts them.
test-msan: CTEST += -E '^(check/|fuzz/(url|html)$$|obs/verify_stress)'
test-asan test-tsan test-ubsan test-msan:
	@$(DEPS) san
	@CC=clang-19 CXX=clang++-19 $(CONFIGURE) -B build-$(@:test-%=%) --log-level=WARNING \
	    -DRUNNEL_SANITIZE=$(SANITIZE) -DRUNNEL_BUILD_BENCH=OFF >/dev/null
	@cmake --build build-$(@:test-%=%)
	@$(CTEST) --test-dir build-$(@:test-%=%)

# What takes longer than a test should, but not long: faults at every call, the ordinary library
# under a user's sanitizers, Valgrind, mistakes planted in the library (docs/proof.md).
proof:
	@$(DEPS) test
	@$(MAKE) --no-print-directory build
	@$(CTEST) --test-dir build -C Proof -L proof

# What can be said of the sources without running them.
lint:
	@$(DEPS) lint
	@$(MAKE) --no-print-directory build
	@tools/lint.sh build

# How much of the library the tests run: lines, branches, MC/DC (docs/coverage.md).
coverage:
	@$(DEPS) test san
	@CC=clang-19 CXX=clang++-19 $(CONFIGURE) -B build-coverage --log-level=WARNING \
	    -DRUNNEL_COVERAGE=ON -DRUNNEL_BUILD_BENCH=OFF >/dev/null
	@cmake --build build-coverage
	@tools/coverage.sh build-coverage

bench:
	@$(DEPS) bench
	@$(MAKE) --no-print-directory build
	@sh bench/run.sh

# In less than two minutes: a tenth of the work.
bench-quick:
	@$(DEPS) bench
	@$(MAKE) --no-print-directory build
	@sh bench/run.sh --quick

# The main job beside other link checkers. One that is not there has a line that says so.
bench-check:
	@$(DEPS) mainjob
	@$(DEPS) linkchecker || true
	@$(MAKE) --no-print-directory build
	@python3 bench/mainjob.py

# Cost by number of objects, and memory by object: less than five minutes (bench/curves.py).
bench-curves:
	@$(DEPS) bench
	@$(MAKE) --no-print-directory build
	@python3 -B bench/curves.py

# The fuzz targets with libFuzzer, ASan and UBSan (docs/fuzzing.md).
fuzz:
	@$(DEPS) san
	@CC=clang-19 CXX=clang++-19 $(CONFIGURE) -B build-fuzz --log-level=WARNING -DRUNNEL_FUZZ=ON \
	    -DRUNNEL_BUILD_BENCH=OFF -DRUNNEL_BUILD_EXAMPLES=OFF >/dev/null
	@cmake --build build-fuzz --target fuzz_targets
	@tools/fuzz.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)

soak: all
	@sh tools/soak.sh $(SOAK_SECONDS)

install: all
	@cmake --install build --prefix $(PREFIX)

clean:
	rm -rf build build-asan build-tsan build-ubsan build-msan build-fuzz build-coverage

SOURCES = $(shell find include src apps examples ext bench tests -name '*.[ch]' 2>/dev/null)

format-check:
	@$(DEPS) format
	@printf "%s\n" $(SOURCES) | xargs -n 1 clang-format --dry-run -Werror --ferror-limit=1

format:
	@$(DEPS) format
	@clang-format -i $(SOURCES)
