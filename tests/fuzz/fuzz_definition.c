/*
 * fuzz_definition - any bytes as a definition: a machine, or diagnostics that can be shown;
 * the same bytes always give the same; its rules and templates can be evaluated.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "asl/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_template(const struct template *t, const struct expr_scope *s)
{
	struct err e = ERR_INIT;
	struct doc out;

	if (t == NULL)
		return;
	require((template_eval(t, s, &out, &e) == 0) == !err_is_set(&e));
	doc_unref(out);
	err_fini(&e);
}

static void
check_state(const struct state *st, const struct expr_scope *s)
{
	struct err e = ERR_INIT;
	size_t i;

	require(container_state(st->container, st->name, st->name_len) == st);
	require(st->next == NULL || st->next->container == st->container);
	check_template(st->parameters, s);
	check_template(st->result_selector, s);
	check_template(st->assign, s);
	check_template(st->item_selector, s);
	check_template(st->cause.template_, s);
	for (i = 0; i < st->nrules; i++) {
		require(st->rules[i].next != NULL);
		require((choice_rule_eval(&st->rules[i], s, &e) < 0) == err_is_set(&e));
		err_fini(&e);
	}
	for (i = 0; i < st->ncatch; i++)
		require(st->catch_[i].next != NULL && st->catch_[i].nerrors > 0);
	for (i = 0; i < st->nbranches; i++)
		require(st->branches[i]->owner == st && st->branches[i]->start != NULL);
}

static void
check_machine(const struct machine *m)
{
	static const char input[] =
	    "{\"a\":[1,{\"b\":\"c\"},null],\"s\":\"2016-03-14T01:59:00Z\",\"n\":5}";
	struct expr_random random = { 1 };
	struct expr_scope s = { .random = &random };
	struct doc in = doc_parse(input, sizeof(input) - 1, NULL);
	size_t i;

	s.root = in;
	require(m->top.start != NULL && m->nstates >= m->top.nstates);
	for (i = 0; i < m->nstates; i++) {
		require(m->states[i]->number == i);
		check_state(m->states[i], &s);
	}
	doc_unref(in);
}

static void
compile(const char *text, size_t len, enum machine_type type, struct buf *sentence)
{
	struct diagnostics d;
	struct machine *m;

	diagnostics_init(&d);
	m = machine_compile(text, len, type, &d);
	require((m == NULL) == (d.nerrors > 0));
	require(d.n <= DIAGNOSTICS_MAX);
	diagnostics_sentence(&d, sentence);
	if (m != NULL)
		check_machine(m);
	machine_unref(m);
	diagnostics_fini(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct buf first, second;
	struct doc d;

	buf_init(&first, BUF_UNLIMITED);
	buf_init(&second, BUF_UNLIMITED);
	compile(text, size, MACHINE_STANDARD, &first);
	compile(text, size, MACHINE_STANDARD, &second);
	require(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	d = doc_parse(text, size, NULL);
	/* Bytes that are no JSON are quoted as they are. */
	if (!doc_is_none(d))
		require(doc_utf8_valid(first.data, first.len));
	doc_unref(d);
	buf_reset(&second);
	compile(text, size, MACHINE_EXPRESS, &second);
	buf_fini(&first);
	buf_fini(&second);
	return 0;
}
