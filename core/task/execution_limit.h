/*
 * execution_limit - state machines of which only so many executions may run at the same time.
 *
 * Inside the engine. What runs is counted in the database (store/place.h), where a start gets its place or not; here is who
 * asks for one, and who looks after those that wait:
 *
 *	PLACING -> LIVE    its rows are there; from here on it is like one that was started by SQL
 *	        -> GONE    no room (ExecutionLimitExceeded), or the name is taken
 *
 * Only executions that were started by SQL wait. Nodes hear that some do, and admit them when one of a machine
 * with a limit has ended here, and once a second while some are left: so it matters to nobody which node does it.
 */
#ifndef PAWL_TASK_EXECUTION_LIMIT_H
#define PAWL_TASK_EXECUTION_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct execution_limits; /* of an engine; opaque */
struct resident;

struct execution_limits *execution_limits_new(struct engine *g);
void execution_limits_free(struct execution_limits *all);
/* The store is there. */
void execution_limits_attach(struct execution_limits *all);

/* How many of the machine's executions may run; 0 = any number. */
int64_t execution_limit_of(const struct engine *g, const char *machine_name);
/* Asks for a place for r, whose run is made and whose reply is among its replies. */
void execution_limit_place(struct resident *r, int64_t most);
/* r is discarded; without having asked is fine. */
void execution_limit_forget(struct resident *r);
/* Some execution waits for a place. */
void execution_limit_waits(struct engine *g);
/* r has ended: those that wait may go on. */
void execution_limit_ended(const struct resident *r);
/* Nobody is being placed. */
bool execution_limit_is_idle(const struct engine *g);

#endif
