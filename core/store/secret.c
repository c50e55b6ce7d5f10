/*
 * secret - the cluster's secret: made with the schema, the same on every node.
 */
#include "store/secret.h"

#include <libpq-fe.h>

#include "base/xalloc.h"
#include "store/pg.h"

char *
secret_token(const char *conninfo, struct err *e)
{
	const char *params[] = { "token" };
	PGconn *conn = pg_connect_now(conninfo);
	PGresult *res = NULL;
	char *secret = NULL;

	if (PQstatus(conn) == CONNECTION_OK)
		res = PQexecParams(conn, query_table[QUERY_secret_get].text, 1, NULL, params, NULL,
		    NULL, 0);
	if (res != NULL && PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1)
		secret = xstrdup(PQgetvalue(res, 0, 0));
	else
		err_set(e, "pawl.Start", "cannot read the cluster's secret: %s",
		    PQerrorMessage(conn));
	PQclear(res);
	PQfinish(conn);
	return secret;
}
