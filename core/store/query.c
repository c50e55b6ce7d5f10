/*
 * query - the named queries of sql/queries, embedded at build time.
 */
#include "store/query.h"

#include <stddef.h>

#include "store/citus_gen.h"

const struct query_def query_table[QUERY_COUNT] = {
#define SQL(name, nparams, text) [QUERY_##name] = { #name, nparams, text },
	SQL_QUERIES(SQL)
#undef SQL
};

/* Those that are others when the tables are distributed. */
static const struct query_def distributed[QUERY_COUNT] = {
#define SQL(name, nparams, text) [QUERY_##name] = { #name, nparams, text },
	SQL_CITUS(SQL)
#undef SQL
};
static bool tables_are_distributed;

void
query_set_distributed(bool are)
{
	tables_are_distributed = are;
}

const char *
query_text(enum query q)
{
	if (tables_are_distributed && distributed[q].text != NULL)
		return distributed[q].text;
	return query_table[q].text;
}
