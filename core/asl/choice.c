/*
 * choice - evaluates the rules of a Choice state.
 *
 * A type that does not fit makes a comparison false; only a Variable (or the path
 * of an operand) that finds nothing makes the state fail.
 */
#include <assert.h>
#include <string.h>

#include "asl/compiler.h"

/* --- StringMatches ------------------------------------------------------------- */

/*
 * Takes the literal text up to the next * or the end from the pattern. False = an
 * escape that means nothing.
 */
static bool
pattern_literal(const char **p, const char *end, struct buf *out)
{
	buf_reset(out);
	while (*p < end && **p != '*') {
		if (**p == '\\') {
			++*p;
			if (*p == end || (**p != '*' && **p != '\\'))
				return false;
		}
		buf_addc(out, *(*p)++);
	}
	return true;
}

/*
 * The text before the first * has to begin the string, the text behind the last
 * has to end it, and what is between is looked for from left to right, the
 * earliest place each: linear, whatever the pattern. -1 = a bad pattern.
 */
static int
pattern_match(const char *p, size_t plen, const char *s, size_t len)
{
	const char *pend = p + plen, *end = s + len, *at;
	struct buf literal;
	int r = 0;

	buf_init(&literal, BUF_UNLIMITED);
	buf_adds(&literal, "");
	if (!pattern_literal(&p, pend, &literal)) {
		r = -1;
		goto out;
	}
	if (p == pend) {
		r = literal.len == len && memcmp(literal.data, s, len) == 0;
		goto out;
	}
	if (literal.len <= len && memcmp(buf_text(&literal), s, literal.len) == 0) {
		r = 1;
		s += literal.len;
	}
	while (p < pend) {
		p++; /* the * */
		if (!pattern_literal(&p, pend, &literal)) {
			r = -1;
			goto out;
		}
		if (r == 0)
			continue; /* only looking for bad escapes now */
		if (p == pend) {
			r = literal.len <= (size_t)(end - s) &&
			    memcmp(end - literal.len, buf_text(&literal), literal.len) == 0;
			continue;
		}
		at = literal.len == 0 ? s : memmem(s, (size_t)(end - s), literal.data, literal.len);
		if (at == NULL)
			r = 0;
		else
			s = at + literal.len;
	}
out:
	buf_fini(&literal);
	return r;
}

bool
choice_pattern_good(struct doc pattern)
{
	struct buf scratch;
	const char *s;
	size_t len;
	bool good;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(pattern, &scratch, &len);
	good = pattern_match(s, len, "", 0) >= 0;
	buf_fini(&scratch);
	return good;
}

static int
rule_string_matches(struct doc v, struct doc operand)
{
	struct buf vbuf, obuf;
	const char *s, *pattern;
	size_t len, plen;
	int r;

	if (doc_type(v) != DOC_STRING)
		return 0;
	buf_init(&vbuf, BUF_UNLIMITED);
	buf_init(&obuf, BUF_UNLIMITED);
	s = doc_str(v, &vbuf, &len);
	pattern = doc_str(operand, &obuf, &plen);
	r = pattern_match(pattern, plen, s, len);
	assert(r >= 0); /* the compiler takes no other patterns */
	buf_fini(&vbuf);
	buf_fini(&obuf);
	return r;
}

/* --- comparisons ------------------------------------------------------------------ */

/* The order of UTF-16 units: characters beyond U+FFFF come before U+E000. */
static int
utf16_weight(unsigned char c)
{
	if (c >= 0xf0)
		return c - 0xf0 + 0xee;
	return c >= 0xee ? c + 5 : c;
}

static int
compare_strings(struct doc a, struct doc b)
{
	struct buf abuf, bbuf;
	const char *as, *bs;
	size_t alen, blen, n, i;
	int r;

	buf_init(&abuf, BUF_UNLIMITED);
	buf_init(&bbuf, BUF_UNLIMITED);
	as = doc_str(a, &abuf, &alen);
	bs = doc_str(b, &bbuf, &blen);
	n = alen < blen ? alen : blen;
	for (i = 0; i < n && as[i] == bs[i]; i++)
		;
	if (i < n)
		r = utf16_weight((unsigned char)as[i]) - utf16_weight((unsigned char)bs[i]);
	else
		r = alen < blen ? -1 : alen > blen;
	buf_fini(&abuf);
	buf_fini(&bbuf);
	return r;
}

static int
compare_instants(const struct instant *a, const struct instant *b)
{
	if (a->ms != b->ms)
		return a->ms < b->ms ? -1 : 1;
	return a->ns < b->ns ? -1 : a->ns > b->ns;
}

