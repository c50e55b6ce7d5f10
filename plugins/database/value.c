/*
 * value - DynamoDB's attribute values: {"S": "x"}, {"N": "1"}, {"M": {...}} as trees that can be changed.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "value.h"

#define DEPTH_MAX 32

static const char *const type_names[] = { "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS",
	"BS" };
#define NTYPES (sizeof(type_names) / sizeof(*type_names))

/* --- errors ------------------------------------------------------------------------------------ */

static int
set_error(struct dynamo_error *e, const char *code, const char *fmt, va_list ap)
{
	if (e->code != NULL)
		return -1;
	e->code = code;
	if (vasprintf(&e->message, fmt, ap) < 0)
		abort(); /* out of memory */
	return -1;
}

int
dynamo_error_set(struct dynamo_error *e, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_error(e, code, fmt, ap);
	va_end(ap);
	return -1;
}

int
dynamo_invalid(struct dynamo_error *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_error(e, "ValidationException", fmt, ap);
	va_end(ap);
	return -1;
}

void
dynamo_error_fini(struct dynamo_error *e)
{
	free(e->message);
	value_free(e->item);
	free(e->reasons);
	*e = (struct dynamo_error){ 0 };
}

static int
refuse_depth(struct dynamo_error *e)
{
	return dynamo_invalid(e, "Nesting Levels have exceeded supported limits");
}

static int
refuse_nul(struct dynamo_error *e)
{
	return dynamo_invalid(e,
	    "One or more parameter values were invalid: The character U+0000 cannot be stored");
}

/* --- making ------------------------------------------------------------------------------------- */

struct value *
value_new(enum value_kind kind)
{
	struct value *v = text_alloc(sizeof(*v));

	v->kind = kind;
	return v;
}

static struct value *
new_text(enum value_kind kind, const char *s, size_t len)
{
	struct value *v = value_new(kind);

	text_adds(&v->text, "");
	text_add(&v->text, s, len);
	return v;
}

struct value *
value_new_number(const struct decimal *d)
{
	struct value *v = value_new(VALUE_N);

	v->number = *d;
	decimal_print(d, &v->text);
	return v;
}

static void
add_part(struct value *v, char *name, struct value *part)
{
	size_t cap;

	if ((v->nparts & (v->nparts - 1)) == 0) { /* grow at powers of two */
		cap = v->nparts > 0 ? v->nparts * 2 : 1;
		v->parts = realloc(v->parts, cap * sizeof(*v->parts));
		v->names = realloc(v->names, cap * sizeof(*v->names));
		if (v->parts == NULL || v->names == NULL)
			abort(); /* out of memory */
	}
	v->names[v->nparts] = name;
	v->parts[v->nparts++] = part;
}

void
value_append(struct value *list, struct value *v)
{
	add_part(list, NULL, v);
}

void
value_remove_at(struct value *list, size_t i)
{
	value_free(list->parts[i]);
	free(list->names[i]);
	list->nparts--;
	for (; i < list->nparts; i++) {
		list->parts[i] = list->parts[i + 1];
		list->names[i] = list->names[i + 1];
	}
}

struct value *
value_copy(const struct value *v)
{
	struct value *copy = value_new(v->kind);

	copy->yes = v->yes;
	copy->number = v->number;
	if (v->text.s != NULL) {
		text_adds(&copy->text, "");
		text_add(&copy->text, v->text.s, v->text.len);
	}
	for (size_t i = 0; i < v->nparts; i++)
		add_part(copy, v->names[i] != NULL ? text_format("%s", v->names[i]) : NULL,
		    value_copy(v->parts[i]));
	return copy;
}

void
value_free(struct value *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->nparts; i++) {
		free(v->names[i]);
		value_free(v->parts[i]);
	}
	free(v->names);
	free(v->parts);
	text_fini(&v->text);
	free(v);
}

/* --- members -------------------------------------------------------------------------------------- */

static size_t
find(const struct value *map, const char *name)
{
	size_t i = 0;

	while (i < map->nparts && strcmp(map->names[i], name) != 0)
		i++;
	return i;
}

