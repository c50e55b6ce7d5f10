/*
 * call - one API call: its arguments, its answer, and what the actions share.
 */
#include "api/call.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/act.h"
#include "api/authorize.h"
#include "api/form.h"
#include "api/model.h"
#include "api/peer.h"
#include "api/served.h"
#include "api/throttle.h"
#include "api/validate.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stat.h"

#define CALL_MAGIC 0x43414c4cu /* "CALL" */
#define TARGET_PREFIX "AWSStepFunctions."
#define STS_PREFIX "AWSSecurityTokenServiceV20110615."
#define PAGE_SIZE 100

static struct call *
call_from(void *state)
{
	struct call *c = state;

	assert(c->magic == CALL_MAGIC);
	return c;
}

/* --- the end --------------------------------------------------------------------- */

static void
call_over(struct call *c)
{
	c->request = NULL;
	stat_observe(STAT_http_seconds, (double)(clock_mono_us() - c->since_us) / 1e6);
}

static void
call_reply_error(struct call *c, const struct err *e, const struct reply_extra *extra)
{
	log_debug("request=%s %s: %s: %s", c->request_id, c->action->name, e->name, err_cause(e));
	reply_error(c->request, c->request_id, e, extra);
	call_over(c);
}

void
call_fail(struct flow *f, void *state, const struct err *e)
{
	struct call *c = call_from(state);

	(void)f;
	if (c->request != NULL)
		call_reply_error(c, e, NULL);
}

void
call_fini(void *state)
{
	struct call *c = call_from(state);

	assert(c->request == NULL);
	c->magic = 0;
	forward_free(c->forward);
	doc_unref(c->body);
	arena_fini(&c->arena);
}

/* The client went away: nobody waits for the answer. */
static void
call_gone(void *arg)
{
	struct call *c = call_from(arg);

	c->request = NULL;
	flow_cancel(c->flow);
}

struct buf *
call_out(struct call *c)
{
	return &c->request->reply;
}

enum flow_next
call_ok(struct call *c)
{
	reply_ok(c->request, c->request_id);
	call_over(c);
	return FLOW_DONE;
}

enum flow_next
call_ok_empty(struct call *c)
{
	buf_adds(call_out(c), "{}");
	return call_ok(c);
}

enum flow_next
call_error(struct call *c, const char *name, const char *key, const char *value, const char *fmt,
    ...)
{
	struct reply_extra extra = { .key = key, .value = value };
	struct err e = ERR_INIT;
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	err_set_text(&e, name, text, strlen(text));
	free(text);
	call_reply_error(c, &e, &extra);
	err_fini(&e);
	return FLOW_DONE;
}

enum flow_next
call_throttled(struct call *c, const char *why, int retry_s)
{
	reply_throttled(c->request, c->request_id, why, retry_s);
	call_over(c);
	return FLOW_DONE;
}

void
call_relay(struct call *c, int status, const char *error, const char *body, size_t len)
{
	if (c->request == NULL)
		return;
	buf_add(call_out(c), body, len);
	reply_send_body(c->request, c->request_id, status, error);
	call_over(c);
	flow_cancel(c->flow);
}

/* --- arguments ----------------------------------------------------------------------- */

struct doc
call_arg(const struct call *c, const char *name)
{
	struct doc d = doc_gets(c->body, name);

	return doc_is_none(d) || doc_type(d) == DOC_NULL ? DOC_NONE : d;
}

const char *
call_text(struct call *c, const char *name, size_t *len)
{
	struct doc d = call_arg(c, name);
	struct buf scratch;
	const char *s;
	char *copy;
	size_t n = 0;

	if (doc_is_none(d))
		return NULL;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(d, &scratch, &n);
	copy = arena_alloc(&c->arena, n + 1);
	memcpy(copy, s, n);
	buf_fini(&scratch);
	if (len != NULL)
		*len = n;
	return copy;
}