/* False = the types do not fit the kind. */
static bool
compare(enum choice_kind kind, struct doc a, struct doc b, int *order)
{
	struct instant ai, bi;

	switch (kind) {
	case CHOICE_STRING:
		if (doc_type(a) != DOC_STRING || doc_type(b) != DOC_STRING)
			return false;
		*order = compare_strings(a, b);
		return true;
	case CHOICE_NUMERIC:
		if (doc_type(a) != DOC_NUMBER || doc_type(b) != DOC_NUMBER)
			return false;
		*order = doc_num_cmp(a, b);
		return true;
	case CHOICE_BOOLEAN:
		if (!doc_is_bool(a) || !doc_is_bool(b))
			return false;
		*order = (int)doc_is_true(a) - (int)doc_is_true(b);
		return true;
	default:
		if (instant_parse(a, &ai) != 0 || instant_parse(b, &bi) != 0)
			return false;
		*order = compare_instants(&ai, &bi);
		return true;
	}
}

static int
rule_compare(const struct choice_rule *rule, struct doc v, struct doc operand)
{
	int order;

	if (!compare(rule->kind, v, operand, &order))
		return 0;
	switch (rule->order) {
	case CHOICE_EQ:
		return order == 0;
	case CHOICE_LT:
		return order < 0;
	case CHOICE_GT:
		return order > 0;
	case CHOICE_LE:
		return order <= 0;
	default:
		return order >= 0;
	}
}

/* --- rules --------------------------------------------------------------------------- */

static int
rule_path(const struct jsonpath *p, const struct expr_scope *s, struct doc *out, struct err *e)
{
	if (jsonpath_eval(p, s, out, NULL) == 0)
		return 0;
	return err_set(e, "States.Runtime",
	    "Invalid path '%s': The choice state's condition path references an invalid value.",
	    jsonpath_text(p));
}

static bool
rule_type_is(enum choice_op op, struct doc v)
{
	struct instant i;

	switch (op) {
	case CHOICE_IS_NULL:
		return doc_type(v) == DOC_NULL;
	case CHOICE_IS_STRING:
		return doc_type(v) == DOC_STRING;
	case CHOICE_IS_NUMERIC:
		return doc_type(v) == DOC_NUMBER;
	case CHOICE_IS_BOOLEAN:
		return doc_is_bool(v);
	case CHOICE_IS_TIMESTAMP:
		return instant_parse(v, &i) == 0;
	default: /* CHOICE_IS_PRESENT */
		return true;
	}
}

/* v has been found. */
static int
rule_test(const struct choice_rule *rule, struct doc v, const struct expr_scope *s, struct err *e)
{
	struct doc operand;
	int r;

	switch (rule->op) {
	case CHOICE_STRING_MATCHES:
		return rule_string_matches(v, rule->operand);
	case CHOICE_COMPARE:
		if (rule->operand_path == NULL)
			return rule_compare(rule, v, rule->operand);
		if (rule_path(rule->operand_path, s, &operand, e) != 0)
			return -1;
		r = rule_compare(rule, v, operand);
		doc_unref(operand);
		return r;
	default:
		return rule_type_is(rule->op, v) == doc_is_true(rule->operand);
	}
}

static int
rule_variable(const struct choice_rule *rule, const struct expr_scope *s, struct err *e)
{
	struct doc v;
	int r;

	if (rule->op == CHOICE_IS_PRESENT && jsonpath_eval(rule->variable, s, &v, NULL) != 0)
		return !doc_is_true(rule->operand);
	if (rule->op != CHOICE_IS_PRESENT && rule_path(rule->variable, s, &v, e) != 0)
		return -1;
	r = rule_test(rule, v, s, e);
	doc_unref(v);
	return r;
}

static int
rule_condition(const struct choice_rule *rule, const struct expr_scope *s, struct err *e)
{
	struct doc v;
	int r;

	if (rule->condition == NULL)
		return doc_is_true(rule->operand);
	if (template_eval(rule->condition, s, &v, e) != 0)
		return -1;
	r = doc_is_bool(v)
	    ? doc_is_true(v)
	    : expression_wrong_type(template_expression(rule->condition), s, "boolean", v, e);
	doc_unref(v);
	return r;
}

int
choice_rule_eval(const struct choice_rule *rule, const struct expr_scope *s, struct err *e)
{
	size_t i;
	int r;

	switch (rule->op) {
	case CHOICE_AND:
	case CHOICE_OR:
		for (i = 0; i < rule->nrules; i++) {
			r = choice_rule_eval(&rule->rules[i], s, e);
			if (r < 0 || r == (rule->op == CHOICE_OR))
				return r;
		}
		return rule->op == CHOICE_AND;
	case CHOICE_NOT:
		r = choice_rule_eval(&rule->rules[0], s, e);
		return r < 0 ? r : !r;
	case CHOICE_CONDITION:
		return rule_condition(rule, s, e);
	default:
		return rule_variable(rule, s, e);
	}
}
