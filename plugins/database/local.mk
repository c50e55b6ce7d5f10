if PLUGIN_DATABASE
plugin_LTLIBRARIES += plugins/database/database.la
plugins_database_database_la_SOURCES = plugins/database/database.c plugins/database/database.h \
	plugins/database/place.c plugins/database/result.c plugins/database/sqlarray.c \
	plugins/database/sqlstate.c plugins/database/sqltask.c plugins/database/statement.c \
	$(common_text) $(common_docs) $(common_envelope)
plugins_database_database_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_database_database_la_LDFLAGS = $(PLUGIN_LINKFLAGS)
plugin_manuals += plugins/database/pawl-plugin-database.7
endif
