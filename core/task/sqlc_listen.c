/*
 * sqlc_listen - notifications: a connection of its own that hears what others NOTIFY.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "task/sqlc_parts.h"

#define CHANNEL_MAX 63

/* From here on nothing is missed; what came before, nobody knows. */
static void
ear_listening(void *arg, const PGresult *r)
{
	struct sqlc *s = arg;
	struct listener *n;

	if (r == NULL)
		return;
	TAILQ_FOREACH(n, &s->listeners, link) {
		if (n->where != LISTENER_SENT)
			continue;
		n->where = LISTENER_ON;
		n->cb(n->arg, "");
		if (s->closed)
			return;
	}
}

/* A channel is an identifier, and no parameter. */
static void
ear_listen(struct sqlc *s, struct listener *n)
{
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "LISTEN \"");
	for (const char *c = n->channel; *c != '\0'; c++) {
		if (*c == '"')
			buf_addc(&b, '"');
		buf_addc(&b, *c);
	}
	buf_addc(&b, '"');
	pg_exec(s->ear, buf_text(&b), 0, NULL, false, NULL, NULL);
	n->where = LISTENER_SENT;
	buf_fini(&b);
}

static void
ear_up(void *arg)
{
	struct sqlc *s = arg;
	struct listener *n;

	TAILQ_FOREACH(n, &s->listeners, link)
		ear_listen(s, n);
	pg_sync(s->ear, ear_listening, s);
}

static void
ear_down(void *arg)
{
	struct sqlc *s = arg;
	struct listener *n;

	TAILQ_FOREACH(n, &s->listeners, link)
		n->where = LISTENER_NEW;
}

static void
ear_heard(void *arg, const char *channel, const char *payload)
{
	struct sqlc *s = arg;
	struct listener *n;

	TAILQ_FOREACH(n, &s->listeners, link) {
		if (n->where == LISTENER_ON && strcmp(n->channel, channel) == 0)
			n->cb(n->arg, payload);
		if (s->closed)
			return;
	}
}

static void
ear_open(struct sqlc *s)
{
	const struct pg_events events = { .up = ear_up,
		.down = ear_down,
		.heard = ear_heard,
		.arg = s };
	char *what = xasprintf("plugin %s: its listener", s->plugin);
	const struct pg_options options = { .conninfo = s->conninfo,
		.application_name = s->application_name,
		.what = what,
		.session = QUERY_session_plugin };

	s->ear = pg_open(s->loop, &options, &events);
	free(what);
}

void
sqlc_listen(struct sqlc *s, const char *channel, pawl_db_notified_cb *cb, void *arg)
{
	struct listener *n;

	if (*channel == '\0' || strlen(channel) > CHANNEL_MAX) {
		log_error("plugin %s: no channel can be called \"%.70s\": 1 to %d bytes", s->plugin,
		    channel, CHANNEL_MAX);
		return;
	}
	n = xcalloc(1, sizeof *n);
	n->channel = xstrdup(channel);
	n->cb = cb;
	n->arg = arg;
	TAILQ_INSERT_TAIL(&s->listeners, n, link);
	if (s->ear == NULL) {
		ear_open(s);
	} else if (pg_is_up(s->ear)) {
		ear_listen(s, n);
		pg_sync(s->ear, ear_listening, s);
	}
}

void
listeners_fini(struct sqlc *s)
{
	struct listener *n;

	while ((n = TAILQ_FIRST(&s->listeners)) != NULL) {
		TAILQ_REMOVE(&s->listeners, n, link);
		free(n->channel);
		free(n);
	}
}
