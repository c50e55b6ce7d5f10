/*
 * compile_state - one state: what all types share, and the small types whole.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"
#include "base/xalloc.h"
#include "expr/intrinsic.h"

#define STATE_TYPES "Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map"

static const char *const state_types[] = {
	[STATE_TASK] = "Task",
	[STATE_PASS] = "Pass",
	[STATE_CHOICE] = "Choice",
	[STATE_WAIT] = "Wait",
	[STATE_SUCCEED] = "Succeed",
	[STATE_FAIL] = "Fail",
	[STATE_PARALLEL] = "Parallel",
	[STATE_MAP] = "Map",
};

const char *
state_type_name(enum state_type t)
{
	return state_types[t];
}

/* False = there is no known type; reported. */
static bool
state_read_type(const struct part *p, enum state_type *out)
{
	static const char *const required[] = { "Type", NULL };
	struct doc v = field_get(p, "Type");
	size_t i;

	if (!fields_require(p, required))
		return false;
	for (i = 0; i < sizeof(state_types) / sizeof(*state_types); i++) {
		if (doc_str_is(v, state_types[i])) {
			*out = (enum state_type)i;
			return true;
		}
	}
	help_words(report_field(p, "Type",
		       "The field 'Type' should have one of these values: [" STATE_TYPES "]"),
	    v, state_types, sizeof(state_types) / sizeof(*state_types));
	return false;
}

/* The state's own QueryLanguage, else the machine's. Unknown ones are checked as JSONata. */
static enum query_language
state_language(const struct part *p)
{
	enum query_language machine = p->c->m->language;
	struct doc v = field_get(p, "QueryLanguage");
	struct place at = place_name(p->at, "QueryLanguage");

	if (doc_is_none(v))
		return machine;
	if (doc_str_is(v, "JSONPath")) {
		if (machine == QUERY_JSONATA)
			report(p->c, p->at, SCHEMA,
			    "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole "
			    "state machine");
		return QUERY_JSONPATH;
	}
	return compile_language(p->c, v, &at);
}

enum query_language
compile_language(struct compiler *c, struct doc v, const struct place *at)
{
	static const char *const languages[] = { "JSONPath", "JSONata", "Lua" };

	if (doc_str_is(v, "JSONPath"))
		return QUERY_JSONPATH;
	if (doc_str_is(v, "Lua")) {
		warn_portable(c, at, "QueryLanguage 'Lua'");
		return QUERY_LUA;
	}
	if (doc_str_is(v, "JSONata"))
		refuse_unbuilt(c, at, "The QueryLanguage 'JSONata' is not built yet");
	else if (doc_type(v) != DOC_STRING)
		report(c, at, SCHEMA, "Expected value of type [STRING]");
	else
		help_words(report(c, at, SCHEMA,
			       "Value should be one of the following: [JSONPath, JSONata]"),
		    v, languages, sizeof(languages) / sizeof(*languages));
	return QUERY_JSONATA;
}

/* Next and End of the types that have them. */
static void
compile_transition(const struct state_part *s)
{
	const struct part *p = &s->p;
	struct doc next = field_get(p, "Next"), end = field_get(p, "End");
	bool ends = !doc_is_none(end) && doc_is_true(end);

	s->st->next = compile_target(p, s->st->container, "Next");
	s->st->end = ends;
	if (!doc_is_none(end) && !doc_is_bool(end)) {
		report_field(p, "End", "Expected value of type [BOOLEAN]");
		p->c->here.flow_unknown = true;
	} else if (ends && !doc_is_none(next)) {
		help_key(report(p->c, p->at, SCHEMA,
			     "These fields are mutually exclusive: [Next, End]"),
		    "End");
	} else if (!ends && doc_is_none(next)) {
		report(p->c, p->at, SCHEMA, "One of these fields is required: [Next, End]");
		p->c->here.flow_unknown = true;
	}
}

static void
compile_pass(const struct state_part *s)
{
	struct doc result = field_get(&s->p, "Result");

	if (doc_is_none(result))
		return;
	warn_result(&s->p, "Result");
	s->st->result = doc_ref(result);
}

