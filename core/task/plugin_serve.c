/*
 * plugin_serve - what plugins answer on the API's port: routes and AWS services.
 *
 * A call is open until it is replied to, its client has gone or its plugin has stopped,
 * whatever comes first; its id is forgotten then, and what comes later is dropped.
 */
#include "task/plugin_serve.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "task/plugin_module.h"

#define ACTIONS_MAX 64 /* names of one service that have a counter of their own */

struct serve_endpoint {
	STAILQ_ENTRY(serve_endpoint) link;
	struct module *module;
	char *path;             /* a route; else NULL */
	char *target, *version; /* a service; NULL = does not speak that protocol */
	pawl_http_call_cb *cb;
	void *arg;
	/* Names come from outside: one counts by itself once it was answered well. */
	char *actions[ACTIONS_MAX];
	size_t nactions;
};

struct serve_call {
	TAILQ_ENTRY(serve_call) link;
	uint64_t id;
	struct serve_endpoint *endpoint;
	char *action; /* or NULL */
	serve_reply_cb *cb;
	void *arg;
	pawl_cb *gone;
	void *gone_arg;
};

struct plugin_serve {
	STAILQ_HEAD(, serve_endpoint) endpoints;
	struct idmap by_id;
	TAILQ_HEAD(serve_calls, serve_call) calls;
	uint64_t next_id;
};

/* --- who serves what -------------------------------------------------------------- */

/* What pawld itself answers at these paths is not a plugin's to take. */
static bool
is_own_path(const char *path)
{
	static const char *const own[] = { "/health", "/limits", "/metrics", "/nodes", "/plugins" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(path, own[i]) == 0)
			return true;
	return false;
}

static bool
is_path(const char *s)
{
	if (*s != '/')
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 0x7f || *s == '?' || *s == '#')
			return false;
	return true;
}

static bool
same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static int
add_endpoint(struct module *m, const struct serve_endpoint *made)
{
	struct serve_endpoint *ep = xmalloc(sizeof(*ep)), *other;
	const char *what = made->path != NULL ? made->path
	    : made->target != NULL            ? made->target
					      : made->version;

	if (m->ready) {
		log_error("plugin %s: \"%s\" can be served from its init only", m->def.name, what);
		free(ep);
		return -1;
	}
	STAILQ_FOREACH(other, &m->host->serve->endpoints, link) {
		if (!same_text(other->path, made->path) &&
		    !same_text(other->target, made->target) &&
		    !same_text(other->version, made->version))
			continue;
		log_error("plugin %s: \"%s\" is served by the plugin %s already", m->def.name, what,
		    other->module->def.name);
		free(ep);
		return -1;
	}
	*ep = *made;
	ep->module = m;
	ep->path = made->path != NULL ? xstrdup(made->path) : NULL;
	ep->target = made->target != NULL ? xstrdup(made->target) : NULL;
	ep->version = made->version != NULL ? xstrdup(made->version) : NULL;
	STAILQ_INSERT_TAIL(&m->host->serve->endpoints, ep, link);
	return 0;
}

static int
host_route(const struct pawl_host *h, const char *path, pawl_http_call_cb *cb, void *arg)
{
	struct module *m = module_from(h);
	/* add_endpoint copies the text */
	struct serve_endpoint made = { .path = (char *)(uintptr_t)path, .cb = cb, .arg = arg };

	if (is_path(path) && !is_own_path(path))
		return add_endpoint(m, &made);
	log_error("plugin %s: it cannot serve \"%s\", which is %s", m->def.name, path,
	    is_path(path) ? "pawld's own" : "no path");
	return -1;
}

static int
host_service(const struct pawl_host *h, const char *target, const char *version,
    pawl_http_call_cb *cb, void *arg)
{
	struct serve_endpoint made = { .target = (char *)(uintptr_t)target,
		.version = (char *)(uintptr_t)version,
		.cb = cb,
		.arg = arg };

	if (target == NULL && version == NULL) {
		log_error("plugin %s: a service needs a target or a version",
		    module_from(h)->def.name);
		return -1;
	}
	return add_endpoint(module_from(h), &made);
}

