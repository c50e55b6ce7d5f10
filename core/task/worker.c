/*
 * worker - the function workers: child processes that run Lua functions.
 *
 *	worker_start -> waiting -> (a worker is idle or may be started) -> running -> answered
 *
 * A worker is on one list: idle, busy (it has a job) or dead (its end of the socket is
 * closed or it was killed; it waits to be reaped). Only kick() gives out work, on a
 * turn of its own, so nothing calls back into worker_start's caller.
 */
#include "task/worker.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/idmap.h"
#include "base/xalloc.h"
#include "task/worker_frame.h"

#define REAP_EVERY_MS 10
#define READ_BYTES ((size_t)64 << 10)

struct worker;

struct job {
	TAILQ_ENTRY(job) link; /* on waiting */
	uint64_t id;
	struct script_call call; /* owns its parts */
	char *name;
	worker_log_cb *log;
	worker_cb *cb;
	void *arg;
	int nlines;
	struct worker *worker; /* NULL = it waits */
};

struct worker {
	TAILQ_ENTRY(worker) link;
	struct worker_pool *pool;
	pid_t pid;
	int fd; /* -1 = dead */
	struct event *readable, *writable;
	struct buf in, out;
	size_t out_done;
	struct job *job;
	struct loop_timer limit;
	int64_t limit_ms;
};
TAILQ_HEAD(worker_list, worker);

struct worker_pool {
	struct loop *loop;
	char *program, *script_dir, *lib_dir;
	int nworkers;
	int64_t timeout_ms, memory;
	struct worker_list idle, busy, dead;
	int nprocesses; /* idle and busy */
	TAILQ_HEAD(waiting_list, job) waiting;
	size_t nwaiting;
	struct idmap jobs;
	uint64_t next_id;
	struct loop_timer kick_timer, reap_timer;
};

/* --- jobs ------------------------------------------------------------------------------ */

static void
job_free(struct worker_pool *p, struct job *j)
{
	idmap_take(&p->jobs, j->id);
	if (j->worker == NULL) {
		TAILQ_REMOVE(&p->waiting, j, link);
		p->nwaiting--;
	}
	doc_unref(j->call.event);
	doc_unref(j->call.context);
	free(j->name);
	free(j);
}

/* The job is over; a may be used by its owner only now. */
static void
job_answer(struct worker_pool *p, struct job *j, const struct script_answer *a)
{
	worker_cb *cb = j->cb;
	void *arg = j->arg;

	job_free(p, j);
	cb(arg, a);
}

/* message is taken. */
static void
job_fail_take(struct worker_pool *p, struct job *j, enum script_result result, char *message,
    int64_t limit_ms)
{
	struct script_answer a = { .result = result,
		.value = DOC_NONE,
		.trace = DOC_NONE,
		.error_message = message,
		.limit_ms = limit_ms };

	job_answer(p, j, &a);
	script_answer_fini(&a);
}

static void
kick_soon(struct worker_pool *p)
{
	if (!loop_timer_pending(&p->kick_timer))
		loop_timer_set(&p->kick_timer, 0);
}

/* --- the end of a worker ---------------------------------------------------------------- */

static void
worker_free(struct worker *w)
{
	loop_timer_fini(&w->limit);
	buf_fini(&w->in);
	buf_fini(&w->out);
	free(w);
}

/* Takes it out of service and kills it; its job, when it has one, stays for whoever reaps it. */
static void
worker_kill(struct worker *w)
{
	struct worker_pool *p = w->pool;

	TAILQ_REMOVE(w->job != NULL ? &p->busy : &p->idle, w, link);
	TAILQ_INSERT_TAIL(&p->dead, w, link);
	p->nprocesses--;
	loop_timer_cancel(&w->limit);
	event_free(w->readable);
	event_free(w->writable);
	w->readable = w->writable = NULL;
	close(w->fd);
	w->fd = -1;
	kill(w->pid, SIGKILL);
	if (!loop_timer_pending(&p->reap_timer))
		loop_timer_set(&p->reap_timer, 0);
	kick_soon(p);
}

/* Takes the job of a busy worker that is about to be killed. */
static struct job *
worker_detach(struct worker *w)
{
	struct job *j = w->job;

	TAILQ_REMOVE(&w->pool->busy, w, link);
	TAILQ_INSERT_TAIL(&w->pool->idle, w, link);
	w->job = NULL;
	loop_timer_cancel(&w->limit);
	return j;
}

