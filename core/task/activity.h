/*
 * activity - the tasks that wait for a worker, and the workers that wait for a task.
 *
 * Inside the engine. An offer is an activity task that no worker has; it belongs to the slot of
 * its execution, which may be asleep. A poll is a worker's call that waits:
 *
 *	offer: QUEUED -> HANDING (its run writes ActivityStarted) -> handed, gone
 *	         ^          |
 *	         +----------+  the poll's client is gone, or PostgreSQL
 *
 * Offers of an activity are handed out in the order in which their states were entered, from one
 * queue for all executions of this node. An offer that was started and not handed
 * keeps its place, and the next poll gets the same token without a second ActivityStarted.
 */
#ifndef PAWL_TASK_ACTIVITY_H
#define PAWL_TASK_ACTIVITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/run.h"

struct activities; /* all of an engine; opaque */
struct engine;
struct resident;
struct slot;

struct activities *activities_new(struct engine *g);
/* Polls get an answer without a task; there are no offers any more. */
void activities_free(struct activities *all);

/* Whether the activity exists: 1, 0, or -1 and the database is being asked. */
int activity_exists(struct engine *g, const char *arn);
/* Other nodes changed the catalogue, or we cannot know. */
void activities_changed(struct engine *g);

/* The open task t of r waits for a worker; it is not offered yet. */
void activity_offer(struct resident *r, const struct run_task *t);
/* The task is over; not offered is fine. */
void activity_drop(struct slot *s, int64_t task_id);
void activity_drop_all(struct slot *s);

/* Appends the offers of a slot as JSON values, each with a comma behind it, for its sleep. */
void activity_print_offers(const struct slot *s, struct buf *out);
/* The opposite, after a claim. */
void activity_load_offers(struct engine *g, struct slot *s, const char *text, size_t len);

/* The answer of the run to the stimulus that hands a task out; r may be NULL with an e. */
void activity_answered(struct engine *g, uint64_t ticket, struct resident *r, const struct err *e);

/* The same for one that is to be offered once more, after a heartbeat that says whether it is open. */
void activity_taken_back(int64_t task_id, struct resident *r, const struct err *e);

#endif
