/*
 * test_command - local commands: what they get and give, what is killed, what waits, and that
 * nothing of ours goes along and nothing of theirs stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "plugin_fixture.h"
#include "task/command.h"

static struct loop *loop;
static struct command_pool *pool;

struct result {
	int nanswers;
	enum command_result result;
	int status, signal;
	char *message, *output, *errors;
	size_t output_len, errors_len;
	struct result *after; /* in the order of answers */
};

static int nwanted; /* the loop stops when so many more are done */
static struct result *latest;

static char *
copy_of(const char *s, size_t len)
{
	char *copy = xmalloc(len + 1);

	memcpy(copy, s, len + 1);
	assert_int_equal(copy[len], '\0');
	return copy;
}

static void
keep(void *arg, const struct command_answer *a)
{
	struct result *r = arg;

	assert_int_equal(r->nanswers++, 0);
	r->result = a->result;
	r->status = a->status;
	r->signal = a->signal;
	r->message = xstrdup(a->message);
	r->output = copy_of(a->output, a->output_len);
	r->output_len = a->output_len;
	r->errors = copy_of(a->errors, a->errors_len);
	r->errors_len = a->errors_len;
	r->after = latest;
	latest = r;
	if (--nwanted == 0)
		loop_stop(loop);
}

static void
result_fini(struct result *r)
{
	free(r->message);
	free(r->output);
	free(r->errors);
	*r = (struct result){ 0 };
}

static void
wait_all(void)
{
	if (nwanted > 0)
		test_loop_run(loop);
}

static uint64_t
start(const struct command_spec *s, struct result *r)
{
	nwanted++;
	return command_start(pool, s, keep, r);
}

static void
run(const struct command_spec *s, struct result *r)
{
	result_fini(r);
	start(s, r);
	assert_int_equal(r->nanswers, 0);
	wait_all();
	assert_int_equal(r->nanswers, 1);
}

static uint64_t
start_shell(const char *code, struct result *r)
{
	const char *const argv[] = { "sh", "-c", code, NULL };
	const struct command_spec s = { .argv = argv };

	return start(&s, r);
}

static void
shell(const char *code, struct result *r)
{
	result_fini(r);
	start_shell(code, r);
	wait_all();
}

static void
assert_output(const char *code, const char *expected)
{
	struct result r = { 0 };

	shell(code, &r);
	if (r.result != COMMAND_EXITED || r.status != 0 || strcmp(r.output, expected) != 0)
		fail_msg("%s: status %d, output \"%s\", errors \"%s\", %s", code, r.status,
		    r.output, r.errors, r.message);
	result_fini(&r);
}

/* A process that is killed needs a moment to go. */
static void
assert_goes(pid_t pid)
{
	char path[64], line[512];

	assert_true(pid > 0);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (int i = 0; i < 1000; i++) {
		FILE *file = fopen(path, "r");
		bool zombie = false;

		if (file == NULL)
			return;
		if (fgets(line, sizeof(line), file) != NULL)
			zombie = strstr(line, ") Z ") != NULL;
		fclose(file);
		if (zombie)
			return;
		usleep(10000);
	}
	fail_msg("process %d lives", (int)pid);
}

/* --- what they get and give -------------------------------------------------------------- */

static void
input_goes_in_and_output_comes_out(void **state)
{
	const char *const argv[] = { "cat", NULL };
	size_t len = (size_t)3 << 20;
	char *text = xmalloc(len);
	struct command_spec s = { .argv = argv, .input = text, .input_len = len };
	struct result r = { 0 };

	(void)state;
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(i * 7 + i / 1000);
	run(&s, &r);
	assert_int_equal(r.result, COMMAND_EXITED);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.message, "");
	assert_int_equal(r.output_len, len);
	assert_memory_equal(r.output, text, len);
	s.input_len = 0;
	run(&s, &r);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.output, "");
	result_fini(&r);
	free(text);
}

static void
a_command_that_fails_says_how(void **state)
{
	struct result r = { 0 };

	(void)state;
	shell("echo half; echo why >&2; exit 3", &r);
	assert_int_equal(r.result, COMMAND_EXITED);
	assert_int_equal(r.status, 3);
	assert_string_equal(r.output, "half\n");
	assert_string_equal(r.errors, "why\n");
	shell("kill -SEGV $$", &r);
	assert_int_equal(r.result, COMMAND_SIGNALED);
	assert_int_equal(r.signal, SIGSEGV);
	assert_string_equal(r.message, "sh was ended by signal 11 (Segmentation fault)");
	result_fini(&r);
}

