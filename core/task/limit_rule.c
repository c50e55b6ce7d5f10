/*
 * limit_rule - the option task_limits: what is said of each limit.
 */
#include "task/limit_rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/options.h"
#include "base/similar.h"
#include "base/xalloc.h"
#include "doc/doc.h"

#define NUMBER_MAX 1000000
#define PER_MAX_MS (24 * 60 * 60 * INT64_C(1000))

/* Where a value is to go; what is wrong with it is said of that place. */
struct field {
	const struct limit_rule *rule;
	const char *name;
	struct doc value;
	struct err *e;
};

static int
refuse(const struct field *f, const char *must)
{
	char *text = doc_text(f->value, NULL);

	err_set(f->e, "pawl.Config", "task_limits: %s.%s must be %s, not %s", f->rule->name,
	    f->name, must, text);
	free(text);
	return -1;
}

static int
read_number(const struct field *f, int64_t *out)
{
	if (doc_i64(f->value, out) && *out >= 1 && *out <= NUMBER_MAX)
		return 0;
	return refuse(f, "a whole number from 1 to 1000000");
}

static int
read_per(const struct field *f, int64_t *out)
{
	char *text = doc_strdup(f->value);
	int rc = text != NULL ? duration_parse(text, out) : -1;

	free(text);
	if (rc == 0 && *out >= 1 && *out <= PER_MAX_MS)
		return 0;
	return refuse(f, "a time from \"1ms\" to \"1d\"");
}

static int
read_patterns(const struct field *f, char ***list, size_t *n)
{
	static const char must[] = "a list of texts, in which * may stand at the end";
	struct doc_iter it = doc_iter(f->value);

	if (doc_type(f->value) != DOC_ARRAY)
		return refuse(f, must);
	while (doc_next(&it)) {
		char *text = doc_strdup(it.value);

		if (text == NULL || !pattern_is_good(text)) {
			free(text);
			return refuse(f, must);
		}
		*list = xreallocarray(*list, *n + 1, sizeof(**list));
		(*list)[(*n)++] = text;
	}
	return 0;
}

static int
refuse_unknown(const struct field *f)
{
	static const char *const known[] = { "concurrency", "rate", "per", "burst", "resources",
		"machines" };
	struct similar s;
	const char *near;

	similar_init(&s, f->name, strlen(f->name));
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		similar_offer(&s, known[i], strlen(known[i]));
	near = similar_best(&s);
	return err_set(f->e, "pawl.Config", "task_limits: %s has no %s%s%s%s", f->rule->name,
	    f->name,
	    near != NULL ? ", did you mean "
			 : ": it may have concurrency, rate, per, burst, resources, machines",
	    near != NULL ? near : "", near != NULL ? "?" : "");
}

static int
read_field(struct limit_rule *r, const struct field *f)
{
	if (strcmp(f->name, "concurrency") == 0)
		return read_number(f, &r->concurrency);
	if (strcmp(f->name, "rate") == 0)
		return read_number(f, &r->rate);
	if (strcmp(f->name, "per") == 0)
		return read_per(f, &r->per_ms);
	if (strcmp(f->name, "burst") == 0)
		return read_number(f, &r->burst);
	if (strcmp(f->name, "resources") == 0)
		return read_patterns(f, &r->resources, &r->nresources);
	if (strcmp(f->name, "machines") == 0)
		return read_patterns(f, &r->machines, &r->nmachines);
	return refuse_unknown(f);
}

static int
check_rule(struct limit_rule *r, struct err *e)
{
	if (!limit_name_is_good(r->name))
		return err_set(e, "pawl.Config", "task_limits: \"%s\" is no name of a limit: %s",
		    r->name, LIMIT_NAME_RULE);
	if (r->concurrency == 0 && r->rate == 0)
		return err_set(e, "pawl.Config",
		    "task_limits: %s limits nothing: set concurrency or rate", r->name);
	if (r->rate == 0 && (r->per_ms != 0 || r->burst != 0))
		return err_set(e, "pawl.Config",
		    "task_limits: %s has %s, which is nothing without rate", r->name,
		    r->per_ms != 0 ? "per" : "burst");
	if (r->per_ms == 0)
		r->per_ms = 1000;
	if (r->burst == 0)
		r->burst = 1;
	return 0;
}

static int
read_rule(struct limit_rule *r, struct doc d, struct err *e)
{
	struct doc_iter it = doc_iter(d);
	int rc = 0;

	while (rc == 0 && doc_next(&it)) {
		char *name = doc_strdup(it.key);
		const struct field f = { r, name != NULL ? name : "", it.value, e };

		rc = read_field(r, &f);
		free(name);
	}
	return rc == 0 ? check_rule(r, e) : -1;
}

int
limit_rules_parse(const char *json, struct limit_rules *out, struct err *e)
{
	struct doc d = doc_parse(json, strlen(json), e);
	struct doc_iter it = doc_iter(d);
	int rc = doc_is_none(d) ? -1 : 0;

	*out = (struct limit_rules)LIMIT_RULES_INIT;
	while (rc == 0 && doc_next(&it)) {
		struct limit_rule *r;

		out->list = xreallocarray(out->list, out->n + 1, sizeof(*out->list));
		r = &out->list[out->n++];
		*r = (struct limit_rule){ .name = doc_strdup(it.key) };
		if (r->name == NULL)
			r->name = xstrdup("");
		rc = read_rule(r, it.value, e);
	}
	doc_unref(d);
	if (rc != 0)
		limit_rules_fini(out);
	return rc;
}

static void
texts_free(char **list, size_t n)
{
	while (n > 0)
		free(list[--n]);
	free(list);
}

void
limit_rules_fini(struct limit_rules *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->list[i].name);
		texts_free(r->list[i].resources, r->list[i].nresources);
		texts_free(r->list[i].machines, r->list[i].nmachines);
	}
	free(r->list);
	*r = (struct limit_rules)LIMIT_RULES_INIT;
}

static bool
any_matches(char *const *patterns, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (pattern_matches(patterns[i], text))
			return true;
	return false;
}

bool
limit_rule_takes(const struct limit_rule *r, const char *resource, const char *machine_name,
    const char *machine_arn)
{
	return any_matches(r->resources, r->nresources, resource) ||
	    any_matches(r->machines, r->nmachines, machine_name) ||
	    any_matches(r->machines, r->nmachines, machine_arn);
}
