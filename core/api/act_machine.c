/*
 * act_machine - the actions on state machines: create, update, describe, list, delete, validate.
 */
#include <string.h>

#include "api/act.h"
#include "api/limits.h"
#include "api/name_list.h"
#include "api/settings.h"
#include "api/variables.h"
#include "asl/compile.h"
#include "base/clock.h"
#include "store/catalogue.h"

#define ANSWER_DIAGNOSTICS 100
#define SENTENCE_MAX (64u << 10) /* of an InvalidDefinition message */

/* --- shared ---------------------------------------------------------------------------- */

static const char *
machine_type_name(enum machine_type t)
{
	return t == MACHINE_EXPRESS ? "EXPRESS" : "STANDARD";
}

static enum machine_type
type_argument(const struct call *c)
{
	struct doc d = call_arg(c, "type");

	return !doc_is_none(d) && doc_str_is(d, "EXPRESS") ? MACHINE_EXPRESS : MACHINE_STANDARD;
}

/* 0, or -1 and e "InvalidDefinition". */
static int
check_definition(const struct call *c, const char *text, size_t len, enum machine_type type,
    struct err *e)
{
	struct diagnostics d;
	struct machine *m;
	struct buf b;

	diagnostics_init(&d);
	limits_known(c->api, &d);
	m = machine_compile(text, len, type, &d);
	limits_known_fini(&d);
	if (m == NULL) {
		buf_init(&b, SENTENCE_MAX);
		diagnostics_sentence(&d, &b);
		err_set_text(e, "InvalidDefinition", buf_text(&b), b.len);
		buf_fini(&b);
	}
	machine_unref(m);
	diagnostics_fini(&d);
	return err_is_set(e) ? -1 : 0;
}

/* Versions have an action group of their own, which this release does not have. */
static int
check_publish(struct call *c, struct err *e)
{
	bool publish = call_bool(c, "publish", false);

	if (!publish && !doc_is_none(call_arg(c, "versionDescription")))
		return err_set(e, "ValidationException",
		    "Version description can only be set when publish is true");
	if (publish)
		return err_set(e, "ValidationException",
		    "This server does not have state machine versions: publish must be false.");
	return 0;
}

/* What Create and Update put into the catalogue; texts belong to the call and the buffers. */
struct change {
	struct machine_spec spec;
	struct buf logging, tracing, encryption, tags;
};

static void
change_init(struct change *h)
{
	buf_init(&h->logging, BUF_UNLIMITED);
	buf_init(&h->tracing, BUF_UNLIMITED);
	buf_init(&h->encryption, BUF_UNLIMITED);
	buf_init(&h->tags, BUF_UNLIMITED);
}

static void
change_fini(struct change *h)
{
	buf_fini(&h->logging);
	buf_fini(&h->tracing);
	buf_fini(&h->encryption);
	buf_fini(&h->tags);
}

/* Reads the members that Create and Update share; absent ones stay NULL unless defaults are wanted. */
static int
change_read(struct change *h, struct call *c, bool defaults, struct err *e)
{
	struct doc logging = call_arg(c, "loggingConfiguration");
	struct doc tracing = call_arg(c, "tracingConfiguration");
	struct doc encryption = call_arg(c, "encryptionConfiguration");
	size_t len;

	if (defaults || !doc_is_none(logging)) {
		if (settings_logging(logging, &h->logging, e) != 0)
			return -1;
		h->spec.logging = h->logging.data;
	}
	if (defaults || !doc_is_none(tracing)) {
		settings_tracing(tracing, &h->tracing);
		h->spec.tracing = h->tracing.data;
	}
	if (defaults || !doc_is_none(encryption)) {
		if (settings_encryption(encryption, &h->encryption, e) != 0)
			return -1;
		h->spec.encryption = h->encryption.data;
	}
	h->spec.definition = call_text(c, "definition", &h->spec.definition_len);
	h->spec.role_arn = call_text(c, "roleArn", &len);
	if (h->spec.role_arn != NULL && role_arn_check(h->spec.role_arn, len, e) != 0)
		return -1;
	h->spec.now_ms = clock_wall_ms();
	return 0;
}

/* --- CreateStateMachine ------------------------------------------------------------------- */

