/*
 * test_asl_corpus - definitions collected from two public linters are classified as
 * the linters do.
 *
 * Needs the folder asl-corpus of PAWL_SHARED, or of ../shared beside the source
 * tree; without it the test is skipped. Not counted as wrong, but counted and
 * printed: a file that is only refused because something is not built yet; one
 * whose only fault is a Resource, which the linters do not look at and the service
 * does; and the few of differences[], where the service is known to refuse what a
 * linter accepts.
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

/* Valid for the linter, refused by the service. */
static const struct difference {
	const char *file, *location; /* of all that is told */
} differences[] = {
	/* names of variables are identifiers */
	{ "asl-validator--assign.asl.json", "/States/ProvideTestData/Assign" },
	/* a Map without ProcessorConfig is an inline one, and reads nothing elsewhere */
	{ "asl-validator--map-noconfig.asl.json", "/States/Map" },
	/* no state of a JSONata machine is in JSONPath */
	{ "asl-validator--map-with-item-batcher-jsonata.json",
	    "/States/Map/ItemProcessor/States/LambdaTask" },
	/* the RoleArn of Credentials is required */
	{ "statelint--task-with-credentials.json", "/States/p/Credentials" },
};

/* Where the fault of a file is: one of the errors has to be told there. */
static const struct fault {
	const char *file, *code, *location;
} faults[] = {
#define SCHEMA(file, location) \
	{ \
		file, "SCHEMA_VALIDATION_FAILED", location \
	}
	SCHEMA("asl-validator--assign.asl.json", "/States/ProvideTestData/Assign"),
	SCHEMA("asl-validator--cfn-definition-substitutions.json", "/States/X/Resource"),
	SCHEMA("asl-validator--choice-state-variable.json",
	    "/States/ChoiceState/Choices[0]/Variable"),
	SCHEMA("asl-validator--duplicate-fields-nested.json",
	    "/States/Publish to Slack/Parameters"),
	SCHEMA("asl-validator--duplicate-fields.json", "/States/Publish to Slack/Parameters"),
	SCHEMA("asl-validator--error-equals.json", "/States/Testing/Catch[0]"),
	SCHEMA("asl-validator--exercise-ajv-additional-properties.asl.json", "/States/PassState"),
	SCHEMA("asl-validator--exercise-ajv.asl.json", "/States/PassState/InputPath"),
	SCHEMA("asl-validator--fail-dupe-cause.json", "/States/Hello"),
	SCHEMA("asl-validator--json-path.json", "/States/Invalid1/ResultPath"),
	SCHEMA("asl-validator--json-path.json", "/States/Invalid2/ResultPath"),
	SCHEMA("asl-validator--json-path.json", "/States/Invalid3/ResultPath"),
	SCHEMA("asl-validator--json-path.json", "/States/Invalid4/ResultPath"),
	SCHEMA("asl-validator--jsonata-fields.json", "/States/EmptyState"),
	SCHEMA("asl-validator--jsonata-path-fields.asl.json",
	    "/States/Verification/Branches[0]/States/Check Identity"),
	SCHEMA("asl-validator--jsonata-surround-syntax-no-open.json", "/States/X/Output"),
	SCHEMA("asl-validator--map-distributed.asl.json", "/States/Map/ItemReader/ReaderConfig"),
	{ "asl-validator--map-dupe-state.json", "DUPLICATE_STATE_NAME",
	    "/States/Map/Iterator/States/Final State" },
	SCHEMA("asl-validator--map-items.asl.json", "/States/ProcessAnimals"),
	SCHEMA("asl-validator--map-missing-iterator.json", "/States/Map"),
	{ "asl-validator--map-ob-link.json", "MISSING_TRANSITION_TARGET",
	    "/States/Map/Iterator/States/ChoiceState/Choices[1]/Next" },
	SCHEMA("asl-validator--map-tolerated-value.json", "/States/Map/ToleratedFailurePercentage"),
	SCHEMA("asl-validator--map-tolerated.json", "/States/Map"),
	SCHEMA("asl-validator--math-add.json", "/States/validate input/Parameters"),
	SCHEMA("asl-validator--missing-terminal-map.json", "/States/Map/Iterator/States/Wait 20s"),
	SCHEMA("asl-validator--missing-terminal-parallel.json",
	    "/States/Parallel/Branches[0]/States/Wait 20s"),
	SCHEMA("asl-validator--next-with-end.json", "/States/Send SNS Message"),
	{ "asl-validator--state-name-too-long.json", "INVALID_STATE_NAME",
	    "/States/This is an exceptionally long state name that I know will fail when I try to "
	    "deploy to AWS" },
	SCHEMA("asl-validator--task-heartbeat.json", "/States/X"),
	SCHEMA("asl-validator--task-timout.json", "/States/X"),
	SCHEMA("asl-validator--variable-result-path.json", "/States/Fin/ResultPath"),
	SCHEMA("asl-validator--wait-duration.json", "/States/wait_using_seconds"),
	SCHEMA("asl-validator--wait-duration.json", "/States/wait_using_timestamp"),
	SCHEMA("statelint--backoff-with-backoffrate-between-0-and-1.json",
	    "/States/p/Retry[0]/BackoffRate"),
	SCHEMA("statelint--backoff-with-backoffrate-negative.json",
	    "/States/p/Retry[0]/BackoffRate"),
	SCHEMA("statelint--choice-with-resultselector.json", "/States/p"),
	SCHEMA("statelint--empty-error-equals-on-catch.json", "/States/p/Catch[0]/ErrorEquals"),
	SCHEMA("statelint--empty-error-equals-on-retry.json", "/States/p/Retry[0]/ErrorEquals"),
	SCHEMA("statelint--fail-with-resultselector.json", "/States/p"),
	SCHEMA("statelint--fail-with-static-and-dynamic-cause.json", "/States/FailState"),
	SCHEMA("statelint--invalid-backoff-with-jitter-on-retry.json",
	    "/States/p/Retry[0]/MaxDelaySeconds"),
	{ "statelint--linked-parallel.json", "MISSING_TRANSITION_TARGET",
	    "/States/A/Branches[0]/States/Sub1_1/Next" },
	{ "statelint--linked-parallel.json", "MISSING_TRANSITION_TARGET",
	    "/States/X/Choices[0]/Next" },
	{ "statelint--linked-parallel.json", "MISSING_TRANSITION_TARGET", "/States/X/Default" },
	SCHEMA("statelint--map-with-null-itemspath.json", "/States/m/ItemsPath"),
	SCHEMA("statelint--map-with-parameters-and-itemselector.json", "/States/m"),
	{ "statelint--no-terminal.json", "MISSING_END_STATE", NULL },
	SCHEMA("statelint--parameter-path-problems.json", "/States/FNORD/Parameters"),
	SCHEMA("statelint--pass-with-intrinsic-function-inputpath.json", "/States/p/InputPath"),
	SCHEMA("statelint--pass-with-resultselector.json", "/States/p"),
	SCHEMA("statelint--states-array-invocation-leftpad.json", "/States/p/ResultSelector"),
	SCHEMA("statelint--succeed-with-resultpath.json", "/States/p"),
	SCHEMA("statelint--succeed-with-resultselector.json", "/States/p"),
	SCHEMA("statelint--task-with-static-and-dynamic-timeout.json", "/States/p"),
	SCHEMA("statelint--wait-with-resultselector.json", "/States/p"),
#undef SCHEMA
};

