/*
 * authorize - may this caller do this? What the authorize hooks say of a call, before it runs.
 */
#include "api/authorize.h"

#include <stdlib.h>
#include <string.h>

#include "api/model.h"
#include "base/xalloc.h"

void
authorize_caller_arn(const struct api *a, const char *key_id, struct buf *out)
{
	buf_addf(out, "arn:aws:iam::%s:%s%s", a->here.account_id, key_id != NULL ? "user/" : "root",
	    key_id != NULL ? key_id : "");
}

/* --- any service ------------------------------------------------------------------------- */

static void
add_resources(struct doc_builder *b, struct doc resources)
{
	docb_keys(b, "resources");
	if (!doc_is_none(resources) && doc_len(resources) > 0) {
		docb_doc(b, resources);
		return;
	}
	docb_array(b);
	docb_strings(b, "*");
	docb_end(b);
}

static struct doc
request_doc(const struct http_request *r, const struct authorize_call *c, const char *caller)
{
	struct doc_builder *b = docb_new();
	char address[HTTP_PEER_SIZE];

	docb_object(b);
	hook_add_text(b, "service", c->service);
	hook_add_text(b, "action", c->action);
	hook_add_text(b, "access_key_id", c->key_id);
	hook_add_text(b, "caller_arn", caller);
	hook_add_text(b, "address", http_peer(r, address));
	hook_add_text(b, "request_id", c->request_id);
	hook_add_text(b, "state_machine_name", c->machine);
	add_resources(b, c->resources);
	if (!doc_is_none(c->arguments)) {
		docb_keys(b, "arguments");
		docb_doc(b, c->arguments);
	}
	docb_end(b);
	return docb_finish(b);
}

/* In AWS's words. */
static int
deny(const struct authorize_call *c, const char *caller, struct doc request, const char *reason,
    struct err *e)
{
	char *resource = doc_strdup(doc_at(doc_gets(request, "resources"), 0));
	char *because = reason != NULL
	    ? xstrdup(reason)
	    : xasprintf("no identity-based policy allows the %s:%s action", c->service, c->action);

	err_set(e, "AccessDeniedException",
	    "User: %s is not authorized to perform: %s:%s on resource: %s because %s", caller,
	    c->service, c->action, resource != NULL ? resource : "*", because);
	free(because);
	free(resource);
	return -1;
}

int
authorize(struct api *a, const struct http_request *r, const struct authorize_call *c,
    struct err *e)
{
	struct buf caller;
	struct doc request;
	char *reason;
	int rc = 0;

	if (!hooks_any(a->hooks, HOOK_authorize))
		return 0;
	buf_init(&caller, BUF_UNLIMITED);
	authorize_caller_arn(a, c->key_id, &caller);
	request = request_doc(r, c, buf_text(&caller));
	if (!hooks_authorize(a->hooks, request, &reason))
		rc = deny(c, buf_text(&caller), request, reason, e);
	free(reason);
	doc_unref(request);
	buf_fini(&caller);
	return rc;
}

/* --- Step Functions ------------------------------------------------------------------------ */

/* What a call is about, as its arguments name it. */
struct subject {
	struct doc_builder *resources; /* an open array */
	struct resource machine;       /* the first that names a machine; else .name is NULL */
};

static void
subject_add(struct subject *s, const struct api *a, const char *arn, size_t len)
{
	docb_string(s->resources, arn, len);
	if (s->machine.name != NULL)
		return;
	if (resource_parse(&a->here, arn, len, &s->machine, NULL) != 0 || !s->machine.ours ||
	    s->machine.kind == RESOURCE_ACTIVITY || s->machine.kind == RESOURCE_UNKNOWN)
		s->machine.name = NULL;
	else /* of a map run: NAME/LABEL */
		s->machine.type[strcspn(s->machine.name, "/") +
		    (size_t)(s->machine.name - s->machine.type)] = '\0';
}

