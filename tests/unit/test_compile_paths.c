/*
 * test_compile_paths - paths, templates and intrinsic calls of JSONPath states: what is
 * refused, and what gives a warning.
 */
#include "compile_fixture.h"

#define PASS "`Type`:`Pass`,`End`:true,"
#define LAMBDA \
	"`Type`:`Task`,`End`:true,`Resource`:`arn:aws:lambda:us-east-1:123456789012:function:f`,"
#define NO_PATH(field) \
	S "Value is not a Path: The syntax of the path is invalid at /States/X/" field
#define NO_REFERENCE(field) \
	S "Value is not a Reference Path: The syntax of the path is invalid at /States/X/" field
#define NO_VALUE(name) \
	S "The value for the field '" name "' must be a valid JSONPath or a valid intrinsic " \
	  "function call at /States/X/Parameters"

static void
paths_of_the_data_flow_are_paths(void **state)
{
	static const struct fields_case cases[] = {
		{ "`InputPath`:`$.a[*].b`,`OutputPath`:`$..c`,`ResultPath`:`$.a['b'][0].c`", NULL },
		{ "`InputPath`:null,`OutputPath`:null,`ResultPath`:null", NULL },
		{ "`InputPath`:`$$`,`OutputPath`:`$v.a`,`ResultPath`:`$`", NULL },
		{ "`InputPath`:``", NO_PATH("InputPath") },
		{ "`InputPath`:`States.Format('a')`", NO_PATH("InputPath") },
		{ "`OutputPath`:`$.a[`", NO_PATH("OutputPath") },
		{ "`OutputPath`:`$$5`", NO_PATH("OutputPath") },
		{ "`OutputPath`:5", S "Expected value of type [STRING] at /States/X/OutputPath" },
		{ "`ResultPath`:`$.a[*]`", NO_REFERENCE("ResultPath") },
		{ "`ResultPath`:`$.a[0:1]`", NO_REFERENCE("ResultPath") },
		{ "`ResultPath`:`$.a[?(@.b)]`", NO_REFERENCE("ResultPath") },
		{ "`ResultPath`:`$..a`", NO_REFERENCE("ResultPath") },
		{ "`ResultPath`:`$['a','b']`", NO_REFERENCE("ResultPath") },
		{ "`ResultPath`:`$$.a`", NO_REFERENCE("ResultPath") },
		{ "`ResultPath`:`$v`", NO_REFERENCE("ResultPath") },
		{ "`ResultPath`:`a`", NO_REFERENCE("ResultPath") },
		{ "`ResultPath`:true",
		    S "Expected value of type [STRING] at /States/X/ResultPath" },
	};

	(void)state;
	CHECK(PASS, cases);
}

static void
waits_and_fails_read_one_value(void **state)
{
	static const struct fields_case wait[] = {
		{ "`SecondsPath`:`$$.Execution.Input.s`", NULL },
		{ "`TimestampPath`:`$v`", NULL },
		{ "`SecondsPath`:`$.a.length()`", NO_REFERENCE("SecondsPath") },
		{ "`TimestampPath`:`$.a[*]`", NO_REFERENCE("TimestampPath") },
		{ "`SecondsPath`:null",
		    S "Expected value of type [STRING] at /States/X/SecondsPath" },
	};
	static const struct fields_case fail[] = {
		{ "`ErrorPath`:`$.e`,`CausePath`:`States.JsonToString($.c)`", NULL },
		{ "`Error`:`e`,`CausePath`:`$$.Execution.Id`", NULL },
		{ "`ErrorPath`:`States.ArrayLength($.a)`",
		    S "The value for the field 'ErrorPath' must be a valid JSONPath or a valid "
		      "intrinsic function call at /States/X/ErrorPath" },
		{ "`ErrorPath`:`States.Format('{}'`",
		    S "The value for the field 'ErrorPath' must be a valid JSONPath or a valid "
		      "intrinsic function call at /States/X/ErrorPath" },
		{ "`CausePath`:`$.a[*]`", NO_REFERENCE("CausePath") },
		{ "`Error`:`e`,`ErrorPath`:`$.e`",
		    S "These fields are mutually exclusive: [Error, ErrorPath] at /States/X" },
		{ "`Next`:`X`", S "Field 'Next' is not supported at /States/X" },
		{ "`InputPath`:`$`", S "Field 'InputPath' is not supported at /States/X" },
	};

	(void)state;
	CHECK("`Type`:`Wait`,`End`:true,", wait);
	CHECK("`Type`:`Fail`,", fail);
}