static bool
is_unbuilt(const struct diagnostic *d)
{
	static const char end[] = "not built yet";
	size_t n = strlen(d->message), m = strlen(end);

	return n >= m && strcmp(d->message + n - m, end) == 0;
}

/* The linters have no list of what the service can call. */
static bool
is_resource(const struct diagnostic *d)
{
	return strcmp(d->message, "Value is not a valid resource ARN") == 0 ||
	    strstr(d->message, " is not recognized. The value is not a valid resource ARN") != NULL;
}

static const char *
location_of(const struct diagnostic *d)
{
	return d->location != NULL ? d->location : "null";
}

/* All errors but those of Resource are told where the difference is known to be. */
static bool
is_different(const char *file, const struct diagnostics *d)
{
	const char *where = NULL;
	size_t i;

	for (i = 0; i < sizeof(differences) / sizeof(*differences); i++)
		if (strcmp(file, differences[i].file) == 0)
			where = differences[i].location;
	for (i = 0; where != NULL && i < d->n; i++)
		if (d->list[i].severity == DIAGNOSTIC_ERROR && !is_resource(&d->list[i]) &&
		    strcmp(location_of(&d->list[i]), where) != 0)
			return false;
	return where != NULL;
}

static bool
is_told(const struct fault *f, const struct diagnostics *d)
{
	const char *where = f->location != NULL ? f->location : "null";
	size_t i;

	for (i = 0; i < d->n; i++)
		if (strcmp(d->list[i].code, f->code) == 0 &&
		    strcmp(location_of(&d->list[i]), where) == 0)
			return true;
	return false;
}

