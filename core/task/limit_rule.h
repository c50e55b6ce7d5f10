/*
 * limit_rule - the option task_limits: what is said of each limit.
 *
 *	task_limits = {
 *		payments = { concurrency = 5 },
 *		mail = { rate = 10, per = "1s", burst = 20, resources = { "arn:aws:states:::http:*" } },
 *		slow = { concurrency = 1, machines = { "Reports" } },
 *	}
 */
#ifndef PAWL_TASK_LIMIT_RULE_H
#define PAWL_TASK_LIMIT_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct limit_rule {
	char *name;
	int64_t concurrency; /* tasks at the same time; 0 = any number */
	int64_t rate;        /* tasks that begin within per_ms; 0 = any number */
	int64_t per_ms;
	int64_t burst; /* of these, so many may begin at once after a quiet time */
	/* Tasks that are under it without naming it; a last '*' stands for anything. */
	char **resources; /* ARNs, without .sync and the like */
	size_t nresources;
	char **machines; /* names or ARNs */
	size_t nmachines;
};

struct limit_rules {
	struct limit_rule *list; /* by name */
	size_t n;
};
#define LIMIT_RULES_INIT \
	{ \
		NULL, 0 \
	}

/* json is the option's text. -1 and e, a sentence that says what to do. */
int limit_rules_parse(const char *json, struct limit_rules *out, struct err *e);
void limit_rules_fini(struct limit_rules *r);
/* Are tasks of that resource, or of that machine, under it whatever they say themselves? */
bool limit_rule_takes(const struct limit_rule *r, const char *resource, const char *machine_name,
    const char *machine_arn);

#endif
