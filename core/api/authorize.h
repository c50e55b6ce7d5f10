/*
 * authorize - may this caller do this? What the authorize hooks say of a call, before it runs.
 */
#ifndef PAWL_API_AUTHORIZE_H
#define PAWL_API_AUTHORIZE_H

#include "api/call.h"

/* "arn:aws:iam::ACCOUNT:user/KEY", or the account's root where nobody signs (key_id NULL). */
void authorize_caller_arn(const struct api *a, const char *key_id, struct buf *out);

struct authorize_call {
	const char *service; /* as its actions are written in IAM: "states", "sqs" */
	const char *action;  /* "SendMessage" */
	const char *key_id;  /* who signed; NULL = nobody signs here */
	const char *request_id;
	const char *machine;  /* name of the state machine that it is about; NULL = none */
	struct doc resources; /* an array of ARNs; DOC_NONE or empty = all, "*" */
	struct doc arguments; /* without payloads and secrets; DOC_NONE = not known */
};
/* 0, or -1 and e "AccessDeniedException". For every AWS service that is answered here. */
int authorize(struct api *a, const struct http_request *r, const struct authorize_call *c,
    struct err *e);
/* The same for an action of Step Functions, whose checked arguments are in body. */
int authorize_states(struct api *a, const struct http_request *r, const struct action *action,
    const char *key_id, const char *request_id, struct doc body, struct err *e);

#endif
