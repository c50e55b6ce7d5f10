/*
 * member - the nodes of this database, as far as this one has to know: how many there are,
 * and which of them it is.
 *
 * A node lives while a session holds the advisory lock of its number; writer 0 of each node does. So
 * the server decides who is alive, with the same connection that decides who may write, and no clock is
 * compared with another. Everybody reads the same list and gives each node its equal share of the shards.
 */
#include "store/member.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/parts.h"

#define MEMBERS_LOOK_MS 1000
/* At first oftener: who comes back after a crash may still see the session of its former self. */
#define MEMBERS_FIRST_MS 100
#define MEMBERS_FIRST_LOOKS 20
#define MEMBERS_TELL_MS 5000

struct member {
	int32_t number;
	char *address;
};

struct members {
	struct store *store;
	struct pg *pg; /* of writer 0; NULL while that is down */
	struct loop_timer timer;
	int32_t number; /* ours on this connection; -1 = not known yet */
	int nlooks;     /* on this connection */
	int n, rank;    /* how many nodes, and our place among them from 0; n 0 = not known yet */
	struct member *list;
	int64_t told_ms;
	struct params params;
};

static void
members_forget(struct members *m)
{
	for (int i = 0; i < m->n; i++)
		free(m->list[i].address);
	free(m->list);
	m->list = NULL;
}

static void
members_keep(struct members *m, const PGresult *r)
{
	const char *address;

	members_forget(m);
	m->list = xcalloc((size_t)PQntuples(r) + 1, sizeof *m->list);
	for (int i = 0; i < PQntuples(r); i++) {
		address = result_text(r, i, 1, NULL);
		m->list[i].number = result_i32(r, i, 0);
		m->list[i].address = xstrdup(address != NULL ? address : "");
	}
}

static void
members_share(struct members *m, int n, int rank)
{
	int quota = STORE_SHARDS / n + (rank < STORE_SHARDS % n);

	if (n != m->n || rank != m->rank)
		log_info("store: node %d of %d: %d of the %d shards are this one's", rank + 1, n,
		    quota, STORE_SHARDS);
	m->n = n;
	m->rank = rank;
	store_set_quota(m->store, quota, rank * STORE_SHARDS / n);
}

static void
members_listed(void *arg, const PGresult *r)
{
	struct members *m = arg;
	int rank = -1, n;
	char line[512];

	if (r == NULL)
		return;
	if (!pg_rows(r)) {
		pg_fail(m->pg, pg_message(r, line, sizeof line));
		return;
	}
	n = PQntuples(r);
	for (int i = 0; i < n; i++)
		if (result_i32(r, i, 0) == m->number)
			rank = i;
	if (rank < 0) {
		pg_fail(m->pg, "the lock of this node is gone");
		return;
	}
	members_keep(m, r); /* while n is still the old one */
	members_share(m, n, rank);
	/* from the answer on: it may come late, behind a batch that takes its time */
	loop_timer_set(&m->timer,
	    m->nlooks++ < MEMBERS_FIRST_LOOKS ? MEMBERS_FIRST_MS : MEMBERS_LOOK_MS);
}

static void
members_look(struct members *m)
{
	pg_query(m->pg, QUERY_node_list, NULL, members_listed, m);
	pg_sync(m->pg, NULL, NULL);
}

static void
members_told(void *arg, const PGresult *r)
{
	char line[512];

	(void)arg;
	if (r != NULL && !pg_done(r))
		log_warn("store: the table of nodes does not say how this one does: %s",
		    pg_message(r, line, sizeof line));
}

static void
members_tell(struct members *m)
{
	struct node_load load = { 0 };

	if (m->store->events.load == NULL)
		return;
	m->store->events.load(m->store->events.arg, &load);
	m->told_ms = clock_mono_ms();
	params_reset(&m->params);
	params_str(&m->params, m->store->node_name);
	params_i64(&m->params, clock_wall_ms());
	params_i64(&m->params, load.open);
	params_i64(&m->params, load.sleeping);
	params_i64(&m->params, load.transitions_per_ks);
	params_i64(&m->params, load.cpu_permille);
	params_i64(&m->params, load.lag_ms);
	pg_query(m->pg, QUERY_node_tell, &m->params, members_told, m);
	pg_sync(m->pg, NULL, NULL);
}

static void
members_timer(void *arg)
{
	struct members *m = arg;

	if (m->pg == NULL)
		return;
	if (clock_mono_ms() - m->told_ms >= MEMBERS_TELL_MS)
		members_tell(m);
	members_look(m);
}

