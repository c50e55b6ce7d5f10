/*
 * setting - what the SQL functions for applications have to know of this pawld.
 */
#include "store/setting.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/pg.h"

static bool
ask(PGconn *conn, enum query q, int n, const char *const *params, bool *yes)
{
	PGresult *r = PQexecParams(conn, query_table[q].text, n, NULL, params, NULL, NULL, 0);
	ExecStatusType status = PQresultStatus(r);

	if (yes != NULL)
		*yes = status == PGRES_TUPLES_OK && PQgetvalue(r, 0, 0)[0] == 't';
	PQclear(r);
	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

static bool
publish(PGconn *conn, const struct setting *list, size_t n)
{
	bool admitted;

	for (size_t i = 0; i < n; i++) {
		const char *params[] = { list[i].name, list[i].value };

		if (!ask(conn, QUERY_setting_put, 2, params, NULL))
			return false;
	}
	if (!ask(conn, QUERY_client_admit, 0, NULL, &admitted))
		return false;
	if (!admitted)
		log_info(
		    "the role pawl_client, which may call pawl's SQL functions, does not exist "
		    "and may not be made by us; CREATE ROLE pawl_client NOLOGIN as "
		    "administrator and start pawld again, if you want it");
	return true;
}

int
setting_publish(const char *conninfo, const struct setting *list, size_t n, struct err *e)
{
	PGconn *conn = pg_connect_now(conninfo);
	int rc = 0;

	if (PQstatus(conn) != CONNECTION_OK || !publish(conn, list, n))
		rc = err_set(e, "pawl.Start", "cannot prepare the SQL functions: %s",
		    PQerrorMessage(conn));
	PQfinish(conn);
	return rc;
}

int
setting_connections(const char *conninfo, int *out, struct err *e)
{
	PGconn *conn = PQconnectdb(conninfo);
	PGresult *r = NULL;
	int rc = 0;

	if (PQstatus(conn) == CONNECTION_OK)
		r = PQexec(conn, query_table[QUERY_server_connections].text);
	if (PQresultStatus(r) == PGRES_TUPLES_OK)
		*out = (int)strtol(PQgetvalue(r, 0, 0), NULL, 10);
	else
		rc = err_set(e, "pawl.Start", "cannot ask for the server's connections: %s",
		    PQerrorMessage(conn));
	PQclear(r);
	PQfinish(conn);
	return rc;
}
