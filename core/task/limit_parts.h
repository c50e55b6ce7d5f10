/*
 * limit_parts - what the limits of an engine are made of; for the limit*.c files only.
 *
 * A permit has a share for each of its limits. A share that waits stands in a line of its limit.
 */
#ifndef PAWL_TASK_LIMIT_PARTS_H
#define PAWL_TASK_LIMIT_PARTS_H

#include <sys/queue.h>

#include "base/idmap.h"
#include "base/loop.h"
#include "task/limit.h"
#include "task/limit_rule.h"
#include "task/limit_units.h"
#include "task/resident.h"

#define TOKEN_US 1000000 /* a whole token of a rate, in the parts that it is counted in */

/* A permit's part in one limit. */
struct share {
	TAILQ_ENTRY(share) link; /* of its line */
	struct permit *permit;
	struct limit *limit;
	struct line *line; /* NULL = it does not wait */
	bool named; /* by the definition; else the configuration says that it is under the limit */
};
TAILQ_HEAD(share_list, share);

struct permit {
	LIST_ENTRY(permit) link; /* of its slot; those that are held stand first */
	struct slot *slot;
	int64_t task_id, since_ms;
	uint64_t ticket; /* its run is being loaded; 0 = it is not */
	bool held, put_off;
	TAILQ_ENTRY(permit) put_off_link;
	char *machine;
	size_t n; /* at least one, once it is linked */
	struct share shares[];
};

/* The permits of a slot that has some; most have none, so a slot has no place for them. */
struct holder {
	LIST_HEAD(, permit) permits;
};

/* Those of one machine that wait for one limit. */
struct line {
	TAILQ_ENTRY(line) link;
	char *machine;
	struct share_list shares;
	bool unsorted; /* some came back from the journal: older than those before them */
};

struct limit {
	TAILQ_ENTRY(limit) link;
	STAILQ_ENTRY(limit) pump_link;
	struct limits *all;
	char *name;
	struct limit_rule rule; /* its texts are those of all->rules */
	bool declared;
	bool to_pump;
	bool waits; /* with the first of its line, for another limit */
	int64_t used, waiting, granted;
	int64_t tokens; /* in parts of TOKEN_US */
	int64_t filled_us;
	TAILQ_HEAD(, line) lines; /* whose turn it is stands first */
	struct loop_timer timer;  /* when the rate lets the next one go */
	struct limit_units units;
};

struct limits {
	struct engine *engine;
	struct limit_rules rules;
	TAILQ_HEAD(, limit) list; /* declared ones, and others that somebody waits for */
	size_t nbound;            /* that take tasks which do not name them */
	STAILQ_HEAD(, limit) to_pump;
	struct loop_timer pump_timer;
	TAILQ_HEAD(, permit) put_off; /* could not be used; they wait again when the timer comes */
	struct loop_timer again_timer;
	bool counted;          /* the shards that are ours, as the others were told */
	struct idmap starting; /* ticket -> struct permit */
	struct idmap holders;  /* address of a slot -> struct holder */
};

/* limit.c */
struct limit *limit_get(struct limits *all, const char *name); /* makes it, undeclared */
/* It may have room: it, and those that wait with somebody for another one, look again. */
void limit_touch(struct limit *l);

/* limit_room.c */
/* Not while it is not known what the open executions of our shards hold. */
bool limits_open(const struct limits *all);
/* The limit for which the permit cannot be given; NULL = it can. */
struct limit *permit_obstacle(const struct permit *p);
/* There is room in all its limits, and nobody waits there. */
bool permit_may_pass(const struct permit *p);
/* When it is its rate that lacks a token, its timer comes with the next one. */
void limit_await_token(struct limit *l);

/* limit_line.c */
void permit_queue(struct permit *p);   /* in all its limits */
void permit_unqueue(struct permit *p); /* wherever it waits */
/* Whose turn it is; NULL = nobody waits. */
struct permit *limit_next(struct limit *l);
/* The permit leaves its lines; the other machines are first, the next time. */
void permit_had_turn(struct permit *p);

/* limit_permit.c */
struct limits *permit_all(const struct permit *p); /* not before it has a share */
/* The first of its permits, the others behind it; NULL = it has none. */
struct permit *permits_of(const struct limits *all, const struct slot *s);
struct permit *permit_alloc(struct slot *slot, int64_t task_id, int64_t since_ms,
    const char *machine);
/* Before it is linked: it may move. */
struct permit *permit_add(struct permit *p, struct limit *l, bool named);
void permit_discard(struct permit *p); /* one that is not linked */
void permit_link(struct permit *p);
void permit_free(struct permit *p);
void permit_hold(struct permit *p); /* it counts, room or not */
/* The same for one that begins now. */
void permit_give(struct permit *p);
void permit_release(struct permit *p);
void permit_to_front(struct permit *p); /* of its slot's */

/* limit_turn.c */
void limits_pump(void *arg);  /* of pump_timer: gives what may be given */
void limits_again(void *arg); /* of again_timer: what was put off waits again */

#endif
