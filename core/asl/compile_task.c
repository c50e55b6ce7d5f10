/*
 * compile_task - what is a Task's own: Resource, time limits, Credentials, Limit.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"
#include "base/id.h"

/* What an EXPRESS machine may not call: reported, false. The blank at the end of one sentence is the service's. */
static bool
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
	else
		return true;
	return false;
}

void
report_unrecognized(const struct part *p)
{
	char *shown = text_shown(field_get(p, "Resource"));

	report_field(p, "Resource",
	    "The resource provided %s is not recognized. The value is not a valid resource ARN, or "
	    "the resource is not available in this region.",
	    shown);
	free(shown);
}

static void
compile_resource(const struct part *p, struct task_resource *out)
{
	struct doc v = field_string(p, "Resource");
	struct buf scratch;
	const char *s;
	size_t len;
	int rc;

	if (doc_is_none(v))
		return;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(v, &scratch, &len);
	rc = task_resource_parse(out, s, len);
	if (rc == 0) {
		if (p->c->type != MACHINE_EXPRESS || check_express(p, out))
			check_integration(p, out);
	} else if (len < 4 || strncmp(s, "arn:", 4) != 0) {
		report_field(p, "Resource", "Value is not a valid resource ARN");
	} else {
		report_unrecognized(p);
	}
	buf_fini(&scratch);
}

/* A RoleArn that is not computed has the form of an ARN. False = reported. */
static bool
check_role(const struct part *p)
{
	struct doc v = field_get(p, "RoleArn");
	struct buf scratch;
	struct arn a;
	const char *s;
	size_t len;
	bool good;

	if (field_is_expression(p, v))
		return true;
	if (doc_is_none(field_string(p, "RoleArn")) ||
	    (p->language != QUERY_JSONPATH && !check_expressions(p, "RoleArn", v)))
		return false;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(v, &scratch, &len);
	good = arn_parse(s, len, &a) == 0;
	buf_fini(&scratch);
	if (!good)
		report_field(p, "RoleArn", "Value is not a valid role ARN");
	return good;
}

static struct template *
compile_credentials(const struct part *p)
{
	struct doc v = field_object(p, "Credentials");
	struct place at = place_name(p->at, "Credentials");
	struct part credentials = { p->c, v, &at, p->language };

	if (doc_is_none(v))
		return NULL;
	if (!doc_is_none(doc_gets(v, "RoleArn")))
		return check_role(&credentials) ? compile_template(p, "Credentials", true) : NULL;
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
	compile_limits(p, &st->limits);
}
