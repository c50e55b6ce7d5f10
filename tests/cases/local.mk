# cases tests: scripts to run go into cases_tests, helper programs that C sources
# are built into go into cases_programs (source: the same name with .c).

cases_tests =
cases_programs =

# golden cases of the interpreter
cases_programs += tests/cases/run_cases
tests_cases_run_cases_SOURCES = tests/cases/run_cases.c tests/cases/drive.c tests/cases/drive.h
tests_cases_run_cases_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/cases
cases_tests += tests/cases/run_cases
