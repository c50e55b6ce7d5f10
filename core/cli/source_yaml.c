/*
 * source_yaml - YAML: what a JSON document can be written as, and no more.
 *
 * libyaml gives events with their places. They become the outline's nodes; an alias is
 * the node of its anchor once more, and is multiplied only when the JSON is printed,
 * into a buffer with a limit. Types are those of YAML 1.2's core schema, in which all
 * that JSON allows means the same; keys are strings whatever they look like; a repeated
 * key is an error, as YAML has it. "<<" merges mappings, since so many use it.
 */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/xalloc.h"
#include "cli/source.h"
#include "cli/visible.h"
#include "cli/yaml_scalar.h"
#include "expr/ident.h"

#define ANCHORS_MAX 1000
#define MERGE_COMPARISONS_MAX 1000000
#define SHOWN_MAX 100 /* bytes of the text that a sentence quotes */
#define CORE_TAG "tag:yaml.org,2002:"

struct anchor {
	const char *name;
	struct outline_node *node;
	bool open; /* its end was not read yet */
};

struct reader {
	yaml_parser_t parser;
	struct source *s;
	struct anchor *anchors;
	size_t nanchors;
	size_t index, offset; /* libyaml counts characters: how many there are before the byte */
	size_t compared;
	struct buf number;
};

/* --- places ----------------------------------------------------------------------------- */

/* The byte where the character is. Marks go forward with few exceptions, so this walks on from the last. */
static size_t
offset_of(struct reader *r, size_t index)
{
	const struct source *s = r->s;

	while (r->index < index && r->offset < s->len) {
		r->offset += visible_length(s->text + r->offset, s->len - r->offset);
		r->index++;
	}
	while (r->index > index && r->offset > 0) {
		do
			r->offset--;
		while (r->offset > 0 && ((unsigned char)s->text[r->offset] & 0xc0) == 0x80);
		r->index--;
	}
	return r->offset;
}

static struct outline_span
span_of(struct reader *r, const yaml_event_t *ev)
{
	struct outline_span span = { .begin = offset_of(r, ev->start_mark.index) };
	const char *text = r->s->text;

	if (ev->type == YAML_SCALAR_EVENT || ev->type == YAML_ALIAS_EVENT)
		span.end = offset_of(r, ev->end_mark.index);
	else
		span.end = span.begin < r->s->len ? span.begin + 1 : span.begin;
	while (span.end > span.begin && strchr(" \t\r\n", text[span.end - 1]) != NULL)
		span.end--;
	return span;
}

/* --- what is wrong ------------------------------------------------------------------------- */

#define SHOW(text) (int)ident_cut(text, strlen(text), SHOWN_MAX), (text)

static void
fail_at(struct reader *r, const yaml_event_t *ev, const char *before, const char *word,
    const char *after)
{
	struct outline_span span = span_of(r, ev);

	source_fail(r->s, span.begin, span.end, "%s%.*s%s", before, SHOW(word), after);
}

/* What libyaml says, as a sentence. */
static void
fail_parser(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem != NULL ? p->problem : "out of memory";
	size_t at =
	    p->error == YAML_READER_ERROR ? p->problem_offset : offset_of(r, p->problem_mark.index);

	if (at > r->s->len)
		at = r->s->len;
	if (p->context != NULL && p->error != YAML_READER_ERROR)
		source_fail(r->s, at, at + (at < r->s->len), "YAML: %s, %s", p->context, problem);
	else
		source_fail(r->s, at, at + (at < r->s->len), "YAML: %s", problem);
}

static bool
next_event(struct reader *r, yaml_event_t *ev)
{
	if (yaml_parser_parse(&r->parser, ev))
		return true;
	fail_parser(r);
	return false;
}

/* --- anchors ---------------------------------------------------------------------------------- */

/* Remembers the node by the anchor's name, when it has one. Returns its number, or -1 and a problem. */
static int
anchor_add(struct reader *r, const yaml_event_t *ev, const yaml_char_t *name,
    struct outline_node *node, bool open)
{
	if (name == NULL)
		return 0;
	if (r->nanchors == ANCHORS_MAX) {
		fail_at(r, ev, "There are more anchors than 1000", "", "");
		return -1;
	}
	if (r->anchors == NULL)
		r->anchors = xcalloc(ANCHORS_MAX, sizeof(*r->anchors));
	r->anchors[r->nanchors++] =
	    (struct anchor){ .name = arena_strdup(&r->s->arena, (const char *)name),
		    .node = node,
		    .open = open };
	return 0;
}

