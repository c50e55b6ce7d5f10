/*
 * similar - the word among candidates that a misspelt one may have meant.
 *
 *	struct similar s;
 *	similar_init(&s, word, len);
 *	... similar_offer(&s, candidate, candidate_len) for each ...
 *	if (similar_best(&s) != NULL) ...
 *
 * Capitals do not count, neighbours that changed places count as one mistake. Nothing is
 * proposed unless it is clearly close, nor when two candidates are equally close.
 */
#ifndef PAWL_BASE_SIMILAR_H
#define PAWL_BASE_SIMILAR_H

#include <stdbool.h>
#include <stddef.h>

#define SIMILAR_LEN_MAX 128 /* bytes; for longer words there is no proposal */
#define SIMILAR_MISTAKES_MAX 3

struct similar {
	const char *word;
	size_t len;
	unsigned limit; /* mistakes that still count as close */
	bool tied;
	bool found;
	char best[SIMILAR_LEN_MAX + SIMILAR_MISTAKES_MAX + 1];
};

/* Keeps word, which has to stay where it is until the last offer. */
void similar_init(struct similar *s, const char *word, size_t len);
void similar_offer(struct similar *s, const char *candidate, size_t len);
/* Good as long as s; NULL = none. */
const char *similar_best(const struct similar *s);

#endif
