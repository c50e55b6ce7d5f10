/*
 * test_compile_language - query languages: how a state's is found, which fields it has,
 * how expressions are marked. Nothing here looks into an expression.
 */
#include "compile_fixture.h"

#define UNBUILT S "The QueryLanguage 'JSONata' is not built yet at /States/X/QueryLanguage"
#define JSONATA "`QueryLanguage`:`JSONata`,`End`:true,"
#define HALF(text, where) \
	S "An expression begins with '{%' and ends with '%}', but the value is '" text "' at " \
	  "/States/X/" where
#define FOREIGN(field) \
	S "The QueryLanguage is set to 'JSONata', but field '" field "' is only supported " \
	  "for the 'JSONPath' QueryLanguage at /States/X"
#define EXACTLY_ONE S "Exactly one of these fields is required: [Seconds, Timestamp] at /States/X"

static void
the_language_is_the_states_or_the_machines(void **state)
{
	(void)state;
	refuse(
	    "{`StartAt`:`X`,`QueryLanguage`:`JSONPath`,`States`:{`X`:{`Type`:`Pass`,`End`:true}}}",
	    NULL);
	refuse("{`StartAt`:`X`,`QueryLanguage`:`JSONPath`,`States`:{`X`:{`Type`:`Pass`,`End`:true,"
	       "`QueryLanguage`:`JSONata`,`Output`:1}}}",
	    UNBUILT);
	refuse(
	    "{`StartAt`:`X`,`QueryLanguage`:`jsonata`,`States`:{`X`:{`Type`:`Pass`,`End`:true}}}",
	    S "Value should be one of the following: [JSONPath, JSONata] at /QueryLanguage");
	/* an inner state is of the machine's language, not of the Parallel's around it */
	refuse(
	    "{`StartAt`:`X`,`States`:{`X`:{`Type`:`Parallel`,`QueryLanguage`:`JSONata`,`End`:true,"
	    "`Branches`:[{`StartAt`:`i`,`States`:{`i`:{`Type`:`Pass`,`Output`:1,`End`:true}}}]}}}",
	    S
	    "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the "
	    "'JSONata' QueryLanguage at /States/X/Branches[0]/States/i");
	/* in a machine of another language nothing is in JSONPath */
	refuse(
	    "{`StartAt`:`X`,`QueryLanguage`:`JSONata`,`States`:{`X`:{`Type`:`Pass`,`InputPath`:`$`,"
	    "`End`:true}}}",
	    FOREIGN("InputPath"));
}

static void
fields_with_a_twin_are_literals_or_expressions(void **state)
{
	static const struct fields_case wait[] = {
		{ "`Seconds`:5", UNBUILT },
		{ "`Seconds`:`{% 5 %}`", UNBUILT },
		{ "`Timestamp`:`{%$t%}`", UNBUILT },
		{ "`Timestamp`:`2024-01-01T00:00:00Z`", UNBUILT },
		{ "`Seconds`:`5`", S "Expected value of type [INTEGER] at /States/X/Seconds" },
		{ "`Seconds`:`{% 5`", HALF("{% 5", "Seconds") },
		{ "`Timestamp`:`$t %}`", HALF("$t %}", "Timestamp") },
		{ "`Timestamp`:`{%}`", HALF("{%}", "Timestamp") },
		{ "`Timestamp`:`$t`",
		    S "String does not match RFC3339 timestamp at /States/X/Timestamp" },
		{ "`Seconds`:1,`Timestamp`:`{% $t %}`", EXACTLY_ONE },
		{ "`Comment`:`c`", EXACTLY_ONE },
		/* told once, and a path is not looked at */
		{ "`SecondsPath`:`$.s[*]`", FOREIGN("SecondsPath") },
		{ "`Seconds`:1,`SecondsPath`:`$.s`", FOREIGN("SecondsPath") },
	};
	static const struct fields_case task[] = {
		{ "`TimeoutSeconds`:`{% 5 %}`,`HeartbeatSeconds`:`{% 2 %}`", UNBUILT },
		{ "`Credentials`:{`RoleArn`:`{% $r %}`}", UNBUILT },
		{ "`TimeoutSeconds`:`{% 5`,`TimeoutSecondsPath`:`$.t`",
		    FOREIGN("TimeoutSecondsPath") ", " HALF("{% 5", "TimeoutSeconds") },
		{ "`Credentials`:{`RoleArn`:`{% $r`}", HALF("{% $r", "Credentials/RoleArn") },
		{ "`Credentials`:{`RoleArn.$`:`$.r`}",
		    S "The field 'RoleArn' is required but was missing at /States/X/Credentials" },
	};
	static const struct fields_case map[] = {
		{ "`MaxConcurrency`:`{% 2 %}`,`ToleratedFailureCount`:`{% 0 %}`", UNBUILT },
		{ "`MaxConcurrency`:true",
		    S "Expected value of type [INTEGER] at /States/X/MaxConcurrency" },
		{ "`ToleratedFailurePercentage`:`50`",
		    S "Expected value of type [NUMBER] at /States/X/ToleratedFailurePercentage" },
	};

	(void)state;
	CHECK("`Type`:`Wait`," JSONATA, wait);
	CHECK("`Type`:`Task`,`Resource`:`arn:aws:states:::aws-sdk:s3:listBuckets`," JSONATA, task);
	CHECK(
	    "`Type`:`Map`,`ItemProcessor`:{`StartAt`:`i`,`States`:{`i`:{`Type`:`Succeed`}}}," JSONATA,
	    map);
	refuse_x("`Type`:`Fail`,`QueryLanguage`:`JSONata`,`Error`:`{% $e %}`,`Cause`:`c`", UNBUILT);
	refuse_x("`Type`:`Fail`,`QueryLanguage`:`JSONata`,`Error`:`{% $e`,`Cause`:1",
	    HALF("{% $e", "Error") ", " S "Expected value of type [STRING] at /States/X/Cause");
	refuse_x("`Type`:`Fail`,`QueryLanguage`:`JSONata`,`ErrorPath`:`States.UUID()`",
	    FOREIGN("ErrorPath"));
}

