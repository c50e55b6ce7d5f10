/*
 * compile_choice - the rules of a Choice state.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"
#include "base/xalloc.h"

/* --- operators ------------------------------------------------------------------ */

static const struct {
	const char *name;
	enum choice_op op;
} choice_plain[] = {
	{ "And", CHOICE_AND },
	{ "Or", CHOICE_OR },
	{ "Not", CHOICE_NOT },
	{ "IsPresent", CHOICE_IS_PRESENT },
	{ "IsNull", CHOICE_IS_NULL },
	{ "IsString", CHOICE_IS_STRING },
	{ "IsNumeric", CHOICE_IS_NUMERIC },
	{ "IsBoolean", CHOICE_IS_BOOLEAN },
	{ "IsTimestamp", CHOICE_IS_TIMESTAMP },
	{ "StringMatches", CHOICE_STRING_MATCHES },
};

static const char *const choice_kinds[] = {
	[CHOICE_STRING] = "String",
	[CHOICE_NUMERIC] = "Numeric",
	[CHOICE_BOOLEAN] = "Boolean",
	[CHOICE_TIMESTAMP] = "Timestamp",
};

static const char *const choice_orders[] = {
	[CHOICE_EQ] = "Equals",
	[CHOICE_LT] = "LessThan",
	[CHOICE_GT] = "GreaterThan",
	[CHOICE_LE] = "LessThanEquals",
	[CHOICE_GE] = "GreaterThanEquals",
};

/* NumericLessThanEqualsPath ...: the kind, the order, "Path" or not. */
static bool
parse_comparison(const char *name, struct choice_rule *r, bool *path)
{
	size_t k, o;

	for (k = 0; k < sizeof(choice_kinds) / sizeof(*choice_kinds); k++) {
		size_t n = strlen(choice_kinds[k]);

		if (strncmp(name, choice_kinds[k], n) != 0)
			continue;
		for (o = 0; o < sizeof(choice_orders) / sizeof(*choice_orders); o++) {
			size_t m = strlen(choice_orders[o]);
			const char *rest = name + n + m;

			if (strncmp(name + n, choice_orders[o], m) != 0)
				continue;
			if (*rest != '\0' && strcmp(rest, "Path") != 0)
				continue;
			r->op = CHOICE_COMPARE;
			r->kind = (enum choice_kind)k;
			r->order = (enum choice_order)o;
			*path = *rest != '\0';
			return k != CHOICE_BOOLEAN || o == CHOICE_EQ;
		}
	}
	return false;
}

static bool
parse_operator(const char *name, struct choice_rule *r, bool *path)
{
	size_t i;

	*path = false;
	for (i = 0; i < sizeof(choice_plain) / sizeof(*choice_plain); i++) {
		if (strcmp(name, choice_plain[i].name) == 0) {
			r->op = choice_plain[i].op;
			return true;
		}
	}
	return parse_comparison(name, r, path);
}

/* --- one rule --------------------------------------------------------------------- */

static void compile_rule(const struct state_part *s, const struct part *p, bool top,
    struct choice_rule *r);

/* And and Or: an array of rules. Not: one. Recursion is bounded by the depth of documents. */
static void
compile_nested(const struct state_part *s, const struct part *p, const char *field,
    struct choice_rule *r)
{
	struct place list = place_name(p->at, field);
	struct part one = { p->c, DOC_NONE, &list, p->language };
	struct doc v;
	struct doc_iter it;

	if (r->op == CHOICE_NOT) {
		one.def = field_object(p, field);
		if (doc_is_none(one.def))
			return;
		r->rules = xcalloc(1, sizeof(*r->rules));
		r->nrules = 1;
		compile_rule(s, &one, false, r->rules);
		return;
	}
	if (!field_objects(p, field, false, &v))
		return;
	r->rules = xcalloc(doc_len(v), sizeof(*r->rules));
	it = doc_iter(v);
	while (doc_next(&it)) {
		struct place at = place_index(&list, r->nrules);

		one.def = it.value;
		one.at = &at;
		compile_rule(s, &one, false, &r->rules[r->nrules++]);
	}
}

