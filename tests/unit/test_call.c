/*
 * test_call - the API over a real connection, with a store and an engine that the test plays.
 *
 * The functions of catalogue, read and engine that the actions use are defined here, so
 * the real ones are not linked: each test says what they answer, and looks at what they
 * were asked. Answers come on a later turn, as the real ones do.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "engine/history.h"
#include "store/member.h"
#include "store/place.h"
#include "store/read.h"
#include "task/transition.h"

#define ARN "arn:aws:states:us-east-1:123456789012:"
#define PASS "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}"
#define ROLE "arn:aws:iam::123456789012:role/r"
#define START_MS INT64_C(1700000000123)

/* --- the world that the test plays ---------------------------------------------------- */

static struct loop *loop;
static struct {
	bool up;                       /* else everything answers ServiceUnavailable */
	bool silent;                   /* nothing is answered at all */
	struct machine_entry *machine; /* the one machine there is, or NULL */
	enum catalogue_outcome outcome;
	bool overloaded;
	bool name_taken, closed_meanwhile, too_many_tags;
	struct execution_row row; /* the one execution there is, when it has a name */
	int nrows;                /* so many rows has every list; row is the pattern */
	int64_t history_events;
	const char *task_error; /* what the engine says of a task, or NULL */
	const char *encryption; /* of the one activity there is, or NULL */
	bool offered;           /* a poll gets a task */
	bool taken, polls_stopped;
	uint64_t polls, cancelled;
	char changed[64];
	char asked[4096]; /* what the last change was about */
	int asks;
} world;

static void
note(const char *fmt, ...)
{
	va_list ap;

	world.asks++;
	va_start(ap, fmt);
	vsnprintf(world.asked, sizeof(world.asked), fmt, ap);
	va_end(ap);
}

/* An answer that comes on the next turn. */
struct answer {
	void (*give)(struct answer *a, const struct err *e);
	void *cb;
	uint64_t ticket;
	int64_t first, last;
	int limit;
};

static void
answer_now(void *arg)
{
	struct answer *a = arg;
	struct err e = ERR_INIT;

	if (!world.up)
		err_set(&e, "ServiceUnavailable", "PostgreSQL is away.");
	if (!world.silent)
		a->give(a, world.up ? NULL : &e);
	err_fini(&e);
	free(a);
}

static struct answer *
answer_later(void (*give)(struct answer *a, const struct err *e), void *cb, uint64_t ticket)
{
	struct answer *a = xcalloc(1, sizeof(*a));

	a->give = give;
	a->cb = cb;
	a->ticket = ticket;
	loop_defer(loop, answer_now, a);
	return a;
}

static void
give_machine(struct answer *a, const struct err *e)
{
	((catalogue_machine_cb *)a->cb)(a->ticket, e == NULL ? world.machine : NULL, e);
}

static void
give_change(struct answer *a, const struct err *e)
{
	((catalogue_change_cb *)a->cb)(a->ticket, world.outcome, e == NULL ? world.machine : NULL,
	    e);
}

static void
give_tags(struct answer *a, const struct err *e)
{
	((catalogue_tags_cb *)a->cb)(a->ticket, world.machine != NULL, world.too_many_tags,
	    e == NULL ? "[{\"key\":\"k\",\"value\":\"v\"}]" : NULL, e);
}

static void
give_row(struct answer *a, const struct err *e)
{
	((read_execution_cb *)a->cb)(a->ticket,
	    e == NULL && world.row.name != NULL ? &world.row : NULL, e);
}

static void
give_rows(struct answer *a, const struct err *e)
{
	struct execution_row rows[10];
	int n = world.nrows < a->limit ? world.nrows : a->limit;

	assert_true(n <= 10);
	for (int i = 0; i < n; i++)
		rows[i] = world.row;
	((read_executions_cb *)a->cb)(a->ticket, rows, (size_t)n, world.nrows > n, e);
}

static void
give_items(struct answer *a, const struct err *e)
{
	struct machine_item items[] = { { "a", MACHINE_STANDARD, START_MS },
		{ "b", MACHINE_EXPRESS, START_MS } };
	int n = world.nrows < a->limit ? world.nrows : a->limit;

	((catalogue_list_cb *)a->cb)(a->ticket, items, (size_t)n, world.nrows > n, e);
}

/* One event a row; record and event say nothing but the id. */
static void
give_history(struct answer *a, const struct err *e)
{
	struct journal_row rows[1000];
	size_t n = 0;

	for (int64_t id = a->first; id <= a->last; id++)
		rows[n++] = (struct journal_row){ .seq = id,
			.first_event_id = id,
			.event_count = 1,
			.record = "{\"e\":[[]]}",
			.record_len = 10 };
	((read_journal_cb *)a->cb)(a->ticket, rows, n, e);
}

static void
give_started(struct answer *a, const struct err *e)
{
	((engine_started_cb *)a->cb)(a->ticket, e == NULL && world.name_taken, "e1", START_MS, e);
}

static void
give_stopped(struct answer *a, const struct err *e)
{
	struct err closed = ERR_INIT;

	err_set(&closed, "ExecutionClosed", "It has ended.");
	((engine_stopped_cb *)a->cb)(a->ticket, START_MS + 1000,
	    e == NULL && world.closed_meanwhile ? &closed : e);
	err_fini(&closed);
}

static void
give_answered(struct answer *a, const struct err *e)
{
	struct err closed = ERR_INIT;

	if (world.task_error != NULL)
		err_set(&closed, world.task_error, "Words of the engine");
	((engine_answered_cb *)a->cb)(a->ticket, e == NULL && err_is_set(&closed) ? &closed : e);
	err_fini(&closed);
}

static void
give_activity(struct answer *a, const struct err *e)
{
	const struct activity_entry entry = { .created_ms = START_MS,
		.encryption = world.encryption };

	((catalogue_activity_cb *)a->cb)(a->ticket,
	    e == NULL && world.encryption != NULL ? &entry : NULL, e);
}

static void
give_deleted(struct answer *a, const struct err *e)
{
	((catalogue_deleted_cb *)a->cb)(a->ticket, e);
}

static void
give_activities(struct answer *a, const struct err *e)
{
	struct activity_item items[3];
	char names[3][8];
	size_t n = 0;

	for (; n < 3 && (int)n < a->limit; n++) {
		snprintf(names[n], sizeof(names[n]), "a%zu", n);
		items[n] = (struct activity_item){ .name = names[n], .created_ms = START_MS };
	}
	((catalogue_activities_cb *)a->cb)(a->ticket, items, e == NULL ? n : 0, a->limit < 3, e);
}

static void
give_polled(struct answer *a, const struct err *e)
{
	const struct polled_task t = { .token = "TOKEN", .input = doc_bool(true) };
	struct err refused = ERR_INIT;

	if (world.task_error != NULL)
		err_set(&refused, world.task_error, "Words of the engine");
	world.taken = ((engine_polled_cb *)a->cb)(a->ticket, world.offered ? &t : NULL,
	    e == NULL && err_is_set(&refused) ? &refused : e);
	err_fini(&refused);
}

bool
store_is_up(const struct store *s)
{
	(void)s;
	return world.up;
}

struct machine_entry *
machine_entry_ref(struct machine_entry *m)
{
	m->refs++;
	return m;
}

void
machine_entry_unref(struct machine_entry *m)
{
	m->refs--;
}

struct machine_entry *
catalogue_cached(struct store *s, const char *name)
{
	(void)s;
	(void)name;
	return NULL;
}

void
catalogue_by_name(struct store *s, const char *name, uint64_t ticket, catalogue_machine_cb *cb)
{
	(void)s;
	note("name %s", name);
	answer_later(give_machine, (void *)cb, ticket);
}

void
catalogue_by_id(struct store *s, const struct uuid *id, int64_t revision, uint64_t ticket,
    catalogue_machine_cb *cb)
{
	(void)s;
	(void)id;
	note("revision %d", (int)revision);
	answer_later(give_machine, (void *)cb, ticket);
}

void
catalogue_create(struct store *s, const struct machine_spec *spec, uint64_t ticket,
    catalogue_change_cb *cb)
{
	(void)s;
	note("create %s type %d role %s logging %s tracing %s encryption %s tags %s", spec->name,
	    (int)spec->type, spec->role_arn, spec->logging, spec->tracing, spec->encryption,
	    spec->tags);
	answer_later(give_change, (void *)cb, ticket);
}

void
catalogue_update(struct store *s, const struct machine_spec *spec, uint64_t ticket,
    catalogue_change_cb *cb)
{
	(void)s;
	note("update %s definition %s role %s logging %s", spec->name,
	    spec->definition != NULL ? spec->definition : "-",
	    spec->role_arn != NULL ? spec->role_arn : "-",
	    spec->logging != NULL ? spec->logging : "-");
	answer_later(give_change, (void *)cb, ticket);
}

void
catalogue_delete(struct store *s, const char *name, int64_t now_ms, uint64_t ticket,
    catalogue_change_cb *cb)
{
	(void)s;
	(void)now_ms;
	note("delete %s", name);
	answer_later(give_change, (void *)cb, ticket);
}

void
catalogue_list(struct store *s, const char *after_name, int limit, uint64_t ticket,
    catalogue_list_cb *cb)
{
	(void)s;
	note("list after %s limit %d", after_name != NULL ? after_name : "-", limit);
	answer_later(give_items, (void *)cb, ticket)->limit = limit;
}

static const char *
owner_text(const struct tag_owner *o)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s%s", o->activity ? "activity " : "", o->name);
	return text;
}

