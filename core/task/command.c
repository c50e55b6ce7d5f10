/*
 * command - local commands: a program run on the loop, with limits.
 *
 *	command_start -> WAITING -> RUNNING -> answered: it has ended
 *	                               `-----> DEAD: killed and answered (or cancelled) before, to be reaped
 *
 * Only kick() starts programs, on a turn of its own, so nothing calls back into
 * command_start's caller. Each process is waited for by its own pidfd and pid: no handler
 * of SIGCHLD, nobody else's children.
 */
#include "task/command.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/idmap.h"
#include "base/xalloc.h"
#include "task/launch.h"

#define READ_BYTES ((size_t)64 << 10)
#define READS_AFTER_END 16 /* who still writes into the pipe has left the group */
#define STARTS_PER_TURN 8

enum command_where { WAITING, RUNNING, DEAD };

/* Our end of one of its standard streams. */
struct stream {
	int fd; /* -1 = closed */
	struct event *ev;
};

struct command {
	TAILQ_ENTRY(command) link;
	enum command_where where;
	struct command_pool *pool;
	uint64_t id;
	char **argv, **env, *cwd;
	int64_t timeout_ms, memory;
	size_t max_output;
	struct buf input;
	size_t input_done;
	command_cb *cb;
	void *arg;
	/* of a process */
	pid_t pid;
	int pidfd;
	struct event *ended;
	struct stream in, out, err;
	struct buf output, errors;
	struct loop_timer limit;
};
TAILQ_HEAD(command_list, command);

struct command_pool {
	struct loop *loop;
	int max_running, nrunning;
	size_t nwaiting;
	struct command_list waiting, running, dead;
	struct idmap by_id; /* waiting and running */
	uint64_t next_id;
	struct loop_timer kick_timer;
};

/* --- parts ------------------------------------------------------------------------------ */

