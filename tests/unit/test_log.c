/*
 * test_log - log lines: their form, their level, and that a line stays a line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static int real_stderr;
static FILE *caught;

/* What log lines are written to until the text is asked for. */
static int
catch_stderr(void **state)
{
	(void)state;
	clock_fake(1767225600123, 0);
	log_set_level(LOG_LEVEL_INFO);
	caught = tmpfile();
	real_stderr = dup(STDERR_FILENO);
	return caught == NULL || dup2(fileno(caught), STDERR_FILENO) < 0;
}

static int
give_back_stderr(void **state)
{
	(void)state;
	clock_fake(-1, -1);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	return fclose(caught);
}

static void
assert_logged(const char *expected)
{
	char text[10000];
	size_t n;

	rewind(caught);
	n = fread(text, 1, sizeof(text) - 1, caught);
	text[n] = '\0';
	assert_string_equal(text, expected);
}

static void
a_line_has_the_time_the_level_and_the_ids_first(void **state)
{
	(void)state;
	log_info("http: answered %d", 503);
	log_line(LOG_LEVEL_WARN, "exec=9f2c1b state=Pay", "retry");
	log_line(LOG_LEVEL_ERROR, "", "help");
	assert_logged("2026-01-01T00:00:00.123Z info  http: answered 503\n"
		      "2026-01-01T00:00:00.123Z warn  exec=9f2c1b state=Pay retry\n"
		      "2026-01-01T00:00:00.123Z error help\n");
}

static void
lines_below_the_level_are_not_written(void **state)
{
	enum log_level level;

	(void)state;
	log_debug("no");
	log_line(LOG_LEVEL_DEBUG, NULL, "no");
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(log_level_parse("loud", &level), -1);
	log_set_level(level);
	log_debug("yes");
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("no");
	assert_logged("2026-01-01T00:00:00.123Z debug yes\n");
}

static void
control_characters_cannot_make_a_second_line(void **state)
{
	(void)state;
	errno = ENOENT;
	log_line(LOG_LEVEL_INFO, "exec=a\nb", "%s", "x\r\n2026 error \x1b[31m\x7f\xc3\xa9\t.");
	assert_int_equal(errno, ENOENT);
	assert_logged("2026-01-01T00:00:00.123Z info  exec=a\\x0ab "
		      "x\\x0d\\x0a2026 error \\x1b[31m\\x7f\xc3\xa9\\x09.\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_has_the_time_the_level_and_the_ids_first,
		    catch_stderr, give_back_stderr),
		cmocka_unit_test_setup_teardown(lines_below_the_level_are_not_written, catch_stderr,
		    give_back_stderr),
		cmocka_unit_test_setup_teardown(control_characters_cannot_make_a_second_line,
		    catch_stderr, give_back_stderr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
