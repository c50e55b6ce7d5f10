/*
 * test_intrinsic_property - laws of the intrinsic functions, on random arguments: what undoes
 * what, what changes nothing, what must be in a result.
 */
#include "property.h"

#include "expr/intrinsic.h"

#define TRIALS 1500

static const char *const keys[] = { "a", "b", "c", "d", "\xc3\xa9", "quote\"", "x y" };

static struct tree *
random_text(struct trial *t)
{
	static const char *const pieces[] = { "a", "b", ",", ";", " ", "-", "\"", "\\", "\n", "{}",
		"\xc3\xa9", "\xf0\x9f\x98\x80", "text" };
	struct buf b;
	struct tree *v;

	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "");
	for (unsigned n = trial_below(t, 10); n > 0; n--)
		buf_adds(&b, pieces[trial_below(t, sizeof(pieces) / sizeof(*pieces))]);
	v = tree_text(t, DOC_STRING, b.data, b.len);
	buf_fini(&b);
	return v;
}

/* Few different ones, so that repeats are common. */
static struct tree *
random_leaf(struct trial *t)
{
	static const char *const numbers[] = { "0", "0.0", "1", "1.0", "10e-1", "-7", "1e300",
		"123456789012345678901234567890", "0.1" };

	switch (trial_below(t, 5)) {
	case 0:
		return tree_new(t, DOC_NULL);
	case 1:
		return tree_new(t, trial_one_in(t, 2) ? DOC_TRUE : DOC_FALSE);
	case 2:
		return random_text(t);
	default:
		return tree_number(t, numbers[trial_below(t, sizeof(numbers) / sizeof(*numbers))]);
	}
}

static const struct tree_words words = { keys, sizeof(keys) / sizeof(*keys), random_leaf, 5 };

static struct tree *
random_array(struct trial *t)
{
	struct tree *v = tree_new(t, DOC_ARRAY);

	for (unsigned n = trial_below(t, 12); n > 0; n--)
		tree_add(t, v, NULL, tree_random(t, &words, 2));
	return v;
}

static struct tree *
random_object(struct trial *t)
{
	struct tree *v = tree_new(t, DOC_OBJECT);

	for (unsigned n = trial_below(t, 6); n > 0; n--) {
		struct tree *key =
		    tree_string(t, keys[trial_below(t, sizeof(keys) / sizeof(*keys))]);

		if (tree_get(v, key) == NULL)
			tree_add(t, v, key, tree_random(t, &words, 2));
	}
	return v;
}

/* The document that calls work on: its members are given as name, value, ..., NULL. */
static struct doc
input(struct trial *t, ...)
{
	struct tree *root = tree_new(t, DOC_OBJECT);
	const char *name;
	va_list ap;

	va_start(ap, t);
	while ((name = va_arg(ap, const char *)) != NULL)
		tree_add(t, root, tree_string(t, name), va_arg(ap, struct tree *));
	va_end(ap);
	return tree_doc(t, root);
}

/* What the call gives on root; owned. */
static struct doc
call(struct trial *t, struct doc root, const char *text)
{
	struct expr_random random = { t->seed };
	struct expr_scope scope = { .root = root, .random = &random };
	struct err e = ERR_INIT;
	struct intrinsic *f = intrinsic_compile(text, strlen(text), &e);
	struct doc out = DOC_NONE;

	if (f == NULL || intrinsic_eval(f, &scope, &out, &e) != 0)
		trial_fail(t, "%s on %s: %s", text, doc_text(root, NULL), err_cause(&e));
	intrinsic_free(f);
	return out;
}

static void
expect_equal(struct trial *t, const char *text, struct doc root, struct doc a, struct doc b)
{
	if (doc_is_none(a) || doc_is_none(b) || !doc_equal(a, b))
		trial_fail(t, "%s on %s: %s and %s", text, doc_text(root, NULL), doc_text(a, NULL),
		    doc_text(b, NULL));
}

/* Both calls give the same value. */
static void
expect_same(struct trial *t, struct doc root, const char *a, const char *b)
{
	struct doc x = call(t, root, a), y = call(t, root, b);

	expect_equal(t, a, root, x, y);
	doc_unref(x);
	doc_unref(y);
}

/* The call gives a member of root. */
static void
expect_member(struct trial *t, struct doc root, const char *text, const char *member)
{
	struct doc x = call(t, root, text);

	expect_equal(t, text, root, x, doc_gets(root, member));
	doc_unref(x);
}

/* --- strings ---------------------------------------------------------------------- */

static void
one_text(struct trial *t)
{
	struct doc root = input(t, "v", tree_random(t, &words, 4), "s", random_text(t), NULL);

	expect_member(t, root, "States.StringToJson(States.JsonToString($.v))", "v");
	expect_member(t, root, "States.StringToJson(States.JsonToString($.s))", "s");
	expect_member(t, root, "States.Base64Decode(States.Base64Encode($.s))", "s");
	expect_member(t, root, "States.Format('{}', $.s)", "s");
	expect_same(t, root, "States.Format('{}{}', $.s, $.s)",
	    "States.Format(States.Format('{}{}', '{', '}{}'), $.s, $.s)");
	doc_unref(root);
}

