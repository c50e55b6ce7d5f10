/*
 * name_list - a list in the order of names, page by page: what the list actions share.
 *
 * The state of such an action's flow begins with a struct name_list. The position of
 * the next page is the last name of this one.
 */
#ifndef PAWL_API_NAME_LIST_H
#define PAWL_API_NAME_LIST_H

#include "api/call.h"
#include "api/page.h"

struct name_list {
	struct call call;
	struct page_binding binding;
	struct buf after;
};

/* The first step: reads nextToken, which is bound to the action; -1 and e. */
int name_list_read(struct name_list *l, struct err *e);
/* The name after which the page begins; NULL = it is the first. */
const char *name_list_after(const struct name_list *l);
/*
 * The page, in call_out: what one thing has begins with its ARN and name. An item is closed by its
 * caller with '}', after the members that only its kind has.
 */
void name_list_begin(struct name_list *l, const char *key);
void name_list_item(struct name_list *l, const char *arn_key, resource_arn_fn *arn,
    const char *name, int64_t created_ms);
/* last: the name of the last item when there are more, else NULL. Goes on with the flow. */
void name_list_end(struct name_list *l, const char *last);
/* The last step: the answer is in call_out. */
enum flow_next name_list_answer(struct flow *f, void *state, struct err *e);
void name_list_fini(void *state);

#endif
