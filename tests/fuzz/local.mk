# fuzz targets: tests/fuzz/fuzz_NAME.c with LLVMFuzzerTestOneInput.
#
# To add one, append two lines:
#
#	fuzz_targets += tests/fuzz/fuzz_NAME
#	tests_fuzz_fuzz_NAME_SOURCES = tests/fuzz/fuzz_NAME.c $(fuzz_main)
#
# An ordinary build links replay.c instead of libFuzzer: "make check" feeds each
# target its corpus tests/fuzz/corpus/NAME/* once. With --enable-fuzzing (clang)
# the targets are libFuzzer programs, which "scripts/ci fuzz" runs for a while,
# with the dictionary tests/fuzz/NAME.dict where there is one.

fuzz_targets =
if FUZZING
fuzz_main =
fuzz_tests =
else
fuzz_main = tests/fuzz/replay.c
fuzz_tests = $(fuzz_targets)
endif

fuzz-targets: $(BUILT_SOURCES) $(fuzz_targets)
.PHONY: fuzz-targets

fuzz_targets += tests/fuzz/fuzz_doc
tests_fuzz_fuzz_doc_SOURCES = tests/fuzz/fuzz_doc.c $(fuzz_main)

fuzz_targets += tests/fuzz/fuzz_run
tests_fuzz_fuzz_run_SOURCES = tests/fuzz/fuzz_run.c tests/cases/drive.c $(fuzz_main)
tests_fuzz_fuzz_run_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/cases

fuzz_targets += tests/fuzz/fuzz_load
tests_fuzz_fuzz_load_SOURCES = tests/fuzz/fuzz_load.c $(fuzz_main)

fuzz_targets += tests/fuzz/fuzz_jsonpath
tests_fuzz_fuzz_jsonpath_SOURCES = tests/fuzz/fuzz_jsonpath.c $(fuzz_main)

fuzz_targets += tests/fuzz/fuzz_definition
tests_fuzz_fuzz_definition_SOURCES = tests/fuzz/fuzz_definition.c $(fuzz_main)

fuzz_targets += tests/fuzz/fuzz_api
tests_fuzz_fuzz_api_SOURCES = tests/fuzz/fuzz_api.c $(fuzz_main)

fuzz_targets += tests/fuzz/fuzz_lua
tests_fuzz_fuzz_lua_SOURCES = tests/fuzz/fuzz_lua.c $(fuzz_main)

fuzz_targets += tests/fuzz/fuzz_source
tests_fuzz_fuzz_source_SOURCES = tests/fuzz/fuzz_source.c $(fuzz_main)
tests_fuzz_fuzz_source_LDADD = $(pawl_cli_libs) $(FUZZER_LIBS)

fuzz_targets += tests/fuzz/fuzz_intrinsic
tests_fuzz_fuzz_intrinsic_SOURCES = tests/fuzz/fuzz_intrinsic.c $(fuzz_main)

fuzz_targets += tests/fuzz/fuzz_choice
tests_fuzz_fuzz_choice_SOURCES = tests/fuzz/fuzz_choice.c tests/cases/drive.c $(fuzz_main)
tests_fuzz_fuzz_choice_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/cases

fuzz_targets += tests/fuzz/fuzz_dynamodb
tests_fuzz_fuzz_dynamodb_SOURCES = tests/fuzz/fuzz_dynamodb.c $(dynamodb_expressions) \
	$(common_text) $(common_docs) $(fuzz_main)
tests_fuzz_fuzz_dynamodb_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/include \
	-I$(top_srcdir)/plugins/common -I$(top_srcdir)/plugins/database
