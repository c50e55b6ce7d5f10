/*
 * test_run - the contract of run_move beside the golden cases: what is refused, what a
 * move may cost, what the journal holds and what it does not.
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

#define FUNCTION "arn:aws:lambda:us-east-1:123456789012:function:f"

static struct machine *
compile(const char *text)
{
	struct diagnostics d;
	struct machine *m;

	diagnostics_init(&d);
	m = machine_compile(text, strlen(text), MACHINE_STANDARD, &d);
	if (m == NULL)
		fail_msg("%s", d.n > 0 ? d.list[0].message : "?");
	diagnostics_fini(&d);
	return m;
}

static void
begin(struct drive *d, const char *definition, const char *input, bool limits)
{
	struct stimulus s = { .kind = STIMULUS_START };
	struct machine *m = compile(definition);

	drive_init(d, m, input, DRIVE_MEMORY, limits);
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
answer(struct drive *d, int64_t task_id, const char *json)
{
	struct stimulus s = { .kind = STIMULUS_TASK_SUCCEEDED, .task_id = task_id };

	s.output = doc_parse(json, strlen(json), NULL);
	assert_int_equal(drive_move(d, &s, NULL), 0);
	doc_unref(s.output);
}

/* The run is as it was before, to the last byte, and so is its open record. */
static void
assert_refused(struct drive *d, const struct stimulus *s, const char *name)
{
	struct effects fx = { 0 };
	struct err e = ERR_INIT;
	struct buf before, after;

	buf_init(&before, BUF_UNLIMITED);
	buf_init(&after, BUF_UNLIMITED);
	run_dump(d->run, &before);
	assert_int_equal(run_move(d->run, s, &fx, &e), -1);
	assert_string_equal(e.name, name);
	run_dump(d->run, &after);
	assert_string_equal(before.data, after.data);
	assert_true(run_record_is_empty(d->run));
	assert_int_equal(fx.n, 0);
	err_fini(&e);
	buf_fini(&before);
	buf_fini(&after);
}

static void
a_stimulus_that_does_not_fit_leaves_the_run_untouched(void **state)
{
	struct drive d;
	const enum stimulus_kind kinds[] = { STIMULUS_TASK_STARTED, STIMULUS_TASK_SUBMITTED,
		STIMULUS_TASK_SUCCEEDED, STIMULUS_TASK_FAILED, STIMULUS_TASK_HEARTBEAT };
	struct stimulus s = { .kind = STIMULUS_START };

	(void)state;
	begin(&d,
	    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"" FUNCTION
	    "\",\"End\":true}}}",
	    "{}", false);
	assert_refused(&d, &s, "pawl.Stimulus");
	for (size_t i = 0; i < 5; i++) {
		s = (struct stimulus){ .kind = kinds[i], .task_id = 4 };
		assert_refused(&d, &s, "TaskTimedOut");
		s.task_id = 0;
		assert_refused(&d, &s, "TaskTimedOut");
		s.task_id = -3;
		assert_refused(&d, &s, "TaskTimedOut");
	}
	/* a function takes no worker and is not submitted */
	s = (struct stimulus){ .kind = STIMULUS_TASK_STARTED, .task_id = 3 };
	assert_refused(&d, &s, "TaskTimedOut");
	s.kind = STIMULUS_TASK_SUBMITTED;
	assert_refused(&d, &s, "TaskTimedOut");
	answer(&d, 3, "1");
	s.kind = STIMULUS_TASK_SUCCEEDED;
	assert_refused(&d, &s, "ExecutionClosed");
	s.kind = STIMULUS_STOP;
	assert_refused(&d, &s, "ExecutionClosed");
	s.kind = STIMULUS_TIMER;
	assert_refused(&d, &s, "ExecutionClosed");
	end(&d);
}

static void
a_run_that_has_not_started_takes_nothing_but_its_start(void **state)
{
	struct machine *m =
	    compile("{\"StartAt\":\"S\",\"States\":{\"S\":{\"Type\":\"Succeed\"}}}");
	struct stimulus s = { .kind = STIMULUS_STOP };
	struct drive d;

	(void)state;
	drive_init(&d, m, "{}", DRIVE_MEMORY, false);
	assert_refused(&d, &s, "pawl.Stimulus");
	s.kind = STIMULUS_TIMER;
	assert_refused(&d, &s, "pawl.Stimulus");
	assert_int_equal(run_due_ms(d.run), INT64_MAX);
	assert_false(run_only_waits(d.run));
	end(&d);
}

