/*
 * sqlstate - SQLSTATE to the names that Retry and Catch know.
 */
#include <string.h>

#include "database.h"

/* The first that fits; two characters are a class. pawl-plugin-database(7) has the same table. */
static const struct {
	const char *state, *name;
} sqlstates[] = {
	{ "08", "ConnectionException" },
	{ "0A", "FeatureNotSupported" },
	{ "22P02", "InvalidTextRepresentation" },
	{ "22", "DataException" },
	{ "23502", "NotNullViolation" },
	{ "23503", "ForeignKeyViolation" },
	{ "23505", "UniqueViolation" },
	{ "23514", "CheckViolation" },
	{ "23P01", "ExclusionViolation" },
	{ "23", "IntegrityConstraintViolation" },
	{ "25006", "ReadOnlyTransaction" },
	{ "40001", "SerializationFailure" },
	{ "40P01", "DeadlockDetected" },
	{ "42501", "InsufficientPrivilege" },
	{ "42601", "SyntaxError" },
	{ "42703", "UndefinedColumn" },
	{ "42883", "UndefinedFunction" },
	{ "42P01", "UndefinedTable" },
	{ "42804", "DatatypeMismatch" },
	{ "42P08", "AmbiguousParameter" },
	{ "42P18", "IndeterminateDatatype" },
	{ "53", "InsufficientResources" },
	{ "55P03", "LockNotAvailable" },
	{ "57014", "QueryCanceled" },
	{ "57P01", "ConnectionException" },
	{ "57P02", "ConnectionException" },
	{ "57P03", "ConnectionException" },
	{ "P0001", "RaiseException" },
};

char *
sqlstate_error(const char *sqlstate)
{
	for (size_t i = 0; i < sizeof(sqlstates) / sizeof(*sqlstates); i++)
		if (strncmp(sqlstate, sqlstates[i].state, strlen(sqlstates[i].state)) == 0)
			return text_format("Database.%s", sqlstates[i].name);
	return *sqlstate != '\0' ? text_format("Database.SqlState.%s", sqlstate)
				 : text_format("Database.Error");
}
