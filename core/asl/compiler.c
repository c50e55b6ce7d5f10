/*
 * compiler - what the parts of the definition compiler share: where they are,
 * what they report, how they read a field.
 */
#include "asl/compiler.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "expr/ident.h"

#define WARNINGS_MAX 100 /* so that they leave room for errors */

/* --- places ------------------------------------------------------------------ */

struct place
place_name(const struct place *up, const char *name)
{
	return (struct place){ .up = up, .name = name, .len = strlen(name) };
}

struct place
place_index(const struct place *up, size_t index)
{
	return (struct place){ .up = up, .index = index };
}

static void
place_print_part(const struct place *at, struct buf *out)
{
	if (at == NULL)
		return;
	place_print_part(at->up, out);
	if (at->name == NULL) {
		buf_addf(out, "[%zu]", at->index);
		return;
	}
	buf_addc(out, '/');
	buf_add(out, at->name, ident_cut(at->name, at->len, DIAGNOSTIC_NAME_MAX));
}

void
place_print(const struct place *at, struct buf *out)
{
	if (at == NULL)
		buf_addc(out, '/');
	else
		place_print_part(at, out);
}

char *
text_shown(struct doc d)
{
	struct buf scratch;
	const char *s;
	char *text;
	size_t len;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(d, &scratch, &len);
	text = xstrndup(s, ident_cut(s, len, DIAGNOSTIC_NAME_MAX));
	buf_fini(&scratch);
	return text;
}

/* --- reporting ----------------------------------------------------------------- */

static struct diagnostic *
report_to(struct diagnostics *d, enum diagnostic_severity severity, const struct place *at,
    const char *code, const char *fmt, va_list ap)
{
	struct diagnostic *g;
	struct buf location;

	buf_init(&location, BUF_UNLIMITED);
	place_print(at, &location);
	g = diagnostics_vadd(d, severity, code, buf_text(&location), fmt, ap);
	buf_fini(&location);
	return g;
}

struct diagnostic *
report(struct compiler *c, const struct place *at, const char *code, const char *fmt, ...)
{
	struct diagnostic *g;
	va_list ap;

	va_start(ap, fmt);
	g = report_to(c->d, DIAGNOSTIC_ERROR, at, code, fmt, ap);
	va_end(ap);
	return g;
}

struct diagnostic *
report_field(const struct part *p, const char *field, const char *fmt, ...)
{
	struct place at = place_name(p->at, field);
	struct diagnostic *g;
	va_list ap;

	va_start(ap, fmt);
	g = report_to(p->c->d, DIAGNOSTIC_ERROR, &at, SCHEMA, fmt, ap);
	va_end(ap);
	return g;
}

struct diagnostic *
report_unknown(const struct part *p, const char *key)
{
	struct diagnostic *g = report(p->c, p->at, SCHEMA, "Field '%s' is not supported", key);

	help_key(g, key);
	return g;
}

static bool
has_room_for_warnings(const struct diagnostics *d)
{
	return d->n - (d->nerrors < d->n ? d->nerrors : d->n) < WARNINGS_MAX;
}

struct diagnostic *
report_warning(const struct part *p, const char *field, const char *code, const char *fmt, ...)
{
	struct place at = place_name(p->at, field);
	struct diagnostic *g;
	va_list ap;

	if (!has_room_for_warnings(p->c->d))
		return NULL;
	va_start(ap, fmt);
	g = report_to(p->c->d, DIAGNOSTIC_WARNING, &at, code, fmt, ap);
	va_end(ap);
	return g;
}

void
report_warning_at(struct compiler *c, const struct place *at, const char *code, const char *fmt,
    ...)
{
	va_list ap;

	if (!has_room_for_warnings(c->d))
		return;
	va_start(ap, fmt);
	report_to(c->d, DIAGNOSTIC_WARNING, at, code, fmt, ap);
	va_end(ap);
}

void
refuse_unbuilt(struct compiler *c, const struct place *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_to(&c->unbuilt, DIAGNOSTIC_ERROR, at, SCHEMA, fmt, ap);
	va_end(ap);
}

/* --- help ------------------------------------------------------------------------ */

void
help_below(struct diagnostic *g, const struct place *below, bool at_key)
{
	struct buf b;

	if (g == NULL)
		return;
	buf_init(&b, BUF_UNLIMITED);
	place_print(below, &b);
	free(g->below);
	g->below = buf_steal(&b, NULL);
	g->at_key = at_key;
}

void
help_key(struct diagnostic *g, const char *key)
{
	struct place below = place_name(NULL, key);

	help_below(g, &below, true);
}

