/*
 * check_expressions - how strings of the languages with "{% ... %}" are marked as expressions.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"

/* The string begins or ends like an expression, and is none. */
static bool
is_half_marked(const struct part *p, struct doc v)
{
	struct buf scratch;
	const char *s;
	size_t len;
	bool marked;

	if (doc_type(v) != DOC_STRING || field_is_expression(p, v))
		return false;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(v, &scratch, &len);
	marked = expression_mark(s, len) == EXPRESSION_BROKEN;
	buf_fini(&scratch);
	return marked;
}

/* Recursion is bounded by the depth of documents. */
bool
check_expressions(const struct part *p, const char *field, struct doc v)
{
	struct doc_iter it = doc_iter(v);
	bool good = true;
	char *shown;

	while (doc_next(&it))
		good &= check_expressions(p, field, it.value);
	if (!is_half_marked(p, v))
		return good;
	shown = text_shown(v);
	report_field(p, field,
	    "An expression begins with '{%%' and ends with '%%}', but the value is '%s'", shown);
	free(shown);
	return false;
}

bool
check_value(const struct part *p, const char *field, enum doc_type type, const char *type_name)
{
	struct doc v = field_get(p, field);

	if (doc_is_none(v) || doc_type(v) == type || field_is_expression(p, v))
		return true;
	if (p->language == QUERY_JSONPATH || check_expressions(p, field, v))
		report_field(p, field, "Expected value of type [%s]", type_name);
	return false;
}