static void
what_one_function_writes_another_one_reads(void **state)
{
	(void)state;
	property(TRIALS, one_text);
}

/* Appends the bytes of s without those of the characters that part; parting: ASCII. */
static void
add_without(struct buf *out, const char *s, size_t len, const char *parting)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\0' || strchr(parting, s[i]) == NULL)
			buf_addc(out, s[i]);
	}
}

static void
one_split(struct trial *t)
{
	static const char *const partings[] = { ",", ";,", "- ", "ab", "" };
	const char *parting = partings[trial_below(t, 5)];
	struct tree *s = random_text(t);
	struct doc root = input(t, "s", s, "by", tree_string(t, parting), NULL);
	struct doc parts = call(t, root, "States.StringSplit($.s, $.by)");
	struct doc_iter it = doc_iter(parts);
	struct buf want, got, scratch;

	buf_init(&want, BUF_UNLIMITED);
	buf_init(&got, BUF_UNLIMITED);
	buf_init(&scratch, BUF_UNLIMITED);
	add_without(&want, s->text, s->len, parting);
	while (doc_next(&it)) {
		size_t len, before = got.len;
		const char *part = doc_str(it.value, &scratch, &len);

		add_without(&got, part, len, parting);
		if (len == 0 || got.len != before + len)
			trial_fail(t, "a part is empty or holds what parts: %s by %s",
			    doc_text(parts, NULL), parting);
	}
	if (strcmp(buf_text(&want), buf_text(&got)) != 0)
		trial_fail(t, "%s is not all of %s", doc_text(parts, NULL), doc_text(root, NULL));
	buf_fini(&scratch);
	buf_fini(&got);
	buf_fini(&want);
	doc_unref(parts);
	doc_unref(root);
}

static void
the_parts_of_a_string_are_all_of_it_but_what_parts(void **state)
{
	(void)state;
	property(TRIALS, one_split);
}

/* --- arrays -------------------------------------------------------------------------- */

static void
one_partition(struct trial *t)
{
	unsigned size = 1 + trial_below(t, 5);
	const char *text = arena_printf(&t->arena, "States.ArrayPartition($.a, %u)", size);
	struct doc root = input(t, "a", random_array(t), NULL);
	struct doc chunks = call(t, root, text);
	struct doc_iter it = doc_iter(chunks), all = doc_iter(doc_gets(root, "a"));
	size_t left = doc_len(doc_gets(root, "a"));

	while (doc_next(&it)) {
		struct doc_iter chunk = doc_iter(it.value);
		size_t want = left < size ? left : size;

		if (doc_type(it.value) != DOC_ARRAY || want == 0 || doc_len(it.value) != want)
			trial_fail(t, "%s gives %s", text, doc_text(chunks, NULL));
		left -= want;
		while (doc_next(&chunk) && doc_next(&all))
			expect_equal(t, text, root, chunk.value, all.value);
	}
	if (left > 0)
		trial_fail(t, "%s leaves %zu of %s", text, left, doc_text(root, NULL));
	doc_unref(chunks);
	doc_unref(root);
}

static void
the_chunks_of_an_array_make_the_array(void **state)
{
	(void)state;
	property(TRIALS, one_partition);
}

static bool
has(struct doc list, size_t end, struct doc v)
{
	struct doc_iter it = doc_iter(list);

	for (size_t i = 0; i < end && doc_next(&it); i++) {
		if (doc_equal(it.value, v))
			return true;
	}
	return false;
}

/* The first of each value, in their order. */
static void
one_unique(struct trial *t)
{
	struct doc root = input(t, "a", random_array(t), NULL), a = doc_gets(root, "a");
	struct doc unique = call(t, root, "States.ArrayUnique($.a)");
	size_t n = 0;

	expect_same(t, root, "States.ArrayUnique($.a)",
	    "States.ArrayUnique(States.ArrayUnique($.a))");
	for (size_t i = 0; i < doc_len(a); i++) {
		struct doc v = doc_at(a, i), contains, same;
		char *item = arena_printf(&t->arena, "States.ArrayGetItem($.a, %zu)", i);

		if (!has(a, i, v))
			expect_equal(t, "ArrayUnique", root, doc_at(unique, n++), v);
		contains = call(t, root,
		    arena_printf(&t->arena, "States.ArrayContains($.a, $.a[%zu])", i));
		if (!doc_is_true(contains))
			trial_fail(t, "an array contains its element %zu: %s", i,
			    doc_text(root, NULL));
		same = call(t, root, item);
		expect_equal(t, item, root, same, v);
		doc_unref(contains);
		doc_unref(same);
	}
	if (doc_len(unique) != n)
		trial_fail(t, "%s has %zu values", doc_text(root, NULL), n);
	doc_unref(unique);
	doc_unref(root);
}

static void
of_equal_elements_the_first_stays(void **state)
{
	(void)state;
	property(TRIALS, one_unique);
}

