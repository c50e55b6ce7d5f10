/*
 * plugin_host - loads plugins and carries tasks to them and answers back.
 *
 * Dispatch is by resource: the plugin that serves a task's base ARN gets it. The
 * host gives every task a process-wide id; the first answer to an id counts, the
 * second is dropped and logged, as is one that comes after plugin_host_cancel. The
 * owner (task/engine) keeps time-outs, heartbeats and retries.
 */
#ifndef PAWL_TASK_PLUGIN_HOST_H
#define PAWL_TASK_PLUGIN_HOST_H

#include "asl/machine.h"
#include "base/conf.h"
#include "base/loop.h"
#include "doc/doc.h"

struct plugin_host;

enum plugin_after_crash { AFTER_CRASH_AGAIN, AFTER_CRASH_ONCE, AFTER_CRASH_EXACTLY_ONCE };

struct plugin_answer {
	enum { ANSWER_SUCCEEDED, ANSWER_FAILED, ANSWER_SUBMITTED } kind;
	struct doc output;         /* SUCCEEDED, SUBMITTED; borrowed */
	const char *error, *cause; /* FAILED; NULL = none; borrowed */
};
/* ticket: as given to plugin_host_start. Never called inside plugin_host_start. */
typedef void plugin_answer_cb(void *arg, uint64_t ticket, const struct plugin_answer *a);

struct plugin_task_spec {
	const struct task_resource *resource;
	struct doc parameters; /* borrowed, the host keeps a reference */
	const char *execution_arn, *state_name, *machine_arn;
	const char *idempotency_key; /* the same for every dispatch of one attempt */
	int64_t timeout_ms; /* the task's own limit, 0 = none: for plugins that can pass it on */
	const char *task_token;       /* .waitForTaskToken and .sync, else NULL */
	const char *credentials_role; /* or NULL */
	struct doc
	    submitted; /* .sync: what was submitted before the task was lost sight of; else DOC_NONE */
	uint64_t ticket;
};

struct plugin_host *plugin_host_new(struct loop *l, const struct conf *c, plugin_answer_cb *cb,
    void *arg);
/* pawld's own database, for the plugins that keep something there. Before they are loaded. */
void plugin_host_set_database(struct plugin_host *h, const char *conninfo);
/*
 * Loads every .so of the folder (and nothing else). A plugin that is refused (wrong ABI, missing
 * symbol, duplicate resource, init says no) is logged with its sentence and left out; returns how many were refused.
 */
int plugin_host_load_dir(struct plugin_host *h, const char *dir);
/*
 * After loading: -1 and e when the option "resources" names plugins that there are not, or leaves open
 * which of two serves something.
 */
int plugin_host_check(const struct plugin_host *h, struct err *e);
/* Loads one; -1 and e with the sentence. */
int plugin_host_load(struct plugin_host *h, const char *path, struct err *e);
/* Stops plugins, drops open tasks, frees. */
void plugin_host_free(struct plugin_host *h);
void plugin_host_reload(struct plugin_host *h, const struct conf *c); /* SIGHUP */

/*
 * What plugins may know of this process. url: where it listens. secret: of the cluster, for keys that
 * are the same everywhere; without it they are good for this process only. keys: access_keys as the
 * API now takes them (those of the configuration until this is called). All are copied.
 */
void plugin_host_set_url(struct plugin_host *h, const char *url);
void plugin_host_set_secret(struct plugin_host *h, const char *secret);
void plugin_host_set_keys(struct plugin_host *h, const char *access_keys_json);

/* Starts a task: returns its id (> 0). No plugin serves it or it refuses: the answer FAILED comes like any other (States.Runtime and a clear cause). */
uint64_t plugin_host_start(struct plugin_host *h, const struct plugin_task_spec *t);
/* The answer is not wanted any more. Unknown ids are fine. */
void plugin_host_cancel(struct plugin_host *h, uint64_t id);
/* The task is carried on by somebody else, or later; its job, if there is one, is left as it is. */
void plugin_host_release(struct plugin_host *h, uint64_t id);
bool plugin_host_serves(const struct plugin_host *h, const struct task_resource *r);
enum plugin_after_crash plugin_host_after_crash(const struct plugin_host *h,
    const struct task_resource *r);
/*
 * The pure functions (scripts/functions declared pure), for run_host.pure_call: see engine/run.h.
 * arg is the plugin_host.
 */
int plugin_host_pure_call(void *arg, const struct task_resource *res, struct doc parameters,
    uint64_t seed, int64_t *steps, struct doc *result, struct err *e);
/* Modules of scripts/lib, and the time limit of code that runs in process, likewise. */
int plugin_host_module(void *arg, const char *name, uint64_t *stamp, struct buf *text,
    struct err *e);
int plugin_host_give_up(void *arg, bool first);
/*
 * What is loaded, what was refused, who serves what, as JSON: the answer of /plugins (pawld(8)). No
 * values of options.
 */
void plugin_host_describe(const struct plugin_host *h, struct buf *out);

#endif
