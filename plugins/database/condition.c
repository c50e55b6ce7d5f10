/*
 * condition - whether a condition holds for an item.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "expression.h"

struct value *
path_find(const struct value *item, const struct path *p)
{
	const struct value *v = item;

	for (size_t i = 0; v != NULL && i < p->nsteps; i++) {
		const struct path_step *step = &p->steps[i];

		if (step->name != NULL)
			v = v->kind == VALUE_M ? value_get(v, step->name) : NULL;
		else
			v = v->kind == VALUE_L && step->index < v->nparts ? v->parts[step->index]
									  : NULL;
	}
	return (struct value *)(uintptr_t)v;
}

/* Borrowed; made is for what has no owner. NULL = there is nothing. */
static const struct value *
operand(const struct node *n, const struct value *item, struct value **made)
{
	const struct value *v;
	char size[24];
	const char *why;
	struct decimal d;

	*made = NULL;
	if (n->kind == NODE_VALUE)
		return n->value;
	v = path_find(item, &n->path);
	if (n->kind == NODE_PATH || v == NULL || v->kind == VALUE_N || v->kind == VALUE_BOOL ||
	    v->kind == VALUE_NULL)
		return n->kind == NODE_PATH ? v : NULL;
	snprintf(size, sizeof(size), "%zu", value_size(v));
	decimal_parse(size, &d, &why);
	return *made = value_new_number(&d);
}

static bool
ordered(enum node_kind kind, const struct value *a, const struct value *b)
{
	int order;

	if (kind == NODE_EQ)
		return value_equal(a, b);
	if (kind == NODE_NE)
		return !value_equal(a, b);
	if (!value_compare(a, b, &order))
		return false;
	switch (kind) {
	case NODE_LT:
		return order < 0;
	case NODE_LE:
		return order <= 0;
	case NODE_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

/* kids[a] against kids[b]. Nothing is different from everything. */
static bool
compare(const struct node *n, size_t a, size_t b, enum node_kind kind, const struct value *item)
{
	struct value *x_made, *y_made;
	const struct value *x = operand(n->kids[a], item, &x_made);
	const struct value *y = operand(n->kids[b], item, &y_made);
	bool holds = x != NULL && y != NULL ? ordered(kind, x, y) : kind == NODE_NE && x != y;

	value_free(x_made);
	value_free(y_made);
	return holds;
}

static bool
is_among(const struct node *n, const struct value *item)
{
	for (size_t i = 1; i < n->nkids; i++)
		if (compare(n, 0, i, NODE_EQ, item))
			return true;
	return false;
}

/* attribute_type, begins_with, contains. */
static bool
function(const struct node *n, const struct value *item)
{
	struct value *x_made, *y_made;
	const struct value *x = operand(n->kids[0], item, &x_made);
	const struct value *y = operand(n->kids[1], item, &y_made);
	bool holds = x != NULL && y != NULL;

	if (holds && n->kind == NODE_TYPE)
		holds = y->kind == VALUE_S && strcmp(value_type_name(x), y->text.s) == 0;
	else if (holds)
		holds = n->kind == NODE_BEGINS ? value_begins(x, y) : value_contains(x, y);
	value_free(x_made);
	value_free(y_made);
	return holds;
}

bool
condition_holds(const struct node *n, const struct value *item)
{
	switch (n->kind) {
	case NODE_AND:
		return condition_holds(n->kids[0], item) && condition_holds(n->kids[1], item);
	case NODE_OR:
		return condition_holds(n->kids[0], item) || condition_holds(n->kids[1], item);
	case NODE_NOT:
		return !condition_holds(n->kids[0], item);
	case NODE_BETWEEN:
		return compare(n, 0, 1, NODE_GE, item) && compare(n, 0, 2, NODE_LE, item);
	case NODE_IN:
		return is_among(n, item);
	case NODE_EXISTS:
		return path_find(item, &n->kids[0]->path) != NULL;
	case NODE_NOT_EXISTS:
		return path_find(item, &n->kids[0]->path) == NULL;
	case NODE_TYPE:
	case NODE_BEGINS:
	case NODE_CONTAINS:
		return function(n, item);
	default:
		return compare(n, 0, 1, n->kind, item);
	}
}
