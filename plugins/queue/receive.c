/*
 * receive - ReceiveMessage, which may wait for messages.
 *
 * A receiver asks the database once. When there is nothing it stands in the queue's line,
 * without a connection, until something wakes it or its time is over; before it says that there is
 * nothing it looks once more. A look passes over messages that others hold in a transaction. Nobody
 * tells when they are let go, so after such a look there is soon another, a limited number of
 * times when the receiver's time is over. A receiver whose client has gone asks for nothing any more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "queue.h"
#include "text.h"

#define RECEIVE_MAX 10

/* Looks again at messages that others hold: who waits, and whose time is over (then twice as long each time). */
#define HELD_WAITING_MS 50
#define HELD_LAST_MS 10
#define HELD_LOOKS 7 /* 1.3 s in all */

void
receiver_look(struct receiver *v)
{
	char max[8];

	v->parked = false;
	v->seen = v->line != NULL ? line_wakes(v->line) : 0;
	snprintf(max, sizeof(max), "%d", (int)v->max);
	request_query(v->request, QUERY_receive,
	    (const char *const[]){ v->request->name, max,
		*v->visibility != '\0' ? v->visibility : NULL });
}

static int
receive_start(struct request *r, struct queue_error *e)
{
	const struct pawl_host *h = r->queue->host;
	struct receiver *v = text_alloc(sizeof(*v));
	int64_t visibility = -1, wait = -1;

	r->receiver = v;
	v->request = r;
	v->max = 1;
	if (request_number(h, r->params, "MaxNumberOfMessages", 1, RECEIVE_MAX,
		"Must be between 1 and 10, if provided.", &v->max, e) != 0 ||
	    request_number(h, r->params, "VisibilityTimeout", 0, QUEUE_VISIBILITY_MAX,
		"Must be between 0 and 43200, if provided.", &visibility, e) != 0 ||
	    request_number(h, r->params, "WaitTimeSeconds", 0, QUEUE_WAIT_MAX,
		"Must be >= 0 and <= 20, if provided.", &wait, e) != 0)
		return -1;
	if (visibility >= 0)
		snprintf(v->visibility, sizeof(v->visibility), "%d", (int)visibility);
	v->wait_ms = wait >= 0 ? wait * 1000 : -1;
	if (wait != 0)
		line_join(r->queue, v);
	receiver_look(v);
	return 0;
}

static void
answer_messages(struct request *r, struct pawl_doc list)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_builder *b = h->build(h);
	struct pawl_doc_iter it = { .of = list };

	h->build_object(b);
	if (h->doc_len(h, list) > 0) {
		h->build_key(b, "Messages");
		h->build_array(b);
		while (h->doc_next(h, &it))
			message_add_received(h, b, r->params, it.value);
		h->build_end(b);
	}
	h->build_end(b);
	if (!request_answer(r, h->build_finish(b)))
		h->log(h, PAWL_LOG_DEBUG, 0,
		    "a client went away before its messages came; they are visible again after their timeout");
}

static void
time_over(void *arg)
{
	struct receiver *v = arg;

	v->timer = 0;
	v->last = true;
	if (v->parked)
		receiver_look(v);
}

static void
client_gone(void *arg)
{
	struct request *r = arg;

	r->queue->host->log(r->queue->host, PAWL_LOG_DEBUG, 0,
	    "a client of %s went away while it waited", r->name);
	request_free(r);
}

static void
held_over(void *arg)
{
	struct receiver *v = arg;

	v->timer = 0;
	receiver_look(v);
}

/* There is nothing to take: waits, looks again, or says so. held: there is, but others hold it. */
static void
found_nothing(struct receiver *v, struct pawl_doc told, bool held)
{
	struct request *r = v->request;
	const struct pawl_host *h = r->queue->host;
	int64_t wait_s = 0;

	if (v->wait_ms < 0) {
		docs_int(h, h->doc_get(h, told, "wait"), &wait_s);
		v->wait_ms = wait_s * 1000;
	}
	if (v->wait_ms == 0)
		v->last = true;
	if (v->last && held && v->nheld < HELD_LOOKS) {
		h->log(h, PAWL_LOG_DEBUG, 0, "messages of %s are held by others", r->name);
		h->call_gone(h, r->call.id, client_gone, r);
		v->timer = h->timer_start(h, HELD_LAST_MS << v->nheld++, held_over, v);
		return;
	}
	if (v->last) {
		answer_messages(r, PAWL_NO_DOC);
		return;
	}
	if (v->timer == 0) {
		v->timer = h->timer_start(h, v->wait_ms, time_over, v);
		h->call_gone(h, r->call.id, client_gone, r);
		h->log(h, PAWL_LOG_DEBUG, 0, "a client of %s waits for messages", r->name);
	}
	if (v->seen != line_wakes(v->line))
		receiver_look(v);
	else
		v->parked = true;
}

static void
receive_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->queue->host;
	const char *text = request_value(rows, 0, 0);
	bool held = strcmp(request_value(rows, 0, 1), "t") == 0;
	struct queue *q = r->queue;
	struct pawl_doc told, messages;
	char *name, *buried;
	int64_t due_ms;

	if (text == NULL) {
		request_fail_missing(r);
		return;
	}
	told = h->doc_parse(h, text, strlen(text), NULL);
	messages = h->doc_get(h, told, "messages");
	if ((buried = docs_string(h, told, "buried")) != NULL)
		line_tell(q, buried, 1, 0);
	name = text_format("%s", r->name);
	if (h->doc_len(h, messages) == 0) {
		found_nothing(r->receiver, told, held);
	} else {
		bool more = h->doc_len(h, messages) == (size_t)r->receiver->max;

		answer_messages(r, messages);
		if (more)
			line_wake(q, name, 1, 0);
	}
	if (h->doc_int(h, h->doc_get(h, told, "due"), &due_ms))
		line_wake(q, name, 1, due_ms);
	if (held)
		line_wake(q, name, 1, HELD_WAITING_MS);
	free(name);
	h->free(h, buried);
	h->doc_unref(h, told);
}

const struct action receive_actions[] = {
	{ "ReceiveMessage", true, receive_start, receive_done },
	{ NULL, false, NULL, NULL },
};
