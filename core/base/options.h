/*
 * options - every option of pawld, declared once.
 *
 * From this table come the struct of conf.h, the checks of the configuration
 * file and the command line, --list-options, and scripts/check-options, which
 * holds the table against config/pawl.conf and docs/pawl.conf.5.
 *
 * X(name, TYPE, default, reload, range, help)
 *   TYPE     STRING      const char *   any text
 *            SECRET      const char *   text that is never shown
 *            ADDR        const char *   "host:port", "[v6]:port" or ":port"
 *            ENUM        const char *   one of the words in range, "a|b|c"
 *            INT         int64_t        whole number
 *            BYTES       int64_t        bytes; "64 KiB", "512M", "1 GiB" or a number
 *            DURATION    int64_t        milliseconds; "250ms", "30s", "5m", "1h", "1d"
 *            BOOL        bool           true or false
 *            TABLE       const char *   a Lua table, kept as JSON text
 *   default  as text, in the words of the command line
 *   reload   YES: SIGHUP changes it; NO: it needs a restart
 *   range    "min..max" for INT, BYTES and DURATION (in the type's words), the words of an ENUM,
 *            an extended regular expression for STRING ("" = any text), what the values of a
 *            TABLE are: "text", "number" or "table"
 *   help     one sentence
 */
#ifndef PAWL_BASE_OPTIONS_H
#define PAWL_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define CONF_OPTIONS(X) \
	X(listen, ADDR, "127.0.0.1:8083", NO, "", "Address of the AWS API.") \
	X(peer_listen, ADDR, "127.0.0.1:0", NO, "", \
	    "Address for the calls of other pawlds of the same database; port 0: any.") \
	X(public_url, STRING, "", YES, "(https?://[^/]+(/[^/]+)*)?", \
	    "Address of this pawld in links that it hands out; empty: that of the listener.") \
	X(database, SECRET, "", NO, "", \
	    "libpq connection string of the PostgreSQL to use; empty: a private one in data_dir.") \
	X(data_dir, STRING, "", NO, "", \
	    "Folder of the private PostgreSQL; empty: ~/.local/share/pawl, for root /var/lib/pawl.") \
	X(postgres_bin, STRING, "", NO, "", \
	    "Folder of initdb and postgres for the private PostgreSQL; empty: the newest one found.") \
	X(plugin_dir, STRING, PAWL_PLUGINDIR, NO, "", "Folder whose plugins (*.so) are loaded.") \
	X(libexec_dir, STRING, PAWL_LIBEXECDIR, NO, "", \
	    "Folder of the helper programs pawl-function and pawl-mail.") \
	X(script_dir, STRING, PAWL_SYSCONFDIR "/scripts", NO, "", \
	    "Folder of the Lua scripts: functions/, hooks/ and lib/.") \
	X(lib_dir, STRING, PAWL_PKGDATADIR "/lib", NO, "", \
	    "Folder of the Lua modules that come with pawl.") \
	X(account_id, STRING, "123456789012", NO, "[0-9]{12}", \
	    "AWS account id, 12 digits, that stands in every ARN.") \
	X(region, STRING, "us-east-1", NO, "[a-z]+(-[a-z]+)+-[0-9]+", \
	    "AWS region that stands in every ARN.") \
	X(workers, INT, "0", NO, "0..256", \
	    "Worker processes on one port; 0: one per core, as far as PostgreSQL has connections.") \
	X(limits, ENUM, "none", NO, "none|aws", \
	    "Quotas to hold executions to: those of AWS, or none but the memory caps.") \
	X(task_limits, TABLE, "", YES, "table", \
	    "Named limits of tasks: how many at the same time, how many in a time, and which are under them.") \
	X(execution_limits, TABLE, "", YES, "number", \
	    "How many executions of a state machine may run at the same time, by name or beginning.") \
	X(log_level, ENUM, "info", YES, "error|warn|info|debug", \
	    "The least important log lines that are written.") \
	X(access_keys, TABLE, "", YES, "text", \
	    "Access key ids and their secrets; when there are any, every call must be signed with one.") \
	X(max_body, BYTES, "8 MiB", YES, "64 KiB..256 MiB", "Largest body of an API call.") \
	X(max_header, BYTES, "16 KiB", YES, "1 KiB..1 MiB", \
	    "Largest head (request line and headers) of an API call.") \
	X(max_in_flight, BYTES, "256 MiB", YES, "1 MiB..64 GiB", \
	    "Bytes of API calls and answers on their way at the same time; large calls beyond it get a 503.") \
	X(max_connections, INT, "4096", YES, "1..1000000", \
	    "API connections open at the same time; more wait to be accepted.") \
	X(throttle, TABLE, "", YES, "table", \
	    "Token buckets of API actions, as AWS has them: bucket, refill a second, each = \"machine\".") \
	X(client_timeout, DURATION, "60s", YES, "100ms..1d", \
	    "How long an API connection may stay silent, or take to send one call.") \
	X(activity_poll, DURATION, "58s", YES, "10ms..60s", \
	    "How long GetActivityTask waits for a task.") \
	X(writers, INT, "1", NO, "1..16", \
	    "PostgreSQL connections that write; each owns its share of the shards.") \
	X(read_connections, INT, "4", NO, "1..64", "PostgreSQL connections that read.") \
	X(batch_max, INT, "1000", NO, "1..100000", "Records in one transaction at most.") \
	X(start_delay, DURATION, "500ms", YES, "10ms..1h", \
	    "When commits wait longer than this for a while, executions are started only as fast as they are committed.") \
	X(start_queue, INT, "10000", YES, "2..1000000", \
	    "Starts that may wait for their first commit; one machine gets half of the room at most.") \
	X(start_queue_bytes, BYTES, "64 MiB", YES, "1 MiB..64 GiB", "Bytes of their inputs.") \
	X(max_memory, BYTES, "2 GiB", YES, "64 MiB..1024 GiB", \
	    "While a process of pawld has more memory than this it starts no executions.") \
	X(hibernate_after, DURATION, "10s", NO, "0s..365d", \
	    "An execution that only waits, and for longer than this, leaves memory.") \
	X(retention, STRING, "90d", YES, "never|[1-9][0-9]{0,8}(ms|s|m|h|d)", \
	    "An execution that was closed so long ago is deleted with its history.") \
	X(function_workers, INT, "4", NO, "1..256", "Lua functions that run at the same time.") \
	X(function_timeout, DURATION, "30s", YES, "1ms..1d", \
	    "A Lua function that runs longer is killed.") \
	X(function_memory, BYTES, "128 MiB", YES, "1 MiB..64 GiB", \
	    "A Lua function that needs more memory is killed.") \
	X(max_commands, INT, "16", YES, "1..4096", \
	    "Local commands that run at the same time; more wait in their order.") \
	X(aws_endpoint, STRING, "", NO, "(https?://.+)?", \
	    "Base URL of the AWS services that tasks call; empty: none, functions are Lua only.") \
	X(aws_access_key_id, STRING, "", NO, "", \
	    "Access key id that calls to aws_endpoint are signed with.") \
	X(aws_secret_access_key, SECRET, "", NO, "", "Secret of aws_access_key_id.") \
	X(resources, TABLE, "", YES, "text", \
	    "Which plugin serves a resource: its ARN, or a beginning and *, and the plugin's name or none.") \
	X(smtp_server, STRING, "", YES, "(smtps?://[^@/ ]+)?", \
	    "SMTP server that mail is given to; empty: no mail is sent.") \
	X(smtp_user, STRING, "", YES, "", "Name to log in to smtp_server with; empty: no login.") \
	X(smtp_password, SECRET, "", YES, "", "Password of smtp_user.") \
	X(smtp_tls, ENUM, "try", YES, "none|try|require", \
	    "TLS on a connection of smtp://: never, when the server offers it, or always.") \
	X(smtp_ca_file, STRING, "", YES, "", \
	    "PEM file of the certificate authorities that smtp_server is checked with; empty: the system's.") \
	X(mail_from, STRING, "", YES, "", "Address that mail is sent from.") \
	X(plugins, TABLE, "", YES, "table", \
	    "Options of the plugins: a table for each, by the plugin's name.")

