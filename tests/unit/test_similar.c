/*
 * test_similar - what is close enough to be proposed, and what is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/similar.h"

/* The proposal for word among the candidates, which a NULL ends; a copy of it, "" for none. */
static const char *
proposal(const char *word, const char *const *candidates)
{
	static char copy[SIMILAR_LEN_MAX + SIMILAR_MISTAKES_MAX + 1];
	struct similar s;

	similar_init(&s, word, strlen(word));
	for (; *candidates != NULL; candidates++)
		similar_offer(&s, *candidates, strlen(*candidates));
	strcpy(copy, similar_best(&s) != NULL ? similar_best(&s) : "");
	return copy;
}

#define PROPOSAL(word, ...) proposal(word, (const char *const[]){ __VA_ARGS__, NULL })

static void
a_letter_too_much_too_few_or_another_is_close(void **state)
{
	(void)state;
	assert_string_equal(PROPOSAL("Nextt", "End", "Next", "Type"), "Next");
	assert_string_equal(PROPOSAL("Nxt", "End", "Next", "Type"), "Next");
	assert_string_equal(PROPOSAL("Mext", "End", "Next", "Type"), "Next");
	assert_string_equal(PROPOSAL("ResultSelektor", "ResultPath", "ResultSelector"),
	    "ResultSelector");
	assert_string_equal(PROPOSAL("HeartBeatSeconsd", "TimeoutSeconds", "HeartbeatSeconds"),
	    "HeartbeatSeconds");
}

static void
neighbours_that_changed_places_are_one_mistake(void **state)
{
	(void)state;
	assert_string_equal(PROPOSAL("Pya", "Pay", "Post"), "Pay");
	assert_string_equal(PROPOSAL("aPy", "Pay"), "Pay");
	assert_string_equal(PROPOSAL("Retyr", "Retry"), "Retry");
	/* but not letters that are further apart */
	assert_string_equal(PROPOSAL("yaP", "Pay"), "");
}

static void
capitals_do_not_count(void **state)
{
	(void)state;
	assert_string_equal(PROPOSAL("startat", "States", "StartAt"), "StartAt");
	assert_string_equal(PROPOSAL("OK", "Ok"), "Ok");
	/* a word that differs by capitals alone comes before one that differs by letters */
	assert_string_equal(PROPOSAL("state", "State1", "slate", "STATE", "State2"), "STATE");
}

static void
what_is_far_is_not_proposed(void **state)
{
	(void)state;
	assert_string_equal(PROPOSAL("Foo", "Bar", "Next"), "");
	assert_string_equal(PROPOSAL("A", "B", ""), "");
	assert_string_equal(PROPOSAL("", "", "B"), "");
	assert_string_equal(PROPOSAL("AB", "AC"), "");
	assert_string_equal(PROPOSAL("Enter", "Exit", "Entry2"), "");
	assert_string_equal(PROPOSAL("Completely", "Completion"), "Completion");
	assert_string_equal(PROPOSAL("Completely", "Competition"), "");
}

static void
of_two_that_are_equally_close_none_is_proposed(void **state)
{
	(void)state;
	assert_string_equal(PROPOSAL("Step9", "Step1", "Step2", "Step3"), "");
	assert_string_equal(PROPOSAL("Step9", "Step1", "Step2", "Step1"), "");
	assert_string_equal(PROPOSAL("Step9", "Step1", "Step1"), "Step1");
	/* a closer one ends the tie */
	assert_string_equal(PROPOSAL("Checkout", "Checkoff", "Checkoxx", "Checkouts"), "Checkouts");
	assert_string_equal(PROPOSAL("Checkout", "Checkouts", "Checkoff", "Checkoxx"), "Checkouts");
}

static void
long_words_have_no_proposal(void **state)
{
	char word[SIMILAR_LEN_MAX + 2], candidate[SIMILAR_LEN_MAX + 5];

	(void)state;
	memset(word, 'x', sizeof(word));
	memset(candidate, 'x', sizeof(candidate));
	word[SIMILAR_LEN_MAX] = '\0';
	candidate[SIMILAR_LEN_MAX + SIMILAR_MISTAKES_MAX] = '\0';
	assert_string_equal(PROPOSAL(word, candidate), candidate);
	word[SIMILAR_LEN_MAX] = 'x';
	word[SIMILAR_LEN_MAX + 1] = '\0';
	assert_string_equal(PROPOSAL(word, candidate), "");
}

/* The whole table, without the shortcuts of the module. */
static unsigned
distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned d[8][8] = { { 0 } };
	size_t i, j;

	for (i = 0; i <= n; i++) {
		for (j = 0; j <= m; j++) {
			unsigned least = (unsigned)(i > j ? i : j);

			if (i > 0 && j > 0) {
				least = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
				if (d[i - 1][j] + 1 < least)
					least = d[i - 1][j] + 1;
				if (d[i][j - 1] + 1 < least)
					least = d[i][j - 1] + 1;
			}
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < least)
				least = d[i - 2][j - 2] + 1;
			d[i][j] = least;
		}
	}
	return d[n][m];
}

/* The number as a word of the letters a and b; its length. */
static size_t
spell(unsigned number, size_t len, char *out)
{
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = (char)('a' + (number >> i & 1));
	out[len] = '\0';
	return len;
}

static void
every_pair_of_short_words_is_judged_as_the_whole_table_does(void **state)
{
	char a[8], b[8];
	size_t n, m;
	unsigned x, y;

	(void)state;
	for (n = 1; n <= 7; n++)
		for (m = 1; m <= 7; m++)
			for (x = 0; x < 1u << n; x++)
				for (y = 0; y < 1u << m; y++) {
					unsigned limit = n < 3 ? 0 : n < 6 ? 1 : 2;
					bool close =
					    distance(a, spell(x, n, a), b, spell(y, m, b)) <= limit;

					assert_string_equal(PROPOSAL(a, b), close ? b : "");
				}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_too_much_too_few_or_another_is_close),
		cmocka_unit_test(neighbours_that_changed_places_are_one_mistake),
		cmocka_unit_test(capitals_do_not_count),
		cmocka_unit_test(what_is_far_is_not_proposed),
		cmocka_unit_test(of_two_that_are_equally_close_none_is_proposed),
		cmocka_unit_test(long_words_have_no_proposal),
		cmocka_unit_test(every_pair_of_short_words_is_judged_as_the_whole_table_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
