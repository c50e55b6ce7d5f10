/*
 * laptop - a private PostgreSQL in the data folder, started and stopped with pawld.
 *
 *	data_dir/pawld.lock      held while a pawld uses the folder
 *	data_dir/postgres        the cluster (postgres.new while it is being made)
 *	data_dir/postgres.log    what the server has to say
 *	data_dir/run             the socket; a folder in /tmp when that path is too long for one
 *
 * The server is our child in a session of its own (a Ctrl-C of the terminal is not
 * for it) and is asked by the kernel to shut down when we die. One that outlives us
 * all the same is shut down by the next start: whoever holds the lock owns it.
 */
#include "store/laptop.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <libpq-fe.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#define LAPTOP_SERVER_MIN 15
#define LAPTOP_READY_MS (10 * 60 * 1000) /* recovery after a crash takes its time */
#define LAPTOP_STOP_MS (60 * 1000)
#define LAPTOP_QUICK_DEATH_MS 30000 /* who dies at start again and again for so long is given up */
#define LAPTOP_PAUSE_MIN_MS 100
#define LAPTOP_PAUSE_MAX_MS 5000
#define POLL_MS 10
/* Of a cluster that we made; written into its postgresql.conf, where people may change them. */
#define LAPTOP_SETTINGS \
	"\n# --- by pawld, when it made this cluster; change what you like ---\n" \
	"shared_buffers = 128MB\n" \
	"max_connections = 200\n" \
	"max_wal_size = 2GB\n" \
	"log_checkpoints = off\n" \
	"log_timezone = 'UTC'\n" \
	"timezone = 'UTC'\n"

/* Our part on the loop: lives as long as the loop does, whichever of the two goes first. */
struct watch {
	struct laptop *laptop; /* NULL = stopped */
	struct loop_timer restart;
	int64_t pause_ms;
};

struct laptop {
	char *data_dir, *cluster, *socket_dir, *bin, *conninfo;
	int lock_fd;
	uid_t uid; /* the server's; ours unless we are root */
	gid_t gid;
	char *user;
	pid_t pid;
	bool stopping;
	struct watch *watch; /* NULL = nobody watches */
	int64_t started_ms;
};

static void
sleep_ms(int ms)
{
	const struct timespec t = { .tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000) * 1000 * 1000 };

	nanosleep(&t, NULL);
}

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* --- files ---------------------------------------------------------------------- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
remove_tree(const char *path, struct err *e)
{
	if (exists(path) && nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		return err_set(e, "pawl.Laptop", "%s cannot be removed: %s.", path,
		    strerror(errno));
	return 0;
}

static int
make_folder(const char *path, mode_t mode, struct err *e)
{
	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return err_set(e, "pawl.Laptop", "The folder %s cannot be made: %s.", path,
		    strerror(errno));
	return 0;
}

/* The server's own folders belong to its user. */
static int
make_server_folder(const struct laptop *l, const char *path, struct err *e)
{
	if (make_folder(path, 0700, e) != 0)
		return -1;
	if (chmod(path, 0700) != 0 || (geteuid() == 0 && chown(path, l->uid, l->gid) != 0))
		return err_set(e, "pawl.Laptop",
		    "The folder %s cannot be given to the user %s: %s.", path, l->user,
		    strerror(errno));
	return 0;
}

/*
 * Of the process, not of the open file as with flock: a child that was about to exec when we were
 * killed has the file open for a moment longer, and must not keep the next start out.
 */
static int
take_lock(struct laptop *l, struct err *e)
{
	const struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char *path = xasprintf("%s/pawld.lock", l->data_dir), owner[24] = "";
	ssize_t n;
	int rc = 0;

	l->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (l->lock_fd < 0) {
		rc = err_set(e, "pawl.Laptop", "%s cannot be opened: %s.", path, strerror(errno));
	} else if (fcntl(l->lock_fd, F_SETLK, &whole) != 0) {
		n = read(l->lock_fd, owner, sizeof owner - 1);
		owner[n > 0 ? strcspn(owner, "\n") : 0] = '\0';
		rc = err_set(e, "pawl.Laptop",
		    "Another pawld (process %s) uses the data folder %s. "
		    "Stop it, or give this one another data_dir.",
		    *owner != '\0' ? owner : "unknown", l->data_dir);
	} else if (ftruncate(l->lock_fd, 0) != 0 ||
	    dprintf(l->lock_fd, "%d\n", (int)getpid()) < 0) {
		rc = err_set(e, "pawl.Laptop", "%s cannot be written: %s.", path, strerror(errno));
	}
	free(path);
	return rc;
}

/* --- which server ---------------------------------------------------------------- */

static bool
has_server(const char *bin)
{
	char *initdb = xasprintf("%s/initdb", bin), *postgres = xasprintf("%s/postgres", bin);
	bool has = access(initdb, X_OK) == 0 && access(postgres, X_OK) == 0;

	free(initdb);
	free(postgres);
	return has;
}

/* The major version the cluster was made with, 0 when there is no cluster. */
static int
cluster_version(const struct laptop *l)
{
	char *path = xasprintf("%s/PG_VERSION", l->cluster), text[16] = "";
	FILE *f = fopen(path, "re");

	if (f != NULL) {
		if (fgets(text, sizeof text, f) == NULL)
			text[0] = '\0';
		fclose(f);
	}
	free(path);
	return (int)strtol(text, NULL, 10);
}

/* The newest of /usr/lib/postgresql/N/bin, or exactly version N when that is asked for (0 = any). */
static char *
find_debian_bin(int version)
{
	static const char root[] = "/usr/lib/postgresql";
	DIR *d = opendir(root);
	struct dirent *entry;
	char *found = NULL;
	long best = LAPTOP_SERVER_MIN - 1;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		long n = strtol(entry->d_name, NULL, 10);
		char *bin = xasprintf("%s/%s/bin", root, entry->d_name);

		if (n > best && (version == 0 || n == version) && has_server(bin)) {
			free(found);
			found = xstrdup(bin);
			best = n;
		}
		free(bin);
	}
	if (d != NULL)
		closedir(d);
	return found;
}

