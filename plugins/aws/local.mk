if PLUGIN_AWS
plugin_LTLIBRARIES += plugins/aws/aws.la
plugins_aws_aws_la_SOURCES = plugins/aws/aws.c plugins/aws/aws.h plugins/aws/arguments.c plugins/aws/call.c \
	plugins/aws/codec.c plugins/aws/codec.h plugins/aws/endpoint.c plugins/aws/error.c \
	plugins/aws/job.c plugins/aws/model.c plugins/aws/model.h plugins/aws/model_data.c plugins/aws/optimized.c \
	plugins/aws/protocol_json.c plugins/aws/protocol_query.c plugins/aws/protocol_rest.c \
	plugins/aws/protocol_xml.c plugins/aws/role.c plugins/aws/scalar.c plugins/aws/sign.c plugins/aws/target.c plugins/aws/task.c \
	plugins/aws/wire.c plugins/aws/wire.h plugins/aws/wrapper.c plugins/aws/xml.c plugins/aws/xml.h \
	$(common_text) $(common_docs) $(common_envelope)
plugins_aws_aws_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(EXPAT_CFLAGS) $(LIBCRYPTO_CFLAGS) \
	-DAWS_SERVICES_FILE='"$(abs_top_srcdir)/plugins/aws/services.txt"'
plugins_aws_aws_la_LDFLAGS = $(PLUGIN_LINKFLAGS)
plugins_aws_aws_la_LIBADD = $(EXPAT_LIBS) $(LIBCRYPTO_LIBS)
plugin_manuals += plugins/aws/pawl-plugin-aws.7

# model_data.c has the file as bytes
plugins/aws/aws_la-model_data.lo: plugins/aws/services.txt
plugins/aws/test_aws_plugin-model_data.$(OBJEXT): plugins/aws/services.txt
endif
EXTRA_DIST += plugins/aws/services.txt scripts/awsgen
