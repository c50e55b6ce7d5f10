/*
 * act_tag - the actions on tags of state machines and activities.
 */
#include <string.h>

#include "api/act.h"
#include "api/settings.h"
#include "store/catalogue.h"

struct tag {
	struct call call;
	struct resource arn;
	struct buf tags; /* TagResource: what is to be added; UntagResource: the keys */
	bool found, too_many;
};

static enum flow_next
tag_not_found(struct call *c)
{
	const char *arn = call_text(c, "resourceArn", NULL);

	return call_error(c, "ResourceNotFound", "resourceName", arn, "Resource not found: '%s'",
	    arn);
}

/* The ARN; FLOW_NEXT when it may name something that has tags. */
static enum flow_next
tag_check_arn(struct tag *s, struct err *e)
{
	if (call_resource(&s->call, "resourceArn", &s->arn, e) != 0)
		return FLOW_FAIL;
	switch (s->arn.kind) {
	case RESOURCE_MACHINE:
	case RESOURCE_ACTIVITY:
		return s->arn.ours ? FLOW_NEXT : tag_not_found(&s->call);
	case RESOURCE_VERSION:
	case RESOURCE_ALIAS:
	case RESOURCE_LABELLED:
		return tag_not_found(&s->call);
	default:
		resource_refuse_type(&s->arn, e);
		return FLOW_FAIL;
	}
}

static enum flow_next
tag_check(struct flow *f, void *state, struct err *e)
{
	struct tag *s = state;

	(void)f;
	buf_init(&s->tags, BUF_UNLIMITED);
	if (settings_tags(call_arg(&s->call, "tags"), &s->tags, e) != 0)
		return FLOW_FAIL;
	return tag_check_arn(s, e);
}

static enum flow_next
untag_check(struct flow *f, void *state, struct err *e)
{
	struct tag *s = state;

	(void)f;
	buf_init(&s->tags, BUF_UNLIMITED);
	doc_print(call_arg(&s->call, "tagKeys"), &s->tags);
	return tag_check_arn(s, e);
}

static enum flow_next
tags_check(struct flow *f, void *state, struct err *e)
{
	struct tag *s = state;

	(void)f;
	buf_init(&s->tags, BUF_UNLIMITED);
	return tag_check_arn(s, e);
}

static void
tag_done(uint64_t ticket, bool found, bool too_many, const char *tags_json, const struct err *e)
{
	struct tag *s = flow_state(ticket);

	if (s == NULL)
		return;
	s->found = found;
	s->too_many = too_many;
	buf_reset(&s->tags);
	buf_adds(&s->tags, tags_json != NULL ? tags_json : "[]");
	flow_resume(ticket, e);
}

static struct tag_owner
tag_owner(const struct tag *s)
{
	return (
	    struct tag_owner){ .activity = s->arn.kind == RESOURCE_ACTIVITY, .name = s->arn.name };
}

static enum flow_next
tag_write(struct flow *f, void *state, struct err *e)
{
	struct tag *s = state;
	const struct tag_owner owner = tag_owner(s);

	(void)e;
	catalogue_tag(s->call.api->store, &owner, s->tags.data, flow_id(f), tag_done);
	return FLOW_WAIT;
}

static enum flow_next
untag_write(struct flow *f, void *state, struct err *e)
{
	struct tag *s = state;
	const struct tag_owner owner = tag_owner(s);

	(void)e;
	catalogue_untag(s->call.api->store, &owner, s->tags.data, flow_id(f), tag_done);
	return FLOW_WAIT;
}

static enum flow_next
tags_read(struct flow *f, void *state, struct err *e)
{
	struct tag *s = state;
	const struct tag_owner owner = tag_owner(s);

	(void)e;
	catalogue_tags(s->call.api->store, &owner, flow_id(f), tag_done);
	return FLOW_WAIT;
}

static enum flow_next
tag_answer(struct flow *f, void *state, struct err *e)
{
	struct tag *s = state;

	(void)f;
	(void)e;
	if (!s->found)
		return tag_not_found(&s->call);
	if (s->too_many)
		return call_error(&s->call, "TooManyTags", "resourceName",
		    call_text(&s->call, "resourceArn", NULL),
		    "A resource can have at most %d tags.", TAGS_MAX);
	return call_ok_empty(&s->call);
}

static enum flow_next
tags_answer(struct flow *f, void *state, struct err *e)
{
	struct tag *s = state;
	struct buf *b = call_out(&s->call);

	(void)f;
	(void)e;
	if (!s->found)
		return tag_not_found(&s->call);
	buf_addc(b, '{');
	reply_json(b, "tags", s->tags.data);
	buf_addc(b, '}');
	return call_ok(&s->call);
}

static void
tag_fini(void *state)
{
	struct tag *s = state;

	buf_fini(&s->tags);
	call_fini(state);
}

static const struct flow_step tag_steps[] = {
	{ "check", tag_check },
	{ "write", tag_write }, /* WAIT */
	{ "answer", tag_answer },
	{ NULL, NULL },
};
const struct flow_kind act_tag_resource = CALL_KIND("TagResource", tag_steps, struct tag, tag_fini);

static const struct flow_step untag_steps[] = {
	{ "check", untag_check },
	{ "write", untag_write }, /* WAIT */
	{ "answer", tag_answer },
	{ NULL, NULL },
};
const struct flow_kind act_untag_resource =
    CALL_KIND("UntagResource", untag_steps, struct tag, tag_fini);

static const struct flow_step tags_steps[] = {
	{ "check", tags_check },
	{ "read", tags_read }, /* WAIT */
	{ "answer", tags_answer },
	{ NULL, NULL },
};
const struct flow_kind act_list_tags_for_resource =
    CALL_KIND("ListTagsForResource", tags_steps, struct tag, tag_fini);
