/*
 * test_retry - when the next attempt is, and which error names match.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "drive.h"

/* A function task, started and open, with these fields; H is where a Catcher leads. */
static void
begin(struct drive *d, const char *fields, uint64_t seed)
{
	struct stimulus s = { .kind = STIMULUS_START };
	struct diagnostics diag;
	struct machine *m;
	char *text =
	    xasprintf("{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
		      "\"arn:aws:lambda:us-east-1:123456789012:function:f\",%s,\"Next\":\"H\"},"
		      "\"H\":{\"Type\":\"Succeed\"}}}",
		fields);

	diagnostics_init(&diag);
	m = machine_compile(text, strlen(text), MACHINE_STANDARD, &diag);
	if (m == NULL)
		fail_msg("%s: %s", text, diag.list[0].message);
	diagnostics_fini(&diag);
	free(text);
	drive_init(d, m, "{}", DRIVE_MEMORY, false);
	d->seed = seed;
	assert_int_equal(drive_move(d, &s, NULL), 0);
}

static void
end(struct drive *d)
{
	struct machine *m = d->machine;

	assert_string_equal(buf_text(&d->problem), "");
	drive_fini(d);
	machine_unref(m);
}

static void
find_task(void *arg, const struct run_task *t)
{
	*(int64_t *)arg = t->task_id;
}

static void
fail_task(struct drive *d, const char *error)
{
	struct stimulus s = { .kind = STIMULUS_TASK_FAILED, .error = error };

	run_each_task(d->run, find_task, &s.task_id);
	assert_int_equal(drive_move(d, &s, NULL), 0);
}

/* Fails n times; the delay after each must be as listed, in milliseconds. */
static void
check_delays(const char *fields, const int64_t *delays, size_t n)
{
	struct drive d;

	begin(&d, fields, 1);
	for (size_t i = 0; i < n; i++) {
		fail_task(&d, "E");
		assert_int_equal(run_due_ms(d.run), d.now_ms + delays[i]);
		drive_clock(&d, d.now_ms + delays[i]);
	}
	fail_task(&d, "E");
	assert_int_equal(run_status(d.run), RUN_FAILED);
	end(&d);
}

static void
delays_are_one_second_and_double_three_times_by_default(void **state)
{
	const int64_t delays[] = { 1000, 2000, 4000 };

	(void)state;
	check_delays("\"Retry\":[{\"ErrorEquals\":[\"E\"]}]", delays, 3);
}

static void
max_delay_caps_what_the_backoff_makes(void **state)
{
	const int64_t delays[] = { 3000, 5000, 5000, 5000 };

	(void)state;
	check_delays(
	    "\"Retry\":[{\"ErrorEquals\":[\"E\"],\"IntervalSeconds\":3,\"MaxAttempts\":4,\"MaxDelaySeconds\":5}]",
	    delays, 4);
}

static void
a_backoff_of_one_keeps_the_interval(void **state)
{
	const int64_t delays[] = { 7000, 7000, 7000 };

	(void)state;
	check_delays(
	    "\"Retry\":[{\"ErrorEquals\":[\"E\"],\"IntervalSeconds\":7,\"BackoffRate\":1.0}]",
	    delays, 3);
}

static void
a_delay_that_grows_without_end_stays_a_time(void **state)
{
	struct drive d;

	(void)state;
	begin(&d,
	    "\"Retry\":[{\"ErrorEquals\":[\"E\"],\"IntervalSeconds\":99999999,\"MaxAttempts\":99999999,\"BackoffRate\":1e30}]",
	    1);
	for (int i = 0; i < 5; i++) {
		int64_t due;

		fail_task(&d, "E");
		due = run_due_ms(d.run);
		assert_true(due > d.now_ms && due < d.now_ms + INT64_C(20000000000000));
		drive_clock(&d, due);
	}
	end(&d);
}

static void
full_jitter_spreads_over_the_whole_delay_and_is_the_same_for_the_same_seed(void **state)
{
	const char *fields =
	    "\"Retry\":[{\"ErrorEquals\":[\"E\"],\"IntervalSeconds\":10,\"JitterStrategy\":\"FULL\"}]";
	int low = 0, high = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct drive d, again;
		int64_t delay;

		begin(&d, fields, seed * 1000);
		begin(&again, fields, seed * 1000);
		fail_task(&d, "E");
		fail_task(&again, "E");
		delay = run_due_ms(d.run) - d.now_ms;
		assert_int_equal(run_due_ms(d.run), run_due_ms(again.run));
		assert_true(delay >= 0 && delay < 10000);
		low += delay < 5000;
		high += delay >= 5000;
		end(&d);
		end(&again);
	}
	assert_true(low > 25 && high > 25);
}

/* Is a failure with this name caught by a Catcher with that one? */
static void
check_match(const char *error, const char *entry, bool expected)
{
	struct drive d;
	char *fields = xasprintf("\"Catch\":[{\"ErrorEquals\":[\"%s\"],\"Next\":\"H\"}]", entry);

	begin(&d, fields, 1);
	fail_task(&d, error);
	if ((run_status(d.run) == RUN_SUCCEEDED) != expected)
		fail_msg("%s raised, %s listed", error != NULL ? error : "nothing", entry);
	free(fields);
	end(&d);
}