static char *
exit_text(int status, bool known)
{
	if (known && WIFSIGNALED(status))
		return xasprintf("Runtime exited with error: signal: %s",
		    strsignal(WTERMSIG(status)));
	if (known && WIFEXITED(status) && WEXITSTATUS(status) != 0)
		return xasprintf("Runtime exited with error: exit status %d", WEXITSTATUS(status));
	return xstrdup("Runtime exited without providing a reason");
}

static void
reap(void *arg)
{
	struct worker_pool *p = arg;
	struct worker *w = TAILQ_FIRST(&p->dead), *next;

	for (; w != NULL; w = next) {
		int status = 0;
		pid_t got = waitpid(w->pid, &status, WNOHANG);

		next = TAILQ_NEXT(w, link); /* stays: nobody else takes from this list */
		if (got == 0 || (got < 0 && errno == EINTR))
			continue;
		TAILQ_REMOVE(&p->dead, w, link);
		if (w->job != NULL)
			job_fail_take(p, w->job, SCRIPT_CRASHED, exit_text(status, got == w->pid),
			    0);
		worker_free(w);
	}
	if (!TAILQ_EMPTY(&p->dead))
		loop_timer_set(&p->reap_timer, REAP_EVERY_MS);
}

static void
limit_reached(void *arg)
{
	struct worker *w = arg;
	struct worker_pool *p = w->pool;
	int64_t limit_ms = w->limit_ms;
	struct job *j = worker_detach(w);

	worker_kill(w);
	job_fail_take(p, j, SCRIPT_TIMEOUT,
	    xasprintf("the function ran longer than %lld ms", (long long)limit_ms), limit_ms);
}

/* --- what a worker says ------------------------------------------------------------------- */

static void
on_log(struct worker *w, const char *text, size_t len)
{
	struct job *j = w->job;
	struct doc d = doc_parse(text, len, NULL);
	char *line;
	int64_t level = LOG_LEVEL_INFO;

	if (doc_is_none(d))
		return;
	line = doc_is_none(doc_gets(d, "line")) ? NULL : doc_strdup(doc_gets(d, "line"));
	doc_i64(doc_gets(d, "level"), &level);
	if (line != NULL && j->log != NULL && j->nlines++ < WORKER_LOG_LINES_MAX)
		j->log(j->arg, level == LOG_LEVEL_WARN ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, line);
	free(line);
	doc_unref(d);
}

static void
on_answer(struct worker *w, const char *text, size_t len)
{
	struct worker_pool *p = w->pool;
	struct script_answer a;
	struct job *j;

	if (worker_read_answer(text, len, &a) != 0) {
		worker_kill(w); /* its job fails when it is reaped */
		return;
	}
	j = worker_detach(w);
	if (a.result == SCRIPT_MEMORY)
		worker_kill(w);
	kick_soon(p);
	job_answer(p, j, &a);
	script_answer_fini(&a);
}

/* One frame from the front of the input: true when there was one and the worker lives on. */
static bool
read_frame(struct worker *w)
{
	enum worker_frame_kind kind;
	int64_t len;
	size_t whole;

	if (w->in.len < WORKER_FRAME_HEAD)
		return false;
	len = worker_frame_len((const unsigned char *)w->in.data, &kind);
	if (len < 0 || kind == WORKER_CALL || w->job == NULL) {
		worker_kill(w);
		return false;
	}
	whole = WORKER_FRAME_HEAD + (size_t)len;
	if (w->in.len < whole)
		return false;
	if (kind == WORKER_LOG)
		on_log(w, w->in.data + WORKER_FRAME_HEAD, (size_t)len);
	else
		on_answer(w, w->in.data + WORKER_FRAME_HEAD, (size_t)len);
	if (w->fd < 0)
		return false;
	memmove(w->in.data, w->in.data + whole, w->in.len - whole);
	w->in.len -= whole;
	if (w->in.len == 0 && w->in.cap > READ_BYTES * 2) {
		buf_fini(&w->in); /* a large answer must not keep its memory */
		buf_init(&w->in, WORKER_FRAME_MAX + WORKER_FRAME_HEAD + READ_BYTES);
	}
	return true;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	char *room = buf_reserve(&w->in, READ_BYTES);
	ssize_t n;

	(void)what;
	n = room != NULL ? read(fd, room, READ_BYTES) : 0;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		worker_kill(w);
		return;
	}
	buf_advance(&w->in, (size_t)n);
	while (read_frame(w))
		;
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	ssize_t n = send(fd, w->out.data + w->out_done, w->out.len - w->out_done, MSG_NOSIGNAL);

	(void)what;
	if (n < 0 && errno != EINTR && errno != EAGAIN) {
		worker_kill(w);
		return;
	}
	if (n > 0)
		w->out_done += (size_t)n;
	if (w->out_done < w->out.len) {
		event_add(w->writable, NULL);
		return;
	}
	buf_fini(&w->out);
	buf_init(&w->out, WORKER_FRAME_MAX + WORKER_FRAME_HEAD);
}

