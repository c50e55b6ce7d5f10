/*
 * dump - the whole state of a run as canonical JSON text.
 *
 * The test oracle of law 2: a run that was rebuilt from its journal must dump as the
 * one in memory. It is written field by field from the structs, on purpose without
 * any help from record.c and load.c: a field that those forget shows up here.
 */
#include <inttypes.h>
#include <string.h>

#include "engine/move.h"

static void
dump_int(struct buf *b, const char *key, int64_t value)
{
	buf_addf(b, ",\"%s\":%" PRId64, key, value);
}

static void
dump_doc(struct buf *b, const char *key, struct doc value)
{
	buf_addf(b, ",\"%s\":", key);
	if (doc_is_none(value))
		buf_adds(b, "{\"none\":true}");
	else
		doc_print(value, b);
}

static void
dump_string(struct buf *b, const char *key, const char *value)
{
	buf_addf(b, ",\"%s\":", key);
	if (value == NULL)
		buf_adds(b, "null");
	else
		buf_add_json_string(b, value, strlen(value));
}

static void
dump_attempt(struct buf *b, const struct attempt *a)
{
	buf_addf(b, ",\"task\":{\"id\":%" PRId64, a->id);
	dump_doc(b, "parameters", a->parameters.doc);
	dump_int(b, "timeout_s", a->timeout_s);
	dump_int(b, "heartbeat_s", a->heartbeat_s);
	dump_int(b, "timeout_due_ms", a->timeout_due_ms);
	dump_int(b, "heartbeat_due_ms", a->heartbeat_due_ms);
	dump_string(b, "role", a->role);
	dump_int(b, "started", a->started);
	dump_int(b, "handed", a->handed);
	dump_int(b, "submitted", a->submitted);
	dump_doc(b, "response", a->response.doc);
	buf_addc(b, '}');
}

static void
dump_fan(struct buf *b, const struct fan *fan)
{
	buf_adds(b, ",\"fan\":");
	if (fan == NULL) {
		buf_adds(b, "null");
		return;
	}
	buf_addf(b, "{\"started_event_id\":%" PRId64, fan->started_event_id);
	dump_int(b, "n", fan->n);
	dump_int(b, "next", fan->next);
	dump_int(b, "ndone", fan->ndone);
	dump_int(b, "limit", fan->limit);
	dump_doc(b, "items", fan->items);
	buf_adds(b, ",\"results\":[");
	for (uint32_t i = 0; i < fan->next; i++) {
		if (doc_is_none(fan->results[i]))
			continue;
		buf_addf(b, "{\"index\":%" PRIu32, i);
		dump_doc(b, "value", fan->results[i]);
		buf_adds(b, "},");
	}
	buf_adds(b, "null]}");
}

static void
dump_frame(const struct run *r, struct frame *f, struct buf *b)
{
	const struct frame *child;

	buf_addf(b, "{\"id\":%" PRId64, f->id);
	dump_int(b, "parent", f->parent != NULL ? f->parent->id : 0);
	dump_int(b, "index", f->index);
	dump_string(b, "state", f->state->name);
	dump_int(b, "state_number", f->state->number);
	dump_int(b, "container_index", (int64_t)f->state->container->index);
	dump_string(b, "phase", frame_phase_name(f->phase));
	dump_int(b, "entered_event_id", f->entered_event_id);
	dump_int(b, "entered_ms", f->entered_ms);
	dump_int(b, "cursor", f->cursor);
	dump_int(b, "before_event_id", frame_before(f));
	dump_doc(b, "input", f->input.doc);
	dump_doc(b, "vars", f->vars);
	buf_adds(b, ",\"retries\":[");
	for (size_t i = 0; f->retries != NULL && i < f->state->nretry; i++)
		buf_addf(b, "%" PRIu32 ",", f->retries[i]);
	buf_adds(b, "null]");
	dump_int(b, "retry_count", f->retry_count);
	dump_int(b, "due_ms", f->due_ms);
	dump_attempt(b, &f->task);
	dump_fan(b, f->fan);
	if (f->parent != NULL && f->parent->state->type == STATE_MAP && f->parent->fan != NULL)
		dump_doc(b, "item", map_item(f));
	buf_adds(b, ",\"children\":[");
	TAILQ_FOREACH(child, &f->children, sibling_link)
		buf_addf(b, "%" PRId64 ",", child->id);
	buf_adds(b, "null]");
	/* the tables it stands in */
	dump_int(b, "by_id", idmap_get(&r->by_id, (uint64_t)f->id) == f);
	dump_int(b, "in_tasks", f->task.id != 0 && idmap_get(&r->tasks, (uint64_t)f->task.id) == f);
	dump_int(b, "in_due", f->heap_at != 0 ? f->heap_ms : -1);
	dump_int(b, "ready", f->ready);
	buf_addc(b, '}');
}

void
run_dump(const struct run *r, struct buf *out)
{
	struct frame *f;
	const char *comma = "";

	buf_addf(out, "{\"status\":\"%s\"", run_status_name(r->status));
	dump_int(out, "stop_ms", r->stop_ms);
	dump_doc(out, "output", r->output.doc);
	dump_string(out, "error", r->error);
	dump_string(out, "cause", r->cause);
	dump_int(out, "last_event_id", r->last_event_id);
	dump_int(out, "last_ms", r->last_ms);
	dump_int(out, "timeout_due_ms", r->timeout_due_ms);
	dump_int(out, "next_frame_id", r->next_frame_id);
	dump_int(out, "tasks", (int64_t)r->tasks.n);
	dump_int(out, "busy", (int64_t)r->nbusy);
	dump_int(out, "due", run_timer_ms(r));
	dump_int(out, "only_waits", run_only_waits(r));
	buf_adds(out, ",\"ready\":[");
	TAILQ_FOREACH(f, &r->ready, ready_link)
		buf_addf(out, "%" PRId64 ",", f->id);
	buf_adds(out, "null],\"frames\":[");
	TAILQ_FOREACH(f, &r->frames, all_link) {
		buf_adds(out, comma);
		comma = ",";
		dump_frame(r, f, out);
	}
	buf_adds(out, "]}");
}