static void
computed_members_are_paths_or_calls(void **state)
{
	static const struct fields_case cases[] = {
		{ "`a.$`:`$`,`b.$`:`$[0]`,`c.$`:`$$.State.Name`,`d.$`:`$v['x']`,`e`:`$.f`", NULL },
		{ "`a.$`:`$.a[?(@.b == 1)].c`,`b`:[`$.x`,{`c.$`:`States.UUID()`}]", NULL },
		{ "`a.$`:1",
		    S "The value for the field 'a.$' must be a STRING at /States/X/Parameters" },
		{ "`a.$`:{`b`:1}",
		    S "The value for the field 'a.$' must be a STRING at /States/X/Parameters" },
		{ "`a.$`:`b`", NO_VALUE("a.$") },
		{ "`a.$`:``", NO_VALUE("a.$") },
		{ "`a.$`:`$.`", NO_VALUE("a.$") },
		{ "`a.$`:` $.b`", NO_VALUE("a.$") },
		{ "`a`:{`b`:[{`c.$`:`c`},{`d.$`:`d`}]}", NO_VALUE("c.$") ", " NO_VALUE("d.$") },
		{ "`a`:1,`a.$`:`$.b`",
		    S "The field 'a.$' conflicts with the field of the same name without '.$' at "
		      "/States/X/Parameters" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *fields = xasprintf(PASS "`Parameters`:{%s}", cases[i].fields);

		refuse_x(fields, cases[i].sentence);
		free(fields);
	}
}

static void
calls_are_checked_when_they_are_created(void **state)
{
	static const char *const good[] = { "States.Array()", "States.Array( 1 , -2.5, 'a', null)",
		"States.Format('it\\\\'s \\\\{\\\\} {}', $.a)", "States.MathRandom(1, 5)",
		"States.MathRandom(1, 5, 7)", "States.MathAdd($.a, States.ArrayLength($$.b))",
		"States.JsonMerge($.a, $v, false)", "States.Hash($.a, 'SHA-1')",
		"States.UUID( ) " };
	static const char *const bad[] = { "States.Foo()", "States.array(1)", "States.Array(1",
		"States.Array(1,)", "States.Array(1) x", " States.Array(1)", "States.UUID(1)",
		"States.Format()", "States.Format(1)", "States.MathAdd(1)",
		"States.MathAdd(1, 2, 3)", "States.MathAdd(1, '2')", "States.Array('a)",
		"States.Array('\\\\n')", "States.Array('\\\\\\\"')", "States.Array(a)",
		"States.Array($.)", "States.ArrayLength(5)", "States.JsonMerge('a', 'b', false)",
		"States.Base64Encode(true)", "States.StringSplit('a')", "States.Array", "States.",
		"States.Array(States.Foo())" };
	char *deep = xstrdup("1"), *fields;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		fields = xasprintf(PASS "`Parameters`:{`a.$`:`%s`}", good[i]);
		refuse_x(fields, NULL);
		free(fields);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		fields = xasprintf(PASS "`Parameters`:{`a.$`:`%s`}", bad[i]);
		refuse_x(fields, NO_VALUE("a.$"));
		free(fields);
	}
	for (i = 1; i <= 11; i++) {
		char *deeper = xasprintf("States.Array(%s)", deep);

		free(deep);
		deep = deeper;
		fields = xasprintf(PASS "`Parameters`:{`a.$`:`%s`}", deep);
		refuse_x(fields, i <= 10 ? NULL : NO_VALUE("a.$"));
		free(fields);
	}
	free(deep);
}

static void
templates_stand_in_their_fields(void **state)
{
	static const struct fields_case cases[] = {
		{ "`Parameters`:`$.a`,`ResultSelector`:{`a.$`:`$.b`}", NULL },
		{ "`Parameters`:[1]", NULL },
		{ "`ResultSelector`:`$.a`",
		    S "Expected value of type [OBJECT] at /States/X/ResultSelector" },
		{ "`ResultSelector`:{`a.$`:`b`}",
		    S "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic "
		      "function call at /States/X/ResultSelector" },
		{ "`Assign`:{`a.$`:`b`}",
		    S "The value for the field 'a.$' must be a valid JSONPath or a "
		      "valid intrinsic function call at /States/X/Assign" },
		{ "`Assign`:[]", S "Expected value of type [OBJECT] at /States/X/Assign" },
		{ "`Assign`:{`a`:1,`a.$`:`$.b`}",
		    S "The field 'a.$' conflicts with the field of the same name without '.$' at "
		      "/States/X/Assign" },
	};

	(void)state;
	CHECK(LAMBDA, cases);
}

/* --- warnings ------------------------------------------------------------------------ */

#define STATIC(name) \
	"PASS_RESULT_IS_STATIC: The value of '" name "' is not evaluated: the Result of a Pass " \
	"state is static. at /States/X/Result"

