/*
 * pawld - the daemon: reads its configuration, wires the parts, runs the loop.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "api/api.h"
#include "api/supervisor.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "store/catalogue.h"
#include "store/laptop.h"
#include "store/retention.h"
#include "store/secret.h"
#include "store/setting.h"
#include "store/store.h"
#include "task/engine.h"
#include "task/hook.h"
#include "task/execution_rule.h"
#include "task/limit_rule.h"
#include "task/plugin_host.h"

#define MIGRATE_TIMEOUT_MS 30000
#define DRAIN_MS 10000
#define HOUSEKEEPING_MS 5000
#define READY_LOOK_MS 20
#define BEAT_MS 1000
#define SETTLE_MS 5000 /* so long being ready waits for all shards that are to be ours */

/* What stood on the counters when the load was told last. */
struct load_mark {
	int64_t at_us, cpu_us, transitions;
};

struct daemon {
	struct conf *conf;
	struct loop *loop;
	struct laptop *laptop;
	struct store *store;
	struct retention *retention;
	struct hooks *hooks;
	struct plugin_host *plugins;
	struct engine *engine;
	struct api *api;
	struct store_events events; /* the engine's, with ours around them */
	struct loop_timer housekeeping, ready_timer;
	struct load_mark load_mark;
	bool is_worker;
	struct worker_place place; /* of a worker */
	struct board *board;
	struct loop_timer beat;
	char *secret; /* of the cluster: signs task tokens and page tokens */
	char *node_name;
	bool claimed, ready, stopping; /* claimed: at least one shard was ours */
	int64_t claimed_ms;            /* monotonic: since when */
};

static const char usage_text[] =
    "usage: pawld [--config FILE] [--NAME=VALUE ...]\n"
    "       pawld --check-config | --list-options | --list-failpoints | --version | --help\n"
    "\n"
    "pawld runs state machines: it speaks the AWS Step Functions API and keeps every\n"
    "execution in PostgreSQL. Without a database in its configuration it runs a private\n"
    "PostgreSQL in its data folder.\n"
    "\n"
    "  --config FILE       read this configuration file (Lua)\n"
    "  --NAME=VALUE        set an option; it overrides the file\n"
    "  --set NAME=VALUE    the same\n"
    "  --check-config      read the configuration, say what is wrong or what holds, exit\n"
    "  --list-options      every option with its default and what it is for\n"
    "  --list-failpoints   the fail points of a test build\n"
    "  --version           version of pawl\n"
    "\n"
    "SIGTERM and SIGINT finish what is under way and stop; SIGHUP reads the configuration\n"
    "again. See pawld(8), pawl.conf(5).\n";

enum daemon_mode { MODE_RUN, MODE_CHECK_CONFIG };

/* --- command line --------------------------------------------------------------- */

struct arguments {
	const char *config;
	struct conf_overrides overrides;
	enum daemon_mode mode;
};

/* Exits for the options that only print. */
static void
arguments_print_and_exit(const char *arg)
{
	struct buf out;

	if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
		fputs(usage_text, stdout);
		exit(0);
	}
	if (strcmp(arg, "--version") == 0) {
		puts("pawld " PAWL_VERSION);
		exit(0);
	}
	if (strcmp(arg, "--list-failpoints") == 0)
		exit(failpoint_list() == 0 ? 0 : 1);
	if (strcmp(arg, "--list-options") == 0) {
		buf_init(&out, BUF_UNLIMITED);
		option_list(&out);
		fputs(buf_text(&out), stdout);
		exit(0);
	}
}

static void
arguments_read(struct arguments *a, int argc, char **argv)
{
	struct err e = ERR_INIT;
	int i = 1, n;

	while (i < argc) {
		arguments_print_and_exit(argv[i]);
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
			a->config = argv[i + 1];
			i += 2;
		} else if (strncmp(argv[i], "--config=", 9) == 0) {
			a->config = argv[i++] + 9;
		} else if (strcmp(argv[i], "--check-config") == 0) {
			a->mode = MODE_CHECK_CONFIG;
			i++;
		} else if ((n = conf_override(&a->overrides, argc - i, argv + i, &e)) > 0) {
			i += n;
		} else {
			fprintf(stderr, "pawld: %s\n",
			    n < 0 ? err_cause(&e) : "unknown option; see pawld --help");
			if (n == 0)
				fprintf(stderr, "pawld: at \"%s\"\n", argv[i]);
			exit(2);
		}
	}
}

