/*
 * form - forms: a subset of JSON Schema that says what is asked, and what people fill in, checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "form.h"
#include "text.h"

#define NAME_MAX_BYTES 64
#define TEXT_MAX_BYTES 10000 /* of one value */

/* --- kinds of values ------------------------------------------------------------------------ */

bool
form_is_email(const char *s)
{
	const char *at = strchr(s, '@');

	if (at == NULL || at == s || at[1] == '\0' || strchr(at + 1, '@') != NULL)
		return false;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f || strchr("<>,;\"()[]\\", *s) != NULL)
			return false;
	return true;
}

bool
form_is_date(const char *s)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day, max;

	if (strlen(s) != 10 || strspn(s, "0123456789") != 4 || s[4] != '-' ||
	    strspn(s + 5, "0123456789") != 2 || s[7] != '-' || strspn(s + 8, "0123456789") != 2)
		return false;
	year = (int)strtol(s, NULL, 10);
	month = (int)strtol(s + 5, NULL, 10);
	day = (int)strtol(s + 8, NULL, 10);
	if (month < 1 || month > 12)
		return false;
	max = days[month - 1];
	if (month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0))
		max = 29;
	return day >= 1 && day <= max;
}

static size_t
characters(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

static bool
has_type(const struct pawl_host *h, struct pawl_doc field, const char *type)
{
	return h->doc_is(h, h->doc_get(h, field, "type"), type);
}

static bool
same_value(const struct pawl_host *h, struct pawl_doc a, struct pawl_doc b)
{
	double x, y;
	char *s, *t;
	bool same;

	if (h->doc_double(h, a, &x) && h->doc_double(h, b, &y))
		return x == y;
	if (h->doc_type(h, a) != h->doc_type(h, b))
		return false;
	s = h->doc_text(h, a, NULL);
	t = h->doc_text(h, b, NULL);
	same = strcmp(s, t) == 0;
	h->free(h, s);
	h->free(h, t);
	return same;
}

static bool
in_list(const struct pawl_host *h, struct pawl_doc list, struct pawl_doc value)
{
	struct pawl_doc_iter it = { .of = list };

	while (h->doc_next(h, &it))
		if (same_value(h, it.value, value))
			return true;
	return false;
}

bool
form_is_required(const struct pawl_host *h, struct pawl_doc form, struct pawl_doc name)
{
	return in_list(h, h->doc_get(h, form, "required"), name);
}

/* --- one value ------------------------------------------------------------------------------- */

static char *
text_value_problem(const struct pawl_host *h, struct pawl_doc field, struct pawl_doc value)
{
	struct pawl_doc format = h->doc_get(h, field, "format");
	size_t len, n;
	char *s = h->doc_string(h, value, &len), *problem = NULL;
	int64_t limit;

	if (s == NULL)
		return text_format("This must be a text.");
	n = characters(s, len);
	if (strlen(s) != len || len > TEXT_MAX_BYTES)
		problem = text_format("This has characters that are not allowed, or too many.");
	else if (h->doc_is(h, format, "date") && !form_is_date(s))
		problem = text_format("This must be a date such as 2026-11-26.");
	else if (h->doc_is(h, format, "email") && !form_is_email(s))
		problem = text_format("This must be an e-mail address.");
	else if (h->doc_int(h, h->doc_get(h, field, "minLength"), &limit) && n < (size_t)limit)
		problem = text_format("This must have %lld characters at least.", (long long)limit);
	else if (h->doc_int(h, h->doc_get(h, field, "maxLength"), &limit) && n > (size_t)limit)
		problem = text_format("This may have %lld characters at most.", (long long)limit);
	h->free(h, s);
	return problem;
}

static char *
limit_problem(const struct pawl_host *h, struct pawl_doc field, const char *which, double value,
    bool is_min)
{
	struct pawl_doc limit = h->doc_get(h, field, which);
	double x;
	char *s, *problem;

	if (!h->doc_double(h, limit, &x) || (is_min ? value >= x : value <= x))
		return NULL;
	s = h->doc_text(h, limit, NULL);
	problem = text_format("This must be %s at %s.", s, is_min ? "least" : "most");
	h->free(h, s);
	return problem;
}

static char *
number_value_problem(const struct pawl_host *h, struct pawl_doc field, struct pawl_doc value)
{
	double x;
	int64_t whole;
	char *problem;

	if (h->doc_type(h, value) != PAWL_DOC_NUMBER || !h->doc_double(h, value, &x))
		return text_format("This must be a number.");
	if (has_type(h, field, "integer") && !h->doc_int(h, value, &whole))
		return text_format("This must be a whole number.");
	problem = limit_problem(h, field, "minimum", x, true);
	return problem != NULL ? problem : limit_problem(h, field, "maximum", x, false);
}

/* What is wrong with a value, a new sentence; NULL = nothing. */
static char *
value_problem(const struct pawl_host *h, struct pawl_doc field, struct pawl_doc value)
{
	char *problem;

	if (has_type(h, field, "boolean"))
		problem = h->doc_type(h, value) == PAWL_DOC_BOOL
		    ? NULL
		    : text_format("This must be true or false.");
	else if (has_type(h, field, "string"))
		problem = text_value_problem(h, field, value);
	else
		problem = number_value_problem(h, field, value);
	if (problem == NULL && docs_has(h, field, "enum") &&
	    !in_list(h, h->doc_get(h, field, "enum"), value))
		problem = text_format("This must be one of the choices.");
	return problem;
}

/* --- the form --------------------------------------------------------------------------------- */

static bool
is_one_of(const struct pawl_host *h, struct pawl_doc d, const char *const *list)
{
	for (; *list != NULL; list++)
		if (h->doc_is(h, d, *list))
			return true;
	return false;
}

/* A member that is not in the list: a new sentence; what: where it stands. */
static char *
unknown_member(const struct pawl_host *h, struct pawl_doc d, const char *const *known,
    const char *what)
{
	struct pawl_doc_iter it = { .of = d };
	char *name, *problem;

	while (h->doc_next(h, &it)) {
		if (is_one_of(h, it.key, known))
			continue;
		name = h->doc_string(h, it.key, NULL);
		problem = text_format("%s has \"%.64s\", which forms cannot have", what, name);
		h->free(h, name);
		return problem;
	}
	return NULL;
}

static bool
is_type_or_missing(const struct pawl_host *h, struct pawl_doc d, const char *name,
    enum pawl_doc_type type)
{
	enum pawl_doc_type is = h->doc_type(h, h->doc_get(h, d, name));

	return is == PAWL_DOC_NONE || is == type;
}

static bool
is_length_or_missing(const struct pawl_host *h, struct pawl_doc field, const char *name)
{
	int64_t n;

	return h->doc_type(h, h->doc_get(h, field, name)) == PAWL_DOC_NONE ||
	    (has_type(h, field, "string") && h->doc_int(h, h->doc_get(h, field, name), &n) &&
		n >= 0 && n <= TEXT_MAX_BYTES);
}

/* The member's name when it makes no sense for this type. */
static const char *
misplaced_member(const struct pawl_host *h, struct pawl_doc field)
{
	static const char *const formats[] = { "date", "email", NULL };
	struct pawl_doc format = h->doc_get(h, field, "format");
	bool number = has_type(h, field, "number") || has_type(h, field, "integer");

	if (!is_type_or_missing(h, field, "title", PAWL_DOC_STRING))
		return "title";
	if (!is_type_or_missing(h, field, "description", PAWL_DOC_STRING))
		return "description";
	if (format.block_ != NULL &&
	    (!has_type(h, field, "string") || !is_one_of(h, format, formats)))
		return "format";
	for (size_t i = 0; i < 2; i++) {
		const char *name = i == 0 ? "minimum" : "maximum";

		if (h->doc_get(h, field, name).block_ != NULL &&
		    (!number || !is_type_or_missing(h, field, name, PAWL_DOC_NUMBER)))
			return name;
	}
	if (!is_length_or_missing(h, field, "minLength"))
		return "minLength";
	return is_length_or_missing(h, field, "maxLength") ? NULL : "maxLength";
}

static const char *
choices_problem(const struct pawl_host *h, struct pawl_doc field)
{
	struct pawl_doc choices = h->doc_get(h, field, "enum");
	struct pawl_doc_iter it = { .of = choices };
	enum pawl_doc_type type = has_type(h, field, "string") ? PAWL_DOC_STRING : PAWL_DOC_NUMBER;

	if (choices.block_ == NULL)
		return NULL;
	if (h->doc_type(h, choices) != PAWL_DOC_ARRAY || h->doc_len(h, choices) == 0 ||
	    h->doc_len(h, choices) > 200 || has_type(h, field, "boolean"))
		return "a list of 1 to 200 texts or numbers";
	while (h->doc_next(h, &it))
		if (h->doc_type(h, it.value) != type)
			return "a list of values of the field's type";
	return NULL;
}

static char *
field_problem(const struct pawl_host *h, const char *name, struct pawl_doc field)
{
	static const char *const known[] = { "type", "title", "description", "default", "enum",
		"format", "minimum", "maximum", "minLength", "maxLength", NULL };
	static const char *const types[] = { "string", "number", "integer", "boolean", NULL };
	char *what, *problem;
	const char *wrong;

	if (*name == '\0' || strlen(name) > NAME_MAX_BYTES)
		return text_format("the name of a field has 1 to %d bytes", NAME_MAX_BYTES);
	if (h->doc_type(h, field) != PAWL_DOC_OBJECT ||
	    !is_one_of(h, h->doc_get(h, field, "type"), types))
		return text_format(
		    "the field \"%s\" needs a type: string, number, integer or boolean", name);
	what = text_format("the field \"%s\"", name);
	problem = unknown_member(h, field, known, what);
	if (problem == NULL && (wrong = misplaced_member(h, field)) != NULL)
		problem = text_format("the %s of %s makes no sense there", wrong, what);
	if (problem == NULL && (wrong = choices_problem(h, field)) != NULL)
		problem = text_format("the enum of %s must be %s", what, wrong);
	if (problem == NULL && h->doc_get(h, field, "default").block_ != NULL) {
		char *about = value_problem(h, field, h->doc_get(h, field, "default"));

		if (about != NULL)
			problem = text_format("the default of %s does not fit: %s", what, about);
		free(about);
	}
	free(what);
	return problem;
}

static char *
required_problem(const struct pawl_host *h, struct pawl_doc form)
{
	struct pawl_doc list = h->doc_get(h, form, "required");
	struct pawl_doc_iter it = { .of = list };

	if (!is_type_or_missing(h, form, "required", PAWL_DOC_ARRAY))
		return text_format("required must be a list of names");
	while (h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.value, NULL);
		bool there = name != NULL &&
		    h->doc_get(h, h->doc_get(h, form, "properties"), name).block_ != NULL;

		h->free(h, name);
		if (!there)
			return text_format("required names a field that there is not");
	}
	return NULL;
}