struct create {
	struct call call;
	struct change change;
	enum catalogue_outcome outcome;
	int64_t created_ms;
};

static enum flow_next
create_check(struct flow *f, void *state, struct err *e)
{
	struct create *s = state;
	struct call *c = &s->call;
	struct machine_spec *spec = &s->change.spec;
	struct doc tags = call_arg(c, "tags");
	size_t len;

	(void)f;
	change_init(&s->change);
	spec->name = call_text(c, "name", &len);
	spec->type = type_argument(c);
	if (name_check(spec->name, len, e) != 0)
		return FLOW_FAIL;
	if (!doc_is_none(tags) && settings_tags(tags, &s->change.tags, e) != 0)
		return FLOW_FAIL;
	spec->tags = s->change.tags.len > 0 ? s->change.tags.data : "[]";
	if (check_publish(c, e) != 0 || change_read(&s->change, c, true, e) != 0 ||
	    check_definition(c, spec->definition, spec->definition_len, spec->type, e) != 0)
		return FLOW_FAIL;
	return FLOW_NEXT;
}

static void
create_done(uint64_t ticket, enum catalogue_outcome o, struct machine_entry *m, const struct err *e)
{
	struct create *s = flow_state(ticket);

	if (s == NULL)
		return;
	s->outcome = o;
	s->created_ms = m != NULL ? m->created_ms : 0;
	flow_resume(ticket, e);
}

static enum flow_next
create_write(struct flow *f, void *state, struct err *e)
{
	struct create *s = state;

	(void)e;
	catalogue_create(s->call.api->store, &s->change.spec, flow_id(f), create_done);
	return FLOW_WAIT;
}

static enum flow_next
create_answer(struct flow *f, void *state, struct err *e)
{
	struct create *s = state;
	struct call *c = &s->call;
	struct buf arn, *b = call_out(c);
	enum flow_next next;

	(void)f;
	(void)e;
	if (s->outcome == CATALOGUE_DELETING)
		return call_deleting(c, s->change.spec.name);
	buf_init(&arn, BUF_UNLIMITED);
	resource_machine_arn(&c->api->here, s->change.spec.name, &arn);
	if (s->outcome == CATALOGUE_CONFLICT) {
		next = call_error(c, "StateMachineAlreadyExists", NULL, NULL,
		    "State Machine Already Exists: '%s'", arn.data);
	} else {
		buf_addc(b, '{');
		reply_text_n(b, "stateMachineArn", arn.data, arn.len);
		reply_time(b, "creationDate", s->created_ms);
		buf_addc(b, '}');
		next = call_ok(c);
	}
	buf_fini(&arn);
	return next;
}

static void
create_fini(void *state)
{
	struct create *s = state;

	change_fini(&s->change);
	call_fini(state);
}

static const struct flow_step create_steps[] = {
	{ "check", create_check }, /* all that needs no reading */
	{ "write", create_write }, /* WAIT: one transaction decides */
	{ "answer", create_answer },
	{ NULL, NULL },
};
const struct flow_kind act_create_state_machine =
    CALL_KIND("CreateStateMachine", create_steps, struct create, create_fini);

/* --- UpdateStateMachine ------------------------------------------------------------------- */

struct update {
	struct call call;
	struct change change;
	struct resource arn;
	struct machine_entry *machine; /* before the change */
	enum catalogue_outcome outcome;
	char *revision_id;
};

static enum flow_next
update_check(struct flow *f, void *state, struct err *e)
{
	struct update *s = state;
	struct call *c = &s->call;
	struct machine_spec *spec = &s->change.spec;
	int rc;

	(void)f;
	change_init(&s->change);
	if ((rc = call_machine(c, &s->arn, e)) != 0)
		return rc > 0 ? FLOW_DONE : FLOW_FAIL;
	if (check_publish(c, e) != 0 || change_read(&s->change, c, false, e) != 0)
		return FLOW_FAIL;
	if (spec->definition == NULL && spec->role_arn == NULL && spec->logging == NULL &&
	    spec->tracing == NULL && spec->encryption == NULL)
		return call_error(c, "MissingRequiredParameter", NULL, NULL,
		    "Either the definition, the role ARN, the LoggingConfiguration, or the "
		    "TracingConfiguration must be specified");
	if (s->arn.kind != RESOURCE_MACHINE || !s->arn.ours)
		return call_no_machine(c);
	spec->name = s->arn.name;
	return FLOW_NEXT;
}

