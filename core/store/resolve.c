/*
 * resolve - finds the addresses of the hosts in a connection string without stopping the loop.
 */
#include "store/resolve.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"

#define RESOLVE_LOOK_MS 5
#define RESOLVE_ADDRESSES_MAX 16 /* of one host */

/* One host of the list. A host that is a socket's folder or an address has nothing to look up. */
struct target {
	char *host, *port;
	struct addrinfo hints;
	struct gaicb gai;
	bool asked;
};

struct resolve {
	struct loop_timer timer;
	resolve_cb *cb;
	void *arg;
	struct target *targets;
	size_t n;
};

static bool
needs_lookup(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return *host != '\0' && *host != '/' && *host != '@' &&
	    inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1 &&
	    strchr(host, '%') == NULL;
}

/* A setting of the string, else of the environment, yours; "" when there is none. */
static char *
setting(const PQconninfoOption *options, const char *keyword, const char *variable)
{
	const char *from_environment = getenv(variable);

	for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, keyword) == 0 && o->val != NULL)
			return xstrdup(o->val);
	return xstrdup(from_environment != NULL ? from_environment : "");
}

/* Cuts the element off the front of a list; the last one leaves *list NULL. */
static const char *
next_element(char **list)
{
	char *element = *list, *comma = element != NULL ? strchr(element, ',') : NULL;

	if (comma != NULL)
		*comma = '\0';
	*list = comma != NULL ? comma + 1 : NULL;
	return element != NULL ? element : "";
}

/* "a,b,c" by 1 is "b,c,a"; yours. */
static char *
turned(const char *list, unsigned by)
{
	const char *at = list;
	unsigned n = 1;

	for (const char *s = list; *s != '\0'; s++)
		n += *s == ',';
	for (by %= n; by > 0; by--)
		at = strchr(at, ',') + 1;
	return at == list ? xstrdup(list) : xasprintf("%s,%.*s", at, (int)(at - list - 1), list);
}

char *
resolve_turned(const char *conninfo, const char *keyword, const char *list, unsigned by)
{
	PQconninfoOption *options;
	char variable[16] = "PG", *own, *out = NULL;

	if (by == 0 || list != NULL)
		return list != NULL ? turned(list, by) : NULL;
	options = PQconninfoParse(conninfo, NULL);
	for (size_t i = 0; keyword[i] != '\0' && i + 3 < sizeof(variable); i++)
		variable[i + 2] = (char)toupper((unsigned char)keyword[i]);
	own = setting(options, keyword, variable);
	if (*own != '\0')
		out = turned(own, by);
	PQconninfoFree(options);
	free(own);
	return out;
}

static void
targets_add(struct resolve *r, const char *host, const char *port)
{
	struct target *t;

	r->targets = xreallocarray(r->targets, r->n + 1, sizeof *r->targets);
	t = &r->targets[r->n++];
	memset(t, 0, sizeof *t);
	t->host = xstrdup(host);
	t->port = xstrdup(port);
}

/* Reads the hosts and their ports; one port is for all. No targets when the string says addresses itself. */
static void
targets_read(struct resolve *r, const char *conninfo)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	char *hosts = setting(options, "host", "PGHOST"),
	     *ports = setting(options, "port", "PGPORT");
	char *hostaddr = setting(options, "hostaddr", "PGHOSTADDR"), *host_at = hosts,
	     *port_at = ports;
	bool one_port = strchr(ports, ',') == NULL;

	while (*hostaddr == '\0' && *hosts != '\0' && host_at != NULL) {
		const char *host = next_element(&host_at);

		targets_add(r, host, one_port ? ports : next_element(&port_at));
	}
	PQconninfoFree(options);
	free(hosts);
	free(ports);
	free(hostaddr);
}

static void
targets_free(struct resolve *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->targets[i].host);
		free(r->targets[i].port);
		if (r->targets[i].gai.ar_result != NULL)
			freeaddrinfo(r->targets[i].gai.ar_result);
	}
	free(r->targets);
}

