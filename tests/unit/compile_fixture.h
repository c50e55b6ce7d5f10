/*
 * compile_fixture - definitions for the tests of the compiler, and what is said about them.
 *
 * A backquote in a definition stands for a double quote.
 */
#ifndef PAWL_TESTS_COMPILE_FIXTURE_H
#define PAWL_TESTS_COMPILE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "asl/compile.h"
#include "base/xalloc.h"

#define S "SCHEMA_VALIDATION_FAILED: "
#define UNUSED __attribute__((unused))

UNUSED static struct machine *
compile_as(const char *text, enum machine_type type, struct diagnostics *d)
{
	char *json = xstrdup(text), *c;
	struct machine *m;

	for (c = json; *c != '\0'; c++)
		if (*c == '`')
			*c = '"';
	diagnostics_init(d);
	m = machine_compile(json, strlen(json), type, d);
	free(json);
	assert_int_equal(m != NULL, d->nerrors == 0);
	return m;
}

/* Compiles, prints what is wrong when there is something. */
UNUSED static struct machine *
compile(const char *text)
{
	struct diagnostics d;
	struct machine *m = compile_as(text, MACHINE_STANDARD, &d);
	size_t i;

	for (i = 0; m == NULL && i < d.n; i++)
		print_error("%s at %s\n", d.list[i].message, d.list[i].location);
	assert_non_null(m);
	diagnostics_fini(&d);
	return m;
}

/* "CODE: message at location, CODE: ..." of one severity; yours. */
UNUSED static char *
told(const struct diagnostics *d, enum diagnostic_severity severity)
{
	struct buf b;
	size_t i;

	buf_init(&b, BUF_UNLIMITED);
	for (i = 0; i < d->n; i++) {
		const struct diagnostic *one = &d->list[i];

		if (one->severity == severity)
			buf_addf(&b, "%s%s: %s at %s", b.len > 0 ? ", " : "", one->code,
			    one->message, one->location != NULL ? one->location : "null");
	}
	return buf_steal(&b, NULL);
}

/* sentence: what is told of that severity; NULL = nothing. */
UNUSED static void
expect_told(const char *text, enum machine_type type, enum diagnostic_severity severity,
    const char *sentence)
{
	struct diagnostics d;
	struct machine *m = compile_as(text, type, &d);
	char *got = told(&d, severity);

	if (sentence == NULL)
		sentence = "";
	if (strcmp(got, sentence) != 0)
		print_error("%s\ntold: %s\nwant: %s\n", text, got, sentence);
	assert_string_equal(got, sentence);
	free(got);
	machine_unref(m);
	diagnostics_fini(&d);
}

UNUSED static void
refuse_as(const char *text, enum machine_type type, const char *sentence)
{
	expect_told(text, type, DIAGNOSTIC_ERROR, sentence);
}

/* The definition's errors. */
UNUSED static void
refuse(const char *text, const char *sentence)
{
	refuse_as(text, MACHINE_STANDARD, sentence);
}

/* A machine of one state X with these fields, and S for it to go to. */
UNUSED static char *
state_x(const char *fields)
{
	return xasprintf("{\"StartAt\":\"X\",\"States\":{\"X\":{%s},\"S\":{\"Type\":\"Succeed\"}}}",
	    fields);
}

/* A machine of state X alone. */
UNUSED static char *
only_x(const char *fields)
{
	return xasprintf("{\"StartAt\":\"X\",\"States\":{\"X\":{%s}}}", fields);
}

UNUSED static void
refuse_x(const char *fields, const char *sentence)
{
	char *text = only_x(fields);

	refuse(text, sentence);
	free(text);
}

/* Fields of state X, and what is told about them; NULL = nothing. */
struct fields_case {
	const char *fields, *sentence;
};

/* head: what all cases begin with. */
UNUSED static void
check_fields(const char *head, const struct fields_case *cases, size_t n, enum machine_type type,
    enum diagnostic_severity severity)
{
	size_t i;

	for (i = 0; i < n; i++) {
		char *fields = xasprintf("%s%s", head, cases[i].fields), *text = only_x(fields);

		expect_told(text, type, severity, cases[i].sentence);
		free(text);
		free(fields);
	}
}

#define CASES(cases) (cases), sizeof(cases) / sizeof(*(cases))
#define CHECK(head, cases) check_fields(head, CASES(cases), MACHINE_STANDARD, DIAGNOSTIC_ERROR)
#define CHECK_WARNINGS(head, cases) \
	check_fields(head, CASES(cases), MACHINE_STANDARD, DIAGNOSTIC_WARNING)

#endif
