/*
 * history - journal records to history events in the API's form.
 */
#include "engine/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/event.h"

static int
no_event(struct err *e)
{
	return err_set(e, "pawl.Journal", "A record holds something that is no event");
}

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

int
history_print_entry(struct doc entry, int64_t id, bool include_execution_data, struct buf *out,
    struct err *e)
{
	struct doc_iter it;
	struct doc part[4] = { DOC_NONE, DOC_NONE, DOC_NONE, DOC_NONE };
	enum event_type type;
	int64_t previous, ms;
	const char *details;

	if (doc_is_none(entry) || doc_type(entry) != DOC_ARRAY)
		return no_event(e);
	it = doc_iter(entry);
	for (size_t i = 0; i < 4 && doc_next(&it); i++)
		part[i] = it.value;
	if (event_type_of(part[0], &type) != 0 || doc_is_none(part[2]) ||
	    !doc_i64(part[1], &previous) || !doc_i64(part[2], &ms) || ms < 0)
		return no_event(e);
	details = event_type_details(type);
	if (details != NULL && (doc_is_none(part[3]) || doc_type(part[3]) != DOC_OBJECT))
		return no_event(e);
	buf_addf(out,
	    "{\"id\":%" PRId64 ",\"previousEventId\":%" PRId64 ",\"timestamp\":%" PRId64
	    ".%03d,\"type\":\"%s\"",
	    id, previous, ms / 1000, (int)(ms % 1000), event_type_name(type));
	if (details != NULL) {
		buf_addf(out, ",\"%s\":", details);
		print_details(part[3], include_execution_data, type == EVENT_EXECUTION_STARTED,
		    out);
	}
	buf_addc(out, '}');
	return 0;
}

struct doc
history_entries(struct doc record)
{
	return doc_gets(record, "e");
}

size_t
history_count(struct doc record)
{
	struct doc entries = history_entries(record);

	return doc_is_none(entries) ? 0 : doc_len(entries);
}

int
history_print_event(struct doc record, int64_t first_event_id, size_t index,
    bool include_execution_data, struct buf *out, struct err *e)
{
	struct doc entries = history_entries(record);

	if (doc_is_none(entries) || doc_type(entries) != DOC_ARRAY)
		return no_event(e);
	return history_print_entry(doc_at(entries, index), first_event_id + (int64_t)index,
	    include_execution_data, out, e);
}
