/*
 * test_jsonpath - the service's dialect of JSONPath: what it finds, what it says when
 * it finds nothing, what it refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "expr/ident.h"
#include "expr/jsonpath.h"
#include "expr/regex.h"

static const char document[] =
    "{\"a\":[{\"id\":1,\"n\":\"x\"},{\"id\":2}],\"o\":{\"k\":\"v\",\"e\":null},\"s\":\"str\",\"z\":[],"
    "\"n\":[0,1,2,3,4,5],\"m\":{\"x\":{\"id\":3}},\"t\":[\"42\",42,\"abc\",null,true],"
    "\"key-dash\":1,\"2\":\"two\",\"a b\":\"blank\",\"l\":[[1,2],[3]],\"\\u00e9\":\"e\"}";

static struct doc the_context;

static struct doc
give_context(void *arg)
{
	(void)arg;
	return the_context;
}

/* The result as text, or "!" and the cause, or "?" when it does not compile. Yours. */
static char *
find(const char *text, const char *path)
{
	struct doc d = doc_parse(text, strlen(text), NULL);
	struct doc vars = doc_parse("{\"v\":{\"w\":[7,8]}}", 17, NULL);
	struct expr_scope s = { .root = d, .vars = vars, .context = give_context };
	struct jsonpath *p = jsonpath_compile(path, strlen(path), NULL);
	struct err e = ERR_INIT;
	struct doc out;
	char *found;

	assert_false(doc_is_none(d));
	assert_false(doc_is_none(vars));
	the_context = doc_parse("{\"Execution\":{\"Id\":\"e1\"}}", 25, NULL);
	if (p == NULL) {
		found = xstrdup("?");
	} else if (jsonpath_eval(p, &s, &out, &e) == 0) {
		found = doc_text(out, NULL);
		doc_unref(out);
	} else {
		assert_string_equal(e.name, "States.Runtime");
		found = xasprintf("!%s", err_cause(&e));
	}
	err_fini(&e);
	jsonpath_free(p);
	doc_unref(the_context);
	doc_unref(vars);
	doc_unref(d);
	return found;
}

static void
expect(const char *text, const char *path, const char *result)
{
	char *found = find(text, path);

	if (strcmp(found, result) != 0)
		print_error("%s\n", path);
	assert_string_equal(found, result);
	free(found);
}

#define EXPECT(path, result) expect(document, path, result)

static void
definite_paths_give_the_value_itself(void **state)
{
	(void)state;
	EXPECT("$.o.e", "null");
	EXPECT("$.o.k", "\"v\"");
	EXPECT("$['o']['k']", "\"v\"");
	EXPECT("$[\"o\"][ 'k' ]", "\"v\"");
	EXPECT("$.['o'].k", "\"v\"");
	EXPECT("$.a[-1].id", "2");
	EXPECT("$.a[ 1 ].id", "2");
	EXPECT("$.key-dash", "1");
	EXPECT("$.2", "\"two\"");
	EXPECT("$['a b']", "\"blank\"");
	EXPECT("$['\\u00e9']", "\"e\"");
	EXPECT("$.\xc3\xa9", "\"e\"");
	EXPECT("$.o.k ", "\"v\"");
	expect("[1,2]", "$[1]", "2");
	expect("{\"it's\":1}", "$['it\\'s']", "1");
	expect("{\"Test\\\\\\\"\\\"Name\\\"\":1}", "$['Test\\\"\"Name\"']", "1");
	expect("{\"a\\\"b\":1}", "$[\"a\\\"b\"]", "1");
	expect("{\"'key'\":1}", "$.'key'", "1");
	expect("{\"\\ud83d\\ude00\":1}", "$['\\ud83d\\ude00']", "1");
	expect("5", "$", "5");
}

