/*
 * loader - runs from their journals: after a claim, a wake-up, a doubt.
 *
 * A load is three reads: the execution row, its machine's revision, the journal from
 * the latest snapshot; four for a run that may have started others. Answers find the resident by its ticket. At most LOADS_MAX are
 * under way, the others wait in line; waking.h says who comes into it.
 */
#include "task/nested.h"
#include "task/resident.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/names.h"
#include "base/xalloc.h"

#define LOADS_MAX 64
#define RETRY_MS 200
#define BROKEN_RETRY_MS 60000

/* Who waits for which answer; tickets of loads and claims share one space. */
struct claim {
	struct engine *engine;
	int32_t shard;
	uint64_t ticket;
	bool again; /* the shard is ours already: nobody waits for this */
	struct loop_timer retry;
};

static struct idmap loader_residents; /* ticket -> struct resident */
static struct idmap loader_claims;    /* ticket -> struct claim */
static uint64_t loader_next_ticket;

static void loader_pump(struct engine *g);

/* --- loads ---------------------------------------------------------------- */

void
loader_enqueue(struct resident *r)
{
	struct engine *g = r->engine;

	TAILQ_INSERT_TAIL(&g->to_load, r, load_link);
	loader_pump(g);
}

/* The load is over, one way or the other: the next in line may begin. */
static void
loader_end(struct resident *r)
{
	idmap_take(&loader_residents, r->ticket);
	r->ticket = 0;
	r->engine->loading--;
	loader_pump(r->engine);
}

void
loader_forget(struct resident *r)
{
	if (r->where != RES_LOADING) {
		if (r->ticket != 0)
			idmap_take(&loader_residents, r->ticket);
		r->ticket = 0;
	} else if (r->ticket != 0) {
		loader_end(r);
	} else {
		TAILQ_REMOVE(&r->engine->to_load, r, load_link);
	}
}

/* Cannot be loaded now: out of memory again, and another try at its time. */
static void
loader_later(struct resident *r, int64_t delay_ms)
{
	struct engine *g = r->engine;
	struct slot *slot = r->slot;

	loader_end(r);
	resident_refuse_inbox(r);
	dispatch_drop_all(r, false);
	engine_set_recovering(g, slot, false);
	slot->resident = NULL;
	r->slot = NULL;
	resident_set_where(r, RES_GONE);
	slots_set_due(&g->slots, slot, clock_wall_ms() + delay_ms);
	engine_rearm(g);
}

static void
loader_broken(struct resident *r, const char *what, const struct err *e)
{
	resident_log(r, LOG_LEVEL_ERROR, "cannot be loaded: %s: %s", what, err_cause(e));
	loader_later(r, BROKEN_RETRY_MS);
}

#define ARNS_FIRST 250 /* both, of names that are not long */

void
loader_facts(const struct resident *r, const char *name, struct run_facts *f, struct buf *arns)
{
	const struct engine *g = r->engine;
	const struct machine_entry *m = r->machine;
	const struct territory here = { .region = g->region, .account_id = g->account_id };
	size_t execution_at;

	buf_reserve(arns, ARNS_FIRST);
	resource_machine_arn(&here, m->name, arns);
	buf_addc(arns, '\0');
	execution_at = arns->len;
	resource_execution_arn(&here, m->name, name, arns);
	f->id = r->slot->id;
	f->shard = r->slot->shard;
	f->machine_arn = arns->data;
	f->execution_arn = arns->data + execution_at;
	f->execution_name = name;
	f->machine_name = m->name;
	f->role_arn = m->role_arn;
	f->region = g->region;
	f->aws_limits = g->aws_limits;
}

static void
loader_done(struct resident *r)
{
	loader_end(r);
	resident_loaded(r);
}

static void loader_read_children(struct resident *r);

static void
loader_got_children(uint64_t ticket, const struct execution_row *rows, size_t n, bool more,
    const struct err *e)
{
	struct resident *r = idmap_get(&loader_residents, ticket);

	(void)more;
	if (r == NULL)
		return;
	if (e != NULL) {
		loader_later(r, RETRY_MS);
	} else if (r->child_ended) {
		loader_read_children(r);
	} else {
		nested_adopt(r, rows, n);
		loader_done(r);
	}
}

struct task_ids {
	int64_t *list;
	size_t n;
};

static void
task_ids_add(void *arg, const struct run_task *t)
{
	struct task_ids *ids = arg;

	ids->list = xreallocarray(ids->list, ids->n + 1, sizeof(*ids->list));
	ids->list[ids->n++] = t->task_id;
}

static void
loader_read_children(struct resident *r)
{
	struct task_ids ids = { 0 };

	r->child_ended = false;
	run_each_task(r->run, task_ids_add, &ids);
	read_children(r->engine->store, r->slot->shard, &r->slot->id, ids.list, ids.n, r->ticket,
	    loader_got_children);
	free(ids.list);
}

