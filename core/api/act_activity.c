/*
 * act_activity - the actions on activities: create, describe, list, delete, wait for a task.
 */
#include <stdlib.h>
#include <string.h>

#include "api/act.h"
#include "api/name_list.h"
#include "api/settings.h"
#include "base/clock.h"
#include "store/catalogue.h"
#include "task/engine.h"

/* --- CreateActivity ------------------------------------------------------------------------ */

struct create {
	struct call call;
	struct activity_spec spec;
	struct buf encryption, tags;
	bool conflict;
	int64_t created_ms;
};

static enum flow_next
create_check(struct flow *f, void *state, struct err *e)
{
	struct create *s = state;
	struct call *c = &s->call;
	struct doc tags = call_arg(c, "tags");
	size_t len = 0;

	(void)f;
	buf_init(&s->encryption, BUF_UNLIMITED);
	buf_init(&s->tags, BUF_UNLIMITED);
	s->spec.name = call_text(c, "name", &len);
	if (name_check(s->spec.name, len, e) != 0)
		return FLOW_FAIL;
	if (!doc_is_none(tags) && settings_tags(tags, &s->tags, e) != 0)
		return FLOW_FAIL;
	if (settings_encryption(call_arg(c, "encryptionConfiguration"), &s->encryption, e) != 0)
		return FLOW_FAIL;
	s->spec.encryption = s->encryption.data;
	s->spec.tags = s->tags.len > 0 ? s->tags.data : "[]";
	s->spec.now_ms = clock_wall_ms();
	return FLOW_NEXT;
}

static void
create_done(uint64_t ticket, const struct activity_entry *a, const struct err *e)
{
	struct create *s = flow_state(ticket);

	if (s == NULL)
		return;
	if (a != NULL) {
		s->conflict = strcmp(a->encryption, s->spec.encryption) != 0;
		s->created_ms = a->created_ms;
		engine_activity_changed(s->call.api->engine, s->spec.name, true);
	}
	flow_resume(ticket, e);
}

static enum flow_next
create_write(struct flow *f, void *state, struct err *e)
{
	struct create *s = state;

	(void)e;
	catalogue_create_activity(s->call.api->store, &s->spec, flow_id(f), create_done);
	return FLOW_WAIT;
}

static enum flow_next
create_answer(struct flow *f, void *state, struct err *e)
{
	struct create *s = state;
	struct call *c = &s->call;
	struct buf arn, *b = call_out(c);
	enum flow_next next;

	(void)f;
	(void)e;
	buf_init(&arn, BUF_UNLIMITED);
	resource_activity_arn(&c->api->here, s->spec.name, &arn);
	if (s->conflict) {
		next = call_error(c, "ActivityAlreadyExists", NULL, NULL,
		    "Activity Already Exists: '%s'", arn.data);
	} else {
		buf_addc(b, '{');
		reply_text_n(b, "activityArn", arn.data, arn.len);
		reply_time(b, "creationDate", s->created_ms);
		buf_addc(b, '}');
		next = call_ok(c);
	}
	buf_fini(&arn);
	return next;
}

static void
create_fini(void *state)
{
	struct create *s = state;

	buf_fini(&s->encryption);
	buf_fini(&s->tags);
	call_fini(state);
}

static const struct flow_step create_steps[] = {
	{ "check", create_check },
	{ "write", create_write }, /* WAIT */
	{ "answer", create_answer },
	{ NULL, NULL },
};
const struct flow_kind act_create_activity =
    CALL_KIND("CreateActivity", create_steps, struct create, create_fini);

/* --- what is about one activity ------------------------------------------------------------- */

struct one {
	struct call call;
	struct resource arn;
	bool found;
	/* GetActivityTask */
	const char *worker;
	uint64_t poll; /* 0 = it does not wait */
	bool got;
};

static int
one_check_arn(struct one *s, struct err *e)
{
	if (call_resource(&s->call, "activityArn", &s->arn, e) != 0)
		return -1;
	return s->arn.kind == RESOURCE_ACTIVITY ? 0 : resource_refuse_type(&s->arn, e);
}

static enum flow_next
one_not_found(struct one *s)
{
	return call_error(&s->call, "ActivityDoesNotExist", NULL, NULL,
	    "Activity Does Not Exist: '%s'", call_text(&s->call, "activityArn", NULL));
}

/* The first step of those that need the activity. */
static enum flow_next
one_check(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;

	(void)f;
	if (one_check_arn(s, e) != 0)
		return FLOW_FAIL;
	return s->arn.ours ? FLOW_NEXT : one_not_found(s);
}

/* --- DescribeActivity -------------------------------------------------------------------------- */

static void
describe_got(uint64_t ticket, const struct activity_entry *a, const struct err *e)
{
	struct one *s = flow_state(ticket);
	struct buf *b, arn;

	if (s == NULL)
		return;
	if (a != NULL) {
		s->found = true;
		b = call_out(&s->call);
		buf_init(&arn, BUF_UNLIMITED);
		resource_activity_arn(&s->call.api->here, s->arn.name, &arn);
		buf_addc(b, '{');
		reply_text_n(b, "activityArn", arn.data, arn.len);
		reply_text(b, "name", s->arn.name);
		reply_time(b, "creationDate", a->created_ms);
		reply_json(b, "encryptionConfiguration", a->encryption);
		buf_addc(b, '}');
		buf_fini(&arn);
	}
	flow_resume(ticket, e);
}

static enum flow_next
describe_read(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;

	(void)e;
	catalogue_activity(s->call.api->store, s->arn.name, flow_id(f), describe_got);
	return FLOW_WAIT;
}

static enum flow_next
describe_answer(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;

	(void)f;
	(void)e;
	return s->found ? call_ok(&s->call) : one_not_found(s);
}

