/*
 * compile_assign - Assign: which variables a container's states set, and with what.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"
#include "base/xalloc.h"
#include "expr/ident.h"

/* The variable that a member of Assign sets: in JSONPath states its name without ".$". Yours. */
static char *
variable_of(struct doc key, bool jsonpath)
{
	struct buf scratch;
	const char *s;
	char *name;
	size_t len;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(key, &scratch, &len);
	if (jsonpath && len >= 2 && memcmp(s + len - 2, ".$", 2) == 0)
		len -= 2;
	name = xstrndup(s, len);
	buf_fini(&scratch);
	return name;
}

/* --- gathering ----------------------------------------------------------------- */

struct gathered {
	char **names;
	size_t n, cap;
};

static void
gather(struct gathered *g, struct doc owner)
{
	struct doc assign = doc_gets(owner, "Assign");
	struct doc_iter it;

	if (doc_is_none(assign) || doc_type(assign) != DOC_OBJECT)
		return;
	it = doc_iter(assign);
	while (doc_next(&it)) {
		if (g->n == g->cap) {
			g->cap = g->cap ? g->cap * 2 : 8;
			g->names = xreallocarray(g->names, g->cap, sizeof(*g->names));
		}
		g->names[g->n++] = variable_of(it.key, true);
	}
}

/* From the objects of an array: Choices, Catch. */
static void
gather_each(struct gathered *g, struct doc list)
{
	struct doc_iter it;

	if (doc_is_none(list) || doc_type(list) != DOC_ARRAY)
		return;
	it = doc_iter(list);
	while (doc_next(&it))
		gather(g, it.value);
}

static int
names_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
assigned_init(struct assigned *a, const struct assigned *up, struct doc states)
{
	struct gathered g = { NULL, 0, 0 };
	struct doc_iter it = doc_iter(states);

	while (doc_next(&it)) {
		gather(&g, it.value);
		gather_each(&g, doc_gets(it.value, "Choices"));
		gather_each(&g, doc_gets(it.value, "Catch"));
	}
	if (g.n > 1)
		qsort(g.names, g.n, sizeof(*g.names), names_compare);
	*a = (struct assigned){ up, g.names, g.n };
}

void
assigned_fini(struct assigned *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		free(a->names[i]);
	free(a->names);
}

bool
assigned_has(const struct assigned *a, const char *name)
{
	for (; a != NULL; a = a->up)
		if (a->n > 0 && bsearch(&name, a->names, a->n, sizeof(*a->names), names_compare))
			return true;
	return false;
}

/* --- checking --------------------------------------------------------------------- */

static void
check_variable(const struct part *p, const struct assigned *a, struct doc key)
{
	struct place at = place_name(p->at, "Assign");
	char *name = variable_of(key, p->language == QUERY_JSONPATH), *shown = text_shown(key);
	struct diagnostic *g = NULL;
	size_t len = strlen(name);

	if (ident_length(name, len) != len || len == 0)
		g = report(p->c, &at, SCHEMA, "The variable name '%s' is not valid", shown);
	else if (ident_characters(name, len) > ASL_NAME_MAX)
		g = report(p->c, &at, SCHEMA, "The variable name '%s' is longer than %d characters",
		    shown, ASL_NAME_MAX);
	else if (strcmp(name, "states") == 0)
		g = report(p->c, &at, SCHEMA, "The variable name 'states' is reserved");
	else if (assigned_has(a->up, name))
		g = report(p->c, &at, "DUPLICATE_VARIABLE_NAME",
		    "Variable '%s' was already defined in a parent scope", name);
	help_key(g, shown);
	free(name);
	free(shown);
}

struct template *
compile_assign(const struct part *p, const struct assigned *a)
{
	struct doc assign = field_object(p, "Assign");
	struct doc_iter it;

	if (doc_is_none(assign))
		return NULL;
	it = doc_iter(assign);
	while (doc_next(&it))
		check_variable(p, a, it.key);
	return compile_template(p, "Assign", true);
}
