/*
 * test_id - uuids in order of time, their text, and ARNs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/id.h"

static int64_t
time_of(const struct uuid *u)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | u->b[i];
	return ms;
}

static void
ids_by_time_grow_within_a_millisecond_and_when_the_clock_goes_back(void **state)
{
	struct uuid last = uuid_v7(1767225600000);

	(void)state;
	assert_true(time_of(&last) == 1767225600000);
	for (int i = 0; i < 200000; i++) {
		struct uuid u = uuid_v7(1767225600000 + (i % 1000 == 999 ? -5 : i / 100000));

		assert_int_equal(u.b[6] >> 4, 7);
		assert_int_equal(u.b[8] >> 6, 2);
		assert_true(memcmp(last.b, u.b, sizeof(u.b)) < 0);
		last = u;
	}
	assert_true(time_of(&last) == 1767225600001);
}

static void
random_ids_are_of_version_4_and_differ(void **state)
{
	struct uuid a = uuid_v4(), b = uuid_v4(), c = uuid_v4_from(1, 2), d = uuid_v4_from(1, 2);
	char text[UUID_TEXT_SIZE];

	(void)state;
	assert_int_equal(a.b[6] >> 4, 4);
	assert_int_equal(a.b[8] >> 6, 2);
	assert_false(uuid_equal(&a, &b));
	assert_true(uuid_equal(&c, &d));
	uuid_format(&c, text);
	assert_string_equal(text, "00000000-0000-4001-8000-000000000002");
	uuid_format(&(struct uuid){ .b = { 0 } }, text);
	assert_string_equal(text, "00000000-0000-0000-0000-000000000000");
}

static void
ids_of_version_4_by_time_never_fall(void **state)
{
	char last[UUID_TEXT_SIZE] = "", text[UUID_TEXT_SIZE];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		/* the clock stands for a while, and goes back once */
		struct uuid u = uuid_v4_by_time(1767225700000 + i / 100 - (i > 5000 ? 7 : 0));

		assert_int_equal(u.b[6] >> 4, 4);
		assert_int_equal(u.b[8] >> 6, 2);
		uuid_format(&u, text);
		assert_true(strcmp(text, last) > 0);
		memcpy(last, text, sizeof(last));
	}
}

static void
a_child_process_does_not_repeat_the_ids_of_its_parent(void **state)
{
	uint64_t ours, theirs;
	int ends[2], status;
	pid_t pid;

	(void)state;
	id_random64();
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		theirs = id_random64();
		_exit(write(ends[1], &theirs, sizeof(theirs)) == sizeof(theirs) ? 0 : 1);
	}
	ours = id_random64();
	assert_int_equal(read(ends[0], &theirs, sizeof(theirs)), sizeof(theirs));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(ours != theirs);
	close(ends[0]);
	close(ends[1]);
}

static void
a_uuid_reads_back_from_its_text_and_only_from_that(void **state)
{
	static const char *const bad[] = { "", "00000000-0000-4001-8000-00000000000",
		"00000000-0000-4001-8000-0000000000022", "00000000x0000-4001-8000-000000000002",
		"0000000g-0000-4001-8000-000000000002", "00000000000040018000000000000002----",
		"{0000000-0000-4001-8000-00000000000}" };
	struct uuid a = uuid_v4(), b;
	char text[UUID_TEXT_SIZE];

	(void)state;
	uuid_format(&a, text);
	assert_int_equal(strlen(text), 36);
	assert_int_equal(uuid_parse(text, 36, &b), 0);
	assert_true(uuid_equal(&a, &b));
	assert_int_equal(uuid_parse("ABCDEF00-0000-4001-8000-0000000000fF", 36, &b), 0);
	assert_int_equal(b.b[0], 0xab);
	assert_int_equal(b.b[15], 0xff);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(uuid_parse(bad[i], strlen(bad[i]), &b), -1);
}

static void
an_arn_is_split_at_its_first_five_colons(void **state)
{
	static const char text[] = "arn:aws:states:us-east-1:123456789012:execution:machine:name";
	static const char *const bad[] = { "", "arn:", "arn:aws:states:us-east-1:123456789012",
		"urn:aws:states:us-east-1:123456789012:x", "ARN:aws:a:b:c:d" };
	struct arn a;

	(void)state;
	assert_int_equal(arn_parse(text, strlen(text), &a), 0);
	assert_true(arn_part_is(&a.partition, "aws"));
	assert_true(arn_part_is(&a.service, "states"));
	assert_true(arn_part_is(&a.region, "us-east-1"));
	assert_true(arn_part_is(&a.account, "123456789012"));
	assert_true(arn_part_is(&a.resource, "execution:machine:name"));
	assert_false(arn_part_is(&a.service, "state"));
	assert_false(arn_part_is(&a.service, "statess"));
	assert_int_equal(arn_parse("arn:aws:states:::lambda:invoke", 30, &a), 0);
	assert_true(arn_part_is(&a.region, ""));
	assert_true(arn_part_is(&a.resource, "lambda:invoke"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(arn_parse(bad[i], strlen(bad[i]), &a), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    ids_by_time_grow_within_a_millisecond_and_when_the_clock_goes_back),
		cmocka_unit_test(random_ids_are_of_version_4_and_differ),
		cmocka_unit_test(ids_of_version_4_by_time_never_fall),
		cmocka_unit_test(a_child_process_does_not_repeat_the_ids_of_its_parent),
		cmocka_unit_test(a_uuid_reads_back_from_its_text_and_only_from_that),
		cmocka_unit_test(an_arn_is_split_at_its_first_five_colons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
