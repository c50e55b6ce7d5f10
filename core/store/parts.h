/*
 * parts - what a store is made of: writers, the reads pool, the catalogue.
 *
 * Inside the layer only; others see store.h, commit.h, read.h, catalogue.h.
 */
#ifndef PAWL_STORE_PARTS_H
#define PAWL_STORE_PARTS_H

#include "store/catalogue.h"
#include "store/commit.h"
#include "store/line.h"
#include "store/param.h"
#include "store/pg.h"
#include "store/read.h"
#include "store/store.h"

#define STORE_WRITERS_MAX 16

struct writer;
struct members;
struct pool;
struct catalogue;
struct signals;
struct units;
struct places;

struct store {
	struct loop *loop;
	struct store_events events;
	char *conninfo, *node_name, *node_address, *application_name;
	int batch_max;
	struct writer *writers[STORE_WRITERS_MAX];
	int nwriters;
	struct writer *owner[STORE_SHARDS]; /* who holds the shard's lock; NULL = nobody of ours */
	int nowned, quota;                  /* quota 0 = the nodes are not known yet */
	bool
	    leaving[STORE_SHARDS]; /* to be given to another node when nothing of it is under way */
	bool counted[STORE_SHARDS]; /* of those that are ours; see unit.h */
	int32_t next_shard;         /* where store_pick_shard goes on */
	struct members *members;
	struct units *units;
	struct pool *pool;
	struct catalogue *catalogue;
	struct signals *signals;
	struct places *places;
	struct commit_list orphans; /* commits that no writer of ours may write */
	struct loop_timer orphan_timer;
};

/* --- member.c: how many nodes there are ---------------------------------------- */

struct members *members_new(struct store *s);
void members_free(struct members *m);
/* Writer 0 is connected: it says to the others that we live. */
void members_up(struct members *m, struct pg *pg);
void members_down(struct members *m);
/* So many shards are ours; looking for free ones begins at first. */
void store_set_quota(struct store *s, int quota, int32_t first);

/* --- unit.c: what is shared by the nodes ------------------------------------------ */

struct units *units_new(struct store *s);
void units_free(struct units *u);
void units_up(struct units *u, struct pg *pg);
void units_down(struct units *u);

/* --- writer.c: one connection that owns shards and writes batches ------------- */

/* Owns those of the shards with shard % of == index. */
struct writer *writer_new(struct store *s, int index, int of);
/* Commits that are under way get done(COMMIT_LOST). */
void writer_free(struct writer *w);
void writer_hurry(struct writer *w);
void writer_queue(struct writer *w, struct commit *c);
unsigned writer_pending(const struct writer *w);
/* store_confirm() for a shard of this one, or for one of nobody (w NULL). */
void writer_confirm(struct store *s, struct writer *w, store_confirmed_cb *cb, void *arg);
/* When the commit was queued that has waited longest, monotonic; INT64_MAX = there is none. */
int64_t writer_oldest_us(const struct writer *w);
/* How many shards it is to own: claims some, or gives some back when they are quiet. */
void writer_set_quota(struct writer *w, int quota, int32_t first);

/* Says that those of its shards are counted of which it was not said yet. */
void writer_count_shards(struct writer *w);

/* Told by a writer: these change who owns what, and tell the owner of the store. */
void store_shard_claimed(struct store *s, struct writer *w, int32_t shard);
/* These are not ours any more; their locks are still to be given back. */
void store_shards_given(struct store *s, const struct shard_set *set);
/* All shards of w, after done(COMMIT_LOST) of every commit in lost. */
void store_writer_lost(struct store *s, struct writer *w, struct commit_list *lost);
void store_tell_up(const struct store *s);
/* One connection is up: the others need not wait for their next attempt. */
void store_hurry(struct store *s);
/* done(r), with c out of all lists. */
void commit_finish(struct commit *c, enum commit_result r);

/* --- pool.c: connections that read ---------------------------------------------- */

struct pool *pool_new(struct store *s, int nreaders);
/* Requests that are open are answered with ServiceUnavailable. */
void pool_free(struct pool *p);
bool pool_is_up(const struct pool *p);
void pool_hurry(struct pool *p);

struct pool_question;
/* The answer, once, on a later turn. r NULL: e says why (ServiceUnavailable). */
typedef void pool_answer_cb(struct store *s, const struct pool_question *q, const PGresult *r,
    const struct err *e);
struct pool_question {
	enum query query;
	pool_answer_cb *answer;
	/* what answer gets back */
	uint64_t ticket;
	void (*cb)(void); /* the asker's callback, of a type that answer knows */
	void *context;
	int limit;
};
/* Copies q, takes the contents of params (which is empty afterwards). */
void pool_ask(struct pool *p, const struct pool_question *q, struct params *params);

/* --- catalogue.c ------------------------------------------------------------------ */

struct catalogue *catalogue_new(struct store *s);
void catalogue_free(struct catalogue *c);
void catalogue_hurry(struct catalogue *c);

/* --- signal.c: hears what applications ask for by SQL ---------------------------------- */

struct signals *signals_new(struct store *s);
void signals_free(struct signals *g);
void signals_hurry(struct signals *g);

/* --- place.c: starts of which only so many may be ----------------------------------------- */

struct places *places_new(struct store *s);
void places_free(struct places *p);
void places_hurry(struct places *p);

#endif
