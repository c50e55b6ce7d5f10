/*
 * plugin - the interface between pawld and a plugin: everything a task plugin
 * sees of pawl.
 *
 * A plugin is one shared object NAME.so in pawld's plugin_dir that exports one
 * symbol, "pawl_plugin", a const struct pawl_plugin. It links to nothing of pawl:
 * pawld hands it a table of functions, struct pawl_host, at init.
 *
 * Versions. PAWL_ABI_MAJOR changes when something here is taken away or changes its
 * meaning; PAWL_ABI_MINOR when something is added, always at the end of a struct,
 * whose .size tells which members exist. pawld refuses another major and a newer
 * minor; a plugin built for an older minor loads.
 *	1.0	first release
 *	1.1	PostgreSQL with receipts, routes and AWS services on the API's port, mail, local
 *		commands, derived keys; the settings "url", "own_access_key_id" and
 *		"own_secret_access_key"; jobs that outlive a restart: .submitted, .release
 *
 * Rules that hold for everything below:
 *   - One thread, the loop's. pawld calls a plugin only there; a plugin calls pawld only
 *     there, and from nowhere else. No call of a plugin may block: no sleep, no
 *     connect that waits, no large file. Work that must block belongs in a child process.
 *   - Arguments are borrowed: good during the call, copied by who wants to keep them.
 *     What a function *returns* as new says who frees it.
 *   - Texts are UTF-8 and end in NUL unless a length stands beside them. Times are
 *     milliseconds, sizes bytes.
 *   - No callback comes inside the call that asked for it, none after the matching
 *     cancel, none after .stop has returned.
 *   - pawld loads a plugin and calls .init in a child process first, which is thrown away: one that
 *     crashes there, or does not return within five seconds, is refused. So .init happens twice, and
 *     does nothing outside of the process that must not.
 */
#ifndef PAWL_PLUGIN_H
#define PAWL_PLUGIN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PAWL_ABI_MAJOR 1
#define PAWL_ABI_MINOR 1

struct event_base; /* libevent's */
struct pawl_host;
struct pawl_builder; /* opaque, see the document functions */

/* --- documents -------------------------------------------------------------- */

/*
 * An immutable JSON value: a handle passed by value, members are pawld's own.
 * Functions that return a part of a document return a borrowed handle, good as long
 * as the whole is; functions that make a document return one that is yours:
 * doc_unref it. doc_ref makes one more owner. PAWL_NO_DOC is "there is none".
 */
struct pawl_doc {
	void *block_;
	uint32_t node_;
};
#define PAWL_NO_DOC ((struct pawl_doc){ NULL, 0 })

enum pawl_doc_type {
	PAWL_DOC_NONE, /* of PAWL_NO_DOC */
	PAWL_DOC_NULL,
	PAWL_DOC_BOOL,
	PAWL_DOC_NUMBER,
	PAWL_DOC_STRING,
	PAWL_DOC_ARRAY,
	PAWL_DOC_OBJECT
};

/* Walks an array or object: zero-initialise, set .of, then call doc_next until it is false. */
struct pawl_doc_iter {
	struct pawl_doc of;
	struct pawl_doc value; /* borrowed */
	struct pawl_doc key;   /* borrowed, a string; PAWL_NO_DOC in arrays */
	uint64_t state_[8];
};

/* --- tasks ------------------------------------------------------------------ */

/* How the caller waits for the result; the suffix of the resource. */
enum pawl_pattern {
	PAWL_REQUEST = 1, /* none: the answer is the result */
	PAWL_SYNC =
	    2, /* .sync, .sync:2: submitted() when the job is accepted, succeed() or fail() when it has ended */
	PAWL_TOKEN =
	    4 /* .waitForTaskToken: submitted() ends the plugin's part, the result comes by token */
};

struct pawl_task {
	size_t size;
	uint64_t id;          /* what the answer is given to */
	const char *resource; /* as in the definition, suffix included */
	const char *base;     /* without the suffix: what .resources matched */
	enum pawl_pattern pattern;
	struct pawl_doc parameters; /* effective parameters; doc_ref to keep */
	const char *execution_arn, *state_machine_arn, *state_name;
	const char *idempotency_key; /* the same for each dispatch of one attempt */
	const char *task_token;      /* PAWL_TOKEN, PAWL_SYNC; else NULL */
	const char *role_arn;        /* the task's Credentials, or NULL */
	int64_t
	    timeout_ms; /* the task's limit, which pawld keeps; 0 = none. For protocols that can pass it on */
	/*
	 * Since 1.1, PAWL_SYNC: what submitted() was told before pawld lost sight of the task. Its job runs:
	 * go on with it, and neither begin another nor call submitted() again. Else PAWL_NO_DOC.
	 */
	struct pawl_doc submitted;
};