/* What is wrong with a literal operand; NULL = nothing. */
static const char *
check_operand(const struct choice_rule *r, struct doc v)
{
	enum doc_type type = doc_type(v);
	struct instant i;

	if (r->op == CHOICE_STRING_MATCHES && type != DOC_STRING)
		return "Expected value of type [STRING]";
	if (r->op == CHOICE_STRING_MATCHES)
		return choice_pattern_good(v) ? NULL : "A backslash may only stand before * and \\";
	if (r->op != CHOICE_COMPARE)
		return doc_is_bool(v) ? NULL : "Expected value of type [BOOLEAN]";
	switch (r->kind) {
	case CHOICE_STRING:
		return type == DOC_STRING ? NULL : "Expected value of type [STRING]";
	case CHOICE_NUMERIC:
		return type == DOC_NUMBER ? NULL : "Expected value of type [NUMBER]";
	case CHOICE_BOOLEAN:
		return doc_is_bool(v) ? NULL : "Expected value of type [BOOLEAN]";
	default:
		if (type != DOC_STRING)
			return "Expected value of type [STRING]";
		return instant_parse(v, &i) == 0 ? NULL : "String does not match RFC3339 timestamp";
	}
}

static void
compile_comparison(const struct part *p, const char *field, bool path, struct choice_rule *r)
{
	static const char *const required[] = { "Variable", NULL };
	struct doc v = field_get(p, field);
	const char *wrong;
	char *twin;

	if (fields_require(p, required))
		r->variable = compile_lax_reference(p, "Variable");
	if (path) {
		r->operand_path = compile_reference(p, field);
		return;
	}
	wrong = check_operand(r, v);
	if (wrong != NULL) {
		report_field(p, field, "%s", wrong);
		return;
	}
	r->operand = doc_ref(v);
	if (r->op == CHOICE_COMPARE) {
		twin = xasprintf("%sPath", field);
		warn_literal_path(p, field, twin);
		free(twin);
	}
}

/* Proposes an operator, or one of the n other members of a rule. */
static void
help_member(struct diagnostic *g, const char *name, const char *const *others, size_t n)
{
	struct similar s;
	size_t i, k, o;

	if (g == NULL)
		return;
	similar_init(&s, name, strlen(name));
	for (i = 0; i < n; i++)
		similar_offer(&s, others[i], strlen(others[i]));
	for (i = 0; i < sizeof(choice_plain) / sizeof(*choice_plain); i++)
		similar_offer(&s, choice_plain[i].name, strlen(choice_plain[i].name));
	for (k = 0; k < sizeof(choice_kinds) / sizeof(*choice_kinds); k++) {
		size_t norders =
		    k == CHOICE_BOOLEAN ? 1 : sizeof(choice_orders) / sizeof(*choice_orders);

		for (o = 0; o < norders; o++) {
			char *op = xasprintf("%s%sPath", choice_kinds[k], choice_orders[o]);

			similar_offer(&s, op, strlen(op));
			similar_offer(&s, op, strlen(op) - strlen("Path"));
			free(op);
		}
	}
	diagnostic_suggest(g, &s);
}

/* What the members of a rule are. */
struct rule_members {
	char *op; /* the name of the first operator, ours */
	bool path;
	size_t operators, faults;
};

/* Looks at one member of a rule: an operator goes to *r and m, anything else is checked. */
static void
rule_member(const struct part *p, bool top, struct doc key, struct choice_rule *r,
    struct rule_members *m)
{
	static const char *const others[] = { "Variable", "Comment", "Next", "Assign" };
	size_t n = top ? 4 : 2, i;
	struct choice_rule found = { .op = CHOICE_AND };
	char *name = text_shown(key);
	bool path;

	if (parse_operator(name, &found, &path)) {
		if (m->operators++ == 0) {
			m->op = name;
			m->path = path;
			r->op = found.op;
			r->kind = found.kind;
			r->order = found.order;
			return;
		}
		free(name);
		return;
	}
	for (i = 0; i < n && strcmp(name, others[i]) != 0; i++)
		;
	m->faults += i == n;
	if (i == n && (strcmp(name, "Condition") == 0 || (top && strcmp(name, "Output") == 0)))
		report_language(p, name);
	else if (i == n)
		help_member(report_unknown(p, name), name, others, n);
	free(name);
}

