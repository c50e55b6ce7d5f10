/*
 * served - requests that plugins answer: their routes and AWS services.
 *
 * A reply may come inside the plugin's callback, whose texts are those of the request:
 * it is kept then and sent when the callback has returned.
 */
#include "api/served.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/act.h"
#include "base/clock.h"
#include "base/xalloc.h"

#define SERVED_MAGIC 0x53455256u /* "SERV" */
#define ACTION_MAX 128

struct served {
	unsigned magic;
	struct api *api;
	struct http_request *request;
	uint64_t id; /* of the host's call */
	char request_id[UUID_TEXT_SIZE];
	bool is_service, query_protocol;
	bool inside, answered;
	/* the reply, beside the body that is in the request already */
	enum serve_result result;
	int status;
	char *content_type; /* NULL = none */
	char *headers;
};

struct served_route {
	struct api *api;
	const struct serve_endpoint *endpoint;
	STAILQ_ENTRY(served_route) link;
};

static void
served_free(struct served *s)
{
	s->magic = 0;
	free(s->content_type);
	free(s->headers);
	free(s);
}

/* --- replies ------------------------------------------------------------------------ */

static void
send_error(struct served *s, const char *name, const char *message)
{
	struct http_request *r = s->request;
	struct err e = ERR_INIT;

	err_set(&e, name, "%s", message);
	if (s->is_service && s->query_protocol) {
		query_error(r, s->request_id, "", &e);
	} else if (s->is_service) {
		reply_error(r, s->request_id, &e, NULL);
	} else {
		buf_addf(&r->reply, "%s\n", message);
		http_reply(r, s->result == SERVE_UNAVAILABLE ? 503 : 500,
		    "text/plain; charset=utf-8", "Cache-Control: no-store\r\n");
	}
	err_fini(&e);
}

static void
served_send(struct served *s)
{
	switch (s->result) {
	case SERVE_REPLIED:
		http_reply(s->request, s->status, s->content_type, s->headers);
		break;
	case SERVE_UNAVAILABLE:
		send_error(s, "ServiceUnavailable", "This server is stopping. Try again.");
		break;
	case SERVE_BROKEN:
		send_error(s, "InternalFailure",
		    "The request could not be processed; the log of pawld says why.");
		break;
	}
	served_free(s);
}

static void
served_replied(void *arg, const struct serve_reply *reply)
{
	struct served *s = arg;

	assert(s->magic == SERVED_MAGIC && !s->answered);
	s->answered = true;
	s->result = reply->result;
	s->status = reply->status;
	if (reply->result == SERVE_REPLIED) {
		s->content_type = reply->content_type != NULL ? xstrdup(reply->content_type) : NULL;
		s->headers = xstrdup(reply->headers);
		buf_add(&s->request->reply, reply->body, reply->len);
	}
	if (!s->inside)
		served_send(s);
}

static void
served_gone(void *arg)
{
	struct served *s = arg;

	assert(s->magic == SERVED_MAGIC);
	plugin_serve_gone(s->api->plugins, s->id);
	served_free(s);
}

/* --- requests ------------------------------------------------------------------------ */

static void
served_begin(struct served *s, const struct serve_endpoint *ep, struct pawl_http_call *call)
{
	struct http_request *r = s->request;
	struct pawl_http_header headers[HTTP_HEADERS_MAX];
	char address[HTTP_PEER_SIZE];

	for (size_t i = 0; i < r->nheaders; i++)
		headers[i] = (struct pawl_http_header){ r->headers[i].name, r->headers[i].value };
	call->method = r->method;
	call->path = r->path;
	call->query = r->query;
	call->headers = headers;
	call->nheaders = r->nheaders;
	call->body = r->body;
	call->body_len = r->body_len;
	call->query_protocol = s->query_protocol;
	call->address = http_peer(r, address);
	r->gone = served_gone;
	r->gone_arg = s;
	s->inside = true;
	plugin_serve_start(s->api->plugins, ep, call, &s->id, served_replied, s);
	s->inside = false;
	if (s->answered)
		served_send(s);
}

static struct served *
served_new(struct api *a, struct http_request *r)
{
	struct served *s = xcalloc(1, sizeof(*s));

	s->magic = SERVED_MAGIC;
	s->api = a;
	s->request = r;
	return s;
}

static void
route_called(void *arg, struct http_request *r)
{
	const struct served_route *route = arg;
	struct pawl_http_call call = { 0 };

	served_begin(served_new(route->api, r), route->endpoint, &call);
}

static void
add_route(void *arg, const char *path, const struct serve_endpoint *ep)
{
	struct api *a = arg;
	struct served_route *route = xcalloc(1, sizeof(*route));

	route->api = a;
	route->endpoint = ep;
	STAILQ_INSERT_TAIL(&a->routes, route, link);
	/* the API itself is called with POST of "/" */
	http_route(a->http, strcmp(path, "/") == 0 ? HTTP_READS : HTTP_ALL, path, route_called,
	    route);
}

void
served_routes(struct api *a)
{
	plugin_serve_each_route(a->plugins, add_route, a);
}

void
served_routes_fini(struct api *a)
{
	struct served_route *route;

	while ((route = STAILQ_FIRST(&a->routes)) != NULL) {
		STAILQ_REMOVE_HEAD(&a->routes, link);
		free(route);
	}
}

void
served_plugins(void *api, struct http_request *r)
{
	struct api *a = api;

	if (call_refuse_unsigned(a, r))
		return;
	plugin_host_describe(a->plugins, &r->reply);
	http_reply(r, 200, "application/json", "Cache-Control: no-store\r\n");
}

bool
served_is_action(const char *name)
{
	size_t n = 0;

	while (isalnum((unsigned char)name[n]) && (unsigned char)name[n] < 0x80)
		n++;
	return n > 0 && n <= ACTION_MAX && name[n] == '\0';
}

void
served_action(struct api *a, struct http_request *r, const struct served_action *action)
{
	struct served *s = served_new(a, r);
	struct pawl_http_call call = { .action = action->name,
		.access_key_id = action->key_id,
		.request_id = s->request_id };

	s->is_service = true;
	s->query_protocol = action->query_protocol;
	memcpy(s->request_id, action->request_id, sizeof(s->request_id));
	served_begin(s, action->service, &call);
}