static void
the_roots_are_the_document_the_context_and_variables(void **state)
{
	(void)state;
	EXPECT("$$.Execution.Id", "\"e1\"");
	EXPECT("$$", "{\"Execution\":{\"Id\":\"e1\"}}");
	EXPECT("$v", "{\"w\":[7,8]}");
	EXPECT("$v.w[1]", "8");
	EXPECT("$v['w'][*]", "[7,8]");
	EXPECT("$other.x", "!The variable 'other' has no value");
	EXPECT("$$.Nope", "!No results for path: $['Nope']");
}

static void
a_definite_path_that_finds_nothing_says_where(void **state)
{
	(void)state;
	EXPECT("$.x", "!No results for path: $['x']");
	EXPECT("$.o.q", "!No results for path: $['o']['q']");
	EXPECT("$.q.r", "!Missing property in path $['q']");
	EXPECT("$.no.such.path", "!Missing property in path $['no']");
	EXPECT("$.a[1].n", "!No results for path: $['a'][1]['n']");
	EXPECT("$.z[0]", "!No results for path: $['z'][0]");
	EXPECT("$.z[-1]", "!No results for path: $['z'][-1]");
	EXPECT("$.a[9].id", "!No results for path: $['a'][9]['id']");
	EXPECT("$.missing[*]", "[]");
	EXPECT("$.missing.deeper[:1]", "[]");
	EXPECT("$.missing[1:5].x", "[]");
	EXPECT("$.missing.length()", "!Missing property in path $['missing']");
	EXPECT("$.s.k",
	    "!Expected to find an object with property ['k'] in path $['s'] but found 'string'.");
	EXPECT("$.o[0]",
	    "!Filter: [0] can only be applied to arrays. Current context is: {k=v, e=null}");
	expect("1", "$[0]", "!Filter: [0] can only be applied to arrays. Current context is: 1");
	expect("1", "$[1:3]",
	    "!Filter: [1:3] can only be applied to arrays. Current context is: 1");
	expect("1", "$[?(@.a)]",
	    "!Filter: [?] can not be applied to primitives. Current context is: 1");
	expect("{\"a\":null}", "$.a[0]", "!The path $['a'] is null");
	expect("{\"0\":1}", "$[0]",
	    "!Filter: [0] can only be applied to arrays. Current context is: {0=1}");
}

static void
indefinite_paths_give_an_array_of_all_matches(void **state)
{
	(void)state;
	EXPECT("$.a[*].n", "[\"x\"]");
	EXPECT("$.a[*].missing", "[]");
	EXPECT("$.a[0,1].id", "[1,2]");
	EXPECT("$.a[0,9].id", "[1]");
	EXPECT("$.z[*]", "[]");
	EXPECT("$.s[*]", "[]");
	EXPECT("$.o.*", "[\"v\",null]");
	EXPECT("$.o[*]", "[\"v\",null]");
	EXPECT("$..id", "[1,2,3]");
	EXPECT("$..nothing", "[]");
	EXPECT("$..['id']", "[1,2,3]");
	EXPECT("$.l..[0]", "[[1,2],1,3]");
	EXPECT("$.l[*][0]", "[1,3]");
	expect("{\"a\":{\"b\":1}}", "$..*", "[{\"b\":1},1]");
	expect("{\"a\":[{\"a\":[{\"a\":1}]}]}", "$..a", "[[{\"a\":[{\"a\":1}]}],[{\"a\":1}],1]");
}

static void
several_names_give_an_object_at_the_end_and_all_ways_before_it(void **state)
{
	(void)state;
	EXPECT("$['o','s']", "{\"o\":{\"k\":\"v\",\"e\":null},\"s\":\"str\"}");
	EXPECT("$['s','nope']", "{\"s\":\"str\"}");
	EXPECT("$.a[*]['id','n']", "[{\"id\":1,\"n\":\"x\"},{\"id\":2}]");
	EXPECT("$..['id','n']", "[{\"id\":1,\"n\":\"x\"}]");
	EXPECT("$['m','o'].x", "[{\"id\":3}]");
	EXPECT("$.o['k','k']", "{\"k\":\"v\"}");
	EXPECT("$..['n','n']", "[{\"n\":[0,1,2,3,4,5]},{\"n\":\"x\"}]");
}