static void
loader_got_journal(uint64_t ticket, const struct journal_row *rows, size_t n, const struct err *e)
{
	struct resident *r = idmap_get(&loader_residents, ticket);
	struct err load_err = ERR_INIT;
	size_t bytes = 0, i;

	if (r == NULL)
		return;
	if (e != NULL) {
		loader_later(r, RETRY_MS);
		return;
	}
	for (i = 0; i < n; i++) {
		if (run_load(r->run, rows[i].record, rows[i].record_len, &load_err) != 0) {
			loader_broken(r, "its journal does not fit", &load_err);
			err_fini(&load_err);
			return;
		}
		r->next_seq = rows[i].seq + 1;
		resident_count_record(r, rows[i].record_len, rows[i].snapshot);
		bytes += rows[i].record_len;
	}
	waking_read(r, run_facts(r->run)->input_len + bytes);
	resident_log(r, LOG_LEVEL_DEBUG, "loaded from %zu records", n);
	if (nested_to_adopt(r))
		loader_read_children(r);
	else
		loader_done(r);
}

/* What the execution row says, kept until the machine is here. */
struct load {
	char *name, *input, *version_arn, *alias_arn;
	size_t input_len;
	int64_t start_ms;
};

void
load_free(struct load *l)
{
	if (l == NULL)
		return;
	free(l->name);
	free(l->input);
	free(l->version_arn);
	free(l->alias_arn);
	free(l);
}

static int
loader_new_run(struct resident *r, const struct load *l, struct run **out, struct err *e)
{
	struct run_facts f = { .version_arn = l->version_arn,
		.alias_arn = l->alias_arn,
		.start_ms = l->start_ms,
		.input_text = l->input,
		.input_len = l->input_len };
	struct buf arns;

	f.input = doc_parse(l->input, l->input_len, e);
	if (doc_is_none(f.input))
		return -1;
	buf_init(&arns, BUF_UNLIMITED);
	loader_facts(r, l->name, &f, &arns);
	*out = run_new(r->machine->machine, &f, engine_run_host(r->engine));
	buf_fini(&arns);
	doc_unref(f.input);
	return 0;
}

static void
loader_read_journal(struct resident *r)
{
	load_free(r->load); /* the run has its own copy */
	r->load = NULL;
	read_journal(r->engine->store, r->slot->shard, &r->slot->id, r->ticket, loader_got_journal);
}

static void
loader_got_machine(uint64_t ticket, struct machine_entry *m, const struct err *e)
{
	struct resident *r = idmap_get(&loader_residents, ticket);
	struct err run_err = ERR_INIT;

	if (r == NULL)
		return;
	if (e != NULL && strcmp(e->name, "ServiceUnavailable") == 0) {
		loader_later(r, RETRY_MS);
		return;
	}
	if (m == NULL || m->machine == NULL) {
		err_set(&run_err, "pawl.Journal", "%s", e == NULL ? "not found" : err_cause(e));
		loader_broken(r, "its state machine", &run_err);
	} else {
		r->machine = machine_entry_ref(m);
		r->commit.machine_id = m->id;
		if (loader_new_run(r, r->load, &r->run, &run_err) != 0)
			loader_broken(r, "its input", &run_err);
		else
			loader_read_journal(r);
	}
	err_fini(&run_err);
}

static struct load *
load_new(const struct execution_row *row)
{
	struct load *l = xcalloc(1, sizeof(*l));

	l->name = xstrdup(row->name);
	l->input_len = row->input_len;
	l->input = xstrndup(row->input, row->input_len);
	l->version_arn = row->version_arn == NULL ? NULL : xstrdup(row->version_arn);
	l->alias_arn = row->alias_arn == NULL ? NULL : xstrdup(row->alias_arn);
	l->start_ms = row->start_ms;
	return l;
}

static void
loader_got_row(uint64_t ticket, const struct execution_row *row, const struct err *e)
{
	struct resident *r = idmap_get(&loader_residents, ticket);

	if (r == NULL)
		return;
	if (e != NULL) {
		loader_later(r, RETRY_MS);
		return;
	}
	if (row == NULL || strcmp(row->status, "RUNNING") != 0) {
		resident_discard(r); /* it ended before we came */
		return;
	}
	r->load = load_new(row);
	r->row_written = true;
	r->commit.parent = row->parent;
	catalogue_by_id(r->engine->store, &row->machine_id, row->revision, ticket,
	    loader_got_machine);
}

static void
loader_pump(struct engine *g)
{
	struct resident *r;

	while (
	    g->store != NULL && g->loading < LOADS_MAX && (r = TAILQ_FIRST(&g->to_load)) != NULL) {
		TAILQ_REMOVE(&g->to_load, r, load_link);
		g->loading++;
		r->ticket = ++loader_next_ticket;
		idmap_put(&loader_residents, r->ticket, r);
		read_execution_by_id(g->store, r->slot->shard, &r->slot->id, r->ticket,
		    loader_got_row);
	}
}

/* --- claims --------------------------------------------------------------- */

static void
claim_end(struct claim *c)
{
	if (!c->again) {
		c->engine->claims_pending--;
		c->engine->claiming[c->shard]--;
		if (c->engine->claims_pending == 0)
			limits_touch(c->engine->limits);
	}
	idmap_take(&loader_claims, c->ticket);
	loop_timer_fini(&c->retry);
	free(c);
}