static void
anchor_close(struct reader *r, const struct outline_node *node)
{
	size_t i;

	for (i = 0; i < r->nanchors; i++)
		if (r->anchors[i].node == node)
			r->anchors[i].open = false;
}

static struct outline_node *
read_alias(struct reader *r, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	size_t i;

	for (i = r->nanchors; i > 0; i--) {
		const struct anchor *a = &r->anchors[i - 1];

		if (strcmp(a->name, name) != 0)
			continue;
		if (!a->open)
			return a->node;
		fail_at(r, ev, "The anchor '", name, "' would contain itself");
		return NULL;
	}
	fail_at(r, ev, "There is no anchor '", name, "' above");
	return NULL;
}

/* --- scalars ------------------------------------------------------------------------------------ */

/* Does the tag, which is one of the core schema, allow what the text is? */
static bool
tag_allows(const char *tag, enum doc_type type, const char *number)
{
	if (strcmp(tag, "null") == 0)
		return type == DOC_NULL;
	if (strcmp(tag, "bool") == 0)
		return type == DOC_TRUE || type == DOC_FALSE;
	if (strcmp(tag, "int") == 0)
		return type == DOC_NUMBER && strpbrk(number, ".eE") == NULL;
	return strcmp(tag, "float") == 0 && type == DOC_NUMBER;
}

/* The type of a scalar by its tag, or by its look; false = reported. */
static bool
scalar_type(struct reader *r, const yaml_event_t *ev, enum doc_type *type)
{
	const char *tag = (const char *)ev->data.scalar.tag;
	const char *text = (const char *)ev->data.scalar.value;
	bool plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	*type = yaml_scalar_type(text, ev->data.scalar.length, &r->number);
	if (tag == NULL ? !plain : strcmp(tag, "!") == 0 || strcmp(tag, CORE_TAG "str") == 0)
		*type = DOC_STRING;
	else if (tag != NULL && strncmp(tag, CORE_TAG, strlen(CORE_TAG)) != 0)
		fail_at(r, ev, "The tag '", tag, "' means nothing here");
	else if (tag != NULL && !tag_allows(tag + strlen(CORE_TAG), *type, buf_text(&r->number)))
		fail_at(r, ev, "The value is none of the tag '", tag, "'");
	if (*type == DOC_NUMBER && r->number.len == 0)
		fail_at(r, ev, "JSON has no number '", text,
		    "'; put it in quotes to have a string");
	return r->s->problem == NULL;
}

static struct outline_node *
read_scalar(struct reader *r, const yaml_event_t *ev)
{
	struct outline_node *node;
	enum doc_type type;

	if (!scalar_type(r, ev, &type))
		return NULL;
	node = outline_node(&r->s->arena, type);
	if (type == DOC_NUMBER) {
		node->len = r->number.len;
		node->text = arena_memdup(&r->s->arena, r->number.data, node->len);
	} else {
		node->len = ev->data.scalar.length;
		node->text = arena_memdup(&r->s->arena, ev->data.scalar.value, node->len);
	}
	return anchor_add(r, ev, ev->data.scalar.anchor, node, false) == 0 ? node : NULL;
}

/* --- mappings --------------------------------------------------------------------------------------- */

static bool
is_merge_key(const yaml_event_t *ev)
{
	return ev->type == YAML_SCALAR_EVENT && ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    ev->data.scalar.tag == NULL && strcmp((const char *)ev->data.scalar.value, "<<") == 0;
}

/* The text of a scalar is the name, whatever it would be as a value. */
static bool
read_key(struct reader *r, const yaml_event_t *ev, struct outline_member *m)
{
	struct outline_node *node = NULL;

	m->key = span_of(r, ev);
	if (ev->type == YAML_SCALAR_EVENT) {
		m->len = ev->data.scalar.length;
		m->name = arena_memdup(&r->s->arena, ev->data.scalar.value, m->len);
		node = outline_node(&r->s->arena, DOC_STRING);
		node->text = m->name;
		node->len = m->len;
		return anchor_add(r, ev, ev->data.scalar.anchor, node, false) == 0;
	}
	if (ev->type == YAML_ALIAS_EVENT && (node = read_alias(r, ev)) == NULL)
		return false;
	if (node == NULL || node->type == DOC_OBJECT || node->type == DOC_ARRAY) {
		fail_at(r, ev, "A key must be a string", "", "");
		return false;
	}
	m->name = node->text;
	m->len = node->len;
	return true;
}

static int
member_order(const void *a, const void *b)
{
	const struct outline_member *x = *(struct outline_member *const *)a;
	const struct outline_member *y = *(struct outline_member *const *)b;
	int rc = memcmp(x->name, y->name, x->len < y->len ? x->len : y->len);

	if (rc == 0)
		rc = (x->len > y->len) - (x->len < y->len);
	return rc != 0 ? rc : (x->key.begin > y->key.begin) - (x->key.begin < y->key.begin);
}

