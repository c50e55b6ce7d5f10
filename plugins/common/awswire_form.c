/*
 * awswire_form - a form of the query protocol to a document.
 *
 * The dotted names make a tree; its nodes become objects, lists or maps by their names
 * and by the service's table.
 */
#include <stdlib.h>
#include <string.h>

#include "awswire_form.h"
#include "docs.h"
#include "text.h"

#define FIELDS_MAX 2000 /* SQS's largest request has some hundreds */
#define DEPTH_MAX 12

struct node {
	char *name;
	char *value; /* NULL = it has children */
	size_t value_len;
	long number; /* of a name that is a number, else -1 */
	struct node *first, *last, *next;
};

static void
node_free(struct node *n)
{
	while (n != NULL) {
		struct node *next = n->next;

		node_free(n->first);
		free(n->name);
		free(n->value);
		free(n);
		n = next;
	}
}

static long
number_of(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 6 || strspn(name, "0123456789") != len)
		return -1;
	return strtol(name, NULL, 10);
}

static struct node *
child_of(struct node *parent, const char *name, size_t len)
{
	struct node *n = parent->first;

	while (n != NULL && (strncmp(n->name, name, len) != 0 || n->name[len] != '\0'))
		n = n->next;
	if (n != NULL)
		return n;
	n = text_alloc(sizeof(*n));
	n->name = text_format("%.*s", (int)len, name);
	n->number = number_of(n->name);
	if (parent->last != NULL)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
	return n;
}

/* Takes the value. */
static bool
add_field(struct node *root, const struct text *name, struct text *value)
{
	struct node *n = root;
	const char *at = name->s;

	for (int depth = 0;; depth++) {
		size_t len = strcspn(at, ".");

		if (depth == DEPTH_MAX || strlen(name->s) != name->len)
			return false;
		n = child_of(n, at, len);
		at += len;
		if (*at == '\0')
			break;
		at++;
	}
	free(n->value);
	n->value = value->s;
	n->value_len = value->len;
	*value = (struct text){ 0 };
	return true;
}

static bool
read_field(struct node *root, const char *s, size_t len)
{
	const char *equal = memchr(s, '=', len);
	size_t name_len = equal != NULL ? (size_t)(equal - s) : len;
	struct text name = { 0 }, value = { 0 };
	bool right = text_add_decoded(&name, s, name_len, true) &&
	    text_add_decoded(&value, equal != NULL ? equal + 1 : "",
		equal != NULL ? len - name_len - 1 : 0, true) &&
	    text_is_utf8(name.s, name.len) && text_is_utf8(value.s, value.len) &&
	    add_field(root, &name, &value);

	text_fini(&name);
	text_fini(&value);
	return right;
}

static const char *
read_fields(struct node *root, const char *s, size_t len)
{
	for (size_t n = 0; len > 0; n++) {
		const char *end = memchr(s, '&', len);
		size_t field = end != NULL ? (size_t)(end - s) : len;

		if (n == FIELDS_MAX)
			return "The form has too many fields.";
		if (field > 0 && !read_field(root, s, field))
			return "The form of the request is malformed.";
		s += field + (end != NULL);
		len -= field + (end != NULL);
	}
	return NULL;
}

/* --- the tree to a document --------------------------------------------------------------- */

struct form {
	const struct pawl_host *host;
	const struct awswire_field *fields;
	const char *action;
	struct pawl_builder *b;
};

static void add_value(const struct form *f, const struct node *n);

static bool
is_list(const struct node *n)
{
	for (const struct node *c = n->first; c != NULL; c = c->next)
		if (c->number < 0)
			return false;
	return n->first != NULL;
}

