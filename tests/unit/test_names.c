/*
 * test_names - names and ARNs: what is legal, what each ARN names, how the others are refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/names.h"

#define OURS "arn:aws:states:us-east-1:123456789012:"

static const struct territory here = { "us-east-1", "123456789012" };

static bool
legal(const char *name)
{
	return name_is_legal(name, strlen(name));
}

static void
letters_of_any_language_and_harmless_signs_are_legal(void **state)
{
	(void)state;
	assert_true(legal("a"));
	assert_true(legal("Abc-123_x.y"));
	assert_true(legal("(a)!='@+"));
	assert_true(legal("gr\u00f6\u00dfe"));
	assert_true(legal("\u540d\u524d"));
	assert_true(legal("\U0001f600"));
}

static void
forbidden_characters_are_refused(void **state)
{
	(void)state;
	for (const char *c = " \t\r\n<>{}[]?*\"#%\\^|~`$&,;:/\x01\x1f\x7f"; *c != '\0'; c++) {
		char name[] = { 'a', *c, 'b', '\0' };

		if (legal(name))
			fail_msg("0x%02x", (unsigned char)*c);
	}
	assert_false(name_is_legal("a\0b", 3));
	assert_false(legal("a\xc2\x80"));
	assert_false(legal("a\xc2\x9f"));
	assert_false(legal("a\u00a0"));
	assert_false(legal("a\u3000"));
	assert_false(legal("a\uffff"));
	assert_false(legal("a\U0010ffff"));
}

static void
a_refusal_echoes_the_name(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(name_check("good", 4, &e), 0);
	assert_int_equal(name_check("a b", 3, &e), -1);
	assert_string_equal(e.name, "InvalidName");
	assert_string_equal(err_cause(&e), "Invalid Name: 'a b'");
	err_fini(&e);
}

static void
assert_names(const char *arn, enum resource_kind kind, const char *name, const char *part)
{
	struct err e = ERR_INIT;
	struct resource r;

	assert_int_equal(resource_parse(&here, arn, strlen(arn), &r, &e), 0);
	assert_int_equal(r.kind, kind);
	assert_true(r.ours);
	assert_string_equal(r.name, name);
	assert_string_equal(r.part, part);
}

static void
each_kind_of_arn_is_known(void **state)
{
	(void)state;
	assert_names(OURS "stateMachine:m", RESOURCE_MACHINE, "m", "");
	assert_names(OURS "stateMachine:m:7", RESOURCE_VERSION, "m", "7");
	assert_names(OURS "stateMachine:m:PROD", RESOURCE_ALIAS, "m", "PROD");
	assert_names(OURS "stateMachine:m/label", RESOURCE_LABELLED, "m", "label");
	assert_names(OURS "execution:m:e", RESOURCE_EXECUTION, "m", "e");
	assert_names(OURS "execution:m/label:e", RESOURCE_CHILD, "m", "e");
	assert_names(OURS "express:m:e:u", RESOURCE_EXPRESS, "m", "e:u");
	assert_names(OURS "activity:a", RESOURCE_ACTIVITY, "a", "");
	assert_names(OURS "mapRun:m/label:u", RESOURCE_MAP_RUN, "m/label", "u");
	assert_names(OURS "execution:m", RESOURCE_UNKNOWN, "m", "");
	assert_names(OURS "dinner:m", RESOURCE_UNKNOWN, "m", "");
}

static void
assert_invalid(const char *arn, const char *cause)
{
	struct err e = ERR_INIT;
	struct resource r;

	assert_int_equal(resource_parse(&here, arn, strlen(arn), &r, &e), -1);
	assert_string_equal(e.name, "InvalidArn");
	assert_string_equal(err_cause(&e), cause);
	err_fini(&e);
}

static void
what_is_no_arn_is_refused(void **state)
{
	(void)state;
	assert_invalid("nonsense", "Invalid Arn: 'Invalid ARN prefix: nonsense'");
	assert_invalid("arn:aws:states", "Invalid Arn: 'Invalid ARN prefix: arn:aws:states'");
	assert_invalid("arn:aws:lambda:us-east-1:123456789012:function:f",
	    "Invalid Arn: 'Resource type not valid in this context: function'");
}

static void
arns_of_others_name_nothing_here(void **state)
{
	static const char *const arns[] = {
		"arn:aws:states:us-west-2:123456789012:stateMachine:m",
		"arn:aws:states:us-east-1:123456789013:stateMachine:m",
		"arn:aws-cn:states:us-east-1:123456789012:stateMachine:m",
	};
	struct err e = ERR_INIT;
	struct resource r;

	(void)state;
	for (size_t i = 0; i < sizeof(arns) / sizeof(arns[0]); i++) {
		assert_int_equal(resource_parse(&here, arns[i], strlen(arns[i]), &r, &e), 0);
		assert_int_equal(r.kind, RESOURCE_MACHINE);
		assert_false(r.ours);
	}
}

static void
arns_are_made(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, BUF_UNLIMITED);
	resource_machine_arn(&here, "m", &b);
	assert_string_equal(b.data, OURS "stateMachine:m");
	buf_reset(&b);
	resource_execution_arn(&here, "m", "e", &b);
	assert_string_equal(b.data, OURS "execution:m:e");
	buf_fini(&b);
}

static int
check_role(const char *arn, struct err *e)
{
	return role_arn_check(arn, strlen(arn), e);
}

static void
roles_are_arns_of_iam(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(check_role("arn:aws:iam::123456789012:role/r", &e), 0);
	assert_int_equal(check_role("arn:aws:iam::123456789012:role/path/r", &e), 0);
	assert_int_equal(check_role("r", &e), -1);
	assert_string_equal(err_cause(&e), "Invalid Arn: 'Invalid ARN prefix: r'");
	assert_int_equal(check_role("arn:aws:iam::123456789012:role/", &e), -1);
	assert_int_equal(check_role("arn:aws:iam::123456789012:user/u", &e), -1);
	assert_string_equal(err_cause(&e),
	    "Invalid Arn: 'Resource type not valid in this context: user'");
	assert_int_equal(check_role("arn:aws:s3::123456789012:role/r", &e), -1);
	err_fini(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_of_any_language_and_harmless_signs_are_legal),
		cmocka_unit_test(forbidden_characters_are_refused),
		cmocka_unit_test(a_refusal_echoes_the_name),
		cmocka_unit_test(each_kind_of_arn_is_known),
		cmocka_unit_test(what_is_no_arn_is_refused),
		cmocka_unit_test(arns_of_others_name_nothing_here),
		cmocka_unit_test(arns_are_made),
		cmocka_unit_test(roles_are_arns_of_iam),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
