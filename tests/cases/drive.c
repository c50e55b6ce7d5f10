/*
 * drive - a run under test: a clock that only moves when told, a journal in memory, and
 * law 2 checked whenever a record is sealed.
 */
#include "drive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "engine/history.h"
#include "task/script_file.h"

#define MERGED_MOVES 3

static void
token(void *arg, const struct run *r, int64_t task_id, struct buf *out)
{
	(void)arg;
	(void)r;
	buf_addf(out, "token-%" PRId64, task_id);
}

/* A function whose ARN ends in ":pure-double" answers {"double":<input>,"again":<input>}, ":pure-broken" fails. */
static int
pure_call(void *arg, const struct task_resource *res, struct doc parameters, uint64_t seed,
    int64_t *steps, struct doc *result, struct err *e)
{
	struct doc_builder *b;

	(void)arg;
	(void)seed;
	if (strstr(res->arn, ":pure-broken") != NULL) {
		err_set(e, "Broken", "it is broken");
		return 1;
	}
	if (strstr(res->arn, ":pure-double") == NULL)
		return 0;
	*steps -= 50000;
	b = docb_new();
	docb_object(b);
	docb_keys(b, "double");
	docb_doc(b, parameters);
	docb_keys(b, "again");
	docb_doc(b, parameters);
	docb_end(b);
	*result = docb_finish(b);
	return 1;
}

/* Modules of scripts/lib of the source tree. */
static int
module(void *arg, const char *name, uint64_t *stamp, struct buf *text, struct err *e)
{
	const char *top = getenv("srcdir");
	char *scripts = xasprintf("%s/scripts", top != NULL ? top : ".");
	int rc = script_module_read(&(struct script_dirs){ scripts, NULL }, name, stamp, text, e);

	(void)arg;
	free(scripts);
	return rc;
}

static struct run *
fresh_run(const struct drive *d)
{
	return run_new(d->machine, &d->facts, &d->host);
}

void
drive_init(struct drive *d, struct machine *machine, const char *input, enum drive_policy policy,
    bool aws_limits)
{
	*d = (struct drive){ .machine = machine, .policy = policy, .now_ms = DRIVE_START_MS };
	buf_init(&d->history, BUF_UNLIMITED);
	buf_init(&d->problem, BUF_UNLIMITED);
	d->host =
	    (struct run_host){ .task_token = token, .pure_call = pure_call, .module = module };
	d->facts = (struct run_facts){
		.execution_arn = "arn:aws:states:us-east-1:123456789012:execution:M:e1",
		.execution_name = "e1",
		.machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:M",
		.machine_name = "M",
		.role_arn = "arn:aws:iam::123456789012:role/r",
		.region = "us-east-1",
		.start_ms = d->now_ms,
		.input_text = input,
		.input_len = strlen(input),
		.input = doc_parse(input, strlen(input), NULL),
		.aws_limits = aws_limits,
	};
	if (doc_is_none(d->facts.input)) {
		buf_adds(&d->problem, "the input is no JSON");
		d->facts.input = doc_null();
	}
	d->run = fresh_run(d);
	d->twin = fresh_run(d);
}

void
drive_fini(struct drive *d)
{
	run_free(d->run);
	run_free(d->twin);
	for (size_t i = 0; i < d->nrecords; i++)
		buf_fini(&d->records[i]);
	free(d->records);
	effects_fini(&d->effects);
	buf_fini(&d->history);
	buf_fini(&d->problem);
	doc_unref(d->facts.input);
}

static void
load(struct drive *d, struct run *r, const struct buf *record, const char *what)
{
	struct err e = ERR_INIT;

	if (run_load(r, record->data, record->len, &e) != 0)
		buf_addf(&d->problem, "%s does not load: %s\n%s\n", what, err_cause(&e),
		    record->data);
	err_fini(&e);
}

static void
compare(struct drive *d, const struct run *rebuilt, const char *what)
{
	struct buf a, b;

	buf_init(&a, BUF_UNLIMITED);
	buf_init(&b, BUF_UNLIMITED);
	run_dump(d->run, &a);
	run_dump(rebuilt, &b);
	if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0)
		buf_addf(&d->problem, "law 2: %s differs\nmemory:  %s\nrebuilt: %s\nrecord:  %s\n",
		    what, a.data, b.data, d->nrecords > 0 ? d->records[d->nrecords - 1].data : "");
	buf_fini(&a);
	buf_fini(&b);
}