bool
call_bool(const struct call *c, const char *name, bool absent)
{
	struct doc d = call_arg(c, name);

	return doc_is_none(d) ? absent : doc_is_true(d);
}

int64_t
call_int(const struct call *c, const char *name, int64_t absent)
{
	struct doc d = call_arg(c, name);
	int64_t v;

	return !doc_is_none(d) && doc_i64(d, &v) ? v : absent;
}

int
call_page_size(const struct call *c, int max)
{
	int64_t n = call_int(c, "maxResults", 0);

	return n <= 0 ? PAGE_SIZE : n > max ? max : (int)n;
}

int
call_check_storable(const char *name, const char *text, size_t len, struct err *e)
{
	if (text != NULL && memchr(text, '\0', len) != NULL)
		return err_set(e, "ValidationException", "'%s' must not hold the character U+0000.",
		    name);
	return 0;
}

int
call_resource(struct call *c, const char *name, struct resource *r, struct err *e)
{
	size_t len = 0;
	const char *arn = call_text(c, name, &len);

	assert(arn != NULL); /* required by the model, or the caller has looked */
	return resource_parse(&c->api->here, arn, len, r, e);
}

int
call_machine(struct call *c, struct resource *r, struct err *e)
{
	if (call_resource(c, "stateMachineArn", r, e) != 0)
		return -1;
	switch (r->kind) {
	case RESOURCE_MACHINE:
	case RESOURCE_VERSION:
	case RESOURCE_ALIAS:
		return 0;
	case RESOURCE_LABELLED:
		call_error(c, "ValidationException", "reason", "API_DOES_NOT_SUPPORT_LABELED_ARNS",
		    "This operation does not support the ARN of a labelled state machine: '%s'",
		    call_text(c, "stateMachineArn", NULL));
		return 1;
	default:
		return resource_refuse_type(r, e);
	}
}

int
call_execution(struct call *c, struct resource *r, struct err *e)
{
	if (call_resource(c, "executionArn", r, e) != 0)
		return -1;
	if (r->kind != RESOURCE_EXECUTION && r->kind != RESOURCE_CHILD)
		return resource_refuse_type(r, e);
	return 0;
}

enum flow_next
call_no_machine(struct call *c)
{
	return call_error(c, "StateMachineDoesNotExist", NULL, NULL,
	    "State Machine Does Not Exist: '%s'", call_text(c, "stateMachineArn", NULL));
}

enum flow_next
call_no_execution(struct call *c)
{
	return call_error(c, "ExecutionDoesNotExist", NULL, NULL, "Execution Does Not Exist: '%s'",
	    call_text(c, "executionArn", NULL));
}

enum flow_next
call_deleting(struct call *c, const char *machine_name)
{
	struct buf arn;
	enum flow_next next;

	buf_init(&arn, BUF_UNLIMITED);
	resource_machine_arn(&c->api->here, machine_name, &arn);
	next = call_error(c, "StateMachineDeleting", NULL, NULL,
	    "State Machine is being deleted: '%s'", arn.data);
	buf_fini(&arn);
	return next;
}

/* --- the beginning ---------------------------------------------------------------- */

void
call_request_id(char out[UUID_TEXT_SIZE])
{
	struct uuid u = uuid_v4_from(id_random64(), id_random64());

	uuid_format(&u, out);
}

/* What a request wants, and in which protocol. */
enum call_protocol {
	CALL_STATES,
	CALL_STS_JSON,
	CALL_STS_QUERY,
	CALL_SERVICE_JSON, /* of a plugin */
	CALL_SERVICE_QUERY,
	CALL_UNKNOWN
};

struct wanted {
	enum call_protocol protocol;
	const char *name; /* of the operation, as far as the protocol says it here */
	const struct serve_endpoint *service;
	char action[256]; /* of a form */
};

static const char *
behind(const char *target, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(target, prefix, len) == 0 ? target + len : NULL;
}