static void
slices_clamp_and_ignore_their_third_part(void **state)
{
	(void)state;
	EXPECT("$.n[1:3]", "[1,2]");
	EXPECT("$.n[4:99]", "[4,5]");
	EXPECT("$.n[9:]", "[]");
	EXPECT("$.n[-2:]", "[4,5]");
	EXPECT("$.n[-99:]", "[0,1,2,3,4,5]");
	EXPECT("$.n[:-1]", "[0,1,2,3,4]");
	EXPECT("$.n[:2]", "[0,1]");
	EXPECT("$.n[2:1]", "[]");
	EXPECT("$.n[0:0]", "[]");
	EXPECT("$.n[0:4:2]", "[0,1,2,3]");
	EXPECT("$.n[-3:-1]", "[3,4]");
	EXPECT("$.n[-4:2]", "[2,3,4,5,0,1]");
	EXPECT("$.n[1:-1]", "[]");
	EXPECT("$.n[-2147483647:2]", "[0,1,2,3,4,5,0,1]");
	EXPECT("$.z[:1]", "[]");
}

static void
filters_test_elements_or_the_object_itself(void **state)
{
	(void)state;
	EXPECT("$.a[?(@.id>5)]", "[]");
	EXPECT("$.a[?(@.n)]", "[{\"id\":1,\"n\":\"x\"}]");
	EXPECT("$.a[?(@.id == 2)].id", "[2]");
	EXPECT("$.a[?(@.id==1)][0]", "[]");
	EXPECT("$.o[?(@.k=='v')]", "[{\"k\":\"v\",\"e\":null}]");
	EXPECT("$.o[?(@.k=='w')]", "[]");
	EXPECT("$.o[?(@.e)].k", "[\"v\"]");
	EXPECT("$.a[?(!@.n)]", "[{\"id\":2}]");
	EXPECT("$.a[?(!(@.id==1))].id", "[2]");
	EXPECT("$.a[?(@.id==1 || @.id==2)].id", "[1,2]");
	EXPECT("$.a[?(@.id>0&&@.id<2)].id", "[1]");
	EXPECT("$.a[?(@.n && @.id==1)].id", "[1]");
	EXPECT("$.a[?((@.id==1) && (@.n=='x'))].id", "[1]");
	EXPECT("$.n[?(@ > 3)]", "[4,5]");
	EXPECT("$.n[?(@ >= $.a[1].id)]", "[2,3,4,5]");
	EXPECT("$.n[?(3 > @)]", "[0,1,2]");
	EXPECT("$..[?(@.id == 3)]", "[{\"id\":3}]");
	EXPECT("$..[?(@.id == 1)].n", "[\"x\"]");
	EXPECT("$.a[?(@['id'] == 1)].n", "[\"x\"]");
	EXPECT("$.a[?(@.id <= 1.5)].id", "[1]");
	EXPECT("$.a[?(@.k+50 == 1)]", "[]");
	expect("[{\"OutputKey\":\"FooBar\"}]", "$[?(@.OutputKey == FooBar)].OutputKey",
	    "[\"FooBar\"]");
}

static void
equality_is_loose_between_numbers_and_strings(void **state)
{
	(void)state;
	EXPECT("$.t[?(@ == 42)]", "[\"42\",42]");
	EXPECT("$.t[?(@ == '42')]", "[\"42\",42]");
	EXPECT("$.t[?(@ === 42)]", "[42]");
	EXPECT("$.t[?(@ !== 42)]", "[\"42\",\"abc\",null,true]");
	EXPECT("$.t[?(@ == null)]", "[null]");
	EXPECT("$.t[?(@ == true)]", "[true]");
	EXPECT("$.t[?(@ != null)]", "[\"42\",42,\"abc\",true]");
	EXPECT("$.a[?(@.n != 'x')].id", "[2]");
	EXPECT("$.a[?(@.n == null)].id", "[]");
	EXPECT("$.t[?(@ < 100)]", "[42]");
	EXPECT("$.t[?(@ > 'aaa')]", "[\"abc\"]");
	expect("[0,0.0,\"0\"]", "$[?(@ == 0)]", "[0,0.0,\"0\"]");
	expect("[[1,2],[2,1]]", "$[?(@ == [1,2])]", "[[1,2]]");
	expect("[{\"a\":{\"b\":1}}]", "$[?(@.a == {\"b\":1})].a.b", "[1]");
}

