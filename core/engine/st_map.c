/*
 * st_map - the Map state, inline: one iteration for each item, so many at once.
 *
 * Only iterations that run have a frame. Items that wait are a position in the
 * items document, results are a vector, so each step of an iteration costs the same
 * whether the Map has ten items or a million.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/dataflow.h"

#define MAP_INLINE_MAX 40

/* The number that a value is, or that its text says; owned, none when it says none. */
static struct doc
number_in(struct doc value)
{
	struct doc number = doc_ref(value);
	struct buf scratch;
	const char *s;
	size_t len;

	if (doc_type(value) == DOC_STRING) {
		buf_init(&scratch, BUF_UNLIMITED);
		s = doc_str(value, &scratch, &len);
		doc_unref(number);
		number = doc_parse(s, len, NULL);
		buf_fini(&scratch);
	}
	if (!doc_is_none(number) && doc_type(number) != DOC_NUMBER) {
		doc_unref(number);
		number = DOC_NONE;
	}
	return number;
}

/* The value of one of the Map's numbers; none = the state does not say. */
static int
map_field(struct run *r, struct frame *f, const struct dynamic_field *d, struct doc effective,
    struct doc *out, struct err *e)
{
	if (flow_field(r, f, d, effective, "number", out, e) == 0)
		return 0;
	return d->how == FIELD_PATH ? flow_invalid_path(d->path, e) : -1;
}

/* The number is out of range: the error is one of the evaluation when an expression gave it. */
static int
out_of_range(struct run *r, const struct dynamic_field *d, const char *field, const char *sentence,
    struct err *e)
{
	if (d->how == FIELD_EXPRESSION)
		return flow_unfit(r, field, e, "%s %s", field, sentence);
	return err_set(e, "States.Runtime", "%s %s", field, sentence);
}

static int
not_a_number(struct run *r, const struct dynamic_field *d, const char *field, const char *kind,
    struct doc value, struct err *e)
{
	char *text = flow_text(value);

	if (d->how == FIELD_EXPRESSION)
		flow_unfit(r, field, e, "%s must be a valid %s: %s", field, kind, text);
	else
		err_set(e, "States.Runtime",
		    "The %sPath field refers to value \"%s\" which is not a valid %s: %s", field,
		    text, kind, flow_field_path(d));
	free(text);
	return -1;
}

/* MaxConcurrency, ToleratedFailureCount: *out stays when the state does not say. */
static int
map_count(struct run *r, struct frame *f, const struct dynamic_field *d, const char *field,
    struct doc effective, int64_t *out, struct err *e)
{
	struct doc value = DOC_NONE, number;
	int rc = 0;

	if (map_field(r, f, d, effective, &value, e) != 0)
		return -1;
	if (doc_is_none(value))
		return 0;
	number = number_in(value);
	if (doc_is_none(number) || !doc_i64(number, out))
		rc = not_a_number(r, d, field, "integer", value, e);
	else if (*out < 0)
		rc = out_of_range(r, d, field, "cannot be negative.", e);
	doc_unref(number);
	doc_unref(value);
	return rc;
}

static int
check_percentage(struct run *r, struct frame *f, struct doc effective, struct err *e)
{
	const struct dynamic_field *d = &f->state->tolerated_percentage;
	struct doc value = DOC_NONE, number;
	double share;
	int rc = 0;

	if (map_field(r, f, d, effective, &value, e) != 0)
		return -1;
	if (doc_is_none(value))
		return 0;
	number = number_in(value);
	if (doc_is_none(number) || !doc_f64(number, &share))
		rc = not_a_number(r, d, "ToleratedFailurePercentage", "float", value, e);
	else if (share < 0 || share > 100)
		rc = out_of_range(r, d, "ToleratedFailurePercentage", "must be between 0 and 100.",
		    e);
	doc_unref(number);
	doc_unref(value);
	return rc;
}

/* An inline Map tolerates no failure, but what it says about that has to be right. */
static int
check_tolerance(struct run *r, struct frame *f, struct doc effective, struct err *e)
{
	int64_t count;

	if (map_count(r, f, &f->state->tolerated_count, "ToleratedFailureCount", effective, &count,
		e) != 0)
		return -1;
	return check_percentage(r, f, effective, e);
}

static int
max_concurrency(struct run *r, struct frame *f, struct doc effective, uint32_t *out, struct err *e)
{
	int64_t n = 0;

	if (map_count(r, f, &f->state->max_concurrency, "MaxConcurrency", effective, &n, e) != 0)
		return -1;
	*out = n == 0 || n > MAP_INLINE_MAX ? MAP_INLINE_MAX : (uint32_t)n;
	return 0;
}

/* Items, or the raw input. */
static int
eval_items(struct run *r, struct frame *f, struct doc *out, struct err *e)
{
	const struct template *t = f->state->items;
	char *text;

	if (t == NULL)
		*out = doc_ref(f->input.doc);
	else if (flow_typed(r, f, t, "array", out, e) != 0)
		return -1;
	if (doc_type(*out) == DOC_ARRAY)
		return 0;
	text = doc_text(*out, NULL);
	doc_unref(*out);
	*out = DOC_NONE;
	flow_unfit(r, t != NULL ? "Items" : NULL, e, "Map state input must be an array but was: %s",
	    text);
	free(text);
	return -1;
}