/* --- the data folder -------------------------------------------------------------- */

static char *
default_data_dir(void)
{
	const char *home = getenv("HOME"), *xdg = getenv("XDG_DATA_HOME");

	if (geteuid() == 0 || (home == NULL && xdg == NULL))
		return xstrdup("/var/lib/pawl");
	if (xdg != NULL && *xdg != '\0')
		return xasprintf("%s/pawl", xdg);
	return xasprintf("%s/.local/share/pawl", home);
}

static int
make_folders(const char *path, struct err *e)
{
	char *copy = xstrdup(path), *p;
	int rc = 0;

	for (p = copy + 1; rc == 0 && *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0755) != 0 && errno != EEXIST)
			rc = -1;
		*p = '/';
	}
	if (rc == 0 && mkdir(copy, 0755) != 0 && errno != EEXIST)
		rc = -1;
	if (rc != 0)
		err_set(e, "pawl.Start",
		    "cannot make the data folder %s: %s (choose another with --data-dir)", path,
		    strerror(errno));
	free(copy);
	return rc;
}

static int
daemon_start_laptop(struct daemon *d, struct err *e)
{
	struct laptop_options o = { .postgres_bin = d->conf->postgres_bin };
	char *dir = *d->conf->data_dir != '\0' ? xstrdup(d->conf->data_dir) : default_data_dir();

	o.data_dir = dir;
	if (make_folders(dir, e) == 0) {
		log_info("laptop mode: a private PostgreSQL in %s", dir);
		d->laptop = laptop_start(&o, e);
	}
	free(dir);
	return d->laptop == NULL ? -1 : 0;
}

/* --- readiness -------------------------------------------------------------------- */

/* "http://host:port" of the listener, with the port that the system chose for ":0". */
static char *
daemon_url(const struct daemon *d)
{
	const char *listen = d->conf->listen, *colon = strrchr(listen, ':');
	size_t host_len = colon == NULL ? strlen(listen) : (size_t)(colon - listen);

	if (host_len == 0 || strncmp(listen, "0.0.0.0:", 8) == 0 ||
	    strncmp(listen, "[::]:", 5) == 0) /* all addresses */
		return xasprintf("http://127.0.0.1:%d", api_port(d->api));
	return xasprintf("http://%.*s:%d", (int)host_len, listen, api_port(d->api));
}

static void
daemon_check_ready(void *arg)
{
	struct daemon *d = arg;
	char *url;

	if (d->ready || d->stopping || !d->claimed)
		return;
	/*
	 * A shard may be claimed before a reader is connected, and its executions known later still. Others come
	 * a little later, when those are slow who have to give them.
	 */
	if (!store_is_up(d->store) || !engine_is_ready(d->engine) ||
	    (!store_is_settled(d->store) && clock_mono_ms() < d->claimed_ms + SETTLE_MS)) {
		loop_timer_set(&d->ready_timer, READY_LOOK_MS);
		return;
	}
	d->ready = true;
	url = daemon_url(d);
	printf("pawld ready %s\n", url);
	fflush(stdout);
	log_info("ready at %s", url);
	free(url);
}

static void
daemon_claimed(void *arg, int32_t shard)
{
	struct daemon *d = arg;
	const struct store_events *inner = engine_store_events(d->engine);

	if (!d->claimed)
		d->claimed_ms = clock_mono_ms();
	d->claimed = true;
	inner->shard_claimed(inner->arg, shard);
	if (!d->ready)
		loop_at_turn_end(d->loop, daemon_check_ready, d);
}

static void
daemon_lost(void *arg, const struct shard_set *set)
{
	struct daemon *d = arg;
	const struct store_events *inner = engine_store_events(d->engine);

	inner->shards_lost(inner->arg, set);
}

