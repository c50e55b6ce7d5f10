/*
 * id - identifiers: uuids and ARNs.
 */
#include "base/id.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* A uuid of version 4 or 7: sets its version and its variant. */
static void
mark(struct uuid *u, unsigned version)
{
	u->b[6] = (uint8_t)((u->b[6] & 0x0f) | version << 4);
	u->b[8] = (uint8_t)((u->b[8] & 0x3f) | 0x80);
}

static void
put_be(uint8_t *to, uint64_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
}

static void
fill_random(void *p, size_t n)
{
	/* up to 256 bytes come whole once the kernel's source is ready */
	while (getrandom(p, n, 0) != (ssize_t)n) {
		if (errno != EINTR) {
			perror("pawl: getrandom");
			abort();
		}
	}
}

/*
 * Random words are drawn from the kernel some at a time: a system call for each
 * identifier would cost more than all the rest of making one.
 */
static uint64_t pool[32];
static size_t pool_left;

/* A child that kept our words would make the ids that we make. */
static void
forget_pool(void)
{
	pool_left = 0;
}

uint64_t
id_random64(void)
{
	static bool watched;

	if (!watched) {
		pthread_atfork(NULL, NULL, forget_pool);
		watched = true;
	}
	if (pool_left == 0) {
		fill_random(pool, sizeof(pool));
		pool_left = sizeof(pool) / sizeof(pool[0]);
	}
	return pool[--pool_left];
}

/*
 * The 12 bits after the version and 14 more after the variant are a counter: it starts
 * at a random place in its lower half with every new millisecond and grows by one. When
 * it is used up, or the clock went back, time is taken to stand at the last (or the
 * next) millisecond, so that ids of this process never fall.
 */
struct uuid
uuid_v7(int64_t wall_ms)
{
	static int64_t last_ms = -1;
	static uint32_t counter;
	uint64_t random = id_random64();
	struct uuid u;

	if (wall_ms > last_ms) {
		last_ms = wall_ms;
		counter = (uint32_t)(random >> 48) & 0xffff;
	} else if (++counter >> 26 != 0) {
		last_ms++;
		counter = 0;
	}
	put_be(u.b, (uint64_t)last_ms, 6);
	put_be(u.b + 6, counter >> 14, 2);
	put_be(u.b + 8, (uint64_t)(counter & 0x3fff) << 48 | (random & 0xffffffffffff), 8);
	mark(&u, 7);
	return u;
}

struct uuid
uuid_v4_by_time(int64_t wall_ms)
{
	struct uuid u = uuid_v7(wall_ms);

	mark(&u, 4);
	return u;
}

struct uuid
uuid_v4(void)
{
	uint64_t hi = id_random64();

	return uuid_v4_from(hi, id_random64());
}

struct uuid
uuid_v4_from(uint64_t hi, uint64_t lo)
{
	struct uuid u;

	put_be(u.b, hi, 8);
	put_be(u.b + 8, lo, 8);
	mark(&u, 4);
	return u;
}

static bool
dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

void
uuid_format(const struct uuid *u, char out[UUID_TEXT_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < sizeof(u->b); i++) {
		if (dash_at(at))
			out[at++] = '-';
		out[at++] = hex[u->b[i] >> 4];
		out[at++] = hex[u->b[i] & 15];
	}
	out[at] = '\0';
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
uuid_parse(const char *s, size_t len, struct uuid *out)
{
	size_t at = 0;

	if (len != UUID_TEXT_SIZE - 1)
		return -1;
	for (size_t i = 0; i < sizeof(out->b); i++) {
		int hi, lo;

		if (dash_at(at) && s[at++] != '-')
			return -1;
		hi = hex_value(s[at++]);
		lo = hex_value(s[at++]);
		if (hi < 0 || lo < 0)
			return -1;
		out->b[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

bool
uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

int
arn_parse(const char *s, size_t len, struct arn *out)
{
	struct arn_part *parts[] = { &out->partition, &out->service, &out->region, &out->account };
	const char *end = s + len;

	if (len < 4 || memcmp(s, "arn:", 4) != 0)
		return -1;
	s += 4;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *colon = memchr(s, ':', (size_t)(end - s));

		if (colon == NULL)
			return -1;
		*parts[i] = (struct arn_part){ s, (size_t)(colon - s) };
		s = colon + 1;
	}
	out->resource = (struct arn_part){ s, (size_t)(end - s) };
	return 0;
}

bool
arn_part_is(const struct arn_part *p, const char *s)
{
	return strlen(s) == p->len && memcmp(p->s, s, p->len) == 0;
}