char *
form_problem(const struct pawl_host *h, struct pawl_doc form)
{
	static const char *const known[] = { "type", "properties", "required", "title",
		"description", NULL };
	struct pawl_doc properties = h->doc_get(h, form, "properties");
	struct pawl_doc_iter it = { .of = properties };
	char *problem = NULL;

	if (!h->doc_is(h, h->doc_get(h, form, "type"), "object") ||
	    h->doc_type(h, properties) != PAWL_DOC_OBJECT ||
	    h->doc_len(h, properties) > FORM_FIELDS_MAX)
		return text_format(
		    "it must be {\"type\": \"object\", \"properties\": {...}} with %d properties at most",
		    FORM_FIELDS_MAX);
	if ((problem = unknown_member(h, form, known, "it")) != NULL)
		return problem;
	while (problem == NULL && h->doc_next(h, &it)) {
		size_t len;
		char *name = h->doc_string(h, it.key, &len);

		problem = strlen(name) == len ? field_problem(h, name, it.value)
					      : text_format("the name of a field has a NUL");
		h->free(h, name);
	}
	return problem != NULL ? problem : required_problem(h, form);
}

/* --- what was filled in -------------------------------------------------------------------------- */

/* The number that a text is; PAWL_NO_DOC: none. */
static struct pawl_doc
number_of(const struct pawl_host *h, const char *s)
{
	struct pawl_doc d;
	size_t blanks = strspn(s, " ");
	size_t len = strlen(s + blanks);

	while (len > 0 && s[blanks + len - 1] == ' ')
		len--;
	d = h->doc_parse(h, s + blanks, len, NULL);
	if (h->doc_type(h, d) == PAWL_DOC_NUMBER)
		return d;
	h->doc_unref(h, d);
	return PAWL_NO_DOC;
}

