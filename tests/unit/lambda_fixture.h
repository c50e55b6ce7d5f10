/*
 * lambda_fixture - what the tests of the plugin lambda share: its resources, and what became of a task.
 */
#ifndef PAWL_TESTS_LAMBDA_FIXTURE_H
#define PAWL_TESTS_LAMBDA_FIXTURE_H

#include "plugin_fixture.h"

#define INVOKE "arn:aws:states:::lambda:invoke"
#define ARN(name) "arn:aws:lambda:us-east-1:123456789012:function:" name

static inline void
assert_succeeded(const struct fixture_answer *a, const char *expected)
{
	if (a->failed)
		fail_msg("failed: %s: %s", a->error, a->cause);
	assert_string_equal(a->output, expected);
}

static inline void
assert_failed(const struct fixture_answer *a, const char *error, const char *cause_part)
{
	if (!a->failed)
		fail_msg("it succeeded: %s", a->output);
	assert_string_equal(a->error, error);
	if (a->cause == NULL || strstr(a->cause, cause_part) == NULL)
		fail_msg("cause: %s", a->cause != NULL ? a->cause : "none");
}

#endif