static void
filter_words_compare_lists_sizes_and_texts(void **state)
{
	(void)state;
	EXPECT("$.n[?(@ in [1,3])]", "[1,3]");
	EXPECT("$.n[?(@ nin [1,3])]", "[0,2,4,5]");
	EXPECT("$.t[?(@ in ['abc','d'])]", "[\"abc\"]");
	EXPECT("$.l[?(@ subsetof [1,2,9])]", "[[1,2]]");
	EXPECT("$.l[?(@ anyof [3,9])]", "[[3]]");
	EXPECT("$.l[?(@ noneof [3,9])]", "[[1,2]]");
	EXPECT("$.l[?(@ all [1])]", "[[1,2]]");
	EXPECT("$.l[?(@ size 2)]", "[[1,2]]");
	EXPECT("$.t[?(@ size 3)]", "[\"abc\"]");
	EXPECT("$.l[?(@ empty false)]", "[[1,2],[3]]");
	EXPECT("$.l[?(@ empty true)]", "[]");
	EXPECT("$.l[?(@ contains 3)]", "[[3]]");
	EXPECT("$.t[?(@ contains 'b')]", "[\"abc\"]");
	EXPECT("$.l[?(@.length() == 1)]", "[[3]]");
	EXPECT("$.a[?(@.length == 1)]", "[]");
	EXPECT("$.t[?(@ =~ /A.*/i)]", "[\"abc\"]");
	EXPECT("$.t[?(@ =~ /b/)]", "[]");
	EXPECT("$.t[?(@ =~ /\\d+/)]", "[\"42\",42]");
}

static void
functions_at_the_tail_work_on_what_the_path_gives(void **state)
{
	(void)state;
	EXPECT("$.a.length()", "2");
	EXPECT("$.o.length()", "2");
	EXPECT("$.s.length()", "3");
	expect("[1,2]", "$.length()", "2");
	EXPECT("$.n.sum()", "15.0");
	EXPECT("$.n.min()", "0.0");
	EXPECT("$.n.max()", "5.0");
	EXPECT("$.n.avg()", "2.5");
	EXPECT("$.n[*].sum()", "15.0");
	expect("[1,1,3,3]", "$.stddev()", "1.0");
	EXPECT("$.o.keys()", "[\"k\",\"e\"]");
	EXPECT("$.n.first()", "0");
	EXPECT("$.n.last()", "5");
	EXPECT("$.n.index(2)", "2");
	EXPECT("$.n.index(-1)", "5");
	EXPECT("$.z.first()", "!first() found no such element");
	EXPECT("$.z.append(1, 'x')", "[1,\"x\"]");
	EXPECT("$.concat($.s, '-', $.o.k)", "\"str-v\"");
	EXPECT("$.z.sum()", "!Aggregation function attempted to calculate value using empty array");
}

