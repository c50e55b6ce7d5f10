/*
 * query - the named queries of sql/queries, embedded at build time.
 */
#ifndef PAWL_STORE_QUERY_H
#define PAWL_STORE_QUERY_H

#include <stdbool.h>

#include "store/queries_gen.h"

enum query {
#define SQL(name, nparams, text) QUERY_##name,
	SQL_QUERIES(SQL)
#undef SQL
	    QUERY_COUNT
};

struct query_def {
	const char *name;
	int nparams;
	const char *text;
};
extern const struct query_def query_table[QUERY_COUNT];

/* The database's tables are distributed by sql/citus; said once, before the first connection of the store. */
void query_set_distributed(bool distributed);
/* What is sent for a query, by those who ask about executions: its text, or the one that sql/citus has in its place. */
const char *query_text(enum query q);

#endif
