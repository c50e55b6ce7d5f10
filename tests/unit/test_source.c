/*
 * test_source - definitions as people write them: what becomes of the text, and where the
 * parts of it stand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cli/excerpt.h"
#include "cli/source.h"

static struct source *
source_of_bytes(const char *name, const char *text, size_t len)
{
	char *copy = xmalloc(len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return source_new_take(name, copy, len);
}

static struct source *
source_of(const char *name, const char *text)
{
	return source_of_bytes(name, text, strlen(text));
}

/* The text becomes this JSON for the API. */
static void
becomes(const char *name, const char *text, const char *json)
{
	struct source *s = source_of(name, text);
	char *got = source_json(s);

	if (got == NULL)
		print_error("%s\n%s\n", text, s->problem);
	assert_non_null(got);
	assert_string_equal(got, json);
	free(got);
	source_free(s);
}

/* It becomes none; the problem begins with those words and stands there. */
static void
fails(const char *name, const char *text, const char *words, size_t line, size_t column)
{
	struct source *s = source_of(name, text);
	struct excerpt_point p;

	if (s->problem == NULL)
		print_error("%s\n", text);
	assert_non_null(s->problem);
	if (strncmp(s->problem, words, strlen(words)) != 0)
		assert_string_equal(s->problem, words);
	assert_true(s->problem_span.begin <= s->problem_span.end);
	assert_true(s->problem_span.end <= s->len);
	p = excerpt_point(s->text, s->len, s->problem_span.begin);
	if (p.line != line || p.column != column)
		print_error("%s\n%s\n", text, s->problem);
	assert_int_equal(p.line, line);
	assert_int_equal(p.column, column);
	assert_null(source_json(s));
	source_free(s);
}

/* The location is that part of the text. */
static void
locates(const char *name, const char *text, const char *location, bool at_key, const char *part)
{
	struct source *s = source_of(name, text);
	struct diagnostic g = { .location = xstrdup(location) };
	struct outline_span span;
	char *got;

	assert_null(s->problem);
	if (at_key) {
		g.below = xstrdup(strrchr(location, '/'));
		*strrchr(g.location, '/') = '\0';
		g.at_key = true;
	}
	assert_true(source_find(s, &g, &span));
	assert_true(span.begin <= span.end && span.end <= s->len);
	got = xstrndup(s->text + span.begin, span.end - span.begin);
	assert_string_equal(got, part);
	free(got);
	free(g.below);
	free(g.location);
	source_free(s);
}

/* --- JSON ------------------------------------------------------------------------------ */

static void
plain_json_stays_as_it_was_written(void **state)
{
	(void)state;
	becomes("a.json", " { \"a\" : 1e0 }\n", " { \"a\" : 1e0 }\n");
	becomes("-", "[]", "[]");
}

static void
comments_and_commas_at_the_end_are_left_out(void **state)
{
	(void)state;
	becomes("a.json", "{\"a\":1, // one\n/* two\n */\"b\":[1,2,],}", "{\"a\":1,\"b\":[1,2]}");
	becomes("a.jsonc", "//x\n{\"a\"/**/:/***/1/* / * */}//", "{\"a\":1}");
	becomes("-", "/* what begins with a comment is JSON as well */ {}", "{}");
	becomes("a.json", "{\"a\":[1 , /* */ ] , \r\n}", "{\"a\":[1]}");
	becomes("a.json", "{\"a\":1,//\r\"b\":2}", "{\"a\":1,\"b\":2}");
	/* in strings they are text, quotes with a backslash do not end them */
	becomes("a.json", "{\"//a\":\"/*,}*/\",\"b\\\"//\":\"\\\\\",}",
	    "{\"//a\":\"/*,}*/\",\"b\\\"//\":\"\\\\\"}");
}

static void
other_commas_stay_mistakes(void **state)
{
	(void)state;
	fails("a.json", "[,]", "Unexpected character (','", 1, 2);
	fails("a.json", "{,}", "Unexpected character (','", 1, 2);
	fails("a.json", "[1,,]", "Unexpected character (','", 1, 4);
	fails("a.json", "[1,/**/,/**/]", "Unexpected character (','", 1, 8);
	fails("a.json", "{\"a\":,}", "Unexpected character (','", 1, 6);
	fails("a.json", "{\"a\":1},", "Unexpected character (','", 1, 8);
}

