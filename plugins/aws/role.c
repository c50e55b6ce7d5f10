/*
 * role - keys of roles, by sts:AssumeRole.
 *
 * Keys are kept until five minutes before they expire. While they are asked for, those who
 * need them wait in a list; the call to STS is one for all.
 */
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "aws.h"

#define EARLY_MS (5 * 60 * 1000)

struct waiter {
	struct waiter *next;
	aws_role_cb *cb;
	void *arg;
};

struct aws_role {
	struct aws_role *next;
	struct aws *aws;
	char *arn;
	struct aws_keys keys; /* id NULL: not known */
	int64_t good_until;   /* wall */
	struct aws_call *call;
	struct waiter *waiters;
};

static struct aws_role *
role_find(struct aws *p, const char *arn)
{
	struct aws_role *r = p->roles;

	while (r != NULL && strcmp(r->arn, arn) != 0)
		r = r->next;
	if (r != NULL)
		return r;
	r = text_alloc(sizeof(*r));
	r->aws = p;
	r->arn = aws_copy(arn, strlen(arn));
	r->next = p->roles;
	p->roles = r;
	return r;
}

/* One after the other: who is told may go away, or ask again. */
static void
tell_waiters(struct aws_role *r, const struct aws_failure *failure)
{
	struct waiter *w, *list = NULL;

	while ((w = r->waiters) != NULL) { /* first come, first told */
		r->waiters = w->next;
		w->next = list;
		list = w;
	}
	r->waiters = list;
	while ((w = r->waiters) != NULL) {
		r->waiters = w->next;
		w->cb(w->arg, failure == NULL ? &r->keys : NULL, failure);
		free(w);
	}
}

static char *
credential(const struct pawl_host *h, struct pawl_doc credentials, const char *name)
{
	char *s = docs_string(h, credentials, name);
	char *copy = s != NULL ? aws_copy(s, strlen(s)) : NULL;

	h->free(h, s);
	return copy;
}

static void
on_answer(void *arg, struct pawl_doc output, const struct aws_failure *failure)
{
	struct aws_role *r = arg;
	const struct pawl_host *h = r->aws->host;
	struct pawl_doc c = h->doc_get(h, output, "Credentials");
	struct aws_failure refused = { 0 };
	char *expires;

	r->call = NULL;
	aws_keys_fini(&r->keys);
	if (failure == NULL) {
		r->keys.id = credential(h, c, "AccessKeyId");
		r->keys.secret = credential(h, c, "SecretAccessKey");
		r->keys.token = credential(h, c, "SessionToken");
		expires = credential(h, c, "Expiration");
		if (expires == NULL || !aws_time_read(expires, &r->good_until))
			r->good_until = h->wall_ms(h);
		r->good_until -= EARLY_MS;
		free(expires);
	}
	if (r->keys.id != NULL && r->keys.secret != NULL) {
		tell_waiters(r, NULL);
		return;
	}
	refused.error = text_format("States.Permissions");
	refused.cause = text_format("The role %s cannot be assumed: %s", r->arn,
	    failure != NULL ? failure->cause : "STS answered without credentials");
	tell_waiters(r, &refused);
	aws_failure_fini(&refused);
}

static void
assume(struct aws_role *r)
{
	struct aws *p = r->aws;
	const struct pawl_host *h = p->host;
	struct pawl_builder *b = h->build(h);
	struct aws_call_spec spec = { .target.sdk = true };

	spec.target.service = aws_service_find(p->models, "sts");
	spec.target.action = aws_action_find(spec.target.service, "AssumeRole");
	spec.target.prefix = spec.target.service_name = spec.target.exception =
	    spec.target.service->client;
	h->build_object(b);
	docs_add_string(h, b, "RoleArn", r->arn);
	docs_add_string(h, b, "RoleSessionName", "pawl");
	h->build_end(b);
	spec.parameters = h->build_finish(b);
	r->call = aws_call_start(p, &spec, on_answer, r);
	h->doc_unref(h, spec.parameters);
}

void
aws_role_keys(struct aws *p, const char *role_arn, aws_role_cb *cb, void *arg)
{
	struct aws_role *r = role_find(p, role_arn);
	struct waiter *w;

	if (r->keys.id != NULL && p->host->wall_ms(p->host) < r->good_until) {
		cb(arg, &r->keys, NULL);
		return;
	}
	w = text_alloc(sizeof(*w));
	w->cb = cb;
	w->arg = arg;
	w->next = r->waiters;
	r->waiters = w;
	if (r->call == NULL)
		assume(r);
}

void
aws_role_forget(struct aws *p, void *arg)
{
	for (struct aws_role *r = p->roles; r != NULL; r = r->next)
		for (struct waiter **at = &r->waiters; *at != NULL;) {
			struct waiter *w = *at;

			if (w->arg != arg) {
				at = &w->next;
				continue;
			}
			*at = w->next;
			free(w);
		}
}

void
aws_roles_free(struct aws *p)
{
	struct aws_role *r;
	struct waiter *w;

	while ((r = p->roles) != NULL) {
		p->roles = r->next;
		if (r->call != NULL)
			aws_call_cancel(r->call);
		while ((w = r->waiters) != NULL) {
			r->waiters = w->next;
			free(w);
		}
		aws_keys_fini(&r->keys);
		free(r->arn);
		free(r);
	}
}
