/*
 * probe - a plugin for the tests of what plugins answer on the API's port. Never installed.
 *
 * Routes (all below /probe/):
 *	echo      what the request was, as JSON
 *	status    answers with the status in the query and a body
 *	park      answers when /probe/release is called, or never
 *	release   answers all that are parked with its own body, then says how that went
 *	late      answers after the milliseconds in the query
 *	twice     answers twice, and calls that do not exist
 *	header    answers with the body as header lines
 *	settings  what the host says about itself, and keys that it derived
 *	gone      how many parked calls went away
 * Resources:
 *	arn:pawl:states:::probe:echo    gives its parameters back
 *	arn:pawl:states:::probe:mail    sends what they say; how it went is the result
 * Service: X-Amz-Target "Probe.", version "2020-01-01": Echo, Park, anything else is an error.
 */
#include <pawl/plugin.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARKED_MAX 100

struct probe;

struct parked {
	struct probe *probe;
	uint64_t call;
};

/* What is to be answered by a callback that may never come: freed at the stop. */
struct job {
	struct job *next;
	struct probe *probe;
	uint64_t id; /* of the call or the task */
};

struct probe {
	const struct pawl_host *host;
	struct job *jobs;
	struct parked *parked[PARKED_MAX];
	size_t nparked;
	int64_t gone;
};

static void
reply_text(const struct pawl_host *h, uint64_t call, const char *text)
{
	h->reply(h, call, 200, "text/plain", NULL, text, strlen(text));
}

/* Takes b. */
static void
reply_doc(const struct pawl_host *h, uint64_t call, int status, struct pawl_builder *b)
{
	struct pawl_doc d = h->build_finish(b);
	size_t len;
	char *text = h->doc_text(h, d, &len);

	h->reply(h, call, status, "application/json", "X-Probe: yes\r\n", text, len);
	h->free(h, text);
	h->doc_unref(h, d);
}

static void
add_text(const struct pawl_host *h, struct pawl_builder *b, const char *key, const char *value)
{
	h->build_key(b, key);
	if (value != NULL)
		h->build_string(b, value, strlen(value));
	else
		h->build_null(b);
}

static struct pawl_builder *
describe(const struct pawl_host *h, const struct pawl_http_call *c)
{
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	add_text(h, b, "method", c->method);
	add_text(h, b, "path", c->path);
	add_text(h, b, "query", c->query);
	add_text(h, b, "action", c->action);
	add_text(h, b, "key", c->access_key_id);
	add_text(h, b, "requestId", c->request_id);
	h->build_key(b, "form");
	h->build_bool(b, c->query_protocol);
	h->build_key(b, "body");
	h->build_string(b, c->body, c->body_len);
	h->build_key(b, "headers");
	h->build_object(b);
	for (size_t i = 0; i < c->nheaders; i++)
		add_text(h, b, c->headers[i].name, c->headers[i].value);
	h->build_end(b);
	h->build_end(b);
	return b;
}

/* --- parked calls ------------------------------------------------------------------- */

static void
parked_gone(void *arg)
{
	struct parked *p = arg;
	struct probe *probe = p->probe;

	for (size_t i = 0; i < probe->nparked; i++)
		if (probe->parked[i] == p)
			probe->parked[i] = probe->parked[--probe->nparked];
	probe->gone++;
	free(p);
}

static void
park(struct probe *probe, uint64_t call)
{
	const struct pawl_host *h = probe->host;
	struct parked *p;

	if (probe->nparked == PARKED_MAX) {
		h->reply(h, call, 503, NULL, NULL, "", 0);
		return;
	}
	p = malloc(sizeof(*p));
	*p = (struct parked){ probe, call };
	probe->parked[probe->nparked++] = p;
	h->call_gone(h, call, parked_gone, p);
}

static void
release(struct probe *probe, const struct pawl_http_call *c)
{
	const struct pawl_host *h = probe->host;
	char text[64];
	int released = 0;

	while (probe->nparked > 0) {
		struct parked *p = probe->parked[--probe->nparked];

		if (h->reply(h, p->call, 200, "text/plain", NULL, c->body, c->body_len))
			released++;
		free(p);
	}
	snprintf(text, sizeof(text), "%d", released);
	reply_text(h, c->id, text);
}

static struct job *
job_new(struct probe *probe, uint64_t id)
{
	struct job *j = malloc(sizeof(*j));

	*j = (struct job){ probe->jobs, probe, id };
	probe->jobs = j;
	return j;
}

