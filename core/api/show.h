/*
 * show - what people ask for by GET and the database answers: a request that waits, found by its ticket.
 */
#ifndef PAWL_API_SHOW_H
#define PAWL_API_SHOW_H

#include "api/http.h"
#include "base/err.h"

/* r waits; its ticket. */
uint64_t show_wait(struct http_request *r);
/* The request, which waits no more. NULL: its client is gone; or there is an e, and r has been told. */
struct http_request *show_take(uint64_t ticket, const struct err *e);
/* Sends the JSON in r->reply. */
void show_json(struct http_request *r);

#endif
