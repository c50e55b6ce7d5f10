/*
 * line - the commits that wait for a writer; state machines take turns.
 */
#include "store/line.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Of each commit, beside its bytes: rows have to be found and indexes kept. */
#define COMMIT_COST 512

/* A machine that has something in line. */
struct turn {
	TAILQ_ENTRY(turn) link;
	uint64_t key;
	struct commit_list commits;
	int64_t credit; /* bytes that it may still have in this turn; less than 0: it had more */
};

void
line_init(struct line *l)
{
	*l = (struct line){ .n = 0 };
	TAILQ_INIT(&l->by_time);
	TAILQ_INIT(&l->turns);
}

void
line_fini(struct line *l)
{
	idmap_fini(&l->by_machine);
}

/* The second half of the id is random; 0 is no key. */
static uint64_t
key_of(const struct uuid *machine_id)
{
	uint64_t key;

	memcpy(&key, machine_id->b + 8, sizeof key);
	return key | 1;
}

static void
turn_end(struct line *l, struct turn *t)
{
	TAILQ_REMOVE(&l->turns, t, link);
	idmap_take(&l->by_machine, t->key);
	free(t);
}

void
line_add(struct line *l, struct commit *c)
{
	uint64_t key = key_of(&c->machine_id);
	struct turn *t = idmap_get(&l->by_machine, key);

	if (t == NULL) {
		t = xcalloc(1, sizeof *t);
		t->key = key;
		t->credit = LINE_QUANTUM;
		TAILQ_INIT(&t->commits);
		idmap_put(&l->by_machine, key, t);
		TAILQ_INSERT_TAIL(&l->turns, t, link);
	}
	TAILQ_INSERT_TAIL(&t->commits, c, turn_link_);
	TAILQ_INSERT_TAIL(&l->by_time, c, link_);
	l->n++;
}

/* Whose turn it is. */
static struct turn *
turn_next(struct line *l)
{
	struct turn *t = TAILQ_FIRST(&l->turns);

	if (t != NULL && TAILQ_NEXT(t, link) == NULL)
		t->credit = LINE_QUANTUM; /* nobody else wants anything */
	while (t != NULL && t->credit <= 0) {
		t->credit += LINE_QUANTUM;
		TAILQ_REMOVE(&l->turns, t, link);
		TAILQ_INSERT_TAIL(&l->turns, t, link);
		t = TAILQ_FIRST(&l->turns);
	}
	return t;
}

struct commit *
line_take(struct line *l)
{
	struct turn *t = turn_next(l);
	struct commit *c;

	if (t == NULL)
		return NULL;
	c = TAILQ_FIRST(&t->commits);
	TAILQ_REMOVE(&t->commits, c, turn_link_);
	TAILQ_REMOVE(&l->by_time, c, link_);
	l->n--;
	l->last = t;
	if (TAILQ_EMPTY(&t->commits)) {
		turn_end(l, t);
		l->last = NULL;
	}
	return c;
}

void
line_charge(struct line *l, size_t bytes)
{
	if (l->last != NULL)
		l->last->credit -= COMMIT_COST + (int64_t)bytes;
}

void
line_take_all(struct line *l, struct commit_list *out)
{
	struct turn *t, *next;

	for (t = TAILQ_FIRST(&l->turns); t != NULL; t = next) {
		next = TAILQ_NEXT(t, link);
		turn_end(l, t);
	}
	TAILQ_CONCAT(out, &l->by_time, link_);
	l->n = 0;
	l->last = NULL;
}

struct commit *
line_oldest(const struct line *l)
{
	return TAILQ_FIRST(&l->by_time);
}
