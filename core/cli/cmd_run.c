/*
 * cmd_run - pawl run: an execution without a server and without a database.
 *
 * The same interpreter and the same plugins as the daemon's, but records go to the
 * screen instead of PostgreSQL, and a clock that jumps over waits unless --real-time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/id.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "cli/event_line.h"
#include "cli/problems.h"
#include "engine/history.h"
#include "engine/run.h"
#include "task/plugin_host.h"

/* --answer and --fail: what a state's task gets instead of being dispatched. */
struct scripted {
	const char *state;
	size_t state_len;
	const char *value;
	bool fails;
};

struct local {
	struct cli *c;
	struct loop *loop;
	struct conf *conf;
	struct plugin_host *plugins;
	struct run *run;
	struct scripted *scripted;
	size_t nscripted;
	bool real_time, history;
	bool first_json;
	int64_t skipped_ms; /* how far the run's clock is ahead of the real one */
	unsigned waiting;   /* tasks that a plugin works on */
	struct loop_timer timer;
};

static int64_t
local_now(const struct local *l)
{
	return clock_wall_ms() + l->skipped_ms;
}

static void local_move(struct local *l, struct stimulus *s);

/* --- history ------------------------------------------------------------------- */

static void
local_show_event(struct local *l, const struct buf *json)
{
	struct err e = ERR_INIT;
	struct doc event;

	if (l->c->json) {
		printf("%s%s", l->first_json ? "" : ",\n", buf_text(json));
		l->first_json = false;
		return;
	}
	event = doc_parse(buf_text(json), json->len, &e);
	event_line_print(l->c, event);
	doc_unref(event);
	err_fini(&e);
}

/* The record of the last move: shown, then forgotten. */
static void
local_seal(struct local *l)
{
	int64_t first = run_record_first(l->run);
	struct history_record h;
	struct err e = ERR_INIT;
	struct buf record, line;
	struct doc d;

	buf_init(&record, BUF_UNLIMITED);
	buf_init(&line, BUF_UNLIMITED);
	run_record_seal(l->run, &record);
	if (l->history || l->c->json) {
		d = doc_parse_record(buf_text(&record), record.len, &e);
		history_open(&h, d, first, &e);
		for (int64_t id = first; id < first + (int64_t)h.n; id++) {
			buf_reset(&line);
			if (history_print_event(&h, id, true, &line, &e) == 0)
				local_show_event(l, &line);
		}
		history_close(&h);
		doc_unref(d);
	}
	buf_fini(&record);
	buf_fini(&line);
	err_fini(&e);
}

/* --- tasks ----------------------------------------------------------------------- */

static const struct scripted *
local_scripted(const struct local *l, const struct state *state)
{
	size_t i;

	for (i = 0; i < l->nscripted; i++)
		if (l->scripted[i].state_len == state->name_len &&
		    memcmp(l->scripted[i].state, state->name, state->name_len) == 0)
			return &l->scripted[i];
	return NULL;
}

/* An answer that is known already, given on the loop's next turn like any other. */
struct prepared {
	struct local *local;
	struct stimulus stimulus;
};

static void
prepared_give(void *arg)
{
	struct prepared *p = arg;

	p->local->waiting--;
	local_move(p->local, &p->stimulus);
	doc_unref(p->stimulus.output);
	free(p);
}

static void
local_answer(struct local *l, int64_t task_id, const struct scripted *s)
{
	struct prepared *p = xcalloc(1, sizeof(*p));
	struct err e = ERR_INIT;

	p->local = l;
	p->stimulus.task_id = task_id;
	p->stimulus.kind = s->fails ? STIMULUS_TASK_FAILED : STIMULUS_TASK_SUCCEEDED;
	if (s->fails) {
		p->stimulus.error = s->value;
		p->stimulus.cause = "told by --fail";
	} else {
		p->stimulus.output = doc_parse(s->value, strlen(s->value), &e);
		if (doc_is_none(p->stimulus.output))
			exit(cli_fail(CLI_USAGE, "--answer %.*s: %s", (int)s->state_len, s->state,
			    err_cause(&e)));
	}
	l->waiting++;
	loop_defer(l->loop, prepared_give, p);
}

