/*
 * limit_units - how many tasks of a limit this node may have: its part of what all nodes share.
 *
 * A limit of N tasks is cut into N units, or 64 at most; each is held by one node at a time (store/unit.h).
 * A node takes units when tasks wait and keeps them, so that it asks nobody while it has all the work. Who
 * wants some and gets none hints so to the others; they give up those that they do not need, and else as many as
 * make the two equal, as their tasks end. A node with none gets one even from who has but one: they
 * take turns. Hints may be lost, so who waits asks again within a second.
 */
#ifndef PAWL_TASK_LIMIT_UNITS_H
#define PAWL_TASK_LIMIT_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "store/store.h"

#define LIMIT_UNITS_MAX 64
#define LIMIT_WANTERS_MAX 16

/* Another node that waits for units. */
struct wanter {
	int32_t node;
	int64_t until_ms; /* monotonic: it would have said so again by then */
};

struct limit_units {
	const char *name; /* of the limit; borrowed */
	struct loop_timer timer;
	int64_t size; /* tasks of all units together */
	unsigned n;   /* units; 0 = nothing is shared */
	enum { UNIT_FREE, UNIT_ASKED, UNIT_OURS } unit[LIMIT_UNITS_MAX];
	unsigned nours, nasked;
	int64_t capacity;    /* tasks of those that are ours */
	int64_t away;        /* tasks that went to other nodes: so much is to be given up at once */
	unsigned owed;       /* units that are to be given up as tasks end */
	int64_t owed_at_ms;  /* monotonic: not before */
	int64_t pause_ms;    /* monotonic: until then others take first */
	int64_t retry_ms;    /* how long to the next try */
	int64_t retry_at_ms; /* monotonic */
	bool denied;         /* some of those that were asked for are another's */
	bool want_due;       /* the others are to hear that we want some */
	struct wanter wanters[LIMIT_WANTERS_MAX]; /* who has waited longest is first */
	unsigned nwanters;
};

/* touch(arg): something may have changed; limit_units_balance is to be called. */
void limit_units_init(struct limit_units *u, struct loop *l, const char *name, loop_cb *touch,
    void *arg);
void limit_units_fini(struct limit_units *u);
/* The limit is of size tasks; 0 = of any number. Units are given up when it is another one. */
void limit_units_resize(struct limit_units *u, struct store *s, int64_t size);
/* How many tasks may have permits now. */
int64_t limit_units_room(const struct limit_units *u);
/* Takes or gives up units, as used tasks that have permits and waiting ones need it. */
void limit_units_balance(struct limit_units *u, struct store *s, int64_t used, int64_t waiting);
/* True when what is used was asked for, and is answered. */
bool limit_units_settled(const struct limit_units *u, int64_t used);
/* True when the key was one of its units. */
bool limit_units_taken(struct limit_units *u, struct store *s, int64_t key, bool got);
void limit_units_lost(struct limit_units *u);
/* Another node wants units, and has nours. spare: tasks that this node could have, and has no use for. */
void limit_units_wanted(struct limit_units *u, int32_t node, unsigned nours, int64_t spare);
/* Some were given up for that node; ours: it is this one. */
void limit_units_given(struct limit_units *u, int32_t node, bool ours);

#endif