struct value *
value_get(const struct value *map, const char *name)
{
	size_t i = find(map, name);

	return i < map->nparts ? map->parts[i] : NULL;
}

void
value_set(struct value *map, const char *name, struct value *v)
{
	size_t i = find(map, name);

	if (i < map->nparts) {
		value_free(map->parts[i]);
		map->parts[i] = v;
	} else {
		add_part(map, text_format("%s", name), v);
	}
}

void
value_remove(struct value *map, const char *name)
{
	size_t i = find(map, name);

	if (i < map->nparts)
		value_remove_at(map, i);
}

/* --- reading ---------------------------------------------------------------------------------------- */

static struct value *read_value(const struct pawl_host *h, struct pawl_doc d, int depth,
    struct dynamo_error *e);

static struct value *
read_scalar(const struct pawl_host *h, enum value_kind kind, struct pawl_doc d,
    struct dynamo_error *e)
{
	size_t len;
	char *s = h->doc_string(h, d, &len);
	struct value *v = NULL;
	struct decimal number;
	const char *why;

	if (s == NULL) {
		dynamo_error_set(e, "SerializationException",
		    "%s expects a string: {\"%s\": \"...\"}", type_names[kind], type_names[kind]);
	} else if (kind == VALUE_S) {
		v = new_text(kind, s, len);
		if (strlen(s) != len)
			refuse_nul(e);
	} else if (kind == VALUE_B) {
		v = new_text(kind, "", 0);
		if (!text_add_unbase64(&v->text, s, len))
			dynamo_error_set(e, "SerializationException",
			    "Base64 encoded length or characters are wrong in a B");
	} else if (strlen(s) != len) {
		refuse_nul(e);
	} else if (decimal_parse(s, &number, &why)) {
		v = value_new_number(&number);
	} else {
		dynamo_invalid(e, "%s%s%s", why, strncmp(why, "The p", 5) == 0 ? ": " : "",
		    strncmp(why, "The p", 5) == 0 ? s : "");
	}
	h->free(h, s);
	if (e->code == NULL)
		return v;
	value_free(v);
	return NULL;
}

static struct value *
read_set(const struct pawl_host *h, enum value_kind kind, struct pawl_doc d, struct dynamo_error *e)
{
	struct pawl_doc_iter it = { .of = d };
	struct value *v = value_new(kind), *element;

	if (h->doc_type(h, d) != PAWL_DOC_ARRAY)
		dynamo_error_set(e, "SerializationException", "%s expects an array of strings",
		    type_names[kind]);
	else if (h->doc_len(h, d) == 0)
		dynamo_invalid(e,
		    "One or more parameter values were invalid: An %s set  may not be "
		    "empty",
		    kind == VALUE_SS       ? "string"
			: kind == VALUE_NS ? "number"
					   : "binary");
	assert(kind >= VALUE_SS);
	while (e->code == NULL && h->doc_next(h, &it)) {
		element = read_scalar(h, kind - VALUE_SS + VALUE_S, it.value, e);
		if (element == NULL)
			break;
		if (value_contains(v, element))
			dynamo_invalid(e,
			    "One or more parameter values were invalid: "
			    "Input collection contains duplicates.");
		value_append(v, element);
	}
	if (e->code == NULL)
		return v;
	value_free(v);
	return NULL;
}

static struct value *
read_parts(const struct pawl_host *h, enum value_kind kind, struct pawl_doc d, int depth,
    struct dynamo_error *e)
{
	struct pawl_doc_iter it = { .of = d };
	struct value *v = value_new(kind), *part;

	if (h->doc_type(h, d) != (kind == VALUE_M ? PAWL_DOC_OBJECT : PAWL_DOC_ARRAY))
		dynamo_error_set(e, "SerializationException", "%s expects an %s", type_names[kind],
		    kind == VALUE_M ? "object" : "array");
	while (e->code == NULL && h->doc_next(h, &it)) {
		size_t len;
		char *name = kind == VALUE_M ? h->doc_string(h, it.key, &len) : NULL;

		if (name != NULL && strlen(name) != len)
			refuse_nul(e);
		else if ((part = read_value(h, it.value, depth + 1, e)) != NULL)
			add_part(v, name != NULL ? text_format("%s", name) : NULL, part);
		h->free(h, name);
	}
	if (e->code == NULL)
		return v;
	value_free(v);
	return NULL;
}

