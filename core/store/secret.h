/*
 * secret - the cluster's secret: made with the schema, the same on every node.
 */
#ifndef PAWL_STORE_SECRET_H
#define PAWL_STORE_SECRET_H

#include "base/err.h"

/*
 * The key that signs task tokens and page tokens; yours. Blocking, for the start of
 * the process, after store_migrate. NULL and e when it cannot be read.
 */
char *secret_token(const char *conninfo, struct err *e);

#endif
