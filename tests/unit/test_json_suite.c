/*
 * test_json_suite - the public collection of JSON parsing cases: y_ is accepted, n_ refused.
 *
 * What is accepted must also print as a text that means the same. Skipped when the
 * collection is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "doc/doc.h"

static char *
folder_find(void)
{
	const char *shared = getenv("PAWL_SHARED"), *srcdir = getenv("srcdir");

	if (shared != NULL)
		return xasprintf("%s/json-test-suite/test_parsing", shared);
	return xasprintf("%s/../shared/json-test-suite/test_parsing",
	    srcdir != NULL ? srcdir : ".");
}

static void
file_read(const char *path, struct buf *into)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	do {
		char *to = buf_reserve(into, 65536);

		n = fread(to, 1, 65536, f);
		buf_advance(into, n);
	} while (n > 0);
	fclose(f);
}

/* Prints and parses again: the same value, and printing it again changes nothing. */
static void
check_round_trip(const char *name, struct doc d)
{
	size_t len, again_len;
	char *text = doc_text(d, &len), *again;
	struct doc e = doc_parse(text, len, NULL);

	if (doc_is_none(e) || !doc_equal(d, e))
		fail_msg("%s: does not survive printing: %s", name, text);
	again = doc_text(e, &again_len);
	if (len != again_len || memcmp(text, again, len) != 0)
		fail_msg("%s: prints as %s and then as %s", name, text, again);
	doc_unref(e);
	free(text);
	free(again);
}

static void
check_case(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s", folder, name);
	struct err e = ERR_INIT;
	struct buf text;
	struct doc d;

	buf_init(&text, BUF_UNLIMITED);
	file_read(path, &text);
	d = doc_parse(buf_text(&text), text.len, &e);
	if (name[0] == 'y' && doc_is_none(d))
		fail_msg("%s: refused: %s", name, err_cause(&e));
	if (name[0] == 'n' && !doc_is_none(d))
		fail_msg("%s: accepted", name);
	if (doc_is_none(d) && (!err_is_set(&e) || err_cause(&e)[0] == '\0'))
		fail_msg("%s: refused without a cause", name);
	if (!doc_is_none(d))
		check_round_trip(name, d);
	doc_unref(d);
	err_fini(&e);
	buf_fini(&text);
	free(path);
}

static int
run_cases(char kind)
{
	char *folder = folder_find();
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != kind || entry->d_name[1] != '_')
			continue;
		check_case(folder, entry->d_name);
		n++;
	}
	closedir(dir);
	free(folder);
	return n;
}

static void
every_y_case_is_accepted_and_survives_printing(void **state)
{
	(void)state;
	assert_true(run_cases('y') > 0);
}

static void
every_n_case_is_refused_with_a_cause(void **state)
{
	(void)state;
	assert_true(run_cases('n') > 0);
}

static void
every_i_case_is_either_refused_with_a_cause_or_survives_printing(void **state)
{
	(void)state;
	assert_true(run_cases('i') > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_y_case_is_accepted_and_survives_printing),
		cmocka_unit_test(every_n_case_is_refused_with_a_cause),
		cmocka_unit_test(every_i_case_is_either_refused_with_a_cause_or_survives_printing),
	};
	char *folder = folder_find();
	DIR *dir = opendir(folder);

	if (dir == NULL)
		fprintf(stderr, "test_json_suite: no %s, skipped\n", folder);
	free(folder);
	if (dir == NULL)
		return 77;
	closedir(dir);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
