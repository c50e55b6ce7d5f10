/*
 * test_compile_flow - transitions: where they lead, what is reached, and that what only
 * follows from one mistake is not told as another.
 */
#include "compile_fixture.h"

#define UNREACHED(name) \
	"MISSING_TRANSITION_TARGET: State \"" name "\" is not reachable. at /States/" name
#define MISSING(name, where) \
	"MISSING_TRANSITION_TARGET: Missing 'Next' target: " name " at /States/" where
#define LAMBDA "`Resource`:`arn:aws:lambda:us-east-1:123456789012:function:f`"

/* States with A as the first of them. */
static void
check_states(const struct fields_case *cases, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		char *text = xasprintf("{`StartAt`:`A`,`States`:{%s}}", cases[i].fields);

		refuse(text, cases[i].sentence);
		free(text);
	}
}

static void
every_state_is_reached(void **state)
{
	static const struct fields_case cases[] = {
		{ "`A`:{`Type`:`Task`," LAMBDA
		  ",`Next`:`B`,`Catch`:[{`ErrorEquals`:[`E`],`Next`:`C`}]},"
		  "`B`:{`Type`:`Choice`,`Choices`:[{`Variable`:`$.a`,`IsNull`:true,`Next`:`D`}],`Default`:"
		  "`E`},`C`:{`Type`:`Pass`,`Next`:`A`},`D`:{`Type`:`Fail`},`E`:{`Type`:`Succeed`}",
		    NULL },
		{ "`A`:{`Type`:`Pass`,`End`:true},`B`:{`Type`:`Pass`,`Next`:`C`},`C`:{`Type`:`Pass`,"
		  "`Next`:`B`}",
		    UNREACHED("B") ", " UNREACHED("C") },
		{ "`A`:{`Type`:`Pass`,`Next`:`Bee`},`B`:{`Type`:`Succeed`}",
		    MISSING("Bee", "A/Next") ", " UNREACHED("B") },
		/* a state of a branch is no target outside, and the other way round */
		{ "`A`:{`Type`:`Parallel`,`Next`:`b`,`Branches`:[{`StartAt`:`b`,`States`:{`b`:{`Type`:"
		  "`Succeed`}}}]},`B`:{`Type`:`Succeed`}",
		    MISSING("b", "A/Next") ", " UNREACHED("B") },
	};

	(void)state;
	check_states(CASES(cases));
}

static void
the_machine_ends_somewhere(void **state)
{
	static const char no_end[] = "MISSING_END_STATE: Workflow has no terminal state at null";
	static const struct fields_case cases[] = {
		{ "`A`:{`Type`:`Pass`,`Next`:`B`},`B`:{`Type`:`Pass`,`Next`:`A`}", no_end },
		{ "`A`:{`Type`:`Pass`,`Next`:`A`},`B`:{`Type`:`Pass`,`Next`:`A`}", no_end },
		{ "`A`:{`Type`:`Pass`,`End`:false,`Next`:`B`},`B`:{`Type`:`Fail`}", NULL },
		/* a branch may go round for ever */
		{ "`A`:{`Type`:`Parallel`,`End`:true,`Branches`:[{`StartAt`:`b`,`States`:{`b`:{`Type`:"
		  "`Pass`,`Next`:`b`}}}]}",
		    NULL },
		/* the state that is missing may be the one where it ends */
		{ "`A`:{`Type`:`Pass`,`Next`:`B`}", MISSING("B", "A/Next") },
	};

	(void)state;
	check_states(CASES(cases));
}

