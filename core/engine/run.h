/*
 * run - an execution loaded in memory: the tree of its frames, and run_move, the
 * one function that changes it.
 *
 * The interpreter is a function: no I/O, no clock, no libevent. A move takes one
 * stimulus (with the time and random bits in it) and goes as far as it can; what
 * it did stands in the record (history events plus the frames that changed), what
 * it wants from the world in the effects. Nothing outside *r is touched.
 *
 * A frame is one thread of control: the top level, a Parallel branch, a Map
 * iteration. Frames that are ready take turns, one step each (first in, first
 * out), so concurrent branches interleave the same way every time.
 *
 * Journal: the record of a move is one JSON text (engine/record.h). Loading it
 * applies frames as they were after the move; nothing is computed again, so a
 * newer interpreter, another Lua function or another clock cannot make a rebuilt
 * run differ from the one that was in memory.
 */
#ifndef PAWL_ENGINE_RUN_H
#define PAWL_ENGINE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/machine.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "doc/doc.h"

struct run; /* opaque */

enum run_status { RUN_RUNNING, RUN_SUCCEEDED, RUN_FAILED, RUN_TIMED_OUT, RUN_ABORTED };
const char *run_status_name(enum run_status s); /* "RUNNING" ... */
int run_status_parse(const char *s, enum run_status *out);

/* What is fixed for the whole execution; strings are borrowed by run_new and copied. */
struct run_facts {
	struct uuid id; /* for task tokens, like shard */
	int32_t shard;
	const char *execution_arn;
	const char *execution_name;
	const char *machine_arn; /* unqualified */
	const char *machine_name;
	const char *role_arn;
	const char *version_arn; /* NULL = not started through one */
	const char *alias_arn;
	const char *region;
	int64_t start_ms;
	const char *input_text; /* byte for byte as the caller gave it */
	size_t input_len;
	struct doc input; /* the same, parsed; borrowed, a reference is kept */
	bool aws_limits;  /* 256 KiB payloads, 25,000 events */
};

/* What the pure interpreter asks of its owner; all may be NULL. Must be functions too: same in, same out. */
struct run_host {
	/*
	 * Whether the activity of that ARN exists: 1 or 0, or -1 when it is not known yet. Then the run asks
	 * again a moment later (this one question may have different answers at different times).
	 */
	int (*activity)(void *arg, const char *arn);
	/* Text of the task token of the attempt task_id, for $$.Task.Token. */
	void (*task_token)(void *arg, const struct run *r, int64_t task_id, struct buf *out);
	/*
	 * A function that is pure runs inside the move. 1 = it is one: *result (owned) or e is set
	 * (e->set tells which); 0 = not pure, dispatch it. seed is for its random numbers.
	 * What it took is taken from *steps (expr/luabox.h says what a step is).
	 */
	int (*pure_call)(void *arg, const struct task_resource *res, struct doc parameters,
	    uint64_t seed, int64_t *steps, struct doc *result, struct err *e);
	/* What Lua expressions ask, see expr/scope.h; both with arg. */
	luabox_module_cb *module;
	luabox_give_up_cb *give_up;
	/*
	 * Whether the attempt task_id, of state s, may be dispatched: it has a permit of each limit that it is
	 * under, or is under none. Else the run waits for STIMULUS_TASK_STARTED. Another question that may have
	 * different answers at different times; a permit that was given is had until EFFECT_CLOSED.
	 */
	bool (*permit)(void *arg, const struct run *r, const struct state *s, int64_t task_id);
	/* Does anybody want EFFECT_FAILED? Has no influence on the run. NULL = nobody. */
	bool (*tells_failures)(void *arg);
	void *arg;
};

/* A new run that has not started: its first stimulus is STIMULUS_START. */
struct run *run_new(struct machine *m, const struct run_facts *f, const struct run_host *host);
void run_free(struct run *r); /* NULL is fine */

enum stimulus_kind {
	STIMULUS_START,
	STIMULUS_TASK_STARTED, /* activities: a worker took it (worker); others: its permit is there */
	STIMULUS_TASK_SUBMITTED, /* .sync and .waitForTaskToken: the request is accepted (output) */
	STIMULUS_TASK_SUCCEEDED, /* output */
	STIMULUS_TASK_FAILED,    /* error, cause */
	STIMULUS_TASK_HEARTBEAT, /* changes nothing that a record holds, see run_heard */
	STIMULUS_TIMER,          /* every frame whose time has come by now_ms moves */
	STIMULUS_STOP            /* error, cause: StopExecution */
};

struct stimulus {
	enum stimulus_kind kind;
	int64_t now_ms;    /* wall clock; the run takes the larger of this and its last event's */
	uint64_t seed;     /* random bits for this move */
	int64_t task_id;   /* TASK_*: event id of the attempt's ...Scheduled event */
	struct doc output; /* borrowed */
	const char *error; /* NULL = none; borrowed */
	const char *cause; /* NULL = none; borrowed */
	const char *worker;
	bool
	    by_token; /* SUCCEEDED, FAILED: it is not from who works on the attempt, who is cancelled */
	/* counted: so many states may be entered in this move, retries count as well; see run_is_held. */
	bool counted;
	int64_t may_enter;
};

enum effect_kind {
	/*
	 * Give the task to whoever serves its resource: run_task(task_id). One that is not started (and no
	 * activity's) waits for its permit.
	 */
	EFFECT_DISPATCH,
	EFFECT_CANCEL, /* the attempt is over without its dispatch's answer; nobody waits for one */
	EFFECT_CLOSED, /* the attempt is over, whatever else is said of it. Only with run_host.permit */
	EFFECT_ENDED, /* the execution closed: run_status ... */
	EFFECT_FAILED /* a state failed: failed. Only when run_host.tells_failures says so */
};

