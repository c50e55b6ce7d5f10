/*
 * compile_task - what is a Task's own: Resource, time limits, Credentials.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"

/* What an EXPRESS machine may not call. The blank at the end of one sentence is the service's. */
static void
check_express(const struct part *p, const struct task_resource *r)
{
	if (r->kind == TASK_ACTIVITY)
		report_field(p, "Resource", "Express state machine does not support Activity ARN");
	else if (r->pattern == PATTERN_TOKEN)
		report_field(p, "Resource",
		    "Express state machine does not support '.waitForTaskToken' service integration ");
	else if (r->pattern != PATTERN_REQUEST)
		report_field(p, "Resource",
		    "Express state machine does not support '.sync' service integration");
}

static void
compile_resource(const struct part *p, struct task_resource *out)
{
	struct doc v = field_string(p, "Resource");
	struct buf scratch;
	const char *s;
	char *shown;
	size_t len;
	int rc;

	if (doc_is_none(v))
		return;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(v, &scratch, &len);
	rc = task_resource_parse(out, s, len);
	if (rc == 0) {
		if (p->c->type == MACHINE_EXPRESS)
			check_express(p, out);
	} else if (len < 4 || strncmp(s, "arn:", 4) != 0) {
		report_field(p, "Resource", "Value is not a valid resource ARN");
	} else {
		shown = text_shown(v);
		report_field(p, "Resource",
		    "The resource provided %s is not recognized. The value is not a valid resource "
		    "ARN, or the resource is not available in this region.",
		    shown);
		free(shown);
	}
	buf_fini(&scratch);
}

static struct template *
compile_credentials(const struct part *p)
{
	struct doc v = field_object(p, "Credentials");

	if (doc_is_none(v))
		return NULL;
	if (!doc_is_none(doc_gets(v, "RoleArn")))
		return compile_template(p, "Credentials", true);
	if (p->language == QUERY_JSONPATH && !doc_is_none(doc_gets(v, "RoleArn.$")))
		return compile_template(p, "Credentials", true);
	report_field(p, "Credentials", "The field 'RoleArn' is required but was missing");
	return NULL;
}

void
compile_task(const struct state_part *s)
{
	const struct part *p = &s->p;
	struct state *st = s->st;
	int64_t timeout, heartbeat;

	compile_resource(p, &st->resource);
	compile_seconds(p, "TimeoutSeconds", "TimeoutSecondsPath", 1, &st->timeout_s);
	compile_seconds(p, "HeartbeatSeconds", "HeartbeatSecondsPath", 1, &st->heartbeat_s);
	if (st->timeout_s.how == FIELD_LITERAL && st->heartbeat_s.how == FIELD_LITERAL &&
	    doc_i64(st->timeout_s.literal, &timeout) &&
	    doc_i64(st->heartbeat_s.literal, &heartbeat) && heartbeat >= timeout)
		report_field(p, "HeartbeatSeconds", "Value must be less than TimeoutSeconds");
	st->credentials = compile_credentials(p);
}
