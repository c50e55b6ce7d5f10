/*
 * plugin_host - loads plugins and carries tasks to them and answers back.
 *
 * All answers go through one queue that is emptied on the next turn, so a plugin that
 * answers inside start, or in the middle of its own callback, is never called
 * back before it has returned.
 */
#include "task/plugin_module.h"

#include <assert.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"

/* --- life ------------------------------------------------------------------------ */

static void deliver_answers(void *arg);

static struct worker_pool *
workers_new(struct loop *l, const struct conf *c)
{
	char *program = xasprintf("%s/pawl-function", c->libexec_dir);
	struct worker_options o = { .program = program,
		.dirs = { c->script_dir, c->lib_dir },
		.nworkers = (int)c->function_workers,
		.timeout_ms = c->function_timeout,
		.memory = c->function_memory };
	struct worker_pool *p = worker_pool_new(l, &o);

	free(program);
	return p;
}

static struct mailer *
mailer_make(struct loop *l, const struct conf *c)
{
	char *program = xasprintf("%s/pawl-mail", c->libexec_dir);
	struct mailer *m = mailer_new(l, program);

	free(program);
	return m;
}

struct plugin_host *
plugin_host_new(struct loop *l, const struct conf *c, plugin_answer_cb *cb, void *arg)
{
	struct plugin_host *h = xcalloc(1, sizeof(*h));
	const struct script_dirs dirs = { c->script_dir, c->lib_dir };

	h->thread = pthread_self();
	h->loop = l;
	h->conf = c;
	h->cb = cb;
	h->arg = arg;
	TAILQ_INIT(&h->modules);
	TAILQ_INIT(&h->pending);
	TAILQ_INIT(&h->open_tasks);
	STAILQ_INIT(&h->answers);
	loop_timer_init(l, &h->answers_timer, deliver_answers, h);
	h->http = httpc_new(l);
	h->scripts = scripts_new(&dirs);
	h->workers = workers_new(l, c);
	h->mailer = mailer_make(l, c);
	h->commands = command_pool_new(l, (int)c->max_commands);
	h->resources = plugin_resources_new(c->resources);
	h->serve = plugin_serve_new();
	plugin_self_init(&h->self, c);
	return h;
}

void
plugin_host_set_database(struct plugin_host *h, const char *conninfo)
{
	free(h->conninfo);
	h->conninfo = xstrdup(conninfo);
}

static void
module_free(struct module *m)
{
	if (m == NULL)
		return;
	if (m->ready && m->def.stop != NULL) {
		struct plugin_visit v = plugin_enter(m, "stop");

		m->def.stop(m->state);
		plugin_leave(&v);
	}
	if (m->host != NULL) {
		plugin_serve_close(m);
		pending_close_all(m->host, m);
		plugin_sql_close(m);
	}
	plugin_options_fini(&m->options);
	m->magic = 0;
	if (m->dl != NULL)
		dlclose(m->dl);
	free(m->refusal);
	free(m->path);
	free(m);
}

static void
task_close(struct plugin_host *h, struct open_task *t)
{
	idmap_take(&h->tasks, t->id);
	TAILQ_REMOVE(&h->open_tasks, t, link);
	free(t->ids);
	free(t);
}

static void
queued_free(struct queued_answer *q)
{
	doc_unref(q->answer.output);
	free((char *)(uintptr_t)q->answer.error);
	free((char *)(uintptr_t)q->answer.cause);
	free(q);
}

void
plugin_host_free(struct plugin_host *h)
{
	struct module *m;
	struct queued_answer *q;
	struct open_task *t;

	if (h == NULL)
		return;
	while ((m = TAILQ_FIRST(&h->modules)) != NULL) {
		TAILQ_REMOVE(&h->modules, m, link);
		module_free(m);
	}
	while ((q = STAILQ_FIRST(&h->answers)) != NULL) {
		STAILQ_REMOVE_HEAD(&h->answers, link);
		queued_free(q);
	}
	while ((t = TAILQ_FIRST(&h->open_tasks)) != NULL)
		task_close(h, t);
	worker_pool_free(h->workers);
	command_pool_free(h->commands);
	mailer_free(h->mailer);
	httpc_free(h->http);
	scripts_free(h->scripts);
	loop_timer_fini(&h->answers_timer);
	plugin_resources_free(h->resources);
	for (size_t i = 0; i < h->nrefused; i++) {
		free(h->refused[i].path);
		free(h->refused[i].reason);
	}
	free(h->refused);
	plugin_serve_free(h->serve);
	plugin_self_fini(&h->self);
	free(h->conninfo);
	idmap_fini(&h->tasks);
	idmap_fini(&h->pending_by_id);
	free(h);
}