/* The events of a record, a line each; every one must print in the API's form, too. */
static void
note_events(struct drive *d, const struct buf *record, int64_t first)
{
	struct doc r = doc_parse_record(record->data, record->len, NULL);
	struct history_record h;
	struct err e = ERR_INIT;
	struct buf api;
	int64_t previous = 0, ms = 0;

	buf_init(&api, BUF_UNLIMITED);
	if (history_open(&h, r, first, &e) != 0)
		buf_addf(&d->problem, "no record: %s\n", record->data);
	for (int64_t id = first; id < first + (int64_t)h.n; id++) {
		struct doc entry = h.entries[id - first], details = history_details(&h, id), parsed;
		char *type = doc_strdup(doc_at(entry, 0));

		if (!doc_i64(doc_at(entry, 1), &previous) || !doc_i64(doc_at(entry, 2), &ms))
			buf_addf(&d->problem, "event %" PRId64 " has no numbers\n", id);
		if (previous >= id)
			buf_addf(&d->problem, "event %" PRId64 " precedes its predecessor\n", id);
		buf_addf(&d->history, "%" PRId64 " <- %" PRId64, id, previous);
		if (ms != DRIVE_START_MS)
			buf_addf(&d->history, " @%" PRId64, ms - DRIVE_START_MS);
		buf_addf(&d->history, " %s", type);
		if (!doc_is_none(details)) {
			buf_addc(&d->history, ' ');
			doc_print(details, &d->history);
		}
		buf_addc(&d->history, '\n');
		doc_unref(details);
		free(type);
		buf_reset(&api);
		if (history_print_event(&h, id, true, &api, &e) != 0)
			buf_addf(&d->problem, "event %" PRId64 " does not print: %s\n", id,
			    err_cause(&e));
		parsed = doc_parse(api.data, api.len, &e);
		if (doc_is_none(parsed))
			buf_addf(&d->problem, "event %" PRId64 " is no JSON: %s\n", id, api.data);
		doc_unref(parsed);
		err_fini(&e);
	}
	history_close(&h);
	buf_fini(&api);
	doc_unref(r);
}

/* A snapshot that stands in the place of a record has its events. */
static void
compare_events(struct drive *d, const struct buf *record, const struct buf *snapshot)
{
	struct doc a = doc_parse_record(record->data, record->len, NULL);
	struct doc b = doc_parse_record(snapshot->data, snapshot->len, NULL);

	if (!doc_equal(doc_gets(a, "e"), doc_gets(b, "e")))
		buf_addf(&d->problem, "other events in a snapshot:\n%s\n%s\n", record->data,
		    snapshot->data);
	doc_unref(a);
	doc_unref(b);
}

/* Goes on with a run that was rebuilt, as after a restart. */
static void
swap_run(struct drive *d, const struct buf *snapshot)
{
	run_free(d->twin);
	d->twin = fresh_run(d);
	load(d, d->twin, snapshot, "the snapshot");
	compare(d, d->twin, "the snapshot");
	if (d->policy == DRIVE_SNAPSHOT) {
		run_free(d->run);
		d->run = d->twin;
		d->twin = fresh_run(d);
		load(d, d->twin, snapshot, "the snapshot");
	} else if (d->policy == DRIVE_JOURNAL) {
		run_free(d->run);
		d->run = fresh_run(d);
		for (size_t i = 0; i < d->nrecords; i++)
			load(d, d->run, &d->records[i], "the journal");
		compare(d, d->twin, "the journal");
	}
}

void
drive_seal(struct drive *d)
{
	struct buf *record, snapshot;
	int64_t first = run_record_first(d->run);

	if (d->policy == DRIVE_JOURNAL || d->policy == DRIVE_SNAPSHOT)
		run_keep(d->run);
	if (run_record_is_empty(d->run))
		return;
	d->records = xreallocarray(d->records, d->nrecords + 1, sizeof(*d->records));
	record = &d->records[d->nrecords++];
	buf_init(record, BUF_UNLIMITED);
	buf_init(&snapshot, BUF_UNLIMITED);
	if (d->policy == DRIVE_SNAPSHOT)
		run_snapshot(d->run, &snapshot);
	run_record_seal(d->run, record);
	note_events(d, record, first);
	load(d, d->twin, record, "the record");
	compare(d, d->twin, "the twin");
	if (d->policy == DRIVE_SNAPSHOT)
		compare_events(d, record, &snapshot);
	if (d->policy == DRIVE_JOURNAL)
		run_snapshot(d->run, &snapshot);
	if (snapshot.len > 0)
		swap_run(d, &snapshot);
	buf_fini(&snapshot);
}

int
drive_move(struct drive *d, struct stimulus *s, struct err *e)
{
	s->now_ms = d->now_ms;
	s->seed = ++d->seed;
	if (run_move(d->run, s, &d->effects, e) != 0)
		return -1;
	d->nmoves++;
	if (d->policy != DRIVE_MERGE || d->nmoves % MERGED_MOVES == 0)
		drive_seal(d);
	return 0;
}

void
drive_clock(struct drive *d, int64_t ms)
{
	int64_t due;

	while ((due = run_due_ms(d->run)) <= ms && d->problem.len == 0) {
		struct stimulus s = { .kind = STIMULUS_TIMER };

		if (due > d->now_ms)
			d->now_ms = due;
		(void)drive_move(d, &s, NULL);
	}
	d->now_ms = ms;
}
