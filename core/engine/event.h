/*
 * event - the history events: their types, and writing them into the open record.
 *
 * Events are text from the start: they are appended to the run's open record in
 * the journal's form (history.h) while the run moves, payloads by doc_print. An
 * event is written between event_begin and event_end; members go in between.
 *
 * With AWS's limits event number 25,000 is the last one: an event that is not an
 * end of the execution and would take that place is not written, and the run
 * notes that its history is full (run.c then fails it).
 */
#ifndef PAWL_ENGINE_EVENT_H
#define PAWL_ENGINE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/machine.h"
#include "doc/doc.h"

struct frame;
struct run;

/* clang-format off */
/*       id                               type name                        details member */
#define EVENT_TYPES(X) \
	X(ACTIVITY_FAILED,                "ActivityFailed",                "activityFailedEventDetails") \
	X(ACTIVITY_SCHEDULE_FAILED,       "ActivityScheduleFailed",        "activityScheduleFailedEventDetails") \
	X(ACTIVITY_SCHEDULED,             "ActivityScheduled",             "activityScheduledEventDetails") \
	X(ACTIVITY_STARTED,               "ActivityStarted",               "activityStartedEventDetails") \
	X(ACTIVITY_SUCCEEDED,             "ActivitySucceeded",             "activitySucceededEventDetails") \
	X(ACTIVITY_TIMED_OUT,             "ActivityTimedOut",              "activityTimedOutEventDetails") \
	X(CHOICE_STATE_ENTERED,           "ChoiceStateEntered",            "stateEnteredEventDetails") \
	X(CHOICE_STATE_EXITED,            "ChoiceStateExited",             "stateExitedEventDetails") \
	X(EVALUATION_FAILED,              "EvaluationFailed",              "evaluationFailedEventDetails") \
	X(EXECUTION_ABORTED,              "ExecutionAborted",              "executionAbortedEventDetails") \
	X(EXECUTION_FAILED,               "ExecutionFailed",               "executionFailedEventDetails") \
	X(EXECUTION_REDRIVEN,             "ExecutionRedriven",             "executionRedrivenEventDetails") \
	X(EXECUTION_STARTED,              "ExecutionStarted",              "executionStartedEventDetails") \
	X(EXECUTION_SUCCEEDED,            "ExecutionSucceeded",            "executionSucceededEventDetails") \
	X(EXECUTION_TIMED_OUT,            "ExecutionTimedOut",             "executionTimedOutEventDetails") \
	X(FAIL_STATE_ENTERED,             "FailStateEntered",              "stateEnteredEventDetails") \
	X(LAMBDA_FUNCTION_FAILED,         "LambdaFunctionFailed",          "lambdaFunctionFailedEventDetails") \
	X(LAMBDA_FUNCTION_SCHEDULE_FAILED, "LambdaFunctionScheduleFailed", "lambdaFunctionScheduleFailedEventDetails") \
	X(LAMBDA_FUNCTION_SCHEDULED,      "LambdaFunctionScheduled",       "lambdaFunctionScheduledEventDetails") \
	X(LAMBDA_FUNCTION_START_FAILED,   "LambdaFunctionStartFailed",     "lambdaFunctionStartFailedEventDetails") \
	X(LAMBDA_FUNCTION_STARTED,        "LambdaFunctionStarted",         NULL) \
	X(LAMBDA_FUNCTION_SUCCEEDED,      "LambdaFunctionSucceeded",       "lambdaFunctionSucceededEventDetails") \
	X(LAMBDA_FUNCTION_TIMED_OUT,      "LambdaFunctionTimedOut",        "lambdaFunctionTimedOutEventDetails") \
	X(MAP_ITERATION_ABORTED,          "MapIterationAborted",           "mapIterationAbortedEventDetails") \
	X(MAP_ITERATION_FAILED,           "MapIterationFailed",            "mapIterationFailedEventDetails") \
	X(MAP_ITERATION_STARTED,          "MapIterationStarted",           "mapIterationStartedEventDetails") \
	X(MAP_ITERATION_SUCCEEDED,        "MapIterationSucceeded",         "mapIterationSucceededEventDetails") \
	X(MAP_RUN_ABORTED,                "MapRunAborted",                 NULL) \
	X(MAP_RUN_FAILED,                 "MapRunFailed",                  "mapRunFailedEventDetails") \
	X(MAP_RUN_REDRIVEN,               "MapRunRedriven",                "mapRunRedrivenEventDetails") \
	X(MAP_RUN_STARTED,                "MapRunStarted",                 "mapRunStartedEventDetails") \
	X(MAP_RUN_SUCCEEDED,              "MapRunSucceeded",               NULL) \
	X(MAP_STATE_ABORTED,              "MapStateAborted",               NULL) \
	X(MAP_STATE_ENTERED,              "MapStateEntered",               "stateEnteredEventDetails") \
	X(MAP_STATE_EXITED,               "MapStateExited",                "stateExitedEventDetails") \
	X(MAP_STATE_FAILED,               "MapStateFailed",                NULL) \
	X(MAP_STATE_STARTED,              "MapStateStarted",               "mapStateStartedEventDetails") \
	X(MAP_STATE_SUCCEEDED,            "MapStateSucceeded",             NULL) \
	X(PARALLEL_STATE_ABORTED,         "ParallelStateAborted",          NULL) \
	X(PARALLEL_STATE_ENTERED,         "ParallelStateEntered",          "stateEnteredEventDetails") \
	X(PARALLEL_STATE_EXITED,          "ParallelStateExited",           "stateExitedEventDetails") \
	X(PARALLEL_STATE_FAILED,          "ParallelStateFailed",           NULL) \
	X(PARALLEL_STATE_STARTED,         "ParallelStateStarted",          NULL) \
	X(PARALLEL_STATE_SUCCEEDED,       "ParallelStateSucceeded",        NULL) \
	X(PASS_STATE_ENTERED,             "PassStateEntered",              "stateEnteredEventDetails") \
	X(PASS_STATE_EXITED,              "PassStateExited",               "stateExitedEventDetails") \
	X(SUCCEED_STATE_ENTERED,          "SucceedStateEntered",           "stateEnteredEventDetails") \
	X(SUCCEED_STATE_EXITED,           "SucceedStateExited",            "stateExitedEventDetails") \
	X(TASK_FAILED,                    "TaskFailed",                    "taskFailedEventDetails") \
	X(TASK_SCHEDULED,                 "TaskScheduled",                 "taskScheduledEventDetails") \
	X(TASK_START_FAILED,              "TaskStartFailed",               "taskStartFailedEventDetails") \
	X(TASK_STARTED,                   "TaskStarted",                   "taskStartedEventDetails") \
	X(TASK_STATE_ABORTED,             "TaskStateAborted",              NULL) \
	X(TASK_STATE_ENTERED,             "TaskStateEntered",              "stateEnteredEventDetails") \
	X(TASK_STATE_EXITED,              "TaskStateExited",               "stateExitedEventDetails") \
	X(TASK_SUBMIT_FAILED,             "TaskSubmitFailed",              "taskSubmitFailedEventDetails") \
	X(TASK_SUBMITTED,                 "TaskSubmitted",                 "taskSubmittedEventDetails") \
	X(TASK_SUCCEEDED,                 "TaskSucceeded",                 "taskSucceededEventDetails") \
	X(TASK_TIMED_OUT,                 "TaskTimedOut",                  "taskTimedOutEventDetails") \
	X(WAIT_STATE_ABORTED,             "WaitStateAborted",              NULL) \
	X(WAIT_STATE_ENTERED,             "WaitStateEntered",              "stateEnteredEventDetails") \
	X(WAIT_STATE_EXITED,              "WaitStateExited",               "stateExitedEventDetails")
