/*
 * intrinsic - calls of the intrinsic functions: compiled once, evaluated often.
 */
#include "expr/intrinsic.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "expr/bound.h"
#include "expr/ident.h"
#include "expr/intrinsic_fn.h"
#include "expr/jsonpath.h"

#define PREFIX "States."
#define INTRINSIC_NESTING_MAX 10
#define INTRINSIC_SHOWN_MAX 200 /* bytes of the text that an error quotes */

struct intrinsic_argument {
	struct doc literal;
	char *raw; /* a string literal's text with its escapes */
	size_t raw_len;
	struct jsonpath *path;
	struct intrinsic *call;
};

struct intrinsic {
	const struct intrinsic_function *function;
	struct intrinsic_argument *args;
	size_t n;
};

/* --- compile ---------------------------------------------------------------- */

struct intrinsic_parser {
	const char *s;
	size_t len, pos;
	unsigned depth;
	struct err *e;
};

static struct intrinsic *intrinsic_parse_call(struct intrinsic_parser *p);

static int
intrinsic_fail(struct intrinsic_parser *p, const char *what)
{
	return err_set(p->e, "pawl.Intrinsic", "%s at position %zu of '%.*s'", what, p->pos,
	    (int)ident_cut(p->s, p->len, INTRINSIC_SHOWN_MAX), p->s);
}

static char
intrinsic_char(const struct intrinsic_parser *p)
{
	if (p->pos >= p->len)
		return '\0';
	return p->s[p->pos];
}

static void
intrinsic_skip_blanks(struct intrinsic_parser *p)
{
	while (p->pos < p->len && strchr(" \t\r\n", p->s[p->pos]) != NULL && p->s[p->pos] != '\0')
		p->pos++;
}

bool
intrinsic_is_call(const char *text, size_t len)
{
	return len >= strlen(PREFIX) && memcmp(text, PREFIX, strlen(PREFIX)) == 0;
}

/* 'text'; only \' \{ \} and \\ are escapes. */
static int
intrinsic_parse_string(struct intrinsic_parser *p, struct intrinsic_argument *a)
{
	size_t begin = ++p->pos;
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	while (p->pos < p->len && p->s[p->pos] != '\'') {
		if (p->s[p->pos] == '\\') {
			p->pos++;
			if (p->pos >= p->len || strchr("'{}\\", p->s[p->pos]) == NULL) {
				buf_fini(&text);
				return intrinsic_fail(p,
				    "A backslash may only stand before ' { } and \\");
			}
		}
		buf_addc(&text, p->s[p->pos++]);
	}
	a->raw = xstrndup(p->s + begin, p->pos - begin);
	a->raw_len = p->pos - begin;
	a->literal = doc_string(buf_text(&text), text.len);
	buf_fini(&text);
	if (intrinsic_char(p) != '\'')
		return intrinsic_fail(p, "A string is not closed");
	p->pos++;
	return 0;
}

/* The end of a path: a , or ) that stands in no bracket of its own. */
static size_t
intrinsic_path_end(const struct intrinsic_parser *p)
{
	size_t open = 0, i;
	char quote = '\0';

	for (i = p->pos; i < p->len; i++) {
		char c = p->s[i];

		if (quote != '\0') {
			if (c == '\\')
				i++;
			else if (c == quote)
				quote = '\0';
		} else if (open > 0 && (c == '\'' || c == '"')) {
			quote = c;
		} else if (c == '[' || c == '(') {
			open++;
		} else if (open == 0 && (c == ',' || c == ')')) {
			break;
		} else if (c == ']' || c == ')') {
			open -= open > 0;
		}
	}
	return i < p->len ? i : p->len;
}

static int
intrinsic_parse_path(struct intrinsic_parser *p, struct intrinsic_argument *a)
{
	size_t end = intrinsic_path_end(p);

	a->path = jsonpath_compile(p->s + p->pos, end - p->pos, NULL);
	if (a->path == NULL)
		return intrinsic_fail(p, "This is no path");
	p->pos = end;
	return 0;
}

/* A number, true, false, null. */
static int
intrinsic_parse_word(struct intrinsic_parser *p, struct intrinsic_argument *a)
{
	size_t begin = p->pos, n;

	while (p->pos < p->len && strchr(",)( \t\r\n", p->s[p->pos]) == NULL)
		p->pos++;
	n = p->pos - begin;
	a->literal = doc_parse(p->s + begin, n, NULL);
	if (doc_is_none(a->literal) || doc_len(a->literal) > 0 ||
	    strchr("[{\"", p->s[begin]) != NULL) {
		p->pos = begin;
		return intrinsic_fail(p, "This is no argument");
	}
	return 0;
}