static void
claim_offered(struct engine *g, struct slot *slot, const struct open_row *row)
{
	activity_load_offers(g, slot, row->offered, row->offered_len);
	limit_load_permits(g, slot, row->offered, row->offered_len);
}

static void
claim_open(struct engine *g, int32_t shard, const struct open_row *row)
{
	struct slot *slot = slots_find(&g->slots, &row->id);

	if (row->waits)
		execution_limit_waits(g);
	if (slot != NULL) {
		/* started here while the list was on its way; or it waited for a place, and we did not hear that it has one */
		if (slot->resident == NULL && !row->asleep && !slot->waits)
			waking_wait(g, slot, g->claimed_ms[shard]);
		return;
	}
	slot = slots_add(&g->slots, &row->id, shard);
	slot->claimed = true;
	if (row->offered != NULL)
		claim_offered(g, slot, row);
	if (row->asleep) {
		slots_set_due(&g->slots, slot,
		    row->wake_at_ms == INT64_MAX ? SLOT_NEVER : row->wake_at_ms);
		return;
	}
	slot->row_awake = true;
	engine_set_recovering(g, slot, true);
	waking_wait(g, slot, g->claimed_ms[shard]);
}

/* One that sleeps while the execution that waits for it has ended is to be stopped. */
static void
claim_orphan(struct engine *g, const struct open_row *row)
{
	struct slot *slot = slots_find(&g->slots, &row->id);

	if (row->has_parent && slot != NULL && slot->resident == NULL &&
	    slots_find(&g->slots, &row->parent) == NULL)
		slots_set_due(&g->slots, slot, 0);
}

static void
claim_got_open(uint64_t ticket, const struct open_row *rows, size_t n, const struct err *e)
{
	struct claim *c = idmap_get(&loader_claims, ticket);
	struct engine *g;
	size_t i;

	if (c == NULL)
		return;
	g = c->engine;
	if (e != NULL && store_owns(g->store, c->shard)) {
		loop_timer_set(&c->retry, RETRY_MS);
		return;
	}
	(void)FAILPOINT(claim_loaded);
	if (e == NULL && store_owns(g->store, c->shard)) {
		for (i = 0; i < n; i++)
			claim_open(g, c->shard, &rows[i]);
		for (i = 0; i < n; i++)
			claim_orphan(g, &rows[i]);
		client_read(g, c->shard, NULL, 0);
	}
	claim_end(c);
	engine_rearm(g);
}

static void
claim_ask(void *arg)
{
	struct claim *c = arg;

	if (store_owns(c->engine->store, c->shard))
		read_open(c->engine->store, c->shard, c->ticket, claim_got_open);
	else
		claim_end(c);
}

void
loader_claim(struct engine *g, int32_t shard, bool again)
{
	struct claim *c = xcalloc(1, sizeof(*c));

	c->engine = g;
	c->shard = shard;
	c->ticket = ++loader_next_ticket;
	loop_timer_init(g->loop, &c->retry, claim_ask, c);
	idmap_put(&loader_claims, c->ticket, c);
	c->again = again;
	if (!again) {
		g->claims_pending++;
		g->claiming[shard]++;
	}
	claim_ask(c);
}

/* --- law 2 ---------------------------------------------------------------- */

#ifdef PAWL_CHECK_BUILD

static void
loader_compare(struct resident *r, struct run *rebuilt)
{
	struct buf mine, theirs;

	buf_init(&mine, BUF_UNLIMITED);
	buf_init(&theirs, BUF_UNLIMITED);
	run_dump(r->run, &mine);
	run_dump(rebuilt, &theirs);
	if (strcmp(buf_text(&mine), buf_text(&theirs)) != 0) {
		resident_log(r, LOG_LEVEL_ERROR,
		    "law 2 is broken: the journal gives another run\nmemory:  %s\njournal: %s",
		    buf_text(&mine), buf_text(&theirs));
		abort();
	}
	buf_fini(&mine);
	buf_fini(&theirs);
}

static void
loader_checked(uint64_t ticket, const struct journal_row *rows, size_t n, const struct err *e)
{
	struct resident *r = idmap_take(&loader_residents, ticket);
	struct err load_err = ERR_INIT;
	struct run *rebuilt;
	size_t i;

	if (r == NULL)
		return;
	r->ticket = 0;
	if (e == NULL) { /* else PostgreSQL went away: the run is about to be thrown away */
		rebuilt =
		    run_new(r->machine->machine, run_facts(r->run), engine_run_host(r->engine));
		for (i = 0; i < n; i++)
			if (run_load(rebuilt, rows[i].record, rows[i].record_len, &load_err) != 0) {
				resident_log(r, LOG_LEVEL_ERROR, "law 2 is broken: %s",
				    err_cause(&load_err));
				abort();
			}
		loader_compare(r, rebuilt);
		run_free(rebuilt);
	}
	resident_settle(r);
}

void
loader_check(struct resident *r)
{
	r->ticket = ++loader_next_ticket;
	idmap_put(&loader_residents, r->ticket, r);
	read_journal(r->engine->store, r->slot->shard, &r->slot->id, r->ticket, loader_checked);
}

#endif