static void
local_dispatch(struct local *l, int64_t task_id)
{
	struct run_task t;
	struct plugin_task_spec spec = { .ticket = (uint64_t)task_id };
	const struct scripted *s;
	char key[32];

	if (run_task(l->run, task_id, &t) != 0)
		return;
	if ((s = local_scripted(l, t.state)) != NULL) {
		local_answer(l, task_id, s);
		return;
	}
	snprintf(key, sizeof(key), "run-%lld", (long long)task_id);
	spec.resource = &t.state->resource;
	spec.parameters = t.parameters;
	spec.execution_arn = run_facts(l->run)->execution_arn;
	spec.machine_arn = run_facts(l->run)->machine_arn;
	spec.state_name = t.state->name;
	spec.idempotency_key = key;
	spec.timeout_ms = t.timeout_s * 1000;
	spec.credentials_role = t.credentials_role;
	l->waiting++;
	plugin_host_start(l->plugins, &spec);
}

static void
local_plugin_answer(void *arg, uint64_t ticket, const struct plugin_answer *a)
{
	struct local *l = arg;
	struct stimulus s = { .task_id = (int64_t)ticket,
		.output = a->output,
		.error = a->error,
		.cause = a->cause,
		.kind = a->kind == ANSWER_SUCCEEDED ? STIMULUS_TASK_SUCCEEDED
		    : a->kind == ANSWER_FAILED      ? STIMULUS_TASK_FAILED
						    : STIMULUS_TASK_SUBMITTED };

	l->waiting--;
	local_move(l, &s);
}

/* --- the run ------------------------------------------------------------------------ */

/* Sets the clock for what comes next; stops the loop when nothing can come. */
static void
local_schedule(struct local *l)
{
	int64_t due = run_due_ms(l->run), now = local_now(l);

	loop_timer_cancel(&l->timer);
	if (run_status(l->run) != RUN_RUNNING) {
		loop_stop(l->loop);
	} else if (l->waiting > 0 || (due != INT64_MAX && l->real_time)) {
		if (due != INT64_MAX)
			loop_timer_set(&l->timer, due > now ? due - now : 0);
	} else if (due != INT64_MAX) {
		if (due > now)
			l->skipped_ms += due - now;
		loop_timer_set(&l->timer, 0);
	} else {
		cli_fail(CLI_FAILED,
		    "the execution waits for an answer that cannot come here (a task token or an activity); "
		    "give one with --answer STATE=JSON");
		loop_stop(l->loop);
	}
}

static void
local_move(struct local *l, struct stimulus *s)
{
	struct effects fx = { 0 };
	struct err e = ERR_INIT;
	size_t i;

	s->now_ms = local_now(l);
	s->seed = id_random64();
	if (run_move(l->run, s, &fx, &e) != 0)
		log_debug("move refused: %s", e.name); /* an answer after its time-out */
	local_seal(l);
	for (i = 0; i < fx.n; i++)
		if (fx.list[i].kind == EFFECT_DISPATCH)
			local_dispatch(l, fx.list[i].task_id);
	effects_fini(&fx);
	err_fini(&e);
	local_schedule(l);
}

static void
local_timer(void *arg)
{
	struct stimulus s = { .kind = STIMULUS_TIMER };

	local_move(arg, &s);
}

static void
local_begin(void *arg)
{
	struct stimulus s = { .kind = STIMULUS_START };

	local_move(arg, &s);
}

static int
local_failure(const struct local *l, const char *status)
{
	const char *error = run_error(l->run), *cause = run_cause(l->run);
	char *text = xasprintf("%s%s%s%s", error != NULL ? ": " : "", error != NULL ? error : "",
	    cause != NULL ? ": " : "", cause != NULL ? cause : "");
	int rc;

	cli_make_visible(&text);
	rc = cli_fail(CLI_FAILED, "execution %s%s", status, text);
	free(text);
	return rc;
}

static int
local_result(struct local *l)
{
	struct cli *c = l->c;
	enum run_status status = run_status(l->run);
	char *output;

	if (c->json)
		puts("\n]}");
	if (status == RUN_RUNNING)
		return CLI_FAILED;
	if (status == RUN_SUCCEEDED) {
		output = doc_text(run_output(l->run), NULL);
		if (!c->json)
			puts(output);
		free(output);
		return CLI_OK;
	}
	return local_failure(l, run_status_name(status));
}

static struct machine *
compile_file(const char *path)
{
	struct source *s = source_open(path);
	struct machine *m = s != NULL ? problems_compile(s, MACHINE_STANDARD) : NULL;

	source_free(s);
	return m;
}

static int
local_load_plugins(struct local *l)
{
	struct err e = ERR_INIT;
	int rc = 0;

	l->loop = loop_new();
	l->plugins = plugin_host_new(l->loop, l->conf, local_plugin_answer, l);
	plugin_host_load_dir(l->plugins, l->conf->plugin_dir);
	if (plugin_host_check(l->plugins, &e) != 0) {
		rc = cli_fail(CLI_USAGE, "%s", err_cause(&e));
		plugin_host_free(l->plugins);
		loop_free(l->loop);
	}
	err_fini(&e);
	return rc;
}