static struct value *
read_value(const struct pawl_host *h, struct pawl_doc d, int depth, struct dynamo_error *e)
{
	struct pawl_doc_iter it = { .of = d };
	size_t kind = 0;
	struct value *v;

	if (depth > DEPTH_MAX) {
		refuse_depth(e);
		return NULL;
	}
	if (h->doc_type(h, d) != PAWL_DOC_OBJECT || h->doc_len(h, d) != 1 || !h->doc_next(h, &it)) {
		dynamo_invalid(e, "Supplied AttributeValue %s",
		    h->doc_len(h, d) > 1 && h->doc_type(h, d) == PAWL_DOC_OBJECT
			? "has more than one datatypes set, must contain exactly one of the supported datatypes"
			: "is empty, must contain exactly one of the supported datatypes");
		return NULL;
	}
	while (kind < NTYPES && !h->doc_is(h, it.key, type_names[kind]))
		kind++;
	switch (kind) {
	case VALUE_S:
	case VALUE_N:
	case VALUE_B:
		return read_scalar(h, (enum value_kind)kind, it.value, e);
	case VALUE_SS:
	case VALUE_NS:
	case VALUE_BS:
		return read_set(h, (enum value_kind)kind, it.value, e);
	case VALUE_M:
	case VALUE_L:
		return read_parts(h, (enum value_kind)kind, it.value, depth, e);
	case VALUE_BOOL:
	case VALUE_NULL:
		if (kind == VALUE_NULL && !docs_true(h, it.value)) {
			dynamo_invalid(e,
			    "One or more parameter values were invalid: "
			    "Null attribute value types must have the value of true");
			return NULL;
		}
		v = value_new((enum value_kind)kind);
		v->yes = docs_true(h, it.value);
		return v;
	default:
		dynamo_invalid(e,
		    "Supplied AttributeValue is empty, must contain exactly one of the "
		    "supported datatypes");
		return NULL;
	}
}

struct value *
value_read(const struct pawl_host *h, struct pawl_doc d, struct dynamo_error *e)
{
	return read_value(h, d, 1, e);
}

struct value *
value_read_map(const struct pawl_host *h, struct pawl_doc d, struct dynamo_error *e)
{
	return read_parts(h, VALUE_M, d, 0, e);
}

static int
depth_of(const struct value *v)
{
	int deepest = 0;

	for (size_t i = 0; v->kind < VALUE_SS && i < v->nparts; i++) {
		int depth = 1 + depth_of(v->parts[i]);

		if (depth > deepest)
			deepest = depth;
	}
	return deepest;
}

int
value_check_depth(const struct value *item, struct dynamo_error *e)
{
	return depth_of(item) > DEPTH_MAX ? refuse_depth(e) : 0;
}

/* --- writing ------------------------------------------------------------------------------------------ */

static void
write_scalar(const struct pawl_host *h, struct pawl_builder *b, const struct value *v)
{
	struct text base64 = { 0 };

	if (v->kind != VALUE_B) {
		h->build_string(b, v->text.s, v->text.len);
		return;
	}
	text_adds(&base64, "");
	text_add_base64(&base64, v->text.s, v->text.len);
	h->build_string(b, base64.s, base64.len);
	text_fini(&base64);
}

static void
write_parts(const struct pawl_host *h, struct pawl_builder *b, const struct value *v)
{
	h->build_array(b);
	for (size_t i = 0; i < v->nparts; i++)
		if (v->kind == VALUE_L)
			value_write(h, b, v->parts[i]);
		else
			write_scalar(h, b, v->parts[i]);
	h->build_end(b);
}

void
value_write(const struct pawl_host *h, struct pawl_builder *b, const struct value *v)
{
	h->build_object(b);
	h->build_key(b, type_names[v->kind]);
	if (v->kind == VALUE_BOOL || v->kind == VALUE_NULL)
		h->build_bool(b, v->yes);
	else if (v->kind == VALUE_M)
		value_write_map(h, b, v);
	else if (v->kind <= VALUE_B)
		write_scalar(h, b, v);
	else
		write_parts(h, b, v);
	h->build_end(b);
}

