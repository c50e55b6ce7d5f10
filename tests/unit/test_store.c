/*
 * The store on a real PostgreSQL: batches, names that are taken, ownership, a server that dies.
 */
#include "store_fixture.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/stat.h"
#include "store/parts.h"
#include "store/read.h"
#include "store/unit.h"

#define RUNS 64

/* What an owner of commits does, with a record of each kind. */
struct fake {
	struct commit c;
	char name[32];
	struct buf record;
	int fills, dones;
	enum commit_result result;
};

static struct store *store;
static int shards_owned, shards_lost, pending;
static bool all_owned, none_owned, idle;
static struct uuid machine;

static void
claimed(void *arg, int32_t shard)
{
	(void)arg;
	(void)shard;
	all_owned = ++shards_owned == STORE_SHARDS;
	none_owned = false;
}

static void
lost(void *arg, const struct shard_set *set)
{
	(void)arg;
	shards_owned -= set->n;
	none_owned = shards_owned == 0;
	all_owned = false;
	shards_lost += set->n;
}

static struct store *
open_store(const char *node, int writers)
{
	const struct store_options o = { .conninfo = laptop_conninfo(fixture_laptop),
		.node_name = node,
		.writers = writers,
		.readers = 2,
		.batch_max = 40 };
	const struct store_events ev = { .shard_claimed = claimed, .shards_lost = lost };

	return store_open(loop, &o, &ev);
}

static int
setup(void **state)
{
	(void)state;
	loop = loop_new();
	shards_owned = shards_lost = pending = 0;
	all_owned = none_owned = false;
	idle = true;
	machine = uuid_v7(clock_wall_ms());
	store = open_store("one", 2);
	run_until(&all_owned);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	store_close(store);
	loop_free(loop);
	return 0;
}

static void
fake_fill(struct commit *c)
{
	struct fake *f = (struct fake *)c;

	f->fills++;
	c->record = &f->record;
}

static void
fake_done(struct commit *c, enum commit_result r)
{
	struct fake *f = (struct fake *)c;

	f->dones++;
	f->result = r;
	assert_true(commit_is_idle(c));
	idle = --pending == 0;
}

static void
fake_init(struct fake *f, const char *name)
{
	memset(f, 0, sizeof *f);
	snprintf(f->name, sizeof f->name, "%s", name);
	buf_init(&f->record, BUF_UNLIMITED);
	buf_adds(&f->record, "{\"e\":[[\"ExecutionStarted\",0,1700000000123,{\"input\":\"{}\"}]]}");
	f->c.execution_id = uuid_v7(clock_wall_ms());
	f->c.shard = store_pick_shard(store);
	f->c.fill = fake_fill;
	f->c.done = fake_done;
	f->c.row = ROW_INSERT;
	f->c.first_event_id = 1;
	f->c.event_count = 1;
	f->c.machine_id = machine;
	f->c.revision = 1;
	f->c.name = f->name;
	f->c.start_ms = clock_wall_ms();
	f->c.input = "{\"a\":1}";
	f->c.input_len = 7;
	f->c.status = "RUNNING";
}

static void
submit(struct fake *f)
{
	pending++;
	idle = false;
	store_commit(store, &f->c);
}

static void
next_record(struct fake *f, enum commit_row row)
{
	buf_reset(&f->record);
	buf_adds(&f->record,
	    "{\"e\":[[\"PassStateEntered\",1,1700000000123,{}],[\"PassStateExited\",2,1700000000123,{}]]}");
	f->c.seq++;
	f->c.first_event_id += f->c.event_count;
	f->c.event_count = 2;
	f->c.row = row;
	submit(f);
	run_until(&idle);
}