static void
the_end_of_standard_error_is_kept(void **state)
{
	struct result r = { 0 };

	(void)state;
	shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done >&2", &r);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.errors_len, COMMAND_ERRORS_MAX);
	assert_string_equal(r.errors + r.errors_len - 11, "line 19999\n");
	result_fini(&r);
}

static void
the_environment_is_what_was_given_and_a_little_of_ours(void **state)
{
	const char *const argv[] = { "env", NULL };
	const char *const env[] = { "A=b c", "LANG=C", NULL };
	struct command_spec s = { .argv = argv, .env = env };
	struct result r = { 0 };

	(void)state;
	setenv("PAWL_TEST_SECRET", "x", 1);
	setenv("LANG", "xx", 1);
	setenv("TZ", "Europe/Berlin", 1);
	run(&s, &r);
	assert_non_null(strstr(r.output, "A=b c\n"));
	assert_non_null(strstr(r.output, "LANG=C\n"));
	assert_null(strstr(r.output, "LANG=xx\n"));
	assert_non_null(strstr(r.output, "TZ=Europe/Berlin\n"));
	assert_non_null(strstr(r.output, "PATH="));
	assert_null(strstr(r.output, "PAWL_TEST_SECRET"));
	result_fini(&r);
}

static void
it_runs_in_its_folder_as_the_leader_of_its_session(void **state)
{
	const char *const argv[] = { "pwd", NULL };
	struct command_spec s = { .argv = argv, .cwd = "/usr" };
	struct result r = { 0 };

	(void)state;
	run(&s, &r);
	assert_string_equal(r.output, "/usr\n");
	result_fini(&r);
	assert_output("pwd", "/\n");
	assert_output("cut -d' ' -f6 /proc/$$/stat | grep -qx $$ && echo leader", "leader\n");
}

static void
no_descriptor_signal_or_core_of_ours_goes_along(void **state)
{
	int fd = open("/dev/null", O_RDONLY); /* not close-on-exec */
	sigset_t usr1, before;
	struct result r = { 0 };

	(void)state;
	assert_true(fd > 2);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, &before);
	assert_output(
	    "i=0; while [ $i -lt 200 ]; do [ ! -e /proc/$$/fd/$i ] || echo $i; i=$((i+1)); done",
	    "0\n1\n2\n");
	assert_output("ulimit -c", "0\n");
	shell("kill -USR1 $$", &r);
	assert_int_equal(r.signal, SIGUSR1);
	shell("kill -PIPE $$", &r);
	assert_int_equal(r.signal, SIGPIPE);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fd);
	result_fini(&r);
}

static void
what_cannot_be_started_says_why(void **state)
{
	static const char *const missing[] = { "no-such-program", NULL };
	static const char *const folder[] = { "/usr", NULL };
	static const char *const nothing[] = { NULL };
	static const char *const pwd[] = { "pwd", NULL };
	const struct {
		const char *const *argv;
		const char *cwd, *message;
	} cases[] = {
		{ missing, NULL,
		    "no-such-program cannot be started: there is no such program in PATH (" },
		{ folder, NULL, "/usr cannot be started: Permission denied" },
		{ nothing, NULL, "there is no command to start" },
		{ pwd, "/nonexistent",
		    "pwd cannot be started: the folder /nonexistent: No such file or directory" },
	};
	struct result r = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct command_spec s = { .argv = cases[i].argv, .cwd = cases[i].cwd };

		run(&s, &r);
		assert_int_equal(r.result, COMMAND_NOT_STARTED);
		if (strncmp(r.message, cases[i].message, strlen(cases[i].message)) != 0)
			fail_msg("%s", r.message);
	}
	assert_int_equal(command_counts(pool).nrunning, 0);
	result_fini(&r);
}

/* --- limits -------------------------------------------------------------------------------- */

static void
one_that_runs_too_long_is_killed_with_all_it_started(void **state)
{
	const char *const argv[] = { "sh", "-c", "trap '' TERM; sleep 1000 & echo $!; wait", NULL };
	const struct command_spec s = { .argv = argv, .timeout_ms = 300 };
	struct result r = { 0 };

	(void)state;
	run(&s, &r);
	assert_int_equal(r.result, COMMAND_TIMEOUT);
	assert_string_equal(r.message, "sh ran longer than 0.3 s and was killed");
	assert_goes((pid_t)atoi(r.output));
	result_fini(&r);
}