/* --- starting one ------------------------------------------------------------------------------ */

/* Secrets of pawld's environment are not for functions. */
static char **
child_environment(void)
{
	static const char *const kept[] = { "PATH", "TZ", "LANG", "http_proxy", "https_proxy",
		"HTTPS_PROXY", "no_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS" };
	char **list = xcalloc(sizeof(kept) / sizeof(kept[0]) + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (getenv(kept[i]) != NULL)
			list[n++] = xasprintf("%s=%s", kept[i], getenv(kept[i]));
	return list;
}

static int
spawn(const struct worker_pool *p, int child_fd, pid_t *pid)
{
	char *argv[] = { p->program, p->script_dir, p->lib_dir, NULL };
	char **env = child_environment();
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	int rc;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, child_fd, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1 /* O_WRONLY */, 0);
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	rc = posix_spawn(pid, p->program, &actions, &attributes, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	for (char **s = env; *s != NULL; s++)
		free(*s);
	free(env);
	return rc;
}

/* A new idle one, or NULL and *why (yours). */
static struct worker *
worker_new(struct worker_pool *p, char **why)
{
	struct worker *w;
	int fds[2], rc;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
		*why = xasprintf("A function worker cannot be started: %s", strerror(errno));
		return NULL;
	}
	rc = spawn(p, fds[1], &pid);
	close(fds[1]);
	if (rc != 0) {
		close(fds[0]);
		*why = xasprintf("A function worker cannot be started: %s: %s", p->program,
		    strerror(rc));
		return NULL;
	}
	w = xcalloc(1, sizeof(*w));
	w->pool = p;
	w->pid = pid;
	w->fd = fds[0];
	evutil_make_socket_nonblocking(w->fd);
	buf_init(&w->in, WORKER_FRAME_MAX + WORKER_FRAME_HEAD + READ_BYTES);
	buf_init(&w->out, WORKER_FRAME_MAX + WORKER_FRAME_HEAD);
	w->readable = event_new(loop_base(p->loop), w->fd, EV_READ | EV_PERSIST, on_readable, w);
	w->writable = event_new(loop_base(p->loop), w->fd, EV_WRITE, on_writable, w);
	event_add(w->readable, NULL);
	loop_timer_init(p->loop, &w->limit, limit_reached, w);
	TAILQ_INSERT_TAIL(&p->idle, w, link);
	p->nprocesses++;
	return w;
}

/* --- giving out work ---------------------------------------------------------------------------- */

static void
assign(struct worker *w, struct job *j)
{
	struct worker_pool *p = w->pool;

	w->limit_ms = p->timeout_ms;
	if (j->call.timeout_ms > 0 && j->call.timeout_ms < w->limit_ms)
		w->limit_ms = j->call.timeout_ms;
	j->call.timeout_ms = w->limit_ms;
	worker_frame_begin(&w->out);
	worker_write_call(&w->out, &j->call, p->memory);
	worker_frame_end(&w->out, WORKER_CALL);
	if (buf_failed(&w->out)) {
		buf_reset(&w->out);
		job_fail_take(p, j, SCRIPT_RAISED,
		    xasprintf("the event is larger than %u bytes", WORKER_FRAME_MAX), 0);
		return;
	}
	TAILQ_REMOVE(&p->waiting, j, link);
	p->nwaiting--;
	TAILQ_REMOVE(&p->idle, w, link);
	TAILQ_INSERT_TAIL(&p->busy, w, link);
	w->job = j;
	j->worker = w;
	w->out_done = 0;
	loop_timer_set(&w->limit, w->limit_ms);
	on_writable(w->fd, EV_WRITE, w);
}

static void
refuse_late(struct worker_pool *p)
{
	struct job *j;

	while (p->nwaiting > WORKER_QUEUE_MAX) {
		j = TAILQ_LAST(&p->waiting, waiting_list);
		job_fail_take(p, j, SCRIPT_BUSY, xstrdup("too many function calls wait"), 0);
	}
}

