/*
 * move - what the files of the interpreter share: the run's data, and the verbs by
 * which states move frames.
 *
 * A state type has one file, st_NAME.c, with a work function that is called with a
 * frame in phase WORK (and more for what only that type knows: starting a task,
 * joining branches). It ends by calling exactly one of: frame_exit (or
 * frame_finish) for the next state, frame_fail, or one of the frame_wait_ verbs.
 */
#ifndef PAWL_ENGINE_MOVE_H
#define PAWL_ENGINE_MOVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/machine.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/idmap.h"
#include "doc/doc.h"
#include "engine/due.h"
#include "engine/event.h"
#include "engine/frame.h"
#include "engine/run.h"
#include "expr/scope.h"

#define RUN_MAGIC 0x52554e21u

/* AWS's limits, in force with run_facts.aws_limits. */
#define LIMIT_PAYLOAD 262144
#define LIMIT_VARIABLES (10 << 20)

struct run {
	unsigned magic;
	struct machine *machine;
	struct run_facts facts; /* strings and input are ours */
	struct run_host host;
	struct expr_host expr_host;

	enum run_status status;
	int64_t stop_ms;
	struct payload output;
	char *error, *cause;
	int64_t last_event_id, last_ms; /* 0 = not started */
	int64_t timeout_due_ms;         /* of the machine; DUE_NEVER = none */

	struct frame_list frames; /* by id */
	int64_t next_frame_id;
	struct idmap by_id;
	struct frame_list ready;
	struct idmap tasks; /* open attempts: frames in phase TASK, by attempt id */
	size_t nbusy;       /* of these: something on our side works for them */
	struct due_heap due;

	int64_t ntransitions; /* since this object was made; counted, not kept in the journal */
	bool held;            /* run_is_held */

	/* the open record */
	struct buf events;
	int32_t nevents;
	size_t event_start;
	bool event_dropped;
	const char
	    *referring; /* the member of the open event that refers to another event; NULL = none */
	struct payload shown; /* the last that an event of the record shows; owned */
	bool changed;         /* something that is not in a frame */
	int64_t stored_next_frame_id;
	struct frame_list dirty;
	int64_t *gone; /* ids of frames that a record holds and that are no more */
	size_t ngone, gone_cap;

	/* the move under way */
	int64_t now_ms;
	char now_text[1 + I64_CHARS]; /* ",MS" */
	size_t now_text_len;
	struct expr_random random;
	struct effects *fx;
	bool history_full;
	int64_t enter_until;      /* ntransitions at which no more states may be entered */
	int64_t fuel;             /* steps that this move may still make */
	int64_t lua_steps;        /* that Lua code may still take in this step of a frame */
	const char *failed_field; /* whose expression failed last; of the machine */

	/* caches: the parts of the Context Object that never change */
	struct doc context_execution, context_machine;
};

/* --- frames (frame.c) ------------------------------------------------------- */

/* A new frame in phase ENTER at the container's start, ready. Takes input and vars. */
struct frame *frame_new(struct run *r, struct frame *parent, uint32_t index,
    const struct container *c, int64_t cursor, struct payload input, struct doc vars);
/* Links a frame that has id and parent; the same for new and loaded ones. */
void frame_link(struct run *r, struct frame *f);
/* The opposite; the frame is still there. */
void frame_unlink(struct run *r, struct frame *f);
/* Forgets the frame and everything below it. */
void frame_remove(struct run *r, struct frame *f);
void frame_remove_children(struct run *r, struct frame *f);
/* To be called with every change. */
void frame_touch(struct run *r, struct frame *f);
/* The only writer of f->phase: moves the frame between the queue, the heap and the table of tasks. */
void frame_set_phase(struct run *r, struct frame *f, enum frame_phase to);
/* Phase TIMER or RETRY until due_ms. */
void frame_wait_until(struct run *r, struct frame *f, enum frame_phase phase, int64_t due_ms);
/* After a change of the attempt's due times. */
void frame_rearm(struct run *r, struct frame *f);
/* Takes response, see struct attempt. */
void frame_set_submitted(struct run *r, struct frame *f, struct payload response);
/* Ends the attempt, if there is one (phase STOPPED then). cancel: it is over without its answer. */
void frame_close_attempt(struct run *r, struct frame *f, bool cancel);
void frame_drop_fan(struct run *r, struct frame *f);
/* Sets v on top of *vars (DOC_NONE = empty): the members of assigned replace or are added. */
void vars_assign(struct doc *vars, struct doc assigned);
/* About how many bytes the variables are after that. */
size_t vars_size_with(struct doc vars, struct doc assigned);

/* As run_due_ms, but of timers alone: no frame is ready. */
int64_t run_timer_ms(const struct run *r);
void run_effect(struct run *r, enum effect_kind kind, int64_t task_id);
/* EFFECT_CANCEL, because somebody who has the token gave the answer. */
void run_effect_answered(struct run *r, int64_t task_id);
/* EFFECT_FAILED, when somebody wants it. Copies. */
void run_effect_failed(struct run *r, const struct failed_state *failed);

