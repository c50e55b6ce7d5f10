/*
 * plugin_table - the functions that pawld offers to its plugins.
 *
 * What a plugin asked for and has not got yet is a struct pending; stopping the plugin
 * closes them all, so nothing calls into it afterwards.
 */
#include "task/plugin_module.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

static_assert(sizeof(struct doc_iter) <= sizeof(((struct pawl_doc_iter *)0)->state_),
    "an iterator must fit into the public one");

/* Nothing here is made for a second thread; a check build finds out who has one. */
static void
check_thread(const struct module *m)
{
#ifdef PAWL_CHECK_BUILD
	if (!pthread_equal(pthread_self(), m->host->thread)) {
		log_error("plugin %s called pawld from a thread of its own, which no plugin may",
		    m->def.name);
		abort();
	}
#else
	(void)m;
#endif
}

struct module *
module_from(const struct pawl_host *h)
{
	/* the table is the first member of a module that is ours to change */
	struct module *m = (struct module *)(uintptr_t)h;

	assert(m != NULL && m->magic == MODULE_MAGIC);
	check_thread(m);
	return m;
}

/* --- answers ------------------------------------------------------------------ */

static void
host_succeed(const struct pawl_host *h, uint64_t task, struct pawl_doc output)
{
	plugin_answer_succeed(module_from(h), task, doc_from_pawl(output));
}

static void
host_succeed_text(const struct pawl_host *h, uint64_t task, const char *json, size_t len)
{
	struct err e = ERR_INIT;
	struct doc d = doc_parse(json, len, &e);
	char *cause;

	if (!doc_is_none(d)) {
		plugin_answer_succeed(module_from(h), task, d);
		doc_unref(d);
		return;
	}
	cause = xasprintf("The plugin %s answered with a text that is not JSON: %s",
	    module_from(h)->def.name, err_cause(&e));
	plugin_answer_fail(module_from(h), task, "States.Runtime", cause);
	free(cause);
	err_fini(&e);
}

static void
host_fail(const struct pawl_host *h, uint64_t task, const char *error, const char *cause)
{
	plugin_answer_fail(module_from(h), task, error, cause);
}

static void
host_submitted(const struct pawl_host *h, uint64_t task, struct pawl_doc response)
{
	plugin_answer_submitted(module_from(h), task, doc_from_pawl(response));
}

/* --- log, options ------------------------------------------------------------- */

static enum log_level
level_from(enum pawl_log_level level)
{
	switch (level) {
	case PAWL_LOG_ERROR:
		return LOG_LEVEL_ERROR;
	case PAWL_LOG_WARN:
		return LOG_LEVEL_WARN;
	case PAWL_LOG_INFO:
		return LOG_LEVEL_INFO;
	default:
		return LOG_LEVEL_DEBUG;
	}
}

static void
host_log(const struct pawl_host *h, enum pawl_log_level level, uint64_t task, const char *fmt, ...)
{
	struct module *m = module_from(h);
	char line[1024];
	va_list ap;

	if (!log_enabled(level_from(level)))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_line(level_from(level), plugin_task_ids(m->host, task), "%s: %s", m->def.name, line);
}

static int
host_refuse(const struct pawl_host *h, const char *fmt, ...)
{
	struct module *m = module_from(h);
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	free(m->refusal);
	m->refusal = xstrdup(line);
	return -1;
}

static const struct plugin_option_value *
option_of(const struct pawl_host *h, const char *name, unsigned types)
{
	static const struct plugin_option_value nothing;
	struct module *m = module_from(h);
	const struct plugin_option_value *v = plugin_options_get(&m->options, name, types);

	if (v == NULL)
		log_error("plugin %s asks for the option %s, which it does not declare so",
		    m->def.name, name);
	return v != NULL ? v : &nothing;
}

static const char *
host_option_string(const struct pawl_host *h, const char *name)
{
	const char *s =
	    option_of(h, name, OPTION_TYPE(PAWL_STRING) | OPTION_TYPE(PAWL_SECRET))->text;

	return s != NULL ? s : "";
}

static int64_t
host_option_int(const struct pawl_host *h, const char *name)
{
	return option_of(h, name,
	    OPTION_TYPE(PAWL_INT) | OPTION_TYPE(PAWL_DURATION) | OPTION_TYPE(PAWL_BYTES))
	    ->number;
}

static bool
host_option_bool(const struct pawl_host *h, const char *name)
{
	return option_of(h, name, OPTION_TYPE(PAWL_BOOL))->flag;
}