static void
what_is_no_path_is_refused(void **state)
{
	static const char *const bad[] = { "", "a", ".guid", "..guid", "()", "$...", "$.", "$..",
		"$.a.", "$.a..", "$...a", "$[]", "$[key]", "$[:]", "$[::]", "$[::2]", "$['a'",
		"$['a]", "$[?@.a==1]", "$[?(@.a==1]", "$[?(true)]", "$[?(1)]", "$[?()]",
		"$[99999999999]", "$[1,]", "$[-]", "$.a b", "$$23", "$.a)", "$.nofunc()",
		"$.a.length().b", "$.a[0", "$['a''b']", "$[?(@.a =~ 'x')]", "$[?(@.a =~ /(/)]",
		"$[?(@.a == )]", "$['\\ud800']", "bug$.library.movies",
		"States.Format('{} xyz {}', 1, 'def')", "$[?(@.a == 1) && ]", "$..length()",
		"$.*a" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = ERR_INIT;
		struct jsonpath *p = jsonpath_compile(bad[i], strlen(bad[i]), &e);

		if (p != NULL)
			print_error("%s\n", bad[i]);
		assert_null(p);
		assert_string_equal(e.name, "pawl.Path");
		assert_true(strlen(err_cause(&e)) > 0);
		err_fini(&e);
	}
}

static void
a_path_knows_what_it_is(void **state)
{
	static const struct {
		const char *text;
		bool reference, definite, whole;
	} cases[] = {
		{ "$", true, true, true },
		{ "$$", true, true, true },
		{ "$name", true, true, true },
		{ "$.a[0]['b']", true, true, false },
		{ "$.a[*]", false, false, false },
		{ "$['a','b']", false, true, false },
		{ "$['a','b'].c", false, false, false },
		{ "$..a", false, false, false },
		{ "$.a.length()", false, true, false },
		{ "$.length()", false, true, false },
		{ "$.a[1:2]", false, false, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct jsonpath *p = jsonpath_compile(cases[i].text, strlen(cases[i].text), NULL);

		assert_non_null(p);
		assert_string_equal(jsonpath_text(p), cases[i].text);
		assert_int_equal(jsonpath_is_reference(p), cases[i].reference);
		assert_int_equal(jsonpath_is_definite(p), cases[i].definite);
		assert_int_equal(jsonpath_is_whole(p), cases[i].whole);
		jsonpath_free(p);
	}
}

static void
references_that_are_read_may_filter_with_symbols_only(void **state)
{
	static const char *const lax[] = { "$", "$v.a", "$.a[*]", "$..a", "$.a[1:2]", "$['a','b']",
		"$.a[?(@.b)]", "$.a[?(@.b == 1 && !(@.c > 'x') || @.d != $.e)][0]" };
	static const char *const strict[] = { "$.length()", "$.a[*].max()", "$.a[?(@.b =~ /x/)]",
		"$.a[?(@.b in ['c'])]", "$.a[?(@.b == 1 && (@.c == 2 || !(@.d size 3)))]",
		"$.a[?(@.b == 1)].c[?(@ empty true)]" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lax) / sizeof(*lax); i++) {
		struct jsonpath *p = jsonpath_compile(lax[i], strlen(lax[i]), NULL);

		assert_non_null(p);
		assert_true(jsonpath_is_lax_reference(p));
		jsonpath_free(p);
	}
	for (i = 0; i < sizeof(strict) / sizeof(*strict); i++) {
		struct jsonpath *p = jsonpath_compile(strict[i], strlen(strict[i]), NULL);

		assert_non_null(p);
		assert_false(jsonpath_is_lax_reference(p));
		jsonpath_free(p);
	}
}

static void
variable_names_follow_unicode(void **state)
{
	(void)state;
	assert_int_equal(ident_length("abc_1-", 6), 5);
	assert_int_equal(ident_length("_a", 2), 0);
	assert_int_equal(ident_length("1a", 2), 0);
	assert_int_equal(ident_length("\xc3\xa9t\xc3\xa9", 5), 5);
	assert_int_equal(ident_length("\xe2\x82\xac", 3), 0);
	assert_int_equal(ident_length("", 0), 0);
}

/* --- hostile ------------------------------------------------------------------- */