void
value_write_map(const struct pawl_host *h, struct pawl_builder *b, const struct value *map)
{
	h->build_object(b);
	for (size_t i = 0; i < map->nparts; i++) {
		h->build_key(b, map->names[i]);
		value_write(h, b, map->parts[i]);
	}
	h->build_end(b);
}

char *
value_json(const struct pawl_host *h, const struct value *map)
{
	struct pawl_builder *b = h->build(h);
	struct pawl_doc d;
	char *json;

	value_write_map(h, b, map);
	d = h->build_finish(b);
	json = h->doc_text(h, d, NULL);
	h->doc_unref(h, d);
	return json;
}

/* --- comparing ------------------------------------------------------------------------------------------ */

const char *
value_type_name(const struct value *v)
{
	return type_names[v->kind];
}

static int
compare_bytes(const struct text *a, const struct text *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->s, b->s, n);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static bool
equal_parts(const struct value *a, const struct value *b)
{
	if (a->nparts != b->nparts)
		return false;
	for (size_t i = 0; i < a->nparts; i++) {
		const struct value *other = b->parts[i];

		if (a->kind == VALUE_M)
			other = value_get(b, a->names[i]);
		if (a->kind >= VALUE_SS ? !value_contains(b, a->parts[i])
					: other == NULL || !value_equal(a->parts[i], other))
			return false;
	}
	return true;
}

bool
value_equal(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind <= VALUE_B)
		return compare_bytes(&a->text, &b->text) == 0;
	if (a->kind == VALUE_BOOL || a->kind == VALUE_NULL)
		return a->yes == b->yes;
	return equal_parts(a, b);
}

bool
value_compare(const struct value *a, const struct value *b, int *order)
{
	if (a->kind != b->kind || a->kind > VALUE_B)
		return false;
	*order = a->kind == VALUE_N ? decimal_compare(&a->number, &b->number)
				    : compare_bytes(&a->text, &b->text);
	return true;
}

size_t
value_size(const struct value *v)
{
	size_t n = 0;

	if (v->kind != VALUE_S)
		return v->kind == VALUE_B ? v->text.len : v->nparts;
	for (size_t i = 0; i < v->text.len; i++)
		n += ((unsigned char)v->text.s[i] & 0xc0) != 0x80;
	return n;
}

size_t
value_bytes(const struct value *v)
{
	size_t n = v->kind == VALUE_N ? (size_t)(v->number.n + 1) / 2 + 1 : v->text.len;

	if (v->kind == VALUE_BOOL || v->kind == VALUE_NULL)
		return 1;
	if (v->kind == VALUE_M || v->kind == VALUE_L)
		n += 3;
	for (size_t i = 0; i < v->nparts; i++)
		n += value_bytes(v->parts[i]) + (v->kind < VALUE_SS ? 1 : 0) +
		    (v->names[i] != NULL ? strlen(v->names[i]) : 0);
	return n;
}

bool
value_contains(const struct value *set, const struct value *v)
{
	if (set->kind == VALUE_S || set->kind == VALUE_B)
		return v->kind == set->kind &&
		    memmem(set->text.s, set->text.len, v->text.s, v->text.len) != NULL;
	if (set->kind < VALUE_L)
		return false;
	for (size_t i = 0; i < set->nparts; i++)
		if (value_equal(set->parts[i], v))
			return true;
	return false;
}

bool
value_begins(const struct value *v, const struct value *prefix)
{
	return v->kind == prefix->kind && (v->kind == VALUE_S || v->kind == VALUE_B) &&
	    v->text.len >= prefix->text.len &&
	    memcmp(v->text.s, prefix->text.s, prefix->text.len) == 0;
}

void
value_key(const struct value *v, struct text *out)
{
	if (v->kind == VALUE_N)
		decimal_key(&v->number, out);
	else
		text_add(out, v->text.s, v->text.len);
}