static bool
daemon_shard_quiet(void *arg, int32_t shard, bool hurry)
{
	struct daemon *d = arg;
	const struct store_events *inner = engine_store_events(d->engine);

	return inner->shard_quiet(inner->arg, shard, hurry);
}

static void
daemon_catalogue_changed(void *arg)
{
	struct daemon *d = arg;
	const struct store_events *inner = engine_store_events(d->engine);

	inner->catalogue_changed(inner->arg);
}

static void
daemon_asked(void *arg, enum store_asked what, int32_t shard, const struct uuid *id)
{
	struct daemon *d = arg;
	const struct store_events *inner = engine_store_events(d->engine);

	inner->asked(inner->arg, what, shard, id);
}

static void
daemon_committed(void *arg)
{
	struct daemon *d = arg;
	const struct store_events *inner = engine_store_events(d->engine);

	inner->committed(inner->arg);
}

static void
daemon_unit_taken(void *arg, int64_t key, bool got)
{
	struct daemon *d = arg;
	const struct store_events *inner = engine_store_events(d->engine);

	inner->unit_taken(inner->arg, key, got);
}

static void
daemon_units_lost(void *arg)
{
	struct daemon *d = arg;
	const struct store_events *inner = engine_store_events(d->engine);

	inner->units_lost(inner->arg);
}

/* --- how it does ---------------------------------------------------------------------- */

static struct load_mark
load_mark_now(void)
{
	struct load_mark m = { .at_us = clock_mono_us(),
		.transitions = stat_value(STAT_transitions) };
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) == 0)
		m.cpu_us = (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000) +
		    u.ru_utime.tv_usec + u.ru_stime.tv_usec;
	return m;
}

static void
daemon_load(void *arg, struct node_load *out)
{
	struct daemon *d = arg;
	struct engine_counts n = engine_counts(d->engine);
	struct load_mark now = load_mark_now();
	int64_t us = now.at_us - d->load_mark.at_us;

	if (d->load_mark.at_us != 0 && us > 0) {
		out->transitions_per_ks =
		    (now.transitions - d->load_mark.transitions) * INT64_C(1000000000) / us;
		out->cpu_permille = (now.cpu_us - d->load_mark.cpu_us) * 1000 / us;
	}
	out->open = (int64_t)(n.live + n.committing + n.sleeping);
	out->sleeping = (int64_t)n.sleeping;
	out->lag_ms = n.late_ms;
	d->load_mark = now;
}

static void
daemon_hinted(void *arg, const char *hint)
{
	struct daemon *d = arg;

	if (!engine_heard_hint(d->engine, hint))
		api_heard_hint(d->api, hint);
}

/* --- while it runs ------------------------------------------------------------------ */

static void
daemon_housekeep(void *arg)
{
	struct daemon *d = arg;
	struct engine_counts n = engine_counts(d->engine);

	stat_set(STAT_open_executions, (int64_t)(n.live + n.committing + n.sleeping));
	stat_set(STAT_sleeping_executions, (int64_t)n.sleeping);
	stat_set(STAT_executions_to_load, (int64_t)n.waiting);
	stat_set(STAT_executions_waking, (int64_t)n.waking);
	if (store_is_up(d->store))
		catalogue_sweep(d->store);
	daemon_check_ready(d);
	loop_timer_set(&d->housekeeping, HOUSEKEEPING_MS);
}

static void
daemon_apply_log_level(const struct conf *c)
{
	enum log_level level;

	if (log_level_parse(c->log_level, &level) == 0)
		log_set_level(level);
}

static int64_t
keep_ms(const struct conf *c)
{
	int64_t ms;

	return keep_parse(c->retention, &ms) == 0 ? ms : KEEP_FOR_EVER;
}

static struct engine_bounds
engine_bounds_of(const struct conf *c)
{
	return (struct engine_bounds){ .start_delay_ms = c->start_delay,
		.start_queue = (uint64_t)c->start_queue,
		.start_queue_bytes = (size_t)c->start_queue_bytes,
		.max_memory = (size_t)c->max_memory };
}

