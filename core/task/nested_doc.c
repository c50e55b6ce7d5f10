/*
 * nested_doc - what a task that starts an execution is given, and what it gives:
 * parameters, envelopes, failures.
 */
#include "task/nested_doc.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"
#include "engine/event.h"
#include "expr/ident.h"
#include "task/redrive.h"
#include "task/start.h"

/* --- parameters ------------------------------------------------------------------ */

/* Takes why. */
static int
unfit(struct doc parameters, char *why, struct err *e)
{
	char *text = doc_text(parameters, NULL);
	int rc = err_set(e, "States.Runtime",
	    "The Parameters '%s' could not be used to start the Task: [%s]", text, why);

	free(text);
	free(why);
	return rc;
}

static int
check_fields(struct doc parameters, struct err *e)
{
	static const char *const known[] = { "StateMachineArn", "Input", "Name", "TraceHeader" };
	struct doc_iter it = doc_iter(parameters);

	while (doc_next(&it)) {
		size_t i = 0;

		while (i < sizeof(known) / sizeof(*known) && !doc_str_is(it.key, known[i]))
			i++;
		if (i == sizeof(known) / sizeof(*known)) {
			char *field = doc_strdup(it.key);
			int rc = unfit(parameters,
			    xasprintf("The field \"%s\" is not supported by Step Functions",
				field == NULL ? "\\u0000" : field),
			    e);

			free(field);
			return rc;
		}
	}
	return 0;
}

static bool
is_given(struct doc d)
{
	return !doc_is_none(d) && doc_type(d) != DOC_NULL;
}

/* A text of 1 (or 0) to max characters; *out NULL when it is not given. */
static int
read_text(struct doc parameters, const char *field, const char *argument, size_t min, size_t max,
    char **out, struct err *e)
{
	struct doc d = doc_gets(parameters, field);
	size_t n;

	*out = NULL;
	if (!is_given(d))
		return 0;
	if ((*out = doc_strdup(d)) == NULL)
		return unfit(parameters,
		    xasprintf("The value of the field '%s' has an invalid format", field), e);
	n = ident_characters(*out, strlen(*out));
	if (n >= min && n <= max)
		return 0;
	return err_set(e, "ValidationException",
	    "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: "
	    "Member must have length %s than or equal to %zu",
	    *out, argument, n < min ? "greater" : "less", n < min ? min : max);
}

/* A string is sent as it is, anything else as its JSON text; nothing, and null, is {}. */
static void
read_input(struct nested_request *q, struct doc d)
{
	struct buf scratch;
	const char *s;

	if (!is_given(d)) {
		q->input = xstrdup("{}");
		q->input_len = 2;
	} else if (doc_type(d) != DOC_STRING) {
		q->input = doc_text(d, &q->input_len);
	} else {
		buf_init(&scratch, BUF_UNLIMITED);
		s = doc_str(d, &scratch, &q->input_len);
		q->input = xstrndup(s, q->input_len);
		buf_fini(&scratch);
	}
}

static int
read_machine(struct nested_request *q, const struct territory *here, struct doc parameters,
    struct err *e)
{
	if (read_text(parameters, "StateMachineArn", "stateMachineArn", 1, 256, &q->machine_arn,
		e) != 0)
		return -1;
	if (q->machine_arn == NULL)
		return unfit(parameters,
		    xstrdup("The field \"StateMachineArn\" is required but was missing"), e);
	if (resource_parse(here, q->machine_arn, strlen(q->machine_arn), &q->machine, e) != 0)
		return -1;
	switch (q->machine.kind) {
	case RESOURCE_MACHINE:
	case RESOURCE_VERSION:
	case RESOURCE_ALIAS:
	case RESOURCE_LABELLED:
		break;
	default:
		return resource_refuse_type(&q->machine, e);
	}
	if (q->machine.kind != RESOURCE_MACHINE || !q->machine.ours)
		return start_check_machine(NULL, q->machine_arn, e);
	return 0;
}

