/*
 * supervisor - the parent of several workers on one port.
 */
#include "api/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/http.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "store/setting.h"

#define PLACE_VARIABLE "PAWL_WORKER"
#define LISTEN_VARIABLE "PAWL_WORKER_LISTEN"
#define DATABASE_VARIABLE "PAWL_WORKER_DATABASE"
#define BOARD_FD 3
#define TICK_MS 1000
#define SILENT_TICKS 20 /* a worker that says nothing for so long is killed */
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 10000
#define WELL_MS 60000 /* who lived so long was well */
#define STOP_TICKS 30 /* longer than a worker takes to finish what is under way */
#define OTHER_CONNECTIONS \
	16 /* of a worker, beside those that write and read: the catalogue, signals, plugins */

extern char **environ;

struct worker {
	struct supervisor *supervisor;
	int index;
	pid_t pid; /* 0 = it does not run */
	int fd;    /* what it says; -1 = nothing */
	struct event *readable;
	struct loop_timer start;
	int64_t started_ms, pause_ms;
	int silent; /* ticks */
	bool ready; /* it was, once */
	struct buf said;
};

struct supervisor {
	struct loop *loop;
	char *const *argv;
	const char *listen, *database; /* database NULL = as the configuration says */
	int board_fd;
	struct worker *workers;
	int n;
	struct loop_timer tick;
	bool ready, stopping, failed;
	int stop_ticks;
};

/* --- in a worker ---------------------------------------------------------------- */

bool
worker_place_read(struct worker_place *out)
{
	const char *text = getenv(PLACE_VARIABLE);
	long parent;
	char *end;

	if (text == NULL)
		return false;
	out->index = (int)strtol(text, &end, 10);
	out->count = (int)strtol(end, &end, 10);
	parent = strtol(end, NULL, 10);
	out->board_fd = BOARD_FD;
	out->listen = getenv(LISTEN_VARIABLE);
	out->database = getenv(DATABASE_VARIABLE);
	unsetenv(PLACE_VARIABLE); /* not for what we start */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (pid_t)parent)
		_exit(1);
	fcntl(BOARD_FD, F_SETFD, FD_CLOEXEC);
	fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
	return out->listen != NULL && out->count > 0;
}

void
worker_beat(void)
{
	/* when the pipe is full, the parent has not read for long, and will find enough */
	if (write(STDOUT_FILENO, "\n", 1) < 0 && errno != EAGAIN)
		log_debug("worker: the parent does not hear: %s", strerror(errno));
}

/* --- how many --------------------------------------------------------------------- */

static int
cores(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;

	return n > 0 ? n : 1;
}

int
supervisor_workers(const struct conf *c, const char *conninfo, struct err *e)
{
	int64_t each = c->writers + c->read_connections + OTHER_CONNECTIONS;
	int n = cores(), room;

	if (c->workers > 0)
		return (int)c->workers;
	if (n == 1)
		return 1;
	if (setting_connections(conninfo, &room, e) != 0)
		return -1;
	if (n > room / each) {
		n = room / each > 1 ? (int)(room / each) : 1;
		log_info("PostgreSQL has %d connections: %d workers, though there are %d cores; "
			 "workers in the configuration says otherwise",
		    room, n, cores());
	}
	return n;
}

/* --- one worker -------------------------------------------------------------------- */

static void supervisor_check(struct supervisor *s);

static char *const *
worker_environment(const struct worker *w)
{
	const struct supervisor *s = w->supervisor;
	size_t n = 0;
	char **list;

	while (environ[n] != NULL)
		n++;
	list = xcalloc(n + 4, sizeof(*list));
	memcpy(list, environ, n * sizeof(*list));
	list[n++] = xasprintf("%s=%d %d %ld", PLACE_VARIABLE, w->index, s->n, (long)getpid());
	list[n++] = xasprintf("%s=%s", LISTEN_VARIABLE, s->listen);
	if (s->database != NULL)
		list[n] = xasprintf("%s=%s", DATABASE_VARIABLE, s->database);
	return list;
}

