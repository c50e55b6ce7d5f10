# values and expressions of DynamoDB, which see documents and nothing else
dynamodb_expressions = plugins/database/condition.c plugins/database/decimal.c \
	plugins/database/decimal.h plugins/database/expression.c plugins/database/expression.h \
	plugins/database/projection.c plugins/database/update.c plugins/database/value.c \
	plugins/database/value.h

if PLUGIN_DATABASE
plugin_LTLIBRARIES += plugins/database/database.la
plugins_database_database_la_SOURCES = plugins/database/database.c plugins/database/database.h \
	plugins/database/place.c plugins/database/result.c plugins/database/sqlarray.c \
	plugins/database/sqlstate.c plugins/database/sqltask.c plugins/database/statement.c \
	plugins/database/dynamo.c plugins/database/dynamo.h plugins/database/dynamo_sql.c \
	plugins/database/item.c plugins/database/query.c plugins/database/several.c \
	plugins/database/table.c $(dynamodb_expressions) \
	$(common_text) $(common_docs) $(common_envelope) $(common_awswire)
nodist_plugins_database_database_la_SOURCES = plugins/database/queries_gen.h \
	plugins/database/schema_gen.h
plugins_database_database_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -I$(top_builddir)/plugins/database
plugins_database_database_la_LDFLAGS = $(PLUGIN_LINKFLAGS)
plugin_manuals += plugins/database/pawl-plugin-database.7

plugin_generated += plugins/database/queries_gen.h plugins/database/schema_gen.h
endif
EXTRA_DIST += plugins/database/queries.sql plugins/database/schema.sql
