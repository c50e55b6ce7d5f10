/*
 * act_execution - the actions on executions: start, stop, describe, list.
 */
#include <string.h>

#include "api/act.h"
#include "api/peer.h"
#include "api/page.h"
#include "api/variables.h"
#include "base/clock.h"
#include "store/catalogue.h"
#include "store/read.h"
#include "task/engine.h"
#include "task/redrive.h"
#include "task/start.h"

/* --- StartExecution ------------------------------------------------------------------------ */

struct start {
	struct call call;
	struct resource arn;
	struct machine_entry *machine;
	const char *name; /* asked for; NULL = any */
	const char *input;
	size_t input_len;
	struct doc input_doc;
	const char *trace_header;
	bool name_taken;
	bool known; /* the execution that has the name was found */
	bool same;  /* and it is what this call asks for */
	char *started_name;
	int64_t start_ms;
};

/* The header that load balancers send wins over the argument. */
static const char *
start_trace_header(struct call *c)
{
	const struct http_header *h = http_header(c->request, "x-amzn-trace-id");

	if (h == NULL || h->value_len == 0 || h->value_len > START_TRACE_HEADER_MAX)
		return call_text(c, "traceHeader", NULL);
	for (size_t i = 0; i < h->value_len; i++) {
		if ((unsigned char)h->value[i] > 0x7f)
			return call_text(c, "traceHeader", NULL);
	}
	return arena_strndup(&c->arena, h->value, h->value_len);
}

static enum flow_next
start_read(struct flow *f, void *state, struct err *e)
{
	struct start *s = state;
	struct call *c = &s->call;
	struct engine_refusal refusal;
	size_t len = 0;
	int rc;

	(void)f;
	if ((rc = call_machine(c, &s->arn, e)) != 0)
		return rc > 0 ? FLOW_DONE : FLOW_FAIL;
	/* before all that costs something: who is refused is to cost next to nothing */
	if (engine_admit(c->api->engine, s->arn.name, c->request->body_len, &refusal) != 0)
		return call_throttled(c, refusal.why, refusal.retry_s);
	s->name = call_text(c, "name", &len);
	s->input = call_text(c, "input", &s->input_len);
	if (s->input == NULL) {
		s->input = "{}";
		s->input_len = 2;
	}
	if ((s->name != NULL && name_check(s->name, len, e) != 0) ||
	    start_parse_input(s->input, s->input_len, &s->input_doc, e) != 0)
		return FLOW_FAIL;
	s->trace_header = start_trace_header(c);
	if (s->trace_header != NULL &&
	    call_check_storable("traceHeader", s->trace_header, strlen(s->trace_header), e) != 0)
		return FLOW_FAIL;
	if (s->arn.kind != RESOURCE_MACHINE || !s->arn.ours)
		return call_no_machine(c);
	return FLOW_NEXT;
}

static void
start_got_machine(uint64_t ticket, struct machine_entry *m, const struct err *e)
{
	struct start *s = flow_state(ticket);

	if (s == NULL)
		return;
	s->machine = m != NULL ? machine_entry_ref(m) : NULL;
	flow_resume(ticket, e);
}

static enum flow_next
start_machine(struct flow *f, void *state, struct err *e)
{
	struct start *s = state;
	struct machine_entry *m = catalogue_cached(s->call.api->store, s->arn.name);

	(void)e;
	if (m != NULL) {
		s->machine = machine_entry_ref(m);
		return FLOW_NEXT;
	}
	catalogue_by_name(s->call.api->store, s->arn.name, flow_id(f), start_got_machine);
	return FLOW_WAIT;
}

static void
start_done(uint64_t ticket, bool name_taken, const char *name, int64_t start_ms,
    const struct err *e)
{
	struct start *s = flow_state(ticket);

	if (s == NULL)
		return;
	s->name_taken = name_taken;
	s->start_ms = start_ms;
	if (name != NULL)
		s->started_name = arena_strdup(&s->call.arena, name);
	flow_resume(ticket, e);
}

