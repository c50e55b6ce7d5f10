/*
 * variables - which state reads which variables, as the API describes a machine.
 */
#include "api/variables.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "base/xalloc.h"

/* The names that one state reads; borrowed from the machine or copied, each once. */
struct names {
	char **list;
	size_t n;
};

static void
names_add(void *arg, const char *name)
{
	struct names *v = arg;

	for (size_t i = 0; i < v->n; i++) {
		if (strcmp(v->list[i], name) == 0)
			return;
	}
	v->list = xreallocarray(v->list, v->n + 1, sizeof(*v->list));
	v->list[v->n++] = xstrdup(name);
}

static void
names_fini(struct names *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->list[i]);
	free(v->list);
}

static void
read_path(const struct jsonpath *p, struct names *v)
{
	if (p != NULL && jsonpath_root_kind(p) == JSONPATH_VARIABLE)
		names_add(v, jsonpath_variable(p));
}

static void
read_template(const struct template *t, struct names *v)
{
	if (t != NULL)
		template_variables(t, names_add, v);
}

static void
read_path_field(const struct path_field *f, struct names *v)
{
	if (f->how == PATH_SET)
		read_path(f->path, v);
}

static void
read_dynamic(const struct dynamic_field *f, struct names *v)
{
	if (f->how == FIELD_PATH)
		read_path(f->path, v);
	else if (f->template_ != NULL)
		read_template(f->template_, v);
}

static void
read_rule(const struct choice_rule *r, struct names *v)
{
	read_path(r->variable, v);
	read_path(r->operand_path, v);
	read_template(r->condition, v);
	read_template(r->assign, v);
	read_template(r->output, v);
	for (size_t i = 0; i < r->nrules; i++)
		read_rule(&r->rules[i], v);
}

static void
read_state(const struct state *s, struct names *v)
{
	read_path_field(&s->input_path, v);
	read_path_field(&s->output_path, v);
	read_template(s->parameters, v);
	read_template(s->result_selector, v);
	read_template(s->output, v);
	read_template(s->assign, v);
	read_template(s->credentials, v);
	read_dynamic(&s->timeout_s, v);
	read_dynamic(&s->heartbeat_s, v);
	read_dynamic(&s->seconds, v);
	read_dynamic(&s->timestamp, v);
	read_dynamic(&s->error, v);
	read_dynamic(&s->cause, v);
	read_dynamic(&s->max_concurrency, v);
	read_dynamic(&s->tolerated_count, v);
	read_dynamic(&s->tolerated_percentage, v);
	read_path(s->items_path, v);
	read_template(s->items, v);
	read_template(s->item_selector, v);
	for (size_t i = 0; i < s->nrules; i++)
		read_rule(&s->rules[i], v);
	for (size_t i = 0; i < s->ncatch; i++) {
		read_template(s->catch_[i].output, v);
		read_template(s->catch_[i].assign, v);
	}
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One member: the state's name and its sorted list. */
static void
print_state(const struct state *s, struct names *v, struct buf *out)
{
	qsort(v->list, v->n, sizeof(*v->list), compare);
	if (out->data[out->len - 1] != '{')
		buf_addc(out, ',');
	buf_add_json_string(out, s->name, s->name_len);
	buf_adds(out, ":[");
	for (size_t i = 0; i < v->n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		buf_add_json_string(out, v->list[i], strlen(v->list[i]));
	}
	buf_addc(out, ']');
}

void
variables_reply(const struct machine *m, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < m->nstates; i++) {
		struct names v = { NULL, 0 };

		read_state(m->states[i], &v);
		if (v.n > 0) {
			if (!any) {
				reply_key(out, "variableReferences");
				buf_addc(out, '{');
			}
			any = true;
			print_state(m->states[i], &v, out);
		}
		names_fini(&v);
	}
	if (any)
		buf_addc(out, '}');
}
