/*
 * test_map_scale - an item of a Map costs the same whether the Map has ten thousand of
 * them or a hundred thousand: in time, in memory and in the journal, made and loaded.
 *
 * Each scenario runs with both numbers of items, moved and sealed as the store does it, and
 * the costs per item are compared. Time is CPU time, and only what grows with the
 * square of the items comes near the factor that is allowed for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asl/compile.h"
#include "base/xalloc.h"
#include "engine/run.h"

#define ITEMS 100000 /* the smaller Map has a tenth of it */
#define BATCH 20     /* answers of tasks in one record */

#define TIME_FACTOR 5.0 /* a square makes ten; caches and neighbours make some */
#define TIME_FLOOR 1.0  /* microseconds; what is below is not told from noise */
#define BYTES_FACTOR 1.5
#define LOADS 3 /* the fastest counts */

/* --- what is measured -------------------------------------------------------------- */

/* Per item. */
struct cost {
	double us;      /* CPU, from the start to the end */
	double peak;    /* bytes of memory above those before the run, journal not counted */
	double journal; /* bytes */
	/* in the middle of a Map of Pass states, before the last answer of one of tasks: */
	double load_us, load_bytes; /* all records into a new run */
	double snapshot;            /* bytes */
	double snapshot_load_us;
};

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Bytes that are allocated now; 0 under allocators that do not tell. */
static double
bytes_used(void)
{
	struct mallinfo2 m = mallinfo2();

	return (double)m.uordblks + (double)m.hblkhd;
}

/* --- a scenario ------------------------------------------------------------------------ */

struct scenario {
	const char *name, *definition;
	/* the input for so many items */
	void (*input)(struct buf *b, size_t items);
	const char *answer; /* of each task; NULL = there are no tasks */
	bool last_fails;
	size_t items; /* of the larger Map; 0 = ITEMS */
};

struct world {
	const struct scenario *scenario;
	size_t items;
	struct machine *machine;
	struct buf input;
	struct run_facts facts;
	struct run *run;
	struct doc answer;
	int64_t *open; /* tasks that wait for an answer, the first at taken */
	size_t nopen, taken, open_cap, nanswered;
	struct buf *records;
	size_t nrecords, records_cap;
	size_t nmoves;
	double before, peak, journal, us;
};

static struct machine *
compile(const char *text)
{
	struct diagnostics d;
	struct machine *m;

	diagnostics_init(&d);
	m = machine_compile(text, strlen(text), MACHINE_STANDARD, &d);
	if (m == NULL)
		fail_msg("%s", d.n > 0 ? d.list[0].message : "?");
	diagnostics_fini(&d);
	return m;
}

static void
world_init(struct world *w, const struct scenario *s, size_t items)
{
	*w = (struct world){ .scenario = s, .items = items, .machine = compile(s->definition) };
	buf_init(&w->input, BUF_UNLIMITED);
	s->input(&w->input, items);
	w->facts = (struct run_facts){
		.execution_arn = "arn:aws:states:us-east-1:123456789012:execution:M:e1",
		.execution_name = "e1",
		.machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:M",
		.machine_name = "M",
		.role_arn = "arn:aws:iam::123456789012:role/r",
		.region = "us-east-1",
		.input_text = w->input.data,
		.input_len = w->input.len,
		.input = doc_parse(w->input.data, w->input.len, NULL),
	};
	assert_false(doc_is_none(w->facts.input));
	if (s->answer != NULL)
		w->answer = doc_parse(s->answer, strlen(s->answer), NULL);
	w->before = bytes_used();
	w->run = run_new(w->machine, &w->facts, NULL);
}

static void
world_fini(struct world *w)
{
	run_free(w->run);
	for (size_t i = 0; i < w->nrecords; i++)
		buf_fini(&w->records[i]);
	free(w->records);
	free(w->open);
	doc_unref(w->answer);
	doc_unref(w->facts.input);
	buf_fini(&w->input);
	machine_unref(w->machine);
}

static void
note_memory(struct world *w)
{
	double used = bytes_used() - w->before - w->journal;

	if (used > w->peak)
		w->peak = used;
}

static void
seal(struct world *w)
{
	struct buf *record;

	if (w->nrecords == w->records_cap) {
		w->records_cap = w->records_cap > 0 ? 2 * w->records_cap : 64;
		w->records = xreallocarray(w->records, w->records_cap, sizeof(*w->records));
	}
	record = &w->records[w->nrecords++];
	buf_init(record, BUF_UNLIMITED);
	run_record_seal(w->run, record);
	w->journal += (double)record->len;
}

static void
note_tasks(struct world *w, const struct effects *fx)
{
	for (size_t i = 0; i < fx->n; i++) {
		if (fx->list[i].kind != EFFECT_DISPATCH)
			continue;
		if (w->nopen == w->open_cap) {
			w->open_cap = w->open_cap > 0 ? 2 * w->open_cap : 64;
			w->open = xreallocarray(w->open, w->open_cap, sizeof(*w->open));
		}
		w->open[w->nopen++] = fx->list[i].task_id;
	}
}

