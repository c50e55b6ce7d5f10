/*
 * script - the Lua files of script_dir: functions/NAME.lua, and lib/ for require.
 *
 * A file is read again when its time, size or inode changed. A pure function keeps its
 * box from call to call; each call runs the whole file anew with fresh globals.
 */
#include "task/script.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "expr/luabox.h"
#include "task/script_file.h"

#define SCRIPTS_KEPT 64         /* boxes of pure functions */
#define IN_PROCESS_CPU_US 25000 /* the budget of steps ends code long before, as a rule */

struct script {
	TAILQ_ENTRY(script) link; /* the most recently used first */
	char *name;
	struct script_file file;
	bool pure;
	struct luabox *box; /* NULL until a pure function is called */
	int code;
};

struct scripts {
	char *dir, *lib_dir;
	struct script_dirs dirs; /* both */
	TAILQ_HEAD(script_list, script) list;
	size_t n;
	int64_t began_us; /* CPU time when the code that runs began */
	int64_t nsteps;   /* that pure functions took so far */
};

/* --- pure functions -------------------------------------------------------------------- */

int
scripts_give_up(struct scripts *s, bool first)
{
	int64_t now = clock_cpu_us();

	if (first)
		s->began_us = now;
	if (now - s->began_us >= IN_PROCESS_CPU_US)
		return LUABOX_TIME_OVER;
	return (int)((now - s->began_us) * LUABOX_TIME_OVER / IN_PROCESS_CPU_US);
}

static int
pure_gives_up(void *arg, bool first)
{
	return scripts_give_up(arg, first);
}

int
scripts_module(struct scripts *s, const char *name, uint64_t *stamp, struct buf *text,
    struct err *e)
{
	return script_module_read(&s->dirs, name, stamp, text, e);
}

static int
module_text(void *arg, const char *name, uint64_t *stamp, struct buf *text, struct err *e)
{
	return scripts_module(arg, name, stamp, text, e);
}

static void
script_unload(struct script *f)
{
	luabox_free(f->box);
	f->box = NULL;
	script_file_fini(&f->file);
}

/* Frees what only a pure function needs; the time of the file stays. */
static void
script_forget_code(struct script *f)
{
	luabox_free(f->box);
	f->box = NULL;
	free(f->file.text);
	f->file.text = NULL;
}

static void
script_free(struct scripts *s, struct script *f)
{
	TAILQ_REMOVE(&s->list, f, link);
	s->n--;
	script_unload(f);
	free(f->name);
	free(f);
}

struct scripts *
scripts_new(const struct script_dirs *d)
{
	struct scripts *s = xcalloc(1, sizeof(*s));

	s->dir = xstrdup(d->script_dir);
	s->lib_dir = d->lib_dir != NULL ? xstrdup(d->lib_dir) : NULL;
	s->dirs = (struct script_dirs){ s->dir, s->lib_dir };
	TAILQ_INIT(&s->list);
	return s;
}

void
scripts_free(struct scripts *s)
{
	struct script *f, *next;

	if (s == NULL)
		return;
	for (f = TAILQ_FIRST(&s->list); f != NULL; f = next) {
		next = TAILQ_NEXT(f, link);
		script_free(s, f);
	}
	free(s->dir);
	free(s->lib_dir);
	free(s);
}

void
script_answer_fini(struct script_answer *a)
{
	doc_unref(a->value);
	doc_unref(a->trace);
	free(a->error_type);
	free(a->error_message);
	*a = (struct script_answer){ .value = DOC_NONE, .trace = DOC_NONE };
}

static struct luabox *
pure_box(struct scripts *s)
{
	struct luabox_options o = { .steps = LUABOX_EXPRESSION_STEPS,
		.memory = LUABOX_EXPRESSION_MEMORY,
		.output_max = LUABOX_EXPRESSION_OUTPUT,
		.give_up = pure_gives_up,
		.module = module_text,
		.arg = s };

	return luabox_new(&o);
}

/* A box with the code in it; 0 or -1, and then the file is at best an ordinary function. */
static int
script_open_box(struct scripts *s, struct script *f, struct err *e)
{
	char *place = xasprintf("functions/%s.lua", f->name);

	if ((f->box = pure_box(s)) == NULL)
		err_set(e, "pawl.Script", "out of memory");
	else if ((f->code = luabox_load(f->box, place, f->file.text, f->file.len, e)) < 0) {
		luabox_free(f->box);
		f->box = NULL;
	}
	free(place);
	return f->box != NULL ? 0 : -1;
}