/* --- loading --------------------------------------------------------------------- */

static int
refuse(struct err *e, const char *path, const char *why)
{
	return err_set(e, "pawl.Plugin", "%s is refused: %s", path, why);
}

#define REFUSE(e, path, ...) \
	do { \
		char *why_ = xasprintf(__VA_ARGS__); \
		refuse(e, path, why_); \
		free(why_); \
		return -1; \
	} while (0)

/* The file's name without folder and ".so"; yours. */
static char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	size_t len = strlen(base);

	return xstrndup(base, len > 3 && strcmp(base + len - 3, ".so") == 0 ? len - 3 : len);
}

static bool
is_plugin_name(const char *s)
{
	if (*s < 'a' || *s > 'z')
		return false;
	for (; *s != '\0'; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '_' ||
			*s == '-'))
			return false;
	return true;
}

static size_t
size_of_minor(unsigned minor)
{
	return minor == 0 ? offsetof(struct pawl_plugin, release) : sizeof(struct pawl_plugin);
}

/* Head first: only after these checks may the rest of the struct be read. */
static int
check_abi(const struct pawl_plugin *def, const char *path, struct err *e)
{
	if (def->abi_major != PAWL_ABI_MAJOR)
		REFUSE(e, path,
		    "it is built for plugin ABI %d.%d, this pawld has %d.%d; build it again with this "
		    "pawld's pawl/plugin.h",
		    def->abi_major, def->abi_minor, PAWL_ABI_MAJOR, PAWL_ABI_MINOR);
	if (def->abi_minor > PAWL_ABI_MINOR)
		REFUSE(e, path,
		    "it needs plugin ABI %d.%d, this pawld has %d.%d; use a newer pawld or build it with "
		    "the older header",
		    def->abi_major, def->abi_minor, PAWL_ABI_MAJOR, PAWL_ABI_MINOR);
	if (def->size != size_of_minor(def->abi_minor))
		REFUSE(e, path,
		    "its struct pawl_plugin has %zu bytes, ABI %d.%d has %zu; begin it with "
		    "PAWL_PLUGIN_HEAD",
		    def->size, def->abi_major, def->abi_minor, size_of_minor(def->abi_minor));
	return 0;
}

static int
check_definition(const struct pawl_plugin *def, const char *path, struct err *e)
{
	char *name = name_of(path);
	bool same = def->name != NULL && strcmp(name, def->name) == 0;

	free(name);
	if (def->name == NULL || !is_plugin_name(def->name))
		REFUSE(e, path, "its name must be of the form [a-z][a-z0-9_-]*");
	if (!same)
		REFUSE(e, path, "it calls itself \"%s\"; rename the file to %s.so", def->name,
		    def->name);
	if (def->resources == NULL || def->resources[strspn(def->resources, " ")] == '\0')
		REFUSE(e, path, "it serves no resource");
	if (def->start == NULL)
		REFUSE(e, path, "it has no start function");
	if ((def->patterns & (PAWL_REQUEST | PAWL_SYNC | PAWL_TOKEN)) == 0)
		REFUSE(e, path, "it knows no integration pattern; set .patterns");
	return 0;
}

static int
check_unique(struct module *m, struct err *e)
{
	const struct module *other;
	struct err why = ERR_INIT;

	TAILQ_FOREACH(other, &m->host->modules, link)
		if (strcmp(other->def.name, m->def.name) == 0)
			REFUSE(e, m->path, "a plugin of that name is loaded already, from %s",
			    other->path);
	if (plugin_resources_check(m, &why) == 0)
		return 0;
	refuse(e, m->path, err_cause(&why));
	err_fini(&why);
	return -1;
}

