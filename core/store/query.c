/*
 * query - the named queries of sql/queries, embedded at build time.
 */
#include "store/query.h"

const struct query_def query_table[QUERY_COUNT] = {
#define SQL(name, nparams, text) [QUERY_##name] = { #name, nparams, text },
	SQL_QUERIES(SQL)
#undef SQL
};
