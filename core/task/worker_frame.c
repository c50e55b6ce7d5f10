/*
 * worker_frame - what pawld and a function worker say to each other.
 */
#include "task/worker_frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "task/worker.h"

void
worker_frame_begin(struct buf *b)
{
	static const char room[WORKER_FRAME_HEAD];

	buf_reset(b);
	buf_add(b, room, sizeof(room));
}

void
worker_frame_end(struct buf *b, enum worker_frame_kind kind)
{
	uint32_t len;

	if (buf_failed(b))
		return;
	len = (uint32_t)(b->len - 4);
	b->data[0] = (char)(len >> 24);
	b->data[1] = (char)(len >> 16);
	b->data[2] = (char)(len >> 8);
	b->data[3] = (char)len;
	b->data[4] = (char)kind;
}

int64_t
worker_frame_len(const unsigned char *head, enum worker_frame_kind *kind)
{
	uint32_t len =
	    (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];

	if (len < 1 || len > WORKER_FRAME_MAX ||
	    (head[4] != WORKER_CALL && head[4] != WORKER_LOG && head[4] != WORKER_ANSWER))
		return -1;
	*kind = (enum worker_frame_kind)head[4];
	return (int64_t)len - 1;
}

/* --- JSON --------------------------------------------------------------------------- */

static void
add_string(struct doc_builder *b, const char *key, const char *s)
{
	if (s == NULL)
		return;
	docb_keys(b, key);
	docb_strings(b, s);
}

static void
add_i64(struct doc_builder *b, const char *key, int64_t v)
{
	docb_keys(b, key);
	docb_i64(b, v);
}

static void
add_doc(struct doc_builder *b, const char *key, struct doc d)
{
	if (doc_is_none(d))
		return;
	docb_keys(b, key);
	docb_doc(b, d);
}

static void
print_built(struct doc_builder *b, struct buf *out)
{
	struct doc d;

	docb_end(b);
	d = docb_finish(b);
	doc_print(d, out);
	doc_unref(d);
}

static int64_t
get_i64(struct doc d, const char *key)
{
	struct doc v = doc_gets(d, key);
	int64_t n = 0;

	if (!doc_is_none(v))
		doc_i64(v, &n);
	return n;
}

static char *
get_string(struct doc d, const char *key)
{
	struct doc v = doc_gets(d, key);

	return doc_is_none(v) ? NULL : doc_strdup(v);
}

void
worker_write_call(struct buf *b, const struct script_call *c, int64_t memory)
{
	struct doc_builder *d = docb_new();

	docb_object(d);
	add_string(d, "name", c->name);
	add_doc(d, "event", c->event);
	add_doc(d, "context", c->context);
	add_i64(d, "seed", (int64_t)c->seed);
	add_i64(d, "timeout_ms", c->timeout_ms);
	add_i64(d, "memory", memory);
	print_built(d, b);
}

int
worker_read_call(const char *text, size_t len, struct script_call *c, char **name, int64_t *memory,
    struct doc *whole)
{
	*whole = doc_parse_record(text, len, NULL);
	*name = doc_is_none(*whole) ? NULL : get_string(*whole, "name");
	if (*name == NULL || doc_is_none(doc_gets(*whole, "event"))) {
		free(*name);
		doc_unref(*whole);
		return -1;
	}
	*c = (struct script_call){ .name = *name,
		.event = doc_gets(*whole, "event"),
		.context = doc_gets(*whole, "context"),
		.seed = (uint64_t)get_i64(*whole, "seed"),
		.timeout_ms = get_i64(*whole, "timeout_ms") };
	*memory = get_i64(*whole, "memory");
	return 0;
}

void
worker_write_answer(struct buf *b, const struct script_answer *a)
{
	struct doc_builder *d = docb_new();

	docb_object(d);
	add_i64(d, "result", a->result);
	add_doc(d, "value", a->value);
	add_string(d, "type", a->error_type);
	add_string(d, "message", a->error_message);
	add_doc(d, "trace", a->trace);
	add_i64(d, "limit_ms", a->limit_ms);
	print_built(d, b);
}

int
worker_read_answer(const char *text, size_t len, struct script_answer *a)
{
	struct doc d = doc_parse_record(text, len, NULL);
	struct doc value, trace;
	int64_t result;

	*a = (struct script_answer){ .value = DOC_NONE, .trace = DOC_NONE };
	if (doc_is_none(d))
		return -1;
	result = get_i64(d, "result");
	value = doc_gets(d, "value");
	trace = doc_gets(d, "trace");
	if (result < SCRIPT_OK || result > SCRIPT_BUSY ||
	    (result == SCRIPT_OK && doc_is_none(value))) {
		doc_unref(d);
		return -1;
	}
	a->result = (enum script_result)result;
	a->value = doc_is_none(value) ? DOC_NONE : doc_ref(value);
	a->trace = doc_is_none(trace) ? DOC_NONE : doc_ref(trace);
	a->error_type = get_string(d, "type");
	a->error_message = get_string(d, "message");
	a->limit_ms = get_i64(d, "limit_ms");
	doc_unref(d);
	return 0;
}
