/*
 * answer - what somebody who has a task's token says about the task.
 *
 * The token names the execution, so its run is asked, and nothing else. Only when there
 * is no such run here is the database asked, whether there ever was.
 */
#include "task/resident.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/stat.h"
#include "base/xalloc.h"

/* Answers whose execution is looked up: ticket -> struct reply. */
static struct idmap answer_lookups;
static uint64_t answer_next_ticket;

static void
answer_timed_out(struct err *e)
{
	stat_add(STAT_token_answers_late, 1);
	err_set(e, "TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
}

/* Somebody who is to hear that the task is over. */
struct closing {
	engine_answered_cb *answered;
	uint64_t ticket;
};

static void
closing_confirmed(void *arg, bool ours)
{
	struct closing *c = arg;
	struct err e = ERR_INIT;

	if (ours)
		answer_timed_out(&e);
	else
		err_set(&e, "ServiceUnavailable", "%s", ENGINE_NOT_HERE);
	c->answered(c->ticket, &e);
	err_fini(&e);
	free(c);
}

/* That a task is over is not written down: only who still has the shard may say so. */
void
answer_tell(const struct reply *p, const struct err *e)
{
	struct closing *c;

	if (e == NULL ||
	    (strcmp(e->name, "ExecutionClosed") != 0 && strcmp(e->name, "TaskTimedOut") != 0)) {
		p->answered(p->ticket, e);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->answered = p->answered;
	c->ticket = p->ticket;
	store_confirm(p->engine->store, p->shard, closing_confirmed, c);
}

static void
answer_got_row(uint64_t ticket, const struct execution_row *row, const struct err *e)
{
	struct reply *p = idmap_take(&answer_lookups, ticket);
	struct err why = ERR_INIT;

	assert(p != NULL);
	if (e != NULL)
		err_copy(&why, e);
	else if (row == NULL)
		err_set(&why, "TaskDoesNotExist", "Task does not exist");
	else if (row->stop_ms == 0)
		err_set(&why, "ServiceUnavailable", "%s", ENGINE_NOT_HERE);
	else
		err_set(&why, "ExecutionClosed", "The execution has ended: %s", row->status);
	reply_send(p, NULL, false, &why);
	err_fini(&why);
}

static void
answer_look_up(struct engine *g, const struct task_ref *t, struct reply *p)
{
	uint64_t ticket = ++answer_next_ticket;

	idmap_put(&answer_lookups, ticket, p);
	read_execution_by_id(g->store, t->shard, &t->execution, ticket, answer_got_row);
}

static struct stimulus
answer_stimulus(const struct task_ref *t, const struct task_answer *a)
{
	static const enum stimulus_kind kinds[] = {
		[TASK_SUCCEEDED] = STIMULUS_TASK_SUCCEEDED,
		[TASK_FAILED] = STIMULUS_TASK_FAILED,
		[TASK_HEARTBEAT] = STIMULUS_TASK_HEARTBEAT,
	};

	return (struct stimulus){ .kind = kinds[a->kind],
		.task_id = t->task_id,
		.output = a->output,
		.error = a->error,
		.cause = a->cause,
		.by_token = true };
}

void
engine_answer_task(struct engine *g, const struct task_ref *t, const struct task_answer *a,
    uint64_t ticket, engine_answered_cb *cb)
{
	struct stimulus s = answer_stimulus(t, a);
	struct slot *slot = slots_find(&g->slots, &t->execution);
	struct reply *reply = reply_new(ticket);

	reply->kind = REPLY_ANSWERED;
	reply->answered = cb;
	reply->engine = g;
	reply->shard = t->shard;
	(void)FAILPOINT(task_signalled);
	if (slot != NULL) {
		if (!engine_is_full(g, reply))
			resident_deliver(engine_resident(g, slot), &s, reply);
	} else if (engine_serves(g, t->shard)) {
		answer_look_up(g, t, reply);
	} else {
		engine_refuse(g, reply, "ServiceUnavailable", ENGINE_NOT_HERE);
	}
}
