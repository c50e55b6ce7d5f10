/*
 * test_err - a failure: set, replaced, moved, copied, freed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"

static void
setting_an_error_returns_minus_one_and_replaces_the_one_before(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_false(err_is_set(&e));
	assert_string_equal(err_cause(&e), "");
	assert_int_equal(err_set(&e, "States.Timeout", "after %d s", 5), -1);
	assert_true(err_is_set(&e));
	assert_string_equal(e.name, "States.Timeout");
	assert_string_equal(err_cause(&e), "after 5 s");
	/* what is replaced may be part of what replaces it */
	err_set(&e, e.name, "state Pay: %s", err_cause(&e));
	assert_string_equal(e.name, "States.Timeout");
	assert_string_equal(err_cause(&e), "state Pay: after 5 s");
	err_fini(&e);
	assert_false(err_is_set(&e));
	assert_int_equal(err_set(NULL, "A", "b"), -1);
}

static void
a_name_or_a_cause_may_be_missing(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_set_text(&e, "", NULL, 0), -1);
	assert_true(err_is_set(&e));
	assert_null(e.cause);
	assert_string_equal(err_cause(&e), "");
	err_set_text(&e, "A", "100%s cut here", 5);
	assert_string_equal(err_cause(&e), "100%s");
	err_fini(&e);
}

static void
a_long_name_is_cut_between_characters(void **state)
{
	struct err e = ERR_INIT;
	char name[ERR_NAME_MAX + 10];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memcpy(name + ERR_NAME_MAX - 2, "\xe2\x82\xac", 3);
	err_set(&e, name, "c");
	assert_int_equal(strlen(e.name), ERR_NAME_MAX - 2);
	memset(name, 'x', sizeof(name) - 1);
	err_set(&e, name, "c");
	assert_int_equal(strlen(e.name), ERR_NAME_MAX);
	err_fini(&e);
}

static void
an_error_is_moved_or_copied_whole(void **state)
{
	struct err a = ERR_INIT, b = ERR_INIT;

	(void)state;
	err_set(&a, "A", "a");
	err_set(&b, "B", "b");
	err_copy(&b, &a);
	assert_string_equal(b.name, "A");
	assert_string_equal(err_cause(&b), "a");
	assert_ptr_not_equal(a.cause, b.cause);
	err_set(&a, "C", "c");
	err_move(&b, &a);
	assert_false(err_is_set(&a));
	assert_string_equal(err_cause(&b), "c");
	err_move(&b, &b);
	err_copy(&b, &b);
	assert_string_equal(err_cause(&b), "c");
	err_copy(&b, &a);
	assert_false(err_is_set(&b));
	err_fini(&a);
	err_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setting_an_error_returns_minus_one_and_replaces_the_one_before),
		cmocka_unit_test(a_name_or_a_cause_may_be_missing),
		cmocka_unit_test(a_long_name_is_cut_between_characters),
		cmocka_unit_test(an_error_is_moved_or_copied_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