static void
what_looks_computed_and_is_not_gives_a_warning(void **state)
{
	static const struct fields_case cases[] = {
		{ "`Result`:{`a.$`:`$.b`,`c`:`States.UUID()`,`d`:[{`e`:`$$.f`}],`g`:`$5`}",
		    STATIC("a.$") ", " STATIC("c") ", " STATIC("e") },
		{ "`Result`:`$.a`", STATIC("Result") },
		{ "`Result`:[`a`]", NULL },
		{ "`Parameters`:{`a`:{`b`:`$.c`,`d.$`:`$.e`}}",
		    "NO_DOLLAR: The value of 'b' looks like a JSONPath or intrinsic function. Use "
		    "'b.$' to evaluate it at runtime. at /States/X/Parameters" },
	};
	static const struct fields_case fail[] = {
		{ "`Cause`:`$.cause`,`Error`:`e`",
		    "NO_PATH: The value of 'Cause' looks like a JSONPath. Use 'CausePath' to evaluate "
		    "it at runtime. at /States/X/Cause" },
		{ "`Cause`:`costs $.50`", NULL },
	};

	(void)state;
	CHECK_WARNINGS(PASS, cases);
	CHECK_WARNINGS("`Type`:`Fail`,", fail);
}

#define UNDEFINED(name, where) \
	"POSSIBLY_UNDEFINED_VARIABLE: The variable '" name "' may be undefined: no state in " \
	"its scope assigns it. at " where

static void
a_variable_that_nobody_assigns_gives_a_warning(void **state)
{
	static const struct fields_case pass[] = {
		{ "`InputPath`:`$v.a`,`OutputPath`:`$w`,`Assign`:{`w`:1}",
		    UNDEFINED("v", "/States/X/InputPath") },
		{ "`Parameters`:{`a.$`:`$v`,`b`:[{`c.$`:`States.Array(1, States.Array($w[0]))`}]}",
		    UNDEFINED("v", "/States/X/Parameters") ", " UNDEFINED("w",
			"/States/X/Parameters") },
		{ "`Parameters`:{`a`:`$v`},`Result`:{`b.$`:`$v`}", NULL },
		{ "`Assign`:{`a.$`:`$b`}", UNDEFINED("b", "/States/X/Assign") },
		{ "`Assign`:{`a.$`:`$a`}", NULL },
	};
	static const struct fields_case fail[] = {
		{ "`ErrorPath`:`$e`,`CausePath`:`States.Format('{}', $c)`",
		    UNDEFINED("e", "/States/X/ErrorPath") ", " UNDEFINED("c",
			"/States/X/CausePath") },
	};

	(void)state;
	CHECK_WARNINGS(PASS, pass);
	CHECK_WARNINGS("`Type`:`Fail`,", fail);
}

static void
variables_are_read_where_they_are_seen(void **state)
{
	static const char inner[] =
	    "{`StartAt`:`V`,`States`:{`V`:{`Type`:`Pass`,`Assign`:{`outer`:1},`Next`:`X`},`X`:{"
	    "`Type`:`Map`,`Next`:`Z`,`Catch`:[{`ErrorEquals`:[`E`],`Assign`:{`caught`:1},`Next`:`Z`}],"
	    "`ItemProcessor`:{%s`StartAt`:`i`,`States`:{`i`:{`Type`:`Choice`,`Choices`:[{`Variable`:"
	    "`$outer`,`StringEqualsPath`:`$caught`,`Assign`:{`ruled`:1},`Next`:`j`}],`Default`:`j`},"
	    "`j`:{`Type`:`Wait`,`SecondsPath`:`$ruled`,`End`:true}}}},`Z`:{`Type`:`Wait`,"
	    "`SecondsPath`:`$ruled`,`End`:true}}}";
	char *in = xasprintf(inner, "");
	char *out = xasprintf(inner,
	    "`ProcessorConfig`:{`Mode`:`DISTRIBUTED`,`ExecutionType`:`STANDARD`},");

	(void)state;
	expect_told(in, MACHINE_STANDARD, DIAGNOSTIC_WARNING,
	    UNDEFINED("ruled", "/States/Z/SecondsPath"));
	expect_told(out, MACHINE_STANDARD, DIAGNOSTIC_WARNING,
	    UNDEFINED("outer",
		"/States/X/ItemProcessor/States/i/Choices[0]/Variable") ", " UNDEFINED("caught",
		"/States/X/ItemProcessor/States/i/Choices[0]/StringEqualsPath") ", " UNDEFINED("ruled",
		"/States/Z/SecondsPath"));
	free(in);
	free(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_of_the_data_flow_are_paths),
		cmocka_unit_test(waits_and_fails_read_one_value),
		cmocka_unit_test(computed_members_are_paths_or_calls),
		cmocka_unit_test(calls_are_checked_when_they_are_created),
		cmocka_unit_test(templates_stand_in_their_fields),
		cmocka_unit_test(what_looks_computed_and_is_not_gives_a_warning),
		cmocka_unit_test(a_variable_that_nobody_assigns_gives_a_warning),
		cmocka_unit_test(variables_are_read_where_they_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
