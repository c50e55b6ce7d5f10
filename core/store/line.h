/*
 * line - the commits that wait for a writer; state machines take turns.
 *
 * A machine goes on until it has had LINE_QUANTUM bytes, then it is the next one's turn; one whose record was larger
 * misses turns until it is even. So a machine that writes much makes another one's record wait for one batch and not for all of its own.
 * Within a machine the order is that of time.
 */
#ifndef PAWL_STORE_LINE_H
#define PAWL_STORE_LINE_H

#include "base/idmap.h"
#include "store/commit.h"

#define LINE_QUANTUM 16384

TAILQ_HEAD(commit_list, commit);
TAILQ_HEAD(turn_list, turn);

struct line {
	struct commit_list by_time;
	unsigned n;
	struct turn_list turns;
	struct idmap by_machine; /* of those that have something in line */
	struct turn *last;       /* whose commit was taken last; NULL = it has no more */
};

void line_init(struct line *l);
void line_fini(struct line *l); /* empty */
void line_add(struct line *l, struct commit *c);
/* The one whose turn it is, out of line; NULL = none. */
struct commit *line_take(struct line *l);
/* The one that was taken last had so many bytes. */
void line_charge(struct line *l, size_t bytes);
/* Moves all, by time, to the end of out. */
void line_take_all(struct line *l, struct commit_list *out);
/* The one that has waited longest; NULL = none. */
struct commit *line_oldest(const struct line *l);

#endif
