/*
 * hook - the Lua files of script_dir/hooks: functions of the operator that are called at
 * named points.
 *
 * A file returns a table of functions, named like the points below; all that have a point are asked
 * in the order of the files' names. They run in this process, each call with the budget of
 * an expression and globals of its own. What one raises never leaves here: authorize says
 * no then, the others are as if the hook were not there; both are counted and logged.
 *
 * hooks_any is all that costs anything where no hook is loaded.
 */
#ifndef PAWL_TASK_HOOK_H
#define PAWL_TASK_HOOK_H

#include "base/err.h"
#include "base/loop.h"
#include "doc/doc.h"
#include "task/script.h"

#define HOOK_POINTS(X) \
	X(authorize) \
	X(execution_started) \
	X(execution_ended) \
	X(state_failed) \
	X(before_dispatch)

enum hook_point {
#define X(name) HOOK_##name,
	HOOK_POINTS(X) HOOK_POINT_COUNT
#undef X
};

struct hooks;

struct hooks *hooks_new(struct loop *l,
    const struct script_dirs *d); /* copies; no hook is loaded */
/* What hooks_tell queued is told first, as far as a second goes. NULL is fine. */
void hooks_free(struct hooks *h);
/*
 * Reads all files: 0, or -1 and e with file, line and sentence when one of them cannot be read, does not
 * compile, fails, or names a point that there is not. Then the hooks stay as they were.
 */
int hooks_load(struct hooks *h, struct err *e) __attribute__((warn_unused_result));
/* Adds a member to an object for a hook; nothing when text is NULL or not UTF-8. */
void hook_add_text(struct doc_builder *b, const char *key, const char *text);
/* Is there a hook at this point? h NULL = no. */
bool hooks_any(const struct hooks *h, enum hook_point p);

/*
 * authorize: true when every hook returns true. Else *reason (yours) is the text that the first refusal gave,
 * or NULL when it gave none.
 */
bool hooks_authorize(struct hooks *h, struct doc request, char **reason)
    __attribute__((warn_unused_result));

/* What the hooks at before_dispatch made of a task. */
struct hook_dispatch {
	struct doc parameters; /* in the place of the task's; DOC_NONE = those */
	bool refused;
	char *error, *cause; /* refused: never NULL */
};
void hook_dispatch_fini(struct hook_dispatch *d);
/* task: an object with a member "parameters". */
void hooks_before_dispatch(struct hooks *h, struct doc task, struct hook_dispatch *out);

/*
 * The others: tells them of it soon, in order, never inside this call unless too much waits already. Takes
 * event.
 */
void hooks_tell_take(struct hooks *h, enum hook_point p, struct doc event);

#endif
