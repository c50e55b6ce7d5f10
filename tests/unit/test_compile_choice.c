/*
 * test_compile_choice - which rules a Choice state may have, and what is said about others.
 */
#include "compile_fixture.h"

/* A Choice state whose only rule is the case's fields, and the states that rules go to. */
static void
check_rules(const char *language, const struct fields_case *cases, size_t n,
    enum diagnostic_severity severity)
{
	size_t i;

	for (i = 0; i < n; i++) {
		char *text = xasprintf("{`StartAt`:`X`,`States`:{`X`:{`Type`:`Choice`%s,`Choices`:"
				       "[{%s}],`Default`:`Y`},`Y`:{`Type`:`Succeed`}}}",
		    language, cases[i].fields);

		expect_told(text, MACHINE_STANDARD, severity, cases[i].sentence);
		free(text);
	}
}

#define RULE "/States/X/Choices[0]"
#define ONE_OPERATOR S "A choice rule must have exactly one operator at " RULE
#define FOREIGN(is, field, other) \
	S "The QueryLanguage is set to '" is "', but field '" field "' is only supported " \
	  "for the '" other "' QueryLanguage at " RULE

static void
a_rule_has_one_operator(void **state)
{
	static const struct fields_case cases[] = {
		{ "`Variable`:`$.a`,`IsNull`:true,`Next`:`Y`,`Comment`:`c`,`Assign`:{`v`:1}",
		    NULL },
		{ "`Not`:{`Variable`:`$.a`,`IsNull`:true,`Comment`:`c`},`Next`:`Y`", NULL },
		{ "`Variable`:`$.a`,`Next`:`Y`", ONE_OPERATOR },
		{ "`Variable`:`$.a`,`IsNull`:true,`IsString`:true,`Next`:`Y`", ONE_OPERATOR },
		{ "`And`:[{`Variable`:`$.a`,`IsNull`:true}],`Or`:[],`Next`:`Y`", ONE_OPERATOR },
		/* told once: what is misspelt was the operator */
		{ "`Variable`:`$.a`,`NumericEqual`:1,`Next`:`Y`",
		    S "Field 'NumericEqual' is not supported at " RULE },
		{ "`Variable`:`$.a`,`BooleanLessThan`:true,`Next`:`Y`",
		    S "Field 'BooleanLessThan' is not supported at " RULE },
		{ "`Variable`:`$.a`,`StringMatchesPath`:`$.b`,`Next`:`Y`",
		    S "Field 'StringMatchesPath' is not supported at " RULE },
		{ "`IsNull`:true,`Next`:`Y`", S "These fields are required: [Variable] at " RULE },
		{ "`Variable`:`$.a`,`IsNull`:true",
		    S "These fields are required: [Next] at " RULE },
		{ "`Variable`:`$.a`,`IsNull`:true,`Next`:1,`Comment`:2",
		    S "Expected value of type [STRING] at " RULE "/Comment, " S
		      "Expected value of type [STRING] at " RULE "/Next" },
		{ "`Variable`:`$.a`,`IsNull`:true,`Next`:`Z`",
		    "MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at " RULE "/Next" },
		{ "`Variable`:`$.a`,`And`:[{`Variable`:`$.a`,`IsNull`:true}],`Next`:`Y`",
		    S "Field 'Variable' is not supported at " RULE },
	};

	(void)state;
	check_rules("", CASES(cases), DIAGNOSTIC_ERROR);
}

static void
nested_rules_only_compare(void **state)
{
	static const struct fields_case cases[] = {
		{ "`And`:[{`Variable`:`$.a`,`IsNull`:true},{`Or`:[{`Not`:{`Variable`:`$.b`,"
		  "`IsPresent`:true}}],`Comment`:`c`}],`Next`:`Y`",
		    NULL },
		{ "`And`:[{`Variable`:`$.a`,`IsNull`:true,`Next`:`Y`}],`Next`:`Y`",
		    S "Field 'Next' is not supported at " RULE "/And[0]" },
		{ "`Not`:{`Variable`:`$.a`,`IsNull`:true,`Assign`:{}},`Next`:`Y`",
		    S "Field 'Assign' is not supported at " RULE "/Not" },
		{ "`And`:[],`Next`:`Y`", S "Value cannot be empty at " RULE "/And" },
		{ "`Or`:{},`Next`:`Y`", S "Expected value of type [ARRAY] at " RULE "/Or" },
		{ "`Or`:[1],`Next`:`Y`", S "Expected value of type [OBJECT] at " RULE "/Or[0]" },
		{ "`Not`:[],`Next`:`Y`", S "Expected value of type [OBJECT] at " RULE "/Not" },
	};

	(void)state;
	check_rules("", CASES(cases), DIAGNOSTIC_ERROR);
}