static int
read_options(struct plugin_options *o, const struct module *m, const struct conf *conf,
    struct err *e)
{
	struct err why = ERR_INIT;
	char *json = conf_plugin_json(conf, m->def.name);
	struct doc table = doc_parse(json, strlen(json), &why);
	int rc = doc_is_none(table) ? -1 : plugin_options_read(o, m->def.options, table, &why);

	if (rc != 0) {
		plugin_options_fini(o);
		err_set(e, "pawl.Plugin", "in plugins.%s of the configuration: %s", m->def.name,
		    err_cause(&why));
	}
	explicit_bzero(json, strlen(json));
	free(json);
	doc_unref(table);
	err_fini(&why);
	return rc;
}

int
module_open(struct module *m, struct err *e)
{
	const struct pawl_plugin *def;

	if ((m->dl = dlopen(m->path, RTLD_NOW | RTLD_LOCAL)) == NULL)
		REFUSE(e, m->path, "it cannot be loaded: %s", dlerror());
	if ((def = dlsym(m->dl, "pawl_plugin")) == NULL)
		REFUSE(e, m->path,
		    "it exports no symbol \"pawl_plugin\"; it is no plugin of pawl, or hides it");
	if (check_abi(def, m->path, e) != 0 || check_definition(def, m->path, e) != 0)
		return -1;
	memcpy(&m->def, def, def->size); /* what its minor does not know stays zero */
	return 0;
}

static int
call_init(struct module *m)
{
	struct plugin_visit v = plugin_enter(m, "init");
	int rc = m->def.init(&m->table, &m->state);

	plugin_leave(&v);
	return rc;
}

int
module_init(struct module *m, struct err *e)
{
	struct err why = ERR_INIT;

	if (check_unique(m, e) != 0)
		return -1;
	if (read_options(&m->options, m, m->host->conf, &why) != 0) {
		refuse(e, m->path, err_cause(&why));
		err_fini(&why);
		return -1;
	}
	if (m->def.init != NULL && call_init(m) != 0)
		REFUSE(e, m->path, "%s",
		    m->refusal != NULL ? m->refusal : "its init failed without saying why");
	m->ready = true;
	return 0;
}

int
plugin_host_load(struct plugin_host *h, const char *path, struct err *e)
{
	struct module *m = xcalloc(1, sizeof(*m));

	plugin_table_init(&m->table);
	m->magic = MODULE_MAGIC;
	m->host = h;
	m->path = xstrdup(path);
	TAILQ_INIT(&m->dbs);
	if (plugin_trial(m, e) != 0 || module_open(m, e) != 0 || module_init(m, e) != 0) {
		module_free(m);
		return -1;
	}
	TAILQ_INSERT_TAIL(&h->modules, m, link);
	plugin_resources_add(m);
	log_info("plugin %s %s serves %s", m->def.name,
	    m->def.version != NULL ? m->def.version : "-", m->def.resources);
	return 0;
}

/* For those who ask later; the sentence begins with the path. */
static void
note_refusal(struct plugin_host *h, const char *path, const struct err *why)
{
	const char *reason = err_cause(why);
	size_t len = strlen(path);

	if (strncmp(reason, path, len) == 0 && reason[len] == ' ')
		reason += len + 1;
	h->refused = xreallocarray(h->refused, h->nrefused + 1, sizeof(*h->refused));
	h->refused[h->nrefused++] =
	    (struct plugin_refusal){ .path = xstrdup(path), .reason = xstrdup(reason) };
}

static int
is_module_file(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > 3 && d->d_name[0] != '.' && strcmp(d->d_name + len - 3, ".so") == 0;
}

int
plugin_host_load_dir(struct plugin_host *h, const char *dir)
{
	struct dirent **list;
	int n = scandir(dir, &list, is_module_file, alphasort);
	int nrefused = 0;

	if (n < 0) {
		log_error("plugin_dir %s cannot be read: %s", dir, strerror(errno));
		return 0;
	}
	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s", dir, list[i]->d_name);
		struct err e = ERR_INIT;

		if (plugin_host_load(h, path, &e) != 0) {
			log_error("plugin %s", err_cause(&e));
			note_refusal(h, path, &e);
			nrefused++;
		}
		err_fini(&e);
		free(path);
		free(list[i]);
	}
	free(list);
	return nrefused;
}