static size_t
strings_count(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

static void
strings_free(char **list)
{
	for (char **s = list; *s != NULL; s++)
		free(*s);
	free(list);
}

static char **
strings_copy(const char *const *list)
{
	size_t n = strings_count(list);
	char **copy = xcalloc(n + 1, sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(list[i]);
	return copy;
}

static bool
has_variable(const char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env != NULL && *env != NULL; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return true;
	return false;
}

/* Secrets of pawld's environment are not for commands. */
static char **
environment_of(const char *const *given)
{
	static const char *const kept[] = { "PATH", "HOME", "LANG", "TZ" };
	size_t nkept = sizeof(kept) / sizeof(kept[0]), n = 0;
	char **env = xcalloc(nkept + strings_count(given) + 1, sizeof(*env));

	for (size_t i = 0; i < nkept; i++)
		if (getenv(kept[i]) != NULL && !has_variable(given, kept[i]))
			env[n++] = xasprintf("%s=%s", kept[i], getenv(kept[i]));
	for (; given != NULL && *given != NULL; given++)
		env[n++] = xstrdup(*given);
	return env;
}

static void
stream_close(struct stream *s)
{
	if (s->ev != NULL)
		event_free(s->ev);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct stream){ .fd = -1 };
}

static void
stream_open(struct command *c, struct stream *s, int fd, short what, event_callback_fn cb)
{
	s->fd = fd;
	s->ev = event_new(loop_base(c->pool->loop), fd, (short)(what | EV_PERSIST), cb, c);
	event_add(s->ev, NULL);
}

static void
kick_soon(struct command_pool *p)
{
	if (!loop_timer_pending(&p->kick_timer))
		loop_timer_set(&p->kick_timer, 0);
}

static struct command_list *
list_of(struct command_pool *p, enum command_where where)
{
	return where == WAITING ? &p->waiting : where == RUNNING ? &p->running : &p->dead;
}

/* The only writer of where. */
static void
command_set_where(struct command *c, enum command_where to)
{
	struct command_pool *p = c->pool;

	TAILQ_REMOVE(list_of(p, c->where), c, link);
	TAILQ_INSERT_TAIL(list_of(p, to), c, link);
	p->nwaiting -= c->where == WAITING;
	p->nrunning += (to == RUNNING) - (c->where == RUNNING);
	c->where = to;
}

static void
command_close_streams(struct command *c)
{
	stream_close(&c->in);
	stream_close(&c->out);
	stream_close(&c->err);
	loop_timer_cancel(&c->limit);
}

static void
command_free(struct command *c)
{
	struct command_pool *p = c->pool;

	idmap_take(&p->by_id, c->id);
	TAILQ_REMOVE(list_of(p, c->where), c, link);
	p->nwaiting -= c->where == WAITING;
	p->nrunning -= c->where == RUNNING;
	command_close_streams(c);
	loop_timer_fini(&c->limit);
	if (c->ended != NULL)
		event_free(c->ended);
	if (c->pidfd >= 0)
		close(c->pidfd);
	buf_fini(&c->input);
	buf_fini(&c->output);
	buf_fini(&c->errors);
	strings_free(c->argv);
	strings_free(c->env);
	free(c->cwd);
	free(c);
	kick_soon(p);
}

/* --- the end ------------------------------------------------------------------------------ */

/* The end of standard error that is kept. */
static size_t
errors_len(const struct command *c)
{
	return c->errors.len < COMMAND_ERRORS_MAX ? c->errors.len : COMMAND_ERRORS_MAX;
}

/* message is taken. What a's owner does must not find the command any more. */
static void
command_answer_take(struct command *c, enum command_result result, int code, char *message)
{
	struct command_answer a = { .result = result,
		.status = result == COMMAND_EXITED ? code : 0,
		.signal = result == COMMAND_SIGNALED ? code : 0,
		.message = message != NULL ? message : "",
		.output = buf_text(&c->output),
		.output_len = c->output.len,
		.errors = buf_text(&c->errors) + c->errors.len - errors_len(c),
		.errors_len = errors_len(c) };
	command_cb *cb = c->cb;

	idmap_take(&c->pool->by_id, c->id);
	c->cb = NULL;
	cb(c->arg, &a);
	free(message);
}

/* Ends the whole group; the process is reaped when it has ended, which may take it a while. */
static void
command_kill(struct command *c)
{
	command_close_streams(c);
	command_set_where(c, DEAD);
	kill(-c->pid, SIGKILL);
	idmap_take(&c->pool->by_id, c->id);
	kick_soon(c->pool);
}

static void
limit_reached(void *arg)
{
	struct command *c = arg;

	command_kill(c);
	command_answer_take(c, COMMAND_TIMEOUT, 0,
	    xasprintf("%s ran longer than %g s and was killed", c->argv[0],
		(double)c->timeout_ms / 1000));
}

static void
output_too_large(struct command *c)
{
	command_kill(c);
	command_answer_take(c, COMMAND_TOO_LARGE, 0,
	    xasprintf("%s wrote more than %zu bytes and was killed", c->argv[0], c->max_output));
}

/* --- its standard streams --------------------------------------------------------------------- */

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct command *c = arg;
	ssize_t n = write(fd, c->input.data + c->input_done, c->input.len - c->input_done);

	(void)what;
	if (n > 0)
		c->input_done += (size_t)n;
	/* one that does not read all of its input is no error */
	if (c->input_done == c->input.len || (n < 0 && errno != EINTR && errno != EAGAIN)) {
		stream_close(&c->in);
		buf_fini(&c->input);
	}
}

/* Appends what is there: > 0, 0 at the end, -1 when there is nothing now. */
static ssize_t
read_some(int fd, struct buf *to, size_t room)
{
	ssize_t n = read(fd, buf_reserve(to, room), room);

	buf_advance(to, n > 0 ? (size_t)n : 0);
	return n < 0 && errno != EINTR && errno != EAGAIN ? 0 : n;
}

