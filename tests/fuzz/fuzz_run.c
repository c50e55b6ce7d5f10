/*
 * fuzz_run - bytes as choices: a definition from a small grammar, then what the world
 * does to its execution. Nothing may crash, and law 2 must hold after every move,
 * under every policy of tests/cases/drive.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choices.h"
#include "drive.h"

#define DEPTH_MAX 3
#define STATES_MAX 40
#define MOVES_MAX 80

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- definitions --------------------------------------------------------------- */

static const char *const paths[] = { "", "", "", ",\"InputPath\":\"$.a\"",
	",\"OutputPath\":\"$.b\"", ",\"InputPath\":null", ",\"OutputPath\":null",
	",\"InputPath\":\"$$.Map.Item.Value\"" };
static const char *const result_paths[] = { "", "", ",\"ResultPath\":\"$.r\"",
	",\"ResultPath\":null", ",\"ResultPath\":\"$.a.deep.r\"" };
static const char *const templates[] = { "", "", "{\"x.$\":\"$\"}",
	"{\"a.$\":\"$.a\",\"k\":[1,{\"y.$\":\"$.b\"}]}", "{\"t.$\":\"$$.State\"}",
	"{\"v.$\":\"$v\"}", "{\"u.$\":\"States.UUID()\"}" };
static const char *const assigns[] = { "", "", "", ",\"Assign\":{\"v\":1}",
	",\"Assign\":{\"w.$\":\"$\"}", ",\"Assign\":{\"v.$\":\"$.a\",\"w\":{\"big\":\"value\"}}" };
static const char *const errors[] = { "E", "States.ALL", "States.Timeout", "States.TaskFailed",
	"States.HeartbeatTimeout", "States.IntrinsicFailure" };

static void write_container(struct choices *c, struct buf *b, int depth);

static void
write_template(struct choices *c, struct buf *b, const char *key)
{
	const char *t = PICK(c, templates);

	if (t[0] != '\0')
		buf_addf(b, ",\"%s\":%s", key, t);
}

static void
write_retry(struct choices *c, struct buf *b)
{
	if (choose(c, 3) != 0)
		return;
	buf_addf(b,
	    ",\"Retry\":[{\"ErrorEquals\":[\"%s\"],\"MaxAttempts\":%u,\"IntervalSeconds\":%u%s}]",
	    PICK(c, errors), choose(c, 3), 1 + choose(c, 9),
	    choose(c, 2) ? ",\"JitterStrategy\":\"FULL\"" : "");
}

/* Forward only: a loop that nothing interrupts is tested elsewhere. */
static void
write_catch(struct choices *c, struct buf *b, const char *next)
{
	if (next != NULL && choose(c, 3) == 0)
		buf_addf(b, ",\"Catch\":[{\"ErrorEquals\":[\"%s\"],\"Next\":\"%s\"%s%s}]",
		    PICK(c, errors), next, PICK(c, result_paths), PICK(c, assigns));
}

static void
write_task(struct choices *c, struct buf *b)
{
	static const char *const resources[] = { "arn:aws:lambda:us-east-1:123456789012:function:f",
		"arn:pawl:states:::job:run", "arn:pawl:states:::job:run.waitForTaskToken",
		"arn:pawl:states:::job:run.sync:2",
		"arn:aws:states:us-east-1:123456789012:activity:a",
		"arn:aws:lambda:us-east-1:123456789012:function:pure-double",
		"arn:aws:lambda:us-east-1:123456789012:function:pure-broken" };
	static const char *const times[] = { "", "", ",\"TimeoutSeconds\":9",
		",\"TimeoutSeconds\":9,\"HeartbeatSeconds\":3", ",\"HeartbeatSeconds\":4",
		",\"TimeoutSecondsPath\":\"$.n\"" };

	buf_addf(b, "\"Task\",\"Resource\":\"%s\"%s", PICK(c, resources), PICK(c, times));
	if (choose(c, 2) != 0)
		buf_adds(b,
		    ",\"Parameters\":{\"FunctionName\":\"f\",\"p.$\":\"$\",\"t.$\":\"$$.State.RetryCount\"}");
	if (choose(c, 4) == 0)
		buf_adds(b, ",\"ResultSelector\":{\"s.$\":\"$\"}");
}