static void
names_match_as_in_the_matrix_of_the_language(void **state)
{
	(void)state;
	check_match("My.Error", "My.Error", true);
	check_match("My.Error", "my.error", false);
	check_match("My.Error", "My.Err", false);
	check_match("My.Error", "States.TaskFailed", true);
	check_match("My.Error", "States.Timeout", false);
	check_match("My.Error", "States.HeartbeatTimeout", false);
	check_match("My.Error", "States.BranchFailed", false);
	check_match("My.Error", "States.ALL", true);
	check_match("States.TaskFailed", "States.TaskFailed", true);
	check_match("States.Timeout", "States.Timeout", true);
	check_match("States.Timeout", "States.TaskFailed", false);
	check_match("States.Timeout", "States.HeartbeatTimeout", false);
	check_match("States.Timeout", "States.ALL", true);
	check_match("States.DataLimitExceeded", "States.ALL", true);
	check_match("States.DataLimitExceeded", "States.DataLimitExceeded", true);
	check_match("States.Permissions", "States.TaskFailed", true);
	check_match("States.Runtime", "States.Runtime", false);
	check_match("States.Runtime", "States.ALL", false);
	check_match("States.Runtime", "States.TaskFailed", false);
	check_match(NULL, "States.ALL", true);
	check_match(NULL, "States.TaskFailed", true);
	check_match(NULL, "My.Error", false);
}

/* --- who is told of it ---------------------------------------------------------------------- */

static bool
tells(void *arg)
{
	(void)arg;
	return true;
}

/* What was told of so far: a line for each, "STATE outcome ERROR retries next"; empties the effects. */
static char *
told(struct drive *d)
{
	static const char *const ends[] = { "uncaught", "retried", "caught" };
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	for (size_t i = 0; i < d->effects.n; i++) {
		const struct effect *x = &d->effects.list[i];

		if (x->kind == EFFECT_ENDED)
			buf_adds(&text, "ended\n");
		if (x->kind != EFFECT_FAILED)
			continue;
		buf_addf(&text, "%s %s %s %d %s\n", x->failed->state->name, ends[x->failed->end],
		    x->failed->error, x->failed->retry_count,
		    x->failed->next != NULL ? x->failed->next->name : "-");
	}
	effects_fini(&d->effects);
	return text.data != NULL ? text.data : xstrdup("");
}

static void
check_told(struct drive *d, const char *expected)
{
	char *text = told(d);

	assert_string_equal(text, expected);
	free(text);
}

static void
play_failures(bool wanted)
{
	static const char definition[] =
	    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":[{\"StartAt\":\"X\","
	    "\"States\":{\"X\":{\"Type\":\"Fail\",\"Error\":\"E\",\"Cause\":\"c\"}}}],"
	    "\"Catch\":[{\"ErrorEquals\":[\"E\"],\"Next\":\"T\"}],\"End\":true},"
	    "\"T\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:lambda:us-east-1:123456789012:function:f\","
	    "\"Retry\":[{\"ErrorEquals\":[\"F\"],\"MaxAttempts\":1,\"IntervalSeconds\":1}],\"End\":true}}}";
	struct stimulus s = { .kind = STIMULUS_START };
	struct diagnostics diag;
	struct drive d;

	diagnostics_init(&diag);
	drive_init(&d, machine_compile(definition, strlen(definition), MACHINE_STANDARD, &diag),
	    "{}", DRIVE_MEMORY, false);
	diagnostics_fini(&diag);
	run_free(d.run);
	d.host.tells_failures = wanted ? tells : NULL;
	d.run = run_new(d.machine, &d.facts, &d.host);
	assert_int_equal(drive_move(&d, &s, NULL), 0);
	check_told(&d, wanted ? "X uncaught E 0 -\nP caught E 0 T\n" : "");
	fail_task(&d, "F");
	check_told(&d, wanted ? "T retried F 0 -\n" : "");
	drive_clock(&d, d.now_ms + 1000);
	fail_task(&d, "F");
	check_told(&d, wanted ? "T uncaught F 1 -\nended\n" : "ended\n");
	end(&d);
}

static void
each_state_that_a_failure_arrives_at_is_told_to_who_wants_it(void **state)
{
	(void)state;
	play_failures(true);
	play_failures(false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delays_are_one_second_and_double_three_times_by_default),
		cmocka_unit_test(max_delay_caps_what_the_backoff_makes),
		cmocka_unit_test(a_backoff_of_one_keeps_the_interval),
		cmocka_unit_test(a_delay_that_grows_without_end_stays_a_time),
		cmocka_unit_test(
		    full_jitter_spreads_over_the_whole_delay_and_is_the_same_for_the_same_seed),
		cmocka_unit_test(names_match_as_in_the_matrix_of_the_language),
		cmocka_unit_test(each_state_that_a_failure_arrives_at_is_told_to_who_wants_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