static void
a_timer_that_comes_too_early_does_nothing(void **state)
{
	struct drive d;
	struct stimulus s = { .kind = STIMULUS_TIMER };

	(void)state;
	begin(&d,
	    "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":5,\"End\":true}}}",
	    "{}", false);
	assert_int_equal(run_due_ms(d.run), DRIVE_START_MS + 5000);
	d.now_ms += 4999;
	assert_int_equal(drive_move(&d, &s, NULL), 0);
	assert_int_equal(run_last_event_id(d.run), 2);
	assert_int_equal(run_status(d.run), RUN_RUNNING);
	end(&d);
}

static void
time_never_goes_back_within_a_run(void **state)
{
	struct drive d;

	(void)state;
	begin(&d,
	    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"" FUNCTION
	    "\",\"End\":true}}}",
	    "{}", false);
	d.now_ms -= 60000;
	answer(&d, 3, "1");
	assert_null(strchr(d.history.data, '@'));
	assert_int_equal(run_stop_ms(d.run), DRIVE_START_MS);
	end(&d);
}

static void
a_loop_without_a_wait_takes_turns_with_the_rest_of_the_node(void **state)
{
	struct drive d;
	struct stimulus s = { .kind = STIMULUS_TIMER };
	int64_t last;

	(void)state;
	begin(&d,
	    "{\"TimeoutSeconds\":60,\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Next\":\"Z\",\"Branches\":["
	    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},\"B\":{\"Type\":\"Choice\",\"Choices\":["
	    "{\"Variable\":\"$.stop\",\"IsPresent\":true,\"Next\":\"Y\"}],\"Default\":\"A\"},\"Y\":{\"Type\":\"Succeed\"}}},"
	    "{\"StartAt\":\"X\",\"States\":{\"X\":{\"Type\":\"Wait\",\"Seconds\":5,\"End\":true}}}]},\"Z\":{\"Type\":\"Succeed\"}}}",
	    "{}", false);
	last = run_last_event_id(d.run);
	assert_true(last > 1000 && last < 100000);
	assert_int_equal(run_status(d.run), RUN_RUNNING);
	assert_true(run_due_ms(d.run) <= d.now_ms);
	assert_false(run_only_waits(d.run));
	d.now_ms += 6000;
	assert_int_equal(drive_move(&d, &s, NULL), 0);
	assert_true(run_last_event_id(d.run) > last + 1000);
	assert_non_null(strstr(d.history.data, "WaitStateExited"));
	d.now_ms += 60000;
	assert_int_equal(drive_move(&d, &s, NULL), 0);
	assert_int_equal(run_status(d.run), RUN_TIMED_OUT);
	assert_int_equal(run_due_ms(d.run), INT64_MAX);
	end(&d);
}

static void
enter(struct drive *d, int64_t n)
{
	struct stimulus s = { .kind = STIMULUS_TIMER, .counted = true, .may_enter = n };

	assert_int_equal(drive_move(d, &s, NULL), 0);
}

static void
a_move_enters_as_many_states_as_it_may_and_the_rest_waits(void **state)
{
	struct machine *m = compile(
	    "{\"TimeoutSeconds\":60,\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Next\":\"Z\",\"Branches\":["
	    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},\"B\":{\"Type\":\"Pass\",\"Next\":\"C\"},"
	    "\"C\":{\"Type\":\"Pass\",\"End\":true}}},"
	    "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":5,\"End\":true}}}]},"
	    "\"Z\":{\"Type\":\"Succeed\"}}}");
	struct stimulus s = { .kind = STIMULUS_START, .counted = true };
	struct drive d;

	(void)state;
	drive_init(&d, m, "{}", DRIVE_MEMORY, false);
	assert_int_equal(drive_move(&d, &s, NULL), 0);
	assert_int_equal(run_last_event_id(d.run), 1);
	assert_true(run_is_held(d.run));
	assert_false(run_only_waits(d.run));
	/* only its time-out is due; a run that knows nothing but the journal would go on */
	assert_int_equal(run_due_ms(d.run), DRIVE_START_MS + 60000);
	assert_int_equal(run_due_ms(d.twin), DRIVE_START_MS);
	enter(&d, 3);
	assert_int_equal(run_transitions(d.run), 3);
	assert_true(run_is_held(d.run));
	/* the Wait fires meanwhile */
	assert_int_equal(run_due_ms(d.run), DRIVE_START_MS + 5000);
	d.now_ms += 5000;
	enter(&d, 0);
	assert_int_equal(run_transitions(d.run), 3);
	assert_non_null(strstr(d.history.data, "WaitStateExited"));
	enter(&d, 0);
	assert_true(run_is_held(d.run));
	enter(&d, 2);
	assert_int_equal(run_transitions(d.run), 5);
	assert_true(run_is_held(d.run));
	enter(&d, 100);
	assert_int_equal(run_transitions(d.run), 6);
	assert_false(run_is_held(d.run));
	assert_int_equal(run_status(d.run), RUN_SUCCEEDED);
	end(&d);
}

