/*
 * fuzz_doc - any bytes as a document: what is accepted survives printing, copying and quoting.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "doc/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* A document of the text, which must be one and must print as the same text. */
static struct doc
parse_canonical(const char *text, size_t len)
{
	struct doc d = doc_parse(text, len, NULL);
	struct buf out;

	require(!doc_is_none(d));
	buf_init(&out, BUF_UNLIMITED);
	doc_print(d, &out);
	require(out.len == len && doc_size(d) == len && memcmp(out.data, text, len) == 0);
	buf_fini(&out);
	return d;
}

/* Each member is found by its name, each element by its index. */
static void
check_reading(struct doc d)
{
	struct doc_iter it = doc_iter(d);
	struct buf scratch;
	size_t i = 0;

	buf_init(&scratch, BUF_UNLIMITED);
	while (doc_next(&it)) {
		if (doc_type(d) == DOC_OBJECT) {
			size_t len;
			const char *key = doc_str(it.key, &scratch, &len);

			require(doc_utf8_valid(key, len));
			require(doc_get(d, key, len).node == it.value.node);
		} else if (i < 100) {
			require(doc_at(d, i).node == it.value.node);
		}
		i++;
	}
	require(i == doc_len(d));
	buf_fini(&scratch);
}

/* The same members and elements, given to a builder one by one: small ones are copied, others linked. */
static struct doc
rebuild(struct doc d)
{
	struct doc_builder *b = docb_new();
	struct doc_iter it = doc_iter(d);

	if (doc_type(d) == DOC_OBJECT)
		docb_object(b);
	else
		docb_array(b);
	while (doc_next(&it)) {
		if (doc_type(d) == DOC_OBJECT)
			docb_key_doc(b, it.key);
		docb_doc(b, it.value);
	}
	docb_end(b);
	return docb_finish(b);
}

static void
check_rebuilding(struct doc d, const char *text, size_t len)
{
	struct doc made = rebuild(d);
	struct buf out;

	buf_init(&out, BUF_UNLIMITED);
	doc_print(made, &out);
	require(out.len == len && memcmp(out.data, text, len) == 0);
	require(doc_equal(made, d) && doc_equal(d, made) && !doc_too_deep(made));
	buf_fini(&out);
	doc_unref(made);
}

static void
check_quoting(struct doc d, const char *text, size_t len)
{
	struct buf quoted, scratch;
	const char *s;
	size_t s_len;
	struct doc q;

	buf_init(&quoted, BUF_UNLIMITED);
	buf_init(&scratch, BUF_UNLIMITED);
	doc_print_quoted(d, &quoted);
	q = parse_canonical(quoted.data, quoted.len);
	s = doc_str(q, &scratch, &s_len);
	require(s_len == len && memcmp(s, text, len) == 0);
	buf_fini(&quoted);
	buf_fini(&scratch);
	doc_unref(q);
}

static void
check_number(struct doc d)
{
	int64_t i;
	double f;

	if (doc_i64(d, &i)) {
		struct doc same = doc_int(i);

		require(doc_num_cmp(d, same) == 0 && doc_equal(d, same));
		doc_unref(same);
	}
	if (doc_f64(d, &f)) {
		struct doc near = doc_double(f);
		double again;

		require(doc_f64(near, &again) && again == f);
		doc_unref(near);
	}
}

static void
check(struct doc d)
{
	size_t len;
	char *text = doc_text(d, &len);
	struct doc again = parse_canonical(text, len), copy = doc_compact(d);

	require(doc_equal(d, again) && doc_equal(again, d) && doc_equal(d, copy));
	check_reading(d);
	check_quoting(d, text, len);
	if (doc_type(d) == DOC_OBJECT || doc_type(d) == DOC_ARRAY)
		check_rebuilding(d, text, len);
	if (doc_type(d) == DOC_NUMBER)
		check_number(d);
	doc_unref(again);
	doc_unref(copy);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	size_t line = 0, column = 0;
	struct doc d = doc_parse_at((const char *)data, size, &e, &line, &column);
	struct doc_iter it = doc_iter(d);

	if (doc_is_none(d)) {
		require(err_is_set(&e) && line > 0 && column > 0);
		/* the cause goes out in an answer: bytes that are no text must not come with it */
		require(doc_utf8_valid(err_cause(&e), strlen(err_cause(&e))));
	} else {
		check(d);
		while (doc_next(&it))
			check(it.value);
	}
	doc_unref(d);
	err_fini(&e);
	return 0;
}
