/*
 * projection - the parts of an item that paths name.
 */
#include <stdlib.h>
#include <string.h>

#include "expression.h"

static const struct path *
path_at(const struct node *list, size_t i)
{
	const struct node *n = list->kids[i];

	return n->kind == NODE_PATH ? &n->path : &n->kids[0]->path;
}

static bool
step_leads_to(const struct path_step *step, const struct value *v, size_t part)
{
	if (v->kind == VALUE_M)
		return step->name != NULL && strcmp(step->name, v->names[part]) == 0;
	return v->kind == VALUE_L && step->name == NULL && step->index == part;
}

/* paths: which of the list lead to v, at this depth. NULL = nothing of it is named. */
static struct value *
project(const struct node *list, const bool *paths, size_t depth, const struct value *v)
{
	struct value *out = NULL;
	bool *further;

	for (size_t i = 0; i < list->nkids; i++)
		if (paths[i] && path_at(list, i)->nsteps == depth)
			return value_copy(v);
	further = text_alloc(list->nkids + 1);
	for (size_t part = 0; part < v->nparts; part++) {
		struct value *below;
		bool any = false;

		for (size_t i = 0; i < list->nkids; i++) {
			further[i] =
			    paths[i] && step_leads_to(&path_at(list, i)->steps[depth], v, part);
			any |= further[i];
		}
		if (!any || (below = project(list, further, depth + 1, v->parts[part])) == NULL)
			continue;
		if (out == NULL)
			out = value_new(v->kind);
		if (v->kind == VALUE_M)
			value_set(out, v->names[part], below);
		else
			value_append(out, below);
	}
	free(further);
	return out;
}

struct value *
projection_of(const struct node *list, const struct value *item)
{
	bool *paths = text_alloc(list->nkids + 1);
	struct value *out;

	memset(paths, true, list->nkids);
	out = project(list, paths, 0, item);
	free(paths);
	return out != NULL ? out : value_new(VALUE_M);
}
