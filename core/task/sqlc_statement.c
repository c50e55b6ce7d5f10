/*
 * sqlc_statement - tells from its first words what a statement would do to the transaction or the connection
 * it runs in.
 *
 * PostgreSQL refuses the rest itself: several statements in one text, what cannot run in a transaction.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "task/sqlc.h"
#include "task/sqlc_parts.h"

/* Behind a comment that nests; at the end of the text when it is never closed. */
static const char *
skip_comment(const char *s)
{
	int depth = 0;

	for (; *s != '\0'; s++) {
		if (s[0] == '/' && s[1] == '*') {
			depth++;
			s++;
		} else if (s[0] == '*' && s[1] == '/') {
			s++;
			if (--depth == 0)
				return s + 1;
		}
	}
	return s;
}

/* To the next word: behind blanks, comments and the semicolons of empty statements. */
static const char *
skip_blanks(const char *s)
{
	for (;;) {
		s += strspn(s, " \t\n\r\f\v;");
		if (s[0] == '-' && s[1] == '-')
			s += strcspn(s, "\n\r");
		else if (s[0] == '/' && s[1] == '*')
			s = skip_comment(s);
		else
			return s;
	}
}

static size_t
word_length(const char *s)
{
	size_t n = 0;

	while (isalpha((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

static bool
word_is(const char *s, const char *word)
{
	return word_length(s) == strlen(word) && strncasecmp(s, word, strlen(word)) == 0;
}

static bool
word_among(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (word_is(s, *words))
			return true;
	return false;
}

bool
statement_sets_transaction(const char *sql)
{
	const char *first = skip_blanks(sql);

	return word_is(first, "set") &&
	    word_is(skip_blanks(first + word_length(first)), "transaction");
}

const char *
sqlc_refuses(const char *sql)
{
	static const char *const ends[] = { "begin", "start", "commit", "end", "rollback", "abort",
		"savepoint", "release", NULL };
	static const char *const stays[] = { "reset", "discard", "prepare", "deallocate", "listen",
		"unlisten", "load", NULL };
	static const char *const local[] = { "local", "transaction", "constraints", NULL };
	const char *first = skip_blanks(sql);
	const char *second = skip_blanks(first + word_length(first));

	if (word_is(first, "copy"))
		return "COPY is not possible here; use INSERT, or SELECT";
	if (word_among(first, ends) ||
	    (word_is(first, "prepare") && word_is(second, "transaction")))
		return "statements run in one transaction, which pawld begins and ends; leave out BEGIN, "
		       "COMMIT, ROLLBACK, SAVEPOINT and the like";
	if (word_among(first, stays))
		return "the connection is used by others afterwards, so nothing may be changed that stays "
		       "with it";
	if (word_is(first, "set") && !word_among(second, local))
		return "the connection is used by others afterwards, so SET would change it for them; "
		       "write SET LOCAL";
	return NULL;
}
