/*
 * test_failpoint - fail points do what the environment says, at the hit it says.
 *
 * Each case runs in a child, since the environment is read once. Skipped in builds
 * without fail points, which must then not have any.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"

#ifdef PAWL_FAILPOINTS_ENABLED

/* Hits task.answered four times; the wait status. An exit code has a bit for each hit that was true. */
static int
run(const char *value)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int bits = 0;

		setenv("PAWL_FAILPOINTS", value, 1);
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(100);
		for (int i = 0; i < 4; i++)
			bits |= FAILPOINT(task_answered) << i;
		_exit(bits);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
a_point_that_is_not_armed_does_nothing(void **state)
{
	(void)state;
	assert_int_equal(run(""), 0);
	assert_int_equal(run("timer.fired=die"), 0);
}

static void
a_point_fails_always_or_at_one_hit(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(run("task.answered=fail")), 15);
	assert_int_equal(WEXITSTATUS(run("timer.fired=die,task.answered=fail@3")), 4);
}

static void
a_point_kills_the_process(void **state)
{
	int status = run("task.answered=die@2");

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void
a_point_stalls_for_so_long(void **state)
{
	int64_t before = clock_mono_ms();

	(void)state;
	assert_int_equal(run("task.answered=stall:30@2"), 0);
	assert_true(clock_mono_ms() - before >= 30);
}

static void
what_cannot_be_read_ends_the_process(void **state)
{
	static const char *const bad[] = { "task.answered", "task.answerd=die", "task.answered=dye",
		"task.answered=stall", "task.answered=stall:x", "task.answered=fail@0",
		"task.answered=fail@" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(WEXITSTATUS(run(bad[i])), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_point_that_is_not_armed_does_nothing),
		cmocka_unit_test(a_point_fails_always_or_at_one_hit),
		cmocka_unit_test(a_point_kills_the_process),
		cmocka_unit_test(a_point_stalls_for_so_long),
		cmocka_unit_test(what_cannot_be_read_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int
main(void)
{
	if (failpoint_list() != -1)
		return 1;
	fprintf(stderr, "test_failpoint: built without fail points, skipped\n");
	return 77;
}

#endif
