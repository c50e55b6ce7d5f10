/*
 * schema - the steps that make the schema pawl_notify (schema.sql).
 */
#include "notify.h"

#undef SQL_QUERIES /* that of queries.sql */
#include "schema_gen.h"

const char *const notify_schema[] = {
#define SQL(name, nparams, text) text,
	SQL_QUERIES(SQL)
#undef SQL
};
const size_t notify_nschema = sizeof(notify_schema) / sizeof(*notify_schema);