static bool
same_name(const struct outline_member *a, const struct outline_member *b)
{
	return a->len == b->len && memcmp(a->name, b->name, a->len) == 0;
}

static bool
check_keys(struct reader *r, const struct outline_node *node)
{
	struct outline_member **sorted = xcalloc(node->n + 1, sizeof(*sorted)), *m;
	size_t n = 0, i;

	for (m = node->first; m != NULL; m = m->next)
		sorted[n++] = m;
	qsort(sorted, n, sizeof(*sorted), member_order);
	for (i = 1; i < n; i++)
		if (same_name(sorted[i - 1], sorted[i]))
			source_fail(r->s, sorted[i]->key.begin, sorted[i]->key.end,
			    "The key '%.*s' stands here a second time",
			    (int)ident_cut(sorted[i]->name, sorted[i]->len, SHOWN_MAX),
			    sorted[i]->name);
	free(sorted);
	return r->s->problem == NULL;
}

/* Adds the members of from that to does not have. */
static bool
merge_mapping(struct reader *r, struct outline_node *to, const struct outline_member *source)
{
	const struct outline_member *m, *has;
	struct outline_member *new;

	if (source->node->type != DOC_OBJECT) {
		source_fail(r->s, source->value.begin, source->value.end,
		    "Only a mapping, or a list of mappings, can be merged");
		return false;
	}
	for (m = source->node->first; m != NULL; m = m->next) {
		if ((r->compared += to->n) > MERGE_COMPARISONS_MAX) {
			source_fail(r->s, source->value.begin, source->value.end,
			    "Too much is merged");
			return false;
		}
		for (has = to->first; has != NULL && !same_name(has, m); has = has->next)
			;
		if (has != NULL)
			continue;
		new = outline_add(&r->s->arena, to);
		new->name = m->name;
		new->len = m->len;
		new->key = m->key;
		new->value = m->value;
		new->node = m->node;
	}
	return true;
}

/* What stands in a mapping itself comes before what is merged, of that the first. */
static bool
merge_all(struct reader *r, struct outline_node *to, const struct outline_node *merges)
{
	const struct outline_member *source, *one;

	for (source = merges->first; source != NULL; source = source->next) {
		if (source->node->type != DOC_ARRAY) {
			if (!merge_mapping(r, to, source))
				return false;
			continue;
		}
		for (one = source->node->first; one != NULL; one = one->next)
			if (!merge_mapping(r, to, one))
				return false;
	}
	return true;
}

static struct outline_node *read_node(struct reader *r, const yaml_event_t *ev, unsigned depth,
    struct outline_span *span);

/* The value of the key that was read. */
static bool
read_value(struct reader *r, struct outline_member *m, unsigned depth)
{
	yaml_event_t ev;

	if (!next_event(r, &ev))
		return false;
	m->node = read_node(r, &ev, depth, &m->value);
	yaml_event_delete(&ev);
	return m->node != NULL;
}

static bool
read_mapping(struct reader *r, struct outline_node *node, unsigned depth)
{
	struct outline_node merges = { .type = DOC_ARRAY };
	struct outline_member *m;
	yaml_event_t ev;
	bool good = true, end = false;

	while (good && !end) {
		if (!next_event(r, &ev))
			return false;
		end = ev.type == YAML_MAPPING_END_EVENT;
		if (!end && is_merge_key(&ev)) {
			m = outline_add(&r->s->arena, &merges);
			good = read_value(r, m, depth);
		} else if (!end) {
			m = outline_add(&r->s->arena, node);
			good = read_key(r, &ev, m) && read_value(r, m, depth);
		}
		yaml_event_delete(&ev);
	}
	return good && check_keys(r, node) && merge_all(r, node, &merges);
}

/* --- any node ------------------------------------------------------------------------------------------ */

static bool
read_sequence(struct reader *r, struct outline_node *node, unsigned depth)
{
	struct outline_member *m;
	yaml_event_t ev;
	bool good = true, end = false;

	while (good && !end) {
		if (!next_event(r, &ev))
			return false;
		end = ev.type == YAML_SEQUENCE_END_EVENT;
		if (!end) {
			m = outline_add(&r->s->arena, node);
			m->node = read_node(r, &ev, depth, &m->value);
			good = m->node != NULL;
		}
		yaml_event_delete(&ev);
	}
	return good;
}

