/*
 * plugin_build - documents that plugins make, front to back.
 *
 * Calls in an order that makes no JSON are the plugin's mistake and must not be the end of
 * pawld: the first is logged, those after it do nothing, and build_finish gives PAWL_NO_DOC.
 */
#include "task/plugin_module.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"

#define DEPTH_MAX 10000 /* pawld itself takes no result that is nested deeper than 1,000 levels */

struct pawl_builder {
	const struct module *module;
	struct doc_builder *inner;
	struct buf
	    open; /* '{' or '[' of each open level; behind it ':' when a key waits for its value */
	bool made, wrong;
};

static void
wrong(struct pawl_builder *b, const char *what)
{
	b->wrong = true;
	log_error("plugin %s makes a document that is no JSON: %s", b->module->def.name, what);
}

static char
innermost(const struct pawl_builder *b)
{
	return (char)(b->open.len == 0 ? '\0' : b->open.data[b->open.len - 1]);
}

static void
close_innermost(struct pawl_builder *b)
{
	b->open.data[--b->open.len] = '\0';
}

/* Whether a value may come now. */
static bool
begin_value(struct pawl_builder *b)
{
	if (b->wrong)
		return false;
	switch (innermost(b)) {
	case '{':
		wrong(b, "a value without a key in an object");
		return false;
	case ':':
		close_innermost(b);
		return true;
	case '\0':
		if (b->made)
			wrong(b, "a second value");
		b->made = true;
		return !b->wrong;
	default:
		return true;
	}
}

static bool
begin_level(struct pawl_builder *b, char kind)
{
	if (!begin_value(b))
		return false;
	if (b->open.len == DEPTH_MAX) {
		wrong(b, "it is nested too deep");
		return false;
	}
	buf_addc(&b->open, kind);
	return true;
}

static size_t
utf8_len(const unsigned char *s, size_t left)
{
	size_t n = *s < 0x80 ? 1
	    : *s < 0xc2      ? 0
	    : *s < 0xe0      ? 2
	    : *s < 0xf0      ? 3
	    : *s < 0xf5      ? 4
			     : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

void
plugin_add_utf8(struct buf *out, const char *s, size_t len)
{
	size_t n;

	for (size_t i = 0; i<len; i += n> 0 ? n : 1) {
		n = utf8_len((const unsigned char *)s + i, len - i);
		buf_add(out, n > 0 ? s + i : "\xef\xbf\xbd", n > 0 ? n : 3);
	}
}

static struct pawl_builder *
host_build(const struct pawl_host *h)
{
	struct pawl_builder *b = xcalloc(1, sizeof(*b));

	b->module = module_from(h);
	b->inner = docb_new();
	buf_init(&b->open, BUF_UNLIMITED);
	return b;
}

static void
host_build_object(struct pawl_builder *b)
{
	if (begin_level(b, '{'))
		docb_object(b->inner);
}

static void
host_build_array(struct pawl_builder *b)
{
	if (begin_level(b, '['))
		docb_array(b->inner);
}

static void
host_build_end(struct pawl_builder *b)
{
	if (b->wrong)
		return;
	if (b->open.len == 0) {
		wrong(b, "an end of nothing");
	} else if (innermost(b) == ':') {
		wrong(b, "a key without a value");
	} else {
		close_innermost(b);
		docb_end(b->inner);
	}
}

static void
host_build_key(struct pawl_builder *b, const char *key)
{
	struct buf text;

	if (b->wrong)
		return;
	if (innermost(b) != '{') {
		wrong(b, "a key where none can be");
		return;
	}
	buf_init(&text, BUF_UNLIMITED);
	plugin_add_utf8(&text, key, strlen(key));
	docb_key(b->inner, buf_text(&text), text.len);
	buf_fini(&text);
	buf_addc(&b->open, ':');
}

static void
host_build_string(struct pawl_builder *b, const char *s, size_t len)
{
	struct buf text;

	if (!begin_value(b))
		return;
	buf_init(&text, BUF_UNLIMITED);
	plugin_add_utf8(&text, s, len);
	docb_string(b->inner, buf_text(&text), text.len);
	buf_fini(&text);
}

static void
host_build_int(struct pawl_builder *b, int64_t v)
{
	if (begin_value(b))
		docb_i64(b->inner, v);
}

static void
host_build_double(struct pawl_builder *b, double v)
{
	if (!b->wrong && !isfinite(v))
		wrong(b, "a number that is infinite, or none");
	if (begin_value(b))
		docb_f64(b->inner, v);
}

static void
host_build_bool(struct pawl_builder *b, bool v)
{
	if (begin_value(b))
		docb_bool(b->inner, v);
}

static void
host_build_null(struct pawl_builder *b)
{
	if (begin_value(b))
		docb_null(b->inner);
}

static void
host_build_doc(struct pawl_builder *b, struct pawl_doc d)
{
	if (!b->wrong && d.block_ == NULL)
		wrong(b, "PAWL_NO_DOC as a value");
	if (begin_value(b))
		docb_doc(b->inner, doc_from_pawl(d));
}

static struct pawl_doc
host_build_finish(struct pawl_builder *b)
{
	struct pawl_doc d = PAWL_NO_DOC;

	if (!b->wrong && (b->open.len > 0 || !b->made))
		wrong(b, b->made ? "an object or array without its end" : "nothing is in it");
	if (b->wrong)
		docb_free(b->inner);
	else
		d = doc_to_pawl(docb_finish(b->inner));
	buf_fini(&b->open);
	free(b);
	return d;
}

void
plugin_build_init(struct pawl_host *t)
{
	t->build = host_build;
	t->build_object = host_build_object;
	t->build_array = host_build_array;
	t->build_end = host_build_end;
	t->build_key = host_build_key;
	t->build_string = host_build_string;
	t->build_int = host_build_int;
	t->build_double = host_build_double;
	t->build_bool = host_build_bool;
	t->build_null = host_build_null;
	t->build_doc = host_build_doc;
	t->build_finish = host_build_finish;
}
