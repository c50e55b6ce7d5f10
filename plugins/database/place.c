/*
 * place - the databases of the configuration, by name.
 *
 * A place that a reload takes away, or changes, is retired: tasks that run there end there, new ones get
 * its successor.
 */
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "docs.h"

/* --- one place ---------------------------------------------------------------------------- */

static void
place_free(struct database *d, struct place *p)
{
	TAILQ_REMOVE(&d->places, p, link);
	d->host->db_close(d->host, p->db);
	free(p->name);
	free(p->setting);
	free(p);
}

static void
place_retire(struct database *d, struct place *p)
{
	p->retired = true;
	if (p->ntasks == 0)
		place_free(d, p);
}

static struct place *
place_find(struct database *d, const char *name)
{
	struct place *p;

	TAILQ_FOREACH(p, &d->places, link)
		if (!p->retired && strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

struct place *
place_take(struct database *d, const char *name)
{
	struct place *p = place_find(d, name);

	if (p != NULL)
		p->ntasks++;
	return p;
}

void
place_give_back(struct database *d, struct place *p)
{
	if (--p->ntasks == 0 && p->retired)
		place_free(d, p);
}

void
places_fini(struct database *d)
{
	struct place *p, *next;

	for (p = TAILQ_FIRST(&d->places); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		place_free(d, p);
	}
}

/* --- the configuration ---------------------------------------------------------------------- */

/* What is wrong with a setting, to be released with free; else the number of its connections. */
static char *
check_setting(const struct pawl_host *h, const char *name, struct pawl_doc setting, int64_t *n)
{
	struct pawl_doc_iter it = { .of = setting };
	struct pawl_doc given = h->doc_get(h, setting, "connections");

	if (*name == '\0')
		return text_format("databases: a database needs a name");
	if (h->doc_type(h, setting) != PAWL_DOC_OBJECT)
		return text_format("databases.%s: write { conninfo = \"host=... dbname=...\" }",
		    name);
	while (h->doc_next(h, &it))
		if (!h->doc_is(h, it.key, "conninfo") && !h->doc_is(h, it.key, "connections")) {
			char *key = h->doc_string(h, it.key, NULL);
			char *why = text_format(
			    "databases.%s has no %s; it may have conninfo and connections", name,
			    key);

			h->free(h, key);
			return why;
		}
	if (h->doc_type(h, h->doc_get(h, setting, "conninfo")) != PAWL_DOC_STRING)
		return text_format("databases.%s.conninfo is missing: a text like "
				   "\"host=db.example.com dbname=billing user=pawl\"",
		    name);
	*n = h->option_int(h, "connections");
	if (given.block_ != NULL && (!h->doc_int(h, given, n) || *n < 1 || *n > 64))
		return text_format("databases.%s.connections is 1 to 64", name);
	return NULL;
}

/* A place that is not in the list yet; NULL and *why. */
static struct place *
place_open(struct database *d, const char *name, const char *setting, const char *conninfo,
    int64_t connections, char **why)
{
	const struct pawl_host *h = d->host;
	struct pawl_db *db;
	struct place *p;
	char *refusal = NULL;

	if ((db = h->db_open(h, conninfo, (int)connections, &refusal)) == NULL) {
		*why = conninfo != NULL ? text_format("databases.%s: %s", name, refusal)
					: text_format("%s", refusal);
		h->free(h, refusal);
		return NULL;
	}
	p = text_alloc(sizeof(*p));
	p->name = text_format("%s", name);
	p->setting = text_format("%s", setting);
	p->db = db;
	return p;
}

/* Moves to opened what the setting asks for and is not there yet. */
static char *
load_setting(struct database *d, const char *name, struct pawl_doc setting,
    struct place_list *opened)
{
	const struct pawl_host *h = d->host;
	struct place *old = place_find(d, name), *new;
	int64_t n = 0;
	char *why = check_setting(h, name, setting, &n), *text, *conninfo, *key;

	if (why != NULL)
		return why;
	text = h->doc_text(h, setting, NULL);
	key = text_format("%s%lld", text, (long long)n);
	h->free(h, text);
	if (old == NULL || strcmp(old->setting, key) != 0) {
		conninfo = docs_string(h, setting, "conninfo");
		new = place_open(d, name, key, conninfo, n, &why);
		h->free(h, conninfo);
		if (new != NULL)
			TAILQ_INSERT_TAIL(opened, new, link);
	}
	free(key);
	return why;
}

static char *
load_own(struct database *d, struct place_list *opened)
{
	const struct pawl_host *h = d->host;
	struct place *old = place_find(d, ""), *new;
	int64_t n = h->option_int(h, "connections");
	char *key, *why = NULL;

	if (!h->option_bool(h, "own"))
		return NULL;
	key = text_format("%lld", (long long)n);
	if (old == NULL || strcmp(old->setting, key) != 0)
		if ((new = place_open(d, "", key, NULL, n, &why)) != NULL)
			TAILQ_INSERT_TAIL(opened, new, link);
	free(key);
	return why;
}

static bool
is_configured(const struct database *d, const char *name)
{
	const struct pawl_host *h = d->host;

	if (*name == '\0')
		return h->option_bool(h, "own");
	return docs_has(h, h->option_doc(h, "databases"), name);
}

/* Opened places take the place of those before them. */
static void
replace(struct database *d, struct place_list *opened)
{
	struct place *p, *next;

	for (p = TAILQ_FIRST(&d->places); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		if (!p->retired && !is_configured(d, p->name))
			place_retire(d, p);
	}
	while ((p = TAILQ_FIRST(opened)) != NULL) {
		struct place *old = place_find(d, p->name);

		TAILQ_REMOVE(opened, p, link);
		if (old != NULL)
			place_retire(d, old);
		TAILQ_INSERT_TAIL(&d->places, p, link);
	}
}

char *
places_load(struct database *d)
{
	const struct pawl_host *h = d->host;
	struct pawl_doc_iter it = { .of = h->option_doc(h, "databases") };
	struct place_list opened = TAILQ_HEAD_INITIALIZER(opened);
	char *why = load_own(d, &opened);

	while (why == NULL && h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);

		why = name != NULL ? load_setting(d, name, it.value, &opened)
				   : text_format("databases: give each a name");
		h->free(h, name);
	}
	if (why == NULL) {
		replace(d, &opened);
		return NULL;
	}
	while (!TAILQ_EMPTY(&opened)) {
		struct place *p = TAILQ_FIRST(&opened);

		TAILQ_REMOVE(&opened, p, link);
		TAILQ_INSERT_TAIL(&d->places, p, link);
		place_free(d, p);
	}
	return why;
}