static void
a_path_that_visits_too_much_ends_with_an_error(void **state)
{
	struct buf text;
	char *found;
	size_t i;

	(void)state;
	buf_init(&text, BUF_UNLIMITED);
	for (i = 0; i < 400; i++)
		buf_adds(&text, "{\"a\":");
	buf_addc(&text, '1');
	for (i = 0; i < 400; i++)
		buf_addc(&text, '}');
	found = find(buf_text(&text), "$..a..a..a..a..a..a..a..a..a..a");
	assert_string_equal(found, "!The path visits too many values of the document");
	free(found);
	found = find(buf_text(&text), "$..[?(@..[?(@..[?(@..[?(@..x)])])])]");
	assert_string_equal(found, "!The path visits too many values of the document");
	free(found);
	buf_fini(&text);
}

static void
long_and_deep_paths_are_refused_or_evaluated_without_harm(void **state)
{
	struct buf text;
	struct jsonpath *p;
	size_t i;

	(void)state;
	buf_init(&text, BUF_UNLIMITED);
	buf_addc(&text, '$');
	for (i = 0; i < 100000; i++)
		buf_adds(&text, ".a");
	assert_null(jsonpath_compile(text.data, text.len, NULL));
	buf_reset(&text);
	buf_adds(&text, "$[?(");
	for (i = 0; i < 100000; i++)
		buf_addc(&text, i % 2 ? '!' : '(');
	assert_null(jsonpath_compile(text.data, text.len, NULL));
	buf_reset(&text);
	for (i = 0; i < 20000; i++)
		buf_adds(&text, i == 0 ? "$[?(" : "@[?(");
	assert_null(jsonpath_compile(text.data, text.len, NULL));
	buf_reset(&text);
	buf_addc(&text, '$');
	for (i = 0; i < 499; i++)
		buf_adds(&text, "[?(@.a)]");
	p = jsonpath_compile(text.data, text.len, NULL);
	assert_non_null(p);
	jsonpath_free(p);
	expect("{\"a\":1}", text.data, "[{\"a\":1}]");
	buf_fini(&text);
}

/* --- writing ---------------------------------------------------------------------- */

static void
put(const char *into, const char *path, const char *value, const char *result)
{
	struct doc d = doc_parse(into, strlen(into), NULL),
		   v = doc_parse(value, strlen(value), NULL);
	struct jsonpath *p = jsonpath_compile(path, strlen(path), NULL);
	struct err e = ERR_INIT;
	struct doc out;
	char *text;

	assert_non_null(p);
	if (jsonpath_put(p, d, v, &out, &e) == 0) {
		text = doc_text(out, NULL);
		assert_string_equal(text, result);
		free(text);
		doc_unref(out);
	} else {
		assert_string_equal(e.name, "States.ResultPathMatchFailure");
		assert_string_equal("!", result);
		err_fini(&e);
	}
	jsonpath_free(p);
	doc_unref(d);
	doc_unref(v);
}

static void
a_result_is_written_at_its_reference_path(void **state)
{
	(void)state;
	put("{\"a\":1}", "$", "2", "2");
	put("{\"a\":1}", "$.b", "2", "{\"a\":1,\"b\":2}");
	put("{\"a\":1}", "$.a", "2", "{\"a\":2}");
	put("{\"a\":1}", "$.b.c['d']", "2", "{\"a\":1,\"b\":{\"c\":{\"d\":2}}}");
	put("{\"a\":[1,{\"b\":2}]}", "$.a[1].b", "3", "{\"a\":[1,{\"b\":3}]}");
	put("{\"a\":[1,2]}", "$.a[0]", "3", "{\"a\":[3,2]}");
	put("{\"a\":[1,2]}", "$.a[-1]", "3", "{\"a\":[1,3]}");
	put("{\"a\":[1,2]}", "$.a[2]", "3", "!");
	put("{\"a\":[1,2]}", "$.a.b", "3", "!");
	put("{\"a\":1}", "$.a.b", "3", "!");
	put("{}", "$.a[0]", "3", "!");
	put("5", "$.a", "3", "!");
	put("[1]", "$.a", "3", "!");
}

/* --- regular expressions ------------------------------------------------------------- */

