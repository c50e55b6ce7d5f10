/*
 * name_list - a list in the order of names, page by page: what the list actions share.
 */
#include "api/name_list.h"

#include <string.h>

#include "base/clock.h"

int
name_list_read(struct name_list *l, struct err *e)
{
	size_t len = 0;
	const char *token = call_text(&l->call, "nextToken", &len);

	page_binding_init(&l->binding, l->call.action->name);
	buf_init(&l->after, BUF_UNLIMITED);
	if (token == NULL)
		return 0;
	return page_token_read(l->call.api->token_secret, &l->binding, token, len, clock_wall_ms(),
	    &l->after, e);
}

const char *
name_list_after(const struct name_list *l)
{
	return l->after.len > 0 ? l->after.data : NULL;
}

void
name_list_begin(struct name_list *l, const char *key)
{
	struct buf *b = call_out(&l->call);

	buf_addc(b, '{');
	reply_key(b, key);
	buf_addc(b, '[');
}

void
name_list_item(struct name_list *l, const char *arn_key, resource_arn_fn *arn, const char *name,
    int64_t created_ms)
{
	struct buf *b = call_out(&l->call), text;

	buf_init(&text, BUF_UNLIMITED);
	arn(&l->call.api->here, name, &text);
	buf_adds(b, b->data[b->len - 1] == '[' ? "{" : ",{");
	reply_text_n(b, arn_key, text.data, text.len);
	reply_text(b, "name", name);
	reply_time(b, "creationDate", created_ms);
	buf_fini(&text);
}

void
name_list_end(struct name_list *l, const char *last)
{
	struct buf *b = call_out(&l->call);

	buf_addc(b, ']');
	if (last != NULL) {
		reply_key(b, "nextToken");
		buf_addc(b, '"');
		page_token_make(l->call.api->token_secret, &l->binding, last, strlen(last),
		    clock_wall_ms(), b);
		buf_addc(b, '"');
	}
	buf_addc(b, '}');
	flow_resume(l->call.flow, NULL);
}

enum flow_next
name_list_answer(struct flow *f, void *state, struct err *e)
{
	(void)f;
	(void)e;
	return call_ok(state);
}

void
name_list_fini(void *state)
{
	struct name_list *l = state;

	page_binding_fini(&l->binding);
	buf_fini(&l->after);
	call_fini(state);
}
