/*
 * start - the rules of StartExecution, for everybody who starts an execution.
 */
#include "task/start.h"

#include <string.h>

int
start_parse_input(const char *text, size_t len, struct doc *out, struct err *e)
{
	struct err why = ERR_INIT;

	*out = doc_parse(text, len, &why);
	if (doc_is_none(*out))
		err_set(e, "InvalidExecutionInput", "Invalid State Machine Execution Input: '%s'",
		    len == 0 ? "Invalid execution input." : err_cause(&why));
	err_fini(&why);
	return doc_is_none(*out) ? -1 : 0;
}

int
start_check_machine(const struct machine_entry *m, const char *arn, struct err *e)
{
	if (m == NULL)
		return err_set(e, "StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'",
		    arn);
	if (m->deleting)
		return err_set(e, "StateMachineDeleting", "State Machine is being deleted: '%s'",
		    arn);
	if (m->type == MACHINE_EXPRESS)
		return err_set(e, "StateMachineTypeNotSupported",
		    "This operation is not supported by this type of state machine");
	return 0;
}

bool
start_is_same(const struct execution_row *row, const char *input, size_t input_len)
{
	return strcmp(row->status, "RUNNING") == 0 && row->input_len == input_len &&
	    memcmp(row->input, input, input_len) == 0;
}

int
start_already_exists(const char *execution_arn, struct err *e)
{
	return err_set(e, "ExecutionAlreadyExists", "Execution Already Exists: '%s'",
	    execution_arn);
}
