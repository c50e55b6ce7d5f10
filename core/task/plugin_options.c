/*
 * plugin_options - the options of a plugin: what it declared, filled from its table
 * in pawl.conf.
 */
#include "task/plugin_module.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/xalloc.h"

static size_t
declared_count(const struct pawl_option *declared)
{
	size_t n = 0;

	while (declared != NULL && declared[n].name != NULL)
		n++;
	return n;
}

/* Numbers with units are read by the rules of pawl.conf's own options. */
static int
read_number(const struct pawl_option *o, const char *text, int64_t *out, struct err *e)
{
	struct option_info info = { .name = o->name, .default_text = "", .range = "" };

	info.type = o->type == PAWL_INT ? OPTION_INT
	    : o->type == PAWL_BYTES     ? OPTION_BYTES
					: OPTION_DURATION;
	return option_set(&info, out, text, e);
}

static int
set_default(const struct pawl_option *o, struct plugin_option_value *v, struct err *e)
{
	const char *text = o->default_text != NULL ? o->default_text : "";

	switch (o->type) {
	case PAWL_STRING:
	case PAWL_SECRET:
		v->text = xstrdup(text);
		return 0;
	case PAWL_INT:
	case PAWL_DURATION:
	case PAWL_BYTES:
		return *text == '\0' ? 0 : read_number(o, text, &v->number, e);
	case PAWL_BOOL:
		v->flag = strcmp(text, "true") == 0;
		return 0;
	case PAWL_TABLE:
		v->table = doc_empty_object();
		return 0;
	}
	return err_set(e, "pawl.Plugin",
	    "option %s: the plugin declares a type that does not exist", o->name);
}

static int
wrong_type(const struct pawl_option *o, const char *what, struct err *e)
{
	return err_set(e, "pawl.Plugin", "option %s must be %s", o->name, what);
}

static int
set_text(const struct pawl_option *o, struct plugin_option_value *v, struct doc given,
    struct err *e)
{
	char *text = doc_strdup(given);

	if (text == NULL)
		return wrong_type(o, "a text", e);
	free(v->text);
	v->text = text;
	return 0;
}

static int
set_number(const struct pawl_option *o, struct plugin_option_value *v, struct doc given,
    struct err *e)
{
	char *text = doc_type(given) == DOC_NUMBER ? doc_text(given, NULL) : doc_strdup(given);
	int rc;

	if (text == NULL)
		return wrong_type(o, "a number", e);
	rc = read_number(o, text, &v->number, e);
	free(text);
	return rc;
}

static int
set_given(const struct pawl_option *o, struct plugin_option_value *v, struct doc given,
    struct err *e)
{
	switch (o->type) {
	case PAWL_STRING:
	case PAWL_SECRET:
		return set_text(o, v, given, e);
	case PAWL_INT:
	case PAWL_DURATION:
	case PAWL_BYTES:
		return set_number(o, v, given, e);
	case PAWL_BOOL:
		if (!doc_is_bool(given))
			return wrong_type(o, "true or false", e);
		v->flag = doc_is_true(given);
		return 0;
	case PAWL_TABLE:
		if (doc_type(given) != DOC_OBJECT && doc_type(given) != DOC_ARRAY)
			return wrong_type(o, "a table", e);
		doc_unref(v->table);
		v->table = doc_compact(given);
		return 0;
	}
	return 0;
}

static int
unknown_option(const struct pawl_option *declared, struct doc key, struct err *e)
{
	struct buf known;
	char *name = doc_strdup(key);

	buf_init(&known, BUF_UNLIMITED);
	for (size_t i = 0; i < declared_count(declared); i++)
		buf_addf(&known, "%s%s", i == 0 ? "; it has " : ", ", declared[i].name);
	err_set(e, "pawl.Plugin", "it has no option \"%s\"%s", name != NULL ? name : "",
	    known.len > 0 ? buf_text(&known) : "; it has none");
	buf_fini(&known);
	free(name);
	return -1;
}

static int
set_from_table(struct plugin_options *o, struct doc table, struct err *e)
{
	struct doc_iter it = doc_iter(table);
	size_t n = declared_count(o->declared), i;

	while (doc_next(&it)) {
		for (i = 0; i < n && !doc_str_is(it.key, o->declared[i].name); i++)
			;
		if (i == n)
			return unknown_option(o->declared, it.key, e);
		if (set_given(&o->declared[i], &o->values[i], it.value, e) != 0)
			return -1;
	}
	return 0;
}

int
plugin_options_read(struct plugin_options *o, const struct pawl_option *declared, struct doc table,
    struct err *e)
{
	size_t n = declared_count(declared);

	o->declared = declared;
	o->values = xcalloc(n + 1, sizeof(*o->values));
	for (size_t i = 0; i < n; i++)
		if (set_default(&declared[i], &o->values[i], e) != 0)
			return -1;
	/* an empty table in Lua may have become a list */
	if (doc_type(table) == DOC_OBJECT)
		return set_from_table(o, table, e);
	return doc_len(table) == 0
	    ? 0
	    : err_set(e, "pawl.Plugin", "its options must be a table with names");
}

void
plugin_options_fini(struct plugin_options *o)
{
	size_t n = o->values == NULL ? 0 : declared_count(o->declared);

	for (size_t i = 0; i < n; i++) {
		if (o->values[i].text != NULL)
			explicit_bzero(o->values[i].text, strlen(o->values[i].text));
		free(o->values[i].text);
		doc_unref(o->values[i].table);
	}
	free(o->values);
	*o = (struct plugin_options){ 0 };
}

const struct plugin_option_value *
plugin_options_get(const struct plugin_options *o, const char *name, unsigned types)
{
	for (size_t i = 0; i < declared_count(o->declared); i++)
		if (strcmp(o->declared[i].name, name) == 0 &&
		    (types & OPTION_TYPE(o->declared[i].type)))
			return &o->values[i];
	return NULL;
}
