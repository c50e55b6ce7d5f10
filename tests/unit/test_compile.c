/*
 * test_compile - definitions to machines: what is compiled into which field, and what
 * is refused with which words at which place.
 */
#include "compile_fixture.h"

#define LAMBDA "\"Resource\":\"arn:aws:lambda:us-east-1:123456789012:function:f\""

/* --- the text -------------------------------------------------------------------- */

static void
what_is_no_json_is_quoted_with_its_place(void **state)
{
	struct diagnostics d;
	struct buf b;
	size_t i;

	(void)state;
	refuse("", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null");
	refuse("[]", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null");
	assert_null(compile_as("not a definition", MACHINE_STANDARD, &d));
	assert_int_equal(d.n, 1);
	assert_string_equal(d.list[0].code, "INVALID_JSON_DESCRIPTION");
	assert_string_equal(d.list[0].message,
	    "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token "
	    "'null', 'true' or 'false')\n at [Source: (String)\"not a definition\"; line: 1, column: 4]");
	assert_string_equal(d.list[0].location,
	    "[Source: (String)\"not a definition\"; line: 1, column: 4]");
	diagnostics_fini(&d);
	buf_init(&b, BUF_UNLIMITED);
	for (i = 0; i < 600; i++)
		buf_adds(&b, "\xc3\xa9");
	assert_null(compile_as(b.data, MACHINE_STANDARD, &d));
	assert_non_null(strstr(d.list[0].location, "\xc3\xa9\"[truncated 100 chars]; line: 1"));
	diagnostics_fini(&d);
	buf_fini(&b);
}

static void
all_errors_stand_in_one_sentence(void **state)
{
	struct diagnostics d;
	struct buf b;

	(void)state;
	assert_null(
	    compile_as("{`StartAt`:`X`,`Version`:`2`,`States`:{`X`:{`Type`:`Pass`,`Result`:{"
		       "`a`:`$.b`},`Next`:`X`}}}",
		MACHINE_STANDARD, &d));
	buf_init(&b, BUF_UNLIMITED);
	diagnostics_sentence(&d, &b);
	assert_string_equal(buf_text(&b),
	    "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Value should be one of "
	    "the following: [1.0] at /Version, MISSING_END_STATE: Workflow has no terminal state "
	    "at null'");
	buf_fini(&b);
	diagnostics_fini(&d);
}

static void
the_top_level_needs_its_fields_and_no_others(void **state)
{
	(void)state;
	refuse("{}", "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /");
	refuse("{\"StartAt\":\"X\"}",
	    "SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /");
	refuse("{\"States\":{\"X\":{\"Type\":\"Pass\",\"End\":true}}}",
	    "SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /");
	refuse("{\"StartAt\":\"X\",\"States\":{}}",
	    "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States");
	refuse("{\"StartAt\":\"X\",\"States\":[]}",
	    "SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States");
	refuse("{\"StartAt\":1,\"States\":{\"X\":{\"Type\":\"Succeed\"}}}",
	    "SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /StartAt");
	refuse("{\"StartAt\":\"Y\",\"States\":{\"X\":{\"Type\":\"Succeed\"}}}",
	    "MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at /StartAt");
	refuse("{\"Foo\":1,\"Version\":\"2\",\"TimeoutSeconds\":0,\"Comment\":1,\"StartAt\":\"X\","
	       "\"States\":{\"X\":{\"Type\":\"Succeed\"}}}",
	    "SCHEMA_VALIDATION_FAILED: Field 'Foo' is not supported at /, "
	    "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [1.0] at /Version, "
	    "SCHEMA_VALIDATION_FAILED: Value must be between 1 and 99999999 at /TimeoutSeconds, "
	    "SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /Comment");
}

/* --- machines ----------------------------------------------------------------------- */

static void
states_are_numbered_in_document_order_through_all_containers(void **state)
{
	struct machine *m = compile(
	    "{\"StartAt\":\"B\",\"TimeoutSeconds\":7,\"Version\":\"1.0\",\"States\":{"
	    "\"B\":{\"Type\":\"Parallel\",\"Next\":\"A\",\"Branches\":["
	    "{\"StartAt\":\"b1\",\"States\":{\"b1\":{\"Type\":\"Pass\",\"Next\":\"b0\"},"
	    "\"b0\":{\"Type\":\"Pass\",\"End\":true}}},"
	    "{\"Comment\":\"c\",\"StartAt\":\"c1\",\"States\":{\"c1\":{\"Type\":\"Fail\"}}}]},"
	    "\"A\":{\"Type\":\"Map\",\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"INLINE\"},"
	    "\"StartAt\":\"i\",\"States\":{\"i\":{\"Type\":\"Succeed\"}}},\"End\":true}}}");
	static const char *const names[] = { "B", "b1", "b0", "c1", "A", "i" };
	const struct state *b = m->states[0];
	size_t i;

	(void)state;
	assert_int_equal(m->nstates, 6);
	for (i = 0; i < 6; i++) {
		assert_string_equal(m->states[i]->name, names[i]);
		assert_int_equal(m->states[i]->number, i);
	}
	assert_int_equal(m->timeout_s, 7);
	assert_ptr_equal(m->top.start, b);
	assert_null(m->top.owner);
	assert_ptr_equal(b->next, m->states[4]);
	assert_int_equal(b->nbranches, 2);
	assert_ptr_equal(b->branches[1]->owner, b);
	assert_int_equal(b->branches[1]->index, 1);
	assert_ptr_equal(b->branches[0]->start, m->states[1]);
	assert_ptr_equal(m->states[2]->container, b->branches[0]);
	assert_ptr_equal(container_state(b->branches[0], "b0", 2), m->states[2]);
	assert_null(container_state(b->branches[0], "c1", 2));
	assert_null(container_state(b->branches[0], "b", 1));
	assert_int_equal(m->states[4]->mode, MAP_INLINE);
	assert_int_equal(m->states[4]->nbranches, 1);
	assert_string_equal(state_type_name(m->states[4]->type), "Map");
	machine_unref(machine_ref(m));
	machine_unref(m);
}

static void
many_states_are_found_by_name(void **state)
{
	struct buf b;
	struct machine *m;
	char name[16];
	int i;

	(void)state;
	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "{\"StartAt\":\"s0\",\"States\":{");
	for (i = 0; i < 3000; i++)
		buf_addf(&b, "\"s%d\":{\"Type\":\"Pass\",\"Next\":\"s%d\"},", i, i + 1);
	buf_adds(&b, "\"s3000\":{\"Type\":\"Succeed\"}}}");
	m = compile(buf_text(&b));
	for (i = 0; i <= 3000; i++) {
		int n = snprintf(name, sizeof(name), "s%d", i);

		assert_ptr_equal(container_state(&m->top, name, (size_t)n), m->states[i]);
	}
	machine_unref(m);
	buf_fini(&b);
}

static void
a_task_is_taken_apart(void **state)
{
	static const struct {
		const char *arn;
		enum task_kind kind;
		enum task_pattern pattern;
		const char *type, *resource, *base;
	} cases[] = {
		{ "arn:aws:lambda:us-east-1:1:function:f:$LATEST", TASK_LAMBDA, PATTERN_REQUEST,
		    NULL, NULL, "arn:aws:lambda:us-east-1:1:function:f:$LATEST" },
		{ "arn:aws:states:us-west-2:42:activity:a-task", TASK_ACTIVITY, PATTERN_REQUEST,
		    NULL, NULL, "arn:aws:states:us-west-2:42:activity:a-task" },
		{ "arn:aws:states:::lambda:invoke", TASK_SERVICE, PATTERN_REQUEST, "lambda",
		    "invoke", "arn:aws:states:::lambda:invoke" },
		{ "arn:aws:states:::sqs:sendMessage.waitForTaskToken", TASK_SERVICE, PATTERN_TOKEN,
		    "sqs", "sendMessage.waitForTaskToken", "arn:aws:states:::sqs:sendMessage" },
		{ "arn:aws:states:::batch:submitJob.sync", TASK_SERVICE, PATTERN_SYNC, "batch",
		    "submitJob.sync", "arn:aws:states:::batch:submitJob" },
		{ "arn:aws:states:::states:startExecution.sync:2", TASK_SERVICE, PATTERN_SYNC2,
		    "states", "startExecution.sync:2", "arn:aws:states:::states:startExecution" },
		{ "arn:aws-cn:states:::aws-sdk:dynamodb:putItem", TASK_SERVICE, PATTERN_REQUEST,
		    "aws-sdk:dynamodb", "putItem", "arn:aws-cn:states:::aws-sdk:dynamodb:putItem" },
		{ "arn:pawl:states:::echo:say", TASK_SERVICE, PATTERN_REQUEST, "echo", "say",
		    "arn:pawl:states:::echo:say" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *fields =
		    xasprintf("\"Type\":\"Task\",\"Resource\":\"%s\",\"Next\":\"S\"", cases[i].arn);
		char *text = state_x(fields);
		struct machine *m = compile(text);
		const struct task_resource *r = &m->states[0]->resource;

		assert_string_equal(r->arn, cases[i].arn);
		assert_int_equal(r->kind, cases[i].kind);
		assert_int_equal(r->pattern, cases[i].pattern);
		assert_string_equal(r->base_arn, cases[i].base);
		assert_int_equal(r->type == NULL, cases[i].type == NULL);
		if (r->type != NULL) {
			assert_string_equal(r->type, cases[i].type);
			assert_string_equal(r->resource, cases[i].resource);
		}
		machine_unref(m);
		free(text);
		free(fields);
	}
}

static void
fields_of_a_task_are_compiled(void **state)
{
	char *text = state_x(
	    "\"Type\":\"Task\"," LAMBDA
	    ",\"InputPath\":null,\"OutputPath\":\"$.o\",\"ResultPath\":\"$.r\",\"Parameters\":{"
	    "\"a.$\":\"$.x\"},\"ResultSelector\":{\"b\":1},\"TimeoutSeconds\":10,"
	    "\"HeartbeatSecondsPath\":\"$.h\",\"Credentials\":{\"RoleArn.$\":\"$.role\"},\"Assign\":"
	    "{\"v.$\":\"$.y\",\"w\":2},\"Retry\":[{\"ErrorEquals\":[\"a\",\"b\"]},{\"ErrorEquals\":"
	    "[\"States.ALL\"],\"IntervalSeconds\":2,\"MaxAttempts\":0,\"BackoffRate\":1.5,"
	    "\"MaxDelaySeconds\":9,\"JitterStrategy\":\"FULL\",\"Comment\":\"c\"}],\"Catch\":[{"
	    "\"ErrorEquals\":[\"States.ALL\"],\"Next\":\"S\",\"ResultPath\":null,\"Assign\":{\"e.$\":"
	    "\"$.Error\"}}],\"Next\":\"S\"");
	struct machine *m = compile(text);
	const struct state *st = m->states[0];

	(void)state;
	assert_int_equal(st->input_path.how, PATH_NULL);
	assert_int_equal(st->output_path.how, PATH_SET);
	assert_string_equal(jsonpath_text(st->result_path.path), "$.r");
	assert_false(template_is_static(st->parameters));
	assert_true(template_is_static(st->result_selector));
	assert_int_equal(st->timeout_s.how, FIELD_LITERAL);
	assert_int_equal(st->heartbeat_s.how, FIELD_PATH);
	assert_non_null(st->credentials);
	assert_non_null(st->assign);
	assert_int_equal(st->nretry, 2);
	assert_int_equal(st->retry[0].nerrors, 2);
	assert_string_equal(st->retry[0].errors[1], "b");
	assert_int_equal(st->retry[0].interval_s, 1);
	assert_int_equal(st->retry[0].max_attempts, 3);
	assert_true(st->retry[0].backoff_rate == 2.0);
	assert_int_equal(st->retry[1].max_attempts, 0);
	assert_int_equal(st->retry[1].max_delay_s, 9);
	assert_true(st->retry[1].full_jitter);
	assert_true(st->retry[1].backoff_rate == 1.5);
	assert_int_equal(st->ncatch, 1);
	assert_ptr_equal(st->catch_[0].next, m->states[1]);
	assert_int_equal(st->catch_[0].result_path.how, PATH_NULL);
	assert_non_null(st->catch_[0].assign);
	machine_unref(m);
	free(text);
}

static void
wait_and_fail_take_literals_paths_and_calls(void **state)
{
	struct machine *m = compile(
	    "{\"StartAt\":\"A\",\"States\":{"
	    "\"A\":{\"Type\":\"Wait\",\"Seconds\":0,\"Next\":\"B\"},"
	    "\"B\":{\"Type\":\"Wait\",\"TimestampPath\":\"$.t\",\"Next\":\"C\"},"
	    "\"C\":{\"Type\":\"Wait\",\"Timestamp\":\"2016-12-05T21:29:29.123456789+01:00\",\"Next\":\"P\"},"
	    "\"P\":{\"Type\":\"Pass\",\"Result\":{\"a.$\":\"$.x\"},\"Next\":\"D\"},"
	    "\"D\":{\"Type\":\"Fail\",\"ErrorPath\":\"$.e\",\"CausePath\":\"States.Format('{}', $.c)\"}}}");

	(void)state;
	assert_int_equal(m->states[0]->seconds.how, FIELD_LITERAL);
	assert_int_equal(m->states[0]->timestamp.how, FIELD_ABSENT);
	assert_int_equal(m->states[1]->timestamp.how, FIELD_PATH);
	assert_int_equal(m->states[2]->timestamp.how, FIELD_LITERAL);
	assert_int_equal(doc_len(m->states[3]->result), 1);
	assert_int_equal(m->states[4]->error.how, FIELD_PATH);
	assert_int_equal(m->states[4]->cause.how, FIELD_CALL);
	machine_unref(m);
}

static void
the_old_fields_of_map_are_understood(void **state)
{
	struct machine *m = compile(
	    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"Iterator\":{\"StartAt\":\"i\","
	    "\"States\":{\"i\":{\"Type\":\"Pass\",\"End\":true}}},\"Parameters\":{\"c.$\":\"$.d\"},"
	    "\"ItemsPath\":\"$.items\",\"MaxConcurrency\":3,\"ToleratedFailureCount\":0,"
	    "\"ToleratedFailurePercentage\":99.5,\"End\":true}}}");
	const struct state *st = m->states[0];

	(void)state;
	assert_non_null(st->item_selector);
	assert_null(st->parameters);
	assert_string_equal(jsonpath_text(st->items_path), "$.items");
	assert_int_equal(st->max_concurrency.how, FIELD_LITERAL);
	assert_int_equal(st->tolerated_percentage.how, FIELD_LITERAL);
	machine_unref(m);
}

/* --- refusals --------------------------------------------------------------------------- */

static void
types_and_fields_of_states_are_checked(void **state)
{
	(void)state;
	refuse_x("\"Type\":\"Foo\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, "
	    "Pass, Succeed, Fail, Choice, Parallel, Map] at /States/X/Type");
	refuse_x("\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: These fields are required: [Type] at "
	    "/States/X");
	refuse("{\"StartAt\":\"X\",\"States\":{\"X\":1}}",
	    "SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/X");
	refuse_x("\"Type\":\"Pass\",\"TimeoutSeconds\":1,\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Field 'TimeoutSeconds' is not supported at /States/X");
	refuse_x("\"Type\":\"Pass\",\"Retry\":[],\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Field 'Retry' is not supported at /States/X");
	refuse_x("\"Type\":\"Succeed\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Field 'End' is not supported at /States/X");
	refuse_x("\"Type\":\"Pass\",\"Output\":1,\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is "
	    "only supported for the 'JSONata' QueryLanguage at /States/X");
	refuse_x("\"Type\":\"Task\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/X");
	refuse_x(
	    "\"Type\":\"Pass\",\"InputPath\":\"bug$.a\",\"ResultPath\":\"$.a[*]\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Value is not a Path: The syntax of the path is invalid at "
	    "/States/X/InputPath, SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: The syntax "
	    "of the path is invalid at /States/X/ResultPath");
	refuse_x("\"Type\":\"Pass\",\"ResultPath\":\"$$.a\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: The syntax of the path is "
	    "invalid at /States/X/ResultPath");
	refuse_x("\"Type\":\"Pass\",\"Parameters\":{\"x.$\":\"y\"},\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: The value for the field 'x.$' must be a valid JSONPath or a "
	    "valid intrinsic function call at /States/X/Parameters");
}

static void
transitions_are_checked(void **state)
{
	(void)state;
	refuse_x("\"Type\":\"Pass\"",
	    "SCHEMA_VALIDATION_FAILED: One of these fields is required: [Next, End] at /States/X");
	refuse_x("\"Type\":\"Pass\",\"End\":false",
	    "SCHEMA_VALIDATION_FAILED: One of these fields is required: [Next, End] at /States/X");
	refuse_x("\"Type\":\"Pass\",\"End\":true,\"Next\":\"X\"",
	    "SCHEMA_VALIDATION_FAILED: These fields are mutually exclusive: [Next, End] at /States/X");
	refuse_x("\"Type\":\"Pass\",\"End\":1",
	    "SCHEMA_VALIDATION_FAILED: Expected value of type [BOOLEAN] at /States/X/End");
	refuse_x("\"Type\":\"Pass\",\"Next\":\"X\"",
	    "MISSING_END_STATE: Workflow has no terminal state at null");
	refuse(
	    "{\"StartAt\":\"pass1\",\"States\":{\"pass1\":{\"Type\":\"Pass\",\"Next\":\"pass3\"},"
	    "\"pass2\":{\"Type\":\"Pass\",\"End\":true}}}",
	    "MISSING_TRANSITION_TARGET: Missing 'Next' target: pass3 at /States/pass1/Next, "
	    "MISSING_TRANSITION_TARGET: State \"pass2\" is not reachable. at /States/pass2");
	refuse(
	    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":[{"
	    "\"StartAt\":\"a\",\"States\":{\"a\":{\"Type\":\"Pass\",\"Next\":\"P\"}}},{\"StartAt\":\"b\","
	    "\"States\":{\"b\":{\"Type\":\"Pass\",\"Next\":\"b\"},\"c\":{\"Type\":\"Fail\"}}}]}}}",
	    "MISSING_TRANSITION_TARGET: Missing 'Next' target: P at "
	    "/States/P/Branches[0]/States/a/Next, MISSING_TRANSITION_TARGET: State \"c\" is not "
	    "reachable. at /States/P/Branches[1]/States/c");
}

static void
names_of_states_are_short_and_unique(void **state)
{
	char name[82], *text;

	(void)state;
	memset(name, 'n', 81);
	name[81] = '\0';
	text = xasprintf("{\"StartAt\":\"%s\",\"States\":{\"%s\":{\"Type\":\"Succeed\"}}}", name,
	    name);
	refuse(text,
	    "INVALID_STATE_NAME: The name of a state must have 1 to 80 characters at "
	    "/States/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
	free(text);
	refuse(
	    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"Next\":\"F\",\"ItemProcessor\":{"
	    "\"StartAt\":\"F\",\"States\":{\"F\":{\"Type\":\"Succeed\"}}}},\"F\":{\"Type\":\"Succeed\"}}}",
	    "DUPLICATE_STATE_NAME: Duplicate state name: F at /States/M/ItemProcessor/States/F");
}

static void
tasks_are_checked(void **state)
{
	(void)state;
	refuse_x("\"Type\":\"Task\",\"Resource\":\"foo:bar\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/X/Resource");
	refuse_x("\"Type\":\"Task\",\"Resource\":\"arn:aws:swf:us-east-1:1:task:X\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:swf:us-east-1:1:task:X is not "
	    "recognized. The value is not a valid resource ARN, or the resource is not available in "
	    "this region. at /States/X/Resource");
	refuse_x("\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::x\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::x is not recognized. The "
	    "value is not a valid resource ARN, or the resource is not available in this region. at "
	    "/States/X/Resource");
	refuse_x("\"Type\":\"Task\"," LAMBDA
		 ",\"TimeoutSeconds\":5,\"HeartbeatSeconds\":5,\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Value must be less than TimeoutSeconds at "
	    "/States/X/HeartbeatSeconds");
	refuse_x("\"Type\":\"Task\"," LAMBDA
		 ",\"TimeoutSeconds\":0,\"HeartbeatSeconds\":1.5,\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Value must be between 1 and 99999999 at "
	    "/States/X/TimeoutSeconds, SCHEMA_VALIDATION_FAILED: Expected value of type [INTEGER] at "
	    "/States/X/HeartbeatSeconds");
	refuse_x("\"Type\":\"Task\"," LAMBDA
		 ",\"TimeoutSeconds\":5,\"TimeoutSecondsPath\":\"$.t\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: These fields are mutually exclusive: [TimeoutSeconds, "
	    "TimeoutSecondsPath] at /States/X");
	refuse_x("\"Type\":\"Task\"," LAMBDA ",\"Credentials\":{\"x\":1},\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required but was missing at "
	    "/States/X/Credentials");
}

static void
express_machines_have_no_callbacks_no_jobs_no_activities(void **state)
{
	static const struct {
		const char *arn, *sentence;
	} cases[] = {
		{ "arn:aws:states:::sns:publish.waitForTaskToken",
		    "SCHEMA_VALIDATION_FAILED: Express state machine does not support "
		    "'.waitForTaskToken' service integration  at /States/X/Resource" },
		{ "arn:aws:states:::states:startExecution.sync",
		    "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' service "
		    "integration at /States/X/Resource" },
		{ "arn:aws:states:::states:startExecution.sync:2",
		    "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' service "
		    "integration at /States/X/Resource" },
		{ "arn:aws:states:us-east-1:1:activity:a",
		    "SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN at "
		    "/States/X/Resource" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = xasprintf("{\"StartAt\":\"X\",\"States\":{\"X\":{\"Type\":\"Task\","
				       "\"Resource\":\"%s\",\"End\":true}}}",
		    cases[i].arn);
		struct diagnostics d;
		struct machine *m;

		refuse_as(text, MACHINE_EXPRESS, cases[i].sentence);
		m = compile_as(text, MACHINE_STANDARD, &d);
		assert_non_null(m);
		machine_unref(m);
		diagnostics_fini(&d);
		free(text);
	}
}

static void
waits_and_fails_are_checked(void **state)
{
	(void)state;
	refuse_x("\"Type\":\"Wait\",\"Seconds\":1,\"SecondsPath\":\"$.s\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Exactly one of these fields is required: [Seconds, SecondsPath, "
	    "Timestamp, TimestampPath] at /States/X");
	refuse_x("\"Type\":\"Wait\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Exactly one of these fields is required: [Seconds, SecondsPath, "
	    "Timestamp, TimestampPath] at /States/X");
	refuse_x("\"Type\":\"Wait\",\"Timestamp\":\"2016-12-05 21:29:29Z\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at "
	    "/States/X/Timestamp");
	refuse_x("\"Type\":\"Wait\",\"Seconds\":-1,\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Value must be between 0 and 99999999 at /States/X/Seconds");
	refuse_x("\"Type\":\"Fail\",\"Cause\":\"a\",\"CausePath\":\"$.a\"",
	    "SCHEMA_VALIDATION_FAILED: These fields are mutually exclusive: [Cause, CausePath] at "
	    "/States/X");
	refuse_x("\"Type\":\"Fail\",\"ErrorPath\":\"States.MathAdd(1, 2)\"",
	    "SCHEMA_VALIDATION_FAILED: The value for the field 'ErrorPath' must be a valid JSONPath or "
	    "a valid intrinsic function call at /States/X/ErrorPath");
	refuse_x("\"Type\":\"Fail\",\"Error\":1",
	    "SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/X/Error");
}

static void
retriers_and_catchers_are_checked(void **state)
{
	(void)state;
	refuse_x(
	    "\"Type\":\"Task\"," LAMBDA ",\"End\":true,\"Retry\":[{\"ErrorEquals\":[]},{},"
	    "{\"ErrorEquals\":[\"States.ALL\",\"a\"]},{\"ErrorEquals\":[\"a\"],\"Foo\":1,"
	    "\"BackoffRate\":0.3,\"IntervalSeconds\":0,\"MaxAttempts\":-1,\"MaxDelaySeconds\":1,"
	    "\"JitterStrategy\":\"SOME\"}]",
	    "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/X/Retry[0]/ErrorEquals, "
	    "SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals] at /States/X/Retry[1], "
	    "SCHEMA_VALIDATION_FAILED: 'States.ALL' must be the only error name at "
	    "/States/X/Retry[2]/ErrorEquals, SCHEMA_VALIDATION_FAILED: 'States.ALL' is only allowed in "
	    "the last element at /States/X/Retry[2]/ErrorEquals, SCHEMA_VALIDATION_FAILED: Field 'Foo' "
	    "is not supported at /States/X/Retry[3], SCHEMA_VALIDATION_FAILED: Value must be between 1 "
	    "and 99999999 at /States/X/Retry[3]/IntervalSeconds, SCHEMA_VALIDATION_FAILED: Value must "
	    "be between 0 and 99999999 at /States/X/Retry[3]/MaxAttempts, SCHEMA_VALIDATION_FAILED: "
	    "Value must be at least 1 at /States/X/Retry[3]/BackoffRate, SCHEMA_VALIDATION_FAILED: "
	    "Value should be one of the following: [FULL, NONE] at /States/X/Retry[3]/JitterStrategy");
	refuse_x("\"Type\":\"Task\"," LAMBDA ",\"End\":true,\"Retry\":[{\"ErrorEquals\":[\"a\"],"
		 "\"IntervalSeconds\":5,\"MaxDelaySeconds\":5}]",
	    "SCHEMA_VALIDATION_FAILED: Value must be greater than IntervalSeconds at "
	    "/States/X/Retry[0]/MaxDelaySeconds");
	refuse_x("\"Type\":\"Task\"," LAMBDA
		 ",\"End\":true,\"Catch\":[{\"ErrorEquals\":[1],\"Next\":"
		 "\"Y\",\"ResultPath\":\"$.a[*]\",\"Output\":1}]",
	    "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is "
	    "only supported for the 'JSONata' QueryLanguage at /States/X/Catch[0], "
	    "SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at "
	    "/States/X/Catch[0]/ErrorEquals[0], MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at "
	    "/States/X/Catch[0]/Next, SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: The "
	    "syntax of the path is invalid at /States/X/Catch[0]/ResultPath");
	refuse_x("\"Type\":\"Task\"," LAMBDA ",\"End\":true,\"Retry\":{}",
	    "SCHEMA_VALIDATION_FAILED: Expected value of type [ARRAY] at /States/X/Retry");
}

#define INNER "{\"StartAt\":\"i\",\"States\":{\"i\":{\"Type\":\"Succeed\"}}}"

static void
parallels_and_maps_are_checked(void **state)
{
	(void)state;
	refuse_x("\"Type\":\"Parallel\",\"Branches\":[],\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/X/Branches");
	refuse_x(
	    "\"Type\":\"Parallel\",\"Branches\":[{\"QueryLanguage\":\"JSONPath\",\"StartAt\":\"i\","
	    "\"States\":{\"i\":{\"Type\":\"Succeed\"}}}],\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported at "
	    "/States/X/Branches[0]");
	refuse_x("\"Type\":\"Map\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: These fields are required: [ItemProcessor] at /States/X");
	refuse_x("\"Type\":\"Map\",\"ItemProcessor\":" INNER ",\"Iterator\":" INNER ",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: These fields are mutually exclusive: [ItemProcessor, Iterator] "
	    "at /States/X");
	refuse_x("\"Type\":\"Map\",\"ItemProcessor\":" INNER
		 ",\"ItemSelector\":{},\"Parameters\":{},\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: These fields are mutually exclusive: [ItemSelector, Parameters] "
	    "at /States/X");
	refuse_x("\"Type\":\"Map\",\"ItemProcessor\":" INNER ",\"ItemsPath\":null,\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/X/ItemsPath");
	refuse_x(
	    "\"Type\":\"Map\",\"ItemProcessor\":" INNER
	    ",\"MaxConcurrency\":-1,\"ToleratedFailurePercentage\":105,\"ToleratedFailureCount\":-1,"
	    "\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: MaxConcurrency cannot be negative. at /States/X/MaxConcurrency, "
	    "SCHEMA_VALIDATION_FAILED: ToleratedFailureCount cannot be negative. at "
	    "/States/X/ToleratedFailureCount, SCHEMA_VALIDATION_FAILED: ToleratedFailurePercentage must "
	    "be between 0 and 100. at /States/X/ToleratedFailurePercentage");
	refuse_x(
	    "\"Type\":\"Map\",\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"FOO\"},\"StartAt\":"
	    "\"i\",\"States\":{\"i\":{\"Type\":\"Succeed\"}}},\"Label\":\"l\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [INLINE, DISTRIBUTED] at "
	    "/States/X/ItemProcessor/ProcessorConfig/Mode");
}

static void
variables_have_valid_names_of_their_own_scope(void **state)
{
	(void)state;
	refuse_x("\"Type\":\"Pass\",\"Assign\":{\"a-b\":1,\"states\":2,\"_x.$\":\"$.a\",\"\":1,"
		 "\"ok.$\":\"$.b\"},\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: The variable name 'a-b' is not valid at /States/X/Assign, "
	    "SCHEMA_VALIDATION_FAILED: The variable name 'states' is reserved at /States/X/Assign, "
	    "SCHEMA_VALIDATION_FAILED: The variable name '_x.$' is not valid at /States/X/Assign, "
	    "SCHEMA_VALIDATION_FAILED: The variable name '' is not valid at /States/X/Assign");
	refuse(
	    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Next\":\"Q\",\"Branches\":[{"
	    "\"StartAt\":\"a\",\"States\":{\"a\":{\"Type\":\"Pass\",\"Assign\":{\"v.$\":\"$.x\",\"w\":1},"
	    "\"End\":true}}},{\"StartAt\":\"b\",\"States\":{\"b\":{\"Type\":\"Pass\",\"Assign\":{\"w\":1},"
	    "\"End\":true}}}]},\"Q\":{\"Type\":\"Pass\",\"Assign\":{\"v\":1},\"End\":true}}}",
	    "DUPLICATE_VARIABLE_NAME: Variable 'v' was already defined in a parent scope at "
	    "/States/P/Branches[0]/States/a/Assign");
}

static void
query_languages_are_resolved_and_the_unbuilt_refused_last(void **state)
{
	(void)state;
	refuse(
	    "{\"StartAt\":\"Pass\",\"QueryLanguage\":\"JSONata\",\"States\":{\"Pass\":{\"Type\":\"Pass\","
	    "\"End\":true,\"QueryLanguage\":\"JSONPath\"}}}",
	    "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for "
	    "whole state machine at /States/Pass");
	refuse_x("\"Type\":\"Pass\",\"QueryLanguage\":\"jsonata\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [JSONPath, JSONata] at "
	    "/States/X/QueryLanguage");
	refuse_x("\"Type\":\"Pass\",\"QueryLanguage\":1,\"InputPath\":\"$\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/X/QueryLanguage, "
	    "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'InputPath' is "
	    "only supported for the 'JSONPath' QueryLanguage at /States/X");
	refuse_x(
	    "\"Type\":\"Pass\",\"QueryLanguage\":\"JSONata\",\"Output\":\"{% 1 %}\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: The QueryLanguage 'JSONata' is not built yet at "
	    "/States/X/QueryLanguage");
	refuse_x("\"Type\":\"Wait\",\"QueryLanguage\":\"JSONata\",\"Timestamp\":\"x\",\"End\":true",
	    "SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at "
	    "/States/X/Timestamp");
	refuse(
	    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"End\":true,\"Label\":\"l\","
	    "\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":"
	    "\"STANDARD\"},\"StartAt\":\"i\",\"States\":{\"i\":{\"Type\":\"Succeed\"}}}}}}",
	    "SCHEMA_VALIDATION_FAILED: The Map Mode 'DISTRIBUTED' is not built yet at "
	    "/States/M/ItemProcessor/ProcessorConfig/Mode");
}

/* --- warnings and hostile definitions ------------------------------------------------------ */

static void
values_that_look_computed_give_warnings_only(void **state)
{
	struct diagnostics d;
	struct machine *m = compile_as(
	    "{\"StartAt\":\"X\",\"States\":{\"X\":{\"Type\":\"Pass\",\"Parameters\":{\"a\":\"$.b\",\"c\":"
	    "\"States.UUID()\",\"d\":\"$5\"},\"Next\":\"Y\"},\"Y\":{\"Type\":\"Pass\",\"Result\":{\"e.$\":"
	    "\"$.f\"},\"End\":true}}}",
	    MACHINE_STANDARD, &d);

	(void)state;
	assert_non_null(m);
	assert_int_equal(d.nerrors, 0);
	assert_int_equal(d.n, 3);
	assert_string_equal(d.list[0].code, "NO_DOLLAR");
	assert_string_equal(d.list[0].message,
	    "The value of 'a' looks like a JSONPath or intrinsic "
	    "function. Use 'a.$' to evaluate it at runtime.");
	assert_string_equal(d.list[0].location, "/States/X/Parameters");
	assert_int_equal(d.list[1].severity, DIAGNOSTIC_WARNING);
	assert_string_equal(d.list[2].code, "PASS_RESULT_IS_STATIC");
	machine_unref(m);
	diagnostics_fini(&d);
}

/* before repeated, the middle, after repeated. */
static char *
nest(size_t n, const char *before, const char *middle, const char *after)
{
	struct buf b;
	size_t i;

	buf_init(&b, BUF_UNLIMITED);
	for (i = 0; i < n; i++)
		buf_addf(&b, "%s", before);
	buf_adds(&b, middle);
	for (i = 0; i < n; i++)
		buf_addf(&b, "%s", after);
	return buf_steal(&b, NULL);
}

static void
deeply_nested_definitions_do_no_harm(void **state)
{
	char *rules = nest(480, "{\"Not\":", "{\"Variable\":\"$.a\",\"IsNull\":true}", "}");
	char *fields =
	    xasprintf("\"Type\":\"Choice\",\"Choices\":[{\"Not\":%s,\"Next\":\"S\"}]", rules);
	char *text = state_x(fields);
	struct machine *m = compile(text);
	struct doc in = doc_parse("{\"a\":null}", 10, NULL);
	struct expr_scope s = { .root = in };
	struct diagnostics d;

	(void)state;
	assert_int_equal(choice_rule_eval(&m->states[0]->rules[0], &s, NULL), 0);
	doc_unref(in);
	machine_unref(m);
	free(text);
	free(fields);
	free(rules);
	text = nest(240,
	    "{\"StartAt\":\"a\",\"States\":{\"a\":{\"Type\":\"Map\",\"End\":true,"
	    "\"ItemProcessor\":",
	    INNER, "}}}");
	assert_null(compile_as(text, MACHINE_STANDARD, &d));
	assert_string_equal(d.list[0].code, "DUPLICATE_STATE_NAME");
	diagnostics_fini(&d);
	free(text);
}

static void
thousands_of_errors_are_counted_and_few_are_kept(void **state)
{
	char *wrong = nest(5000, "{},", "{}", "");
	char *fields =
	    xasprintf("\"Type\":\"Task\"," LAMBDA ",\"Next\":\"S\",\"Retry\":[%s]", wrong);
	char *text = state_x(fields);
	struct diagnostics d;

	(void)state;
	assert_null(compile_as(text, MACHINE_STANDARD, &d));
	assert_int_equal(d.nerrors, 5001);
	assert_int_equal(d.n, DIAGNOSTICS_MAX);
	diagnostics_fini(&d);
	free(text);
	free(fields);
	free(wrong);
}

/* --- help -------------------------------------------------------------------------- */

/* What people are told of the first diagnostic of X: "below|key|suggestion|hint". Yours. */
static char *
help_of(const char *fields)
{
	char *text = state_x(fields), *told;
	struct diagnostic *g;
	struct diagnostics d;

	diagnostics_init(&d);
	d.help = true;
	machine_unref(machine_compile(text, strlen(text), MACHINE_STANDARD, &d));
	assert_true(d.n > 0);
	g = &d.list[0];
	told = xasprintf("%s|%s|%s|%s", g->below != NULL ? g->below : "", g->at_key ? "key" : "",
	    g->suggestion != NULL ? g->suggestion : "", g->hint != NULL ? g->hint : "");
	diagnostics_fini(&d);
	free(text);
	return told;
}

static void
help_x(const char *fields, const char *want)
{
	char *told = help_of(fields);

	if (strcmp(told, want) != 0)
		print_error("%s\n", fields);
	assert_string_equal(told, want);
	free(told);
}

static void
what_was_meant_is_proposed(void **state)
{
	(void)state;
	help_x("\"Type\":\"Pass\",\"Next\":\"s\"", "||S|");
	help_x("\"Type\":\"Pass\",\"Next\":\"Elsewhere\"", "|||");
	help_x("\"Type\":\"Pas\",\"Next\":\"S\"", "||Pass|");
	help_x("\"Type\":7,\"Next\":\"S\"", "|||");
	help_x("\"Type\":\"Pass\",\"next\":\"S\"", "/next|key|Next|");
	help_x("\"Type\":\"Pass\",\"ResultPat\":null,\"Next\":\"S\"", "/ResultPat|key|ResultPath|");
	/* Resource is no field of a Pass state, so that it is not what was meant */
	help_x("\"Type\":\"Pass\",\"Resourc\":\"S\",\"Next\":\"S\"", "/Resourc|key||");
	help_x("\"Type\":\"Pass\",\"Outpt\":1,\"Next\":\"S\"", "/Outpt|key||");
	help_x("\"Type\":\"Pass\",\"QueryLanguage\":\"jsonpath\",\"Next\":\"S\"", "||JSONPath|");
	help_x("\"Type\":\"Task\"," LAMBDA ",\"Next\":\"S\",\"Retry\":[{\"ErrorEquals\":[\"a\"],"
	       "\"JitterStrategy\":\"Full\"}]",
	    "||FULL|");
	help_x("\"Type\":\"Task\"," LAMBDA ",\"Next\":\"S\",\"Retry\":[{\"ErrorEquals\":[\"a\"],"
	       "\"MaxAttempt\":1}]",
	    "/MaxAttempt|key|MaxAttempts|");
	help_x("\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.a\",\"StringEqual\":\"a\","
	       "\"Next\":\"S\"}]",
	    "/StringEqual|key|StringEquals|");
	help_x("\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.a\","
	       "\"NumericLesThanPath\":\"$.a\",\"Next\":\"S\"}]",
	    "/NumericLesThanPath|key|NumericLessThanPath|");
}

static void
the_member_that_is_meant_is_told(void **state)
{
	(void)state;
	help_x("\"Type\":\"Pass\",\"Next\":\"S\",\"End\":true", "/End|key||");
	help_x("\"Type\":\"Pass\",\"Next\":\"S\",\"Arguments\":{}", "/Arguments|key||");
	help_x("\"Type\":\"Pass\",\"Next\":\"S\",\"Parameters\":{\"a\":[0,{\"b.$\":5}]}",
	    "/a[1]/b.$|||");
	help_x("\"Type\":\"Pass\",\"Next\":\"S\",\"Parameters\":{\"a\":[0,{\"b\":\"$.x\"}]}",
	    "/a[1]/b|key||");
	help_x("\"Type\":\"Pass\",\"Next\":\"S\",\"Result\":{\"a.$\":\"$.x\"}", "/a.$|||");
	help_x("\"Type\":\"Pass\",\"Next\":\"S\",\"Assign\":{\"1a\":1}", "/1a|key||");
}

static void
why_a_path_or_a_call_is_wrong_is_told(void **state)
{
	(void)state;
	help_x("\"Type\":\"Pass\",\"Next\":\"S\",\"Parameters\":{\"a.$\":\"States.Foramt('')\"}",
	    "/a.$|||There is no intrinsic function 'States.Foramt' (did you mean 'States.Format'?) "
	    "at position 13 of 'States.Foramt('')'");
	help_x("\"Type\":\"Pass\",\"Next\":\"S\",\"Parameters\":{\"a.$\":\"States.Xyzzy()\"}",
	    "/a.$|||There is no intrinsic function 'States.Xyzzy' at position 12 of 'States.Xyzzy()'");
	help_x("\"Type\":\"Pass\",\"Next\":\"S\",\"InputPath\":\"$.a[\"",
	    "|||An index is missing at position 4 of the path '$.a['");
}

static void
errors_that_the_language_does_not_have_are_warned_of_for_people_only(void **state)
{
	static const char fields[] = "\"Type\":\"Task\"," LAMBDA ",\"Next\":\"S\",\"Retry\":[{"
				     "\"ErrorEquals\":[\"Mine\",\"States.Timeot\"]}]";
	static const char known[] = "\"Type\":\"Task\"," LAMBDA ",\"Next\":\"S\",\"Retry\":[{"
				    "\"ErrorEquals\":[\"States.Timeout\",\"States.Http.Socket\","
				    "\"States.Http.StatusCode.404\",\"Statesman\"]}]";
	struct diagnostics d;
	char *text = state_x(fields);

	(void)state;
	help_x(fields, "[1]||States.Timeout|");
	machine_unref(compile_as(text, MACHINE_STANDARD, &d));
	assert_int_equal(d.n, 0);
	diagnostics_fini(&d);
	free(text);
	text = state_x(known);
	diagnostics_init(&d);
	d.help = true;
	machine_unref(machine_compile(text, strlen(text), MACHINE_STANDARD, &d));
	assert_int_equal(d.n, 0);
	diagnostics_fini(&d);
	free(text);
}

static void
help_is_made_only_for_who_wants_it(void **state)
{
	struct diagnostics d;

	(void)state;
	assert_null(
	    compile_as("{\"StartAt\":\"a\",\"States\":{\"A\":{\"Type\":\"Succeed\"}},\"x\":1}",
		MACHINE_STANDARD, &d));
	assert_int_equal(d.n, 2);
	assert_null(d.list[0].below);
	assert_null(d.list[1].suggestion);
	diagnostics_fini(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_json_is_quoted_with_its_place),
		cmocka_unit_test(all_errors_stand_in_one_sentence),
		cmocka_unit_test(the_top_level_needs_its_fields_and_no_others),
		cmocka_unit_test(states_are_numbered_in_document_order_through_all_containers),
		cmocka_unit_test(many_states_are_found_by_name),
		cmocka_unit_test(a_task_is_taken_apart),
		cmocka_unit_test(fields_of_a_task_are_compiled),
		cmocka_unit_test(wait_and_fail_take_literals_paths_and_calls),
		cmocka_unit_test(the_old_fields_of_map_are_understood),
		cmocka_unit_test(types_and_fields_of_states_are_checked),
		cmocka_unit_test(transitions_are_checked),
		cmocka_unit_test(names_of_states_are_short_and_unique),
		cmocka_unit_test(tasks_are_checked),
		cmocka_unit_test(express_machines_have_no_callbacks_no_jobs_no_activities),
		cmocka_unit_test(waits_and_fails_are_checked),
		cmocka_unit_test(retriers_and_catchers_are_checked),
		cmocka_unit_test(parallels_and_maps_are_checked),
		cmocka_unit_test(variables_have_valid_names_of_their_own_scope),
		cmocka_unit_test(query_languages_are_resolved_and_the_unbuilt_refused_last),
		cmocka_unit_test(values_that_look_computed_give_warnings_only),
		cmocka_unit_test(deeply_nested_definitions_do_no_harm),
		cmocka_unit_test(thousands_of_errors_are_counted_and_few_are_kept),
		cmocka_unit_test(what_was_meant_is_proposed),
		cmocka_unit_test(the_member_that_is_meant_is_told),
		cmocka_unit_test(why_a_path_or_a_call_is_wrong_is_told),
		cmocka_unit_test(
		    errors_that_the_language_does_not_have_are_warned_of_for_people_only),
		cmocka_unit_test(help_is_made_only_for_who_wants_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