static void
a_started_execution_is_written_once_and_can_be_read(void **state)
{
	struct fake f;

	(void)state;
	fake_init(&f, "first");
	submit(&f);
	store_commit(store, &f.c); /* again, while it is queued: nothing */
	assert_int_equal(store_pending(store), 1);
	run_until(&idle);
	assert_int_equal(f.result, COMMIT_OK);
	assert_int_equal(f.fills, 1);
	assert_int_equal(store_pending(store), 0);
	assert_sql("1",
	    "SELECT count(*) FROM pawl.execution WHERE name = 'first' AND status = 'RUNNING'");
	assert_sql("1",
	    "SELECT count(*) FROM pawl.open_execution o JOIN pawl.execution e ON e.id = o.execution_id "
	    "WHERE e.name = 'first' AND o.wake_at IS NULL");
	buf_fini(&f.record);
}

static void
an_execution_that_starts_and_ends_in_one_record_is_never_open(void **state)
{
	struct fake f;

	(void)state;
	fake_init(&f, "quick");
	f.c.status = "SUCCEEDED";
	f.c.stop_ms = f.c.start_ms + 5;
	f.c.output = "[true]";
	f.c.output_len = 6;
	submit(&f);
	run_until(&idle);
	assert_int_equal(f.result, COMMIT_OK);
	assert_sql("SUCCEEDED [true] 5",
	    "SELECT status || ' ' || output || ' ' || stop_ms - start_ms "
	    "FROM pawl.execution WHERE name = 'quick'");
	assert_sql("0",
	    "SELECT count(*) FROM pawl.open_execution o JOIN pawl.execution e ON e.id = o.execution_id "
	    "WHERE e.name = 'quick'");
	buf_fini(&f.record);
}

static void
a_run_sleeps_wakes_appends_and_ends(void **state)
{
	struct fake f;

	(void)state;
	fake_init(&f, "long");
	submit(&f);
	run_until(&idle);
	f.c.wake_at_ms = 42;
	f.c.snapshot = true;
	next_record(&f, ROW_SLEEP);
	assert_sql("42",
	    "SELECT o.wake_at FROM pawl.open_execution o JOIN pawl.execution e ON e.id = o.execution_id "
	    "WHERE e.name = 'long'");
	f.c.snapshot = false;
	next_record(&f, ROW_WAKE);
	assert_sql("t",
	    "SELECT o.wake_at IS NULL FROM pawl.open_execution o JOIN pawl.execution e "
	    "ON e.id = o.execution_id WHERE e.name = 'long'");
	next_record(&f, ROW_KEEP);
	f.c.status = "FAILED";
	f.c.stop_ms = clock_wall_ms();
	f.c.error = "Oops";
	f.c.cause = "bytes \xff\xc3 that are not UTF-8";
	next_record(&f, ROW_CLOSE);
	assert_int_equal(f.result, COMMIT_OK);
	assert_sql("FAILED Oops bytes \xef\xbf\xbd\xef\xbf\xbd that are not UTF-8",
	    "SELECT status || ' ' || error || ' ' || cause FROM pawl.execution WHERE name = 'long'");
	assert_sql("0",
	    "SELECT count(*) FROM pawl.open_execution o JOIN pawl.execution e ON e.id = o.execution_id "
	    "WHERE e.name = 'long'");
	assert_sql("0,1,2,3,4",
	    "SELECT string_agg(seq::text, ',' ORDER BY seq) FROM pawl.journal j "
	    "JOIN pawl.execution e ON e.id = j.execution_id WHERE e.name = 'long'");
	buf_fini(&f.record);
}

