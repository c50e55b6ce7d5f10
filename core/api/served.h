/*
 * served - requests that plugins answer: their routes and AWS services.
 */
#ifndef PAWL_API_SERVED_H
#define PAWL_API_SERVED_H

#include "api/call.h"
#include "task/plugin_serve.h"

/* Registers the routes of the plugins that are loaded. */
void served_routes(struct api *a);
void served_routes_fini(struct api *a);
/* GET /plugins: what is loaded. Signed like a call of the API where those are. */
void served_plugins(void *api, struct http_request *r);

/* What a service is asked for, once its signature was checked. */
struct served_action {
	const struct serve_endpoint *service;
	const char *name;
	bool query_protocol;
	const char *key_id; /* NULL = nobody signs here */
	const char *request_id;
};
/* Is this what an action is called? Other names are refused before a plugin sees them. */
bool served_is_action(const char *name);
void served_action(struct api *a, struct http_request *r, const struct served_action *action);

#endif