void
catalogue_tags(struct store *s, const struct tag_owner *o, uint64_t ticket, catalogue_tags_cb *cb)
{
	(void)s;
	note("tags of %s", owner_text(o));
	answer_later(give_tags, (void *)cb, ticket);
}

void
catalogue_tag(struct store *s, const struct tag_owner *o, const char *tags_json, uint64_t ticket,
    catalogue_tags_cb *cb)
{
	(void)s;
	note("tag %s %s", owner_text(o), tags_json);
	answer_later(give_tags, (void *)cb, ticket);
}

void
catalogue_untag(struct store *s, const struct tag_owner *o, const char *keys_json, uint64_t ticket,
    catalogue_tags_cb *cb)
{
	(void)s;
	note("untag %s %s", owner_text(o), keys_json);
	answer_later(give_tags, (void *)cb, ticket);
}

void
catalogue_activity(struct store *s, const char *name, uint64_t ticket, catalogue_activity_cb *cb)
{
	(void)s;
	note("activity %s", name);
	answer_later(give_activity, (void *)cb, ticket);
}

void
catalogue_create_activity(struct store *s, const struct activity_spec *spec, uint64_t ticket,
    catalogue_activity_cb *cb)
{
	(void)s;
	note("create activity %s encryption %s tags %s", spec->name, spec->encryption, spec->tags);
	answer_later(give_activity, (void *)cb, ticket);
}

void
catalogue_delete_activity(struct store *s, const char *name, uint64_t ticket,
    catalogue_deleted_cb *cb)
{
	(void)s;
	note("delete activity %s", name);
	answer_later(give_deleted, (void *)cb, ticket);
}

void
catalogue_activities(struct store *s, const char *after_name, int limit, uint64_t ticket,
    catalogue_activities_cb *cb)
{
	(void)s;
	note("activities after %s limit %d", after_name != NULL ? after_name : "-", limit);
	answer_later(give_activities, (void *)cb, ticket)->limit = limit;
}

void
read_execution(struct store *s, const char *machine_name, const char *name, uint64_t ticket,
    read_execution_cb *cb)
{
	(void)s;
	note("execution %s %s", machine_name, name);
	answer_later(give_row, (void *)cb, ticket);
}

void
read_executions(struct store *s, const struct execution_filter *f, uint64_t ticket,
    read_executions_cb *cb)
{
	(void)s;
	note("executions status %s redriven %d after %d %lld limit %d",
	    f->status != NULL ? f->status : "-", f->redriven, f->after_set,
	    (long long)f->after_start_ms, f->limit);
	answer_later(give_rows, (void *)cb, ticket)->limit = f->limit;
}

void
read_history(struct store *s, int32_t shard, const struct uuid *id, int64_t first, int64_t last,
    uint64_t ticket, read_journal_cb *cb)
{
	struct answer *a = answer_later(give_history, (void *)cb, ticket);

	(void)s;
	(void)id;
	note("history of shard %d", (int)shard);
	assert_true(first >= 1 && last >= first && last <= world.history_events);
	a->first = first;
	a->last = last;
}

int
engine_admit(struct engine *g, const char *machine, size_t input_len, struct engine_refusal *out)
{
	(void)g;
	(void)machine;
	(void)input_len;
	if (!world.overloaded)
		return 0;
	*out = (struct engine_refusal){ .retry_s = 7, .why = "There is too much to do." };
	return -1;
}

void
engine_set_transitions(struct engine *g, const struct transition_rule *r)
{
	(void)g;
	(void)r;
}

void
engine_start_execution(struct engine *g, const struct engine_start *s, uint64_t ticket,
    engine_started_cb *cb)
{
	(void)g;
	note("start %s name %s input %.*s trace %s", s->machine->name,
	    s->name != NULL ? s->name : "-", (int)s->input_len, s->input_text,
	    s->trace_header != NULL ? s->trace_header : "-");
	answer_later(give_started, (void *)cb, ticket);
}

void
engine_stop_execution(struct engine *g, int32_t shard, const struct uuid *id, const char *error,
    const char *cause, uint64_t ticket, engine_stopped_cb *cb)
{
	(void)g;
	(void)id;
	note("stop in shard %d error %s cause %s", (int)shard, error != NULL ? error : "-",
	    cause != NULL ? cause : "-");
	answer_later(give_stopped, (void *)cb, ticket);
}

void
engine_answer_task(struct engine *g, const struct task_ref *t, const struct task_answer *a,
    uint64_t ticket, engine_answered_cb *cb)
{
	size_t len;
	char *output = doc_is_none(a->output) ? xstrdup("-") : doc_text(a->output, &len);

	(void)g;
	note("answer %d task %d of %d in shard %d output %s error %s cause %s", (int)a->kind,
	    (int)t->task_id, t->execution.b[15], (int)t->shard, output,
	    a->error != NULL ? a->error : "-", a->cause != NULL ? a->cause : "-");
	free(output);
	answer_later(give_answered, (void *)cb, ticket);
}

uint64_t
engine_poll(struct engine *g, const struct engine_poll *what, uint64_t ticket, engine_polled_cb *cb)
{
	(void)g;
	note("poll %s worker %s for %d s", what->activity,
	    what->worker != NULL ? what->worker : "-", (int)(what->wait_ms / 1000));
	if (!world.silent)
		answer_later(give_polled, (void *)cb, ticket);
	return ++world.polls;
}

void
engine_cancel_poll(uint64_t id)
{
	world.cancelled = id;
}

void
engine_stop_polls(struct engine *g)
{
	(void)g;
	world.polls_stopped = true;
}

/* --- there are no other nodes ------------------------------------------------------------- */

bool
engine_serves(const struct engine *g, int32_t shard)
{
	(void)g;
	return shard >= 0;
}

void
engine_set_neighbours(struct engine *g, const struct engine_neighbours *n)
{
	(void)g;
	(void)n;
}

void
engine_neighbour_wants(struct engine *g, const char *activity)
{
	(void)g;
	(void)activity;
}

uint64_t
engine_fetch_for(struct engine *g, const char *activity, const char **worker)
{
	(void)g;
	(void)activity;
	*worker = NULL;
	return 0;
}

bool
engine_fetched(uint64_t poll, const struct polled_task *t)
{
	(void)poll;
	(void)t;
	return false;
}

void
engine_take_back(struct engine *g, const struct task_ref *t)
{
	(void)g;
	(void)t;
}

bool
store_owns(const struct store *s, int32_t shard)
{
	(void)s;
	return shard >= 0;
}

int
store_nodes(const struct store *s)
{
	(void)s;
	return 1;
}

int32_t
store_node_number(const struct store *s)
{
	(void)s;
	return 1;
}

const char *
store_node_address(const struct store *s, int32_t number)
{
	(void)s;
	(void)number;
	return NULL;
}

void
store_hint(struct store *s, const char *hint)
{
	(void)s;
	(void)hint;
}

void
read_shard_owner(struct store *s, int32_t shard, uint64_t ticket, read_shard_owner_cb *cb)
{
	(void)s;
	(void)shard;
	cb(ticket, NULL, NULL);
}

void
read_nodes(struct store *s, uint64_t ticket, read_nodes_cb *cb)
{
	(void)s;
	cb(ticket, NULL, 0, NULL);
}

void
engine_each_limit(const struct engine *g, engine_limit_cb *cb, void *arg)
{
	const struct limit_counts l = { .name = "mail", .declared = true, .concurrency = 1 };

	(void)g;
	cb(arg, &l);
}

bool
engine_limits_executions(const struct engine *g)
{
	(void)g;
	return true;
}

void
place_show(struct store *s, uint64_t ticket, place_show_cb *cb)
{
	const struct place_row row = { .machine_name = "Nightly",
		.most = 1,
		.running = 1,
		.waiting = 2 };

	(void)s;
	cb(ticket, &row, 1, NULL);
}

void
engine_activity_changed(struct engine *g, const char *name, bool exists)
{
	(void)g;
	snprintf(world.changed, sizeof(world.changed), "%s %s", name, exists ? "is" : "is not");
}

int
history_open(struct history_record *h, struct doc record, int64_t first_event_id, struct err *e)
{
	(void)record;
	(void)e;
	*h = (struct history_record){ .first = first_event_id };
	return 0;
}

void
history_close(struct history_record *h)
{
	(void)h;
}

int
history_print_event(const struct history_record *h, int64_t id, bool include_execution_data,
    struct buf *out, struct err *e)
{
	(void)h;
	(void)e;
	buf_addf(out, "{\"id\":%lld,\"data\":%d}", (long long)id, include_execution_data);
	return 0;
}

/* --- the client ----------------------------------------------------------------------------- */

static struct conf *conf;
static struct api *api;
static struct machine_entry machine;

struct exchange {
	int fd;
	struct event *ev;
	struct buf got;
	bool done;
};

/* Whole when the head and as many bytes as it says are there. */
static void
exchange_readable(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *x = arg;
	char *p = buf_reserve(&x->got, 65536), *body;
	ssize_t n = recv(fd, p, 65536, MSG_DONTWAIT);
	const char *length;

	(void)what;
	if (n > 0)
		buf_advance(&x->got, (size_t)n);
	length = strstr(buf_text(&x->got), "Content-Length: ");
	body = strstr(buf_text(&x->got), "\r\n\r\n");
	if (n <= 0 ||
	    (body != NULL && length != NULL &&
		strlen(body + 4) >= strtoul(length + 16, NULL, 10))) {
		x->done = true;
		loop_stop(loop);
	}
}

