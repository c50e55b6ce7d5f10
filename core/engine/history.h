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
 */
#ifndef PAWL_ENGINE_HISTORY_H
#define PAWL_ENGINE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "doc/doc.h"

/*
 * Appends the event at index (from 0) of a parsed record as one JSON object in the form of
 * GetExecutionHistory: {"id":..,"previousEventId":..,"timestamp":..,"type":..,"xEventDetails":{..}}.
 * timestamp is seconds with milliseconds, as a number (1700000000.123).
 */
int history_print_event(struct doc record, int64_t first_event_id, size_t index,
    bool include_execution_data, struct buf *out, struct err *e);
/* Events in a parsed record. */
size_t history_count(struct doc record);
/*
 * For walking through a record's events one after another, which history_print_event by
 * index does not do in linear time: their array (borrowed, DOC_NONE when there is none),
 * and the same printing for one of its elements.
 */
struct doc history_entries(struct doc record);
int history_print_entry(struct doc entry, int64_t id, bool include_execution_data, struct buf *out,
    struct err *e);

#endif
