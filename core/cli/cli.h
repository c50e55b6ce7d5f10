/*
 * cli - what the subcommands of pawl share: arguments, printing, exit codes.
 */
#ifndef PAWL_CLI_CLI_H
#define PAWL_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "doc/doc.h"

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED =
	    1, /* the answer is no: invalid definition, failed execution, an error of the API */
	CLI_USAGE = 2,      /* a mistake on the command line */
	CLI_UNREACHABLE = 3 /* no answer from the server */
};

struct cli {
	const char *endpoint;
	const char *region;
	bool json; /* --json: the API's own answers instead of text */
	bool colour;
	int argc; /* words after the subcommand, options of all subcommands taken out */
	char **argv;
	const struct cli_command *command;
};

struct cli_command {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *help; /* options and examples, below the usage line */
	int (*run)(struct cli *c);
};

int cmd_validate(struct cli *c);
int cmd_run(struct cli *c);
int cmd_create(struct cli *c);
int cmd_start(struct cli *c);
int cmd_list(struct cli *c);
int cmd_show(struct cli *c);
int cmd_history(struct cli *c);
int cmd_stop(struct cli *c);
int cmd_logs(struct cli *c);
int cmd_task(struct cli *c);
int cmd_activity(struct cli *c);
int cmd_plugins(struct cli *c);
int cmd_limits(struct cli *c);
int cmd_nodes(struct cli *c);

/*
 * Takes "--NAME VALUE" or "--NAME=VALUE" out of the words: the value, or NULL when it
 * is not there. Exits with CLI_USAGE when the value is missing.
 */
const char *cli_option(struct cli *c, const char *name);
bool cli_flag(struct cli *c, const char *name);
/* The next positional word, or exits with CLI_USAGE saying what is missing. */
const char *cli_word(struct cli *c, const char *what);
/* As cli_word, NULL when there is none. */
const char *cli_word_or_null(struct cli *c);
/* Exits with CLI_USAGE when words are left. */
void cli_done(struct cli *c);

/* Prints "pawl: ..." on stderr; returns code. */
int cli_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "@FILE" or "-" (standard input) gives the content, anything else itself; yours. NULL after cli_fail's line. */
char *cli_read_value(const char *value, size_t *len);
/* The whole file; yours. NULL after cli_fail's line. */
char *cli_read_file(const char *path, size_t *len);

/* Escape sequences, "" without colour. */
enum cli_colour { CLI_PLAIN, CLI_GREEN, CLI_RED, CLI_YELLOW, CLI_DIM, CLI_BOLD };
const char *cli_colour(const struct cli *c, enum cli_colour colour);
/* The colour of an execution's status or an event's type. */
enum cli_colour cli_status_colour(const char *status);

/* Text of a member: strings unquoted, other values as JSON, "" when absent; yours. */
char *cli_text(struct doc d, const char *member);
/* A member that is a whole number, else 0. */
int64_t cli_number(struct doc d, const char *member);
/* The same for a terminal, at most max bytes of it and then "...": yours. */
char *cli_visible_text(struct doc d, const char *member, size_t max);
/* Replaces *text, malloc'ed, by one in which control characters are \xNN: what strangers wrote moves no cursor. */
void cli_make_visible(char **text);
/* "2026-11-23 04:31:07.123" local time, of a number of seconds; "-" when it is none. */
void cli_time(struct doc seconds, char out[32]);
/* A line "LABEL VALUE" of a member, if it is there. */
void cli_print_member(struct doc d, const char *member, const char *label);
void cli_print_time(struct doc d, const char *member, const char *label);

#endif
