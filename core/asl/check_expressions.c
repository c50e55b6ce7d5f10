/*
 * check_expressions - how strings of the languages with "{% ... %}" are marked as expressions.
 */
#include <stdlib.h>

#include "asl/compiler.h"

/* Recursion is bounded by the depth of documents. */
bool
check_expressions(const struct part *p, const char *field, struct doc v)
{
	struct doc_iter it = doc_iter(v);
	bool good = true;
	char *shown;

	while (doc_next(&it))
		good &= check_expressions(p, field, it.value);
	if (field_mark(p, v) != EXPRESSION_BROKEN)
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
