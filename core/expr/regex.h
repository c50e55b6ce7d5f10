/*
 * regex - regular expressions with a bound on what a match may cost.
 *
 * The syntax is the part that Java and ECMAScript share: alternation, groups
 * (capturing, non-capturing, named by position only), look-ahead, back-references,
 * classes with \d \w \s and their negations, . ^ $ \b \B, greedy and lazy * + ?
 * {n} {n,} {n,m}. Text is UTF-8 and matched by character; case is ignored in
 * ASCII only. A match that would take too many steps is given up.
 */
#ifndef PAWL_EXPR_REGEX_H
#define PAWL_EXPR_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define REGEX_GROUPS_MAX 32 /* group 0, the whole match, included */
#define REGEX_STEPS_MAX 1000000u

enum regex_flags {
	REGEX_IGNORE_CASE = 1,
	REGEX_MULTILINE = 2, /* ^ and $ at line ends too */
	REGEX_DOT_ALL = 4    /* . takes line ends too */
};

struct regex; /* immutable after compile */

/* NULL and e ("pawl.Regex") when the text is no regular expression. */
struct regex *regex_compile(const char *text, size_t len, int flags, struct err *e);
void regex_free(struct regex *r); /* NULL is fine */

struct regex_match {
	/* Byte offsets of each group; SIZE_MAX = the group took no part. */
	size_t start[REGEX_GROUPS_MAX], end[REGEX_GROUPS_MAX];
	size_t ngroups;
};
/*
 * Looks for the first match at or after from. 1 = found, 0 = none, -1 = given up: too many steps.
 */
int regex_search(const struct regex *r, const char *s, size_t len, size_t from,
    struct regex_match *m);
/* Does the expression take the whole text? As above; the steps that it took are taken from *steps. */
int regex_whole(const struct regex *r, const char *s, size_t len, unsigned *steps);

#endif
