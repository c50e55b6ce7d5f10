/*
 * schema - the steps that make the schema pawl_approval (schema.sql).
 */
#include "approval.h"

#undef SQL_QUERIES /* that of queries.sql */
#include "schema_gen.h"

const char *const approval_schema[] = {
#define SQL(name, nparams, text) text,
	SQL_QUERIES(SQL)
#undef SQL
};
const size_t approval_nschema = sizeof(approval_schema) / sizeof(*approval_schema);
