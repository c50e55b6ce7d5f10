/*
 * plugin_module - one loaded plugin and the host behind it; for the plugin_*.c
 * files only.
 */
#ifndef PAWL_TASK_PLUGIN_MODULE_H
#define PAWL_TASK_PLUGIN_MODULE_H

#include <pthread.h>
#include <sys/queue.h>

#include "base/idmap.h"
#include "task/command.h"
#include "task/httpc.h"
#include "task/mail.h"
#include "task/plugin.h"
#include "task/plugin_host.h"
#include "task/plugin_doc.h"
#include "task/script.h"
#include "task/sqlc.h"
#include "task/worker.h"

#define MODULE_MAGIC 0x706c7567u

/* --- options as a plugin declared them (plugin_options.c) --------------------- */

struct plugin_option_value {
	char *text;     /* PAWL_STRING, PAWL_SECRET */
	int64_t number; /* PAWL_INT, PAWL_DURATION, PAWL_BYTES */
	bool flag;
	struct doc table;
};

struct plugin_options {
	const struct pawl_option *declared; /* NULL = none */
	struct plugin_option_value *values; /* in the same order */
};

/* Defaults, then the members of table. -1 and e with a sentence that names the option. */
int plugin_options_read(struct plugin_options *o, const struct pawl_option *declared,
    struct doc table, struct err *e);
void plugin_options_fini(struct plugin_options *o);
/* NULL when it is not declared with that type: a bug of the plugin. */
const struct plugin_option_value *plugin_options_get(const struct plugin_options *o,
    const char *name, unsigned types);
#define OPTION_TYPE(t) (1u << (t))

/* --- modules -------------------------------------------------------------------- */

struct module {
	struct pawl_host table; /* first: a plugin's host pointer is its module */
	unsigned magic;
	TAILQ_ENTRY(module) link;
	struct plugin_host *host;
	struct pawl_plugin def; /* members that its minor does not know are zero */
	void *dl;
	char *path;
	void *state;
	bool ready; /* init said yes */
	char *refusal;
	struct plugin_options options;
	TAILQ_HEAD(, pawl_db) dbs;
};

struct module *module_from(const struct pawl_host *h);

/* What a plugin asked for and has not got yet. */
enum pending_kind {
	PENDING_TIMER,
	PENDING_DEFER,
	PENDING_HTTP,
	PENDING_FUNCTION,
	PENDING_COMMAND,
	PENDING_MAIL,
	PENDING_SQL
};

struct pending {
	TAILQ_ENTRY(pending) link;
	enum pending_kind kind;
	struct module *module;
	uint64_t id;
	uint64_t inner; /* id of the exchange, worker's call, command, mail, transaction */
	struct loop_timer timer;
	union {
		pawl_cb *plain;
		pawl_http_cb *http;
		pawl_function_cb *function;
		pawl_command_cb *command;
		pawl_mail_cb *mail;
		pawl_sql_cb *sql;
	} cb;
	void *arg;
	uint64_t task_id; /* whose ids its log lines carry */
	/* functions */
	struct script_call call; /* a pure one that runs on the next turn */
	char *name;
	/* transactions */
	struct sqlc *sqlc;
	struct pawl_doc (*remember)(void *arg, const struct pawl_sql_answer *a);
};
struct pending *pending_new(struct module *m, enum pending_kind kind, void *arg);
void pending_free(struct pending *p);  /* forgets it without stopping what is behind it */
void pending_close(struct pending *p); /* stops what is behind it, frees it */
/* Closes the one of this id, when it is of this kind and of this plugin. */
void pending_close_id(const struct pawl_host *h, uint64_t id, enum pending_kind kind);
void pending_close_all(struct plugin_host *h, const struct module *m);

struct open_task {
	TAILQ_ENTRY(open_task) link;
	uint64_t id, ticket;
	struct module *module;
	enum task_pattern pattern;
	bool submitted;
	char *ids; /* "exec=... state=..." for log lines */
};

/* An answer on its way to the owner. */
struct queued_answer {
	STAILQ_ENTRY(queued_answer) link;
	uint64_t number; /* in the order of answering */
	uint64_t task, ticket;
	struct plugin_answer answer; /* owns its parts */
};

struct plugin_refusal {
	char *path, *reason;
};

struct plugin_resources; /* plugin_resource.c */

struct plugin_self {
	char *url;                               /* of the listener; "" before it listens */
	char *access_key_id, *secret_access_key; /* "" = none */
	char *secret;                            /* of the cluster */
};

struct plugin_serve; /* plugin_serve.c */

