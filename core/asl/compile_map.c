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

/* What ProcessorConfig says. */
struct processor {
	enum map_mode mode;
	bool mode_known;        /* false = reported */
	enum machine_type type; /* of the executions of a distributed Map */
};

static void
read_processor(const struct part *p, struct processor *out)
{
	static const char *const known[] = { "Mode", "ExecutionType", "Comment", NULL };
	static const char *const type_required[] = { "ExecutionType", NULL };
	static const char *const modes[] = { "INLINE", "DISTRIBUTED" };
	static const char *const types[] = { "STANDARD", "EXPRESS" }; /* by machine_type */
	struct place at = place_name(p->at, "ProcessorConfig");
	struct place mode_at = place_name(&at, "Mode");
	struct part config = { p->c, field_object(p, "ProcessorConfig"), &at, p->language };
	int mode, type;

	*out = (struct processor){ MAP_INLINE, true, p->c->type };
	out->mode_known = !doc_is_none(config.def) || doc_is_none(field_get(p, "ProcessorConfig"));
	if (doc_is_none(config.def))
		return;
	fields_only(&config, known);
	field_string(&config, "Comment");
	type = field_choice(&config, "ExecutionType", types, 2);
	if (type >= 0)
		out->type = (enum machine_type)type;
	mode = field_choice(&config, "Mode", modes, 2);
	out->mode_known = mode >= 0 || doc_is_none(field_get(&config, "Mode"));
	if (mode != MAP_DISTRIBUTED)
		return;
	out->mode = MAP_DISTRIBUTED;
	fields_require(&config, type_required);
	if (p->c->type == MACHINE_EXPRESS)
		report(p->c, &mode_at, SCHEMA,
		    "Express state machine does not support the Map Mode 'DISTRIBUTED'");
	else
		refuse_unbuilt(p->c, &mode_at, "The Map Mode 'DISTRIBUTED' is not built yet");
}

static void
refuse_distributed(const struct part *p)
{
	static const char *const fields[] = { "ItemReader", "ItemBatcher", "ResultWriter",
		"Label" };
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!doc_is_none(field_get(p, fields[i])))
			help_key(report(p->c, p->at, SCHEMA,
				     "Field '%s' is only supported when the Mode in "
				     "ProcessorConfig is 'DISTRIBUTED'",
				     fields[i]),
			    fields[i]);
}

/*
 * The states of a distributed Map run in executions of their own: they see no
 * variables, and are of that execution's type.
 */
static void
compile_processor_states(const struct state_part *s, const struct part *p,
    const struct processor *how)
{
	bool inside = how->mode == MAP_INLINE;
	enum machine_type type = p->c->type;

	s->st->branches = xcalloc(1, sizeof(struct container *));
	p->c->type = inside ? type : how->type;
	compile_container(p, state_add_container(s->st), inside ? s->assigned : NULL);
	p->c->type = type;
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
	struct processor how;

	if (field_conflict(&s->p, "ItemProcessor", "Iterator"))
		return;
	if (!old && !fields_require(&s->p, required))
		return;
	p.def = field_object(&s->p, at.name);
	if (doc_is_none(p.def))
		return;
	fields_only(&p, known);
	read_processor(&p, &how);
	s->st->mode = how.mode;
	if (how.mode == MAP_DISTRIBUTED)
		check_distributed(&s->p);
	else if (how.mode_known)
		refuse_distributed(&s->p);
	compile_processor_states(s, &p, &how);
}

/* Items: an array or an object whose members may be computed, or an expression that gives one. */
static struct template *
compile_items(const struct part *p)
{
	struct doc v = field_get(p, "Items");

	if (doc_is_none(v) ||
	    (doc_type(v) != DOC_OBJECT && !check_value(p, "Items", DOC_ARRAY, "ARRAY")))
		return NULL;
	return compile_template(p, "Items", false);
}

void
compile_map(const struct state_part *s)
{
	const struct part *p = &s->p;
	struct state *st = s->st;

	if (p->language != QUERY_JSONPATH) {
		st->item_selector = compile_template(p, "ItemSelector", false);
		st->items = compile_items(p);
	} else {
		if (!field_conflict(p, "ItemSelector", "Parameters"))
			st->item_selector = compile_template(p,
			    doc_is_none(field_get(p, "Parameters")) ? "ItemSelector" : "Parameters",
			    false);
		st->items_path = compile_lax_reference(p, "ItemsPath");
	}
	compile_dynamic(p, "MaxConcurrency", "MaxConcurrencyPath", check_concurrency,
	    &st->max_concurrency);
	compile_dynamic(p, "ToleratedFailureCount", "ToleratedFailureCountPath",
	    check_tolerated_count, &st->tolerated_count);
	compile_dynamic(p, "ToleratedFailurePercentage", "ToleratedFailurePercentagePath",
	    check_tolerated_percentage, &st->tolerated_percentage);
	compile_processor(s);
}