/* clang-format on */

/* In alphabetical order of the names. */
#define X(id, name, details) EVENT_##id,
enum event_type { EVENT_TYPES(X) EVENT_TYPE_COUNT };
#undef X

const char *event_type_name(enum event_type t);
/* The member of the API's event object that holds the details; NULL = the type has none. */
const char *event_type_details(enum event_type t);
/* 0, or -1 when there is no such type. */
int event_type_parse(const char *name, size_t len, enum event_type *out);

enum event_type event_entered(enum state_type t);
enum event_type event_exited(enum state_type t); /* not for Fail */
/* "...StateAborted"; EVENT_TYPE_COUNT for the types that have none. */
enum event_type event_aborted(enum state_type t);

/* --- writing ---------------------------------------------------------------- */

#define EVENT_HISTORY_MAX 25000
#define EVENT_ERROR_CHARS_MAX 256
#define EVENT_CAUSE_CHARS_MAX 32768

/* Opens an event with a details object and returns its id. */
int64_t event_begin(struct run *r, enum event_type t, int64_t previous);
void event_end(struct run *r);
/* An event of a type without details; returns its id. */
int64_t event_plain(struct run *r, enum event_type t, int64_t previous);

/* Members of the event that is open. NULL and DOC_NONE values are left out. */
void event_members(struct run *r, const char *members, size_t len); /* JSON text, without braces */
void event_string(struct run *r, const char *key, const char *value, size_t len);
void event_strings(struct run *r, const char *key, const char *value);
void event_int(struct run *r, const char *key, int64_t value);
void event_doc(struct run *r, const char *key, struct doc value);
/*
 * The payload, at most one in an event; f is the frame that the event is about. One that an event of the open record
 * shows is referred to, see history.h. Returns the event that shows it, for struct payload.
 */
int64_t event_payload(struct run *r, const struct frame *f, const char *key, struct doc value);
/* Opens and closes an object as the value of key. */
void event_object(struct run *r, const char *key);
void event_object_end(struct run *r);

#endif
