/*
 * test_doc_property - random documents: what they print as, in whatever dress they came.
 */
#include "property.h"

#define TRIALS 4000

/* --- values ------------------------------------------------------------------------ */

static const char *const keys[] = { "", "a", "b", "key", "another key", "\xc3\xa9",
	"\xf0\x9f\x98\x80", "tab\there", "quote\"", "back\\slash", "slash/",
	"a.very.long.key.that."
	"does.not.fit.into.small.buffers.and.stands.in.many.objects",
	"\x01", "0", "null" };

static struct tree *
random_number(struct trial *t)
{
	struct buf b;
	struct tree *v;
	unsigned digits = trial_one_in(t, 20) ? 400 : 20;

	buf_init(&b, BUF_UNLIMITED);
	if (trial_one_in(t, 3))
		buf_addc(&b, '-');
	if (trial_one_in(t, 3)) {
		buf_addc(&b, '0');
	} else {
		buf_addc(&b, (char)('1' + trial_below(t, 9)));
		for (unsigned n = trial_below(t, digits); n > 0; n--)
			buf_addc(&b, (char)('0' + trial_below(t, 10)));
	}
	if (trial_one_in(t, 3)) {
		buf_addc(&b, '.');
		for (unsigned n = 1 + trial_below(t, digits); n > 0; n--)
			buf_addc(&b, (char)('0' + trial_below(t, 10)));
	}
	if (trial_one_in(t, 4))
		buf_addf(&b, "%c%s%u", trial_one_in(t, 2) ? 'e' : 'E',
		    (const char *[]){ "", "+", "-" }[trial_below(t, 3)], trial_below(t, 400));
	v = tree_text(t, DOC_NUMBER, b.data, b.len);
	buf_fini(&b);
	return v;
}

static struct tree *
random_string(struct trial *t)
{
	static const char *const pieces[] = { "a", "Z", " ", "\"", "\\", "/", "\b", "\f", "\n",
		"\r", "\t", "\x01", "\x1f", "\x7f", "\xc2\x80", "\xc3\xa9", "\xe2\x82\xac",
		"\xef\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x9f\x98\x80",
		"\xf4\x8f\xbf\xbf", "plain text of some length", "\\u0041" };
	struct buf b;
	struct tree *v;

	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "");
	for (unsigned n = trial_below(t, 12); n > 0; n--) {
		if (trial_one_in(t, 30))
			buf_addc(&b, '\0');
		else
			buf_adds(&b, pieces[trial_below(t, sizeof(pieces) / sizeof(*pieces))]);
	}
	v = tree_text(t, DOC_STRING, b.data, b.len);
	buf_fini(&b);
	return v;
}

static struct tree *
random_leaf(struct trial *t)
{
	switch (trial_below(t, 6)) {
	case 0:
		return tree_new(t, DOC_NULL);
	case 1:
		return tree_new(t, trial_one_in(t, 2) ? DOC_TRUE : DOC_FALSE);
	case 2:
	case 3:
		return random_number(t);
	default:
		return random_string(t);
	}
}

static struct tree *
random_value(struct trial *t)
{
	static const struct tree_words words = { keys, sizeof(keys) / sizeof(*keys), random_leaf,
		6 };
	static const struct tree_words wide = { keys, sizeof(keys) / sizeof(*keys), random_leaf,
		60 };

	return trial_one_in(t, 10) ? tree_random(t, &wide, 2) : tree_random(t, &words, 5);
}

/* v inside so many arrays and objects. */
static struct tree *
wrapped(struct trial *t, struct tree *v, unsigned levels)
{
	while (levels-- > 0) {
		bool object = trial_one_in(t, 2);
		struct tree *outer = tree_new(t, object ? DOC_OBJECT : DOC_ARRAY);

		tree_add(t, outer, object ? tree_string(t, "in") : NULL, v);
		v = outer;
	}
	return v;
}

/* --- the same value, otherwise written ---------------------------------------------- */

static void
dress_blanks(struct trial *t, struct buf *out)
{
	while (trial_one_in(t, 4))
		buf_addc(out, " \t\r\n"[trial_below(t, 4)]);
}

static void
dress_unit(struct trial *t, struct buf *out, unsigned unit)
{
	buf_addf(out, trial_one_in(t, 2) ? "\\u%04x" : "\\u%04X", unit);
}

/* The character at s, whose length in bytes comes back. */
static size_t
character(const char *s, uint32_t *c)
{
	unsigned char first = (unsigned char)s[0];
	size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	*c = n == 1 ? first : first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		*c = *c << 6 | ((unsigned char)s[i] & 0x3f);
	return n;
}

