/*
 * outline - where the members of a definition stand in its text.
 */
#include "cli/outline.h"

#include <stdlib.h>
#include <string.h>

#include "asl/diagnostic.h"
#include "expr/ident.h"

/* Names to compare for one location: a hostile definition has more ways to read it than that. */
#define COMPARISONS_MAX 1000000

struct outline_node *
outline_node(struct arena *a, enum doc_type type)
{
	struct outline_node *n = arena_alloc(a, sizeof(*n));

	n->type = type;
	return n;
}

struct outline_member *
outline_add(struct arena *a, struct outline_node *to)
{
	struct outline_member *m = arena_alloc(a, sizeof(*m));

	if (to->last != NULL)
		to->last->next = m;
	else
		to->first = m;
	to->last = m;
	to->n++;
	return m;
}

struct search {
	bool at_key;
	size_t left;         /* comparisons */
	const char *deepest; /* how far in the location the best place is */
	struct outline_span best;
};

static struct outline_span
member_span(const struct search *s, const struct outline_member *m)
{
	bool container = m->node->type == DOC_OBJECT || m->node->type == DOC_ARRAY;

	return m->name != NULL && (container || s->at_key) ? m->key : m->value;
}

static bool find_below(struct search *s, const struct outline_node *node, const char *rest);

/* The member is the next part of the location: is the rest of it below? */
static bool
find_member(struct search *s, const struct outline_member *m, const char *rest)
{
	if (rest > s->deepest) {
		s->deepest = rest;
		s->best = member_span(s, m);
	}
	if (*rest == '\0') {
		s->best = member_span(s, m);
		return true;
	}
	return find_below(s, m->node, rest);
}

/* rest: "[3]..." */
static bool
find_element(struct search *s, const struct outline_node *node, const char *rest)
{
	const struct outline_member *m = node->first;
	char *end;
	unsigned long i = strtoul(rest + 1, &end, 10);

	if (*end != ']' || i >= node->n)
		return false;
	while (i-- > 0)
		m = m->next;
	return find_member(s, m, end + 1);
}

/* Does the location go on with this name? *n is the length that it has there. */
static bool
name_matches(const struct outline_member *m, const char *rest, size_t *n)
{
	*n = ident_cut(m->name, m->len, DIAGNOSTIC_NAME_MAX);
	if (strnlen(rest, *n) < *n || memcmp(rest, m->name, *n) != 0)
		return false;
	return rest[*n] == '\0' || rest[*n] == '/' || rest[*n] == '[';
}

/* rest: "/NAME..." The longest name first; of those that are repeated the last, since it wins. */
static bool
find_name(struct search *s, const struct outline_node *node, const char *rest)
{
	size_t bound = SIZE_MAX;

	for (;;) {
		const struct outline_member *m, *found = NULL;
		size_t found_len = 0, n;

		if (s->left < node->n)
			return false;
		s->left -= node->n;
		for (m = node->first; m != NULL; m = m->next) {
			if (!name_matches(m, rest + 1, &n) || n < found_len || n >= bound)
				continue;
			found = m;
			found_len = n;
		}
		if (found == NULL)
			return false;
		if (find_member(s, found, rest + 1 + found_len))
			return true;
		bound = found_len;
	}
}

static bool
find_below(struct search *s, const struct outline_node *node, const char *rest)
{
	if (node->type == DOC_ARRAY && *rest == '[')
		return find_element(s, node, rest);
	return node->type == DOC_OBJECT && *rest == '/' && find_name(s, node, rest);
}

bool
outline_find(const struct outline_node *root, struct outline_span root_span, const char *location,
    bool at_key, struct outline_span *span)
{
	struct search s = { .at_key = at_key,
		.left = COMPARISONS_MAX,
		.deepest = location,
		.best = root_span };
	bool found = strcmp(location, "/") == 0 || strcmp(location, "") == 0 ||
	    find_below(&s, root, location);

	*span = s.best;
	return found;
}