static enum call_protocol
protocol_of_target(const struct api *a, const char *target, struct wanted *w)
{
	if ((w->name = behind(target, TARGET_PREFIX)) != NULL)
		return CALL_STATES;
	if ((w->name = behind(target, STS_PREFIX)) != NULL)
		return CALL_STS_JSON;
	w->service = a->plugins != NULL ? plugin_serve_target(a->plugins, target, &w->name) : NULL;
	return w->service != NULL ? CALL_SERVICE_JSON : CALL_UNKNOWN;
}

static enum call_protocol
protocol_of_form(const struct api *a, const struct http_request *r, struct wanted *w)
{
	char version[64];

	if (a->plugins != NULL && form_value(r, "Version", version, sizeof(version)))
		w->service = plugin_serve_version(a->plugins, version);
	if (w->service == NULL)
		return CALL_STS_QUERY;
	w->name = form_value(r, "Action", w->action, sizeof(w->action)) ? w->action : "";
	return CALL_SERVICE_QUERY;
}

static void
find_wanted(const struct api *a, const struct http_request *r, struct wanted *w)
{
	const char *target = http_header_value(r, "x-amz-target");

	memset(w, 0, sizeof(*w));
	w->protocol = target != NULL ? protocol_of_target(a, target, w)
	    : form_is(r)             ? protocol_of_form(a, r, w)
				     : CALL_UNKNOWN;
}

/* Does an Origin header name a page of this machine? "http://localhost:8083" */
static bool
origin_is_local(const char *origin)
{
	const char *from = strstr(origin, "://");
	char host[256];
	size_t len;

	if (from == NULL)
		return false;
	from += from[3] == '[' ? 4 : 3;
	len = from[-1] == '[' ? strcspn(from, "]") : strcspn(from, ":/");
	if (len >= sizeof(host))
		return false;
	memcpy(host, from, len);
	host[len] = '\0';
	return api_host_is_loopback(host);
}

/*
 * Where nobody signs, a browser on this machine could be made to call us by any page whose
 * name was pointed here; but a browser says whose page it was.
 */
static int
check_origin(const struct http_request *r, struct err *e)
{
	const char *origin = http_header_value(r, "origin");

	if (origin == NULL || origin_is_local(origin))
		return 0;
	return err_set(e, "AccessDeniedException",
	    "Without access_keys, calls from web pages of other hosts are refused.");
}

static int
authorise(struct api *a, const struct http_request *r, enum call_protocol p, const char **key_id,
    struct err *e)
{
	const char *service = p == CALL_STS_JSON || p == CALL_STS_QUERY ? "sts"
	    : p == CALL_SERVICE_JSON || p == CALL_SERVICE_QUERY         ? NULL
									: "states";

	*key_id = NULL;
	if (a->keys == NULL)
		return check_origin(r, e);
	return sigv4_verify(a->keys, r, service, clock_wall_ms(), key_id, e);
}

/* The body as a document; empty is {}. */
static int
read_body(const struct http_request *r, struct doc *body, struct err *e)
{
	struct err why = ERR_INIT;

	if (r->body_len == 0) {
		*body = doc_empty_object();
		return 0;
	}
	*body = doc_parse(r->body, r->body_len, &why);
	if (doc_is_none(*body))
		err_set(e, "SerializationException", "The body is not JSON: %s", err_cause(&why));
	else if (doc_type(*body) != DOC_OBJECT)
		err_set(e, "SerializationException", "The body is not a JSON object.");
	err_fini(&why);
	return err_is_set(e) ? -1 : 0;
}

/* The arguments of the action, checked; -1 and e. */
static int
read_arguments(const struct api *a, const struct http_request *r, const struct action *action,
    struct doc *body, struct err *e)
{
	const struct model_action *m = model_action_find(action->name, strlen(action->name));