/* How many of the errors are of that kind? */
static size_t
count_errors(const struct diagnostics *d, bool (*is)(const struct diagnostic *))
{
	size_t n = 0, i;

	for (i = 0; i < d->n; i++)
		n += d->list[i].severity == DIAGNOSTIC_ERROR && is(&d->list[i]);
	return n;
}

enum verdict { RIGHT, NOT_YET, OF_RESOURCE, DIFFERENT, WRONG, NVERDICTS };
static const char *const verdicts[NVERDICTS] = { "right", "not built yet", "only of its Resource",
	"known difference", "WRONG" };

static enum verdict
judge_valid(const char *file, const struct diagnostics *d)
{
	if (d->nerrors == 0)
		return RIGHT;
	if (count_errors(d, is_unbuilt) == d->nerrors)
		return NOT_YET;
	if (count_errors(d, is_resource) == d->nerrors)
		return OF_RESOURCE;
	return is_different(file, d) ? DIFFERENT : WRONG;
}

static enum verdict
judge_invalid(const char *file, const struct diagnostics *d)
{
	bool known = false;
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		if (strcmp(file, faults[i].file) != 0)
			continue;
		if (!is_told(&faults[i], d))
			return WRONG;
		known = true;
	}
	if (known)
		return RIGHT;
	if (d->nerrors == 0)
		return WRONG;
	if (count_errors(d, is_unbuilt) == d->nerrors)
		return NOT_YET;
	return count_errors(d, is_resource) == d->nerrors ? OF_RESOURCE : RIGHT;
}

static enum verdict
check_file(const char *folder, const char *file, bool valid)
{
	char *path = xasprintf("%s/%s/%s", corpus, folder, file);
	struct diagnostics d;
	enum verdict verdict;
	size_t len, i;
	char *text = read_file(path, &len);

	diagnostics_init(&d);
	machine_unref(machine_compile(text, len, MACHINE_STANDARD, &d));
	verdict = valid ? judge_valid(file, &d) : judge_invalid(file, &d);
	for (i = 0; i < d.n; i++)
		if (d.list[i].severity == DIAGNOSTIC_ERROR && (!valid || verdict != RIGHT))
			print_message("%s/%s: %s: %s at %s: %s\n", folder, file, verdicts[verdict],
			    d.list[i].code, location_of(&d.list[i]), d.list[i].message);
	if (verdict == WRONG && d.nerrors == 0)
		print_message("%s/%s: %s: accepted\n", folder, file, verdicts[verdict]);
	diagnostics_fini(&d);
	free(text);
	free(path);
	return verdict;
}

/* How many files are wrong? */
static size_t
check_folder(const char *name, bool valid)
{
	char *folder = xasprintf("%s/%s", corpus, name);
	struct dirent **list;
	int n = scandir(folder, &list, NULL, alphasort), i;
	size_t counts[NVERDICTS] = { 0 };

	assert_true(n > 2);
	for (i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.')
			counts[check_file(name, list[i]->d_name, valid)]++;
		free(list[i]);
	}
	for (i = 0; i < NVERDICTS; i++)
		print_message("%s: %zu %s\n", name, counts[i], verdicts[i]);
	free(list);
	free(folder);
	return counts[WRONG];
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