static enum flow_next
start_start(struct flow *f, void *state, struct err *e)
{
	struct start *s = state;
	struct engine_start what = { .machine = s->machine,
		.name = s->name,
		.input_text = s->input,
		.input_len = s->input_len,
		.input = s->input_doc,
		.trace_header = s->trace_header };

	if (start_check_machine(s->machine, call_text(&s->call, "stateMachineArn", NULL), e) != 0)
		return FLOW_FAIL;
	engine_start_execution(s->call.api->engine, &what, flow_id(f), start_done);
	return FLOW_WAIT;
}

static void
start_got_existing(uint64_t ticket, const struct execution_row *row, const struct err *e)
{
	struct start *s = flow_state(ticket);

	if (s == NULL)
		return;
	if (row != NULL) {
		s->known = true;
		s->same = start_is_same(row, s->input, s->input_len);
		s->start_ms = row->start_ms;
	}
	flow_resume(ticket, e);
}

static enum flow_next
start_existing(struct flow *f, void *state, struct err *e)
{
	struct start *s = state;

	(void)e;
	if (!s->name_taken)
		return FLOW_NEXT;
	if (s->started_name == NULL)
		s->started_name = arena_strdup(&s->call.arena, s->name);
	read_execution(s->call.api->store, s->machine->name, s->started_name, flow_id(f),
	    start_got_existing);
	return FLOW_WAIT;
}

static enum flow_next
start_answer(struct flow *f, void *state, struct err *e)
{
	struct start *s = state;
	struct call *c = &s->call;
	struct buf arn, *b = call_out(c);
	enum flow_next next;

	(void)f;
	if (s->name_taken && !s->known) {
		/* it has the name and cannot be seen: its machine is going away just now */
		err_set(e, "ServiceUnavailable", "The name is not free yet; try again.");
		return FLOW_FAIL;
	}
	buf_init(&arn, BUF_UNLIMITED);
	resource_execution_arn(&c->api->here, s->machine->name, s->started_name, &arn);
	if (s->name_taken && !s->same) {
		start_already_exists(arn.data, e);
		next = FLOW_FAIL;
	} else {
		buf_addc(b, '{');
		reply_text_n(b, "executionArn", arn.data, arn.len);
		reply_time(b, "startDate", s->start_ms);
		buf_addc(b, '}');
		next = call_ok(c);
	}
	buf_fini(&arn);
	return next;
}

static void
start_fini(void *state)
{
	struct start *s = state;

	if (s->machine != NULL)
		machine_entry_unref(s->machine);
	doc_unref(s->input_doc);
	call_fini(state);
}

static const struct flow_step start_steps[] = {
	{ "read", start_read },
	{ "machine", start_machine },   /* WAIT only when it is not in the cache */
	{ "start", start_start },       /* WAIT: COMMIT resumes us */
	{ "existing", start_existing }, /* WAIT when the name was taken: the same call again? */
	{ "answer", start_answer },
	{ NULL, NULL },
};
const struct flow_kind act_start_execution =
    CALL_KIND("StartExecution", start_steps, struct start, start_fini);

/* --- what is about one execution -------------------------------------------------------------- */

struct one {
	struct call call;
	struct resource arn;
	struct buf answer; /* DescribeExecution: made while the row is there */
	bool found;
	struct uuid id, machine_id;
	int32_t shard;
	int64_t revision, stop_ms;
	struct machine_entry *machine;
};

/* The first step of all of them. */
static enum flow_next
one_check(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;

	(void)f;
	buf_init(&s->answer, BUF_UNLIMITED);
	if (call_execution(&s->call, &s->arn, e) != 0)
		return FLOW_FAIL;
	if (s->arn.kind != RESOURCE_EXECUTION || !s->arn.ours)
		return call_no_execution(&s->call);
	return FLOW_NEXT;
}

static void
one_fini(void *state)
{
	struct one *s = state;

	buf_fini(&s->answer);
	if (s->machine != NULL)
		machine_entry_unref(s->machine);
	call_fini(state);
}

/* --- DescribeExecution --------------------------------------------------------------------------- */

static void
describe_redrive(const struct api *a, const struct execution_row *row, struct buf *b)
{
	const char *obstacle;
	struct buf text;

	buf_init(&text, 256);
	obstacle = redrive_obstacle(row, a->aws_limits, &text);
	reply_int(b, "redriveCount", row->redrive_count);
	if (row->redrive_ms > 0)
		reply_time(b, "redriveDate", row->redrive_ms);
	reply_text(b, "redriveStatus", obstacle != NULL ? "NOT_REDRIVABLE" : "REDRIVABLE");
	reply_text(b, "redriveStatusReason", obstacle);
	buf_fini(&text);
}