static void
update_got_machine(uint64_t ticket, struct machine_entry *m, const struct err *e)
{
	struct update *s = flow_state(ticket);

	if (s == NULL)
		return;
	s->machine = m != NULL ? machine_entry_ref(m) : NULL;
	flow_resume(ticket, e);
}

static enum flow_next
update_machine(struct flow *f, void *state, struct err *e)
{
	struct update *s = state;

	(void)e;
	catalogue_by_name(s->call.api->store, s->arn.name, flow_id(f), update_got_machine);
	return FLOW_WAIT;
}

static enum flow_next
update_definition(struct flow *f, void *state, struct err *e)
{
	struct update *s = state;
	const struct machine_spec *spec = &s->change.spec;

	(void)f;
	if (s->machine == NULL)
		return call_no_machine(&s->call);
	if (s->machine->deleting)
		return call_deleting(&s->call, s->arn.name);
	if (spec->definition != NULL &&
	    check_definition(&s->call, spec->definition, spec->definition_len, s->machine->type,
		e) != 0)
		return FLOW_FAIL;
	return FLOW_NEXT;
}

static void
update_done(uint64_t ticket, enum catalogue_outcome o, struct machine_entry *m, const struct err *e)
{
	struct update *s = flow_state(ticket);

	if (s == NULL)
		return;
	s->outcome = o;
	if (m != NULL && m->revision_id != NULL)
		s->revision_id = arena_strdup(&s->call.arena, m->revision_id);
	flow_resume(ticket, e);
}

static enum flow_next
update_write(struct flow *f, void *state, struct err *e)
{
	struct update *s = state;

	(void)e;
	s->change.spec.type = s->machine->type;
	catalogue_update(s->call.api->store, &s->change.spec, flow_id(f), update_done);
	return FLOW_WAIT;
}

static enum flow_next
update_answer(struct flow *f, void *state, struct err *e)
{
	struct update *s = state;
	struct buf *b = call_out(&s->call);

	(void)f;
	(void)e;
	if (s->outcome == CATALOGUE_NONE)
		return call_no_machine(&s->call);
	if (s->outcome == CATALOGUE_DELETING)
		return call_deleting(&s->call, s->arn.name);
	buf_addc(b, '{');
	reply_time(b, "updateDate", s->change.spec.now_ms);
	reply_text(b, "revisionId", s->revision_id);
	buf_addc(b, '}');
	return call_ok(&s->call);
}

static void
update_fini(void *state)
{
	struct update *s = state;

	change_fini(&s->change);
	if (s->machine != NULL)
		machine_entry_unref(s->machine);
	call_fini(state);
}

static const struct flow_step update_steps[] = {
	{ "check", update_check },
	{ "machine", update_machine }, /* WAIT: its type decides how a definition is checked */
	{ "definition", update_definition },
	{ "write", update_write }, /* WAIT */
	{ "answer", update_answer },
	{ NULL, NULL },
};
const struct flow_kind act_update_state_machine =
    CALL_KIND("UpdateStateMachine", update_steps, struct update, update_fini);

/* --- DescribeStateMachine ------------------------------------------------------------------ */

struct describe {
	struct call call;
	struct resource arn;
	struct machine_entry *machine;
};

static enum flow_next
describe_check(struct flow *f, void *state, struct err *e)
{
	struct describe *s = state;

	(void)f;
	if (call_resource(&s->call, "stateMachineArn", &s->arn, e) != 0)
		return FLOW_FAIL;
	switch (s->arn.kind) {
	case RESOURCE_MACHINE:
		return s->arn.ours ? FLOW_NEXT : call_no_machine(&s->call);
	case RESOURCE_VERSION:
	case RESOURCE_ALIAS:
	case RESOURCE_LABELLED:
		return call_no_machine(&s->call);
	default:
		resource_refuse_type(&s->arn, e);
		return FLOW_FAIL;
	}
}

static void
describe_got_machine(uint64_t ticket, struct machine_entry *m, const struct err *e)
{
	struct describe *s = flow_state(ticket);

	if (s == NULL)
		return;
	s->machine = m != NULL ? machine_entry_ref(m) : NULL;
	flow_resume(ticket, e);
}

