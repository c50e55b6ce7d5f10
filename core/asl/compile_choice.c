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

static bool compile_rule(const struct state_part *s, const struct part *p, bool top,
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

	if (r->op == CHOICE_STRING_MATCHES)
		return type == DOC_STRING ? NULL : "Expected value of type [STRING]";
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

	if (fields_require(p, required))
		r->variable = compile_reference(p, "Variable");
	if (path) {
		r->operand_path = compile_reference(p, field);
		return;
	}
	wrong = check_operand(r, v);
	if (wrong != NULL)
		report_field(p, field, "%s", wrong);
	else
		r->operand = doc_ref(v);
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

/* Looks at one member of a rule: an operator goes to *r and *op (yours), anything else is checked. */
static size_t
rule_member(const struct part *p, bool top, struct doc key, struct choice_rule *r, char **op,
    bool *path)
{
	static const char *const others[] = { "Variable", "Comment", "Next", "Assign" };
	size_t n = top ? 4 : 2, i;
	struct choice_rule found = { .op = CHOICE_AND };
	char *name = text_shown(key);
	bool is_path;

	if (parse_operator(name, &found, &is_path)) {
		if (*op != NULL) {
			free(name);
			return 1;
		}
		*op = name;
		*path = is_path;
		r->op = found.op;
		r->kind = found.kind;
		r->order = found.order;
		return 1;
	}
	for (i = 0; i < n && strcmp(name, others[i]) != 0; i++)
		;
	if (i == n)
		help_member(report_unknown(p, name), name, others, n);
	free(name);
	return 0;
}

/* Fills *r except for what only rules at the top have. False = reported. */
static bool
compile_rule(const struct state_part *s, const struct part *p, bool top, struct choice_rule *r)
{
	struct doc_iter it = doc_iter(p->def);
	size_t operators = 0;
	char *op = NULL;
	bool path = false;

	while (doc_next(&it))
		operators += rule_member(p, top, it.key, r, &op, &path);
	if (operators != 1)
		report(p->c, p->at, SCHEMA, "A choice rule must have exactly one operator");
	else if (r->op == CHOICE_AND || r->op == CHOICE_OR || r->op == CHOICE_NOT)
		compile_nested(s, p, op, r);
	else
		compile_comparison(p, op, path, r);
	free(op);
	field_string(p, "Comment");
	return operators == 1;
}

/* --- the state ---------------------------------------------------------------------- */

static void
compile_condition(const struct part *p, struct choice_rule *r)
{
	static const char *const required[] = { "Condition", NULL };
	static const char *const known[] = { "Condition", "Next", "Assign", "Output", "Comment",
		NULL };
	struct doc v = field_get(p, "Condition");

	r->op = CHOICE_CONDITION;
	fields_only(p, known);
	fields_require(p, required);
	if (!doc_is_none(v) && !doc_is_bool(v) && !field_is_expression(p, v))
		report_field(p, "Condition", "Expected a boolean or an expression '{%% ... %%}'");
	else if (doc_is_bool(v))
		r->operand = doc_ref(v);
	else
		r->condition = compile_expression(p, "Condition");
	r->output = compile_template(p, "Output", false);
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
	if (!field_objects(&s->p, "Choices", false, &v))
		return;
	st->rules = xcalloc(doc_len(v), sizeof(*st->rules));
	it = doc_iter(v);
	while (doc_next(&it)) {
		struct place at = place_index(&list, st->nrules);
		struct part p = { s->p.c, it.value, &at, s->p.language };

		compile_top_rule(s, &p, &st->rules[st->nrules++]);
	}
}
