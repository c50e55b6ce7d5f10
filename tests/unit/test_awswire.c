/*
 * awswire: both protocols of AWS to documents and back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>

#include "task/plugin_module.h"

#include "awswire.h"
#include "docs.h"
#include "text.h"

static struct {
	int status, nreplies;
	char *type, *headers, *body;
} last;

static bool
note_reply(const struct pawl_host *h, uint64_t call, int status, const char *content_type,
    const char *headers, const void *body, size_t len)
{
	(void)h;
	assert_int_equal(call, 7);
	free(last.type);
	free(last.headers);
	free(last.body);
	last.status = status;
	last.type = text_format("%s", content_type);
	last.headers = text_format("%s", headers);
	last.body = text_format("%.*s", (int)len, (const char *)body);
	last.nreplies++;
	return last.nreplies < 100;
}

/* As much of a plugin as the functions on documents look at. */
static struct plugin_host owner;
static struct module module = { .magic = MODULE_MAGIC, .host = &owner };
#define host module.table

static const struct awswire_field fields[] = {
	{ "Attributes", "Attribute", "Name", "Value", NULL },
	{ "Names", "Name", NULL, NULL, NULL },
	{ "Entries", "DoRequestEntry", NULL, NULL, NULL },
	{ "Done", "DoResultEntry", NULL, NULL, "Do" },
	{ NULL, NULL, NULL, NULL, NULL },
};
static const struct awswire_code codes[] = { { "Gone", "Old.Gone" }, { NULL, NULL } };
static const struct awswire_service service = { "com.example#", "http://example/",
	"application/x-amz-json-1.0", fields, codes, true };

static char *
read_call(bool query, const char *body)
{
	struct pawl_http_call c = { .size = sizeof(c),
		.query = "",
		.body = body,
		.body_len = strlen(body),
		.action = "Do",
		.query_protocol = query };
	const char *why;
	struct pawl_doc d = awswire_read(&service, &host, &c, &why);
	char *text;

	if (d.block_ == NULL)
		return text_format("%s", why);
	assert_null(why);
	text = host.doc_text(&host, d, NULL);
	host.doc_unref(&host, d);
	return text;
}

static void
assert_form(const char *form, const char *expected)
{
	char *got = read_call(true, form);

	assert_string_equal(got, expected);
	free(got);
}

static void
forms_become_documents(void **state)
{
	(void)state;
	assert_form("", "{}");
	assert_form("A=1&B=a+b%26c%C3%BC", "{\"A\":\"1\",\"B\":\"a b&c\xc3\xbc\"}");
	assert_form("A", "{\"A\":\"\"}");
	assert_form("A=1&A=2", "{\"A\":\"2\"}");
	assert_form("Name.2=b&Name.10=c&Name.1=a", "{\"Names\":[\"a\",\"b\",\"c\"]}");
	assert_form("Attribute.1.Name=x&Attribute.1.Value=1&Attribute.2.Value=3&Attribute.2.Name=y",
	    "{\"Attributes\":{\"x\":\"1\",\"y\":\"3\"}}");
	assert_form("Attribute.1.Name=x&Attribute.1.Value.DataType=String",
	    "{\"Attributes\":{\"x\":{\"DataType\":\"String\"}}}");
	assert_form("Attribute.1.Name=x&Attribute.2.Name=x&Attribute.2.Value=2",
	    "{\"Attributes\":{\"x\":\"2\"}}");
	assert_form("List.member.1.Id=a&List.member.2.Id=b",
	    "{\"List\":[{\"Id\":\"a\"},{\"Id\":\"b\"}]}");
	assert_form("Map.entry.1.key=k&Map.entry.1.value=v", "{\"Map\":{\"k\":\"v\"}}");
	assert_form("Map.entry.1.Name=k&Map.entry.1.Value.DataType=String",
	    "{\"Map\":{\"k\":{\"DataType\":\"String\"}}}");
	assert_form(
	    "DoRequestEntry.1.Id=a&DoRequestEntry.1.Attribute.1.Name=x&DoRequestEntry.1.Attribute.1.Value=1",
	    "{\"Entries\":[{\"Id\":\"a\",\"Attributes\":{\"x\":\"1\"}}]}");
}

static void
malformed_forms_are_refused(void **state)
{
	struct text many = { 0 };

	(void)state;
	assert_form("A=%4", "The form of the request is malformed.");
	assert_form("A=%zz", "The form of the request is malformed.");
	assert_form("A=%ff", "The form of the request is malformed.");
	assert_form("a%00b=1", "The form of the request is malformed.");
	assert_form("a.b.c.d.e.f.g.h.i.j.k.l.m.n=1", "The form of the request is malformed.");
	for (int i = 0; i < 2001; i++)
		text_addf(&many, "a%d=1&", i);
	assert_form(many.s, "The form has too many fields.");
	text_fini(&many);
}

static void
json_is_the_document(void **state)
{
	char *got = read_call(false, "{\"A\": [1, {\"b\": null}]}");

	(void)state;
	assert_string_equal(got, "{\"A\":[1,{\"b\":null}]}");
	free(got);
	got = read_call(false, "[1]");
	assert_string_equal(got, "The body of the request is no JSON object.");
	free(got);
	got = read_call(false, "");
	assert_string_equal(got, "{}");
	free(got);
}

static struct awswire_call
call_of(bool query)
{
	struct pawl_http_call c = { .size = sizeof(c),
		.id = 7,
		.action = "Do",
		.request_id = "r-1",
		.query_protocol = query };
	struct awswire_call call;

	awswire_open(&c, &call);
	return call;
}

