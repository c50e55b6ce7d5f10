/*
 * machine - the life of a compiled state machine.
 */
#include "asl/machine.h"

#include <stdlib.h>

#include "asl/compiler.h"

static void container_fini(struct container *c);

void
dynamic_field_fini(struct dynamic_field *f)
{
	doc_unref(f->literal);
	jsonpath_free(f->path);
	template_free(f->template_);
}

static void
texts_free(char **texts, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

static void
catcher_fini(struct catcher *c)
{
	texts_free(c->errors, c->nerrors);
	jsonpath_free(c->result_path.path);
	template_free(c->output);
	template_free(c->assign);
}

/* Recursion is bounded by the depth of documents, like that of all functions here. */
static void
rules_free(struct choice_rule *rules, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct choice_rule *r = &rules[i];

		jsonpath_free(r->variable);
		doc_unref(r->operand);
		jsonpath_free(r->operand_path);
		rules_free(r->rules, r->nrules);
		template_free(r->condition);
		template_free(r->assign);
		template_free(r->output);
	}
	free(rules);
}

static void
state_fini_lists(struct state *st)
{
	size_t i;

	for (i = 0; i < st->nretry; i++)
		texts_free(st->retry[i].errors, st->retry[i].nerrors);
	free(st->retry);
	for (i = 0; i < st->ncatch; i++)
		catcher_fini(&st->catch_[i]);
	free(st->catch_);
	rules_free(st->rules, st->nrules);
	for (i = 0; i < st->nbranches; i++) {
		container_fini(st->branches[i]);
		free(st->branches[i]);
	}
	free(st->branches);
}

static void
state_free(struct state *st)
{
	state_fini_lists(st);
	jsonpath_free(st->input_path.path);
	jsonpath_free(st->output_path.path);
	jsonpath_free(st->result_path.path);
	template_free(st->parameters);
	template_free(st->result_selector);
	template_free(st->output);
	template_free(st->assign);
	task_resource_fini(&st->resource);
	dynamic_field_fini(&st->timeout_s);
	dynamic_field_fini(&st->heartbeat_s);
	template_free(st->credentials);
	texts_free(st->limits.list, st->limits.n);
	doc_unref(st->result);
	dynamic_field_fini(&st->seconds);
	dynamic_field_fini(&st->timestamp);
	dynamic_field_fini(&st->error);
	dynamic_field_fini(&st->cause);
	jsonpath_free(st->items_path);
	template_free(st->items);
	template_free(st->item_selector);
	dynamic_field_fini(&st->max_concurrency);
	dynamic_field_fini(&st->tolerated_count);
	dynamic_field_fini(&st->tolerated_percentage);
	free(st->name);
	free(st->member);
	free(st);
}

static void
container_fini(struct container *c)
{
	size_t i;

	for (i = 0; i < c->nstates; i++)
		state_free(c->states[i]);
	free(c->states);
	free(c->by_name);
}

struct machine *
machine_ref(struct machine *m)
{
	m->refs++;
	return m;
}

void
machine_unref(struct machine *m)
{
	if (m == NULL || --m->refs > 0)
		return;
	container_fini(&m->top);
	texts_free(m->limits.list, m->limits.n);
	free(m->states);
	luacode_free(m->lua);
	doc_unref(m->definition);
	free(m);
}
