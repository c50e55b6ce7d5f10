/*
 * queue - the parts of the plugin queue: SQS on PostgreSQL.
 *
 *	queue.c       the plugin: its life, and SQS on the wire
 *	schema.c      the tables and functions of schema.sql
 *	request.c     a call of the API under way
 *	admin.c       actions on queues
 *	attributes.c  attributes of queues, checked
 *	message.c     what is sent, checked, with its digests
 *	send.c        actions that send
 *	receive.c     ReceiveMessage, which may wait
 *	consume.c     actions on messages that were received
 *	line.c        who waits at which queue, and hints between nodes
 *	task.c        the task sqs:sendMessage
 */
#ifndef PAWL_PLUGIN_QUEUE_H
#define PAWL_PLUGIN_QUEUE_H

#include <sys/queue.h>

#include <pawl/plugin.h>

#include "awswire.h"
#include "envelope.h"
#include "queries_gen.h"
#include "sweep.h"

#define QUEUE_NAME_MAX 80
#define QUEUE_BATCH_MAX 10
#define QUEUE_MESSAGE_MAX 1048576 /* bytes of a message, and of a batch */
#define QUEUE_DELAY_MAX 900
#define QUEUE_VISIBILITY_MAX 43200
#define QUEUE_WAIT_MAX 20 /* seconds that a receiver may wait */
#define QUEUE_MD5_SIZE 33 /* hexadecimal digits and NUL */

/* --- queries.sql ---------------------------------------------------------------------- */

enum queue_query {
#define SQL(name, nparams, text) QUERY_##name,
	SQL_QUERIES(SQL)
#undef SQL
};
/* The statement with its parameters, of which there are as many as it has. */
struct pawl_sql_statement queue_statement(enum queue_query query, const char *const *params);

/* The steps of db_migrate. */
extern const char *const queue_schema[];
extern const size_t queue_nschema;

/* --- errors ----------------------------------------------------------------------------- */

