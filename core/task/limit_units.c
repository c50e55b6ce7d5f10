/*
 * limit_units - how many tasks of a limit this node may have: its part of what all nodes share.
 */
#include "task/limit_units.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/member.h"
#include "store/unit.h"

#define RETRY_MIN_MS 50
#define RETRY_MAX_MS 1000
#define TENURE_MS 100  /* so long a unit is used before others get it */
#define PAUSE_MS 150   /* so long others may take what was given up */
#define WANTED_MS 3000 /* who waits says so oftener */

static int64_t
unit_size(const struct limit_units *u, unsigned i)
{
	return u->size / u->n + (i < (unsigned)(u->size % u->n));
}

static bool
wakes_before(const struct limit_units *u, int64_t at_ms)
{
	return loop_timer_pending(&u->timer) && u->timer.due_us_ <= at_ms * 1000;
}

static void
wake_at(struct limit_units *u, int64_t at_ms)
{
	int64_t delay = at_ms - clock_mono_ms();

	if (!wakes_before(u, at_ms))
		loop_timer_set(&u->timer, delay < 0 ? 0 : delay);
}

void
limit_units_init(struct limit_units *u, struct loop *l, const char *name, loop_cb *touch, void *arg)
{
	*u = (struct limit_units){ .name = name, .retry_ms = RETRY_MIN_MS };
	loop_timer_init(l, &u->timer, touch, arg);
}

void
limit_units_fini(struct limit_units *u)
{
	loop_timer_fini(&u->timer);
}

/* --- who else wants some ------------------------------------------------------------- */

static void
wanters_remove(struct limit_units *u, unsigned at)
{
	u->nwanters--;
	memmove(&u->wanters[at], &u->wanters[at + 1], (u->nwanters - at) * sizeof(u->wanters[0]));
}

static void
wanters_expire(struct limit_units *u, int64_t now)
{
	for (unsigned i = u->nwanters; i-- > 0;)
		if (u->wanters[i].until_ms < now)
			wanters_remove(u, i);
}

/* Where it stands; nwanters: nowhere. */
static unsigned
wanters_find(const struct limit_units *u, int32_t node)
{
	unsigned i = 0;

	while (i < u->nwanters && u->wanters[i].node != node)
		i++;
	return i;
}

static void
hint(const struct limit_units *u, struct store *s, const char *word, int32_t node)
{
	char *text = xasprintf("limit-%s %d %u %s", word, (int)node, u->nours, u->name);

	store_hint(s, text);
	free(text);
}

/* --- giving up -------------------------------------------------------------------------- */

/* The last one that is ours. */
static unsigned
last_ours(const struct limit_units *u)
{
	unsigned i = LIMIT_UNITS_MAX;

	while (u->unit[--i] != UNIT_OURS)
		;
	return i;
}

static void
give_up(struct limit_units *u, struct store *s, unsigned i)
{
	const int64_t key = unit_key(u->name, i);

	u->unit[i] = UNIT_FREE;
	u->nours--;
	if (i < u->n)
		u->capacity -= unit_size(u, i);
	store_units_give(s, &key, 1);
}

/* What belonged to tasks that are another node's now. */
static void
give_away(struct limit_units *u, struct store *s)
{
	while (u->away > 0 && u->nours > 0) {
		unsigned i = last_ours(u);

		u->away -= unit_size(u, i);
		give_up(u, s, i);
	}
	u->away = 0;
}

/* What others wait for, as far as no task has it. */
static void
give_owed(struct limit_units *u, struct store *s, int64_t used, int64_t now)
{
	unsigned before = u->nours;

	if (u->owed == 0)
		return;
	if (now < u->owed_at_ms) {
		wake_at(u, u->owed_at_ms);
		return;
	}
	while (u->owed > 0 && u->nours > 0 && u->capacity - unit_size(u, last_ours(u)) >= used) {
		give_up(u, s, last_ours(u));
		u->owed--;
	}
	if (u->nours == 0)
		u->owed = 0;
	if (u->nours == before)
		return;
	u->pause_ms = now + PAUSE_MS;
	if (u->nwanters > 0) {
		hint(u, s, "free", u->wanters[0].node);
		wanters_remove(u, 0);
	}
}

int64_t
limit_units_room(const struct limit_units *u)
{
	int64_t room = u->capacity;
	unsigned owed = clock_mono_ms() >= u->owed_at_ms ? u->owed : 0;

	for (unsigned i = LIMIT_UNITS_MAX; i-- > 0 && owed > 0;)
		if (u->unit[i] == UNIT_OURS) {
			room -= unit_size(u, i);
			owed--;
		}
	return room;
}

/* --- taking ------------------------------------------------------------------------------- */

/* How many more units it may ask for: no more than its part, when others wait. */
static unsigned
fair_share(const struct limit_units *u, const struct store *s)
{
	unsigned nodes = store_nodes(s) > 1 ? (unsigned)store_nodes(s) : 1;
	unsigned share = u->nwanters == 0 ? u->n : (u->n + nodes - 1) / nodes;

	return share > u->nours ? share - u->nours : 0;
}

