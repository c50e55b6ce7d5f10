/*
 * schema - the steps that make the schema pawl_queue (schema.sql).
 */
#include "queue.h"

#undef SQL_QUERIES /* that of queries.sql */
#include "schema_gen.h"

const char *const queue_schema[] = {
#define SQL(name, nparams, text) text,
	SQL_QUERIES(SQL)
#undef SQL
};
const size_t queue_nschema = sizeof(queue_schema) / sizeof(*queue_schema);