bool
resolve_needed(const char *conninfo)
{
	struct resolve r = { .n = 0 };
	bool needed = false;

	targets_read(&r, conninfo);
	for (size_t i = 0; i < r.n; i++)
		needed = needed || needs_lookup(r.targets[i].host);
	targets_free(&r);
	return needed;
}

static void
add_element(struct buf *b, bool first, const char *s)
{
	if (!first)
		buf_addc(b, ',');
	buf_adds(b, s);
}

struct lists {
	struct buf host, hostaddr, port;
	bool some;
};

static void
lists_add(struct lists *l, const struct target *t, const char *address)
{
	add_element(&l->host, !l->some, t->host);
	add_element(&l->hostaddr, !l->some, address);
	add_element(&l->port, !l->some, t->port);
	l->some = true;
}

static void
lists_add_target(struct lists *l, const struct target *t)
{
	char text[INET6_ADDRSTRLEN + 16];
	int n = 0;

	if (!t->asked) {
		lists_add(l, t,
		    needs_lookup(t->host) || strpbrk(t->host, "/@") != NULL ? "" : t->host);
		return;
	}
	for (const struct addrinfo *a = t->gai.ar_result; a != NULL && n < RESOLVE_ADDRESSES_MAX;
	     a = a->ai_next, n++)
		if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0,
			NI_NUMERICHOST) == 0)
			lists_add(l, t, text);
}

/* Whoever is still asked for; 0 when all have been answered. */
static bool
still_asking(const struct resolve *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->targets[i].asked && gai_error(&r->targets[i].gai) == EAI_INPROGRESS)
			return true;
	return false;
}

static void
resolve_look(void *arg)
{
	struct resolve *r = arg;
	struct lists l = { .some = false };
	const char *failure = "no address";

	if (still_asking(r)) {
		loop_timer_set(&r->timer, RESOLVE_LOOK_MS);
		return;
	}
	buf_init(&l.host, BUF_UNLIMITED);
	buf_init(&l.hostaddr, BUF_UNLIMITED);
	buf_init(&l.port, BUF_UNLIMITED);
	for (size_t i = 0; i < r->n; i++) {
		int rc = r->targets[i].asked ? gai_error(&r->targets[i].gai) : 0;

		if (rc == 0)
			lists_add_target(&l, &r->targets[i]);
		else
			failure = gai_strerror(rc);
	}
	/* one host that is known is enough; the callback may free us */
	if (l.some)
		r->cb(r->arg, buf_text(&l.host), buf_text(&l.hostaddr), buf_text(&l.port), NULL);
	else
		r->cb(r->arg, NULL, NULL, NULL, failure);
	buf_fini(&l.host);
	buf_fini(&l.hostaddr);
	buf_fini(&l.port);
}

struct resolve *
resolve_start(struct loop *l, const char *conninfo, resolve_cb *cb, void *arg)
{
	struct resolve *r = xcalloc(1, sizeof *r);

	r->cb = cb;
	r->arg = arg;
	targets_read(r, conninfo);
	for (size_t i = 0; i < r->n; i++) {
		struct target *t = &r->targets[i];
		struct gaicb *list[] = { &t->gai };

		if (!needs_lookup(t->host))
			continue;
		t->hints.ai_socktype = SOCK_STREAM;
		t->gai.ar_name = t->host;
		t->gai.ar_request = &t->hints;
		t->asked = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) == 0;
	}
	loop_timer_init(l, &r->timer, resolve_look, r);
	loop_timer_set(&r->timer, 1);
	return r;
}

void
resolve_free(struct resolve *r)
{
	bool busy = false;

	if (r == NULL)
		return;
	loop_timer_fini(&r->timer);
	for (size_t i = 0; i < r->n; i++)
		if (r->targets[i].asked && gai_cancel(&r->targets[i].gai) == EAI_NOTCANCELED)
			busy = true;
	if (busy) {
		/* the helper thread still writes into it, and nobody can stop it */
		log_debug("store: a name server does not answer");
		return;
	}
	targets_free(r);
	free(r);
}