static int
local_run(struct local *l, struct machine *m, const char *input, size_t input_len)
{
	struct run_host host = { .pure_call = plugin_host_pure_call,
		.module = plugin_host_module,
		.give_up = plugin_host_give_up };
	struct run_facts f = { .execution_arn =
				   "arn:aws:states:us-east-1:123456789012:execution:local:run",
		.execution_name = "run",
		.machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:local",
		.machine_name = "local",
		.role_arn = "arn:aws:iam::123456789012:role/pawl",
		.region = "us-east-1",
		.start_ms = clock_wall_ms(),
		.input_text = input,
		.input_len = input_len };
	struct err e = ERR_INIT;
	int rc;

	f.input = doc_parse(input, input_len, &e);
	if (doc_is_none(f.input)) {
		rc = cli_fail(CLI_USAGE, "--input: %s", err_cause(&e));
		err_fini(&e);
		return rc;
	}
	if ((rc = local_load_plugins(l)) != 0) {
		doc_unref(f.input);
		return rc;
	}
	host.arg = l->plugins;
	l->run = run_new(m, &f, &host);
	doc_unref(f.input);
	loop_timer_init(l->loop, &l->timer, local_timer, l);
	if (l->c->json)
		fputs("{\"events\":[\n", stdout);
	loop_defer(l->loop, local_begin, l);
	loop_run(l->loop);
	rc = local_result(l);
	loop_timer_fini(&l->timer);
	plugin_host_free(l->plugins);
	run_free(l->run);
	loop_free(l->loop);
	return rc;
}

static void
take_scripted(struct cli *c, struct local *l, const char *option, bool fails)
{
	const char *word, *equals;

	while ((word = cli_option(c, option)) != NULL) {
		if ((equals = strchr(word, '=')) == NULL)
			exit(cli_fail(CLI_USAGE, "%s is STATE=%s, not \"%s\"", option,
			    fails ? "ERROR" : "JSON", word));
		l->scripted = xreallocarray(l->scripted, l->nscripted + 1, sizeof(*l->scripted));
		l->scripted[l->nscripted++] = (struct scripted){ .state = word,
			.state_len = (size_t)(equals - word),
			.value = equals + 1,
			.fails = fails };
	}
}

/* --functions and --set become options of the same configuration that pawld has. */
static struct conf *
local_conf(struct cli *c)
{
	const char *config = cli_option(c, "--config"), *dir = cli_option(c, "--functions"), *word;
	struct conf_overrides o = CONF_OVERRIDES_INIT;
	struct err e = ERR_INIT;
	struct conf *conf = NULL;
	char set[] = "--set", *argv[2] = { set, NULL };
	int rc = 0;

	if (dir != NULL) {
		argv[1] = xasprintf("script_dir=%s", dir);
		rc = conf_override(&o, 2, argv, &e);
		free(argv[1]);
	}
	while (rc >= 0 && (word = cli_option(c, "--set")) != NULL) {
		argv[1] = xstrdup(word);
		rc = conf_override(&o, 2, argv, &e);
		free(argv[1]);
	}
	if (rc >= 0)
		conf = conf_load(config, &o, &e);
	if (conf == NULL)
		cli_fail(CLI_USAGE, "%s", err_cause(&e));
	conf_overrides_fini(&o);
	err_fini(&e);
	return conf;
}

int
cmd_run(struct cli *c)
{
	struct local l = { .c = c, .first_json = true };
	const char *input = cli_option(c, "--input"), *path;
	struct machine *m = NULL;
	char *text = NULL;
	size_t len = 0;
	int rc = CLI_FAILED;

	l.real_time = cli_flag(c, "--real-time");
	l.history = cli_flag(c, "--history");
	take_scripted(c, &l, "--answer", false);
	take_scripted(c, &l, "--fail", true);
	if ((l.conf = local_conf(c)) == NULL)
		return CLI_USAGE;
	path = cli_word(c, "FILE");
	cli_done(c);
	log_set_level(LOG_LEVEL_WARN);
	if ((m = compile_file(path)) != NULL &&
	    (text = cli_read_value(input == NULL ? "{}" : input, &len)) != NULL)
		rc = local_run(&l, m, text, len);
	machine_unref(m);
	conf_free(l.conf);
	free(l.scripted);
	free(text);
	return rc;
}
