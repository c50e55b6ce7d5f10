/*
 * st_end - the states that end a frame: Succeed and Fail.
 */
#include <stdlib.h>

#include "base/xalloc.h"
#include "engine/dataflow.h"

void
st_succeed_work(struct run *r, struct frame *f)
{
	struct err e = ERR_INIT;
	struct doc effective = DOC_NONE, output = DOC_NONE;

	if (flow_input(r, f, &effective, &e) != 0 ||
	    flow_pass_on(r, f, f->state->output, effective, &output, &e) != 0)
		frame_fail_err(r, f, &e);
	else
		frame_leave(r, f, output, DOC_NONE, NULL);
	doc_unref(effective);
}

static int
fail_path(struct run *r, struct frame *f, const struct dynamic_field *d, const char *field,
    struct err *e)
{
	struct context_env env;
	struct expr_scope scope;
	struct buf input;

	buf_init(&input, BUF_UNLIMITED);
	context_env_init(&env, r, f);
	scope = context_scope(&env, f->input.doc);
	jsonpath_show_root(d->path, &scope, &input);
	err_set(e, "States.Runtime",
	    "The JSONPath '%s' specified for the field '%sPath' could not be found in the input '%s'",
	    flow_field_path(d), field, buf_text(&input));
	context_env_fini(&env);
	buf_fini(&input);
	return -1;
}

/* Error or Cause: *out is owned, NULL when the state does not say. */
static int
fail_text(struct run *r, struct frame *f, const struct dynamic_field *d, const char *field,
    char **out, struct err *e)
{
	struct doc value = DOC_NONE;
	int rc = 0;

	*out = NULL;
	if (d->how == FIELD_ABSENT)
		return 0;
	if (flow_field(r, f, d, f->input.doc, "string", &value, e) != 0)
		return d->how == FIELD_PATH ? fail_path(r, f, d, field, e) : -1;
	if ((*out = doc_strdup(value)) == NULL)
		rc = err_set(e, "States.Runtime", "The %s of a Fail state must be a string", field);
	doc_unref(value);
	return rc;
}

void
st_fail_work(struct run *r, struct frame *f)
{
	const struct state *s = f->state;
	struct err e = ERR_INIT;
	char *error = NULL, *cause = NULL;
	struct failure x;

	if (fail_text(r, f, &s->error, "Error", &error, &e) != 0 ||
	    fail_text(r, f, &s->cause, "Cause", &cause, &e) != 0) {
		frame_fail_err(r, f, &e);
	} else {
		failure_init(&x, error, cause);
		frame_fail(r, f, &x);
	}
	free(error);
	free(cause);
}