static void
names_that_are_taken_are_told_apart_within_one_batch(void **state)
{
	struct fake f[RUNS];
	int ok = 0, taken = 0;

	(void)state;
	/* all of one shard, so of one writer: 32 names, each twice, in a batch of 40 and one of 24 */
	for (int i = 0; i < RUNS; i++) {
		char name[32];

		snprintf(name, sizeof name, "n%d", i / 2);
		fake_init(&f[i], name);
		f[i].c.shard = 7;
		submit(&f[i]);
	}
	run_until(&idle);
	for (int i = 0; i < RUNS; i += 2) {
		/* exactly one of the two */
		assert_int_equal(f[i].result == COMMIT_OK, f[i + 1].result == COMMIT_NAME_TAKEN);
		assert_int_equal(f[i].result == COMMIT_NAME_TAKEN, f[i + 1].result == COMMIT_OK);
	}
	for (int i = 0; i < RUNS; i++) {
		char *rows, id[UUID_TEXT_SIZE];

		ok += f[i].result == COMMIT_OK;
		taken += f[i].result == COMMIT_NAME_TAKEN;
		uuid_format(&f[i].c.execution_id, id);
		rows = sql("SELECT (SELECT count(*) FROM pawl.journal WHERE execution_id = '%s') + "
			   "(SELECT count(*) FROM pawl.open_execution WHERE execution_id = '%s') + "
			   "(SELECT count(*) FROM pawl.execution WHERE id = '%s')",
		    id, id, id);
		assert_string_equal(rows, f[i].result == COMMIT_OK ? "3" : "0");
		free(rows);
		buf_fini(&f[i].record);
	}
	assert_int_equal(ok, RUNS / 2);
	assert_int_equal(taken, RUNS / 2);
}

static void
runs_of_one_turn_share_a_commit(void **state)
{
	struct fake f[30];
	int64_t before = stat_value(STAT_commits);

	(void)state;
	for (int i = 0; i < 30; i++) {
		char name[32];

		snprintf(name, sizeof name, "shared%d", i);
		fake_init(&f[i], name);
		f[i].c.shard = i % 2; /* one for each writer */
		submit(&f[i]);
	}
	run_until(&idle);
	assert_int_equal(stat_value(STAT_commits) - before, 2);
	for (int i = 0; i < 30; i++)
		buf_fini(&f[i].record);
}

static void
a_second_writer_of_an_execution_fails_its_whole_batch_and_loses_its_shards(void **state)
{
	struct fake f, other;
	char id[UUID_TEXT_SIZE];

	(void)state;
	fake_init(&f, "contended");
	submit(&f);
	run_until(&idle);
	uuid_format(&f.c.execution_id, id);
	free(sql(
	    "INSERT INTO pawl.journal SELECT execution_id, 1, 2, 0, shard, false, '{}' FROM pawl.journal "
	    "WHERE execution_id = '%s'",
	    id));
	fake_init(&other, "bystander");
	other.c.shard = f.c.shard;
	submit(&other);
	next_record(&f, ROW_KEEP);
	assert_int_equal(f.result, COMMIT_LOST);
	assert_int_equal(other.result, COMMIT_LOST);
	assert_int_equal(shards_lost, STORE_SHARDS / 2);
	assert_sql("0", "SELECT count(*) FROM pawl.execution WHERE name = 'bystander'");
	run_until(&all_owned); /* and they come back */
	buf_fini(&f.record);
	buf_fini(&other.record);
}

static void
a_commit_of_a_shard_that_is_not_ours_is_lost_on_a_later_turn(void **state)
{
	struct fake f;

	(void)state;
	store_close(store);
	shards_owned = 0;
	store = open_store("one", 1); /* not connected yet */
	fake_init(&f, "too early");
	assert_int_equal(f.c.shard, -1);
	f.c.shard = 3;
	submit(&f);
	assert_int_equal(f.dones, 0);
	run_until(&idle);
	assert_int_equal(f.result, COMMIT_LOST);
	run_until(&all_owned);
	buf_fini(&f.record);
}

/* A node of its own; what it owns is counted apart. */
struct node {
	struct store *store;
	int owned;
	int32_t busy;       /* a shard of which something is under way; -1 = none */
	bool answered, got; /* the unit that was asked for */
};

static struct node nodes[2];
static bool balanced, nearly, alone;

