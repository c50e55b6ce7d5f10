/*
 * failpoint - places where tests make pawld die, fail or stall.
 *
 * They exist only in builds with --enable-failpoints; elsewhere FAILPOINT() is a
 * constant false. PAWL_FAILPOINTS="name=die,other=fail@3,third=stall:500" arms
 * them: die = SIGKILL to ourselves, fail = FAILPOINT() is true, stall:MS = sleep;
 * @N = at the Nth hit only. The names are declared here once, and
 * "pawld --list-failpoints" prints them for the fault suite.
 */
#ifndef PAWL_BASE_FAILPOINT_H
#define PAWL_BASE_FAILPOINT_H

#include <stdbool.h>

#define FAILPOINTS(X) \
	X(start_before_submit, "start.before_submit", \
	    "StartExecution made its first move, nothing is sent") \
	X(store_batch_sealed, "store.batch_sealed", \
	    "a batch is written to memory, nothing is sent") \
	X(store_batch_sent, "store.batch_sent", "a batch is sent, PostgreSQL has not answered") \
	X(store_commit_received, "store.commit_received", \
	    "COMMIT is acknowledged, no effect is released") \
	X(task_before_dispatch, "task.before_dispatch", \
	    "a dispatch is released, the plugin has not seen it") \
	X(task_dispatched, "task.dispatched", "the plugin has the task") \
	X(task_answered, "task.answered", "the plugin answered, the run has not moved") \
	X(task_signalled, "task.signalled", \
	    "an answer with a task's token came, the run has not moved") \
	X(activity_handed, "activity.handed", \
	    "ActivityStarted is durable, the worker has not got the task") \
	X(answer_before_reply, "api.before_reply", \
	    "the answer is durable, the client has not got it") \
	X(timer_fired, "timer.fired", "a timer fired, the run has not moved") \
	X(hibernate_before_drop, "hibernate.before_drop", \
	    "the snapshot is durable, the run is still in memory") \
	X(nested_started, "nested.started", "a child is started, its parent has not heard") \
	X(nested_child_ended, "nested.child_ended", "a child has ended, its parent has not heard") \
	X(nested_before_stop, "nested.before_stop", "a child is to be stopped, it has not heard") \
	X(place_taken, "place.taken", "an execution has its place, and has not begun") \
	X(claim_loaded, "claim.loaded", "a shard is claimed and its open executions are known") \
	X(retention_expired, "retention.expired", \
	    "old executions are deleted, their journals are not (fail: the connection is lost)") \
	X(catalogue_commit, "catalogue.commit", "a catalogue change is about to commit") \
	X(sql_effect_sent, "sql.effect_sent", \
	    "a plugin's statements and their receipt are sent (fail: the connection is lost)") \
	X(sql_effect_done, "sql.effect_done", \
	    "they went well, COMMIT is not sent (fail: the connection is lost)") \
	X(sql_commit_sent, "sql.commit_sent", \
	    "their COMMIT is sent, PostgreSQL has not answered (fail: the connection is lost)") \
	X(sql_commit_received, "sql.commit_received", \
	    "their COMMIT is acknowledged, the plugin does not know (fail: the connection is lost)")

enum failpoint {
#define X(id, name, help) FAILPOINT_##id,
	FAILPOINTS(X) FAILPOINT_COUNT
#undef X
};

#ifdef PAWL_FAILPOINTS_ENABLED
bool failpoint_hit(enum failpoint fp);
#define FAILPOINT(id) failpoint_hit(FAILPOINT_##id)
#else
#define FAILPOINT(id) false
#endif

/* Prints one name and its sentence a line. Prints nothing when they are not built in; then -1. */
int failpoint_list(void);

#endif
