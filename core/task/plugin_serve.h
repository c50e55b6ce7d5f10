/*
 * plugin_serve - what plugins answer on the API's port: routes and AWS services.
 *
 * The host keeps who serves what and which calls are open; core/api finds the endpoint of a
 * request, hands the request over and writes what comes back:
 *
 *	ep = plugin_serve_service(h, "AmazonSQS.SendMessage", &action);
 *	plugin_serve_start(h, ep, &call, &s->id, replied, s);
 *	... replied(s, &reply), at once or much later ...
 *	plugin_serve_gone(h, s->id);	(when the client has gone instead)
 */
#ifndef PAWL_TASK_PLUGIN_SERVE_H
#define PAWL_TASK_PLUGIN_SERVE_H

#include "task/plugin.h"
#include "task/plugin_host.h"

struct serve_endpoint; /* a route or a service of one plugin */

enum serve_result {
	SERVE_REPLIED,
	SERVE_UNAVAILABLE, /* pawld or the plugin stops: nobody answers it */
	SERVE_BROKEN       /* the plugin's reply makes no HTTP */
};

struct serve_reply {
	enum serve_result result;
	/* REPLIED */
	int status;
	const char *content_type; /* NULL = none */
	const char *headers;      /* lines that end with CRLF, "" = none */
	const void *body;
	size_t len;
};
/* r is borrowed. Comes once for each call that did not go; also inside plugin_serve_start. */
typedef void serve_reply_cb(void *arg, const struct serve_reply *r);

/* cb for each path that plugins serve; see route in plugin.h. */
void plugin_serve_each_route(const struct plugin_host *h,
    void (*cb)(void *arg, const char *path, const struct serve_endpoint *ep), void *arg);
/* Whose prefix of X-Amz-Target this begins with, or NULL; *action is what stands behind it. */
const struct serve_endpoint *plugin_serve_target(const struct plugin_host *h, const char *target,
    const char **action);
/* Whose version of the query protocol this is, or NULL. */
const struct serve_endpoint *plugin_serve_version(const struct plugin_host *h, const char *version);
/* The service in the words of IAM ("sqs"), whatever protocol it is called in; one that AWS has not: its plugin's name. */
const char *plugin_serve_service(const struct serve_endpoint *ep);

/*
 * Hands a request to its plugin. c is borrowed, its .id is set here. *id is set before the plugin
 * is called.
 */
void plugin_serve_start(struct plugin_host *h, const struct serve_endpoint *ep,
    struct pawl_http_call *c, uint64_t *id, serve_reply_cb *cb, void *arg);
/* Its client has gone: no reply is wanted. Unknown ids are fine. */
void plugin_serve_gone(struct plugin_host *h, uint64_t id);
/* Answers all open calls with SERVE_UNAVAILABLE; for their plugins it is as if the client had gone. */
void plugin_serve_end_calls(struct plugin_host *h);
unsigned plugin_serve_open_calls(const struct plugin_host *h);

#endif
