if PLUGIN_NOTIFY
plugin_LTLIBRARIES += plugins/notify/notify.la
plugins_notify_notify_la_SOURCES = plugins/notify/notify.c plugins/notify/notify.h \
	plugins/notify/deliver.c plugins/notify/endpoint.c plugins/notify/filter.c \
	plugins/notify/hint.c plugins/notify/letter.c plugins/notify/message.c \
	plugins/notify/names.c plugins/notify/page.c plugins/notify/publish.c \
	plugins/notify/request.c plugins/notify/schema.c plugins/notify/subscription.c \
	plugins/notify/task.c plugins/notify/topic.c plugins/notify/wait.c plugins/notify/webhook.c \
	$(common_text) $(common_docs) $(common_sweep) $(common_envelope) $(common_awswire)
nodist_plugins_notify_notify_la_SOURCES = plugins/notify/queries_gen.h plugins/notify/schema_gen.h
plugins_notify_notify_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -I$(top_builddir)/plugins/notify $(LIBCRYPTO_CFLAGS)
plugins_notify_notify_la_LDFLAGS = $(PLUGIN_LINKFLAGS)
plugins_notify_notify_la_LIBADD = $(LIBCRYPTO_LIBS)
plugin_manuals += plugins/notify/pawl-plugin-notify.7

plugin_generated += plugins/notify/queries_gen.h plugins/notify/schema_gen.h
endif
EXTRA_DIST += plugins/notify/queries.sql plugins/notify/schema.sql
