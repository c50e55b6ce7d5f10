/*
 * dynamo_sql - the statements of queries.sql, and the steps that make the schema (schema.sql).
 */
#include "dynamo.h"

static const struct {
	const char *sql;
	size_t nparams;
} queries[] = {
#define SQL(name, nparams, text) { text, nparams },
	SQL_QUERIES(SQL)
#undef SQL
};

struct pawl_sql_statement
dynamo_statement(enum dynamo_query query, const char *const *params)
{
	return (struct pawl_sql_statement){ queries[query].sql, params, queries[query].nparams };
}

#undef SQL_QUERIES /* that of queries.sql */
#include "schema_gen.h"

const char *const dynamo_schema[] = {
#define SQL(name, nparams, text) text,
	SQL_QUERIES(SQL)
#undef SQL
};
const size_t dynamo_nschema = sizeof(dynamo_schema) / sizeof(*dynamo_schema);