int
nested_request_read(struct nested_request *q, const struct territory *here, struct doc parameters,
    struct err *e)
{
	*q = (struct nested_request){ .name = NULL };
	if (check_fields(parameters, e) != 0 || read_machine(q, here, parameters, e) != 0 ||
	    read_text(parameters, "Name", "name", 1, START_NAME_MAX, &q->name, e) != 0 ||
	    (q->name != NULL && name_check(q->name, strlen(q->name), e) != 0) ||
	    read_text(parameters, "TraceHeader", "traceHeader", 0, START_TRACE_HEADER_MAX,
		&q->trace_header, e) != 0)
		return -1;
	read_input(q, doc_gets(parameters, "Input"));
	return start_parse_input(q->input, q->input_len, &q->input_doc, e);
}

void
nested_request_fini(struct nested_request *q)
{
	free(q->machine_arn);
	free(q->name);
	free(q->input);
	free(q->trace_header);
	doc_unref(q->input_doc);
	*q = (struct nested_request){ .name = NULL };
}

/* --- the answer of StartExecution -------------------------------------------------- */

static void
add_string(struct doc_builder *b, const char *key, const char *value)
{
	docb_keys(b, key);
	docb_strings(b, value);
}

/* The headers that the service sends; AllHttpHeaders has lists of values. */
static void
add_headers(struct doc_builder *b, const char *key, bool lists, const char *const *headers)
{
	docb_keys(b, key);
	docb_object(b);
	for (; *headers != NULL; headers += 2) {
		docb_keys(b, headers[0]);
		if (lists)
			docb_array(b);
		docb_strings(b, headers[1]);
		if (lists)
			docb_end(b);
	}
	docb_end(b);
}

struct doc
nested_accepted(const char *execution_arn, int64_t start_ms, const char *request_id, int64_t now_ms)
{
	char *body = xasprintf("{\"executionArn\":\"%s\",\"startDate\":%lld.%03d}", execution_arn,
	    (long long)(start_ms / 1000), (int)(start_ms % 1000));
	char length[24], date[64];
	const char *const headers[] = { "x-amzn-RequestId", request_id, "connection", "keep-alive",
		"Content-Length", length, "Date", date, "Content-Type",
		"application/x-amz-json-1.0", NULL };
	struct doc_builder *b = docb_new();
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;

	snprintf(length, sizeof(length), "%zu", strlen(body));
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	docb_object(b);
	add_string(b, "ExecutionArn", execution_arn);
	docb_keys(b, "SdkHttpMetadata");
	docb_object(b);
	add_headers(b, "AllHttpHeaders", true, headers);
	add_headers(b, "HttpHeaders", false, headers);
	docb_keys(b, "HttpStatusCode");
	docb_i64(b, 200);
	docb_end(b);
	docb_keys(b, "SdkResponseMetadata");
	docb_object(b);
	add_string(b, "RequestId", request_id);
	docb_end(b);
	docb_keys(b, "StartDate");
	docb_i64(b, start_ms);
	docb_end(b);
	free(body);
	return docb_finish(b);
}

/* --- the end ------------------------------------------------------------------------ */

/* What of the description is left out, because it would be longer than a cause may be. */
enum shortened { SHORTENED_NOT, SHORTENED_INPUT, SHORTENED_CAUSE };

/* JSON text as a value: parsed (what the store has can be), or as a string. */
static void
add_json(struct doc_builder *b, const char *key, const char *text, size_t len, bool parsed)
{
	struct doc d = parsed ? doc_parse(text, len, NULL) : DOC_NONE;

	docb_keys(b, key);
	if (doc_is_none(d))
		docb_string(b, text, len);
	else
		docb_doc(b, d);
	doc_unref(d);
}

static void
add_included(struct doc_builder *b, const char *key, bool included)
{
	docb_keys(b, key);
	docb_object(b);
	docb_keys(b, "Included");
	docb_bool(b, included);
	docb_end(b);
}

static void
add_if_set(struct doc_builder *b, const char *key, const char *value)
{
	if (value != NULL)
		add_string(b, key, value);
}