static enum flow_next
describe_machine(struct flow *f, void *state, struct err *e)
{
	struct describe *s = state;

	(void)e;
	catalogue_by_name(s->call.api->store, s->arn.name, flow_id(f), describe_got_machine);
	return FLOW_WAIT;
}

static enum flow_next
describe_answer(struct flow *f, void *state, struct err *e)
{
	struct describe *s = state;
	struct call *c = &s->call;
	const struct machine_entry *m = s->machine;
	struct doc included = call_arg(c, "includedData");
	bool metadata = !doc_is_none(included) && doc_str_is(included, "METADATA_ONLY");
	struct buf *b = call_out(c);

	(void)f;
	(void)e;
	if (m == NULL)
		return call_no_machine(c);
	buf_addc(b, '{');
	reply_text(b, "stateMachineArn", call_text(c, "stateMachineArn", NULL));
	reply_text(b, "name", m->name);
	reply_text(b, "status", m->deleting ? "DELETING" : "ACTIVE");
	if (metadata)
		reply_text(b, "definition", "{}");
	else
		reply_text_n(b, "definition", m->definition, m->definition_len);
	reply_text(b, "roleArn", m->role_arn);
	reply_text(b, "type", machine_type_name(m->type));
	reply_time(b, "creationDate", m->created_ms);
	reply_json(b, "loggingConfiguration", m->logging);
	reply_json(b, "tracingConfiguration", m->tracing);
	reply_json(b, "encryptionConfiguration", m->encryption);
	reply_text(b, "revisionId", m->revision_id);
	variables_reply(m->machine, b);
	buf_addc(b, '}');
	return call_ok(c);
}

static void
describe_fini(void *state)
{
	struct describe *s = state;

	if (s->machine != NULL)
		machine_entry_unref(s->machine);
	call_fini(state);
}

static const struct flow_step describe_steps[] = {
	{ "check", describe_check },
	{ "machine", describe_machine }, /* WAIT */
	{ "answer", describe_answer },
	{ NULL, NULL },
};
const struct flow_kind act_describe_state_machine =
    CALL_KIND("DescribeStateMachine", describe_steps, struct describe, describe_fini);

/* --- ListStateMachines ---------------------------------------------------------------------- */

static enum flow_next
list_check(struct flow *f, void *state, struct err *e)
{
	(void)f;
	return name_list_read(state, e) == 0 ? FLOW_NEXT : FLOW_FAIL;
}

static void
list_got(uint64_t ticket, const struct machine_item *items, size_t n, bool more,
    const struct err *e)
{
	struct name_list *s = flow_state(ticket);

	if (s == NULL)
		return;
	if (e != NULL) {
		flow_resume(ticket, e);
		return;
	}
	name_list_begin(s, "stateMachines");
	for (size_t i = 0; i < n; i++) {
		name_list_item(s, "stateMachineArn", resource_machine_arn, items[i].name,
		    items[i].created_ms);
		reply_text(call_out(&s->call), "type", machine_type_name(items[i].type));
		buf_addc(call_out(&s->call), '}');
	}
	name_list_end(s, more && n > 0 ? items[n - 1].name : NULL);
}

static enum flow_next
list_read(struct flow *f, void *state, struct err *e)
{
	struct name_list *s = state;

	(void)e;
	catalogue_list(s->call.api->store, name_list_after(s), call_page_size(&s->call, 1000),
	    flow_id(f), list_got);
	return FLOW_WAIT;
}

static const struct flow_step list_steps[] = {
	{ "check", list_check },
	{ "read", list_read }, /* WAIT: the rows become the answer's body */
	{ "answer", name_list_answer },
	{ NULL, NULL },
};
const struct flow_kind act_list_state_machines =
    CALL_KIND("ListStateMachines", list_steps, struct name_list, name_list_fini);

/* --- DeleteStateMachine ---------------------------------------------------------------------- */

struct delete_ {
	struct call call;
	struct resource arn;
};

