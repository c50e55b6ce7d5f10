/*
 * st_wait - the Wait state: nothing happens until a time has come.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/dataflow.h"

#define WAIT_MAX_S INT64_C(2147483647)

static int
wait_error(struct err *e, const char *field, const char *sentence, const struct dynamic_field *d,
    struct doc value)
{
	char *text = flow_text(value);

	err_set(e, "States.Runtime", "The %s parameter %s: %s == %s", field, sentence,
	    flow_field_path(d), text);
	free(text);
	return -1;
}

/* The value of Seconds or Timestamp; the service has a sentence of its own for one that is not there. */
static int
wait_field(struct run *r, struct frame *f, const struct dynamic_field *d, const char *field,
    struct doc effective, const char *type, struct doc *out, struct err *e)
{
	if (flow_field(r, f, d, effective, type, out, e) == 0)
		return 0;
	if (d->how == FIELD_PATH)
		err_set(e, "States.Runtime",
		    "The %s parameter does not reference an input value: %s", field,
		    flow_field_path(d));
	return -1;
}

static int
seconds_unfit(struct run *r, struct doc value, struct err *e)
{
	char *text = flow_text(value);

	flow_unfit(r, "Seconds", e, "The Seconds field must be an integer that is not negative: %s",
	    text);
	free(text);
	return -1;
}

static int
seconds_due(struct run *r, struct frame *f, struct doc effective, int64_t *due_ms, struct err *e)
{
	const struct dynamic_field *d = &f->state->seconds;
	struct doc value = DOC_NONE;
	int64_t seconds;
	int rc;

	if (wait_field(r, f, d, "SecondsPath", effective, "number", &value, e) != 0)
		return -1;
	if (d->how == FIELD_EXPRESSION && (!doc_i64(value, &seconds) || seconds < 0))
		rc = seconds_unfit(r, value, e);
	else if (!doc_i64(value, &seconds))
		rc = wait_error(e, "SecondsPath", "cannot be parsed as a long value", d, value);
	else if (seconds < 0)
		rc = wait_error(e, "SecondsPath", "references a negative value", d, value);
	else if (seconds > WAIT_MAX_S)
		rc = err_set(e, "States.Runtime", "Wait state delay is too long.");
	else {
		*due_ms = r->now_ms + seconds * 1000;
		rc = 0;
	}
	doc_unref(value);
	return rc;
}

static int
timestamp_due(struct run *r, struct frame *f, struct doc effective, int64_t *due_ms, struct err *e)
{
	const struct dynamic_field *d = &f->state->timestamp;
	struct doc value = DOC_NONE;
	char *text;
	int rc;

	if (wait_field(r, f, d, "TimestampPath", effective, "string", &value, e) != 0)
		return -1;
	text = flow_text(value);
	if (doc_type(value) == DOC_STRING && clock_parse_iso(text, strlen(text), due_ms) == 0)
		rc = 0;
	else if (d->how == FIELD_EXPRESSION)
		rc = flow_unfit(r, "Timestamp", e,
		    "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time "
		    "format string: %s",
		    text);
	else
		rc = wait_error(e, "TimestampPath",
		    "does not reference a valid ISO-8601 extended offset date-time format string",
		    d, value);
	if (rc == 0 && *due_ms - r->now_ms > WAIT_MAX_S * 1000)
		rc = err_set(e, "States.Runtime", "Wait state delay is too long.");
	free(text);
	doc_unref(value);
	return rc;
}

/* The time has come: the input of the state, through both paths, is its output. */
static void
wait_over(struct run *r, struct frame *f, struct doc effective)
{
	struct err e = ERR_INIT;
	struct doc assigned = DOC_NONE, output = DOC_NONE;

	if (flow_assign(r, f, f->state->assign, ABOUT_INPUT, effective, &assigned, &e) != 0 ||
	    flow_pass_on(r, f, f->state->output, effective, &output, &e) != 0) {
		doc_unref(assigned);
		frame_fail_err(r, f, &e);
		return;
	}
	frame_leave(r, f, output, assigned, f->state->next);
}

void
st_wait_work(struct run *r, struct frame *f)
{
	struct err e = ERR_INIT;
	struct doc effective = DOC_NONE;
	int64_t due_ms = 0;
	int rc;

	rc = flow_input(r, f, &effective, &e);
	if (rc == 0)
		rc = f->state->seconds.how != FIELD_ABSENT
		    ? seconds_due(r, f, effective, &due_ms, &e)
		    : timestamp_due(r, f, effective, &due_ms, &e);
	if (rc != 0)
		frame_fail_err(r, f, &e);
	else if (due_ms <= r->now_ms)
		wait_over(r, f, effective);
	else
		frame_wait_until(r, f, FRAME_TIMER, due_ms);
	doc_unref(effective);
}

void
st_wait_fired(struct run *r, struct frame *f)
{
	struct err e = ERR_INIT;
	struct doc effective = DOC_NONE;

	if (flow_input(r, f, &effective, &e) != 0)
		frame_fail_err(r, f, &e);
	else
		wait_over(r, f, effective);
	doc_unref(effective);
}
