/*
 * conf - the configuration: a Lua file, overridden by the command line.
 *
 * The file is Lua, run once in a sandbox of its own: an assignment to a global
 * sets the option of that name (base/options.h), and is checked at once, so an
 * error names file and line. Locals, functions and the plain parts of string,
 * table and math are there to compute with, and env("NAME") for secrets.
 *
 *	struct conf_overrides o = CONF_OVERRIDES_INIT;
 *	while (i < argc && (n = conf_override(&o, argc - i, argv + i, &e)) > 0)
 *		i += n;
 *	struct conf *c = conf_load(path, &o, &e);
 *
 * Text fields stay where they are for the life of the conf, except those of
 * reloadable options: read them again after each conf_reload.
 */
#ifndef PAWL_BASE_CONF_H
#define PAWL_BASE_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/options.h"

#define CONF_C_STRING const char *
#define CONF_C_SECRET const char *
#define CONF_C_ADDR const char *
#define CONF_C_ENUM const char *
#define CONF_C_TABLE const char *
#define CONF_C_INT int64_t
#define CONF_C_BYTES int64_t
#define CONF_C_DURATION int64_t
#define CONF_C_BOOL bool

/* A field for each option, under its name. Texts are never NULL; a TABLE that is not set is "{}". */
struct conf {
#define X(name, type, default_text, reload, range, help) CONF_C_##type name;
	CONF_OPTIONS(X)
#undef X
	struct conf_source *source; /* the file and the overrides, for conf_reload */
};

/* Options from the command line, in order; a later one wins. */
struct conf_overrides {
	char **items; /* "name=value" */
	size_t nitems;
};
#define CONF_OVERRIDES_INIT \
	{ \
		NULL, 0 \
	}

/*
 * Looks at argv[0]: "--NAME=VALUE", "--NAME VALUE" (NAME with '-' or '_', not a
 * TABLE) or "--set NAME=VALUE". Returns how many words it took, 0 when argv[0] is
 * something else, -1 when the option is known and the value is missing or wrong.
 */
int conf_override(struct conf_overrides *o, int argc, char *const *argv, struct err *e);
void conf_overrides_fini(struct conf_overrides *o);

/*
 * Defaults, then the file (path NULL: none), then the overrides (borrowed, may be
 * NULL). NULL and e on any mistake in any of them; e->cause begins with the place,
 * "pawl.conf:3: ..." or "--listen: ...".
 */
struct conf *conf_load(const char *path, const struct conf_overrides *o, struct err *e);
void conf_free(struct conf *c); /* NULL is fine */

/*
 * Reads file and overrides again. On a mistake -1 and nothing changes. Else the
 * reloadable options change, and the names of other options that the file now
 * sets differently are added to restart ("listen, region"): they need a restart.
 */
int conf_reload(struct conf *c, struct buf *restart, struct err *e);

/* The table plugins.NAME as JSON text, yours; "{}" when there is none. */
char *conf_plugin_json(const struct conf *c, const char *plugin);

/* "name = value" a line, as the options now stand; secrets and tables shown as "(set)". */
void conf_print(const struct conf *c, struct buf *out);

#endif
