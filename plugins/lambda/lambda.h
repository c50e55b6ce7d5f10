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

/* --- command.c ---------------------------------------------------------------------- */

/* A function that is a local program. */
struct lambda_command {
	struct lambda_command *next;
	char name[LAMBDA_NAME_SIZE];
	char **argv, **env; /* end with NULL; env may be NULL */
	char *cwd;          /* NULL = "/" */
	int64_t timeout_ms, memory, max_output;
	bool text_in, text_out; /* else JSON */
};
/* The table plugins.lambda.commands. 0, or -1 and *why (release with free()). */
int lambda_commands_read(const struct pawl_host *h, struct pawl_doc table,
    struct lambda_command **out, char **why);
void lambda_commands_free(struct lambda_command *list); /* NULL is fine */
const struct lambda_command *lambda_command_find(const struct lambda_command *list,
    const char *name);

/* Returns the host's id of the command; borrows everything. */
uint64_t lambda_command_start(const struct pawl_host *h, const struct lambda_command *c,
    const struct pawl_task *t, const struct lambda_target *target, const char *request_id,
    pawl_command_cb *cb, void *arg);

/* What is kept of a call until its command has ended; a reload may change the command. */
struct lambda_call_facts {
	const char *request_id;
	int64_t now_ms, timeout_ms, max_output;
	bool text_out;
};
void lambda_command_outcome(const struct pawl_host *h, const struct lambda_target *target,
    const struct pawl_command_answer *a, const struct lambda_call_facts *f,
    struct lambda_outcome *o);
/* What it wrote to its standard error, line by line, into pawld's log. */
void lambda_command_log(const struct pawl_host *h, uint64_t task, const char *name,
    const struct pawl_command_answer *a);

/* arn:aws:lambda:REGION:ACCOUNT:function:NAME:QUALIFIER; yours */
char *lambda_function_arn(const struct pawl_host *h, const struct lambda_target *target);

#endif
