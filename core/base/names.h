/*
 * names - names and ARNs as the API takes and gives them (machines, executions ...).
 */
#ifndef PAWL_BASE_NAMES_H
#define PAWL_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* False when s holds white space, a control character or one of <>{}[]?*"#%\^|~`$&,;:/ */
bool name_is_legal(const char *s, size_t len);
/* 0, or -1 and e "InvalidName", which echoes the name. */
int name_check(const char *s, size_t len, struct err *e);

/* Is it the name of a limit, in the configuration and in Limit of a definition? */
#define LIMIT_NAME_MAX 80
#define LIMIT_NAME_RULE \
	"1 to 80 characters, none of them white space, a control character or one of " \
	"<>{}[]?*\"#%\\^|~`$&,;:/"
bool limit_name_is_good(const char *name);

/* A text of the configuration that stands for itself, or, ending with '*', for all that begin so. */
bool pattern_is_good(const char *pattern);
bool pattern_matches(const char *pattern, const char *text);

enum resource_kind {
	RESOURCE_UNKNOWN,   /* of no type that Step Functions has */
	RESOURCE_MACHINE,   /* stateMachine:NAME */
	RESOURCE_VERSION,   /* stateMachine:NAME:7 */
	RESOURCE_ALIAS,     /* stateMachine:NAME:ALIAS */
	RESOURCE_LABELLED,  /* stateMachine:NAME/LABEL */
	RESOURCE_EXECUTION, /* execution:NAME:EXECUTION */
	RESOURCE_CHILD,     /* execution:NAME/LABEL:EXECUTION */
	RESOURCE_EXPRESS,   /* express:... */
	RESOURCE_ACTIVITY,  /* activity:NAME */
	RESOURCE_MAP_RUN    /* mapRun:NAME/LABEL:ID */
};

/* What an ARN of ours names; the parts are NUL-terminated copies. */
#define RESOURCE_TEXT_MAX 2048
struct resource {
	enum resource_kind kind;
	bool ours; /* of our account and region: else it names nothing here */
	char type[RESOURCE_TEXT_MAX +
	    1];           /* "stateMachine", "execution" ...; the texts below are in here too */
	const char *name; /* of the machine or activity */
	const char *part; /* version, alias, label, execution name, map run id; "" = none */
};

/* The account and region that this node answers for. */
struct territory {
	const char *region, *account_id;
};

/*
 * 0, or -1 and e "InvalidArn" for what is no ARN of Step Functions at all.
 */
int resource_parse(const struct territory *t, const char *arn, size_t len, struct resource *r,
    struct err *e);
/* e "InvalidArn" for the wrong type of resource; -1. */
int resource_refuse_type(const struct resource *r, struct err *e);
/* Appends an ARN of ours. */
typedef void resource_arn_fn(const struct territory *t, const char *name, struct buf *out);
/* "arn:aws:states:REGION:ACCOUNT:stateMachine:NAME" */
void resource_machine_arn(const struct territory *t, const char *name, struct buf *out);
/* "arn:aws:states:REGION:ACCOUNT:activity:NAME" */
void resource_activity_arn(const struct territory *t, const char *name, struct buf *out);
void resource_execution_arn(const struct territory *t, const char *machine, const char *name,
    struct buf *out);
/* 0, or -1 and e "InvalidArn" when the text is not the ARN of an IAM role. */
int role_arn_check(const char *arn, size_t len, struct err *e);

#endif