/* What pawld does with a task that was dispatched, and not answered, when it crashed. */
enum pawl_after_crash {
	PAWL_AGAIN,       /* dispatch it again with the same idempotency key */
	PAWL_ONCE,        /* fail it with States.TaskFailed; Retry decides */
	PAWL_EXACTLY_ONCE /* dispatch again; the plugin finds its own receipt and answers from it */
};

/* --- options ---------------------------------------------------------------- */

enum pawl_option_type {
	PAWL_STRING = 1,
	PAWL_SECRET, /* as a string; never shown */
	PAWL_INT,
	PAWL_DURATION, /* "250ms", "30s", "5m", "1h", "1d"; kept in milliseconds */
	PAWL_BYTES,    /* "64 KiB", "512M" or a number; kept in bytes */
	PAWL_BOOL,
	PAWL_TABLE /* any table; read it with option_doc. May hold secrets: never shown */
};

/* Ends with a member whose name is NULL. */
struct pawl_option {
	const char *name;
	enum pawl_option_type type;
	const char *default_text; /* as in pawl.conf; NULL = "", 0, false, {} */
	const char *help;         /* one sentence */
};

/* --- HTTP client ------------------------------------------------------------ */

struct pawl_http_header {
	const char *name, *value;
};

struct pawl_http_request {
	size_t size;        /* sizeof(struct pawl_http_request) */
	const char *method; /* NULL = GET, or POST when there is a body */
	const char *url;    /* http or https */
	const struct pawl_http_header *headers;
	size_t nheaders;
	const void *body; /* copied; NULL = none */
	size_t body_len;
	int64_t timeout_ms;         /* the whole exchange; 0 = 60 s */
	int64_t connect_timeout_ms; /* 0 = 10 s */
	size_t max_response;        /* bytes of body; 0 = 8 MiB */
	int max_redirects;          /* 0 = a redirect is an answer like any other */
	/* AWS signature version 4, when aws_service is set; the keys are never logged. */
	const char *aws_service, *aws_region, *aws_access_key_id, *aws_secret_access_key,
	    *aws_session_token;
	const char *
	    ca_file; /* PEM file of certificate authorities to trust instead of the system's; NULL = those */
};

enum pawl_http_result {
	PAWL_HTTP_OK,          /* an answer came, of whatever status */
	PAWL_HTTP_BAD_REQUEST, /* the request makes no sense: URL, header with a line end ... */
	PAWL_HTTP_DNS,
	PAWL_HTTP_CONNECT,
	PAWL_HTTP_TLS,
	PAWL_HTTP_TIMEOUT,
	PAWL_HTTP_BROKEN, /* reset, closed early, not HTTP */
	PAWL_HTTP_TOO_LARGE
};

struct pawl_http_answer {
	size_t size;
	enum pawl_http_result result;
	const char *message; /* one sentence when result is not OK, without secrets; else "" */
	int status;
	const char *status_text; /* "OK"; made up from the status when the protocol has none */
	const struct pawl_http_header *headers; /* as received */
	size_t nheaders;
	const char *body; /* ends in NUL besides */
	size_t body_len;
};
typedef void pawl_http_cb(void *arg, const struct pawl_http_answer *a);

/* --- Lua functions ---------------------------------------------------------- */

enum pawl_function_kind {
	PAWL_FUNCTION_NONE,     /* scripts/functions has no such file */
	PAWL_FUNCTION_ORDINARY, /* runs in a function worker */
	PAWL_FUNCTION_PURE      /* pawl.pure(...): runs in process, at once */
};

struct pawl_function_call {
	size_t size;
	const char *name;
	struct pawl_doc event, context; /* the two arguments */
	uint64_t seed;                  /* for its random numbers */
	uint64_t task_id;               /* whose ids its log lines carry; 0 = none */
	int64_t timeout_ms;             /* 0, or less than the limit of pawl.conf */
};

