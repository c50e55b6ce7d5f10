/*
 * fetch - tasks of activities that other nodes have, for the workers who wait here.
 *
 * A worker polls whichever node he likes; the tasks wait where their executions run. Nodes hint to each other
 * (store_hint) that they want tasks of an activity, or have some that nobody asks for; the node where the
 * worker waits then asks the other one for a task, as if it were that worker. When the worker
 * is gone before it came, the task is given back.
 */
#ifndef PAWL_API_FETCH_H
#define PAWL_API_FETCH_H

#include "api/call.h"

/* What the engine tells, for engine_set_neighbours; of the API a. */
struct engine_neighbours fetch_neighbours(struct api *a);
/* None is under way any more; the workers' calls are over. */
void fetch_end(struct api *a);
/* What store_events.hinted heard. */
void fetch_heard(struct api *a, const char *hint);
/* Another node gives a task back: the body of its request. */
void fetch_taken_back(struct api *a, const char *body, size_t len);

#endif