static void
daemon_reload(void *arg)
{
	struct daemon *d = arg;
	struct engine_bounds bounds;
	struct err e = ERR_INIT;
	struct buf restart;

	buf_init(&restart, BUF_UNLIMITED);
	if (conf_reload(d->conf, &restart, &e) != 0) {
		log_error("reload: %s; everything stays as it was", err_cause(&e));
		goto out;
	}
	daemon_apply_log_level(d->conf);
	if (api_reload(d->api, &e) != 0)
		log_error("reload: %s", err_cause(&e));
	else
		plugin_host_set_keys(d->plugins, d->conf->access_keys);
	if (engine_set_limits(d->engine, d->conf->task_limits, &e) != 0)
		log_error("reload: %s; the limits stay as they were", err_cause(&e));
	if (engine_set_execution_limits(d->engine, d->conf->execution_limits, &e) != 0)
		log_error("reload: %s; the limits of executions stay as they were", err_cause(&e));
	if (hooks_load(d->hooks, &e) != 0)
		log_error("reload: %s; the hooks stay as they were", err_cause(&e));
	plugin_host_reload(d->plugins, d->conf);
	bounds = engine_bounds_of(d->conf);
	engine_set_bounds(d->engine, &bounds);
	retention_set(d->retention, keep_ms(d->conf));
	log_info("configuration read again");
	if (restart.len > 0)
		log_warn("reload: these options changed and need a restart: %s",
		    buf_text(&restart));
out:
	buf_fini(&restart);
	err_fini(&e);
}

static void
daemon_stopped(void *arg)
{
	struct daemon *d = arg;

	loop_stop(d->loop);
}

static void
daemon_api_drained(void *arg)
{
	struct daemon *d = arg;

	engine_drain(d->engine, DRAIN_MS, daemon_stopped, d);
}

static void
daemon_terminate(void *arg)
{
	struct daemon *d = arg;

	if (d->stopping && d->is_worker)
		return; /* it may come from our parent and from whoever told that one */
	if (d->stopping) {
		log_warn("second signal: stops at once");
		loop_stop(d->loop);
		return;
	}
	d->stopping = true;
	log_info("stopping: finishes what is under way");
	api_drain(d->api, DRAIN_MS, daemon_api_drained, d);
}

/* --- start and stop ------------------------------------------------------------------- */

/* The parent hears that we live, and the other workers see our counters. */
static void
daemon_beat(void *arg)
{
	struct daemon *d = arg;
	struct buf text;

	worker_beat();
	buf_init(&text, BUF_UNLIMITED);
	stat_print(&text);
	board_post(d->board, &text);
	buf_fini(&text);
	loop_timer_set(&d->beat, BEAT_MS);
}

static const char *
daemon_conninfo(const struct daemon *d)
{
	if (d->is_worker && d->place.database != NULL)
		return d->place.database;
	return d->laptop != NULL ? laptop_conninfo(d->laptop) : d->conf->database;
}

static int
daemon_publish_settings(const struct daemon *d, struct err *e)
{
	const struct setting list[] = { { "region", d->conf->region },
		{ "account_id", d->conf->account_id }, { "limits", d->conf->limits },
		{ "execution_limits", d->conf->execution_limits } };

	return setting_publish(daemon_conninfo(d), list, sizeof(list) / sizeof(list[0]), e);
}

/* A worker's parent has done all the rest. */
static int
daemon_start_database(struct daemon *d, struct err *e)
{
	if (d->is_worker) {
		d->secret = secret_token(daemon_conninfo(d), e);
		return d->secret == NULL ? -1 : 0;
	}
	if (*d->conf->database == '\0' && daemon_start_laptop(d, e) != 0)
		return -1;
	if (store_migrate(daemon_conninfo(d), MIGRATE_TIMEOUT_MS, e) != 0)
		return -1;
	d->secret = secret_token(daemon_conninfo(d), e);
	return d->secret == NULL ? -1 : daemon_publish_settings(d, e);
}

/* A broken hook keeps pawld from starting: without it, what it forbids would be allowed. */
static struct hooks *
hooks_start(const struct conf *c, struct loop *l, struct err *e)
{
	const struct script_dirs dirs = { c->script_dir, c->lib_dir };
	struct hooks *h = hooks_new(l, &dirs);

	if (hooks_load(h, e) == 0)
		return h;
	hooks_free(h);
	return NULL;
}