/* --- how a state ends (leave.c, retry.c) ---------------------------------------- */

/* A failure on its way to a Retrier, a Catcher or the end. */
struct failure {
	char *error, *cause; /* NULL = none */
	bool heartbeat;      /* States.HeartbeatTimeout matches as well */
	bool inside;         /* it comes out of a branch or iteration of the state */
	bool logged;         /* ...StateFailed is written */
	bool terminal;       /* neither retried nor caught, whatever its name */
};
/* Copies; cuts what is longer than AWS takes. */
void failure_init(struct failure *x, const char *error, const char *cause);
/* States.DataLimitExceeded: what returned too much. */
void failure_init_limit(struct failure *x, const char *what);
void failure_fini(struct failure *x);
/* States.Runtime, or terminal: neither retried nor caught. */
bool failure_is_fatal(const struct failure *x);
/* States.QueryEvaluationError. */
bool failure_is_evaluation(const struct failure *x);

/*
 * The state is left: ...StateExited with output, variables, the next state (NULL: the
 * frame ends). Takes output and assigned (DOC_NONE = nothing).
 */
void frame_exit(struct run *r, struct frame *f, struct doc output, struct doc assigned,
    const struct state *next);
/* The same, but a failure when the output or the variables are larger than AWS takes. */
void frame_leave(struct run *r, struct frame *f, struct doc output, struct doc assigned,
    const struct state *next);
/* The output half of a state that has a result, then frame_exit or frame_fail. Borrows result. */
void frame_finish(struct run *r, struct frame *f, struct doc result);
/* The state failed; f->cursor is the event that says so. Takes x. */
void frame_fail(struct run *r, struct frame *f, struct failure *x);
/* The same for an error of the interpreter: the cause gets the state's name in front. Empties e. */
void frame_fail_err(struct run *r, struct frame *f, struct err *e);
/*
 * The same for States.DataLimitExceeded of what a state takes in or gives on, which is
 * terminal; that of a task's result is not.
 */
void frame_fail_limit(struct run *r, struct frame *f, const char *what);
/*
 * True when d is larger than AWS takes, its limits being on, or than we do; or so deep
 * that nobody could read it again.
 */
bool run_over_limit(const struct run *r, struct doc d);

/* The next attempt is scheduled (true), or no Retrier wants it (false). */
bool retry_schedule(struct run *r, struct frame *f, const struct failure *x);
/* The Catcher that takes x; NULL = none. */
const struct catcher *catch_find(const struct frame *f, const struct failure *x);
/* {"Error":..,"Cause":..} as Catchers see it; owned. */
struct doc failure_output(const struct failure *x);

/* The run ends. Borrows. */
void run_close(struct run *r, enum run_status status, const char *error, const char *cause,
    int64_t previous);
void run_succeed(struct run *r, struct frame *top, struct payload output);

/* --- state types ---------------------------------------------------------------- */

void st_pass_work(struct run *r, struct frame *f);
void st_choice_work(struct run *r, struct frame *f);
void st_wait_work(struct run *r, struct frame *f);
void st_succeed_work(struct run *r, struct frame *f);
void st_fail_work(struct run *r, struct frame *f);
void st_task_work(struct run *r, struct frame *f);
void st_parallel_work(struct run *r, struct frame *f);
void st_map_work(struct run *r, struct frame *f);

void st_wait_fired(struct run *r, struct frame *f);
void st_task_start(struct run *r, struct frame *f);
void st_task_answered(struct run *r, struct frame *f, const struct stimulus *s);
void st_task_failed(struct run *r, struct frame *f, const struct stimulus *s);
void st_task_due(struct run *r, struct frame *f);
void st_task_picked_up(struct run *r, struct frame *f, const struct stimulus *s);
void st_task_submitted(struct run *r, struct frame *f, const struct stimulus *s);
/* The worker of f's attempt, if there is one, was heard at ms. */
void st_task_heard(struct frame *f, int64_t ms);
/* Sets the heartbeat clock on when the worker was heard since it was set. True when it was. */
bool st_task_beat(struct run *r, struct frame *f);

/* A branch or iteration ended. Takes output. */
void st_child_ended(struct run *r, struct frame *child, struct payload output);
void st_map_child_ended(struct run *r, struct frame *child);
/* Phase JOIN: all of them have. */
void st_join(struct run *r, struct frame *f);
struct fan *fan_new(struct doc items, uint32_t n, uint32_t limit, int64_t started_event_id);
void fan_set_result(struct fan *fan, uint32_t index, struct doc result_take, int64_t event);
/* The item of a frame that is a Map iteration; borrowed. */
struct doc map_item(struct frame *iteration);

#endif
