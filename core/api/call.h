/*
 * call - one API call: its arguments, its answer, and what the actions share.
 *
 * The state of an action's flow begins with a struct call:
 *
 *	struct describe { struct call call; ... };
 *	const struct flow_kind act_describe_execution = CALL_KIND("DescribeExecution", steps, struct describe, fini);
 *
 * The arguments have passed validate_body before the first step. A step that ends the
 * call returns what call_ok or call_error return; one that fails with an err leaves the
 * answer to call_fail. An action's fini ends with call_fini.
 */
#ifndef PAWL_API_CALL_H
#define PAWL_API_CALL_H

#include <sys/queue.h>

#include "api/api.h"
#include "api/http.h"
#include "base/names.h"
#include "api/reply.h"
#include "api/sigv4.h"
#include "base/arena.h"
#include "base/flow.h"
#include "doc/doc.h"

struct served_route; /* served.c */
struct peers;        /* peer.h */
struct forward;
struct fetch; /* fetch.c */

struct api {
	struct loop *loop;
	const struct conf *conf;
	struct store *store;
	struct engine *engine;
	struct plugin_host *plugins; /* NULL = none that serve requests */
	STAILQ_HEAD(, served_route) routes;
	struct http *http;
	struct peers *peers;
	TAILQ_HEAD(, fetch) fetches;
	struct board *board; /* of the workers; NULL = there is but this one */
	struct hooks *hooks; /* or NULL */
	struct sigv4 *keys;  /* NULL = every caller is trusted */
	struct throttle *throttle;
	char *token_secret;
	struct territory here;
	bool aws_limits;

	bool draining;
	int64_t drain_until_ms, drain_plugins_ms; /* monotonic */
	loop_cb *drained;
	void *drained_arg;
	struct loop_timer drain_timer;
};

/* As conf says. */
struct http_limits api_limits(const struct api *a);
/* "localhost" and the addresses that lead nowhere else. */
bool api_host_is_loopback(const char *host);

struct action {
	const char *name;
	const struct flow_kind *kind;
};

struct call {
	unsigned magic;
	struct api *api;
	struct http_request *request; /* NULL once answered, or when the client is gone */
	const struct action *action;
	char request_id[UUID_TEXT_SIZE];
	int64_t since_us;
	uint64_t flow;
	bool from_peer;          /* another node sent it here: it is not sent on */
	struct forward *forward; /* it is being answered by another node, or was to be; or NULL */
	struct doc body;
	struct arena arena; /* texts of the arguments, freed with the call */
};

#define CALL_DEADLINE_MS 30000
#define CALL_KIND(name_, steps_, state_, fini_) \
	{ \
		.name = (name_), .steps = (steps_), .state_size = sizeof(state_), \
		.fail = call_fail, .fini = (fini_), .deadline_ms = CALL_DEADLINE_MS \
	}

/* Every request that no route takes comes here. */
void call_accept(void *api, struct http_request *r);
/* One of Step Functions that another node has authorised. */
void call_accept_peer(struct api *a, struct http_request *r, const char *operation);
/* For what people ask of the API's port: true when it was not signed as it must be, and is answered. */
bool call_refuse_unsigned(struct api *a, struct http_request *r);

/* A fresh one. */
void call_request_id(char out[UUID_TEXT_SIZE]);

/* flow_kind.fail of all actions: answers e. */
void call_fail(struct flow *f, void *state, const struct err *e);
/* Frees what struct call holds; the state is a struct call or begins with one. */
void call_fini(void *state);

/* The answer's body, for the step that will call_ok. */
struct buf *call_out(struct call *c);
enum flow_next call_ok(struct call *c);
/* call_ok with {}. */
enum flow_next call_ok_empty(struct call *c);
/* Ends the call, at whatever step it waits, with the answer that another node gave. error NULL = none. */
void call_relay(struct call *c, int status, const char *error, const char *body, size_t len);
/* An error with one more member (key NULL = none). */
enum flow_next call_error(struct call *c, const char *name, const char *key, const char *value,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* As reply_throttled. */
enum flow_next call_throttled(struct call *c, const char *why, int retry_s);

/*
 * Arguments. An absent one and null are NULL (DOC_NONE). Texts end with NUL, and live as long as the
 * call; one that holds U+0000 is longer than strlen says (len may be NULL).
 */
struct doc call_arg(const struct call *c, const char *name);
const char *call_text(struct call *c, const char *name, size_t *len);
bool call_bool(const struct call *c, const char *name, bool absent);
int64_t call_int(const struct call *c, const char *name, int64_t absent);
/* maxResults: 0 and absent are 100. */
int call_page_size(const struct call *c, int max);
/* -1 and e when a text that is stored as it is holds U+0000, which PostgreSQL cannot keep. */
int call_check_storable(const char *name, const char *text, size_t len, struct err *e);

/* The ARN in the argument; -1 and e "InvalidArn". */
int call_resource(struct call *c, const char *name, struct resource *r, struct err *e);
/*
 * As call_resource, for the ARN of a machine, unqualified, of a version or an alias. A labelled one is
 * refused with a ValidationException: then 1, the call is answered.
 */
int call_machine(struct call *c, struct resource *r, struct err *e);
/* As call_resource, for the ARN of a STANDARD execution. */
int call_execution(struct call *c, struct resource *r, struct err *e);

enum flow_next call_no_machine(struct call *c);   /* echoes stateMachineArn */
enum flow_next call_no_execution(struct call *c); /* echoes executionArn */
enum flow_next call_deleting(struct call *c, const char *machine_name);

/* The actions that there are, by name; NULL = unknown or not built. */
const struct action *action_find(const char *name);

#endif
