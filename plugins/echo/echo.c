/*
 * echo - answers a task with what the task says: the plugin to copy, and the one
 * that tests pawld's side of the interface. docs/write-a-plugin.md makes one like it step by step.
 *
 * arn:pawl:states:::echo:say takes these parameters, all optional:
 *	Output    the result; default: the parameters themselves
 *	Error     fails with this error (and Cause) instead
 *	Text      answers with this text as JSON, right or wrong
 *	DelayMs   answers that much later
 *	Times     answers that often (one is right)
 *	Never     true: does not answer
 *	Submitted says first that the request is accepted, with this response
 */
#include <pawl/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct echo;

/* One task that is not answered yet. */
struct echo_task {
	struct echo_task *next;
	struct echo *echo;
	uint64_t id;
	uint64_t timer; /* 0 = none */
	struct pawl_doc parameters;
};

struct echo {
	const struct pawl_host *host;
	struct echo_task *tasks;
};

static const struct pawl_option echo_options[] = {
	{ "prefix", PAWL_STRING, "", "Text that is put before an output that is a text." },
	{ "refuse", PAWL_STRING, "", "Why the plugin refuses to start; empty: it starts." },
	{ NULL, 0, NULL, NULL },
};

static int
echo_init(const struct pawl_host *h, void **state)
{
	struct echo *e;

	if (*h->option_string(h, "refuse") != '\0')
		return h->refuse(h, "%s", h->option_string(h, "refuse"));
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return h->refuse(h, "out of memory");
	e->host = h;
	*state = e;
	return 0;
}

static void
task_free(struct echo_task *t)
{
	struct echo *e = t->echo;
	struct echo_task **at = &e->tasks;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (t->timer != 0)
		e->host->timer_cancel(e->host, t->timer);
	e->host->doc_unref(e->host, t->parameters);
	free(t);
}

static void
succeed_with_prefix(const struct pawl_host *h, uint64_t task, struct pawl_doc output)
{
	struct pawl_builder *b = h->build(h);
	char *said = h->doc_string(h, output, NULL);
	struct pawl_doc d;
	char *text;

	if (asprintf(&text, "%s%s", h->option_string(h, "prefix"), said) < 0)
		abort();
	h->build_string(b, text, strlen(text));
	d = h->build_finish(b);
	h->succeed(h, task, d);
	h->doc_unref(h, d);
	free(text);
	h->free(h, said);
}

static void
answer_once(const struct pawl_host *h, uint64_t task, struct pawl_doc p)
{
	struct pawl_doc output = h->doc_get(h, p, "Output");
	char *error = h->doc_string(h, h->doc_get(h, p, "Error"), NULL);
	char *cause = h->doc_string(h, h->doc_get(h, p, "Cause"), NULL);
	size_t len;
	char *text = h->doc_string(h, h->doc_get(h, p, "Text"), &len);

	if (output.block_ == NULL)
		output = p;
	if (error != NULL)
		h->fail(h, task, error, cause);
	else if (text != NULL)
		h->succeed_text(h, task, text, len);
	else if (h->doc_type(h, output) == PAWL_DOC_STRING)
		succeed_with_prefix(h, task, output);
	else
		h->succeed(h, task, output);
	h->free(h, error);
	h->free(h, cause);
	h->free(h, text);
}

static void
task_answer(void *arg)
{
	struct echo_task *t = arg;
	const struct pawl_host *h = t->echo->host;
	int64_t times = 1;

	t->timer = 0;
	h->doc_int(h, h->doc_get(h, t->parameters, "Times"), &times);
	for (; times > 0; times--)
		answer_once(h, t->id, t->parameters);
	task_free(t);
}

static void
echo_start(void *state, const struct pawl_task *given)
{
	struct echo *e = state;
	const struct pawl_host *h = e->host;
	struct pawl_doc submitted = h->doc_get(h, given->parameters, "Submitted");
	struct echo_task *t;
	int64_t delay_ms;

	if (submitted.block_ != NULL)
		h->submitted(h, given->id, submitted);
	/* what is not answered is not remembered either */
	if (h->doc_true(h, h->doc_get(h, given->parameters, "Never")))
		return;
	if ((t = calloc(1, sizeof(*t))) == NULL) {
		h->fail(h, given->id, "States.Runtime", "out of memory");
		return;
	}
	t->echo = e;
	t->id = given->id;
	t->parameters = h->doc_ref(h, given->parameters);
	t->next = e->tasks;
	e->tasks = t;
	if (h->doc_int(h, h->doc_get(h, t->parameters, "DelayMs"), &delay_ms))
		t->timer = h->timer_start(h, delay_ms, task_answer, t);
	else
		task_answer(t);
}

static void
echo_cancel(void *state, uint64_t id)
{
	struct echo *e = state;
	struct echo_task *t = e->tasks;

	while (t != NULL && t->id != id)
		t = t->next;
	if (t != NULL)
		task_free(t);
}

static void
echo_stop(void *state)
{
	struct echo *e = state;

	for (struct echo_task *t = e->tasks, *next; t != NULL; t = next) {
		next = t->next;
		task_free(t);
	}
	free(e);
}

const struct pawl_plugin pawl_plugin = {
	PAWL_PLUGIN_HEAD,
	.name = "echo",
	.version = "1.0",
	.resources = "arn:pawl:states:::echo:say",
	.patterns = PAWL_REQUEST | PAWL_SYNC | PAWL_TOKEN,
	.after_crash = PAWL_AGAIN,
	.options = echo_options,
	.init = echo_init,
	.start = echo_start,
	.cancel = echo_cancel,
	.stop = echo_stop,
};