enum option_type {
	OPTION_STRING,
	OPTION_SECRET,
	OPTION_ADDR,
	OPTION_ENUM,
	OPTION_INT,
	OPTION_BYTES,
	OPTION_DURATION,
	OPTION_BOOL,
	OPTION_TABLE
};

struct option_info {
	const char *name;
	enum option_type type;
	const char *default_text;
	bool reload;
	const char *range;
	const char *help;
	size_t offset; /* of its field in struct conf */
};

extern const struct option_info options[];
extern const size_t noptions;

/* '-' counts as '_'. NULL when there is none. */
const struct option_info *option_find(const char *name, size_t len);
/* The known option that looks most like name, or NULL when none is near. */
const struct option_info *option_closest(const char *name, size_t len);
/*
 * Reads text as a value of o and puts it into *field, which is of the option's C
 * type; a text that is there already is freed. On a mistake -1, *field as it was,
 * and a cause such as "writers must be a whole number from 1 to 16, not "many"".
 * A TABLE is set by conf.c.
 */
int option_set(const struct option_info *o, void *field, const char *text, struct err *e)
    __attribute__((warn_unused_result));
/* Puts text, a malloc'ed string that it takes, into the field of a text option. */
void option_set_text_take(const struct option_info *o, void *field, char *text);
/* The value as the command line spells it; SECRET and TABLE as "(set)" or "". */
void option_print(const struct option_info *o, const void *field, struct buf *out);
/* How long something is kept: "90d" as a DURATION (but not 0, and without a blank), "never" = KEEP_FOR_EVER. 0 or -1. */
#define KEEP_FOR_EVER 0
int keep_parse(const char *text, int64_t *ms);
/* A DURATION in the words of the command line: "250ms". 0 or -1. */
int duration_parse(const char *text, int64_t *ms);
bool option_is_text(enum option_type type); /* its field is a const char * */
/* What a value must be, as the end of a sentence: "a whole number from 1 to 64". */
void option_describe(const struct option_info *o, struct buf *out);
/* One paragraph for each option: name, default, help. What --list-options prints. */
void option_list(struct buf *out);

#endif