/* --- Wait ------------------------------------------------------------------------ */

static const char *
check_timestamp(struct doc v)
{
	struct instant i;

	if (doc_type(v) != DOC_STRING)
		return "Expected value of type [STRING]";
	return instant_parse(v, &i) == 0 ? NULL : "String does not match RFC3339 timestamp";
}

static void
compile_wait(const struct state_part *s)
{
	static const char *const fields[] = { "Seconds", "SecondsPath", "Timestamp",
		"TimestampPath" };
	bool jsonpath = s->p.language == QUERY_JSONPATH;
	size_t given = 0, foreign = 0, i;

	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		bool there = !doc_is_none(field_get(&s->p, fields[i]));

		given += there;
		foreign += there && !jsonpath && i % 2 == 1;
	}
	if (given != 1 && foreign == 0) {
		report(s->p.c, s->p.at, SCHEMA, "Exactly one of these fields is required: [%s]",
		    jsonpath ? "Seconds, SecondsPath, Timestamp, TimestampPath"
			     : "Seconds, Timestamp");
		return;
	}
	compile_seconds(&s->p, "Seconds", "SecondsPath", 0, &s->st->seconds);
	compile_dynamic(&s->p, "Timestamp", "TimestampPath", check_timestamp, &s->st->timestamp);
}

/* --- Fail ------------------------------------------------------------------------- */

static const char *
check_string(struct doc v)
{
	return doc_type(v) == DOC_STRING ? NULL : "Expected value of type [STRING]";
}

/* Only calls that give a string. */
static bool
gives_string(const struct intrinsic *f)
{
	static const char *const names[] = { "Format", "JsonToString", "ArrayGetItem",
		"Base64Encode", "Base64Decode", "Hash", "UUID" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(intrinsic_name(f), names[i]) == 0)
			return true;
	return false;
}

/* ErrorPath or CausePath with a call: {"v.$": "States...."}. */
static void
compile_call(const struct part *p, const char *field, struct dynamic_field *out)
{
	struct doc v = field_get(p, field), wrapped;
	struct doc_builder *b;
	struct err e = ERR_INIT;
	struct intrinsic *f;
	struct buf scratch;
	const char *s;
	size_t len;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(v, &scratch, &len);
	f = intrinsic_compile(s, len, &e);
	buf_fini(&scratch);
	if (f == NULL || !gives_string(f)) {
		diagnostic_hint(report_field(p, field,
				    "The value for the field '%s' must be a valid JSONPath or a "
				    "valid intrinsic function call",
				    field),
		    "%s", f == NULL ? err_cause(&e) : "The function does not give a string");
		err_fini(&e);
		intrinsic_free(f);
		return;
	}
	intrinsic_free(f);
	b = docb_new();
	docb_object(b);
	docb_keys(b, "v.$");
	docb_doc(b, v);
	docb_end(b);
	wrapped = docb_finish(b);
	out->template_ = template_compile(NULL, field, wrapped, NULL, NULL);
	out->how = out->template_ != NULL ? FIELD_CALL : FIELD_ABSENT;
	doc_unref(wrapped);
	if (out->template_ != NULL)
		warn_variables(p, field, out->template_);
}

static bool
field_is_call(const struct part *p, const char *field)
{
	struct doc v = field_get(p, field);
	struct buf scratch;
	const char *s;
	size_t len;
	bool is;

	if (doc_is_none(v) || doc_type(v) != DOC_STRING)
		return false;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(v, &scratch, &len);
	is = intrinsic_is_call(s, len);
	buf_fini(&scratch);
	return is;
}

static void
compile_fail_field(const struct part *p, const char *field, const char *path_field,
    struct dynamic_field *out)
{
	if (p->language == QUERY_JSONPATH && doc_is_none(field_get(p, field)) &&
	    field_is_call(p, path_field))
		compile_call(p, path_field, out);
	else
		compile_dynamic(p, field, path_field, check_string, out);
}