/* One byte more than it may write, to know that it did. */
static ssize_t
read_output(struct command *c)
{
	size_t left = c->max_output + 1 - c->output.len;

	return read_some(c->out.fd, &c->output, left < READ_BYTES ? left : READ_BYTES);
}

static ssize_t
read_errors(struct command *c)
{
	struct buf *b = &c->errors;
	ssize_t n = read_some(c->err.fd, b, COMMAND_ERRORS_MAX);

	if (b->len > 2 * COMMAND_ERRORS_MAX) {
		size_t drop = b->len - COMMAND_ERRORS_MAX;

		memmove(b->data, b->data + drop, COMMAND_ERRORS_MAX + 1);
		b->len = COMMAND_ERRORS_MAX;
	}
	return n;
}

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
	struct command *c = arg;

	(void)fd;
	(void)what;
	if (read_output(c) == 0)
		stream_close(&c->out);
	else if (c->output.len > c->max_output)
		output_too_large(c);
}

static void
on_errors(evutil_socket_t fd, short what, void *arg)
{
	struct command *c = arg;

	(void)fd;
	(void)what;
	if (read_errors(c) == 0)
		stream_close(&c->err);
}

/* What it wrote before it ended. */
static void
read_the_rest(struct command *c)
{
	while (c->out.fd >= 0 && c->output.len <= c->max_output && read_output(c) > 0)
		;
	for (int i = 0; i < READS_AFTER_END && c->err.fd >= 0 && read_errors(c) > 0; i++)
		;
}

/* --- its process ---------------------------------------------------------------------------------- */

static int
reap(const struct command *c)
{
	int status = 0;

	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void
command_exited(struct command *c, int status)
{
	read_the_rest(c);
	if (c->output.len > c->max_output)
		command_answer_take(c, COMMAND_TOO_LARGE, 0,
		    xasprintf("%s wrote more than %zu bytes", c->argv[0], c->max_output));
	else if (WIFSIGNALED(status))
		command_answer_take(c, COMMAND_SIGNALED, WTERMSIG(status),
		    xasprintf("%s was ended by signal %d (%s)", c->argv[0], WTERMSIG(status),
			strsignal(WTERMSIG(status))));
	else
		command_answer_take(c, COMMAND_EXITED, WEXITSTATUS(status), NULL);
}

/* Until it is reaped its pid is nobody else's, so the group can be killed by it. */
static void
on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct command *c = arg;
	int status;

	(void)fd;
	(void)what;
	event_del(c->ended);
	kill(-c->pid, SIGKILL);
	status = reap(c);
	if (c->where == RUNNING) {
		command_set_where(c, DEAD);
		command_exited(c, status);
	}
	command_free(c);
}

static int
command_run(struct command *c, struct err *e)
{
	const struct launch_spec s = { .argv = c->argv,
		.env = c->env,
		.cwd = c->cwd,
		.memory = c->memory };
	struct launched l;

	if (c->argv[0] == NULL || *c->argv[0] == '\0')
		return err_set(e, "pawl.Command", "there is no command to start");
	if (launch(&l, &s, e) != 0)
		return -1;
	command_set_where(c, RUNNING);
	c->pid = l.pid;
	c->pidfd = l.pidfd;
	c->ended = event_new(loop_base(c->pool->loop), l.pidfd, EV_READ | EV_PERSIST, on_ended, c);
	event_add(c->ended, NULL);
	stream_open(c, &c->out, l.out, EV_READ, on_output);
	stream_open(c, &c->err, l.err, EV_READ, on_errors);
	if (c->input.len > 0)
		stream_open(c, &c->in, l.in, EV_WRITE, on_writable);
	else
		close(l.in);
	loop_timer_set(&c->limit, c->timeout_ms);
	return 0;
}

static void
refuse(struct command *c, enum command_result result, const char *why)
{
	command_answer_take(c, result, 0, xstrdup(why));
	command_free(c);
}

