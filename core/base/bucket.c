/*
 * bucket - a token bucket: so many at once, so many a second.
 */
#include "base/bucket.h"

#include "base/clock.h"

#define WAIT_MAX_MS 3600000.0

struct bucket
bucket_full(const struct bucket_rule *r)
{
	return (struct bucket){ .tokens = r->size, .at_ms = clock_mono_ms() };
}

double
bucket_fill(struct bucket *b, const struct bucket_rule *r)
{
	int64_t now = clock_mono_ms();

	b->tokens += (double)(now - b->at_ms) * r->per_ms;
	if (b->tokens > r->size)
		b->tokens = r->size;
	b->at_ms = now;
	return b->tokens;
}

int64_t
bucket_wait_ms(const struct bucket *b, const struct bucket_rule *r)
{
	double ms = b->tokens < 1 ? (1 - b->tokens) / r->per_ms : -1;

	return (int64_t)(ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS) + 1;
}
