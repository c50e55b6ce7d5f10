/*
 * script_file - reading the files of script_dir, and running one in a box; for the
 * script*.c files and hook.c only.
 */
#ifndef PAWL_TASK_SCRIPT_FILE_H
#define PAWL_TASK_SCRIPT_FILE_H

#include <sys/stat.h>

#include "expr/luabox.h"
#include "task/script.h"

struct script_file {
	char *text; /* NUL-terminated; NULL = not there */
	size_t len;
	struct stat st; /* of the moment it was read */
};
/* 0, or -1 and e (may be NULL). */
int script_file_read(const char *path, struct script_file *f, struct err *e);
void script_file_fini(struct script_file *f);
/* True when the file that st is about is the one that was read. */
bool script_file_is(const struct script_file *f, const struct stat *st);

char *script_function_path(const char *script_dir, const char *name); /* yours */
/* A luabox_module_cb for lib/NAME.lua of script_dir, else NAME.lua of lib_dir; "a.b" is a/b.lua. */
int script_module_read(const struct script_dirs *d, const char *name, uint64_t *stamp,
    struct buf *text, struct err *e);

/* Adds log, print, warn and now to the table on top of the stack; w is borrowed as long as the box lives. */
void script_log_open(struct lua_State *l, const struct script_world *w);

void script_answer_missing(struct script_answer *out, const char *name);
/* Calls the function that the code returns; *out is initialised. */
void script_run(struct luabox *b, int code, const struct script_call *c, bool pure,
    struct script_answer *out);

#endif
