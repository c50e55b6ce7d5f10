/*
 * jsonpath - AWS's dialect of JSONPath: what a compiled path is, and writing at
 * a reference path. Parsing is in path_parse.c, evaluation in path_eval.c.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "expr/bound.h"
#include "expr/path.h"

const char *
jsonpath_text(const struct jsonpath *p)
{
	return p->text;
}

enum jsonpath_root
jsonpath_root_kind(const struct jsonpath *p)
{
	return p->root;
}

const char *
jsonpath_variable(const struct jsonpath *p)
{
	return p->variable;
}

bool
jsonpath_is_reference(const struct jsonpath *p)
{
	size_t i;

	for (i = 0; i < p->nsteps; i++)
		if (p->steps[i].kind != STEP_NAME && p->steps[i].kind != STEP_INDEX)
			return false;
	return p->function == FUNCTION_NONE;
}

/* Recursion is bounded by the nesting that the parser allows. */
static bool
filter_is_symbols(const struct path_filter *f)
{
	size_t i;

	for (i = 0; i < f->nkids; i++)
		if (!filter_is_symbols(f->kids[i]))
			return false;
	return f->op < FILTER_MATCHES;
}

bool
jsonpath_is_lax_reference(const struct jsonpath *p)
{
	size_t i;

	for (i = 0; i < p->nsteps; i++)
		if (p->steps[i].kind == STEP_FILTER && !filter_is_symbols(p->steps[i].u.filter))
			return false;
	return p->function == FUNCTION_NONE;
}

bool
jsonpath_is_definite(const struct jsonpath *p)
{
	return p->ndefinite == p->nsteps;
}

bool
jsonpath_is_whole(const struct jsonpath *p)
{
	return p->nsteps == 0 && p->function == FUNCTION_NONE;
}

/* --- writing -------------------------------------------------------------- */

static int
put_fail(const struct jsonpath *p, struct doc into, struct err *e)
{
	char *text = doc_text(into, NULL);

	err_set(e, "States.ResultPathMatchFailure", "Unable to apply ReferencePath %s to input %s",
	    p->text, text);
	free(text);
	return -1;
}

/*
 * Finds the containers on the way, from the outermost in at[0]; at[i] none = it has
 * to be made. -1 when a step does not fit.
 */
static int
put_find(const struct jsonpath *p, struct doc into, struct doc *at)
{
	struct doc cur = into;
	size_t i;

	for (i = 0; i < p->nsteps; i++) {
		const struct path_step *step = &p->steps[i];
		enum doc_type wants = step->kind == STEP_NAME ? DOC_OBJECT : DOC_ARRAY;
		int64_t index;

		at[i] = cur;
		if (doc_is_none(cur)) {
			if (step->kind != STEP_NAME)
				return -1;
			continue;
		}
		if (doc_type(cur) != wants)
			return -1;
		if (wants == DOC_OBJECT) {
			cur = doc_get(cur, step->u.name.s, step->u.name.len);
			continue;
		}
		index = step->u.index;
		if (index < 0)
			index += (int64_t)doc_len(cur);
		if (index < 0 || index >= (int64_t)doc_len(cur))
			return -1;
		cur = doc_at(cur, (size_t)index);
	}
	return 0;
}

/* The container with value at this step; owned. */
static struct doc
put_step(const struct path_step *step, struct doc container, struct doc value)
{
	struct doc empty, made;
	int64_t index;

	if (step->kind == STEP_INDEX) {
		index = step->u.index;
		if (index < 0)
			index += (int64_t)doc_len(container);
		return doc_with_at(container, (size_t)index, value);
	}
	if (!doc_is_none(container))
		return doc_with(container, step->u.name.s, step->u.name.len, value);
	empty = doc_empty_object();
	made = doc_with(empty, step->u.name.s, step->u.name.len, value);
	doc_unref(empty);
	return made;
}

int
jsonpath_put(const struct jsonpath *p, struct doc into, struct doc value, struct doc *out,
    struct err *e)
{
	struct doc *at = xcalloc(p->nsteps + 1, sizeof(*at));
	struct doc made = doc_ref(value);
	size_t i;

	assert(jsonpath_is_reference(p));
	*out = DOC_NONE;
	if (put_find(p, into, at) != 0) {
		doc_unref(made);
		free(at);
		return put_fail(p, into, e);
	}
	for (i = p->nsteps; i-- > 0;) {
		struct doc outer = put_step(&p->steps[i], at[i], made);

		doc_unref(made);
		made = outer;
	}
	free(at);
	if (!expr_fits(made)) {
		doc_unref(made);
		return err_set(e, "States.DataLimitExceeded",
		    "What was put at %s makes the document larger or deeper than it may be",
		    p->text);
	}
	*out = made;
	return 0;
}
