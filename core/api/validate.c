/*
 * validate - a request's body against the shapes of the API's model.
 */
#include "api/validate.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"

#define MESSAGE_MAX (256u << 10)
#define VALUE_MAX 8192 /* bytes of an offending value that are echoed */

/* Where we are in the body. */
struct place {
	const struct place *up;
	const char *name; /* NULL = element number index */
	size_t index;     /* from 1 */
};

struct validation {
	bool payload_limits;
	bool empty_payloads; /* are for the action to judge */
	unsigned nbroken;
	struct buf sentences; /* joined by "; " */
	struct buf scratch;
	struct err *e;
};

static int validate_value(struct validation *v, const struct model_shape *s, struct doc d,
    const struct place *at);

static void
place_print(const struct place *at, struct buf *out)
{
	if (at->up != NULL) {
		place_print(at->up, out);
		buf_addc(out, '.');
	}
	if (at->name != NULL) {
		buf_adds(out, at->name);
	} else {
		buf_add_i64(out, (int64_t)at->index);
		buf_adds(out, ".member");
	}
}

/* As Java prints it: Tag(key=a, value=b), [a, b], texts without quotes. */
static void
value_print(struct validation *v, const struct model_shape *s, struct doc d, struct buf *out)
{
	size_t len;

	if (s->sensitive) {
		buf_adds(out, "***");
		return;
	}
	switch (doc_type(d)) {
	case DOC_STRING: {
		const char *text = doc_str(d, &v->scratch, &len);

		buf_add(out, text, len);
		break;
	}
	case DOC_OBJECT: {
		bool first = true;

		buf_adds(out, s->name);
		buf_addc(out, '(');
		for (size_t i = 0; i < s->nmembers; i++) {
			struct doc m = doc_gets(d, s->members[i].name);

			if (doc_is_none(m) || doc_type(m) == DOC_NULL)
				continue;
			if (!first)
				buf_adds(out, ", ");
			first = false;
			buf_adds(out, s->members[i].name);
			buf_addc(out, '=');
			value_print(v, model_shape(s->members[i].shape), m, out);
		}
		buf_addc(out, ')');
		break;
	}
	case DOC_ARRAY: {
		struct doc_iter it = doc_iter(d);
		bool first = true;

		buf_addc(out, '[');
		while (doc_next(&it)) {
			if (!first)
				buf_adds(out, ", ");
			first = false;
			value_print(v, model_shape(s->element), it.value, out);
		}
		buf_addc(out, ']');
		break;
	}
	default:
		doc_print(d, out);
		break;
	}
}

static void
add_sentence(struct validation *v, const char *value, size_t value_len, const struct place *at,
    const char *constraint)
{
	struct buf *b = &v->sentences;

	assert(at != NULL); /* of the body itself the model says nothing */
	if (v->nbroken++ > 0)
		buf_adds(b, "; ");
	buf_adds(b, "Value ");
	if (value == NULL) {
		buf_adds(b, "null");
	} else {
		buf_addc(b, '\'');
		buf_add(b, value, value_len);
		buf_addc(b, '\'');
	}
	buf_adds(b, " at '");
	place_print(at, b);
	buf_adds(b, "' failed to satisfy constraint: ");
	buf_adds(b, constraint);
}

/* The first max bytes of a text at most, ending with a whole character. */
static size_t
cut_length(const char *s, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--;
	return max;
}

static void
broken(struct validation *v, const struct model_shape *s, struct doc d, const struct place *at,
    const char *constraint)
{
	struct buf value;

	buf_init(&value, BUF_UNLIMITED);
	value_print(v, s, d, &value);
	add_sentence(v, buf_text(&value), cut_length(buf_text(&value), value.len, VALUE_MAX), at,
	    constraint);
	buf_fini(&value);
}

static void
broken_bound(struct validation *v, const struct model_shape *s, struct doc d,
    const struct place *at, const char *what, int64_t bound)
{
	struct buf text;

	buf_init(&text, 256);
	buf_addf(&text, "Member must have %s than or equal to %lld", what, (long long)bound);
	broken(v, s, d, at, text.data);
	buf_fini(&text);
}

size_t
validate_length(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

/* --- patterns: the few that the model has --------------------------------------- */

static bool
is_ascii(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] > 0x7f)
			return false;
	}
	return true;
}

static bool
is_visible_ascii(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '!' || s[i] > '~')
			return false;
	}
	return len > 0;
}

/* Letters, digits, "_-.", and not digits only. */
static bool
is_alias_name(const char *s, size_t len)
{
	bool other = false;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		bool digit = c >= '0' && c <= '9';

		if (!digit && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '_' &&
		    c != '-' && c != '.')
			return false;
		other = other || !digit;
	}
	return other;
}

static const struct {
	const char *pattern;
	bool (*matches)(const char *s, size_t len);
} patterns[] = {
	{ "^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$", is_alias_name },
	{ "[!-~]+", is_visible_ascii },
	{ "\\p{ASCII}*", is_ascii },
};