static void
node_count(void)
{
	balanced = nodes[0].owned == STORE_SHARDS / 2 && nodes[1].owned == STORE_SHARDS / 2;
	nearly = nodes[1].owned == STORE_SHARDS / 2 + 1;
	alone = nodes[0].owned == 0 && nodes[1].owned == STORE_SHARDS;
}

static void
node_claimed(void *arg, int32_t shard)
{
	struct node *n = arg;

	(void)shard;
	n->owned++;
	node_count();
}

static void
node_lost(void *arg, const struct shard_set *set)
{
	struct node *n = arg;

	n->owned -= set->n;
	node_count();
}

static bool
node_quiet(void *arg, int32_t shard, bool hurry)
{
	const struct node *n = arg;

	assert_false(hurry);
	return shard != n->busy;
}

static void
node_unit(void *arg, int64_t key, bool got)
{
	struct node *n = arg;

	assert_int_equal(key, unit_key("a limit", 3));
	n->answered = true;
	n->got = got;
}

static void
node_open(struct node *n, const char *name, int writers)
{
	const struct store_options o = { .conninfo = laptop_conninfo(fixture_laptop),
		.node_name = name,
		.writers = writers,
		.readers = 1,
		.batch_max = 40 };
	const struct store_events ev = { .shard_claimed = node_claimed,
		.shards_lost = node_lost,
		.shard_quiet = node_quiet,
		.unit_taken = node_unit,
		.arg = n };

	n->owned = 0;
	n->busy = -1;
	n->store = store_open(loop, &o, &ev);
	store_set_address(n->store, "127.0.0.1:1");
}

static void
nodes_open(void)
{
	store_close(store);
	store = NULL;
	balanced = alone = false;
	node_open(&nodes[0], "one", 2);
	node_open(&nodes[1], "two", 1);
	run_until(&balanced);
}

static void
two_nodes_share_the_shards_and_one_that_is_left_takes_all(void **state)
{
	(void)state;
	nodes_open();
	for (int32_t i = 0; i < STORE_SHARDS; i++)
		assert_true(store_owns(nodes[0].store, i) != store_owns(nodes[1].store, i));
	await_sql("128,128",
	    "SELECT string_agg(n::text, ',') FROM (SELECT count(*) AS n FROM pawl.shard "
	    "WHERE node IN ('one', 'two') GROUP BY node) AS c");
	nodes[0].owned = 0; /* its events end with it */
	store_close(nodes[0].store);
	run_until(&alone);
	await_sql("two", "SELECT string_agg(DISTINCT node, ',') FROM pawl.shard");
	store_close(nodes[1].store);
}

static bool
node_takes(struct node *n, bool counted)
{
	const int64_t key = unit_key("a limit", 3);

	n->answered = false;
	assert_true(store_units_take(n->store, &key, 1, counted));
	run_until(&n->answered);
	return n->got;
}

