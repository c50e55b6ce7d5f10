/*
 * test_asl_corpus - definitions collected from two public linters are classified as
 * the linters do.
 *
 * Needs the folder asl-corpus of PAWL_SHARED, or of ../shared beside the source
 * tree; without it the test is skipped. Some outcomes are no failure, and printed:
 * a file that only says "not built yet"; one whose only fault is something that
 * the service, unlike the linters, refuses (a Resource that is no ARN of its own,
 * Credentials without RoleArn, the name of a variable, a JSONPath state in a
 * JSONata machine); one with the reader of a distributed Map in a Map that is not.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "asl/compile.h"
#include "base/xalloc.h"

static char *corpus;

static char *
read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	struct buf text;
	char part[4096];
	size_t n;

	assert_non_null(f);
	buf_init(&text, 16u << 20);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&text, part, n);
	fclose(f);
	assert_false(buf_failed(&text));
	return buf_steal(&text, len);
}

static bool
ends_with(const char *s, const char *end)
{
	size_t n = s != NULL ? strlen(s) : 0, m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static bool
is_unbuilt(const struct diagnostic *d)
{
	return ends_with(d->message, "not built yet");
}

static bool
is_stricter(const struct diagnostic *d)
{
	return ends_with(d->location, "/Resource") || ends_with(d->location, "/Credentials") ||
	    strncmp(d->message, "The variable name '", 19) == 0 ||
	    strncmp(d->message, "'QueryLanguage' can not be 'JSONPath'", 37) == 0;
}

static bool
is_reader(const struct diagnostic *d)
{
	static const char *const fields[] = { "ItemReader", "ResultWriter", "Label" };
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		char *message = xasprintf("Field '%s' is not supported", fields[i]);
		bool same = strcmp(d->message, message) == 0;

		free(message);
		if (same)
			return true;
	}
	return false;
}

static bool
all_errors(const struct diagnostics *d, bool (*is)(const struct diagnostic *))
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->list[i].severity == DIAGNOSTIC_ERROR && !is(&d->list[i]))
			return false;
	return true;
}

/* What is to say about a file; NULL = it is as its folder says. "!" first = wrong. */
static const char *
judge(bool valid, const struct machine *m, const struct diagnostics *d)
{
	if ((m != NULL) != (d->nerrors == 0))
		return "! a machine and errors, or neither";
	if (m != NULL)
		return valid ? NULL : "! accepted";
	if (all_errors(d, is_unbuilt))
		return "not yet";
	if (all_errors(d, is_stricter))
		return "the service is stricter";
	if (!valid)
		return NULL;
	if (all_errors(d, is_reader))
		return "needs a distributed map";
	return "! refused";
}

static size_t
check_folder(const char *name, bool valid)
{
	char *folder = xasprintf("%s/%s", corpus, name);
	struct dirent **list;
	int n = scandir(folder, &list, NULL, alphasort), i;
	size_t wrong = 0, right = 0, other = 0;

	assert_true(n > 2);
	for (i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s", folder, list[i]->d_name), *text;
		struct diagnostics d;
		struct machine *m;
		const char *verdict;
		size_t len;

		if (list[i]->d_name[0] != '.') {
			text = read_file(path, &len);
			diagnostics_init(&d);
			m = machine_compile(text, len, MACHINE_STANDARD, &d);
			verdict = judge(valid, m, &d);
			if (verdict != NULL) {
				struct buf why;

				buf_init(&why, BUF_UNLIMITED);
				diagnostics_sentence(&d, &why);
				print_message("%s/%s: %s: %s\n", name, list[i]->d_name, verdict,
				    buf_text(&why));
				buf_fini(&why);
			}
			right += verdict == NULL;
			wrong += verdict != NULL && verdict[0] == '!';
			other += verdict != NULL && verdict[0] != '!';
			machine_unref(m);
			diagnostics_fini(&d);
			free(text);
		}
		free(path);
		free(list[i]);
	}
	print_message("%s: %zu right, %zu wrong, %zu not yet or different\n", name, right, wrong,
	    other);
	free(list);
	free(folder);
	return wrong;
}

static void
valid_definitions_compile(void **state)
{
	(void)state;
	assert_int_equal(check_folder("valid", true), 0);
}

static void
invalid_definitions_are_refused(void **state)
{
	(void)state;
	assert_int_equal(check_folder("invalid", false), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_definitions_compile),
		cmocka_unit_test(invalid_definitions_are_refused),
	};
	const char *shared = getenv("PAWL_SHARED"), *top = getenv("srcdir");
	struct stat st;
	int rc;

	if (shared != NULL && *shared != '\0')
		corpus = xasprintf("%s/asl-corpus", shared);
	else
		corpus = xasprintf("%s/../shared/asl-corpus", top != NULL ? top : ".");
	if (stat(corpus, &st) != 0)
		return 77;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	free(corpus);
	return rc;
}