static void
mistakes_stand_where_they_were_written(void **state)
{
	(void)state;
	fails("a.json", "{\n  \"a\": nul\n}", "Unrecognized token 'nul'", 2, 8);
	fails("a.json", "{\"\xc3\xa9\xf0\x9f\x98\x80\": x1}", "Unrecognized token 'x1'", 1, 8);
	/* the comment's letters are more bytes than the parser sees columns */
	fails("a.json", "{ /* \xe6\x97\xa5\xe6\x9c\xac */ \"a\": x }", "Unrecognized token 'x'", 1,
	    17);
	fails("a.json", "/* a\n b */ {\"a\":1 \"b\":2}", "Unexpected character ('\"'", 2, 14);
	fails("a.json", "{\"a\":1\n\n\n", "Unexpected end-of-input", 1, 7);
	fails("a.json", "[1, /* no end", "Unexpected character ('/'", 1, 5);
	fails("a.json", "[1, / 2]", "Unexpected character ('/'", 1, 5);
	fails("a.json", "/* nothing else */", "No content to map", 1, 1);
	fails("a.json", "{\"a\":\"x\ny\"}", "Illegal unquoted character", 1, 8);
	fails("a.json", "{\r\n\"a\":\r\n]", "Unexpected character (']'", 3, 1);
}

static void
what_is_no_text_is_said_in_a_sentence(void **state)
{
	struct source *s;

	(void)state;
	fails("a.json", "", "The file is empty", 1, 1);
	fails("a.yaml", " \n\t\n", "The file is empty", 1, 1);
	fails("a.json", "{\n\"a\":\"\xe9\"}", "The file is not UTF-8: byte 0xe9", 2, 6);
	fails("a.yaml", "a: \xed\xa0\x80", "The file is not UTF-8: byte 0xed", 1, 4);
	fails("a.json", "{\"a\":\"\xc3", "The file is not UTF-8: byte 0xc3", 1, 7);
	/* UTF-16 */
	s = source_of_bytes("a.json", "\xff\xfe{\0}\0", 6);
	assert_non_null(strstr(s->problem, "byte 0xff"));
	source_free(s);
	s = source_of_bytes("a.json", "{\"a\0\":1}", 8);
	assert_non_null(strstr(s->problem, "Illegal unquoted character"));
	source_free(s);
}

static void
a_byte_order_mark_is_passed_over(void **state)
{
	struct source *s = source_of("a.json", "\xef\xbb\xbf{\"a\":1}");
	char *json = source_json(s);

	(void)state;
	assert_true(s->marked);
	assert_string_equal(json, "{\"a\":1}");
	free(json);
	source_free(s);
	becomes("a.yaml",
	    "\xef\xbb\xbf"
	    "a: 1",
	    "{\"a\":1}");
	fails("a.json", "\xef\xbb\xbfx", "Unrecognized token 'x'", 1, 1);
	fails("a.json", "\xef\xbb\xbf", "The file is empty", 1, 1);
}

static void
the_name_or_the_text_tells_the_language(void **state)
{
	(void)state;
	becomes("a.YML", "{a: 1}", "{\"a\":1}");
	fails("a.Json", "a: 1", "Unrecognized token 'a'", 1, 1);
	becomes("a.asl", "a: 1", "{\"a\":1}");
	becomes("-", "\n  {\"a\":1}", "\n  {\"a\":1}");
	becomes("-", "# hello\na: 1", "{\"a\":1}");
	becomes(".yaml", "a: 1", "{\"a\":1}");
}

/* --- places ------------------------------------------------------------------------------ */

static const char places[] =
    "{ \"StartAt\" : \"A\",\n"
    "  \"States\": { \"A\": { \"Type\": \"Pass\", \"End\": true },\n"
    "    \"C\": {\"Choices\": [ {\"Next\": \"A\"}, 5 ,{\"Next\":\"\\u0041\"} ]}}}";

