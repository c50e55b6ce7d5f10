/*
 * filter - filter policies, checked; pawl_notify.matches (schema.sql) applies them.
 */
#include <string.h>

#include "docs.h"
#include "notify.h"

#define KEYS_MAX 5
#define COMBINATIONS_MAX 150
#define DEPTH_MAX 16

struct check {
	const struct pawl_host *host;
	bool nested;
	int64_t nkeys, ncombinations;
	const char *why;
};

static bool
is_scalar(enum pawl_doc_type type)
{
	return type == PAWL_DOC_STRING || type == PAWL_DOC_NUMBER || type == PAWL_DOC_BOOL ||
	    type == PAWL_DOC_NULL;
}

static bool
says(struct check *c, const char *why)
{
	if (c->why == NULL)
		c->why = why;
	return false;
}

/* [op, number] or [op, number, op, number] */
static bool
check_numeric(struct check *c, struct pawl_doc list)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = list };
	size_t n = h->doc_len(h, list);

	if (h->doc_type(h, list) != PAWL_DOC_ARRAY || (n != 2 && n != 4))
		return says(c,
		    "Value of numeric must be an array of an operator and a number, or of two such pairs");
	for (size_t i = 0; h->doc_next(h, &it); i++) {
		bool op = h->doc_is(h, it.value, "=") || h->doc_is(h, it.value, "<") ||
		    h->doc_is(h, it.value, "<=") || h->doc_is(h, it.value, ">") ||
		    h->doc_is(h, it.value, ">=");

		if (i % 2 == 0 ? !op : h->doc_type(h, it.value) != PAWL_DOC_NUMBER)
			return says(c,
			    "Unrecognized numeric range operator, or a limit that is no number");
	}
	return true;
}

static bool
is_text_operator(const struct pawl_host *h, struct pawl_doc key)
{
	return h->doc_is(h, key, "prefix") || h->doc_is(h, key, "suffix") ||
	    h->doc_is(h, key, "equals-ignore-case");
}

static bool
check_anything_but(struct check *c, struct pawl_doc value)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = value };
	enum pawl_doc_type type = h->doc_type(h, value);

	if (type == PAWL_DOC_OBJECT)
		return (h->doc_len(h, value) == 1 && h->doc_next(h, &it) &&
			   is_text_operator(h, it.key) &&
			   h->doc_type(h, it.value) == PAWL_DOC_STRING) ||
		    says(c,
			"anything-but takes values, a list of values, or one of prefix, suffix and equals-ignore-case with a text");
	if (type == PAWL_DOC_ARRAY && h->doc_len(h, value) == 0)
		return says(c, "The list of anything-but is empty");
	while (type == PAWL_DOC_ARRAY && h->doc_next(h, &it))
		if (!is_scalar(h->doc_type(h, it.value)))
			return says(c,
			    "The list of anything-but has something that is no simple value");
	return type == PAWL_DOC_ARRAY || is_scalar(type);
}

static bool
check_rule(struct check *c, struct pawl_doc rule)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = rule };
	enum pawl_doc_type type = h->doc_type(h, rule);

	if (is_scalar(type))
		return true;
	if (type != PAWL_DOC_OBJECT || h->doc_len(h, rule) != 1 || !h->doc_next(h, &it))
		return says(c, "A rule is a simple value, or an object with one operator");
	if (is_text_operator(h, it.key))
		return h->doc_type(h, it.value) == PAWL_DOC_STRING ||
		    says(c, "prefix, suffix and equals-ignore-case take a text");
	if (h->doc_is(h, it.key, "exists"))
		return h->doc_type(h, it.value) == PAWL_DOC_BOOL ||
		    says(c, "exists takes true or false");
	if (h->doc_is(h, it.key, "numeric"))
		return check_numeric(c, it.value);
	if (h->doc_is(h, it.key, "anything-but"))
		return check_anything_but(c, it.value);
	return says(c,
	    "Unrecognized match type; there are prefix, suffix, equals-ignore-case, exists, numeric and anything-but");
}

static bool
check_rules(struct check *c, struct pawl_doc list)
{
	struct pawl_doc_iter it = { .of = list };
	int64_t n = (int64_t)c->host->doc_len(c->host, list);

	if (n == 0)
		return says(c, "Empty arrays are not allowed");
	c->nkeys++;
	if (c->ncombinations <= COMBINATIONS_MAX)
		c->ncombinations *= n > COMBINATIONS_MAX ? COMBINATIONS_MAX + 1 : n;
	while (c->host->doc_next(c->host, &it))
		if (!check_rule(c, it.value))
			return false;
	return true;
}

static bool check_object(struct check *c, struct pawl_doc object, int depth);

/* The value of $or: policies of which one must be fulfilled. */
static bool
check_or(struct check *c, struct pawl_doc list, int depth)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = list };

	if (h->doc_len(h, list) < 2)
		return says(c, "$or needs two policies at least");
	while (h->doc_next(h, &it))
		if (h->doc_type(h, it.value) != PAWL_DOC_OBJECT ||
		    !check_object(c, it.value, depth + 1))
			return says(c, "$or takes a list of policies");
	return true;
}

static bool
check_object(struct check *c, struct pawl_doc object, int depth)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = object };

	if (depth > DEPTH_MAX)
		return says(c, "It is nested too deeply");
	if (h->doc_len(h, object) == 0 && depth > 0)
		return says(c, "Empty objects are not allowed");
	while (h->doc_next(h, &it)) {
		enum pawl_doc_type type = h->doc_type(h, it.value);
		bool right;

		if (type == PAWL_DOC_ARRAY && h->doc_is(h, it.key, "$or"))
			right = check_or(c, it.value, depth);
		else if (type == PAWL_DOC_ARRAY)
			right = check_rules(c, it.value);
		else if (type == PAWL_DOC_OBJECT && c->nested)
			right = check_object(c, it.value, depth + 1);
		else
			right = says(c,
			    type == PAWL_DOC_OBJECT
				? "Filter policy scope MessageAttributes does not support nested filter policy"
				: "The value of a key must be an array");
		if (!right)
			return false;
	}
	return true;
}

bool
filter_check(const struct pawl_host *h, struct pawl_doc policy, bool nested, const char **why)
{
	struct check c = { .host = h, .nested = nested, .ncombinations = 1 };

	if (h->doc_type(h, policy) != PAWL_DOC_OBJECT)
		says(&c, "failed to parse JSON");
	else if (check_object(&c, policy, 0) && c.nkeys > KEYS_MAX)
		says(&c, "Filter policy can not have more than 5 keys");
	else if (c.ncombinations > COMBINATIONS_MAX)
		says(&c, "Filter policy is too complex");
	*why = c.why;
	return c.why == NULL;
}