static void
members_joined(void *arg, const PGresult *r)
{
	struct members *m = arg;
	char line[512];

	if (r == NULL)
		return;
	if (!pg_rows(r) || PQntuples(r) != 1) {
		pg_fail(m->pg, pg_message(r, line, sizeof line));
		return;
	}
	if (!result_bool(r, 0, 1)) {
		pg_fail(m->pg, "another session holds the lock of this node's number");
		return;
	}
	m->number = result_i32(r, 0, 0);
	members_look(m);
}

void
members_up(struct members *m, struct pg *pg)
{
	m->pg = pg;
	m->number = -1;
	m->nlooks = 0;
	m->told_ms = clock_mono_ms() - MEMBERS_TELL_MS;
	params_reset(&m->params);
	params_str(&m->params, m->store->node_name);
	params_str(&m->params, m->store->node_address);
	params_i64(&m->params, clock_wall_ms());
	pg_query(pg, QUERY_node_join, &m->params, members_joined, m);
	pg_sync(pg, NULL, NULL);
}

void
members_down(struct members *m)
{
	m->pg = NULL;
	loop_timer_cancel(&m->timer);
}

struct members *
members_new(struct store *s)
{
	struct members *m = xcalloc(1, sizeof *m);

	m->store = s;
	params_init(&m->params);
	loop_timer_init(s->loop, &m->timer, members_timer, m);
	return m;
}

static void
members_free_now(void *arg)
{
	struct members *m = arg;

	members_forget(m);
	params_fini(&m->params);
	loop_timer_fini(&m->timer);
	free(m);
}

void
members_free(struct members *m)
{
	members_down(m);
	loop_free_later(m->store->loop, m, members_free_now);
}

int
store_nodes(const struct store *s)
{
	return s->members->n;
}

int32_t
store_node_number(const struct store *s)
{
	return s->members->number;
}

const char *
store_node_address(const struct store *s, int32_t number)
{
	const struct members *m = s->members;

	for (int i = 0; i < m->n; i++)
		if (m->list[i].number == number && *m->list[i].address != '\0')
			return m->list[i].address;
	return NULL;
}

/* --- what others ask ------------------------------------------------------------ */

static void
answer_owner(struct store *s, const struct pool_question *q, const PGresult *r, const struct err *e)
{
	read_shard_owner_cb *cb = (read_shard_owner_cb *)q->cb;

	(void)s;
	cb(q->ticket, e == NULL && PQntuples(r) > 0 ? result_text(r, 0, 1, NULL) : NULL, e);
}

void
read_shard_owner(struct store *s, int32_t shard, uint64_t ticket, read_shard_owner_cb *cb)
{
	const struct pool_question q = { .query = QUERY_shard_owner,
		.answer = answer_owner,
		.ticket = ticket,
		.cb = (void (*)(void))cb };
	struct params p;

	params_init(&p);
	params_i16(&p, (int16_t)shard);
	pool_ask(s->pool, &q, &p);
}

static struct node_row
node_of(const PGresult *r, int i)
{
	return (struct node_row){ .name = result_text(r, i, 0, NULL),
		.address = result_text(r, i, 1, NULL),
		.connected_ms = result_i64(r, i, 2),
		.seen_ms = result_i64_or_zero(r, i, 3),
		.shards = result_i64(r, i, 4),
		.load = { .open = result_i64_or_zero(r, i, 5),
		    .sleeping = result_i64_or_zero(r, i, 6),
		    .transitions_per_ks = result_i64_or_zero(r, i, 7),
		    .cpu_permille = result_i64_or_zero(r, i, 8),
		    .lag_ms = result_i64_or_zero(r, i, 9) } };
}

static void
answer_nodes(struct store *s, const struct pool_question *q, const PGresult *r, const struct err *e)
{
	read_nodes_cb *cb = (read_nodes_cb *)q->cb;
	struct node_row *rows;
	int n;

	(void)s;
	if (e != NULL) {
		cb(q->ticket, NULL, 0, e);
		return;
	}
	n = PQntuples(r);
	rows = xcalloc((size_t)n + 1, sizeof *rows);
	for (int i = 0; i < n; i++)
		rows[i] = node_of(r, i);
	cb(q->ticket, rows, (size_t)n, NULL);
	free(rows);
}

void
read_nodes(struct store *s, uint64_t ticket, read_nodes_cb *cb)
{
	const struct pool_question q = { .query = QUERY_node_show,
		.answer = answer_nodes,
		.ticket = ticket,
		.cb = (void (*)(void))cb };
	struct params p;

	params_init(&p);
	pool_ask(s->pool, &q, &p);
}