/* --- giving out work ---------------------------------------------------------------------------- */

/* What answers cause to be started has a later id, and waits for the next kick. */
static void
kick(void *arg)
{
	struct command_pool *p = arg;
	uint64_t newest = p->next_id;
	struct command *c;

	for (int i = 0; i < STARTS_PER_TURN && p->nrunning < p->max_running; i++) {
		struct err e = ERR_INIT;

		if ((c = TAILQ_FIRST(&p->waiting)) == NULL || c->id > newest)
			break;
		if (command_run(c, &e) != 0)
			refuse(c, COMMAND_NOT_STARTED, err_cause(&e));
		err_fini(&e);
	}
	while (p->nwaiting > COMMAND_QUEUE_MAX)
		refuse(TAILQ_LAST(&p->waiting, command_list), COMMAND_BUSY,
		    "too many commands wait");
	if (p->nwaiting > 0 && p->nrunning < p->max_running)
		kick_soon(p);
}

/* --- the pool ------------------------------------------------------------------------------------- */

struct command_pool *
command_pool_new(struct loop *l, int max_running)
{
	struct command_pool *p = xcalloc(1, sizeof(*p));

	p->loop = l;
	command_pool_set_max(p, max_running);
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->running);
	TAILQ_INIT(&p->dead);
	loop_timer_init(l, &p->kick_timer, kick, p);
	return p;
}

void
command_pool_set_max(struct command_pool *p, int max_running)
{
	p->max_running = max_running > 0 ? max_running : 1;
}

void
command_pool_free(struct command_pool *p)
{
	struct command *c, *next;

	if (p == NULL)
		return;
	while ((c = TAILQ_FIRST(&p->running)) != NULL)
		command_kill(c);
	for (c = TAILQ_FIRST(&p->dead); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		reap(c);
		command_free(c);
	}
	for (c = TAILQ_FIRST(&p->waiting); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		command_free(c);
	}
	loop_timer_fini(&p->kick_timer);
	idmap_fini(&p->by_id);
	free(p);
}

uint64_t
command_start(struct command_pool *p, const struct command_spec *s, command_cb *cb, void *arg)
{
	struct command *c = xcalloc(1, sizeof(*c));

	c->pool = p;
	c->id = ++p->next_id;
	c->argv = strings_copy(s->argv);
	c->env = environment_of(s->env);
	c->cwd = xstrdup(s->cwd != NULL ? s->cwd : "/");
	c->timeout_ms = s->timeout_ms > 0 ? s->timeout_ms : COMMAND_TIMEOUT_MS;
	c->memory = s->memory > 0 ? s->memory : COMMAND_MEMORY;
	c->max_output =
	    s->max_output > 0 && s->max_output < SIZE_MAX / 2 ? s->max_output : COMMAND_OUTPUT_MAX;
	c->cb = cb;
	c->arg = arg;
	c->pidfd = c->in.fd = c->out.fd = c->err.fd = -1;
	buf_init(&c->input, BUF_UNLIMITED);
	buf_add(&c->input, s->input, s->input_len);
	buf_init(&c->output, BUF_UNLIMITED);
	buf_init(&c->errors, BUF_UNLIMITED);
	loop_timer_init(p->loop, &c->limit, limit_reached, c);
	idmap_put(&p->by_id, c->id, c);
	c->where = WAITING;
	TAILQ_INSERT_TAIL(&p->waiting, c, link);
	p->nwaiting++;
	kick_soon(p);
	return c->id;
}

void
command_cancel(struct command_pool *p, uint64_t id)
{
	struct command *c = idmap_get(&p->by_id, id);

	if (c == NULL)
		return;
	if (c->where == RUNNING)
		command_kill(c);
	else
		command_free(c);
}

struct command_counts
command_counts(const struct command_pool *p)
{
	return (struct command_counts){ .nrunning = p->nrunning, .nwaiting = p->nwaiting };
}