static void
endpoint_free(struct serve_endpoint *ep)
{
	for (size_t i = 0; i < ep->nactions; i++)
		free(ep->actions[i]);
	free(ep->path);
	free(ep->target);
	free(ep->version);
	free(ep);
}

void
plugin_serve_each_route(const struct plugin_host *h,
    void (*cb)(void *arg, const char *path, const struct serve_endpoint *ep), void *arg)
{
	const struct serve_endpoint *ep;

	STAILQ_FOREACH(ep, &h->serve->endpoints, link)
		if (ep->path != NULL)
			cb(arg, ep->path, ep);
}

const struct serve_endpoint *
plugin_serve_target(const struct plugin_host *h, const char *target, const char **action)
{
	const struct serve_endpoint *ep;

	STAILQ_FOREACH(ep, &h->serve->endpoints, link) {
		size_t len = ep->target != NULL ? strlen(ep->target) : 0;

		if (len > 0 && strncmp(target, ep->target, len) == 0 && target[len] == '.') {
			*action = target + len + 1;
			return ep;
		}
	}
	return NULL;
}

const struct serve_endpoint *
plugin_serve_version(const struct plugin_host *h, const char *version)
{
	const struct serve_endpoint *ep;

	STAILQ_FOREACH(ep, &h->serve->endpoints, link)
		if (same_text(ep->version, version))
			return ep;
	return NULL;
}

