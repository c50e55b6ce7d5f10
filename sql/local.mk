# sql - queries and migrations, embedded into the program at build time.
#
# core/store/queries_gen.h: SQL_QUERIES(SQL) with SQL(name, nparams, "text") per query,
# core/store/citus_gen.h:   SQL_CITUS(SQL), the same for those of sql/citus/queries.sql,
# core/store/schema_gen.h:  SQL_SCHEMA(SQL) with SQL(number, "0001_name", "text") per migration.

SQLGEN = $(srcdir)/scripts/sqlgen
sql_queries = $(sort $(wildcard $(srcdir)/sql/queries/*.sql))
sql_schema = $(sort $(wildcard $(srcdir)/sql/schema/*.sql))

core/store/queries_gen.h: $(srcdir)/sql/queries $(sql_queries) $(SQLGEN)
	@$(MKDIR_P) core/store
	$(AM_V_GEN)$(SQLGEN) queries $(sql_queries) >$@.tmp && mv $@.tmp $@

core/store/citus_gen.h: $(srcdir)/sql/citus/queries.sql $(SQLGEN)
	@$(MKDIR_P) core/store
	$(AM_V_GEN)$(SQLGEN) citus $(srcdir)/sql/citus/queries.sql >$@.tmp && mv $@.tmp $@

core/store/schema_gen.h: $(srcdir)/sql/schema $(sql_schema) $(SQLGEN)
	@$(MKDIR_P) core/store
	$(AM_V_GEN)$(SQLGEN) schema $(sql_schema) >$@.tmp && mv $@.tmp $@

BUILT_SOURCES += core/store/queries_gen.h core/store/citus_gen.h core/store/schema_gen.h
CLEANFILES += core/store/queries_gen.h core/store/citus_gen.h core/store/schema_gen.h
EXTRA_DIST += sql/queries sql/schema sql/citus scripts/sqlgen

# For who distributes the tables (docs/scaling.md).
citusdir = $(pkgdatadir)/citus
dist_citus_DATA = sql/citus/distribute.sql
