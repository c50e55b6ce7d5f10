if PLUGIN_LAMBDA
plugin_LTLIBRARIES += plugins/lambda/lambda.la
plugins_lambda_lambda_la_SOURCES = plugins/lambda/lambda.c plugins/lambda/lambda.h \
	plugins/lambda/outcome.c plugins/lambda/target.c
plugins_lambda_lambda_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_lambda_lambda_la_LDFLAGS = $(PLUGIN_LINKFLAGS)
endif
