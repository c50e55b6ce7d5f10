/*
 * database - the parts of the plugin database: SQL statements as tasks. (DynamoDB: dynamo.h.)
 *
 *	database.c    the plugin: its options and its life
 *	place.c       the databases of the configuration, by name
 *	statement.c   what a task asks: statements and their parameters
 *	sqltask.c     the tasks database:execute and database:query
 *	result.c      rows to JSON
 *	sqlarray.c    PostgreSQL's text of an array to JSON
 *	sqlstate.c    SQLSTATE to error names
 */
#ifndef PAWL_PLUGIN_DATABASE_H
#define PAWL_PLUGIN_DATABASE_H

#include <sys/queue.h>

#include <pawl/plugin.h>

#include "dynamo.h"
#include "text.h"

struct sqltask;
TAILQ_HEAD(sqltask_list, sqltask);
struct place;
TAILQ_HEAD(place_list, place);

/* The plugin's state. */
struct database {
	const struct pawl_host *host;
	struct place_list places;
	struct sqltask_list tasks;
	struct dynamo dynamo;
};

/* --- place.c ------------------------------------------------------------------------------ */

/* A database that statements run in. */
struct place {
	TAILQ_ENTRY(place) link;
	char *name;    /* "" = pawld's own */
	char *setting; /* its JSON in the configuration, to see whether it has changed */
	struct pawl_db *db;
	size_t ntasks;
	bool retired; /* gone from the configuration: closed when its last task has ended */
};
/*
 * Opens those of the options connections and databases that are new, and retires those that
 * are gone or have changed. NULL, or a sentence about what is wrong, to be released with free: then
 * nothing was changed.
 */
char *places_load(struct database *d);
/* For one task more; NULL = there is none of that name. */
struct place *place_take(struct database *d, const char *name);
void place_give_back(struct database *d, struct place *p);
void places_fini(struct database *d);

/* --- statement.c --------------------------------------------------------------------------- */

/* What a task asks, read from its parameters. */
struct request {
	char *place; /* "" = pawld's own database */
	bool is_list;
	struct pawl_sql_statement *statements;
	size_t nstatements;
	size_t max_rows; /* 0 = not said */
	char *why;       /* the parameters make no sense: a sentence; NULL = they do */
};
void request_read(const struct pawl_host *h, struct pawl_doc parameters, struct request *r);
void request_fini(struct request *r);

/* --- result.c, sqlarray.c ------------------------------------------------------------------- */

/*
 * The result of a task; PAWL_NO_DOC and *why, to be released with free, when two columns have the
 * same name.
 */
struct pawl_doc result_doc(const struct pawl_host *h, const struct pawl_sql_rows *sets,
    size_t nsets, bool is_list, char **why);
/* One value of a type, as PostgreSQL's text; NULL = NULL. */
void result_add_value(const struct pawl_host *h, struct pawl_builder *b, uint32_t type,
    const char *value);

/* The type of the elements of an array; 0 = it is none that is known. */
uint32_t sqlarray_element(uint32_t type);
void sqlarray_add(const struct pawl_host *h, struct pawl_builder *b, uint32_t element,
    const char *value);

/* --- sqlstate.c ------------------------------------------------------------------------------ */

/* "Database.UniqueViolation"; to be released with free. */
char *sqlstate_error(const char *sqlstate);

/* --- sqltask.c ------------------------------------------------------------------------------- */

void sqltask_start(struct database *d, const struct pawl_task *t);
/* False when it is none of these tasks. */
bool sqltask_cancel(struct database *d, uint64_t task);
void sqltasks_fini(struct database *d);

#endif