static void
a_run_that_is_held_times_out_and_can_be_stopped(void **state)
{
	const char *definition =
	    "{\"TimeoutSeconds\":60,\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Succeed\"}}}";

	(void)state;
	for (int stopped = 0; stopped < 2; stopped++) {
		struct stimulus s = { .kind = STIMULUS_START, .counted = true };
		struct drive d;

		drive_init(&d, compile(definition), "{}", DRIVE_MEMORY, false);
		assert_int_equal(drive_move(&d, &s, NULL), 0);
		d.now_ms += 60000;
		s.kind = stopped ? STIMULUS_STOP : STIMULUS_TIMER;
		assert_int_equal(drive_move(&d, &s, NULL), 0);
		assert_int_equal(run_status(d.run), stopped ? RUN_ABORTED : RUN_TIMED_OUT);
		assert_false(run_is_held(d.run));
		end(&d);
	}
}

static void
the_history_ends_with_event_25000_when_limits_are_on(void **state)
{
	struct drive d;
	const char *tail =
	    "25000 <- 24999 ExecutionFailed {\"error\":\"States.Runtime\",\"cause\":\"The execution "
	    "reached the maximum number of history events (25000).\"}\n";

	(void)state;
	begin(&d,
	    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},\"B\":{\"Type\":\"Choice\",\"Choices\":["
	    "{\"Variable\":\"$.stop\",\"IsPresent\":true,\"Next\":\"Y\"}],\"Default\":\"A\"},\"Y\":{\"Type\":\"Succeed\"}}}",
	    "{}", true);
	drive_clock(&d, d.now_ms);
	assert_int_equal(run_status(d.run), RUN_FAILED);
	assert_int_equal(run_last_event_id(d.run), 25000);
	assert_true(d.history.len > strlen(tail));
	assert_string_equal(d.history.data + d.history.len - strlen(tail), tail);
	end(&d);
}

/* A Map with four events for each item, and eight others: 1, 2 and 2 of the Map, 2 of P, 1. */
static void
run_map_of_events(struct drive *d, int items)
{
	struct buf input;

	buf_init(&input, BUF_UNLIMITED);
	buf_addc(&input, '[');
	for (int i = 0; i < items; i++)
		buf_adds(&input, i > 0 ? ",0" : "0");
	buf_addc(&input, ']');
	begin(d,
	    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ResultPath\":null,\"Next\":\"P\",\"ItemProcessor\":{\"StartAt\":\"X\","
	    "\"States\":{\"X\":{\"Type\":\"Succeed\"}}}},\"P\":{\"Type\":\"Succeed\"}}}",
	    input.data, true);
	drive_clock(d, d->now_ms);
	buf_fini(&input);
}

static void
an_execution_may_succeed_with_the_last_event_of_its_history(void **state)
{
	struct drive d;

	(void)state;
	run_map_of_events(&d, (25000 - 8) / 4);
	assert_int_equal(run_status(d.run), RUN_SUCCEEDED);
	assert_int_equal(run_last_event_id(d.run), 25000);
	end(&d);
	run_map_of_events(&d, (25000 - 8) / 4 + 1);
	assert_int_equal(run_status(d.run), RUN_FAILED);
	assert_int_equal(run_last_event_id(d.run), 25000);
	end(&d);
}

static char *
json_string_of(size_t len)
{
	char *s = xmalloc(len + 1);

	memset(s, 'x', len);
	s[0] = s[len - 1] = '"';
	s[len] = '\0';
	return s;
}

static void
a_result_over_the_limit_fails_the_task_and_can_be_caught(void **state)
{
	struct drive d;
	char *large = json_string_of(262145);

	(void)state;
	begin(&d,
	    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::lambda:invoke\",\"Parameters\":{\"FunctionName\":\"f\"},"
	    "\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],\"Next\":\"H\"}],\"End\":true},\"H\":{\"Type\":\"Succeed\"}}}",
	    "{}", true);
	answer(&d, 3, large);
	assert_int_equal(run_status(d.run), RUN_SUCCEEDED);
	assert_non_null(strstr(d.history.data,
	    "5 <- 4 TaskFailed {\"resourceType\":\"lambda\",\"resource\":\"invoke\",\"error\":\"States.DataLimitExceeded\",\"cause\":\"The "
	    "state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.\"}"));
	end(&d);
	/* one byte less is taken, and without limits anything is */
	large[262143] = '"';
	large[262144] = '\0';
	begin(&d,
	    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"" FUNCTION
	    "\",\"End\":true}}}",
	    "{}", true);
	answer(&d, 3, large);
	assert_int_equal(run_status(d.run), RUN_SUCCEEDED);
	end(&d);
	free(large);
}