static void
ask(struct limit_units *u, struct store *s, int64_t need, bool debt)
{
	unsigned most = debt ? u->n : fair_share(u, s), n = 0;
	/* nodes begin at different places, so that they do not all try the same */
	unsigned first = (unsigned)store_node_number(s) % u->n;
	int64_t keys[LIMIT_UNITS_MAX];

	for (unsigned k = 0; k < u->n && n < most && need > 0; k++) {
		unsigned i = (first + k) % u->n;

		if (u->unit[i] != UNIT_FREE)
			continue;
		keys[n++] = unit_key(u->name, i);
		need -= unit_size(u, i);
		u->unit[i] = UNIT_ASKED;
	}
	if (n == 0) {
		/* it has its part; others may want less by then */
		wake_at(u, clock_mono_ms() + RETRY_MAX_MS);
		return;
	}
	if (store_units_take(s, keys, n, !debt)) {
		u->nasked += n;
		return;
	}
	for (unsigned i = 0; i < u->n; i++)
		if (u->unit[i] == UNIT_ASKED)
			u->unit[i] = UNIT_FREE;
}

void
limit_units_balance(struct limit_units *u, struct store *s, int64_t used, int64_t waiting)
{
	int64_t now = clock_mono_ms(), need, wait_ms;
	bool debt;

	if (u->n == 0)
		return;
	wanters_expire(u, now);
	give_away(u, s);
	give_owed(u, s, used, now);
	debt = used > u->capacity; /* first, and whatever others count */
	need = used + (debt ? 0 : waiting) - u->capacity;
	if (need <= 0 || u->nasked > 0 || u->nours == u->n)
		return;
	if (u->want_due && store_nodes(s) > 1)
		hint(u, s, "want", store_node_number(s));
	u->want_due = false;
	wait_ms = debt || u->retry_at_ms > u->pause_ms ? u->retry_at_ms : u->pause_ms;
	if (now < wait_ms)
		wake_at(u, wait_ms);
	else
		ask(u, s, need, debt);
}

bool
limit_units_settled(const struct limit_units *u, int64_t used)
{
	if (u->n == 0)
		return true;
	return u->nasked == 0 && (used <= u->capacity || clock_mono_ms() < u->retry_at_ms);
}

/* All that were asked for are answered: when some are another's, it is to be asked for them. */
static void
answered(struct limit_units *u)
{
	if (!u->denied)
		return;
	u->denied = false;
	u->want_due = true;
	u->retry_at_ms = clock_mono_ms() + u->retry_ms;
	u->retry_ms = 2 * u->retry_ms < RETRY_MAX_MS ? 2 * u->retry_ms : RETRY_MAX_MS;
}

bool
limit_units_taken(struct limit_units *u, struct store *s, int64_t key, bool got)
{
	unsigned i = 0;

	while (i < LIMIT_UNITS_MAX && unit_key(u->name, i) != key)
		i++;
	if (i == LIMIT_UNITS_MAX)
		return false;
	u->unit[i] = got ? UNIT_OURS : UNIT_FREE;
	u->nasked--;
	if (got) {
		u->nours++;
		u->capacity += i < u->n ? unit_size(u, i) : 0;
		u->owed_at_ms = clock_mono_ms() + TENURE_MS;
		u->retry_ms = RETRY_MIN_MS;
		if (i >= u->n)
			give_up(u, s, i);
	} else {
		u->denied = true;
	}
	if (u->nasked == 0)
		answered(u);
	return true;
}

void
limit_units_lost(struct limit_units *u)
{
	memset(u->unit, 0, sizeof(u->unit));
	u->nours = u->nasked = u->owed = 0;
	u->capacity = u->away = 0;
	u->denied = u->want_due = false;
	u->retry_at_ms = u->pause_ms = 0;
	u->retry_ms = RETRY_MIN_MS;
}

void
limit_units_resize(struct limit_units *u, struct store *s, int64_t size)
{
	unsigned n = size < LIMIT_UNITS_MAX ? (unsigned)size : LIMIT_UNITS_MAX;

	for (unsigned i = n; i < LIMIT_UNITS_MAX; i++)
		if (u->unit[i] == UNIT_OURS)
			give_up(u, s, i);
	u->size = size;
	u->n = n;
	u->capacity = 0;
	for (unsigned i = 0; i < n; i++)
		if (u->unit[i] == UNIT_OURS)
			u->capacity += unit_size(u, i);
}

/* --- what others say ------------------------------------------------------------------------ */

/* How many units this node gives up for one that has theirs of them. */
static unsigned
units_for(const struct limit_units *u, unsigned theirs, int64_t spare)
{
	int64_t idle = spare > 0 ? spare / unit_size(u, 0) : 0;

	if (idle > u->nours)
		idle = u->nours;
	if (idle > 0)
		return (unsigned)(idle + 1) / 2;
	if (u->nours > theirs + 1)
		return (u->nours - theirs) / 2;
	return theirs == 0;
}

void
limit_units_wanted(struct limit_units *u, int32_t node, unsigned nours, int64_t spare)
{
	unsigned at = wanters_find(u, node), owed;
	int64_t now = clock_mono_ms();

	if (at == LIMIT_WANTERS_MAX)
		return;
	if (at == u->nwanters)
		u->wanters[u->nwanters++].node = node;
	u->wanters[at].until_ms = now + WANTED_MS;
	if (u->nours == 0)
		return;
	owed = units_for(u, nours, spare);
	if (owed > u->owed)
		u->owed = owed;
	if (spare > 0)
		u->owed_at_ms = now;
}

void
limit_units_given(struct limit_units *u, int32_t node, bool ours)
{
	unsigned at = wanters_find(u, node);

	if (at < u->nwanters)
		wanters_remove(u, at);
	if (ours)
		u->pause_ms = u->retry_at_ms = 0;
	else
		u->pause_ms = clock_mono_ms() + PAUSE_MS;
}
