# tests - what "make check" runs, kind by kind; scripts/ci sums the results.
#
# A test is a program or script that exits 0 (passed), 77 (skipped) or anything
# else (failed). One that does many checks ends its output with the line
# "N passed, N failed, N skipped"; cmocka's own summary is understood as well.

include tests/unit/local.mk
include tests/cases/local.mk
include tests/e2e/local.mk
include tests/fault/local.mk
include tests/bench/local.mk
include tests/fuzz/local.mk

test_programs = $(unit_tests) $(cases_programs) $(e2e_programs) $(fault_programs) \
	$(plugin_tests) $(fuzz_targets)
check_PROGRAMS = $(test_programs) $(bench_programs)
check_LTLIBRARIES = $(e2e_modules)

# Programs that name no libraries of their own are tests. (With --enable-fuzzing only the
# fuzz targets are of use: libFuzzer brings a main() along.)
LDADD = libpawlcore.la $(PAWL_LIBS) $(CMOCKA_LIBS) $(FUZZER_LIBS)

TESTS = \
	$(unit_tests) \
	$(plugin_tests) \
	scripts/check-layers \
	scripts/check-sources \
	scripts/check-options \
	scripts/check-model \
	$(cases_tests) \
	$(e2e_tests) \
	$(bench_tests) \
	$(fault_tests) \
	$(fuzz_tests)

TEST_EXTENSIONS = .py
PY_LOG_COMPILER = $(PYTHON)
AM_TESTS_ENVIRONMENT = \
	builddir='$(abs_builddir)'; export builddir; \
	srcdir='$(abs_srcdir)'; export srcdir; \
	PAWL_SHARED=$${PAWL_SHARED-'$(abs_srcdir)/../shared'}; export PAWL_SHARED; \
	PAWL_PG_BIN=$${PAWL_PG_BIN-'$(PG_BIN)'}; export PAWL_PG_BIN; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE; \
	$(SANITIZER_ENVIRONMENT)

EXTRA_DIST += tests scripts/check-layers scripts/check-sources scripts/check-options scripts/check-model
