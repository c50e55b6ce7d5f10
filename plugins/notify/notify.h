/*
 * notify - the parts of the plugin notify: SNS on PostgreSQL.
 *
 *	notify.c        the plugin: its life, and SNS on the wire
 *	schema.c        the tables and functions of schema.sql
 *	names.c         ARNs of topics, subscriptions and queues
 *	request.c       a call of the API under way
 *	topic.c         actions on topics
 *	subscription.c  actions on subscriptions
 *	endpoint.c      where a subscription leads, checked
 *	filter.c        filter policies, checked
 *	message.c       what is published, checked
 *	publish.c       actions that publish
 *	task.c          the task sns:publish
 *	hint.c          tells receivers of queues that something came
 *	deliver.c       what is due is taken, tried, and ended
 *	webhook.c       deliveries over HTTP
 *	wait.c          how long a webhook asks to wait
 *	letter.c        deliveries as mail
 *	page.c          the pages behind the links in messages
 */
#ifndef PAWL_PLUGIN_NOTIFY_H
#define PAWL_PLUGIN_NOTIFY_H

#include <sys/queue.h>

#include <pawl/plugin.h>

#include "awswire.h"
#include "envelope.h"
#include "queries_gen.h"
#include "sweep.h"

#define NOTIFY_NAME_MAX 256
#define NOTIFY_BATCH_MAX 10
#define NOTIFY_MESSAGE_MAX 262144 /* bytes of a message, and of a batch */
#define NOTIFY_PAGE 100           /* topics or subscriptions in a page of a list */
#define NOTIFY_ID_SIZE ENVELOPE_ID_SIZE

/* --- queries.sql ---------------------------------------------------------------------- */

enum notify_query {
#define SQL(name, nparams, text) QUERY_##name,
	SQL_QUERIES(SQL)
#undef SQL
};

/* The steps of db_migrate. */
extern const char *const notify_schema[];
extern const size_t notify_nschema;

/* --- errors ----------------------------------------------------------------------------- */