static int
intrinsic_parse_argument(struct intrinsic_parser *p, struct intrinsic_argument *a)
{
	char c = intrinsic_char(p);

	if (c == '$')
		return intrinsic_parse_path(p, a);
	if (c == '\'')
		return intrinsic_parse_string(p, a);
	if (intrinsic_is_call(p->s + p->pos, p->len - p->pos)) {
		a->call = intrinsic_parse_call(p);
		return a->call != NULL ? 0 : -1;
	}
	return intrinsic_parse_word(p, a);
}

/* Does a literal fit the letter? Paths and calls show their type only when evaluated. */
static bool
intrinsic_fits(const struct intrinsic_argument *a, char letter)
{
	enum doc_type type;

	if (doc_is_none(a->literal) || letter == 'x')
		return true;
	type = doc_type(a->literal);
	switch (letter) {
	case 's':
		return type == DOC_STRING;
	case 'n':
		return type == DOC_NUMBER;
	case 'b':
		return type == DOC_FALSE || type == DOC_TRUE;
	default: /* a, o: there are no such literals */
		return false;
	}
}

/* Count and types of the arguments against the function's letters. */
static int
intrinsic_check(struct intrinsic_parser *p, const struct intrinsic *f)
{
	const char *letter = f->function->arguments;
	bool optional = false;
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (*letter == '?')
			letter++;
		if (*letter == '\0')
			return intrinsic_fail(p, "Too many arguments");
		if (!intrinsic_fits(&f->args[i], *letter))
			return intrinsic_fail(p, "An argument has the wrong type");
		if (letter[1] != '*')
			letter++;
	}
	optional = *letter == '\0' || *letter == '?' || letter[1] == '*';
	return optional ? 0 : intrinsic_fail(p, "An argument is missing");
}

/* From behind ( to behind ). */
static int
intrinsic_parse_arguments(struct intrinsic_parser *p, struct intrinsic *f)
{
	intrinsic_skip_blanks(p);
	if (intrinsic_char(p) == ')') {
		p->pos++;
		return 0;
	}
	for (;;) {
		struct intrinsic_argument *a;

		f->args = xreallocarray(f->args, f->n + 1, sizeof(*f->args));
		a = &f->args[f->n++];
		memset(a, 0, sizeof(*a));
		intrinsic_skip_blanks(p);
		if (intrinsic_parse_argument(p, a) != 0)
			return -1;
		intrinsic_skip_blanks(p);
		if (intrinsic_char(p) == ')') {
			p->pos++;
			return 0;
		}
		if (intrinsic_char(p) != ',')
			return intrinsic_fail(p, "A , or ) is missing");
		p->pos++;
	}
}

/* No function has that name; the one most like it is proposed. */
static void
intrinsic_fail_name(struct intrinsic_parser *p, const char *name, size_t len)
{
	struct similar s;
	const char *best;
	char *what;

	if (p->e == NULL)
		return;
	similar_init(&s, name, len);
	intrinsic_offer_names(&s);
	best = similar_best(&s);
	what = xasprintf("There is no intrinsic function '" PREFIX "%.*s'%s%s%s",
	    (int)ident_cut(name, len, INTRINSIC_SHOWN_MAX), name,
	    best != NULL ? " (did you mean '" PREFIX : "", best != NULL ? best : "",
	    best != NULL ? "'?)" : "");
	intrinsic_fail(p, what);
	free(what);
}

/* States.Name(...); the prefix stands at p. */
static struct intrinsic *
intrinsic_parse_call(struct intrinsic_parser *p)
{
	struct intrinsic *f;
	size_t begin;

	if (p->depth >= INTRINSIC_NESTING_MAX) {
		intrinsic_fail(p, "Too many calls inside each other");
		return NULL;
	}
	p->pos += strlen(PREFIX);
	begin = p->pos;
	while ((intrinsic_char(p) | 0x20) >= 'a' && (intrinsic_char(p) | 0x20) <= 'z')
		p->pos++;
	while (intrinsic_char(p) >= '0' && intrinsic_char(p) <= '9')
		p->pos++;
	while ((intrinsic_char(p) | 0x20) >= 'a' && (intrinsic_char(p) | 0x20) <= 'z')
		p->pos++;
	f = xcalloc(1, sizeof(*f));
	f->function = intrinsic_find(p->s + begin, p->pos - begin);
	p->depth++;
	if (f->function == NULL) {
		intrinsic_fail_name(p, p->s + begin, p->pos - begin);
	} else if (intrinsic_char(p) != '(') {
		intrinsic_fail(p, "A ( is missing");
	} else {
		p->pos++;
		if (intrinsic_parse_arguments(p, f) == 0 && intrinsic_check(p, f) == 0) {
			p->depth--;
			return f;
		}
	}
	intrinsic_free(f);
	return NULL;
}

