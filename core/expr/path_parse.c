/*
 * path_parse - the text of a JSONPath to its compiled form.
 *
 * Recursion happens only where paths stand in filters (or in the arguments of
 * functions) of paths; both that and the parentheses of a filter are bounded.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "expr/ident.h"
#include "expr/path.h"

#define PATH_SHOWN_MAX 200 /* bytes of the path that an error quotes */

struct path_parser {
	const char *s;
	size_t len, pos;
	unsigned nesting; /* paths around this one */
	unsigned depth;   /* parentheses open in the filter */
	struct err *e;
};

static struct jsonpath *path_parse_nested(struct path_parser *p);
static struct path_filter *filter_parse_or(struct path_parser *p);
static void filter_free(struct path_filter *f);

static int
path_fail(struct path_parser *p, const char *what)
{
	return err_set(p->e, "pawl.Path", "%s at position %zu of the path '%.*s'", what, p->pos,
	    (int)ident_cut(p->s, p->len, PATH_SHOWN_MAX), p->s);
}

static char
path_char(const struct path_parser *p)
{
	if (p->pos >= p->len)
		return '\0';
	return p->s[p->pos];
}

static bool
path_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
path_skip_blanks(struct path_parser *p)
{
	while (p->pos < p->len && path_is_blank(p->s[p->pos]))
		p->pos++;
}

static bool
path_take(struct path_parser *p, char c)
{
	if (p->pos >= p->len || p->s[p->pos] != c)
		return false;
	p->pos++;
	return true;
}

/* Takes a word when it stands here as a whole. */
static bool
path_take_text(struct path_parser *p, const char *text)
{
	size_t n = strlen(text);

	if (p->len - p->pos < n || memcmp(p->s + p->pos, text, n) != 0)
		return false;
	p->pos += n;
	return true;
}

/* --- pieces ---------------------------------------------------------------- */

static void
path_add_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
	} else if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_addc(b, (char)(0xe0 | c >> 12));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_addc(b, (char)(0xf0 | c >> 18));
		buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	}
}