/* A state that failed, and what became of that. */
struct failed_state {
	const struct state *state; /* of the run's machine */
	char *error, *cause;       /* NULL = none */
	enum { FAILED_UNCAUGHT, FAILED_RETRIED, FAILED_CAUGHT } end;
	const struct state *next; /* CAUGHT: where it goes on */
	int retry_count;          /* attempts before this one */
};

struct effect {
	enum effect_kind kind;
	int64_t task_id;
	bool answered;               /* CANCEL: somebody who has the token gave the answer */
	struct failed_state *failed; /* owned by the list */
};
struct effects {
	struct effect *list; /* in order */
	size_t n, cap;
};
void effects_fini(struct effects *fx);

/*
 * Moves. Appends history to the run's open record and effects to *fx (which the
 * caller initialised with zeros; they may be released once the record is durable).
 * An attempt may be dispatched and cancelled by one list of effects.
 * 0, or -1 and e with the run untouched: "TaskTimedOut" when task_id is not an open
 * attempt (or cannot be started or submitted any more), "ExecutionClosed" when the run
 * has ended, "pawl.Stimulus" for a second start and for anything before the first.
 *
 * A move that goes on for too long (a loop without a Wait is a legal machine) stops
 * with frames still ready: run_due_ms is in the past then, and the next
 * STIMULUS_TIMER goes on.
 */
int run_move(struct run *r, const struct stimulus *s, struct effects *fx, struct err *e);

/* --- what can be asked ---------------------------------------------------- */

enum run_status run_status(const struct run *r);
int64_t run_stop_ms(const struct run *r);   /* when closed */
struct doc run_output(const struct run *r); /* SUCCEEDED: borrowed */
const char *run_error(const struct run *r); /* NULL = none */
const char *run_cause(const struct run *r); /* NULL = none */
const struct run_facts *run_facts(const struct run *r);
const struct machine *run_machine(const struct run *r);
/*
 * The earliest time at which a STIMULUS_TIMER does something (wait, retry, time-outs,
 * heartbeats, the machine's own; a time that has passed when a move was cut short);
 * INT64_MAX = none.
 */
int64_t run_due_ms(const struct run *r);
/*
 * The last move ended because it might not enter one more state. run_due_ms says nothing of that; a
 * STIMULUS_TIMER that may enter some goes on. No part of the journal: a run that is loaded is not held.
 */
bool run_is_held(const struct run *r);
int64_t run_last_event_id(const struct run *r);
/* States entered and attempts retried since this object was made (for counting; not part of the journal). */
int64_t run_transitions(const struct run *r);
/* Nothing is to be dispatched or running on our side: only timers, tokens, activities, nested executions are awaited. */
bool run_only_waits(const struct run *r);

/*
 * Heartbeats. When a task's worker was heard last is no part of the journal: who beats often would
 * fill it. Only when the clock runs out is it looked at, and the clock set on; that is a record,
 * one in HeartbeatSeconds at most. What memory knows and the journal does not is
 * therefore the last beats, and their loss is made good:
 */

/* Nobody could be heard before ms (pawld was away): no task misses its heartbeat within its HeartbeatSeconds of then. */
void run_heard(struct run *r, int64_t ms);
/*
 * The worker of an activity's attempt has its token: that is noted in memory too, as most tasks are
 * answered before anything has to be written.
 */
void run_handed(struct run *r, int64_t task_id);
/* Sets all clocks on and writes down who was handed his task, for the journal: before the run leaves memory. */
void run_keep(struct run *r);

/* An open attempt of a Task. Borrowed, good until the next move. */
struct run_task {
	int64_t task_id;
	const struct state *state;
	struct doc parameters;        /* effective parameters or function input */
	int64_t timeout_s;            /* 0 = none */
	int64_t heartbeat_s;          /* 0 = none */
	const char *credentials_role; /* NULL = none */
	int retry_count;
	bool started;     /* activities: a worker took it; others: it does not wait for a permit */
	bool handed;      /* and has its token */
	int64_t since_ms; /* when its state was entered */
	bool submitted;   /* TASK_SUBMITTED was seen */
	struct doc response; /* .sync: what it showed; else DOC_NONE */
};
/* 0, or -1 when that attempt is not open. */
int run_task(const struct run *r, int64_t task_id, struct run_task *out);
/* Calls cb for every open attempt, by ascending task_id (after a rebuild: what may have to be dispatched again). */
void run_each_task(const struct run *r, void (*cb)(void *arg, const struct run_task *t), void *arg);

/* --- journal --------------------------------------------------------------- */

/* Events since the last seal: id of the first, how many. */
int64_t run_record_first(const struct run *r);
int32_t run_record_count(const struct run *r);
bool run_record_is_empty(const struct run *r);
/* Writes the open record (events and changed frames) and begins the next one. */
void run_record_seal(struct run *r, struct buf *out);
/* Writes a record that holds the whole run and the open record's events: loading may begin here. Seals nothing. */
void run_snapshot(const struct run *r, struct buf *out);
/*
 * Applies one record to a run made by run_new and not yet moved (records in order of
 * seq, from the first or from the latest snapshot). -1 and e "pawl.Journal" when it does not fit.
 */
int run_load(struct run *r, const char *record, size_t len, struct err *e);

/* Law 2: the whole state as canonical JSON text, for comparing a rebuilt run with the one in memory. */
void run_dump(const struct run *r, struct buf *out);

#endif
