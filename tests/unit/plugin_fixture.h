/*
 * plugin_fixture - a plugin host with a configuration and scripts of its own, for tests
 * that give tasks to the plugins of the build tree.
 */
#ifndef PAWL_TESTS_PLUGIN_FIXTURE_H
#define PAWL_TESTS_PLUGIN_FIXTURE_H

#include <ftw.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "base/conf.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "http_peer.h"
#include "task/plugin_host.h"

/* What came for a ticket; answers are counted so that a second one is seen. */
struct fixture_answer {
	int nanswers, nsubmitted;
	bool failed;
	char *output, *error,
	    *cause; /* output: JSON text of the result, or of what was submitted */
};

#define FIXTURE_TICKETS 64

struct fixture {
	char dir[64];
	struct loop *loop;
	struct conf *conf;
	struct plugin_host *host;
	struct fixture_answer answers[FIXTURE_TICKETS];
	uint64_t next_ticket;
	uint64_t wanted; /* the loop stops when this one is answered */
};

static inline const char *
fixture_build_path(const char *relative)
{
	static char path[1024];
	const char *builddir = getenv("builddir");

	snprintf(path, sizeof(path), "%s/%s", builddir != NULL ? builddir : ".", relative);
	return path;
}

static inline void
fixture_write(struct fixture *f, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", f->dir, name);
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
	free(path);
}

static inline void
fixture_answer_cb(void *arg, uint64_t ticket, const struct plugin_answer *a)
{
	struct fixture *f = arg;
	struct fixture_answer *r = &f->answers[ticket];

	free(r->output);
	r->output = doc_is_none(a->output) ? NULL : doc_text(a->output, NULL);
	if (a->kind == ANSWER_SUBMITTED) {
		r->nsubmitted++;
	} else {
		r->nanswers++;
		r->failed = a->kind == ANSWER_FAILED;
		free(r->error);
		free(r->cause);
		r->error = a->error != NULL ? xstrdup(a->error) : NULL;
		r->cause = a->cause != NULL ? xstrdup(a->cause) : NULL;
	}
	if (ticket == f->wanted)
		loop_stop(f->loop);
}

/* lines: more of the configuration, such as "plugins = { ... }". */
static inline void
fixture_init(struct fixture *f, const char *lines)
{
	struct err e = ERR_INIT;
	char *text, *path, *libexec = realpath(fixture_build_path("."), NULL);

	memset(f, 0, sizeof(*f));
	strcpy(f->dir, "/tmp/pawl-test-XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		abort();
	path = xasprintf("%s/functions", f->dir);
	mkdir(path, 0755);
	free(path);
	path = xasprintf("%s/lib", f->dir);
	mkdir(path, 0755);
	free(path);
	text = xasprintf("script_dir = \"%s\"\nlibexec_dir = \"%s\"\nfunction_workers = 2\n%s\n",
	    f->dir, libexec, lines);
	fixture_write(f, "pawl.conf", text);
	free(text);
	free(libexec);
	path = xasprintf("%s/pawl.conf", f->dir);
	f->conf = conf_load(path, NULL, &e);
	if (f->conf == NULL) {
		fprintf(stderr, "%s\n", err_cause(&e));
		abort();
	}
	free(path);
	f->loop = loop_new();
	f->host = plugin_host_new(f->loop, f->conf, fixture_answer_cb, f);
}

/* Loads a plugin of the build tree; ends the test when it is refused. */
static inline void
fixture_load(struct fixture *f, const char *name)
{
	struct err e = ERR_INIT;
	char *relative = xasprintf("plugins/%s.so", name);
	char *path = realpath(fixture_build_path(relative), NULL);

	if (path == NULL || plugin_host_load(f->host, path, &e) != 0) {
		fprintf(stderr, "%s: %s\n", relative,
		    path == NULL ? "is not built" : err_cause(&e));
		abort();
	}
	free(path);
	free(relative);
}

static inline int
fixture_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
fixture_fini(struct fixture *f)
{
	plugin_host_free(f->host);
	conf_free(f->conf);
	loop_free(f->loop);
	for (size_t i = 0; i < FIXTURE_TICKETS; i++) {
		free(f->answers[i].output);
		free(f->answers[i].error);
		free(f->answers[i].cause);
	}
	nftw(f->dir, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* The parts of an ARN that a machine would have found; suffix stays in arn. */
static inline struct task_resource
fixture_resource(const char *arn)
{
	struct task_resource r = { .arn = xstrdup(arn),
		.base_arn = xstrdup(arn),
		.kind = TASK_SERVICE };
	char *suffix = strstr(r.base_arn, ".waitForTaskToken");

	if (suffix != NULL) {
		r.pattern = PATTERN_TOKEN;
		*suffix = '\0';
	} else if ((suffix = strstr(r.base_arn, ".sync")) != NULL) {
		r.pattern = PATTERN_SYNC;
		*suffix = '\0';
	}
	return r;
}

static inline void
fixture_resource_fini(struct task_resource *r)
{
	free(r->arn);
	free(r->base_arn);
}

/* Starts a task; *id (may be NULL) is the host's. Returns its ticket. */
static inline uint64_t
fixture_start(struct fixture *f, const char *arn, const char *parameters, uint64_t *id)
{
	struct task_resource r = fixture_resource(arn);
	struct doc p = doc_parse(parameters, strlen(parameters), NULL);
	struct plugin_task_spec s = { .resource = &r,
		.parameters = p,
		.execution_arn = "arn:aws:states:us-east-1:123456789012:execution:m:run-1",
		.state_name = "Pay",
		.machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:m",
		.idempotency_key = "key-1",
		.task_token = r.pattern == PATTERN_REQUEST ? NULL : "token",
		.ticket = ++f->next_ticket };
	uint64_t task;

	if (doc_is_none(p) || f->next_ticket >= FIXTURE_TICKETS)
		abort();
	task = plugin_host_start(f->host, &s);
	if (id != NULL)
		*id = task;
	doc_unref(p);
	fixture_resource_fini(&r);
	return s.ticket;
}

/* Runs until the ticket has an answer (or was submitted). */
static inline struct fixture_answer *
fixture_wait(struct fixture *f, uint64_t ticket)
{
	if (f->answers[ticket].nanswers + f->answers[ticket].nsubmitted == 0) {
		f->wanted = ticket;
		test_loop_run(f->loop);
		f->wanted = 0;
	}
	return &f->answers[ticket];
}

static inline struct fixture_answer *
fixture_run(struct fixture *f, const char *arn, const char *parameters)
{
	return fixture_wait(f, fixture_start(f, arn, parameters, NULL));
}

static inline void
fixture_stop_loop(void *arg)
{
	loop_stop(arg);
}

/* Lets everything happen that is due now: what would come, comes before a timer that is set behind it. */
static inline void
fixture_settle(struct fixture *f)
{
	struct loop_timer t;

	loop_timer_init(f->loop, &t, fixture_stop_loop, f->loop);
	loop_timer_set(&t, 30);
	loop_run(f->loop);
	loop_timer_fini(&t);
}

#endif
