/*
 * peer - calls about executions that another node of this database owns, and those that other
 * nodes send here.
 */
#include "api/peer.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/fetch.h"
#include "api/show.h"
#include "base/clock.h"
#include "base/idmap.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "store/member.h"

#define PEER_HEADER "x-pawl-peer"
#define STATUS_NOT_HERE 421 /* Misdirected Request (RFC 9110, 15.5.20) */
#define WAIT_MS 10000       /* for a shard that nobody owns */
#define ANSWER_MS 25000     /* below the deadline of the call itself */
#define CONNECT_MS 2500
#define LOOK_MS 10 /* our own claim is under way */
#define RETRY_MS 100
#define SKEW_MS 300000 /* between the clocks of two nodes, as with SigV4 */
#define MAC_TEXT 64

struct peers {
	struct api *api;
	struct http *http;
	struct httpc *client;
	char *address;
	char *of_shard[STORE_SHARDS]; /* whom we believe to own it; NULL = to be asked */
};

/* A call that another node is to answer. */
struct forward {
	struct peers *peers;
	uint64_t flow;
	struct call *call;
	int32_t shard;
	int64_t until_ms;  /* monotonic */
	uint64_t exchange; /* 0 = none */
	struct loop_timer timer;
};

static void forward_try(void *arg);

/* --- signatures ------------------------------------------------------------------- */

static void
peer_mac(const char *secret, const char *when, const char *target, const char *body, size_t len,
    char out[MAC_TEXT + 1])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len = 0;
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	buf_addf(&text, "pawl peer 1\n%s\n%s\n", when, target);
	buf_add(&text, body, len);
	HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text.data, text.len,
	    mac, &mac_len);
	assert(mac_len * 2 == MAC_TEXT);
	for (unsigned int i = 0; i < mac_len; i++)
		snprintf(out + (size_t)i * 2, 3, "%02x", mac[i]);
	buf_fini(&text);
}

/* "MILLISECONDS.MAC" */
static bool
peer_is_genuine(const struct api *a, const struct http_request *r, const char *target)
{
	const char *text = http_header_value(r, PEER_HEADER), *dot;
	char when[24], mac[MAC_TEXT + 1];
	int64_t off;

	if (text == NULL || (dot = strchr(text, '.')) == NULL || dot - text >= (int)sizeof(when) ||
	    strlen(dot + 1) != MAC_TEXT)
		return false;
	snprintf(when, sizeof(when), "%.*s", (int)(dot - text), text);
	peer_mac(a->token_secret, when, target, r->body, r->body_len, mac);
	off = strtoll(when, NULL, 10) - clock_wall_ms();
	return CRYPTO_memcmp(mac, dot + 1, MAC_TEXT) == 0 && off > -SKEW_MS && off < SKEW_MS;
}

uint64_t
peers_send(struct peers *p, const struct peer_request *r, httpc_cb *cb, void *arg)
{
	char when[24], mac[MAC_TEXT + 1], signature[sizeof(when) + sizeof(mac)];
	char *url = xasprintf("http://%s/", r->address);
	const struct httpc_header headers[] = { { "Content-Type", REPLY_TYPE },
		{ "X-Amz-Target", r->target }, { "X-Pawl-Peer", signature } };
	const struct httpc_request request = { .method = "POST",
		.url = url,
		.headers = headers,
		.nheaders = sizeof(headers) / sizeof(headers[0]),
		.body = r->body,
		.body_len = r->body_len,
		.timeout_ms = ANSWER_MS,
		.connect_timeout_ms = CONNECT_MS };
	uint64_t id;

	snprintf(when, sizeof(when), "%" PRId64, clock_wall_ms());
	peer_mac(p->api->token_secret, when, r->target, r->body, r->body_len, mac);
	snprintf(signature, sizeof(signature), "%s.%s", when, mac);
	id = httpc_start(p->client, &request, cb, arg);
	free(url);
	return id;
}

/* --- calls of other nodes -------------------------------------------------------------- */