static void
one_range(struct trial *t)
{
	int64_t first = (int64_t)trial_below(t, 200) - 100,
		last = (int64_t)trial_below(t, 200) - 100;
	int64_t step = (int64_t)trial_below(t, 19) - 9, v, n = 0;
	const char *text;
	struct doc root, range;
	struct doc_iter it;

	step += step == 0;
	text = arena_printf(&t->arena, "States.ArrayRange(%d, %d, %d)", (int)first, (int)last,
	    (int)step);
	root = input(t, NULL);
	range = call(t, root, text);
	for (it = doc_iter(range); doc_next(&it); n++) {
		if (!doc_i64(it.value, &v) || v != first + n * step)
			trial_fail(t, "%s gives %s", text, doc_text(range, NULL));
	}
	/* it ends where the next one would be beyond last */
	v = first + n * step;
	if (step > 0 ? v <= last || (n > 0 && v - step > last)
		     : v >= last || (n > 0 && v - step < last))
		trial_fail(t, "%s gives %s", text, doc_text(range, NULL));
	doc_unref(range);
	doc_unref(root);
}

static void
a_range_goes_in_equal_steps_to_its_end(void **state)
{
	(void)state;
	property(TRIALS, one_range);
}

/* --- objects --------------------------------------------------------------------------- */

/* Each member of the merged one comes from b, or else from a. */
static void
check_members(struct trial *t, struct doc merged, struct doc a, struct doc b)
{
	struct doc_iter it = doc_iter(merged);
	struct buf scratch;
	size_t n = doc_len(a);

	buf_init(&scratch, BUF_UNLIMITED);
	while (doc_next(&it)) {
		size_t len;
		const char *key = doc_str(it.key, &scratch, &len);
		struct doc from = doc_get(b, key, len);

		if (doc_is_none(from))
			from = doc_get(a, key, len);
		else
			n += doc_is_none(doc_get(a, key, len));
		expect_equal(t, "JsonMerge", merged, it.value, from);
	}
	if (doc_len(merged) != n)
		trial_fail(t, "%s has not all members", doc_text(merged, NULL));
	buf_fini(&scratch);
}

static void
one_merge(struct trial *t)
{
	struct doc root = input(t, "a", random_object(t), "b", random_object(t), "c",
	    random_object(t), "none", tree_new(t, DOC_OBJECT), NULL);
	struct doc merged = call(t, root, "States.JsonMerge($.a, $.b, false)");

	check_members(t, merged, doc_gets(root, "a"), doc_gets(root, "b"));
	expect_member(t, root, "States.JsonMerge($.a, $.none, false)", "a");
	expect_member(t, root, "States.JsonMerge($.none, $.a, false)", "a");
	expect_member(t, root, "States.JsonMerge($.a, $.a, false)", "a");
	expect_same(t, root, "States.JsonMerge(States.JsonMerge($.a, $.b, false), $.c, false)",
	    "States.JsonMerge($.a, States.JsonMerge($.b, $.c, false), false)");
	doc_unref(merged);
	doc_unref(root);
}

static void
merging_takes_the_second_object_over_the_first(void **state)
{
	(void)state;
	property(TRIALS, one_merge);
}

/* --- numbers --------------------------------------------------------------------------- */

static void
one_number(struct trial *t)
{
	int a = (int)trial_below(t, 2000000) - 1000000, b = (int)trial_below(t, 2000000) - 1000000;
	int end = a + 1 + (int)trial_below(t, 100);
	char *sum = arena_printf(&t->arena, "States.MathAdd(%d, %d)", a, b);
	char *random = arena_printf(&t->arena, "States.MathRandom(%d, %d)", a, end);
	char *seeded = arena_printf(&t->arena, "States.MathRandom(%d, %d, %d)", a, end, b);
	struct doc root = input(t, NULL), v;
	int64_t n;

	v = call(t, root, sum);
	if (!doc_i64(v, &n) || n != (int64_t)a + b)
		trial_fail(t, "%s gives %s", sum, doc_text(v, NULL));
	doc_unref(v);
	v = call(t, root, random);
	if (!doc_i64(v, &n) || n < a || n >= end)
		trial_fail(t, "%s gives %s", random, doc_text(v, NULL));
	doc_unref(v);
	v = call(t, root, seeded);
	if (!doc_i64(v, &n) || n < a || n >= end)
		trial_fail(t, "%s gives %s", seeded, doc_text(v, NULL));
	doc_unref(v);
	/* the same random bits, the same number */
	expect_same(t, root, random, random);
	expect_same(t, root, seeded, seeded);
	doc_unref(root);
}

static void
sums_are_exact_and_random_numbers_within_their_bounds(void **state)
{
	(void)state;
	property(TRIALS, one_number);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_function_writes_another_one_reads),
		cmocka_unit_test(the_parts_of_a_string_are_all_of_it_but_what_parts),
		cmocka_unit_test(the_chunks_of_an_array_make_the_array),
		cmocka_unit_test(of_equal_elements_the_first_stays),
		cmocka_unit_test(a_range_goes_in_equal_steps_to_its_end),
		cmocka_unit_test(merging_takes_the_second_object_over_the_first),
		cmocka_unit_test(sums_are_exact_and_random_numbers_within_their_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