static char *
find_path_bin(void)
{
	const char *path = getenv("PATH");
	char *copy = xstrdup(path != NULL ? path : ""), *save = NULL, *found = NULL;

	for (char *dir = strtok_r(copy, ":", &save); dir != NULL && found == NULL;
	     dir = strtok_r(NULL, ":", &save))
		if (has_server(dir))
			found = xstrdup(dir);
	free(copy);
	return found;
}

static int
find_server(struct laptop *l, const char *wanted, struct err *e)
{
	int version = cluster_version(l);

	if (wanted != NULL && *wanted != '\0') {
		if (!has_server(wanted))
			return err_set(e, "pawl.Laptop",
			    "The folder %s (option postgres_bin) has no "
			    "initdb and postgres.",
			    wanted);
		l->bin = xstrdup(wanted);
		return 0;
	}
	l->bin = find_debian_bin(version);
	if (l->bin == NULL)
		l->bin = find_path_bin();
	if (l->bin != NULL)
		return 0;
	if (version > 0)
		return err_set(e, "pawl.Laptop",
		    "The data in %s was made by PostgreSQL %d, which is not "
		    "installed: install the package postgresql-%d, or set the option postgres_bin.",
		    l->cluster, version, version);
	return err_set(e, "pawl.Laptop",
	    "No database is configured, and PostgreSQL's server is not "
	    "installed: install the package postgresql, or set the option database (or postgres_bin).");
}

/* --- whose server ------------------------------------------------------------------ */

static void
become(struct laptop *l, const struct passwd *pw)
{
	l->uid = pw->pw_uid;
	l->gid = pw->pw_gid;
	l->user = xstrdup(pw->pw_name);
}

/* PostgreSQL refuses root. Who owns a cluster that is there already keeps it. */
static int
choose_user(struct laptop *l, struct err *e)
{
	static const char *const names[] = { "postgres", "nobody" };
	const struct passwd *pw = NULL;
	struct stat st;
	bool there = stat(l->cluster, &st) == 0;

	if (geteuid() != 0) {
		if (there && st.st_uid != geteuid())
			return err_set(e, "pawl.Laptop",
			    "The database in %s belongs to another user "
			    "(uid %d): run pawld as that user or as root.",
			    l->cluster, (int)st.st_uid);
		l->uid = geteuid();
		l->gid = getegid();
		l->user = xstrdup("of pawld");
		return 0;
	}
	if (there && st.st_uid != 0)
		pw = getpwuid(st.st_uid);
	for (size_t i = 0; pw == NULL && i < sizeof names / sizeof names[0]; i++)
		pw = getpwnam(names[i]);
	if (pw == NULL)
		return err_set(e, "pawl.Laptop",
		    "PostgreSQL does not run as root, and there is no user "
		    "postgres or nobody: make one, or run pawld as an ordinary user.");
	become(l, pw);
	return 0;
}

