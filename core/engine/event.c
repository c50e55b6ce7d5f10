/*
 * event - the history events: their types, and writing them into the open record.
 */
#include "engine/event.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/move.h"

struct event_info {
	const char *name;
	size_t name_len;
	const char *details;
	const char *head; /* how the event begins in a record */
	size_t head_len;
};

static const struct event_info info[EVENT_TYPE_COUNT] = {
#define X(id, name_, details_) \
	[EVENT_##id] = { name_, sizeof(name_) - 1, details_, ",[\"" name_ "\",", \
		sizeof(",[\"" name_ "\",") - 1 },
	EVENT_TYPES(X)
#undef X
};

const char *
event_type_name(enum event_type t)
{
	assert(t < EVENT_TYPE_COUNT);
	return info[t].name;
}

const char *
event_type_details(enum event_type t)
{
	assert(t < EVENT_TYPE_COUNT);
	return info[t].details;
}

int
event_type_parse(const char *name, size_t len, enum event_type *out)
{
	size_t low = 0, high = EVENT_TYPE_COUNT;

	while (low < high) {
		size_t mid = (low + high) / 2;
		size_t mid_len = info[mid].name_len;
		int order = memcmp(name, info[mid].name, len < mid_len ? len : mid_len);

		if (order == 0 && len == mid_len) {
			*out = (enum event_type)mid;
			return 0;
		}
		if (order > 0 || (order == 0 && len > mid_len))
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

enum event_type
event_entered(enum state_type t)
{
	static const enum event_type entered[] = {
		[STATE_TASK] = EVENT_TASK_STATE_ENTERED,
		[STATE_PASS] = EVENT_PASS_STATE_ENTERED,
		[STATE_CHOICE] = EVENT_CHOICE_STATE_ENTERED,
		[STATE_WAIT] = EVENT_WAIT_STATE_ENTERED,
		[STATE_SUCCEED] = EVENT_SUCCEED_STATE_ENTERED,
		[STATE_FAIL] = EVENT_FAIL_STATE_ENTERED,
		[STATE_PARALLEL] = EVENT_PARALLEL_STATE_ENTERED,
		[STATE_MAP] = EVENT_MAP_STATE_ENTERED,
	};

	return entered[t];
}

enum event_type
event_exited(enum state_type t)
{
	static const enum event_type exited[] = {
		[STATE_TASK] = EVENT_TASK_STATE_EXITED,
		[STATE_PASS] = EVENT_PASS_STATE_EXITED,
		[STATE_CHOICE] = EVENT_CHOICE_STATE_EXITED,
		[STATE_WAIT] = EVENT_WAIT_STATE_EXITED,
		[STATE_SUCCEED] = EVENT_SUCCEED_STATE_EXITED,
		[STATE_FAIL] = EVENT_TYPE_COUNT,
		[STATE_PARALLEL] = EVENT_PARALLEL_STATE_EXITED,
		[STATE_MAP] = EVENT_MAP_STATE_EXITED,
	};

	assert(exited[t] != EVENT_TYPE_COUNT);
	return exited[t];
}

enum event_type
event_aborted(enum state_type t)
{
	switch (t) {
	case STATE_TASK:
		return EVENT_TASK_STATE_ABORTED;
	case STATE_WAIT:
		return EVENT_WAIT_STATE_ABORTED;
	case STATE_PARALLEL:
		return EVENT_PARALLEL_STATE_ABORTED;
	case STATE_MAP:
		return EVENT_MAP_STATE_ABORTED;
	case STATE_PASS:
	case STATE_CHOICE:
	case STATE_SUCCEED:
	case STATE_FAIL:
		break;
	}
	return EVENT_TYPE_COUNT;
}

static bool
is_end(enum event_type t)
{
	return t == EVENT_EXECUTION_SUCCEEDED || t == EVENT_EXECUTION_FAILED ||
	    t == EVENT_EXECUTION_ABORTED || t == EVENT_EXECUTION_TIMED_OUT;
}

/* Everything before the details. */
static int64_t
write_head(struct run *r, enum event_type t, int64_t previous)
{
	struct buf *b = &r->events;

	r->event_start = b->len;
	r->event_dropped =
	    r->facts.aws_limits && r->last_event_id >= EVENT_HISTORY_MAX - 1 && !is_end(t);
	buf_add(b, info[t].head, info[t].head_len);
	buf_add_i64(b, previous);
	buf_add(b, r->now_text, r->now_text_len); /* ",MS" */
	return r->last_event_id + 1;
}

static void
write_tail(struct run *r, const char *tail, size_t len)
{
	struct buf *b = &r->events;

	if (r->event_dropped) {
		b->len = r->event_start;
		b->data[b->len] = '\0';
		r->history_full = true;
		return;
	}
	buf_add(b, tail, len);
	r->last_event_id++;
	r->last_ms = r->now_ms;
	r->nevents++;
}

int64_t
event_begin(struct run *r, enum event_type t, int64_t previous)
{
	int64_t id = write_head(r, t, previous);

	buf_add(&r->events, ",{", 2);
	return id;
}

void
event_end(struct run *r)
{
	if (r->referring == NULL) {
		write_tail(r, "}]", 2);
		return;
	}
	buf_add(&r->events, "},\"", 3);
	buf_adds(&r->events, r->referring);
	r->referring = NULL;
	write_tail(r, "\"]", 2);
}

int64_t
event_plain(struct run *r, enum event_type t, int64_t previous)
{
	int64_t id = write_head(r, t, previous);

	assert(info[t].details == NULL);
	write_tail(r, "]", 1);
	return id;
}

static void
write_comma(struct buf *b)
{
	if (b->data[b->len - 1] != '{')
		buf_addc(b, ',');
}

void
event_members(struct run *r, const char *members, size_t len)
{
	write_comma(&r->events);
	buf_add(&r->events, members, len);
}

static void
write_key(struct run *r, const char *key)
{
	struct buf *b = &r->events;

	write_comma(b);
	buf_addc(b, '"');
	buf_adds(b, key);
	buf_add(b, "\":", 2);
}

void
event_string(struct run *r, const char *key, const char *value, size_t len)
{
	if (value == NULL)
		return;
	write_key(r, key);
	buf_add_json_string(&r->events, value, len);
}

void
event_strings(struct run *r, const char *key, const char *value)
{
	if (value != NULL)
		event_string(r, key, value, strlen(value));
}

void
event_int(struct run *r, const char *key, int64_t value)
{
	write_key(r, key);
	buf_add_i64(&r->events, value);
}

void
event_doc(struct run *r, const char *key, struct doc value)
{
	if (doc_is_none(value))
		return;
	write_key(r, key);
	doc_print(value, &r->events);
}

/* --- payloads ------------------------------------------------------------------ */

/* A payload that takes less is shown again: the reference would be as long. */
#define REFERENCE_MIN 24

/* The event of the open record that shows d; PAYLOAD_NOWHERE = none is known. */
static int64_t
shown_by(const struct run *r, const struct frame *f, struct doc d)
{
	int64_t first = run_record_first(r);

	if (doc_is(d, r->shown.doc))
		return r->shown.event;
	if (doc_is(d, f->input.doc) && f->input.event >= first)
		return f->input.event;
	if (doc_is(d, r->facts.input) && first == 1)
		return 1;
	return PAYLOAD_NOWHERE;
}

int64_t
event_payload(struct run *r, const struct frame *f, const char *key, struct doc value)
{
	int64_t shown;

	if (doc_is_none(value) || r->event_dropped)
		return PAYLOAD_NOWHERE;
	shown = doc_size(value) < REFERENCE_MIN ? PAYLOAD_NOWHERE : shown_by(r, f, value);
	if (shown != PAYLOAD_NOWHERE) {
		event_int(r, key, shown);
		r->referring = key;
		return shown;
	}
	event_doc(r, key, value);
	doc_ref(value);
	doc_unref(r->shown.doc);
	r->shown = (struct payload){ .doc = value, .event = r->last_event_id + 1 };
	return r->shown.event;
}

void
event_object(struct run *r, const char *key)
{
	write_key(r, key);
	buf_addc(&r->events, '{');
}

void
event_object_end(struct run *r)
{
	buf_addc(&r->events, '}');
}
