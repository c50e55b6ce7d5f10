/*
 * launch - a program begun in a process of its own: three pipes, limits, and nothing
 * of ours.
 *
 * vfork, not fork: pawld may be large, and copying its page tables would stop the loop.
 * Until the exec the child runs on our memory and stack, so child_become makes system
 * calls and nothing else. posix_spawn would do that too, but knows no limits and no
 * parent-death signal.
 */
#include "task/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"

struct child {
	const char *path;
	const struct launch_spec *spec;
	int fds[3];
	pid_t parent;
	volatile int error; /* why there is no program */
};

/* --- the child ---------------------------------------------------------------------- */

static int
child_prepare(const struct child *c)
{
	const struct rlimit memory = { (rlim_t)c->spec->memory, (rlim_t)c->spec->memory };
	const struct rlimit none = { 0, 0 };

	setsid();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || setrlimit(RLIMIT_AS, &memory) != 0 ||
	    setrlimit(RLIMIT_CORE, &none) != 0)
		return -1;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(c->fds[fd], fd) < 0)
			return -1;
	return close_range(3, ~0U, 0) != 0 ? -1 : chdir(c->spec->cwd);
}

static void
child_reset_signals(void)
{
	const struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &normal, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void
child_become(struct child *c)
{
	child_reset_signals();
	/* a parent that died before prctl sends no signal any more */
	if (child_prepare(c) == 0 && getppid() == c->parent)
		execve(c->path, c->spec->argv, c->spec->env);
	c->error = errno;
	_exit(127);
}

/* --- the parent --------------------------------------------------------------------- */

/* Our handlers must not run in the child while it has our memory: signals wait. */
static pid_t
child_start(struct child *c)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): the child only execs */
	if (pid == 0)
		child_become(c); /* NOLINT(clang-analyzer-unix.Vfork): it ends in execve or _exit */
	if (pid < 0)
		c->error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static const char *
path_of(char *const *env)
{
	for (; *env != NULL; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return "/usr/local/bin:/usr/bin:/bin";
}

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The file to execute, yours; NULL when PATH has no such program. */
static char *
find_program(const char *name, const char *path)
{
	if (strchr(name, '/') != NULL)
		return xstrdup(name);
	while (*path != '\0') {
		size_t len = strcspn(path, ":");
		char *file = xasprintf("%.*s/%s", (int)len, path, name);

		if (len > 0 && is_program(file))
			return file;
		free(file);
		path += len + (path[len] == ':');
	}
	return NULL;
}

static void
close_all(int fds[], int n)
{
	for (int i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* theirs: the child's ends; ours: in, out, err, non-blocking. */
static int
make_pipes(int theirs[3], int ours[3])
{
	for (int i = 0; i < 3; i++)
		theirs[i] = ours[i] = -1;
	for (int i = 0; i < 3; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) != 0)
			return -1;
		theirs[i] = ends[i != 0];
		ours[i] = ends[i == 0];
		if (fcntl(ours[i], F_SETFL, O_NONBLOCK) != 0)
			return -1;
	}
	return 0;
}

/* A child that never became a program has ended already. */
static void
reap(pid_t pid)
{
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int
cannot(struct err *e, const struct launch_spec *s, int error)
{
	if (error == ENOENT && access(s->cwd, X_OK) != 0)
		return err_set(e, "pawl.Command", "%s cannot be started: the folder %s: %s",
		    s->argv[0], s->cwd, strerror(errno));
	return err_set(e, "pawl.Command", "%s cannot be started: %s", s->argv[0], strerror(error));
}

int
launch(struct launched *out, const struct launch_spec *s, struct err *e)
{
	char *path = find_program(s->argv[0], path_of(s->env));
	struct child c = { .path = path, .spec = s, .parent = getpid() };
	int ours[3], pidfd = -1;
	pid_t pid = 0;

	if (path == NULL)
		return err_set(e, "pawl.Command",
		    "%s cannot be started: there is no such program in PATH (%s)", s->argv[0],
		    path_of(s->env));
	if (make_pipes(c.fds, ours) != 0 || (pid = child_start(&c)) < 0 ||
	    (c.error == 0 && (pidfd = (int)syscall(SYS_pidfd_open, pid, 0)) < 0))
		c.error = errno;
	close_all(c.fds, 3);
	free(path);
	if (c.error != 0) {
		if (pid > 0)
			kill(-pid, SIGKILL);
		reap(pid);
		close_all(ours, 3);
		return cannot(e, s, c.error);
	}
	*out = (struct launched){ .pid = pid,
		.pidfd = pidfd,
		.in = ours[0],
		.out = ours[1],
		.err = ours[2] };
	return 0;
}