static void
a_value_stands_at_itself_and_an_object_at_its_key(void **state)
{
	(void)state;
	locates("a.json", places, "/StartAt", false, "\"A\"");
	locates("a.json", places, "/StartAt", true, "\"StartAt\"");
	locates("a.json", places, "/States", false, "\"States\"");
	locates("a.json", places, "/States/A", false, "\"A\"");
	locates("a.json", places, "/States/A/End", false, "true");
	locates("a.json", places, "/States/C/Choices", false, "\"Choices\"");
	/* elements have no key */
	locates("a.json", places, "/States/C/Choices[0]", false, "{");
	locates("a.json", places, "/States/C/Choices[1]", false, "5");
	locates("a.json", places, "/States/C/Choices[2]/Next", false, "\"\\u0041\"");
	locates("a.json", places, "/", false, "{");
}

static void
what_is_not_there_stands_at_what_is_around_it(void **state)
{
	(void)state;
	locates("a.json", places, "/States/A/Next", false, "\"A\"");
	locates("a.json", places, "/States/A/Next", true, "\"A\"");
	locates("a.json", places, "/States/C/Choices[3]/Next", false, "\"Choices\"");
	locates("a.json", places, "/States/C/Choices[99999999999999999999]", false, "\"Choices\"");
	locates("a.json", places, "/Sta", false, "{");
	locates("a.json", places, "no location", false, "{");
}

static void
names_may_hold_what_separates_them(void **state)
{
	static const char text[] =
	    "{\"States\":{\"a/b\":{\"x\":1},\"a\":{\"b\":{\"y\":2},\"b/c\":3},"
	    "\"r[0]\":{\"z\":4},\"r\":[{\"z\":5}],\"\":{\"\":6,\"/\":7},\"~1\":8,"
	    "\"q\\\"\\u002f\":9}}";

	(void)state;
	locates("a.json", text, "/States/a/b/x", false, "1");
	/* the longer name has no y: it must be the other way to read it */
	locates("a.json", text, "/States/a/b/y", false, "2");
	locates("a.json", text, "/States/a/b/c", false, "3");
	locates("a.json", text, "/States/r[0]/z", false, "4");
	locates("a.json", text, "/States/r", false, "\"r\"");
	locates("a.json", text, "/States//", false, "6");
	locates("a.json", text, "/States///", false, "7");
	locates("a.json", text, "/States/~1", false, "8");
	locates("a.json", text, "/States/q\"/", false, "9");
}

static void
of_a_repeated_name_the_last_counts(void **state)
{
	(void)state;
	locates("a.json", "{\"a\":1,\"b\":2,\"a\":3}", "/a", false, "3");
}

static void
long_names_are_found_by_their_beginning(void **state)
{
	char *name, *location, *text;

	(void)state;
	name = xmalloc(401);
	memset(name, 'x', 400);
	name[400] = '\0';
	text = xasprintf("{\"%s\":{\"y\":1}}", name);
	location = xasprintf("/%.*s/y", DIAGNOSTIC_NAME_MAX, name);
	locates("a.json", text, location, false, "1");
	free(name);
	free(location);
	free(text);
}

/* "a" and "a/a" on each level: more ways to read the location than can be tried. */
static void
a_location_with_very_many_readings_comes_to_an_end(void **state)
{
	struct outline_span span;
	struct diagnostic g = { 0 };
	struct source *s;
	struct buf text, location;
	int i;

	(void)state;
	buf_init(&text, BUF_UNLIMITED);
	buf_init(&location, BUF_UNLIMITED);
	for (i = 0; i < 300; i++) {
		buf_adds(&text, "{\"a/a\":0,\"a\":");
		buf_adds(&location, "/a");
	}
	buf_addc(&text, '0');
	for (i = 0; i < 300; i++)
		buf_addc(&text, '}');
	buf_adds(&location, "/b");
	s = source_of("a.json", buf_text(&text));
	g.location = location.data;
	assert_true(source_find(s, &g, &span));
	assert_true(span.end <= s->len);
	source_free(s);
	buf_fini(&text);
	buf_fini(&location);
}

/* --- YAML ------------------------------------------------------------------------------------ */

