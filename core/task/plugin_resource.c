/*
 * plugin_resource - which plugin serves a resource.
 *
 * Each plugin says what it serves; the longest match wins. What the option "resources" says goes
 * before all of them, wherever the plugin that it names serves the resource, or it says "none".
 */
#include "task/plugin_module.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/xalloc.h"

#define NOBODY "none"

/* An ARN, or the beginning of many. */
struct wild {
	char *text; /* without the '*' */
	size_t len;
	bool prefix;
};

/* What a plugin says that it serves. */
struct pattern {
	struct wild of;
	struct module *module;
};

/* What the configuration says. */
struct choice {
	struct wild of;
	char *plugin;
};

/* Who serves an ARN was looked for before: each step of each execution asks twice. */
struct known {
	char *arn;
	const struct module *server; /* NULL = nobody serves it */
};
#define KNOWN_PLACES 64 /* a power of two */

struct plugin_resources {
	struct known known[KNOWN_PLACES];
	struct pattern *patterns;
	size_t npatterns;
	struct choice *choices;
	size_t nchoices;
	struct err broken; /* what is wrong with the choices that were made at the start */
};

/* --- what is known ---------------------------------------------------------------------- */

static struct known *
known_place(struct plugin_resources *r, const char *arn)
{
	size_t len = strlen(arn), hash = len;

	for (size_t i = len > 8 ? len - 8 : 0; i < len; i++)
		hash = hash * 31 + (unsigned char)arn[i];
	return &r->known[hash & (KNOWN_PLACES - 1)];
}

static void
known_forget(struct plugin_resources *r)
{
	for (size_t i = 0; i < KNOWN_PLACES; i++) {
		free(r->known[i].arn);
		r->known[i] = (struct known){ NULL, NULL };
	}
}

/* --- texts ---------------------------------------------------------------------------- */

static bool
is_wild(const char *s, size_t len)
{
	return len >= 5 && memcmp(s, "arn:", 4) == 0 && memchr(s, '*', len - 1) == NULL;
}

/* Of a text that is_wild; its own is text's until it is copied. */
static struct wild
wild_of(const char *text, size_t len)
{
	bool prefix = text[len - 1] == '*';

	return (struct wild){ (char *)(uintptr_t)text, len - prefix, prefix };
}

static bool
same_text(const struct wild *a, const struct wild *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static bool
begins_with(const struct wild *w, const struct wild *with)
{
	return w->len >= with->len && memcmp(w->text, with->text, with->len) == 0;
}

/* Is all that inner stands for within outer? */
static bool
wild_covers(const struct wild *outer, const struct wild *inner)
{
	return outer->prefix ? begins_with(inner, outer)
			     : !inner->prefix && same_text(outer, inner);
}

/* Is there something that both stand for? */
static bool
wild_meets(const struct wild *a, const struct wild *b)
{
	return wild_covers(a, b) || wild_covers(b, a);
}

/* Which of two that fit says more? NULL fits less than anything. */
static bool
wild_is_closer(const struct wild *w, const struct wild *best)
{
	return best == NULL || w->len > best->len || (w->len == best->len && !w->prefix);
}

static void
wild_print(const struct wild *w, struct buf *out)
{
	buf_add(out, w->text, w->len);
	if (w->prefix)
		buf_addc(out, '*');
}

/* --- choices --------------------------------------------------------------------------- */

static void
choices_fini(struct choice *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].of.text);
		free(list[i].plugin);
	}
	free(list);
}

/* json: the option, a table of texts. */
static int
choices_read(const char *json, struct choice **list, size_t *n, struct err *e)
{
	struct doc d = doc_parse(json, strlen(json), e);
	struct doc_iter it;
	int rc = 0;

	*n = 0;
	*list = NULL;
	if (doc_is_none(d))
		return -1;
	*list = xcalloc(doc_len(d) + 1, sizeof(**list));
	it = doc_iter(d);
	while (rc == 0 && doc_type(d) == DOC_OBJECT && doc_next(&it)) {
		struct choice *c = &(*list)[(*n)++];

		c->of.text = doc_strdup(it.key);
		c->plugin = doc_strdup(it.value);
		if (c->of.text != NULL && c->plugin != NULL &&
		    is_wild(c->of.text, strlen(c->of.text)))
			c->of = wild_of(c->of.text, strlen(c->of.text));
		else
			rc = err_set(e, "pawl.Plugin",
			    "resources: \"%s\" is not an ARN, or has a '*' before its end",
			    c->of.text != NULL ? c->of.text : "");
	}
	doc_unref(d);
	return rc;
}