struct plugin_host {
	pthread_t thread; /* the only one */
	struct loop *loop;
	const struct conf *conf;
	plugin_answer_cb *cb;
	void *arg;
	TAILQ_HEAD(, module) modules;
	struct plugin_resources *resources;
	struct plugin_refusal *refused; /* files that were no good */
	size_t nrefused;
	struct idmap tasks;
	TAILQ_HEAD(, open_task) open_tasks;
	uint64_t next_task, next_answer;
	STAILQ_HEAD(, queued_answer) answers;
	struct loop_timer answers_timer;
	struct idmap pending_by_id;
	TAILQ_HEAD(, pending) pending;
	uint64_t next_pending;
	struct httpc *http;
	struct scripts *scripts;
	struct worker_pool *workers;
	struct command_pool *commands;
	struct mailer *mailer;
	struct plugin_serve *serve;
	struct plugin_self self;
	char *conninfo; /* of pawld's own database; NULL = there is none */
};

/* The answers of plugins (plugin_host.c). */
void plugin_answer_succeed(struct module *m, uint64_t task, struct doc output);
void plugin_answer_fail(struct module *m, uint64_t task, const char *error, const char *cause);
void plugin_answer_submitted(struct module *m, uint64_t task, struct doc response);
/* "exec=... state=..." or NULL. */
const char *plugin_task_ids(const struct plugin_host *h, uint64_t task);

/*
 * A call into a plugin stands between these two: it is measured, and one that takes long, which
 * holds up everybody, is logged and counted (plugin_watch.c). function: "start", "a timer" ...
 */
struct plugin_visit {
	const struct module *module;
	const char *function;
	int64_t begun_us;
};
struct plugin_visit plugin_enter(const struct module *m, const char *function);
void plugin_leave(const struct plugin_visit *v);

/* Why an answer is dropped. */
enum plugin_dropped {
	DROPPED_CLOSED,    /* the task is answered, or cancelled: a second answer, or a late one */
	DROPPED_UNKNOWN,   /* there was never such a task */
	DROPPED_FOREIGN,   /* it is another plugin's */
	DROPPED_NOT_WAITED /* "submitted" for a task that does not wait for it, or again */
};
void plugin_answer_dropped(const struct module *m, uint64_t task, enum plugin_dropped why);

/* Fills the table of functions (plugin_table.c), and parts of it. */
void plugin_table_init(struct pawl_host *t);
void plugin_build_init(struct pawl_host *t);
void plugin_command_init(struct pawl_host *t);
void plugin_mail_init(struct pawl_host *t);
/* Appends s with U+FFFD in the place of each byte that is not part of UTF-8. */
void plugin_add_utf8(struct buf *out, const char *s, size_t len);

/*
 * Who serves what (plugin_resource.c). json: the option "resources". check: -1 and e when what m serves
 * is no ARN, or is another plugin's and no choice stands between them. reload: -1 and e, and all
 * stays as it was.
 */
struct plugin_resources *plugin_resources_new(const char *json);
void plugin_resources_free(struct plugin_resources *r);
int plugin_resources_check(const struct module *m, struct err *e);
void plugin_resources_add(struct module *m);
int plugin_resources_reload(struct plugin_host *h, const char *json, struct err *e);
/* NULL: nobody does. */
struct module *plugin_resources_find(const struct plugin_host *h, const char *base_arn);
/* Elements of the list that b is in: what it serves, what the configuration gives to others. */
void plugin_resources_describe(const struct module *m, struct doc_builder *b);
void plugin_resources_describe_taken(const struct module *m, struct doc_builder *b);

/* Routes and services (plugin_serve.c). close: answers what is open there, forgets who served what. */
struct plugin_serve *plugin_serve_new(void);
void plugin_serve_free(struct plugin_serve *s);
void plugin_serve_close(struct module *m);
/* Elements of the list that b is in. */
void plugin_serve_describe_routes(const struct module *m, struct doc_builder *b);
void plugin_serve_describe_services(const struct module *m, struct doc_builder *b);
void plugin_serve_table(struct pawl_host *t);

/* What the process knows about itself (plugin_self.c): address, keys, secret. */
void plugin_self_init(struct plugin_self *s, const struct conf *c);
void plugin_self_fini(struct plugin_self *s);
void plugin_self_keys(struct plugin_self *s, const char *access_keys_json);
/* "" when there is none of that name. */
const char *plugin_self_setting(const struct plugin_host *h, const char *name);
void plugin_self_table(struct pawl_host *t);

/* PostgreSQL (plugin_sql.c). close: all that the plugin has open there. */
void plugin_sql_table(struct pawl_host *t);
void plugin_sql_close(struct module *m);

/* The two halves of loading: the file, and everything that may run the plugin's code after it. */
int module_open(struct module *m, struct err *e);
int module_init(struct module *m, struct err *e);
/* Both in a child process. -1 and e when they did not go well there; what they refuse is no failure. */
int plugin_trial(struct module *m, struct err *e);

#endif