void
help_words(struct diagnostic *g, struct doc v, const char *const *words, size_t n)
{
	struct similar s;
	struct buf scratch;
	const char *word;
	size_t len, i;

	if (g == NULL || doc_type(v) != DOC_STRING)
		return;
	buf_init(&scratch, BUF_UNLIMITED);
	word = doc_str(v, &scratch, &len);
	similar_init(&s, word, len);
	for (i = 0; i < n; i++) {
		assert(words[i] != NULL);
		similar_offer(&s, words[i], strlen(words[i]));
	}
	diagnostic_suggest(g, &s);
	buf_fini(&scratch);
}

/* --- fields ---------------------------------------------------------------------- */

struct doc
field_get(const struct part *p, const char *field)
{
	return doc_gets(p->def, field);
}

static struct doc
field_typed(const struct part *p, const char *field, enum doc_type type, const char *type_name)
{
	struct doc v = field_get(p, field);

	if (doc_is_none(v) || doc_type(v) == type)
		return v;
	report_field(p, field, "Expected value of type [%s]", type_name);
	return DOC_NONE;
}

struct doc
field_string(const struct part *p, const char *field)
{
	return field_typed(p, field, DOC_STRING, "STRING");
}

struct doc
field_object(const struct part *p, const char *field)
{
	return field_typed(p, field, DOC_OBJECT, "OBJECT");
}

struct doc
field_array(const struct part *p, const char *field)
{
	return field_typed(p, field, DOC_ARRAY, "ARRAY");
}

bool
field_integer(const struct part *p, const char *field, int64_t min, int64_t max, int64_t *out)
{
	struct doc v = field_get(p, field);

	if (doc_is_none(v))
		return false;
	if (!doc_i64(v, out)) {
		report_field(p, field, "Expected value of type [INTEGER]");
		return false;
	}
	if (*out >= min && *out <= max)
		return true;
	report_field(p, field, "Value must be between %" PRId64 " and %" PRId64, min, max);
	return false;
}

bool
field_number(const struct part *p, const char *field, double min, double max, double *out)
{
	struct doc v = field_get(p, field);

	if (doc_is_none(v))
		return false;
	if (!doc_f64(v, out)) {
		report_field(p, field, "Expected value of type [NUMBER]");
		return false;
	}
	if (*out >= min && *out <= max)
		return true;
	if (max < 1e300)
		report_field(p, field, "Value must be between %g and %g", min, max);
	else
		report_field(p, field, "Value must be at least %g", min);
	return false;
}

enum expression_mark
field_mark(const struct part *p, struct doc value)
{
	struct buf scratch;
	const char *s;
	size_t len;
	enum expression_mark mark;

	if (p->language == QUERY_JSONPATH || doc_is_none(value) || doc_type(value) != DOC_STRING)
		return EXPRESSION_NOT;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(value, &scratch, &len);
	mark = expression_mark(s, len);
	buf_fini(&scratch);
	return mark;
}

bool
field_is_expression(const struct part *p, struct doc value)
{
	return field_mark(p, value) == EXPRESSION_WHOLE;
}

int
field_choice(const struct part *p, const char *field, const char *const *values, size_t n)
{
	struct doc v = field_string(p, field);
	struct buf list;
	size_t i;

	if (doc_is_none(v))
		return -1;
	for (i = 0; i < n; i++)
		if (doc_str_is(v, values[i]))
			return (int)i;
	buf_init(&list, BUF_UNLIMITED);
	for (i = 0; i < n; i++)
		buf_addf(&list, "%s%s", i > 0 ? ", " : "", values[i]);
	help_words(report_field(p, field, "Value should be one of the following: [%s]",
		       buf_text(&list)),
	    v, values, n);
	buf_fini(&list);
	return -1;
}

bool
field_conflict(const struct part *p, const char *a, const char *b)
{
	if (doc_is_none(field_get(p, a)) || doc_is_none(field_get(p, b)))
		return false;
	help_key(report(p->c, p->at, SCHEMA, "These fields are mutually exclusive: [%s, %s]", a, b),
	    b);
	return true;
}

bool
fields_require(const struct part *p, const char *const *names)
{
	struct buf list;
	bool all;

	buf_init(&list, BUF_UNLIMITED);
	for (; *names != NULL; names++)
		if (doc_is_none(field_get(p, *names)))
			buf_addf(&list, "%s%s", list.len > 0 ? ", " : "", *names);
	all = list.len == 0;
	if (!all)
		report(p->c, p->at, SCHEMA, "These fields are required: [%s]", buf_text(&list));
	buf_fini(&list);
	return all;
}