static void
add_details(struct buf *b, const char *key, bool included)
{
	reply_json(b, key, included ? "{\"included\":true}" : "{\"included\":false}");
}

/* Input and output, error and cause: what METADATA_ONLY leaves out. */
static void
describe_data(const struct execution_row *row, bool metadata, struct buf *b)
{
	if (!metadata)
		reply_text_n(b, "input", row->input, row->input_len);
	add_details(b, "inputDetails", !metadata);
	if (row->output != NULL) {
		if (!metadata)
			reply_text_n(b, "output", row->output, row->output_len);
		add_details(b, "outputDetails", !metadata);
	}
	if (!metadata) {
		reply_text(b, "error", row->error);
		reply_text(b, "cause", row->cause);
	}
}

static void
describe_print(struct call *c, const struct execution_row *row, struct buf *b)
{
	struct doc included = call_arg(c, "includedData");
	struct buf arn;

	buf_init(&arn, BUF_UNLIMITED);
	resource_machine_arn(&c->api->here, row->machine_name, &arn);
	buf_addc(b, '{');
	reply_text(b, "executionArn", call_text(c, "executionArn", NULL));
	reply_text_n(b, "stateMachineArn", arn.data, arn.len);
	reply_text(b, "name", row->name);
	reply_text(b, "status", row->status);
	reply_time(b, "startDate", row->start_ms);
	if (row->stop_ms > 0)
		reply_time(b, "stopDate", row->stop_ms);
	describe_data(row, !doc_is_none(included) && doc_str_is(included, "METADATA_ONLY"), b);
	reply_text(b, "traceHeader", row->trace_header);
	reply_text(b, "stateMachineVersionArn", row->version_arn);
	reply_text(b, "stateMachineAliasArn", row->alias_arn);
	describe_redrive(c->api, row, b);
	buf_addc(b, '}');
	buf_fini(&arn);
}

static void
describe_got_row(uint64_t ticket, const struct execution_row *row, const struct err *e)
{
	struct one *s = flow_state(ticket);

	if (s == NULL)
		return;
	s->found = row != NULL;
	if (row != NULL)
		describe_print(&s->call, row, call_out(&s->call));
	flow_resume(ticket, e);
}

static enum flow_next
describe_read(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;

	(void)e;
	read_execution(s->call.api->store, s->arn.name, s->arn.part, flow_id(f), describe_got_row);
	return FLOW_WAIT;
}

static enum flow_next
describe_answer(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;

	(void)f;
	(void)e;
	return s->found ? call_ok(&s->call) : call_no_execution(&s->call);
}

/* What is no ARN at all is an execution that does not exist here, as the service has it. */
static enum flow_next
describe_check(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;
	size_t len;
	const char *arn = call_text(&s->call, "executionArn", &len);
	struct arn parts;

	if (arn_parse(arn, len, &parts) == 0)
		return one_check(f, state, e);
	buf_init(&s->answer, BUF_UNLIMITED);
	return call_no_execution(&s->call);
}

static const struct flow_step describe_steps[] = {
	{ "check", describe_check },
	{ "read", describe_read }, /* WAIT: the row becomes the answer's body */
	{ "answer", describe_answer },
	{ NULL, NULL },
};
const struct flow_kind act_describe_execution =
    CALL_KIND("DescribeExecution", describe_steps, struct one, one_fini);

/* --- DescribeStateMachineForExecution --------------------------------------------------------------- */

static void
one_got_row(uint64_t ticket, const struct execution_row *row, const struct err *e)
{
	struct one *s = flow_state(ticket);

	if (s == NULL)
		return;
	if (row != NULL) {
		s->found = true;
		s->id = row->id;
		s->shard = row->shard;
		s->machine_id = row->machine_id;
		s->revision = row->revision;
		s->stop_ms = row->stop_ms;
	}
	flow_resume(ticket, e);
}