static void
kick(void *arg)
{
	struct worker_pool *p = arg;
	const struct job *first = TAILQ_FIRST(&p->waiting);
	uint64_t newest = p->next_id;

	/* by id, for answers may cancel; what they start waits for the next kick */
	for (uint64_t id = first != NULL ? first->id : UINT64_MAX; id <= newest; id++) {
		struct job *j = idmap_get(&p->jobs, id);
		struct worker *w = TAILQ_FIRST(&p->idle);
		char *why = NULL;

		if (j == NULL || j->worker != NULL)
			continue;
		if (w == NULL && p->nprocesses >= p->nworkers)
			break;
		if (w == NULL && (w = worker_new(p, &why)) == NULL) {
			job_fail_take(p, j, SCRIPT_CRASHED, why, 0);
			continue;
		}
		assign(w, j);
	}
	refuse_late(p);
}

/* --- the pool -------------------------------------------------------------------------------------- */

struct worker_pool *
worker_pool_new(struct loop *l, const struct worker_options *o)
{
	struct worker_pool *p = xcalloc(1, sizeof(*p));

	p->loop = l;
	p->program = xstrdup(o->program);
	p->script_dir = xstrdup(o->dirs.script_dir);
	p->lib_dir = xstrdup(o->dirs.lib_dir != NULL ? o->dirs.lib_dir : "");
	p->nworkers = o->nworkers > 0 ? o->nworkers : 1;
	p->timeout_ms = o->timeout_ms;
	p->memory = o->memory;
	TAILQ_INIT(&p->idle);
	TAILQ_INIT(&p->busy);
	TAILQ_INIT(&p->dead);
	TAILQ_INIT(&p->waiting);
	loop_timer_init(l, &p->kick_timer, kick, p);
	loop_timer_init(l, &p->reap_timer, reap, p);
	return p;
}

void
worker_pool_set_limits(struct worker_pool *p, int64_t timeout_ms, int64_t memory)
{
	p->timeout_ms = timeout_ms;
	p->memory = memory;
}

void
worker_pool_free(struct worker_pool *p)
{
	struct worker *w;

	if (p == NULL)
		return;
	while ((w = TAILQ_FIRST(&p->busy)) != NULL)
		worker_kill(w);
	while ((w = TAILQ_FIRST(&p->idle)) != NULL)
		worker_kill(w);
	while ((w = TAILQ_FIRST(&p->dead)) != NULL) {
		TAILQ_REMOVE(&p->dead, w, link);
		while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
			;
		if (w->job != NULL)
			job_free(p, w->job);
		worker_free(w);
	}
	while (!TAILQ_EMPTY(&p->waiting))
		job_free(p, TAILQ_FIRST(&p->waiting));
	loop_timer_fini(&p->kick_timer);
	loop_timer_fini(&p->reap_timer);
	idmap_fini(&p->jobs);
	free(p->program);
	free(p->script_dir);
	free(p->lib_dir);
	free(p);
}

uint64_t
worker_start(struct worker_pool *p, const struct script_call *c, worker_log_cb *log, worker_cb *cb,
    void *arg)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->id = ++p->next_id;
	j->call = *c;
	j->call.name = j->name = xstrdup(c->name);
	doc_ref(j->call.event);
	doc_ref(j->call.context);
	j->log = log;
	j->cb = cb;
	j->arg = arg;
	idmap_put(&p->jobs, j->id, j);
	TAILQ_INSERT_TAIL(&p->waiting, j, link);
	p->nwaiting++;
	kick_soon(p);
	return j->id;
}

void
worker_cancel(struct worker_pool *p, uint64_t id)
{
	struct job *j = idmap_get(&p->jobs, id);
	struct worker *w;

	if (j == NULL)
		return;
	if ((w = j->worker) != NULL && w->fd >= 0) {
		worker_detach(w);
		worker_kill(w);
	} else if (w != NULL) {
		w->job = NULL; /* dead already */
	}
	job_free(p, j);
}

struct worker_counts
worker_counts(const struct worker_pool *p)
{
	struct worker_counts c = { .nprocesses = p->nprocesses, .nwaiting = p->nwaiting };
	const struct worker *w;

	TAILQ_FOREACH(w, &p->busy, link)
		c.nbusy++;
	return c;
}
