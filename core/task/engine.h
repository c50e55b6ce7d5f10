/*
 * engine - the running executions of this node, as the API sees them: start, stop,
 * answer a task.
 *
 * Behind it: residents (a run plus its place in this node), their inboxes, timers,
 * hibernation, loading after a claim or a doubt, release of effects after COMMIT.
 * Tickets and errors as in store/read.h: ServiceUnavailable while PostgreSQL is away.
 */
#ifndef PAWL_TASK_ENGINE_H
#define PAWL_TASK_ENGINE_H

#include "base/loop.h"
#include "doc/doc.h"
#include "store/catalogue.h"
#include "store/store.h"
#include "task/hook.h"
#include "task/plugin_host.h"
#include "task/token.h"

struct engine;

/* Bounds for the work that is taken on: see admission.h. */
struct engine_bounds {
	int64_t start_delay_ms;
	uint64_t start_queue;
	size_t start_queue_bytes, max_memory;
};

struct engine_options {
	const char *region, *account_id;
	bool aws_limits;
	int64_t hibernate_after_ms;
	const char *token_secret; /* key of the task tokens' signature */
	struct hooks *hooks;      /* borrowed; NULL = none */
	struct engine_bounds bounds;
};

struct engine *engine_new(struct loop *l, const struct engine_options *o);
/* After store_close; runs are dropped from memory, the journal has them. NULL is fine. */
void engine_free(struct engine *g);
/* Wires the parts; the store's events go to engine_store_events. */
void engine_attach(struct engine *g, struct store *s, struct plugin_host *h);
const struct store_events *engine_store_events(struct engine *g);
/* What the plugin host calls with a task's answer; arg is the engine. */
void engine_plugin_answer(void *arg, uint64_t ticket, const struct plugin_answer *a);

void engine_set_bounds(struct engine *g, const struct engine_bounds *b);

/*
 * Whether somebody outside may start an execution of the machine now, with so many bytes of input. 0, or -1: why is
 * a sentence, and the asker may come back in so many seconds.
 */
struct engine_refusal {
	int retry_s;
	char why[160];
};
int engine_admit(struct engine *g, const char *machine, size_t input_len,
    struct engine_refusal *out);

struct engine_start {
	struct machine_entry *machine; /* borrowed */
	const char *name;              /* NULL = a generated one */
	const char *input_text;
	size_t input_len;
	struct doc input; /* parsed; borrowed */
	const char *version_arn, *alias_arn, *trace_header;
	struct parent_link parent; /* of one that a task starts */
	const struct uuid *id;     /* NULL = a new one */
};
/*
 * e NULL: it is durable. name_taken: an execution of that name exists (nothing was started; the caller
 * reads it and decides between the idempotent answer and ExecutionAlreadyExists). e ExecutionLimitExceeded: as many of
 * the machine run as may; nothing was started.
 */
typedef void engine_started_cb(uint64_t ticket, bool name_taken, const char *name, int64_t start_ms,
    const struct err *e);
void engine_start_execution(struct engine *g, const struct engine_start *s, uint64_t ticket,
    engine_started_cb *cb);

/* e: "ExecutionClosed" when it has ended before (stop_ms is its end then), ServiceUnavailable. */
typedef void engine_stopped_cb(uint64_t ticket, int64_t stop_ms, const struct err *e);
void engine_stop_execution(struct engine *g, int32_t shard, const struct uuid *id,
    const char *error, const char *cause, uint64_t ticket, engine_stopped_cb *cb);

/* What somebody who has a task's token says about it. */
struct task_answer {
	enum { TASK_SUCCEEDED, TASK_FAILED, TASK_HEARTBEAT } kind;
	struct doc output;         /* SUCCEEDED; borrowed, like what follows */
	const char *error, *cause; /* FAILED; NULL = none */
};
/*
 * e NULL: it is durable (a heartbeat: the task is open, and its clock restarts). Else "TaskTimedOut"
 * when the task or its execution is closed, "TaskDoesNotExist" when nothing is known of the
 * execution, ServiceUnavailable. May come inside the asking call.
 */
typedef void engine_answered_cb(uint64_t ticket, const struct err *e);
void engine_answer_task(struct engine *g, const struct task_ref *t, const struct task_answer *a,
    uint64_t ticket, engine_answered_cb *cb);