static struct script *
script_find(struct scripts *s, const char *name)
{
	struct script *f;

	TAILQ_FOREACH(f, &s->list, link)
		if (strcmp(f->name, name) == 0)
			break;
	return f;
}

/* Reads the file and finds out what it is. */
static int
script_reload(struct scripts *s, struct script *f, const char *path)
{
	script_unload(f);
	if (script_file_read(path, &f->file, NULL) != 0)
		return -1;
	f->pure = script_open_box(s, f, NULL) == 0 && luabox_is_pure(f->box, f->code) == 1;
	if (!f->pure)
		script_forget_code(f);
	return 0;
}

/* The script as the file is now, or NULL when there is none. */
static struct script *
script_look(struct scripts *s, const char *name)
{
	struct script *f = script_find(s, name);
	char *path;
	struct stat st;

	if (!script_name_is_valid(name))
		return NULL;
	path = script_function_path(s->dir, name);
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
		if (f != NULL)
			script_free(s, f);
		free(path);
		return NULL;
	}
	if (f == NULL) {
		f = xcalloc(1, sizeof(*f));
		f->name = xstrdup(name);
		s->n++;
	} else {
		TAILQ_REMOVE(&s->list, f, link);
	}
	TAILQ_INSERT_HEAD(&s->list, f, link);
	if (!script_file_is(&f->file, &st) && script_reload(s, f, path) != 0) {
		script_free(s, f);
		f = NULL;
	}
	if (s->n > SCRIPTS_KEPT)
		script_free(s, TAILQ_LAST(&s->list, script_list));
	free(path);
	return f;
}

int64_t
scripts_steps(const struct scripts *s)
{
	return s->nsteps;
}

enum script_kind
scripts_kind(struct scripts *s, const char *name)
{
	const struct script *f = script_look(s, name);

	if (f == NULL)
		return SCRIPT_NONE;
	return f->pure ? SCRIPT_PURE : SCRIPT_ORDINARY;
}

void
script_answer_missing(struct script_answer *out, const char *name)
{
	out->result = SCRIPT_MISSING;
	out->error_message = xasprintf("there is no function %s", name);
}

static void
answer_from_failure(struct script_answer *out, struct luabox_failure *f)
{
	switch (f->result) {
	case LUABOX_STEPS:
		out->result = SCRIPT_TIMEOUT;
		break;
	case LUABOX_MEMORY:
		out->result = SCRIPT_MEMORY;
		break;
	default:
		out->result = SCRIPT_RAISED;
		break;
	}
	out->error_type = f->type;
	out->error_message = f->message;
	out->trace = f->trace;
	/* moved */
	f->type = f->message = NULL;
	f->trace = DOC_NONE;
	luabox_failure_fini(f);
}

void
script_run(struct luabox *b, int code, const struct script_call *c, bool pure,
    struct script_answer *out)
{
	struct luabox_value args[] = { { .value = c->event }, { .value = c->context } };
	struct luabox_call call = { .seed = c->seed,
		.function = true,
		.pure_only = pure,
		.args = args,
		.nargs = 2 };
	struct luabox_failure f;
	struct doc empty = DOC_NONE;

	if (doc_is_none(c->context))
		args[1].value = empty = doc_empty_object();
	if (luabox_run(b, code, &call, &out->value, &f) != 0)
		answer_from_failure(out, &f);
	doc_unref(empty);
}

void
scripts_call_pure(struct scripts *s, const struct script_call *c, struct script_answer *out)
{
	struct script *f = script_look(s, c->name);
	struct err e = ERR_INIT;

	*out = (struct script_answer){ .value = DOC_NONE, .trace = DOC_NONE };
	if (f == NULL || !f->pure) {
		script_answer_missing(out, c->name);
		return;
	}
	if (f->box == NULL && script_open_box(s, f, &e) != 0) {
		out->result = SCRIPT_RAISED;
		out->error_message = xstrdup(err_cause(&e));
		err_fini(&e);
		return;
	}
	script_run(f->box, f->code, c, true, out);
	s->nsteps += LUABOX_EXPRESSION_STEPS - luabox_steps_left(f->box);
	if (luabox_broken(f->box)) {
		luabox_free(f->box);
		f->box = NULL;
	}
}
