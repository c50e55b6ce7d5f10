/*
 * hook - the Lua files of script_dir/hooks: functions of the operator that are called at
 * named points.
 *
 * A file is read at the start and on SIGHUP, all of them or none, so that a broken version
 * takes nothing away. What is only told waits in a queue that has a share of each turn: a
 * thousand executions that end in one commit do not hold up the loop.
 */
#include "task/hook.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "expr/luabox.h"
#include "task/script_file.h"

#define QUEUE_MAX 10000            /* events that wait */
#define QUEUE_BYTES_MAX (64 << 20) /* of them as text */
#define TURN_US 10000              /* for events in one turn of the loop */
#define LAST_US 1000000            /* for those that wait at the end */
#define QUIET_MS 1000              /* between two complaints about the same function */
#define SUFFIX ".lua"
#define REFUSED_ERROR "States.Permissions"

static const char *const point_names[] = {
#define X(name) #name,
	HOOK_POINTS(X)
#undef X
};

struct complaints {
	int64_t next_ms; /* monotonic: when the next one may be logged */
	int64_t nquiet;  /* since the last one that was */
};

struct hook_file {
	TAILQ_ENTRY(hook_file) link;
	struct hooks *hooks;
	char *name; /* without ".lua" */
	struct script_file file;
	struct script_world world; /* takes its log lines */
	unsigned points;           /* a bit each */
	struct luabox *box;        /* NULL after a call that broke it, until the next one */
	int code;
	struct complaints complaints[HOOK_POINT_COUNT];
};
TAILQ_HEAD(hook_list, hook_file);

struct event {
	STAILQ_ENTRY(event) link;
	enum hook_point point;
	struct doc doc;
	size_t size;
};

struct hooks {
	struct scripts *scripts; /* for modules and the limit of CPU time */
	char *dir;
	struct hook_list files; /* by name */
	unsigned points;        /* of all files */
	STAILQ_HEAD(, event) queue;
	size_t nqueued, queued_bytes;
	struct loop_timer timer;
};

/* --- boxes ------------------------------------------------------------------------------ */

static int
gives_up(void *arg, bool first)
{
	const struct hook_file *f = arg;

	return scripts_give_up(f->hooks->scripts, first);
}

static int
module_text(void *arg, const char *name, uint64_t *stamp, struct buf *text, struct err *e)
{
	const struct hook_file *f = arg;

	return scripts_module(f->hooks->scripts, name, stamp, text, e);
}

static void
log_line_of(void *arg, enum log_level level, const char *line)
{
	const struct hook_file *f = arg;

	log_line(level, NULL, "hook=%s %s", f->name, line);
}

static void
open_world(struct lua_State *l, void *arg)
{
	const struct hook_file *f = arg;

	script_log_open(l, &f->world);
}

static void
file_close_box(struct hook_file *f)
{
	luabox_free(f->box);
	f->box = NULL;
}

static int
file_open_box(struct hook_file *f, struct err *e)
{
	const struct luabox_options o = { .steps = LUABOX_EXPRESSION_STEPS,
		.memory = LUABOX_EXPRESSION_MEMORY,
		.output_max = LUABOX_EXPRESSION_OUTPUT,
		.give_up = gives_up,
		.module = module_text,
		.open = open_world,
		.arg = f };
	char *place = xasprintf("hooks/%s.lua", f->name);
	struct err why = ERR_INIT;

	if ((f->box = luabox_new(&o)) == NULL) {
		err_set(e, "pawl.Hook", "%s: out of memory", place);
	} else if ((f->code = luabox_load(f->box, place, f->file.text, f->file.len, &why)) < 0) {
		bool placed = strncmp(err_cause(&why), place, strlen(place)) == 0;

		err_set(e, "pawl.Hook", "%s%s%s", placed ? "" : place, placed ? "" : ": ",
		    err_cause(&why));
		file_close_box(f);
	}
	err_fini(&why);
	free(place);
	return f->box != NULL ? 0 : -1;
}

/* --- loading ------------------------------------------------------------------------------ */

static void
file_free(struct hook_file *f)
{
	file_close_box(f);
	script_file_fini(&f->file);
	free(f->name);
	free(f);
}

static void
list_free(struct hook_list *list)
{
	struct hook_file *f;

	while ((f = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, f, link);
		file_free(f);
	}
}

