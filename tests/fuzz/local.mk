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
