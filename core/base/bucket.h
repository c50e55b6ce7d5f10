/*
 * bucket - a token bucket: so many at once, so many a second.
 */
#ifndef PAWL_BASE_BUCKET_H
#define PAWL_BASE_BUCKET_H

#include <stdint.h>

struct bucket_rule {
	double size, per_ms; /* size 0: there is no bucket */
};

struct bucket {
	double tokens; /* less than 0: what was taken before it was there */
	int64_t at_ms; /* when it had so many; monotonic */
};

struct bucket bucket_full(const struct bucket_rule *r);
/* How many tokens it has by now. */
double bucket_fill(struct bucket *b, const struct bucket_rule *r);
/* How long until it has one: milliseconds, at least 1 when it has none. As it was filled last. */
int64_t bucket_wait_ms(const struct bucket *b, const struct bucket_rule *r);

#endif