static int
find_items(struct run *r, struct frame *f, struct doc effective, struct doc *out, struct err *e)
{
	const struct jsonpath *p = f->state->items_path;
	struct context_env env;
	struct expr_scope scope;
	const char *text = "$";
	int rc;

	if (f->state->language != QUERY_JSONPATH)
		return eval_items(r, f, out, e);
	if (p == NULL) {
		*out = doc_ref(effective);
	} else {
		context_env_init(&env, r, f);
		scope = context_scope(&env, effective);
		rc = jsonpath_eval(p, &scope, out, e);
		context_env_fini(&env);
		if (rc != 0)
			return flow_invalid_path(p, e);
		/* the service names a path into the Context Object without its first $ */
		text = jsonpath_text(p) + (jsonpath_root_kind(p) == JSONPATH_CONTEXT ? 1 : 0);
	}
	if (doc_type(*out) == DOC_ARRAY)
		return 0;
	doc_unref(*out);
	*out = DOC_NONE;
	return err_set(e, "States.Runtime", "Reference path \"%s\" must point to array.", text);
}

/* The next item, which is borrowed. */
static struct doc
take_item(struct fan *fan)
{
	bool more = false;

	assert(fan->next < fan->n);
	if (fan->iter_at == 0)
		fan->iter = doc_iter(fan->items);
	for (; fan->iter_at <= fan->next; fan->iter_at++)
		more = doc_next(&fan->iter);
	assert(more);
	(void)more;
	fan->next++;
	return fan->iter.value;
}

struct doc
map_item(struct frame *iteration)
{
	if (doc_is_none(iteration->item))
		iteration->item = doc_ref(doc_at(iteration->parent->fan->items, iteration->index));
	return iteration->item;
}

static int
iteration_input(struct run *r, struct frame *f, struct doc item, uint32_t index, struct doc *out,
    struct err *e)
{
	struct fan *fan = f->fan;
	struct context_env env;
	int rc;

	if (f->state->item_selector == NULL) {
		*out = doc_ref(item);
		return 0;
	}
	if (doc_is_none(fan->effective) && flow_input(r, f, &fan->effective, e) != 0)
		return -1;
	context_env_init(&env, r, f);
	env.item = item;
	env.index = index;
	rc = flow_template(&env, f->state->item_selector, fan->effective, out, e);
	context_env_fini(&env);
	return rc;
}

/* 0, or -1 when the Map failed. */
static int
start_iteration(struct run *r, struct frame *f, int64_t previous)
{
	struct fan *fan = f->fan;
	uint32_t index = fan->next;
	struct doc item = take_item(fan);
	struct payload input = { .event = PAYLOAD_NOWHERE };
	struct err e = ERR_INIT;
	struct frame *child;
	int64_t id;

	if (iteration_input(r, f, item, index, &input.doc, &e) != 0) {
		frame_fail_err(r, f, &e);
		return -1;
	}
	if (run_over_limit(r, input.doc)) {
		doc_unref(input.doc);
		frame_fail_limit(r, f, f->state->name);
		return -1;
	}
	id = event_begin(r, EVENT_MAP_ITERATION_STARTED, previous);
	event_members(r, f->state->member, f->state->member_len);
	event_int(r, "index", index);
	event_end(r);
	child = frame_new(r, f, index, f->state->branches[0], id, input, doc_ref(f->vars));
	child->item = doc_ref(item);
	frame_touch(r, f);
	return 0;
}

static void
write_started(struct run *r, struct frame *f, struct doc items)
{
	f->cursor = event_begin(r, EVENT_MAP_STATE_STARTED, f->cursor);
	event_int(r, "length", (int64_t)doc_len(items));
	event_end(r);
	frame_touch(r, f);
}

static void
map_start(struct run *r, struct frame *f, struct doc items, uint32_t limit)
{
	uint32_t n = (uint32_t)doc_len(items);

	f->fan = fan_new(items, n, limit, f->cursor);
	frame_set_phase(r, f, n > 0 ? FRAME_CHILDREN : FRAME_JOIN);
	for (uint32_t i = 0; i < n && i < limit; i++) {
		if (start_iteration(r, f, f->cursor) != 0)
			return;
	}
}

void
st_map_work(struct run *r, struct frame *f)
{
	struct err e = ERR_INIT;
	struct doc effective = DOC_NONE, items = DOC_NONE;
	uint32_t limit = 0;

	if (f->state->mode == MAP_DISTRIBUTED)
		err_set(&e, "States.Runtime", "A Map with the Mode DISTRIBUTED cannot be run.");
	else if (flow_input(r, f, &effective, &e) == 0 &&
	    max_concurrency(r, f, effective, &limit, &e) == 0 &&
	    find_items(r, f, effective, &items, &e) == 0) {
		write_started(r, f, items);
		if (check_tolerance(r, f, effective, &e) == 0)
			map_start(r, f, items, limit);
	}
	if (err_is_set(&e))
		frame_fail_err(r, f, &e);
	doc_unref(effective);
	doc_unref(items);
}

static int64_t
write_iteration_succeeded(struct run *r, const struct frame *child)
{
	const struct state *s = child->parent->state;
	int64_t id = event_begin(r, EVENT_MAP_ITERATION_SUCCEEDED, child->cursor);

	event_members(r, s->member, s->member_len);
	event_int(r, "index", child->index);
	event_end(r);
	return id;
}

/*
 * The slot of an iteration goes to the next item, whose first event follows the last
 * one of the iteration that freed it. Only the very last iteration is followed by
 * the end of the Map itself.
 */
void
st_map_child_ended(struct run *r, struct frame *child)
{
	struct frame *f = child->parent;
	struct fan *fan = f->fan;
	int64_t succeeded = write_iteration_succeeded(r, child);
	int64_t last = child->cursor;
	bool all = fan->ndone == fan->n;

	f->cursor = all ? succeeded : last;
	frame_remove(r, child);
	if (all)
		frame_set_phase(r, f, FRAME_JOIN);
	else if (fan->next < fan->n)
		(void)start_iteration(r, f, last);
}