static void
one_that_writes_too_much_is_killed(void **state)
{
	const char *const argv[] = { "yes", NULL };
	const char *const exact[] = { "printf", "0123456789", NULL };
	struct command_spec s = { .argv = argv, .max_output = 100000 };
	struct result r = { 0 };

	(void)state;
	run(&s, &r);
	assert_int_equal(r.result, COMMAND_TOO_LARGE);
	assert_string_equal(r.message, "yes wrote more than 100000 bytes and was killed");
	s.argv = exact;
	s.max_output = 10;
	run(&s, &r);
	assert_int_equal(r.result, COMMAND_EXITED);
	assert_string_equal(r.output, "0123456789");
	s.max_output = 9;
	run(&s, &r);
	assert_int_equal(r.result, COMMAND_TOO_LARGE);
	result_fini(&r);
}

static void
memory_is_limited(void **state)
{
	const char *const argv[] = { "sh", "-c", "ulimit -v", NULL };
	struct command_spec s = { .argv = argv, .memory = (int64_t)100 << 20 };
	struct result r = { 0 };

	(void)state;
	run(&s, &r);
	assert_string_equal(r.output, "102400\n");
	s.memory = 0;
	run(&s, &r);
	assert_string_equal(r.output, "1048576\n");
	result_fini(&r);
}

/* --- children that do not behave ----------------------------------------------------------- */

static void
a_grandchild_that_holds_the_pipe_is_not_waited_for(void **state)
{
	struct result r = { 0 };

	(void)state;
	shell("sleep 1000 & echo $!", &r);
	assert_int_equal(r.result, COMMAND_EXITED);
	assert_int_equal(r.status, 0);
	assert_goes((pid_t)atoi(r.output));
	/* this one has left the group, too */
	shell("setsid sleep 5 & echo gone", &r);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.output, "gone\n");
	result_fini(&r);
}

static void
one_that_does_not_read_its_input_is_no_error(void **state)
{
	const char *const argv[] = { "sh", "-c", "exec <&-; echo fine", NULL };
	size_t len = (size_t)1 << 20;
	char *text = xcalloc(1, len);
	struct command_spec s = { .argv = argv, .input = text, .input_len = len };
	struct result r = { 0 };

	(void)state;
	run(&s, &r);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.output, "fine\n");
	result_fini(&r);
	free(text);
}

static void
one_that_closes_its_output_runs_on(void **state)
{
	struct result r = { 0 };

	(void)state;
	shell("echo a; exec >&- 2>&-; sleep 0.1; exit 7", &r);
	assert_int_equal(r.status, 7);
	assert_string_equal(r.output, "a\n");
	result_fini(&r);
}

static void
children_of_others_are_left_to_them(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(42);
	assert_output("echo a", "a\n");
	assert_output("echo b", "b\n");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 42);
	assert_int_equal(waitpid(-1, &status, WNOHANG), -1); /* and none of theirs is left */
	assert_int_equal(errno, ECHILD);
}

/* --- many -------------------------------------------------------------------------------------- */

static void
so_many_run_at_the_same_time_and_the_others_wait_in_order(void **state)
{
	enum { N = 30 };
	static struct result r[N];

	(void)state;
	command_pool_set_max(pool, 1);
	for (int i = 0; i < N; i++)
		start_shell("echo $$", &r[i]);
	assert_int_equal(command_counts(pool).nwaiting, N);
	wait_all();
	for (int i = N - 1; i > 0; i--)
		assert_ptr_equal(r[i].after, &r[i - 1]);
	command_pool_set_max(pool, 3);
	for (int i = 0; i < N; i++) {
		result_fini(&r[i]);
		start_shell("sleep 0.02", &r[i]);
	}
	nwanted -= N - 5;
	test_loop_run(loop);
	assert_true(command_counts(pool).nrunning <= 3);
	assert_true(command_counts(pool).nwaiting >= N - 5 - 3 - 3);
	nwanted += N - 5;
	wait_all();
	for (int i = 0; i < N; i++)
		result_fini(&r[i]);
	assert_int_equal(command_counts(pool).nrunning, 0);
	assert_int_equal(command_counts(pool).nwaiting, 0);
}