static void
drop_privileges(const struct laptop *l)
{
	if (geteuid() != 0)
		return;
	if (setgroups(0, NULL) != 0 || setgid(l->gid) != 0 || setuid(l->uid) != 0)
		_exit(126);
}

/* --- children ------------------------------------------------------------------------ */

static int
open_log(const struct laptop *l)
{
	char *path = xasprintf("%s/postgres.log", l->data_dir);
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

	free(path);
	return fd;
}

/* After fork: nothing of ours goes along but the log. */
static void
child_setup(const struct laptop *l, int log_fd, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(log_fd >= 0 ? log_fd : null, STDOUT_FILENO);
	dup2(log_fd >= 0 ? log_fd : null, STDERR_FILENO);
	if (close_range(3, ~0U, 0) != 0)
		for (int fd = 3; fd < 4096; fd++)
			close(fd);
	umask(077);
	drop_privileges(l);
	/* a change of user would have wiped it */
	prctl(PR_SET_PDEATHSIG, SIGINT);
	if (getppid() != parent)
		_exit(126);
	if (chdir("/") != 0)
		_exit(126);
}

static pid_t
spawn(const struct laptop *l, char *const argv[], struct err *e)
{
	pid_t parent = getpid(), pid;
	int log_fd = open_log(l);

	pid = fork();
	if (pid == 0) {
		child_setup(l, log_fd, parent);
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		err_set(e, "pawl.Laptop", "No process can be started: %s.", strerror(errno));
	if (log_fd >= 0)
		close(log_fd);
	return pid;
}

static int
run_and_wait(const struct laptop *l, char *const argv[], struct err *e)
{
	pid_t pid = spawn(l, argv, e);
	int status;

	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static bool
user_reaches(const struct laptop *l)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		drop_privileges(l);
		_exit(access(l->data_dir, X_OK) == 0 ? 0 : 1);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && status == 0;
}

/* The server's user must get to the folder: ours we open for passing through, those above are not ours to change. */
static int
check_reachable(const struct laptop *l, struct err *e)
{
	if (geteuid() != 0 || user_reaches(l))
		return 0;
	if (chmod(l->data_dir, 0711) == 0 && user_reaches(l))
		return 0;
	return err_set(e, "pawl.Laptop",
	    "PostgreSQL runs as the user %s, who cannot get to the folder %s: a "
	    "folder above it is closed (chmod o+x), or choose another data_dir.",
	    l->user, l->data_dir);
}

/* --- making the cluster ----------------------------------------------------------------- */

static int
append_settings(const char *cluster, struct err *e)
{
	char *path = xasprintf("%s/postgresql.conf", cluster);
	FILE *f = fopen(path, "ae");
	int rc = 0;

	if (f == NULL || fputs(LAPTOP_SETTINGS, f) < 0 || fflush(f) != 0 || fsync(fileno(f)) != 0)
		rc = err_set(e, "pawl.Laptop", "%s cannot be written: %s.", path, strerror(errno));
	if (f != NULL)
		fclose(f);
	free(path);
	return rc;
}

static int
run_initdb(const struct laptop *l, const char *folder, const char *locale, struct err *e)
{
	char *initdb = xasprintf("%s/initdb", l->bin), *dir = xasprintf("--pgdata=%s", folder);
	char *locale_arg = xasprintf("--locale=%s", locale);
	char *const argv[] = { initdb, dir, locale_arg, (char *)(uintptr_t) "--lc-collate=C",
		(char *)(uintptr_t) "--encoding=UTF8", (char *)(uintptr_t) "--auth-local=trust",
		(char *)(uintptr_t) "--auth-host=reject", (char *)(uintptr_t) "--username=pawl",
		NULL };
	int rc;

	rc = remove_tree(folder, e) != 0 || make_server_folder(l, folder, e) != 0
	    ? -1
	    : run_and_wait(l, argv, e);
	free(initdb);
	free(dir);
	free(locale_arg);
	return rc;
}

/* Made under another name first: a cluster that is there is a whole one. */
static int
make_cluster(const struct laptop *l, struct err *e)
{
	char *fresh = xasprintf("%s/postgres.new", l->data_dir);
	int rc = 0;

	log_info("laptop: making a PostgreSQL cluster in %s", l->cluster);
	if (run_initdb(l, fresh, "C.UTF-8", e) != 0 && run_initdb(l, fresh, "C", e) != 0)
		rc = err_is_set(e) ? -1
				   : err_set(e, "pawl.Laptop",
					 "initdb could not make a database in "
					 "%s: see %s/postgres.log.",
					 l->data_dir, l->data_dir);
	if (rc == 0)
		rc = append_settings(fresh, e);
	if (rc == 0 && rename(fresh, l->cluster) != 0)
		rc = err_set(e, "pawl.Laptop", "%s cannot be renamed to %s: %s.", fresh, l->cluster,
		    strerror(errno));
	free(fresh);
	return rc;
}

/* --- the socket ---------------------------------------------------------------------------- */

/* Quotes would have to be escaped for PostgreSQL's list of folders. */
static bool
socket_fits(const char *dir)
{
	return strchr(dir, '"') == NULL &&
	    strlen(dir) + strlen("/.s.PGSQL.5432") < sizeof(((struct sockaddr_un *)0)->sun_path);
}

/* In /tmp anybody may have made it before us. */
static int
check_ours(const struct laptop *l, const char *dir, struct err *e)
{
	struct stat st;

	if (lstat(dir, &st) != 0 || !S_ISDIR(st.st_mode) ||
	    (st.st_uid != geteuid() && st.st_uid != l->uid))
		return err_set(e, "pawl.Laptop",
		    "%s, the folder for the database's socket, is not ours: "
		    "remove it.",
		    dir);
	return 0;
}

static int
choose_socket_dir(struct laptop *l, struct err *e)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	l->socket_dir = xasprintf("%s/run", l->data_dir);
	if (!socket_fits(l->socket_dir)) {
		for (const char *p = l->data_dir; *p != '\0'; p++)
			hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
		free(l->socket_dir);
		l->socket_dir = xasprintf("/tmp/pawl-%016llx", (unsigned long long)hash);
	}
	if (make_folder(l->socket_dir, 0700, e) != 0 || check_ours(l, l->socket_dir, e) != 0)
		return -1;
	return make_server_folder(l, l->socket_dir, e);
}