static void
values_hold_whole_expressions(void **state)
{
	static const struct fields_case pass[] = {
		{ "`Output`:`{% $states.input %}`", UNBUILT },
		{ "`Output`:[1,{`a`:`{% 1 %}`},null,` {% no expression %} `,`{`,`}`]", UNBUILT },
		{ "`Assign`:{`a`:`{% 1 %}`,`b`:[`{% 2 %}`]}", UNBUILT },
		{ "`Output`:`10 %}`", HALF("10 %}", "Output") },
		{ "`Output`:{`a`:[`{% 1`]}", HALF("{% 1", "Output") },
		{ "`Assign`:{`a`:{`b`:`1 %}`}}", HALF("1 %}", "Assign") },
		{ "`Assign`:`{% 1 %}`", S "Expected value of type [OBJECT] at /States/X/Assign" },
		{ "`Assign`:{`states`:1}",
		    S "The variable name 'states' is reserved at /States/X/Assign" },
		{ "`Arguments`:{}", S "Field 'Arguments' is not supported at /States/X" },
		{ "`Parameters`:{`a`:1},`Result`:1", FOREIGN("Parameters") ", " FOREIGN("Result") },
	};
	static const struct fields_case task[] = {
		{ "`Arguments`:{`a`:`{% 1 %}`}", UNBUILT },
		{ "`Arguments`:`{% $states.input %}`", UNBUILT },
		{ "`Arguments`:{`a`:`{% 1`}", HALF("{% 1", "Arguments") },
		{ "`Arguments`:`{% 1`", HALF("{% 1", "Arguments") },
		{ "`Arguments`:`a`", S "Expected value of type [OBJECT] at /States/X/Arguments" },
		{ "`Arguments`:[1]", S "Expected value of type [OBJECT] at /States/X/Arguments" },
		{ "`Catch`:[{`ErrorEquals`:[`E`],`Next`:`X`,`Output`:`{% 1 %}`}]", UNBUILT },
		{ "`Catch`:[{`ErrorEquals`:[`E`],`Next`:`X`,`Output`:`{% 1`}]",
		    HALF("{% 1", "Catch[0]/Output") },
		{ "`Catch`:[{`ErrorEquals`:[`E`],`Next`:`X`,`ResultPath`:`$.a[*]`}]",
		    FOREIGN("ResultPath") "/Catch[0]" },
		/* Retry is literal */
		{ "`Retry`:[{`ErrorEquals`:[`E`],`MaxAttempts`:`{% 1 %}`}]",
		    S "Expected value of type [INTEGER] at /States/X/Retry[0]/MaxAttempts" },
	};
	static const struct fields_case map[] = {
		{ "`Items`:[1,`{% 2 %}`],`ItemSelector`:{`a`:`{% 1 %}`}", UNBUILT },
		{ "`Items`:`{% $states.input.a %}`", UNBUILT },
		{ "`Items`:{`a`:1}", UNBUILT },
		{ "`Items`:`a`", S "Expected value of type [ARRAY] at /States/X/Items" },
		{ "`Items`:5", S "Expected value of type [ARRAY] at /States/X/Items" },
		{ "`Items`:[`{% 2`]", HALF("{% 2", "Items") },
		{ "`Items`:[1],`ItemsPath`:`$.a`", FOREIGN("ItemsPath") },
		{ "`ItemSelector`:{`a`:1},`Parameters`:{`a`:1}", FOREIGN("Parameters") },
		{ "`ItemSelector`:{`a`:`%}`}", HALF("%}", "ItemSelector") },
	};

	(void)state;
	CHECK("`Type`:`Pass`," JSONATA, pass);
	CHECK("`Type`:`Task`,`Resource`:`arn:aws:states:::aws-sdk:s3:listBuckets`," JSONATA, task);
	CHECK(
	    "`Type`:`Map`,`ItemProcessor`:{`StartAt`:`i`,`States`:{`i`:{`Type`:`Succeed`}}}," JSONATA,
	    map);
}

static void
in_jsonpath_marks_mean_nothing(void **state)
{
	(void)state;
	refuse_x("`Type`:`Pass`,`Parameters`:{`a`:`{% 1`},`Result`:`1 %}`,`End`:true", NULL);
	refuse_x("`Type`:`Fail`,`Error`:`{% $e`", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_language_is_the_states_or_the_machines),
		cmocka_unit_test(fields_with_a_twin_are_literals_or_expressions),
		cmocka_unit_test(values_hold_whole_expressions),
		cmocka_unit_test(in_jsonpath_marks_mean_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
