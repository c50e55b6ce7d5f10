/*
 * path_eval - applies a compiled JSONPath to a document.
 *
 * The definite beginning of a path is a loop over its steps and the only part
 * that can fail: behind the first step that may give several nodes, what does not
 * fit is skipped. From there on a walk goes down every way and appends what it
 * reaches to an array. Each node looked at costs; the sum is bounded, so that no
 * path can hold the process up.
 */
#include <string.h>

#include "expr/bound.h"
#include "expr/javatext.h"
#include "expr/path.h"

#define PATH_WHOLE SIZE_MAX
#define PATH_CONTEXT_MAX 1000 /* bytes of the value that a sentence quotes */

bool
path_spend(struct path_work *w, uint64_t cost)
{
	if (w->left < cost)
		w->spent = true;
	if (w->spent)
		return false;
	w->left -= cost;
	return true;
}

/* --- sentences ------------------------------------------------------------- */

static void
path_add_step_text(struct buf *out, const struct path_step *step)
{
	size_t i;

	switch (step->kind) {
	case STEP_NAME:
		buf_adds(out, "['");
		buf_add(out, step->u.name.s, step->u.name.len);
		buf_adds(out, "']");
		break;
	case STEP_NAMES:
		for (i = 0; i < step->u.names.n; i++) {
			buf_adds(out, i == 0 ? "['" : "','");
			buf_add(out, step->u.names.list[i].s, step->u.names.list[i].len);
		}
		buf_adds(out, "']");
		break;
	case STEP_INDEX:
		buf_addf(out, "[%d]", step->u.index);
		break;
	case STEP_INDEXES:
		for (i = 0; i < step->u.indexes.n; i++)
			buf_addf(out, "%s%d", i == 0 ? "[" : ",", step->u.indexes.list[i]);
		buf_addc(out, ']');
		break;
	case STEP_SLICE:
		buf_addc(out, '[');
		if (step->u.slice.has_from)
			buf_addf(out, "%d", step->u.slice.from);
		buf_addc(out, ':');
		if (step->u.slice.has_to)
			buf_addf(out, "%d", step->u.slice.to);
		buf_addc(out, ']');
		break;
	case STEP_WILDCARD:
		buf_adds(out, "[*]");
		break;
	case STEP_SCAN:
		buf_adds(out, "..");
		break;
	case STEP_FILTER:
		buf_adds(out, "[?]");
		break;
	}
}

/* The first n steps in the service's normal form: $['a'][0]. PATH_WHOLE: all, and the function. */
static void
path_add_text(struct buf *out, const struct jsonpath *p, size_t n)
{
	size_t i;

	buf_addc(out, p->current ? '@' : '$');
	for (i = 0; i < n && i < p->nsteps; i++)
		path_add_step_text(out, &p->steps[i]);
	if (n == PATH_WHOLE && p->function != FUNCTION_NONE)
		buf_addf(out, ".%s()", path_function_name(p->function));
}

/* before, the first n steps, after. */
static int
path_fail_at(const struct jsonpath *p, const char *before, size_t n, const char *after,
    struct err *e)
{
	struct buf text;

	if (e == NULL)
		return -1;
	buf_init(&text, BUF_UNLIMITED);
	buf_adds(&text, before);
	path_add_text(&text, p, n);
	buf_adds(&text, after);
	err_set_text(e, "States.Runtime", text.data, text.len);
	buf_fini(&text);
	return -1;
}

static const char *
path_type_name(struct doc d)
{
	switch (doc_type(d)) {
	case DOC_NULL:
		return "null";
	case DOC_FALSE:
	case DOC_TRUE:
		return "boolean";
	case DOC_NUMBER:
		return "number";
	case DOC_STRING:
		return "string";
	case DOC_ARRAY:
		return "array";
	default:
		return "object";
	}
}

/* A name on what is no object. */
static int
path_fail_object(const struct jsonpath *p, size_t at, struct doc found, struct err *e)
{
	struct buf text;

	if (e == NULL)
		return -1;
	buf_init(&text, BUF_UNLIMITED);
	buf_adds(&text, "Expected to find an object with property ");
	path_add_step_text(&text, &p->steps[at]);
	buf_adds(&text, " in path ");
	path_add_text(&text, p, at);
	buf_addf(&text, " but found '%s'.", path_type_name(found));
	err_set_text(e, "States.Runtime", text.data, text.len);
	buf_fini(&text);
	return -1;
}