static const struct flow_step describe_steps[] = {
	{ "check", one_check },
	{ "read", describe_read }, /* WAIT: the row becomes the answer's body */
	{ "answer", describe_answer },
	{ NULL, NULL },
};
const struct flow_kind act_describe_activity =
    CALL_KIND("DescribeActivity", describe_steps, struct one, call_fini);

/* --- DeleteActivity ------------------------------------------------------------------------------ */

static enum flow_next
delete_check(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;

	(void)f;
	if (one_check_arn(s, e) != 0)
		return FLOW_FAIL;
	return s->arn.ours ? FLOW_NEXT : call_ok_empty(&s->call);
}

static void
delete_done(uint64_t ticket, const struct err *e)
{
	struct one *s = flow_state(ticket);

	if (s == NULL)
		return;
	if (e == NULL)
		engine_activity_changed(s->call.api->engine, s->arn.name, false);
	flow_resume(ticket, e);
}

static enum flow_next
delete_write(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;

	(void)e;
	catalogue_delete_activity(s->call.api->store, s->arn.name, flow_id(f), delete_done);
	return FLOW_WAIT;
}

static enum flow_next
delete_answer(struct flow *f, void *state, struct err *e)
{
	(void)f;
	(void)e;
	return call_ok_empty(state);
}

static const struct flow_step delete_steps[] = {
	{ "check", delete_check },
	{ "write", delete_write }, /* WAIT */
	{ "answer", delete_answer },
	{ NULL, NULL },
};
const struct flow_kind act_delete_activity =
    CALL_KIND("DeleteActivity", delete_steps, struct one, call_fini);

/* --- ListActivities -------------------------------------------------------------------------------- */

static enum flow_next
list_check(struct flow *f, void *state, struct err *e)
{
	(void)f;
	return name_list_read(state, e) == 0 ? FLOW_NEXT : FLOW_FAIL;
}

static void
list_got(uint64_t ticket, const struct activity_item *items, size_t n, bool more,
    const struct err *e)
{
	struct name_list *s = flow_state(ticket);

	if (s == NULL)
		return;
	if (e != NULL) {
		flow_resume(ticket, e);
		return;
	}
	name_list_begin(s, "activities");
	for (size_t i = 0; i < n; i++) {
		name_list_item(s, "activityArn", resource_activity_arn, items[i].name,
		    items[i].created_ms);
		buf_addc(call_out(&s->call), '}');
	}
	name_list_end(s, more && n > 0 ? items[n - 1].name : NULL);
}

static enum flow_next
list_read(struct flow *f, void *state, struct err *e)
{
	struct name_list *s = state;

	(void)e;
	catalogue_activities(s->call.api->store, name_list_after(s), call_page_size(&s->call, 1000),
	    flow_id(f), list_got);
	return FLOW_WAIT;
}

static const struct flow_step list_steps[] = {
	{ "check", list_check },
	{ "read", list_read }, /* WAIT: the rows become the answer's body */
	{ "answer", name_list_answer },
	{ NULL, NULL },
};
const struct flow_kind act_list_activities =
    CALL_KIND("ListActivities", list_steps, struct name_list, name_list_fini);

/* --- GetActivityTask ------------------------------------------------------------------------------ */

static void
poll_print(struct buf *b, const struct polled_task *t)
{
	size_t len;
	char *input = doc_text(t->input, &len);

	buf_addc(b, '{');
	reply_text(b, "taskToken", t->token);
	reply_text_n(b, "input", input, len);
	buf_addc(b, '}');
	free(input);
}

/* A task must not go to a worker who has hung up: then it is somebody else's. */
static bool
poll_done(uint64_t ticket, const struct polled_task *t, const struct err *e)
{
	struct one *s = flow_state(ticket);

	if (s == NULL)
		return false;
	s->poll = 0;
	if (t != NULL && http_client_is_gone(s->call.request))
		return false; /* the flow ends as soon as the server hears of it */
	s->found = e == NULL || strcmp(e->name, "ActivityDoesNotExist") != 0;
	if (t != NULL)
		poll_print(call_out(&s->call), t);
	s->got = t != NULL;
	flow_resume(ticket, s->found ? e : NULL);
	return true;
}

static enum flow_next
poll_check(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;
	size_t len = 0;

	s->worker = call_text(&s->call, "workerName", &len);
	if (call_check_storable("workerName", s->worker, len, e) != 0)
		return FLOW_FAIL;
	return one_check(f, state, e);
}

static enum flow_next
poll_wait(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;
	const struct engine_poll what = { .activity = s->arn.name,
		.worker = s->worker,
		.wait_ms = s->call.from_peer ? -1 : s->call.api->conf->activity_poll };

	(void)e;
	s->poll = engine_poll(s->call.api->engine, &what, flow_id(f), poll_done);
	return FLOW_WAIT;
}

static enum flow_next
poll_answer(struct flow *f, void *state, struct err *e)
{
	struct one *s = state;

	(void)f;
	(void)e;
	if (!s->found)
		return one_not_found(s);
	return s->got ? call_ok(&s->call) : call_ok_empty(&s->call);
}

static void
poll_fini(void *state)
{
	struct one *s = state;

	if (s->poll != 0)
		engine_cancel_poll(s->poll);
	call_fini(state);
}

static const struct flow_step poll_steps[] = {
	{ "check", poll_check },
	{ "wait", poll_wait }, /* WAIT, for a minute: the task becomes the answer's body */
	{ "answer", poll_answer },
	{ NULL, NULL },
};
/* The engine sees to it that the wait ends. */
const struct flow_kind act_get_activity_task = { .name = "GetActivityTask",
	.steps = poll_steps,
	.state_size = sizeof(struct one),
	.fail = call_fail,
	.fini = poll_fini };