static void
dress_string(struct trial *t, const struct tree *v, struct buf *out)
{
	static const char shorts[] = "\b\f\n\r\t\"\\/", letters[] = "bfnrt\"\\/";
	size_t step;

	buf_addc(out, '"');
	for (size_t i = 0; i < v->len; i += step) {
		uint32_t c;
		const char *at;

		step = character(v->text + i, &c);
		at = c != 0 && c < 0x80 ? strchr(shorts, (int)c) : NULL;
		if (at != NULL && !trial_one_in(t, 3) && (c != '/' || trial_one_in(t, 2)))
			buf_addf(out, "\\%c", letters[at - shorts]);
		else if (c >= 0x20 && c != '"' && c != '\\' && !trial_one_in(t, 4))
			buf_add(out, v->text + i, step);
		else if (c < 0x10000)
			dress_unit(t, out, c);
		else {
			dress_unit(t, out, 0xd800 + ((c - 0x10000) >> 10));
			dress_unit(t, out, 0xdc00 + ((c - 0x10000) & 0x3ff));
		}
	}
	buf_addc(out, '"');
}

static void dress(struct trial *t, const struct tree *v, struct buf *out);

static void
dress_member(struct trial *t, const struct tree *key, const struct tree *value, struct buf *out)
{
	dress_blanks(t, out);
	dress_string(t, key, out);
	dress_blanks(t, out);
	buf_addc(out, ':');
	dress(t, value, out);
}

/* Now and then a member has another value first and its own only at the end. */
static void
dress_object(struct trial *t, const struct tree *v, struct buf *out)
{
	bool *late = arena_calloc(&t->arena, v->n + 1, sizeof(*late));

	for (size_t i = 0; i < v->n; i++) {
		struct tree *other = tree_number(t, "0");

		if (i > 0)
			buf_addc(out, ',');
		late[i] = trial_one_in(t, 8);
		dress_member(t, v->keys[i], late[i] ? other : v->kids[i], out);
	}
	for (size_t i = v->n; i-- > 0;) {
		if (!late[i])
			continue;
		buf_addc(out, ',');
		dress_member(t, v->keys[i], v->kids[i], out);
	}
}

static void
dress(struct trial *t, const struct tree *v, struct buf *out)
{
	bool object = v->type == DOC_OBJECT;

	dress_blanks(t, out);
	if (v->type == DOC_STRING) {
		dress_string(t, v, out);
	} else if (!object && v->type != DOC_ARRAY) {
		tree_print(v, out);
	} else {
		buf_addc(out, object ? '{' : '[');
		if (object)
			dress_object(t, v, out);
		for (size_t i = 0; !object && i < v->n; i++) {
			if (i > 0)
				buf_addc(out, ',');
			dress(t, v->kids[i], out);
		}
		dress_blanks(t, out);
		buf_addc(out, object ? '}' : ']');
	}
	dress_blanks(t, out);
}

/* --- properties ------------------------------------------------------------------------ */

static void
expect_text(struct trial *t, struct doc d, const struct buf *text)
{
	size_t len;
	char *printed = doc_text(d, &len);

	if (len != text->len || memcmp(printed, text->data, len) != 0)
		trial_fail(t, "prints as\n%s\nand not as\n%s", printed, text->data);
	if (doc_size(d) != len)
		trial_fail(t, "size %zu and not %zu of %s", doc_size(d), len, printed);
	free(printed);
}

static struct doc
parse(struct trial *t, const struct buf *text)
{
	struct err e = ERR_INIT;
	struct doc d = doc_parse(text->data, text->len, &e);

	if (doc_is_none(d))
		trial_fail(t, "%s\n%s", err_cause(&e), text->data);
	return d;
}

static void
one_canonical(struct trial *t)
{
	struct tree *v = random_value(t);
	struct buf text, quoted;
	struct doc d, string;
	struct buf scratch;
	const char *inner;
	size_t len;

	buf_init(&text, BUF_UNLIMITED);
	buf_init(&quoted, BUF_UNLIMITED);
	buf_init(&scratch, BUF_UNLIMITED);
	tree_print(v, &text);
	d = parse(t, &text);
	expect_text(t, d, &text);
	doc_print_quoted(d, &quoted);
	string = parse(t, &quoted);
	inner = doc_str(string, &scratch, &len);
	if (len != text.len || memcmp(inner, text.data, len) != 0)
		trial_fail(t, "quoted: %s\nof %s", quoted.data, text.data);
	doc_unref(string);
	doc_unref(d);
	buf_fini(&scratch);
	buf_fini(&quoted);
	buf_fini(&text);
}

static void
canonical_text_prints_as_it_came(void **state)
{
	(void)state;
	property(TRIALS, one_canonical);
}

static void
one_dressed(struct trial *t)
{
	struct tree *v = random_value(t);
	struct buf text, dressed;
	struct doc d, plain;

	buf_init(&text, BUF_UNLIMITED);
	buf_init(&dressed, BUF_UNLIMITED);
	tree_print(v, &text);
	dress(t, v, &dressed);
	d = parse(t, &dressed);
	plain = parse(t, &text);
	expect_text(t, d, &text);
	if (!doc_equal(d, plain) || !doc_equal(plain, d))
		trial_fail(t, "not equal: %s\nand %s", dressed.data, text.data);
	doc_unref(plain);
	doc_unref(d);
	buf_fini(&dressed);
	buf_fini(&text);
}

static void
blanks_escapes_and_repeated_keys_leave_no_trace(void **state)
{
	(void)state;
	property(TRIALS, one_dressed);
}

