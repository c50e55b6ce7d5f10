/*
 * launch - a program begun in a process of its own: three pipes, limits, and nothing
 * of ours.
 *
 * The process leads a new session, so kill(-pid) ends it with all that it started and
 * that did not leave its group. It has no descriptor but the pipes, no signal blocked or
 * ignored, no core dump, and it is killed when we die. The caller waits for it, by pidfd.
 */
#ifndef PAWL_TASK_LAUNCH_H
#define PAWL_TASK_LAUNCH_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct launch_spec {
	char *const *argv; /* ends with NULL; argv[0] without '/' is looked for in env's PATH */
	char *const *env;  /* all of it */
	const char *cwd;
	int64_t memory; /* bytes of address space */
};

struct launched {
	pid_t pid;
	int pidfd;        /* readable when it has ended */
	int in, out, err; /* our ends of its standard streams, non-blocking */
};

/* 0, or -1 and e: "sort cannot be started: ...". Returns when the program runs. */
int launch(struct launched *out, const struct launch_spec *s, struct err *e);

#endif
