/*
 * The tables made from AWS's service model hang together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/model.h"

static void
every_action_is_found_by_its_name_and_has_a_structure_as_input(void **state)
{
	(void)state;
	assert_int_equal(model_nactions, 37);
	for (size_t i = 0; i < model_nactions; i++) {
		const char *name = model_actions[i].name;

		assert_ptr_equal(model_action_find(name, strlen(name)), &model_actions[i]);
		assert_int_equal(model_shape(model_actions[i].input)->kind, MODEL_STRUCTURE);
	}
}

static void
an_unknown_action_is_not_found(void **state)
{
	(void)state;
	assert_null(model_action_find("StartExecutio", 13));
	assert_null(model_action_find("StartExecutionX", 15));
	assert_null(model_action_find("", 0));
}

static void
every_shape_says_what_its_kind_needs(void **state)
{
	(void)state;
	for (size_t i = 0; i < model_nshapes; i++) {
		const struct model_shape *s = &model_shapes[i];

		assert_true(s->min <= s->max);
		assert_true(s->kind == MODEL_STRUCTURE || s->nmembers == 0);
		assert_true(
		    s->kind == MODEL_STRING || (s->enum_values == NULL && s->pattern == NULL));
		for (size_t m = 0; m < s->nmembers; m++)
			assert_non_null(model_shape(s->members[m].shape)->name);
		if (s->kind == MODEL_LIST || s->kind == MODEL_MAP)
			assert_true(s->element != i && s->element < model_nshapes);
	}
}

static void
start_execution_has_the_limits_of_the_model(void **state)
{
	const struct model_shape *input =
	    model_shape(model_action_find("StartExecution", 14)->input);
	const struct model_member *arn = model_member_find(input, "stateMachineArn", 15);
	const struct model_member *name = model_member_find(input, "name", 4);
	const struct model_member *payload = model_member_find(input, "input", 5);

	(void)state;
	assert_true(arn->required);
	assert_int_equal(model_shape(arn->shape)->min, 1);
	assert_int_equal(model_shape(arn->shape)->max, 256);
	assert_false(name->required);
	assert_int_equal(model_shape(name->shape)->max, 80);
	assert_int_equal(model_shape(payload->shape)->max, 262144);
	assert_true(model_shape(payload->shape)->sensitive);
	assert_int_equal(model_shape(payload->shape)->min, MODEL_NO_MIN);
	assert_null(model_member_find(input, "Input", 5));
}

static void
enum_values_keep_the_order_of_the_model(void **state)
{
	const struct model_shape *input =
	    model_shape(model_action_find("CreateStateMachine", 18)->input);
	const struct model_shape *type = model_shape(model_member_find(input, "type", 4)->shape);

	(void)state;
	assert_string_equal(type->enum_values[0], "STANDARD");
	assert_string_equal(type->enum_values[1], "EXPRESS");
	assert_null(type->enum_values[2]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_action_is_found_by_its_name_and_has_a_structure_as_input),
		cmocka_unit_test(an_unknown_action_is_not_found),
		cmocka_unit_test(every_shape_says_what_its_kind_needs),
		cmocka_unit_test(start_execution_has_the_limits_of_the_model),
		cmocka_unit_test(enum_values_keep_the_order_of_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