static void
call_reload(const struct module *m)
{
	struct plugin_visit v = plugin_enter(m, "reload");

	m->def.reload(m->state);
	plugin_leave(&v);
}

void
plugin_host_reload(struct plugin_host *h, const struct conf *c)
{
	struct module *m;
	struct err why = ERR_INIT;

	h->conf = c;
	if (plugin_resources_reload(h, c->resources, &why) != 0)
		log_error("reload: %s; who serves what stays as it was", err_cause(&why));
	err_fini(&why);
	worker_pool_set_limits(h->workers, c->function_timeout, c->function_memory);
	command_pool_set_max(h->commands, (int)c->max_commands);
	TAILQ_FOREACH(m, &h->modules, link) {
		struct plugin_options fresh = { 0 };
		struct err e = ERR_INIT;

		if (read_options(&fresh, m, c, &e) != 0) {
			log_error("plugin %s keeps its options: %s", m->def.name, err_cause(&e));
			err_fini(&e);
			continue;
		}
		plugin_options_fini(&m->options);
		m->options = fresh;
		if (m->def.reload != NULL)
			call_reload(m);
	}
}

/* --- who serves what --------------------------------------------------------------- */

bool
plugin_host_serves(const struct plugin_host *h, const struct task_resource *r)
{
	return plugin_resources_find(h, r->base_arn) != NULL;
}

enum plugin_after_crash
plugin_host_after_crash(const struct plugin_host *h, const struct task_resource *r)
{
	const struct module *m = plugin_resources_find(h, r->base_arn);

	if (m == NULL)
		return AFTER_CRASH_AGAIN;
	switch (m->def.after_crash) {
	case PAWL_ONCE:
		return AFTER_CRASH_ONCE;
	case PAWL_EXACTLY_ONCE:
		return AFTER_CRASH_EXACTLY_ONCE;
	default:
		return AFTER_CRASH_AGAIN;
	}
}

static enum pawl_pattern
pattern_of(enum task_pattern p)
{
	switch (p) {
	case PATTERN_SYNC:
	case PATTERN_SYNC2:
		return PAWL_SYNC;
	case PATTERN_TOKEN:
		return PAWL_TOKEN;
	default:
		return PAWL_REQUEST;
	}
}

/* --- answers ----------------------------------------------------------------------- */

static void
deliver_answers(void *arg)
{
	struct plugin_host *h = arg;
	struct queued_answer *q;
	uint64_t newest = h->next_answer;

	/* a delivery may cancel others, which takes them from the queue, or cause new ones, which wait */
	while ((q = STAILQ_FIRST(&h->answers)) != NULL && q->number <= newest) {
		STAILQ_REMOVE_HEAD(&h->answers, link);
		h->cb(h->arg, q->ticket, &q->answer);
		queued_free(q);
	}
	if (q != NULL)
		loop_timer_set(&h->answers_timer, 0);
}

static struct queued_answer *
queue_answer(struct plugin_host *h, uint64_t task, uint64_t ticket)
{
	struct queued_answer *q = xcalloc(1, sizeof(*q));

	q->task = task;
	q->ticket = ticket;
	q->number = ++h->next_answer;
	q->answer.output = DOC_NONE;
	if (!loop_timer_pending(&h->answers_timer))
		loop_timer_set(&h->answers_timer, 0);
	STAILQ_INSERT_TAIL(&h->answers, q, link);
	return q;
}

static void
queue_failure(struct plugin_host *h, uint64_t task, uint64_t ticket, const char *error,
    const char *cause)
{
	struct queued_answer *q = queue_answer(h, task, ticket);

	q->answer.kind = ANSWER_FAILED;
	q->answer.error = error != NULL ? xstrdup(error) : NULL;
	q->answer.cause = cause != NULL ? xstrdup(cause) : NULL;
}

/* The task when this plugin may answer it now; else says so and counts it. */
static struct open_task *
task_to_answer(const struct module *m, uint64_t id)
{
	struct open_task *t = idmap_get(&m->host->tasks, id);

	if (t != NULL && t->module == m)
		return t;
	plugin_answer_dropped(m, id,
	    t != NULL                                ? DROPPED_FOREIGN
		: id == 0 || id > m->host->next_task ? DROPPED_UNKNOWN
						     : DROPPED_CLOSED);
	return NULL;
}

