/*
 * misbehaving - a plugin that does everything wrong that a plugin can do wrong, one thing a
 * task; for test_misbehaving.py, never installed.
 *
 * arn:pawl:states:::misbehaving:do takes {"Do": WORD}; the words are in the table at the end.
 * The option init says what goes wrong in init.
 */
#include <pawl/plugin.h>

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LATE_MS 1500
#define BLOCK_US 300000

static const struct pawl_host *host;

/* --- init ------------------------------------------------------------------------------- */

static const struct pawl_option options[] = {
	{ "init", PAWL_STRING, "", "What goes wrong in init; empty: nothing." },
	{ NULL, 0, NULL, NULL },
};

/* The environment, not an option: nothing of pawld is there yet. */
__attribute__((constructor)) static void
loaded(void)
{
	if (getenv("PAWL_TEST_CRASH_AT_LOAD") != NULL)
		abort();
}

/* What was freed is written to: the allocator's list of free pieces is wrong now. */
static void
corrupt_heap(void)
{
	void *volatile p = malloc(16),
		       *volatile q = malloc(16); /* volatile: for the compiler to keep them */
	volatile unsigned char *freed = q;

	free(p);
	free(q);
	for (int i = 0; i < 8; i++)
		freed[i] = 0x5b;
}

static int
misbehaving_init(const struct pawl_host *h, void **state)
{
	const char *how = h->option_string(h, "init");
	struct pawl_host *table = (struct pawl_host *)(uintptr_t)h;

	host = h;
	*state = NULL;
	if (strcmp(how, "crash") == 0) {
		signal(SIGSEGV, SIG_DFL); /* a sanitizer has a handler */
		raise(SIGSEGV);
	}
	if (strcmp(how, "abort") == 0) {
		fprintf(stderr, "misbehaving: the stars are wrong\n\n");
		abort();
	}
	if (strcmp(how, "hang") == 0)
		for (;;)
			pause();
	if (strcmp(how, "exit") == 0)
		exit(3);
	if (strcmp(how, "corrupt") == 0)
		corrupt_heap();
	if (strcmp(how, "overwrite") == 0)
		table->succeed = NULL;
	if (strcmp(how, "slow") == 0)
		usleep(BLOCK_US);
	return 0;
}

/* --- tasks -------------------------------------------------------------------------------- */

static void
answer(uint64_t task)
{
	host->succeed_text(host, task, "\"fine\"", 6);
}

static void
answer_later(void *arg)
{
	answer((uint64_t)(uintptr_t)arg);
}

static void
block_and_answer(void *arg)
{
	usleep(BLOCK_US);
	answer((uint64_t)(uintptr_t)arg);
}

static void
do_nothing(uint64_t task)
{
	(void)task;
}

static void
do_twice(uint64_t task)
{
	answer(task);
	answer(task);
	host->fail(host, task, "Too.Late", NULL);
}

/* cancel is not implemented: it answers whatever has become of the task. */
static void
do_late(uint64_t task)
{
	host->timer_start(host, LATE_MS, answer_later, (void *)(uintptr_t)task);
}

static void
do_wrong_ids(uint64_t task)
{
	answer(task + 1000000);
	answer(0);
	host->fail(host, UINT64_MAX, "E", "c");
	answer(task);
}

/* Answers what the task before it is, whoever has that. */
static void
do_foreign(uint64_t task)
{
	answer(task - 1);
	answer(task);
}

static void
do_garbage(uint64_t task)
{
	host->succeed_text(host, task, "{\"half\": \xff", 10);
}

static void
do_no_result(uint64_t task)
{
	host->succeed(host, task, PAWL_NO_DOC);
}

static void
succeed_with(uint64_t task, struct pawl_builder *b)
{
	struct pawl_doc d = host->build_finish(b);

	host->succeed(host, task, d);
	host->doc_unref(host, d);
}

static void
do_disorder(uint64_t task)
{
	struct pawl_builder *b = host->build(host);

	host->build_end(b);
	host->build_key(b, "key");
	host->build_object(b);
	host->build_int(b, 1);
	succeed_with(task, b);
}

