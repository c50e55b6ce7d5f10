/*
 * history - journal records to history events in the API's form.
 *
 * A record is one JSON text:
 *
 *	{"e":[[TYPE,PREVIOUS,MS,{details}], ...], "f":[frames that changed], ...}
 *
 * TYPE is the event type's name, PREVIOUS previousEventId, MS the wall time in
 * milliseconds; ids count from the row's first_event_id. In details the payload
 * members (input, output, parameters, values of assignedVariables) are JSON values, not JSON
 * inside strings, and the constant ...Details flags are left out: reading adds
 * both. The one payload that is kept as text is ExecutionStarted's input.
 *
 * A payload stands once in a record. An event whose payload an earlier event of the record shows
 * has that one's id in its place, and a fifth element, the name of the member where it stands:
 *
 *	["PassStateEntered",0,MS,{"name":"A","input":1},"input"]
 */
#ifndef PAWL_ENGINE_HISTORY_H
#define PAWL_ENGINE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "doc/doc.h"

/* The events of a record by their place in it. */
struct history_record {
	struct doc *entries; /* of the record, which must live as long */
	size_t n;
	int64_t first; /* id of the first */
};

/* Borrows the parsed record. -1 and e "pawl.Journal" when something in it is no event. */
int history_open(struct history_record *h, struct doc record, int64_t first_event_id,
    struct err *e);
void history_close(
    struct history_record *h); /* one of zeros is fine, as is one that did not open */

/*
 * Appends the event with that id as one JSON object in the form of
 * GetExecutionHistory: {"id":..,"previousEventId":..,"timestamp":..,"type":..,"xEventDetails":{..}}.
 * timestamp is seconds with milliseconds, as a number (1700000000.123).
 */
int history_print_event(const struct history_record *h, int64_t id, bool include_execution_data,
    struct buf *out, struct err *e);

/*
 * The event that shows the payload of event id: itself, or the one that it refers to. PAYLOAD_INPUT when that is
 * ExecutionStarted, whose text is another form of it. PAYLOAD_NOWHERE when it has none.
 */
int64_t history_shown_by(const struct history_record *h, int64_t id);
/* The payload that event id itself shows; borrowed, DOC_NONE when it shows none. */
struct doc history_payload(const struct history_record *h, int64_t id);
/* The variables that it assigned, by name; borrowed, DOC_NONE when it did not. */
struct doc history_assigned(const struct history_record *h, int64_t id);
/* When it happened; false when the record does not say. */
bool history_ms(const struct history_record *h, int64_t id, int64_t *ms);
/* Its details as they are read: with the payload in the place of the reference. Owned; DOC_NONE when it has none. */
struct doc history_details(const struct history_record *h, int64_t id);

#endif