static int
compare_numbers(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;

	return (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

/* The children in the order of their numbers; to be released with free. */
static const struct node **
elements_of(const struct node *n, size_t *count)
{
	const struct node **list;

	*count = 0;
	for (const struct node *c = n->first; c != NULL; c = c->next)
		++*count;
	list = text_alloc((*count + 1) * sizeof(struct node *));
	*count = 0;
	for (const struct node *c = n->first; c != NULL; c = c->next)
		list[(*count)++] = c;
	qsort(list, *count, sizeof(struct node *), compare_numbers);
	return list;
}

static void
add_list(const struct form *f, const struct node *n)
{
	size_t count;
	const struct node **list = elements_of(n, &count);

	f->host->build_array(f->b);
	for (size_t i = 0; i < count; i++)
		add_value(f, list[i]);
	f->host->build_end(f->b);
	free(list);
}

static const struct node *
find(const struct node *n, const char *name, const char *other)
{
	const struct node *c = n->first;

	while (c != NULL && strcmp(c->name, name) != 0 && strcmp(c->name, other) != 0)
		c = c->next;
	return c;
}

static bool
is_same_key(const struct node *entry, const char *text, const char *key, const char *other)
{
	const struct node *k = find(entry, key, other);

	return k != NULL && k->value != NULL && strcmp(k->value, text) == 0;
}

/* Entries without a key are left out; of those with the same key the last counts. */
static void
add_map(const struct form *f, const struct node *n, const char *key, const char *other_key,
    const char *value, const char *other_value)
{
	size_t count;
	const struct node **list = elements_of(n, &count);

	f->host->build_object(f->b);
	for (size_t i = 0; i < count; i++) {
		const struct node *k = find(list[i], key, other_key);
		const struct node *v = find(list[i], value, other_value);
		bool last = true;

		if (k == NULL || k->value == NULL)
			continue;
		for (size_t later = i + 1; last && later < count; later++)
			last = !is_same_key(list[later], k->value, key, other_key);
		if (!last)
			continue;
		f->host->build_key(f->b, k->value);
		if (v != NULL)
			add_value(f, v);
		else
			f->host->build_string(f->b, "", 0);
	}
	f->host->build_end(f->b);
	free(list);
}

static const struct awswire_field *
field_of(const struct form *f, const char *wire)
{
	const struct awswire_field *field = f->fields;

	while (field != NULL && field->api != NULL)
		if (strcmp(field->wire, wire) == 0 &&
		    (field->action == NULL || strcmp(field->action, f->action) == 0))
			return field;
		else
			field++;
	return NULL;
}

static void
add_member(const struct form *f, const struct node *n)
{
	const struct awswire_field *field = is_list(n) ? field_of(f, n->name) : NULL;

	f->host->build_key(f->b, field != NULL ? field->api : n->name);
	if (field != NULL && field->key != NULL)
		add_map(f, n, field->key, field->key, field->value, field->value);
	else
		add_value(f, n);
}

static void
add_value(const struct form *f, const struct node *n)
{
	const struct node *only = n->first != NULL && n->first->next == NULL ? n->first : NULL;

	if (n->first == NULL) {
		f->host->build_string(f->b, n->value, n->value_len);
	} else if (is_list(n)) {
		add_list(f, n);
	} else if (only != NULL && strcmp(only->name, "member") == 0 && is_list(only)) {
		add_list(f, only);
	} else if (only != NULL && strcmp(only->name, "entry") == 0 && is_list(only)) {
		add_map(f, only, "key", "Name", "value", "Value");
	} else {
		f->host->build_object(f->b);
		for (const struct node *c = n->first; c != NULL; c = c->next)
			add_member(f, c);
		f->host->build_end(f->b);
	}
}

struct pawl_doc
awswire_form_read(const struct awswire_service *s, const struct pawl_host *h, const char *action,
    const char *form, size_t len, const char **why)
{
	struct node root = { 0 };
	struct form f = { .host = h, .fields = s->fields, .action = action };
	struct pawl_doc d = PAWL_NO_DOC;

	*why = read_fields(&root, form, len);
	if (*why == NULL) {
		f.b = h->build(h);
		h->build_object(f.b);
		for (const struct node *c = root.first; c != NULL; c = c->next)
			add_member(&f, c);
		h->build_end(f.b);
		d = h->build_finish(f.b);
	}
	node_free(root.first);
	return d;
}
