/*
 * history - journal records to history events in the API's form.
 */
#include "engine/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "engine/event.h"
#include "engine/frame.h"

static int
no_event(struct err *e)
{
	return err_set(e, "pawl.Journal", "A record holds something that is no event");
}

/* Where what stands in an event's array. */
enum part { PART_TYPE, PART_PREVIOUS, PART_MS, PART_DETAILS, PART_REFERRING };

/* --- a record's events ------------------------------------------------------------ */

int
history_open(struct history_record *h, struct doc record, int64_t first_event_id, struct err *e)
{
	struct doc list = doc_gets(record, "e");
	struct doc_iter it = doc_iter(list);

	*h = (struct history_record){ .first = first_event_id };
	if (doc_is_none(list) || doc_type(list) != DOC_ARRAY)
		return no_event(e);
	h->entries = xcalloc(doc_len(list) > 0 ? doc_len(list) : 1, sizeof(*h->entries));
	while (doc_next(&it)) {
		if (doc_type(it.value) != DOC_ARRAY)
			return no_event(e);
		h->entries[h->n++] = it.value;
	}
	return 0;
}

void
history_close(struct history_record *h)
{
	free(h->entries);
	h->entries = NULL;
	h->n = 0;
}

/* What stands at a place in the event's array. */
static struct doc
part_of(const struct history_record *h, int64_t id, size_t place)
{
	if (id < h->first || id - h->first >= (int64_t)h->n)
		return DOC_NONE;
	return doc_at(h->entries[id - h->first], place);
}

static bool
is_a(struct doc d, enum doc_type t)
{
	return !doc_is_none(d) && doc_type(d) == t;
}

static int
event_type_of(struct doc value, enum event_type *out)
{
	struct buf scratch;
	const char *name;
	size_t len;
	int rc;

	if (doc_is_none(value) || doc_type(value) != DOC_STRING)
		return -1;
	buf_init(&scratch, BUF_UNLIMITED);
	name = doc_str(value, &scratch, &len);
	rc = event_type_parse(name, len, out);
	buf_fini(&scratch);
	return rc;
}

/* Of ExecutionStarted the input is text. */
static bool
shows_text(const struct history_record *h, int64_t id)
{
	return doc_str_is(part_of(h, id, PART_TYPE), event_type_name(EVENT_EXECUTION_STARTED));
}

struct doc
history_payload(const struct history_record *h, int64_t id)
{
	static const char *const keys[] = { "output", "input", "parameters" };
	struct doc details = part_of(h, id, PART_DETAILS), value = DOC_NONE;

	if (!doc_is_none(part_of(h, id, PART_REFERRING)))
		return DOC_NONE;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && doc_is_none(value); i++)
		value = doc_gets(details, keys[i]);
	return value;
}

int64_t
history_shown_by(const struct history_record *h, int64_t id)
{
	struct doc referring = part_of(h, id, PART_REFERRING), details;
	char *key;
	bool ok;

	if (!doc_is_none(referring)) {
		details = part_of(h, id, PART_DETAILS);
		key = doc_strdup(referring);
		ok = key != NULL && doc_i64(doc_gets(details, key), &id);
		free(key);
		if (!ok)
			return PAYLOAD_NOWHERE;
	}
	if (doc_is_none(history_payload(h, id)))
		return PAYLOAD_NOWHERE;
	return shows_text(h, id) ? PAYLOAD_INPUT : id;
}

/* The payload that event id refers to; owned. DOC_NONE when there is none. */
static struct doc
referred_to(const struct history_record *h, int64_t id)
{
	int64_t shown = history_shown_by(h, id);
	struct doc text, value;
	struct buf scratch;
	const char *s;
	size_t len;

	if (shown != PAYLOAD_INPUT)
		return doc_ref(history_payload(h, shown));
	text = history_payload(h, 1);
	if (!is_a(text, DOC_STRING))
		return DOC_NONE;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(text, &scratch, &len);
	value = doc_parse(s, len, NULL);
	buf_fini(&scratch);
	return value;
}

struct doc
history_assigned(const struct history_record *h, int64_t id)
{
	return doc_gets(part_of(h, id, PART_DETAILS), "assignedVariables");
}

bool
history_ms(const struct history_record *h, int64_t id, int64_t *ms)
{
	struct doc value = part_of(h, id, PART_MS);

	return !doc_is_none(value) && doc_i64(value, ms) && *ms >= 0;
}

