/*
 * act_sts - STS GetCallerIdentity, which infrastructure tools ask before anything else.
 *
 * The caller is the root of the account, or the user named like its access key.
 */
#include <string.h>

#include "api/act.h"
#include "api/authorize.h"
#include "api/form.h"
#include "base/stat.h"

void
sts_json(struct api *a, struct http_request *r, const char *request_id, const char *target,
    const char *key_id)
{
	struct err e = ERR_INIT;
	struct buf arn;

	if (strcmp(target, "GetCallerIdentity") != 0) {
		err_set(&e, "UnknownOperationException",
		    "This server has no operation of that name.");
		reply_error(r, request_id, &e, NULL);
		err_fini(&e);
		return;
	}
	stat_add_label(STAT_http_requests, "GetCallerIdentity", 1);
	buf_init(&arn, BUF_UNLIMITED);
	authorize_caller_arn(a, key_id, &arn);
	buf_addc(&r->reply, '{');
	reply_text(&r->reply, "Account", a->here.account_id);
	reply_text(&r->reply, "Arn", arn.data);
	reply_text(&r->reply, "UserId", key_id != NULL ? key_id : a->here.account_id);
	buf_addc(&r->reply, '}');
	buf_fini(&arn);
	reply_ok(r, request_id);
}

static void
add_xml(struct buf *b, const char *tag, const char *text)
{
	buf_addf(b, "<%s>", tag);
	for (; *text != '\0'; text++) {
		if (*text == '<')
			buf_adds(b, "&lt;");
		else if (*text == '>')
			buf_adds(b, "&gt;");
		else if (*text == '&')
			buf_adds(b, "&amp;");
		else
			buf_addc(b, *text);
	}
	buf_addf(b, "</%s>", tag);
}

static void
reply_xml(struct http_request *r, const char *request_id, int status)
{
	struct buf headers;

	buf_init(&headers, 256);
	buf_addf(&headers, "x-amzn-RequestId: %s\r\n", request_id);
	http_reply(r, status, "text/xml", headers.data);
	buf_fini(&headers);
}

static int
query_status(const char *name)
{
	if (strcmp(name, "InvalidAction") == 0)
		return 400;
	return strcmp(name, "ServiceUnavailable") == 0 ? 503
	    : strcmp(name, "InternalFailure") == 0     ? 500
						       : 403;
}

void
query_error(struct http_request *r, const char *request_id, const char *xmlns, const struct err *e)
{
	struct buf *b = &r->reply;
	int status = query_status(e->name);

	buf_reset(b);
	buf_addf(b, "<ErrorResponse%s><Error><Type>%s</Type>", xmlns,
	    status >= 500 ? "Receiver" : "Sender");
	add_xml(b, "Code", e->name);
	add_xml(b, "Message", err_cause(e));
	buf_adds(b, "</Error>");
	add_xml(b, "RequestId", request_id);
	buf_adds(b, "</ErrorResponse>");
	reply_xml(r, request_id, status);
}

void
sts_query(struct api *a, struct http_request *r, const char *request_id, const char *key_id)
{
	struct buf *b = &r->reply, arn;
	char action[32];

	if (!form_value(r, "Action", action, sizeof(action)) ||
	    strcmp(action, "GetCallerIdentity") != 0) {
		struct err e = ERR_INIT;

		err_set(&e, "InvalidAction",
		    "The only action in this protocol is GetCallerIdentity.");
		query_error(r, request_id, STS_XMLNS, &e);
		err_fini(&e);
		return;
	}
	stat_add_label(STAT_http_requests, "GetCallerIdentity", 1);
	buf_init(&arn, BUF_UNLIMITED);
	authorize_caller_arn(a, key_id, &arn);
	buf_adds(b,
	    "<GetCallerIdentityResponse" STS_XMLNS ">"
	    "<GetCallerIdentityResult>");
	add_xml(b, "Arn", arn.data);
	add_xml(b, "UserId", key_id != NULL ? key_id : a->here.account_id);
	add_xml(b, "Account", a->here.account_id);
	buf_adds(b, "</GetCallerIdentityResult><ResponseMetadata>");
	add_xml(b, "RequestId", request_id);
	buf_adds(b, "</ResponseMetadata></GetCallerIdentityResponse>");
	buf_fini(&arn);
	reply_xml(r, request_id, 200);
}
