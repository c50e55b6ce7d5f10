/*
 * test_load - journals that do not fit: an error, never a crash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "drive.h"

/* Everything a frame can hold: open tasks, results, variables, retries, a token. */
static const char definition[] =
    "{\"TimeoutSeconds\":900,\"StartAt\":\"A\",\"States\":{"
    "\"A\":{\"Type\":\"Pass\",\"Assign\":{\"v\":[1,2]},\"Next\":\"P\"},"
    "\"P\":{\"Type\":\"Parallel\",\"Next\":\"Z\",\"Branches\":["
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemsPath\":\"$.list\",\"MaxConcurrency\":2,\"End\":true,\"ItemProcessor\":"
    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:lambda:us-east-1:123456789012:function:f\",\"TimeoutSeconds\":60,"
    "\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"]}],\"End\":true}}}}}},"
    "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":100,\"End\":true}}},"
    "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::sqs:sendMessage.waitForTaskToken\","
    "\"Parameters\":{\"QueueUrl\":\"q\",\"MessageBody.$\":\"$$.Task.Token\"},\"HeartbeatSeconds\":50,\"End\":true}}}]},"
    "\"Z\":{\"Type\":\"Succeed\"}}}";

static struct machine *
compile(void)
{
	struct diagnostics d;
	struct machine *m;

	diagnostics_init(&d);
	m = machine_compile(definition, strlen(definition), MACHINE_STANDARD, &d);
	assert_non_null(m);
	diagnostics_fini(&d);
	return m;
}

static void
first_task(void *arg, const struct run_task *t)
{
	int64_t *id = arg;

	if (*id == 0 && strcmp(t->state->name, "T") == 0)
		*id = t->task_id;
}

static void
move(struct drive *d, enum stimulus_kind kind)
{
	struct stimulus s = { .kind = kind, .error = "E" };
	struct doc output = doc_parse("{\"r\":[1]}", 9, NULL);

	run_each_task(d->run, first_task, &s.task_id);
	s.output = output;
	assert_int_equal(drive_move(d, &s, NULL), 0);
	doc_unref(output);
}

/* A journal of some records, each of which is interesting. */
static void
make_journal(struct drive *d, struct machine *m)
{
	drive_init(d, m, "{\"list\":[{\"a\":1},2,3,4],\"x\":\"y\"}", DRIVE_MEMORY, false);
	move(d, STIMULUS_START);
	move(d, STIMULUS_TASK_SUCCEEDED);
	move(d, STIMULUS_TASK_FAILED);
	move(d, STIMULUS_TASK_SUCCEEDED);
	assert_string_equal(buf_text(&d->problem), "");
}

static int
load_all(struct drive *d, size_t changed, const char *text, size_t len)
{
	struct run *r = run_new(d->machine, &d->facts, &d->host);
	struct err e = ERR_INIT;
	struct buf dump;
	int rc = 0;

	for (size_t i = 0; i < d->nrecords && rc == 0; i++)
		rc = i == changed ? run_load(r, text, len, &e)
				  : run_load(r, d->records[i].data, d->records[i].len, &e);
	if (rc != 0)
		assert_string_equal(e.name, "pawl.Journal");
	buf_init(&dump, BUF_UNLIMITED);
	if (rc == 0)
		run_dump(r, &dump);
	buf_fini(&dump);
	err_fini(&e);
	run_free(r);
	return rc;
}

static void
a_journal_loads_and_a_missing_or_doubled_record_does_not(void **state)
{
	struct machine *m = compile();
	struct drive d;

	(void)state;
	make_journal(&d, m);
	assert_int_equal(load_all(&d, SIZE_MAX, "", 0), 0);
	assert_int_equal(load_all(&d, 0, "{}", 2), -1);
	assert_int_equal(load_all(&d, 0, "not json", 8), -1);
	assert_int_equal(load_all(&d, 0, "[]", 2), -1);
	/* the second record stands on the first one */
	assert_int_equal(load_all(&d, 0, d.records[1].data, d.records[1].len), -1);
	drive_fini(&d);
	machine_unref(m);
}

static uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Another digit, another letter of a key, a piece cut out. */
static void
damage(struct buf *b, uint64_t *x)
{
	static const char bytes[] = "0123456789[]{},:\"-enrtux";
	size_t at = next_random(x) % b->len;

	if (next_random(x) % 4 == 0) {
		size_t n = next_random(x) % 20;

		if (at + n > b->len)
			n = b->len - at;
		memmove(b->data + at, b->data + at + n, b->len - at - n);
		b->len -= n;
	} else {
		b->data[at] = bytes[next_random(x) % (sizeof(bytes) - 1)];
	}
}

static void
damaged_records_make_an_error_or_another_run_but_no_crash(void **state)
{
	struct machine *m = compile();
	struct drive d;
	uint64_t x = 88172645463325252u;
	int refused = 0, taken = 0;

	(void)state;
	make_journal(&d, m);
	for (int i = 0; i < 20000; i++) {
		size_t which = next_random(&x) % d.nrecords;
		struct buf b;

		buf_init(&b, BUF_UNLIMITED);
		buf_add(&b, d.records[which].data, d.records[which].len);
		damage(&b, &x);
		if (load_all(&d, which, b.data, b.len) == 0)
			taken++;
		else
			refused++;
		buf_fini(&b);
	}
	assert_true(refused > 1000 && taken > 100);
	drive_fini(&d);
	machine_unref(m);
}

static void
a_snapshot_stands_for_all_records_before_it(void **state)
{
	struct machine *m = compile();
	struct drive d;
	struct run *r;
	struct buf snapshot, a, b;

	(void)state;
	make_journal(&d, m);
	buf_init(&snapshot, BUF_UNLIMITED);
	buf_init(&a, BUF_UNLIMITED);
	buf_init(&b, BUF_UNLIMITED);
	run_snapshot(d.run, &snapshot);
	r = run_new(m, &d.facts, &d.host);
	/* over a run that is in another state, too */
	assert_int_equal(run_load(r, d.records[0].data, d.records[0].len, NULL), 0);
	assert_int_equal(run_load(r, snapshot.data, snapshot.len, NULL), 0);
	run_dump(d.run, &a);
	run_dump(r, &b);
	assert_string_equal(a.data, b.data);
	run_free(r);
	buf_fini(&snapshot);
	buf_fini(&a);
	buf_fini(&b);
	drive_fini(&d);
	machine_unref(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_journal_loads_and_a_missing_or_doubled_record_does_not),
		cmocka_unit_test(damaged_records_make_an_error_or_another_run_but_no_crash),
		cmocka_unit_test(a_snapshot_stands_for_all_records_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