struct doc
history_details(const struct history_record *h, int64_t id)
{
	struct doc details = part_of(h, id, PART_DETAILS);
	struct doc referring = part_of(h, id, PART_REFERRING), value, whole;
	char *key;

	if (!is_a(details, DOC_OBJECT))
		return DOC_NONE;
	if (doc_is_none(referring))
		return doc_ref(details);
	value = referred_to(h, id);
	if (doc_is_none(value))
		return DOC_NONE;
	key = doc_strdup(referring); /* a member: the reference was found there */
	whole = doc_with(details, key, strlen(key), value);
	free(key);
	doc_unref(value);
	return whole;
}

/* --- printing --------------------------------------------------------------------- */

/* The payload members: JSON values in the record, JSON text in the API. */
enum payload_kind { PAYLOAD_NONE, PAYLOAD_TEXT, PAYLOAD_TEXT_DETAILS, PAYLOAD_VARIABLES };

static enum payload_kind
payload_kind(const char *key, size_t len)
{
	static const struct {
		const char *key;
		enum payload_kind kind;
	} known[] = {
		{ "input", PAYLOAD_TEXT_DETAILS },
		{ "output", PAYLOAD_TEXT_DETAILS },
		{ "parameters", PAYLOAD_TEXT },
		{ "assignedVariables", PAYLOAD_VARIABLES },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].key) == len && memcmp(known[i].key, key, len) == 0)
			return known[i].kind;
	}
	return PAYLOAD_NONE;
}

static void
print_variables(struct doc vars, struct buf *out)
{
	struct doc_iter it = doc_iter(vars);
	const char *comma = "";

	buf_addc(out, '{');
	while (doc_next(&it)) {
		buf_adds(out, comma);
		comma = ",";
		doc_print(it.key, out);
		buf_addc(out, ':');
		doc_print_quoted(it.value, out);
	}
	buf_addc(out, '}');
}

/* One member of the details; text tells that a payload is text already (ExecutionStarted). */
static void
print_member(struct doc key, struct doc value, enum payload_kind kind, bool text, struct buf *out)
{
	char *name;

	doc_print(key, out);
	buf_addc(out, ':');
	if (kind == PAYLOAD_NONE || (text && kind == PAYLOAD_TEXT_DETAILS))
		doc_print(value, out);
	else if (kind == PAYLOAD_VARIABLES)
		print_variables(value, out);
	else
		doc_print_quoted(value, out);
	if (kind != PAYLOAD_TEXT_DETAILS && kind != PAYLOAD_VARIABLES)
		return;
	name = doc_strdup(key);
	buf_addf(out, ",\"%sDetails\":{\"truncated\":false}", name);
	free(name);
}

static void
print_details(struct doc details, bool include_execution_data, bool text, struct buf *out)
{
	struct doc_iter it = doc_iter(details);
	struct buf scratch;
	const char *comma = "", *key;
	size_t len;

	buf_init(&scratch, BUF_UNLIMITED);
	buf_addc(out, '{');
	while (doc_next(&it)) {
		enum payload_kind kind;

		key = doc_str(it.key, &scratch, &len);
		kind = payload_kind(key, len);
		if (kind != PAYLOAD_NONE && !include_execution_data)
			continue;
		buf_adds(out, comma);
		comma = ",";
		print_member(it.key, it.value, kind, text, out);
	}
	buf_addc(out, '}');
	buf_fini(&scratch);
}

int
history_print_event(const struct history_record *h, int64_t id, bool include_execution_data,
    struct buf *out, struct err *e)
{
	struct doc before = part_of(h, id, PART_PREVIOUS);
	struct doc all;
	enum event_type type;
	int64_t previous, ms;
	const char *details;

	if (event_type_of(part_of(h, id, PART_TYPE), &type) != 0 || doc_is_none(before) ||
	    !doc_i64(before, &previous) || !history_ms(h, id, &ms))
		return no_event(e);
	details = event_type_details(type);
	all = details != NULL ? history_details(h, id) : DOC_NONE;
	if (details != NULL && doc_is_none(all))
		return no_event(e);
	buf_addf(out,
	    "{\"id\":%" PRId64 ",\"previousEventId\":%" PRId64 ",\"timestamp\":%" PRId64
	    ".%03d,\"type\":\"%s\"",
	    id, previous, ms / 1000, (int)(ms % 1000), event_type_name(type));
	if (details != NULL) {
		buf_addf(out, ",\"%s\":", details);
		print_details(all, include_execution_data, type == EVENT_EXECUTION_STARTED, out);
	}
	buf_addc(out, '}');
	doc_unref(all);
	return 0;
}