static int
path_take_hex4(struct path_parser *p, uint32_t *out)
{
	size_t i;

	*out = 0;
	for (i = 0; i < 4; i++, p->pos++) {
		char c = path_char(p);

		if (c >= '0' && c <= '9')
			*out = *out * 16 + (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			*out = *out * 16 + (uint32_t)((c | 0x20) - 'a') + 10;
		else
			return path_fail(p, "A \\u escape needs four hexadecimal digits");
	}
	return 0;
}

/* What follows a backslash in a quoted name or string. */
static int
path_parse_escape(struct path_parser *p, struct buf *out)
{
	static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
	char c = path_char(p);
	const char *at;
	uint32_t hi, lo;

	p->pos++;
	if (c != 'u') {
		at = c != '\0' ? strchr(names, c) : NULL;
		if (at != NULL)
			c = values[at - names];
		buf_addc(out, c);
		return 0;
	}
	if (path_take_hex4(p, &hi) != 0)
		return -1;
	if (hi >= 0xd800 && hi < 0xdc00) {
		if (!path_take_text(p, "\\u") || path_take_hex4(p, &lo) != 0 || lo < 0xdc00 ||
		    lo > 0xdfff)
			return path_fail(p, "Half of a surrogate pair stands alone");
		hi = 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
	} else if (hi >= 0xdc00 && hi < 0xe000) {
		return path_fail(p, "Half of a surrogate pair stands alone");
	}
	path_add_utf8(out, hi);
	return 0;
}

/*
 * 'text' or "text" into out (initialised here); the quote stands at p. A backslash
 * before the other kind of quote is no escape: both characters are meant.
 */
static int
path_parse_quoted(struct path_parser *p, struct buf *out)
{
	const char quote = path_char(p), *other = quote == '"' ? "'" : "\"";

	buf_init(out, BUF_UNLIMITED);
	buf_adds(out, "");
	p->pos++;
	while (p->pos < p->len && p->s[p->pos] != quote) {
		if (p->s[p->pos] != '\\') {
			buf_addc(out, p->s[p->pos++]);
			continue;
		}
		p->pos++;
		if (p->pos >= p->len)
			break;
		if (p->s[p->pos] == *other)
			buf_addc(out, '\\');
		if (path_parse_escape(p, out) != 0)
			return -1;
	}
	if (!path_take(p, quote))
		return path_fail(p, "A quote is not closed");
	return 0;
}

static int
path_parse_int(struct path_parser *p, int32_t *out)
{
	bool negative = path_take(p, '-');
	int64_t v = 0;
	size_t begin = p->pos;

	while (path_char(p) >= '0' && path_char(p) <= '9') {
		v = v * 10 + (path_char(p) - '0');
		if (v > INT32_MAX)
			return path_fail(p, "An index is too large");
		p->pos++;
	}
	if (p->pos == begin)
		return path_fail(p, "An index is missing");
	*out = (int32_t)(negative ? -v : v);
	return 0;
}

/* --- steps ------------------------------------------------------------------ */

static struct path_step *
path_add_step(struct path_parser *p, struct jsonpath *path, enum path_step_kind kind)
{
	struct path_step *step;

	if (path->nsteps >= PATH_STEPS_MAX) {
		path_fail(p, "Too many steps");
		return NULL;
	}
	if ((path->nsteps & (path->nsteps - 1)) == 0)
		path->steps = xreallocarray(path->steps, path->nsteps ? path->nsteps * 2 : 1,
		    sizeof(*path->steps));
	step = &path->steps[path->nsteps++];
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	return step;
}

static int
path_add_name(struct path_parser *p, struct jsonpath *path, const char *s, size_t len)
{
	struct path_step *step = path_add_step(p, path, STEP_NAME);

	if (step == NULL)
		return -1;
	step->u.name.s = xstrndup(s, len);
	step->u.name.len = len;
	return 0;
}

/* Names in brackets, the first quote stands at p. One makes a STEP_NAME, several a STEP_NAMES. */
static int
path_parse_names(struct path_parser *p, struct jsonpath *path)
{
	struct path_step *step = path_add_step(p, path, STEP_NAMES);
	struct buf text;

	if (step == NULL)
		return -1;
	do {
		struct path_name *name;

		path_skip_blanks(p);
		if (path_char(p) != '\'' && path_char(p) != '"')
			return path_fail(p, "A quoted name is missing");
		if (path_parse_quoted(p, &text) != 0) {
			buf_fini(&text);
			return -1;
		}
		step->u.names.list = xreallocarray(step->u.names.list, step->u.names.n + 1,
		    sizeof(*step->u.names.list));
		name = &step->u.names.list[step->u.names.n++];
		name->s = buf_steal(&text, &name->len);
		path_skip_blanks(p);
	} while (path_take(p, ','));
	if (step->u.names.n == 1) {
		struct path_name *only = step->u.names.list;

		step->kind = STEP_NAME;
		step->u.name = *only;
		free(only);
	}
	return 0;
}

/* [from:to], from is read already. A third part is read and has no meaning. */
static int
path_parse_slice(struct path_parser *p, struct path_step *step, bool has_from, int32_t from)
{
	int32_t ignored;

	step->kind = STEP_SLICE;
	step->u.slice.has_from = has_from;
	step->u.slice.from = from;
	path_skip_blanks(p);
	if (path_char(p) != ']' && path_char(p) != ':') {
		if (path_parse_int(p, &step->u.slice.to) != 0)
			return -1;
		step->u.slice.has_to = true;
		path_skip_blanks(p);
	}
	if (!has_from && !step->u.slice.has_to)
		return path_fail(p, "A slice needs a number on one side");
	if (path_take(p, ':')) {
		path_skip_blanks(p);
		if (path_char(p) != ']' && path_parse_int(p, &ignored) != 0)
			return -1;
	}
	return 0;
}

static int
path_parse_indexes(struct path_parser *p, struct jsonpath *path)
{
	struct path_step *step = path_add_step(p, path, STEP_INDEX);
	int32_t *list = NULL;
	size_t n = 0;
	int rc = -1;

	if (step == NULL)
		return -1;
	if (path_take(p, ':'))
		return path_parse_slice(p, step, false, 0);
	do {
		list = xreallocarray(list, n + 1, sizeof(*list));
		path_skip_blanks(p);
		if (path_parse_int(p, &list[n++]) != 0)
			goto out;
		path_skip_blanks(p);
	} while (path_take(p, ','));
	if (n > 1) {
		step->kind = STEP_INDEXES;
		step->u.indexes.list = list;
		step->u.indexes.n = n;
		return 0;
	}
	step->u.index = list[0];
	rc = path_take(p, ':') ? path_parse_slice(p, step, true, list[0]) : 0;
out:
	free(list);
	return rc;
}

static int
path_parse_filter(struct path_parser *p, struct jsonpath *path)
{
	struct path_step *step = path_add_step(p, path, STEP_FILTER);

	if (step == NULL)
		return -1;
	path_skip_blanks(p);
	if (!path_take(p, '('))
		return path_fail(p, "A filter needs parentheses");
	step->u.filter = filter_parse_or(p);
	if (step->u.filter == NULL)
		return -1;
	path_skip_blanks(p);
	if (!path_take(p, ')'))
		return path_fail(p, "The filter is not closed");
	return 0;
}

/* From behind [ to behind ]. */
static int
path_parse_bracket(struct path_parser *p, struct jsonpath *path)
{
	int rc;

	path_skip_blanks(p);
	switch (path_char(p)) {
	case '\'':
	case '"':
		rc = path_parse_names(p, path);
		break;
	case '*':
		p->pos++;
		rc = path_add_step(p, path, STEP_WILDCARD) != NULL ? 0 : -1;
		break;
	case '?':
		p->pos++;
		rc = path_parse_filter(p, path);
		break;
	default:
		rc = path_parse_indexes(p, path);
		break;
	}
	if (rc != 0)
		return -1;
	path_skip_blanks(p);
	if (!path_take(p, ']'))
		return path_fail(p, "A ] is missing");
	return 0;
}

/* --- functions ----------------------------------------------------------------- */

static const char *const path_functions[] = {
	[FUNCTION_NONE] = "",
	[FUNCTION_MIN] = "min",
	[FUNCTION_MAX] = "max",
	[FUNCTION_AVG] = "avg",
	[FUNCTION_STDDEV] = "stddev",
	[FUNCTION_LENGTH] = "length",
	[FUNCTION_SUM] = "sum",
	[FUNCTION_KEYS] = "keys",
	[FUNCTION_CONCAT] = "concat",
	[FUNCTION_APPEND] = "append",
	[FUNCTION_FIRST] = "first",
	[FUNCTION_LAST] = "last",
	[FUNCTION_INDEX] = "index",
};

const char *
path_function_name(enum path_function f)
{
	return path_functions[f];
}

static enum path_function
path_find_function(const char *s, size_t len)
{
	size_t i;

	for (i = 1; i < sizeof(path_functions) / sizeof(*path_functions); i++)
		if (strlen(path_functions[i]) == len && memcmp(path_functions[i], s, len) == 0)
			return (enum path_function)i;
	return FUNCTION_NONE;
}

/* How far a JSON value reaches that begins at p: to the bracket that closes it. */
static int
path_parse_json(struct path_parser *p, struct doc *out)
{
	struct buf text;
	size_t open = 0;
	int rc = -1;

	buf_init(&text, BUF_UNLIMITED);
	do {
		char c = path_char(p);

		if (p->pos >= p->len) {
			path_fail(p, "A bracket is not closed");
			goto out;
		}
		if (c == '\'' || c == '"') {
			struct buf string;

			if (path_parse_quoted(p, &string) != 0) {
				buf_fini(&string);
				goto out;
			}
			buf_add_json_string(&text, string.data, string.len);
			buf_fini(&string);
			continue;
		}
		open += c == '[' || c == '{';
		open -= c == ']' || c == '}';
		buf_addc(&text, c);
		p->pos++;
	} while (open > 0);
	*out = doc_parse(buf_text(&text), text.len, NULL);
	if (doc_is_none(*out))
		path_fail(p, "This is not JSON");
	else
		rc = 0;
out:
	buf_fini(&text);
	return rc;
}

/* A number, or one of the bare words; a word that is none of ours is taken as a string. */
static int
path_parse_word(struct path_parser *p, struct doc *out)
{
	size_t begin = p->pos;
	char first = path_char(p);
	bool number = first == '-' || (first >= '0' && first <= '9');

	while (p->pos < p->len && !path_is_blank(p->s[p->pos]) &&
	    strchr("()[]{},<>=!~&|'\"", p->s[p->pos]) == NULL)
		p->pos++;
	if (p->pos == begin)
		return path_fail(p, "A value is missing");
	*out = doc_parse(p->s + begin, p->pos - begin, NULL);
	if (!doc_is_none(*out))
		return 0;
	if (number)
		return path_fail(p, "This is not a number");
	*out = doc_string(p->s + begin, p->pos - begin);
	return 0;
}

static int
path_parse_literal(struct path_parser *p, struct doc *out)
{
	struct buf text;
	int rc;

	switch (path_char(p)) {
	case '\'':
	case '"':
		rc = path_parse_quoted(p, &text);
		if (rc == 0)
			*out = doc_string(buf_text(&text), text.len);
		buf_fini(&text);
		return rc;
	case '[':
	case '{':
		return path_parse_json(p, out);
	default:
		return path_parse_word(p, out);
	}
}

/* From behind ( to behind ). */
static int
path_parse_arguments(struct path_parser *p, struct jsonpath *path)
{
	path_skip_blanks(p);
	if (path_take(p, ')'))
		return 0;
	do {
		struct path_argument *a;

		path->arguments =
		    xreallocarray(path->arguments, path->narguments + 1, sizeof(*path->arguments));
		a = &path->arguments[path->narguments++];
		*a = (struct path_argument){ DOC_NONE, NULL };
		path_skip_blanks(p);
		if (path_char(p) == '$' || path_char(p) == '@') {
			a->path = path_parse_nested(p);
			if (a->path == NULL)
				return -1;
		} else if (path_parse_literal(p, &a->literal) != 0) {
			return -1;
		}
		path_skip_blanks(p);
	} while (path_take(p, ','));
	if (!path_take(p, ')'))
		return path_fail(p, "A ) is missing");
	return 0;
}

/* --- a whole path ---------------------------------------------------------------- */

/* Does a dot name end here? Inside a filter operators end it too. */
static bool
path_name_ends(const struct path_parser *p)
{
	char c = path_char(p);

	if (p->pos >= p->len || path_is_blank(c) || c == '.' || c == '[' || c == '(' || c == ')')
		return true;
	if (p->nesting == 0)
		return false;
	if ((c == '&' || c == '|') && p->pos + 1 < p->len)
		return p->s[p->pos + 1] == c;
	return c == '<' || c == '>' || c == '=' || c == '~' || c == '!' || c == ',' || c == ']';
}

/* What may follow a dot: a wildcard, a bracket, a function or a name. */
static int
path_parse_dotted(struct path_parser *p, struct jsonpath *path)
{
	size_t begin = p->pos;

	if (path_take(p, '['))
		return path_parse_bracket(p, path);
	if (path_take(p, '*')) {
		if (!path_name_ends(p))
			return path_fail(p, "A name may not begin with *");
		return path_add_step(p, path, STEP_WILDCARD) != NULL ? 0 : -1;
	}
	while (!path_name_ends(p))
		p->pos++;
	if (p->pos == begin)
		return path_fail(p, "A name is missing");
	if (path_char(p) != '(')
		return path_add_name(p, path, p->s + begin, p->pos - begin);
	path->function = path_find_function(p->s + begin, p->pos - begin);
	if (path->function == FUNCTION_NONE)
		return path_fail(p, "There is no function of that name");
	p->pos++;
	return path_parse_arguments(p, path);
}

static int
path_parse_steps(struct path_parser *p, struct jsonpath *path)
{
	while (path->function == FUNCTION_NONE) {
		if (path_take_text(p, "..")) {
			if (path_add_step(p, path, STEP_SCAN) == NULL ||
			    path_parse_dotted(p, path) != 0)
				return -1;
			if (path->function != FUNCTION_NONE)
				return path_fail(p, "A function cannot follow ..");
		} else if (path_take(p, '.')) {
			if (path_parse_dotted(p, path) != 0)
				return -1;
		} else if (path_take(p, '[')) {
			if (path_parse_bracket(p, path) != 0)
				return -1;
		} else {
			break;
		}
	}
	return 0;
}

/* Counts the steps before the first that may give more than one node. */
static void
path_count_definite(struct jsonpath *path)
{
	size_t i;

	for (i = 0; i < path->nsteps; i++) {
		enum path_step_kind kind = path->steps[i].kind;
		bool leaf = i + 1 == path->nsteps && path->function == FUNCTION_NONE;

		if (kind != STEP_NAME && kind != STEP_INDEX && !(kind == STEP_NAMES && leaf))
			break;
	}
	path->ndefinite = i;
}

/* The root is taken already. */
static int
path_parse_rest(struct path_parser *p, struct jsonpath *path)
{
	if (path_parse_steps(p, path) != 0)
		return -1;
	path_count_definite(path);
	if (path->nsteps > 0)
		path->steps = xreallocarray(path->steps, path->nsteps, sizeof(*path->steps));
	return 0;
}

/* A path inside another, from its @ or $ to where it ends. */
static struct jsonpath *
path_parse_nested(struct path_parser *p)
{
	struct jsonpath *path;
	size_t begin = p->pos;
	unsigned depth = p->depth;
	int rc;

	if (p->nesting >= PATH_NESTING_MAX) {
		path_fail(p, "Too many paths inside each other");
		return NULL;
	}
	path = xcalloc(1, sizeof(*path));
	path->current = path_char(p) == '@';
	p->pos++;
	p->nesting++;
	p->depth = 0;
	rc = path_parse_rest(p, path);
	p->depth = depth;
	p->nesting--;
	if (rc != 0) {
		jsonpath_free(path);
		return NULL;
	}
	path->text = xstrndup(p->s + begin, p->pos - begin);
	return path;
}

struct jsonpath *
jsonpath_compile(const char *text, size_t len, struct err *e)
{
	struct path_parser p = { .s = text, .len = len, .e = e };
	struct jsonpath *path;
	size_t n;

	while (p.len > 0 && path_is_blank(text[p.len - 1]))
		p.len--;
	if (!path_take(&p, '$')) {
		path_fail(&p, "A path begins with $: it is missing");
		return NULL;
	}
	path = xcalloc(1, sizeof(*path));
	path->text = xstrndup(text, len);
	n = ident_length(text + p.pos, p.len - p.pos);
	if (path_take(&p, '$')) {
		path->root = JSONPATH_CONTEXT;
	} else if (n > 0) {
		path->root = JSONPATH_VARIABLE;
		path->variable = xstrndup(text + p.pos, n);
		p.pos += n;
	}
	if (memchr(text, '\0', len) != NULL || path_parse_rest(&p, path) != 0)
		goto fail;
	if (p.pos < p.len) {
		path_fail(&p, "A . or [ is missing");
		goto fail;
	}
	return path;
fail:
	if (e != NULL && !err_is_set(e))
		path_fail(&p, "A NUL character stands");
	jsonpath_free(path);
	return NULL;
}

/* --- filters ---------------------------------------------------------------------- */

static struct path_filter *
filter_new(enum filter_op op)
{
	struct path_filter *f = xcalloc(1, sizeof(*f));

	f->op = op;
	return f;
}

static void
filter_add_kid(struct path_filter *f, struct path_filter *kid)
{
	f->kids = xreallocarray(f->kids, f->nkids + 1, sizeof(*f->kids));
	f->kids[f->nkids++] = kid;
}

static int
filter_parse_regex(struct path_parser *p, struct filter_operand *o)
{
	size_t begin = ++p->pos;
	size_t end;
	int flags = 0;
	struct err why = ERR_INIT;

	while (p->pos < p->len && p->s[p->pos] != '/')
		p->pos += p->s[p->pos] == '\\' && p->pos + 1 < p->len ? 2 : 1;
	end = p->pos;
	if (!path_take(p, '/'))
		return path_fail(p, "A regular expression is not closed");
	for (; path_char(p) >= 'a' && path_char(p) <= 'z'; p->pos++) {
		switch (path_char(p)) {
		case 'i':
			flags |= REGEX_IGNORE_CASE;
			break;
		case 'm':
			flags |= REGEX_MULTILINE;
			break;
		case 's':
			flags |= REGEX_DOT_ALL;
			break;
		case 'u':
		case 'd':
			break;
		default:
			return path_fail(p, "A regular expression has no such flag");
		}
	}
	o->regex = regex_compile(p->s + begin, end - begin, flags, &why);
	if (o->regex == NULL)
		path_fail(p, err_cause(&why));
	err_fini(&why);
	return o->regex != NULL ? 0 : -1;
}

static int
filter_parse_operand(struct path_parser *p, struct filter_operand *o)
{
	path_skip_blanks(p);
	switch (path_char(p)) {
	case '@':
	case '$':
		o->path = path_parse_nested(p);
		return o->path != NULL ? 0 : -1;
	case '/':
		return filter_parse_regex(p, o);
	default:
		return path_parse_literal(p, &o->literal);
	}
}

/* The operator between two operands. False = there is none here. */
static bool
filter_parse_operator(struct path_parser *p, enum filter_op *op)
{
	/* Longer ones before their beginnings. */
	static const struct {
		const char *text;
		enum filter_op op;
	} symbols[] = {
		{ "===", FILTER_SAME },
		{ "!==", FILTER_NOT_SAME },
		{ "==", FILTER_EQ },
		{ "!=", FILTER_NE },
		{ "<=", FILTER_LE },
		{ ">=", FILTER_GE },
		{ "=~", FILTER_MATCHES },
		{ "<", FILTER_LT },
		{ ">", FILTER_GT },
	}, words[] = {
		{ "in", FILTER_IN },
		{ "nin", FILTER_NIN },
		{ "subsetof", FILTER_SUBSETOF },
		{ "anyof", FILTER_ANYOF },
		{ "noneof", FILTER_NONEOF },
		{ "all", FILTER_ALL },
		{ "size", FILTER_SIZE },
		{ "empty", FILTER_EMPTY },
		{ "contains", FILTER_CONTAINS },
	};
	size_t begin, end, i;

	path_skip_blanks(p);
	for (i = 0; i < sizeof(symbols) / sizeof(*symbols); i++) {
		if (path_take_text(p, symbols[i].text)) {
			*op = symbols[i].op;
			return true;
		}
	}
	begin = end = p->pos;
	while (end < p->len && (p->s[end] | 0x20) >= 'a' && (p->s[end] | 0x20) <= 'z')
		end++;
	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strlen(words[i].text) == end - begin &&
		    strncasecmp(words[i].text, p->s + begin, end - begin) == 0) {
			p->pos = end;
			*op = words[i].op;
			return true;
		}
	}
	return false;
}

