/*
 * javatext - a value as Java's toString shows it, which some of the service's
 * sentences and States.Format do.
 */
#include "expr/javatext.h"

static void
javatext_add_string(struct buf *out, struct doc d)
{
	struct buf scratch;
	const char *s;
	size_t len;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(d, &scratch, &len);
	buf_add(out, s, len);
	buf_fini(&scratch);
}

static void
javatext_add_members(struct buf *out, struct doc d)
{
	struct doc_iter it = doc_iter(d);
	const char *between = "";

	while (doc_next(&it)) {
		buf_adds(out, between);
		between = ", ";
		if (!doc_is_none(it.key)) {
			javatext_add_string(out, it.key);
			buf_addc(out, '=');
		}
		javatext_add(out, it.value);
	}
}

/* Recursion is bounded by the depth of documents. */
void
javatext_add(struct buf *out, struct doc d)
{
	switch (doc_type(d)) {
	case DOC_STRING:
		javatext_add_string(out, d);
		break;
	case DOC_ARRAY:
		buf_addc(out, '[');
		javatext_add_members(out, d);
		buf_addc(out, ']');
		break;
	case DOC_OBJECT:
		buf_addc(out, '{');
		javatext_add_members(out, d);
		buf_addc(out, '}');
		break;
	default:
		doc_print(d, out);
		break;
	}
}
