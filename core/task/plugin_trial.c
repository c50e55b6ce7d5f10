/*
 * plugin_trial - a plugin is loaded in a child process first, which is thrown away.
 *
 * What a plugin does wrong while it is loaded and in init must not keep pawld from starting:
 * one that dies there, ends the process, does not return or writes over what is not its own
 * does so in the child, and is refused. The child has a copy of everything; its event
 * base is made anew, because the two would share the kernel's side of it.
 */
#include "task/plugin_module.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

#define PATIENCE_MS 5000
#define SAID_MAX ((size_t)64 << 10)

/* How far the child came; in memory that both see. */
enum trial_stage { LOADING, INIT, CHECKING, FINE, OVERWRITTEN };

struct trial {
	pid_t pid;
	int pidfd, said_fd;
	volatile enum trial_stage *stage;
	struct buf said; /* what it wrote to standard output and error */
};

/* --- the child -------------------------------------------------------------------------- */

static void
child_setup(const struct module *m, int said_fd)
{
	const struct rlimit none = { 0, 0 };

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &none);
	dup2(said_fd, STDOUT_FILENO);
	dup2(said_fd, STDERR_FILENO);
	event_reinit(loop_base(m->host->loop));
}

/*
 * The allocator looks at its lists when it takes pieces from them, and ends the process when one is
 * not as it left it: so takes, writes to and gives back more of each small size than it keeps at hand.
 */
static void
check_heap(void)
{
	enum { SIZES = 64, EACH = 16 };
	static char *volatile pieces[SIZES * EACH];

	for (size_t i = 0; i < SIZES * EACH; i++) {
		size_t size = 16 * (i / EACH + 1);

		pieces[i] = malloc(size);
		if (pieces[i] != NULL)
			memset(pieces[i], 0, size);
	}
	for (size_t i = 0; i < SIZES * EACH; i++)
		free(pieces[i]);
	malloc_trim(0);
}

static bool
is_as_before(const struct module *m, const struct module *before)
{
	return m->magic == before->magic && m->host == before->host && m->path == before->path &&
	    memcmp((const void *)&m->table, (const void *)&before->table, sizeof(m->table)) == 0;
}

static _Noreturn void
child_run(struct module *m, volatile enum trial_stage *stage)
{
	struct module before = *m;

	*stage = LOADING;
	if (module_open(m, NULL) == 0) {
		*stage = INIT;
		(void)module_init(m, NULL);
	}
	*stage = CHECKING;
	check_heap();
	*stage = is_as_before(m, &before) ? FINE : OVERWRITTEN;
	_exit(0);
}

/* --- the parent ------------------------------------------------------------------------- */

static int
trial_start(struct trial *t, struct module *m)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	if ((t->pid = fork()) == 0) {
		child_setup(m, ends[1]);
		child_run(m, t->stage);
	}
	close(ends[1]);
	t->said_fd = ends[0];
	if (t->pid < 0)
		return -1;
	fcntl(t->said_fd, F_SETFL, O_NONBLOCK);
	t->pidfd = (int)syscall(SYS_pidfd_open, t->pid, 0);
	return t->pidfd < 0 ? -1 : 0;
}

/* False when there is no more. */
static bool
trial_read(struct trial *t)
{
	char piece[4096];
	ssize_t n = read(t->said_fd, piece, sizeof(piece));

	if (n > 0) {
		if (t->said.len + (size_t)n > SAID_MAX)
			buf_reset(&t->said);
		buf_add(&t->said, piece, (size_t)n);
	}
	return n > 0 || (n < 0 && errno == EINTR);
}