/* A value in a connection string: quoted, with quotes and backslashes escaped. */
static void
add_quoted(struct buf *b, const char *s)
{
	buf_addc(b, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'' || *s == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *s);
	}
	buf_addc(b, '\'');
}

static void
make_conninfo(struct laptop *l)
{
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "host=");
	add_quoted(&b, l->socket_dir);
	buf_adds(&b, " port=5432 user=pawl dbname=postgres sslmode=disable");
	l->conninfo = buf_steal(&b, NULL);
	buf_fini(&b);
}

/* --- a server that is left over --------------------------------------------------------------- */

/* The process in postmaster.pid, 0 when there is none. */
static pid_t
pid_in_file(const char *path)
{
	char line[32] = "";
	FILE *f = fopen(path, "re");
	long pid;

	if (f == NULL)
		return 0;
	if (fgets(line, sizeof line, f) == NULL)
		line[0] = '\0';
	fclose(f);
	pid = strtol(line, NULL, 10);
	return pid > 1 && pid <= INT_MAX ? (pid_t)pid : 0;
}

/* PostgreSQL's processes live in the cluster's folder; a process number alone may be anybody's by now. */
static bool
lives_in(pid_t pid, const char *folder)
{
	char link[64], cwd[PATH_MAX], *real = realpath(folder, NULL);
	ssize_t n;
	bool is;

	snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
	n = readlink(link, cwd, sizeof cwd - 1);
	cwd[n > 0 ? n : 0] = '\0';
	is = real != NULL && n > 0 && strcmp(real, cwd) == 0;
	free(real);
	return is;
}