static enum flow_next
delete_check(struct flow *f, void *state, struct err *e)
{
	struct delete_ *s = state;
	int rc = call_machine(&s->call, &s->arn, e);

	(void)f;
	if (rc != 0)
		return rc > 0 ? FLOW_DONE : FLOW_FAIL;
	if (s->arn.kind != RESOURCE_MACHINE)
		return call_error(&s->call, "ValidationException", NULL, NULL,
		    "A state machine is deleted by its unqualified ARN, not by that of a version or an "
		    "alias: '%s'",
		    call_text(&s->call, "stateMachineArn", NULL));
	return s->arn.ours ? FLOW_NEXT : call_ok_empty(&s->call);
}

static void
delete_done(uint64_t ticket, enum catalogue_outcome o, struct machine_entry *m, const struct err *e)
{
	(void)o; /* one that is not there is deleted too */
	(void)m;
	flow_resume(ticket, e);
}

static enum flow_next
delete_write(struct flow *f, void *state, struct err *e)
{
	struct delete_ *s = state;

	(void)e;
	catalogue_delete(s->call.api->store, s->arn.name, clock_wall_ms(), flow_id(f), delete_done);
	return FLOW_WAIT;
}

static enum flow_next
delete_answer(struct flow *f, void *state, struct err *e)
{
	(void)f;
	(void)e;
	return call_ok_empty(state);
}

static const struct flow_step delete_steps[] = {
	{ "check", delete_check },
	{ "write", delete_write }, /* WAIT */
	{ "answer", delete_answer },
	{ NULL, NULL },
};
const struct flow_kind act_delete_state_machine =
    CALL_KIND("DeleteStateMachine", delete_steps, struct delete_, call_fini);

/* --- ValidateStateMachineDefinition ------------------------------------------------------------ */

struct validate {
	struct call call;
};

static void
add_diagnostic(struct buf *b, const struct diagnostic *d)
{
	buf_addc(b, '{');
	reply_text(b, "severity", d->severity == DIAGNOSTIC_ERROR ? "ERROR" : "WARNING");
	reply_text(b, "code", d->code);
	reply_text(b, "message", d->message);
	reply_text(b, "location", d->location);
	buf_addc(b, '}');
}

/* Those of one severity, as many as *left says. False = there are more of them. */
static bool
add_diagnostics(struct buf *b, const struct diagnostics *d, enum diagnostic_severity severity,
    size_t *left)
{
	const char *between = b->data[b->len - 1] == '[' ? "" : ",";

	for (size_t i = 0; i < d->n; i++) {
		if (d->list[i].severity != severity)
			continue;
		if (*left == 0)
			return false;
		--*left;
		buf_adds(b, between);
		add_diagnostic(b, &d->list[i]);
		between = ",";
	}
	return true;
}

static enum flow_next
validate_answer(struct flow *f, void *state, struct err *e)
{
	struct validate *s = state;
	struct call *c = &s->call;
	struct doc severity = call_arg(c, "severity");
	bool warnings = !doc_is_none(severity) && doc_str_is(severity, "WARNING");
	size_t left = (size_t)call_page_size(c, ANSWER_DIAGNOSTICS), len;
	const char *text = call_text(c, "definition", &len);
	struct buf *b = call_out(c);
	struct diagnostics d;
	bool all;

	(void)f;
	(void)e;
	diagnostics_init(&d);
	limits_known(c->api, &d);
	machine_unref(machine_compile(text, len, type_argument(c), &d));
	limits_known_fini(&d);
	buf_addc(b, '{');
	reply_text(b, "result", d.nerrors > 0 ? "FAIL" : "OK");
	reply_key(b, "diagnostics");
	buf_addc(b, '[');
	/* Errors first: no warning takes the place of one when they are cut. */
	all = add_diagnostics(b, &d, DIAGNOSTIC_ERROR, &left) &&
	    (!warnings || add_diagnostics(b, &d, DIAGNOSTIC_WARNING, &left));
	buf_addc(b, ']');
	reply_bool(b, "truncated", !all);
	buf_addc(b, '}');
	diagnostics_fini(&d);
	return call_ok(c);
}

static const struct flow_step validate_steps[] = {
	{ "answer", validate_answer },
	{ NULL, NULL },
};
const struct flow_kind act_validate_state_machine_definition =
    CALL_KIND("ValidateStateMachineDefinition", validate_steps, struct validate, call_fini);
