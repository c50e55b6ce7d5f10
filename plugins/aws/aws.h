/*
 * aws - the parts of the plugin aws.
 */
#ifndef PAWL_PLUGIN_AWS_H
#define PAWL_PLUGIN_AWS_H

#include <pawl/plugin.h>

#include "codec.h"

struct aws_role;
struct aws_task;

struct aws {
	const struct pawl_host *host;
	struct aws_models *models;
	struct aws_task *tasks;
	struct aws_role *roles;
};

/* --- target.c: what a resource names --------------------------------------------------------- */

struct aws_wrapper;
struct aws_target {
	const struct aws_service *service;
	const struct aws_action *action;
	const struct aws_wrapper *wrapper; /* it is one; NULL = it is an action of the API */
	bool sdk;                          /* aws-sdk:service:action */
	const char *prefix;                /* of its errors */
	const char *service_name;          /* in the causes of optimized integrations */
	const char *exception;             /* an error without a name of its own */
	bool metadata; /* the result has SdkHttpMetadata and SdkResponseMetadata */
};
/* -1: *why (new) says what is wrong with it. */
int aws_target_read(struct aws *p, const char *resource, struct aws_target *t, char **why);

/* --- endpoint.c: where calls go, and with which keys ------------------------------------------ */

struct aws_keys {
	char *id, *secret, *token; /* owned; id NULL: calls are not signed */
};
void aws_keys_fini(struct aws_keys *k);

struct aws_place {
	char *base;         /* "https://sqs.eu-west-1.amazonaws.com"; owned */
	const char *region; /* to sign for */
	bool own;           /* this pawld */
	bool amazon;        /* the real thing */
	struct aws_keys keys;
};
/* -1: *why (new) says which option to set. */
int aws_place_find(struct aws *p, const struct aws_target *t, struct aws_place *place, char **why);
void aws_place_fini(struct aws_place *place);
char *aws_place_missing(const struct aws_service *s); /* which option to set; new */
/* AWS itself, in place->region; false when there are no keys for it. */
bool aws_place_at_amazon(struct aws_place *place, const struct aws_target *t);
/*
 * A bucket of AWS's own S3 is a host: https://s3.REGION.amazonaws.com/bucket/key becomes
 * https://bucket.s3.REGION.amazonaws.com/key. path is changed in place.
 */
void aws_place_move_bucket(struct aws_place *place, const struct aws_service *s, char *path);

/* --- sign.c ------------------------------------------------------------------------------------ */

struct aws_signing {
	const struct aws_keys *keys;
	const char *service, *region;
	const char *host, *path; /* as in the URL */
	int64_t now_ms;          /* wall */
};
/* Adds the headers that make it a signed request; no other may be added after it. */
void aws_sign(struct aws_request *r, const struct aws_signing *s);

/* --- error.c: failures under AWS's names -------------------------------------------------------- */

struct aws_failure {
	char *error; /* owned; NULL: the parameters make no sense, cause is a sentence about them */
	char *cause; /* owned */
	bool
	    passing; /* trying again may help: no connection, too many calls, the service's own fault */
};
void aws_failure_fini(struct aws_failure *f);
bool aws_is_failure(const struct aws_target *t, const struct aws_answer *a);
/* The service does not know the action: who answers is another one. */
bool aws_is_unknown_action(const struct pawl_host *h, const struct aws_target *t,
    const struct aws_answer *a);
void aws_failure_of_answer(const struct pawl_host *h, const struct aws_target *t,
    const struct aws_answer *a, struct aws_failure *f);
void aws_failure_of_exchange(const struct aws_target *t, const struct pawl_http_answer *a,
    struct aws_failure *f);
/* New; made up when the answer names none. */
char *aws_request_id(const struct aws_answer *a);

/* --- call.c: one call of an API ------------------------------------------------------------------ */

struct aws_call;
/* failure NULL: output is the result, members of the answer and metadata. Both are borrowed. */
typedef void aws_call_cb(void *arg, struct pawl_doc output, const struct aws_failure *failure);

struct aws_call_spec {
	struct aws_target target;
	struct pawl_doc parameters;
	const char *role_arn;        /* or NULL */
	const char *idempotency_key; /* or NULL; fills the API's idempotency token */
};
/* cb comes later, exactly once unless the call is cancelled. */
struct aws_call *aws_call_start(struct aws *p, const struct aws_call_spec *spec, aws_call_cb *cb,
    void *arg);
void aws_call_cancel(struct aws_call *c);

/* --- role.c: keys of roles, by sts:AssumeRole ------------------------------------------------------ */

/* keys NULL: failure says why. Both are borrowed. */
typedef void aws_role_cb(void *arg, const struct aws_keys *keys, const struct aws_failure *failure);
/* cb comes at once when the keys are known, else later. */
void aws_role_keys(struct aws *p, const char *role_arn, aws_role_cb *cb, void *arg);
void aws_role_forget(struct aws *p, void *arg); /* who waits is not called any more */
void aws_roles_free(struct aws *p);

