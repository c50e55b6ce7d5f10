/*
 * lambda - the parts of the plugin lambda.
 */
#ifndef PAWL_PLUGIN_LAMBDA_H
#define PAWL_PLUGIN_LAMBDA_H

#include <pawl/plugin.h>

#define LAMBDA_NAME_SIZE 256

/* What a task asks for. */
struct lambda_target {
	char name[LAMBDA_NAME_SIZE];
	char qualifier[LAMBDA_NAME_SIZE]; /* "" = none */
	bool direct; /* the resource is the function's ARN: its result is the task's */
	enum { LAMBDA_WAIT, LAMBDA_EVENT, LAMBDA_DRY_RUN } type;
	bool tail;               /* LogType Tail */
	char *client_context;    /* owned; NULL = none */
	struct pawl_doc payload; /* owned */
};
/* 0, or -1 and *why (release with free()): a sentence about the parameters. */
int lambda_target_read(const struct pawl_host *h, const struct pawl_task *t,
    struct lambda_target *target, char **why);
void lambda_target_fini(const struct pawl_host *h, struct lambda_target *target);

/* What becomes of a task: a result or an error. error NULL means a result. */
struct lambda_outcome {
	struct pawl_doc output;
	char *error, *cause; /* owned */
};
void lambda_outcome_fini(const struct pawl_host *h, struct lambda_outcome *o);

/* --- outcome.c ---------------------------------------------------------------------- */

/* now_ms 0: there is no clock here, and no Date. */
void lambda_local_outcome(const struct pawl_host *h, const struct lambda_target *target,
    const struct pawl_function_answer *a, const char *request_id, int64_t now_ms,
    struct lambda_outcome *o);
/* The answer to Event and DryRun. */
void lambda_accepted_outcome(const struct pawl_host *h, const struct lambda_target *target,
    const char *request_id, int64_t now_ms, struct lambda_outcome *o);
void lambda_remote_outcome(const struct pawl_host *h, const struct lambda_target *target,
    const struct pawl_http_answer *a, struct lambda_outcome *o);
void lambda_missing_outcome(const struct pawl_host *h, const struct lambda_target *target,
    const char *request_id, struct lambda_outcome *o);

/* arn:aws:lambda:REGION:ACCOUNT:function:NAME:QUALIFIER; yours */
char *lambda_function_arn(const struct pawl_host *h, const struct lambda_target *target);

#endif
