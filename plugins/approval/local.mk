if PLUGIN_APPROVAL
plugin_LTLIBRARIES += plugins/approval/approval.la
plugins_approval_approval_la_SOURCES = plugins/approval/approval.c plugins/approval/approval.h \
	plugins/approval/api.c plugins/approval/form.c plugins/approval/form.h \
	plugins/approval/link.c plugins/approval/link.h plugins/approval/notice.c \
	plugins/approval/page.c plugins/approval/schema.c plugins/approval/task.c \
	plugins/approval/visit.c $(common_text) $(common_docs) $(common_sweep)
nodist_plugins_approval_approval_la_SOURCES = plugins/approval/queries_gen.h plugins/approval/schema_gen.h
plugins_approval_approval_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -I$(top_builddir)/plugins/approval $(LIBCRYPTO_CFLAGS)
plugins_approval_approval_la_LDFLAGS = $(PLUGIN_LINKFLAGS)
plugins_approval_approval_la_LIBADD = $(LIBCRYPTO_LIBS)
plugin_manuals += plugins/approval/pawl-plugin-approval.7

plugin_generated += plugins/approval/queries_gen.h plugins/approval/schema_gen.h
endif
EXTRA_DIST += plugins/approval/queries.sql plugins/approval/schema.sql
