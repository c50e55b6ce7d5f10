/*
 * check_warnings - what is legal here and yet may not be what its author wants.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"
#include "expr/intrinsic.h"

/* Does the string look like a path or a call? */
static bool
looks_computed(struct doc v)
{
	struct buf scratch;
	const char *s;
	size_t len;
	bool looks;

	if (doc_type(v) != DOC_STRING)
		return false;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(v, &scratch, &len);
	looks = (len > 2 && s[0] == '$' && (s[1] == '.' || s[1] == '[' || s[1] == '$')) ||
	    (intrinsic_is_call(s, len) && s[len - 1] == ')');
	buf_fini(&scratch);
	return looks;
}

static bool
key_is_computed(struct doc key)
{
	struct buf scratch;
	const char *s;
	size_t len;
	bool is;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(key, &scratch, &len);
	is = len >= 2 && memcmp(s + len - 2, ".$", 2) == 0;
	buf_fini(&scratch);
	return is;
}

/* Recursion is bounded by the depth of documents. */
static void
warn_below(const struct part *p, const char *field, struct doc d, bool result,
    const struct place *up)
{
	struct doc_iter it = doc_iter(d);
	struct diagnostic *g;
	size_t i;

	for (i = 0; doc_next(&it); i++) {
		char *key = doc_is_none(it.key) ? NULL : text_shown(it.key);
		struct place at = key != NULL ? place_name(up, key) : place_index(up, i);

		warn_below(p, field, it.value, result, &at);
		if (key != NULL && looks_computed(it.value) && key_is_computed(it.key) == result) {
			if (result)
				g = report_warning(p, field, "PASS_RESULT_IS_STATIC",
				    "The value of '%s' is not evaluated: the Result of a Pass state is static.",
				    key);
			else
				g = report_warning(p, field, "NO_DOLLAR",
				    "The value of '%s' looks like a JSONPath or intrinsic function. Use "
				    "'%s.$' to evaluate it at runtime.",
				    key, key);
			help_below(g, &at, !result);
		}
		free(key);
	}
}

void
warn_portable(struct compiler *c, const struct place *at)
{
	report_warning_at(c, at, "NOT_PORTABLE",
	    "The QueryLanguage 'Lua' is pawl's own: AWS Step Functions does not take this "
	    "definition.");
}

void
warn_template(const struct part *p, const char *field)
{
	warn_below(p, field, field_get(p, field), false, NULL);
}

void
warn_result(const struct part *p, const char *field)
{
	warn_below(p, field, field_get(p, field), true, NULL);
}
