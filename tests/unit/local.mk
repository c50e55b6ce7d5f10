# unit tests (cmocka): one program per module, its test names are sentences.
#
# To add one, write tests/unit/test_MODULE.c and append ONE line here:
#
#	unit_tests += tests/unit/test_MODULE
#
# The source is found by its name, the program is linked with libpawlcore and
# cmocka, "make check" runs it, and each cmocka test counts as one test. Exit 77
# from main() means: skipped. srcdir (the source tree), builddir, PAWL_SHARED and
# PAWL_PG_BIN are in the environment; a test that needs files makes a folder with
# mkdtemp(), one that needs more sources says tests_unit_test_MODULE_SOURCES = ...

unit_tests =
unit_tests += tests/unit/test_loop
unit_tests += tests/unit/test_flow
unit_tests += tests/unit/test_conf
unit_tests += tests/unit/test_model
unit_tests += tests/unit/test_idmap
unit_tests += tests/unit/test_slots
unit_tests += tests/unit/test_token
unit_tests += tests/unit/test_arena
unit_tests += tests/unit/test_buf
unit_tests += tests/unit/test_clock
unit_tests += tests/unit/test_doc
unit_tests += tests/unit/test_err
unit_tests += tests/unit/test_failpoint
unit_tests += tests/unit/test_id
unit_tests += tests/unit/test_json_suite
unit_tests += tests/unit/test_log
unit_tests += tests/unit/test_num
unit_tests += tests/unit/test_stat