static int
wait_gone(pid_t pid, const char *cluster, int ms)
{
	for (int waited = 0; lives_in(pid, cluster); waited += POLL_MS) {
		if (waited >= ms)
			return -1;
		sleep_ms(POLL_MS);
	}
	return 0;
}

/*
 * A server that a killed pawld left running is shut down; a postmaster.pid that
 * speaks of nobody, or of somebody else, is taken away: PostgreSQL itself would not
 * start while any process of its user has that number.
 */
static int
clear_leftover(const struct laptop *l, struct err *e)
{
	char *path = xasprintf("%s/postmaster.pid", l->cluster);
	pid_t pid = pid_in_file(path);
	int rc = 0;

	if (pid != 0 && lives_in(pid, l->cluster)) {
		log_info(
		    "laptop: shutting down the PostgreSQL (process %d) that an earlier pawld left",
		    (int)pid);
		kill(pid, SIGINT);
		if (wait_gone(pid, l->cluster, LAPTOP_STOP_MS) != 0) {
			kill(pid, SIGQUIT);
			rc = wait_gone(pid, l->cluster, LAPTOP_STOP_MS);
		}
		if (rc != 0)
			err_set(e, "pawl.Laptop", "A PostgreSQL (process %d) in %s does not stop.",
			    (int)pid, l->cluster);
	} else if (pid != 0 && kill(pid, 0) == 0) {
		unlink(path);
	}
	free(path);
	return rc;
}

/* --- starting -------------------------------------------------------------------------------------- */