static void
whole(const char *pattern, int flags, const char *text, int result)
{
	struct regex *re = regex_compile(pattern, strlen(pattern), flags, NULL);
	unsigned steps = REGEX_STEPS_MAX;
	int rc;

	assert_non_null(re);
	rc = regex_whole(re, text, strlen(text), &steps);
	if (rc != result)
		print_error("/%s/ on %s\n", pattern, text);
	assert_int_equal(rc, result);
	assert_true(result < 0 ? steps == 0 : steps < REGEX_STEPS_MAX);
	regex_free(re);
}

static void
regular_expressions_match_whole_texts(void **state)
{
	(void)state;
	whole("abc", 0, "abc", 1);
	whole("abc", 0, "abcd", 0);
	whole("a|b|cd", 0, "cd", 1);
	whole("a|b|cd", 0, "b", 1);
	whole("a|b|cd", 0, "bd", 0);
	whole("(a|ab)(c|bcd)(d*)", 0, "abcd", 1);
	whole("a*", 0, "", 1);
	whole("(a*)*", 0, "aaab", 0);
	whole("(a*)*b", 0, "aaab", 1);
	whole("(a|b*)*c", 0, "abbac", 1);
	whole("a+?b", 0, "aaab", 1);
	whole("a{2,3}", 0, "a", 0);
	whole("a{2,3}", 0, "aaa", 1);
	whole("a{2,3}", 0, "aaaa", 0);
	whole("a{2,}", 0, "aaaaa", 1);
	whole("a{0}", 0, "", 1);
	whole("x{,3}", 0, "x{,3}", 1);
	whole("(ab){2}", 0, "abab", 1);
	whole("[a-c]+", 0, "abcabc", 1);
	whole("[^a-c]+", 0, "xyz", 1);
	whole("[^a-c]+", 0, "xay", 0);
	whole("[\\w.-]+@[\\w.-]+", 0, "a.b@c-d.e", 1);
	whole("\\d{4}-\\d\\d", 0, "2024-05", 1);
	whole("\\D+", 0, "a1", 0);
	whole("\\S+\\s\\S+", 0, "a b", 1);
	whole(".", 0, "\xc3\xa9", 1);
	whole("[\xc3\xa0-\xc3\xbf]", 0, "\xc3\xa9", 1);
	whole("\\u00e9", 0, "\xc3\xa9", 1);
	whole("a.c", 0, "a\nc", 0);
	whole("a.c", REGEX_DOT_ALL, "a\nc", 1);
	whole("ABC", REGEX_IGNORE_CASE, "aBc", 1);
	whole("[A-C]+", REGEX_IGNORE_CASE, "aBc", 1);
	whole("(a)\\1", 0, "aa", 1);
	whole("(a|b)\\1", 0, "ab", 0);
	whole("a(?=b)b", 0, "ab", 1);
	whole("a(?!b).", 0, "ab", 0);
	whole("a(?!b).", 0, "ac", 1);
	whole("(?:ab)+", 0, "abab", 1);
	whole("^a$", 0, "a", 1);
	whole("a\\b.b", 0, "a b", 1);
	whole("[]a]", 0, "]", 1);
	whole("\\.\\*", 0, ".*", 1);
	whole("(?:a|b|(?:c|d|e))f", 0, "ef", 1);
}

static void
regular_expressions_are_searched_and_capture(void **state)
{
	const char *text = "x=12, y=345";
	struct regex *re = regex_compile("(\\w)=(\\d+)", 10, 0, NULL);
	struct regex_match m;

	(void)state;
	assert_non_null(re);
	assert_int_equal(regex_search(re, text, strlen(text), 1, &m), 1);
	assert_int_equal(m.ngroups, 3);
	assert_int_equal(m.start[0], 6);
	assert_int_equal(m.end[0], 11);
	assert_int_equal(m.start[2], 8);
	assert_int_equal(regex_search(re, text, strlen(text), 7, &m), 0);
	regex_free(re);
}