void
fields_only(const struct part *p, const char *const *names)
{
	struct doc_iter it = doc_iter(p->def);

	while (doc_next(&it)) {
		const char *const *n;
		char *key;

		for (n = names; *n != NULL && !doc_str_is(it.key, *n); n++)
			;
		if (*n != NULL)
			continue;
		key = text_shown(it.key);
		help_words(report_unknown(p, key), it.key, names, (size_t)(n - names));
		free(key);
	}
}

bool
field_objects(const struct part *p, const char *field, bool allow_empty, struct doc *out)
{
	struct place list = place_name(p->at, field);
	struct doc v = field_array(p, field);
	struct doc_iter it;
	size_t i = 0;
	bool good = true;

	*out = v;
	if (doc_is_none(v))
		return false;
	if (doc_len(v) == 0 && !allow_empty) {
		report(p->c, &list, SCHEMA, "Value cannot be empty");
		return false;
	}
	it = doc_iter(v);
	for (; doc_next(&it); i++) {
		struct place at = place_index(&list, i);

		if (doc_type(it.value) == DOC_OBJECT)
			continue;
		report(p->c, &at, SCHEMA, "Expected value of type [OBJECT]");
		good = false;
	}
	return good;
}

/* --- paths and templates ------------------------------------------------------------- */

/* The path; NULL and e when the text is none. */
static struct jsonpath *
path_of(struct doc v, struct err *e)
{
	struct buf scratch;
	struct jsonpath *p;
	const char *s;
	size_t len;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(v, &scratch, &len);
	p = jsonpath_compile(s, len, e);
	buf_fini(&scratch);
	return p;
}

void
compile_path_field(const struct part *p, const char *field, struct path_field *out)
{
	struct doc v = field_get(p, field);
	struct err e = ERR_INIT;

	*out = (struct path_field){ PATH_DEFAULT, NULL };
	if (doc_is_none(v))
		return;
	if (doc_type(v) == DOC_NULL) {
		out->how = PATH_NULL;
		return;
	}
	if (doc_is_none(field_string(p, field)))
		return;
	out->path = path_of(v, &e);
	if (out->path == NULL) {
		diagnostic_hint(report_field(p, field,
				    "Value is not a Path: The syntax of the path is invalid"),
		    "%s", err_cause(&e));
		err_fini(&e);
		return;
	}
	out->how = PATH_SET;
	warn_variable(p, field, out->path);
}

/* The field's path when it is one of that kind. NULL = absent, or reported. */
static struct jsonpath *
compile_path_if(const struct part *p, const char *field, bool (*is)(const struct jsonpath *))
{
	struct doc v = field_string(p, field);
	struct err e = ERR_INIT;
	struct jsonpath *path;

	if (doc_is_none(v))
		return NULL;
	path = path_of(v, &e);
	if (path != NULL && is(path)) {
		warn_variable(p, field, path);
		return path;
	}
	diagnostic_hint(report_field(p, field,
			    "Value is not a Reference Path: The syntax of the path is invalid"),
	    "%s", path == NULL ? err_cause(&e) : "This field takes names and indexes only");
	err_fini(&e);
	jsonpath_free(path);
	return NULL;
}

static bool
is_writable(const struct jsonpath *path)
{
	return jsonpath_is_reference(path) && jsonpath_root_kind(path) == JSONPATH_DOCUMENT;
}

void
compile_result_path(const struct part *p, const char *field, struct path_field *out)
{
	struct doc v = field_get(p, field);

	*out = (struct path_field){ PATH_DEFAULT, NULL };
	if (!doc_is_none(v) && doc_type(v) == DOC_NULL)
		out->how = PATH_NULL;
	else if ((out->path = compile_path_if(p, field, is_writable)) != NULL)
		out->how = PATH_SET;
}

struct jsonpath *
compile_reference(const struct part *p, const char *field)
{
	return compile_path_if(p, field, jsonpath_is_reference);
}

struct jsonpath *
compile_lax_reference(const struct part *p, const char *field)
{
	return compile_path_if(p, field, jsonpath_is_lax_reference);
}

struct template_place {
	const struct part *p;
	const char *field;
};

/* The service names the field that holds the template; of Lua code we know better. */
static void
template_report(void *arg, enum template_problem problem, const char *where, const char *message,
    const char *reason)
{
	const struct template_place *t = arg;
	struct place at;
	struct diagnostic *g;
	char *name;

	if (problem == TEMPLATE_FORM) {
		g = report_field(t->p, t->field, "%s", message);
		if (g != NULL)
			g->below = xstrdup(where);
		if (reason != NULL)
			diagnostic_hint(g, "%s", reason);
		return;
	}
	name = xasprintf("%s%s", t->field, where);
	at = place_name(t->p->at, name);
	report(t->p->c, &at, "INVALID_LUA_EXPRESSION", "%s", message);
	free(name);
}