static void
a_unit_is_one_nodes_at_a_time_and_taken_when_all_shards_are_counted(void **state)
{
	const int64_t key = unit_key("a limit", 3);

	(void)state;
	assert_int_not_equal(key, unit_key("a limit", 4));
	assert_int_not_equal(key, unit_key("another", 3));
	nodes_open();
	store_count_shards(nodes[0].store);
	assert_false(node_takes(&nodes[0], true));
	store_count_shards(nodes[1].store);
	await_sql("256",
	    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1885435765");
	assert_true(node_takes(&nodes[0], true));
	assert_false(node_takes(&nodes[1], true));
	store_units_give(nodes[0].store, &key, 1);
	await_sql("0",
	    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1");
	assert_true(node_takes(&nodes[1], true));
	store_units_give(nodes[1].store, &key, 1);
	/* what the one that ends had is not counted before it is counted again */
	nodes[0].owned = 0;
	store_close(nodes[0].store);
	run_until(&alone);
	assert_false(node_takes(&nodes[1], true));
	assert_true(node_takes(&nodes[1], false));
	store_close(nodes[1].store);
}

static void
a_shard_of_which_something_is_under_way_stays(void **state)
{
	int32_t picked;

	(void)state;
	store_close(store);
	store = NULL;
	balanced = alone = false;
	node_open(&nodes[1], "two", 1);
	run_until(&alone);
	nodes[1].busy = STORE_SHARDS - 1; /* one of the first that would go */
	node_open(&nodes[0], "one", 1);
	run_until(&nearly);
	for (int i = 0; i < 2 * STORE_SHARDS; i++) {
		picked = store_pick_shard(nodes[1].store);
		assert_true(picked != nodes[1].busy && store_owns(nodes[1].store, picked));
	}
	assert_true(store_owns(nodes[1].store, nodes[1].busy));
	nodes[1].busy = -1;
	run_until(&balanced);
	store_close(nodes[0].store);
	store_close(nodes[1].store);
}

/* While its shards come in, the node hears that it is to have half of them. */
static struct store *hasty;
static bool picked_all;

static void
hasty_picks(void *arg)
{
	bool picked[STORE_SHARDS] = { false };
	int n = 0;

	(void)arg;
	for (int i = 0; i < 100 * STORE_SHARDS; i++)
		picked[store_pick_shard(hasty)] = true;
	for (int32_t i = 0; i < STORE_SHARDS; i++)
		n += picked[i];
	assert_int_equal(n, STORE_SHARDS / 2);
	picked_all = true;
}

static void
hasty_claimed(void *arg, int32_t shard)
{
	static int owned;

	(void)arg;
	(void)shard;
	if (++owned == 1) {
		store_set_quota(hasty, STORE_SHARDS / 2, 0);
		loop_at_turn_end(loop, hasty_picks, NULL);
	}
}

static void
shards_that_come_in_when_they_are_too_many_are_to_go_again(void **state)
{
	const struct store_options o = { .conninfo = laptop_conninfo(fixture_laptop),
		.node_name = "hasty",
		.writers = 1,
		.readers = 1,
		.batch_max = 40 };
	const struct store_events ev = { .shard_claimed = hasty_claimed, .shards_lost = lost };

	(void)state;
	store_close(store);
	store = NULL;
	picked_all = false;
	hasty = store_open(loop, &o, &ev);
	store_set_address(hasty, "127.0.0.1:1");
	run_until(&picked_all);
	store_close(hasty);
}

static pid_t
postmaster(void)
{
	char path[64], line[32] = "";
	FILE *f;

	snprintf(path, sizeof path, "%s/postgres/postmaster.pid", fixture_dir);
	assert_non_null(f = fopen(path, "r"));
	assert_non_null(fgets(line, sizeof line, f));
	fclose(f);
	return (pid_t)atoi(line);
}

static void
postgres_killed_in_the_middle_loses_nothing_that_was_acknowledged(void **state)
{
	struct fake f[RUNS];
	int acknowledged = 0;

	(void)state;
	laptop_watch(fixture_laptop, loop);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < RUNS; i++) {
			char name[32];

			snprintf(name, sizeof name, "k%d-%d", round, i);
			fake_init(&f[i], name);
			submit(&f[i]);
		}
		if (round == 1)
			kill(postmaster(), SIGKILL);
		run_until(&idle);
		for (int i = 0; i < RUNS; i++) {
			char *rows;

			assert_int_equal(f[i].dones, 1);
			if (f[i].result == COMMIT_LOST)
				assert_int_equal(round, 1);
			acknowledged += f[i].result == COMMIT_OK;
			if (round == 2) {
				rows =
				    sql("SELECT count(*) FROM pawl.journal j JOIN pawl.execution e "
					"ON e.id = j.execution_id WHERE e.name = '%s'",
					f[i].name);
				assert_string_equal(rows, "1");
				free(rows);
			}
			buf_fini(&f[i].record);
		}
		if (round == 1) {
			run_until(&none_owned);
			assert_false(store_is_up(store));
			run_until(&all_owned);
		}
	}
	assert_true(acknowledged >= 2 * RUNS);
	assert_int_equal(shards_lost, STORE_SHARDS);
}

