/*
 * luasource - whether a text of Lua can be compiled in reasonable time, told without compiling it.
 *
 * Lua's compiler is fast but for two things that grow with a product: each name is looked for among all
 * local names of all functions around it, and each label is compared with the gotos and labels of its
 * function. A text of 300 KB can take ten seconds so, and nothing can stop the compiler. So
 * the words of a text are counted first, without regard to blocks: more than the compiler would meet.
 */
#include "expr/luasource.h"

#include <stdint.h>
#include <string.h>

#define COMPARISONS_MAX 10000000 /* some 15 ms */

struct scan {
	const char *s, *end;
	uint64_t names, locals, labels, gotos;
	bool declaring; /* behind local, for or function: names that follow are new */
};

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '_';
}

/* At a '[': the number of '=' when it opens a long bracket, else -1. */
static int
long_bracket(const struct scan *x)
{
	const char *s = x->s + 1;

	while (s < x->end && *s == '=')
		s++;
	return s < x->end && *s == '[' ? (int)(s - x->s - 1) : -1;
}

static void
skip_long(struct scan *x, int level)
{
	for (x->s += level + 2; x->s < x->end; x->s++) {
		const char *s = x->s + 1;

		if (*x->s != ']')
			continue;
		while (s < x->end && *s == '=')
			s++;
		if (s < x->end && *s == ']' && s - x->s - 1 == level) {
			x->s = s + 1;
			return;
		}
	}
}

static void
skip_quoted(struct scan *x)
{
	char quote = *x->s++;

	while (x->s < x->end && *x->s != quote && *x->s != '\n')
		x->s += *x->s == '\\' && x->s + 1 < x->end ? 2 : 1;
	x->s += x->s < x->end;
}

static void
skip_comment(struct scan *x)
{
	const char *line;
	int level;

	x->s += 2;
	if (x->s < x->end && *x->s == '[' && (level = long_bracket(x)) >= 0) {
		skip_long(x, level);
		return;
	}
	line = memchr(x->s, '\n', (size_t)(x->end - x->s));
	x->s = line != NULL ? line : x->end;
}

static bool
word_is(const char *word, size_t len, const char *what)
{
	return strlen(what) == len && memcmp(word, what, len) == 0;
}

static void
count_word(struct scan *x)
{
	const char *word = x->s;
	size_t len;

	while (x->s < x->end && is_word(*x->s))
		x->s++;
	len = (size_t)(x->s - word);
	if (word_is(word, len, "local") || word_is(word, len, "for") ||
	    word_is(word, len, "function")) {
		x->declaring = true;
		return;
	}
	x->names++;
	x->locals += x->declaring;
	x->gotos += word_is(word, len, "goto");
	if (word_is(word, len, "in"))
		x->declaring = false;
}

/* What may stand between new names: blanks, commas, the parenthesis of parameters, attributes. */
static void
count_sign(struct scan *x)
{
	char c = *x->s++;

	if (c == ':' && x->s < x->end && *x->s == ':') {
		x->s++;
		x->labels++; /* counts twice, in front and behind */
	}
	if (strchr(" \t\r\n\v\f,(<>.:", c) == NULL)
		x->declaring = false;
}

bool
luasource_is_cheap(const char *text, size_t len)
{
	struct scan x = { .s = text, .end = text + len };
	int level;

	while (x.s < x.end) {
		if (is_word(*x.s))
			count_word(&x);
		else if (*x.s == '"' || *x.s == '\'')
			skip_quoted(&x);
		else if (*x.s == '-' && x.s + 1 < x.end && x.s[1] == '-')
			skip_comment(&x);
		else if (*x.s == '[' && (level = long_bracket(&x)) >= 0)
			skip_long(&x, level);
		else
			count_sign(&x);
	}
	return x.names * x.locals <= COMPARISONS_MAX &&
	    x.labels * (x.labels + x.gotos) <= COMPARISONS_MAX;
}
