/*
 * update - an update expression carried out on an item.
 *
 * All right sides are of the item as it was; REMOVE takes elements of lists from the end on, so that
 * indexes mean what they meant.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "expression.h"

/* --- right sides -------------------------------------------------------------------------------- */

static struct value *right_side(const struct node *n, const struct value *old,
    struct dynamo_error *e);

static struct value *
calculate(const struct node *n, const struct value *a, const struct value *b,
    struct dynamo_error *e)
{
	struct decimal sum;
	const char *why;

	if (a->kind != VALUE_N || b->kind != VALUE_N)
		dynamo_invalid(e, "An operand in the update expression has an incorrect data type");
	else if (!decimal_add(&a->number, &b->number, n->kind == NODE_MINUS, &sum, &why))
		dynamo_invalid(e, "%s", why);
	else
		return value_new_number(&sum);
	return NULL;
}

static struct value *
append(const struct value *a, const struct value *b, struct dynamo_error *e)
{
	struct value *list;

	if (a->kind != VALUE_L || b->kind != VALUE_L) {
		dynamo_invalid(e, "An operand in the update expression has an incorrect data type");
		return NULL;
	}
	list = value_copy(a);
	for (size_t i = 0; i < b->nparts; i++)
		value_append(list, value_copy(b->parts[i]));
	return list;
}

static struct value *
two_sides(const struct node *n, const struct value *old, struct dynamo_error *e)
{
	struct value *a = right_side(n->kids[0], old, e), *b = NULL, *result = NULL;

	if (a != NULL)
		b = right_side(n->kids[1], old, e);
	if (b != NULL)
		result = n->kind == NODE_LIST_APPEND ? append(a, b, e) : calculate(n, a, b, e);
	value_free(a);
	value_free(b);
	return result;
}

/* New; NULL and *e. */
static struct value *
right_side(const struct node *n, const struct value *old, struct dynamo_error *e)
{
	const struct value *found;

	switch (n->kind) {
	case NODE_VALUE:
		return value_copy(n->value);
	case NODE_PATH:
		if ((found = path_find(old, &n->path)) != NULL)
			return value_copy(found);
		dynamo_invalid(e,
		    "The provided expression refers to an attribute that does not exist in "
		    "the item");
		return NULL;
	case NODE_IF_NOT_EXISTS:
		found = path_find(old, &n->kids[0]->path);
		return found != NULL ? value_copy(found) : right_side(n->kids[1], old, e);
	default:
		return two_sides(n, old, e);
	}
}

/* --- left sides ------------------------------------------------------------------------------------ */

static int
bad_path(struct dynamo_error *e)
{
	return dynamo_invalid(e,
	    "The document path provided in the update expression is invalid for update");
}

/* What holds the end of a path; NULL = nothing does. */
static struct value *
holder(struct value *item, const struct path *p)
{
	struct path above = { p->steps, p->nsteps - 1 };
	const struct path_step *last = &p->steps[p->nsteps - 1];
	struct value *v = path_find(item, &above);

	return v != NULL && v->kind == (last->name != NULL ? VALUE_M : VALUE_L) ? v : NULL;
}

/* Takes v. */
static int
set_at(struct value *item, const struct path *p, struct value *v, struct dynamo_error *e)
{
	const struct path_step *last = &p->steps[p->nsteps - 1];
	struct value *at = holder(item, p);

	if (at == NULL) {
		value_free(v);
		return bad_path(e);
	}
	if (last->name != NULL) {
		value_set(at, last->name, v);
	} else if (last->index < at->nparts) {
		value_free(at->parts[last->index]);
		at->parts[last->index] = v;
	} else {
		value_append(at, v);
	}
	return 0;
}

static void
remove_at(struct value *item, const struct path *p)
{
	const struct path_step *last = &p->steps[p->nsteps - 1];
	struct value *at = holder(item, p);

	if (at == NULL)
		return;
	if (last->name != NULL)
		value_remove(at, last->name);
	else if (last->index < at->nparts)
		value_remove_at(at, last->index);
}

/* --- ADD, DELETE ------------------------------------------------------------------------------------- */

