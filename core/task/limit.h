/*
 * limit - the named limits of tasks: who has a permit, who waits for one.
 *
 * Inside the engine. A task that is under limits needs a permit, which counts in each of them, before it
 * is dispatched, and has it until its attempt is over. A permit belongs to the slot of its execution,
 * which may be asleep:
 *
 *	(none) -> HELD                          in the move, when there is room and nobody waits
 *	(none) -> WAITING -> HELD -> dispatch   after the commit; the run says ...Started when it is held
 *
 * Who waits stands in a line for each of his limits, one line for each machine. A limit that has room
 * looks at the first of the line whose turn it is; the machines take turns. He gets his permit when
 * all his limits have room; else the limit waits with him, so that nobody is passed by for ever.
 */
#ifndef PAWL_TASK_LIMIT_H
#define PAWL_TASK_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/run.h"

struct limits; /* all of an engine; opaque */
struct engine;
struct permit;
struct resident;
struct slot;

struct limits *limits_new(struct engine *g);
/* After all slots are gone. */
void limits_free(struct limits *all);
/* Something that may let tasks go on has happened (shards came, runs are loaded): all limits look again on the next turn. */
void limits_touch(struct limits *all);

/* A unit of one of them came, or not (store_events). */
void limit_unit_taken(struct limits *all, int64_t key, bool got);
void limit_units_all_lost(struct limits *all);

/* For run_host.permit: the permit is there, was made, or is not needed. */
bool limit_permit(struct engine *g, const struct run *r, const struct state *s, int64_t task_id);
/* True: the open task t of r waits for its permit; dispatch_permitted is called when it is there. */
bool limit_wait(struct resident *r, const struct run_task *t);
/* What is under way outside has a permit, whether there is room or not. */
void limit_hold(struct resident *r, const struct run_task *t);
/* The task is over; without a permit is fine. */
void limit_drop(struct engine *g, const struct slot *s, int64_t task_id);
void limit_drop_all(struct engine *g, const struct slot *s);

/* Appends the permits of a slot as JSON values, each with a comma behind it, for its sleep. */
void limit_print_permits(const struct engine *g, const struct slot *s, struct buf *out);
/* The opposite, after a claim. */
void limit_load_permits(struct engine *g, struct slot *s, const char *text, size_t len);

/* The answer of a run that was loaded because its permit is there; r may be NULL with an e. */
void limit_answered(struct engine *g, uint64_t ticket, struct resident *r, const struct err *e);

#endif