/* The value from a builder, in pieces: some copied member by member, some given as documents. */
static void
build(struct trial *t, struct doc_builder *b, const struct tree *v)
{
	struct doc part;

	if ((v->type != DOC_ARRAY && v->type != DOC_OBJECT) || trial_one_in(t, 3)) {
		part = tree_doc(t, v);
		docb_doc(b, part);
		doc_unref(part);
		return;
	}
	if (v->type == DOC_ARRAY)
		docb_array(b);
	else
		docb_object(b);
	for (size_t i = 0; i < v->n; i++) {
		if (v->type == DOC_OBJECT)
			docb_key(b, v->keys[i]->text, v->keys[i]->len);
		build(t, b, v->kids[i]);
	}
	docb_end(b);
}

static void
one_built(struct trial *t)
{
	struct tree *v = random_value(t);
	struct doc_builder *b = docb_new();
	struct doc made, again, compact;
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	tree_print(v, &text);
	build(t, b, v);
	made = docb_finish(b);
	expect_text(t, made, &text);
	again = parse(t, &text);
	compact = doc_compact(made);
	expect_text(t, compact, &text);
	if (!doc_equal(made, again) || !doc_equal(again, compact))
		trial_fail(t, "not equal to what was built: %s", text.data);
	doc_unref(compact);
	doc_unref(again);
	doc_unref(made);
	buf_fini(&text);
}

static void
what_is_made_of_parts_reads_back_as_the_same(void **state)
{
	(void)state;
	property(TRIALS, one_built);
}

/* Members in another order, numbers in another spelling. */
static struct tree *
respelled(struct trial *t, const struct tree *v)
{
	struct tree *out = tree_new(t, v->type);
	size_t shift = v->n > 0 ? trial_below(t, (unsigned)v->n) : 0;

	*out = *v;
	if (v->type == DOC_NUMBER && memchr(v->text, 'e', v->len) == NULL &&
	    memchr(v->text, 'E', v->len) == NULL) {
		const char *more = memchr(v->text, '.', v->len) != NULL ? "00" : ".0";

		return tree_number(t,
		    arena_printf(&t->arena, "%.*s%s", (int)v->len, v->text, more));
	}
	if (v->type != DOC_ARRAY && v->type != DOC_OBJECT)
		return out;
	out->n = 0;
	for (size_t i = 0; i < v->n; i++) {
		size_t at = v->type == DOC_OBJECT ? (i + shift) % v->n : i;

		tree_add(t, out, v->keys[at], respelled(t, v->kids[at]));
	}
	return out;
}

/* The first scalar becomes another one; false when there is none. */
static bool
spoil(struct trial *t, struct tree *v)
{
	for (size_t i = 0; i < v->n; i++) {
		if (spoil(t, v->kids[i]))
			return true;
	}
	if (v->type == DOC_ARRAY || v->type == DOC_OBJECT)
		return false;
	*v = *tree_string(t, "nothing else is this string");
	return true;
}

static void
one_equal(struct trial *t)
{
	struct tree *v = random_value(t), *other = respelled(t, v);
	struct doc a = tree_doc(t, v), b = tree_doc(t, other), c;

	if (!doc_equal(a, b) || !doc_equal(b, a))
		trial_fail(t, "not equal: %s\nand %s", doc_text(a, NULL), doc_text(b, NULL));
	if (spoil(t, other)) {
		c = tree_doc(t, other);
		if (doc_equal(a, c) || doc_equal(c, a))
			trial_fail(t, "equal: %s\nand %s", doc_text(a, NULL), doc_text(c, NULL));
		doc_unref(c);
	}
	doc_unref(a);
	doc_unref(b);
}

static void
order_and_spelling_make_no_difference_and_a_value_does(void **state)
{
	(void)state;
	property(TRIALS, one_equal);
}

static void
one_deep(struct trial *t)
{
	unsigned levels = DOC_DEPTH_MAX - trial_below(t, 3);
	struct tree *v = wrapped(t, tree_number(t, "7"), levels);
	struct buf text;
	struct doc d;

	buf_init(&text, BUF_UNLIMITED);
	tree_print(v, &text);
	d = parse(t, &text);
	expect_text(t, d, &text);
	if (doc_too_deep(d))
		trial_fail(t, "%u levels are too deep", levels);
	doc_unref(d);
	buf_reset(&text);
	tree_print(wrapped(t, v, DOC_DEPTH_MAX + 1 - levels), &text);
	d = doc_parse(text.data, text.len, NULL);
	if (!doc_is_none(d))
		trial_fail(t, "deeper than the limit, and read");
	buf_fini(&text);
}

static void
what_is_nested_as_deep_as_may_be_prints_as_it_came(void **state)
{
	(void)state;
	property(20, one_deep);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_text_prints_as_it_came),
		cmocka_unit_test(blanks_escapes_and_repeated_keys_leave_no_trace),
		cmocka_unit_test(what_is_made_of_parts_reads_back_as_the_same),
		cmocka_unit_test(order_and_spelling_make_no_difference_and_a_value_does),
		cmocka_unit_test(what_is_nested_as_deep_as_may_be_prints_as_it_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