static struct value *
add_to(const struct value *had, const struct value *v, struct dynamo_error *e)
{
	struct node plus = { .kind = NODE_PLUS };
	struct value *set;

	if (v->kind != VALUE_N && v->kind < VALUE_SS) {
		dynamo_invalid(e,
		    "Invalid UpdateExpression: Incorrect operand type for operator or "
		    "function; operator: ADD, operand type: %s",
		    value_type_name(v));
		return NULL;
	}
	if (had == NULL)
		return value_copy(v);
	if (v->kind == VALUE_N)
		return calculate(&plus, had, v, e);
	if (had->kind != v->kind) {
		dynamo_invalid(e, "An operand in the update expression has an incorrect data type");
		return NULL;
	}
	set = value_copy(had);
	for (size_t i = 0; i < v->nparts; i++)
		if (!value_contains(set, v->parts[i]))
			value_append(set, value_copy(v->parts[i]));
	return set;
}

/* The set without the elements of v; NULL when none is left, or *e. */
static struct value *
take_from(const struct value *had, const struct value *v, struct dynamo_error *e)
{
	struct value *set;

	if (v->kind < VALUE_SS || had->kind != v->kind) {
		dynamo_invalid(e, "An operand in the update expression has an incorrect data type");
		return NULL;
	}
	set = value_new(had->kind);
	for (size_t i = 0; i < had->nparts; i++)
		if (!value_contains(v, had->parts[i]))
			value_append(set, value_copy(had->parts[i]));
	if (set->nparts > 0)
		return set;
	value_free(set);
	return NULL;
}

static int
apply_set_action(const struct node *action, const struct value *old, struct value *item,
    struct dynamo_error *e)
{
	const struct path *p = &action->kids[0]->path;
	const struct value *had = path_find(old, p), *v = action->kids[1]->value;
	struct value *new;

	if (action->kind == NODE_ADD) {
		new = add_to(had, v, e);
	} else if (had == NULL) {
		return 0;
	} else if ((new = take_from(had, v, e)) == NULL && e->code == NULL) {
		remove_at(item, p);
		return 0;
	}
	return new != NULL ? set_at(item, p, new, e) : -1;
}

/* --- the whole ------------------------------------------------------------------------------------------ */

static int
compare_removals(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;
	const struct path *p = &(*x)->kids[0]->path, *q = &(*y)->kids[0]->path;
	size_t i = p->steps[p->nsteps - 1].index, k = q->steps[q->nsteps - 1].index;

	if (p->nsteps != q->nsteps) /* what is deeper first: it is found by indexes above it */
		return p->nsteps < q->nsteps ? 1 : -1;
	return i < k ? 1 : i > k ? -1 : 0;
}

static void
apply_removals(const struct node *update, struct value *item)
{
	const struct node **list = text_alloc((update->nkids + 1) * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < update->nkids; i++)
		if (update->kids[i]->kind == NODE_REMOVE)
			list[n++] = update->kids[i];
	qsort(list, n, sizeof(*list), compare_removals);
	for (size_t i = 0; i < n; i++)
		remove_at(item, &list[i]->kids[0]->path);
	free(list);
}

int
update_apply(const struct node *update, struct value *item, struct dynamo_error *e)
{
	struct value *old = value_copy(item), *new;

	for (size_t i = 0; i < update->nkids && e->code == NULL; i++) {
		const struct node *action = update->kids[i];

		if (action->kind == NODE_SET) {
			if ((new = right_side(action->kids[1], old, e)) != NULL)
				set_at(item, &action->kids[0]->path, new, e);
		} else if (action->kind != NODE_REMOVE) {
			apply_set_action(action, old, item, e);
		}
	}
	if (e->code == NULL) {
		apply_removals(update, item);
		value_check_depth(item, e);
	}
	value_free(old);
	return e->code != NULL ? -1 : 0;
}

bool
update_touches(const struct node *update, const char *name)
{
	for (size_t i = 0; i < update->nkids; i++)
		if (strcmp(update->kids[i]->kids[0]->path.steps[0].name, name) == 0)
			return true;
	return false;
}