void
plugin_answer_succeed(struct module *m, uint64_t task, struct doc output)
{
	struct open_task *t = task_to_answer(m, task);
	struct queued_answer *q;

	if (t == NULL)
		return;
	if (doc_is_none(output)) {
		char *cause = xasprintf("The plugin %s answered without a result", m->def.name);

		plugin_answer_fail(m, task, "States.Runtime", cause);
		free(cause);
		return;
	}
	q = queue_answer(m->host, task, t->ticket);
	q->answer.kind = ANSWER_SUCCEEDED;
	q->answer.output = doc_ref(output);
	task_close(m->host, t);
}

void
plugin_answer_fail(struct module *m, uint64_t task, const char *error, const char *cause)
{
	struct open_task *t = task_to_answer(m, task);

	if (t == NULL)
		return;
	queue_failure(m->host, task, t->ticket, error, cause);
	task_close(m->host, t);
}

void
plugin_answer_submitted(struct module *m, uint64_t task, struct doc response)
{
	struct open_task *t = task_to_answer(m, task);
	struct queued_answer *q;

	if (t == NULL)
		return;
	if (t->pattern == PATTERN_REQUEST || t->submitted || doc_is_none(response)) {
		plugin_answer_dropped(m, task, DROPPED_NOT_WAITED);
		return;
	}
	t->submitted = true;
	q = queue_answer(m->host, task, t->ticket);
	q->answer.kind = ANSWER_SUBMITTED;
	q->answer.output = doc_ref(response);
	if (t->pattern == PATTERN_TOKEN) /* its token answers, not the plugin */
		task_close(m->host, t);
}

/* --- tasks -------------------------------------------------------------------------- */

const char *
plugin_task_ids(const struct plugin_host *h, uint64_t task)
{
	const struct open_task *t = idmap_get(&h->tasks, task);

	return t != NULL ? t->ids : NULL;
}

static char *
ids_of(const struct plugin_task_spec *s)
{
	const char *name = s->execution_arn != NULL ? strrchr(s->execution_arn, ':') : NULL;

	struct buf b;

	/* (not by printf: each task of each step has these) */
	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "exec=");
	buf_adds(&b, name != NULL ? name + 1 : "-");
	buf_adds(&b, " state=");
	buf_adds(&b, s->state_name != NULL ? s->state_name : "-");
	return buf_steal(&b, NULL);
}

static const char *
text_or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static struct pawl_task
task_of(const struct plugin_task_spec *s, uint64_t id)
{
	return (struct pawl_task){ .size = sizeof(struct pawl_task),
		.id = id,
		.resource = s->resource->arn,
		.base = s->resource->base_arn,
		.pattern = pattern_of(s->resource->pattern),
		.parameters = doc_to_pawl(s->parameters),
		.execution_arn = text_or_empty(s->execution_arn),
		.state_machine_arn = text_or_empty(s->machine_arn),
		.state_name = text_or_empty(s->state_name),
		.idempotency_key = text_or_empty(s->idempotency_key),
		.task_token = s->task_token,
		.role_arn = s->credentials_role,
		.timeout_ms = s->timeout_ms,
		.submitted = doc_to_pawl(s->submitted) };
}

static void
refuse_task(struct plugin_host *h, uint64_t id, const struct plugin_task_spec *s,
    const struct module *m)
{
	char *cause = m == NULL
	    ? xasprintf("No plugin serves the resource '%s'", s->resource->arn)
	    : xasprintf("The plugin %s does not know the integration pattern of the resource '%s'",
		  m->def.name, s->resource->arn);

	queue_failure(h, id, s->ticket, "States.Runtime", cause);
	free(cause);
}

