/*
 * client - calls of the Step Functions API from the command line (blocking).
 */
#ifndef PAWL_CLI_CLIENT_H
#define PAWL_CLI_CLIENT_H

#include "base/buf.h"
#include "cli/cli.h"

/*
 * Calls an action with a JSON body (borrowed). 0 and *answer (yours), or the exit code
 * (the sentence is printed). Signed when AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set.
 */
int client_call(struct cli *c, const char *action, const struct buf *body, struct doc *answer);

/* Prints what a GET of a path ("/plugins") gives: with --json as it is, else by print. The exit code. */
int client_show(struct cli *c, const char *path,
    void (*print)(const struct cli *c, struct doc answer));

/* The ARN of the machine of that name, yours; NULL with *code 0 when there is none. */
char *client_find_machine(struct cli *c, const char *name, int *code);
/*
 * The ARN of a machine given by name or ARN, of an execution given by ARN or as
 * MACHINE:EXECUTION; yours. NULL: the sentence is printed, *code set.
 */
char *client_machine_arn(struct cli *c, const char *name, int *code);
char *client_execution_arn(struct cli *c, const char *name, int *code);
/* The same for an activity, given by name or ARN. */
char *client_activity_arn(struct cli *c, const char *name, int *code);

/* A body to which client_add adds members; client_do closes and frees it. */
void client_begin(struct buf *body);
/* As client_call; prints the answer as it is when --json is given. */
int client_do(struct cli *c, const char *action, struct buf *members, struct doc *answer);

/* Appends {"KEY":"value"}'s inside: a comma when the buffer does not end in '{', then "key":"value". */
void client_add(struct buf *body, const char *key, const char *value);

#endif
