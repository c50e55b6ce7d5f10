/*
 * setting - what the SQL functions for applications have to know of this pawld.
 */
#ifndef PAWL_STORE_SETTING_H
#define PAWL_STORE_SETTING_H

#include "base/err.h"

struct setting {
	const char *name, *value;
};

/*
 * Writes them into pawl.setting and gives the role pawl_client its rights, making the role when we may.
 * Blocking: for the start, after store_migrate. 0, or -1 and e.
 */
int setting_publish(const char *conninfo, const struct setting *list, size_t n, struct err *e);

/* How many connections the server has for us, as it is configured. -1 and e. */
int setting_connections(const char *conninfo, int *out, struct err *e);

#endif
