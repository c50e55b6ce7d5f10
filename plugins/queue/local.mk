if PLUGIN_QUEUE
plugin_LTLIBRARIES += plugins/queue/queue.la
plugins_queue_queue_la_SOURCES = plugins/queue/queue.c plugins/queue/queue.h \
	plugins/queue/admin.c plugins/queue/attributes.c plugins/queue/consume.c \
	plugins/queue/line.c plugins/queue/message.c plugins/queue/receive.c \
	plugins/queue/request.c plugins/queue/schema.c plugins/queue/send.c plugins/queue/task.c \
	$(common_text) $(common_docs) $(common_sweep) $(common_envelope) $(common_awswire)
nodist_plugins_queue_queue_la_SOURCES = plugins/queue/queries_gen.h plugins/queue/schema_gen.h
plugins_queue_queue_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -I$(top_builddir)/plugins/queue $(LIBCRYPTO_CFLAGS)
plugins_queue_queue_la_LDFLAGS = $(PLUGIN_LINKFLAGS)
plugins_queue_queue_la_LIBADD = $(LIBCRYPTO_LIBS)
plugin_manuals += plugins/queue/pawl-plugin-queue.7

plugin_generated += plugins/queue/queries_gen.h plugins/queue/schema_gen.h
endif
EXTRA_DIST += plugins/queue/queries.sql plugins/queue/schema.sql