static void
exchange_open(struct exchange *x)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)api_port(api)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	*x = (struct exchange){ .fd = socket(AF_INET, SOCK_STREAM, 0) };
	assert_int_equal(connect(x->fd, (struct sockaddr *)&to, sizeof(to)), 0);
	buf_init(&x->got, BUF_UNLIMITED);
	x->ev = event_new(loop_base(loop), x->fd, EV_READ | EV_PERSIST, exchange_readable, x);
	event_add(x->ev, NULL);
}

static void
exchange_close(struct exchange *x)
{
	event_free(x->ev);
	close(x->fd);
}

static char answer_text[1 << 20];
static int answer_status;

/* The answer to a request, whole: its body, with answer_text holding all of it. */
static const char *
talk(const char *request)
{
	struct exchange x;
	char *body;

	exchange_open(&x);
	assert_int_equal(send(x.fd, request, strlen(request), MSG_NOSIGNAL),
	    (ssize_t)strlen(request));
	while (!x.done)
		loop_run(loop);
	snprintf(answer_text, sizeof(answer_text), "%s", buf_text(&x.got));
	exchange_close(&x);
	buf_fini(&x.got);
	answer_status = (int)strtol(answer_text + 9, NULL, 10);
	body = strstr(answer_text, "\r\n\r\n");
	assert_non_null(body);
	return body + 4;
}

static const char *
call(const char *action, const char *body)
{
	char *request =
	    xasprintf("POST / HTTP/1.1\r\nHost: any.host.at.all\r\nX-Amz-Target: "
		      "AWSStepFunctions.%s\r\nContent-Type: application/x-amz-json-1.0\r\n"
		      "Content-Length: %zu\r\n\r\n%s",
		action, strlen(body), body);
	const char *answer = talk(request);

	free(request);
	return answer;
}

static void
assert_answer(const char *action, const char *body, const char *answer)
{
	assert_string_equal(call(action, body), answer);
	assert_int_equal(answer_status, 200);
	assert_non_null(strstr(answer_text, "\r\nx-amzn-RequestId: "));
	assert_non_null(strstr(answer_text, "\r\nContent-Type: application/x-amz-json-1.0\r\n"));
}

static void
assert_error(const char *action, const char *body, int status, const char *answer)
{
	char type[128];

	assert_string_equal(call(action, body), answer);
	assert_int_equal(answer_status, status);
	assert_int_equal(sscanf(answer, "{\"__type\":\"%127[^\"]", type), 1);
	assert_non_null(strstr(strstr(answer_text, "\r\nx-amzn-errortype: "), type));
}

/* The answer has that type and message has text in it. */
static void
assert_refused(const char *action, const char *body, const char *type, const char *text)
{
	const char *answer = call(action, body);
	char head[128];

	snprintf(head, sizeof(head), "{\"__type\":\"%s\",", type);
	if (strncmp(answer, head, strlen(head)) != 0 || strstr(answer, text) == NULL)
		fail_msg("%s %s: wanted %s, %s; got %s", action, body, type, text, answer);
	assert_int_equal(world.asks, 0);
}

static struct conf *
make_conf(const char *option, const char *value)
{
	struct conf_overrides o = CONF_OVERRIDES_INIT;
	struct err e = ERR_INIT;
	struct conf *c;
	char *words[2] = { xasprintf("--%s", option), xstrdup(value) };

	if (conf_override(&o, 2, words, &e) < 0)
		fail_msg("%s", err_cause(&e));
	c = conf_load(NULL, &o, &e);
	assert_non_null(c);
	conf_overrides_fini(&o);
	free(words[0]);
	free(words[1]);
	return c;
}

static int
setup(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	memset(&world, 0, sizeof(world));
	machine = (struct machine_entry){ .refs = 1,
		.name = (char *)(uintptr_t) "m",
		.created_ms = START_MS,
		.revision = 1,
		.revised_ms = START_MS + 5,
		.definition = (char *)(uintptr_t)PASS,
		.definition_len = strlen(PASS),
		.role_arn = (char *)(uintptr_t)ROLE,
		.logging = (char *)(uintptr_t) "{\"level\":\"OFF\"}",
		.tracing = (char *)(uintptr_t) "{\"enabled\":false}",
		.encryption = (char *)(uintptr_t) "{\"type\":\"AWS_OWNED_KEY\"}" };
	machine.machine =
	    machine_compile(PASS, strlen(PASS), MACHINE_STANDARD, &(struct diagnostics){ 0 });
	assert_non_null(machine.machine);
	world.up = true;
	world.machine = &machine;
	world.row = (struct execution_row){ .shard = 7,
		.revision = 1,
		.machine_name = "m",
		.name = "e1",
		.status = "RUNNING",
		.start_ms = START_MS,
		.input = "{}",
		.input_len = 2,
		.event_count = 5 };
	loop = loop_new();
	conf = make_conf("listen", "127.0.0.1:0");
	api = api_new(loop, conf, NULL, NULL, "secret", &e);
	assert_non_null(api);
	return api_listen(api, "127.0.0.1:0", &e);
}

static int
teardown(void **state)
{
	(void)state;
	api_free(api);
	loop_free(loop); /* with it the flows that are over */
	conf_free(conf);
	assert_int_equal(machine.refs, 1);
	machine_unref(machine.machine);
	return 0;
}

/* --- framework ------------------------------------------------------------------------------ */

#define ON_MACHINE "{\"stateMachineArn\":\"" ARN "stateMachine:m\"}"
#define ON_EXECUTION "{\"executionArn\":\"" ARN "execution:m:e1\"}"