static void
move(struct world *w, struct stimulus *s)
{
	struct effects fx = { 0 };

	s->now_ms = INT64_C(1700000000000);
	s->seed = ++w->nmoves;
	assert_int_equal(run_move(w->run, s, &fx, NULL), 0);
	note_tasks(w, &fx);
	effects_fini(&fx);
}

/* The task that has waited longest gets its answer. */
static void
answer_one(struct world *w)
{
	bool fails = w->scenario->last_fails && w->nanswered + 1 == w->items;
	struct stimulus s = { .kind = fails ? STIMULUS_TASK_FAILED : STIMULUS_TASK_SUCCEEDED,
		.task_id = w->open[w->taken++],
		.output = fails ? DOC_NONE : w->answer,
		.error = fails ? "E" : NULL };

	w->nanswered++;
	move(w, &s);
}

/* One record's worth of moves. */
static void
go_on(struct world *w)
{
	struct stimulus timer = { .kind = STIMULUS_TIMER };

	if (run_due_ms(w->run) != INT64_MAX) {
		move(w, &timer);
	} else {
		assert_true(w->taken < w->nopen);
		for (int i = 0; i < BATCH && w->taken < w->nopen &&
		     run_status(w->run) == RUN_RUNNING && w->nanswered + 1 < w->items;
		     i++)
			answer_one(w);
	}
	seal(w);
}

/* True when loading and snapshots are to be tried. */
static bool
is_far_enough(const struct world *w)
{
	if (w->scenario->answer != NULL)
		return w->nanswered + 1 >= w->items && run_due_ms(w->run) == INT64_MAX;
	/* an iteration has four events at least */
	return run_last_event_id(w->run) > 2 * (int64_t)w->items;
}

/* Law 2 at this size. */
static void
expect_same(const struct run *a, const struct run *b)
{
	struct buf x, y;

	buf_init(&x, BUF_UNLIMITED);
	buf_init(&y, BUF_UNLIMITED);
	run_dump(a, &x);
	run_dump(b, &y);
	assert_true(x.len == y.len && memcmp(x.data, y.data, x.len) == 0);
	buf_fini(&x);
	buf_fini(&y);
}

static double
load_once(struct world *w, const struct buf *records, size_t n, double *bytes)
{
	double before = bytes_used(), start = cpu_us(), us;
	struct run *r = run_new(w->machine, &w->facts, NULL);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(run_load(r, records[i].data, records[i].len, NULL), 0);
	us = (cpu_us() - start) / (double)w->items;
	*bytes = (bytes_used() - before) / (double)w->items;
	expect_same(w->run, r);
	run_free(r);
	return us;
}

static void
load_records(struct world *w, const struct buf *records, size_t n, double *us, double *bytes)
{
	*us = load_once(w, records, n, bytes);
	for (int i = 1; i < LOADS; i++) {
		double again = load_once(w, records, n, bytes);

		*us = again < *us ? again : *us;
	}
}

static struct cost
measure(const struct scenario *s, size_t items)
{
	struct stimulus start = { .kind = STIMULUS_START };
	struct world w;
	struct buf snapshot;
	struct cost c = { 0 };
	double began, ignored;

	world_init(&w, s, items);
	began = cpu_us();
	move(&w, &start);
	seal(&w);
	while (!is_far_enough(&w)) {
		go_on(&w);
		if (w.nrecords % 64 == 0 || s->answer == NULL)
			note_memory(&w);
	}
	note_memory(&w);
	c.us = cpu_us() - began;
	load_records(&w, w.records, w.nrecords, &c.load_us, &c.load_bytes);
	buf_init(&snapshot, BUF_UNLIMITED);
	run_snapshot(w.run, &snapshot);
	c.snapshot = (double)snapshot.len / (double)items;
	load_records(&w, &snapshot, 1, &c.snapshot_load_us, &ignored);
	buf_fini(&snapshot);
	began = cpu_us();
	while (run_status(w.run) == RUN_RUNNING) {
		if (run_due_ms(w.run) == INT64_MAX)
			answer_one(&w);
		else
			go_on(&w);
	}
	seal(&w);
	note_memory(&w);
	c.us = (c.us + cpu_us() - began) / (double)items;
	assert_int_equal(run_status(w.run), s->last_fails ? RUN_FAILED : RUN_SUCCEEDED);
	c.peak = w.peak / (double)items;
	c.journal = w.journal / (double)items;
	world_fini(&w);
	return c;
}

static void
expect_linear(const struct scenario *s, const char *what, double small, double large, double factor)
{
	if (large > fmax(small, TIME_FLOOR) * factor)
		fail_msg("%s: %s of an item is %.1f of few and %.1f of many", s->name, what, small,
		    large);
}

