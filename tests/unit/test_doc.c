/*
 * test_doc - documents: what is refused and why, fidelity, sharing, and a random walk against plain text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "doc/doc.h"

static struct doc
parse(const char *text)
{
	struct err e = ERR_INIT;
	struct doc d = doc_parse(text, strlen(text), &e);

	if (doc_is_none(d))
		fail_msg("%s: %s", text, err_cause(&e));
	assert_false(err_is_set(&e));
	return d;
}

static void
assert_prints(struct doc d, const char *expected)
{
	size_t len;
	char *text = doc_text(d, &len);

	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
	assert_int_equal(doc_size(d), len);
	free(text);
}

static void
assert_parses_to(const char *text, const char *expected)
{
	struct doc d = parse(text);

	assert_prints(d, expected);
	doc_unref(d);
}

/* --- parsing ------------------------------------------------------------ */

static void
white_space_goes_and_all_else_stays(void **state)
{
	(void)state;
	assert_parses_to(" { \"b\" : [ 1 , true ,\r\n\t null ] , \"a\" : { } , \"c\":[ ]}\n",
	    "{\"b\":[1,true,null],\"a\":{},\"c\":[]}");
	assert_parses_to("\" a b \"", "\" a b \"");
	assert_parses_to(" false", "false");
}

static void
numbers_keep_their_text(void **state)
{
	static const char *const texts[] = { "0", "-0", "-0.0", "0.1", "1.10", "1e400", "-1E+05",
		"12345678901234567890", "0.1000000000000000055511151231257827", "1e-400",
		"123e4567890" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_parses_to(texts[i], texts[i]);
}

static void
strings_print_with_the_escapes_that_must_be_and_no_others(void **state)
{
	(void)state;
	assert_parses_to("\"\\u00e9\\/\\u0041\"", "\"\xc3\xa9/A\"");
	assert_parses_to("\"\\\"\\\\\\b\\f\\n\\r\\t\"", "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
	assert_parses_to("\"\\u0022\\u005C\\u0008\\u000c\\u000A\\u000d\\u0009\"",
	    "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
	assert_parses_to("\"\\u0000\\u001F\\u007f\"", "\"\\u0000\\u001f\x7f\"");
	assert_parses_to("\"\\ud83d\\uDE00\"", "\"\xf0\x9f\x98\x80\"");
	assert_parses_to("\"\\u2028\\uffff\\u0800\"", "\"\xe2\x80\xa8\xef\xbf\xbf\xe0\xa0\x80\"");
	assert_parses_to("{\"\\u0061\":1}", "{\"a\":1}");
}

static void
of_a_repeated_key_the_last_value_stands_at_the_first_place(void **state)
{
	(void)state;
	assert_parses_to("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}");
	assert_parses_to("{\"a\":1,\"a\":2,\"a\":{\"x\":[1,2]},\"b\":0}",
	    "{\"a\":{\"x\":[1,2]},\"b\":0}");
	assert_parses_to("{\"\\u0061\":1,\"a\":2}", "{\"a\":2}");
	assert_parses_to("{\"\":1,\"\":2}", "{\"\":2}");
	assert_parses_to(
	    "[{\"k\":{\"x\":1,\"y\":2,\"x\":3},\"k\":{\"y\":1,\"x\":2,\"y\":{\"z\":0,\"z\":1}}},5]",
	    "[{\"k\":{\"y\":{\"z\":1},\"x\":2}},5]");
	/* same length, first, middle and last byte: only the whole text tells them apart */
	assert_parses_to("{\"aXcXa\":1,\"aYcYa\":2}", "{\"aXcXa\":1,\"aYcYa\":2}");
}

static void
repeated_keys_of_a_large_object_are_found_in_linear_time(void **state)
{
	struct buf text;
	struct doc d;
	int64_t v;

	(void)state;
	buf_init(&text, BUF_UNLIMITED);
	buf_addc(&text, '{');
	for (int i = 0; i < 300000; i++)
		buf_addf(&text, "\"key%d\":%d,", i % 200000, i);
	buf_adds(&text, "\"last\":[{\"u\":1,\"u\":2}]}");
	d = doc_parse(text.data, text.len, NULL);
	assert_int_equal(doc_len(d), 200001);
	assert_true(doc_i64(doc_gets(d, "key99999"), &v));
	assert_int_equal(v, 299999);
	assert_true(doc_i64(doc_gets(d, "key100000"), &v));
	assert_int_equal(v, 100000);
	assert_prints(doc_gets(d, "last"), "[{\"u\":2}]");
	doc_unref(d);
	buf_fini(&text);
}

static void
repeats_are_found_in_objects_of_any_number_of_keys(void **state)
{
	(void)state;
	for (int n = 1; n < 80; n++) {
		struct buf text, expected;

		buf_init(&text, BUF_UNLIMITED);
		buf_init(&expected, BUF_UNLIMITED);
		for (int i = 0; i < n; i++) {
			buf_addf(&text, "%c\"k%d\":%d", i == 0 ? '{' : ',', i, i);
			buf_addf(&expected, "%c\"k%d\":%d", i == 0 ? '{' : ',', i,
			    i == n / 2 ? -1 : i);
		}
		buf_addf(&text, ",\"k%d\":-1}", n / 2);
		buf_addc(&expected, '}');
		assert_parses_to(text.data, expected.data);
		buf_fini(&text);
		buf_fini(&expected);
	}
}

struct refusal {
	const char *text, *cause;
	size_t line, column;
};

#define TOKENS "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

static void
what_is_refused_is_told_in_the_words_that_clients_of_aws_know(void **state)
{
	static const struct refusal refusals[] = {
		{ "not a definition", "Unrecognized token 'not': was expecting " TOKENS, 1, 4 },
		{ "{'a': 1}",
		    "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
		    1, 3 },
		{ "", "No content to map due to end-of-input", 1, 1 },
		{ "  \n ", "No content to map due to end-of-input", 2, 2 },
		{ "{\"a\":1,}",
		    "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
		    1, 9 },
		{ "[1,]", "Unexpected character (']' (code 93)): expected a valid value " TOKENS, 1,
		    5 },
		{ "[1 2]",
		    "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
		    1, 5 },
		{ "{\"a\" 1}",
		    "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
		    1, 7 },
		{ "{\"a\":1 \"b\":2}",
		    "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
		    1, 9 },
		{ "[1}",
		    "Unexpected close marker '}': expected ']' (for Array starting at [line: 1, column: 1])",
		    1, 4 },
		{ "{\"a\":\n [1",
		    "Unexpected end-of-input: expected close marker for Array (start marker at [line: 2, column: 2])",
		    2, 4 },
		{ "{\"a\"", "Unexpected end-of-input within/between Object entries", 1, 5 },
		{ "\"abc",
		    "Unexpected end-of-input: was expecting closing quote for a string value", 1,
		    5 },
		{ "{\"abc", "Unexpected end-of-input in field name", 1, 6 },
		{ "\"a\nb\"",
		    "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value",
		    2, 1 },
		{ "\"\\x\"", "Unrecognized character escape 'x' (code 120)", 1, 4 },
		{ "\"\\u12g4\"",
		    "Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence",
		    1, 7 },
		{ "\"\\ud800\"", "Invalid character escape: \\ud800 is half of a surrogate pair", 1,
		    8 },
		{ "\"\\udc00\\ud800\"",
		    "Invalid character escape: \\udc00 is half of a surrogate pair", 1, 8 },
		{ "012", "Invalid numeric value: Leading zeroes not allowed", 1, 3 },
		{ "-x",
		    "Unexpected character ('x' (code 120)) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value",
		    1, 3 },
		{ "1.", "Unexpected end-of-input in a Number value", 1, 3 },
		{ "[1.e5]",
		    "Unexpected character ('e' (code 101)) in numeric value: Decimal point not followed by a digit",
		    1, 5 },
		{ "1e+", "Unexpected end-of-input in a Number value", 1, 4 },
		{ "truer", "Unrecognized token 'truer': was expecting " TOKENS, 1, 6 },
		{ "nul", "Unrecognized token 'nul': was expecting " TOKENS, 1, 4 },
		{ "{} x",
		    "Unexpected character ('x' (code 120)): was expecting the end of the document",
		    1, 5 },
		{ "[\xe2\x82\xac]", "Unrecognized token '\xe2\x82\xac': was expecting " TOKENS, 1,
		    3 },
		{ "[1\xe2\x82\xac]",
		    "Unexpected character ('\xe2\x82\xac' (code 8364 / 0x20ac)): was expecting comma to separate Array entries",
		    1, 4 },
		{ "\"\xf0\x9f\x98\x80\" \"",
		    "Unexpected character ('\"' (code 34)): was expecting the end of the document",
		    1, 7 },
		{ "\"\xff\"", "Invalid UTF-8: byte 0xff", 1, 3 },
		{ "\r\n\r[\x01]",
		    "Illegal character ((CTRL-CHAR, code 1)): only regular white space (\\r, \\n, \\t) is allowed between tokens",
		    3, 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		struct err e = ERR_INIT;
		size_t line = 0, column = 0;

		assert_true(
		    doc_is_none(doc_parse_at(r->text, strlen(r->text), &e, &line, &column)));
		assert_string_equal(e.name, "pawl.Json");
		assert_string_equal(err_cause(&e), r->cause);
		if (line != r->line || column != r->column)
			fail_msg("%s: at %zu:%zu, not %zu:%zu", r->text, line, column, r->line,
			    r->column);
		err_fini(&e);
	}
}

static void
bytes_that_are_not_utf8_are_refused_everywhere(void **state)
{
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xe2\x82", "\xe2(\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "\"%s\"", bad[i]);
		assert_true(doc_is_none(doc_parse(text, strlen(text), NULL)));
		snprintf(text, sizeof(text), "{\"a long key %s and more\":1}", bad[i]);
		assert_true(doc_is_none(doc_parse(text, strlen(text), NULL)));
		assert_true(doc_is_none(doc_parse(bad[i], strlen(bad[i]), NULL)));
		assert_false(doc_utf8_valid(bad[i], strlen(bad[i])));
	}
	assert_true(
	    doc_utf8_valid("a\0\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80", 17));
	assert_true(doc_utf8_valid("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8));
	assert_true(doc_utf8_valid("", 0));
}

/* The text is given with its exact length in a heap block, so that the sanitizer sees a byte too many. */
static void
every_beginning_of_a_document_is_refused_and_nothing_is_read_behind_it(void **state)
{
	static const char text[] =
	    "{\"k\\u00e9y\":[1.5e+10,-2,true,false,null,\"\\ud83d\\ude00\xe2\x82\xac text\"]}";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char *part = xmalloc(len);
		struct doc d;

		memcpy(part, text, len);
		d = doc_parse(part, len, NULL);
		assert_int_equal(doc_is_none(d), len < sizeof(text) - 1 || len == sizeof(text));
		doc_unref(d);
		free(part);
	}
}

static struct doc
parse_nested(size_t levels, struct err *e)
{
	char *text = xmalloc(levels * 2);
	struct doc d;

	memset(text, '[', levels);
	memset(text + levels, ']', levels);
	d = doc_parse(text, levels * 2, e);
	free(text);
	return d;
}

static void
nesting_is_accepted_up_to_the_limit(void **state)
{
	struct err e = ERR_INIT;
	struct doc d;

	(void)state;
	d = parse_nested(DOC_DEPTH_MAX, &e);
	assert_false(doc_is_none(d));
	assert_false(doc_too_deep(d));
	assert_int_equal(doc_size(d), DOC_DEPTH_MAX * 2);
	doc_unref(d);
	assert_true(doc_is_none(parse_nested(DOC_DEPTH_MAX + 1, &e)));
	assert_string_equal(err_cause(&e),
	    "Document nesting depth (1001) exceeds the maximum allowed (1000)");
	err_fini(&e);
	assert_true(doc_is_none(parse_nested(1000000, NULL)));
}

static void
a_record_may_hold_a_document_as_deep_as_there_are(void **state)
{
	size_t depth = DOC_DEPTH_MAX + DOC_WRAP_DEPTH, i;
	char *text = xmalloc(2 * depth + 3);
	struct doc d, inner;

	(void)state;
	memset(text, '[', depth + 1);
	memset(text + depth + 1, ']', depth + 1);
	assert_true(doc_is_none(doc_parse_record(text, 2 * depth + 2, NULL)));
	d = doc_parse_record(text + 1, 2 * depth, NULL);
	assert_false(doc_is_none(d));
	assert_true(doc_too_deep(d));
	inner = d;
	for (i = 0; i < DOC_WRAP_DEPTH; i++)
		inner = doc_at(inner, 0);
	assert_false(doc_too_deep(inner));
	doc_unref(d);
	free(text);
}

/* --- reading --------------------------------------------------------------- */

static void
members_and_elements_are_found(void **state)
{
	struct doc d =
	    parse("{\"a\":{\"x\":[1,[2,3],4]},\"\\n\\u0001\":\"esc\",\"b\":[true,null]}");
	struct doc x = doc_gets(doc_gets(d, "a"), "x");

	(void)state;
	assert_int_equal(doc_len(d), 3);
	assert_int_equal(doc_len(x), 3);
	assert_prints(doc_at(x, 1), "[2,3]");
	assert_prints(doc_at(x, 2), "4");
	assert_prints(doc_at(doc_gets(d, "b"), 1), "null");
	assert_true(doc_is_none(doc_at(x, 3)));
	assert_true(doc_is_none(doc_at(d, 0)));
	assert_prints(doc_get(d, "\n\x01", 2), "\"esc\"");
	assert_true(doc_is_none(doc_get(d, "\n", 1)));
	assert_true(doc_is_none(doc_gets(d, "x")));
	assert_true(doc_is_none(doc_gets(x, "a")));
	assert_true(doc_is_none(doc_gets(DOC_NONE, "a")));
	assert_true(doc_is_true(doc_at(doc_gets(d, "b"), 0)));
	assert_int_equal(doc_len(doc_gets(d, "b")), 2);
	assert_int_equal(doc_len(doc_at(x, 0)), 0);
	doc_unref(d);
}

static void
an_iterator_walks_in_order(void **state)
{
	struct doc d = parse("{\"z\":1,\"a\":[{\"k\":0}],\"m\":{\"n\":{}}}");
	struct doc_iter it = doc_iter(d);
	struct buf seen;

	(void)state;
	buf_init(&seen, BUF_UNLIMITED);
	while (doc_next(&it)) {
		doc_print(it.key, &seen);
		buf_addc(&seen, '=');
		doc_print(it.value, &seen);
		buf_addc(&seen, ' ');
	}
	assert_string_equal(buf_text(&seen), "\"z\"=1 \"a\"=[{\"k\":0}] \"m\"={\"n\":{}} ");
	assert_false(doc_next(&it));
	it = doc_iter(doc_gets(d, "a"));
	assert_true(doc_next(&it));
	assert_true(doc_is_none(it.key));
	assert_false(doc_next(&it));
	it = doc_iter(doc_gets(d, "z"));
	assert_false(doc_next(&it));
	it = doc_iter(DOC_NONE);
	assert_false(doc_next(&it));
	buf_fini(&seen);
	doc_unref(d);
}

static void
strings_are_unescaped_only_when_they_must_be(void **state)
{
	struct doc d = parse("[\"plain\",\"a\\n\\u0001\\\"\\\\z\",\"nul\\u0000!\",\"\",1]");
	struct buf scratch;
	const char *s;
	char *copy;
	size_t len;

	(void)state;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(doc_at(d, 0), &scratch, &len);
	assert_int_equal(len, 5);
	assert_memory_equal(s, "plain", 5);
	assert_null(scratch.data);
	s = doc_str(doc_at(d, 1), &scratch, &len);
	assert_int_equal(len, 6);
	assert_memory_equal(s, "a\n\x01\"\\z", 6);
	s = doc_str(doc_at(d, 2), &scratch, &len);
	assert_int_equal(len, 5);
	assert_memory_equal(s, "nul\0!", 5);
	assert_null(doc_strdup(doc_at(d, 2)));
	assert_null(doc_strdup(doc_at(d, 4)));
	copy = doc_strdup(doc_at(d, 1));
	assert_string_equal(copy, "a\n\x01\"\\z");
	free(copy);
	assert_true(doc_str_is(doc_at(d, 0), "plain"));
	assert_false(doc_str_is(doc_at(d, 0), "plai"));
	assert_false(doc_str_is(doc_at(d, 0), "plainer"));
	assert_true(doc_str_is(doc_at(d, 1), "a\n\x01\"\\z"));
	assert_false(doc_str_is(doc_at(d, 1), "a\n\x01\"\\"));
	assert_false(doc_str_is(doc_at(d, 1), "a\n\x01\"\\zz"));
	assert_false(doc_str_is(doc_at(d, 2), "nul"));
	assert_true(doc_str_is(doc_at(d, 3), ""));
	assert_false(doc_str_is(doc_at(d, 4), "1"));
	buf_fini(&scratch);
	doc_unref(d);
}

static void
runs_of_any_length_stand_between_escapes(void **state)
{
	char text[64];
	struct buf scratch, b;

	(void)state;
	buf_init(&scratch, BUF_UNLIMITED);
	buf_init(&b, BUF_UNLIMITED);
	for (size_t before = 0; before < 40; before++) {
		for (size_t after = 0; after < 20; after++) {
			size_t len = before + after + 2, got;
			struct doc d;
			const char *s;

			memset(text, 'x', sizeof(text));
			text[before] = '\n';
			text[len - 1] = '\x01';
			buf_reset(&b);
			buf_add_json_string(&b, text, len);
			d = doc_parse(b.data, b.len, NULL);
			s = doc_str(d, &scratch, &got);
			assert_int_equal(got, len);
			assert_memory_equal(s, text, len);
			doc_unref(d);
		}
	}
	buf_fini(&b);
	buf_fini(&scratch);
}

static void
a_number_is_read_as_what_it_is(void **state)
{
	struct doc d = parse("[1.0,1e400,-9223372036854775808,\"1\"]");
	int64_t i;
	double f;

	(void)state;
	assert_true(doc_i64(doc_at(d, 0), &i));
	assert_int_equal(i, 1);
	assert_false(doc_i64(doc_at(d, 1), &i));
	assert_false(doc_f64(doc_at(d, 1), &f));
	assert_true(doc_i64(doc_at(d, 2), &i));
	assert_true(i == INT64_MIN);
	assert_false(doc_i64(doc_at(d, 3), &i));
	assert_false(doc_f64(doc_at(d, 3), &f));
	assert_false(doc_i64(DOC_NONE, &i));
	assert_true(doc_num_cmp(doc_at(d, 0), doc_at(d, 1)) < 0);
	doc_unref(d);
}

static void
assert_equality(const char *a, const char *b, bool expected)
{
	struct doc x = parse(a), y = parse(b);

	if (doc_equal(x, y) != expected || doc_equal(y, x) != expected)
		fail_msg("%s and %s should be %s", a, b, expected ? "equal" : "different");
	doc_unref(x);
	doc_unref(y);
}

static void
equality_is_by_value_and_takes_no_notice_of_the_order_of_members(void **state)
{
	struct buf a, b;

	(void)state;
	assert_equality("{\"a\":1,\"b\":[1,2]}", "{\"b\":[1.0,2e0],\"a\":1}", true);
	assert_equality("[1,2]", "[2,1]", false);
	assert_equality("{\"a\":1}", "{\"a\":1,\"b\":1}", false);
	assert_equality("{\"a\":1,\"b\":1}", "{\"a\":1,\"c\":1}", false);
	assert_equality("{\"a\":{\"b\":{\"c\":0}}}", "{\"a\":{\"b\":{\"c\":-0.0}}}", true);
	assert_equality("\"\\u0041\"", "\"A\"", true);
	assert_equality("12345678901234567890", "12345678901234567891", false);
	assert_equality("null", "false", false);
	assert_equality("[]", "{}", false);
	buf_init(&a, BUF_UNLIMITED);
	buf_init(&b, BUF_UNLIMITED);
	for (int i = 0; i < 50000; i++) {
		buf_addf(&a, "%c\"k%d\":{\"v\":%d}", i == 0 ? '{' : ',', i, i);
		buf_addf(&b, "%c\"k%d\":{\"v\":%d.0}", i == 0 ? '{' : ',', 49999 - i, 49999 - i);
	}
	buf_addc(&a, '}');
	buf_addc(&b, '}');
	assert_equality(a.data, b.data, true);
	b.data[b.len - 5] = '9';
	assert_equality(a.data, b.data, false);
	buf_fini(&a);
	buf_fini(&b);
}

/* --- making ----------------------------------------------------------------- */

static void
small_values_are_made(void **state)
{
	struct doc made[] = { doc_null(), doc_bool(true), doc_bool(false), doc_empty_object(),
		doc_empty_array(), doc_int(INT64_MIN), doc_double(0.1), doc_double(1e21),
		doc_string("a\"\x01\xc3\xa9", 5), doc_string("", 0), doc_double(-0.0) };
	static const char *const texts[] = { "null", "true", "false", "{}", "[]",
		"-9223372036854775808", "0.1", "1e+21", "\"a\\\"\\u0001\xc3\xa9\"", "\"\"", "0" };

	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		struct doc parsed = parse(texts[i]);

		assert_prints(made[i], texts[i]);
		assert_true(doc_equal(made[i], parsed));
		assert_int_equal(doc_type(made[i]), doc_type(parsed));
		doc_unref(made[i]);
		doc_unref(parsed);
	}
}

static void
a_builder_writes_what_the_parser_would_have_read(void **state)
{
	struct doc_builder *b = docb_new();
	struct doc part = parse("{\"k\\n\":[1,{\"x\":2}]}"), d, again;
	struct doc_iter it = doc_iter(part);
	char *text;

	(void)state;
	assert_true(doc_next(&it));
	docb_object(b);
	docb_keys(b, "s");
	docb_strings(b, "a\tb");
	docb_key_doc(b, it.key);
	docb_doc(b, it.value);
	docb_key(b, "q\"", 2);
	docb_array(b);
	docb_i64(b, -5);
	docb_f64(b, 2.5);
	docb_bool(b, true);
	docb_bool(b, false);
	docb_null(b);
	docb_object(b);
	docb_end(b);
	docb_array(b);
	docb_end(b);
	docb_end(b);
	docb_end(b);
	d = docb_finish(b);
	doc_unref(part);
	assert_prints(d,
	    "{\"s\":\"a\\tb\",\"k\\n\":[1,{\"x\":2}],\"q\\\"\":[-5,2.5,true,false,null,{},[]]}");
	text = doc_text(d, NULL);
	again = parse(text);
	assert_true(doc_equal(d, again));
	assert_prints(doc_at(doc_gets(d, "k\n"), 1), "{\"x\":2}");
	assert_true(doc_str_is(doc_gets(d, "s"), "a\tb"));
	assert_prints(doc_gets(d, "q\""), "[-5,2.5,true,false,null,{},[]]");
	free(text);
	doc_unref(again);
	doc_unref(d);
}

static void
a_builder_that_is_not_wanted_frees_all_it_has(void **state)
{
	struct doc_builder *b = docb_new();
	char big[1000];
	struct doc s;

	(void)state;
	memset(big, 'x', sizeof(big));
	s = doc_string(big, sizeof(big));
	docb_array(b);
	docb_doc(b, s);
	doc_unref(s);
	docb_free(b);
	docb_free(NULL);
	b = docb_new();
	docb_doc(b, s = doc_string(big, sizeof(big)));
	doc_unref(s);
	docb_free(b);
}

/* An array of n numbers of five digits. */
static struct doc
numbers(int n)
{
	struct doc_builder *b = docb_new();

	docb_array(b);
	for (int i = 0; i < n; i++)
		docb_i64(b, 10000 + i);
	docb_end(b);
	return docb_finish(b);
}

static void
a_large_part_is_shared_and_outlives_where_it_came_from(void **state)
{
	struct doc big = numbers(1000), v = doc_int(7), obj, first, second;
	char *part = doc_text(big, NULL), *expected;

	(void)state;
	obj = parse("{\"a\":1,\"b\":\"x\"}");
	first = doc_with(obj, "big", 3, big);
	doc_unref(obj);
	doc_unref(big);
	second = doc_with(first, "a", 1, v);
	doc_unref(first);
	doc_unref(v);
	expected = xasprintf("{\"a\":7,\"b\":\"x\",\"big\":%s}", part);
	assert_prints(second, expected);
	assert_prints(doc_at(doc_gets(second, "big"), 999), "10999");
	free(expected);
	free(part);
	doc_unref(second);
}

static void
members_are_replaced_in_place_added_at_the_end_or_left_out(void **state)
{
	struct doc obj = parse("{\"a\":1,\"b\\n\":2,\"c\":1}"), v = parse("[null]"), d;

	(void)state;
	d = doc_with(obj, "b\n", 2, v);
	assert_prints(d, "{\"a\":1,\"b\\n\":[null],\"c\":1}");
	doc_unref(d);
	d = doc_with(obj, "d\"", 2, v);
	assert_prints(d, "{\"a\":1,\"b\\n\":2,\"c\":1,\"d\\\"\":[null]}");
	doc_unref(d);
	d = doc_without(obj, "b\n", 2);
	assert_prints(d, "{\"a\":1,\"c\":1}");
	doc_unref(d);
	d = doc_without(obj, "nope", 4);
	assert_true(doc_equal(d, obj));
	doc_unref(d);
	assert_prints(obj, "{\"a\":1,\"b\\n\":2,\"c\":1}");
	doc_unref(obj);
	obj = parse("[1,[2],3]");
	d = doc_with_at(obj, 1, v);
	assert_prints(d, "[1,[null],3]");
	doc_unref(d);
	doc_unref(obj);
	doc_unref(v);
}

/* The same value twice in one object: replacing one member must leave the other. */
static void
a_value_that_stands_twice_is_replaced_once(void **state)
{
	struct doc big = numbers(500), none = doc_null(), obj, twice, d;
	char *part = doc_text(big, NULL), *expected;

	(void)state;
	obj = doc_empty_object();
	d = doc_with(obj, "x", 1, big);
	twice = doc_with(d, "y", 1, big);
	doc_unref(d);
	d = doc_with(twice, "y", 1, none);
	expected = xasprintf("{\"x\":%s,\"y\":null}", part);
	assert_prints(d, expected);
	free(expected);
	free(part);
	doc_unref(obj);
	doc_unref(twice);
	doc_unref(none);
	doc_unref(big);
	doc_unref(d);
}

static void
a_document_that_wraps_itself_very_often_is_printed_and_freed_without_recursion(void **state)
{
	struct doc d = numbers(100), obj = doc_empty_object(), compact;
	size_t inner = doc_size(d), levels = 200000, len;
	char *text;

	(void)state;
	for (size_t i = 0; i < levels; i++) {
		struct doc next = doc_with(obj, "a", 1, d);

		if (i == 998)
			assert_false(doc_too_deep(d));
		doc_unref(d);
		d = next;
		if (i == 998)
			assert_false(doc_too_deep(d));
		if (i == 999)
			assert_true(doc_too_deep(d));
	}
	assert_int_equal(doc_size(d), inner + levels * 6);
	text = doc_text(d, &len);
	assert_int_equal(len, doc_size(d));
	assert_true(doc_is_none(doc_parse(text, len, NULL)));
	compact = doc_compact(d);
	assert_int_equal(doc_size(compact), len);
	assert_true(doc_equal(compact, d));
	doc_unref(compact);
	free(text);
	doc_unref(d);
	doc_unref(obj);
}

/* The bound on the depth of a part may be too high, but the answer is not. */
static void
the_depth_of_a_part_is_its_own(void **state)
{
	struct doc deep = parse_nested(DOC_DEPTH_MAX, NULL), flat = numbers(200), v, d, next;
	struct doc_builder *b;

	(void)state;
	b = docb_new();
	docb_object(b);
	docb_keys(b, "deep");
	docb_doc(b, deep);
	docb_keys(b, "flat");
	docb_object(b);
	docb_keys(b, "v");
	docb_doc(b, flat);
	docb_end(b);
	docb_end(b);
	d = docb_finish(b);
	assert_true(doc_too_deep(d));
	assert_false(doc_too_deep(doc_gets(d, "deep")));
	assert_false(doc_too_deep(doc_gets(d, "flat")));
	assert_false(doc_too_deep(doc_gets(doc_gets(d, "flat"), "v")));
	v = doc_empty_object();
	next = doc_with(v, "w", 1, doc_gets(d, "flat"));
	assert_false(doc_too_deep(next));
	doc_unref(next);
	doc_unref(v);
	doc_unref(d);
	doc_unref(deep);
	doc_unref(flat);
}

static void
sizes_of_what_doubles_often_stop_at_the_end_of_their_type(void **state)
{
	struct doc d = numbers(100);
	struct buf out;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct doc_builder *b = docb_new();

		docb_array(b);
		docb_doc(b, d);
		docb_doc(b, d);
		docb_end(b);
		doc_unref(d);
		d = docb_finish(b);
	}
	assert_true(doc_size(d) == SIZE_MAX);
	assert_false(doc_too_deep(d));
	buf_init(&out, 1 << 20);
	doc_print(d, &out);
	assert_true(buf_failed(&out));
	assert_int_equal(out.len, 0);
	buf_reset(&out);
	doc_print_quoted(d, &out);
	assert_true(buf_failed(&out));
	buf_fini(&out);
	assert_true(doc_equal(d, d));
	assert_true(doc_is_none(doc_compact(d)));
	doc_unref(d);
}

static void
a_compact_copy_lets_go_of_the_large_document(void **state)
{
	struct doc big = parse("{\"small\":{\"x\":[1,\"\\n\"]},\"rest\":\"...\"}"), part, linked,
		   obj, copy;
	struct doc huge = numbers(1000);

	(void)state;
	part = doc_compact(doc_gets(big, "small"));
	doc_unref(big);
	assert_prints(part, "{\"x\":[1,\"\\n\"]}");
	assert_prints(doc_at(doc_gets(part, "x"), 1), "\"\\n\"");
	obj = doc_with(part, "huge", 4, huge);
	linked = doc_with(obj, "again", 5, obj);
	copy = doc_compact(linked);
	assert_true(doc_equal(copy, linked));
	doc_unref(obj);
	doc_unref(linked);
	doc_unref(huge);
	assert_int_equal(doc_len(doc_gets(doc_gets(copy, "again"), "huge")), 1000);
	doc_unref(copy);
	doc_unref(part);
}

static void
a_quoted_document_reads_back_as_a_string_that_is_the_document(void **state)
{
	struct doc big = numbers(200), d, s, inner,
		   obj = parse("{\"a\\\\\":\"\\u0001\\n\\\"\xc3\xa9\"}");
	struct buf out, scratch;
	char *text;
	const char *unquoted;
	size_t len;

	(void)state;
	d = doc_with(obj, "big", 3, big);
	buf_init(&out, BUF_UNLIMITED);
	buf_init(&scratch, BUF_UNLIMITED);
	doc_print_quoted(d, &out);
	s = doc_parse(out.data, out.len, NULL);
	assert_int_equal(doc_type(s), DOC_STRING);
	unquoted = doc_str(s, &scratch, &len);
	text = doc_text(d, NULL);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(unquoted, text, len);
	inner = doc_parse(unquoted, len, NULL);
	assert_true(doc_equal(inner, d));
	free(text);
	buf_fini(&out);
	buf_fini(&scratch);
	doc_unref(inner);
	doc_unref(s);
	doc_unref(d);
	doc_unref(obj);
	doc_unref(big);
}

/* --- a random walk ------------------------------------------------------------ */

static uint64_t walk = 88172645463325252u;

static unsigned
rnd(unsigned n)
{
	walk ^= walk << 13;
	walk ^= walk >> 7;
	walk ^= walk << 17;
	return (unsigned)(walk >> 11) % n;
}

/* Writes a random value as text and builds the same with the builder. */
static void
random_value(struct buf *text, struct doc_builder *b, int levels)
{
	static const char *const keys[] = { "a", "b\n", "a longer key", "\xc3\xa9" };
	unsigned kind = rnd(levels > 0 ? 7 : 4), n;
	char fill[400];

	switch (kind) {
	case 0:
		buf_adds(text, "null");
		docb_null(b);
		break;
	case 1:
		n = rnd(1000000);
		buf_addf(text, "%u", n);
		docb_i64(b, n);
		break;
	case 2:
	case 3:
		n = rnd(kind == 2 ? 20 : sizeof(fill));
		for (unsigned i = 0; i < n; i++)
			fill[i] = (char)rnd(128);
		buf_add_json_string(text, fill, n);
		docb_string(b, fill, n);
		break;
	case 4:
		buf_addc(text, '[');
		docb_array(b);
		n = rnd(6);
		for (unsigned i = 0; i < n; i++) {
			if (i > 0)
				buf_addc(text, ',');
			random_value(text, b, levels - 1);
		}
		docb_end(b);
		buf_addc(text, ']');
		break;
	default:
		buf_addc(text, '{');
		docb_object(b);
		n = rnd(5);
		for (unsigned i = 0; i < n; i++) {
			if (i > 0)
				buf_addc(text, ',');
			buf_add_json_string(text, keys[i], strlen(keys[i]));
			docb_keys(b, keys[i]);
			buf_addc(text, ':');
			random_value(text, b, levels - 1);
		}
		docb_end(b);
		buf_addc(text, '}');
		break;
	}
}

/* A random part of d, borrowed. */
static struct doc
random_part(struct doc d)
{
	struct doc_iter it = doc_iter(d);
	unsigned steps;

	if (doc_len(d) == 0 || rnd(3) == 0)
		return d;
	steps = rnd((unsigned)doc_len(d));
	do {
		doc_next(&it);
	} while (steps-- > 0);
	return random_part(it.value);
}

/* The document must be the one that its text would be parsed to, by every way to look at it. */
static void
check_against_text(struct doc d)
{
	size_t len;
	char *text = doc_text(d, &len);
	struct doc parsed = doc_parse(text, len, NULL), copy = doc_compact(d);
	struct doc_iter x = doc_iter(d), y = doc_iter(parsed);

	assert_false(doc_is_none(parsed));
	assert_int_equal(len, doc_size(d));
	assert_true(doc_equal(d, parsed));
	assert_true(doc_equal(parsed, copy));
	assert_prints(parsed, text);
	assert_prints(copy, text);
	assert_int_equal(doc_len(d), doc_len(parsed));
	while (doc_next(&x)) {
		assert_true(doc_next(&y));
		assert_true(doc_equal(x.value, y.value));
		assert_int_equal(doc_size(x.value), doc_size(y.value));
	}
	assert_false(doc_next(&y));
	free(text);
	doc_unref(parsed);
	doc_unref(copy);
}

static struct doc
random_edit(struct doc d, struct doc part)
{
	static const char *const keys[] = { "a", "b\n", "new" };
	const char *key = keys[rnd(3)];

	if (doc_type(d) == DOC_OBJECT && rnd(4) == 0)
		return doc_without(d, key, strlen(key));
	if (doc_type(d) == DOC_OBJECT)
		return doc_with(d, key, strlen(key), part);
	if (doc_type(d) == DOC_ARRAY && doc_len(d) > 0)
		return doc_with_at(d, rnd((unsigned)doc_len(d)), part);
	return doc_ref(part);
}

static void
documents_made_and_edited_at_random_are_what_their_text_says(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		struct doc_builder *b = docb_new();
		struct doc d, parsed;
		struct buf text;

		buf_init(&text, BUF_UNLIMITED);
		random_value(&text, b, 5);
		d = docb_finish(b);
		parsed = doc_parse(text.data, text.len, NULL);
		assert_prints(d, text.data);
		assert_true(doc_equal(d, parsed));
		check_against_text(d);
		for (int edit = 0; edit < 12 && doc_size(d) < 20000; edit++) {
			struct doc next = random_edit(d, random_part(rnd(2) == 0 ? d : parsed));

			check_against_text(next);
			doc_unref(d);
			d = next;
		}
		buf_fini(&text);
		doc_unref(parsed);
		doc_unref(d);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(white_space_goes_and_all_else_stays),
		cmocka_unit_test(numbers_keep_their_text),
		cmocka_unit_test(strings_print_with_the_escapes_that_must_be_and_no_others),
		cmocka_unit_test(of_a_repeated_key_the_last_value_stands_at_the_first_place),
		cmocka_unit_test(repeated_keys_of_a_large_object_are_found_in_linear_time),
		cmocka_unit_test(repeats_are_found_in_objects_of_any_number_of_keys),
		cmocka_unit_test(what_is_refused_is_told_in_the_words_that_clients_of_aws_know),
		cmocka_unit_test(bytes_that_are_not_utf8_are_refused_everywhere),
		cmocka_unit_test(
		    every_beginning_of_a_document_is_refused_and_nothing_is_read_behind_it),
		cmocka_unit_test(nesting_is_accepted_up_to_the_limit),
		cmocka_unit_test(a_record_may_hold_a_document_as_deep_as_there_are),
		cmocka_unit_test(members_and_elements_are_found),
		cmocka_unit_test(an_iterator_walks_in_order),
		cmocka_unit_test(strings_are_unescaped_only_when_they_must_be),
		cmocka_unit_test(runs_of_any_length_stand_between_escapes),
		cmocka_unit_test(a_number_is_read_as_what_it_is),
		cmocka_unit_test(equality_is_by_value_and_takes_no_notice_of_the_order_of_members),
		cmocka_unit_test(small_values_are_made),
		cmocka_unit_test(a_builder_writes_what_the_parser_would_have_read),
		cmocka_unit_test(a_builder_that_is_not_wanted_frees_all_it_has),
		cmocka_unit_test(a_large_part_is_shared_and_outlives_where_it_came_from),
		cmocka_unit_test(members_are_replaced_in_place_added_at_the_end_or_left_out),
		cmocka_unit_test(a_value_that_stands_twice_is_replaced_once),
		cmocka_unit_test(
		    a_document_that_wraps_itself_very_often_is_printed_and_freed_without_recursion),
		cmocka_unit_test(the_depth_of_a_part_is_its_own),
		cmocka_unit_test(sizes_of_what_doubles_often_stop_at_the_end_of_their_type),
		cmocka_unit_test(a_compact_copy_lets_go_of_the_large_document),
		cmocka_unit_test(a_quoted_document_reads_back_as_a_string_that_is_the_document),
		cmocka_unit_test(documents_made_and_edited_at_random_are_what_their_text_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
