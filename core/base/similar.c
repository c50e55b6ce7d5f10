/*
 * similar - the word among candidates that a misspelt one may have meant.
 */
#include "base/similar.h"

#include <assert.h>
#include <string.h>

#define ROW_MAX (SIMILAR_LEN_MAX + SIMILAR_MISTAKES_MAX + 1)

void
similar_init(struct similar *s, const char *word, size_t len)
{
	*s = (struct similar){ .word = word, .len = len };
	/* one mistake in a word of three letters, three in one of ten */
	s->limit = len < 3 ? 0 : len < 6 ? 1 : len < 10 ? 2 : SIMILAR_MISTAKES_MAX;
}

/* Locale has no say in what a definition means. */
static unsigned char
fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * Mistakes between a and b, or limit + 1 when there are more: letters left out, added,
 * changed, or neighbours that changed places. Row i of the table has the mistakes between
 * the first i letters of a and each beginning of b; only cells near the diagonal can be
 * within the limit, so that is all that is computed.
 */
static unsigned
mistakes(const char *a, size_t a_len, const char *b, size_t b_len, unsigned limit)
{
	unsigned rows[3][ROW_MAX] = { { 0 } };
	unsigned *up2 = rows[0], *up = rows[1], *row = rows[2], *reused;
	size_t i, j;

	assert(a_len <= SIMILAR_LEN_MAX && b_len < ROW_MAX);
	for (j = 0; j <= b_len; j++)
		up[j] = (unsigned)j;
	for (i = 1; i <= a_len; i++) {
		size_t first = i > limit ? i - limit : 1;
		size_t last = i + limit < b_len ? i + limit : b_len;
		unsigned lowest = limit + 1;

		row[first - 1] = first == 1 ? (unsigned)i : limit + 1;
		for (j = first; j <= last; j++) {
			unsigned char x = fold(a[i - 1]), y = fold(b[j - 1]);
			unsigned n = up[j - 1] + (x != y);

			n = least(n, row[j - 1] + 1);
			if (j < i + limit) /* beyond it the row above has no cell */
				n = least(n, up[j] + 1);
			if (i > 1 && j > 1 && x == fold(b[j - 2]) && y == fold(a[i - 2]))
				n = least(n, up2[j - 2] + 1);
			row[j] = n;
			lowest = least(lowest, n);
		}
		if (lowest > limit)
			return limit + 1;
		reused = up2;
		up2 = up;
		up = row;
		row = reused;
	}
	return least(up[b_len], limit + 1);
}

void
similar_offer(struct similar *s, const char *candidate, size_t len)
{
	unsigned n;

	if (s->len == 0 || s->len > SIMILAR_LEN_MAX || len > s->len + s->limit ||
	    len + s->limit < s->len)
		return;
	n = mistakes(s->word, s->len, candidate, len, s->limit);
	if (n > s->limit)
		return;
	if (s->found && n == s->limit) {
		s->tied |= strlen(s->best) != len || memcmp(s->best, candidate, len) != 0;
		return;
	}
	/* from now on as many mistakes are a tie, more are too many */
	s->tied = false;
	s->limit = n;
	s->found = true;
	memcpy(s->best, candidate, len);
	s->best[len] = '\0';
}

const char *
similar_best(const struct similar *s)
{
	return s->found && !s->tied ? s->best : NULL;
}
