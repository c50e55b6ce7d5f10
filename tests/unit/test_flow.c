/*
 * Flows: steps in order, waits that are answered early, late, twice or never.
 */
#include "base/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

struct job {
	int waits;  /* how many times the middle step waits */
	bool early; /* it resumes itself before it returns FLOW_WAIT */
	bool early_fails;
	bool step_fails;
	bool cancels;
};

static struct loop *loop;
static struct buf trace;

static enum flow_next
first(struct flow *f, void *state, struct err *e)
{
	struct job *j = state;

	(void)f;
	buf_adds(&trace, "first ");
	if (j->step_fails) {
		err_set(e, "Broken", "in the first step");
		return FLOW_FAIL;
	}
	return FLOW_NEXT;
}

static enum flow_next
second(struct flow *f, void *state, struct err *e)
{
	struct job *j = state;
	struct err early = ERR_INIT;

	(void)e;
	buf_adds(&trace, "second ");
	if (j->cancels)
		flow_cancel(flow_id(f));
	if (j->early) {
		if (j->early_fails)
			err_set(&early, "Broken", "answered at once");
		flow_resume(flow_id(f), &early);
		err_fini(&early);
	}
	return FLOW_WAIT;
}

static enum flow_next
third(struct flow *f, void *state, struct err *e)
{
	(void)f;
	(void)state;
	(void)e;
	buf_adds(&trace, "third ");
	return FLOW_NEXT;
}

static void
failed(struct flow *f, void *state, const struct err *e)
{
	(void)f;
	(void)state;
	buf_addf(&trace, "failed:%s ", e->name);
}

static void
failed_and_stop(struct flow *f, void *state, const struct err *e)
{
	failed(f, state, e);
	loop_stop(loop);
}

static void
ended(void *state)
{
	(void)state;
	buf_adds(&trace, "fini");
}

static const struct flow_step steps[] = { { "first", first }, { "second", second },
	{ "third", third }, { NULL, NULL } };
static const struct flow_kind kind = { .name = "job",
	.steps = steps,
	.state_size = sizeof(struct job),
	.fail = failed,
	.fini = ended };
static const struct flow_kind hasty = { .name = "hasty",
	.steps = steps,
	.state_size = sizeof(struct job),
	.fail = failed_and_stop,
	.fini = ended,
	.deadline_ms = 5 };

static int
setup(void **state)
{
	(void)state;
	loop = loop_new();
	buf_init(&trace, BUF_UNLIMITED);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	loop_free(loop);
	buf_fini(&trace);
	return 0;
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static void
run_one_turn(void)
{
	loop_defer(loop, stop, NULL);
	loop_run(loop);
}

static uint64_t
begin(const struct flow_kind *k, struct job j)
{
	struct flow *f = flow_new(loop, k);
	uint64_t id = flow_id(f);

	memcpy(flow_state_of(f), &j, sizeof j);
	flow_begin(f);
	return id;
}

static void
steps_run_in_order_and_a_wait_goes_on_when_resumed(void **state)
{
	uint64_t id = begin(&kind, (struct job){ 0 });

	(void)state;
	assert_string_equal(buf_text(&trace), "first second ");
	assert_non_null(flow_state(id));
	flow_resume(id, NULL);
	assert_string_equal(buf_text(&trace), "first second third ");
	assert_null(flow_state(id));
	run_one_turn();
	assert_string_equal(buf_text(&trace), "first second third fini");
}

static void
an_answer_before_the_wait_is_fine(void **state)
{
	(void)state;
	begin(&kind, (struct job){ .early = true });
	run_one_turn();
	assert_string_equal(buf_text(&trace), "first second third fini");
}

static void
an_error_before_the_wait_fails_the_flow(void **state)
{
	(void)state;
	begin(&kind, (struct job){ .early = true, .early_fails = true });
	run_one_turn();
	assert_string_equal(buf_text(&trace), "first second failed:Broken fini");
}

static void
an_error_given_to_a_waiting_flow_fails_it(void **state)
{
	struct err e = ERR_INIT;
	uint64_t id = begin(&kind, (struct job){ 0 });

	(void)state;
	err_set(&e, "ServiceUnavailable", "away");
	flow_resume(id, &e);
	flow_resume(id, &e);
	err_fini(&e);
	run_one_turn();
	assert_string_equal(buf_text(&trace), "first second failed:ServiceUnavailable fini");
}

static void
a_step_that_fails_ends_the_flow(void **state)
{
	(void)state;
	begin(&kind, (struct job){ .step_fails = true });
	run_one_turn();
	assert_string_equal(buf_text(&trace), "first failed:Broken fini");
}

static void
an_id_that_is_gone_is_never_its_successor(void **state)
{
	uint64_t old = begin(&kind, (struct job){ .early = true });
	uint64_t id = begin(&kind, (struct job){ 0 });

	(void)state;
	assert_int_equal((uint32_t)old, (uint32_t)id); /* the slot was used again */
	buf_reset(&trace);
	flow_resume(old, NULL);
	flow_cancel(old);
	assert_null(flow_find(old));
	assert_null(flow_find(0));
	assert_null(flow_find(UINT64_MAX));
	assert_string_equal(buf_text(&trace), "");
	flow_resume(id, NULL);
	assert_string_equal(buf_text(&trace), "third ");
}

static void
a_cancelled_flow_answers_nobody(void **state)
{
	uint64_t id = begin(&kind, (struct job){ 0 });

	(void)state;
	flow_cancel(id);
	flow_resume(id, NULL);
	begin(&kind, (struct job){ .cancels = true });
	run_one_turn();
	assert_string_equal(buf_text(&trace), "first second first second finifini");
}

static void
a_flow_past_its_deadline_fails_as_unavailable(void **state)
{
	uint64_t id = begin(&hasty, (struct job){ 0 });

	(void)state;
	loop_run(loop); /* until it failed */
	assert_null(flow_find(id));
	assert_string_equal(buf_text(&trace), "first second failed:ServiceUnavailable fini");
}

static void
many_flows_are_found_by_their_ids(void **state)
{
	uint64_t ids[1000];

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		ids[i] = begin(&kind, (struct job){ .waits = (int)i });
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(((struct job *)flow_state(ids[i]))->waits, i);
	for (size_t i = 0; i < 1000; i += 2)
		flow_cancel(ids[i]);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(flow_find(ids[i]) != NULL, i % 2);
	for (size_t i = 1; i < 1000; i += 2)
		flow_resume(ids[i], NULL);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(steps_run_in_order_and_a_wait_goes_on_when_resumed),
		TEST(an_answer_before_the_wait_is_fine),
		TEST(an_error_before_the_wait_fails_the_flow),
		TEST(an_error_given_to_a_waiting_flow_fails_it),
		TEST(a_step_that_fails_ends_the_flow),
		TEST(an_id_that_is_gone_is_never_its_successor),
		TEST(a_cancelled_flow_answers_nobody),
		TEST(a_flow_past_its_deadline_fails_as_unavailable),
		TEST(many_flows_are_found_by_their_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
