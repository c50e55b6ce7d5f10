/*
 * execution_rule - the option execution_limits: how many executions of a state machine may run at the same time.
 *
 *	execution_limits = { Nightly = 1, ["Report-*"] = 10 }
 *
 * Each machine that a pattern stands for has so many. Of several patterns that fit a machine the one decides that
 * says most of its name; pawl.execution_limit (sql/schema/0011_place.sql) reads them in the same way.
 */
#ifndef PAWL_TASK_EXECUTION_RULE_H
#define PAWL_TASK_EXECUTION_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct execution_rule {
	char *pattern; /* of names, or of ARNs when it begins with "arn:" */
	int64_t most;
};

struct execution_rules {
	struct execution_rule *list;
	size_t n;
	bool by_arn; /* some are patterns of ARNs */
};
#define EXECUTION_RULES_INIT \
	{ \
		NULL, 0, false \
	}

/* json is the option's text. -1 and e, a sentence that says what to do. */
int execution_rules_parse(const char *json, struct execution_rules *out, struct err *e);
void execution_rules_fini(struct execution_rules *r);
/* How many of the machine's executions may run; 0 = any number. The ARN matters only by_arn. */
int64_t execution_rules_most(const struct execution_rules *r, const char *machine_name,
    const char *machine_arn);

#endif
