/*
 * api - the Step Functions API of this process: AWS JSON 1.0 over HTTP.
 *
 *	if (api_check_conf(conf, &e) != 0) ... refuse to start
 *	a = api_new(loop, conf, store, engine, token_secret, &e);
 *	if (api_listen(a, conf->listen, &e) != 0) ...
 *	... loop_run ...
 *	api_drain(a, 10000, drained, arg);      (SIGTERM: before engine_drain)
 *	api_free(a);                            (before store_close and engine_free)
 *
 * A request is parsed (http), authorised (sigv4), checked against the model
 * (validate), allowed by the hooks (authorize) and becomes a flow of named steps (call, act_*). Beside the API the
 * same port answers STS GetCallerIdentity, GET /health, /metrics, /nodes and /plugins, and what plugins serve. Calls
 * about what another node runs are answered by that one (peer).
 */
#ifndef PAWL_API_API_H
#define PAWL_API_API_H

#include "api/http.h"
#include "base/board.h"
#include "base/conf.h"
#include "base/loop.h"
#include "store/store.h"
#include "task/engine.h"
#include "task/plugin_host.h"

struct api;

/*
 * Can what conf says of the API be used? Without access keys every caller is trusted, so only loopback addresses may be
 * listened on. -1 and e with the sentence for the user when it cannot.
 */
int api_check_conf(const struct conf *c, struct err *e);

/*
 * All that is given is borrowed and outlives the api; conf is read again by
 * api_reload. token_secret signs page tokens: the same on all nodes and across
 * restarts. NULL and e when access_keys cannot be used.
 */
struct api *api_new(struct loop *l, const struct conf *c, struct store *s, struct engine *g,
    const char *token_secret, struct err *e);
/*
 * From here on the plugins (loaded before, freed after the api) answer the requests that they have
 * registered for: see plugin_serve.h.
 */
void api_serve_plugins(struct api *a, struct plugin_host *plugins);
/* Who is asked at authorize; borrowed. Before api_listen; without it nobody is. */
void api_set_hooks(struct api *a, struct hooks *h);
/* Requests under way are dropped without an answer. NULL is fine. */
void api_free(struct api *a);

/* Listens on "host:port", "[v6]:port" or ":port"; may be called for several addresses. */
int api_listen(struct api *a, const char *address, struct err *e);
/* Before api_listen: other workers listen at the same port, and metrics gives the counters of all. */
void api_share(struct api *a, struct board *metrics);
/* Listens for what other nodes of the same database send here; and where that is, "host:port". */
int api_listen_peers(struct api *a, const char *address, struct err *e);
const char *api_peer_address(const struct api *a);
/* What other nodes hinted, as store_events.hinted heard it. */
void api_heard_hint(struct api *a, const char *hint);
/* The port of the first listener: of interest when ":0" was asked for. */
int api_port(const struct api *a);

/* After conf_reload: keys, limits and time-outs as they stand now. -1 and e: the old keys stay. */
int api_reload(struct api *a, struct err *e);

/*
 * No new connections, /health says draining; requests under way are finished. Those that plugins
 * have not answered after a second (long polls) are told to try again.
 * cb on the loop when none is left or deadline_ms (from now) has passed.
 */
void api_drain(struct api *a, int64_t deadline_ms, loop_cb *cb, void *arg);

#endif
