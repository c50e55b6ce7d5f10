/*
 * admission - may a new execution start now, or is there more work than can be done?
 */
#include "task/admission.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/idmap.h"
#include "base/xalloc.h"

#define MEMORY_LOOK_MS 1000
#define RETRY_MAX_S 30

/* What one machine has in line; there is one while it has anything. */
struct share {
	LIST_ENTRY(share) link;
	uint64_t n;
	size_t bytes;
};

struct admission {
	struct admission_options options;
	struct idmap shares; /* of the machine's name -> struct share */
	LIST_HEAD(, share) list;
	uint64_t places; /* options.places, or fewer while the line stands */
	uint64_t waiting;
	size_t bytes;

	int64_t waited_ms;
	int64_t above_since_ms; /* commits have waited too long since then; 0 = they do not */
	int64_t adapted_ms;     /* when places was changed last */
	uint64_t served;        /* since rate_since_ms */
	int64_t rate_since_ms;
	double rate; /* starts served per ms, lately */

	size_t memory;
	int64_t memory_ms; /* when it was looked at; 0 = never */
};

struct admission *
admission_new(const struct admission_options *o)
{
	struct admission *a = xcalloc(1, sizeof(*a));

	a->options = *o;
	a->places = o->places;
	a->adapted_ms = a->rate_since_ms = clock_mono_ms();
	return a;
}

void
admission_free(struct admission *a)
{
	struct share *s;

	if (a == NULL)
		return;
	while ((s = LIST_FIRST(&a->list)) != NULL) {
		LIST_REMOVE(s, link);
		free(s);
	}
	idmap_fini(&a->shares);
	free(a);
}

void
admission_set(struct admission *a, const struct admission_options *o)
{
	a->options = *o;
	a->places = o->places;
}

/* --- how many places there are -------------------------------------------------- */

/* Measured over as long as a start may wait; a stall halves it each time. */
static void
measure_rate(struct admission *a, int64_t now)
{
	int64_t period = a->options.delay_ms > ADMISSION_INTERVAL_MS ? a->options.delay_ms
								     : ADMISSION_INTERVAL_MS;
	double rate;

	if (now - a->rate_since_ms < period)
		return;
	rate = (double)a->served / (double)(now - a->rate_since_ms);
	a->rate = rate > a->rate / 2 ? rate : a->rate / 2;
	a->served = 0;
	a->rate_since_ms = now;
}

/* Twice as many as are served within the delay, since a machine alone gets half of them. */
static uint64_t
places_worth(const struct admission *a)
{
	uint64_t n = (uint64_t)(2 * a->rate * (double)a->options.delay_ms);

	return n > ADMISSION_PLACES_MIN ? n : ADMISSION_PLACES_MIN;
}

static void
adapt(struct admission *a, int64_t now)
{
	bool stands = a->above_since_ms != 0 && now - a->above_since_ms >= ADMISSION_INTERVAL_MS;

	if (now - a->adapted_ms < ADMISSION_INTERVAL_MS)
		return;
	if (stands && places_worth(a) < a->places)
		a->places = places_worth(a);
	else if (a->above_since_ms == 0)
		a->places += a->places / 4;
	if (a->places > a->options.places)
		a->places = a->options.places;
	a->adapted_ms = now;
}

void
admission_look(struct admission *a, int64_t waited_ms)
{
	int64_t now = clock_mono_ms();

	a->waited_ms = waited_ms;
	if (waited_ms <= a->options.delay_ms)
		a->above_since_ms = 0;
	else if (a->above_since_ms == 0)
		a->above_since_ms = now;
	measure_rate(a, now);
	adapt(a, now);
}

static size_t
memory_now(struct admission *a)
{
	int64_t now = clock_mono_ms();

	if (a->memory_ms == 0 || now - a->memory_ms >= MEMORY_LOOK_MS) {
		a->memory = a->options.used(a->options.memory);
		a->memory_ms = now;
	}
	return a->memory;
}

bool
admission_is_short(struct admission *a)
{
	return memory_now(a) > a->options.memory;
}

/* --- the line ---------------------------------------------------------------------- */

const char *
admission_answer_name(enum admission_answer a)
{
	static const char *const names[] = { [ADMISSION_YES] = "none",
		[ADMISSION_DELAY] = "delay",
		[ADMISSION_QUEUE] = "queue",
		[ADMISSION_MEMORY] = "memory" };

	return names[a];
}

/* Is less in line of the one machine than there is room, after it? Anything fits into an empty line. */
static bool
has_room(uint64_t of_machine, uint64_t in_line, uint64_t more, uint64_t max)
{
	return in_line == 0 || (in_line + more <= max && of_machine + more <= max - in_line);
}

/* One more place for a machine that has s (NULL = nothing) in line. */
static bool
has_place(const struct admission *a, const struct share *s)
{
	uint64_t n = s != NULL ? s->n : 0, machines = a->shares.n + (s == NULL);

	if (has_room(n, a->waiting, 1, a->places))
		return true;
	/* the line was cut below what is in it */
	return a->waiting < a->options.places && a->places < a->options.places &&
	    n < a->places / (machines + 1);
}

enum admission_answer
admission_ask(struct admission *a, const char *machine, size_t bytes)
{
	const struct share *s = idmap_get(&a->shares, idmap_id_of(0, machine));

	if (admission_is_short(a))
		return ADMISSION_MEMORY;
	if (!has_room(s != NULL ? s->bytes : 0, a->bytes, bytes, a->options.bytes))
		return ADMISSION_QUEUE;
	if (!has_place(a, s))
		return a->places < a->options.places ? ADMISSION_DELAY : ADMISSION_QUEUE;
	return ADMISSION_YES;
}

struct admission_place
admission_enter(struct admission *a, const char *machine, size_t bytes)
{
	struct admission_place p = { .machine = idmap_id_of(0, machine), .bytes = bytes };
	struct share *s = idmap_get(&a->shares, p.machine);

	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		idmap_put(&a->shares, p.machine, s);
		LIST_INSERT_HEAD(&a->list, s, link);
	}
	s->n++;
	s->bytes += bytes;
	a->waiting++;
	a->bytes += bytes;
	return p;
}

void
admission_leave(struct admission *a, struct admission_place *p, bool served)
{
	struct share *s;

	if (p->machine == 0)
		return;
	s = idmap_get(&a->shares, p->machine);
	s->bytes -= p->bytes;
	a->bytes -= p->bytes;
	a->waiting--;
	if (--s->n == 0) {
		idmap_take(&a->shares, p->machine);
		LIST_REMOVE(s, link);
		free(s);
	}
	if (served)
		a->served++;
	p->machine = 0;
}

/* --- what is told -------------------------------------------------------------------- */

struct admission_state
admission_state(const struct admission *a)
{
	return (struct admission_state){ .places = a->places,
		.waiting = a->waiting,
		.bytes = a->bytes,
		.memory = a->memory,
		.waited_ms = a->waited_ms };
}

int
admission_retry_s(const struct admission *a)
{
	int64_t s = 1 + a->waited_ms / 1000;

	return s < RETRY_MAX_S ? (int)s : RETRY_MAX_S;
}