static void
environment_free(char *const *list)
{
	for (size_t n = 0; list[n] != NULL; n++)
		if (strncmp(list[n], PLACE_VARIABLE, strlen(PLACE_VARIABLE)) == 0)
			free(list[n]);
	free((void *)(uintptr_t)list);
}

/* Two descriptors go along: what it says is its standard output, and the board. */
static int
worker_spawn(struct worker *w, int out)
{
	struct supervisor *s = w->supervisor;
	char *const *env = worker_environment(w);
	posix_spawn_file_actions_t actions;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, s->board_fd, BOARD_FD);
	rc = posix_spawn(&w->pid, "/proc/self/exe", &actions, NULL, s->argv, env);
	posix_spawn_file_actions_destroy(&actions);
	environment_free(env);
	if (rc == 0)
		return 0;
	w->pid = 0;
	log_error("supervisor: worker %d cannot be started: %s", w->index, strerror(rc));
	return -1;
}

static void
worker_line(struct worker *w, const char *line)
{
	struct supervisor *s = w->supervisor;

	if (*line == '\0' || w->ready)
		return;
	w->ready = true;
	for (int i = 0; i < s->n; i++)
		if (!s->workers[i].ready)
			return;
	if (s->ready)
		return;
	s->ready = true;
	printf("%s\n", line);
	fflush(stdout);
}

static void
worker_deaf(struct worker *w)
{
	if (w->fd < 0)
		return;
	event_free(w->readable);
	close(w->fd);
	w->fd = -1;
	buf_reset(&w->said);
}

static void
worker_readable(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	char piece[512];
	ssize_t n = read(fd, piece, sizeof(piece));

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		worker_deaf(w);
		return;
	}
	w->silent = 0;
	for (ssize_t i = 0; i < n; i++) {
		if (piece[i] != '\n') {
			buf_addc(&w->said, piece[i]);
			continue;
		}
		worker_line(w, buf_text(&w->said));
		buf_reset(&w->said);
	}
}

static void
worker_start(void *arg)
{
	struct worker *w = arg;
	int fds[2];

	if (w->supervisor->stopping || w->pid != 0)
		return;
	w->started_ms = clock_mono_ms();
	w->silent = 0;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) {
		log_error("supervisor: worker %d cannot be started: %s", w->index, strerror(errno));
		loop_timer_set(&w->start, PAUSE_MAX_MS);
		return;
	}
	if (worker_spawn(w, fds[1]) != 0) {
		close(fds[0]);
		loop_timer_set(&w->start, PAUSE_MAX_MS);
	} else {
		w->fd = fds[0];
		w->readable = event_new(loop_base(w->supervisor->loop), w->fd, EV_READ | EV_PERSIST,
		    worker_readable, w);
		event_add(w->readable, NULL);
	}
	close(fds[1]);
}

static void
worker_ended(struct worker *w, int status)
{
	struct supervisor *s = w->supervisor;

	w->pid = 0;
	worker_deaf(w);
	if (s->stopping)
		return;
	if (WIFSIGNALED(status))
		log_error("supervisor: worker %d was killed by signal %d", w->index,
		    WTERMSIG(status));
	else
		log_error("supervisor: worker %d ended with status %d", w->index,
		    WEXITSTATUS(status));
	if (!s->ready) {
		/* it said why; what keeps one from starting keeps them all */
		s->failed = true;
		return;
	}
	if (clock_mono_ms() - w->started_ms > WELL_MS)
		w->pause_ms = PAUSE_MIN_MS;
	loop_timer_set(&w->start, w->pause_ms);
	w->pause_ms = w->pause_ms * 2 < PAUSE_MAX_MS ? w->pause_ms * 2 : PAUSE_MAX_MS;
}

/* --- all of them ------------------------------------------------------------------------ */

static void
signal_all(const struct supervisor *s, int signo)
{
	for (int i = 0; i < s->n; i++)
		if (s->workers[i].pid > 0)
			kill(s->workers[i].pid, signo);
}

static void
supervisor_stop(struct supervisor *s)
{
	s->stopping = true;
	signal_all(s, SIGTERM);
	supervisor_check(s);
}