/* operand [ op operand ] */
static struct path_filter *
filter_parse_term(struct path_parser *p)
{
	struct path_filter *f = filter_new(FILTER_EXISTS);

	if (filter_parse_operand(p, &f->left) != 0)
		goto fail;
	if (filter_parse_operator(p, &f->op)) {
		if (filter_parse_operand(p, &f->right) != 0)
			goto fail;
	} else if (f->left.path == NULL) {
		path_fail(p, "A literal alone is no condition; an operator is missing");
		goto fail;
	}
	if (f->op == FILTER_MATCHES && (f->left.regex == NULL) == (f->right.regex == NULL)) {
		path_fail(p, "=~ needs one regular expression");
		goto fail;
	}
	return f;
fail:
	filter_free(f);
	return NULL;
}

/* ["!"] ( "(" or ")" | term ) */
static struct path_filter *
filter_parse_not(struct path_parser *p)
{
	struct path_filter *f = NULL, *inner;

	path_skip_blanks(p);
	if (p->depth >= PATH_PARENTHESES_MAX) {
		path_fail(p, "Too many parentheses inside each other");
		return NULL;
	}
	p->depth++;
	if (path_take(p, '!')) {
		inner = filter_parse_not(p);
		if (inner != NULL) {
			f = filter_new(FILTER_NOT);
			filter_add_kid(f, inner);
		}
	} else if (path_take(p, '(')) {
		f = filter_parse_or(p);
		path_skip_blanks(p);
		if (f != NULL && !path_take(p, ')')) {
			path_fail(p, "A ) is missing");
			filter_free(f);
			f = NULL;
		}
	} else {
		f = filter_parse_term(p);
	}
	p->depth--;
	return f;
}

