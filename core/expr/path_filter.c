/*
 * path_filter - decides for one item whether a filter of a JSONPath takes it.
 *
 * A filter never fails: a path that finds nothing is "undefined", which equals
 * nothing; a comparison of what cannot be compared is false.
 */
#include <string.h>

#include "expr/path.h"

/* The value of an operand; none = undefined. */
struct filter_value {
	struct doc doc;
	bool owned;
};

static struct filter_value
filter_evaluate(const struct filter_operand *o, struct doc item, struct path_work *w)
{
	struct filter_value v = { o->literal, false };

	if (o->path == NULL)
		return v;
	v.doc = DOC_NONE;
	if (path_apply(o->path, o->path->current ? item : w->root, w, &v.doc, NULL) == 0)
		v.owned = true;
	else
		v.doc = DOC_NONE;
	return v;
}

static void
filter_value_fini(struct filter_value *v)
{
	if (v->owned)
		doc_unref(v->doc);
}

static bool
filter_is(struct doc d, enum doc_type type)
{
	return !doc_is_none(d) && doc_type(d) == type;
}

static int
filter_compare_strings(struct doc a, struct doc b)
{
	struct buf abuf, bbuf;
	const char *as, *bs;
	size_t alen, blen;
	int r;

	buf_init(&abuf, BUF_UNLIMITED);
	buf_init(&bbuf, BUF_UNLIMITED);
	as = doc_str(a, &abuf, &alen);
	bs = doc_str(b, &bbuf, &blen);
	r = memcmp(as, bs, alen < blen ? alen : blen);
	if (r == 0)
		r = alen < blen ? -1 : alen > blen;
	buf_fini(&abuf);
	buf_fini(&bbuf);
	return r;
}

/* A number on the left takes a string as a number, a string on the left takes a number as its text. */
static bool
filter_equal_loosely(struct doc number, struct doc string, bool number_left)
{
	struct buf scratch;
	const char *s, *text;
	size_t len, n;
	struct doc parsed;
	bool same;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(string, &scratch, &len);
	text = doc_num_text(number, &n);
	same = len == n && memcmp(s, text, n) == 0;
	if (!same && number_left) {
		parsed = doc_parse(s, len, NULL);
		same = filter_is(parsed, DOC_NUMBER) && doc_num_cmp(number, parsed) == 0;
		doc_unref(parsed);
	}
	buf_fini(&scratch);
	return same;
}

static bool
filter_equal(struct doc a, struct doc b, struct path_work *w)
{
	if (doc_is_none(a) || doc_is_none(b))
		return false;
	if (!path_spend(w, 1 + (doc_size(a) + doc_size(b)) / 8))
		return false;
	if (filter_is(a, DOC_NUMBER) && filter_is(b, DOC_STRING))
		return filter_equal_loosely(a, b, true);
	if (filter_is(a, DOC_STRING) && filter_is(b, DOC_NUMBER))
		return filter_equal_loosely(b, a, false);
	return doc_equal(a, b);
}

static bool
filter_same(struct doc a, struct doc b, struct path_work *w)
{
	bool alike;

	if (doc_is_none(a) || doc_is_none(b))
		return false;
	alike = doc_type(a) == doc_type(b) || (doc_is_bool(a) && doc_is_bool(b));
	return alike && filter_equal(a, b, w);
}

static bool
filter_in_order(enum filter_op op, struct doc a, struct doc b)
{
	int r;

	if (filter_is(a, DOC_NUMBER) && filter_is(b, DOC_NUMBER))
		r = doc_num_cmp(a, b);
	else if (filter_is(a, DOC_STRING) && filter_is(b, DOC_STRING))
		r = filter_compare_strings(a, b);
	else
		return false;
	switch (op) {
	case FILTER_LT:
		return r < 0;
	case FILTER_LE:
		return r <= 0;
	case FILTER_GT:
		return r > 0;
	default:
		return r >= 0;
	}
}

static bool
filter_list_has(struct doc list, struct doc item, struct path_work *w)
{
	struct doc_iter it;

	if (!filter_is(list, DOC_ARRAY))
		return false;
	it = doc_iter(list);
	while (doc_next(&it) && path_spend(w, 1))
		if (filter_equal(item, it.value, w))
			return true;
	return false;
}

/* How many elements of a are in b; *n = how many a has. */
static size_t
filter_count_common(struct doc a, struct doc b, size_t *n, struct path_work *w)
{
	struct doc_iter it = doc_iter(a);
	size_t common = 0;

	*n = doc_len(a);
	while (doc_next(&it) && path_spend(w, 1))
		common += filter_list_has(b, it.value, w);
	return common;
}

static bool
filter_sets(enum filter_op op, struct doc a, struct doc b, struct path_work *w)
{
	size_t n, common;

	if (!filter_is(a, DOC_ARRAY) || !filter_is(b, DOC_ARRAY))
		return false;
	if (op == FILTER_ALL) {
		common = filter_count_common(b, a, &n, w);
		return common == n;
	}
	common = filter_count_common(a, b, &n, w);
	switch (op) {
	case FILTER_SUBSETOF:
		return common == n;
	case FILTER_ANYOF:
		return common > 0;
	default: /* FILTER_NONEOF */
		return common == 0;
	}
}