static void
job_free(struct job *j)
{
	struct job **at = &j->probe->jobs;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	free(j);
}

static void
late_due(void *arg)
{
	struct job *j = arg;

	reply_text(j->probe->host, j->id, "late");
	job_free(j);
}

static void
answer_late(struct probe *probe, const struct pawl_http_call *c)
{
	probe->host->timer_start(probe->host, atoi(c->query), late_due, job_new(probe, c->id));
}

/* --- answers at once ------------------------------------------------------------------ */

static void
answer_twice(const struct pawl_host *h, const struct pawl_http_call *c)
{
	char text[64];

	snprintf(text, sizeof(text), "%d %d", h->reply(h, c->id + 1000, 200, NULL, NULL, "x", 1),
	    h->reply(h, c->id, 200, "text/plain", NULL, c->path, strlen(c->path)));
	/* the texts of the call are still good */
	h->log(h, PAWL_LOG_INFO, 0, "answers %s twice: %s %d", c->path, text,
	    h->reply(h, c->id, 200, NULL, NULL, "y", 1));
}

static void
add_key(const struct pawl_host *h, struct pawl_builder *b, const char *purpose)
{
	unsigned char key[32];
	char hex[65];

	h->derive_key(h, purpose, key);
	for (size_t i = 0; i < sizeof(key); i++)
		snprintf(hex + 2 * i, 3, "%02x", key[i]);
	add_text(h, b, purpose, hex);
}

static void
answer_settings(const struct pawl_host *h, const struct pawl_http_call *c)
{
	static const char *const names[] = { "url", "own_access_key_id", "own_secret_access_key",
		"region", "nonsense" };
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add_text(h, b, names[i], h->setting(h, names[i]));
	add_key(h, b, "links");
	add_key(h, b, "forms");
	h->build_end(b);
	reply_doc(h, c->id, 200, b);
}

static void
answer_gone(const struct probe *probe, const struct pawl_http_call *c)
{
	char text[64];

	snprintf(text, sizeof(text), "%d %d", (int)probe->nparked, (int)probe->gone);
	reply_text(probe->host, c->id, text);
}

static void
on_route(void *arg, const struct pawl_http_call *c)
{
	struct probe *probe = arg;
	const struct pawl_host *h = probe->host;
	const char *what = c->path + strlen("/probe/");

	if (strcmp(what, "echo") == 0) {
		reply_doc(h, c->id, 200, describe(h, c));
	} else if (strcmp(what, "status") == 0) {
		h->reply(h, c->id, atoi(c->query), "text/plain", NULL, "body", 4);
	} else if (strcmp(what, "park") == 0) {
		park(probe, c->id);
	} else if (strcmp(what, "release") == 0) {
		release(probe, c);
	} else if (strcmp(what, "late") == 0) {
		answer_late(probe, c);
	} else if (strcmp(what, "twice") == 0) {
		answer_twice(h, c);
	} else if (strcmp(what, "header") == 0) {
		char lines[1024];

		snprintf(lines, sizeof(lines), "%.*s", (int)c->body_len, c->body);
		h->reply(h, c->id, 200, NULL, lines, "ok", 2);
	} else if (strcmp(what, "settings") == 0) {
		answer_settings(h, c);
	} else if (strcmp(what, "gone") == 0) {
		answer_gone(probe, c);
	} else {
		h->reply(h, c->id, 404, "text/plain", NULL, "no such probe", 13);
	}
}

static void
on_exact(void *arg, const struct pawl_http_call *c)
{
	const struct probe *probe = arg;

	reply_text(probe->host, c->id, "exact");
}

static void
on_service(void *arg, const struct pawl_http_call *c)
{
	struct probe *probe = arg;
	const struct pawl_host *h = probe->host;

	if (strcmp(c->action, "Echo") == 0)
		reply_doc(h, c->id, 200, describe(h, c));
	else if (strcmp(c->action, "Park") == 0)
		park(probe, c->id);
	else
		reply_doc(h, c->id, 400, describe(h, c));
}

/* --- life ------------------------------------------------------------------------------ */