static struct outline_node *
read_container(struct reader *r, const yaml_event_t *ev, unsigned depth)
{
	bool mapping = ev->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor =
	    mapping ? ev->data.mapping_start.anchor : ev->data.sequence_start.anchor;
	const char *tag =
	    (const char *)(mapping ? ev->data.mapping_start.tag : ev->data.sequence_start.tag);
	struct outline_node *node = outline_node(&r->s->arena, mapping ? DOC_OBJECT : DOC_ARRAY);

	if (depth > DOC_DEPTH_MAX)
		fail_at(r, ev, "The nesting is deeper than 1000 levels", "", "");
	else if (tag != NULL && strcmp(tag, "!") != 0 &&
	    strcmp(tag, mapping ? CORE_TAG "map" : CORE_TAG "seq") != 0)
		fail_at(r, ev, "The tag '", tag, "' means nothing here");
	if (r->s->problem != NULL || anchor_add(r, ev, anchor, node, true) != 0)
		return NULL;
	if (!(mapping ? read_mapping(r, node, depth + 1) : read_sequence(r, node, depth + 1)))
		return NULL;
	if (anchor != NULL)
		anchor_close(r, node);
	return node;
}

/* The node that begins with the event, or NULL and a problem. */
static struct outline_node *
read_node(struct reader *r, const yaml_event_t *ev, unsigned depth, struct outline_span *span)
{
	*span = span_of(r, ev);
	if (ev->type == YAML_SCALAR_EVENT)
		return read_scalar(r, ev);
	if (ev->type == YAML_ALIAS_EVENT)
		return read_alias(r, ev);
	return read_container(r, ev, depth);
}

/* --- the JSON of it ---------------------------------------------------------------------------------------- */

/* False = it is too deep; a failed buffer ends it as well. */
static bool
print_node(struct buf *out, const struct outline_node *node, unsigned depth)
{
	static const char
	    *const words[] = { [DOC_NULL] = "null", [DOC_FALSE] = "false", [DOC_TRUE] = "true" };
	const struct outline_member *m;

	if (node->type == DOC_STRING)
		buf_add_json_string(out, node->text, node->len);
	else if (node->type == DOC_NUMBER)
		buf_add(out, node->text, node->len);
	else if (node->type < DOC_NUMBER)
		buf_adds(out, words[node->type]);
	if (node->type < DOC_ARRAY)
		return true;
	if (depth > DOC_DEPTH_MAX)
		return false;
	buf_addc(out, node->type == DOC_OBJECT ? '{' : '[');
	for (m = node->first; m != NULL && !buf_failed(out); m = m->next) {
		if (m != node->first)
			buf_addc(out, ',');
		if (m->name != NULL) {
			buf_add_json_string(out, m->name, m->len);
			buf_addc(out, ':');
		}
		if (!print_node(out, m->node, depth + 1))
			return false;
	}
	buf_addc(out, node->type == DOC_OBJECT ? '}' : ']');
	return true;
}

static void
print_json(struct source *s)
{
	if (!print_node(&s->json, s->root, 1))
		source_fail(s, s->root_span.begin, s->root_span.begin,
		    "Its aliases make a nesting deeper than 1000 levels");
	else if (buf_failed(&s->json))
		source_fail(s, s->root_span.begin, s->root_span.begin,
		    "Its aliases make it larger than 64 MiB");
}

/* --- the file ------------------------------------------------------------------------------------------------ */

/* Passes over an event; false = it is of another type, or there is a problem. */
static bool
expect(struct reader *r, yaml_event_type_t type, const char *otherwise)
{
	yaml_event_t ev;
	bool is;

	if (!next_event(r, &ev))
		return false;
	is = ev.type == type;
	if (!is)
		fail_at(r, &ev, otherwise, "", "");
	yaml_event_delete(&ev);
	return is;
}

static bool
read_document(struct reader *r)
{
	struct outline_member top = { 0 };

	if (!expect(r, YAML_STREAM_START_EVENT, "This is no YAML") ||
	    !expect(r, YAML_DOCUMENT_START_EVENT, "The file holds nothing but comments") ||
	    !read_value(r, &top, 1) ||
	    !expect(r, YAML_DOCUMENT_END_EVENT, "The document does not end here") ||
	    !expect(r, YAML_STREAM_END_EVENT,
		"The file holds another document; a definition is one"))
		return false;
	r->s->root = top.node;
	r->s->root_span = top.value;
	return true;
}

void
source_read_yaml(struct source *s)
{
	struct reader r = { .s = s };

	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)s->text, s->len);
	buf_init(&r.number, BUF_UNLIMITED);
	if (read_document(&r))
		print_json(s);
	yaml_parser_delete(&r.parser);
	buf_fini(&r.number);
	free(r.anchors);
}