bool
validate_knows_pattern(const char *pattern)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (strcmp(patterns[i].pattern, pattern) == 0)
			return true;
	}
	return false;
}

static bool
pattern_matches(const char *pattern, const char *s, size_t len)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (strcmp(patterns[i].pattern, pattern) == 0)
			return patterns[i].matches(s, len);
	}
	assert(!"a pattern of the model without a matcher");
	return false;
}

/* --- kinds ------------------------------------------------------------------------ */

/* Payloads: their size is a quota of AWS, not a property of the API. */
static bool
is_payload(const struct model_shape *s)
{
	static const char *const names[] = { "Definition", "SensitiveData",
		"SensitiveDataJobInput" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(s->name, names[i]) == 0)
			return true;
	}
	return false;
}

/* Input and output count in bytes, a definition and everything else in characters. */
static bool
counts_in_bytes(const struct model_shape *s)
{
	return is_payload(s) && strcmp(s->name, "Definition") != 0;
}

/*
 * An enum's values in the order in which the service names them: that of the model,
 * but for the one set that was seen in another order.
 */
static void
enum_print(const struct model_shape *s, struct buf *out)
{
	static const char *const statuses[] = { "SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE",
		"ABORTED", "FAILED", "RUNNING", NULL };
	const char *const *values =
	    strcmp(s->name, "ExecutionStatus") == 0 ? statuses : s->enum_values;

	for (size_t i = 0; values[i] != NULL; i++) {
		if (i > 0)
			buf_adds(out, ", ");
		buf_adds(out, values[i]);
	}
}

static void
validate_enum(struct validation *v, const struct model_shape *s, struct doc d,
    const struct place *at)
{
	struct buf text;

	for (size_t i = 0; s->enum_values[i] != NULL; i++) {
		if (doc_str_is(d, s->enum_values[i]))
			return;
	}
	buf_init(&text, 4096);
	buf_adds(&text, "Member must satisfy enum value set: [");
	enum_print(s, &text);
	buf_addc(&text, ']');
	broken(v, s, d, at, text.data);
	buf_fini(&text);
}

static void
validate_string(struct validation *v, const struct model_shape *s, struct doc d,
    const struct place *at)
{
	size_t len;
	const char *text = doc_str(d, &v->scratch, &len);
	int64_t n = (int64_t)(counts_in_bytes(s) ? len : validate_length(text, len));
	bool matches = s->pattern == NULL || pattern_matches(s->pattern, text, len);

	if (s->max != MODEL_NO_MAX && n > s->max && (v->payload_limits || !is_payload(s)))
		broken_bound(v, s, d, at, "length less", s->max);
	if (s->min != MODEL_NO_MIN && n < s->min && !(v->empty_payloads && is_payload(s)))
		broken_bound(v, s, d, at, "length greater", s->min);
	if (!matches) {
		struct buf b;

		buf_init(&b, 1024);
		buf_adds(&b, "Member must satisfy regular expression pattern: ");
		buf_adds(&b, s->pattern);
		broken(v, s, d, at, b.data);
		buf_fini(&b);
	}
	if (s->enum_values != NULL)
		validate_enum(v, s, d, at);
}

static void
validate_length_of(struct validation *v, const struct model_shape *s, struct doc d,
    const struct place *at)
{
	int64_t n = (int64_t)doc_len(d);

	if (s->max != MODEL_NO_MAX && n > s->max)
		broken_bound(v, s, d, at, "length less", s->max);
	if (s->min != MODEL_NO_MIN && n < s->min)
		broken_bound(v, s, d, at, "length greater", s->min);
}

static int
validate_structure(struct validation *v, const struct model_shape *s, struct doc d,
    const struct place *at)
{
	for (size_t i = 0; i < s->nmembers; i++) {
		const struct model_member *m = &s->members[i];
		struct place here = { .up = at, .name = m->name };
		struct doc value = doc_gets(d, m->name);

		if (doc_is_none(value) || doc_type(value) == DOC_NULL) {
			if (m->required)
				add_sentence(v, NULL, 0, &here, "Member must not be null");
		} else if (validate_value(v, model_shape(m->shape), value, &here) != 0) {
			return -1;
		}
	}
	return 0;
}

static int
validate_list(struct validation *v, const struct model_shape *s, struct doc d,
    const struct place *at)
{
	struct place here = { .up = at, .index = 0 };
	struct doc_iter it = doc_iter(d);

	validate_length_of(v, s, d, at);
	while (doc_next(&it)) {
		here.index++;
		if (doc_type(it.value) == DOC_NULL)
			add_sentence(v, NULL, 0, &here, "Member must not be null");
		else if (validate_value(v, model_shape(s->element), it.value, &here) != 0)
			return -1;
	}
	return 0;
}

static int
validate_map(struct validation *v, const struct model_shape *s, struct doc d,
    const struct place *at)
{
	struct doc_iter it = doc_iter(d);

	validate_length_of(v, s, d, at);
	while (doc_next(&it)) {
		struct place here = { .up = at, .name = "value" };

		if (validate_value(v, model_shape(s->element), it.value, &here) != 0)
			return -1;
	}
	return 0;
}