static void
write_wait(struct choices *c, struct buf *b)
{
	static const char *const waits[] = { "\"Seconds\":0", "\"Seconds\":5", "\"Seconds\":7",
		"\"SecondsPath\":\"$.n\"", "\"Timestamp\":\"2023-11-14T22:13:50Z\"",
		"\"Timestamp\":\"2001-11-14T22:13:50Z\"" };

	buf_addf(b, "\"Wait\",%s", PICK(c, waits));
}

static void
write_parallel(struct choices *c, struct buf *b, int depth)
{
	unsigned n = 1 + choose(c, 3);

	buf_adds(b, "\"Parallel\",\"Branches\":[");
	for (unsigned i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(b, ',');
		write_container(c, b, depth + 1);
	}
	buf_addc(b, ']');
	write_template(c, b, "Parameters");
}

static void
write_map(struct choices *c, struct buf *b, int depth)
{
	static const char *const selectors[] = { "", "",
		",\"ItemSelector\":{\"i.$\":\"$$.Map.Item.Index\",\"v.$\":\"$$.Map.Item.Value\"}",
		",\"ItemSelector\":{\"a.$\":\"$$.Map.Item.Value\",\"n\":1}",
		",\"ItemSelector\":{\"a.$\":\"States.ArrayGetItem($$.Map.Item.Value, 0)\"}" };

	buf_addf(b,
	    "\"Map\",\"MaxConcurrency\":%u,\"ItemsPath\":\"%s\"%s,\"ItemProcessor\":", choose(c, 4),
	    choose(c, 3) != 0 ? "$.list" : "$", PICK(c, selectors));
	write_container(c, b, depth + 1);
}

/* next is NULL for the last state of its container. */
static void
write_body(struct choices *c, struct buf *b, int depth, const char *next)
{
	unsigned kind = choose(c, depth < DEPTH_MAX ? 9 : 6);
	bool can_fail = false;

	switch (kind) {
	case 0:
	case 1:
		buf_adds(b, "\"Pass\"");
		if (choose(c, 3) == 0)
			buf_adds(b,
			    ",\"Result\":{\"a\":[1,[2]],\"list\":[[3],4],\"n\":2,\"b\":{}}");
		else
			write_template(c, b, "Parameters");
		break;
	case 2:
		write_wait(c, b);
		break;
	case 3:
		buf_addf(b, "\"Fail\",\"Error\":\"%s\"", choose(c, 2) ? "E" : "Other");
		return;
	case 4:
	case 5:
		write_task(c, b);
		can_fail = true;
		break;
	case 6:
		write_parallel(c, b, depth);
		can_fail = true;
		break;
	default:
		write_map(c, b, depth);
		can_fail = true;
		break;
	}
	if (can_fail) {
		write_retry(c, b);
		write_catch(c, b, next);
	}
	buf_adds(b, PICK(c, paths));
	if (kind != 2)
		buf_adds(b, PICK(c, result_paths));
	if (depth == 0)
		buf_adds(b, PICK(c, assigns));
	if (next != NULL)
		buf_addf(b, ",\"Next\":\"%s\"", next);
	else
		buf_adds(b, ",\"End\":true");
}

static void
write_choice(struct buf *b, const char *next)
{
	buf_addf(b,
	    "\"Choice\",\"Choices\":[{\"And\":[{\"Variable\":\"$.n\",\"IsPresent\":true},"
	    "{\"Variable\":\"$.n\",\"NumericGreaterThan\":1}],\"Next\":\"%s\"}],\"Default\":\"%s\"",
	    next, next);
}

/* A chain of states; the last one is reachable whatever stands before. */
static void
write_container(struct choices *c, struct buf *b, int depth)
{
	unsigned n = 1 + choose(c, 4);
	int first = c->made;
	char next[16];

	if (c->made + (int)n > STATES_MAX)
		n = 1;
	c->made += (int)n;
	buf_addf(b, "{\"StartAt\":\"S%d\",\"States\":{", first);
	for (unsigned i = 0; i < n; i++) {
		bool last = i + 1 == n;

		snprintf(next, sizeof(next), "S%d", first + (int)i + 1);
		buf_addf(b, "%s\"S%d\":{\"Type\":", i > 0 ? "," : "", first + (int)i);
		if (!last && choose(c, 8) == 7)
			write_choice(b, next);
		else
			write_body(c, b, depth, last ? NULL : next);
		buf_addc(b, '}');
	}
	buf_adds(b, "}}");
}