static void
peer_accept(void *arg, struct http_request *r)
{
	const struct peers *p = arg;
	const char *target = http_header_value(r, "x-amz-target");

	if (target == NULL || !peer_is_genuine(p->api, r, target)) {
		log_warn("peer: a request that no node of this database signed is refused");
		http_reply(r, 403, NULL, "");
	} else if (strncmp(target, PEER_TARGET_PREFIX, sizeof(PEER_TARGET_PREFIX) - 1) == 0) {
		call_accept_peer(p->api, r, target + sizeof(PEER_TARGET_PREFIX) - 1);
	} else {
		if (strcmp(target, PEER_TAKE_BACK) == 0)
			fetch_taken_back(p->api, r->body, r->body_len);
		http_reply(r, 200, NULL, "");
	}
}

/* --- where the owner is ------------------------------------------------------------------ */

static void
owner_forget(struct peers *p, int32_t shard)
{
	free(p->of_shard[shard]);
	p->of_shard[shard] = NULL;
}

static void
forward_later(struct forward *w, int64_t delay_ms)
{
	loop_timer_set(&w->timer, delay_ms);
}

/* The call is not answered here, but goes on as a failure. Frees the forward with its call, soon. */
static void
forward_fail(const struct forward *w, const char *cause)
{
	struct err e = ERR_INIT;

	stat_add_label(STAT_calls_forwarded, "failed", 1);
	err_set(&e, "ServiceUnavailable", "%s", cause);
	flow_resume(w->flow, &e);
	err_fini(&e);
}

static void forward_send(struct forward *w);

static void
forward_got_owner(uint64_t ticket, const char *address, const struct err *e)
{
	struct call *c = flow_state(ticket);
	struct forward *w;

	if (c == NULL)
		return;
	w = c->forward;
	/* between two owners, the table still names the last one, who may have been us */
	if (e != NULL || address == NULL || *address == '\0' ||
	    strcmp(address, w->peers->address) == 0) {
		forward_later(w, RETRY_MS);
		return;
	}
	owner_forget(w->peers, w->shard);
	w->peers->of_shard[w->shard] = xstrdup(address);
	forward_send(w);
}

/* --- the exchange -------------------------------------------------------------------------- */

static const char *
answer_header(const struct httpc_answer *a, const char *name)
{
	for (size_t i = 0; i < a->nheaders; i++)
		if (strcasecmp(a->headers[i].name, name) == 0)
			return a->headers[i].value;
	return NULL;
}

static void
forward_answered(void *arg, const struct httpc_answer *a)
{
	struct forward *w = arg;

	w->exchange = 0;
	if (a->result == HTTPC_OK && a->status != STATUS_NOT_HERE) {
		stat_add_label(STAT_calls_forwarded, "answered", 1);
		call_relay(w->call, a->status, answer_header(a, "x-amzn-errortype"), a->body,
		    a->body_len);
		return;
	}
	owner_forget(w->peers, w->shard);
	/* nothing was done there */
	if (a->result == HTTPC_OK || a->result == HTTPC_CONNECT || a->result == HTTPC_DNS) {
		forward_later(w, RETRY_MS);
		return;
	}
	log_warn("peer: the owner of shard %d did not answer: %s", (int)w->shard, a->message);
	forward_fail(w, "The node that runs the execution did not answer. Try again.");
}

static void
forward_send(struct forward *w)
{
	const struct http_request *r = w->call->request;
	char *target = xasprintf(PEER_TARGET_PREFIX "%s", w->call->action->name);

	w->exchange = peers_send(w->peers,
	    &(struct peer_request){ .address = w->peers->of_shard[w->shard],
		.target = target,
		.body = r->body,
		.body_len = r->body_len },
	    forward_answered, w);
	free(target);
}

static void
forward_try(void *arg)
{
	struct forward *w = arg;
	const struct api *a = w->peers->api;

	if (engine_serves(a->engine, w->shard))
		flow_resume(w->flow, NULL);
	else if (clock_mono_ms() >= w->until_ms)
		forward_fail(w, "The execution is not available at the moment. Try again.");
	else if (store_owns(a->store, w->shard))
		forward_later(w, LOOK_MS);
	else if (w->call->from_peer)
		call_relay(w->call, STATUS_NOT_HERE, NULL, "", 0);
	else if (w->peers->of_shard[w->shard] != NULL)
		forward_send(w);
	else
		read_shard_owner(a->store, w->shard, w->flow, forward_got_owner);
}