static void
a_state_output_over_the_limit_fails_the_execution(void **state)
{
	struct drive d;
	char *half = json_string_of(200000), *input = xasprintf("{\"h\":%s}", half);
	const char *definition =
	    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Parameters\":{\"a.$\":\"$.h\",\"b.$\":\"$.h\"},\"End\":true}}}";

	(void)state;
	begin(&d, definition, input, true);
	assert_int_equal(run_status(d.run), RUN_FAILED);
	assert_string_equal(run_error(d.run), "States.DataLimitExceeded");
	assert_string_equal(run_cause(d.run),
	    "The state/task 'A' returned a result with a size exceeding the "
	    "maximum number of bytes service limit.");
	end(&d);
	begin(&d, definition, input, false);
	assert_int_equal(run_status(d.run), RUN_SUCCEEDED);
	end(&d);
	free(half);
	free(input);
}

/* A machine whose states assign 262,000 bytes each: n different variables, then the first one again. */
static char *
assigning_machine(int n)
{
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	buf_adds(&text, "{\"StartAt\":\"S0\",\"States\":{");
	for (int i = 0; i <= n; i++) {
		buf_addf(&text, "\"S%d\":{\"Type\":\"Pass\",\"Assign\":{\"v%d.$\":\"$\"},", i,
		    i < n ? i : 0);
		if (i < n)
			buf_addf(&text, "\"Next\":\"S%d\"},", i + 1);
		else
			buf_adds(&text, "\"End\":true}}}");
	}
	return buf_steal(&text, NULL);
}

static void
variables_may_have_10_mib_together_however_often_they_are_assigned(void **state)
{
	char *input = json_string_of(262000), *definition = assigning_machine(40);
	struct drive d;

	(void)state;
	begin(&d, definition, input, true);
	drive_clock(&d, d.now_ms);
	assert_int_equal(run_status(d.run), RUN_SUCCEEDED);
	end(&d);
	free(definition);
	definition = assigning_machine(41);
	begin(&d, definition, input, true);
	drive_clock(&d, d.now_ms);
	assert_int_equal(run_status(d.run), RUN_FAILED);
	assert_string_equal(run_error(d.run), "States.DataLimitExceeded");
	end(&d);
	free(definition);
	free(input);
}

static void
error_and_cause_are_cut_to_what_the_api_takes(void **state)
{
	struct drive d;
	struct stimulus s = { .kind = STIMULUS_STOP };
	char *error = xmalloc(2 * 300 + 1), *cause = xmalloc(40001);

	(void)state;
	for (int i = 0; i < 300; i++)
		memcpy(error + 2 * i, "\xc3\xa9", 2);
	error[600] = '\0';
	memset(cause, 'c', 40000);
	cause[40000] = '\0';
	begin(&d,
	    "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":5,\"End\":true}}}",
	    "{}", false);
	s.error = error;
	s.cause = cause;
	assert_int_equal(drive_move(&d, &s, NULL), 0);
	assert_int_equal(strlen(run_error(d.run)), 2 * 256);
	assert_int_equal(strlen(run_cause(d.run)), 32768);
	end(&d);
	free(error);
	free(cause);
}

struct seen {
	int64_t last;
	size_t n;
};

static void
count_task(void *arg, const struct run_task *t)
{
	struct seen *seen = arg;

	assert_true(t->task_id > seen->last);
	seen->last = t->task_id;
	seen->n++;
}