static enum flow_next
one_read(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;

	(void)e;
	read_execution(s->call.api->store, s->arn.name, s->arn.part, flow_id(f), one_got_row);
	return FLOW_WAIT;
}

static void
for_execution_got_machine(uint64_t ticket, struct machine_entry *m, const struct err *e)
{
	struct one *s = flow_state(ticket);

	if (s == NULL)
		return;
	s->machine = m != NULL ? machine_entry_ref(m) : NULL;
	flow_resume(ticket, e);
}

static enum flow_next
for_execution_machine(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;

	(void)e;
	if (!s->found)
		return call_no_execution(&s->call);
	catalogue_by_id(s->call.api->store, &s->machine_id, s->revision, flow_id(f),
	    for_execution_got_machine);
	return FLOW_WAIT;
}

static enum flow_next
for_execution_answer(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;
	struct call *c = &s->call;
	const struct machine_entry *m = s->machine;
	struct doc included = call_arg(c, "includedData");
	bool metadata = !doc_is_none(included) && doc_str_is(included, "METADATA_ONLY");
	struct buf arn, *b = call_out(c);

	(void)f;
	(void)e;
	if (m == NULL)
		return call_no_execution(c);
	buf_init(&arn, BUF_UNLIMITED);
	resource_machine_arn(&c->api->here, m->name, &arn);
	buf_addc(b, '{');
	reply_text_n(b, "stateMachineArn", arn.data, arn.len);
	reply_text(b, "name", m->name);
	if (metadata)
		reply_text(b, "definition", "{}");
	else
		reply_text_n(b, "definition", m->definition, m->definition_len);
	reply_text(b, "roleArn", m->role_arn);
	reply_time(b, "updateDate", m->revised_ms);
	reply_json(b, "loggingConfiguration", m->logging);
	reply_json(b, "tracingConfiguration", m->tracing);
	reply_json(b, "encryptionConfiguration", m->encryption);
	reply_text(b, "revisionId", m->revision_id);
	variables_reply(m->machine, b);
	buf_addc(b, '}');
	buf_fini(&arn);
	return call_ok(c);
}

static const struct flow_step for_execution_steps[] = {
	{ "check", one_check },
	{ "read", one_read },                 /* WAIT */
	{ "machine", for_execution_machine }, /* WAIT: the revision that it began with */
	{ "answer", for_execution_answer },
	{ NULL, NULL },
};
const struct flow_kind act_describe_state_machine_for_execution =
    CALL_KIND("DescribeStateMachineForExecution", for_execution_steps, struct one, one_fini);

/* --- StopExecution ------------------------------------------------------------------------------------ */

static void
stop_done(uint64_t ticket, int64_t stop_ms, const struct err *e)
{
	struct one *s = flow_state(ticket);

	if (s == NULL)
		return;
	s->stop_ms = stop_ms;
	/* one that ended meanwhile answers as one that had ended before */
	if (e != NULL && strcmp(e->name, "ExecutionClosed") == 0)
		e = NULL;
	flow_resume(ticket, e);
}

/* Where its run is. */
static enum flow_next
stop_place(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;

	(void)e;
	if (!s->found || s->stop_ms > 0)
		return FLOW_NEXT;
	return peer_place(f, &s->call, s->shard);
}

static enum flow_next
stop_stop(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;
	struct call *c = &s->call;
	size_t error_len = 0, cause_len = 0;
	const char *error, *cause;

	if (!s->found)
		return call_no_execution(c);
	if (s->stop_ms > 0)
		return FLOW_NEXT;
	error = call_text(c, "error", &error_len);
	cause = call_text(c, "cause", &cause_len);
	if (call_check_storable("error", error, error_len, e) != 0 ||
	    call_check_storable("cause", cause, cause_len, e) != 0)
		return FLOW_FAIL;
	engine_stop_execution(c->api->engine, s->shard, &s->id, error, cause, flow_id(f),
	    stop_done);
	return FLOW_WAIT;
}

static enum flow_next
stop_answer(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;
	struct buf *b = call_out(&s->call);

	(void)f;
	(void)e;
	buf_addc(b, '{');
	reply_time(b, "stopDate", s->stop_ms);
	buf_addc(b, '}');
	return call_ok(&s->call);
}

