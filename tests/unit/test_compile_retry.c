/*
 * test_compile_retry - what retriers and catchers may say.
 */
#include "compile_fixture.h"

#define TASK \
	"`Type`:`Task`,`End`:true,`Resource`:`arn:aws:lambda:us-east-1:123456789012:function:f`,"
#define RETRY "/States/X/Retry[0]"
#define CATCH "/States/X/Catch[0]"
#define ALONE "'States.ALL' must be the only error name at "
#define LAST "'States.ALL' is only allowed in the last element at "

static void
check_retriers(const struct fields_case *cases, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		char *fields =
		    xasprintf(TASK "`Retry`:[{`ErrorEquals`:[`E`],%s}]", cases[i].fields);

		refuse_x(fields, cases[i].sentence);
		free(fields);
	}
}

static void
numbers_of_a_retrier_are_in_range(void **state)
{
	static const struct fields_case cases[] = {
		{ "`IntervalSeconds`:99999999,`MaxAttempts`:99999999,`BackoffRate`:1", NULL },
		{ "`IntervalSeconds`:1,`MaxDelaySeconds`:31622399,`JitterStrategy`:`NONE`", NULL },
		{ "`MaxAttempts`:0,`Comment`:`c`", NULL },
		{ "`MaxDelaySeconds`:2", NULL },
		{ "`IntervalSeconds`:100000000",
		    S "Value must be between 1 and 99999999 at " RETRY "/IntervalSeconds" },
		{ "`IntervalSeconds`:1.5",
		    S "Expected value of type [INTEGER] at " RETRY "/IntervalSeconds" },
		{ "`MaxAttempts`:100000000",
		    S "Value must be between 0 and 99999999 at " RETRY "/MaxAttempts" },
		{ "`MaxAttempts`:`1`",
		    S "Expected value of type [INTEGER] at " RETRY "/MaxAttempts" },
		{ "`BackoffRate`:0.99", S "Value must be at least 1 at " RETRY "/BackoffRate" },
		{ "`BackoffRate`:true",
		    S "Expected value of type [NUMBER] at " RETRY "/BackoffRate" },
		{ "`MaxDelaySeconds`:31622400",
		    S "Value must be between 1 and 31622399 at " RETRY "/MaxDelaySeconds" },
		{ "`MaxDelaySeconds`:0",
		    S "Value must be between 1 and 31622399 at " RETRY "/MaxDelaySeconds" },
		{ "`MaxDelaySeconds`:1",
		    S "Value must be greater than IntervalSeconds at " RETRY "/MaxDelaySeconds" },
		/* one mistake is told once */
		{ "`IntervalSeconds`:100000000,`MaxDelaySeconds`:5",
		    S "Value must be between 1 and 99999999 at " RETRY "/IntervalSeconds" },
		{ "`JitterStrategy`:`full`",
		    S "Value should be one of the following: [FULL, NONE] at " RETRY
		      "/JitterStrategy" },
		{ "`JitterStrategy`:true",
		    S "Expected value of type [STRING] at " RETRY "/JitterStrategy" },
		{ "`Comment`:1", S "Expected value of type [STRING] at " RETRY "/Comment" },
		{ "`Next`:`X`,`IntervalSecondsPath`:`$.a`",
		    S "Field 'Next' is not supported at " RETRY ", " S
		      "Field 'IntervalSecondsPath' is not supported at " RETRY },
	};

	(void)state;
	check_retriers(CASES(cases));
}

static void
error_names_are_texts_and_all_is_last_and_alone(void **state)
{
	static const struct fields_case retry[] = {
		{ "[]", NULL },
		{ "[{`ErrorEquals`:[`A`,`B`]},{`ErrorEquals`:[`States.ALL`]}]", NULL },
		{ "[{`ErrorEquals`:[`A`,``,1,null]}]",
		    S "Value cannot be empty at " RETRY "/ErrorEquals[1], " S
		      "Expected value of type [STRING] at " RETRY "/ErrorEquals[2], " S
		      "Expected value of type [STRING] at " RETRY "/ErrorEquals[3]" },
		{ "[{`ErrorEquals`:`A`}]",
		    S "Expected value of type [ARRAY] at " RETRY "/ErrorEquals" },
		{ "[{`Error Equals`:[`A`]}]",
		    S "Field 'Error Equals' is not supported at " RETRY ", " S
		      "These fields are required: [ErrorEquals] at " RETRY },
		{ "[{`ErrorEquals`:[`States.ALL`,`A`]}]", S ALONE RETRY "/ErrorEquals" },
		{ "[{`ErrorEquals`:[`States.ALL`]},{`ErrorEquals`:[`A`]}]",
		    S LAST RETRY "/ErrorEquals" },
		{ "[1]", S "Expected value of type [OBJECT] at " RETRY },
		{ "{}", S "Expected value of type [ARRAY] at /States/X/Retry" },
	};
	static const struct fields_case catch_[] = {
		{ "[]", NULL },
		{ "[{`ErrorEquals`:[`States.ALL`],`Next`:`X`,`ResultPath`:`$.e`,`Assign`:{`a.$`:`$.Error`"
		  "},`Comment`:`c`}]",
		    NULL },
		{ "[{`ErrorEquals`:[],`Next`:`X`}]",
		    S "Value cannot be empty at " CATCH "/ErrorEquals" },
		{ "[{`ErrorEquals`:[`States.ALL`,`A`],`Next`:`X`},{`ErrorEquals`:[`B`],`Next`:`X`}]",
		    S ALONE CATCH "/ErrorEquals, " S LAST CATCH "/ErrorEquals" },
		{ "[{`Next`:`X`}]", S "These fields are required: [ErrorEquals] at " CATCH },
		{ "[{`ErrorEquals`:[`A`]}]", S "These fields are required: [Next] at " CATCH },
		{ "[{`ErrorEquals`:[`A`],`Next`:`Y`}]",
		    "MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at " CATCH "/Next" },
		{ "[{`ErrorEquals`:[`A`],`Next`:`X`,`MaxAttempts`:1,`ResultPath`:`$v`}]",
		    S "Field 'MaxAttempts' is not supported at " CATCH ", " S
		      "Value is not a Reference Path: The syntax of the path is invalid at " CATCH
		      "/ResultPath" },
		{ "[{`ErrorEquals`:[`A`],`Next`:`X`,`Assign`:{`a.$`:`b`},`Comment`:[]}]",
		    S "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic "
		      "function call at " CATCH "/Assign, " S
		      "Expected value of type [STRING] at " CATCH "/Comment" },
	};

	(void)state;
	CHECK(TASK "`Retry`:", retry);
	CHECK(TASK "`Catch`:", catch_);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_a_retrier_are_in_range),
		cmocka_unit_test(error_names_are_texts_and_all_is_last_and_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