static struct pawl_doc
host_option_doc(const struct pawl_host *h, const char *name)
{
	return doc_to_pawl(option_of(h, name, OPTION_TYPE(PAWL_TABLE))->table);
}

static const char *
host_setting(const struct pawl_host *h, const char *name)
{
	const struct conf *c = module_from(h)->host->conf;
	const struct {
		const char *name, *value;
	} settings[] = {
		{ "region", c->region },
		{ "account_id", c->account_id },
		{ "aws_endpoint", c->aws_endpoint },
		{ "aws_access_key_id", c->aws_access_key_id },
		{ "aws_secret_access_key", c->aws_secret_access_key },
		{ "version", PAWL_VERSION },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (strcmp(settings[i].name, name) == 0)
			return settings[i].value;
	return plugin_self_setting(module_from(h)->host, name);
}

/* --- what is pending ---------------------------------------------------------- */

struct pending *
pending_new(struct module *m, enum pending_kind kind, void *arg)
{
	struct plugin_host *h = m->host;
	struct pending *p = xcalloc(1, sizeof(*p));

	p->kind = kind;
	p->module = m;
	p->id = ++h->next_pending;
	p->arg = arg;
	p->call.event = p->call.context = DOC_NONE;
	idmap_put(&h->pending_by_id, p->id, p);
	TAILQ_INSERT_TAIL(&h->pending, p, link);
	return p;
}

void
pending_free(struct pending *p)
{
	struct plugin_host *h = p->module->host;

	idmap_take(&h->pending_by_id, p->id);
	TAILQ_REMOVE(&h->pending, p, link);
	loop_timer_fini(&p->timer);
	doc_unref(p->call.event);
	doc_unref(p->call.context);
	free(p->name);
	free(p);
}

void
pending_close(struct pending *p)
{
	struct plugin_host *h = p->module->host;

	if (p->kind == PENDING_HTTP)
		httpc_cancel(h->http, p->inner);
	if (p->kind == PENDING_FUNCTION && p->inner != 0)
		worker_cancel(h->workers, p->inner);
	if (p->kind == PENDING_COMMAND)
		command_cancel(h->commands, p->inner);
	if (p->kind == PENDING_MAIL)
		mail_cancel(h->mailer, p->inner);
	if (p->kind == PENDING_SQL)
		sqlc_cancel(p->sqlc, p->inner);
	pending_free(p);
}

void
pending_close_all(struct plugin_host *h, const struct module *m)
{
	struct pending *p = TAILQ_FIRST(&h->pending), *next;

	for (; p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		if (p->module == m)
			pending_close(p);
	}
}

void
pending_close_id(const struct pawl_host *h, uint64_t id, enum pending_kind kind)
{
	struct module *m = module_from(h);
	struct pending *p = idmap_get(&m->host->pending_by_id, id);

	if (p != NULL && p->kind == kind && p->module == m)
		pending_close(p);
}

static void
plain_due(void *arg)
{
	struct pending *p = arg;
	struct plugin_visit v =
	    plugin_enter(p->module, p->kind == PENDING_TIMER ? "a timer" : "a deferred call");
	pawl_cb *cb = p->cb.plain;
	void *cb_arg = p->arg;

	pending_free(p);
	cb(cb_arg);
	plugin_leave(&v);
}

static struct event_base *
host_loop(const struct pawl_host *h)
{
	return loop_base(module_from(h)->host->loop);
}

static uint64_t
host_timer_start(const struct pawl_host *h, int64_t delay_ms, pawl_cb *cb, void *arg)
{
	struct module *m = module_from(h);
	struct pending *p = pending_new(m, PENDING_TIMER, arg);

	p->cb.plain = cb;
	loop_timer_init(m->host->loop, &p->timer, plain_due, p);
	loop_timer_set(&p->timer, delay_ms);
	return p->id;
}

static void
host_timer_cancel(const struct pawl_host *h, uint64_t timer)
{
	pending_close_id(h, timer, PENDING_TIMER);
}

static void
host_defer(const struct pawl_host *h, pawl_cb *cb, void *arg)
{
	struct module *m = module_from(h);
	struct pending *p = pending_new(m, PENDING_DEFER, arg);

	p->cb.plain = cb;
	loop_timer_init(m->host->loop, &p->timer, plain_due, p);
	loop_timer_set(&p->timer, 0);
}

static int64_t
host_wall_ms(const struct pawl_host *h)
{
	(void)h;
	return clock_wall_ms();
}

/* --- HTTP ----------------------------------------------------------------------- */

static_assert((int)PAWL_HTTP_OK == (int)HTTPC_OK &&
	(int)PAWL_HTTP_BAD_REQUEST == (int)HTTPC_BAD_REQUEST &&
	(int)PAWL_HTTP_DNS == (int)HTTPC_DNS && (int)PAWL_HTTP_CONNECT == (int)HTTPC_CONNECT &&
	(int)PAWL_HTTP_TLS == (int)HTTPC_TLS && (int)PAWL_HTTP_TIMEOUT == (int)HTTPC_TIMEOUT &&
	(int)PAWL_HTTP_BROKEN == (int)HTTPC_BROKEN &&
	(int)PAWL_HTTP_TOO_LARGE == (int)HTTPC_TOO_LARGE,
    "the results of httpc.h are those of plugin.h");
static_assert(sizeof(struct httpc_header) == sizeof(struct pawl_http_header) &&
	offsetof(struct httpc_header, value) == offsetof(struct pawl_http_header, value),
    "a header is the same here and there");

static void
http_answered(void *arg, const struct httpc_answer *a)
{
	struct pending *p = arg;
	struct plugin_visit v = plugin_enter(p->module, "an HTTP answer");
	pawl_http_cb *cb = p->cb.http;
	void *cb_arg = p->arg;
	struct pawl_http_answer out = { .size = sizeof(out),
		.result = (enum pawl_http_result)a->result,
		.message = a->message,
		.status = a->status,
		.status_text = a->status_text,
		.headers = (const struct pawl_http_header *)a->headers,
		.nheaders = a->nheaders,
		.body = a->body,
		.body_len = a->body_len };

	pending_free(p);
	cb(cb_arg, &out);
	plugin_leave(&v);
}

static uint64_t
host_http_start(const struct pawl_host *h, const struct pawl_http_request *given, pawl_http_cb *cb,
    void *arg)
{
	struct module *m = module_from(h);
	struct pending *p = pending_new(m, PENDING_HTTP, arg);
	struct pawl_http_request r = { 0 };
	struct httpc_request inner;

	memcpy(&r, given, given->size < sizeof(r) ? given->size : sizeof(r));
	inner = (struct httpc_request){ .method = r.method,
		.url = r.url,
		.headers = (const struct httpc_header *)r.headers,
		.nheaders = r.nheaders,
		.body = r.body,
		.body_len = r.body_len,
		.timeout_ms = r.timeout_ms,
		.connect_timeout_ms = r.connect_timeout_ms,
		.max_response = r.max_response,
		.max_redirects = r.max_redirects,
		.aws_service = r.aws_service,
		.aws_region = r.aws_region,
		.aws_access_key_id = r.aws_access_key_id,
		.aws_secret_access_key = r.aws_secret_access_key,
		.aws_session_token = r.aws_session_token,
		.ca_file = r.ca_file };
	p->cb.http = cb;
	p->inner = httpc_start(m->host->http, &inner, http_answered, p);
	return p->id;
}

static void
host_http_cancel(const struct pawl_host *h, uint64_t exchange)
{
	pending_close_id(h, exchange, PENDING_HTTP);
}

/* --- documents: reading --------------------------------------------------------- */

static struct pawl_doc
host_doc_parse(const struct pawl_host *h, const char *text, size_t len, char **why)
{
	struct err e = ERR_INIT;
	struct doc d = doc_parse(text, len, &e);

	(void)h;
	if (why != NULL)
		*why = doc_is_none(d) ? xstrdup(err_cause(&e)) : NULL;
	err_fini(&e);
	return doc_to_pawl(d);
}

static struct pawl_doc
host_doc_ref(const struct pawl_host *h, struct pawl_doc d)
{
	(void)h;
	return doc_to_pawl(doc_ref(doc_from_pawl(d)));
}

static void
host_doc_unref(const struct pawl_host *h, struct pawl_doc d)
{
	(void)h;
	doc_unref(doc_from_pawl(d));
}

static enum pawl_doc_type
host_doc_type(const struct pawl_host *h, struct pawl_doc d)
{
	(void)h;
	if (d.block_ == NULL)
		return PAWL_DOC_NONE;
	switch (doc_type(doc_from_pawl(d))) {
	case DOC_NULL:
		return PAWL_DOC_NULL;
	case DOC_FALSE:
	case DOC_TRUE:
		return PAWL_DOC_BOOL;
	case DOC_NUMBER:
		return PAWL_DOC_NUMBER;
	case DOC_STRING:
		return PAWL_DOC_STRING;
	case DOC_ARRAY:
		return PAWL_DOC_ARRAY;
	case DOC_OBJECT:
		return PAWL_DOC_OBJECT;
	}
	return PAWL_DOC_NONE;
}

static size_t
host_doc_len(const struct pawl_host *h, struct pawl_doc d)
{
	(void)h;
	return d.block_ == NULL ? 0 : doc_len(doc_from_pawl(d));
}

static struct pawl_doc
host_doc_get(const struct pawl_host *h, struct pawl_doc d, const char *key)
{
	(void)h;
	return d.block_ == NULL ? PAWL_NO_DOC : doc_to_pawl(doc_gets(doc_from_pawl(d), key));
}

/* state_ holds a copy of the inner iterator once there is one: state_ is all zero before. */
static bool
host_doc_next(const struct pawl_host *h, struct pawl_doc_iter *it)
{
	struct doc_iter inner;

	(void)h;
	if (it->of.block_ == NULL)
		return false;
	memcpy(&inner, it->state_, sizeof(inner));
	if (inner.of_.block == NULL)
		inner = doc_iter(doc_from_pawl(it->of));
	if (!doc_next(&inner))
		return false;
	it->value = doc_to_pawl(inner.value);
	it->key = doc_to_pawl(inner.key);
	memcpy(it->state_, &inner, sizeof(inner));
	return true;
}

static bool
host_doc_is(const struct pawl_host *h, struct pawl_doc d, const char *s)
{
	(void)h;
	return d.block_ != NULL && doc_str_is(doc_from_pawl(d), s);
}

static bool
host_doc_true(const struct pawl_host *h, struct pawl_doc d)
{
	(void)h;
	return d.block_ != NULL && doc_is_true(doc_from_pawl(d));
}

static bool
host_doc_int(const struct pawl_host *h, struct pawl_doc d, int64_t *out)
{
	(void)h;
	return d.block_ != NULL && doc_i64(doc_from_pawl(d), out);
}

static bool
host_doc_double(const struct pawl_host *h, struct pawl_doc d, double *out)
{
	(void)h;
	return d.block_ != NULL && doc_f64(doc_from_pawl(d), out);
}

static char *
host_doc_string(const struct pawl_host *h, struct pawl_doc d, size_t *len)
{
	struct buf scratch;
	const char *s;
	char *copy;
	size_t n;

	if (host_doc_type(h, d) != PAWL_DOC_STRING)
		return NULL;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(doc_from_pawl(d), &scratch, &n);
	copy = xmalloc(n + 1);
	memcpy(copy, s, n);
	copy[n] = '\0';
	buf_fini(&scratch);
	if (len != NULL)
		*len = n;
	return copy;
}

static char *
host_doc_text(const struct pawl_host *h, struct pawl_doc d, size_t *len)
{
	(void)h;
	return d.block_ == NULL ? NULL : doc_text(doc_from_pawl(d), len);
}

static void
host_free(const struct pawl_host *h, void *p)
{
	(void)h;
	free(p);
}

/* --- Lua functions ------------------------------------------------------------------ */

static_assert((int)PAWL_FUNCTION_OK == (int)SCRIPT_OK &&
	(int)PAWL_FUNCTION_RAISED == (int)SCRIPT_RAISED &&
	(int)PAWL_FUNCTION_TIMEOUT == (int)SCRIPT_TIMEOUT &&
	(int)PAWL_FUNCTION_MEMORY == (int)SCRIPT_MEMORY &&
	(int)PAWL_FUNCTION_CRASHED == (int)SCRIPT_CRASHED &&
	(int)PAWL_FUNCTION_MISSING == (int)SCRIPT_MISSING &&
	(int)PAWL_FUNCTION_BUSY == (int)SCRIPT_BUSY,
    "the results of script.h are those of plugin.h");

static enum pawl_function_kind
host_function_kind(const struct pawl_host *h, const char *name)
{
	switch (scripts_kind(module_from(h)->host->scripts, name)) {
	case SCRIPT_ORDINARY:
		return PAWL_FUNCTION_ORDINARY;
	case SCRIPT_PURE:
		return PAWL_FUNCTION_PURE;
	default:
		return PAWL_FUNCTION_NONE;
	}
}

static void
report_function(const struct script_answer *a, pawl_function_cb *cb, void *arg)
{
	struct pawl_function_answer out = { .size = sizeof(out),
		.result = (enum pawl_function_result)a->result,
		.value = doc_to_pawl(a->value),
		.error_type = a->error_type,
		.error_message = a->error_message,
		.trace = doc_to_pawl(a->trace),
		.limit_ms = a->limit_ms };

	cb(arg, &out);
}

static void
function_answered(void *arg, const struct script_answer *a)
{
	struct pending *p = arg;
	struct plugin_visit v = plugin_enter(p->module, "the answer of a function");
	pawl_function_cb *cb = p->cb.function;
	void *cb_arg = p->arg;

	pending_free(p);
	report_function(a, cb, cb_arg);
	plugin_leave(&v);
}

static void
function_logged(void *arg, enum log_level level, const char *line)
{
	const struct pending *p = arg;

	log_line(level, plugin_task_ids(p->module->host, p->task_id), "function %s: %s", p->name,
	    line);
}

static struct script_call
call_from(const struct pawl_function_call *c)
{
	return (struct script_call){ .name = c->name,
		.event = doc_from_pawl(c->event),
		.context = doc_from_pawl(c->context),
		.seed = c->seed,
		.timeout_ms = c->timeout_ms };
}

static void
host_function_call(const struct pawl_host *h, const struct pawl_function_call *c,
    pawl_function_cb *cb, void *arg)
{
	struct script_call call = call_from(c);
	struct script_answer a = { 0 };

	scripts_call_pure(module_from(h)->host->scripts, &call, &a);
	report_function(&a, cb, arg);
	script_answer_fini(&a);
}

static void
pure_due(void *arg)
{
	struct pending *p = arg;
	struct script_answer a = { 0 };

	scripts_call_pure(p->module->host->scripts, &p->call, &a);
	function_answered(p, &a);
	script_answer_fini(&a);
}

static uint64_t
host_function_start(const struct pawl_host *h, const struct pawl_function_call *c,
    pawl_function_cb *cb, void *arg)
{
	struct module *m = module_from(h);
	struct pending *p = pending_new(m, PENDING_FUNCTION, arg);
	struct script_call call = call_from(c);

	p->cb.function = cb;
	p->task_id = c->task_id;
	p->name = xstrdup(c->name);
	if (scripts_kind(m->host->scripts, c->name) == SCRIPT_ORDINARY) {
		p->inner =
		    worker_start(m->host->workers, &call, function_logged, function_answered, p);
		return p->id;
	}
	p->call = call;
	p->call.name = p->name;
	doc_ref(p->call.event);
	doc_ref(p->call.context);
	loop_timer_init(m->host->loop, &p->timer, pure_due, p);
	loop_timer_set(&p->timer, 0);
	return p->id;
}

static void
host_function_cancel(const struct pawl_host *h, uint64_t call)
{
	pending_close_id(h, call, PENDING_FUNCTION);
}

void
plugin_table_init(struct pawl_host *t)
{
	*t = (struct pawl_host){ .size = sizeof(*t),
		.abi_major = PAWL_ABI_MAJOR,
		.abi_minor = PAWL_ABI_MINOR,
		.succeed = host_succeed,
		.succeed_text = host_succeed_text,
		.fail = host_fail,
		.submitted = host_submitted,
		.log = host_log,
		.refuse = host_refuse,
		.option_string = host_option_string,
		.option_int = host_option_int,
		.option_bool = host_option_bool,
		.option_doc = host_option_doc,
		.setting = host_setting,
		.loop = host_loop,
		.timer_start = host_timer_start,
		.timer_cancel = host_timer_cancel,
		.defer = host_defer,
		.wall_ms = host_wall_ms,
		.http_start = host_http_start,
		.http_cancel = host_http_cancel,
		.doc_parse = host_doc_parse,
		.doc_ref = host_doc_ref,
		.doc_unref = host_doc_unref,
		.doc_type = host_doc_type,
		.doc_len = host_doc_len,
		.doc_get = host_doc_get,
		.doc_next = host_doc_next,
		.doc_is = host_doc_is,
		.doc_true = host_doc_true,
		.doc_int = host_doc_int,
		.doc_double = host_doc_double,
		.doc_string = host_doc_string,
		.doc_text = host_doc_text,
		.free = host_free,
		.function_kind = host_function_kind,
		.function_start = host_function_start,
		.function_cancel = host_function_cancel,
		.function_call = host_function_call };
	plugin_build_init(t);
	plugin_command_init(t);
	plugin_mail_init(t);
	plugin_serve_table(t);
	plugin_self_table(t);
	plugin_sql_table(t);
}