struct intrinsic *
intrinsic_compile(const char *text, size_t len, struct err *e)
{
	struct intrinsic_parser p = { .s = text, .len = len, .e = e };
	struct intrinsic *f;

	if (!intrinsic_is_call(text, len) || memchr(text, '\0', len) != NULL) {
		intrinsic_fail(&p, "No call of an intrinsic function stands");
		return NULL;
	}
	f = intrinsic_parse_call(&p);
	intrinsic_skip_blanks(&p);
	if (f != NULL && p.pos < len) {
		intrinsic_fail(&p, "Something follows the call");
		intrinsic_free(f);
		return NULL;
	}
	return f;
}

void
intrinsic_free(struct intrinsic *f)
{
	size_t i;

	if (f == NULL)
		return;
	for (i = 0; i < f->n; i++) {
		doc_unref(f->args[i].literal);
		free(f->args[i].raw);
		jsonpath_free(f->args[i].path);
		intrinsic_free(f->args[i].call);
	}
	free(f->args);
	free(f);
}

const char *
intrinsic_name(const struct intrinsic *f)
{
	return f->function->name;
}

void
intrinsic_variables(const struct intrinsic *f, void (*cb)(void *arg, const char *name), void *arg)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		const struct intrinsic_argument *a = &f->args[i];

		if (a->path != NULL && jsonpath_root_kind(a->path) == JSONPATH_VARIABLE)
			cb(arg, jsonpath_variable(a->path));
		if (a->call != NULL)
			intrinsic_variables(a->call, cb, arg);
	}
}

/* --- evaluate ------------------------------------------------------------------ */

static int
intrinsic_path_fail(const struct jsonpath *p, const struct expr_scope *s, struct err *e)
{
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	buf_addf(&text,
	    "The JsonPath argument for the field '%s' could not be found in the input '",
	    jsonpath_text(p));
	jsonpath_show_root(p, s, &text);
	buf_addc(&text, '\'');
	err_set_text(e, "States.Runtime", text.data, text.len);
	buf_fini(&text);
	return -1;
}

static int
intrinsic_argument_eval(const struct intrinsic_argument *a, const struct expr_scope *s,
    struct doc *out, struct err *e)
{
	if (a->call != NULL)
		return intrinsic_eval(a->call, s, out, e);
	if (a->path == NULL) {
		*out = doc_ref(a->literal);
		return 0;
	}
	if (jsonpath_eval(a->path, s, out, NULL) == 0)
		return 0;
	return intrinsic_path_fail(a->path, s, e);
}

/* A value of another type than the function's letter. */
static int
intrinsic_check_value(const struct intrinsic *f, size_t i, char letter, struct doc v, struct err *e)
{
	static const char letters[] = "snbao";
	static const char *const names[] = { "a string", "a number", "a boolean", "an array",
		"an object" };
	enum doc_type type = doc_type(v);
	bool fits;

	switch (letter) {
	case 's':
		fits = type == DOC_STRING;
		break;
	case 'n':
		fits = type == DOC_NUMBER;
		break;
	case 'b':
		fits = doc_is_bool(v);
		break;
	case 'a':
		fits = type == DOC_ARRAY;
		break;
	case 'o':
		fits = type == DOC_OBJECT;
		break;
	default:
		return 0;
	}
	if (fits)
		return 0;
	return err_set(e, "States.IntrinsicFailure", "Argument %zu of States.%s must be %s", i + 1,
	    f->function->name, names[strchr(letters, letter) - letters]);
}

static int
intrinsic_eval_arguments(const struct intrinsic *f, const struct expr_scope *s, struct doc *args,
    struct err *e)
{
	const char *letter = f->function->arguments;
	size_t i;

	for (i = 0; i < f->n; i++) {
		letter += *letter == '?';
		if (intrinsic_argument_eval(&f->args[i], s, &args[i], e) != 0 ||
		    intrinsic_check_value(f, i, *letter, args[i], e) != 0)
			return -1;
		letter += letter[1] != '*';
	}
	return 0;
}

int
intrinsic_eval(const struct intrinsic *f, const struct expr_scope *s, struct doc *out,
    struct err *e)
{
	struct doc *args = xcalloc(f->n + 1, sizeof(*args));
	struct intrinsic_call c = { .name = f->function->name,
		.args = args,
		.n = f->n,
		.random = s->random,
		.aws_limits = s->aws_limits };
	size_t i;
	int rc;

	*out = DOC_NONE;
	if (f->n > 0) {
		c.literal = f->args[0].raw;
		c.literal_len = f->args[0].raw_len;
	}
	rc = intrinsic_eval_arguments(f, s, args, e);
	if (rc == 0)
		rc = f->function->fn(&c, out, e);
	if (rc == 0 && !expr_fits(*out)) {
		doc_unref(*out);
		*out = DOC_NONE;
		rc = err_set(e, "States.IntrinsicFailure",
		    "States.%s: the result is larger or nested deeper than a document may be",
		    c.name);
	}
	for (i = 0; i < f->n; i++)
		doc_unref(args[i]);
	free(args);
	return rc;
}
