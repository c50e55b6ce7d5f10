/*
 * worker - the function workers: child processes that run Lua functions, so that
 * user code never runs on the loop.
 *
 * A worker runs one call at a time. One that is over its time is killed, one over
 * its memory ends; both are replaced when the next call needs them. Workers are started
 * on demand, up to the limit; more calls wait in a queue, which is bounded as well.
 */
#ifndef PAWL_TASK_WORKER_H
#define PAWL_TASK_WORKER_H

#include "base/loop.h"
#include "task/script.h"

#define WORKER_QUEUE_MAX 10000       /* calls that wait */
#define WORKER_FRAME_MAX (64u << 20) /* bytes of one event or result */
#define WORKER_LOG_LINES_MAX 1000    /* of one call; what comes after is dropped */

struct worker_pool;

struct worker_options {
	const char *program; /* pawl-function */
	struct script_dirs dirs;
	int nworkers;
	int64_t timeout_ms; /* of one call, from the moment a worker has it */
	int64_t memory;     /* bytes a call may need */
};

struct worker_pool *worker_pool_new(struct loop *l, const struct worker_options *o);
/* Kills what runs; nobody is called back. NULL is fine. */
void worker_pool_free(struct worker_pool *p);
/* Limits for calls that begin from now on (a reload). */
void worker_pool_set_limits(struct worker_pool *p, int64_t timeout_ms, int64_t memory);

/* a is borrowed. Never called inside worker_start. */
typedef void worker_cb(void *arg, const struct script_answer *a);
/* One line that the function logged. */
typedef void worker_log_cb(void *arg, enum log_level level, const char *line);

/* c is copied. log may be NULL. Returns the id of the call; cb comes exactly once unless it is cancelled. */
uint64_t worker_start(struct worker_pool *p, const struct script_call *c, worker_log_cb *log,
    worker_cb *cb, void *arg);
/* The call is dropped, its worker killed when it runs. Unknown ids are fine. */
void worker_cancel(struct worker_pool *p, uint64_t id);

struct worker_counts {
	int nprocesses, nbusy;
	size_t nwaiting;
};
struct worker_counts worker_counts(const struct worker_pool *p);

#endif
