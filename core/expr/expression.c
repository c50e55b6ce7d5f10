/*
 * expression - one "{% ... %}" of a state whose query language is not JSONPath.
 */
#include "expr/expression.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "expr/ident.h"

#define QUERY_ERROR "States.QueryEvaluationError"
#define SOURCE_SHOWN_MAX 4000 /* bytes of the code that a sentence shows */
#define VALUE_SHOWN_MAX 4000  /* likewise of a value */
#define PLACE_STATE_MAX 28    /* bytes; Lua shows 59 of a name */
#define PLACE_FIELD_MAX 30

struct expression {
	struct luacode *lua;
	int code;
	char *source, *field;
};

enum expression_mark
expression_mark(const char *s, size_t len)
{
	bool begins = len >= 2 && memcmp(s, "{%", 2) == 0;
	bool ends = len >= 2 && memcmp(s + len - 2, "%}", 2) == 0;

	if (begins && ends && len >= 4)
		return EXPRESSION_WHOLE;
	return begins || ends ? EXPRESSION_BROKEN : EXPRESSION_NOT;
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The code between the marks, without the blanks around it. */
static char *
source_of(const char *text, size_t len)
{
	const char *s = text + 2, *end = text + len - 2;

	while (s < end && is_blank(*s))
		s++;
	while (end > s && is_blank(end[-1]))
		end--;
	return xstrndup(s, (size_t)(end - s));
}

/* What Lua calls the code: it cuts long names without regard to characters. */
static char *
place_of(const char *state, const char *field)
{
	return xasprintf("%.*s.%.*s", (int)ident_cut(state, strlen(state), PLACE_STATE_MAX), state,
	    (int)ident_cut(field, strlen(field), PLACE_FIELD_MAX), field);
}

struct expression *
expression_compile(const struct expression_home *home, const char *field, const char *text,
    size_t len, struct err *e)
{
	struct expression *x;
	char *place;

	if (memchr(text, '\0', len) != NULL) {
		err_set(e, "pawl.Expression", "an expression cannot hold the character U+0000");
		return NULL;
	}
	x = xcalloc(1, sizeof(*x));
	x->lua = home->lua;
	x->source = source_of(text, len);
	x->field = xstrdup(field);
	place = place_of(home->state, field);
	if (x->source[0] == '\0')
		x->code = err_set(e, "pawl.Expression", "%s: there is no code between {%% and %%}",
		    place);
	else
		x->code = luacode_add(x->lua, place, x->source, strlen(x->source), e);
	free(place);
	if (x->code >= 0)
		return x;
	expression_free(x);
	return NULL;
}

void
expression_free(struct expression *x)
{
	if (x == NULL)
		return;
	free(x->source);
	free(x->field);
	free(x);
}

/* --- failures ------------------------------------------------------------------- */

/* "The Lua expression '...' specified for the field '...'", then what happened. Always -1. */
static int
fail(const struct expression *x, const struct expr_scope *s, struct err *e, const char *what)
{
	size_t len = strlen(x->source), shown = ident_cut(x->source, len, SOURCE_SHOWN_MAX);

	if (s->failed_field != NULL)
		*s->failed_field = x->field;
	return err_set(e, QUERY_ERROR,
	    "The Lua expression '%.*s%s' specified for the field '%s' %s", (int)shown, x->source,
	    shown < len ? "..." : "", x->field, what);
}

/* "PLACE: TYPE: MESSAGE", as far as they are known. */
static char *
failure_text(const struct luabox_failure *f)
{
	bool typed = f->type != NULL && strcmp(f->type, "Error") != 0;

	return xasprintf("%s%s%s%s%s", f->place != NULL ? f->place : "",
	    f->place != NULL ? ": " : "", typed ? f->type : "", typed ? ": " : "", f->message);
}

static int
fail_run(const struct expression *x, const struct expr_scope *s, struct luabox_failure *f,
    struct err *e)
{
	char *text = failure_text(f), *what;

	if (f->result == LUABOX_UNFIT)
		what = xasprintf("returned an unsupported result type: %s", f->message);
	else
		what = xasprintf("threw an error during evaluation: %s", text);
	fail(x, s, e, what);
	free(what);
	free(text);
	luabox_failure_fini(f);
	return -1;
}

int
expression_eval(const struct expression *x, const struct expr_scope *s, struct doc *out,
    struct err *e)
{
	struct luabox_failure f;

	if (luacode_eval(x->lua, x->code, s, out, &f) != 0)
		return fail_run(x, s, &f, e);
	if (doc_is_none(*out))
		return fail(x, s, e, "returned nothing (undefined).");
	return 0;
}

static const char *
type_name(struct doc v)
{
	static const char *const names[] = {
		[DOC_NULL] = "null",
		[DOC_FALSE] = "boolean",
		[DOC_TRUE] = "boolean",
		[DOC_NUMBER] = "number",
		[DOC_STRING] = "string",
		[DOC_ARRAY] = "array",
		[DOC_OBJECT] = "object",
	};

	return names[doc_type(v)];
}

int
expression_wrong_type(const struct expression *x, const struct expr_scope *s, const char *expected,
    struct doc value, struct err *e)
{
	size_t len;
	char *text = doc_text(value, &len), *what;
	size_t shown = ident_cut(text, len, VALUE_SHOWN_MAX);

	what = xasprintf("returned an unexpected result type. Expected '%s', but was '%s' for "
			 "value: %.*s%s",
	    expected, type_name(value), (int)shown, text, shown < len ? "..." : "");
	fail(x, s, e, what);
	free(what);
	free(text);
	return -1;
}