/* Zeroed = none. */
struct queue_error {
	const char *code; /* of the JSON protocol; static */
	int status;       /* 0 = 400 */
	char *message;    /* owned */
};
/* Returns -1; the first error stays. */
int queue_error_set(struct queue_error *e, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void queue_error_fini(struct queue_error *e);

/* --- the plugin's state ---------------------------------------------------------------- */

struct request;
struct task_call;
struct line;
TAILQ_HEAD(request_list, request);
TAILQ_HEAD(task_list, task_call);
TAILQ_HEAD(line_list, line);

#define QUEUE_BUCKETS 256

struct queue {
	const struct pawl_host *host;
	struct pawl_db *db;
	char node[ENVELOPE_ID_SIZE]; /* tells this process's hints from those of others */
	struct request_list requests;
	struct task_list tasks;
	struct line_list lines[QUEUE_BUCKETS];
	char **hints; /* owned payloads that are to be sent */
	size_t nhints;
	bool hinting; /* a query that sends some is under way */
	struct sweep sweep;
};

extern const struct awswire_service queue_wire;

/* Whether it may be the name of a queue. */
bool queue_name_is_valid(const char *name);
bool queue_is_fifo(const char *name);
/* arn:aws:sqs:REGION:ACCOUNT:NAME; to be released with free. */
char *queue_arn(const struct pawl_host *h, const char *name);
/* The name at the end of a queue's URL, or the name itself; to be released with free. NULL: it can be none. */
char *queue_name_of_url(const char *url);

/* --- request.c ---------------------------------------------------------------------------- */

struct action {
	const char *name;
	bool at_queue; /* its parameters name a queue */
	/* 0: a query is under way, or the request was answered and is gone. -1: *e is the answer. */
	int (*start)(struct request *r, struct queue_error *e);
	/* Answers, with what the query gave. */
	void (*done)(struct request *r, const struct pawl_sql_rows *rows);
};

/* What a receipt handle says: which message, and which receiving of it. */
struct receipt {
	long queue_id;
	long long seq;
	char id[ENVELOPE_ID_SIZE];
};

/* One entry of a batch; a call for one message is a batch of one. */
struct batch_entry {
	char *id;                 /* owned; NULL = the call is no batch */
	struct queue_error error; /* it failed */
	size_t row;               /* its row in the query's answer, when it did not fail */
	struct message *message;  /* owned; of what is sent */
	struct receipt receipt;   /* of what was received */
	int64_t seconds;          /* its new visibility timeout */
};

struct request {
	TAILQ_ENTRY(request) link;
	struct queue *queue;
	const struct action *action;
	struct awswire_call call;
	struct pawl_doc params;
	char *name;     /* of the queue; NULL = none is named */
	char *base_url; /* http://HOST: where the client finds this pawld */
	uint64_t sql;   /* 0 = no query is under way */
	struct batch_entry entries[QUEUE_BATCH_MAX];
	size_t nentries;
	struct receiver *receiver; /* owned; ReceiveMessage only */
};

/* A call from the API. */
void request_open(struct queue *q, const struct pawl_http_call *c);
/* What is under way is dropped. */
void request_free(struct request *r);
void request_query(struct request *r, enum queue_query query, const char *const *params);
/* These end the request. answer is given away; PAWL_NO_DOC = no result. False when the client has gone. */
bool request_answer(struct request *r, struct pawl_doc answer);
void request_fail(struct request *r, struct queue_error *e);
void request_fail_missing(struct request *r); /* there is no such queue */
void request_fail_entry(struct request *r);   /* with the error of its only entry */
/* http://HOST/ACCOUNT/NAME; to be released with free. */
char *request_url(const struct request *r, const char *name);
bool request_is_batch(const struct request *r); /* by the name of its action */
/*
 * Reads the member Entries, or the parameters themselves when the action is no batch: read is
 * called for each and may set its error, which for what is no batch is the call's.
 */
int request_read_entries(struct request *r,
    void (*read)(struct request *r, struct pawl_doc params, struct batch_entry *entry),
    struct queue_error *e);
/* Gives each entry that did not fail its row; how many these are. */
size_t request_number_entries(struct request *r);
/* Sets the errors of those with a problem in that column; how many have none. */
size_t request_note_problems(struct request *r, const struct pawl_sql_rows *rows, size_t column,
    void (*explain)(const char *problem, struct queue_error *e));
/* Answers a batch: add_result adds the members of an entry that did not fail, after its Id. */
void request_answer_batch(struct request *r,
    void (*add_result)(struct pawl_builder *b, const struct request *r,
	const struct batch_entry *entry, const struct pawl_sql_rows *rows),
    const struct pawl_sql_rows *rows);
const char *request_value(const struct pawl_sql_rows *rows, size_t row, size_t column);
/* A number between min and max, or an error that names it; when the member is missing *out stays. */
int request_number(const struct pawl_host *h, struct pawl_doc params, const char *name, int64_t min,
    int64_t max, const char *must, int64_t *out, struct queue_error *e);

/* Tables of actions, each ending with a name that is NULL. */
extern const struct action admin_actions[], send_actions[], receive_actions[], consume_actions[];

/* --- attributes.c --------------------------------------------------------------------------- */

/* The attributes of a queue checked, as a new object; PAWL_NO_DOC and *e. */
struct pawl_doc attributes_check(const struct pawl_host *h, const char *queue_name,
    struct pawl_doc given, bool create, struct queue_error *e);
/* The answer of GetQueueAttributes: those of the row that are wanted. */
struct pawl_doc attributes_answer(const struct pawl_host *h, const char *queue_name,
    struct pawl_doc wanted, const struct pawl_sql_rows *rows);
/* 0, or -1: one that there is not is wanted. *counts: the number of messages is. */
int attributes_wanted(const struct pawl_host *h, struct pawl_doc names, bool *counts,
    struct queue_error *e);

/* --- message.c ------------------------------------------------------------------------------ */

/* A message that is to be sent. */
struct message {
	char body_md5[QUEUE_MD5_SIZE];
	char attributes_md5[QUEUE_MD5_SIZE], system_md5[QUEUE_MD5_SIZE]; /* "" = it has none */
	size_t size;
	struct pawl_doc entry; /* owned: as pawl_queue.send_entries takes it */
};
/* Checks the parameters of SendMessage, or of an entry of a batch; -1 and *e. body: its characters, NULL = missing. */
int message_read(const struct pawl_host *h, const char *queue_name, struct pawl_doc params,
    const char *body, size_t body_len, struct message *m, struct queue_error *e);
void message_fini(const struct pawl_host *h, struct message *m);
/* The problem that the database has with it, as an error. */
void message_problem(const char *problem, struct queue_error *e);
/* The result's members MD5OfMessageAttributes ... MessageId, SequenceNumber, in the order of names. */
void message_add_result(const struct pawl_host *h, struct pawl_builder *b, const struct message *m,
    const struct pawl_sql_rows *rows, size_t row);
/* Adds a received message; params are the call's, row is what pawl_queue.receive told. */
void message_add_received(const struct pawl_host *h, struct pawl_builder *b, struct pawl_doc params,
    struct pawl_doc row);

/* --- receive.c, line.c ----------------------------------------------------------------------- */

/* A call that waits for messages: a place in a line. */
struct receiver {
	TAILQ_ENTRY(receiver) link;
	struct request *request;
	struct line *line;   /* NULL = it does not wait */
	bool parked;         /* no query is under way */
	bool last;           /* its time is over: the next answer counts */
	unsigned nheld;      /* looks since then that only found messages which others held */
	uint64_t seen;       /* wakes of the line when its query began */
	uint64_t timer;      /* end of its time, then its next look */
	int64_t wait_ms;     /* how long it may wait; -1 = as the queue says */
	int64_t max;         /* messages */
	char visibility[16]; /* seconds; "" = as the queue says */
};
/* Looks for messages now. */
void receiver_look(struct receiver *v);

void line_join(struct queue *q, struct receiver *v);
void line_leave(struct receiver *v);
/* How often something may have come; a look that began before the latest must be repeated. */
uint64_t line_wakes(const struct line *l);

/* Something may be in the queue in delay_ms, for up to n receivers here. */
void line_wake(struct queue *q, const char *name, size_t n, int64_t delay_ms);
/* The same here and on all nodes. */
void line_tell(struct queue *q, const char *name, size_t n, int64_t delay_ms);
void line_wake_all(struct queue *q);
/* A hint of some node, as the channel pawl_queue brings it. */
void line_notified(void *queue, const char *payload);
void line_fini(struct queue *q);

/* --- task.c ------------------------------------------------------------------------------------ */

void task_start(void *queue, const struct pawl_task *t);
void task_cancel(void *queue, uint64_t task);
void task_fini(struct queue *q);

#endif
