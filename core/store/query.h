/*
 * query - the named queries of sql/queries, embedded at build time.
 */
#ifndef PAWL_STORE_QUERY_H
#define PAWL_STORE_QUERY_H

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

#endif