static void
do_unfinished(uint64_t task)
{
	struct pawl_builder *b = host->build(host);

	host->build_object(b);
	host->build_key(b, "key");
	succeed_with(task, b);
}

static void
do_nan(uint64_t task)
{
	struct pawl_builder *b = host->build(host);

	host->build_double(b, (double)NAN);
	succeed_with(task, b);
}

static void
do_deep(uint64_t task)
{
	struct pawl_builder *b = host->build(host);

	for (int i = 0; i < 5000; i++)
		host->build_array(b);
	for (int i = 0; i < 5000; i++)
		host->build_end(b);
	succeed_with(task, b);
}

static void
do_deeper_text(uint64_t task)
{
	size_t len = 200000;
	char *text = malloc(len);

	memset(text, '[', len);
	host->succeed_text(host, task, text, len);
	free(text);
}

static void
do_large(uint64_t task)
{
	size_t len = (size_t)40 << 20;
	char *text = malloc(len);
	struct pawl_builder *b = host->build(host);

	memset(text, 'x', len);
	host->build_string(b, text, len);
	free(text);
	succeed_with(task, b);
}

static void
do_submit(uint64_t task)
{
	struct pawl_doc d = host->doc_parse(host, "{}", 2, NULL);

	host->submitted(host, task, d);
	host->doc_unref(host, d);
	answer(task);
}

static void
do_block_start(uint64_t task)
{
	block_and_answer((void *)(uintptr_t)task);
}

static void
do_block_timer(uint64_t task)
{
	host->timer_start(host, 1, block_and_answer, (void *)(uintptr_t)task);
}

static void
do_block_deferred(uint64_t task)
{
	host->defer(host, block_and_answer, (void *)(uintptr_t)task);
}

static void *
other_thread(void *arg)
{
	answer_later(arg);
	return NULL;
}

static void
do_thread(uint64_t task)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, other_thread, (void *)(uintptr_t)task) == 0)
		pthread_join(thread, NULL);
}

static void
do_ask_nonsense(uint64_t task)
{
	char *text = host->doc_text(host, PAWL_NO_DOC, NULL);

	host->timer_cancel(host, 12345678);
	host->http_cancel(host, task);
	host->command_cancel(host, 0);
	host->function_cancel(host, UINT64_MAX);
	host->option_int(host, "init");
	host->option_string(host, "no-such-option");
	host->doc_get(host, PAWL_NO_DOC, "key");
	host->doc_unref(host, PAWL_NO_DOC);
	host->free(host, text);
	answer(task);
}

static const struct {
	const char *word;
	void (*act)(uint64_t task);
} words[] = {
	{ "fine", answer },
	{ "never", do_nothing },
	{ "twice", do_twice },
	{ "late", do_late },
	{ "wrong-ids", do_wrong_ids },
	{ "foreign", do_foreign },
	{ "garbage", do_garbage },
	{ "no-result", do_no_result },
	{ "disorder", do_disorder },
	{ "unfinished", do_unfinished },
	{ "nan", do_nan },
	{ "deep", do_deep },
	{ "deeper-text", do_deeper_text },
	{ "large", do_large },
	{ "submit", do_submit },
	{ "block-start", do_block_start },
	{ "block-timer", do_block_timer },
	{ "block-deferred", do_block_deferred },
	{ "thread", do_thread },
	{ "ask-nonsense", do_ask_nonsense },
};

static void
misbehaving_start(void *state, const struct pawl_task *t)
{
	struct pawl_doc word = host->doc_get(host, t->parameters, "Do");

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (host->doc_is(host, word, words[i].word)) {
			words[i].act(t->id);
			return;
		}
	host->fail(host, t->id, "Misbehaving.Unknown", "there is no such misbehaviour");
}

const struct pawl_plugin pawl_plugin = {
	PAWL_PLUGIN_HEAD,
	.name = "misbehaving",
	.resources = "arn:pawl:states:::misbehaving:do",
	.patterns = PAWL_REQUEST,
	.after_crash = PAWL_AGAIN,
	.options = options,
	.init = misbehaving_init,
	.start = misbehaving_start,
};
