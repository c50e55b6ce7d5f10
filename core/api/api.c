/*
 * api - the Step Functions API of this process: AWS JSON 1.0 over HTTP.
 */
#include "api/api.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "api/act.h"
#include "api/fetch.h"
#include "api/limits.h"
#include "api/peer.h"
#include "api/served.h"
#include "api/throttle.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"

#define DRAIN_LOOK_MS 20
#define DRAIN_PLUGINS_MS 1000 /* so long plugins may still answer what they were asked */

bool
api_host_is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (strcmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Those of the configuration; *keys NULL when there are none. */
static int
load_keys(const struct conf *c, struct sigv4 **keys, struct err *e)
{
	struct sigv4 *s = sigv4_new(c->access_keys, e);

	if (s == NULL)
		return -1;
	if (sigv4_nkeys(s) == 0) {
		sigv4_free(s);
		s = NULL;
	}
	*keys = s;
	return 0;
}

static int
check_listen(const struct conf *c, bool have_keys, struct err *e)
{
	char host[256], port[16];

	if (http_address_parse(c->listen, host, sizeof(host), port, sizeof(port), e) != 0)
		return -1;
	if (have_keys || api_host_is_loopback(host))
		return 0;
	return err_set(e, "pawl.Listen",
	    "listen = \"%s\" would let everybody in: without access_keys only a loopback address "
	    "(127.0.0.1, ::1 or localhost) can be listened on; set access_keys, or listen = \"127.0.0.1:%s\"",
	    c->listen, port);
}

int
api_check_conf(const struct conf *c, struct err *e)
{
	struct throttle *throttle = NULL;
	struct sigv4 *keys;
	int rc;

	if (load_keys(c, &keys, e) != 0)
		return -1;
	rc = check_listen(c, keys != NULL, e);
	sigv4_free(keys);
	if (rc == 0 && (throttle = throttle_new(c->throttle, e)) == NULL)
		rc = -1;
	throttle_free(throttle);
	return rc;
}

struct http_limits
api_limits(const struct api *a)
{
	const struct conf *c = a->conf;

	return (struct http_limits){ .max_head = (size_t)c->max_header,
		.max_body = (size_t)c->max_body,
		.max_held = (size_t)c->max_in_flight,
		.max_connections = (unsigned)c->max_connections,
		.client_timeout_ms = c->client_timeout };
}

/* For load balancers and supervisors: is this node fit for work? */
static void
get_health(void *arg, struct http_request *r)
{
	struct api *a = arg;
	bool up = store_is_up(a->store), ok = up && !a->draining;
	struct buf *b = &r->reply;

	buf_addc(b, '{');
	reply_text(b, "status", ok ? "ok" : a->draining ? "draining" : "unavailable");
	reply_text(b, "database", up ? "up" : "down");
	buf_adds(b, "}\n");
	http_reply(r, ok ? 200 : 503, "application/json", "Cache-Control: no-store\r\n");
}

static void
get_metrics(void *arg, struct http_request *r)
{
	const struct api *a = arg;
	struct buf mine;

	if (a->board == NULL) {
		stat_print(&r->reply);
	} else {
		buf_init(&mine, BUF_UNLIMITED);
		stat_print(&mine);
		board_post(a->board, &mine);
		board_print(a->board, &r->reply);
		buf_fini(&mine);
	}
	http_reply(r, 200, "text/plain; version=0.0.4; charset=utf-8", "");
}

static void
drain_look(void *arg)
{
	struct api *a = arg;
	int64_t now = clock_mono_ms();

	if (a->plugins != NULL && now >= a->drain_plugins_ms)
		plugin_serve_end_calls(a->plugins);
	if (http_busy(a->http) > 0 && now < a->drain_until_ms)
		loop_timer_set(&a->drain_timer, DRAIN_LOOK_MS);
	else
		a->drained(a->drained_arg);
}

/* Takes t. */
static void
set_throttle(struct api *a, struct throttle *t)
{
	struct transition_rule rule = throttle_transitions(t);

	throttle_free(a->throttle);
	a->throttle = t;
	engine_set_transitions(a->engine, &rule);
}

struct api *
api_new(struct loop *l, const struct conf *c, struct store *s, struct engine *g,
    const char *token_secret, struct err *e)
{
	struct api *a = xcalloc(1, sizeof(*a));
	struct throttle *throttle = throttle_new(c->throttle, e);
	struct http_limits limits;

	if (throttle == NULL || load_keys(c, &a->keys, e) != 0) {
		throttle_free(throttle);
		free(a);
		return NULL;
	}
	a->loop = l;
	a->conf = c;
	a->store = s;
	a->engine = g;
	set_throttle(a, throttle);
	STAILQ_INIT(&a->routes);
	a->token_secret = xstrdup(token_secret);
	a->here = (struct territory){ c->region, c->account_id };
	a->aws_limits = strcmp(c->limits, "aws") == 0;
	limits = api_limits(a);
	a->http = http_new(l, &limits, call_accept, a);
	a->peers = peers_new(a);
	TAILQ_INIT(&a->fetches);
	loop_timer_init(l, &a->drain_timer, drain_look, a);
	http_route(a->http, HTTP_READS, "/health", get_health, a);
	http_route(a->http, HTTP_READS, "/metrics", get_metrics, a);
	http_route(a->http, HTTP_READS, "/nodes", peers_show, a);
	http_route(a->http, HTTP_READS, "/limits", limits_show, a);
	return a;
}

void
api_serve_plugins(struct api *a, struct plugin_host *plugins)
{
	a->plugins = plugins;
	http_route(a->http, HTTP_READS, "/plugins", served_plugins, a);
	served_routes(a);
}

void
api_set_hooks(struct api *a, struct hooks *h)
{
	a->hooks = h;
}

void
api_free(struct api *a)
{
	if (a == NULL)
		return;
	http_free(a->http);
	fetch_end(a); /* what they wait for is given up with the peers */
	peers_free(a->peers);
	served_routes_fini(a);
	loop_timer_fini(&a->drain_timer);
	sigv4_free(a->keys);
	throttle_free(a->throttle);
	free(a->token_secret);
	free(a);
}

int
api_listen(struct api *a, const char *address, struct err *e)
{
	return http_listen(a->http, address, e);
}

void
api_share(struct api *a, struct board *metrics)
{
	a->board = metrics;
	http_share_port(a->http);
}

int
api_listen_peers(struct api *a, const char *address, struct err *e)
{
	const struct engine_neighbours neighbours = fetch_neighbours(a);

	engine_set_neighbours(a->engine, &neighbours);
	return peers_listen(a->peers, address, e);
}

void
api_heard_hint(struct api *a, const char *hint)
{
	fetch_heard(a, hint);
}

const char *
api_peer_address(const struct api *a)
{
	return peers_address(a->peers);
}

int
api_port(const struct api *a)
{
	return http_port(a->http);
}

/* The buckets are full again. */
static int
reload_throttle(struct api *a, struct err *e)
{
	struct throttle *t = throttle_new(a->conf->throttle, e);

	if (t == NULL)
		return -1;
	set_throttle(a, t);
	return 0;
}

int
api_reload(struct api *a, struct err *e)
{
	struct http_limits limits = api_limits(a);
	struct sigv4 *keys;

	http_set_limits(a->http, &limits);
	peers_set_limits(a->peers, &limits);
	if (load_keys(a->conf, &keys, e) != 0)
		return -1;
	/* the address stays: taking the last key away must not open it to everybody */
	if (check_listen(a->conf, keys != NULL, e) != 0) {
		sigv4_free(keys);
		return -1;
	}
	sigv4_free(a->keys);
	a->keys = keys;
	return reload_throttle(a, e);
}

void
api_drain(struct api *a, int64_t deadline_ms, loop_cb *cb, void *arg)
{
	a->draining = true;
	a->drained = cb;
	a->drained_arg = arg;
	a->drain_until_ms = clock_mono_ms() + deadline_ms;
	a->drain_plugins_ms =
	    clock_mono_ms() + (deadline_ms < DRAIN_PLUGINS_MS ? deadline_ms : DRAIN_PLUGINS_MS);
	http_stop(a->http);
	engine_stop_polls(a->engine);
	loop_timer_set(&a->drain_timer, 0);
}
