/*
 * dataflow - what flows through a state: InputPath, Parameters, ResultSelector,
 * ResultPath, OutputPath, Assign, and the fields that come from paths; Arguments, Output,
 * Assign and the fields that come from expressions.
 */
#include "engine/dataflow.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

int
flow_invalid_path(const struct jsonpath *p, struct err *e)
{
	char *body;

	if (strcmp(e->name, "States.Runtime") != 0)
		return -1;
	body = xstrdup(err_cause(e));
	err_set(e, "States.Runtime", "Invalid path '%s' : %s", jsonpath_text(p), body);
	free(body);
	return -1;
}

static int
eval_path(struct run *r, struct frame *f, const struct jsonpath *p, struct doc root,
    struct doc *out, struct err *e)
{
	struct context_env env;
	struct expr_scope scope;
	int rc;

	context_env_init(&env, r, f);
	scope = context_scope(&env, root);
	rc = jsonpath_eval(p, &scope, out, e);
	context_env_fini(&env);
	return rc;
}

/* InputPath and OutputPath: the whole by default, {} for null. */
static int
select_path(struct run *r, struct frame *f, const struct path_field *field, struct doc in,
    struct doc *out, struct err *e)
{
	switch (field->how) {
	case PATH_DEFAULT:
		*out = doc_ref(in);
		return 0;
	case PATH_NULL:
		*out = doc_empty_object();
		return 0;
	case PATH_SET:
		break;
	}
	if (eval_path(r, f, field->path, in, out, e) != 0)
		return flow_invalid_path(field->path, e);
	return 0;
}

int
flow_input(struct run *r, struct frame *f, struct doc *out, struct err *e)
{
	return select_path(r, f, &f->state->input_path, f->input.doc, out, e);
}

int
flow_template(struct context_env *env, const struct template *t, struct doc root, struct doc *out,
    struct err *e)
{
	struct expr_scope scope = context_scope(env, root);

	return template_eval(t, &scope, out, e);
}

/* A template about d: $ of JSONPath; expressions see the raw input besides. */
static int
eval_template(struct run *r, struct frame *f, const struct template *t, enum flow_about about,
    struct doc d, struct doc *out, struct err *e)
{
	bool jsonpath = f->state->language == QUERY_JSONPATH;
	struct context_env env;
	int rc;

	context_env_init(&env, r, f);
	if (about == ABOUT_RESULT)
		env.result = d;
	else if (about == ABOUT_ERROR)
		env.error_output = d;
	rc = flow_template(&env, t, jsonpath ? d : f->input.doc, out, e);
	context_env_fini(&env);
	return rc;
}

int
flow_pass_on(struct run *r, struct frame *f, const struct template *output, struct doc in,
    struct doc *out, struct err *e)
{
	if (output != NULL)
		return eval_template(r, f, output, ABOUT_INPUT, in, out, e);
	return select_path(r, f, &f->state->output_path, in, out, e);
}

int
flow_assign(struct run *r, struct frame *f, const struct template *t, enum flow_about about,
    struct doc d, struct doc *out, struct err *e)
{
	*out = DOC_NONE;
	if (t == NULL)
		return 0;
	if (eval_template(r, f, t, about, d, out, e) != 0)
		return -1;
	if (doc_len(*out) == 0) {
		doc_unref(*out);
		*out = DOC_NONE;
	}
	return 0;
}

/* ResultPath writes into the raw input, not into the effective one. */
static int
put_result(struct frame *f, const struct path_field *field, struct doc result, struct doc *out,
    struct err *e)
{
	switch (field->how) {
	case PATH_DEFAULT:
		*out = doc_ref(result);
		return 0;
	case PATH_NULL:
		*out = doc_ref(f->input.doc);
		return 0;
	case PATH_SET:
		break;
	}
	return jsonpath_put(field->path, f->input.doc, result, out, e);
}

int
flow_output(struct run *r, struct frame *f, enum flow_about about, struct doc result,
    struct doc *out, struct err *e)
{
	const struct state *s = f->state;
	struct doc selected = DOC_NONE, combined = DOC_NONE;
	int rc = -1;

	if (s->output != NULL)
		return eval_template(r, f, s->output, about, result, out, e);
	if (s->result_selector == NULL)
		selected = doc_ref(result);
	else if (eval_template(r, f, s->result_selector, about, result, &selected, e) != 0)
		goto out;
	if (put_result(f, &s->result_path, selected, &combined, e) != 0)
		goto out;
	rc = select_path(r, f, &s->output_path, combined, out, e);
out:
	doc_unref(selected);
	doc_unref(combined);
	return rc;
}

int
flow_catch(struct run *r, struct frame *f, const struct catcher *c, struct doc error_output,
    struct doc *out, struct err *e)
{
	if (c->output != NULL)
		return eval_template(r, f, c->output, ABOUT_ERROR, error_output, out, e);
	return put_result(f, &c->result_path, error_output, out, e);
}

static bool
has_type(struct doc d, const char *type)
{
	switch (doc_type(d)) {
	case DOC_NUMBER:
		return strcmp(type, "number") == 0;
	case DOC_STRING:
		return strcmp(type, "string") == 0;
	case DOC_ARRAY:
		return strcmp(type, "array") == 0;
	default:
		return false;
	}
}

int
flow_typed(struct run *r, struct frame *f, const struct template *t, const char *type,
    struct doc *out, struct err *e)
{
	const struct expression *x = template_expression(t);
	struct context_env env;
	struct expr_scope scope;
	int rc;

	context_env_init(&env, r, f);
	scope = context_scope(&env, f->input.doc);
	rc = template_eval(t, &scope, out, e);
	if (rc == 0 && x != NULL && !has_type(*out, type)) {
		rc = expression_wrong_type(x, &scope, type, *out, e);
		doc_unref(*out);
		*out = DOC_NONE;
	}
	context_env_fini(&env);
	return rc;
}

int
flow_unfit(struct run *r, const char *field, struct err *e, const char *fmt, ...)
{
	va_list ap;

	r->failed_field = field;
	va_start(ap, fmt);
	err_vset(e, "States.QueryEvaluationError", fmt, ap);
	va_end(ap);
	return -1;
}

int
flow_field(struct run *r, struct frame *f, const struct dynamic_field *d, struct doc root,
    const char *type, struct doc *out, struct err *e)
{
	struct doc object = DOC_NONE;

	*out = DOC_NONE;
	switch (d->how) {
	case FIELD_ABSENT:
		return 0;
	case FIELD_LITERAL:
		*out = doc_ref(d->literal);
		return 0;
	case FIELD_PATH:
		return eval_path(r, f, d->path, root, out, e);
	case FIELD_EXPRESSION:
		return flow_typed(r, f, d->template_, type, out, e);
	case FIELD_CALL:
		break;
	}
	if (eval_template(r, f, d->template_, ABOUT_INPUT, root, &object, e) != 0)
		return -1;
	*out = doc_ref(doc_gets(object, "v"));
	doc_unref(object);
	return 0;
}

const char *
flow_field_path(const struct dynamic_field *d)
{
	return d->how == FIELD_PATH ? jsonpath_text(d->path) : "";
}

char *
flow_text(struct doc d)
{
	char *s = doc_strdup(d);

	return s != NULL ? s : doc_text(d, NULL);
}