static int
start_server(struct laptop *l, struct err *e)
{
	char *postgres = xasprintf("%s/postgres", l->bin);
	char *sockets = xasprintf("unix_socket_directories=\"%s\"", l->socket_dir);
	char *const argv[] = { postgres, (char *)(uintptr_t) "-D", l->cluster,
		(char *)(uintptr_t) "-c", sockets, (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "listen_addresses=", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "port=5432", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "unix_socket_permissions=0700", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "logging_collector=off", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "log_destination=stderr", NULL };

	l->pid = spawn(l, argv, e);
	l->started_ms = clock_mono_ms();
	free(postgres);
	free(sockets);
	return l->pid > 0 ? 0 : -1;
}

/* Reaps the server if it has ended. True when there is none (any more). */
static bool
has_ended(struct laptop *l)
{
	int status;
	pid_t pid;

	if (l->pid <= 0)
		return true;
	while ((pid = waitpid(l->pid, &status, WNOHANG)) < 0 && errno == EINTR)
		;
	if (pid == 0)
		return false;
	l->pid = 0;
	if (!l->stopping && pid > 0) {
		if (WIFSIGNALED(status))
			log_warn("laptop: PostgreSQL was killed by signal %d", WTERMSIG(status));
		else
			log_warn("laptop: PostgreSQL ended with status %d: see %s/postgres.log",
			    WEXITSTATUS(status), l->data_dir);
	}
	return true;
}

/*
 * Waits until it takes connections. A server that dies at once is started again for
 * a while: processes of a killed one may still hold its memory.
 */
static int
wait_ready(struct laptop *l, struct err *e)
{
	int64_t begun_ms = clock_mono_ms();

	for (int64_t ms = 0; ms < LAPTOP_READY_MS; ms = clock_mono_ms() - begun_ms) {
		if (has_ended(l)) {
			if (ms > LAPTOP_QUICK_DEATH_MS)
				return err_set(e, "pawl.Laptop",
				    "PostgreSQL does not start: see "
				    "%s/postgres.log.",
				    l->data_dir);
			sleep_ms(100);
			if (start_server(l, e) != 0)
				return -1;
		}
		if (PQping(l->conninfo) == PQPING_OK)
			return 0;
		sleep_ms(POLL_MS);
	}
	return err_set(e, "pawl.Laptop",
	    "PostgreSQL is not ready after %d minutes: see %s/postgres.log.",
	    LAPTOP_READY_MS / 60000, l->data_dir);
}

static int
prepare(struct laptop *l, const struct laptop_options *o, struct err *e)
{
	if (make_folder(o->data_dir, 0711, e) != 0)
		return -1;
	if ((l->data_dir = realpath(o->data_dir, NULL)) == NULL)
		return err_set(e, "pawl.Laptop", "%s: %s.", o->data_dir, strerror(errno));
	l->cluster = xasprintf("%s/postgres", l->data_dir);
	if (take_lock(l, e) != 0 || find_server(l, o->postgres_bin, e) != 0 ||
	    choose_user(l, e) != 0 || check_reachable(l, e) != 0)
		return -1;
	if (cluster_version(l) == 0 && make_cluster(l, e) != 0)
		return -1;
	if (clear_leftover(l, e) != 0 || choose_socket_dir(l, e) != 0)
		return -1;
	make_conninfo(l);
	return 0;
}

struct laptop *
laptop_start(const struct laptop_options *o, struct err *e)
{
	struct laptop *l = xcalloc(1, sizeof *l);

	l->lock_fd = -1;
	if (prepare(l, o, e) == 0 && start_server(l, e) == 0 && wait_ready(l, e) == 0) {
		log_info("laptop: PostgreSQL (process %d) is ready: psql \"%s\"", (int)l->pid,
		    l->conninfo);
		return l;
	}
	laptop_stop(l);
	return NULL;
}

const char *
laptop_conninfo(const struct laptop *l)
{
	return l->conninfo;
}

/* --- while the loop runs ------------------------------------------------------------------------------ */

static void
start_again(void *arg)
{
	struct watch *w = arg;
	struct err e = ERR_INIT;

	if (w->laptop == NULL || w->laptop->pid > 0)
		return;
	if (start_server(w->laptop, &e) != 0) {
		log_error("laptop: %s", err_cause(&e));
		loop_timer_set(&w->restart, LAPTOP_PAUSE_MAX_MS);
	}
	err_fini(&e);
}

static void
child_ended(void *arg)
{
	struct watch *w = arg;
	struct laptop *l = w->laptop;

	if (l == NULL || l->pid <= 0 || !has_ended(l))
		return;
	/* who lived for a minute was well; who dies young is started ever more slowly */
	if (clock_mono_ms() - l->started_ms > 60000)
		w->pause_ms = LAPTOP_PAUSE_MIN_MS;
	loop_timer_set(&w->restart, w->pause_ms);
	w->pause_ms = w->pause_ms * 2 < LAPTOP_PAUSE_MAX_MS ? w->pause_ms * 2 : LAPTOP_PAUSE_MAX_MS;
}

static void
watch_free(void *arg)
{
	struct watch *w = arg;

	if (w->laptop != NULL)
		w->laptop->watch = NULL;
	loop_timer_fini(&w->restart);
	free(w);
}

void
laptop_watch(struct laptop *l, struct loop *loop)
{
	struct watch *w = xcalloc(1, sizeof *w);

	w->laptop = l;
	w->pause_ms = LAPTOP_PAUSE_MIN_MS;
	l->watch = w;
	loop_timer_init(loop, &w->restart, start_again, w);
	loop_signal(loop, SIGCHLD, child_ended, w);
	loop_at_free(loop, watch_free, w);
	/* it may have died before we listened */
	child_ended(w);
}

/* --- stopping --------------------------------------------------------------------------------------------- */

static void
stop_server(struct laptop *l)
{
	static const int signals[] = { SIGINT, SIGQUIT, SIGKILL };

	for (size_t i = 0; i < sizeof signals / sizeof signals[0] && !has_ended(l); i++) {
		if (i > 0)
			log_warn("laptop: PostgreSQL does not stop, sending it signal %d",
			    signals[i]);
		kill(l->pid, signals[i]);
		for (int waited = 0; waited < LAPTOP_STOP_MS && !has_ended(l); waited += POLL_MS)
			sleep_ms(POLL_MS);
	}
}

void
laptop_stop(struct laptop *l)
{
	if (l == NULL)
		return;
	l->stopping = true;
	if (l->watch != NULL)
		l->watch->laptop = NULL;
	stop_server(l);
	if (l->socket_dir != NULL)
		rmdir(l->socket_dir);
	if (l->lock_fd >= 0)
		close(l->lock_fd);
	free(l->data_dir);
	free(l->cluster);
	free(l->socket_dir);
	free(l->bin);
	free(l->conninfo);
	free(l->user);
	free(l);
}
