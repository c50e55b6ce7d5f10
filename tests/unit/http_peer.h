/*
 * http_peer - starts tests/unit/http_peer.py for a test program, and runs a loop until
 * something has happened.
 */
#ifndef PAWL_TESTS_HTTP_PEER_H
#define PAWL_TESTS_HTTP_PEER_H

#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"

extern char **environ;

struct http_peer {
	pid_t pid;
	int in; /* closing it ends the peer */
	int port, tls_port;
	char certificate[256];
};

/* A path of the source tree; srcdir is in the environment under make check. */
static inline const char *
test_source_path(const char *relative)
{
	static char path[1024];
	const char *srcdir = getenv("srcdir");

	snprintf(path, sizeof(path), "%s/%s", srcdir != NULL ? srcdir : ".", relative);
	return path;
}

/* "PORT TLS_PORT CERTIFICATE" */
static inline int
http_peer_read(struct http_peer *p, const char *line)
{
	char *end;

	p->port = (int)strtol(line, &end, 10);
	p->tls_port = (int)strtol(end, &end, 10);
	if (p->port <= 0 || *end != ' ')
		return -1;
	snprintf(p->certificate, sizeof(p->certificate), "%.*s", (int)strcspn(end + 1, "\n"),
	    end + 1);
	return 0;
}

/* 0, or -1 when there is no python3. */
static inline int
http_peer_start(struct http_peer *p)
{
	char program[] = "python3", script[1024], line[512];
	char *argv[] = { program, script, NULL };
	posix_spawn_file_actions_t actions;
	int in[2], out[2], rc;
	FILE *f;

	snprintf(script, sizeof(script), "%s", test_source_path("tests/unit/http_peer.py"));
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	rc = posix_spawnp(&p->pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	close(out[1]);
	p->in = in[1];
	f = fdopen(out[0], "r");
	if (rc == 0 && (fgets(line, sizeof(line), f) == NULL || http_peer_read(p, line) != 0))
		rc = -1;
	fclose(f);
	return rc == 0 ? 0 : -1;
}

static inline void
http_peer_stop(struct http_peer *p)
{
	close(p->in);
	waitpid(p->pid, NULL, 0);
}

static inline void
test_loop_gave_up(void *arg)
{
	(void)arg;
	fprintf(stderr, "nothing happened for 60 seconds\n");
	abort();
}

/* Runs the loop until somebody stops it; ends the test when nobody does. */
static inline void
test_loop_run(struct loop *l)
{
	struct loop_timer limit;

	loop_timer_init(l, &limit, test_loop_gave_up, NULL);
	loop_timer_set(&limit, 60000);
	loop_run(l);
	loop_timer_fini(&limit);
}

#endif