/* Each of them is within the limit of one match. */
static void
regular_expressions_take_from_the_work_of_their_path(void **state)
{
	struct buf text;
	char *found;
	size_t i;

	(void)state;
	buf_init(&text, BUF_UNLIMITED);
	for (i = 0; i < 100; i++)
		buf_adds(&text, i == 0 ? "[\"aaaaaaaaaaaaa\"" : ",\"aaaaaaaaaaaaa\"");
	buf_addc(&text, ']');
	whole("(a|a)*b", 0, "aaaaaaaaaaaaa", 0);
	found = find(buf_text(&text), "$[?(@ =~ /(a|a)*b/)]");
	assert_string_equal(found, "!The path visits too many values of the document");
	free(found);
	buf_fini(&text);
}

/* A comparison costs as much as there is to compare. */
static void
comparisons_take_from_the_work_of_their_path(void **state)
{
	struct buf text;
	char *found;
	size_t i;

	(void)state;
	buf_init(&text, BUF_UNLIMITED);
	for (i = 0; i < 1500; i++)
		buf_addf(&text, "%c{\"name\":\"somebody\",\"number\":%zu}", i == 0 ? '[' : ',', i);
	buf_addc(&text, ']');
	found = find(buf_text(&text), "$[?(@ in $)]");
	assert_string_equal(found, "!The path visits too many values of the document");
	free(found);
	buf_fini(&text);
}

static void
a_hostile_regular_expression_is_given_up_or_refused(void **state)
{
	static const char *const bad[] = { "(", ")", "[a", "a{2,1}", "*a", "a{9999}", "(?<x>a)",
		"\\q", "((((((a{900}){900}){900})", "[z-a]", "\\u12" };
	struct buf text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_null(regex_compile(bad[i], strlen(bad[i]), 0, NULL));
	whole("(a|a|a|a)*b", 0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", -1);
	buf_init(&text, BUF_UNLIMITED);
	for (i = 0; i < 100000; i++)
		buf_addc(&text, '(');
	assert_null(regex_compile(text.data, text.len, 0, NULL));
	buf_fini(&text);
	expect("[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]", "$[?(@ =~ /(a|a|aa)*b/)]",
	    "!The path visits too many values of the document");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(definite_paths_give_the_value_itself),
		cmocka_unit_test(the_roots_are_the_document_the_context_and_variables),
		cmocka_unit_test(a_definite_path_that_finds_nothing_says_where),
		cmocka_unit_test(indefinite_paths_give_an_array_of_all_matches),
		cmocka_unit_test(several_names_give_an_object_at_the_end_and_all_ways_before_it),
		cmocka_unit_test(slices_clamp_and_ignore_their_third_part),
		cmocka_unit_test(filters_test_elements_or_the_object_itself),
		cmocka_unit_test(equality_is_loose_between_numbers_and_strings),
		cmocka_unit_test(filter_words_compare_lists_sizes_and_texts),
		cmocka_unit_test(functions_at_the_tail_work_on_what_the_path_gives),
		cmocka_unit_test(what_is_no_path_is_refused),
		cmocka_unit_test(a_path_knows_what_it_is),
		cmocka_unit_test(references_that_are_read_may_filter_with_symbols_only),
		cmocka_unit_test(variable_names_follow_unicode),
		cmocka_unit_test(a_path_that_visits_too_much_ends_with_an_error),
		cmocka_unit_test(long_and_deep_paths_are_refused_or_evaluated_without_harm),
		cmocka_unit_test(a_result_is_written_at_its_reference_path),
		cmocka_unit_test(regular_expressions_match_whole_texts),
		cmocka_unit_test(regular_expressions_are_searched_and_capture),
		cmocka_unit_test(regular_expressions_take_from_the_work_of_their_path),
		cmocka_unit_test(comparisons_take_from_the_work_of_their_path),
		cmocka_unit_test(a_hostile_regular_expression_is_given_up_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