	assert(m != NULL);
	if (read_body(r, body, e) != 0)
		return -1;
	return validate_body(model_shape(m->input), *body, a->aws_limits, e);
}

/* Takes body. */
static void
call_begin(struct api *a, struct http_request *r, const struct action *action,
    const char *request_id, int64_t since_us, struct doc body, bool from_peer)
{
	struct flow *f = flow_new(a->loop, action->kind);
	struct call *c = flow_state_of(f);

	c->magic = CALL_MAGIC;
	c->api = a;
	c->request = r;
	c->action = action;
	memcpy(c->request_id, request_id, sizeof(c->request_id));
	c->since_us = since_us;
	c->flow = flow_id(f);
	c->from_peer = from_peer;
	c->body = body;
	arena_init(&c->arena);
	r->gone = call_gone;
	r->gone_arg = c;
	flow_begin(f);
}

/* An answer before there is a call. */
static void
refuse(struct http_request *r, const char *request_id, const char *name, const struct err *e)
{
	log_debug("request=%s %s: %s: %s", request_id, name, e->name, err_cause(e));
	reply_error(r, request_id, e, NULL);
}

static void
refuse_unknown(struct http_request *r, const char *request_id, const char *why)
{
	struct err e = ERR_INIT;

	stat_add_label(STAT_http_requests, "unknown", 1);
	err_set(&e, "UnknownOperationException", "%s", why);
	refuse(r, request_id, "unknown", &e);
	err_fini(&e);
}

/* The machine that a call is about. r holds it; NULL = its arguments do not say. */
static const char *
machine_of(const struct api *a, struct doc body, struct resource *r)
{
	struct doc arn = doc_gets(body, "stateMachineArn");
	char *text;
	int rc;

	if (doc_is_none(arn))
		arn = doc_gets(body, "executionArn");
	if (doc_is_none(arn) || (text = doc_strdup(arn)) == NULL)
		return NULL;
	rc = resource_parse(&a->here, text, strlen(text), r, NULL);
	free(text);
	return rc == 0 ? r->name : NULL;
}

/* True when the action's bucket is empty: the call is answered then. */
static bool
is_throttled(const struct api *a, struct http_request *r, const struct action *action,
    const char *request_id, struct doc body)
{
	const char *machine = NULL;
	struct resource resource;
	char why[128];
	int retry_s;

	if (throttle_by_machine(a->throttle, action->name))
		machine = machine_of(a, body, &resource);
	retry_s = throttle_take(a->throttle, action->name, machine != NULL ? machine : "");
	if (retry_s == 0)
		return false;
	stat_add_label(STAT_calls_throttled, action->name, 1);
	snprintf(why, sizeof(why), "The bucket of %s is empty (throttle).", action->name);
	reply_throttled(r, request_id, why, retry_s);
	return true;
}

static void
call_states(struct api *a, struct http_request *r, const char *request_id, const char *name,
    const char *key_id, int64_t since_us)
{
	const struct action *action = action_find(name);
	struct doc body = DOC_NONE;
	struct err e = ERR_INIT;

	if (action == NULL) {
		refuse_unknown(r, request_id, "This server has no operation of that name.");
		return;
	}
	stat_add_label(STAT_http_requests, action->name, 1);
	if (read_arguments(a, r, action, &body, &e) != 0 ||
	    authorize_states(a, r, action, key_id, request_id, body, &e) != 0) {
		refuse(r, request_id, action->name, &e);
		doc_unref(body);
	} else if (is_throttled(a, r, action, request_id, body)) {
		doc_unref(body);
	} else {
		call_begin(a, r, action, request_id, since_us, body, false);
	}
	err_fini(&e);
}