static void
answer(bool query, const char *json)
{
	struct awswire_call call = call_of(query);
	struct pawl_doc d =
	    json != NULL ? host.doc_parse(&host, json, strlen(json), NULL) : PAWL_NO_DOC;

	assert_true(awswire_answer(&service, &host, &call, d));
	host.doc_unref(&host, d);
	assert_int_equal(last.status, 200);
	assert_string_equal(last.headers, "x-amzn-RequestId: r-1\r\n");
}

#define XML(result) \
	"<?xml version=\"1.0\"?><DoResponse xmlns=\"http://example/\">" result \
	"<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></DoResponse>"

static void
answers_go_out_in_the_callers_protocol(void **state)
{
	static const char everything[] =
	    "{\"A\":\"<&>\\r\",\"N\":1,\"Z\":null,\"Names\":[\"a\",\"b\"],\"Plain\":[\"c\"],"
	    "\"Attributes\":{\"x\":{\"DataType\":\"S\"}},\"Done\":[{\"Id\":\"i\",\"Ok\":true}],\"In\":{\"B\":\"\"}}";

	(void)state;
	answer(false, everything);
	assert_string_equal(last.body, everything);
	assert_string_equal(last.type, "application/x-amz-json-1.0");
	answer(true, everything);
	assert_string_equal(last.type, "text/xml");
	assert_string_equal(last.body,
	    XML("<DoResult><A>&lt;&amp;&gt;&#xD;</A><N>1</N><Name>a</Name><Name>b</Name>"
		"<Plain><member>c</member></Plain>"
		"<Attribute><Name>x</Name><Value><DataType>S</DataType></Value></Attribute>"
		"<DoResultEntry><Id>i</Id><Ok>true</Ok></DoResultEntry><In><B></B></In></DoResult>"));
	answer(true, "{}");
	assert_string_equal(last.body, XML("<DoResult></DoResult>"));
	answer(true, NULL);
	assert_string_equal(last.body, XML(""));
	answer(false, NULL);
	assert_string_equal(last.body, "{}");
}

static void
errors_have_their_code_in_both_protocols(void **state)
{
	struct awswire_call json = call_of(false), query = call_of(true);
	struct awswire_error gone = { "Gone", "It is <gone>.", 0 },
			     busy = { "Busy", "Later.", 503 };

	(void)state;
	awswire_fail(&service, &host, &json, &gone);
	assert_int_equal(last.status, 400);
	assert_string_equal(last.headers,
	    "x-amzn-RequestId: r-1\r\nx-amzn-query-error: Old.Gone;Sender\r\n");
	assert_string_equal(last.body,
	    "{\"__type\":\"com.example#Gone\",\"message\":\"It is <gone>.\"}");
	awswire_fail(&service, &host, &query, &gone);
	assert_string_equal(last.body,
	    "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"http://example/\"><Error><Type>Sender</Type>"
	    "<Code>Old.Gone</Code><Message>It is &lt;gone&gt;.</Message><Detail/></Error>"
	    "<RequestId>r-1</RequestId></ErrorResponse>");
	awswire_fail(&service, &host, &json, &busy);
	assert_int_equal(last.status, 503);
	assert_non_null(strstr(last.headers, "Busy;Receiver"));
}

static void
base64_is_decoded_strictly(void **state)
{
	static const char *const wrong[] = { "A", "AA", "AAA", "A===", "====", "AA=A",
		"A A=", "AAAA=", "*AAA" };
	struct text t = { 0 };

	(void)state;
	assert_true(text_add_unbase64(&t, "AAH+/w==", 8));
	assert_int_equal(t.len, 4);
	assert_memory_equal(t.s, "\0\1\xfe\xff", 4);
	text_fini(&t);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_false(text_add_unbase64(&t, wrong[i], strlen(wrong[i])));
		text_fini(&t);
	}
}

static void
numbers_may_be_texts(void **state)
{
	static const struct {
		const char *json;
		bool number;
		int64_t value;
	} cases[] = { { "7", true, 7 }, { "\"7\"", true, 7 }, { "\"-7\"", true, -7 },
		{ "\"\"", false, 0 }, { "\" 7\"", false, 0 }, { "\"7x\"", false, 0 },
		{ "7.5", false, 0 }, { "true", false, 0 }, { "\"99999999999999999999\"", false, 0 },
		{ "\"+7\"", false, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pawl_doc d =
		    host.doc_parse(&host, cases[i].json, strlen(cases[i].json), NULL);
		int64_t n = 0;

		assert_int_equal(docs_int(&host, d, &n), cases[i].number);
		if (cases[i].number)
			assert_int_equal(n, cases[i].value);
		host.doc_unref(&host, d);
	}
}

static int
fini(void **state)
{
	(void)state;
	free(last.type);
	free(last.headers);
	free(last.body);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_become_documents),
		cmocka_unit_test(malformed_forms_are_refused),
		cmocka_unit_test(json_is_the_document),
		cmocka_unit_test(answers_go_out_in_the_callers_protocol),
		cmocka_unit_test(errors_have_their_code_in_both_protocols),
		cmocka_unit_test(base64_is_decoded_strictly),
		cmocka_unit_test(numbers_may_be_texts),
	};

	owner.thread = pthread_self();
	plugin_table_init(&host);
	host.reply = note_reply;
	return cmocka_run_group_tests(tests, NULL, fini);
}