static void
nothing_follows_from_a_transition_that_cannot_be_read(void **state)
{
	static const struct fields_case cases[] = {
		{ "`A`:{`Type`:`Pass`},`B`:{`Type`:`Succeed`}",
		    S "One of these fields is required: [Next, End] at /States/A" },
		{ "`A`:{`Type`:`Pass`,`Next`:1},`B`:{`Type`:`Succeed`}",
		    S "Expected value of type [STRING] at /States/A/Next" },
		{ "`A`:{`Type`:`Pass`,`End`:`yes`},`B`:{`Type`:`Succeed`}",
		    S "Expected value of type [BOOLEAN] at /States/A/End" },
		{ "`A`:{`Type`:`Pas`,`Next`:`B`},`B`:{`Type`:`Succeed`}",
		    S
		    "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, "
		    "Fail, Choice, Parallel, Map] at /States/A/Type" },
		{ "`A`:[],`B`:{`Type`:`Succeed`}",
		    S "Expected value of type [OBJECT] at /States/A" },
		{ "`A`:{`Type`:`Task`," LAMBDA ",`End`:true,`Catch`:[{`ErrorEquals`:[`E`]}]},`B`:{"
		  "`Type`:`Succeed`}",
		    S "These fields are required: [Next] at /States/A/Catch[0]" },
		{ "`A`:{`Type`:`Task`," LAMBDA ",`End`:true,`Catch`:{}},`B`:{`Type`:`Succeed`}",
		    S "Expected value of type [ARRAY] at /States/A/Catch" },
		/* in a branch it is the branch's affair */
		{ "`A`:{`Type`:`Parallel`,`End`:true,`Branches`:[{`StartAt`:`b`,`States`:{`b`:{`Type`:"
		  "`Pass`},`c`:{`Type`:`Succeed`}}}]},`B`:{`Type`:`Succeed`}",
		    S
		    "One of these fields is required: [Next, End] at /States/A/Branches[0]/States/b, " UNREACHED(
			"B") },
	};

	(void)state;
	check_states(CASES(cases));
}

static void
a_field_that_may_not_be_there_is_not_looked_into(void **state)
{
	static const struct fields_case cases[] = {
		{ "`A`:{`Type`:`Succeed`,`ResultPath`:`a`}",
		    S "Field 'ResultPath' is not supported at /States/A" },
		{ "`A`:{`Type`:`Fail`,`InputPath`:`a`,`Assign`:1,`Output`:`1 %}`,`QueryLanguage`:`JSONata`}",
		    S "Field 'InputPath' is not supported at /States/A, " S
		      "Field 'Assign' is not supported at /States/A, " S
		      "Field 'Output' is not supported at /States/A" },
		{ "`A`:{`Type`:`Pass`,`Retry`:1,`Catch`:1,`ResultSelector`:1,`End`:true}",
		    S "Field 'Retry' is not supported at /States/A, " S
		      "Field 'Catch' is not supported at /States/A, " S
		      "Field 'ResultSelector' is not supported at /States/A" },
		{ "`A`:{`Type`:`Pass`,`Arguments`:1,`QueryLanguage`:`JSONata`,`End`:true}",
		    S "Field 'Arguments' is not supported at /States/A" },
	};

	(void)state;
	check_states(CASES(cases));
}

static void
only_states_that_go_on_have_next_or_end(void **state)
{
	static const struct fields_case cases[] = {
		{ "`A`:{`Type`:`Pass`,`Next`:`B`,`End`:true},`B`:{`Type`:`Succeed`}",
		    S "These fields are mutually exclusive: [Next, End] at /States/A" },
		{ "`A`:{`Type`:`Succeed`,`Next`:`A`}",
		    S "Field 'Next' is not supported at /States/A" },
		{ "`A`:{`Type`:`Fail`,`End`:true}", S "Field 'End' is not supported at /States/A" },
		{ "`A`:{`Type`:`Choice`,`End`:true,`Choices`:[{`Variable`:`$.a`,`IsNull`:true,`Next`:"
		  "`B`}]},`B`:{`Type`:`Succeed`}",
		    S "Field 'End' is not supported at /States/A" },
	};

	(void)state;
	check_states(CASES(cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_is_reached),
		cmocka_unit_test(the_machine_ends_somewhere),
		cmocka_unit_test(nothing_follows_from_a_transition_that_cannot_be_read),
		cmocka_unit_test(a_field_that_may_not_be_there_is_not_looked_into),
		cmocka_unit_test(only_states_that_go_on_have_next_or_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
