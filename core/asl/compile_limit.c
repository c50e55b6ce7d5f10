/*
 * compile_limit - Limit, which is not of the States Language: the limits of the
 * configuration that a Task, or each Task of the machine, keeps to.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"
#include "base/names.h"
#include "base/xalloc.h"

static bool
has_name(const struct limit_names *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->list[i], name) == 0)
			return true;
	return false;
}

/* A name that nobody declared: mostly a misspelt one, and its tasks would wait for ever. */
static void
check_known(const struct part *p, struct doc v, const char *name, const struct place *at)
{
	const char **known = p->c->d->limits, *between = "";
	struct buf names;
	size_t n;

	if (known == NULL)
		return;
	buf_init(&names, BUF_UNLIMITED);
	for (n = 0; known[n] != NULL && strcmp(known[n], name) != 0; n++) {
		buf_addf(&names, "%s%s", between, known[n]);
		between = ", ";
	}
	if (known[n] == NULL)
		help_words(report(p->c, at, SCHEMA,
			       "There is no limit '%s' in task_limits of this server's "
			       "configuration, which has: [%s]",
			       name, buf_text(&names)),
		    v, known, n);
	buf_fini(&names);
}

static void
compile_name(const struct part *p, struct doc v, const struct place *at, struct limit_names *out)
{
	char *name = doc_strdup(v);

	if (name == NULL)
		report(p->c, at, SCHEMA, "Expected value of type [STRING]");
	else if (!limit_name_is_good(name))
		report(p->c, at, SCHEMA, "Value is not the name of a limit: %s", LIMIT_NAME_RULE);
	else if (has_name(out, name))
		report(p->c, at, SCHEMA, "The limit '%s' is named twice", name);
	else {
		check_known(p, v, name, at);
		out->list = xreallocarray(out->list, out->n + 1, sizeof(*out->list));
		out->list[out->n++] = name;
		return;
	}
	free(name);
}

void
compile_limits(const struct part *p, struct limit_names *out)
{
	struct place at = place_name(p->at, "Limit");
	struct doc v = field_get(p, "Limit");
	struct doc_iter it;
	size_t i;

	if (doc_is_none(v))
		return;
	warn_portable(p->c, &at, "field 'Limit'");
	if (doc_type(v) != DOC_ARRAY) {
		compile_name(p, v, &at, out);
		return;
	}
	if (doc_len(v) == 0 || doc_len(v) > ASL_LIMITS_MAX) {
		report(p->c, &at, SCHEMA, "Expected the name of a limit, or a list of 1 to %d",
		    ASL_LIMITS_MAX);
		return;
	}
	it = doc_iter(v);
	for (i = 0; doc_next(&it); i++) {
		struct place one = place_index(&at, i);

		compile_name(p, it.value, &one, out);
	}
}