static struct machine *
make_machine(struct choices *c)
{
	struct diagnostics diag;
	struct machine *m;
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	write_container(c, &b, 0);
	if (choose(c, 4) == 0) {
		b.len--;
		buf_addf(&b, ",\"TimeoutSeconds\":%u}", 5 + choose(c, 40));
	}
	diagnostics_init(&diag);
	m = machine_compile(b.data, b.len, MACHINE_STANDARD, &diag);
	diagnostics_fini(&diag);
	if (getenv("FUZZ_VERBOSE") != NULL)
		printf("%s\n%s\n", m != NULL ? "compiled" : "refused", b.data);
	buf_fini(&b);
	return m;
}

/* --- the world ------------------------------------------------------------------- */

struct open_tasks {
	int64_t ids[64];
	size_t n;
};

static void
open_tasks_cb(void *arg, const struct run_task *t)
{
	struct open_tasks *o = arg;

	if (o->n < sizeof(o->ids) / sizeof(o->ids[0]))
		o->ids[o->n++] = t->task_id;
}

static void
do_something(struct choices *c, struct drive *d)
{
	static const char *const answers[] = {
		"{\"a\":[7],\"b\":{\"c\":1},\"list\":[1,[2],3],\"n\":3}", "1", "[]", "\"text\"",
		"null", "{\"list\":[]}"
	};
	static const char *const names[] = { "E", "Other", "States.Timeout", "States.Runtime" };
	struct open_tasks open = { .n = 0 };
	struct stimulus s = { .task_id = 1, .by_token = choose(c, 2) != 0 };
	const char *answer = PICK(c, answers);

	run_each_task(d->run, open_tasks_cb, &open);
	if (open.n > 0)
		s.task_id = open.ids[choose(c, (unsigned)open.n)];
	s.output = doc_parse(answer, strlen(answer), NULL);
	switch (choose(c, 12)) {
	case 0:
		drive_clock(d, d->now_ms + 1000 * choose(c, 20));
		break;
	case 1: /* the clock jumps, timers fire late */
		d->now_ms += 1000 * choose(c, 60);
		drive_clock(d, d->now_ms);
		break;
	case 2:
		s.kind = STIMULUS_TASK_STARTED;
		s.worker = "w";
		break;
	case 3:
		s.kind = STIMULUS_TASK_SUBMITTED;
		break;
	case 4:
		s.kind = STIMULUS_TASK_HEARTBEAT;
		break;
	case 5:
	case 6:
		s.kind = STIMULUS_TASK_FAILED;
		s.error = choose(c, 5) != 0 ? PICK(c, names) : NULL;
		s.cause = choose(c, 2) != 0 ? "some cause" : NULL;
		break;
	case 7:
		if (choose(c, 10) == 9)
			s.kind = STIMULUS_STOP;
		break;
	default:
		s.kind = STIMULUS_TASK_SUCCEEDED;
		break;
	}
	if (s.kind != STIMULUS_START)
		(void)drive_move(d, &s, NULL);
	doc_unref(s.output);
}

static void
play(struct choices *c, struct machine *m, enum drive_policy policy, bool limits)
{
	static const char *const inputs[] = {
		"{\"a\":{\"x\":[1,2]},\"b\":\"B\",\"list\":[[1],[2],3,{\"a\":4}],\"n\":2}",
		"[ 1 , [2], {\"list\":[5]} ]", "{}", "\"text\"",
		"{\"list\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20],\"n\":0,\"a\":1}"
	};
	struct drive d;
	struct stimulus start = { .kind = STIMULUS_START };

	drive_init(&d, m, PICK(c, inputs), policy, limits);
	(void)drive_move(&d, &start, NULL);
	for (int i = 0; i < MOVES_MAX && run_status(d.run) == RUN_RUNNING && d.problem.len == 0;
	     i++)
		do_something(c, &d);
	drive_seal(&d);
	if (getenv("FUZZ_VERBOSE") != NULL)
		printf("policy %d: %s\n%s\n", (int)policy, run_status_name(run_status(d.run)),
		    buf_text(&d.history));
	if (d.problem.len > 0) {
		printf("policy %d: %s\n%s\n", (int)policy, d.problem.data, buf_text(&d.history));
		abort();
	}
	drive_fini(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct choices c = { .at = data, .left = size };
	struct machine *m;
	enum drive_policy policy = (enum drive_policy)choose(&c, DRIVE_POLICY_COUNT);
	bool limits = choose(&c, 2) != 0;

	if ((m = make_machine(&c)) == NULL)
		return 0;
	play(&c, m, policy, limits);
	machine_unref(m);
	return 0;
}
