/*
 * act - the API's actions, each a flow of named steps.
 */
#ifndef PAWL_API_ACT_H
#define PAWL_API_ACT_H

#include "api/call.h"
#include "base/flow.h"

/* X(name, flow_kind), sorted by name. The request's shape is the model's action of that name. */
#define ACTIONS(X) \
	X(CreateActivity, act_create_activity) \
	X(CreateStateMachine, act_create_state_machine) \
	X(DeleteActivity, act_delete_activity) \
	X(DeleteStateMachine, act_delete_state_machine) \
	X(DescribeActivity, act_describe_activity) \
	X(DescribeExecution, act_describe_execution) \
	X(DescribeStateMachine, act_describe_state_machine) \
	X(DescribeStateMachineForExecution, act_describe_state_machine_for_execution) \
	X(GetActivityTask, act_get_activity_task) \
	X(GetExecutionHistory, act_get_execution_history) \
	X(ListActivities, act_list_activities) \
	X(ListExecutions, act_list_executions) \
	X(ListStateMachines, act_list_state_machines) \
	X(ListTagsForResource, act_list_tags_for_resource) \
	X(SendTaskFailure, act_send_task_failure) \
	X(SendTaskHeartbeat, act_send_task_heartbeat) \
	X(SendTaskSuccess, act_send_task_success) \
	X(StartExecution, act_start_execution) \
	X(StopExecution, act_stop_execution) \
	X(TagResource, act_tag_resource) \
	X(UntagResource, act_untag_resource) \
	X(UpdateStateMachine, act_update_state_machine) \
	X(ValidateStateMachineDefinition, act_validate_state_machine_definition)

#define X(name, kind) extern const struct flow_kind kind;
ACTIONS(X)
#undef X

/* STS GetCallerIdentity, in its two protocols. key_id NULL = nobody signs here. */
void sts_json(struct api *a, struct http_request *r, const char *request_id, const char *target,
    const char *key_id);
void sts_query(struct api *a, struct http_request *r, const char *request_id, const char *key_id);
#define STS_XMLNS " xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\""
/* An error in the form of the query protocol. xmlns: an attribute with its blank, "" = none. */
void query_error(struct http_request *r, const char *request_id, const char *xmlns,
    const struct err *e);

#endif