enum pawl_function_result {
	PAWL_FUNCTION_OK,
	PAWL_FUNCTION_RAISED,  /* error_type, error_message, trace */
	PAWL_FUNCTION_TIMEOUT, /* ran into its time or step limit */
	PAWL_FUNCTION_MEMORY,  /* ran into its memory limit */
	PAWL_FUNCTION_CRASHED, /* its worker ended */
	PAWL_FUNCTION_MISSING,
	PAWL_FUNCTION_BUSY /* too many calls wait */
};

struct pawl_function_answer {
	size_t size;
	enum pawl_function_result result;
	struct pawl_doc value; /* OK; borrowed */
	const char *error_type,
	    *error_message;    /* RAISED; for the others error_message is a sentence */
	struct pawl_doc trace; /* array of strings, or PAWL_NO_DOC; borrowed */
	int64_t limit_ms;      /* TIMEOUT: how long it might have run; 0 when its limit was steps */
};
typedef void pawl_function_cb(void *arg, const struct pawl_function_answer *a);

/* --- PostgreSQL (1.1) ------------------------------------------------------- */

struct pawl_db; /* connections to one database */

/* One SQL statement. Parameters are texts for $1, $2 ...; a NULL among them is SQL's NULL. */
struct pawl_sql_statement {
	const char *sql;
	const char *const *params;
	size_t nparams;
};

struct pawl_sql_column {
	const char *name;
	uint32_t type; /* PostgreSQL's oid of the column's type */
};

struct pawl_sql_rows {
	size_t nrows, ncolumns;
	const struct pawl_sql_column *columns;
	const char *const *values; /* row after row, PostgreSQL's text form; NULL = NULL */
	int64_t affected;          /* rows that INSERT, UPDATE, DELETE, MERGE changed; else nrows */
};

enum pawl_sql_result {
	PAWL_SQL_OK,
	PAWL_SQL_ERROR,       /* a statement failed: sqlstate, message; nothing was changed */
	PAWL_SQL_UNAVAILABLE, /* no connection, or too many calls wait; nothing was changed */
	/*
	 * The connection was lost during the COMMIT: nobody knows. With a receipt it is tried again, and
	 * this comes only when the database stayed away for ten minutes more.
	 */
	PAWL_SQL_LOST,
	PAWL_SQL_TIMEOUT,  /* took too long; nothing was changed */
	PAWL_SQL_TOO_LARGE /* more rows or bytes than asked for; nothing was changed */
};

struct pawl_sql_answer {
	size_t size;
	enum pawl_sql_result result;
	const char *sqlstate; /* ERROR: five characters; else "" */
	const char *message;  /* one sentence when result is not OK; else "" */
	size_t failed; /* ERROR: which statement, from 0; the last one when it was the COMMIT */
	const struct pawl_sql_rows *sets; /* OK: what each statement gave; NULL when replayed */
	size_t nsets;
	bool replayed;          /* OK: the effect was there already, output is its receipt */
	struct pawl_doc output; /* OK, with a receipt: what was remembered; borrowed */
};
typedef void pawl_sql_cb(void *arg, const struct pawl_sql_answer *a);

struct pawl_sql_call {
	size_t size;
	/*
	 * In order, one transaction; copied. What would end the transaction, or change the connection for
	 * who uses it next (COMMIT, SET without LOCAL ...), and COPY are an ERROR and not sent. SET TRANSACTION
	 * may stand first.
	 */
	const struct pawl_sql_statement *statements;
	size_t nstatements;
	/*
	 * Exactly once: the transaction also writes a receipt under this key (a task's
	 * idempotency_key), with what remember made of the results. When the key has a receipt
	 * already nothing is done, and what was remembered is the answer. NULL = no receipt.
	 */
	const char *receipt;
	/*
	 * Called before the COMMIT with the results: a new document, given away. PAWL_NO_DOC rolls
	 * back: then the answer comes with result PAWL_SQL_OK, the rows and no output. May be called
	 * again, with other results, when the transaction is tried again. Only with a receipt;
	 * NULL = null is remembered.
	 */
	struct pawl_doc (*remember)(void *arg, const struct pawl_sql_answer *a);
	int64_t timeout_ms; /* 0 = 30 s, waiting for a connection included */
	size_t max_rows;    /* of all statements together; 0 = 100,000 */
	size_t max_bytes;   /* of all values together, each with 8 more; 0 = 32 MiB */
	uint64_t task_id;   /* whose ids its log lines carry; 0 = none */
};

