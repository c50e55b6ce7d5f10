/*
 * script - the Lua files of script_dir: functions/NAME.lua, and lib/ for require.
 *
 * A function file returns function(event, context), or pawl.pure(function ...). Here
 * they are found, told apart and run in this process; core/task/worker.h runs
 * ordinary ones in another.
 */
#ifndef PAWL_TASK_SCRIPT_H
#define PAWL_TASK_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "doc/doc.h"

#define SCRIPT_NAME_MAX 140        /* characters of a function's name, as AWS */
#define SCRIPT_FILE_MAX (1u << 20) /* bytes of a file */

enum script_kind { SCRIPT_NONE, SCRIPT_ORDINARY, SCRIPT_PURE };

struct script_call {
	const char *name;
	struct doc event, context; /* DOC_NONE context = an empty object */
	uint64_t seed;
	int64_t timeout_ms; /* 0 = the owner's limit, never more than it */
};

enum script_result {
	SCRIPT_OK,
	SCRIPT_RAISED,  /* error_type, error_message, trace */
	SCRIPT_TIMEOUT, /* out of time or of steps */
	SCRIPT_MEMORY,
	SCRIPT_CRASHED,
	SCRIPT_MISSING,
	SCRIPT_BUSY
};

struct script_answer {
	enum script_result result;
	struct doc value;    /* OK */
	char *error_type;    /* RAISED */
	char *error_message; /* not OK: a sentence */
	struct doc trace;    /* RAISED: array of strings, or DOC_NONE */
	int64_t limit_ms;    /* TIMEOUT: the limit it ran into; 0 when that was steps */
};
void script_answer_fini(struct script_answer *a);

/* What ordinary functions are offered besides. log is called with one line. */
struct script_world {
	void (*log)(void *arg, enum log_level level, const char *line);
	void *arg;
};

struct scripts;

/* Where the files are. Borrowed, unless it says otherwise. */
struct script_dirs {
	const char *script_dir;
	const char
	    *lib_dir; /* where require looks for what is not in script_dir/lib; NULL = nowhere */
};

struct scripts *scripts_new(const struct script_dirs *d); /* copies */
void scripts_free(struct scripts *s);                     /* NULL is fine */

/* [A-Za-z0-9_-], at most SCRIPT_NAME_MAX of them: what may be a file name. */
bool script_name_is_valid(const char *name);

/* Looks at the file each time; runs it only when it has changed. */
enum script_kind scripts_kind(struct scripts *s, const char *name);
/* A luabox_module_cb for lib/. */
int scripts_module(struct scripts *s, const char *name, uint64_t *stamp, struct buf *text,
    struct err *e);
/* A luabox_give_up_cb for code that runs in this process: it has a share of CPU time. */
int scripts_give_up(struct scripts *s, bool first);
/* Steps that all calls of pure functions have taken. */
int64_t scripts_steps(const struct scripts *s);
/* Runs a pure function now, under the expression budget. */
void scripts_call_pure(struct scripts *s, const struct script_call *c, struct script_answer *out);
/*
 * Runs any function now, with up to memory bytes: it may block in http.request and sleep, until
 * c->timeout_ms are over. http and world are borrowed. For processes that may block.
 */
struct httpc_blocking;
void script_call_blocking(const struct script_dirs *d, const struct script_call *c, size_t memory,
    struct httpc_blocking *http, const struct script_world *world, struct script_answer *out);

#endif
