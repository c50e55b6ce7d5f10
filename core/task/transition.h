/*
 * transition - how fast executions enter states: the bucket StateTransition of the option throttle.
 *
 * A move may enter as many states as there are tokens. A run that may not enter its next one is held (run_is_held) and
 * waits in a lane, first come, first served; it is never failed. What else happens to it, answers, time-outs, a
 * stop, happens meanwhile. There is one lane, or one for each machine. Retries take a token too and do not wait for
 * it: those that come after them do.
 */
#ifndef PAWL_TASK_TRANSITION_H
#define PAWL_TASK_TRANSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bucket.h"

struct engine;
struct resident;
struct transitions;

struct transition_rule {
	struct bucket_rule bucket; /* size 0: nobody waits */
	bool by_machine;
};

/* From now on; the buckets are full. */
void engine_set_transitions(struct engine *g, const struct transition_rule *r);

struct transitions *transitions_new(struct engine *g);
void transitions_free(struct transitions *t);

/* How many states r may enter in the move that it is about to make. False: any number. */
bool transition_grant(struct resident *r, int64_t *n);
/* It was granted some, and entered so many. */
void transition_spend(struct resident *r, int64_t n);
/* It is held and can move: it gets a turn. False: it need not wait. */
bool transition_wait(struct resident *r);
/* It waits for no turn any more. */
void transition_leave(struct resident *r);

#endif