uint64_t
plugin_host_start(struct plugin_host *h, const struct plugin_task_spec *s)
{
	struct module *m = plugin_resources_find(h, s->resource->base_arn);
	uint64_t id = ++h->next_task;
	struct pawl_task task = task_of(s, id);
	struct plugin_visit visit;
	struct open_task *t;

	if (m == NULL || (m->def.patterns & task.pattern) == 0) {
		refuse_task(h, id, s, m);
		return id;
	}
	t = xcalloc(1, sizeof(*t));
	t->id = id;
	t->ticket = s->ticket;
	t->module = m;
	t->pattern = s->resource->pattern;
	t->submitted = !doc_is_none(s->submitted);
	t->ids = ids_of(s);
	idmap_put(&h->tasks, id, t);
	TAILQ_INSERT_TAIL(&h->open_tasks, t, link);
	stat_add_label(STAT_tasks, s->resource->base_arn, 1);
	visit = plugin_enter(m, "start");
	m->def.start(m->state, &task);
	plugin_leave(&visit);
	return id;
}

static void
drop_queued(struct plugin_host *h, uint64_t task)
{
	struct queued_answer *q, *next;

	for (q = STAILQ_FIRST(&h->answers); q != NULL; q = next) {
		next = STAILQ_NEXT(q, link);
		if (q->task != task)
			continue;
		STAILQ_REMOVE(&h->answers, q, queued_answer, link);
		queued_free(q);
	}
}

/* The module of a task that was open; NULL = it was not. */
static struct module *
task_forget(struct plugin_host *h, uint64_t id)
{
	struct open_task *t = idmap_get(&h->tasks, id);
	struct module *m;

	drop_queued(h, id);
	if (t == NULL)
		return NULL;
	m = t->module;
	task_close(h, t);
	return m;
}

static void
call_with_id(const struct module *m, const char *function, void (*f)(void *state, uint64_t task),
    uint64_t id)
{
	struct plugin_visit v = plugin_enter(m, function);

	f(m->state, id);
	plugin_leave(&v);
}

void
plugin_host_release(struct plugin_host *h, uint64_t id)
{
	struct module *m = task_forget(h, id);

	if (m != NULL && m->def.release != NULL)
		call_with_id(m, "release", m->def.release, id);
	else if (m != NULL && m->def.cancel != NULL)
		call_with_id(m, "cancel", m->def.cancel, id);
}

void
plugin_host_cancel(struct plugin_host *h, uint64_t id)
{
	struct module *m = task_forget(h, id);

	if (m != NULL && m->def.cancel != NULL)
		call_with_id(m, "cancel", m->def.cancel, id);
}

static int
call_pure(const struct module *m, const struct pawl_task *task, uint64_t seed,
    struct pawl_pure_answer *a)
{
	struct plugin_visit v = plugin_enter(m, "call_pure");
	int rc = m->def.call_pure(m->state, task, seed, a);

	plugin_leave(&v);
	return rc;
}

int
plugin_host_pure_call(void *arg, const struct task_resource *res, struct doc parameters,
    uint64_t seed, int64_t *steps, struct doc *result, struct err *e)
{
	struct plugin_host *h = arg;
	int64_t before = scripts_steps(h->scripts);
	struct module *m = plugin_resources_find(h, res->base_arn);
	struct plugin_task_spec s = { .resource = res, .parameters = parameters };
	struct pawl_task task = task_of(&s, 0);
	struct pawl_pure_answer a = { .size = sizeof(a) };

	if (m == NULL || m->def.call_pure == NULL || (m->def.patterns & task.pattern) == 0 ||
	    call_pure(m, &task, seed, &a) == 0)
		return 0;
	*steps -= scripts_steps(h->scripts) - before;
	if (a.failed || a.output.block_ == NULL)
		err_set_text(e, a.error != NULL ? a.error : "", a.cause,
		    a.cause != NULL ? strlen(a.cause) : 0);
	else
		*result = doc_ref(doc_from_pawl(a.output));
	doc_unref(doc_from_pawl(a.output));
	free(a.error);
	free(a.cause);
	return 1;
}

int
plugin_host_module(void *arg, const char *name, uint64_t *stamp, struct buf *text, struct err *e)
{
	const struct plugin_host *h = arg;

	return scripts_module(h->scripts, name, stamp, text, e);
}

int
plugin_host_give_up(void *arg, bool first)
{
	const struct plugin_host *h = arg;

	return scripts_give_up(h->scripts, first);
}