static void
compile_fail(const struct state_part *s)
{
	compile_fail_field(&s->p, "Error", "ErrorPath", &s->st->error);
	compile_fail_field(&s->p, "Cause", "CausePath", &s->st->cause);
}

/* --- any state ----------------------------------------------------------------------- */

static void
compile_by_type(const struct state_part *s)
{
	switch (s->st->type) {
	case STATE_TASK:
		compile_task(s);
		break;
	case STATE_PASS:
		compile_pass(s);
		break;
	case STATE_CHOICE:
		compile_choice(s);
		break;
	case STATE_WAIT:
		compile_wait(s);
		break;
	case STATE_SUCCEED:
		break;
	case STATE_FAIL:
		compile_fail(s);
		break;
	case STATE_PARALLEL:
		compile_parallel(s);
		break;
	case STATE_MAP:
		compile_map(s);
		break;
	}
}

/* The paths and templates that several types share, of those fields that the state may have: others are told already. */
static void
compile_data_flow(const struct state_part *s)
{
	const struct part *p = &s->p;
	struct state *st = s->st;

	if (state_may_have(s, "InputPath"))
		compile_path_field(p, "InputPath", &st->input_path);
	if (state_may_have(s, "OutputPath"))
		compile_path_field(p, "OutputPath", &st->output_path);
	if (state_may_have(s, "ResultPath"))
		compile_result_path(p, "ResultPath", &st->result_path);
	if (state_may_have(s, "ResultSelector"))
		st->result_selector = compile_template(p, "ResultSelector", true);
	if (state_may_have(s, "Parameters") && st->type != STATE_MAP)
		st->parameters = compile_template(p, "Parameters", false);
	if (state_may_have(s, "Arguments") && check_value(p, "Arguments", DOC_OBJECT, "OBJECT"))
		st->parameters = compile_template(p, "Arguments", false);
	if (state_may_have(s, "Output"))
		st->output = compile_template(p, "Output", false);
	if (state_may_have(s, "Assign"))
		st->assign = compile_assign(p, s->assigned);
}

static void
compile_shared(const struct state_part *s)
{
	compile_data_flow(s);
	if (state_may_have(s, "Retry"))
		compile_retry(s);
	if (state_may_have(s, "Catch"))
		compile_catch(s);
}

static bool
state_has_transition(enum state_type t)
{
	return t != STATE_CHOICE && t != STATE_SUCCEED && t != STATE_FAIL;
}

static void
machine_add_state(struct machine *m, struct state *st)
{
	if ((m->nstates & (m->nstates - 1)) == 0)
		m->states = xreallocarray(m->states, m->nstates ? m->nstates * 2 : 1,
		    sizeof(struct state *));
	st->number = (uint32_t)m->nstates;
	m->states[m->nstates++] = st;
}

static void
compile_entered(struct state_part *s)
{
	struct compiler *c = s->p.c;
	struct state *st = s->st;

	machine_add_state(c->m, st);
	st->type = STATE_PASS;
	if (doc_type(s->p.def) != DOC_OBJECT) {
		report(c, s->p.at, SCHEMA, "Expected value of type [OBJECT]");
		c->here.flow_unknown = true;
		return;
	}
	st->language = s->p.language = state_language(&s->p);
	if (!state_read_type(&s->p, &st->type)) {
		c->here.flow_unknown = true;
		return;
	}
	check_state_fields(s);
	if (state_has_transition(st->type))
		compile_transition(s);
	compile_shared(s);
	compile_by_type(s);
}

void
compile_state(struct compiler *c, struct state *st, struct doc def, const struct place *at,
    const struct assigned *assigned)
{
	struct state_part s = { .p = { .c = c, .def = def, .at = at },
		.st = st,
		.assigned = assigned };
	const struct state *outer = c->state;
	const struct place *outer_at = c->state_at;

	c->state = st;
	c->state_at = at;
	compile_entered(&s);
	c->state = outer;
	c->state_at = outer_at;
}
