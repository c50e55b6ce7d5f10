if PLUGIN_LAMBDA
plugin_LTLIBRARIES += plugins/lambda/lambda.la
plugins_lambda_lambda_la_SOURCES = plugins/lambda/lambda.c plugins/lambda/lambda.h \
	plugins/lambda/command.c plugins/lambda/outcome.c plugins/lambda/target.c \
	$(common_text) $(common_docs) $(common_envelope)
plugins_lambda_lambda_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_lambda_lambda_la_LDFLAGS = $(PLUGIN_LINKFLAGS)
plugin_manuals += plugins/lambda/pawl-plugin-lambda.7

# Examples of functions, for the documentation folder.
examplescriptsdir = $(docdir)/examples/functions/functions
dist_examplescripts_DATA = scripts/functions/order_total.lua scripts/functions/check_site.lua
endif
