/*
 * id - identifiers: uuids and ARNs.
 */
#ifndef PAWL_BASE_ID_H
#define PAWL_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uuid {
	uint8_t b[16];
};

#define UUID_TEXT_SIZE 37

/* Time-ordered (RFC 9562 version 7): 48 bits of wall_ms, a counter that grows within the millisecond, random bits. */
struct uuid uuid_v7(int64_t wall_ms);
/* The same bits under the mark of version 4, for who expects that: as keys of an index they come in one after the other. */
struct uuid uuid_v4_by_time(int64_t wall_ms);
/* Version 4 from the kernel's random source. */
struct uuid uuid_v4(void);
/* Version 4 from given bits: the same bits, the same uuid (the pure layers use this). */
struct uuid uuid_v4_from(uint64_t hi, uint64_t lo);
void uuid_format(const struct uuid *u, char out[UUID_TEXT_SIZE]);
/* 0, or -1 if the text is not a uuid of 36 characters. */
int uuid_parse(const char *s, size_t len, struct uuid *out);
bool uuid_equal(const struct uuid *a, const struct uuid *b);
uint64_t id_random64(void); /* from the kernel's random source */

/*
 * An ARN, split: arn:partition:service:region:account:resource. The parts point
 * into the text given. resource is everything after the fifth colon.
 */
struct arn_part {
	const char *s;
	size_t len;
};
struct arn {
	struct arn_part partition, service, region, account, resource;
};
/* 0, or -1 if the text does not begin with "arn:" or has fewer than six parts. */
int arn_parse(const char *s, size_t len, struct arn *out);
bool arn_part_is(const struct arn_part *p, const char *s);

#endif