static int
probe_init(const struct pawl_host *h, void **state)
{
	struct probe *probe = calloc(1, sizeof(*probe));

	probe->host = h;
	*state = probe;
	if (h->route(h, "/probe/", on_route, probe) != 0 ||
	    h->route(h, "/probe/exact", on_exact, probe) != 0 ||
	    h->route(h, "/", on_exact, probe) != 0 ||
	    h->service(h, "Probe", "2020-01-01", on_service, probe) != 0)
		return h->refuse(h, "it cannot serve what it is for");
	if (h->route(h, "/health", on_exact, probe) == 0 ||
	    h->route(h, "probe", on_exact, probe) == 0 ||
	    h->route(h, "/probe/", on_exact, probe) == 0 ||
	    h->service(h, NULL, NULL, on_service, probe) == 0 ||
	    h->service(h, "Probe", NULL, on_service, probe) == 0)
		return h->refuse(h, "it can serve what it should not");
	return 0;
}

/* --- tasks ----------------------------------------------------------------------------- */

#define LIST_MAX 100

static void
mail_answered(void *arg, const struct pawl_mail_answer *a)
{
	struct job *task = arg;
	const struct pawl_host *h = task->probe->host;
	struct pawl_builder *b = h->build(h);
	struct pawl_doc d;

	h->build_object(b);
	h->build_key(b, "sent");
	h->build_bool(b, a->sent);
	h->build_key(b, "permanent");
	h->build_bool(b, a->permanent);
	add_text(h, b, "message", a->message);
	h->build_end(b);
	d = h->build_finish(b);
	h->succeed(h, task->id, d);
	h->doc_unref(h, d);
	job_free(task);
}

/* Kept until the mail has begun: texts of the parameters. */
struct texts {
	const struct pawl_host *host;
	char *list[3 * LIST_MAX];
	size_t n;
};

static char *
text_of(struct texts *t, struct pawl_doc d)
{
	char *s = t->n < 3 * LIST_MAX ? t->host->doc_string(t->host, d, NULL) : NULL;

	if (s != NULL)
		t->list[t->n++] = s;
	return s;
}

static void
mail_begin(struct probe *probe, const struct pawl_task *t)
{
	const struct pawl_host *h = probe->host;
	struct texts texts = { .host = h };
	struct job *task = job_new(probe, t->id);
	struct pawl_doc p = t->parameters;
	struct pawl_doc_iter to = { .of = h->doc_get(h, p, "To") },
			     more = { .of = h->doc_get(h, p, "Headers") };
	struct pawl_http_header headers[LIST_MAX];
	const char *list[LIST_MAX];
	struct pawl_mail mail = { .size = sizeof(mail),
		.from = text_of(&texts, h->doc_get(h, p, "From")),
		.to = list,
		.subject = text_of(&texts, h->doc_get(h, p, "Subject")),
		.text = text_of(&texts, h->doc_get(h, p, "Text")),
		.html = text_of(&texts, h->doc_get(h, p, "Html")),
		.headers = headers };

	while (mail.nto < LIST_MAX && h->doc_next(h, &to))
		list[mail.nto++] = text_of(&texts, to.value);
	while (mail.nheaders < LIST_MAX && h->doc_next(h, &more))
		headers[mail.nheaders++] = (struct pawl_http_header){ text_of(&texts, more.key),
			text_of(&texts, more.value) };
	h->doc_int(h, h->doc_get(h, p, "TimeoutMs"), &mail.timeout_ms);
	if (h->doc_true(h, h->doc_get(h, p, "Cancel"))) {
		h->mail_cancel(h, h->mail_start(h, &mail, mail_answered, task));
		h->fail(h, t->id, "Probe.Cancelled", NULL);
		job_free(task);
	} else {
		h->mail_start(h, &mail, mail_answered, task);
	}
	while (texts.n > 0)
		h->free(h, texts.list[--texts.n]);
}

static void
probe_start(void *state, const struct pawl_task *t)
{
	struct probe *probe = state;
	const struct pawl_host *h = probe->host;

	if (strstr(t->base, ":mail") != NULL)
		mail_begin(probe, t);
	else
		h->succeed(h, t->id, t->parameters);
}

static void
probe_stop(void *state)
{
	struct probe *probe = state;

	while (probe->nparked > 0)
		free(probe->parked[--probe->nparked]);
	while (probe->jobs != NULL)
		job_free(probe->jobs);
	free(probe);
}

const struct pawl_plugin pawl_plugin = {
	PAWL_PLUGIN_HEAD,
	.name = "probe",
	.version = "0",
	.resources = "arn:pawl:states:::probe:echo arn:pawl:states:::probe:mail",
	.patterns = PAWL_REQUEST,
	.after_crash = PAWL_AGAIN,
	.init = probe_init,
	.start = probe_start,
	.stop = probe_stop,
};
