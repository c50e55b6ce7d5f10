/*
 * choices - fuzz inputs as a sequence of choices, for targets that build what they try.
 */
#ifndef PAWL_FUZZ_CHOICES_H
#define PAWL_FUZZ_CHOICES_H

#include <stddef.h>
#include <stdint.h>

/* The input, taken byte by byte; zeros after its end. */
struct choices {
	const uint8_t *at;
	size_t left;
	int made; /* so much so far, for a target that bounds what it makes */
};

static inline unsigned
choose(struct choices *c, unsigned n)
{
	if (c->left == 0)
		return 0;
	c->left--;
	return *c->at++ % n;
}

static inline const char *
pick(struct choices *c, const char *const *list, unsigned n)
{
	return list[choose(c, n)];
}
#define PICK(c, list) pick(c, list, sizeof(list) / sizeof((list)[0]))

#endif
