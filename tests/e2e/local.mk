# e2e tests: scripts to run go into e2e_tests, helper programs that C sources
# are built into go into e2e_programs (source: the same name with .c).

e2e_tests = \
	tests/e2e/test_activities.py \
	tests/e2e/test_api.py \
	tests/e2e/test_approval.py \
	tests/e2e/test_aws.py \
	tests/e2e/test_awscli.py \
	tests/e2e/test_cli.py \
	tests/e2e/test_commands.py \
	tests/e2e/test_daemon.py \
	tests/e2e/test_database.py \
	tests/e2e/test_database_plugin.py \
	tests/e2e/test_distribution.py \
	tests/e2e/test_dynamodb.py \
	tests/e2e/test_example.py \
	tests/e2e/test_execution_limits.py \
	tests/e2e/test_fairness.py \
	tests/e2e/test_gateway.py \
	tests/e2e/test_growth.py \
	tests/e2e/test_hooks.py \
	tests/e2e/test_http.py \
	tests/e2e/test_invoice.py \
	tests/e2e/test_js.py \
	tests/e2e/test_laptop.py \
	tests/e2e/test_limits.py \
	tests/e2e/test_lua.py \
	tests/e2e/test_mail.py \
	tests/e2e/test_misbehaving.py \
	tests/e2e/test_nested.py \
	tests/e2e/test_nodes.py \
	tests/e2e/test_notify.py \
	tests/e2e/test_overload.py \
	tests/e2e/test_waking.py \
	tests/e2e/test_plugin_http.py \
	tests/e2e/test_plugins.py \
	tests/e2e/test_queue.py \
	tests/e2e/test_retention.py \
	tests/e2e/test_sql.py \
	tests/e2e/test_sql_client.py \
	tests/e2e/test_tasks.py \
	tests/e2e/test_tokens.py \
	tests/e2e/test_workers.py \
	tests/e2e/test_write_a_plugin.py \
	tests/conformance/run.py
e2e_programs =
# Modules for the plugin host's tests (built, never installed).
e2e_modules = tests/e2e/misbehaving.la tests/e2e/probe.la
tests_e2e_probe_la_SOURCES = tests/e2e/probe.c
tests_e2e_probe_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_e2e_probe_la_LDFLAGS = $(PLUGIN_LINKFLAGS) -rpath $(abs_builddir)
tests_e2e_misbehaving_la_SOURCES = tests/e2e/misbehaving.c
tests_e2e_misbehaving_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_e2e_misbehaving_la_LDFLAGS = $(PLUGIN_LINKFLAGS) -rpath $(abs_builddir)
tests_e2e_misbehaving_la_LIBADD = -lpthread

# The packages that test_js.py and the expr benchmark install.
clean-local:
	-rm -rf js-client js-bench