static int
daemon_start_parts(struct daemon *d, struct err *e)
{
	const struct conf *c = d->conf;
	struct engine_options eo = { .region = c->region,
		.account_id = c->account_id,
		.aws_limits = strcmp(c->limits, "aws") == 0,
		.hibernate_after_ms = c->hibernate_after,
		.token_secret = d->secret,
		.bounds = engine_bounds_of(c) };
	struct store_options so = { .conninfo = daemon_conninfo(d),
		.node_name = d->node_name,
		.writers = (int)c->writers,
		.readers = (int)c->read_connections,
		.batch_max = (int)c->batch_max };
	char *url;

	d->loop = loop_new();
	if (d->laptop != NULL)
		laptop_watch(d->laptop, d->loop);
	loop_signal(d->loop, SIGTERM, daemon_terminate, d);
	if (d->is_worker)
		signal(SIGINT, SIG_IGN); /* of a terminal: for our parent */
	else
		loop_signal(d->loop, SIGINT, daemon_terminate, d);
	loop_signal(d->loop, SIGHUP, daemon_reload, d);
	if ((d->hooks = hooks_start(c, d->loop, e)) == NULL)
		return -1;
	eo.hooks = d->hooks;
	d->engine = engine_new(d->loop, &eo);
	if (engine_set_limits(d->engine, c->task_limits, e) != 0 ||
	    engine_set_execution_limits(d->engine, c->execution_limits, e) != 0)
		return -1;
	d->plugins = plugin_host_new(d->loop, c, engine_plugin_answer, d->engine);
	plugin_host_set_secret(d->plugins, d->secret);
	plugin_host_set_database(d->plugins, daemon_conninfo(d));
	plugin_host_load_dir(d->plugins, c->plugin_dir);
	if (plugin_host_check(d->plugins, e) != 0)
		return -1;
	d->events = (struct store_events){ .shard_claimed = daemon_claimed,
		.shards_lost = daemon_lost,
		.shard_quiet = daemon_shard_quiet,
		.hinted = daemon_hinted,
		.load = daemon_load,
		.catalogue_changed = daemon_catalogue_changed,
		.asked = daemon_asked,
		.unit_taken = daemon_unit_taken,
		.units_lost = daemon_units_lost,
		.committed = daemon_committed,
		.arg = d };
	loop_timer_init(d->loop, &d->ready_timer, daemon_check_ready, d);
	d->store = store_open(d->loop, &so, &d->events);
	engine_attach(d->engine, d->store, d->plugins);
	d->retention = retention_new(d->loop, d->store, keep_ms(c));
	d->api = api_new(d->loop, c, d->store, d->engine, d->secret, e);
	if (d->api == NULL)
		return -1;
	api_set_hooks(d->api, d->hooks);
	api_serve_plugins(d->api, d->plugins);
	if (d->is_worker)
		api_share(d->api, d->board);
	if (api_listen(d->api, d->is_worker ? d->place.listen : c->listen, e) != 0)
		return -1;
	if (api_listen_peers(d->api, c->peer_listen, e) != 0)
		return -1;
	store_set_address(d->store, api_peer_address(d->api));
	url = daemon_url(d);
	plugin_host_set_url(d->plugins, url);
	free(url);
	loop_timer_init(d->loop, &d->housekeeping, daemon_housekeep, d);
	loop_timer_set(&d->housekeeping, HOUSEKEEPING_MS);
	loop_timer_init(d->loop, &d->beat, daemon_beat, d);
	if (d->is_worker)
		loop_timer_set(&d->beat, 0);
	return 0;
}

static void
daemon_fini(struct daemon *d)
{
	if (d->loop != NULL) {
		loop_timer_fini(&d->housekeeping);
		loop_timer_fini(&d->ready_timer);
		loop_timer_fini(&d->beat);
	}
	api_free(d->api);
	retention_free(d->retention);
	store_close(d->store);
	engine_free(d->engine); /* cancels what plugins still work on */
	plugin_host_free(d->plugins);
	hooks_free(d->hooks);
	loop_free(d->loop);
	board_close(d->board);
	laptop_stop(d->laptop);
	free(d->secret);
	free(d->node_name);
	conf_free(d->conf);
}

