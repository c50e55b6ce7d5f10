/*
 * compile_container - StartAt and States: of the machine, a branch, an item processor.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"
#include "base/xalloc.h"
#include "expr/ident.h"

#define SEARCHES_MAX 100 /* for names of states that a missing one may have meant */

static int
state_order(const struct state *a, const char *name, size_t len)
{
	int r = memcmp(a->name, name, a->name_len < len ? a->name_len : len);

	return r != 0 ? r : a->name_len < len ? -1 : a->name_len > len;
}

static int
state_compare(const void *a, const void *b)
{
	const struct state *right = *(struct state *const *)b;

	return state_order(*(struct state *const *)a, right->name, right->name_len);
}

const struct state *
container_state(const struct container *c, const char *name, size_t len)
{
	size_t low = 0, high = c->nstates;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int r = state_order(c->by_name[mid], name, len);

		if (r == 0)
			return c->by_name[mid];
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Proposes a state of the container. */
static void
help_target(struct compiler *c, struct diagnostic *g, const struct container *box, struct doc v)
{
	struct similar s;
	struct buf scratch;
	const char *name;
	size_t len, i;

	if (g == NULL || c->nsearches++ >= SEARCHES_MAX)
		return;
	buf_init(&scratch, BUF_UNLIMITED);
	name = doc_str(v, &scratch, &len);
	similar_init(&s, name, len);
	for (i = 0; i < box->nstates; i++)
		similar_offer(&s, box->states[i]->name, box->states[i]->name_len);
	diagnostic_suggest(g, &s);
	buf_fini(&scratch);
}

const struct state *
compile_target(const struct part *p, const struct container *box, const char *field)
{
	struct doc v = field_string(p, field);
	struct place at = place_name(p->at, field);
	const struct state *target;
	struct buf scratch;
	const char *s;
	size_t len;

	if (doc_is_none(v)) {
		p->c->here.flow_unknown |= !doc_is_none(field_get(p, field));
		return NULL;
	}
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(v, &scratch, &len);
	target = container_state(box, s, len);
	buf_fini(&scratch);
	if (target == NULL) {
		char *shown = text_shown(v);

		p->c->here.flow_dangles = true;
		help_target(p->c,
		    report(p->c, &at, "MISSING_TRANSITION_TARGET", "Missing 'Next' target: %s",
			shown),
		    box, v);
		free(shown);
	}
	return target;
}

/* The states with nothing but their names, in order. */
static void
container_write_member(struct state *st)
{
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "\"name\":");
	buf_add_json_string(&b, st->name, st->name_len);
	st->member = buf_steal(&b, &st->member_len);
}

static void
container_name_states(struct container *box, struct doc states)
{
	struct doc_iter it = doc_iter(states);
	struct buf scratch;

	buf_init(&scratch, BUF_UNLIMITED);
	box->states = xcalloc(doc_len(states) + 1, sizeof(struct state *));
	box->by_name = xcalloc(doc_len(states) + 1, sizeof(struct state *));
	while (doc_next(&it)) {
		struct state *st = xcalloc(1, sizeof(*st));
		const char *s = doc_str(it.key, &scratch, &st->name_len);

		st->name = xmalloc(st->name_len + 1);
		memcpy(st->name, s, st->name_len);
		st->name[st->name_len] = '\0';
		container_write_member(st);
		st->container = box;
		box->states[box->nstates] = st;
		box->by_name[box->nstates++] = st;
	}
	buf_fini(&scratch);
	if (box->nstates > 1)
		qsort(box->by_name, box->nstates, sizeof(struct state *), state_compare);
}

static void
check_name(struct compiler *c, const struct state *st, const struct place *at)
{
	size_t n = ident_characters(st->name, st->name_len);

	if (n == 0 || n > ASL_NAME_MAX || strlen(st->name) != st->name_len)
		report(c, at, "INVALID_STATE_NAME",
		    "The name of a state must have 1 to %d characters", ASL_NAME_MAX);
	else if (!names_add(&c->names, st))
		report(c, at, "DUPLICATE_STATE_NAME", "Duplicate state name: %s", st->name);
}

/* Names are checked before any state is compiled: an inner state is the one that repeats a name. */
static void
container_check_names(const struct part *p, const struct container *box, const struct place *list)
{
	size_t i;

	for (i = 0; i < box->nstates; i++) {
		struct place at = { .up = list,
			.name = box->states[i]->name,
			.len = box->states[i]->name_len };

		check_name(p->c, box->states[i], &at);
	}
}

static void
container_compile_states(const struct part *p, const struct container *box, struct doc states,
    const struct place *list, const struct assigned *assigned)
{
	struct doc_iter it = doc_iter(states);
	size_t i;

	for (i = 0; doc_next(&it); i++) {
		struct state *st = box->states[i];
		struct place at = { .up = list, .name = st->name, .len = st->name_len };

		compile_state(p->c, st, it.value, &at, assigned);
	}
}

void
compile_container(const struct part *p, struct container *box, const struct assigned *outer)
{
	static const char *const required[] = { "States", "StartAt", NULL };
	struct place list = place_name(p->at, "States");
	struct compiler_here outside = p->c->here;
	struct assigned assigned;
	struct doc states;

	fields_require(p, required);
	field_string(p, "Comment");
	states = field_object(p, "States");
	if (doc_is_none(states))
		return;
	if (doc_len(states) == 0) {
		report(p->c, &list, SCHEMA, "Value cannot be empty");
		return;
	}
	container_name_states(box, states);
	container_check_names(p, box, &list);
	p->c->here = (struct compiler_here){ .scope = &assigned };
	box->start = compile_target(p, box, "StartAt");
	assigned_init(&assigned, outer, states);
	container_compile_states(p, box, states, &list, &assigned);
	check_flow(p->c, box, &list);
	p->c->here = outside;
	assigned_fini(&assigned);
}