static const struct flow_step stop_steps[] = {
	{ "check", one_check },
	{ "read", one_read },    /* WAIT */
	{ "place", stop_place }, /* WAIT: for another node's answer */
	{ "stop", stop_stop },   /* WAIT, unless it had ended */
	{ "answer", stop_answer },
	{ NULL, NULL },
};
const struct flow_kind act_stop_execution =
    CALL_KIND("StopExecution", stop_steps, struct one, one_fini);

/* --- ListExecutions --------------------------------------------------------------------------------------- */

struct list {
	struct call call;
	struct resource arn;
	struct page_binding binding;
	struct execution_filter filter;
	struct machine_entry *machine;
};

/* A position is the start time and the id of the last row. */
#define POSITION_LEN 24

static void
put_position(unsigned char out[POSITION_LEN], int64_t start_ms, const struct uuid *id)
{
	for (int i = 0; i < 8; i++)
		out[i] = (unsigned char)((uint64_t)start_ms >> 8 * (7 - i));
	memcpy(out + 8, id->b, 16);
}

static void
get_position(const unsigned char in[POSITION_LEN], struct execution_filter *f)
{
	uint64_t ms = 0;

	for (int i = 0; i < 8; i++)
		ms = ms << 8 | in[i];
	f->after_set = true;
	f->after_start_ms = (int64_t)ms;
	memcpy(f->after_id.b, in + 8, 16);
}

static void
list_bind(struct list *s, const char *argument)
{
	size_t len = 0;
	const char *v = call_text(&s->call, argument, &len);

	page_binding_add(&s->binding, v, len);
}

static int
list_read_token(struct list *s, struct err *e)
{
	struct api *a = s->call.api;
	struct buf position;
	size_t len;
	const char *token = call_text(&s->call, "nextToken", &len);
	int rc = 0;

	list_bind(s, "stateMachineArn");
	list_bind(s, "statusFilter");
	list_bind(s, "redriveFilter");
	if (token == NULL)
		return 0;
	buf_init(&position, BUF_UNLIMITED);
	rc = page_token_read(a->token_secret, &s->binding, token, len, clock_wall_ms(), &position,
	    e);
	if (rc == 0)
		get_position((const unsigned char *)position.data, &s->filter);
	buf_fini(&position);
	return rc;
}

static enum flow_next
list_check(struct flow *f, void *state, struct err *e)
{
	struct list *s = state;
	struct call *c = &s->call;
	const char *machine = call_text(c, "stateMachineArn", NULL);
	const char *map_run = call_text(c, "mapRunArn", NULL);
	const char *status = call_text(c, "statusFilter", NULL);
	struct doc redrive = call_arg(c, "redriveFilter");
	int rc;

	(void)f;
	page_binding_init(&s->binding, "ListExecutions");
	if ((machine == NULL) == (map_run == NULL))
		return call_error(c, "ValidationException", NULL, NULL,
		    "Exactly one of stateMachineArn and mapRunArn must be specified");
	if (map_run != NULL) {
		if (call_resource(c, "mapRunArn", &s->arn, e) != 0)
			return FLOW_FAIL;
		if (s->arn.kind != RESOURCE_MAP_RUN) {
			resource_refuse_type(&s->arn, e);
			return FLOW_FAIL;
		}
		return call_error(c, "ResourceNotFound", "resourceName", map_run,
		    "Resource not found: '%s'", map_run);
	}
	if ((rc = call_machine(c, &s->arn, e)) != 0)
		return rc > 0 ? FLOW_DONE : FLOW_FAIL;
	if (status != NULL && strcmp(status, "PENDING_REDRIVE") == 0)
		return call_error(c, "ValidationException", NULL, NULL,
		    "The status PENDING_REDRIVE can only be asked for together with mapRunArn");
	s->filter.status = status;
	s->filter.redriven = doc_is_none(redrive) ? -1 : doc_str_is(redrive, "REDRIVEN") ? 1 : 0;
	s->filter.limit = call_page_size(c, 1000);
	if (list_read_token(s, e) != 0)
		return FLOW_FAIL;
	return s->arn.ours ? FLOW_NEXT : call_no_machine(c);
}