static void
yaml_becomes_the_json_that_it_means(void **state)
{
	(void)state;
	becomes("a.yaml", "a: 1\nb:\n  - x\n  - [y, {z: ~}]\n",
	    "{\"a\":1,\"b\":[\"x\",[\"y\",{\"z\":null}]]}");
	becomes("a.yaml", "{\"a\":1,\"b\":[\"\\u00e9\\n\"]}", "{\"a\":1,\"b\":[\"\xc3\xa9\\n\"]}");
	becomes("a.yaml", "---\na: 'it''s'\n...\n", "{\"a\":\"it's\"}");
	becomes("a.yaml", "%YAML 1.2\n---\na: b", "{\"a\":\"b\"}");
	becomes("a.yaml", "a: |\n  one\n  two\nb: >-\n  one\n  two\n",
	    "{\"a\":\"one\\ntwo\\n\",\"b\":\"one two\"}");
	becomes("a.yaml", "a: \"1\"\nb: '1'\nc: 1.50\nd: 0x10\ne: true\nf: \"true\"\ng: yes\n",
	    "{\"a\":\"1\",\"b\":\"1\",\"c\":1.50,\"d\":16,\"e\":true,\"f\":\"true\",\"g\":\"yes\"}");
	becomes("a.yaml", "a: 2016-03-14T01:59:00Z\nb:\n",
	    "{\"a\":\"2016-03-14T01:59:00Z\",\"b\":null}");
	becomes("a.yaml", "a: []\nb: {}\n", "{\"a\":[],\"b\":{}}");
	becomes("a.yaml", "a: \"x\\0y\"", "{\"a\":\"x\\u0000y\"}");
	becomes("a.yaml", "just text", "\"just text\"");
}

static void
keys_are_strings_whatever_they_look_like(void **state)
{
	(void)state;
	becomes("a.yaml", "1: a\ntrue: b\n~: c\n0x10: d\n\"q\": e\n?\n: f",
	    "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\",\"0x10\":\"d\",\"q\":\"e\",\"\":\"f\"}");
	becomes("a.yaml", "&k a: &v b\n*v : *k", "{\"a\":\"b\",\"b\":\"a\"}");
	fails("a.yaml", "a: 1\n? [x]\n: 2", "A key must be a string", 2, 3);
	fails("a.yaml", "a: &l [x]\n*l : 2", "A key must be a string", 2, 1);
	fails("a.yaml", "a: 1\nb: 2\n\"a\": 3", "The key 'a' stands here a second time", 3, 1);
}

static void
tags_of_the_core_schema_are_known(void **state)
{
	(void)state;
	becomes("a.yaml",
	    "a: !!str 1\nb: ! 2\nc: !!int \"3\"\nd: !!float 4\ne: !!bool 'true'\nf: !!null ''",
	    "{\"a\":\"1\",\"b\":\"2\",\"c\":3,\"d\":4,\"e\":true,\"f\":null}");
	becomes("a.yaml", "!!map {a: !!seq [!<tag:yaml.org,2002:str> 1]}", "{\"a\":[\"1\"]}");
	fails("a.yaml", "a: !!int x", "The value is none of the tag 'tag:yaml.org,2002:int'", 1, 4);
	fails("a.yaml", "a: !!int 1.5", "The value is none of the tag", 1, 4);
	fails("a.yaml", "a: !!bool yes", "The value is none of the tag", 1, 4);
	fails("a.yaml", "a: !!binary AAAA", "The value is none of the tag", 1, 4);
	fails("a.yaml", "a: !Sub x", "The tag '!Sub' means nothing here", 1, 4);
	fails("a.yaml", "a: !GetAtt\n  - b", "The tag '!GetAtt' means nothing here", 1, 4);
	fails("a.yaml", "!!set {a}", "The tag 'tag:yaml.org,2002:set' means nothing", 1, 1);
	fails("a.yaml", "a: .inf", "JSON has no number '.inf'", 1, 4);
}

