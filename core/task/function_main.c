/*
 * function_main - pawl-function, a function worker: reads calls, runs Lua functions,
 * writes answers, until its pawld is gone.
 *
 *	pawl-function SCRIPT_DIR
 *
 * It speaks on file descriptor 0, a socket, in the frames of task/worker_frame.h, and
 * keeps nothing from one call to the next but its HTTP connections.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "task/httpc.h"
#include "task/worker.h"
#include "task/worker_frame.h"

#define SOCKET_FD 0
#define FILES_MAX 64
#define OVERHEAD_BYTES \
	((rlim_t)512 << 20) /* libraries, TLS, the resolver's threads: address space, not memory */

#if defined(__SANITIZE_ADDRESS__)
#define LIMITS_ADDRESS_SPACE 0 /* the sanitizer maps terabytes */
#else
#define LIMITS_ADDRESS_SPACE 1
#endif

static void
set_limit(int what, rlim_t value)
{
	struct rlimit r = { value, value };

	if (setrlimit((__rlimit_resource_t)what, &r) != 0)
		fprintf(stderr, "pawl-function: setrlimit %d: %s\n", what, strerror(errno));
}

/* The Lua allocator keeps the limit; this one catches what it does not see. Only the soft one, so that it can grow. */
static void
limit_memory(int64_t memory)
{
	struct rlimit r = { (rlim_t)memory * 2 + OVERHEAD_BYTES, RLIM_INFINITY };

	if (LIMITS_ADDRESS_SPACE && setrlimit(RLIMIT_AS, &r) != 0)
		fprintf(stderr, "pawl-function: setrlimit RLIMIT_AS: %s\n", strerror(errno));
}

static void
confine(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_NOFILE, FILES_MAX);
	signal(SIGPIPE, SIG_IGN);
}

/* --- the socket --------------------------------------------------------------------------- */

/* pawld closed its end, or broke the rules: there is nobody to tell. */
static void
leave(void)
{
	_exit(0);
}

static void
read_exactly(char *to, size_t len)
{
	while (len > 0) {
		ssize_t n = read(SOCKET_FD, to, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			leave();
		to += n;
		len -= (size_t)n;
	}
}

static void
write_all(const char *from, size_t len)
{
	while (len > 0) {
		ssize_t n = send(SOCKET_FD, from, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			leave();
		from += n;
		len -= (size_t)n;
	}
}

/* The text of the next call; yours. */
static char *
read_call(size_t *len)
{
	unsigned char head[WORKER_FRAME_HEAD];
	enum worker_frame_kind kind;
	int64_t n;
	char *text;

	read_exactly((char *)head, sizeof(head));
	if ((n = worker_frame_len(head, &kind)) < 0 || kind != WORKER_CALL)
		leave();
	text = xmalloc((size_t)n + 1);
	read_exactly(text, (size_t)n);
	*len = (size_t)n;
	return text;
}

/* --- calls ---------------------------------------------------------------------------------- */

static void
send_log(void *arg, enum log_level level, const char *line)
{
	struct doc_builder *d;
	struct doc built;
	struct buf b;
	int *nlines = arg;

	if (++*nlines > WORKER_LOG_LINES_MAX)
		return;
	if (!doc_utf8_valid(line, strlen(line)))
		line = "(a line that is not valid UTF-8)";
	d = docb_new();
	docb_object(d);
	docb_keys(d, "level");
	docb_i64(d, level);
	docb_keys(d, "line");
	docb_strings(d, line);
	docb_end(d);
	built = docb_finish(d);
	buf_init(&b, BUF_UNLIMITED);
	worker_frame_begin(&b);
	doc_print(built, &b);
	worker_frame_end(&b, WORKER_LOG);
	write_all(b.data, b.len);
	buf_fini(&b);
	doc_unref(built);
}

static void
send_answer(const struct script_answer *a)
{
	struct buf b;

	buf_init(&b, WORKER_FRAME_MAX);
	worker_frame_begin(&b);
	worker_write_answer(&b, a);
	worker_frame_end(&b, WORKER_ANSWER);
	if (buf_failed(&b)) {
		struct script_answer large = { .result = SCRIPT_RAISED,
			.value = DOC_NONE,
			.trace = DOC_NONE };

		large.error_message =
		    xasprintf("the result is larger than %u bytes", WORKER_FRAME_MAX);
		send_answer(&large);
		script_answer_fini(&large);
	} else {
		write_all(b.data, b.len);
	}
	buf_fini(&b);
}

static void
serve(const struct script_dirs *dirs, struct httpc_blocking *http)
{
	size_t len;
	char *text = read_call(&len), *name;
	int nlines = 0;
	const struct script_world world = { send_log, &nlines };
	struct script_call call;
	struct script_answer answer;
	struct doc whole;
	int64_t memory;

	if (worker_read_call(text, len, &call, &name, &memory, &whole) != 0)
		leave();
	free(text);
	limit_memory(memory);
	/* pawld kills at the limit; this only ends what a stopped pawld does not */
	call.timeout_ms *= 2;
	script_call_blocking(dirs, &call, (size_t)memory, http, &world, &answer);
	doc_unref(whole);
	free(name);
	send_answer(&answer);
	if (answer.result == SCRIPT_MEMORY)
		leave();
	script_answer_fini(&answer);
}

int
main(int argc, char **argv)
{
	struct httpc_blocking *http;
	struct script_dirs dirs;

	if (argc != 3 || argv[1][0] == '-') {
		fprintf(stderr,
		    "usage: pawl-function SCRIPT_DIR LIB_DIR\n"
		    "Runs Lua functions for pawld, which starts it.\n");
		return 2;
	}
	dirs = (struct script_dirs){ argv[1], argv[2][0] != '\0' ? argv[2] : NULL };
	confine();
	http = httpc_blocking_new();
	for (;;)
		serve(&dirs, http);
}