static void
check(const struct scenario *s)
{
	size_t items = s->items > 0 ? s->items : ITEMS;
	struct cost a = measure(s, items / 10), b = measure(s, items);

	print_message("%s: %.2f us (few: %.2f), memory %.0f (%.0f), journal %.0f (%.0f)\n"
		      "  load %.2f us (%.2f), %.0f bytes (%.0f); snapshot %.0f bytes (%.0f), "
		      "%.2f us (%.2f)\n",
	    s->name, b.us, a.us, b.peak, a.peak, b.journal, a.journal, b.load_us, a.load_us,
	    b.load_bytes, a.load_bytes, b.snapshot, a.snapshot, b.snapshot_load_us,
	    a.snapshot_load_us);
	expect_linear(s, "the time", a.us, b.us, TIME_FACTOR);
	expect_linear(s, "the memory", a.peak, b.peak, BYTES_FACTOR);
	expect_linear(s, "the journal", a.journal, b.journal, BYTES_FACTOR);
	expect_linear(s, "the time to load", a.load_us, b.load_us, TIME_FACTOR);
	expect_linear(s, "the memory once loaded", a.load_bytes, b.load_bytes, BYTES_FACTOR);
	expect_linear(s, "the snapshot", a.snapshot, b.snapshot, BYTES_FACTOR);
	expect_linear(s, "the time to load the snapshot", a.snapshot_load_us, b.snapshot_load_us,
	    TIME_FACTOR);
}

/* --- the scenarios ----------------------------------------------------------------- */

#define MAP(more, processor) \
	"{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\"," more \
	"\"End\":true,\"ItemProcessor\":{\"StartAt\":\"X\",\"States\":{" processor "}}}}}"
#define PASS "\"X\":{\"Type\":\"Pass\",\"End\":true}"
#define TASK \
	"\"X\":{\"Type\":\"Task\",\"End\":true," \
	"\"Resource\":\"arn:aws:lambda:us-east-1:123456789012:function:f\"}"
#define QUARTER \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
objects(struct buf *b, size_t items)
{
	for (size_t i = 0; i < items; i++)
		buf_addf(b, "%c{\"n\":%zu}", i == 0 ? '[' : ',', i);
	buf_addc(b, ']');
}

static void
objects_in_a_member(struct buf *b, size_t items)
{
	buf_adds(b, "{\"common\":{\"region\":\"eu\"},\"list\":");
	objects(b, items);
	buf_addc(b, '}');
}

/* As many lists as each of them has items. */
static void
square(struct buf *b, size_t items)
{
	size_t side = 1;

	while ((side + 1) * (side + 1) <= items)
		side++;
	for (size_t i = 0; i < side; i++) {
		buf_addc(b, i == 0 ? '[' : ',');
		objects(b, side);
	}
	buf_addc(b, ']');
}

static void
pass_states(void **state)
{
	static const struct scenario s = { .name = "pass states",
		.definition = MAP("", PASS),
		.input = objects };

	(void)state;
	check(&s);
}

static void
one_at_a_time(void **state)
{
	static const struct scenario s = { .name = "one at a time",
		.definition = MAP("\"MaxConcurrency\":1,", PASS),
		.input = objects };

	(void)state;
	check(&s);
}

static void
an_item_selector(void **state)
{
	static const struct scenario s = { .name = "an ItemSelector",
		.definition = MAP("\"ItemsPath\":\"$.list\",\"ItemSelector\":{\"v.$\":"
				  "\"$$.Map.Item.Value\",\"i.$\":\"$$.Map.Item.Index\","
				  "\"r.$\":\"$.common.region\"},",
		    "\"X\":{\"Type\":\"Pass\",\"Parameters\":{\"x.$\":\"$\",\"again.$\":"
		    "\"$$.Map.Item.Value\"},\"End\":true}"),
		.input = objects_in_a_member };

	(void)state;
	check(&s);
}

static void
tasks(void **state)
{
	static const struct scenario s = { .name = "tasks",
		.definition = MAP("", TASK),
		.input = objects,
		.answer = "{\"ok\":true}" };

	(void)state;
	check(&s);
}

static void
tasks_one_at_a_time(void **state)
{
	static const struct scenario s = { .name = "tasks one at a time",
		.definition = MAP("\"MaxConcurrency\":1,", TASK),
		.input = objects,
		.answer = "{\"ok\":true}" };

	(void)state;
	check(&s);
}

static void
large_results_and_a_failure_at_the_end(void **state)
{
	static const struct scenario s = { .name = "large results, a failure at the end",
		.definition = MAP("", TASK),
		.input = objects,
		.answer = "{\"text\":\"" QUARTER QUARTER QUARTER QUARTER "\"}",
		.last_fails = true,
		.items = ITEMS / 5 };

	(void)state;
	check(&s);
}

static void
maps_in_a_map(void **state)
{
	static const struct scenario s = { .name = "maps in a map",
		.definition = MAP("",
		    "\"X\":{\"Type\":\"Map\",\"End\":true,\"ItemProcessor\":{\"StartAt\":\"Y\","
		    "\"States\":{\"Y\":{\"Type\":\"Pass\",\"End\":true}}}}"),
		.input = square };

	(void)state;
	check(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pass_states),
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(an_item_selector),
		cmocka_unit_test(tasks),
		cmocka_unit_test(tasks_one_at_a_time),
		cmocka_unit_test(large_results_and_a_failure_at_the_end),
		cmocka_unit_test(maps_in_a_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