/* Zeroed = none. */
struct notify_error {
	const char *code; /* static */
	int status;       /* 0 = 400 */
	char *message;    /* owned */
};
/* Returns -1; the first error stays. */
int notify_error_set(struct notify_error *e, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#define notify_invalid(e, ...) \
	notify_error_set(e, "InvalidParameter", "Invalid parameter: " __VA_ARGS__)
int notify_no_topic(struct notify_error *e);
/* What became of a query that did not go well. */
void notify_query_error(const struct pawl_sql_answer *a, struct notify_error *e);
void notify_error_fini(struct notify_error *e);

/* --- the plugin's state ---------------------------------------------------------------- */

struct request;
struct task_call;
struct page;
struct delivery;
TAILQ_HEAD(request_list, request);
TAILQ_HEAD(task_list, task_call);
TAILQ_HEAD(page_list, page);
TAILQ_HEAD(delivery_list, delivery);

struct notify {
	const struct pawl_host *host;
	struct pawl_db *db;
	struct request_list requests;
	struct task_list tasks;
	struct page_list pages;
	/* hint.c */
	char **hints; /* owned: names of queues whose receivers are to be told */
	size_t nhints;
	bool hinting; /* a query that tells some is under way */
	/* deliver.c */
	struct delivery_list deliveries;
	size_t ndeliveries;
	bool ready;         /* the schema is there */
	bool taking, again; /* a query that takes some is under way; another one must follow */
	uint64_t due_timer;
	uint64_t here_timer;
	struct sweep sweep;
};

extern const struct awswire_service notify_wire;

/* Runs one query; params as many as it has. */
uint64_t notify_query(struct notify *n, enum notify_query query, const char *const *params,
    pawl_sql_cb *cb, void *arg);
struct pawl_sql_statement notify_statement(enum notify_query query, const char *const *params);
const char *notify_value(const struct pawl_sql_rows *rows, size_t row, size_t column);

/* --- names.c ------------------------------------------------------------------------------ */

bool names_is_topic(const char *name);
bool names_is_fifo(const char *name);
bool names_is_uuid(const char *s);
/* arn:aws:sns:REGION:ACCOUNT: and :ID; to be released with free. */
char *names_topic_arn(const struct pawl_host *h, const char *topic);
char *names_subscription_arn(const struct pawl_host *h, const char *topic, const char *id);
/* The name of the topic, to be released with free; NULL and *e. what: the parameter. */
char *names_topic_of_arn(const struct pawl_host *h, const char *arn, const char *what,
    struct notify_error *e);
/* The same of a subscription; id: NOTIFY_ID_SIZE characters. */
char *names_subscription_of_arn(const struct pawl_host *h, const char *arn, char *id,
    struct notify_error *e);
/* Whether it names a queue; fifo (may be NULL): a FIFO queue. */
bool names_is_queue_arn(const char *arn, bool *fifo);

/* --- request.c ---------------------------------------------------------------------------- */

enum action_at {
	AT_NOTHING,
	AT_TOPIC,        /* TopicArn */
	AT_RESOURCE,     /* ResourceArn, a topic's */
	AT_SUBSCRIPTION, /* SubscriptionArn */
	AT_TARGET        /* TopicArn or TargetArn */
};

struct action {
	const char *name;
	enum action_at at; /* what its parameters name */
	/* 0: a query is under way, or the request was answered and is gone. -1: *e is the answer. */
	int (*start)(struct request *r, struct notify_error *e);
	/* Answers, with what the query gave. */
	void (*done)(struct request *r, const struct pawl_sql_rows *rows);
};

/* An entry of PublishBatch. */
struct batch_entry {
	char *id;                  /* owned */
	struct pawl_doc entry;     /* owned: as pawl_notify.publish_entries takes it */
	struct notify_error error; /* it failed */
	size_t row;                /* its row in the query's answer, when it did not fail */
};

struct request {
	TAILQ_ENTRY(request) link;
	struct notify *notify;
	const struct action *action;
	struct awswire_call call;
	struct pawl_doc params;
	char *topic;             /* owned; NULL = none is named */
	char id[NOTIFY_ID_SIZE]; /* of the subscription */
	uint64_t sql;            /* 0 = no query is under way */
	struct batch_entry entries[NOTIFY_BATCH_MAX];
	size_t nentries;
};

/* A call from the API. */
void request_open(struct notify *n, const struct pawl_http_call *c);
/* What is under way is dropped. */
void request_free(struct request *r);
void request_query(struct request *r, enum notify_query query, const char *const *params);
/* These end the request. answer is given away; PAWL_NO_DOC = no result. */
void request_answer(struct request *r, struct pawl_doc answer);
void request_fail(struct request *r, struct notify_error *e);
/* The answer {key: value}. */
void request_answer_text(struct request *r, const char *key, const char *value);
/* Sets AttributeName to AttributeValue by a query of ($1 topic, $2 object, $3 subscription), when check has nothing against it. */
int request_set_attribute(struct request *r, enum notify_query query,
    int (*check)(struct request *r, const char *name, const char *value, struct notify_error *e),
    struct notify_error *e);
/* The last item of the page before, to be released with free ("" = the first page); NULL and *e. */
char *request_read_page(struct request *r, bool (*is_item)(const char *), struct notify_error *e);
void request_add_next(struct request *r, struct pawl_builder *b, const char *last);

/* Tables of actions, each ending with a name that is NULL. */
extern const struct action topic_actions[], subscription_actions[], publish_actions[];

/* --- endpoint.c, filter.c --------------------------------------------------------------------- */

int endpoint_check(const char *protocol, const char *endpoint, struct notify_error *e);
/* Whether it is one of the hosts of a list "host host:port ...". */
bool endpoint_is_trusted(const char *url, const char *hosts);
/* An attribute of a subscription. body: its policy may have objects in objects. */
int endpoint_check_attribute(const struct pawl_host *h, const char *protocol, bool body,
    const char *name, const char *value, struct notify_error *e);
/* A filter policy: *why (static) when it makes no sense. nested: it may have objects in objects. */
bool filter_check(const struct pawl_host *h, struct pawl_doc policy, bool nested, const char **why);

/* --- message.c, publish.c --------------------------------------------------------------------- */

/*
 * Checks what Publish takes, text: its message, NULL = missing. A new entry as
 * pawl_notify.publish_entries takes it and its size; PAWL_NO_DOC and *e.
 */
struct pawl_doc message_read(const struct pawl_host *h, const char *topic, struct pawl_doc params,
    const char *text, size_t len, size_t *size, struct notify_error *e);
/* The problem that the database has with it. */
void message_problem(const char *problem, struct notify_error *e);
/* The topic that is meant by TopicArn or TargetArn, to be released with free; NULL and *e. */
char *publish_target(const struct pawl_host *h, struct pawl_doc params, struct notify_error *e);
/* After a publish: wakes who has to do with it, by the first row. */
void publish_wake(struct notify *n, const struct pawl_sql_rows *rows);
/* Adds MessageId and SequenceNumber. */
void publish_add_result(const struct pawl_host *h, struct pawl_builder *b,
    const struct pawl_sql_rows *rows, size_t row);

/* --- task.c ------------------------------------------------------------------------------------ */

void task_start(void *notify, const struct pawl_task *t);
void task_cancel(void *notify, uint64_t task);
void task_fini(struct notify *n);

/* --- hint.c ------------------------------------------------------------------------------------ */

/* Something came to that queue. */
void hint_add(struct notify *n, const char *queue);
void hint_fini(struct notify *n);

/* --- deliver.c ---------------------------------------------------------------------------------- */

/* One try of one delivery. */
struct delivery {
	TAILQ_ENTRY(delivery) link;
	struct notify *notify;
	char *seq, *tries; /* as the database has them */
	char subscription[NOTIFY_ID_SIZE];
	char *endpoint;
	int64_t ntries, max_tries, first_delay_ms, max_delay_ms;
	uint64_t http, mail; /* what is under way */
};
/* Columns of the query take. */
enum {
	TAKEN_SEQ,
	TAKEN_TRIES,
	TAKEN_SUBSCRIPTION,
	TAKEN_PROTOCOL,
	TAKEN_ENDPOINT,
	TAKEN_KIND,
	TAKEN_MESSAGE_ID,
	TAKEN_TOPIC,
	TAKEN_SUBJECT,
	TAKEN_BODY,
	TAKEN_ENVELOPE,
	TAKEN_RAW,
	TAKEN_POLICY,
	TAKEN_CONFIRM_URL,
	TAKEN_LEAVE_URL
};

/* Looks for what is due, now. */
void deliver_look(struct notify *n);
/* The same, as the channel pawl_notify asks. */
void deliver_notified(void *notify, const char *payload);
void deliver_fini(struct notify *n);
/* These end a try. */
void deliver_done(struct delivery *d);
void deliver_dead(struct delivery *d, const char *why);
/* Not now; least_ms: not before. */
void deliver_later(struct delivery *d, int64_t least_ms, const char *why);

/* Begin a try with the row that the query take gave. */
void webhook_start(struct delivery *d, const struct pawl_sql_rows *rows, size_t row);
void letter_start(struct delivery *d, const struct pawl_sql_rows *rows, size_t row);
/* The key of a subscription's signatures, in hexadecimal; to be released with free. */
char *webhook_key(const struct pawl_host *h, const char *subscription);
/* wait.c: how long a Retry-After asks to wait; 0 = it says nothing. */
int64_t webhook_retry_after(const char *value, int64_t now_ms);

/* --- page.c -------------------------------------------------------------------------------------- */

/* A call to /notify/... */
void page_open(void *notify, const struct pawl_http_call *c);
void page_fini(struct notify *n);

#endif