/* An index, a slice or a filter on what it cannot be applied to. */
static int
path_fail_array(const struct jsonpath *p, size_t at, struct doc found, struct err *e)
{
	struct buf text;

	if (doc_type(found) == DOC_NULL && p->steps[at].kind != STEP_FILTER)
		return path_fail_at(p, "The path ", at, " is null", e);
	if (e == NULL)
		return -1;
	buf_init(&text, BUF_UNLIMITED);
	buf_adds(&text, "Filter: ");
	path_add_step_text(&text, &p->steps[at]);
	buf_adds(&text,
	    p->steps[at].kind == STEP_FILTER
		? " can not be applied to primitives. Current context is: "
		: " can only be applied to arrays. Current context is: ");
	if (doc_size(found) <= PATH_CONTEXT_MAX)
		javatext_add(&text, found);
	else
		buf_addf(&text, "(%s of %zu bytes)", path_type_name(found), doc_size(found));
	err_set_text(e, "States.Runtime", text.data, text.len);
	buf_fini(&text);
	return -1;
}

/* --- one step ------------------------------------------------------------------ */

static struct doc
path_member(struct doc d, const struct path_name *name, struct path_work *w)
{
	return path_spend(w, 1 + doc_len(d) / 16) ? doc_get(d, name->s, name->len) : DOC_NONE;
}

/* Negative indexes count from the end. */
static struct doc
path_element(struct doc d, int64_t index, struct path_work *w)
{
	int64_t n = (int64_t)doc_len(d);

	if (index < 0)
		index += n;
	if (index < 0 || index >= n || !path_spend(w, 1 + (uint64_t)index / 16))
		return DOC_NONE;
	return doc_at(d, (size_t)index);
}

/* The object of those members that are there; owned. */
static struct doc
path_pick(const struct path_step *step, struct doc d, struct path_work *w)
{
	struct doc_builder *b = docb_new();
	size_t i, k;

	docb_object(b);
	for (i = 0; i < step->u.names.n; i++) {
		const struct path_name *name = &step->u.names.list[i];
		struct doc v = path_member(d, name, w);

		for (k = 0; k < i && !doc_is_none(v) && path_spend(w, 1); k++)
			if (step->u.names.list[k].len == name->len &&
			    memcmp(step->u.names.list[k].s, name->s, name->len) == 0)
				v = DOC_NONE;
		if (doc_is_none(v))
			continue;
		docb_key(b, name->s, name->len);
		docb_doc(b, v);
	}
	docb_end(b);
	return docb_finish(b);
}

/*
 * Takes the definite step at from *cur (borrowed); *made is owned when the step made
 * something new. 1: the member is missing, and the path is an indefinite one, which
 * then matches nothing.
 */
static int
path_step_definite(const struct jsonpath *p, size_t at, struct doc *cur, struct doc *made,
    struct path_work *w, struct err *e)
{
	const struct path_step *step = &p->steps[at];
	bool leaf = at + 1 == p->nsteps && p->function == FUNCTION_NONE;
	struct doc next;

	if (step->kind == STEP_INDEX) {
		if (doc_type(*cur) != DOC_ARRAY)
			return path_fail_array(p, at, *cur, e);
		next = path_element(*cur, step->u.index, w);
		if (doc_is_none(next))
			return path_fail_at(p, "No results for path: ", PATH_WHOLE, "", e);
		*cur = next;
		return 0;
	}
	if (doc_type(*cur) != DOC_OBJECT)
		return path_fail_object(p, at, *cur, e);
	if (step->kind == STEP_NAMES) {
		*made = *cur = path_pick(step, *cur, w);
		return 0;
	}
	next = path_member(*cur, &step->u.name, w);
	if (doc_is_none(next) && p->ndefinite < p->nsteps)
		return 1;
	if (doc_is_none(next))
		return path_fail_at(p, leaf ? "No results for path: " : "Missing property in path ",
		    at + 1, "", e);
	*cur = next;
	return 0;
}

/* --- the walk --------------------------------------------------------------------- */

struct path_walk {
	const struct jsonpath *p;
	struct path_work *work;
	struct doc_builder *found;
};

static void path_walk_to(struct path_walk *k, size_t at, struct doc d);

static bool
path_has_all(const struct path_step *step, struct doc d, struct path_work *w)
{
	size_t i;

	for (i = 0; i < step->u.names.n; i++)
		if (doc_is_none(path_member(d, &step->u.names.list[i], w)))
			return false;
	return true;
}