static int
point_find(struct doc name)
{
	for (int p = 0; p < HOOK_POINT_COUNT; p++)
		if (doc_str_is(name, point_names[p]))
			return p;
	return -1;
}

/* A name that is no point is an error: a misspelt authorize must not let everybody in. */
static int
refuse_point(const struct hook_file *f, struct doc name, struct err *e)
{
	char *text = doc_text(name, NULL);

	err_set(e, "pawl.Hook",
	    "hooks/%s.lua: there is no hook %s; there are authorize, "
	    "execution_started, execution_ended, state_failed and before_dispatch",
	    f->name, text);
	free(text);
	return -1;
}

static int
file_read_points(struct hook_file *f, struct err *e)
{
	struct luabox_failure why;
	struct doc_iter it;
	struct doc names;
	int rc = 0, p;

	if (luabox_functions(f->box, f->code, &names, &why) != 0) {
		if (why.place != NULL)
			err_set(e, "pawl.Hook", "%s: %s", why.place, why.message);
		else
			err_set(e, "pawl.Hook", "hooks/%s.lua: %s", f->name, why.message);
		luabox_failure_fini(&why);
		return -1;
	}
	it = doc_iter(names);
	while (rc == 0 && doc_next(&it)) {
		if ((p = point_find(it.value)) < 0)
			rc = refuse_point(f, it.value, e);
		else
			f->points |= 1u << p;
	}
	doc_unref(names);
	return rc;
}

/* A new file of that file name, or NULL and e. */
static struct hook_file *
file_load(struct hooks *h, const char *file_name, struct err *e)
{
	struct hook_file *f = xcalloc(1, sizeof(*f));
	char *path = xasprintf("%s/%s", h->dir, file_name);
	int rc = -1;

	f->hooks = h;
	f->name = xstrndup(file_name, strlen(file_name) - strlen(SUFFIX));
	f->world = (struct script_world){ log_line_of, f };
	if (!script_name_is_valid(f->name))
		err_set(e, "pawl.Hook",
		    "%s: the name of a hook may hold letters, digits, '_' and '-' before \".lua\"",
		    path);
	else if (script_file_read(path, &f->file, e) == 0 && file_open_box(f, e) == 0)
		rc = file_read_points(f, e);
	free(path);
	if (rc != 0) {
		file_free(f);
		f = NULL;
	}
	return f;
}

static int
is_hook_file(const struct dirent *d)
{
	size_t len = strlen(d->d_name), suffix = strlen(SUFFIX);

	return len > suffix && d->d_name[0] != '.' && strcmp(d->d_name + len - suffix, SUFFIX) == 0;
}