/* Nobody is left: the end. */
static void
supervisor_check(struct supervisor *s)
{
	if (s->failed && !s->stopping) {
		supervisor_stop(s);
		return;
	}
	if (!s->stopping)
		return;
	for (int i = 0; i < s->n; i++)
		if (s->workers[i].pid > 0)
			return;
	loop_stop(s->loop);
}

static void
supervisor_reap(void *arg)
{
	struct supervisor *s = arg;
	int status;

	for (int i = 0; i < s->n; i++) {
		struct worker *w = &s->workers[i];

		if (w->pid > 0 && waitpid(w->pid, &status, WNOHANG) == w->pid)
			worker_ended(w, status);
	}
	supervisor_check(s);
}

static void
supervisor_terminate(void *arg)
{
	struct supervisor *s = arg;

	if (s->stopping) {
		log_warn("second signal: the workers stop at once");
		signal_all(s, SIGKILL);
		return;
	}
	log_info("stopping: the workers finish what is under way");
	supervisor_stop(s);
}

static void
supervisor_reload(void *arg)
{
	signal_all(arg, SIGHUP);
}

/* Ticks, not times: a machine that slept must not take its workers for dead. */
static void
supervisor_tick(void *arg)
{
	struct supervisor *s = arg;

	for (int i = 0; i < s->n; i++) {
		struct worker *w = &s->workers[i];

		if (w->pid <= 0 || ++w->silent <= SILENT_TICKS)
			continue;
		log_error("supervisor: worker %d says nothing for %d s and is killed", w->index,
		    SILENT_TICKS);
		w->silent = 0;
		kill(w->pid, SIGKILL);
	}
	if (s->stopping && ++s->stop_ticks > STOP_TICKS)
		signal_all(s, SIGKILL);
	loop_timer_set(&s->tick, TICK_MS);
}

static void
supervisor_begin(struct supervisor *s)
{
	s->loop = loop_new();
	loop_signal(s->loop, SIGTERM, supervisor_terminate, s);
	loop_signal(s->loop, SIGINT, supervisor_terminate, s);
	loop_signal(s->loop, SIGHUP, supervisor_reload, s);
	loop_signal(s->loop, SIGCHLD, supervisor_reap, s);
	loop_timer_init(s->loop, &s->tick, supervisor_tick, s);
	loop_timer_set(&s->tick, TICK_MS);
	s->workers = xcalloc((size_t)s->n, sizeof(*s->workers));
	for (int i = 0; i < s->n; i++) {
		struct worker *w = &s->workers[i];

		w->supervisor = s;
		w->index = i;
		w->fd = -1;
		w->pause_ms = PAUSE_MIN_MS;
		buf_init(&w->said, 4096);
		loop_timer_init(s->loop, &w->start, worker_start, w);
		worker_start(w);
	}
}

static void
supervisor_end(struct supervisor *s)
{
	for (int i = 0; i < s->n; i++) {
		worker_deaf(&s->workers[i]);
		loop_timer_fini(&s->workers[i].start);
		buf_fini(&s->workers[i].said);
	}
	free(s->workers);
	loop_timer_fini(&s->tick);
	loop_free(s->loop);
	close(s->board_fd);
}

int
supervise(const struct conf *c, char *const *argv, int n, struct laptop *laptop)
{
	struct supervisor s = { .argv = argv, .n = n };
	struct err e = ERR_INIT;
	char *address = NULL;
	int reserved = http_reserve(c->listen, &address, &e);

	if (reserved < 0 || (s.board_fd = board_make(n)) < 0) {
		log_error("cannot start: %s", err_is_set(&e) ? err_cause(&e) : strerror(errno));
		err_fini(&e);
		free(address);
		return 1;
	}
	s.listen = address;
	s.database = laptop != NULL ? laptop_conninfo(laptop) : NULL;
	log_info("%d workers at %s", n, address);
	supervisor_begin(&s);
	if (laptop != NULL)
		laptop_watch(laptop, s.loop);
	loop_run(s.loop);
	supervisor_end(&s);
	close(reserved);
	free(address);
	log_info("stopped");
	return s.failed ? 1 : 0;
}