static void
open_tasks_are_listed_by_id_with_all_that_a_dispatcher_needs(void **state)
{
	struct drive d;
	struct seen seen = { 0 };
	struct run_task t;

	(void)state;
	begin(&d,
	    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"End\":true,\"ItemProcessor\":{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\","
	    "\"Resource\":\"" FUNCTION
	    "\",\"TimeoutSeconds\":7,\"Credentials\":{\"RoleArn\":\"arn:aws:iam::123456789012:role/x\"},\"End\":true}}}}}}",
	    "[{\"n\":1},{\"n\":2},{\"n\":3}]", false);
	run_each_task(d.run, count_task, &seen);
	assert_int_equal(seen.n, 3);
	assert_int_equal(run_task(d.run, seen.last, &t), 0);
	assert_string_equal(t.state->name, "T");
	assert_int_equal(t.timeout_s, 7);
	assert_int_equal(t.heartbeat_s, 0);
	assert_string_equal(t.credentials_role, "arn:aws:iam::123456789012:role/x");
	assert_int_equal(t.retry_count, 0);
	assert_false(t.submitted);
	assert_int_equal(doc_len(t.parameters), 1);
	assert_int_equal(run_task(d.run, 2, &t), -1);
	assert_int_equal(run_task(d.run, 0, &t), -1);
	end(&d);
}

/* --- what the journal costs ---------------------------------------------------- */

static void
each_step_of_a_large_map_writes_a_record_of_the_same_size(void **state)
{
	struct drive d;
	struct buf input;
	const int items = 2000;
	size_t largest = 0;

	(void)state;
	buf_init(&input, BUF_UNLIMITED);
	for (int i = 0; i < items; i++)
		buf_addf(&input, "%s%d", i > 0 ? "," : "[", 100000 + i);
	buf_addc(&input, ']');
	begin(&d,
	    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"End\":true,\"ItemProcessor\":{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\","
	    "\"Resource\":\"" FUNCTION "\",\"End\":true}}}}}}",
	    input.data, false);
	/* the items stand in the event ExecutionStarted, and nowhere else */
	assert_true(d.records[0].len < input.len + 40 * 500);
	for (int i = 0; i < items - 1; i++) {
		struct seen seen = { 0 };

		run_each_task(d.run, count_task, &seen);
		assert_true(seen.n == 40 || i > items - 41);
		answer(&d, seen.last, "\"result\"");
		if (d.records[d.nrecords - 1].len > largest)
			largest = d.records[d.nrecords - 1].len;
	}
	assert_true(largest < 2000);
	end(&d);
	buf_fini(&input);
}