/* payload ends with NUL. */
typedef void pawl_db_notified_cb(void *arg, const char *payload);
/* why NULL: the schema is as the steps say. Else a sentence; it is tried again until it goes well. */
typedef void pawl_db_migrated_cb(void *arg, const char *why);

/* --- HTTP server (1.1) ------------------------------------------------------ */

struct pawl_http_call {
	size_t size;
	uint64_t id; /* what the reply is given to */
	const char *method;
	const char *path;                       /* as sent, without the query */
	const char *query;                      /* "" = none */
	const struct pawl_http_header *headers; /* names in lower case */
	size_t nheaders;
	const char *body; /* may hold anything */
	size_t body_len;
	const char *
	    action; /* services: what stands behind the prefix of X-Amz-Target, or Action; else NULL */
	bool query_protocol; /* services: a form body, to be answered with XML */
	const char
	    *access_key_id; /* services: who signed; NULL = pawld has no keys, all are trusted */
	const char
	    *request_id;     /* services: a fresh uuid, for x-amzn-RequestId and ResponseMetadata */
	const char *address; /* the client's, or that of the proxy before pawld; "" = not known */
};
typedef void pawl_http_call_cb(void *arg, const struct pawl_http_call *c);

/* --- mail (1.1) --------------------------------------------------------------- */

struct pawl_mail {
	size_t size;
	const char *from; /* an address, with or without a name; NULL = mail_from of pawl.conf */
	const char *const *to;
	size_t nto;
	const char *subject, *text;             /* UTF-8 */
	const char *html;                       /* the same as HTML, or NULL */
	const struct pawl_http_header *headers; /* further ones, as Message-ID */
	size_t nheaders;
	int64_t timeout_ms; /* 0 = 60 s */
};

struct pawl_mail_answer {
	size_t size;
	bool sent;           /* the server took it for every recipient */
	bool permanent;      /* not sent, and trying again is of no use (5xx, no such address) */
	const char *message; /* one sentence when it was not sent; else "" */
};
typedef void pawl_mail_cb(void *arg, const struct pawl_mail_answer *a);

/* --- local commands (1.1) ----------------------------------------------------- */

/*
 * A program with no shell around it. It leads a process group of its own; what is left of the group is
 * killed when it has ended. max_commands of pawl.conf run at the same time, more wait in their
 * order. They do not outlive pawld.
 */
struct pawl_command {
	size_t size;
	const char *const
	    *argv; /* ends with NULL; argv[0] is looked for in PATH when it has no '/' */
	const char *const
	    *env;        /* "NAME=value", ends with NULL; added to PATH, HOME, LANG, TZ of pawld */
	const char *cwd; /* NULL = "/" */
	const void *input; /* standard input; copied */
	size_t input_len;
	int64_t
	    timeout_ms; /* 0 = 60 s, from the moment it runs: then it is killed, with its group */
	int64_t memory; /* bytes of address space for each process; 0 = 1 GiB */
	size_t
	    max_output; /* bytes of standard output; 0 = 8 MiB: a command that writes more is killed */
	uint64_t task_id; /* whose ids its log lines carry; 0 = none */
};

enum pawl_command_result {
	PAWL_COMMAND_EXITED,   /* status */
	PAWL_COMMAND_SIGNALED, /* signal: it crashed, or somebody killed it */
	PAWL_COMMAND_TIMEOUT,
	PAWL_COMMAND_TOO_LARGE,
	PAWL_COMMAND_NOT_STARTED, /* message says why */
	PAWL_COMMAND_BUSY         /* too many commands wait */
};

struct pawl_command_answer {
	size_t size;
	enum pawl_command_result result;
	int status, signal;
	const char *message; /* one sentence when it did not exit; else "" */
	const char *output;  /* ends with NUL besides */
	size_t output_len;
	const char
	    *errors; /* the end of its standard error, 32 KiB at most; ends with NUL besides */
	size_t errors_len;
};
typedef void pawl_command_cb(void *arg, const struct pawl_command_answer *a);

/* --- what pawld offers ------------------------------------------------------ */

enum pawl_log_level { PAWL_LOG_ERROR, PAWL_LOG_WARN, PAWL_LOG_INFO, PAWL_LOG_DEBUG };

typedef void pawl_cb(void *arg);