static void
operands_have_the_operators_type(void **state)
{
	static const struct fields_case cases[] = {
		{ "`StringEquals`:`s`", NULL },
		{ "`StringEquals`:1",
		    S "Expected value of type [STRING] at " RULE "/StringEquals" },
		{ "`NumericLessThanEquals`:1.5", NULL },
		{ "`NumericLessThanEquals`:`1`",
		    S "Expected value of type [NUMBER] at " RULE "/NumericLessThanEquals" },
		{ "`BooleanEquals`:false", NULL },
		{ "`BooleanEquals`:null",
		    S "Expected value of type [BOOLEAN] at " RULE "/BooleanEquals" },
		{ "`IsTimestamp`:`yes`",
		    S "Expected value of type [BOOLEAN] at " RULE "/IsTimestamp" },
		{ "`TimestampEquals`:`2024-01-01T00:00:00Z`", NULL },
		{ "`TimestampEquals`:`2024-01-01`",
		    S "String does not match RFC3339 timestamp at " RULE "/TimestampEquals" },
		{ "`TimestampEquals`:5",
		    S "Expected value of type [STRING] at " RULE "/TimestampEquals" },
		{ "`StringMatches`:`a*\\\\*\\\\\\\\b`", NULL },
		{ "`StringMatches`:`a\\\\n`",
		    S "A backslash may only stand before * and \\ at " RULE "/StringMatches" },
		{ "`StringMatches`:`*\\\\`",
		    S "A backslash may only stand before * and \\ at " RULE "/StringMatches" },
		{ "`StringMatches`:1",
		    S "Expected value of type [STRING] at " RULE "/StringMatches" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *fields = xasprintf("`Variable`:`$.a`,`Next`:`Y`,%s", cases[i].fields);
		struct fields_case one = { fields, cases[i].sentence };

		check_rules("", &one, 1, DIAGNOSTIC_ERROR);
		free(fields);
	}
}

#define NO_REFERENCE S "Value is not a Reference Path: The syntax of the path is invalid at "

static void
paths_of_rules_give_one_value(void **state)
{
	static const struct fields_case cases[] = {
		{ "`Variable`:`$$.State.Name`,`StringEqualsPath`:`$.b['c'][0]`,`Next`:`Y`", NULL },
		{ "`Variable`:`$v.a`,`StringEqualsPath`:`$w`,`Next`:`Y`", NULL },
		/* what people write to look for an element passes */
		{ "`Variable`:`$.a[?(@.k == 'x')][0]`,`IsPresent`:true,`Next`:`Y`", NULL },
		{ "`Variable`:`$.a.length()`,`NumericEquals`:1,`Next`:`Y`",
		    NO_REFERENCE RULE "/Variable" },
		{ "`Variable`:`$.a[?(@.k =~ /x/)]`,`IsNull`:true,`Next`:`Y`",
		    NO_REFERENCE RULE "/Variable" },
		{ "`Variable`:`$.a[?(!(@.k in ['x']))]`,`IsNull`:true,`Next`:`Y`",
		    NO_REFERENCE RULE "/Variable" },
		{ "`Variable`:`States.ArrayContains($.a, 'x')`,`BooleanEquals`:true,`Next`:`Y`",
		    NO_REFERENCE RULE "/Variable" },
		{ "`Variable`:`a`,`IsNull`:true,`Next`:`Y`", NO_REFERENCE RULE "/Variable" },
		{ "`Variable`:null,`IsNull`:true,`Next`:`Y`",
		    S "Expected value of type [STRING] at " RULE "/Variable" },
		{ "`Variable`:`$.a`,`NumericEqualsPath`:`$.b[*]`,`Next`:`Y`",
		    NO_REFERENCE RULE "/NumericEqualsPath" },
		{ "`Variable`:`$.a`,`NumericEqualsPath`:5,`Next`:`Y`",
		    S "Expected value of type [STRING] at " RULE "/NumericEqualsPath" },
	};

	(void)state;
	check_rules("", CASES(cases), DIAGNOSTIC_ERROR);
}

static void
rules_keep_to_their_language(void **state)
{
	static const struct fields_case jsonpath[] = {
		{ "`Condition`:`{% true %}`,`Next`:`Y`",
		    FOREIGN("JSONPath", "Condition", "JSONata") },
		{ "`Variable`:`$.a`,`IsNull`:true,`Output`:1,`Next`:`Y`",
		    FOREIGN("JSONPath", "Output", "JSONata") },
	};
	static const struct fields_case jsonata[] = {
		{ "`Condition`:true,`Output`:1,`Assign`:{`v`:1},`Comment`:`c`,`Next`:`Y`", NULL },
		{ "`Condition`:`{% $x %}`,`Next`:`Y`", NULL },
		{ "`Next`:`Y`", S "These fields are required: [Condition] at " RULE },
		{ "`Condition`:`$x`,`Next`:`Y`",
		    S "Expected a boolean or an expression '{% ... %}' at " RULE "/Condition" },
		{ "`Condition`:`{% $x`,`Next`:`Y`",
		    S "Expected a boolean or an expression '{% ... %}' at " RULE "/Condition" },
		{ "`Condition`:1,`Next`:`Y`",
		    S "Expected a boolean or an expression '{% ... %}' at " RULE "/Condition" },
		{ "`Condition`:true,`Next`:`Y`,`Foo`:1,`Comment`:1",
		    S "Field 'Foo' is not supported at " RULE ", " S
		      "Expected value of type [STRING] at " RULE "/Comment" },
		{ "`Variable`:`$.a`,`NumericEquals`:1,`Next`:`Y`",
		    FOREIGN("JSONata", "Variable", "JSONPath") },
		{ "`And`:[],`Next`:`Y`", FOREIGN("JSONata", "And", "JSONPath") },
		{ "`Condition`:true", S "These fields are required: [Next] at " RULE },
		{ "`Condition`:true,`Output`:{`a`:[`{% 1`]},`Next`:`Y`",
		    S "An expression begins with '{%' and ends with '%}', but the value is '{% 1' "
		      "at " RULE "/Output" },
	};
	size_t i;

	(void)state;
	check_rules("", CASES(jsonpath), DIAGNOSTIC_ERROR);
	for (i = 0; i < sizeof(jsonata) / sizeof(*jsonata); i++) {
		struct fields_case one = jsonata[i];

		if (one.sentence == NULL)
			one.sentence = S "The QueryLanguage 'JSONata' is not built yet at "
					 "/States/X/QueryLanguage";
		check_rules(",`QueryLanguage`:`JSONata`", &one, 1, DIAGNOSTIC_ERROR);
	}
}

static void
literals_that_look_like_paths_give_warnings(void **state)
{
	static const struct fields_case cases[] = {
		{ "`Variable`:`$.a`,`StringEquals`:`$.b`,`Next`:`Y`",
		    "NO_PATH: The value of 'StringEquals' looks like a JSONPath. Use "
		    "'StringEqualsPath' to evaluate it at runtime. at " RULE "/StringEquals" },
		{ "`Variable`:`$.a`,`StringEquals`:`$5`,`Next`:`Y`", NULL },
		{ "`Variable`:`$.a`,`StringMatches`:`$.*`,`Next`:`Y`", NULL },
	};

	(void)state;
	check_rules("", CASES(cases), DIAGNOSTIC_WARNING);
}

static void
a_choice_has_rules(void **state)
{
	(void)state;
	/* what is reached from rules that cannot be read is not told */
	refuse(
	    "{`StartAt`:`X`,`States`:{`X`:{`Type`:`Choice`,`Choices`:[]},`Y`:{`Type`:`Succeed`}}}",
	    S "Value cannot be empty at /States/X/Choices");
	refuse(
	    "{`StartAt`:`X`,`States`:{`X`:{`Type`:`Choice`,`Choices`:[1]},`Y`:{`Type`:`Succeed`}}}",
	    S "Expected value of type [OBJECT] at /States/X/Choices[0]");
	refuse(
	    "{`StartAt`:`X`,`States`:{`X`:{`Type`:`Choice`,`Choices`:{}},`Y`:{`Type`:`Succeed`}}}",
	    S "Expected value of type [ARRAY] at /States/X/Choices");
	refuse("{`StartAt`:`X`,`States`:{`X`:{`Type`:`Choice`},`Y`:{`Type`:`Succeed`}}}",
	    S "These fields are required: [Choices] at /States/X");
	refuse("{`StartAt`:`X`,`States`:{`X`:{`Type`:`Choice`,`Default`:`Z`,`Next`:`Y`,`Choices`:[{"
	       "`Variable`:`$.a`,`IsNull`:true,`Next`:`Y`}]},`Y`:{`Type`:`Succeed`}}}",
	    S "Field 'Next' is not supported at /States/X, MISSING_TRANSITION_TARGET: Missing "
	      "'Next' target: Z at /States/X/Default");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_has_one_operator),
		cmocka_unit_test(nested_rules_only_compare),
		cmocka_unit_test(operands_have_the_operators_type),
		cmocka_unit_test(paths_of_rules_give_one_value),
		cmocka_unit_test(rules_keep_to_their_language),
		cmocka_unit_test(literals_that_look_like_paths_give_warnings),
		cmocka_unit_test(a_choice_has_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
