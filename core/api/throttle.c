/*
 * throttle - token buckets for the actions of the API, as AWS has them: so many calls at once, so many a second.
 */
#include "api/throttle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "api/model.h"
#include "base/bucket.h"
#include "base/idmap.h"
#include "base/xalloc.h"
#include "doc/doc.h"

#define ACCOUNTS_MAX 10000 /* of machines; the one that was used least lately goes, full */

/* What an action may. */
struct rule {
	const char *action; /* of the model, or transitions */
	struct bucket_rule bucket;
	bool by_machine;
};

/* What the calls of an action, or those of it for one machine, have left. */
struct account {
	uint64_t key;
	struct bucket bucket;
	TAILQ_ENTRY(account) by_use;
};

struct throttle {
	struct rule *rules;
	size_t nrules;
	struct idmap accounts;
	TAILQ_HEAD(account_list, account) by_use;
};

static const char transitions[] =
    "StateTransition"; /* no action, but a name of AWS's for a bucket */

/* --- what the option says ---------------------------------------------------------- */

static int
read_number(struct doc rule, const char *action, const char *name, double least, double *out,
    struct err *e)
{
	struct doc d = doc_gets(rule, name);

	if (!doc_is_none(d) && doc_type(d) == DOC_NUMBER && doc_f64(d, out) && *out >= least &&
	    *out <= 1e9)
		return 0;
	return err_set(e, "pawl.Throttle",
	    "throttle: %s must have a number %s from %g to 1000000000", action, name, least);
}

static bool
has_machine(const struct model_action *m)
{
	const struct model_shape *input = model_shape(m->input);

	return model_member_find(input, "stateMachineArn", strlen("stateMachineArn")) != NULL ||
	    model_member_find(input, "executionArn", strlen("executionArn")) != NULL;
}

/* m NULL: it is not for calls, and every execution has a machine. */
static int
read_each(const struct model_action *m, const char *action, struct doc rule, bool *by_machine,
    struct err *e)
{
	struct doc each = doc_gets(rule, "each");

	*by_machine = !doc_is_none(each);
	if (!*by_machine)
		return 0;
	if (doc_type(each) != DOC_STRING || !doc_str_is(each, "machine"))
		return err_set(e, "pawl.Throttle",
		    "throttle: %s: each can only be \"machine\"; leave it out for one bucket",
		    action);
	if (m != NULL && !has_machine(m))
		return err_set(e, "pawl.Throttle",
		    "throttle: calls of %s name no state machine: leave each out", action);
	return 0;
}

static int
check_members(struct doc rule, const char *action, struct err *e)
{
	struct doc_iter it = doc_iter(rule);

	while (doc_next(&it))
		if (!doc_str_is(it.key, "bucket") && !doc_str_is(it.key, "refill") &&
		    !doc_str_is(it.key, "each"))
			return err_set(e, "pawl.Throttle",
			    "throttle: %s may have bucket, refill and each, and nothing else",
			    action);
	return 0;
}

static int
read_rule(const char *name, struct doc rule, struct rule *out, struct err *e)
{
	const struct model_action *m = model_action_find(name, strlen(name));
	double a_second = 0;

	out->action = m != NULL ? m->name : transitions;
	if (m == NULL && strcmp(name, transitions) != 0)
		return err_set(e, "pawl.Throttle", "throttle: the API has no action \"%s\"", name);
	if (check_members(rule, out->action, e) != 0 ||
	    read_number(rule, out->action, "bucket", 1, &out->bucket.size, e) != 0 ||
	    read_number(rule, out->action, "refill", 0.001, &a_second, e) != 0 ||
	    read_each(m, out->action, rule, &out->by_machine, e) != 0)
		return -1;
	out->bucket.per_ms = a_second / 1000;
	return 0;
}

struct throttle *
throttle_new(const char *json, struct err *e)
{
	struct throttle *t = xcalloc(1, sizeof(*t));
	struct doc d = doc_parse(json, strlen(json), e);
	struct doc_iter it;
	int rc = doc_is_none(d) ? -1 : 0;

	TAILQ_INIT(&t->by_use);
	if (rc == 0) {
		t->rules = xcalloc(doc_len(d) + 1, sizeof(*t->rules));
		it = doc_iter(d);
		while (rc == 0 && doc_next(&it)) {
			char *name = doc_strdup(it.key);

			rc = read_rule(name != NULL ? name : "", it.value, &t->rules[t->nrules++],
			    e);
			free(name);
		}
	}
	doc_unref(d);
	if (rc == 0)
		return t;
	throttle_free(t);
	return NULL;
}

void
throttle_free(struct throttle *t)
{
	struct account *a;

	if (t == NULL)
		return;
	while ((a = TAILQ_FIRST(&t->by_use)) != NULL) {
		TAILQ_REMOVE(&t->by_use, a, by_use);
		free(a);
	}
	idmap_fini(&t->accounts);
	free(t->rules);
	free(t);
}

/* --- calls ------------------------------------------------------------------------------ */

static const struct rule *
rule_of(const struct throttle *t, const char *action)
{
	for (size_t i = 0; i < t->nrules; i++)
		if (strcmp(t->rules[i].action, action) == 0)
			return &t->rules[i];
	return NULL;
}

bool
throttle_by_machine(const struct throttle *t, const char *action)
{
	const struct rule *r = rule_of(t, action);

	return r != NULL && r->by_machine;
}

/* The account, as used last. */
static struct account *
account_of(struct throttle *t, const struct rule *r, const char *machine)
{
	uint64_t key = idmap_id_of(idmap_id_of(0, r->action), r->by_machine ? machine : "");
	struct account *a = idmap_get(&t->accounts, key);

	if (a != NULL) {
		TAILQ_REMOVE(&t->by_use, a, by_use);
	} else {
		if (t->accounts.n >= ACCOUNTS_MAX) {
			a = TAILQ_FIRST(&t->by_use);
			TAILQ_REMOVE(&t->by_use, a, by_use);
			idmap_take(&t->accounts, a->key);
			free(a);
		}
		a = xcalloc(1, sizeof(*a));
		a->key = key;
		a->bucket = bucket_full(&r->bucket);
		idmap_put(&t->accounts, key, a);
	}
	TAILQ_INSERT_TAIL(&t->by_use, a, by_use);
	return a;
}

int
throttle_take(struct throttle *t, const char *action, const char *machine)
{
	const struct rule *r = rule_of(t, action);
	struct account *a;

	if (r == NULL)
		return 0;
	a = account_of(t, r, machine);
	if (bucket_fill(&a->bucket, &r->bucket) >= 1) {
		a->bucket.tokens--;
		return 0;
	}
	return (int)((bucket_wait_ms(&a->bucket, &r->bucket) + 999) / 1000);
}

struct transition_rule
throttle_transitions(const struct throttle *t)
{
	const struct rule *r = rule_of(t, transitions);

	return r != NULL
	    ? (struct transition_rule){ .bucket = r->bucket, .by_machine = r->by_machine }
	    : (struct transition_rule){ .by_machine = false };
}
