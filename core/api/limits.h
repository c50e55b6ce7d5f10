/*
 * limits - what the API tells of the limits of tasks and executions.
 */
#ifndef PAWL_API_LIMITS_H
#define PAWL_API_LIMITS_H

#include "api/call.h"
#include "asl/diagnostic.h"

/* GET /limits, as JSON: those of tasks, of this node, and those of executions. */
void limits_show(void *api, struct http_request *r);
/* The names that a definition may use, for d; limits_known_fini when it was compiled. */
void limits_known(const struct api *a, struct diagnostics *d);
void limits_known_fini(struct diagnostics *d);

#endif