static void
ten_thousand_may_wait_and_more_than_the_limit_are_refused(void **state)
{
	enum { WAIT = 10000 };
	struct result first = { 0 }, refused = { 0 };
	uint64_t *ids = xcalloc(COMMAND_QUEUE_MAX, sizeof(*ids));

	(void)state;
	command_pool_set_max(pool, 1);
	start_shell("exec sleep 0.2", &first);
	nwanted = 2;
	for (int i = 0; i < WAIT; i++)
		ids[i] = command_start(pool, &(struct command_spec){ .argv = NULL }, keep, NULL);
	assert_int_equal(command_counts(pool).nwaiting, WAIT + 1);
	for (int i = WAIT; i < COMMAND_QUEUE_MAX; i++)
		ids[i] = command_start(pool, &(struct command_spec){ .argv = NULL }, keep, NULL);
	command_start(pool, &(struct command_spec){ .argv = NULL }, keep, &refused);
	nwanted = 1;
	test_loop_run(loop);
	assert_int_equal(refused.result, COMMAND_BUSY);
	assert_string_equal(refused.message, "too many commands wait");
	for (int i = 0; i < COMMAND_QUEUE_MAX; i++)
		command_cancel(pool, ids[i]);
	nwanted = 1;
	wait_all();
	assert_int_equal(first.nanswers, 1);
	assert_int_equal(command_counts(pool).nwaiting, 0);
	result_fini(&first);
	result_fini(&refused);
	free(ids);
}

/* A file that the shell writes its pid to; the loop runs until it is there. */
static pid_t
pid_in(const char *path)
{
	int pid = 0;

	for (int i = 0; i < 1000 && pid == 0; i++) {
		FILE *file = fopen(path, "r");

		event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
		if (file != NULL && fscanf(file, "%d", &pid) != 1)
			pid = 0;
		if (file != NULL)
			fclose(file);
		usleep(5000);
	}
	unlink(path);
	return (pid_t)pid;
}

static void
a_cancelled_one_is_killed_and_does_not_answer(void **state)
{
	char code[128], path[64];
	struct result r = { 0 }, waits = { 0 };
	uint64_t running, waiting;
	pid_t pid;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/pawl-test-command-%d", (int)getpid());
	snprintf(code, sizeof(code), "echo $$ > %s; sleep 1000", path);
	command_pool_set_max(pool, 1);
	running = start_shell(code, &r);
	waiting = start_shell("true", &waits);
	pid = pid_in(path);
	command_cancel(pool, waiting);
	command_cancel(pool, running);
	command_cancel(pool, running);
	command_cancel(pool, 999999);
	nwanted = 0;
	assert_goes(pid);
	assert_output("echo next", "next\n");
	assert_int_equal(r.nanswers, 0);
	assert_int_equal(waits.nanswers, 0);
	/* what runs at the end is killed, too */
	start_shell(code, &r);
	pid = pid_in(path);
	start_shell("true", &waits);
	command_pool_free(pool);
	pool = NULL;
	nwanted = 0;
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(r.nanswers + waits.nanswers, 0);
}

static int
setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	loop = loop_new();
	pool = command_pool_new(loop, 4);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	command_pool_free(pool);
	loop_free(loop);
	return 0;
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(input_goes_in_and_output_comes_out),
		TEST(a_command_that_fails_says_how),
		TEST(the_end_of_standard_error_is_kept),
		TEST(the_environment_is_what_was_given_and_a_little_of_ours),
		TEST(it_runs_in_its_folder_as_the_leader_of_its_session),
		TEST(no_descriptor_signal_or_core_of_ours_goes_along),
		TEST(what_cannot_be_started_says_why),
		TEST(one_that_runs_too_long_is_killed_with_all_it_started),
		TEST(one_that_writes_too_much_is_killed),
		TEST(memory_is_limited),
		TEST(a_grandchild_that_holds_the_pipe_is_not_waited_for),
		TEST(one_that_does_not_read_its_input_is_no_error),
		TEST(one_that_closes_its_output_runs_on),
		TEST(children_of_others_are_left_to_them),
		TEST(so_many_run_at_the_same_time_and_the_others_wait_in_order),
		TEST(ten_thousand_may_wait_and_more_than_the_limit_are_refused),
		TEST(a_cancelled_one_is_killed_and_does_not_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