/* The value that a text of a web form stands for, new; a text that stands for none is itself. */
static struct pawl_doc
value_of_text(const struct pawl_host *h, struct pawl_doc field, struct pawl_doc text)
{
	struct pawl_builder *b;
	struct pawl_doc number = PAWL_NO_DOC;
	char *s;

	if (has_type(h, field, "boolean")) {
		b = h->build(h);
		h->build_bool(b, h->doc_is(h, text, "true"));
		return h->build_finish(b);
	}
	if (!has_type(h, field, "string") && (s = h->doc_string(h, text, NULL)) != NULL) {
		number = number_of(h, s);
		h->free(h, s);
	}
	return number.block_ != NULL ? number : h->doc_ref(h, text);
}

static bool
is_blank(const struct pawl_host *h, struct pawl_doc field, struct pawl_doc given, bool texts)
{
	enum pawl_doc_type type = h->doc_type(h, given);

	if (has_type(h, field, "boolean") && texts)
		return false; /* a box that is not ticked is not sent */
	return type == PAWL_DOC_NONE || type == PAWL_DOC_NULL || (texts && h->doc_is(h, given, ""));
}

/* One field into the object that is being built; what is wrong, a new sentence, or NULL. */
static char *
read_field(const struct pawl_host *h, struct pawl_doc field, struct pawl_doc given, bool texts,
    const char *name, struct pawl_builder *b)
{
	struct pawl_doc value = texts ? value_of_text(h, field, given) : h->doc_ref(h, given);
	char *problem = value_problem(h, field, value);

	if (problem == NULL)
		docs_add_doc(h, b, name, value);
	h->doc_unref(h, value);
	return problem;
}

