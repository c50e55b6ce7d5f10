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
unit_tests += tests/unit/test_slab
unit_tests += tests/unit/test_slots
unit_tests += tests/unit/test_execution_rule
unit_tests += tests/unit/test_limit_rule
unit_tests += tests/unit/test_token
unit_tests += tests/unit/test_admission
unit_tests += tests/unit/test_nested_doc
unit_tests += tests/unit/test_arena
unit_tests += tests/unit/test_board
unit_tests += tests/unit/test_buf
unit_tests += tests/unit/test_clock
unit_tests += tests/unit/test_doc
unit_tests += tests/unit/test_err
unit_tests += tests/unit/test_failpoint
unit_tests += tests/unit/test_id
unit_tests += tests/unit/test_json_suite
unit_tests += tests/unit/test_log
unit_tests += tests/unit/test_num
unit_tests += tests/unit/test_similar
unit_tests += tests/unit/test_stat

# core/store: each of these runs a PostgreSQL of its own
unit_tests += tests/unit/test_line
unit_tests += tests/unit/test_store
unit_tests += tests/unit/test_store_schema
unit_tests += tests/unit/test_store_read
unit_tests += tests/unit/test_catalogue
unit_tests += tests/unit/test_laptop
unit_tests += tests/unit/test_param
unit_tests += tests/unit/test_resolve
EXTRA_DIST += tests/unit/store_fixture.h
unit_tests += tests/unit/test_due
unit_tests += tests/unit/test_history
unit_tests += tests/unit/test_run
tests_unit_test_run_SOURCES = tests/unit/test_run.c tests/cases/drive.c
tests_unit_test_run_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/cases
unit_tests += tests/unit/test_retry
tests_unit_test_retry_SOURCES = tests/unit/test_retry.c tests/cases/drive.c
tests_unit_test_retry_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/cases
unit_tests += tests/unit/test_map_scale
unit_tests += tests/unit/test_load
tests_unit_test_load_SOURCES = tests/unit/test_load.c tests/cases/drive.c
tests_unit_test_load_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/cases
unit_tests += tests/unit/test_jsonpath
unit_tests += tests/unit/test_template
unit_tests += tests/unit/test_choice
unit_tests += tests/unit/test_compile
unit_tests += tests/unit/test_compile_choice
unit_tests += tests/unit/test_compile_flow
unit_tests += tests/unit/test_compile_language
unit_tests += tests/unit/test_compile_map
unit_tests += tests/unit/test_compile_paths
unit_tests += tests/unit/test_compile_retry
unit_tests += tests/unit/test_compile_task
EXTRA_DIST += tests/unit/compile_fixture.h
unit_tests += tests/unit/test_asl_corpus

# properties on random trials (tests/unit/property.h); PAWL_TEST_SEED repeats one
unit_tests += tests/unit/test_doc_property
unit_tests += tests/unit/test_jsonpath_property
unit_tests += tests/unit/test_intrinsic_property
EXTRA_DIST += tests/unit/property.h

# core/api
unit_tests += tests/unit/test_call
unit_tests += tests/unit/test_http
unit_tests += tests/unit/test_throttle
unit_tests += tests/unit/test_names
unit_tests += tests/unit/test_page
unit_tests += tests/unit/test_settings
unit_tests += tests/unit/test_sigv4
unit_tests += tests/unit/test_validate

# plugins, function workers and the Lua sandbox; some talk to http_peer.py, some use the plugins of the build tree
unit_tests += tests/unit/test_httpc
unit_tests += tests/unit/test_mail_text
unit_tests += tests/unit/test_luabox
unit_tests += tests/unit/test_luacode
unit_tests += tests/unit/test_luadoc
unit_tests += tests/unit/test_lualib
unit_tests += tests/unit/test_hostile_lua
unit_tests += tests/unit/test_plugin_host
unit_tests += tests/unit/test_sqlc
unit_tests += tests/unit/test_worker
unit_tests += tests/unit/test_command
unit_tests += tests/unit/test_http_plugin
unit_tests += tests/unit/test_lambda_plugin
if PLUGIN_AWS
unit_tests += tests/unit/test_aws_plugin
# the plugin itself is a module; its files are linked with the test
tests_unit_test_aws_plugin_SOURCES = tests/unit/test_aws_plugin.c $(plugins_aws_aws_la_SOURCES)
tests_unit_test_aws_plugin_CPPFLAGS = $(AM_CPPFLAGS) $(plugins_aws_aws_la_CPPFLAGS) \
	-I$(top_srcdir)/plugins/aws
tests_unit_test_aws_plugin_LDADD = $(LDADD) $(EXPAT_LIBS)
endif
unit_tests += tests/unit/test_lambda_command
EXTRA_DIST += tests/unit/http_peer.h tests/unit/http_peer.py tests/unit/plugin_fixture.h tests/unit/lambda_fixture.h

# core/cli: the files of definitions; these are linked with the command line's library
unit_tests += tests/unit/test_excerpt
tests_unit_test_excerpt_LDADD = $(pawl_cli_libs) $(CMOCKA_LIBS) $(FUZZER_LIBS)
unit_tests += tests/unit/test_source
tests_unit_test_source_LDADD = $(pawl_cli_libs) $(CMOCKA_LIBS) $(FUZZER_LIBS)
unit_tests += tests/unit/test_yaml_scalar
tests_unit_test_yaml_scalar_LDADD = $(pawl_cli_libs) $(CMOCKA_LIBS) $(FUZZER_LIBS)
unit_tests += tests/unit/test_hook
unit_tests += tests/unit/test_awswire
tests_unit_test_awswire_SOURCES = tests/unit/test_awswire.c $(common_text) $(common_docs) $(common_awswire)
tests_unit_test_awswire_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/include -I$(top_srcdir)/plugins/common
unit_tests += tests/unit/test_notify
tests_unit_test_notify_SOURCES = tests/unit/test_notify.c plugins/notify/endpoint.c \
	plugins/notify/filter.c plugins/notify/names.c plugins/notify/wait.c $(common_text) $(common_docs)
nodist_tests_unit_test_notify_SOURCES = plugins/notify/queries_gen.h
tests_unit_test_notify_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/include -I$(top_srcdir)/plugins/common \
	-I$(top_srcdir)/plugins/notify -I$(top_builddir)/plugins/notify
unit_tests += tests/unit/test_approval
tests_unit_test_approval_SOURCES = tests/unit/test_approval.c plugins/approval/form.c \
	plugins/approval/link.c $(common_text) $(common_docs)
tests_unit_test_approval_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/include \
	-I$(top_srcdir)/plugins/common -I$(top_srcdir)/plugins/approval $(LIBCRYPTO_CFLAGS)
tests_unit_test_approval_LDADD = $(LDADD) $(LIBCRYPTO_LIBS)
unit_tests += tests/unit/test_dynamodb
tests_unit_test_dynamodb_SOURCES = tests/unit/test_dynamodb.c $(dynamodb_expressions) \
	$(common_text) $(common_docs)
tests_unit_test_dynamodb_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/include \
	-I$(top_srcdir)/plugins/common -I$(top_srcdir)/plugins/database
