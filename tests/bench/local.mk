# benchmarks: "make bench" runs tests/bench/bench.py on this build tree; "make check"
# only compiles them, and nothing here is installed.

bench_programs = tests/bench/load tests/bench/bench_store tests/bench/bench_doc tests/bench/bench_run \
	tests/bench/bench_expr
tests_bench_load_LDADD = $(LIBEVENT_LIBS)
tests_bench_bench_store_LDADD = libpawlcore.la $(PAWL_LIBS)
tests_bench_bench_doc_LDADD = libpawlcore.la $(PAWL_LIBS)
tests_bench_bench_run_LDADD = libpawlcore.la $(PAWL_LIBS)
tests_bench_bench_expr_LDADD = libpawlcore.la $(PAWL_LIBS)

# (One after the other: two makes at a time would write the same objects.)
bench-programs: $(BUILT_SOURCES)
	@$(MAKE) $(AM_MAKEFLAGS) $(bench_programs)
bench: all
	@$(AM_TESTS_ENVIRONMENT) $(PYTHON) $(srcdir)/tests/bench/bench.py
.PHONY: bench bench-programs

# What can be checked of them without a clock.
bench_tests = tests/bench/test_recorded.py tests/bench/test_model.py