/* A worker waits for a task of an activity (GetActivityTask). */
struct engine_poll {
	const char *activity; /* its name */
	const char *worker;   /* for ActivityStarted; NULL = none */
	int64_t
	    wait_ms; /* so long at most; -1 = another node asks, which waits by itself: now or never */
};
struct polled_task {
	const char *token; /* borrowed, like the input */
	struct doc input;
};
/*
 * t: the task is the worker's; false: he is gone, and somebody else gets it. t and e NULL: there was none.
 * e: ActivityDoesNotExist, ActivityWorkerLimitExceeded, ServiceUnavailable. May come inside the
 * asking call.
 */
typedef bool engine_polled_cb(uint64_t ticket, const struct polled_task *t, const struct err *e);
/* The poll's id, for engine_cancel_poll; 0 when it is answered already. */
uint64_t engine_poll(struct engine *g, const struct engine_poll *what, uint64_t ticket,
    engine_polled_cb *cb);
/*
 * Other nodes: their workers may wait for tasks that are here, and ours for tasks that are there. Who
 * wants or has some tells the others (which is a hint and no more: it may be lost, or come for nothing); the node
 * of the worker then fetches a task for him.
 */
struct engine_neighbours {
	/* Workers wait for tasks of the activity, and there are none here. */
	void (*want)(void *arg, const char *activity);
	/* There are tasks of it, and no workers. */
	void (*have)(void *arg, const char *activity);
	void *arg;
};
void engine_set_neighbours(struct engine *g, const struct engine_neighbours *n);
/* Another node wants tasks of the activity: when there are some for nobody here, "have" is told. */
void engine_neighbour_wants(struct engine *g, const char *activity);
/* The worker for whom a task is to be fetched; his poll waits apart until engine_fetched. 0: nobody wants one. worker: borrowed until then. */
uint64_t engine_fetch_for(struct engine *g, const char *activity, const char **worker);
/* What was fetched for him, NULL = nothing. False: he is gone, and the task is to be given back. */
bool engine_fetched(uint64_t poll, const struct polled_task *t);
/* A task that was handed out to a worker who was gone by then: it is offered again. */
void engine_take_back(struct engine *g, const struct task_ref *t);
/* The worker went away. An id that is gone is fine. */
void engine_cancel_poll(uint64_t id);
/* All polls are answered without a task, from now on at once. */
void engine_stop_polls(struct engine *g);
/* We created or deleted that activity. */
void engine_activity_changed(struct engine *g, const char *name, bool exists);

/* --- limits of tasks --------------------------------------------------------------- */

/* json: the option task_limits. -1 and e: all stays as it was. Tasks that wait may go on at once. */
int engine_set_limits(struct engine *g, const char *json, struct err *e);
/* What another node said, or this one: true when it is about limits. */
bool engine_heard_hint(struct engine *g, const char *hint);
/* The configuration declares a limit of that name. */
bool engine_has_limit(const struct engine *g, const char *name);
struct limit_counts {
	const char *name;
	bool declared;                  /* else tasks wait for it and nothing else is known */
	int64_t concurrency;            /* 0 = any number */
	int64_t rate, per_ms, burst;    /* rate 0 = any number */
	int64_t room;                   /* of concurrency, this node's part at the moment */
	int64_t used, waiting, granted; /* tasks; granted: ever, in this process */
};
typedef void engine_limit_cb(void *arg, const struct limit_counts *l);
void engine_each_limit(const struct engine *g, engine_limit_cb *cb, void *arg);

/*
 * json: the option execution_limits. -1 and e: all stays as it was. The SQL functions hear of it as well, unless
 * there is no store yet (setting_publish).
 */
int engine_set_execution_limits(struct engine *g, const char *json, struct err *e);
/* There are some. */
bool engine_limits_executions(const struct engine *g);

/* No new starts; goes on with what runs until nothing is under way or deadline_ms has passed, then cb. */
void engine_drain(struct engine *g, int64_t deadline_ms, loop_cb *cb, void *arg);

/* True when the shard is ours and its open executions are known. Else another node has it, or nobody yet. */
bool engine_serves(const struct engine *g, int32_t shard);
/* True when the open executions of all shards that are ours are known: every call can be answered. */
bool engine_is_ready(const struct engine *g);

/* Counts for /metrics. */
struct engine_counts {
	uint64_t live, committing, sleeping, open_tasks;
	uint64_t waiting; /* of those that sleep: they are to go on, and wait to be loaded */
	uint64_t waking;  /* see waking.h */
	int64_t late_ms;  /* how late the execution is that has been due longest; 0 = none is */
};
struct engine_counts engine_counts(const struct engine *g);

#endif