static bool
filter_contains(struct doc a, struct doc b, struct path_work *w)
{
	struct buf abuf, bbuf;
	const char *as, *bs;
	size_t alen, blen;
	bool found;

	if (!filter_is(a, DOC_STRING) || !filter_is(b, DOC_STRING))
		return filter_list_has(a, b, w);
	buf_init(&abuf, BUF_UNLIMITED);
	buf_init(&bbuf, BUF_UNLIMITED);
	as = doc_str(a, &abuf, &alen);
	bs = doc_str(b, &bbuf, &blen);
	found = blen == 0 || memmem(as, alen, bs, blen) != NULL;
	buf_fini(&abuf);
	buf_fini(&bbuf);
	return found;
}

static size_t
filter_string_length(struct doc d)
{
	struct buf scratch;
	size_t len, i, n = 0;
	const char *s;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(d, &scratch, &len);
	for (i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	buf_fini(&scratch);
	return n;
}

/* Length of a string or an array, members of an object; -1 for the rest. */
static int64_t
filter_size(struct doc d)
{
	if (filter_is(d, DOC_STRING))
		return (int64_t)filter_string_length(d);
	if (filter_is(d, DOC_ARRAY) || filter_is(d, DOC_OBJECT))
		return (int64_t)doc_len(d);
	return -1;
}

static bool
filter_has_size(struct doc a, struct doc b)
{
	int64_t want;

	return !doc_is_none(b) && doc_i64(b, &want) && want >= 0 && filter_size(a) == want;
}

static bool
filter_is_empty(struct doc a, struct doc b)
{
	int64_t n = filter_size(a);

	return n >= 0 && !doc_is_none(b) && doc_is_bool(b) && (n == 0) == doc_is_true(b);
}

static bool
filter_regex_takes(const struct regex *re, struct doc d, struct path_work *w)
{
	struct buf scratch;
	const char *s;
	unsigned steps = w->left < REGEX_STEPS_MAX ? (unsigned)w->left : REGEX_STEPS_MAX;
	unsigned before = steps;
	size_t len;
	int r;

	if (doc_is_none(d) || doc_type(d) == DOC_NULL || !path_spend(w, 1 + doc_size(d) / 16))
		return false;
	buf_init(&scratch, BUF_UNLIMITED);
	if (doc_type(d) == DOC_STRING) {
		s = doc_str(d, &scratch, &len);
	} else {
		doc_print(d, &scratch);
		s = buf_text(&scratch);
		len = scratch.len;
	}
	r = regex_whole(re, s, len, &steps);
	buf_fini(&scratch);
	if (r < 0 || !path_spend(w, before - steps))
		w->spent = true;
	return r == 1;
}

/* An array matches when one of its elements does. */
static bool
filter_matches(const struct regex *re, struct doc d, struct path_work *w)
{
	struct doc_iter it;

	if (!filter_is(d, DOC_ARRAY))
		return filter_regex_takes(re, d, w);
	it = doc_iter(d);
	while (doc_next(&it) && path_spend(w, 1))
		if (filter_regex_takes(re, it.value, w))
			return true;
	return false;
}

static bool
filter_exists(const struct filter_operand *o, struct doc item, struct path_work *w)
{
	struct filter_value v = filter_evaluate(o, item, w);
	bool found = !doc_is_none(v.doc);

	/* A path that may find many finds none: an empty array. */
	if (found && o->path->ndefinite < o->path->nsteps && o->path->function == FUNCTION_NONE)
		found = doc_len(v.doc) > 0;
	filter_value_fini(&v);
	return found;
}

static bool
filter_compare(const struct path_filter *f, struct doc a, struct doc b, struct path_work *w)
{
	switch (f->op) {
	case FILTER_EQ:
		return filter_equal(a, b, w);
	case FILTER_NE:
		return !filter_equal(a, b, w);
	case FILTER_SAME:
		return filter_same(a, b, w);
	case FILTER_NOT_SAME:
		return !filter_same(a, b, w);
	case FILTER_LT:
	case FILTER_LE:
	case FILTER_GT:
	case FILTER_GE:
		return filter_in_order(f->op, a, b);
	case FILTER_MATCHES:
		return f->right.regex != NULL ? filter_matches(f->right.regex, a, w)
					      : filter_matches(f->left.regex, b, w);
	case FILTER_IN:
		return filter_list_has(b, a, w);
	case FILTER_NIN:
		return !filter_list_has(b, a, w);
	case FILTER_SIZE:
		return filter_has_size(a, b);
	case FILTER_EMPTY:
		return filter_is_empty(a, b);
	case FILTER_CONTAINS:
		return filter_contains(a, b, w);
	default:
		return filter_sets(f->op, a, b, w);
	}
}

bool
path_filter_accepts(const struct path_filter *f, struct doc item, struct path_work *w)
{
	struct filter_value a, b;
	bool r;
	size_t i;

	if (!path_spend(w, 1))
		return false;
	switch (f->op) {
	case FILTER_OR:
	case FILTER_AND:
		for (i = 0; i < f->nkids; i++)
			if (path_filter_accepts(f->kids[i], item, w) == (f->op == FILTER_OR))
				return f->op == FILTER_OR;
		return f->op == FILTER_AND;
	case FILTER_NOT:
		return !path_filter_accepts(f->kids[0], item, w);
	case FILTER_EXISTS:
		return filter_exists(&f->left, item, w);
	default:
		a = filter_evaluate(&f->left, item, w);
		b = filter_evaluate(&f->right, item, w);
		r = filter_compare(f, a.doc, b.doc, w);
		filter_value_fini(&a);
		filter_value_fini(&b);
		return r;
	}
}