static char *
node_name_make(void)
{
	char host[256] = "localhost";

	(void)gethostname(host, sizeof(host) - 1);
	return xasprintf("%s/%ld", host, (long)getpid());
}

/* The whole work of a pawld, or of a worker. */
static int
daemon_work(struct daemon *d, struct err *e)
{
	d->node_name = node_name_make();
	if (d->is_worker &&
	    (d->board = board_open(d->place.board_fd, d->place.count, d->place.index)) == NULL)
		return err_set(e, "pawl.Start", "the workers' memory: %s", strerror(errno));
	if (daemon_start_parts(d, e) != 0)
		return -1;
	loop_run(d->loop);
	log_info("stopped");
	return 0;
}

/* What comes before there are workers; *n: how many there are to be, 1 in a worker. */
static int
daemon_prepare(struct daemon *d, int *n, struct err *e)
{
	*n = 1;
	if (api_check_conf(d->conf, e) != 0 || daemon_start_database(d, e) != 0)
		return -1;
	if (!d->is_worker)
		*n = supervisor_workers(d->conf, daemon_conninfo(d), e);
	return *n > 0 ? 0 : -1;
}

static int
daemon_run(struct daemon *d, char **argv)
{
	struct err e = ERR_INIT;
	int n, rc = 0;

	signal(SIGPIPE, SIG_IGN);
	d->is_worker = worker_place_read(&d->place);
	if (daemon_prepare(d, &n, &e) != 0 || (n == 1 && daemon_work(d, &e) != 0))
		rc = 1;
	else if (n > 1)
		rc = supervise(d->conf, argv, n, d->laptop);
	if (err_is_set(&e))
		log_error("cannot start: %s", err_cause(&e));
	err_fini(&e);
	daemon_fini(d);
	return rc;
}

static int
check_hooks(const struct conf *c, struct err *e)
{
	struct loop *l = loop_new();
	struct hooks *h = hooks_start(c, l, e);

	hooks_free(h);
	loop_free(l);
	return h != NULL ? 0 : -1;
}

static int
check_limits(const struct conf *c, struct err *e)
{
	struct execution_rules execution_rules;
	struct limit_rules rules;

	if (limit_rules_parse(c->task_limits, &rules, e) != 0)
		return -1;
	limit_rules_fini(&rules);
	if (execution_rules_parse(c->execution_limits, &execution_rules, e) != 0)
		return -1;
	execution_rules_fini(&execution_rules);
	return 0;
}

static int
check_config(const struct conf *c)
{
	struct err e = ERR_INIT;
	struct buf out;

	if (api_check_conf(c, &e) != 0 || check_limits(c, &e) != 0 || check_hooks(c, &e) != 0) {
		fprintf(stderr, "pawld: %s\n", err_cause(&e));
		err_fini(&e);
		return 2;
	}
	buf_init(&out, BUF_UNLIMITED);
	conf_print(c, &out);
	fputs(buf_text(&out), stdout);
	buf_fini(&out);
	return 0;
}

int
main(int argc, char **argv)
{
	struct arguments a = { .overrides = CONF_OVERRIDES_INIT, .mode = MODE_RUN };
	struct daemon d = { 0 };
	struct err e = ERR_INIT;
	int rc;

	arguments_read(&a, argc, argv);
	d.conf = conf_load(a.config, &a.overrides, &e);
	if (d.conf == NULL) {
		fprintf(stderr, "pawld: %s\n", err_cause(&e));
		err_fini(&e);
		return 2;
	}
	daemon_apply_log_level(d.conf);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (a.mode == MODE_CHECK_CONFIG) {
		rc = check_config(d.conf);
		conf_free(d.conf);
	} else {
		rc = daemon_run(&d, argv);
	}
	conf_overrides_fini(&a.overrides);
	curl_global_cleanup();
	return rc;
}