static void
aliases_are_what_their_anchors_are(void **state)
{
	(void)state;
	becomes("a.yaml", "a: &x {k: [1]}\nb: *x\nc: &x 2\nd: *x",
	    "{\"a\":{\"k\":[1]},\"b\":{\"k\":[1]},\"c\":2,\"d\":2}");
	fails("a.yaml", "a: *x\nb: &x 1", "There is no anchor 'x' above", 1, 4);
	fails("a.yaml", "a: &x [*x]", "The anchor 'x' would contain itself", 1, 8);
	fails("a.yaml", "&x a: {*x : *y}", "There is no anchor 'y' above", 1, 13);
}

static void
merges_do_not_replace_what_is_there(void **state)
{
	(void)state;
	becomes("a.yaml", "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n",
	    "{\"a\":{\"x\":1,\"y\":2},\"b\":{\"y\":3,\"x\":1}}");
	becomes("a.yaml", "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {y: 3, <<: [*a, *b], z: 4}",
	    "{\"a\":{\"x\":1},\"b\":{\"x\":2,\"y\":2},\"c\":{\"y\":3,\"z\":4,\"x\":1}}");
	becomes("a.yaml", "{<<: {x: 1}, '<<': 2}", "{\"<<\":2,\"x\":1}");
	fails("a.yaml", "a: {<<: 1}", "Only a mapping", 1, 9);
	fails("a.yaml", "a: {<<: [{}, 2]}", "Only a mapping", 1, 14);
}

static void
a_file_is_one_document(void **state)
{
	(void)state;
	fails("a.yaml", "a: 1\n---\nb: 2", "The file holds another document", 2, 1);
	fails("a.yaml", "# nothing\n", "The file holds nothing but comments", 2, 1);
	becomes("a.yaml", "---\n", "null");
}

static void
mistakes_in_yaml_have_their_place(void **state)
{
	(void)state;
	fails("a.yaml", "a: [1, 2\nb: 3", "YAML: while parsing a flow sequence, did not find", 2,
	    2);
	fails("a.yaml", "\xc3\xa9: 1\n\xc3\xa9\xc3\xa9: \"x",
	    "YAML: while scanning a quoted scalar", 2, 7);
	fails("a.yaml", "a:\n\t- b", "YAML: while scanning for the next token, found character", 2,
	    1);
	fails("a.yaml", "a: \x01", "YAML: control characters are not allowed", 1, 4);
	fails("a.yaml", "a: b: c", "YAML: mapping values are not allowed", 1, 5);
	fails("a.yaml", "%YAML 3.0\n---\na: b", "YAML: found incompatible YAML document", 1, 1);
}

static void
places_in_yaml_are_found_as_in_json(void **state)
{
	static const char text[] = "\xc3\xa9: \xe6\x97\xa5 # \xe6\x97\xa5\r\n"
				   "States:\r\n"
				   "  A: &a\r\n"
				   "    Type: Pass\r\n"
				   "    Next: 'B'   \r\n"
				   "    Choices:\r\n"
				   "    - Next: \"C\"\r\n"
				   "  B: *a\r\n"
				   "  C:\r\n"
				   "    <<: *a\r\n"
				   "    Next: *a\r\n";

	(void)state;
	locates("a.yaml", text, "/\xc3\xa9", false, "\xe6\x97\xa5");
	locates("a.yaml", text, "/States", false, "States");
	locates("a.yaml", text, "/States/A/Type", false, "Pass");
	locates("a.yaml", text, "/States/A/Type", true, "Type");
	locates("a.yaml", text, "/States/A/Next", false, "'B'");
	locates("a.yaml", text, "/States/A/Choices[0]", false, "N");
	locates("a.yaml", text, "/States/A/Choices[0]/Next", false, "\"C\"");
	/* what an alias stands for was written where its anchor is */
	locates("a.yaml", text, "/States/B", false, "B");
	locates("a.yaml", text, "/States/B/Next", false, "'B'");
	locates("a.yaml", text, "/States/C/Type", false, "Pass");
	locates("a.yaml", text, "/States/C/Next", false, "Next");
}

/* --- YAML that wants to harm ------------------------------------------------------------------- */