void
call_accept_peer(struct api *a, struct http_request *r, const char *operation)
{
	const struct action *action = action_find(operation);
	int64_t since_us = clock_mono_us();
	char request_id[UUID_TEXT_SIZE];
	struct doc body = DOC_NONE;
	struct err e = ERR_INIT;

	call_request_id(request_id);
	if (action == NULL)
		refuse_unknown(r, request_id, "This node has no operation of that name.");
	else if (read_arguments(a, r, action, &body, &e) != 0)
		refuse(r, request_id, action->name, &e);
	else
		call_begin(a, r, action, request_id, since_us, body, true);
	err_fini(&e);
}

bool
call_refuse_unsigned(struct api *a, struct http_request *r)
{
	char request_id[UUID_TEXT_SIZE];
	struct err e = ERR_INIT;
	const char *key_id;

	if (a->keys == NULL ||
	    sigv4_verify(a->keys, r, "states", clock_wall_ms(), &key_id, &e) == 0)
		return false;
	call_request_id(request_id);
	reply_error(r, request_id, &e, NULL);
	err_fini(&e);
	return true;
}

/* Some services are called below "/", as SQS at the address of a queue. */
static int
check_place(const struct http_request *r, const struct wanted *w, struct err *e)
{
	if (strcmp(r->method, "POST") != 0)
		return err_set(e, "MethodNotAllowedException", "The API is called with POST.");
	if (w->service == NULL && strcmp(r->path, "/") != 0)
		return err_set(e, "NotFoundException", "There is nothing at this path.");
	return 0;
}

static void
refuse_wanted(struct http_request *r, const char *request_id, const struct wanted *w,
    const struct err *e)
{
	log_debug("request=%s refused: %s: %s", request_id, e->name, err_cause(e));
	if (w->protocol == CALL_STS_QUERY || w->protocol == CALL_SERVICE_QUERY)
		query_error(r, request_id, w->protocol == CALL_STS_QUERY ? STS_XMLNS : "", e);
	else
		reply_error(r, request_id, e, NULL);
}

static void
call_service(struct api *a, struct http_request *r, const char *request_id, const struct wanted *w,
    const char *key_id)
{
	const struct served_action action = { .service = w->service,
		.name = w->name,
		.query_protocol = w->protocol == CALL_SERVICE_QUERY,
		.key_id = key_id,
		.request_id = request_id };
	const struct authorize_call asked = { .service = plugin_serve_service(w->service),
		.action = w->name,
		.key_id = key_id,
		.request_id = request_id };
	struct err e = ERR_INIT;

	if (!served_is_action(w->name))
		err_set(&e, action.query_protocol ? "InvalidAction" : "UnknownOperationException",
		    "The name of an action consists of letters and digits.");
	else if (authorize(a, r, &asked, &e) == 0) {
		served_action(a, r, &action);
		return;
	}
	refuse_wanted(r, request_id, w, &e);
	err_fini(&e);
}

void
call_accept(void *api, struct http_request *r)
{
	struct api *a = api;
	int64_t since_us = clock_mono_us();
	char request_id[UUID_TEXT_SIZE];
	const char *key_id;
	struct err e = ERR_INIT;
	struct wanted w;

	find_wanted(a, r, &w);
	call_request_id(request_id);
	if (check_place(r, &w, &e) != 0 || authorise(a, r, w.protocol, &key_id, &e) != 0) {
		refuse_wanted(r, request_id, &w, &e);
	} else {
		switch (w.protocol) {
		case CALL_STATES:
			call_states(a, r, request_id, w.name, key_id, since_us);
			break;
		case CALL_STS_JSON:
			sts_json(a, r, request_id, w.name, key_id);
			break;
		case CALL_STS_QUERY:
			sts_query(a, r, request_id, key_id);
			break;
		case CALL_SERVICE_JSON:
		case CALL_SERVICE_QUERY:
			call_service(a, r, request_id, &w, key_id);
			break;
		case CALL_UNKNOWN:
			refuse_unknown(r, request_id,
			    "The request has no X-Amz-Target of Step Functions.");
			break;
		}
	}
	err_fini(&e);
}
