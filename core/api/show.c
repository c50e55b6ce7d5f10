/*
 * show - what people ask for by GET and the database answers: a request that waits, found by its ticket.
 */
#include "api/show.h"

#include <stdlib.h>

#include "api/call.h"
#include "base/idmap.h"
#include "base/xalloc.h"

/* One whose client is gone is found no more. */
struct waiting {
	struct http_request *request;
	uint64_t ticket;
};

static struct idmap all_waiting;
static uint64_t next_ticket;

static void
show_gone(void *arg)
{
	struct waiting *w = arg;

	idmap_take(&all_waiting, w->ticket);
	free(w);
}

uint64_t
show_wait(struct http_request *r)
{
	struct waiting *w = xcalloc(1, sizeof(*w));

	w->request = r;
	w->ticket = ++next_ticket;
	r->gone = show_gone;
	r->gone_arg = w;
	idmap_put(&all_waiting, w->ticket, w);
	return w->ticket;
}

struct http_request *
show_take(uint64_t ticket, const struct err *e)
{
	struct waiting *w = idmap_take(&all_waiting, ticket);
	struct http_request *r = w != NULL ? w->request : NULL;
	char request_id[UUID_TEXT_SIZE];

	free(w);
	if (r == NULL || e == NULL)
		return r;
	call_request_id(request_id);
	reply_error(r, request_id, e, NULL);
	return NULL;
}

void
show_json(struct http_request *r)
{
	http_reply(r, 200, "application/json", "Cache-Control: no-store\r\n");
}