static void
path_walk_names(struct path_walk *k, size_t at, struct doc d)
{
	const struct path_step *step = &k->p->steps[at];
	bool leaf = at + 1 == k->p->nsteps;
	size_t i;

	if (doc_type(d) != DOC_OBJECT)
		return;
	if (leaf) {
		bool scanned = at > 0 && k->p->steps[at - 1].kind == STEP_SCAN;
		struct doc picked;

		/* Behind .. only objects count that have all the names. */
		if (scanned && !path_has_all(step, d, k->work))
			return;
		picked = path_pick(step, d, k->work);
		docb_doc(k->found, picked);
		doc_unref(picked);
		return;
	}
	for (i = 0; i < step->u.names.n; i++) {
		struct doc v = path_member(d, &step->u.names.list[i], k->work);

		if (!doc_is_none(v))
			path_walk_to(k, at + 1, v);
	}
}

static void
path_walk_element(struct path_walk *k, size_t at, struct doc d, int64_t index)
{
	struct doc v = path_element(d, index, k->work);

	if (!doc_is_none(v))
		path_walk_to(k, at + 1, v);
}

/*
 * The odd corner of the dialect is kept: between two numbers a negative beginning
 * counts up through zero, so [-4:2] of six elements is 2, 3, 4, 5, 0, 1.
 */
static void
path_walk_slice(struct path_walk *k, size_t at, struct doc d)
{
	const struct path_step *step = &k->p->steps[at];
	int64_t n = (int64_t)doc_len(d), from, to, i;

	from = step->u.slice.has_from ? step->u.slice.from : 0;
	to = step->u.slice.has_to ? step->u.slice.to : n;
	if (!step->u.slice.has_to && from < 0)
		from += n;
	if (!step->u.slice.has_from && to < 0)
		to += n;
	if (!step->u.slice.has_to && from < 0)
		from = 0;
	if (from < -n)
		from = -n;
	if (to > n)
		to = n;
	if (from >= 0) {
		struct doc_iter it = doc_iter(d);

		for (i = 0; i < to && doc_next(&it) && path_spend(k->work, 1); i++)
			if (i >= from)
				path_walk_to(k, at + 1, it.value);
		return;
	}
	for (i = from; i < to && !k->work->spent; i++)
		path_walk_element(k, at, d, i);
}

static void
path_walk_children(struct path_walk *k, size_t at, struct doc d)
{
	struct doc_iter it = doc_iter(d);

	while (doc_next(&it) && path_spend(k->work, 1))
		path_walk_to(k, at, it.value);
}

/*
 * An object is tested itself. So is, behind .., an array: its elements come by as
 * nodes of their own, and would else be found twice.
 */
static void
path_walk_filter(struct path_walk *k, size_t at, struct doc d)
{
	const struct path_filter *f = k->p->steps[at].u.filter;
	bool scanned = at > 0 && k->p->steps[at - 1].kind == STEP_SCAN;
	struct doc_iter it;

	if (doc_type(d) == DOC_OBJECT) {
		if (path_filter_accepts(f, d, k->work))
			path_walk_to(k, at + 1, d);
		return;
	}
	if (scanned && !path_filter_accepts(f, d, k->work))
		return;
	it = doc_iter(d);
	while (doc_next(&it) && path_spend(k->work, 1))
		if (path_filter_accepts(f, it.value, k->work))
			path_walk_to(k, at + 1, it.value);
}

/* Takes the step at from d, which it need not fit. */
static void
path_walk_step(struct path_walk *k, size_t at, struct doc d)
{
	const struct path_step *step = &k->p->steps[at];
	bool array = doc_type(d) == DOC_ARRAY;
	struct doc v;
	size_t i;

	switch (step->kind) {
	case STEP_NAME:
		v = doc_type(d) == DOC_OBJECT ? path_member(d, &step->u.name, k->work) : DOC_NONE;
		if (!doc_is_none(v))
			path_walk_to(k, at + 1, v);
		break;
	case STEP_NAMES:
		path_walk_names(k, at, d);
		break;
	case STEP_INDEX:
		if (array)
			path_walk_element(k, at, d, step->u.index);
		break;
	case STEP_INDEXES:
		for (i = 0; array && i < step->u.indexes.n; i++)
			path_walk_element(k, at, d, step->u.indexes.list[i]);
		break;
	case STEP_SLICE:
		if (array)
			path_walk_slice(k, at, d);
		break;
	case STEP_WILDCARD:
		path_walk_children(k, at + 1, d);
		break;
	case STEP_SCAN:
		path_walk_to(k, at + 1, d);
		path_walk_children(k, at, d);
		break;
	case STEP_FILTER:
		path_walk_filter(k, at, d);
		break;
	}
}

