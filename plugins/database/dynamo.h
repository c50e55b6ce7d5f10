/*
 * dynamo - the parts of DynamoDB in the plugin database.
 *
 *	dynamo.c       calls from the API and from tasks, and their answers
 *	table.c        actions on tables, the keys of a table
 *	item.c         GetItem, PutItem, UpdateItem, DeleteItem
 *	several.c      batches and transactions
 *	query.c        Query and Scan
 *	value.c        attribute values; decimal.c their numbers
 *	expression.c   expressions parsed; condition.c, update.c, projection.c what they do
 *	dynamo_sql.c   the statements of queries.sql and schema.sql
 *
 * An item is read, looked at here, and written back on the condition that it is still the version that was
 * read; when it is not, all begins anew. A transaction of sql_start is statements that are known
 * beforehand, so a lock from the reading to the writing is not possible, and expressions are not
 * for SQL. Calls of this process for the same item take turns, so only other nodes can
 * be in the way.
 */
#ifndef PAWL_DATABASE_DYNAMO_H
#define PAWL_DATABASE_DYNAMO_H

#include <sys/queue.h>

#include "awswire.h"
#include "envelope.h"
#include "expression.h"
#include "queries_gen.h"

/* --- dynamo_sql.c ---------------------------------------------------------------------------- */

enum dynamo_query {
#define SQL(name, nparams, text) DYNAMO_##name,
	SQL_QUERIES(SQL)
#undef SQL
};
struct pawl_sql_statement dynamo_statement(enum dynamo_query query, const char *const *params);
extern const char *const dynamo_schema[];
extern const size_t dynamo_nschema;

/* --- calls ------------------------------------------------------------------------------------- */

struct call;
TAILQ_HEAD(call_list, call);

struct dynamo {
	const struct pawl_host *host;
	struct pawl_db *db;
	struct call_list calls;
};

struct action {
	const char *name;
	bool writes; /* leaves a receipt when a task asks */
	/* 0: a query is under way, or the call has ended. -1: *e is the answer. */
	int (*start)(struct call *c, struct dynamo_error *e);
};
/* Each ends with name NULL. */
extern const struct action table_actions[], item_actions[], several_actions[], query_actions[];

/* The keys of a table, and an item's. */
struct keys {
	char *table_id, *names[2], *types[2]; /* hash, range; names[1] NULL = the table has none */
	char *hash, *range;                   /* of an item, hexadecimal; range "" = it has none */
};

struct call {
	TAILQ_ENTRY(call) link;
	struct dynamo *dynamo;
	const struct action *action;
	struct pawl_doc params;
	uint64_t sql, timer;                                            /* 0 = none */
	void (*done)(struct call *c, const struct pawl_sql_rows *rows); /* of the query */
	/* who asks: a task, or the API */
	uint64_t task;
	char *receipt; /* NULL = none */
	char request_id[ENVELOPE_ID_SIZE];
	struct awswire_call wire;
	/* what it works on */
	char *table;
	struct keys keys;
	struct substitutes substitutes;
	struct node *condition, *update, *projection, *filter;
	struct value *key; /* the parameter Key or Item */
	char *lock;        /* calls with the same text take turns; NULL = it needs none */
	void (*turn)(struct call *c); /* what it does when it is its turn; NULL = it is */
	int64_t at_ms;                /* when it was answered */
	int tries;
	struct value *old, *new; /* the item before and after; NULL = there is none */
	char *version;           /* of old */
	struct pawl_doc answer;
	/* several.c: owned; each is about one item, and is never asked or answered by itself */
	struct call **parts;
	size_t nparts;
};

int dynamo_open(struct dynamo *d, const struct pawl_host *h);
void dynamo_close(struct dynamo *d);
/* A task of arn:aws:states:::dynamodb:*. */
void dynamo_task_start(struct dynamo *d, const struct pawl_task *t);
void dynamo_task_cancel(struct dynamo *d, uint64_t task);

/* A query without a receipt; an answer that is not OK ends the call. */
void call_query(struct call *c, enum dynamo_query query, const char *const *params,
    void (*done)(struct call *c, const struct pawl_sql_rows *rows));
/*
 * In a transaction with the call's receipt, if it has one: done with n rows. When there are none nothing
 * was done. Then c->answer is what is remembered.
 */
void call_write(struct call *c, enum dynamo_query query, const char *const *params,
    void (*done)(struct call *c, const struct pawl_sql_rows *rows));
/* turn comes when no earlier call has the same lock, maybe at once; takes lock. */
void call_take_turn(struct call *c, char *lock, void (*turn)(struct call *c));
/* These end the call. */
void call_answer(struct call *c, struct pawl_doc answer); /* takes answer */
void call_fail(struct call *c, struct dynamo_error *e);
/* A part more of a call about several items; params is given away. */
struct call *call_add_part(struct call *c, const struct action *action, struct pawl_doc params);
const char *call_value(const struct pawl_sql_rows *rows, size_t row, size_t column);

/* --- table.c ------------------------------------------------------------------------------------- */

/* The parameter TableName; -1 and *e. */
int table_read_name(struct call *c, struct dynamo_error *e);
void table_fail_missing(struct call *c);
/* From columns table_id, hash_name, hash_type, range_name, range_type. */
void keys_read(struct keys *k, const struct pawl_sql_rows *rows, size_t row);
/* Sets hash and range from the item; exact: it may have no attributes beside its key. -1 and *e. */
int keys_of_item(struct keys *k, const struct value *item, bool exact, struct dynamo_error *e);
void keys_fini(struct keys *k);
/* Bytes that compare as the key does, in hexadecimal; to be released with free. */
char *key_hex(const struct value *v);
/* Whether the call wants to know its ConsumedCapacity. */
bool capacity_is_wanted(const struct call *c);
/* The capacity of one table as an object; name: as the answer says it. */
void capacity_write(struct call *c, struct pawl_builder *b, const char *name, double units);
/* Adds ConsumedCapacity when it is wanted. */
void capacity_add(struct call *c, struct pawl_builder *b, double units);

/* --- item.c --------------------------------------------------------------------------------------- */

#define TRIES_MAX 30 /* when others change the same items */

/* One of item_actions. */
const struct action *item_action(const char *name);
/* Reads the parameters of a call about one item; -1 and *e. */
int item_read(struct call *c, struct dynamo_error *e);
/* What may be its key among the attributes, for find_item: {"id": "6869"}; free with host->free. */
char *item_possible_keys(const struct call *c);
/* Takes the key and the item before from a row of find_item; -1 and *e: the key is none of that table. */
int item_take_old(struct call *c, const struct pawl_sql_rows *rows, size_t row,
    struct dynamo_error *e);
/* Whether the condition holds, and what the item becomes; -1 and *e. */
int item_change(struct call *c, struct dynamo_error *e);
/* The item before, or what the projection wants of it. */
void item_write(struct call *c, struct pawl_builder *b);
double item_units(const struct call *c); /* capacity */
/* Milliseconds until the next try. */
int64_t item_pause(const struct call *c);

#endif