const char *
plugin_serve_service(const struct serve_endpoint *ep)
{
	static const struct {
		const char *target, *version, *service;
	} known[] = {
		{ "AmazonSQS", "2012-11-05", "sqs" },
		{ NULL, "2010-03-31", "sns" },
		{ "DynamoDB_20120810", NULL, "dynamodb" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (same_text(ep->target, known[i].target) ||
		    same_text(ep->version, known[i].version))
			return known[i].service;
	return ep->module->def.name;
}

/* --- calls -------------------------------------------------------------------------- */

/* well: it was answered with success, so there is an action of that name. */
static bool
knows_action(struct serve_endpoint *ep, const char *action, bool well)
{
	for (size_t i = 0; i < ep->nactions; i++)
		if (strcmp(ep->actions[i], action) == 0)
			return true;
	if (!well || ep->nactions == ACTIONS_MAX)
		return false;
	ep->actions[ep->nactions++] = xstrdup(action);
	return true;
}

static void
count_call(const struct serve_call *c, bool well)
{
	struct serve_endpoint *ep = c->endpoint;
	char *label;

	if (ep->path != NULL)
		label = xasprintf("plugin %s", ep->module->def.name);
	else
		label = xasprintf("%s.%s", ep->target != NULL ? ep->target : ep->module->def.name,
		    knows_action(ep, c->action, well) ? c->action : "other");
	stat_add_label(STAT_http_requests, label, 1);
	free(label);
}

static void
call_forget(struct plugin_serve *s, struct serve_call *c)
{
	idmap_take(&s->by_id, c->id);
	TAILQ_REMOVE(&s->calls, c, link);
}

static void
call_free(struct serve_call *c)
{
	free(c->action);
	free(c);
}

/* The caller is answered by nobody; the plugin hears it when it asked to, and still lives. */
static void
call_end(struct plugin_serve *s, struct serve_call *c, const struct serve_reply *reply,
    bool tell_plugin)
{
	count_call(c, false);
	call_forget(s, c);
	if (reply != NULL)
		c->cb(c->arg, reply);
	if (tell_plugin && c->gone != NULL) {
		struct plugin_visit v = plugin_enter(c->endpoint->module, "a client that went");

		c->gone(c->gone_arg);
		plugin_leave(&v);
	}
	call_free(c);
}

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* Header values that may be no UTF-8 are replaced by texts that are; those are kept in made. */
static struct pawl_http_header *
readable_headers(const struct pawl_http_call *c, struct buf *made)
{
	struct pawl_http_header *list = xcalloc(c->nheaders + 1, sizeof(*list));
	size_t *offsets = xcalloc(c->nheaders + 1, sizeof(*offsets));

	for (size_t i = 0; i < c->nheaders; i++) {
		const char *value = c->headers[i].value;

		list[i] = c->headers[i];
		if (is_ascii(value))
			continue;
		offsets[i] = made->len + 1;
		plugin_add_utf8(made, value, strlen(value));
		buf_addc(made, '\0');
	}
	for (size_t i = 0; i < c->nheaders; i++)
		if (offsets[i] > 0)
			list[i].value = made->data + offsets[i] - 1;
	free(offsets);
	return list;
}

void
plugin_serve_start(struct plugin_host *h, const struct serve_endpoint *ep,
    struct pawl_http_call *given, uint64_t *id, serve_reply_cb *cb, void *arg)
{
	struct plugin_serve *s = h->serve;
	struct serve_call *c = xcalloc(1, sizeof(*c));
	struct pawl_http_call call = *given;
	struct pawl_http_header *headers;
	struct plugin_visit v;
	struct buf made;

	c->id = ++s->next_id;
	c->endpoint = (struct serve_endpoint *)(uintptr_t)ep; /* ours; const for others */
	c->action = given->action != NULL ? xstrdup(given->action) : NULL;
	c->cb = cb;
	c->arg = arg;
	idmap_put(&s->by_id, c->id, c);
	TAILQ_INSERT_TAIL(&s->calls, c, link);
	*id = c->id;
	buf_init(&made, BUF_UNLIMITED);
	headers = readable_headers(given, &made);
	call.size = sizeof(call);
	call.id = c->id;
	call.headers = headers;
	v = plugin_enter(ep->module, ep->path != NULL ? "a route" : "a service");
	ep->cb(ep->arg, &call); /* may end c */
	plugin_leave(&v);
	free(headers);
	buf_fini(&made);
}

void
plugin_serve_gone(struct plugin_host *h, uint64_t id)
{
	struct serve_call *c = idmap_get(&h->serve->by_id, id);

	if (c != NULL)
		call_end(h->serve, c, NULL, true);
}

void
plugin_serve_end_calls(struct plugin_host *h)
{
	static const struct serve_reply unavailable = { .result = SERVE_UNAVAILABLE };
	struct serve_call *c;

	while ((c = TAILQ_FIRST(&h->serve->calls)) != NULL)
		call_end(h->serve, c, &unavailable, true);
}

unsigned
plugin_serve_open_calls(const struct plugin_host *h)
{
	return (unsigned)h->serve->by_id.n;
}

/* --- replies ------------------------------------------------------------------------ */

/* What the server writes itself, or what would make two answers of one. */
static bool
is_own_header(const char *line, size_t name_len)
{
	static const char *const own[] = { "connection", "content-length", "content-type", "date",
		"transfer-encoding" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strlen(own[i]) == name_len && strncasecmp(line, own[i], name_len) == 0)
			return true;
	return false;
}

static bool
is_header_line(const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	size_t name_len = colon != NULL ? (size_t)(colon - line) : 0;

	if (name_len == 0 || is_own_header(line, name_len))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if (i < name_len ? !isalnum(c) && strchr("!#$%&'*+-.^_`|~", c) == NULL
				 : (c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Does the text consist of header lines, each with its CRLF? */
static bool
are_header_lines(const char *s)
{
	while (*s != '\0') {
		const char *end = strstr(s, "\r\n");

		if (end == NULL || !is_header_line(s, (size_t)(end - s)))
			return false;
		s = end + 2;
	}
	return true;
}

static const char *
reply_problem(const struct serve_reply *r)
{
	if (r->status < 200 || r->status > 599)
		return "its status is not between 200 and 599";
	if (r->content_type != NULL && strpbrk(r->content_type, "\r\n") != NULL)
		return "its content type holds a line end";
	if (!are_header_lines(r->headers))
		return "its headers are not lines NAME: VALUE that end with CRLF, or name one that pawld writes "
		       "itself";
	return NULL;
}

static bool
host_reply(const struct pawl_host *h, uint64_t id, int status, const char *content_type,
    const char *headers, const void *body, size_t len)
{
	struct module *m = module_from(h);
	struct plugin_serve *s = m->host->serve;
	struct serve_call *c = idmap_get(&s->by_id, id);
	struct serve_reply reply = { SERVE_REPLIED, status, content_type,
		headers != NULL ? headers : "", body, len };
	const char *problem;

	if (c == NULL || c->endpoint->module != m) {
		stat_add_label(STAT_plugin_replies_dropped, m->def.name, 1);
		log_info(
		    "plugin %s: a reply to call %llu, which is answered or has gone, is dropped",
		    m->def.name, (unsigned long long)id);
		return false;
	}
	if ((problem = reply_problem(&reply)) != NULL) {
		log_error("plugin %s: a reply cannot be sent: %s", m->def.name, problem);
		reply = (struct serve_reply){ .result = SERVE_BROKEN };
		call_end(s, c, &reply, false);
		return false;
	}
	count_call(c, status < 400);
	call_forget(s, c);
	c->cb(c->arg, &reply);
	call_free(c);
	return true;
}

static void
host_call_gone(const struct pawl_host *h, uint64_t id, pawl_cb *cb, void *arg)
{
	struct module *m = module_from(h);
	struct serve_call *c = idmap_get(&m->host->serve->by_id, id);

	if (c == NULL || c->endpoint->module != m) {
		h->defer(h, cb, arg);
		return;
	}
	c->gone = cb;
	c->gone_arg = arg;
}

/* --- for people ---------------------------------------------------------------------- */

void
plugin_serve_describe_routes(const struct module *m, struct doc_builder *b)
{
	const struct serve_endpoint *ep;

	STAILQ_FOREACH(ep, &m->host->serve->endpoints, link)
		if (ep->module == m && ep->path != NULL)
			docb_string(b, ep->path, strlen(ep->path));
}

static void
describe_protocol(struct doc_builder *b, const char *key, const char *value)
{
	if (value == NULL)
		return;
	docb_key(b, key, strlen(key));
	docb_string(b, value, strlen(value));
}

void
plugin_serve_describe_services(const struct module *m, struct doc_builder *b)
{
	const struct serve_endpoint *ep;

	STAILQ_FOREACH(ep, &m->host->serve->endpoints, link) {
		if (ep->module != m || ep->path != NULL)
			continue;
		docb_object(b);
		describe_protocol(b, "target", ep->target);
		describe_protocol(b, "version", ep->version);
		docb_end(b);
	}
}

/* --- life --------------------------------------------------------------------------- */

struct plugin_serve *
plugin_serve_new(void)
{
	struct plugin_serve *s = xcalloc(1, sizeof(*s));

	STAILQ_INIT(&s->endpoints);
	TAILQ_INIT(&s->calls);
	return s;
}

void
plugin_serve_free(struct plugin_serve *s)
{
	idmap_fini(&s->by_id);
	free(s);
}

void
plugin_serve_close(struct module *m)
{
	static const struct serve_reply unavailable = { .result = SERVE_UNAVAILABLE };
	struct plugin_serve *s = m->host->serve;
	struct serve_call *c, *next_call;
	struct serve_endpoint *ep, *next;

	for (c = TAILQ_FIRST(&s->calls); c != NULL; c = next_call) {
		next_call = TAILQ_NEXT(c, link);
		if (c->endpoint->module == m)
			call_end(s, c, &unavailable, false);
	}
	for (ep = STAILQ_FIRST(&s->endpoints); ep != NULL; ep = next) {
		next = STAILQ_NEXT(ep, link);
		if (ep->module != m)
			continue;
		STAILQ_REMOVE(&s->endpoints, ep, serve_endpoint, link);
		endpoint_free(ep);
	}
}

void
plugin_serve_table(struct pawl_host *t)
{
	t->route = host_route;
	t->service = host_service;
	t->reply = host_reply;
	t->call_gone = host_call_gone;
}