/* The first that was given and that the form does not have; to be released with host->free. */
static char *
unknown_value(const struct pawl_host *h, struct pawl_doc properties, struct pawl_doc given)
{
	struct pawl_doc_iter it = { .of = given };

	while (h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);

		if (h->doc_get(h, properties, name).block_ == NULL)
			return name;
		h->free(h, name);
	}
	return NULL;
}

struct pawl_doc
form_read(const struct pawl_host *h, struct pawl_doc form, struct pawl_doc given, bool texts,
    struct pawl_doc *errors)
{
	struct pawl_doc properties = h->doc_get(h, form, "properties"), values, wrong;
	struct pawl_doc_iter it = { .of = properties };
	struct pawl_builder *b = h->build(h), *e = h->build(h);
	char *unknown = unknown_value(h, properties, given);

	h->build_object(b);
	h->build_object(e);
	if (unknown != NULL)
		docs_add_string(h, e, unknown, "The form has no such field.");
	h->free(h, unknown);
	while (h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL), *problem = NULL;
		struct pawl_doc value = h->doc_get(h, given, name);

		if (!is_blank(h, it.value, value, texts))
			problem = read_field(h, it.value, value, texts, name, b);
		else if (form_is_required(h, form, it.key))
			problem = text_format("This is required.");
		if (problem != NULL)
			docs_add_string(h, e, name, problem);
		free(problem);
		h->free(h, name);
	}
	h->build_end(b);
	h->build_end(e);
	values = h->build_finish(b);
	wrong = h->build_finish(e);
	*errors = PAWL_NO_DOC;
	if (h->doc_len(h, wrong) == 0) {
		h->doc_unref(h, wrong);
		return values;
	}
	h->doc_unref(h, values);
	*errors = wrong;
	return PAWL_NO_DOC;
}
