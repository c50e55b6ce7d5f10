/*
 * check_warnings - what is legal and hardly meant: values that look computed and are
 * not, variables that nobody assigns, callbacks that nobody can make, and what only pawl knows.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"
#include "expr/ident.h"
#include "expr/intrinsic.h"

static bool
text_looks_path(const char *s, size_t len)
{
	return len > 2 && s[0] == '$' && (s[1] == '.' || s[1] == '[' || s[1] == '$');
}

static bool
text_looks_computed(const char *s, size_t len)
{
	return text_looks_path(s, len) || (intrinsic_is_call(s, len) && s[len - 1] == ')');
}

/* Is it a string with that look? */
static bool
doc_looks(struct doc v, bool (*looks)(const char *s, size_t len))
{
	struct buf scratch;
	const char *s;
	size_t len;
	bool yes;

	if (doc_is_none(v) || doc_type(v) != DOC_STRING)
		return false;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(v, &scratch, &len);
	yes = looks(s, len);
	buf_fini(&scratch);
	return yes;
}

static bool
text_is_computed_name(const char *s, size_t len)
{
	return len >= 2 && memcmp(s + len - 2, ".$", 2) == 0;
}

static struct diagnostic *
warn_static(const struct part *p, const char *field, const char *name)
{
	return report_warning(p, field, "PASS_RESULT_IS_STATIC",
	    "The value of '%s' is not evaluated: the Result of a Pass state is static.", name);
}

/* Members that look computed; in arrays nothing is ever computed. Recursion is bounded by the depth of documents. */
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
		if (key != NULL && doc_looks(it.value, text_looks_computed) &&
		    (result || !doc_looks(it.key, text_is_computed_name))) {
			if (result)
				g = warn_static(p, field, key);
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
warn_portable(struct compiler *c, const struct place *at, const char *what)
{
	report_warning_at(c, at, "NOT_PORTABLE",
	    "The %s is pawl's own: AWS Step Functions does not take this definition.", what);
}

void
warn_template(const struct part *p, const char *field)
{
	warn_below(p, field, field_get(p, field), false, NULL);
}

void
warn_result(const struct part *p, const char *field)
{
	struct doc v = field_get(p, field);

	if (doc_looks(v, text_looks_computed))
		warn_static(p, field, field);
	else
		warn_below(p, field, v, true, NULL);
}

void
warn_literal_path(const struct part *p, const char *field, const char *path_field)
{
	if (doc_looks(field_get(p, field), text_looks_path))
		report_warning(p, field, "NO_PATH",
		    "The value of '%s' looks like a JSONPath. Use '%s' to evaluate it at runtime.",
		    field, path_field);
}

/* --- variables --------------------------------------------------------------------- */

struct reader {
	const struct part *p;
	const char *field;
};

static void
warn_unassigned(void *arg, const char *name)
{
	const struct reader *r = arg;
	const struct assigned *scope = r->p->c->here.scope;

	if (scope != NULL && !assigned_has(scope, name))
		report_warning(r->p, r->field, "POSSIBLY_UNDEFINED_VARIABLE",
		    "The variable '%.*s' may be undefined: no state in its scope assigns it.",
		    (int)ident_cut(name, strlen(name), DIAGNOSTIC_NAME_MAX), name);
}

void
warn_variable(const struct part *p, const char *field, const struct jsonpath *path)
{
	struct reader r = { p, field };

	if (jsonpath_root_kind(path) == JSONPATH_VARIABLE)
		warn_unassigned(&r, jsonpath_variable(path));
}

void
warn_variables(const struct part *p, const char *field, const struct template *t)
{
	struct reader r = { p, field };

	template_variables(t, warn_unassigned, &r);
}

/* --- task tokens ------------------------------------------------------------------- */

/* Can a string of a JSONPath state, evaluated, hold the token? */
static bool
text_may_read_token(const char *s, size_t len)
{
	const char *end = s + len, *at = s;

	while ((at = memmem(at, (size_t)(end - at), "$$", 2)) != NULL) {
		at += 2;
		if (at == end || *at != '.' ||
		    ((size_t)(end - at) >= 5 && memcmp(at, ".Task", 5) == 0))
			return true;
	}
	return false;
}

/* The same where the Context Object is a name in an expression. */
static bool
text_names_context(const char *s, size_t len)
{
	return memmem(s, len, "context", 7) != NULL;
}

static bool
any_looks(struct doc v, bool (*looks)(const char *s, size_t len))
{
	struct doc_iter it = doc_iter(v);

	while (doc_next(&it))
		if (any_looks(it.value, looks))
			return true;
	return doc_looks(v, looks);
}

void
warn_token(const struct part *p)
{
	bool jsonpath = p->language == QUERY_JSONPATH;
	const char *field = jsonpath ? "Parameters" : "Arguments";
	const char *token = jsonpath   ? "$$.Task.Token"
	    : p->language == QUERY_LUA ? "states.context.Task.Token"
				       : "$states.context.Task.Token";
	struct doc v = field_get(p, field);

	if (!doc_is_none(v) && any_looks(v, jsonpath ? text_may_read_token : text_names_context))
		return;
	report_warning(p, "Resource", "NO_TASK_TOKEN",
	    "The task waits for its token, but '%s' does not pass it on: '%s' is not read.", field,
	    token);
}