static void
unknown_operations_are_told(void **state)
{
	static const char answer[] = "{\"__type\":\"UnknownOperationException\",\"message\":"
				     "\"This server has no operation of that name.\"}";

	(void)state;
	assert_error("Nothing", "{}", 400, answer);
	assert_error("startExecution", "{}", 400, answer);
	assert_error("ListMapRuns", "{}", 400, answer); /* of the model, but not built */
	talk("POST / HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_non_null(strstr(answer_text, "UnknownOperationException"));
	talk("POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: Other.StartExecution\r\n\r\n");
	assert_non_null(strstr(answer_text, "UnknownOperationException"));
}

static void
other_methods_and_paths_are_refused(void **state)
{
	(void)state;
	talk("PUT / HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_int_equal(answer_status, 405);
	talk("POST /x HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_int_equal(answer_status, 404);
	talk("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_int_equal(answer_status, 404);
}

/* A page of another host, whose name leads here, in a browser of this machine. */
static void
web_pages_of_other_hosts_are_refused(void **state)
{
	static const struct {
		const char *origin;
		int status;
	} cases[] = {
		{ "http://evil.example:8083", 400 },
		{ "http://127.0.0.1.evil.example", 400 },
		{ "null", 400 },
		{ "", 400 },
		{ "http://[", 400 },
		{ "http://localhost:8083", 200 },
		{ "https://127.0.0.1", 200 },
		{ "http://[::1]:8083", 200 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *request =
		    xasprintf("POST / HTTP/1.1\r\nHost: h\r\nOrigin: %s\r\nX-Amz-Target: "
			      "AWSStepFunctions.ListStateMachines\r\n\r\n",
			cases[i].origin);

		talk(request);
		assert_int_equal(answer_status, cases[i].status);
		if (cases[i].status != 200)
			assert_non_null(strstr(answer_text, "AccessDeniedException"));
		free(request);
	}
}

static void
bodies_that_are_no_objects_do_not_deserialise(void **state)
{
	(void)state;
	assert_refused("ListStateMachines", "[]", "SerializationException", "not a JSON object");
	assert_refused("ListStateMachines", "{", "SerializationException", "not JSON");
	assert_refused("ListStateMachines", "{\"maxResults\":\"1\"}", "SerializationException",
	    "maxResults");
	/* no body at all is {} */
	assert_answer("ListStateMachines", "", "{\"stateMachines\":[]}");
}

static void
a_store_that_is_away_is_503(void **state)
{
	(void)state;
	world.up = false;
	assert_error("DescribeExecution", ON_EXECUTION, 503,
	    "{\"__type\":\"ServiceUnavailable\",\"message\":\"PostgreSQL is away.\"}");
	call("StartExecution", ON_MACHINE);
	assert_int_equal(answer_status, 503);
	talk("GET /health HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_int_equal(answer_status, 503);
	assert_non_null(strstr(answer_text, "{\"status\":\"unavailable\",\"database\":\"down\"}"));
}

static void
health_and_metrics_are_served(void **state)
{
	(void)state;
	assert_string_equal(talk("GET /health HTTP/1.1\r\nHost: h\r\n\r\n"),
	    "{\"status\":\"ok\",\"database\":\"up\"}\n");
	assert_int_equal(answer_status, 200);
	stat_reset();
	call("ListStateMachines", "{}");
	talk("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_non_null(
	    strstr(answer_text, "pawl_http_requests_total{action=\"ListStateMachines\"} 1\n"));
}

static void
a_client_that_hangs_up_ends_its_call(void **state)
{
	struct exchange x;

	(void)state;
	world.silent = true;
	exchange_open(&x);
	dprintf(x.fd,
	    "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: AWSStepFunctions.StartExecution\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    strlen(ON_MACHINE), ON_MACHINE);
	while (world.asks == 0)
		event_base_loop(loop_base(loop), EVLOOP_ONCE);
	exchange_close(&x);
	buf_fini(&x.got);
	/* a whole exchange more: by then the hang-up was seen; teardown counts what the call held */
	world.silent = false;
	call("ListStateMachines", "{}");
}

/* --- state machines ------------------------------------------------------------------------- */

#define QUOTED_PASS \
	"\"{\\\"StartAt\\\":\\\"A\\\",\\\"States\\\":{\\\"A\\\":{\\\"Type\\\":\\\"Pass\\\",\\\"End\\\":true}}}\""
#define CREATE(name, more) \
	"{\"name\":\"" name "\",\"definition\":" QUOTED_PASS ",\"roleArn\":\"" ROLE "\"" more "}"

static void
create_hands_defaults_to_the_catalogue(void **state)
{
	(void)state;
	assert_answer("CreateStateMachine", CREATE("m", ""),
	    "{\"stateMachineArn\":\"" ARN "stateMachine:m\",\"creationDate\":1700000000.123}");
	assert_string_equal(world.asked,
	    "create m type 0 role " ROLE
	    " logging {\"includeExecutionData\":false,\"level\":\"OFF\"} tracing {\"enabled\":false}"
	    " encryption {\"type\":\"AWS_OWNED_KEY\"} tags []");
	assert_answer("CreateStateMachine",
	    CREATE("m",
		",\"type\":\"EXPRESS\",\"publish\":false,"
		"\"tags\":[{\"key\":\"a\",\"value\":\"b\"}]"),
	    "{\"stateMachineArn\":\"" ARN "stateMachine:m\",\"creationDate\":1700000000.123}");
	assert_non_null(strstr(world.asked, "type 1 "));
	assert_non_null(strstr(world.asked, "tags [{\"key\":\"a\",\"value\":\"b\"}]"));
}

static void
create_checks_before_it_asks(void **state)
{
	(void)state;
	assert_refused("CreateStateMachine", CREATE("a b", ""), "InvalidName",
	    "Invalid Name: 'a b'");
	assert_refused("CreateStateMachine",
	    "{\"name\":\"m\",\"definition\":\"{}\",\"roleArn\":\"" ROLE "\"}", "InvalidDefinition",
	    "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: ");
	assert_refused("CreateStateMachine",
	    "{\"name\":\"m\",\"definition\":" QUOTED_PASS ",\"roleArn\":\"r\"}", "InvalidArn",
	    "Invalid ARN prefix: r");
	assert_refused("CreateStateMachine", CREATE("m", ",\"versionDescription\":\"d\""),
	    "ValidationException", "Version description can only be set when publish is true");
	assert_refused("CreateStateMachine", CREATE("m", ",\"publish\":true"),
	    "ValidationException", "publish must be false");
	assert_refused("CreateStateMachine",
	    CREATE("m", ",\"loggingConfiguration\":{\"level\":\"ALL\"}"),
	    "InvalidLoggingConfiguration", "Must specify exactly one Log Destination.");
	assert_refused("CreateStateMachine",
	    CREATE("m",
		",\"encryptionConfiguration\":"
		"{\"type\":\"CUSTOMER_MANAGED_KMS_KEY\",\"kmsKeyId\":\"k\"}"),
	    "InvalidEncryptionConfiguration", "AWS_OWNED_KEY");
}

static void
the_outcome_of_create_is_told(void **state)
{
	(void)state;
	world.outcome = CATALOGUE_SAME;
	assert_answer("CreateStateMachine", CREATE("m", ""),
	    "{\"stateMachineArn\":\"" ARN "stateMachine:m\",\"creationDate\":1700000000.123}");
	world.outcome = CATALOGUE_CONFLICT;
	assert_error("CreateStateMachine", CREATE("m", ""), 400,
	    "{\"__type\":\"StateMachineAlreadyExists\",\"message\":\"State Machine Already Exists: '" ARN
	    "stateMachine:m'\"}");
	world.outcome = CATALOGUE_DELETING;
	assert_error("CreateStateMachine", CREATE("m", ""), 400,
	    "{\"__type\":\"StateMachineDeleting\",\"message\":\"State Machine is being deleted: '" ARN
	    "stateMachine:m'\"}");
}

#define UPDATE(more) "{\"stateMachineArn\":\"" ARN "stateMachine:m\"" more "}"

static void
update_changes_what_is_given(void **state)
{
	(void)state;
	assert_refused("UpdateStateMachine", UPDATE(""), "MissingRequiredParameter",
	    "Either the definition, the role ARN, the LoggingConfiguration, or the "
	    "TracingConfiguration must be specified");
	assert_refused("UpdateStateMachine", UPDATE(",\"definition\":null"),
	    "MissingRequiredParameter", "Either");
	assert_refused("UpdateStateMachine",
	    "{\"stateMachineArn\":\"" ARN "stateMachine:m:1\",\"roleArn\":\"" ROLE "\"}",
	    "StateMachineDoesNotExist", ARN "stateMachine:m:1'");
	call("UpdateStateMachine", UPDATE(",\"roleArn\":\"" ROLE "\""));
	assert_string_equal(world.asked, "update m definition - role " ROLE " logging -");
	assert_null(strstr(answer_text, "revisionId"));
	machine.revision_id = (char *)(uintptr_t) "some-id";
	call("UpdateStateMachine", UPDATE(",\"definition\":" QUOTED_PASS));
	assert_string_equal(world.asked, "update m definition " PASS " role - logging -");
	assert_non_null(strstr(answer_text, ",\"revisionId\":\"some-id\"}"));
	assert_int_equal(answer_status, 200);
	world.machine = NULL;
	call("UpdateStateMachine", UPDATE(",\"roleArn\":\"" ROLE "\""));
	assert_non_null(strstr(answer_text, "StateMachineDoesNotExist"));
}

static void
machines_are_described(void **state)
{
	(void)state;
	assert_answer("DescribeStateMachine", ON_MACHINE,
	    "{\"stateMachineArn\":\"" ARN "stateMachine:m\",\"name\":\"m\",\"status\":\"ACTIVE\","
	    "\"definition\":" QUOTED_PASS ",\"roleArn\":\"" ROLE "\",\"type\":\"STANDARD\","
	    "\"creationDate\":1700000000.123,\"loggingConfiguration\":{\"level\":\"OFF\"},"
	    "\"tracingConfiguration\":{\"enabled\":false},"
	    "\"encryptionConfiguration\":{\"type\":\"AWS_OWNED_KEY\"}}");
	call("DescribeStateMachine", UPDATE(",\"includedData\":\"METADATA_ONLY\""));
	assert_non_null(strstr(answer_text, "\"definition\":\"{}\""));
	assert_answer("DescribeStateMachineForExecution", ON_EXECUTION,
	    "{\"stateMachineArn\":\"" ARN "stateMachine:m\",\"name\":\"m\","
	    "\"definition\":" QUOTED_PASS ",\"roleArn\":\"" ROLE "\",\"updateDate\":1700000000.128,"
	    "\"loggingConfiguration\":{\"level\":\"OFF\"},\"tracingConfiguration\":{\"enabled\":false},"
	    "\"encryptionConfiguration\":{\"type\":\"AWS_OWNED_KEY\"}}");
	world.machine = NULL;
	assert_error("DescribeStateMachine", ON_MACHINE, 400,
	    "{\"__type\":\"StateMachineDoesNotExist\",\"message\":\"State Machine Does Not Exist: '" ARN
	    "stateMachine:m'\"}");
}

/* The value of nextToken in the last answer, yours. */
static char *
next_token(void)
{
	char *at = strstr(answer_text, "\"nextToken\":\"");

	assert_non_null(at);
	return xstrndup(at + 13, strcspn(at + 13, "\""));
}

static void
lists_of_machines_go_on_where_they_ended(void **state)
{
	char *token, *body;

	(void)state;
	world.nrows = 2;
	assert_answer("ListStateMachines", "{}",
	    "{\"stateMachines\":[{\"stateMachineArn\":\"" ARN "stateMachine:a\",\"name\":\"a\","
	    "\"creationDate\":1700000000.123,\"type\":\"STANDARD\"},{\"stateMachineArn\":\"" ARN
	    "stateMachine:b\",\"name\":\"b\",\"creationDate\":1700000000.123,\"type\":\"EXPRESS\"}]}");
	assert_string_equal(world.asked, "list after - limit 100");
	call("ListStateMachines", "{\"maxResults\":1}");
	token = next_token();
	body = xasprintf("{\"maxResults\":2,\"nextToken\":\"%s\"}", token);
	call("ListStateMachines", body);
	assert_string_equal(world.asked, "list after a limit 2");
	free(body);
	/* a token of one action is nothing to another */
	body = xasprintf("{\"stateMachineArn\":\"" ARN "stateMachine:m\",\"nextToken\":\"%s\"}",
	    token);
	assert_error("ListExecutions", body, 400,
	    "{\"__type\":\"InvalidToken\",\"message\":\"Invalid Token: 'Invalid token'\"}");
	free(body);
	free(token);
}

static void
delete_answers_the_same_for_what_is_gone(void **state)
{
	(void)state;
	assert_answer("DeleteStateMachine", ON_MACHINE, "{}");
	assert_string_equal(world.asked, "delete m");
	world.outcome = CATALOGUE_NONE;
	assert_answer("DeleteStateMachine", ON_MACHINE, "{}");
	world.asks = 0;
	assert_answer("DeleteStateMachine",
	    "{\"stateMachineArn\":\"arn:aws:states:us-west-2:123456789012:stateMachine:m\"}", "{}");
	assert_refused("DeleteStateMachine", "{\"stateMachineArn\":\"" ARN "stateMachine:m:1\"}",
	    "ValidationException", "unqualified");
	assert_refused("DeleteStateMachine", "{\"stateMachineArn\":\"" ARN "stateMachine:m/l\"}",
	    "ValidationException", "\"reason\":\"API_DOES_NOT_SUPPORT_LABELED_ARNS\"");
	assert_refused("DeleteStateMachine", "{\"stateMachineArn\":\"" ARN "execution:m:e\"}",
	    "InvalidArn", "Resource type not valid in this context: execution");
}

static void
validation_tells_all_problems_as_data(void **state)
{
	(void)state;
	assert_answer("ValidateStateMachineDefinition", "{\"definition\":" QUOTED_PASS "}",
	    "{\"result\":\"OK\",\"diagnostics\":[],\"truncated\":false}");
	assert_answer("ValidateStateMachineDefinition",
	    "{\"definition\":\"{\\\"States\\\":{\\\"A\\\":{\\\"Type\\\":\\\"Pass\\\",\\\"End\\\":true}}}\"}",
	    "{\"result\":\"FAIL\",\"diagnostics\":[{\"severity\":\"ERROR\",\"code\":"
	    "\"SCHEMA_VALIDATION_FAILED\",\"message\":\"These fields are required: [StartAt]\","
	    "\"location\":\"/\"}],\"truncated\":false}");
	call("ValidateStateMachineDefinition", "{\"definition\":\"\"}");
	assert_int_equal(answer_status, 200);
	assert_non_null(strstr(answer_text, "\"result\":\"FAIL\""));
	call("ValidateStateMachineDefinition",
	    "{\"maxResults\":1,\"definition\":"
	    "\"{\\\"StartAt\\\":\\\"A\\\",\\\"States\\\":{\\\"A\\\":{\\\"Type\\\":\\\"Pass\\\",\\\"Next\\\":\\\"X\\\"},"
	    "\\\"B\\\":{\\\"Type\\\":\\\"Pass\\\",\\\"Next\\\":\\\"Y\\\"}}}\"}");
	assert_non_null(strstr(answer_text, "\"truncated\":true"));
}

/* A Pass state whose Parameters give a warning, and whatever follows. */
#define WARNED(more) \
	"\"definition\":\"{\\\"StartAt\\\":\\\"A\\\",\\\"States\\\":{\\\"A\\\":{\\\"Type\\\":\\\"Pass\\\"," \
	"\\\"Parameters\\\":{\\\"a\\\":\\\"$.b\\\"},\\\"End\\\":true" more "}}}\""
#define WARNING \
	"{\"severity\":\"WARNING\",\"code\":\"NO_DOLLAR\",\"message\":\"The value of 'a' looks " \
	"like a JSONPath or intrinsic function. Use 'a.$' to evaluate it at runtime.\"," \
	"\"location\":\"/States/A/Parameters\"}"
#define ERROR(place, field) \
	"{\"severity\":\"ERROR\",\"code\":\"SCHEMA_VALIDATION_FAILED\",\"message\":\"Field '" field \
	"' is not supported\",\"location\":\"" place "\"}"

static void
warnings_are_told_on_request_and_behind_the_errors(void **state)
{
	(void)state;
	assert_answer("ValidateStateMachineDefinition", "{" WARNED("") "}",
	    "{\"result\":\"OK\",\"diagnostics\":[],\"truncated\":false}");
	assert_answer("ValidateStateMachineDefinition", "{\"severity\":\"ERROR\"," WARNED("") "}",
	    "{\"result\":\"OK\",\"diagnostics\":[],\"truncated\":false}");
	assert_answer("ValidateStateMachineDefinition", "{\"severity\":\"WARNING\"," WARNED("") "}",
	    "{\"result\":\"OK\",\"diagnostics\":[" WARNING "],\"truncated\":false}");
	assert_answer("ValidateStateMachineDefinition",
	    "{\"severity\":\"WARNING\"," WARNED(
		"},\\\"B\\\":{\\\"Type\\\":\\\"Fail\\\",\\\"X\\\":1") "}",
	    "{\"result\":\"FAIL\",\"diagnostics\":[" ERROR("/States/B",
		"X") ",{\"severity\":\"ERROR\","
		     "\"code\":\"MISSING_TRANSITION_TARGET\",\"message\":\"State \\\"B\\\" is not reachable.\","
		     "\"location\":\"/States/B\"}," WARNING "],\"truncated\":false}");
}

static void
as_many_problems_are_told_as_are_asked_for(void **state)
{
	struct buf request;
	const char *at;
	int n = 0;

	(void)state;
	/* one error, one warning: what is left out is said, whatever its severity */
	assert_answer("ValidateStateMachineDefinition",
	    "{\"severity\":\"WARNING\",\"maxResults\":1," WARNED(",\\\"X\\\":1") "}",
	    "{\"result\":\"FAIL\",\"diagnostics\":[" ERROR("/States/A",
		"X") "],\"truncated\":true}");
	assert_answer("ValidateStateMachineDefinition",
	    "{\"severity\":\"WARNING\",\"maxResults\":1," WARNED("") "}",
	    "{\"result\":\"OK\",\"diagnostics\":[" WARNING "],\"truncated\":false}");
	assert_answer("ValidateStateMachineDefinition",
	    "{\"maxResults\":1," WARNED(",\\\"X\\\":1") "}",
	    "{\"result\":\"FAIL\",\"diagnostics\":[" ERROR("/States/A",
		"X") "],\"truncated\":false}");
	/* 0 = 100 */
	buf_init(&request, BUF_UNLIMITED);
	buf_adds(&request,
	    "{\"maxResults\":0,\"definition\":\"{\\\"StartAt\\\":\\\"A\\\",\\\"States\\\":{"
	    "\\\"A\\\":{\\\"Type\\\":\\\"Succeed\\\"");
	for (int i = 0; i < 101; i++)
		buf_addf(&request, ",\\\"X%d\\\":1", i);
	buf_adds(&request, "}}}\"}");
	call("ValidateStateMachineDefinition", buf_text(&request));
	for (at = answer_text; (at = strstr(at, "\"severity\"")) != NULL; at++)
		n++;
	assert_int_equal(n, 100);
	assert_non_null(strstr(answer_text, "\"truncated\":true"));
	buf_fini(&request);
	assert_refused("ValidateStateMachineDefinition", "{\"maxResults\":101," WARNED("") "}",
	    "ValidationException", "Member must have value less than or equal to 100");
}

static void
create_is_refused_with_all_errors_in_one_message(void **state)
{
	(void)state;
	assert_refused("CreateStateMachine",
	    "{\"name\":\"n\",\"roleArn\":\"arn:aws:iam::123456789012:role/r\"," WARNED(
		",\\\"X\\\":1},\\\"B\\\":{\\\"Type\\\":\\\"Fail\\\"") "}",
	    "InvalidDefinition",
	    "\"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Field 'X' is not supported "
	    "at /States/A, MISSING_TRANSITION_TARGET: State \\\"B\\\" is not reachable. at "
	    "/States/B'\"");
}

/* --- executions ------------------------------------------------------------------------------- */

#define START(more) "{\"stateMachineArn\":\"" ARN "stateMachine:m\"" more "}"
#define STARTED "{\"executionArn\":\"" ARN "execution:m:e1\",\"startDate\":1700000000.123}"

static void
start_gives_the_input_on_as_it_is(void **state)
{
	(void)state;
	assert_answer("StartExecution", START(""), STARTED);
	assert_string_equal(world.asked, "start m name - input {} trace -");
	assert_answer("StartExecution",
	    START(",\"name\":\"e1\",\"input\":\" [1, 2.0] \","
		  "\"traceHeader\":\"t\""),
	    STARTED);
	assert_string_equal(world.asked, "start m name e1 input  [1, 2.0]  trace t");
}

static void
start_checks_before_it_asks(void **state)
{
	(void)state;
	assert_refused("StartExecution", START(",\"input\":\"\""), "InvalidExecutionInput",
	    "Invalid State Machine Execution Input: 'Invalid execution input.'");
	assert_refused("StartExecution", START(",\"input\":\"not some json\""),
	    "InvalidExecutionInput",
	    "Invalid State Machine Execution Input: 'Unrecognized token 'not'");
	assert_refused("StartExecution", START(",\"name\":\"a/b\""), "InvalidName",
	    "Invalid Name: 'a/b'");
	assert_refused("StartExecution", "{\"stateMachineArn\":\"" ARN "stateMachine:m:1\"}",
	    "StateMachineDoesNotExist", "State Machine Does Not Exist: '" ARN "stateMachine:m:1'");
	assert_refused("StartExecution", "{\"stateMachineArn\":\"" ARN "stateMachine:m/l\"}",
	    "ValidationException", "API_DOES_NOT_SUPPORT_LABELED_ARNS");
	assert_refused("StartExecution",
	    "{\"stateMachineArn\":\"arn:aws:states:us-east-1:999999999999:stateMachine:m\"}",
	    "StateMachineDoesNotExist", ":999999999999:");
}

static void
start_needs_a_machine_that_runs(void **state)
{
	(void)state;
	machine.type = MACHINE_EXPRESS;
	assert_error("StartExecution", START(""), 400,
	    "{\"__type\":\"StateMachineTypeNotSupported\",\"message\":"
	    "\"This operation is not supported by this type of state machine\"}");
	machine.deleting = true;
	call("StartExecution", START(""));
	assert_non_null(strstr(answer_text, "StateMachineDeleting"));
	world.machine = NULL;
	call("StartExecution", START(""));
	assert_non_null(strstr(answer_text, "StateMachineDoesNotExist"));
}

static void
a_start_too_many_is_told_when_to_come_back(void **state)
{
	(void)state;
	world.overloaded = true;
	assert_error("StartExecution", START(""), 400,
	    "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\","
	    "\"reason\":\"There is too much to do.\"}");
	assert_non_null(strstr(answer_text, "\r\nRetry-After: 7\r\n"));
	assert_int_equal(world.asks, 0);
}

static void
the_same_start_again_is_answered_alike(void **state)
{
	static const char exists[] = "{\"__type\":\"ExecutionAlreadyExists\",\"message\":"
				     "\"Execution Already Exists: '" ARN "execution:m:e1'\"}";

	(void)state;
	world.name_taken = true;
	assert_answer("StartExecution", START(",\"name\":\"e1\""), STARTED);
	assert_answer("StartExecution", START(",\"name\":\"e1\",\"input\":\"{}\""), STARTED);
	assert_error("StartExecution", START(",\"name\":\"e1\",\"input\":\"{ }\""), 400, exists);
	world.row.status = "SUCCEEDED";
	assert_error("StartExecution", START(",\"name\":\"e1\""), 400, exists);
	world.row.name = NULL;
	call("StartExecution", START(",\"name\":\"e1\""));
	assert_int_equal(answer_status, 503);
}

static void
running_executions_are_described(void **state)
{
	(void)state;
	assert_answer("DescribeExecution", ON_EXECUTION,
	    "{\"executionArn\":\"" ARN "execution:m:e1\",\"stateMachineArn\":\"" ARN
	    "stateMachine:m\",\"name\":\"e1\",\"status\":\"RUNNING\",\"startDate\":1700000000.123,"
	    "\"input\":\"{}\",\"inputDetails\":{\"included\":true},\"redriveCount\":0,"
	    "\"redriveStatus\":\"NOT_REDRIVABLE\","
	    "\"redriveStatusReason\":\"Execution is RUNNING and cannot be redriven\"}");
	assert_string_equal(world.asked, "execution m e1");
}

static void
ended_executions_are_described(void **state)
{
	(void)state;
	world.row.status = "SUCCEEDED";
	world.row.stop_ms = START_MS + 877;
	world.row.output = "\"x\"";
	world.row.output_len = 3;
	call("DescribeExecution", ON_EXECUTION);
	assert_non_null(strstr(answer_text, "\"stopDate\":1700000001.000,"));
	assert_non_null(
	    strstr(answer_text, "\"output\":\"\\\"x\\\"\",\"outputDetails\":{\"included\":true},"));
	world.row.output = NULL;
	world.row.status = "FAILED";
	world.row.error = "E";
	world.row.cause = "because";
	call("DescribeExecution", ON_EXECUTION);
	assert_non_null(strstr(answer_text, "\"error\":\"E\",\"cause\":\"because\","));
	assert_non_null(
	    strstr(answer_text, "\"redriveCount\":0,\"redriveStatus\":\"REDRIVABLE\"}"));
	assert_null(strstr(answer_text, "outputDetails"));
	call("DescribeExecution",
	    "{\"executionArn\":\"" ARN "execution:m:e1\",\"includedData\":\"METADATA_ONLY\"}");
	assert_null(strstr(answer_text, "because"));
	assert_non_null(strstr(answer_text, "\"inputDetails\":{\"included\":false}"));
	world.row.machine_deleting = true;
	call("DescribeExecution", ON_EXECUTION);
	assert_non_null(
	    strstr(answer_text, "\"redriveStatusReason\":\"State machine is in DELETING status\""));
	world.row.name = NULL;
	assert_error("DescribeExecution", ON_EXECUTION, 400,
	    "{\"__type\":\"ExecutionDoesNotExist\",\"message\":\"Execution Does Not Exist: '" ARN
	    "execution:m:e1'\"}");
}

static void
executions_of_other_types_are_refused(void **state)
{
	static const char *const actions[] = { "DescribeExecution", "GetExecutionHistory",
		"StopExecution", "DescribeStateMachineForExecution" };

	(void)state;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		assert_refused(actions[i], "{\"executionArn\":\"" ARN "express:m:e:u\"}",
		    "InvalidArn",
		    "Invalid Arn: 'Resource type not valid in this context: express'");
		assert_refused(actions[i], "{\"executionArn\":\"" ARN "stateMachine:m\"}",
		    "InvalidArn",
		    "Invalid Arn: 'Resource type not valid in this context: stateMachine'");
		/* DescribeExecution alone takes what is no ARN for an execution that does not exist */
		if (strcmp(actions[i], "DescribeExecution") == 0)
			assert_refused(actions[i], "{\"executionArn\":\"x\"}",
			    "ExecutionDoesNotExist", "Execution Does Not Exist: 'x'");
		else
			assert_refused(actions[i], "{\"executionArn\":\"x\"}", "InvalidArn",
			    "Invalid Arn: 'Invalid ARN prefix: x'");
		assert_refused(actions[i], "{\"executionArn\":\"" ARN "execution:m/l:e\"}",
		    "ExecutionDoesNotExist", "");
	}
}

static void
stop_tells_when_it_stopped(void **state)
{
	(void)state;
	assert_answer("StopExecution",
	    "{\"executionArn\":\"" ARN "execution:m:e1\",\"error\":\"E\",\"cause\":\"c\"}",
	    "{\"stopDate\":1700000001.123}");
	assert_string_equal(world.asked, "stop in shard 7 error E cause c");
	assert_answer("StopExecution", ON_EXECUTION, "{\"stopDate\":1700000001.123}");
	assert_string_equal(world.asked, "stop in shard 7 error - cause -");
	world.closed_meanwhile = true;
	assert_answer("StopExecution", ON_EXECUTION, "{\"stopDate\":1700000001.123}");
	/* one that had ended is not asked at all */
	world.row.stop_ms = START_MS + 1;
	assert_answer("StopExecution", ON_EXECUTION, "{\"stopDate\":1700000000.124}");
	assert_string_equal(world.asked, "execution m e1");
	world.row.stop_ms = 0;
	call("StopExecution",
	    "{\"executionArn\":\"" ARN "execution:m:e1\",\"cause\":\"a\\u0000\"}");
	assert_non_null(strstr(answer_text, "ValidationException"));
}

/* A body whose taskToken is that of a task; after it stand the other members. Yours. */
static char *
with_token(const char *others)
{
	struct task_ref t = { .execution = { { [15] = 9 } }, .shard = 7, .task_id = 3 };
	struct buf token;
	char *body;

	buf_init(&token, BUF_UNLIMITED);
	token_make("secret", &t, &token);
	body = xasprintf("{\"taskToken\":\"%s\"%s}", token.data, others);
	buf_fini(&token);
	return body;
}

static void
answers_with_a_token_find_the_task(void **state)
{
	static const struct {
		const char *action, *others, *asked;
	} cases[] = {
		{ "SendTaskSuccess", ",\"output\":\" {\\\"a\\\": 1}\"",
		    "answer 0 task 3 of 9 in shard 7 output {\"a\":1} error - cause -" },
		{ "SendTaskSuccess", ",\"output\":\"null\"",
		    "answer 0 task 3 of 9 in shard 7 output null error - cause -" },
		{ "SendTaskFailure", ",\"error\":\"E\",\"cause\":\"c\"",
		    "answer 1 task 3 of 9 in shard 7 output - error E cause c" },
		{ "SendTaskFailure", "",
		    "answer 1 task 3 of 9 in shard 7 output - error - cause -" },
		{ "SendTaskHeartbeat", "",
		    "answer 2 task 3 of 9 in shard 7 output - error - cause -" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *body = with_token(cases[i].others);

		assert_answer(cases[i].action, body, "{}");
		assert_string_equal(world.asked, cases[i].asked);
		world.task_error = "TaskTimedOut";
		assert_error(cases[i].action, body, 400,
		    "{\"__type\":\"TaskTimedOut\",\"message\":\"Words of the engine\"}");
		world.task_error = NULL;
		free(body);
	}
	assert_int_equal(stat_value(STAT_token_answers), 5);
}

static void
wrong_answers_with_a_token_are_told(void **state)
{
	char *body, *others, *long_text = xcalloc(1, 40000);

	(void)state;
	assert_error("SendTaskHeartbeat", "{\"taskToken\":\"x\"}", 400,
	    "{\"__type\":\"InvalidToken\",\"message\":\"Invalid Token: 'Invalid token'\"}");
	assert_refused("SendTaskSuccess", "{\"taskToken\":\"x\",\"output\":\"{\"}", "InvalidToken",
	    "");
	assert_refused("SendTaskFailure", "{\"taskToken\":\"\"}", "ValidationException",
	    "taskToken");
	assert_refused("SendTaskSuccess", "{\"output\":\"1\"}", "ValidationException", "taskToken");
	body = with_token(",\"output\":\"{\\\"a\\\":}\"");
	assert_refused("SendTaskSuccess", body, "InvalidOutput", "Invalid Output: '");
	free(body);
	body = with_token(",\"output\":\"\"");
	assert_refused("SendTaskSuccess", body, "InvalidOutput", "Invalid Output: '");
	free(body);
	for (size_t i = 0; i < 2; i++) {
		static const struct {
			const char *member;
			int max;
		} limits[] = { { "error", 256 }, { "cause", 32768 } };
		char sentence[128];

		memset(long_text, 'x', (size_t)limits[i].max + 1);
		long_text[limits[i].max + 1] = '\0';
		others = xasprintf(",\"%s\":\"%s\"", limits[i].member, long_text);
		body = with_token(others);
		snprintf(sentence, sizeof(sentence),
		    "at '%s' failed to satisfy constraint: Member must have length less than or "
		    "equal to %d",
		    limits[i].member, limits[i].max);
		assert_refused("SendTaskFailure", body, "ValidationException", sentence);
		free(body);
		free(others);
	}
	body = with_token(",\"cause\":\"a\\u0000\"");
	assert_refused("SendTaskFailure", body, "ValidationException", "U+0000");
	free(body);
	free(long_text);
}

static void
executions_are_listed_page_by_page(void **state)
{
	char *token, *body;

	(void)state;
	world.nrows = 2;
	world.row.stop_ms = START_MS;
	world.row.status = "ABORTED";
	call("ListExecutions", START(",\"maxResults\":1,\"statusFilter\":\"ABORTED\""));
	assert_string_equal(world.asked, "executions status ABORTED redriven -1 after 0 0 limit 1");
	assert_non_null(strstr(answer_text,
	    "{\"executions\":[{\"executionArn\":\"" ARN
	    "execution:m:e1\",\"stateMachineArn\":\"" ARN "stateMachine:m\",\"name\":\"e1\","
	    "\"status\":\"ABORTED\",\"startDate\":1700000000.123,\"stopDate\":1700000000.123,"
	    "\"redriveCount\":0}],\"nextToken\":\""));
	token = next_token();
	/* another page size is fine, another filter is not */
	body =
	    xasprintf(START(",\"maxResults\":5,\"statusFilter\":\"ABORTED\",\"nextToken\":\"%s\""),
		token);
	call("ListExecutions", body);
	assert_string_equal(world.asked,
	    "executions status ABORTED redriven -1 after 1 1700000000123 limit 5");
	assert_null(strstr(answer_text, "nextToken"));
	free(body);
	body = xasprintf(START(",\"statusFilter\":\"FAILED\",\"nextToken\":\"%s\""), token);
	call("ListExecutions", body);
	assert_non_null(strstr(answer_text, "InvalidToken"));
	free(body);
	free(token);
	call("ListExecutions", START(",\"redriveFilter\":\"REDRIVEN\""));
	assert_string_equal(world.asked, "executions status - redriven 1 after 0 0 limit 100");
}

static void
what_cannot_be_listed_is_told(void **state)
{
	(void)state;
	assert_refused("ListExecutions", "{}", "ValidationException", "Exactly one");
	assert_refused("ListExecutions", START(",\"mapRunArn\":\"" ARN "mapRun:m/l:u\""),
	    "ValidationException", "Exactly one");
	assert_refused("ListExecutions", "{\"mapRunArn\":\"" ARN "mapRun:m/l:u\"}",
	    "ResourceNotFound", "\"resourceName\":\"" ARN "mapRun:m/l:u\"");
	assert_refused("ListExecutions", START(",\"statusFilter\":\"PENDING_REDRIVE\""),
	    "ValidationException", "mapRunArn");
	call("ListExecutions", "{\"stateMachineArn\":\"" ARN "stateMachine:m:1\"}");
	assert_non_null(strstr(answer_text, "ResourceNotFound"));
	machine.type = MACHINE_EXPRESS;
	call("ListExecutions", START(""));
	assert_non_null(strstr(answer_text, "StateMachineTypeNotSupported"));
	world.machine = NULL;
	call("ListExecutions", START(""));
	assert_non_null(strstr(answer_text, "StateMachineDoesNotExist"));
}

#define HISTORY(more) "{\"executionArn\":\"" ARN "execution:m:e1\"" more "}"

static void
histories_come_page_by_page_both_ways(void **state)
{
	char *token, *body;

	(void)state;
	world.row.event_count = world.history_events = 3;
	assert_answer("GetExecutionHistory", HISTORY(""),
	    "{\"events\":[{\"id\":1,\"data\":1},{\"id\":2,\"data\":1},{\"id\":3,\"data\":1}]}");
	assert_string_equal(world.asked, "history of shard 7");
	assert_answer("GetExecutionHistory",
	    HISTORY(",\"reverseOrder\":true,\"includeExecutionData\":false"),
	    "{\"events\":[{\"id\":3,\"data\":0},{\"id\":2,\"data\":0},{\"id\":1,\"data\":0}]}");
	call("GetExecutionHistory", HISTORY(",\"maxResults\":2,\"reverseOrder\":true"));
	assert_non_null(strstr(answer_text, "[{\"id\":3,\"data\":1},{\"id\":2,\"data\":1}]"));
	token = next_token();
	body = xasprintf(HISTORY(",\"reverseOrder\":true,\"nextToken\":\"%s\""), token);
	assert_answer("GetExecutionHistory", body, "{\"events\":[{\"id\":1,\"data\":1}]}");
	free(body);
	/* the other direction, another execution: another list */
	body = xasprintf(HISTORY(",\"nextToken\":\"%s\""), token);
	call("GetExecutionHistory", body);
	assert_non_null(strstr(answer_text, "InvalidToken"));
	free(body);
	body = xasprintf("{\"executionArn\":\"" ARN "execution:m:e2\",\"reverseOrder\":true,"
			 "\"nextToken\":\"%s\"}",
	    token);
	call("GetExecutionHistory", body);
	assert_non_null(strstr(answer_text, "InvalidToken"));
	free(body);
	free(token);
}

static void
a_long_history_is_read_in_pieces(void **state)
{
	char last[64];

	(void)state;
	world.row.event_count = world.history_events = 1500;
	call("GetExecutionHistory", HISTORY(",\"maxResults\":1000"));
	assert_non_null(strstr(answer_text, "[{\"id\":1,"));
	snprintf(last, sizeof(last), "{\"id\":1000,\"data\":1}],\"nextToken\":");
	assert_non_null(strstr(answer_text, last));
	assert_true(world.asks > 3);
	call("GetExecutionHistory", HISTORY(",\"maxResults\":1000,\"reverseOrder\":true"));
	assert_non_null(strstr(answer_text, "[{\"id\":1500,"));
	assert_non_null(strstr(answer_text, "{\"id\":501,\"data\":1}],\"nextToken\":"));
}

/* --- tags, caller ------------------------------------------------------------------------------- */

#define TAG(arn, more) "{\"resourceArn\":\"" ARN arn "\"" more "}"

static void
tags_are_handed_on(void **state)
{
	(void)state;
	assert_answer("TagResource",
	    TAG("stateMachine:m",
		",\"tags\":[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"a\",\"value\":\"2\"}]"),
	    "{}");
	assert_string_equal(world.asked, "tag m [{\"key\":\"a\",\"value\":\"2\"}]");
	assert_answer("UntagResource", TAG("stateMachine:m", ",\"tagKeys\":[\"a\",\"a\"]"), "{}");
	assert_string_equal(world.asked, "untag m [\"a\",\"a\"]");
	assert_answer("ListTagsForResource", TAG("stateMachine:m", ""),
	    "{\"tags\":[{\"key\":\"k\",\"value\":\"v\"}]}");
	world.too_many_tags = true;
	call("TagResource", TAG("stateMachine:m", ",\"tags\":[]"));
	assert_non_null(strstr(answer_text, "TooManyTags"));
}

static void
only_machines_and_activities_have_tags(void **state)
{
	(void)state;
	assert_refused("TagResource", TAG("stateMachine:m:1", ",\"tags\":[]"), "ResourceNotFound",
	    "Resource not found: '" ARN "stateMachine:m:1'\",\"resourceName\":\"" ARN
	    "stateMachine:m:1\"");
	call("ListTagsForResource", TAG("activity:a", ""));
	assert_string_equal(world.asked, "tags of activity a");
	world.asks = 0;
	assert_refused("UntagResource", TAG("execution:m:e", ",\"tagKeys\":[]"), "InvalidArn",
	    "Resource type not valid in this context: execution");
	world.machine = NULL;
	call("ListTagsForResource", TAG("stateMachine:m", ""));
	assert_non_null(strstr(answer_text, "ResourceNotFound"));
}

#define ON_ACTIVITY "{\"activityArn\":\"" ARN "activity:a\"}"
#define NO_KEY "{\"type\":\"AWS_OWNED_KEY\"}"

static void
activities_are_created_described_and_deleted(void **state)
{
	(void)state;
	world.encryption = NO_KEY;
	assert_answer("CreateActivity",
	    "{\"name\":\"a\",\"tags\":[{\"key\":\"k\",\"value\":\"v\"}]}",
	    "{\"activityArn\":\"" ARN "activity:a\",\"creationDate\":1700000000.123}");
	assert_string_equal(world.asked,
	    "create activity a encryption " NO_KEY " tags [{\"key\":\"k\",\"value\":\"v\"}]");
	assert_string_equal(world.changed, "a is");
	assert_answer("DescribeActivity", ON_ACTIVITY,
	    "{\"activityArn\":\"" ARN "activity:a\",\"name\":\"a\",\"creationDate\":1700000000.123,"
	    "\"encryptionConfiguration\":" NO_KEY "}");
	assert_answer("DeleteActivity", ON_ACTIVITY, "{}");
	assert_string_equal(world.asked, "delete activity a");
	assert_string_equal(world.changed, "a is not");
	world.encryption = NULL;
	assert_error("DescribeActivity", ON_ACTIVITY, 400,
	    "{\"__type\":\"ActivityDoesNotExist\",\"message\":\"Activity Does Not Exist: '" ARN
	    "activity:a'\"}");
	world.encryption = "{\"type\":\"OTHER\"}";
	assert_error("CreateActivity", "{\"name\":\"a\"}", 400,
	    "{\"__type\":\"ActivityAlreadyExists\",\"message\":\"Activity Already Exists: '" ARN
	    "activity:a'\"}");
}

static void
wrong_calls_about_activities_are_told(void **state)
{
	static const char *const actions[] = { "DescribeActivity", "DeleteActivity",
		"GetActivityTask" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_refused(actions[i], "{}", "ValidationException", "activityArn");
		assert_refused(actions[i], "{\"activityArn\":\"x\"}", "InvalidArn",
		    "Invalid Arn: 'Invalid ARN prefix: x'");
		assert_refused(actions[i], "{\"activityArn\":\"" ARN "stateMachine:m\"}",
		    "InvalidArn", "Resource type not valid in this context: stateMachine");
	}
	assert_refused("CreateActivity", "{\"name\":\"a b\"}", "InvalidName",
	    "Invalid Name: 'a b'");
	assert_refused("GetActivityTask",
	    "{\"activityArn\":\"" ARN "activity:a\",\"workerName\":\"\"}", "ValidationException",
	    "workerName");
	assert_refused("GetActivityTask",
	    "{\"activityArn\":\"arn:aws:states:eu-west-1:123456789012:activity:a\"}",
	    "ActivityDoesNotExist", "eu-west-1");
	assert_answer("DeleteActivity",
	    "{\"activityArn\":\"arn:aws:states:eu-west-1:123456789012:activity:a\"}", "{}");
	assert_int_equal(world.asks, 0);
}

static void
activities_are_listed_page_by_page(void **state)
{
	char *token, *body;

	(void)state;
	call("ListActivities", "{\"maxResults\":2}");
	assert_string_equal(world.asked, "activities after - limit 2");
	token = next_token();
	body = xasprintf("{\"nextToken\":\"%s\"}", token);
	free(token);
	assert_answer("ListActivities", body,
	    "{\"activities\":[{\"activityArn\":\"" ARN
	    "activity:a0\",\"name\":\"a0\",\"creationDate\":1700000000.123},"
	    "{\"activityArn\":\"" ARN
	    "activity:a1\",\"name\":\"a1\",\"creationDate\":1700000000.123},"
	    "{\"activityArn\":\"" ARN
	    "activity:a2\",\"name\":\"a2\",\"creationDate\":1700000000.123}]}");
	assert_string_equal(world.asked, "activities after a1 limit 100");
	world.asks = 0;
	assert_refused("ListStateMachines", body, "InvalidToken", "Invalid token");
	free(body);
}

static void
polls_are_answered_with_a_task_or_empty(void **state)
{
	(void)state;
	world.offered = true;
	assert_answer("GetActivityTask",
	    "{\"activityArn\":\"" ARN "activity:a\",\"workerName\":\"w\"}",
	    "{\"taskToken\":\"TOKEN\",\"input\":\"true\"}");
	assert_string_equal(world.asked, "poll a worker w for 58 s");
	assert_true(world.taken);
	world.offered = false;
	assert_answer("GetActivityTask", ON_ACTIVITY, "{}");
	world.task_error = "ActivityDoesNotExist";
	assert_error("GetActivityTask", ON_ACTIVITY, 400,
	    "{\"__type\":\"ActivityDoesNotExist\",\"message\":\"Activity Does Not Exist: '" ARN
	    "activity:a'\"}");
	world.task_error = "ActivityWorkerLimitExceeded";
	call("GetActivityTask", ON_ACTIVITY);
	assert_non_null(strstr(answer_text, "Words of the engine"));
	assert_int_equal(world.cancelled, 0);
}

static void
a_worker_that_hangs_up_takes_its_poll_along(void **state)
{
	struct exchange x;

	(void)state;
	world.silent = true;
	exchange_open(&x);
	dprintf(x.fd,
	    "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: AWSStepFunctions.GetActivityTask\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    strlen(ON_ACTIVITY), ON_ACTIVITY);
	while (world.asks == 0)
		event_base_loop(loop_base(loop), EVLOOP_ONCE);
	exchange_close(&x);
	buf_fini(&x.got);
	/* a whole exchange more: by then the hang-up was seen, and what the call held is freed */
	world.silent = false;
	call("ListStateMachines", "{}");
	assert_int_equal(world.cancelled, world.polls);
}

static void
the_caller_is_told_who_it_is(void **state)
{
	(void)state;
	assert_string_equal(talk("POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: "
				 "AWSSecurityTokenServiceV20110615.GetCallerIdentity\r\n\r\n"),
	    "{\"Account\":\"123456789012\",\"Arn\":\"arn:aws:iam::123456789012:root\","
	    "\"UserId\":\"123456789012\"}");
	talk(
	    "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded; "
	    "charset=utf-8\r\nContent-Length: 43\r\n\r\nAction=GetCallerIdentity&Version=2011-06-15");
	assert_int_equal(answer_status, 200);
	assert_non_null(strstr(answer_text, "\r\nContent-Type: text/xml\r\n"));
	assert_non_null(strstr(answer_text,
	    "<Arn>arn:aws:iam::123456789012:root</Arn>"
	    "<UserId>123456789012</UserId><Account>123456789012</Account>"));
	talk("POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	     "Content-Length: 17\r\n\r\nAction=AssumeRole");
	assert_int_equal(answer_status, 400);
	assert_non_null(strstr(answer_text, "<Code>InvalidAction</Code>"));
}

/* --- listening, draining ------------------------------------------------------------------------ */

static void
without_keys_only_loopback_is_listened_on(void **state)
{
	static const struct {
		const char *address;
		bool fine;
	} cases[] = {
		{ "127.0.0.1:1", true },
		{ "127.1.2.3:1", true },
		{ "[::1]:1", true },
		{ "localhost:1", true },
		{ ":8083", false },
		{ "0.0.0.0:8083", false },
		{ "[::]:8083", false },
		{ "10.0.0.1:8083", false },
		{ "localhost.example:8083", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf *c = make_conf("listen", cases[i].address);
		struct err e = ERR_INIT;

		assert_int_equal(api_check_conf(c, &e), cases[i].fine ? 0 : -1);
		if (!cases[i].fine)
			assert_non_null(strstr(err_cause(&e), "access_keys"));
		err_fini(&e);
		conf_free(c);
	}
}

static void
drained(void *arg)
{
	*(bool *)arg = true;
	loop_stop(loop);
}

static void
draining_waits_for_calls_under_way(void **state)
{
	struct exchange x;
	bool over = false;

	(void)state;
	exchange_open(&x);
	dprintf(x.fd,
	    "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: AWSStepFunctions.DescribeExecution\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    strlen(ON_EXECUTION), ON_EXECUTION);
	while (world.asks == 0)
		event_base_loop(loop_base(loop), EVLOOP_ONCE);
	api_drain(api, 60000, drained, &over);
	while (!over)
		loop_run(loop);
	/* the answer was sent before that */
	while (!x.done)
		loop_run(loop);
	assert_non_null(strstr(buf_text(&x.got), "HTTP/1.1 200 OK"));
	assert_non_null(strstr(buf_text(&x.got), "Connection: close"));
	exchange_close(&x);
	buf_fini(&x.got);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(unknown_operations_are_told),
		T(other_methods_and_paths_are_refused),
		T(web_pages_of_other_hosts_are_refused),
		T(bodies_that_are_no_objects_do_not_deserialise),
		T(a_store_that_is_away_is_503),
		T(health_and_metrics_are_served),
		T(a_client_that_hangs_up_ends_its_call),
		T(create_hands_defaults_to_the_catalogue),
		T(create_checks_before_it_asks),
		T(the_outcome_of_create_is_told),
		T(update_changes_what_is_given),
		T(machines_are_described),
		T(lists_of_machines_go_on_where_they_ended),
		T(delete_answers_the_same_for_what_is_gone),
		T(validation_tells_all_problems_as_data),
		T(warnings_are_told_on_request_and_behind_the_errors),
		T(as_many_problems_are_told_as_are_asked_for),
		T(create_is_refused_with_all_errors_in_one_message),
		T(start_gives_the_input_on_as_it_is),
		T(start_checks_before_it_asks),
		T(start_needs_a_machine_that_runs),
		T(a_start_too_many_is_told_when_to_come_back),
		T(the_same_start_again_is_answered_alike),
		T(running_executions_are_described),
		T(ended_executions_are_described),
		T(executions_of_other_types_are_refused),
		T(stop_tells_when_it_stopped),
		T(answers_with_a_token_find_the_task),
		T(wrong_answers_with_a_token_are_told),
		T(executions_are_listed_page_by_page),
		T(what_cannot_be_listed_is_told),
		T(histories_come_page_by_page_both_ways),
		T(a_long_history_is_read_in_pieces),
		T(tags_are_handed_on),
		T(only_machines_and_activities_have_tags),
		T(activities_are_created_described_and_deleted),
		T(wrong_calls_about_activities_are_told),
		T(activities_are_listed_page_by_page),
		T(polls_are_answered_with_a_task_or_empty),
		T(a_worker_that_hangs_up_takes_its_poll_along),
		T(the_caller_is_told_who_it_is),
		cmocka_unit_test(without_keys_only_loopback_is_listened_on),
		T(draining_waits_for_calls_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