static void
compile_operator(const struct state_part *s, const struct part *p, const struct rule_members *m,
    struct choice_rule *r)
{
	if (r->op != CHOICE_AND && r->op != CHOICE_OR && r->op != CHOICE_NOT) {
		compile_comparison(p, m->op, m->path, r);
		return;
	}
	if (!doc_is_none(field_get(p, "Variable")))
		report(p->c, p->at, SCHEMA, "Field 'Variable' is not supported");
	compile_nested(s, p, m->op, r);
}

/* Fills *r except for what only rules at the top have. */
static void
compile_rule(const struct state_part *s, const struct part *p, bool top, struct choice_rule *r)
{
	struct doc_iter it = doc_iter(p->def);
	struct rule_members m = { .op = NULL };

	while (doc_next(&it))
		rule_member(p, top, it.key, r, &m);
	/* When there is none but a fault, the operator is what is misspelt. */
	if (m.operators > 1 || (m.operators == 0 && m.faults == 0))
		report(p->c, p->at, SCHEMA, "A choice rule must have exactly one operator");
	else if (m.operators == 1)
		compile_operator(s, p, &m, r);
	free(m.op);
	field_string(p, "Comment");
}

/* --- the state ---------------------------------------------------------------------- */

/* The members that only rules of JSONPath have; one of them is told. True = there are none. */
static bool
check_condition_only(const struct part *p)
{
	struct doc_iter it = doc_iter(p->def);
	struct choice_rule ignored = { .op = CHOICE_AND };
	bool path, foreign = false;

	while (!foreign && doc_next(&it)) {
		char *name = text_shown(it.key);

		foreign = strcmp(name, "Variable") == 0 || parse_operator(name, &ignored, &path);
		if (foreign)
			report_language(p, name);
		free(name);
	}
	return !foreign;
}

static void
compile_condition(const struct part *p, struct choice_rule *r)
{
	static const char *const required[] = { "Condition", NULL };
	static const char *const known[] = { "Condition", "Next", "Assign", "Output", "Comment",
		NULL };
	struct doc v = field_get(p, "Condition");

	r->op = CHOICE_CONDITION;
	if (check_condition_only(p)) {
		fields_only(p, known);
		fields_require(p, required);
	}
	if (!doc_is_none(v) && !doc_is_bool(v) && !field_is_expression(p, v))
		report_field(p, "Condition", "Expected a boolean or an expression '{%% ... %%}'");
	else if (!doc_is_none(v) && doc_is_bool(v))
		r->operand = doc_ref(v);
	else
		r->condition = compile_expression(p, "Condition");
	r->output = compile_template(p, "Output", false);
	field_string(p, "Comment");
}

static void
compile_top_rule(const struct state_part *s, const struct part *p, struct choice_rule *r)
{
	static const char *const required[] = { "Next", NULL };

	if (p->language == QUERY_JSONPATH)
		compile_rule(s, p, true, r);
	else
		compile_condition(p, r);
	fields_require(p, required);
	p->c->here.flow_unknown |= doc_is_none(field_get(p, "Next"));
	r->next = compile_target(p, s->st->container, "Next");
	r->assign = compile_assign(p, s->assigned);
}

void
compile_choice(const struct state_part *s)
{
	struct place list = place_name(s->p.at, "Choices");
	struct state *st = s->st;
	struct doc v;
	struct doc_iter it;

	st->default_ = compile_target(&s->p, st->container, "Default");
	if (!field_objects(&s->p, "Choices", false, &v)) {
		s->p.c->here.flow_unknown = true;
		return;
	}
	st->rules = xcalloc(doc_len(v), sizeof(*st->rules));
	it = doc_iter(v);
	while (doc_next(&it)) {
		struct place at = place_index(&list, st->nrules);
		struct part p = { s->p.c, it.value, &at, s->p.language };

		compile_top_rule(s, &p, &st->rules[st->nrules++]);
	}
}