/* What the wire calls a value, and what the model wants. */
static const char *
wire_name(struct doc d)
{
	static const char *const names[] = { "NULL_VALUE", "FALSE_VALUE", "TRUE_VALUE",
		"NUMBER_VALUE", "STRING_VALUE", "START_ARRAY", "START_OBJECT" };

	return names[doc_type(d)];
}

static int
wrong_type(struct validation *v, const struct model_shape *s, struct doc d, const struct place *at)
{
	static const char *const names[] = { "Structure", "String", "Integer", "Long", "Float",
		"Boolean", "Timestamp", "List", "Map" };
	struct buf path;

	buf_init(&path, 4096);
	if (at != NULL)
		place_print(at, &path);
	err_set(v->e, "SerializationException", "%s can not be converted to %s %s%s%s",
	    wire_name(d), s->kind == MODEL_INTEGER ? "an" : "a", names[s->kind],
	    at != NULL ? ": " : "", buf_text(&path));
	buf_fini(&path);
	return -1;
}

static int
validate_integer(struct validation *v, const struct model_shape *s, struct doc d,
    const struct place *at)
{
	int64_t n;

	if (!doc_i64(d, &n) || (s->kind == MODEL_INTEGER && (n > INT32_MAX || n < INT32_MIN)))
		return wrong_type(v, s, d, at);
	if (s->max != MODEL_NO_MAX && n > s->max)
		broken_bound(v, s, d, at, "value less", s->max);
	if (s->min != MODEL_NO_MIN && n < s->min)
		broken_bound(v, s, d, at, "value greater", s->min);
	return 0;
}

static int
validate_float(struct validation *v, const struct model_shape *s, struct doc d,
    const struct place *at)
{
	double n;

	if (!doc_f64(d, &n))
		return wrong_type(v, s, d, at);
	if (s->max != MODEL_NO_MAX && n > (double)s->max)
		broken_bound(v, s, d, at, "value less", s->max);
	if (s->min != MODEL_NO_MIN && n < (double)s->min)
		broken_bound(v, s, d, at, "value greater", s->min);
	return 0;
}

static int
validate_value(struct validation *v, const struct model_shape *s, struct doc d,
    const struct place *at)
{
	enum doc_type t = doc_type(d);

	switch (s->kind) {
	case MODEL_STRUCTURE:
		return t == DOC_OBJECT ? validate_structure(v, s, d, at) : wrong_type(v, s, d, at);
	case MODEL_STRING:
		if (t != DOC_STRING)
			return wrong_type(v, s, d, at);
		validate_string(v, s, d, at);
		return 0;
	case MODEL_INTEGER:
	case MODEL_LONG:
		return validate_integer(v, s, d, at);
	case MODEL_FLOAT:
		return validate_float(v, s, d, at);
	case MODEL_BOOLEAN:
		return doc_is_bool(d) ? 0 : wrong_type(v, s, d, at);
	case MODEL_TIMESTAMP:
		return t == DOC_NUMBER ? 0 : wrong_type(v, s, d, at);
	case MODEL_LIST:
		return t == DOC_ARRAY ? validate_list(v, s, d, at) : wrong_type(v, s, d, at);
	case MODEL_MAP:
		return t == DOC_OBJECT ? validate_map(v, s, d, at) : wrong_type(v, s, d, at);
	}
	return 0;
}

static int
fail_sentences(struct err *e, unsigned n, const struct buf *sentences)
{
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	buf_addf(&b, "%u validation error%s detected: ", n, n == 1 ? "" : "s");
	buf_add(&b, buf_text(sentences), sentences->len);
	err_set_text(e, "ValidationException", b.data, b.len);
	buf_fini(&b);
	return -1;
}

int
validate_body(const struct model_shape *shape, struct doc body, bool payload_limits, struct err *e)
{
	struct validation v = { .payload_limits = payload_limits, .e = e };
	int rc;

	/* the model says otherwise, but the service answers FAIL for an empty definition here */
	v.empty_payloads = strcmp(shape->name, "ValidateStateMachineDefinitionInput") == 0;
	buf_init(&v.sentences, MESSAGE_MAX);
	buf_init(&v.scratch, BUF_UNLIMITED);
	rc = validate_value(&v, shape, body, NULL);
	if (rc == 0 && v.nbroken > 0)
		rc = fail_sentences(e, v.nbroken, &v.sentences);
	buf_fini(&v.sentences);
	buf_fini(&v.scratch);
	return rc;
}

int
validate_fail(struct err *e, const char *value, size_t value_len, const char *path,
    const char *constraint)
{
	struct place at = { .name = path };
	struct validation v = { .e = e };
	int rc;

	buf_init(&v.sentences, MESSAGE_MAX);
	add_sentence(&v, value, cut_length(value, value_len, VALUE_MAX), &at, constraint);
	rc = fail_sentences(e, v.nbroken, &v.sentences);
	buf_fini(&v.sentences);
	return rc;
}