/* A list of next, joined by word; one alone stands for itself. */
static struct path_filter *
filter_parse_list(struct path_parser *p, enum filter_op op, const char *word,
    struct path_filter *(*next)(struct path_parser *p))
{
	struct path_filter *f = next(p), *list, *more;

	path_skip_blanks(p);
	if (f == NULL || !path_take_text(p, word))
		return f;
	list = filter_new(op);
	filter_add_kid(list, f);
	do {
		more = next(p);
		if (more == NULL) {
			filter_free(list);
			return NULL;
		}
		filter_add_kid(list, more);
		path_skip_blanks(p);
	} while (path_take_text(p, word));
	return list;
}

static struct path_filter *
filter_parse_and(struct path_parser *p)
{
	return filter_parse_list(p, FILTER_AND, "&&", filter_parse_not);
}

static struct path_filter *
filter_parse_or(struct path_parser *p)
{
	return filter_parse_list(p, FILTER_OR, "||", filter_parse_and);
}

/* --- life ---------------------------------------------------------------------------- */

static void
filter_operand_fini(struct filter_operand *o)
{
	doc_unref(o->literal);
	jsonpath_free(o->path);
	regex_free(o->regex);
}

static void
filter_free(struct path_filter *f)
{
	size_t i;

	if (f == NULL)
		return;
	for (i = 0; i < f->nkids; i++)
		filter_free(f->kids[i]);
	free(f->kids);
	filter_operand_fini(&f->left);
	filter_operand_fini(&f->right);
	free(f);
}

static void
path_step_fini(struct path_step *step)
{
	size_t i;

	switch (step->kind) {
	case STEP_NAME:
		free(step->u.name.s);
		break;
	case STEP_NAMES:
		for (i = 0; i < step->u.names.n; i++)
			free(step->u.names.list[i].s);
		free(step->u.names.list);
		break;
	case STEP_INDEXES:
		free(step->u.indexes.list);
		break;
	case STEP_FILTER:
		filter_free(step->u.filter);
		break;
	default:
		break;
	}
}

void
jsonpath_free(struct jsonpath *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->nsteps; i++)
		path_step_fini(&p->steps[i]);
	free(p->steps);
	for (i = 0; i < p->narguments; i++) {
		doc_unref(p->arguments[i].literal);
		jsonpath_free(p->arguments[i].path);
	}
	free(p->arguments);
	free(p->variable);
	free(p->text);
	free(p);
}