static void
aliases_that_multiply_come_to_an_end(void **state)
{
	struct buf b;
	int i, k;

	(void)state;
	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "a0: &a0 [x]\n");
	for (i = 1; i < 40; i++) {
		buf_addf(&b, "a%d: &a%d [", i, i);
		for (k = 0; k < 10; k++)
			buf_addf(&b, "*a%d,", i - 1);
		buf_adds(&b, "]\n");
	}
	fails("a.yaml", buf_text(&b), "Its aliases make it larger than 64 MiB", 1, 1);
	buf_reset(&b);
	buf_adds(&b, "a0: &a0 [x]\n");
	for (i = 1; i < 999; i++)
		buf_addf(&b, "a%d: &a%d [[*a%d]]\n", i, i, i - 1);
	fails("a.yaml", buf_text(&b), "Its aliases make a nesting deeper than 1000 levels", 1, 1);
	buf_reset(&b);
	for (i = 0; i < 1001; i++)
		buf_addf(&b, "a%d: &a%d x\n", i, i);
	fails("a.yaml", buf_text(&b), "There are more anchors than 1000", 1001, 8);
	buf_fini(&b);
}

static void
merges_that_multiply_come_to_an_end(void **state)
{
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "a: &a {");
	for (i = 0; i < 1000; i++)
		buf_addf(&b, "k%d: 1,", i);
	buf_adds(&b, "}\nb: {<<: [");
	for (i = 0; i < 1000; i++)
		buf_adds(&b, "*a,");
	buf_adds(&b, "]}\n");
	fails("a.yaml", buf_text(&b), "Too much is merged", 2, 13);
	buf_fini(&b);
}

static void
nesting_is_bounded(void **state)
{
	struct source *s;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, BUF_UNLIMITED);
	for (i = 0; i < DOC_DEPTH_MAX; i++)
		buf_addc(&b, '[');
	for (i = 0; i < DOC_DEPTH_MAX; i++)
		buf_addc(&b, ']');
	becomes("a.yaml", buf_text(&b), buf_text(&b));
	becomes("a.json", buf_text(&b), buf_text(&b));
	buf_reset(&b);
	for (i = 0; i < 100000; i++)
		buf_adds(&b, "[");
	fails("a.json", buf_text(&b), "Document nesting depth", 1, 1001);
	s = source_of("a.yaml", buf_text(&b));
	assert_non_null(s->problem);
	source_free(s);
	buf_reset(&b);
	for (i = 0; i < 5000; i++)
		buf_adds(&b, "- ");
	fails("a.yaml", buf_text(&b), "The nesting is deeper than 1000 levels", 1, 2001);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_json_stays_as_it_was_written),
		cmocka_unit_test(comments_and_commas_at_the_end_are_left_out),
		cmocka_unit_test(other_commas_stay_mistakes),
		cmocka_unit_test(mistakes_stand_where_they_were_written),
		cmocka_unit_test(what_is_no_text_is_said_in_a_sentence),
		cmocka_unit_test(a_byte_order_mark_is_passed_over),
		cmocka_unit_test(the_name_or_the_text_tells_the_language),
		cmocka_unit_test(a_value_stands_at_itself_and_an_object_at_its_key),
		cmocka_unit_test(what_is_not_there_stands_at_what_is_around_it),
		cmocka_unit_test(names_may_hold_what_separates_them),
		cmocka_unit_test(of_a_repeated_name_the_last_counts),
		cmocka_unit_test(long_names_are_found_by_their_beginning),
		cmocka_unit_test(a_location_with_very_many_readings_comes_to_an_end),
		cmocka_unit_test(yaml_becomes_the_json_that_it_means),
		cmocka_unit_test(keys_are_strings_whatever_they_look_like),
		cmocka_unit_test(tags_of_the_core_schema_are_known),
		cmocka_unit_test(aliases_are_what_their_anchors_are),
		cmocka_unit_test(merges_do_not_replace_what_is_there),
		cmocka_unit_test(a_file_is_one_document),
		cmocka_unit_test(mistakes_in_yaml_have_their_place),
		cmocka_unit_test(places_in_yaml_are_found_as_in_json),
		cmocka_unit_test(aliases_that_multiply_come_to_an_end),
		cmocka_unit_test(merges_that_multiply_come_to_an_end),
		cmocka_unit_test(nesting_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
