/*
 * The catalogue: idempotent creation, revisions, deletion, tags, what other nodes change.
 */
#include "store_fixture.h"

#include "store/catalogue.h"

#define PASS "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}"
#define PASS2 "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Pass\",\"End\":true}}}"

static struct store *store;
static int owned, changed_events;
static bool up, answered, told;

static void
claimed(void *arg, int32_t shard)
{
	(void)arg;
	(void)shard;
	up = ++owned == STORE_SHARDS;
}

static void
lost(void *arg, const struct shard_set *set)
{
	(void)arg;
	(void)set;
}

static void
catalogue_changed(void *arg)
{
	(void)arg;
	changed_events++;
	told = true;
}

static int
setup(void **state)
{
	const struct store_options o = { .conninfo = laptop_conninfo(fixture_laptop),
		.node_name = "one",
		.writers = 1,
		.readers = 2,
		.batch_max = 100 };
	const struct store_events ev = { .shard_claimed = claimed,
		.shards_lost = lost,
		.catalogue_changed = catalogue_changed };

	(void)state;
	free(sql(
	    "TRUNCATE pawl.machine, pawl.machine_revision, pawl.tag, pawl.execution, pawl.open_execution, pawl.activity"));
	loop = loop_new();
	owned = changed_events = 0;
	up = answered = told = false;
	store = store_open(loop, &o, &ev);
	run_until(&up);
	run_until(&told); /* it listens */
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

static enum catalogue_outcome outcome;
static struct machine_entry *entry;

static void
got_change(uint64_t ticket, enum catalogue_outcome o, struct machine_entry *m, const struct err *e)
{
	(void)ticket;
	if (e != NULL)
		fail_msg("%s", err_cause(e));
	outcome = o;
	machine_entry_unref(entry);
	entry = m != NULL ? machine_entry_ref(m) : NULL;
	answered = true;
}

static struct machine_spec
spec_of(const char *name, const char *definition)
{
	return (struct machine_spec){ .name = name,
		.type = MACHINE_STANDARD,
		.definition = definition,
		.definition_len = definition != NULL ? strlen(definition) : 0,
		.role_arn = "arn:aws:iam::000000000000:role/r",
		.logging = "{\"level\":\"OFF\"}",
		.tracing = "{\"enabled\":false}",
		.encryption = "{\"type\":\"AWS_OWNED_KEY\"}",
		.now_ms = 1700000000000 };
}

static enum catalogue_outcome
create(const struct machine_spec *spec)
{
	answered = false;
	catalogue_create(store, spec, 0, got_change);
	assert_false(answered);
	run_until(&answered);
	return outcome;
}

static enum catalogue_outcome
update(const struct machine_spec *spec)
{
	answered = false;
	catalogue_update(store, spec, 0, got_change);
	run_until(&answered);
	return outcome;
}

static enum catalogue_outcome delete (const char *name) {
	answered = false; catalogue_delete(store, name, 1700000001000, 0, got_change);
	run_until(&answered);
	return outcome;
}

static void
got_machine(uint64_t ticket, struct machine_entry *m, const struct err *e)
{
	(void)ticket;
	if (e != NULL)
		fail_msg("%s", err_cause(e));
	machine_entry_unref(entry);
	entry = m != NULL ? machine_entry_ref(m) : NULL;
	answered = true;
}

static struct machine_entry *
by_name(const char *name)
{
	answered = false;
	catalogue_by_name(store, name, 0, got_machine);
	assert_false(answered);
	run_until(&answered);
	return entry;
}

static struct machine_entry *
by_id(struct uuid id, int64_t revision)
{
	answered = false;
	catalogue_by_id(store, &id, revision, 0, got_machine);
	assert_false(answered);
	run_until(&answered);
	return entry;
}

static void
done_with_entry(void)
{
	machine_entry_unref(entry);
	entry = NULL;
}

static void
creating_twice_is_once_and_creating_another_is_a_conflict(void **state)
{
	struct machine_spec s = spec_of("M", PASS);
	struct uuid id;

	(void)state;
	assert_int_equal(create(&s), CATALOGUE_DONE);
	id = entry->id;
	assert_string_equal(entry->name, "M");
	assert_string_equal(entry->definition, PASS);
	assert_int_equal(entry->revision, 1);
	assert_null(entry->revision_id);
	assert_int_equal(entry->created_ms, 1700000000000);
	assert_non_null(entry->machine);
	assert_ptr_equal(catalogue_cached(store, "M"), entry);

	s.now_ms++;
	s.role_arn = "arn:aws:iam::000000000000:role/other"; /* does not count */
	assert_int_equal(create(&s), CATALOGUE_SAME);
	assert_true(uuid_equal(&entry->id, &id));
	assert_int_equal(entry->created_ms, 1700000000000);
	assert_string_equal(entry->role_arn, "arn:aws:iam::000000000000:role/r");

	s.definition = PASS2;
	s.definition_len = strlen(PASS2);
	assert_int_equal(create(&s), CATALOGUE_CONFLICT);
	assert_true(uuid_equal(&entry->id, &id));
	assert_string_equal(entry->definition, PASS);
	s = spec_of("M", PASS);
	s.type = MACHINE_EXPRESS;
	assert_int_equal(create(&s), CATALOGUE_CONFLICT);
	assert_sql("1 1",
	    "SELECT (SELECT count(*) FROM pawl.machine) || ' ' || "
	    "(SELECT count(*) FROM pawl.machine_revision)");
	done_with_entry();
}

static void
an_update_makes_a_revision_only_when_something_differs(void **state)
{
	struct machine_spec s = spec_of("M", PASS);
	struct uuid id;
	char *first;

	(void)state;
	assert_int_equal(update(&s), CATALOGUE_NONE);
	assert_int_equal(create(&s), CATALOGUE_DONE);
	id = entry->id;
	assert_int_equal(update(&s), CATALOGUE_SAME);
	assert_null(entry->revision_id);

	s = (struct machine_spec){ .name = "M",
		.role_arn = "arn:aws:iam::000000000000:role/new",
		.now_ms = 5 };
	assert_int_equal(update(&s), CATALOGUE_DONE);
	assert_int_equal(entry->revision, 2);
	assert_int_equal(entry->revised_ms, 5);
	assert_string_equal(entry->definition, PASS);
	assert_string_equal(entry->role_arn, "arn:aws:iam::000000000000:role/new");
	first = xstrdup(entry->revision_id);
	assert_int_equal(update(&s), CATALOGUE_SAME);
	assert_string_equal(entry->revision_id, first);

	s = (struct machine_spec){ .name = "M",
		.definition = PASS2,
		.definition_len = strlen(PASS2) };
	assert_int_equal(update(&s), CATALOGUE_DONE);
	assert_int_equal(entry->revision, 3);
	assert_string_not_equal(entry->revision_id, first);
	assert_string_equal(by_name("M")->definition, PASS2);
	assert_string_equal(by_id(id, 1)->definition, PASS);
	assert_int_equal(by_id(id, 2)->revision, 2);
	assert_null(by_id(id, 4));
	free(first);
	done_with_entry();
}

static void
a_deleted_machine_waits_for_its_executions_and_then_frees_its_name(void **state)
{
	struct machine_spec s = spec_of("M", PASS);
	struct uuid old;

	(void)state;
	assert_int_equal(delete ("M"), CATALOGUE_NONE);
	create(&s);
	old = entry->id;
	free(sql("INSERT INTO pawl.open_execution (shard, execution_id, machine_id) "
		 "SELECT 0, gen_random_uuid(), id FROM pawl.machine"));
	assert_int_equal(delete ("M"), CATALOGUE_DONE);
	assert_true(entry->deleting);
	assert_int_equal(delete ("M"), CATALOGUE_DONE);
	assert_true(by_name("M")->deleting);
	assert_int_equal(create(&s), CATALOGUE_DELETING);
	assert_int_equal(update(&s), CATALOGUE_DELETING);
	free(sql("DELETE FROM pawl.open_execution"));
	catalogue_sweep(store);
	while (by_name("M") != NULL)
		;
	assert_int_equal(create(&s), CATALOGUE_DONE);
	assert_false(uuid_equal(&entry->id, &old));
	assert_non_null(by_id(old, 1)); /* runs keep theirs */
	/* without executions it is gone at once */
	assert_int_equal(delete ("M"), CATALOGUE_DONE);
	assert_null(by_name("M"));
	assert_null(catalogue_cached(store, "M"));
	done_with_entry();
}

static void
what_another_node_changes_is_read_again(void **state)
{
	struct machine_spec s = spec_of("M", PASS);

	(void)state;
	create(&s);
	assert_non_null(catalogue_cached(store, "M"));
	told = false;
	changed_events = 0;
	free(sql(
	    "INSERT INTO pawl.machine_revision SELECT machine_id, 2, gen_random_uuid(), 9, definition, 'r2', "
	    "logging, tracing, encryption FROM pawl.machine_revision; UPDATE pawl.machine SET revision = 2; "
	    "NOTIFY pawl_catalogue, 'M'"));
	run_until(&told);
	assert_null(catalogue_cached(store, "M"));
	assert_string_equal(by_name("M")->role_arn, "r2");
	assert_non_null(catalogue_cached(store, "M"));
	assert_int_equal(changed_events, 1);
	done_with_entry();
}

static void
a_lost_connection_forgets_what_is_newest(void **state)
{
	struct machine_spec s = spec_of("M", PASS);

	(void)state;
	create(&s);
	told = false;
	free(sql(
	    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pawld one'"));
	run_until(&told);
	assert_null(catalogue_cached(store, "M"));
	assert_string_equal(by_name("M")->name, "M");
	done_with_entry();
}

static int waiting;
static bool all_answered;

static void
got_same(uint64_t ticket, struct machine_entry *m, const struct err *e)
{
	(void)ticket;
	assert_null(e);
	if (entry == NULL)
		entry = machine_entry_ref(m);
	assert_ptr_equal(m, entry); /* compiled once */
	all_answered = --waiting == 0;
}

static void
many_who_ask_for_the_same_revision_share_it(void **state)
{
	struct machine_spec s = spec_of("M", PASS);
	struct uuid id;

	(void)state;
	create(&s);
	id = entry->id;
	done_with_entry();
	teardown(NULL);
	loop = loop_new();
	owned = 0;
	up = false;
	store = store_open(loop,
	    &(struct store_options){ .conninfo = laptop_conninfo(fixture_laptop),
		.node_name = "one",
		.writers = 1,
		.readers = 1,
		.batch_max = 1 },
	    &(struct store_events){ .shard_claimed = claimed, .shards_lost = lost });
	waiting = 200;
	for (int i = 0; i < 100; i++) {
		catalogue_by_id(store, &id, 1, (uint64_t)i, got_same);
		catalogue_by_name(store, "M", (uint64_t)i, got_same);
	}
	assert_int_equal(waiting, 200);
	run_until(&all_answered);
	done_with_entry();
}

static struct buf listed;
static bool more_listed;

static void
got_list(uint64_t ticket, const struct machine_item *items, size_t n, bool more,
    const struct err *e)
{
	(void)ticket;
	assert_null(e);
	buf_reset(&listed);
	for (size_t i = 0; i < n; i++)
		buf_addf(&listed, "%s%s ", items[i].name,
		    items[i].type == MACHINE_EXPRESS ? "!" : "");
	more_listed = more;
	answered = true;
}

static void
machines_are_listed_by_name_in_byte_order(void **state)
{
	static const char *const names[] = { "b", "B", "_a", "a-1", "Z", "a" };

	(void)state;
	buf_init(&listed, BUF_UNLIMITED);
	for (size_t i = 0; i < 6; i++) {
		struct machine_spec s = spec_of(names[i], PASS);

		s.type = i == 4 ? MACHINE_EXPRESS : MACHINE_STANDARD;
		create(&s);
	}
	answered = false;
	catalogue_list(store, NULL, 4, 0, got_list);
	run_until(&answered);
	assert_string_equal(buf_text(&listed), "B Z! _a a ");
	assert_true(more_listed);
	answered = false;
	catalogue_list(store, "a", 4, 0, got_list);
	run_until(&answered);
	assert_string_equal(buf_text(&listed), "a-1 b ");
	assert_false(more_listed);
	buf_fini(&listed);
	done_with_entry();
}

static char *tags;
static bool found, too_many;

static void
got_tags(uint64_t ticket, bool is_found, bool are_too_many, const char *json, const struct err *e)
{
	(void)ticket;
	assert_null(e);
	free(tags);
	tags = json != NULL ? xstrdup(json) : NULL;
	found = is_found;
	too_many = are_too_many;
	answered = true;
}

typedef void tag_change(struct store *, const struct tag_owner *, const char *, uint64_t,
    catalogue_tags_cb *);

static void
change_tags(tag_change *change, bool activity, const char *name, const char *json)
{
	const struct tag_owner owner = { .activity = activity, .name = name };

	answered = false;
	change(store, &owner, json, 0, got_tags);
	run_until(&answered);
}

static void
read_tags(bool activity, const char *name)
{
	const struct tag_owner owner = { .activity = activity, .name = name };

	answered = false;
	catalogue_tags(store, &owner, 0, got_tags);
	run_until(&answered);
}

static void
tags_are_merged_listed_by_key_and_at_most_fifty(void **state)
{
	struct machine_spec s = spec_of("M", PASS);
	struct buf many;

	(void)state;
	s.tags = "[{\"key\":\"b\",\"value\":\"1\"},{\"key\":\"a\",\"value\":\"\"}]";
	create(&s);
	read_tags(false, "M");
	assert_string_equal(tags,
	    "[{\"key\":\"a\",\"value\":\"\"},{\"key\":\"b\",\"value\":\"1\"}]");
	change_tags(catalogue_tag, false, "M",
	    "[{\"key\":\"b\",\"value\":\"2\"},{\"key\":\"C\",\"value\":\"x\\\"y\"}]");
	assert_true(found && !too_many);
	assert_string_equal(tags,
	    "[{\"key\":\"C\",\"value\":\"x\\\"y\"},{\"key\":\"a\",\"value\":\"\"},"
	    "{\"key\":\"b\",\"value\":\"2\"}]");
	change_tags(catalogue_untag, false, "M", "[\"a\",\"b\",\"nothing\"]");
	assert_string_equal(tags, "[{\"key\":\"C\",\"value\":\"x\\\"y\"}]");

	buf_init(&many, BUF_UNLIMITED);
	for (int i = 0; i < 50; i++)
		buf_addf(&many, "%s{\"key\":\"k%d\",\"value\":\"v\"}", i > 0 ? "," : "[", i);
	buf_addc(&many, ']');
	change_tags(catalogue_tag, false, "M", buf_text(&many));
	assert_true(found && too_many);
	assert_sql("1", "SELECT count(*) FROM pawl.tag");
	change_tags(catalogue_untag, false, "M", "[\"C\"]");
	change_tags(catalogue_tag, false, "M", buf_text(&many));
	assert_true(found && !too_many);
	assert_sql("50", "SELECT count(*) FROM pawl.tag");
	change_tags(catalogue_tag, false, "unknown", "[]");
	assert_false(found);
	change_tags(catalogue_untag, false, "unknown", "[]");
	assert_false(found);
	read_tags(false, "unknown");
	assert_false(found);
	/* they stay for its executions (retention), and nobody sees them */
	delete ("M");
	read_tags(false, "M");
	assert_false(found);
	buf_fini(&many);
	free(tags);
	tags = NULL;
	done_with_entry();
}

/* --- activities --------------------------------------------------------------------------------- */

static int64_t activity_created_ms;
static char *activity_encryption;

static void
got_activity(uint64_t ticket, const struct activity_entry *a, const struct err *e)
{
	(void)ticket;
	assert_null(e);
	free(activity_encryption);
	activity_encryption = a != NULL ? xstrdup(a->encryption) : NULL;
	activity_created_ms = a != NULL ? a->created_ms : 0;
	answered = true;
}

static void
create_activity(const char *name, const char *encryption, int64_t now_ms)
{
	const struct activity_spec spec = { .name = name,
		.encryption = encryption,
		.tags = "[{\"key\":\"k\",\"value\":\"1\"},{\"key\":\"k\",\"value\":\"2\"}]",
		.now_ms = now_ms };

	answered = false;
	catalogue_create_activity(store, &spec, 0, got_activity);
	run_until(&answered);
}

static void
look_up_activity(const char *name)
{
	answered = false;
	catalogue_activity(store, name, 0, got_activity);
	run_until(&answered);
}

static void
deleted(uint64_t ticket, const struct err *e)
{
	(void)ticket;
	assert_null(e);
	answered = true;
}

static void
delete_activity(const char *name)
{
	answered = false;
	catalogue_delete_activity(store, name, 0, deleted);
	run_until(&answered);
}

static void
an_activity_is_created_once_and_deleted_with_its_tags(void **state)
{
	(void)state;
	look_up_activity("A");
	assert_null(activity_encryption);
	create_activity("A", "{}", 7);
	assert_int_equal(activity_created_ms, 7);
	create_activity("A", "{\"other\":1}", 8);
	assert_int_equal(activity_created_ms, 7);
	assert_string_equal(activity_encryption, "{}");
	assert_sql("2", "SELECT value FROM pawl.tag");
	look_up_activity("A");
	assert_int_equal(activity_created_ms, 7);
	delete_activity("A");
	delete_activity("A");
	look_up_activity("A");
	assert_null(activity_encryption);
	assert_sql("0", "SELECT count(*) FROM pawl.tag");
	create_activity("A", "{}", 9);
	assert_int_equal(activity_created_ms, 9);
	free(activity_encryption);
	activity_encryption = NULL;
}

static void
a_machine_and_an_activity_of_one_name_have_tags_of_their_own(void **state)
{
	struct machine_spec s = spec_of("M", PASS);

	(void)state;
	create(&s);
	create_activity("M", "{}", 7);
	change_tags(catalogue_tag, false, "M", "[{\"key\":\"m\",\"value\":\"\"}]");
	assert_string_equal(tags, "[{\"key\":\"m\",\"value\":\"\"}]");
	change_tags(catalogue_tag, true, "M", "[{\"key\":\"a\",\"value\":\"\"}]");
	assert_string_equal(tags,
	    "[{\"key\":\"a\",\"value\":\"\"},{\"key\":\"k\",\"value\":\"2\"}]");
	change_tags(catalogue_untag, true, "M", "[\"m\",\"k\"]");
	read_tags(true, "M");
	assert_string_equal(tags, "[{\"key\":\"a\",\"value\":\"\"}]");
	read_tags(false, "M");
	assert_string_equal(tags, "[{\"key\":\"m\",\"value\":\"\"}]");
	read_tags(true, "unknown");
	assert_false(found);
	change_tags(catalogue_tag, true, "unknown", "[]");
	assert_false(found);
	free(tags);
	tags = NULL;
	free(activity_encryption);
	activity_encryption = NULL;
	done_with_entry();
}

static struct buf activity_names;
static bool more_activities;

static void
got_activities(uint64_t ticket, const struct activity_item *items, size_t n, bool more,
    const struct err *e)
{
	(void)ticket;
	assert_null(e);
	buf_reset(&activity_names);
	for (size_t i = 0; i < n; i++)
		buf_addf(&activity_names, "%s ", items[i].name);
	more_activities = more;
	answered = true;
}

static void
list_activities(const char *after, int limit)
{
	answered = false;
	catalogue_activities(store, after, limit, 0, got_activities);
	run_until(&answered);
}

static void
activities_are_listed_by_name_in_byte_order(void **state)
{
	(void)state;
	buf_init(&activity_names, BUF_UNLIMITED);
	list_activities(NULL, 10);
	assert_string_equal(buf_text(&activity_names), "");
	create_activity("b", "{}", 1);
	create_activity("B", "{}", 2);
	create_activity("a", "{}", 3);
	list_activities(NULL, 2);
	assert_string_equal(buf_text(&activity_names), "B a ");
	assert_true(more_activities);
	list_activities("a", 2);
	assert_string_equal(buf_text(&activity_names), "b ");
	assert_false(more_activities);
	buf_fini(&activity_names);
	free(activity_encryption);
	activity_encryption = NULL;
}

static void
got_unavailable(uint64_t ticket, enum catalogue_outcome o, struct machine_entry *m,
    const struct err *e)
{
	(void)ticket;
	(void)o;
	assert_null(m);
	assert_non_null(e);
	assert_string_equal(e->name, "ServiceUnavailable");
	answered = true;
}

static void
a_change_under_way_when_the_store_closes_is_answered(void **state)
{
	struct machine_spec s = spec_of("M", PASS);

	(void)state;
	answered = false;
	catalogue_create(store, &s, 0, got_unavailable);
	teardown(NULL);
	assert_true(answered);
	setup(NULL);
}

static void
got_nothing(uint64_t ticket, struct machine_entry *m, const struct err *e)
{
	(void)ticket;
	assert_null(m);
	assert_string_equal(e->name, "ServiceUnavailable");
	answered = true;
}

static void
a_lookup_under_way_when_the_store_closes_is_answered(void **state)
{
	(void)state;
	answered = false;
	catalogue_by_name(store, "M", 0, got_nothing);
	teardown(NULL);
	assert_true(answered);
	setup(NULL);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(creating_twice_is_once_and_creating_another_is_a_conflict),
		TEST(an_update_makes_a_revision_only_when_something_differs),
		TEST(a_deleted_machine_waits_for_its_executions_and_then_frees_its_name),
		TEST(what_another_node_changes_is_read_again),
		TEST(a_lost_connection_forgets_what_is_newest),
		TEST(many_who_ask_for_the_same_revision_share_it),
		TEST(machines_are_listed_by_name_in_byte_order),
		TEST(tags_are_merged_listed_by_key_and_at_most_fifty),
		TEST(an_activity_is_created_once_and_deleted_with_its_tags),
		TEST(a_machine_and_an_activity_of_one_name_have_tags_of_their_own),
		TEST(activities_are_listed_by_name_in_byte_order),
		TEST(a_change_under_way_when_the_store_closes_is_answered),
		TEST(a_lookup_under_way_when_the_store_closes_is_answered),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