static void
add_redrive(struct doc_builder *b, const struct execution_row *row, bool aws_limits)
{
	struct buf text;
	const char *obstacle;

	buf_init(&text, BUF_UNLIMITED);
	obstacle = redrive_obstacle(row, aws_limits, &text);
	docb_keys(b, "RedriveCount");
	docb_i64(b, row->redrive_count);
	add_string(b, "RedriveStatus", obstacle != NULL ? "NOT_REDRIVABLE" : "REDRIVABLE");
	add_if_set(b, "RedriveStatusReason", obstacle);
	buf_fini(&text);
}

/* DescribeExecution as the service puts it into a task: names in upper case, no null. */
static struct doc
describe(const struct execution_row *row, const struct territory *here, bool parsed,
    bool aws_limits, enum shortened shortened)
{
	struct doc_builder *b = docb_new();
	struct buf arn;

	buf_init(&arn, BUF_UNLIMITED);
	docb_object(b);
	if (shortened < SHORTENED_CAUSE)
		add_if_set(b, "Cause", row->cause);
	add_if_set(b, "Error", row->error);
	resource_execution_arn(here, row->machine_name, row->name, &arn);
	add_string(b, "ExecutionArn", arn.data);
	if (shortened < SHORTENED_INPUT)
		add_json(b, "Input", row->input, row->input_len, parsed);
	add_included(b, "InputDetails", shortened < SHORTENED_INPUT);
	add_string(b, "Name", row->name);
	if (row->output != NULL) {
		add_json(b, "Output", row->output, row->output_len, parsed);
		add_included(b, "OutputDetails", true);
	}
	add_redrive(b, row, aws_limits);
	docb_keys(b, "StartDate");
	docb_i64(b, row->start_ms);
	add_if_set(b, "StateMachineAliasArn", row->alias_arn);
	buf_reset(&arn);
	resource_machine_arn(here, row->machine_name, &arn);
	add_string(b, "StateMachineArn", arn.data);
	add_if_set(b, "StateMachineVersionArn", row->version_arn);
	add_string(b, "Status", row->status);
	docb_keys(b, "StopDate");
	docb_i64(b, row->stop_ms);
	add_if_set(b, "TraceHeader", row->trace_header);
	docb_end(b);
	buf_fini(&arn);
	return docb_finish(b);
}

/* The whole description, or as much of it as fits: a cause that is cut would be no JSON any more. */
static char *
failed_cause(const struct execution_row *row, const struct territory *here, bool aws_limits)
{
	enum shortened how = SHORTENED_NOT;

	for (;; how++) {
		struct doc d = describe(row, here, false, aws_limits, how);
		size_t len;
		char *text = doc_text(d, &len);

		doc_unref(d);
		if (ident_characters(text, len) <= EVENT_CAUSE_CHARS_MAX || how == SHORTENED_CAUSE)
			return text;
		free(text);
	}
}

void
nested_end_read(struct nested_end *end, const struct execution_row *row,
    const struct territory *here, enum task_pattern pattern, bool aws_limits)
{
	*end = (struct nested_end){ .output = DOC_NONE };
	if (strcmp(row->status, "SUCCEEDED") == 0)
		end->output =
		    describe(row, here, pattern == PATTERN_SYNC2, aws_limits, SHORTENED_NOT);
	else
		end->cause = failed_cause(row, here, aws_limits);
}

void
nested_end_fini(struct nested_end *end)
{
	doc_unref(end->output);
	free(end->cause);
	*end = (struct nested_end){ .output = DOC_NONE };
}

/* --- refusals ------------------------------------------------------------------------- */

void
nested_failure(struct err *e, const char *request_id)
{
	char *name, *cause;

	if (strncmp(e->name, "States.", strlen("States.")) == 0)
		return;
	/* the client of the service has one class for the errors that are not modelled */
	if (strcmp(e->name, "ValidationException") == 0)
		name = xstrdup("StepFunctions.AWSStepFunctionsException");
	else
		name = xasprintf("StepFunctions.%sException", e->name);
	cause = xasprintf("%s (Service: AWSStepFunctions; Status Code: 400; Error Code: %s; "
			  "Request ID: %s; Proxy: null)",
	    err_cause(e), e->name, request_id);
	err_set(e, name, "%s", cause);
	free(name);
	free(cause);
}