static bool
is_for_nobody(const struct choice *c)
{
	return strcmp(c->plugin, NOBODY) == 0;
}

static const struct module *
find_module(const struct plugin_host *h, const char *name)
{
	const struct module *m;

	TAILQ_FOREACH(m, &h->modules, link)
		if (strcmp(m->def.name, name) == 0)
			return m;
	return NULL;
}

static int
no_such_plugin(const struct plugin_host *h, const struct choice *c, const char *of, struct err *e)
{
	const struct module *m;
	struct buf names;

	buf_init(&names, BUF_UNLIMITED);
	TAILQ_FOREACH(m, &h->modules, link)
		buf_addf(&names, "%s%s", names.len > 0 ? ", " : "", m->def.name);
	err_set(e, "pawl.Plugin",
	    "resources: there is no plugin \"%s\" to serve \"%s\"; there are %s, and \"" NOBODY
	    "\" for nobody",
	    c->plugin, of, names.len > 0 ? names.data : "no plugins");
	buf_fini(&names);
	return -1;
}

static bool
serves_some(const struct plugin_resources *r, const struct module *m, const struct wild *w)
{
	for (size_t i = 0; i < r->npatterns; i++)
		if (r->patterns[i].module == m && wild_meets(w, &r->patterns[i].of))
			return true;
	return false;
}

/* The plugin of the choice is there and serves something of it. */
static int
check_choice(const struct plugin_host *h, const struct choice *c, struct err *e)
{
	const struct module *m = find_module(h, c->plugin);
	struct buf of;
	int rc = 0;

	if (is_for_nobody(c))
		return 0;
	buf_init(&of, BUF_UNLIMITED);
	wild_print(&c->of, &of);
	if (m == NULL)
		rc = no_such_plugin(h, c, of.data, e);
	else if (!serves_some(h->resources, m, &c->of))
		rc = err_set(e, "pawl.Plugin",
		    "resources: the plugin %s serves nothing of \"%s\"; it serves %s", c->plugin,
		    of.data, m->def.resources);
	buf_fini(&of);
	return rc;
}

/* The closest choice that all of w is within, or NULL. */
static const struct choice *
choice_of(const struct choice *list, size_t n, const struct wild *w)
{
	const struct choice *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (wild_covers(&list[i].of, w) &&
		    wild_is_closer(&list[i].of, best != NULL ? &best->of : NULL))
			best = &list[i];
	return best;
}

/* Is the choice for nobody, or for a plugin that serves all of w? */
static bool
decides(const struct plugin_host *h, const struct choice *c, const struct wild *w)
{
	const struct plugin_resources *r = h->resources;
	const struct module *m = c != NULL ? find_module(h, c->plugin) : NULL;

	for (size_t i = 0; m != NULL && i < r->npatterns; i++)
		if (r->patterns[i].module == m && wild_covers(&r->patterns[i].of, w))
			return true;
	return c != NULL && is_for_nobody(c);
}

/* What two plugins serve is somebody's by choice. */
static int
check_double(const struct plugin_host *h, const struct pattern *p, const struct pattern *other,
    const struct choice *list, size_t n, struct err *e)
{
	struct buf of;

	if (p->module == other->module || p->of.prefix != other->of.prefix ||
	    !same_text(&p->of, &other->of) || decides(h, choice_of(list, n, &p->of), &p->of))
		return 0;
	buf_init(&of, BUF_UNLIMITED);
	wild_print(&p->of, &of);
	err_set(e, "pawl.Plugin",
	    "resources: both %s and %s serve \"%s\"; it has to say which of them does",
	    p->module->def.name, other->module->def.name, of.data);
	buf_fini(&of);
	return -1;
}

static int
check_choices(const struct plugin_host *h, const struct choice *list, size_t n, struct err *e)
{
	const struct plugin_resources *r = h->resources;

	for (size_t i = 0; i < n; i++)
		if (check_choice(h, &list[i], e) != 0)
			return -1;
	for (size_t i = 0; i < r->npatterns; i++)
		for (size_t k = i + 1; k < r->npatterns; k++)
			if (check_double(h, &r->patterns[i], &r->patterns[k], list, n, e) != 0)
				return -1;
	return 0;
}

