/*
 * param - parameters and results of queries in PostgreSQL's binary form.
 *
 * An array is: dimensions (1), "may have nulls" (1), the element type's oid, count,
 * lower bound (1), then for each element its length (-1 = null) and bytes. The
 * first five are 32 bits each; count is patched as elements come. All big-endian.
 */
#include "store/param.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#define ARRAY_HEAD 20
#define ARRAY_COUNT_AT 12
#define ARRAY_EMPTY_HEAD 12

static const uint32_t type_oids[] = {
	[PARAM_I16] = 21,
	[PARAM_I32] = 23,
	[PARAM_I64] = 20,
	[PARAM_BOOL] = 16,
	[PARAM_UUID] = 2950,
	[PARAM_TEXT] = 25,
};

static void
put32(char *at, uint32_t v)
{
	v = htobe32(v);
	memcpy(at, &v, sizeof v);
}

void
param_array_init(struct param_array *a)
{
	buf_init(&a->b, BUF_UNLIMITED);
	a->n = 0;
}

void
param_array_fini(struct param_array *a)
{
	buf_fini(&a->b);
}

void
param_array_begin(struct param_array *a, enum param_type type)
{
	char *head;

	buf_reset(&a->b);
	a->n = 0;
	head = buf_reserve(&a->b, ARRAY_HEAD);
	put32(head, 0);
	put32(head + 4, 1);
	put32(head + 8, type_oids[type]);
	put32(head + 12, 0);
	put32(head + 16, 1);
	buf_advance(&a->b, ARRAY_HEAD);
}

static void
array_add(struct param_array *a, const void *p, size_t len)
{
	char *at = buf_reserve(&a->b, len + 4);

	assert(len <= INT32_MAX);
	put32(at, (uint32_t)len);
	if (len > 0)
		memcpy(at + 4, p, len);
	buf_advance(&a->b, len + 4);
	a->n++;
	put32(a->b.data, 1);
	put32(a->b.data + ARRAY_COUNT_AT, (uint32_t)a->n);
}

void
param_array_i16(struct param_array *a, int16_t v)
{
	uint16_t be = htobe16((uint16_t)v);

	array_add(a, &be, sizeof be);
}

void
param_array_i32(struct param_array *a, int32_t v)
{
	uint32_t be = htobe32((uint32_t)v);

	array_add(a, &be, sizeof be);
}

void
param_array_i64(struct param_array *a, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);

	array_add(a, &be, sizeof be);
}

void
param_array_bool(struct param_array *a, bool v)
{
	char byte = v ? 1 : 0;

	array_add(a, &byte, 1);
}

void
param_array_uuid(struct param_array *a, const struct uuid *v)
{
	array_add(a, v->b, sizeof v->b);
}

void
param_array_text(struct param_array *a, const char *s, size_t len)
{
	array_add(a, s, len);
}

