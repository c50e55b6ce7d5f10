/*
 * peer - calls about executions that another node of this database owns, and those that other
 * nodes send here.
 *
 * Any node accepts any call. What concerns a run is done by the node that owns the run's shard: the call goes
 * there as it came, signed with the cluster's secret, and its answer comes back to the client. An action
 * has a step for that, before the one that asks the engine:
 *
 *	static enum flow_next
 *	stop_place(struct flow *f, void *state, struct err *e)
 *	{
 *		struct stop *s = state;
 *
 *		return peer_place(f, &s->call, s->shard);
 *	}
 *
 * While a shard is between two owners (one has died, or gives it away) the call waits for the next one, for ten
 * seconds at most. A call that was sent and not answered is not sent again: it may have had its effect.
 */
#ifndef PAWL_API_PEER_H
#define PAWL_API_PEER_H

#include "api/call.h"
#include "task/httpc.h"

struct peers;
struct forward;

struct peers *peers_new(struct api *a);
/* No call waits any more. NULL is fine. */
void peers_free(struct peers *p);
/* Listens for the calls of other nodes; -1 and e. */
int peers_listen(struct peers *p, const char *address, struct err *e);
/* What other nodes call: "host:port"; "" before peers_listen. */
const char *peers_address(const struct peers *p);
void peers_set_limits(struct peers *p, const struct http_limits *limits);
/* No new calls of other nodes. */
void peers_stop(struct peers *p);

#define PEER_TARGET_PREFIX "AWSStepFunctions."
#define PEER_TAKE_BACK "pawl.TakeBack" /* the body is the token of an activity task */

/* Texts are copied. */
struct peer_request {
	const char *address; /* of the node */
	const char *target;  /* X-Amz-Target */
	const char *body;
	size_t body_len;
};
/* Signed; cb comes exactly once, unless the exchange is cancelled or the peers are freed. */
uint64_t peers_send(struct peers *p, const struct peer_request *r, httpc_cb *cb, void *arg);

/* FLOW_NEXT when the shard is ours; else FLOW_WAIT, and the call is answered, or goes on when the shard is ours. */
enum flow_next peer_place(struct flow *f, struct call *c, int32_t shard);
void forward_free(struct forward *w); /* with its call; NULL is fine */

/* GET /nodes: who owns what, for people. */
void peers_show(void *api, struct http_request *r);

#endif