/* --- task.c: tasks, and the jobs they wait for ---------------------------------------------------- */

void aws_task_start(struct aws *p, const struct pawl_task *t);
void aws_task_cancel(struct aws *p, uint64_t id);  /* nobody waits for it: its job is stopped */
void aws_task_release(struct aws *p, uint64_t id); /* somebody else goes on with it */
void aws_tasks_free(struct aws *p);

/* --- arguments.c: the parameters of a call made of others --------------------------------------------- */

/* "Tasks/0/TaskArn"; borrowed. */
struct pawl_doc aws_at_path(const struct pawl_host *h, struct pawl_doc d, const char *path);
/*
 * An object of words "Name=place"; new. A place is a path in response ("Tasks/0/TaskArn"), in the
 * task's parameters (":JobName"), or a text in quotes; "[]" behind the name makes it a list of one.
 * What is not there is left out.
 */
struct pawl_doc aws_arguments(const struct pawl_host *h, const char *words,
    struct pawl_doc response, struct pawl_doc parameters);
/* Another action of the target's service, with such parameters, which are new. False: action is NULL. */
bool aws_arguments_fill(const struct pawl_host *h, const struct aws_target *t, const char *action,
    const char *words, struct pawl_doc response, struct pawl_doc parameters,
    struct aws_call_spec *spec);

/* --- wrapper.c: optimized integrations that are no action of the API under that name -------------------- */

/* service: of the model ("emr"); NULL: there is none. */
const struct aws_wrapper *aws_wrapper_find(const char *service, const char *name);
const char *aws_wrapper_name(const struct aws_wrapper *w);
const char *aws_wrapper_action(const struct aws_wrapper *w);
/* What is wrong with the parameters; new, NULL = nothing. */
char *aws_wrapper_problem(const struct pawl_host *h, const struct aws_wrapper *w,
    struct pawl_doc parameters);
/*
 * The call that lists what the wrapper knows by name, from the page of listed on (PAWL_NO_DOC =
 * the first). False: it needs none, or there are no more pages.
 */
bool aws_wrapper_list(const struct pawl_host *h, const struct aws_target *t,
    struct pawl_doc parameters, struct pawl_doc listed, struct aws_call_spec *spec);
/* The id that the named one has in listed; to be released with host->free. NULL: it is not there. */
char *aws_wrapper_id(const struct pawl_host *h, const struct aws_wrapper *w,
    struct pawl_doc parameters, struct pawl_doc listed);
/* The parameters of the action, and what its answer means; new. id NULL = none was needed. */
struct pawl_doc aws_wrapper_parameters(const struct pawl_host *h, const struct aws_wrapper *w,
    struct pawl_doc parameters, const char *id);
struct pawl_doc aws_wrapper_result(const struct pawl_host *h, const struct aws_wrapper *w,
    struct pawl_doc output);

/* --- job.c: the jobs that .sync waits for ----------------------------------------------------------- */

struct aws_job;
const struct aws_job *aws_job_find(const struct aws_target *t); /* NULL: it begins none */
/*
 * The calls that look at a job, and stop it; response is what its submission answered.
 * spec->parameters is new. False: it cannot be stopped.
 */
void aws_job_look(const struct pawl_host *h, const struct aws_job *j, const struct aws_target *t,
    struct pawl_doc response, struct pawl_doc parameters, struct aws_call_spec *spec);
bool aws_job_stop(const struct pawl_host *h, const struct aws_job *j, const struct aws_target *t,
    struct pawl_doc response, struct pawl_doc parameters, struct aws_call_spec *spec);
enum aws_job_state { AWS_JOB_RUNS, AWS_JOB_DONE, AWS_JOB_FAILED };
/* What a look found; *result is new when the job has ended. */
enum aws_job_state aws_job_state(const struct pawl_host *h, const struct aws_job *j,
    struct pawl_doc answer, struct pawl_doc *result);
/* A look failed with this error: whether that is the end that was wanted; then *result is new. */
bool aws_job_is_gone(const struct pawl_host *h, const struct aws_job *j, const char *error,
    struct pawl_doc response, struct pawl_doc *result);

/* --- optimized.c: what optimized integrations do besides the call ------------------------------------ */

/* The parameters that are sent; new. */
struct pawl_doc aws_optimized_parameters(const struct pawl_host *h, const struct aws_target *target,
    const struct pawl_task *t);
/* The result; new. PAWL_NO_DOC: it is a failure, which f has. */
struct pawl_doc aws_optimized_result(const struct pawl_host *h, const struct aws_target *target,
    struct pawl_doc output, struct aws_failure *f);

#endif