/* Every function takes the host first: it is the table and says which plugin asks. */
struct pawl_host {
	size_t size;
	uint16_t abi_major, abi_minor;

	/* Answers. Exactly one of succeed and fail for a task; what comes after it is dropped and logged. */
	void (*succeed)(const struct pawl_host *h, uint64_t task, struct pawl_doc output);
	/* The same with JSON text; text that is no JSON fails the task with States.Runtime. */
	void (
	    *succeed_text)(const struct pawl_host *h, uint64_t task, const char *json, size_t len);
	/* error, cause: NULL = none */
	void (
	    *fail)(const struct pawl_host *h, uint64_t task, const char *error, const char *cause);
	/* PAWL_SYNC, PAWL_TOKEN: the request is accepted, response is what the service said. Once. */
	void (*submitted)(const struct pawl_host *h, uint64_t task, struct pawl_doc response);

	/* One line in pawld's log, with the ids of the task when task is not 0. No secrets, no payloads. */
	void (*log)(const struct pawl_host *h, enum pawl_log_level level, uint64_t task,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
	/* Why init says no; returns -1, so that init can return it. */
	int (*refuse)(const struct pawl_host *h, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

	/* Options as declared in .options; never NULL. A reload may change them. */
	const char *(*option_string)(const struct pawl_host *h,
	    const char *name); /* PAWL_STRING, PAWL_SECRET */
	int64_t (*option_int)(const struct pawl_host *h,
	    const char *name); /* PAWL_INT, PAWL_DURATION, PAWL_BYTES */
	bool (*option_bool)(const struct pawl_host *h, const char *name);
	struct pawl_doc (
	    *option_doc)(const struct pawl_host *h, const char *name); /* PAWL_TABLE; borrowed */
	/*
	 * Settings of pawld that plugins share: "region", "account_id", "aws_endpoint",
	 * "aws_access_key_id", "aws_secret_access_key", "version". "" when not set or not known.
	 * Since 1.1: "url", where this pawld answers ("http://127.0.0.1:8083"; "" before it
	 * listens), and "own_access_key_id", "own_secret_access_key", with which calls to it are
	 * signed ("" when it trusts everybody).
	 */
	const char *(*setting)(const struct pawl_host *h, const char *name);

	/* The loop, for sockets of one's own; timers and deferred calls. */
	struct event_base *(*loop)(const struct pawl_host *h);
	uint64_t (
	    *timer_start)(const struct pawl_host *h, int64_t delay_ms, pawl_cb *cb, void *arg);
	void (*timer_cancel)(const struct pawl_host *h, uint64_t timer); /* unknown ids are fine */
	void (*defer)(const struct pawl_host *h, pawl_cb *cb, void *arg);
	int64_t (*wall_ms)(const struct pawl_host *h); /* since 1970 UTC */

	/* HTTP: returns the id of the exchange; cb comes exactly once unless cancelled. */
	uint64_t (*http_start)(const struct pawl_host *h, const struct pawl_http_request *r,
	    pawl_http_cb *cb, void *arg);
	void (
	    *http_cancel)(const struct pawl_host *h, uint64_t exchange); /* unknown ids are fine */

	/* Documents: reading. */
	/* PAWL_NO_DOC when it is no JSON; then *why (may be NULL) is a sentence to be released with free. */
	struct pawl_doc (
	    *doc_parse)(const struct pawl_host *h, const char *text, size_t len, char **why);
	struct pawl_doc (*doc_ref)(const struct pawl_host *h, struct pawl_doc d);
	void (*doc_unref)(const struct pawl_host *h, struct pawl_doc d);
	enum pawl_doc_type (*doc_type)(const struct pawl_host *h, struct pawl_doc d);
	size_t (*doc_len)(const struct pawl_host *h, struct pawl_doc d); /* elements or members */
	struct pawl_doc (
	    *doc_get)(const struct pawl_host *h, struct pawl_doc d, const char *key); /* borrowed */
	bool (*doc_next)(const struct pawl_host *h, struct pawl_doc_iter *it);
	bool (*doc_is)(const struct pawl_host *h, struct pawl_doc d,
	    const char *s);                                             /* the string s */
	bool (*doc_true)(const struct pawl_host *h, struct pawl_doc d); /* the value true */
	bool (*doc_int)(const struct pawl_host *h, struct pawl_doc d,
	    int64_t *out); /* false: no such number */
	bool (*doc_double)(const struct pawl_host *h, struct pawl_doc d, double *out);
	/* New texts, to be released with free: the characters of a string (NULL for others); JSON. len may be NULL. */
	char *(*doc_string)(const struct pawl_host *h, struct pawl_doc d, size_t *len);
	char *(*doc_text)(const struct pawl_host *h, struct pawl_doc d, size_t *len);
	void (*free)(const struct pawl_host *h, void *p);

	/*
	 * Documents: making, front to back. build_finish gives the document and frees the builder. Calls in
	 * an order that makes no JSON are logged, and build_finish gives PAWL_NO_DOC.
	 */
	struct pawl_builder *(*build)(const struct pawl_host *h);
	void (*build_object)(struct pawl_builder *b);
	void (*build_array)(struct pawl_builder *b);
	void (*build_end)(struct pawl_builder *b); /* closes the innermost */
	void (*build_key)(struct pawl_builder *b, const char *key);
	/* Bytes that are not UTF-8 are replaced by U+FFFD. */
	void (*build_string)(struct pawl_builder *b, const char *s, size_t len);
	void (*build_int)(struct pawl_builder *b, int64_t v);
	void (*build_double)(struct pawl_builder *b, double v);
	void (*build_bool)(struct pawl_builder *b, bool v);
	void (*build_null)(struct pawl_builder *b);
	void (*build_doc)(struct pawl_builder *b, struct pawl_doc d);
	struct pawl_doc (*build_finish)(struct pawl_builder *b);

	/* Lua functions of scripts/functions. */
	enum pawl_function_kind (*function_kind)(const struct pawl_host *h, const char *name);
	/* Runs one, pure or not, and answers later. Returns the id of the call. */
	uint64_t (*function_start)(const struct pawl_host *h, const struct pawl_function_call *c,
	    pawl_function_cb *cb, void *arg);
	void (
	    *function_cancel)(const struct pawl_host *h, uint64_t call); /* unknown ids are fine */
	/* Runs a pure one now; cb comes before this returns (the one exception). */
	void (*function_call)(const struct pawl_host *h, const struct pawl_function_call *c,
	    pawl_function_cb *cb, void *arg);

	/* --- since 1.1 --- */

	/*
	 * PostgreSQL. conninfo NULL = pawld's own database. Connects when it is first used, and again
	 * when a connection is lost; connections: how many calls run at the same time, 1 to 64.
	 * NULL, and *why (may be NULL) a sentence to be released with free, when conninfo makes no sense.
	 */
	struct pawl_db *(
	    *db_open)(const struct pawl_host *h, const char *conninfo, int connections, char **why);
	/* What runs there is dropped without a callback. NULL is fine; .stop closes what is left. */
	void (*db_close)(const struct pawl_host *h, struct pawl_db *db);
	/*
	 * Brings a schema up to date before anything else runs on db: applies those of the steps (one
	 * statement each) that were not applied before, under a lock, and remembers how many. Steps are
	 * only ever added. What is asked with sql_start meanwhile waits, and is UNAVAILABLE when it fails.
	 */
	void (*db_migrate)(const struct pawl_host *h, struct pawl_db *db, const char *const *steps,
	    size_t nsteps, pawl_db_migrated_cb *cb, void *arg);
	/* cb for each NOTIFY of the channel, and once with "" whenever some may have been missed. */
	void (*db_listen)(const struct pawl_host *h, struct pawl_db *db, const char *channel,
	    pawl_db_notified_cb *cb, void *arg);
	uint64_t (*sql_start)(const struct pawl_host *h, struct pawl_db *db,
	    const struct pawl_sql_call *c, pawl_sql_cb *cb, void *arg);
	/* Its callback will not come. It may have had its effect all the same. Unknown ids are fine. */
	void (*sql_cancel)(const struct pawl_host *h, uint64_t call);

	/*
	 * HTTP server, on the API's port; only in init. route: all methods of a path, of all below it
	 * when it ends with "/" (but "/": GET and HEAD of itself); the longest path wins. Nobody checked who asks: that is the plugin's to do. service: an AWS
	 * service that real SDKs call; target is the prefix of X-Amz-Target ("AmazonSQS") or NULL,
	 * version that of the query protocol ("2012-11-05") or NULL. Signatures are checked before.
	 * 0, or -1 when somebody serves it already.
	 */
	int (*route)(const struct pawl_host *h, const char *path, pawl_http_call_cb *cb, void *arg);
	int (*service)(const struct pawl_host *h, const char *target, const char *version,
	    pawl_http_call_cb *cb, void *arg);
	/*
	 * Answers a call, at once or later; once. content_type NULL = none. headers: further lines that end
	 * with CRLF, NULL = none; those that pawld writes itself are an error, which the client gets as a
	 * 500. False when the client has gone: what was to be handed out was not.
	 * True says that it is on its way, not that it arrived.
	 */
	bool (*reply)(const struct pawl_host *h, uint64_t call, int status,
	    const char *content_type, const char *headers, const void *body, size_t len);
	/* cb when the client goes away before the reply, or is turned away because pawld stops. */
	void (*call_gone)(const struct pawl_host *h, uint64_t call, pawl_cb *cb, void *arg);

	/* Mail, by the SMTP server of pawl.conf. Returns an id; cb comes exactly once unless cancelled. */
	uint64_t (*mail_start)(const struct pawl_host *h, const struct pawl_mail *m,
	    pawl_mail_cb *cb, void *arg);
	void (*mail_cancel)(const struct pawl_host *h, uint64_t mail); /* unknown ids are fine */

	/* Local commands. Returns an id; cb comes exactly once unless cancelled, which kills it. */
	uint64_t (*command_start)(const struct pawl_host *h, const struct pawl_command *c,
	    pawl_command_cb *cb, void *arg);
	void (*command_cancel)(const struct pawl_host *h,
	    uint64_t command); /* unknown ids are fine */

	/* A key for signatures: the same on all nodes and after a restart, another for each plugin and purpose. */
	void (*derive_key)(const struct pawl_host *h, const char *purpose, unsigned char out[32]);
};

/* --- what a plugin offers --------------------------------------------------- */

/* What call_pure answers: succeeded when error and cause are both NULL and output is set. */
struct pawl_pure_answer {
	size_t size;
	struct pawl_doc output; /* given away: pawld unrefs it */
	char *error, *cause;    /* malloc'ed, given away; NULL = none */
	bool failed;
};

struct pawl_plugin {
	size_t size;
	uint16_t abi_major, abi_minor;
	const char *
	    name; /* [a-z][a-z0-9_-]*: of the file, of its table in pawl.conf, of pawl-plugin-NAME(7) */
	const char *version; /* of the plugin, free text */
	/*
	 * What it serves: base ARNs separated by blanks; one that ends in '*' serves all that
	 * begin so. The longest match wins; the same text in two plugins is refused.
	 */
	const char *resources;
	unsigned patterns; /* pawl_pattern or'ed */
	enum pawl_after_crash after_crash;
	const struct pawl_option *options; /* NULL = none */

	/* 0, or -1 after host->refuse(). *state is handed to all others. */
	int (*init)(const struct pawl_host *h, void **state);
	/* Begins a task: must not block, may answer at once. */
	void (*start)(void *state, const struct pawl_task *t);
	/* Nobody waits for this answer any more (timeout, StopExecution). NULL = not interested. */
	void (*cancel)(void *state, uint64_t task);
	/* Frees everything; no answers after it. NULL = nothing to do. */
	void (*stop)(void *state);
	/* The options have changed (SIGHUP). NULL = reads them when needed. */
	void (*reload)(void *state);
	/*
	 * Tasks that are pure functions of their parameters are answered here, inside the move that
	 * enters the state: 1 = *a holds the answer, 0 = this one is not pure, start() will
	 * come. The same task and seed must give the same answer; t->id is 0. NULL = none is.
	 */
	int (*call_pure)(void *state, const struct pawl_task *t, uint64_t seed,
	    struct pawl_pure_answer *a);
	/*
	 * Since 1.1. This process has nothing to do with the task any more, but the task goes on: it will
	 * be started again, here or in another pawld. Forget it, and leave its job as it is. NULL = cancel.
	 */
	void (*release)(void *state, uint64_t task);
};

#define PAWL_PLUGIN_HEAD \
	.size = sizeof(struct pawl_plugin), .abi_major = PAWL_ABI_MAJOR, .abi_minor = PAWL_ABI_MINOR

extern __attribute__((visibility("default"))) const struct pawl_plugin pawl_plugin;

#ifdef __cplusplus
}
#endif

#endif
