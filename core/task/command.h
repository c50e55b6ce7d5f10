/*
 * command - local commands: a program run on the loop, with limits.
 *
 * A command gets its input on standard input; its standard output, as a whole, is the
 * answer. At most so many run at the same time, more wait in their order. One that runs too long or
 * writes too much is killed at once, and what it started with it (its process group). When
 * a command has ended, what it left behind in its group is killed, too, and what it wrote until
 * then is all there is: nobody waits for a grandchild that holds the pipe open.
 */
#ifndef PAWL_TASK_COMMAND_H
#define PAWL_TASK_COMMAND_H

#include "base/loop.h"

#define COMMAND_QUEUE_MAX 100000             /* commands that wait */
#define COMMAND_ERRORS_MAX (32u << 10)       /* bytes of the end of standard error that are kept */
#define COMMAND_TIMEOUT_MS 60000             /* of a spec that says 0 */
#define COMMAND_MEMORY (INT64_C(1) << 30)    /* likewise */
#define COMMAND_OUTPUT_MAX ((size_t)8 << 20) /* likewise */

struct command_pool;

struct command_spec {
	const char *const *argv; /* ends with NULL; argv[0] without '/' is looked for in PATH */
	const char *const *env;  /* "NAME=value", ends with NULL, may be NULL; see command_start */
	const char *cwd;         /* NULL = "/" */
	const void *input;
	size_t input_len;
	int64_t timeout_ms; /* from the moment it runs */
	int64_t memory;     /* bytes of address space of each process */
	size_t max_output;  /* bytes of standard output */
};

enum command_result {
	COMMAND_EXITED,   /* status */
	COMMAND_SIGNALED, /* signal */
	COMMAND_TIMEOUT,
	COMMAND_TOO_LARGE,
	COMMAND_NOT_STARTED,
	COMMAND_BUSY /* too many wait */
};

struct command_answer {
	enum command_result result;
	int status, signal;
	const char *message; /* one sentence when it did not exit; else "" */
	const char *output;  /* ends with NUL besides, as errors */
	size_t output_len;
	const char *errors; /* the end of its standard error */
	size_t errors_len;
};

struct command_pool *command_pool_new(struct loop *l, int max_running);
/* Kills what runs; nobody is called back. NULL is fine. */
void command_pool_free(struct command_pool *p);
/* For commands that begin from now on (a reload). */
void command_pool_set_max(struct command_pool *p, int max_running);

/* a is borrowed. Never called inside command_start. */
typedef void command_cb(void *arg, const struct command_answer *a);

/*
 * s is copied. The program's environment is PATH, HOME, LANG and TZ of this process, where s does
 * not have them, and s->env. Returns the id; cb comes exactly once unless it is cancelled.
 */
uint64_t command_start(struct command_pool *p, const struct command_spec *s, command_cb *cb,
    void *arg);
/* Forgets it, and kills it when it runs. Unknown ids are fine. */
void command_cancel(struct command_pool *p, uint64_t id);

struct command_counts {
	int nrunning;
	size_t nwaiting;
};
struct command_counts command_counts(const struct command_pool *p);

#endif