struct confirmed {
	bool done, ours;
};

static void
confirmed(void *arg, bool ours)
{
	struct confirmed *c = arg;

	assert_false(c->done);
	*c = (struct confirmed){ .done = true, .ours = ours };
}

static void
who_stood_still_while_its_session_ended_learns_it_by_asking(void **state)
{
	struct confirmed before = { 0 }, after = { 0 }, of_nobody = { 0 };

	(void)state;
	store_confirm(store, 7, confirmed, &before);
	assert_false(before.done);
	run_until(&before.done);
	assert_true(before.ours);
	/* the loop does not run meanwhile */
	free(sql(
	    "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_locks WHERE locktype = 'advisory'"));
	assert_true(store_owns(store, 7));
	store_confirm(store, 7, confirmed, &after);
	run_until(&after.done);
	assert_false(after.ours);
	if (!store_owns(store, 7)) {
		store_confirm(store, 7, confirmed, &of_nobody);
		run_until(&of_nobody.done);
		assert_false(of_nobody.ours);
	}
	run_until(&all_owned);
}

static void
a_terminated_backend_is_a_lost_writer_that_comes_back(void **state)
{
	(void)state;
	free(sql(
	    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pawld one'"));
	run_until(&none_owned);
	run_until(&all_owned);
	assert_int_equal(shards_lost, STORE_SHARDS);
}

/* Takes the number of each socket that is closed, at the end of the same turn. */
#define FDS 256
static bool was_open[FDS], all_heard;
static int pipes[FDS][2], ntaken, nheard;
static struct event *takers[FDS];

static void
taker_readable(evutil_socket_t fd, short what, void *arg)
{
	char c;

	(void)what;
	(void)arg;
	assert_int_equal(read(fd, &c, 1), 1);
	all_heard = ++nheard == ntaken;
}

static void
take_numbers(void *arg)
{
	for (int fd = 3; fd < FDS; fd++) {
		if (!was_open[fd] || fcntl(fd, F_GETFD) != -1)
			continue;
		was_open[fd] = false;
		assert_int_equal(pipe(pipes[ntaken]), 0);
		if (pipes[ntaken][0] != fd) {
			assert_int_equal(dup2(pipes[ntaken][0], fd), fd);
			close(pipes[ntaken][0]);
			pipes[ntaken][0] = fd;
		}
		takers[ntaken] =
		    event_new(loop_base(loop), fd, EV_READ | EV_PERSIST, taker_readable, NULL);
		event_add(takers[ntaken], NULL);
		assert_int_equal(write(pipes[ntaken][1], "x", 1), 1);
		ntaken++;
	}
	(void)arg;
}

static void
take_numbers_each_turn(void *arg)
{
	loop_at_turn_end(loop, take_numbers, NULL);
	if (!all_heard)
		loop_defer(loop, take_numbers_each_turn, arg);
}

static void
the_number_of_a_lost_connection_s_socket_may_be_taken_at_once(void **state)
{
	(void)state;
	ntaken = nheard = 0;
	all_heard = false;
	for (int fd = 3; fd < FDS; fd++) {
		was_open[fd] = fcntl(fd, F_GETFD) != -1;
		(void)shutdown(fd,
		    SHUT_RDWR); /* of a socket: the other end seems to be gone without a word */
	}
	take_numbers_each_turn(NULL);
	run_until(&all_heard);
	assert_true(ntaken > 0);
	for (int i = 0; i < ntaken; i++) {
		event_free(takers[i]);
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	run_until(&all_owned);
}

static void
a_disk_that_is_full_loses_the_batch_until_there_is_room(void **state)
{
	struct fake f;

	(void)state;
	free(sql(
	    "CREATE FUNCTION public.no_room() RETURNS trigger LANGUAGE plpgsql AS "
	    "'BEGIN RAISE EXCEPTION ''No space left on device'' USING ERRCODE = ''53100''; END'"));
	free(sql(
	    "CREATE TRIGGER no_room BEFORE INSERT ON pawl.journal FOR EACH ROW EXECUTE FUNCTION public.no_room()"));
	for (int i = 0; i < 2; i++) {
		fake_init(&f, "full");
		submit(&f);
		run_until(&idle);
		assert_int_equal(f.result, COMMIT_LOST);
		buf_fini(&f.record);
		run_until(&all_owned);
	}
	assert_sql("0", "SELECT count(*) FROM pawl.execution WHERE name = 'full'");
	free(sql("DROP TRIGGER no_room ON pawl.journal; DROP FUNCTION public.no_room()"));
	fake_init(&f, "full");
	submit(&f);
	run_until(&idle);
	assert_int_equal(f.result, COMMIT_OK);
	buf_fini(&f.record);
}

static bool refused;

static void
got_refusal(uint64_t ticket, const struct open_row *rows, size_t n, const struct err *e)
{
	(void)ticket;
	(void)rows;
	(void)n;
	assert_non_null(e);
	assert_string_equal(e->name, "ServiceUnavailable");
	refused = true;
}

static void
a_server_with_too_many_connections_is_waited_for(void **state)
{
	PGconn *conns[300];
	int n = 0;

	(void)state;
	store_close(store);
	loop_free(loop);
	loop = loop_new();
	do
		conns[n] = PQconnectdb(laptop_conninfo(fixture_laptop));
	while (PQstatus(conns[n++]) == CONNECTION_OK && n < 300);
	assert_in_range(n, 10, 299);
	shards_owned = 0;
	all_owned = false;
	store = open_store("one", 2);
	/* a question to it fails after some attempts; then there is room */
	read_open(store, 0, 0, got_refusal);
	run_until(&refused);
	assert_false(store_is_up(store));
	for (int i = 0; i < n; i++)
		PQfinish(conns[i]);
	run_until(&all_owned);
}

static void
closing_answers_what_is_under_way(void **state)
{
	struct fake f;

	(void)state;
	fake_init(&f, "closing");
	submit(&f);
	store_close(store);
	assert_int_equal(f.dones, 1);
	assert_int_equal(f.result, COMMIT_LOST);
	buf_fini(&f.record);
	loop_free(loop);
	loop = loop_new();
	shards_owned = 0;
	store = open_store("one", 2);
	run_until(&all_owned);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_started_execution_is_written_once_and_can_be_read),
		TEST(an_execution_that_starts_and_ends_in_one_record_is_never_open),
		TEST(a_run_sleeps_wakes_appends_and_ends),
		TEST(names_that_are_taken_are_told_apart_within_one_batch),
		TEST(runs_of_one_turn_share_a_commit),
		TEST(a_second_writer_of_an_execution_fails_its_whole_batch_and_loses_its_shards),
		TEST(a_commit_of_a_shard_that_is_not_ours_is_lost_on_a_later_turn),
		TEST(two_nodes_share_the_shards_and_one_that_is_left_takes_all),
		TEST(a_unit_is_one_nodes_at_a_time_and_taken_when_all_shards_are_counted),
		TEST(a_shard_of_which_something_is_under_way_stays),
		TEST(shards_that_come_in_when_they_are_too_many_are_to_go_again),
		TEST(who_stood_still_while_its_session_ended_learns_it_by_asking),
		TEST(a_terminated_backend_is_a_lost_writer_that_comes_back),
		TEST(the_number_of_a_lost_connection_s_socket_may_be_taken_at_once),
		TEST(a_disk_that_is_full_loses_the_batch_until_there_is_room),
		TEST(a_server_with_too_many_connections_is_waited_for),
		TEST(closing_answers_what_is_under_way),
		TEST(postgres_killed_in_the_middle_loses_nothing_that_was_acknowledged),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