/* Length of the UTF-8 character at s, 0 when there is none (overlong forms and surrogates are none). */
static size_t
utf8_length(const unsigned char *s)
{
	unsigned char c = s[0], low = 0x80, high = 0xbf;
	size_t n;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static bool
utf8_valid(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	while (*p != '\0') {
		size_t n = utf8_length(p);

		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

/* One bad byte would fail the whole batch, and again after every reload. */
void
param_array_words(struct param_array *a, const char *s)
{
	struct buf clean;

	if (s == NULL) {
		param_array_null(a);
		return;
	}
	if (utf8_valid(s)) {
		array_add(a, s, strlen(s));
		return;
	}
	buf_init(&clean, BUF_UNLIMITED);
	while (*s != '\0') {
		size_t n = utf8_length((const unsigned char *)s);

		if (n > 0)
			buf_add(&clean, s, n);
		else
			buf_adds(&clean, "\xef\xbf\xbd");
		s += n > 0 ? n : 1;
	}
	array_add(a, clean.data, clean.len);
	buf_fini(&clean);
}

void
param_array_null(struct param_array *a)
{
	array_add(a, NULL, 0);
	put32(a->b.data + a->b.len - 4, UINT32_MAX);
}

void
params_init(struct params *p)
{
	p->n = 0;
	buf_init(&p->own_, BUF_UNLIMITED);
}

void
params_fini(struct params *p)
{
	buf_fini(&p->own_);
	p->n = 0;
}

void
params_reset(struct params *p)
{
	p->n = 0;
	buf_reset(&p->own_);
}

static void
params_add(struct params *p, const void *v, size_t len)
{
	assert(p->n < PARAMS_MAX && len <= INT32_MAX);
	p->array_[p->n] = NULL;
	p->len_[p->n] = (int)len;
	p->offset_[p->n] = p->own_.len;
	p->n++;
	buf_add(&p->own_, v, len);
}

void
params_i16(struct params *p, int16_t v)
{
	uint16_t be = htobe16((uint16_t)v);

	params_add(p, &be, sizeof be);
}

void
params_i32(struct params *p, int32_t v)
{
	uint32_t be = htobe32((uint32_t)v);

	params_add(p, &be, sizeof be);
}

void
params_i64(struct params *p, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);

	params_add(p, &be, sizeof be);
}

void
params_bool(struct params *p, bool v)
{
	params_add(p, v ? "\1" : "\0", 1);
}

void
params_uuid(struct params *p, const struct uuid *v)
{
	params_add(p, v->b, sizeof v->b);
}

void
params_text(struct params *p, const char *s, size_t len)
{
	params_add(p, s, len);
}

void
params_str(struct params *p, const char *s)
{
	if (s != NULL)
		params_add(p, s, strlen(s));
	else
		params_null(p);
}

void
params_null(struct params *p)
{
	params_add(p, "", 0);
	p->len_[p->n - 1] = -1;
}

void
params_array(struct params *p, struct param_array *a)
{
	assert(p->n < PARAMS_MAX);
	p->len_[p->n] = 0;
	p->array_[p->n++] = a;
}

/* An empty array has no dimensions, and ends after the element type. */
static size_t
array_len(const struct param_array *a)
{
	return a->n > 0 ? a->b.len : ARRAY_EMPTY_HEAD;
}

void
params_array_copy(struct params *p, const struct param_array *a)
{
	params_add(p, a->b.data, array_len(a));
}

void
params_values(const struct params *p, const char *values[PARAMS_MAX], int lengths[PARAMS_MAX],
    int formats[PARAMS_MAX])
{
	for (int i = 0; i < p->n; i++) {
		const struct param_array *a = p->array_[i];

		formats[i] = 1;
		if (a != NULL) {
			assert(a->b.len <= INT32_MAX);
			values[i] = a->b.data;
			lengths[i] = (int)array_len(a);
		} else if (p->len_[i] < 0) {
			values[i] = NULL;
			lengths[i] = 0;
		} else {
			values[i] = buf_text(&p->own_) + p->offset_[i];
			lengths[i] = p->len_[i];
		}
	}
}

static const void *
result_field(const PGresult *r, int row, int col, int len)
{
	assert(!PQgetisnull(r, row, col) && PQgetlength(r, row, col) == len);
	(void)len;
	return PQgetvalue(r, row, col);
}

bool
result_null(const PGresult *r, int row, int col)
{
	return PQgetisnull(r, row, col) != 0;
}

int16_t
result_i16(const PGresult *r, int row, int col)
{
	uint16_t be;

	memcpy(&be, result_field(r, row, col, sizeof be), sizeof be);
	return (int16_t)be16toh(be);
}

int32_t
result_i32(const PGresult *r, int row, int col)
{
	uint32_t be;

	memcpy(&be, result_field(r, row, col, sizeof be), sizeof be);
	return (int32_t)be32toh(be);
}

int64_t
result_i64(const PGresult *r, int row, int col)
{
	uint64_t be;

	memcpy(&be, result_field(r, row, col, sizeof be), sizeof be);
	return (int64_t)be64toh(be);
}

int64_t
result_i64_or_zero(const PGresult *r, int row, int col)
{
	return result_null(r, row, col) ? 0 : result_i64(r, row, col);
}

bool
result_bool(const PGresult *r, int row, int col)
{
	return *(const char *)result_field(r, row, col, 1) != 0;
}

struct uuid
result_uuid(const PGresult *r, int row, int col)
{
	struct uuid u;

	memcpy(u.b, result_field(r, row, col, sizeof u.b), sizeof u.b);
	return u;
}

const char *
result_text(const PGresult *r, int row, int col, size_t *len)
{
	if (len != NULL)
		*len = (size_t)PQgetlength(r, row, col);
	return PQgetisnull(r, row, col) ? NULL : PQgetvalue(r, row, col);
}
