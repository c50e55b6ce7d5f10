/*
 * nested - executions that tasks of other executions start, and wait for
 * (arn:aws:states:::states:startExecution in all its patterns).
 *
 * Internal to the engine. A task that starts an execution has a struct nested as long as
 * its run is in memory and something is to be done or awaited. None of that is durable; what is:
 * the parent's journal (the task is open, it is submitted), and the link in the child's row
 * (struct parent_link), which is written with the child's first record and says for ever whose
 * child it is. nested_adopt puts the two together when the parent is loaded.
 *
 *	MACHINE -> START ----------------------------> WAIT -> (the child's end)
 *	   ^          +-> NAME --(it is our child)-----^
 *	   |                +-> WATCH  somebody else started what .sync is to wait for
 *	   +- LATER <-- (PostgreSQL is away)
 */
#ifndef PAWL_TASK_NESTED_H
#define PAWL_TASK_NESTED_H

#include "task/resident.h"

/* The task's attempt is dispatched, or again after a load. */
void nested_dispatch(struct resident *r, const struct run_task *t);
/*
 * The attempt is over without an answer of ours: it is given up, and a child that it waits for is stopped, or
 * somebody answered it with its token, then the child goes on. False: it is not of ours.
 */
bool nested_cancel(struct resident *r, int64_t task_id, bool answered);
/* The run leaves memory; its children do not mind. */
void nested_drop_all(struct resident *r);
/* True while more is to be done than to wait for a child: the run has to stay in memory. */
bool nested_watches(const struct resident *r);

/* To be asked about its children with these tasks when it is loaded; false = it cannot have any. */
bool nested_to_adopt(const struct resident *r);
/* Its children, as read_children found them. Before its tasks are taken up again. */
void nested_adopt(struct resident *r, const struct execution_row *children, size_t n);
/* The attempt goes on with the child that was adopted; false: there is none. */
bool nested_resume(struct resident *r, int64_t task_id);
/* It was loaded for the first time since its shard was claimed: does its parent still wait for it? */
void nested_check_parent(struct resident *r);
/* Its end is durable: the parent that waits for it hears. */
void nested_child_ended(struct resident *child);

/* What is under way that is worth waiting for before the process ends. */
bool nested_is_idle(const struct engine *g);
/* After the residents are gone. */
void nested_free_all(struct engine *g);

#endif
