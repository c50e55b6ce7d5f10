/*
 * compile_map - the states that hold states: Parallel and Map.
 */
#include <stdlib.h>

#include "asl/compiler.h"
#include "base/xalloc.h"

static struct container *
state_add_container(struct state *st)
{
	struct container *box = xcalloc(1, sizeof(*box));

	box->owner = st;
	box->index = st->nbranches;
	st->branches[st->nbranches++] = box;
	return box;
}

void
compile_parallel(const struct state_part *s)
{
	static const char *const known[] = { "StartAt", "States", "Comment", NULL };
	struct place list = place_name(s->p.at, "Branches");
	struct doc v;
	struct doc_iter it;
	size_t i;

	if (!field_objects(&s->p, "Branches", false, &v))
		return;
	s->st->branches = xcalloc(doc_len(v), sizeof(struct container *));
	it = doc_iter(v);
	for (i = 0; doc_next(&it); i++) {
		struct place at = place_index(&list, i);
		struct part p = { s->p.c, it.value, &at, s->p.language };

		fields_only(&p, known);
		compile_container(&p, state_add_container(s->st), s->assigned);
	}
}

/* --- Map ---------------------------------------------------------------------------- */

static const char *
check_concurrency(struct doc v)
{
	int64_t n;

	if (!doc_i64(v, &n))
		return "Expected value of type [INTEGER]";
	return n >= 0 ? NULL : "MaxConcurrency cannot be negative.";
}

static const char *
check_tolerated_count(struct doc v)
{
	int64_t n;

	if (!doc_i64(v, &n))
		return "Expected value of type [INTEGER]";
	return n >= 0 ? NULL : "ToleratedFailureCount cannot be negative.";
}

static const char *
check_tolerated_percentage(struct doc v)
{
	double n;

	if (!doc_f64(v, &n))
		return "Expected value of type [NUMBER]";
	return n >= 0 && n <= 100 ? NULL : "ToleratedFailurePercentage must be between 0 and 100.";
}

/* ProcessorConfig of the item processor p. */
static enum map_mode
compile_mode(const struct part *p)
{
	static const char *const known[] = { "Mode", "ExecutionType", NULL };
	static const char *const type_required[] = { "ExecutionType", NULL };
	static const char *const modes[] = { "INLINE", "DISTRIBUTED" };
	static const char *const types[] = { "STANDARD", "EXPRESS" };
	struct place at = place_name(p->at, "ProcessorConfig");
	struct place mode_at = place_name(&at, "Mode");
	struct part config = { p->c, field_object(p, "ProcessorConfig"), &at, p->language };

	if (doc_is_none(config.def))
		return MAP_INLINE;
	fields_only(&config, known);
	field_choice(&config, "ExecutionType", types, 2);
	if (field_choice(&config, "Mode", modes, 2) != MAP_DISTRIBUTED)
		return MAP_INLINE;
	fields_require(&config, type_required);
	refuse_unbuilt(p->c, &mode_at, "The Map Mode 'DISTRIBUTED' is not built yet");
	return MAP_DISTRIBUTED;
}

static void
check_distributed_only(const struct state_part *s)
{
	static const char *const fields[] = { "ItemReader", "ItemBatcher", "ResultWriter",
		"Label" };
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!doc_is_none(field_get(&s->p, fields[i])))
			report_unknown(&s->p, fields[i]);
}

/* ItemProcessor, or Iterator as it was called once. */
static void
compile_processor(const struct state_part *s)
{
	static const char *const required[] = { "ItemProcessor", NULL };
	static const char *const known[] = { "StartAt", "States", "Comment", "ProcessorConfig",
		NULL };
	bool old = !doc_is_none(field_get(&s->p, "Iterator"));
	struct place at = place_name(s->p.at, old ? "Iterator" : "ItemProcessor");
	struct part p = { s->p.c, DOC_NONE, &at, s->p.language };

	if (field_conflict(&s->p, "ItemProcessor", "Iterator"))
		return;
	if (!old && !fields_require(&s->p, required))
		return;
	p.def = field_object(&s->p, at.name);
	if (doc_is_none(p.def))
		return;
	fields_only(&p, known);
	s->st->mode = compile_mode(&p);
	if (s->st->mode == MAP_INLINE)
		check_distributed_only(s);
	s->st->branches = xcalloc(1, sizeof(struct container *));
	/* Children of a distributed map are executions of their own and see no variables. */
	compile_container(&p, state_add_container(s->st),
	    s->st->mode == MAP_INLINE ? s->assigned : NULL);
}

/* Items: an array, some of whose values are expressions, or one that gives an array. */
static struct template *
compile_items(const struct part *p)
{
	struct doc v = field_get(p, "Items");

	if (doc_is_none(v) || doc_type(v) == DOC_ARRAY || field_is_expression(p, v))
		return compile_template(p, "Items", false);
	report_field(p, "Items", "Expected an array or an expression '{%% ... %%}'");
	return NULL;
}

void
compile_map(const struct state_part *s)
{
	const struct part *p = &s->p;
	struct state *st = s->st;

	if (!field_conflict(p, "ItemSelector", "Parameters"))
		st->item_selector = compile_template(p,
		    doc_is_none(field_get(p, "Parameters")) ? "ItemSelector" : "Parameters", false);
	if (p->language == QUERY_JSONPATH)
		st->items_path = compile_reference(p, "ItemsPath");
	else
		st->items = compile_items(p);
	compile_dynamic(p, "MaxConcurrency", "MaxConcurrencyPath", check_concurrency,
	    &st->max_concurrency);
	compile_dynamic(p, "ToleratedFailureCount", "ToleratedFailureCountPath",
	    check_tolerated_count, &st->tolerated_count);
	compile_dynamic(p, "ToleratedFailurePercentage", "ToleratedFailurePercentagePath",
	    check_tolerated_percentage, &st->tolerated_percentage);
	compile_processor(s);
}
