/*
 * throttle - token buckets for the actions of the API, as AWS has them: so many calls at once, so many a second.
 *
 * The option throttle says which actions have one; all others have none. An action's bucket is for all
 * calls of this process, or there is one for each state machine.
 */
#ifndef PAWL_API_THROTTLE_H
#define PAWL_API_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "task/transition.h"

struct throttle;

/* From the option's JSON. NULL and e with a sentence when something in it is wrong. The buckets are full. */
struct throttle *throttle_new(const char *json, struct err *e);
void throttle_free(struct throttle *t); /* NULL is fine */

/* Is there a bucket for each machine of this action? Then throttle_take wants to know which. */
bool throttle_by_machine(const struct throttle *t, const char *action);
/*
 * Takes a token. 0, or there is none: in how many seconds there will be one. machine: the name, for
 * actions with a bucket for each.
 */
int throttle_take(struct throttle *t, const char *action, const char *machine);
/* The bucket StateTransition, which is not for calls but for what executions do. */
struct transition_rule throttle_transitions(const struct throttle *t);

#endif
