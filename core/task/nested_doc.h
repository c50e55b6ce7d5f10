/*
 * nested_doc - what a task that starts an execution is given, and what it gives:
 * parameters, envelopes, failures.
 *
 * Pure functions of their arguments; core/task/nested.h is about what happens when.
 * Dates in the envelopes are numbers of milliseconds since 1970.
 */
#ifndef PAWL_TASK_NESTED_DOC_H
#define PAWL_TASK_NESTED_DOC_H

#include "asl/machine.h"
#include "base/names.h"
#include "store/read.h"

/* What is to be started. All of it is owned. */
struct nested_request {
	char *machine_arn;
	struct resource machine; /* taken apart; a version or alias names none that there is */
	char *name;              /* NULL = none is given */
	char *input;
	size_t input_len;
	struct doc input_doc;
	char *trace_header; /* or NULL */
};

/*
 * 0, or -1 and e: "States.Runtime" for parameters that cannot be passed to StartExecution, else an error of
 * StartExecution, for nested_failure. To be ended with nested_request_fini in both cases.
 */
int nested_request_read(struct nested_request *q, const struct territory *here,
    struct doc parameters, struct err *e);
void nested_request_fini(struct nested_request *q);

/* The answer of StartExecution as a task shows it. Owned. */
struct doc nested_accepted(const char *execution_arn, int64_t start_ms, const char *request_id,
    int64_t now_ms);

/* How the execution ended: output, or the cause of States.TaskFailed. Owned. */
struct nested_end {
	struct doc output; /* DOC_NONE = it did not succeed */
	char *cause;
};
void nested_end_read(struct nested_end *end, const struct execution_row *row,
    const struct territory *here, enum task_pattern pattern, bool aws_limits);
void nested_end_fini(struct nested_end *end);

/* An error of StartExecution as a task shows it: StepFunctions.NAMEException; others stay as they are. */
void nested_failure(struct err *e, const char *request_id);

#endif