int
plugin_host_check(const struct plugin_host *h, struct err *e)
{
	const struct plugin_resources *r = h->resources;

	if (err_is_set(&r->broken))
		return err_set(e, r->broken.name, "%s", err_cause(&r->broken));
	return check_choices(h, r->choices, r->nchoices, e);
}

int
plugin_resources_reload(struct plugin_host *h, const char *json, struct err *e)
{
	struct plugin_resources *r = h->resources;
	struct choice *list;
	size_t n;

	if (choices_read(json, &list, &n, e) != 0 || check_choices(h, list, n, e) != 0) {
		choices_fini(list, n);
		return -1;
	}
	known_forget(r);
	choices_fini(r->choices, r->nchoices);
	r->choices = list;
	r->nchoices = n;
	return 0;
}

/* --- patterns ---------------------------------------------------------------------------- */

/* The next of the texts between blanks in *s, or false. */
static bool
next_text(const char **s, const char **text, size_t *len)
{
	*text = *s + strspn(*s, " ");
	*len = strcspn(*text, " ");
	*s = *text + *len;
	return *len > 0;
}

int
plugin_resources_check(const struct module *m, struct err *e)
{
	const struct plugin_resources *r = m->host->resources;
	const char *s = m->def.resources, *text;
	size_t len;

	while (next_text(&s, &text, &len)) {
		struct wild w;

		if (!is_wild(text, len))
			return err_set(e, "pawl.Plugin",
			    "its resource \"%.*s\" is not an ARN, or has a '*' before its end",
			    (int)len, text);
		w = wild_of(text, len);
		if (choice_of(r->choices, r->nchoices, &w) != NULL)
			continue;
		for (size_t i = 0; i < r->npatterns; i++)
			if (r->patterns[i].of.prefix == w.prefix &&
			    same_text(&r->patterns[i].of, &w))
				return err_set(e, "pawl.Plugin",
				    "the resource \"%.*s\" is served by the plugin %s (%s) already; remove one of "
				    "them, or say in the option resources which one serves it",
				    (int)len, text, r->patterns[i].module->def.name,
				    r->patterns[i].module->path);
	}
	return 0;
}

void
plugin_resources_add(struct module *m)
{
	struct plugin_resources *r = m->host->resources;
	const char *s = m->def.resources, *text;
	size_t len;

	known_forget(r);
	while (next_text(&s, &text, &len)) {
		struct pattern p = { wild_of(text, len), m };

		p.of.text = xstrndup(text, p.of.len);
		r->patterns = xreallocarray(r->patterns, r->npatterns + 1, sizeof(*r->patterns));
		r->patterns[r->npatterns++] = p;
	}
}

/* --- who serves what ----------------------------------------------------------------------- */

/* The closest pattern that w is within: of m, or of anybody (NULL). */
static const struct pattern *
closest_pattern(const struct plugin_resources *r, const struct wild *w, const struct module *m)
{
	const struct pattern *best = NULL;

	for (size_t i = 0; i < r->npatterns; i++) {
		const struct pattern *p = &r->patterns[i];

		if ((m == NULL || p->module == m) && wild_covers(&p->of, w) &&
		    wild_is_closer(&p->of, best != NULL ? &best->of : NULL))
			best = p;
	}
	return best;
}

/* The closest choice that says who serves w: nobody, or a plugin that does serve it. */
static const struct choice *
closest_choice(const struct plugin_host *h, const struct choice *list, size_t n,
    const struct wild *w)
{
	const struct choice *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (wild_covers(&list[i].of, w) && decides(h, &list[i], w) &&
		    wild_is_closer(&list[i].of, best != NULL ? &best->of : NULL))
			best = &list[i];
	return best;
}

/* True when it is decided: *m serves it, or nobody does (NULL). */
static bool
find_server(const struct plugin_host *h, const char *arn, const struct module **m)
{
	const struct plugin_resources *r = h->resources;
	const struct wild w = { (char *)(uintptr_t)arn, strlen(arn), false };
	const struct choice *c = closest_choice(h, r->choices, r->nchoices, &w);
	const struct pattern *p = c == NULL ? closest_pattern(r, &w, NULL) : NULL;

	*m = c != NULL ? find_module(h, c->plugin) : p != NULL ? p->module : NULL;
	return c != NULL || p != NULL;
}