/* What sentences about an expression call its field: the way from the state to it. */
static void
label_print(const struct part *p, const char *field, struct buf *out)
{
	const struct place *at = p->at;
	struct buf whole, state;

	buf_init(&whole, BUF_UNLIMITED);
	buf_init(&state, BUF_UNLIMITED);
	place_print(at, &whole);
	place_print(p->c->state_at, &state);
	if (at != p->c->state_at)
		buf_addf(out, "%s/", buf_text(&whole) + state.len + 1);
	buf_adds(out, field);
	buf_fini(&whole);
	buf_fini(&state);
}

static struct template *
compile_value(const struct part *p, const char *field, struct doc v)
{
	struct template_place at = { p, field };
	struct machine *m = p->c->m;
	struct expression_home home = { .language = p->language };
	struct template *t;
	struct buf label;

	if (p->language == QUERY_JSONPATH)
		return template_compile(NULL, field, v, template_report, &at);
	if (m->lua == NULL)
		m->lua = luacode_new();
	home.lua = m->lua;
	home.state = p->c->state->name;
	buf_init(&label, BUF_UNLIMITED);
	label_print(p, field, &label);
	t = template_compile(&home, buf_text(&label), v, template_report, &at);
	buf_fini(&label);
	return t;
}

struct template *
compile_template(const struct part *p, const char *field, bool must_be_object)
{
	struct doc v = must_be_object ? field_object(p, field) : field_get(p, field);
	struct template *t;

	if (doc_is_none(v) || (p->language != QUERY_JSONPATH && !check_expressions(p, field, v)))
		return NULL;
	/* JSONata is refused as a whole, see refuse_unbuilt. */
	if (p->language == QUERY_JSONATA)
		return NULL;
	if (p->language == QUERY_JSONPATH)
		warn_template(p, field);
	t = compile_value(p, field, v);
	if (t != NULL)
		warn_variables(p, field, t);
	return t;
}

struct template *
compile_expression(const struct part *p, const char *field)
{
	struct doc v = field_get(p, field);

	if (!field_is_expression(p, v) || p->language == QUERY_JSONATA)
		return NULL;
	return compile_value(p, field, v);
}

void
compile_dynamic(const struct part *p, const char *field, const char *path_field, field_check *check,
    struct dynamic_field *out)
{
	bool jsonpath = p->language == QUERY_JSONPATH; /* others have no twin: see fields.c */
	struct doc v = field_get(p, field);
	const char *wrong;

	*out = (struct dynamic_field){ .how = FIELD_ABSENT };
	if (jsonpath && field_conflict(p, field, path_field))
		return;
	if (!doc_is_none(v)) {
		if (field_is_expression(p, v)) {
			out->template_ = compile_expression(p, field);
			if (out->template_ != NULL)
				out->how = FIELD_EXPRESSION;
			return;
		}
		if (!jsonpath && !check_expressions(p, field, v))
			return;
		wrong = check(v);
		if (wrong != NULL) {
			report_field(p, field, "%s", wrong);
			return;
		}
		if (jsonpath)
			warn_literal_path(p, field, path_field);
		out->how = FIELD_LITERAL;
		out->literal = doc_ref(v);
		return;
	}
	if (jsonpath && (out->path = compile_reference(p, path_field)) != NULL)
		out->how = FIELD_PATH;
}

void
check_dynamic(const struct part *p, const char *field, const char *path_field, field_check *check)
{
	struct dynamic_field ignored;

	compile_dynamic(p, field, path_field, check, &ignored);
	dynamic_field_fini(&ignored);
}

static const char *
check_seconds_from_0(struct doc v)
{
	int64_t n;

	if (!doc_i64(v, &n))
		return "Expected value of type [INTEGER]";
	return n >= 0 && n <= ASL_SECONDS_MAX ? NULL : "Value must be between 0 and 99999999";
}

static const char *
check_seconds_from_1(struct doc v)
{
	int64_t n;

	if (!doc_i64(v, &n))
		return "Expected value of type [INTEGER]";
	return n >= 1 && n <= ASL_SECONDS_MAX ? NULL : "Value must be between 1 and 99999999";
}

void
compile_seconds(const struct part *p, const char *field, const char *path_field, int64_t min,
    struct dynamic_field *out)
{
	compile_dynamic(p, field, path_field,
	    min == 0 ? check_seconds_from_0 : check_seconds_from_1, out);
}