static void
a_payload_is_written_once_in_a_record(void **state)
{
	struct drive d;
	char *large = json_string_of(100000);
	size_t n;

	(void)state;
	/* ExecutionStarted, Entered, Scheduled */
	begin(&d,
	    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"" FUNCTION
	    "\",\"Next\":\"W\"},"
	    "\"W\":{\"Type\":\"Wait\",\"Seconds\":1,\"Next\":\"P\"},\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":["
	    "{\"StartAt\":\"X\",\"States\":{\"X\":{\"Type\":\"Wait\",\"Seconds\":1,\"End\":true}}}]}}}",
	    large, false);
	n = d.records[d.nrecords - 1].len / 100000;
	assert_int_equal(n, 1);
	/* Succeeded, Exited, Entered */
	answer(&d, 3, large);
	n = d.records[d.nrecords - 1].len / 100000;
	assert_int_equal(n, 1);
	/* Exited; Entered of the Parallel, Entered of the branch */
	drive_clock(&d, d.now_ms + 1000);
	n = d.records[d.nrecords - 1].len / 100000;
	assert_int_equal(n, 1);
	/* a heartbeat or another change of scalars writes no payload */
	drive_clock(&d, d.now_ms + 1000);
	n = d.records[d.nrecords - 1].len / 100000;
	assert_int_equal(n,
	    2); /* WaitStateExited; ParallelStateExited and ExecutionSucceeded, a list of it */
	end(&d);
	free(large);
}

#define BEATING \
	"{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:us-east-1:123456789012:activity:a\"," \
	"\"HeartbeatSeconds\":10,\"End\":true}}}"

/* The activity is offered and a worker has it. */
static void
begin_beating(struct drive *d)
{
	struct stimulus s = { .kind = STIMULUS_TASK_STARTED, .task_id = 3 };

	begin(d, BEATING, "{}", false);
	assert_true(run_only_waits(d->run));
	assert_int_equal(drive_move(d, &s, NULL), 0);
	assert_int_equal(run_due_ms(d->run), DRIVE_START_MS + 10000);
}

static void
beat(struct drive *d, int64_t at_ms)
{
	struct stimulus s = { .kind = STIMULUS_TASK_HEARTBEAT, .task_id = 3 };

	drive_clock(d, at_ms);
	assert_int_equal(drive_move(d, &s, NULL), 0);
}

static void
many_heartbeats_make_one_record_when_the_clock_runs_out(void **state)
{
	struct drive d;
	size_t nrecords;

	(void)state;
	begin_beating(&d);
	nrecords = d.nrecords;
	for (int i = 1; i <= 40; i++)
		beat(&d, DRIVE_START_MS + 100 * i);
	assert_true(run_record_is_empty(d.run));
	assert_int_equal(d.nrecords, nrecords);
	drive_clock(&d, DRIVE_START_MS + 10000);
	assert_int_equal(d.nrecords, nrecords + 1);
	assert_int_equal(run_last_event_id(d.run), 4);
	assert_memory_equal(d.records[d.nrecords - 1].data, "{\"e\":[],\"f\":[", 13);
	assert_int_equal(run_due_ms(d.run), DRIVE_START_MS + 14000);
	drive_clock(&d, DRIVE_START_MS + 13999);
	assert_int_equal(run_status(d.run), RUN_RUNNING);
	drive_clock(&d, DRIVE_START_MS + 14000);
	assert_int_equal(run_status(d.run), RUN_FAILED);
	end(&d);
}

static void
heartbeats_are_kept_for_a_run_that_leaves_memory(void **state)
{
	struct drive d;

	(void)state;
	begin_beating(&d);
	beat(&d, DRIVE_START_MS + 4000);
	run_keep(d.run);
	assert_false(run_record_is_empty(d.run));
	assert_int_equal(run_due_ms(d.run), DRIVE_START_MS + 14000);
	drive_seal(&d);
	run_keep(d.run);
	assert_true(run_record_is_empty(d.run));
	end(&d);
}

static void
nobody_misses_a_heartbeat_while_pawld_is_away(void **state)
{
	struct drive d;

	(void)state;
	begin_beating(&d);
	d.now_ms = DRIVE_START_MS + 60000; /* the clock ran out long ago */
	run_heard(d.run, DRIVE_START_MS + 59000);
	drive_clock(&d, DRIVE_START_MS + 68999);
	assert_int_equal(run_status(d.run), RUN_RUNNING);
	drive_clock(&d, DRIVE_START_MS + 69000);
	assert_int_equal(run_status(d.run), RUN_FAILED);
	end(&d);
}

static void
a_task_that_was_handed_over_is_written_down_once(void **state)
{
	struct drive d;
	struct run_task t;

	(void)state;
	begin_beating(&d);
	assert_int_equal(run_task(d.run, 3, &t), 0);
	assert_true(t.started && !t.handed);
	run_handed(d.run, 3);
	assert_true(run_record_is_empty(d.run));
	assert_int_equal(run_task(d.run, 3, &t), 0);
	assert_true(t.handed);
	run_keep(d.run);
	assert_false(run_record_is_empty(d.run));
	drive_seal(&d);
	assert_non_null(strstr(d.records[d.nrecords - 1].data, "\"ho\":true"));
	run_keep(d.run);
	assert_true(run_record_is_empty(d.run));
	end(&d);
}

static int activity_answer, activity_questions;

static int
activity(void *arg, const char *arn)
{
	(void)arg;
	activity_questions++;
	assert_string_equal(arn, "arn:aws:states:us-east-1:123456789012:activity:a");
	return activity_answer;
}

static void
an_activity_that_is_not_known_yet_is_asked_for_again(void **state)
{
	struct stimulus s = { .kind = STIMULUS_START };
	struct drive d;

	(void)state;
	for (int there = 0; there <= 1; there++) {
		drive_init(&d, compile(BEATING), "{}", DRIVE_JOURNAL, false);
		d.host.activity = activity;
		run_free(d.run);
		d.run = run_new(d.machine, &d.facts, &d.host);
		activity_questions = 0;
		activity_answer = -1;
		assert_int_equal(drive_move(&d, &s, NULL), 0);
		assert_int_equal(run_last_event_id(d.run), 2);
		drive_clock(&d, d.now_ms + 35);
		assert_int_equal(run_last_event_id(d.run), 2);
		assert_true(activity_questions >= 3);
		activity_answer = there;
		drive_clock(&d, d.now_ms + 15);
		assert_int_equal(run_last_event_id(d.run), 3);
		assert_int_equal(run_status(d.run), there ? RUN_RUNNING : RUN_FAILED);
		if (!there)
			assert_string_equal(run_cause(d.run),
			    "An error occurred while executing the state 'A' (entered at the event "
			    "id #2). The activity "
			    "arn:aws:states:us-east-1:123456789012:activity:a does not exist.");
		end(&d);
	}
}

static void
an_answer_by_token_cancels_who_works_on_the_task(void **state)
{
	struct drive d;
	struct stimulus s = { .kind = STIMULUS_TASK_SUCCEEDED,
		.task_id = 3,
		.output = doc_null(),
		.by_token = true };

	(void)state;
	begin(&d,
	    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::ecs:runTask.sync\",\"End\":true}}}",
	    "{}", false);
	assert_int_equal(drive_move(&d, &s, NULL), 0);
	assert_int_equal(run_status(d.run), RUN_SUCCEEDED);
	assert_int_equal(d.effects.n, 3);
	assert_int_equal(d.effects.list[1].kind, EFFECT_CANCEL);
	assert_int_equal(d.effects.list[1].task_id, 3);
	end(&d);
}

static void
a_record_counts_its_events_from_the_last_seal(void **state)
{
	struct machine *m = compile(
	    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"" FUNCTION
	    "\",\"End\":true}}}");
	struct drive d;
	struct stimulus s = { .kind = STIMULUS_START };
	struct buf record;

	(void)state;
	buf_init(&record, BUF_UNLIMITED);
	drive_init(&d, m, "{}", DRIVE_MERGE, false);
	assert_true(run_record_is_empty(d.run));
	assert_int_equal(run_record_first(d.run), 1);
	assert_int_equal(drive_move(&d, &s, NULL), 0);
	assert_int_equal(run_record_first(d.run), 1);
	assert_int_equal(run_record_count(d.run), 4);
	answer(&d, 3, "1");
	assert_int_equal(run_record_first(d.run), 1);
	assert_int_equal(run_record_count(d.run), 7);
	assert_false(run_record_is_empty(d.run));
	run_record_seal(d.run, &record);
	assert_true(run_record_is_empty(d.run));
	assert_int_equal(run_record_first(d.run), 8);
	assert_int_equal(run_record_count(d.run), 0);
	end(&d);
	buf_fini(&record);
}

/* --- what may be written at all ---------------------------------------------------- */

/* [[...1...]], so many levels; yours. */
static char *
nested(size_t levels)
{
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	for (size_t i = 0; i < levels; i++)
		buf_addc(&b, '[');
	buf_addc(&b, '1');
	for (size_t i = 0; i < levels; i++)
		buf_addc(&b, ']');
	return buf_steal(&b, NULL);
}

static void
go_to_the_end(struct drive *d)
{
	while (run_status(d->run) == RUN_RUNNING && d->problem.len == 0)
		drive_clock(d, d->now_ms + 60000);
}

/* A record nests deeper than the documents in it: in events, frames and results (one more is the Parallel's own). */
static void
a_document_as_deep_as_may_be_comes_back_from_the_journal(void **state)
{
	static const char definition[] =
	    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"P\"},"
	    "\"P\":{\"Type\":\"Parallel\",\"ResultPath\":null,\"End\":true,\"Branches\":["
	    "{\"StartAt\":\"X\",\"States\":{\"X\":{\"Type\":\"Pass\",\"End\":true}}},"
	    "{\"StartAt\":\"Y\",\"States\":{\"Y\":{\"Type\":\"Wait\",\"Seconds\":1,\"End\":true}}}]}}}";
	char *input = nested(DOC_DEPTH_MAX - 1);

	(void)state;
	for (int policy = 0; policy < DRIVE_POLICY_COUNT; policy++) {
		struct machine *m = compile(definition);
		struct stimulus s = { .kind = STIMULUS_START };
		struct drive d;

		drive_init(&d, m, input, (enum drive_policy)policy, false);
		assert_int_equal(drive_move(&d, &s, NULL), 0);
		go_to_the_end(&d);
		assert_int_equal(run_status(d.run), RUN_SUCCEEDED);
		assert_true(doc_equal(run_output(d.run), d.facts.input));
		drive_seal(&d);
		end(&d);
	}
	free(input);
}

static void
expect_failure(struct drive *d, const char *error)
{
	go_to_the_end(d);
	assert_int_equal(run_status(d->run), RUN_FAILED);
	assert_string_equal(run_error(d->run), error);
	end(d);
}

/* Makes A again and again. */
#define LOOP(a) \
	"{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\"," a ",\"Next\":\"C\"}," \
	"\"C\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.nope\",\"IsPresent\":false," \
	"\"Next\":\"A\"}],\"Default\":\"E\"},\"E\":{\"Type\":\"Succeed\"}}}"

static void
what_gets_deeper_than_a_document_may_be_fails_its_state(void **state)
{
	static const char join[] =
	    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":["
	    "{\"StartAt\":\"X\",\"States\":{\"X\":{\"Type\":\"Pass\",\"End\":true}}}]}}}";
	char *deep = nested(DOC_DEPTH_MAX);
	struct drive d;

	(void)state;
	begin(&d, LOOP("\"Parameters\":{\"a.$\":\"$\"}"), "{}", false);
	expect_failure(&d, "States.DataLimitExceeded");
	begin(&d, LOOP("\"ResultPath\":\"$.a\""), "{}", false);
	expect_failure(&d, "States.DataLimitExceeded");
	begin(&d, join, deep, false);
	expect_failure(&d, "States.DataLimitExceeded");
	free(deep);
}

/* Shared parts cost nothing until they are written out: it ends before. */
static void
what_multiplies_itself_fails_its_state_before_it_is_written(void **state)
{
	static const struct {
		const char *definition, *error;
	} loops[] = {
		{ LOOP(
		      "\"Parameters\":{\"a.$\":\"$\",\"b.$\":\"$\",\"c.$\":\"$\",\"d.$\":\"$\",\"e.$\":\"$\","
		      "\"f.$\":\"$\",\"g.$\":\"$\",\"h.$\":\"$\",\"i.$\":\"$\",\"j.$\":\"$\"}"),
		    "States.DataLimitExceeded" },
		{ LOOP(
		      "\"Assign\":{\"v.$\":\"$\",\"w.$\":\"$\",\"x.$\":\"$\",\"y.$\":\"$\",\"z.$\":\"$\"},"
		      "\"Parameters\":{\"a.$\":\"$\",\"b.$\":\"$\",\"c.$\":\"$\"}"),
		    "States.DataLimitExceeded" },
		{ LOOP(
		      "\"Parameters\":{\"a.$\":\"States.Array($,$,$,$,$,$,$,$,$,$,$,$,$,$,$,$)\"}"),
		    "States.IntrinsicFailure" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(loops) / sizeof(*loops); i++) {
		size_t largest = 0;
		struct drive d;

		begin(&d, loops[i].definition, "{\"k\":1}", false);
		go_to_the_end(&d);
		for (size_t k = 0; k < d.nrecords; k++)
			largest = d.records[k].len > largest ? d.records[k].len : largest;
		assert_true(largest < DOC_SIZE_MAX / 2);
		expect_failure(&d, loops[i].error);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stimulus_that_does_not_fit_leaves_the_run_untouched),
		cmocka_unit_test(a_run_that_has_not_started_takes_nothing_but_its_start),
		cmocka_unit_test(a_timer_that_comes_too_early_does_nothing),
		cmocka_unit_test(time_never_goes_back_within_a_run),
		cmocka_unit_test(a_loop_without_a_wait_takes_turns_with_the_rest_of_the_node),
		cmocka_unit_test(a_move_enters_as_many_states_as_it_may_and_the_rest_waits),
		cmocka_unit_test(a_run_that_is_held_times_out_and_can_be_stopped),
		cmocka_unit_test(the_history_ends_with_event_25000_when_limits_are_on),
		cmocka_unit_test(an_execution_may_succeed_with_the_last_event_of_its_history),
		cmocka_unit_test(a_result_over_the_limit_fails_the_task_and_can_be_caught),
		cmocka_unit_test(a_state_output_over_the_limit_fails_the_execution),
		cmocka_unit_test(
		    variables_may_have_10_mib_together_however_often_they_are_assigned),
		cmocka_unit_test(error_and_cause_are_cut_to_what_the_api_takes),
		cmocka_unit_test(open_tasks_are_listed_by_id_with_all_that_a_dispatcher_needs),
		cmocka_unit_test(each_step_of_a_large_map_writes_a_record_of_the_same_size),
		cmocka_unit_test(a_payload_is_written_once_in_a_record),
		cmocka_unit_test(many_heartbeats_make_one_record_when_the_clock_runs_out),
		cmocka_unit_test(heartbeats_are_kept_for_a_run_that_leaves_memory),
		cmocka_unit_test(nobody_misses_a_heartbeat_while_pawld_is_away),
		cmocka_unit_test(a_task_that_was_handed_over_is_written_down_once),
		cmocka_unit_test(an_activity_that_is_not_known_yet_is_asked_for_again),
		cmocka_unit_test(an_answer_by_token_cancels_who_works_on_the_task),
		cmocka_unit_test(a_record_counts_its_events_from_the_last_seal),
		cmocka_unit_test(a_document_as_deep_as_may_be_comes_back_from_the_journal),
		cmocka_unit_test(what_gets_deeper_than_a_document_may_be_fails_its_state),
		cmocka_unit_test(what_multiplies_itself_fails_its_state_before_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