static void
list_got_machine(uint64_t ticket, struct machine_entry *m, const struct err *e)
{
	struct list *s = flow_state(ticket);

	if (s == NULL)
		return;
	s->machine = m != NULL ? machine_entry_ref(m) : NULL;
	flow_resume(ticket, e);
}

static enum flow_next
list_machine(struct flow *f, void *state, struct err *e)
{
	struct list *s = state;

	(void)e;
	catalogue_by_name(s->call.api->store, s->arn.name, flow_id(f), list_got_machine);
	return FLOW_WAIT;
}

static void
list_print(struct api *a, const struct execution_row *row, struct buf *arn, struct buf *b)
{
	buf_addc(b, '{');
	buf_reset(arn);
	resource_execution_arn(&a->here, row->machine_name, row->name, arn);
	reply_text_n(b, "executionArn", arn->data, arn->len);
	buf_reset(arn);
	resource_machine_arn(&a->here, row->machine_name, arn);
	reply_text_n(b, "stateMachineArn", arn->data, arn->len);
	reply_text(b, "name", row->name);
	reply_text(b, "status", row->status);
	reply_time(b, "startDate", row->start_ms);
	if (row->stop_ms > 0)
		reply_time(b, "stopDate", row->stop_ms);
	reply_text(b, "stateMachineVersionArn", row->version_arn);
	reply_text(b, "stateMachineAliasArn", row->alias_arn);
	reply_int(b, "redriveCount", row->redrive_count);
	if (row->redrive_ms > 0)
		reply_time(b, "redriveDate", row->redrive_ms);
	buf_addc(b, '}');
}

static void
list_got_rows(uint64_t ticket, const struct execution_row *rows, size_t n, bool more,
    const struct err *e)
{
	struct list *s = flow_state(ticket);
	unsigned char position[POSITION_LEN];
	struct buf *b, arn;
	struct api *a;

	if (s == NULL)
		return;
	if (e != NULL) {
		flow_resume(ticket, e);
		return;
	}
	a = s->call.api;
	b = call_out(&s->call);
	buf_init(&arn, BUF_UNLIMITED);
	buf_adds(b, "{\"executions\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(b, ',');
		list_print(a, &rows[i], &arn, b);
	}
	buf_addc(b, ']');
	if (more && n > 0) {
		put_position(position, rows[n - 1].start_ms, &rows[n - 1].id);
		reply_key(b, "nextToken");
		buf_addc(b, '"');
		page_token_make(a->token_secret, &s->binding, position, sizeof(position),
		    clock_wall_ms(), b);
		buf_addc(b, '"');
	}
	buf_addc(b, '}');
	buf_fini(&arn);
	flow_resume(ticket, NULL);
}

static enum flow_next
list_read(struct flow *f, void *state, struct err *e)
{
	struct list *s = state;
	const char *arn = call_text(&s->call, "stateMachineArn", NULL);

	(void)e;
	if (s->machine == NULL)
		return call_no_machine(&s->call);
	if (s->machine->type == MACHINE_EXPRESS)
		return call_error(&s->call, "StateMachineTypeNotSupported", NULL, NULL,
		    "This operation is not supported by this type of state machine");
	if (s->arn.kind != RESOURCE_MACHINE)
		return call_error(&s->call, "ResourceNotFound", "resourceName", arn,
		    "Resource not found: '%s'", arn);
	s->filter.machine_id = s->machine->id;
	read_executions(s->call.api->store, &s->filter, flow_id(f), list_got_rows);
	return FLOW_WAIT;
}

static enum flow_next
list_answer(struct flow *f, void *state, struct err *e)
{
	(void)f;
	(void)e;
	return call_ok(state);
}

static void
list_fini(void *state)
{
	struct list *s = state;

	page_binding_fini(&s->binding);
	if (s->machine != NULL)
		machine_entry_unref(s->machine);
	call_fini(state);
}

static const struct flow_step list_steps[] = {
	{ "check", list_check },
	{ "machine", list_machine }, /* WAIT */
	{ "read", list_read },       /* WAIT: the rows become the answer's body */
	{ "answer", list_answer },
	{ NULL, NULL },
};
const struct flow_kind act_list_executions =
    CALL_KIND("ListExecutions", list_steps, struct list, list_fini);