static int64_t
real_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* 0 when it has ended in time. */
static int
trial_wait(struct trial *t)
{
	struct pollfd fds[2] = { { .fd = t->pidfd, .events = POLLIN },
		{ .fd = t->said_fd, .events = POLLIN } };
	int64_t begun_ms = real_ms(), left_ms;

	while ((left_ms = begun_ms + PATIENCE_MS - real_ms()) > 0) {
		if (poll(fds, 2, (int)left_ms) < 0 && errno != EINTR)
			return -1;
		if (fds[0].revents != 0)
			return 0;
		/* its end closed: nothing more will be said, and a closed pipe is always ready */
		if (fds[1].revents != 0 && !trial_read(t))
			fds[1].fd = -1;
	}
	return -1;
}

/* Its last words: the last line that is not empty; yours. */
static char *
last_line(const struct buf *said)
{
	const char *s = buf_text(said);
	size_t end = said->len, begin;

	while (end > 0 && (s[end - 1] == '\n' || s[end - 1] == ' '))
		end--;
	for (begin = end; begin > 0 && s[begin - 1] != '\n'; begin--)
		;
	return xasprintf("%s%.*s", end > begin ? "; it said: " : "", (int)(end - begin), s + begin);
}

/* what is taken; what the child said stands behind it. */
static int
refuse_take(const struct trial *t, const char *path, char *what, struct err *e)
{
	char *said = last_line(&t->said);

	err_set(e, "pawl.Plugin", "%s is refused: %s%s", path, what, said);
	free(said);
	free(what);
	return -1;
}

static int
trial_verdict(const struct trial *t, const char *path, bool in_time, int status, struct err *e)
{
	static const char *const where[] = { [LOADING] = "it crashed while it was loaded",
		[INIT] = "it crashed in init",
		[CHECKING] = "it corrupted memory in init",
		[FINE] = "it crashed after init",
		[OVERWRITTEN] = "it crashed after init" };

	if (!in_time)
		return refuse_take(t, path,
		    xasprintf("its init did not return within %d seconds; no call of a plugin may "
			      "block",
			PATIENCE_MS / 1000),
		    e);
	if (WIFSIGNALED(status))
		return refuse_take(t, path,
		    xasprintf("%s (signal %d, %s)", where[*t->stage], WTERMSIG(status),
			strsignal(WTERMSIG(status))),
		    e);
	if (*t->stage == OVERWRITTEN)
		return refuse_take(t, path, xstrdup("it wrote over the memory of pawld in init"),
		    e);
	if (*t->stage != FINE)
		return refuse_take(t, path,
		    xasprintf("it ended the process in init, with status %d", WEXITSTATUS(status)),
		    e);
	return 0;
}

static void
trial_fini(struct trial *t)
{
	if (t->pidfd >= 0)
		close(t->pidfd);
	if (t->said_fd >= 0)
		close(t->said_fd);
	buf_fini(&t->said);
	munmap((void *)(uintptr_t)t->stage, sizeof(*t->stage));
}

int
plugin_trial(struct module *m, struct err *e)
{
	struct trial t = { .pidfd = -1, .said_fd = -1 };
	void *shared =
	    mmap(NULL, sizeof(*t.stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0, rc;
	bool in_time;

	if (shared == MAP_FAILED)
		return err_set(e, "pawl.Plugin", "%s cannot be tried: %s", m->path,
		    strerror(errno));
	t.stage = shared;
	buf_init(&t.said, BUF_UNLIMITED);
	if (trial_start(&t, m) != 0)
		err_set(e, "pawl.Plugin", "%s cannot be tried: %s", m->path, strerror(errno));
	in_time = t.pidfd >= 0 && trial_wait(&t) == 0;
	if (t.pid > 0) {
		kill(t.pid, SIGKILL);
		kill(-t.pid, SIGKILL);
	}
	while (t.pid > 0 && waitpid(t.pid, &status, 0) < 0 && errno == EINTR)
		;
	while (t.pidfd >= 0 && trial_read(&t))
		;
	rc = t.pidfd < 0 ? -1 : trial_verdict(&t, m->path, in_time, status, e);
	trial_fini(&t);
	return rc;
}
