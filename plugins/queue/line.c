/*
 * line - who waits at which queue, and the hints that wake them.
 *
 * Hints are only that: a receiver that is woken for nothing waits on, and one that is not woken looks
 * once more when its time is over. So they need not be part of the transaction that they are about:
 * what happens on this node wakes its own receivers at once, and one query at a time tells the
 * other nodes what has gathered meanwhile (NOTIFY in the sends themselves would let their
 * commits wait for each other).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue.h"
#include "text.h"

struct line {
	TAILQ_ENTRY(line) link;
	struct queue *queue;
	char *name;
	TAILQ_HEAD(, receiver) receivers; /* first come, first served */
	uint64_t wakes;
	uint64_t timer; /* 0 = none */
	int64_t due_ms; /* wall, of the timer */
};

static struct line_list *
bucket_of(struct queue *q, const char *name)
{
	unsigned hash = 5381;

	while (*name != '\0')
		hash = hash * 33 + (unsigned char)*name++;
	return &q->lines[hash % QUEUE_BUCKETS];
}

static struct line *
line_find(struct queue *q, const char *name)
{
	struct line *l;

	TAILQ_FOREACH(l, bucket_of(q, name), link)
		if (strcmp(l->name, name) == 0)
			return l;
	return NULL;
}

static void
line_free(struct line *l)
{
	TAILQ_REMOVE(bucket_of(l->queue, l->name), l, link);
	l->queue->host->timer_cancel(l->queue->host, l->timer);
	free(l->name);
	free(l);
}

void
line_join(struct queue *q, struct receiver *v)
{
	struct line *l = line_find(q, v->request->name);

	if (l == NULL) {
		l = text_alloc(sizeof(*l));
		l->queue = q;
		l->name = text_format("%s", v->request->name);
		TAILQ_INIT(&l->receivers);
		TAILQ_INSERT_TAIL(bucket_of(q, l->name), l, link);
	}
	TAILQ_INSERT_TAIL(&l->receivers, v, link);
	v->line = l;
}

void
line_leave(struct receiver *v)
{
	struct line *l = v->line;

	if (l == NULL)
		return;
	TAILQ_REMOVE(&l->receivers, v, link);
	v->line = NULL;
	if (TAILQ_EMPTY(&l->receivers))
		line_free(l);
}

uint64_t
line_wakes(const struct line *l)
{
	return l->wakes;
}

static void
wake_now(struct line *l, size_t n)
{
	struct receiver *v;

	l->wakes++;
	TAILQ_FOREACH(v, &l->receivers, link) {
		if (n == 0)
			break;
		if (!v->parked)
			continue;
		receiver_look(v);
		n--;
	}
}

static void
line_due(void *arg)
{
	struct line *l = arg;

	l->timer = 0;
	wake_now(l, 1);
}

void
line_wake(struct queue *q, const char *name, size_t n, int64_t delay_ms)
{
	const struct pawl_host *h = q->host;
	struct line *l = line_find(q, name);
	int64_t due_ms;

	if (l == NULL)
		return;
	if (delay_ms <= 0) {
		wake_now(l, n);
		return;
	}
	due_ms = h->wall_ms(h) + delay_ms;
	if (l->timer != 0 && l->due_ms <= due_ms)
		return;
	h->timer_cancel(h, l->timer);
	l->due_ms = due_ms;
	l->timer = h->timer_start(h, delay_ms + 1, line_due, l);
}

void
line_wake_all(struct queue *q)
{
	struct line *l;

	for (size_t i = 0; i < QUEUE_BUCKETS; i++)
		TAILQ_FOREACH(l, &q->lines[i], link)
			wake_now(l, SIZE_MAX);
}

/* --- hints between nodes ------------------------------------------------------------------ */

#define HINTED_MAX 1000 /* receivers that one hint wakes */

static void hints_send(struct queue *q);

static void
hints_sent(void *arg, const struct pawl_sql_answer *a)
{
	struct queue *q = arg;

	q->hinting = false;
	if (a->result != PAWL_SQL_OK)
		q->host->log(q->host, PAWL_LOG_DEBUG, 0, "other nodes could not be told: %s",
		    a->message);
	if (q->nhints > 0)
		hints_send(q);
}

static void
hints_clear(struct queue *q)
{
	for (size_t i = 0; i < q->nhints; i++)
		free(q->hints[i]);
	free(q->hints);
	q->hints = NULL;
	q->nhints = 0;
}

static void
hints_send(struct queue *q)
{
	struct text array = { 0 };
	const char *params[1] = { NULL };
	struct pawl_sql_statement s = queue_statement(QUERY_notify, params);
	struct pawl_sql_call c = { .size = sizeof(c), .statements = &s, .nstatements = 1 };

	for (size_t i = 0; i < q->nhints; i++)
		text_addf(&array, "%s\"%s\"", i == 0 ? "{" : ",", q->hints[i]);
	text_adds(&array, "}");
	hints_clear(q);
	params[0] = array.s;
	q->hinting = true;
	q->host->sql_start(q->host, q->db, &c, hints_sent, q);
	text_fini(&array);
}

static void
hints_add(struct queue *q, char *hint)
{
	char **grown;

	for (size_t i = 0; i < q->nhints; i++)
		if (strcmp(q->hints[i], hint) == 0) {
			free(hint);
			return;
		}
	if ((grown = realloc(q->hints, (q->nhints + 1) * sizeof(*grown))) == NULL)
		abort();
	q->hints = grown;
	q->hints[q->nhints++] = hint;
}

void
line_tell(struct queue *q, const char *name, size_t n, int64_t delay_ms)
{
	line_wake(q, name, n, delay_ms);
	hints_add(q,
	    text_format("%s %lld %zu %s", q->node, (long long)delay_ms,
		n < HINTED_MAX ? n : HINTED_MAX, name));
	if (!q->hinting)
		hints_send(q);
}

void
line_notified(void *queue, const char *payload)
{
	struct queue *q = queue;
	size_t node_len = strcspn(payload, " ");
	int64_t delay_ms;
	size_t n;
	char *at;

	if (*payload == '\0')
		line_wake_all(q);
	if (node_len == strlen(q->node) && strncmp(payload, q->node, node_len) == 0)
		return; /* our own word */
	delay_ms = strtoll(payload + node_len, &at, 10);
	n = strtoul(at, &at, 10);
	if (*at == ' ' && strlen(at + 1) <= QUEUE_NAME_MAX)
		line_wake(q, at + 1, n, delay_ms);
}

void
line_fini(struct queue *q)
{
	hints_clear(q);
}
