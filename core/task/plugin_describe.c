/*
 * plugin_describe - what is loaded, for people: the JSON of /plugins.
 */
#include "task/plugin_module.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static void
add_text(struct doc_builder *b, const char *key, const char *value)
{
	struct buf text; /* a path may be no UTF-8 */

	buf_init(&text, BUF_UNLIMITED);
	plugin_add_utf8(&text, value, strlen(value));
	docb_key(b, key, strlen(key));
	docb_string(b, buf_text(&text), text.len);
	buf_fini(&text);
}

static void
begin_list(struct doc_builder *b, const char *key)
{
	docb_key(b, key, strlen(key));
	docb_array(b);
}

static const char *
promise_of(const struct module *m)
{
	switch (m->def.after_crash) {
	case PAWL_ONCE:
		return "once";
	case PAWL_EXACTLY_ONCE:
		return "exactly once";
	default:
		return "again";
	}
}

static void
describe_patterns(struct doc_builder *b, unsigned patterns)
{
	static const struct {
		enum pawl_pattern pattern;
		const char *name;
	} names[] = {
		{ PAWL_REQUEST, "request" },
		{ PAWL_SYNC, "sync" },
		{ PAWL_TOKEN, "waitForTaskToken" },
	};

	begin_list(b, "patterns");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (patterns & names[i].pattern)
			docb_string(b, names[i].name, strlen(names[i].name));
	docb_end(b);
}

static void
describe_module(struct doc_builder *b, const struct module *m)
{
	char *abi = xasprintf("%d.%d", m->def.abi_major, m->def.abi_minor);

	docb_object(b);
	add_text(b, "name", m->def.name);
	add_text(b, "version", m->def.version != NULL ? m->def.version : "");
	add_text(b, "abi", abi);
	add_text(b, "path", m->path);
	add_text(b, "afterCrash", promise_of(m));
	describe_patterns(b, m->def.patterns);
	begin_list(b, "resources");
	plugin_resources_describe(m, b);
	docb_end(b);
	begin_list(b, "taken");
	plugin_resources_describe_taken(m, b);
	docb_end(b);
	begin_list(b, "routes");
	plugin_serve_describe_routes(m, b);
	docb_end(b);
	begin_list(b, "services");
	plugin_serve_describe_services(m, b);
	docb_end(b);
	docb_end(b);
	free(abi);
}

void
plugin_host_describe(const struct plugin_host *h, struct buf *out)
{
	struct doc_builder *b = docb_new();
	const struct module *m;
	struct doc d;

	docb_object(b);
	begin_list(b, "plugins");
	TAILQ_FOREACH(m, &h->modules, link)
		describe_module(b, m);
	docb_end(b);
	begin_list(b, "refused");
	for (size_t i = 0; i < h->nrefused; i++) {
		docb_object(b);
		add_text(b, "path", h->refused[i].path);
		add_text(b, "reason", h->refused[i].reason);
		docb_end(b);
	}
	docb_end(b);
	docb_end(b);
	d = docb_finish(b);
	doc_print(d, out);
	doc_unref(d);
}