static void
path_walk_to(struct path_walk *k, size_t at, struct doc d)
{
	if (at == k->p->nsteps) {
		if (path_spend(k->work, 1))
			docb_doc(k->found, d);
		return;
	}
	if (!path_spend(k->work, 1))
		return;
	if (++k->work->depth > PATH_RECURSION_MAX)
		k->work->spent = true;
	else
		path_walk_step(k, at, d);
	k->work->depth--;
}

/* The first indefinite step still fails where it cannot be applied at all. */
static int
path_check_first(const struct jsonpath *p, size_t at, struct doc d, struct err *e)
{
	enum doc_type type = doc_type(d);

	switch (p->steps[at].kind) {
	case STEP_INDEXES:
	case STEP_SLICE:
		return type == DOC_ARRAY ? 0 : path_fail_array(p, at, d, e);
	case STEP_FILTER:
		return type == DOC_ARRAY || type == DOC_OBJECT ? 0 : path_fail_array(p, at, d, e);
	case STEP_NAMES:
		return type == DOC_OBJECT ? 0 : path_fail_object(p, at, d, e);
	default:
		return 0;
	}
}

int
path_apply(const struct jsonpath *p, struct doc from, struct path_work *w, struct doc *out,
    struct err *e)
{
	struct doc cur = from, made = DOC_NONE;
	int missing = 0;
	size_t at;

	for (at = 0; at < p->ndefinite && missing == 0; at++)
		if ((missing = path_step_definite(p, at, &cur, &made, w, e)) < 0)
			return -1;
	if (missing > 0) {
		made = cur = doc_empty_array();
	} else if (at < p->nsteps) {
		struct path_walk k = { .p = p, .work = w };

		if (path_check_first(p, at, cur, e) != 0)
			return -1;
		k.found = docb_new();
		docb_array(k.found);
		path_walk_to(&k, at, cur);
		docb_end(k.found);
		made = cur = docb_finish(k.found);
	}
	if (p->function != FUNCTION_NONE) {
		int rc = path_function_apply(p, cur, w, out, e);

		doc_unref(made);
		return rc;
	}
	*out = doc_is_none(made) ? doc_ref(cur) : made;
	return 0;
}

/* --- the public face ---------------------------------------------------------------- */

struct doc
jsonpath_root(const struct jsonpath *p, const struct expr_scope *s)
{
	switch (p->root) {
	case JSONPATH_CONTEXT:
		return s->context != NULL ? s->context(s->context_arg) : DOC_NONE;
	case JSONPATH_VARIABLE:
		return doc_is_none(s->vars) ? DOC_NONE : doc_gets(s->vars, p->variable);
	default:
		return s->root;
	}
}

void
jsonpath_show_root(const struct jsonpath *p, const struct expr_scope *s, struct buf *out)
{
	struct doc root = jsonpath_root(p, s);

	/* a variable without a value: those that have one */
	if (doc_is_none(root))
		root = s->vars;
	if (doc_is_none(root))
		buf_adds(out, "{}");
	else
		doc_print(root, out);
}

int
jsonpath_eval(const struct jsonpath *p, const struct expr_scope *s, struct doc *out, struct err *e)
{
	struct doc root = jsonpath_root(p, s);
	struct path_work w = { .root = root, .left = PATH_WORK_MIN };

	*out = DOC_NONE;
	if (doc_is_none(root) && p->root == JSONPATH_VARIABLE)
		return err_set(e, "States.Runtime", "The variable '%s' has no value", p->variable);
	if (doc_is_none(root))
		return err_set(e, "States.Runtime", "There is no Context Object here");
	w.left += PATH_WORK_PER_BYTE * doc_size(root);
	if (w.left > PATH_WORK_MAX)
		w.left = PATH_WORK_MAX;
	if (path_apply(p, root, &w, out, e) == 0 && !w.spent && expr_fits(*out))
		return 0;
	if (w.spent)
		err_set(e, "States.Runtime", "The path visits too many values of the document");
	else if (!doc_is_none(*out))
		err_set(e, "States.Runtime",
		    "The path gives more, or what is nested deeper, than a document may hold");
	doc_unref(*out);
	*out = DOC_NONE;
	return -1;
}
