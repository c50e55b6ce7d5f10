/* What the workers of one pawld show each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/board.h"

static void
post(struct board *b, const char *text)
{
	struct buf t;

	buf_init(&t, BUF_UNLIMITED);
	buf_adds(&t, text);
	board_post(b, &t);
	buf_fini(&t);
}

static void
assert_print(const struct board *b, const char *expected)
{
	struct buf out;

	buf_init(&out, BUF_UNLIMITED);
	board_print(b, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_fini(&out);
}

static void
the_samples_of_all_stand_in_their_family_with_a_label(void **state)
{
	int fd = board_make(3);
	struct board *first = board_open(fd, 3, 0), *third = board_open(fd, 3, 2);

	(void)state;
	assert_true(fd >= 0);
	assert_non_null(first);
	assert_non_null(third);
	post(first,
	    "# HELP a What it is.\n# TYPE a counter\na 1\n# HELP b B.\n# TYPE b counter\nb{x=\"y\"} 2\n");
	post(third,
	    "# HELP a What it is.\n# TYPE a counter\na 30\n# HELP b B.\n# TYPE b counter\nb{x=\"y\"} 4\nb{x=\"z\"} 5\n");
	assert_print(first,
	    "# HELP a What it is.\n# TYPE a counter\na{worker=\"0\"} 1\na{worker=\"2\"} 30\n"
	    "# HELP b B.\n# TYPE b counter\nb{worker=\"0\",x=\"y\"} 2\nb{worker=\"2\",x=\"y\"} 4\nb{worker=\"2\",x=\"z\"} 5\n");
	post(first, "# HELP a What it is.\n# TYPE a counter\na 7\n");
	assert_print(first,
	    "# HELP a What it is.\n# TYPE a counter\na{worker=\"0\"} 7\na{worker=\"2\"} 30\n");
	board_close(third);
	board_close(first);
	close(fd);
}

static void
a_text_that_is_too_long_leaves_the_last_one(void **state)
{
	int fd = board_make(1);
	struct board *b = board_open(fd, 1, 0);
	struct buf t;

	(void)state;
	post(b, "# HELP a A.\n# TYPE a gauge\na 1\n");
	buf_init(&t, BUF_UNLIMITED);
	while (t.len < (size_t)2 << 20)
		buf_adds(&t, "# HELP a A.\n# TYPE a gauge\na 2\n");
	board_post(b, &t);
	buf_fini(&t);
	assert_print(b, "# HELP a A.\n# TYPE a gauge\na{worker=\"0\"} 1\n");
	board_close(b);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_samples_of_all_stand_in_their_family_with_a_label),
		cmocka_unit_test(a_text_that_is_too_long_leaves_the_last_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
