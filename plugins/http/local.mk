if PLUGIN_HTTP
plugin_LTLIBRARIES += plugins/http/http.la
plugins_http_http_la_SOURCES = plugins/http/http.c plugins/http/http.h \
	plugins/http/connection.c plugins/http/form.c plugins/http/gateway.c plugins/http/request.c plugins/http/secrets.c \
	$(common_text) $(common_docs) $(common_envelope)
plugins_http_http_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_http_http_la_LDFLAGS = $(PLUGIN_LINKFLAGS)
plugin_manuals += plugins/http/pawl-plugin-http.7
endif