enum flow_next
peer_place(struct flow *f, struct call *c, int32_t shard)
{
	struct forward *w;

	if (engine_serves(c->api->engine, shard))
		return FLOW_NEXT;
	w = xcalloc(1, sizeof(*w));
	w->peers = c->api->peers;
	w->flow = flow_id(f);
	w->call = c;
	w->shard = shard;
	w->until_ms = clock_mono_ms() + WAIT_MS;
	c->forward = w;
	loop_timer_init(c->api->loop, &w->timer, forward_try, w);
	forward_later(w, 0);
	return FLOW_WAIT;
}

void
forward_free(struct forward *w)
{
	if (w == NULL)
		return;
	if (w->exchange != 0)
		httpc_cancel(w->peers->client, w->exchange);
	loop_timer_fini(&w->timer);
	free(w);
}

/* --- for people ------------------------------------------------------------------------------ */

static void
nodes_print(const struct node_row *rows, size_t n, struct buf *b)
{
	buf_adds(b, "{\"nodes\":[");
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, i > 0 ? ",{" : "{");
		reply_text(b, "name", rows[i].name);
		reply_text(b, "address", rows[i].address);
		reply_time(b, "since", rows[i].connected_ms);
		reply_time(b, "seen", rows[i].seen_ms);
		reply_int(b, "shards", rows[i].shards);
		reply_int(b, "openExecutions", rows[i].load.open);
		reply_int(b, "sleepingExecutions", rows[i].load.sleeping);
		reply_thousandths(b, "transitionsPerSecond", rows[i].load.transitions_per_ks);
		reply_thousandths(b, "cpu", rows[i].load.cpu_permille);
		reply_int(b, "lagMilliseconds", rows[i].load.lag_ms);
		buf_addc(b, '}');
	}
	buf_adds(b, "]}\n");
}

static void
nodes_got(uint64_t ticket, const struct node_row *rows, size_t n, const struct err *e)
{
	struct http_request *r = show_take(ticket, e);

	if (r == NULL)
		return;
	nodes_print(rows, n, &r->reply);
	show_json(r);
}

void
peers_show(void *api, struct http_request *r)
{
	struct api *a = api;

	if (!call_refuse_unsigned(a, r))
		read_nodes(a->store, show_wait(r), nodes_got);
}

/* --- beginning and end ------------------------------------------------------------------------- */

struct peers *
peers_new(struct api *a)
{
	struct peers *p = xcalloc(1, sizeof(*p));

	p->api = a;
	p->address = xstrdup("");
	p->client = httpc_new(a->loop);
	return p;
}

int
peers_listen(struct peers *p, const char *address, struct err *e)
{
	const struct http_limits limits = api_limits(p->api);
	char host[256], port[16];

	p->http = http_new(p->api->loop, &limits, peer_accept, p);
	if (http_address_parse(address, host, sizeof(host), port, sizeof(port), e) != 0 ||
	    http_listen(p->http, address, e) != 0)
		return -1;
	/* all addresses: others know the machine by its name */
	if ((*host == '\0' || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0) &&
	    gethostname(host, sizeof(host) - 1) != 0)
		return err_set(e, "pawl.Listen",
		    "peer_listen = \"%s\": this machine has no name; say an address", address);
	free(p->address);
	p->address =
	    xasprintf(strchr(host, ':') != NULL ? "[%s]:%d" : "%s:%d", host, http_port(p->http));
	return 0;
}

const char *
peers_address(const struct peers *p)
{
	return p->address;
}

void
peers_set_limits(struct peers *p, const struct http_limits *limits)
{
	if (p->http != NULL)
		http_set_limits(p->http, limits);
}

void
peers_stop(struct peers *p)
{
	if (p->http != NULL)
		http_stop(p->http);
}

/* After the calls that are over: they give up their exchanges with it. */
static void
peers_free_now(void *arg)
{
	struct peers *p = arg;

	httpc_free(p->client);
	for (int32_t i = 0; i < STORE_SHARDS; i++)
		owner_forget(p, i);
	free(p->address);
	free(p);
}

void
peers_free(struct peers *p)
{
	if (p == NULL)
		return;
	http_free(p->http);
	loop_free_later(p->api->loop, p, peers_free_now);
}
