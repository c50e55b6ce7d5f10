/*
 * execution_rule - the option execution_limits: how many executions of a state machine may run at the same time.
 */
#include "task/execution_rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/xalloc.h"
#include "doc/doc.h"

#define MOST_MAX 1000000

static bool
is_arn(const struct execution_rule *r)
{
	return strncmp(r->pattern, "arn:", 4) == 0;
}

static int
refuse_number(const char *pattern, struct doc value, struct err *e)
{
	char *text = doc_text(value, NULL);

	err_set(e, "pawl.Config",
	    "execution_limits: %s must be a whole number from 1 to 1000000, not %s", pattern, text);
	free(text);
	return -1;
}

static int
read_rule(struct execution_rule *r, struct doc value, struct err *e)
{
	if (!pattern_is_good(r->pattern))
		return err_set(e, "pawl.Config",
		    "execution_limits: \"%s\" must be the name or the ARN of a state machine, in which * "
		    "may stand at the end",
		    r->pattern);
	if (!doc_i64(value, &r->most) || r->most < 1 || r->most > MOST_MAX)
		return refuse_number(r->pattern, value, e);
	return 0;
}

int
execution_rules_parse(const char *json, struct execution_rules *out, struct err *e)
{
	struct doc d = doc_parse(json, strlen(json), e);
	struct doc_iter it = doc_iter(d);
	int rc = doc_is_none(d) ? -1 : 0;

	*out = (struct execution_rules)EXECUTION_RULES_INIT;
	while (rc == 0 && doc_next(&it)) {
		struct execution_rule *r;

		out->list = xreallocarray(out->list, out->n + 1, sizeof(*out->list));
		r = &out->list[out->n++];
		*r = (struct execution_rule){ .pattern = doc_strdup(it.key) };
		if (r->pattern == NULL)
			r->pattern = xstrdup("");
		out->by_arn = out->by_arn || is_arn(r);
		rc = read_rule(r, it.value, e);
	}
	doc_unref(d);
	if (rc != 0)
		execution_rules_fini(out);
	return rc;
}

void
execution_rules_fini(struct execution_rules *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->list[i].pattern);
	free(r->list);
	*r = (struct execution_rules)EXECUTION_RULES_INIT;
}

/* True: it does, and leaves so many letters open; -1 = none, and it has no '*'. */
static bool
rule_fits(const struct execution_rule *r, const char *name, const char *arn, ptrdiff_t *open)
{
	const char *subject = is_arn(r) ? arn : name;
	size_t len = strlen(r->pattern);

	if (!pattern_matches(r->pattern, subject))
		return false;
	*open = r->pattern[len - 1] == '*' ? (ptrdiff_t)(strlen(subject) - (len - 1)) : -1;
	return true;
}

int64_t
execution_rules_most(const struct execution_rules *r, const char *machine_name,
    const char *machine_arn)
{
	ptrdiff_t best = PTRDIFF_MAX, open;
	int64_t most = 0;

	for (size_t i = 0; i < r->n; i++)
		if (rule_fits(&r->list[i], machine_name, machine_arn, &open) && open < best) {
			best = open;
			most = r->list[i].most;
		}
	return most;
}