/* arn:aws:states:REGION:ACCOUNT:service:action is the same as arn:aws:states:::service:action. */
static const struct module *
look_for_server(const struct plugin_host *h, const char *base_arn)
{
	const struct module *m;
	struct arn a;
	char *bare;

	if (!find_server(h, base_arn, &m) && arn_parse(base_arn, strlen(base_arn), &a) == 0 &&
	    arn_part_is(&a.service, "states")) {
		bare = xasprintf("arn:%.*s:states:::%.*s", (int)a.partition.len, a.partition.s,
		    (int)a.resource.len, a.resource.s);
		find_server(h, bare, &m);
		free(bare);
	}
	return m;
}

struct module *
plugin_resources_find(const struct plugin_host *h, const char *base_arn)
{
	struct known *k = known_place(h->resources, base_arn);

	if (k->arn == NULL || strcmp(k->arn, base_arn) != 0) {
		free(k->arn);
		*k = (struct known){ xstrdup(base_arn), look_for_server(h, base_arn) };
	}
	return (struct module *)(uintptr_t)k->server; /* the host's own */
}

/* --- for people ------------------------------------------------------------------------------ */

static void
add_wild(struct doc_builder *b, const struct wild *w)
{
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	wild_print(w, &text);
	docb_string(b, text.data, text.len);
	buf_fini(&text);
}

static bool
is_taken_by(const struct choice *c, const struct module *m)
{
	return c != NULL && strcmp(c->plugin, m->def.name) != 0;
}

void
plugin_resources_describe(const struct module *m, struct doc_builder *b)
{
	const struct plugin_resources *r = m->host->resources;

	for (size_t i = 0; i < r->npatterns; i++) {
		const struct pattern *p = &r->patterns[i];

		if (p->module == m &&
		    !is_taken_by(closest_choice(m->host, r->choices, r->nchoices, &p->of), m))
			add_wild(b, &p->of);
	}
}

static void
describe_taken(struct doc_builder *b, const struct wild *w, const char *by)
{
	docb_object(b);
	docb_key(b, "resource", 8);
	add_wild(b, w);
	docb_key(b, "by", 2);
	docb_string(b, by, strlen(by));
	docb_end(b);
}

/* Is the choice within what m serves, and none of m's own texts within the choice? */
static bool
is_part_of(const struct plugin_resources *r, const struct choice *c, const struct module *m)
{
	bool within = false;

	for (size_t i = 0; i < r->npatterns; i++) {
		const struct pattern *p = &r->patterns[i];

		if (p->module == m && wild_covers(&c->of, &p->of))
			return false;
		within |= p->module == m && wild_covers(&p->of, &c->of);
	}
	return within;
}

/* Its texts that are taken as a whole, then what is taken of others. */
void
plugin_resources_describe_taken(const struct module *m, struct doc_builder *b)
{
	const struct plugin_resources *r = m->host->resources;

	for (size_t i = 0; i < r->npatterns; i++) {
		const struct pattern *p = &r->patterns[i];
		const struct choice *c = closest_choice(m->host, r->choices, r->nchoices, &p->of);

		if (p->module == m && is_taken_by(c, m))
			describe_taken(b, &p->of, c->plugin);
	}
	for (size_t i = 0; i < r->nchoices; i++)
		if (is_taken_by(&r->choices[i], m) && is_part_of(r, &r->choices[i], m))
			describe_taken(b, &r->choices[i].of, r->choices[i].plugin);
}

/* --- life --------------------------------------------------------------------------------------- */

struct plugin_resources *
plugin_resources_new(const char *json)
{
	struct plugin_resources *r = xcalloc(1, sizeof(*r));

	choices_read(json, &r->choices, &r->nchoices, &r->broken);
	return r;
}

void
plugin_resources_free(struct plugin_resources *r)
{
	for (size_t i = 0; i < r->npatterns; i++)
		free(r->patterns[i].of.text);
	free(r->patterns);
	known_forget(r);
	choices_fini(r->choices, r->nchoices);
	err_fini(&r->broken);
	free(r);
}