static void
subject_add_doc(struct subject *s, const struct api *a, struct doc arn)
{
	struct buf scratch;
	const char *text;
	size_t len;

	if (doc_is_none(arn) || doc_type(arn) != DOC_STRING)
		return;
	buf_init(&scratch, BUF_UNLIMITED);
	text = doc_str(arn, &scratch, &len);
	subject_add(s, a, text, len);
	buf_fini(&scratch);
}

/* A machine or activity that has no ARN in the arguments: one that is to be made, or "*" for all. */
static void
subject_add_named(struct subject *s, const struct api *a, const char *type, const char *name)
{
	struct buf arn;

	buf_init(&arn, BUF_UNLIMITED);
	buf_addf(&arn, "arn:aws:states:%s:%s:%s:", a->here.region, a->here.account_id, type);
	if (name == NULL) {
		buf_addc(&arn, '*');
		docb_string(s->resources, buf_text(&arn), arn.len);
	} else {
		buf_adds(&arn, name);
		subject_add(s, a, buf_text(&arn), arn.len);
	}
	buf_fini(&arn);
}

static void
subject_add_unnamed(struct subject *s, const struct api *a, const char *action, struct doc name)
{
	char *text = doc_is_none(name) ? NULL : doc_strdup(name);

	if (strcmp(action, "CreateStateMachine") == 0)
		subject_add_named(s, a, "stateMachine", text);
	else if (strcmp(action, "CreateActivity") == 0)
		subject_add_named(s, a, "activity", text);
	else if (strcmp(action, "ListStateMachines") == 0)
		subject_add_named(s, a, "stateMachine", NULL);
	else if (strcmp(action, "ListActivities") == 0)
		subject_add_named(s, a, "activity", NULL);
	free(text);
}

static bool
names_resource(struct doc key)
{
	struct buf scratch;
	const char *text;
	size_t len;
	bool yes;

	buf_init(&scratch, BUF_UNLIMITED);
	text = doc_str(key, &scratch, &len);
	yes = len > 3 && memcmp(text + len - 3, "Arn", 3) == 0 && !doc_str_is(key, "roleArn");
	buf_fini(&scratch);
	return yes;
}

static void
subject_read(struct subject *s, const struct api *a, const char *action, struct doc body)
{
	struct doc_iter it = doc_iter(body);

	while (doc_next(&it))
		if (names_resource(it.key))
			subject_add_doc(s, a, it.value);
	it = doc_iter(doc_gets(body, "routingConfiguration"));
	while (doc_next(&it))
		subject_add_doc(s, a, doc_gets(it.value, "stateMachineVersionArn"));
	subject_add_unnamed(s, a, action, doc_gets(body, "name"));
}

/* The arguments but for what the model calls sensitive (payloads, definitions) and task tokens. */
static struct doc
arguments_shown(const char *action, struct doc body)
{
	const struct model_shape *shape =
	    model_shape(model_action_find(action, strlen(action))->input);
	struct doc_builder *b = docb_new();

	docb_object(b);
	for (size_t i = 0; i < shape->nmembers; i++) {
		const struct model_member *m = &shape->members[i];
		struct doc value = doc_gets(body, m->name);

		if (doc_is_none(value) || model_shape(m->shape)->sensitive ||
		    strcmp(m->name, "taskToken") == 0)
			continue;
		docb_keys(b, m->name);
		docb_doc(b, value);
	}
	docb_end(b);
	return docb_finish(b);
}

int
authorize_states(struct api *a, const struct http_request *r, const struct action *action,
    const char *key_id, const char *request_id, struct doc body, struct err *e)
{
	struct authorize_call c = { .service = "states",
		.action = action->name,
		.key_id = key_id,
		.request_id = request_id };
	struct subject s = { 0 };
	int rc;

	if (!hooks_any(a->hooks, HOOK_authorize))
		return 0;
	s.resources = docb_new();
	docb_array(s.resources);
	subject_read(&s, a, action->name, body);
	docb_end(s.resources);
	c.resources = docb_finish(s.resources);
	c.machine = s.machine.name;
	c.arguments = arguments_shown(action->name, body);
	rc = authorize(a, r, &c, e);
	doc_unref(c.resources);
	doc_unref(c.arguments);
	return rc;
}