static int
list_load(struct hooks *h, struct hook_list *list, struct err *e)
{
	struct dirent **found;
	struct stat st;
	int n = scandir(h->dir, &found, is_hook_file, alphasort), rc = 0;

	if (n < 0 && errno == ENOENT && lstat(h->dir, &st) != 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return err_set(e, "pawl.Hook", "%s: %s", h->dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		struct hook_file *f = rc == 0 ? file_load(h, found[i]->d_name, e) : NULL;

		if (f != NULL)
			TAILQ_INSERT_TAIL(list, f, link);
		else
			rc = -1;
		free(found[i]);
	}
	free(found);
	return rc;
}

static void
log_loaded(const struct hook_file *f)
{
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	for (int p = 0; p < HOOK_POINT_COUNT; p++)
		if ((f->points & 1u << p) != 0)
			buf_addf(&text, " %s", point_names[p]);
	log_info("hook=%s loaded:%s", f->name, text.len > 0 ? buf_text(&text) : " nothing in it");
	buf_fini(&text);
}

int
hooks_load(struct hooks *h, struct err *e)
{
	struct hook_list fresh = TAILQ_HEAD_INITIALIZER(fresh);
	bool authorized = hooks_any(h, HOOK_authorize);
	struct hook_file *f;

	if (list_load(h, &fresh, e) != 0) {
		list_free(&fresh);
		return -1;
	}
	list_free(&h->files);
	TAILQ_CONCAT(&h->files, &fresh, link);
	h->points = 0;
	TAILQ_FOREACH(f, &h->files, link) {
		h->points |= f->points;
		log_loaded(f);
	}
	if (authorized && !hooks_any(h, HOOK_authorize))
		log_warn("hooks: none has authorize any more, so nobody is refused by one");
	return 0;
}

/* --- calls -------------------------------------------------------------------------------- */

/* A function that fails at every call does not fill the log. */
static void
complain(struct hook_file *f, enum hook_point p, const char *place, const char *message)
{
	struct complaints *c = &f->complaints[p];
	int64_t now = clock_mono_ms();

	stat_add_label(STAT_hook_errors, point_names[p], 1);
	if (now < c->next_ms) {
		c->nquiet++;
		return;
	}
	log_error("hook=%s %s failed%s%s: %s", f->name, point_names[p], place != NULL ? " at " : "",
	    place != NULL ? place : "", message);
	if (c->nquiet > 0)
		log_error("hook=%s %s failed %lld times more since the last line", f->name,
		    point_names[p], (long long)c->nquiet);
	c->next_ms = now + QUIET_MS;
	c->nquiet = 0;
}

static int
file_run(struct hook_file *f, enum hook_point p, struct doc arg, int nresults, struct doc *result)
{
	const struct luabox_value args[] = { { .value = arg } };
	const struct luabox_call c = { .seed = id_random64(),
		.function = true,
		.member = point_names[p],
		.nresults = nresults,
		.args = args,
		.nargs = 1 };
	struct luabox_failure why;
	struct err e = ERR_INIT;
	int rc = -1;

	if (f->box == NULL && file_open_box(f, &e) != 0) {
		complain(f, p, NULL, err_cause(&e));
		err_fini(&e);
		return -1;
	}
	if ((rc = luabox_run(f->box, f->code, &c, result, &why)) != 0) {
		complain(f, p, why.place, why.message);
		luabox_failure_fini(&why);
	}
	if (luabox_broken(f->box))
		file_close_box(f);
	return rc;
}

/* Calls the function of that file; results as luabox_call.nresults says. 0, or -1 when it has failed. */
static int
file_call(struct hook_file *f, enum hook_point p, struct doc arg, int nresults, struct doc *result)
{
	int64_t began_us = clock_mono_us();
	int rc;

	*result = DOC_NONE;
	stat_add_label(STAT_hook_calls, point_names[p], 1);
	rc = file_run(f, p, arg, nresults, result);
	stat_observe(STAT_hook_seconds, (double)(clock_mono_us() - began_us) / 1e6);
	return rc;
}

static bool
file_has(const struct hook_file *f, enum hook_point p)
{
	return (f->points & 1u << p) != 0;
}

/* True for a yes; *reason as hooks_authorize has it. */
static bool
file_authorizes(struct hook_file *f, struct doc request, char **reason)
{
	struct doc answer, verdict;
	bool yes;

	if (file_call(f, HOOK_authorize, request, 2, &answer) != 0)
		return false;
	verdict = doc_at(answer, 0);
	yes = doc_is_true(verdict);
	if (!doc_is_bool(verdict))
		complain(f, HOOK_authorize, NULL, "it must return true or false");
	else if (!yes)
		*reason = doc_strdup(doc_at(answer, 1));
	doc_unref(answer);
	return yes;
}

bool
hooks_authorize(struct hooks *h, struct doc request, char **reason)
{
	struct hook_file *f;

	*reason = NULL;
	TAILQ_FOREACH(f, &h->files, link) {
		if (!file_has(f, HOOK_authorize) || file_authorizes(f, request, reason))
			continue;
		stat_add_label(STAT_hook_refusals, point_names[HOOK_authorize], 1);
		log_debug("hook=%s refuses a call: %s", f->name, *reason != NULL ? *reason : "-");
		return false;
	}
	return true;
}

void
hook_dispatch_fini(struct hook_dispatch *d)
{
	doc_unref(d->parameters);
	free(d->error);
	free(d->cause);
	*d = (struct hook_dispatch){ .parameters = DOC_NONE };
}

static void
refuse_task(const struct hook_file *f, struct doc answer, struct hook_dispatch *out)
{
	stat_add_label(STAT_hook_refusals, point_names[HOOK_before_dispatch], 1);
	out->refused = true;
	out->error = doc_strdup(doc_at(answer, 1));
	out->cause = doc_strdup(doc_at(answer, 2));
	if (out->error == NULL)
		out->error = xstrdup(REFUSED_ERROR);
	if (out->cause == NULL)
		out->cause = xasprintf("The hook %s refused the task.", f->name);
}

/* What the function answered: nothing or true leave the task as it is, false refuses it, all else are its parameters. */
static void
take_answer(const struct hook_file *f, struct doc answer, struct hook_dispatch *out)
{
	struct doc verdict = doc_at(answer, 0);

	if (doc_type(verdict) == DOC_NULL || doc_is_true(verdict))
		return;
	if (doc_is_bool(verdict)) {
		refuse_task(f, answer, out);
		return;
	}
	doc_unref(out->parameters);
	out->parameters = doc_ref(verdict);
}

void
hooks_before_dispatch(struct hooks *h, struct doc task, struct hook_dispatch *out)
{
	struct hook_file *f;
	struct doc answer;

	*out = (struct hook_dispatch){ .parameters = DOC_NONE };
	TAILQ_FOREACH(f, &h->files, link) {
		struct doc now;

		if (!file_has(f, HOOK_before_dispatch))
			continue;
		now = doc_is_none(out->parameters)
		    ? doc_ref(task)
		    : doc_with(task, "parameters", strlen("parameters"), out->parameters);
		if (file_call(f, HOOK_before_dispatch, now, 3, &answer) == 0)
			take_answer(f, answer, out);
		doc_unref(answer);
		doc_unref(now);
		if (out->refused)
			return;
	}
}

/* --- the queue ------------------------------------------------------------------------------ */

static struct event
queue_pop(struct hooks *h)
{
	struct event *first = STAILQ_FIRST(&h->queue), e = *first;

	STAILQ_REMOVE_HEAD(&h->queue, link);
	h->nqueued--;
	h->queued_bytes -= e.size;
	free(first);
	return e;
}

static void
tell_first(struct hooks *h)
{
	struct event e = queue_pop(h);
	struct hook_file *f;
	struct doc nothing;

	TAILQ_FOREACH(f, &h->files, link) {
		if (!file_has(f, e.point))
			continue;
		(void)file_call(f, e.point, e.doc, LUABOX_NO_RESULT, &nothing);
		doc_unref(nothing);
	}
	doc_unref(e.doc);
}

static void
queue_run(struct hooks *h, int64_t us)
{
	int64_t until_us = clock_mono_us() + us;

	while (h->nqueued > 0 && clock_mono_us() <= until_us)
		tell_first(h);
}

static void
on_turn(void *arg)
{
	struct hooks *h = arg;

	queue_run(h, TURN_US);
	if (h->nqueued > 0)
		loop_timer_set(&h->timer, 0);
}

void
hooks_tell_take(struct hooks *h, enum hook_point p, struct doc event)
{
	struct event *e;

	while (h->nqueued >= QUEUE_MAX || (h->nqueued > 0 && h->queued_bytes > QUEUE_BYTES_MAX))
		tell_first(h);
	e = xcalloc(1, sizeof(*e));
	e->point = p;
	e->doc = event;
	e->size = doc_size(event);
	STAILQ_INSERT_TAIL(&h->queue, e, link);
	h->nqueued++;
	h->queued_bytes += e->size;
	if (!loop_timer_pending(&h->timer))
		loop_timer_set(&h->timer, 0);
}

/* --- life -------------------------------------------------------------------------------- */

struct hooks *
hooks_new(struct loop *l, const struct script_dirs *d)
{
	struct hooks *h = xcalloc(1, sizeof(*h));

	h->scripts = scripts_new(d);
	h->dir = xasprintf("%s/hooks", d->script_dir);
	TAILQ_INIT(&h->files);
	STAILQ_INIT(&h->queue);
	loop_timer_init(l, &h->timer, on_turn, h);
	return h;
}

void
hooks_free(struct hooks *h)
{
	if (h == NULL)
		return;
	queue_run(h, LAST_US);
	if (h->nqueued > 0)
		log_warn("hooks: %zu events are not told any more", h->nqueued);
	while (h->nqueued > 0)
		doc_unref(queue_pop(h).doc);
	loop_timer_fini(&h->timer);
	list_free(&h->files);
	scripts_free(h->scripts);
	free(h->dir);
	free(h);
}

void
hook_add_text(struct doc_builder *b, const char *key, const char *text)
{
	if (text == NULL || !doc_utf8_valid(text, strlen(text)))
		return;
	docb_keys(b, key);
	docb_strings(b, text);
}

bool
hooks_any(const struct hooks *h, enum hook_point p)
{
	return h != NULL && (h->points & 1u << p) != 0;
}
