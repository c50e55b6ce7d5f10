/*
 * intrinsic_fn - the intrinsic functions themselves, on evaluated arguments.
 */
#include "expr/intrinsic_fn.h"

#include <assert.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/xalloc.h"
#include "expr/ident.h"
#include "expr/javatext.h"

#define RANGE_MAX 1000 /* elements that States.ArrayRange makes */
#define TEXT_MAX 10000 /* characters that Base64 and Hash take when AWS's limits are on */

static int
fn_fail(const struct intrinsic_call *c, const char *what, struct err *e)
{
	return err_set(e, "States.IntrinsicFailure", "States.%s: %s", c->name, what);
}

/* Numbers that are not whole are rounded, half of them up. False = beyond what the functions take. */
static bool
fn_integer(struct doc d, int64_t *out)
{
	double v;

	if (doc_i64(d, out))
		return *out >= INT32_MIN && *out <= INT32_MAX;
	if (!doc_f64(d, &v))
		return false;
	v = floor(v + 0.5);
	if (v < INT32_MIN || v > INT32_MAX)
		return false;
	*out = (int64_t)v;
	return true;
}

static int
fn_integer_arg(const struct intrinsic_call *c, size_t i, int64_t *out, struct err *e)
{
	if (fn_integer(c->args[i], out))
		return 0;
	return fn_fail(c, "an integer is out of range", e);
}

/* 0, or -1 and e when the text is longer than AWS takes. */
static int
fn_check_text(const struct intrinsic_call *c, const char *s, size_t len, struct err *e)
{
	if (c->aws_limits && ident_characters(s, len) > TEXT_MAX)
		return fn_fail(c, "the data has more than 10000 characters", e);
	return 0;
}

/* --- strings ------------------------------------------------------------------- */

/* Appends the template, and at each {} the next argument. False = there are too few or too many. */
static bool
format_fill(const struct intrinsic_call *c, const char *s, size_t len, struct buf *out)
{
	size_t next = 1, i;

	for (i = 0; i < len; i++) {
		if (s[i] == '\\' && c->literal != NULL && i + 1 < len) {
			buf_addc(out, s[++i]);
		} else if (s[i] == '{' && i + 1 < len && s[i + 1] == '}') {
			if (next >= c->n)
				return false;
			javatext_add(out, c->args[next++]);
			i++;
		} else {
			buf_addc(out, s[i]);
		}
	}
	return next == c->n;
}

static int
fn_format(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	struct buf scratch, text;
	const char *s = c->literal;
	size_t len = c->literal_len;
	int rc = 0;

	buf_init(&scratch, BUF_UNLIMITED);
	buf_init(&text, DOC_SIZE_MAX);
	if (s == NULL)
		s = doc_str(c->args[0], &scratch, &len);
	if (!format_fill(c, s, len, &text))
		rc = fn_fail(c, "the number of arguments does not match the occurrences of {}", e);
	else if (buf_failed(&text))
		rc = fn_fail(c, "the result is too large", e);
	else
		*out = doc_string(buf_text(&text), text.len);
	buf_fini(&text);
	buf_fini(&scratch);
	return rc;
}

static int
fn_string_to_json(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	struct buf scratch;
	const char *s;
	size_t len, blank;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(c->args[0], &scratch, &len);
	for (blank = 0; blank < len && strchr(" \t\r\n", s[blank]) != NULL && s[blank] != '\0';)
		blank++;
	if (blank == len)
		*out = doc_null();
	else if (len == 2 && memcmp(s, "-0", 2) == 0)
		*out = doc_int(0);
	else
		*out = doc_parse(s, len, NULL);
	buf_fini(&scratch);
	return doc_is_none(*out) ? fn_fail(c, "the string is not valid JSON", e) : 0;
}

static int
fn_json_to_string(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	size_t len;
	char *text;

	if (doc_size(c->args[0]) > DOC_SIZE_MAX / 2)
		return fn_fail(c, "the value is too large", e);
	text = doc_text(c->args[0], &len);
	*out = doc_string(text, len);
	free(text);
	return doc_is_none(*out) ? fn_fail(c, "the value is too large", e) : 0;
}

static int
compare_characters(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The characters of a string, sorted; yours. */
static uint32_t *
sorted_characters(struct doc d, size_t *n)
{
	struct buf scratch;
	uint32_t *list;
	const char *s;
	size_t len, at = 0, step;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(d, &scratch, &len);
	list = xreallocarray(NULL, len + 1, sizeof(*list));
	*n = 0;
	while ((step = ident_utf8(s + at, len - at, &list[*n])) > 0) {
		at += step;
		++*n;
	}
	buf_fini(&scratch);
	if (*n > 1)
		qsort(list, *n, sizeof(*list), compare_characters);
	return list;
}

/* Every character of the second string parts; empty parts are dropped. */
static int
fn_string_split(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	struct doc_builder *b = docb_new();
	struct buf scratch;
	size_t n, len, begin = 0, at = 0, step;
	uint32_t *parting = sorted_characters(c->args[1], &n), ch = 0;
	const char *s;

	(void)e;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(c->args[0], &scratch, &len);
	docb_array(b);
	while ((step = ident_utf8(s + at, len - at, &ch)) > 0) {
		if (n > 0 && bsearch(&ch, parting, n, sizeof(ch), compare_characters) != NULL) {
			if (at > begin)
				docb_string(b, s + begin, at - begin);
			begin = at + step;
		}
		at += step;
	}
	if (at > begin)
		docb_string(b, s + begin, at - begin);
	docb_end(b);
	*out = docb_finish(b);
	buf_fini(&scratch);
	free(parting);
	return 0;
}

static int
fn_uuid(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	char text[UUID_TEXT_SIZE];
	struct uuid u;
	uint64_t hi;

	(void)e;
	assert(c->random != NULL);
	hi = expr_random_next(c->random);
	u = uuid_v4_from(hi, expr_random_next(c->random));
	uuid_format(&u, text);
	*out = doc_string(text, strlen(text));
	return 0;
}

/* --- encodings --------------------------------------------------------------------- */

static int
fn_base64_encode(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	struct buf scratch;
	const char *s;
	char *text;
	size_t len;
	int n;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(c->args[0], &scratch, &len);
	if (fn_check_text(c, s, len, e) != 0) {
		buf_fini(&scratch);
		return -1;
	}
	if (len > DOC_SIZE_MAX / 2) {
		buf_fini(&scratch);
		return fn_fail(c, "the string is too large", e);
	}
	text = xmalloc(len / 3 * 4 + 5);
	n = EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)s, (int)len);
	*out = doc_string(text, (size_t)n);
	free(text);
	buf_fini(&scratch);
	return 0;
}

static int
base64_digit(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Padding may be missing, nothing else may be wrong. */
static bool
base64_decode(const char *s, size_t len, struct buf *out)
{
	uint32_t bits = 0;
	size_t n = len, i;

	while (n > 0 && len - n < 2 && s[n - 1] == '=')
		n--;
	if ((n < len && len % 4 != 0) || n % 4 == 1)
		return false;
	for (i = 0; i < n; i++) {
		int digit = base64_digit(s[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 == 1)
			buf_addc(out, (char)(bits >> 4));
		else if (i % 4 == 2)
			buf_addc(out, (char)(bits >> 2));
		else if (i % 4 == 3)
			buf_addc(out, (char)bits);
	}
	return true;
}

/* Bytes that are no UTF-8 become U+FFFD, as Java's String makes them. */
static struct doc
string_of_bytes(const char *s, size_t len)
{
	struct buf text;
	struct doc d;
	size_t at = 0;

	buf_init(&text, BUF_UNLIMITED);
	while (at < len) {
		uint32_t c;
		size_t n = ident_utf8(s + at, len - at, &c);
		bool good = n > 0 && !(n == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) &&
		    !(n == 4 && (c < 0x10000 || c > 0x10ffff));

		if (good)
			buf_add(&text, s + at, n);
		else
			buf_adds(&text, "\xef\xbf\xbd");
		at += good ? n : 1;
	}
	d = doc_string(buf_text(&text), text.len);
	buf_fini(&text);
	return d;
}

static int
fn_base64_decode(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	struct buf scratch, bytes;
	const char *s;
	size_t len;
	int rc = 0;

	buf_init(&scratch, BUF_UNLIMITED);
	buf_init(&bytes, BUF_UNLIMITED);
	s = doc_str(c->args[0], &scratch, &len);
	if (fn_check_text(c, s, len, e) != 0)
		rc = -1;
	else if (base64_decode(s, len, &bytes))
		*out = string_of_bytes(buf_text(&bytes), bytes.len);
	else
		rc = fn_fail(c, "the string is not valid Base64", e);
	buf_fini(&bytes);
	buf_fini(&scratch);
	return rc;
}

static int
fn_hash(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	static const struct {
		const char *name, *digest;
	} algorithms[] = { { "MD5", "MD5" }, { "SHA-1", "SHA1" }, { "SHA-256", "SHA256" },
		{ "SHA-384", "SHA384" }, { "SHA-512", "SHA512" } };
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0, k;
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	struct buf scratch;
	const char *s;
	size_t len, i;
	int rc;

	for (i = 0; i < 5 && !doc_str_is(c->args[1], algorithms[i].name);)
		i++;
	if (i == 5)
		return fn_fail(c, "the algorithm is none of MD5, SHA-1, SHA-256, SHA-384, SHA-512",
		    e);
	buf_init(&scratch, BUF_UNLIMITED);
	if (doc_type(c->args[0]) == DOC_STRING) {
		s = doc_str(c->args[0], &scratch, &len);
	} else {
		doc_print(c->args[0], &scratch);
		s = buf_text(&scratch);
		len = scratch.len;
	}
	if (fn_check_text(c, s, len, e) != 0) {
		buf_fini(&scratch);
		return -1;
	}
	rc = EVP_Digest(s, len, digest, &n, EVP_get_digestbyname(algorithms[i].digest), NULL);
	buf_fini(&scratch);
	if (rc != 1)
		return fn_fail(c, "the algorithm is switched off on this system", e);
	for (k = 0; k < n; k++) {
		hex[2 * k] = "0123456789abcdef"[digest[k] >> 4];
		hex[2 * k + 1] = "0123456789abcdef"[digest[k] & 15];
	}
	*out = doc_string(hex, (size_t)n * 2);
	return 0;
}

/* --- arrays ---------------------------------------------------------------------------- */

static int
fn_array(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	struct doc_builder *b = docb_new();
	size_t i;

	(void)e;
	docb_array(b);
	for (i = 0; i < c->n; i++)
		docb_doc(b, c->args[i]);
	docb_end(b);
	*out = docb_finish(b);
	return 0;
}

static int
fn_array_partition(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	struct doc_iter it = doc_iter(c->args[0]);
	struct doc_builder *b;
	int64_t size, n = 0;

	if (fn_integer_arg(c, 1, &size, e) != 0)
		return -1;
	if (size <= 0)
		return fn_fail(c, "the size of a chunk must be positive", e);
	b = docb_new();
	docb_array(b);
	for (; doc_next(&it); n++) {
		if (n % size == 0) {
			if (n > 0)
				docb_end(b);
			docb_array(b);
		}
		docb_doc(b, it.value);
	}
	if (n > 0)
		docb_end(b);
	docb_end(b);
	*out = docb_finish(b);
	return 0;
}

static int
fn_array_contains(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	struct doc_iter it = doc_iter(c->args[0]);
	bool found = false;

	(void)e;
	while (!found && doc_next(&it))
		found = doc_equal(it.value, c->args[1]);
	*out = doc_bool(found);
	return 0;
}

static int
fn_array_range(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	int64_t first, last, step, v;
	struct doc_builder *b;

	if (fn_integer_arg(c, 0, &first, e) != 0 || fn_integer_arg(c, 1, &last, e) != 0 ||
	    fn_integer_arg(c, 2, &step, e) != 0)
		return -1;
	if (step == 0)
		return fn_fail(c, "the step must not be 0", e);
	if ((last - first) / step >= RANGE_MAX)
		return fn_fail(c, "the range has more than 1000 elements", e);
	b = docb_new();
	docb_array(b);
	for (v = first; step > 0 ? v <= last : v >= last; v += step)
		docb_i64(b, v);
	docb_end(b);
	*out = docb_finish(b);
	return 0;
}

static int
fn_array_get_item(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	int64_t i;

	if (fn_integer_arg(c, 1, &i, e) != 0)
		return -1;
	if (i < 0 || i >= (int64_t)doc_len(c->args[0]))
		return fn_fail(c, "the index is out of range", e);
	*out = doc_ref(doc_at(c->args[0], (size_t)i));
	return 0;
}

static int
fn_array_length(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	(void)e;
	*out = doc_int((int64_t)doc_len(c->args[0]));
	return 0;
}

static uint64_t
hash_mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9fb21c651e98df25u;
	return h ^ (h >> 32);
}

/* Equal values have equal hashes: numbers by value, members of objects in any order. */
static uint64_t
hash_value(struct doc d)
{
	uint64_t h = (uint64_t)doc_type(d), bits;
	struct buf scratch;
	struct doc_iter it;
	const char *s;
	double v = 0;
	size_t len, i;

	switch (doc_type(d)) {
	case DOC_NUMBER:
		if (!doc_f64(d, &v) || v == 0)
			v = 0;
		memcpy(&bits, &v, sizeof(bits));
		return hash_mix(h, bits);
	case DOC_STRING:
		buf_init(&scratch, BUF_UNLIMITED);
		s = doc_str(d, &scratch, &len);
		for (i = 0; i < len; i++)
			h = hash_mix(h, (unsigned char)s[i]);
		buf_fini(&scratch);
		return h;
	case DOC_ARRAY:
		it = doc_iter(d);
		while (doc_next(&it))
			h = hash_mix(h, hash_value(it.value));
		return h;
	case DOC_OBJECT:
		it = doc_iter(d);
		while (doc_next(&it))
			h += hash_mix(hash_value(it.key), hash_value(it.value));
		return h;
	default:
		return hash_mix(h, 1);
	}
}

static int
fn_array_unique(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	struct doc_iter it = doc_iter(c->args[0]);
	struct doc_builder *b = docb_new();
	size_t cap = 16, i;
	struct {
		struct doc value;
		uint64_t hash;
	} * seen;

	(void)e;
	while (cap < doc_len(c->args[0]) * 2)
		cap *= 2;
	seen = xcalloc(cap, sizeof(*seen));
	docb_array(b);
	while (doc_next(&it)) {
		uint64_t hash = hash_value(it.value);

		for (i = (size_t)hash & (cap - 1); !doc_is_none(seen[i].value);
		     i = (i + 1) & (cap - 1))
			if (seen[i].hash == hash && doc_equal(seen[i].value, it.value))
				break;
		if (!doc_is_none(seen[i].value))
			continue;
		seen[i].value = it.value;
		seen[i].hash = hash;
		docb_doc(b, it.value);
	}
	docb_end(b);
	*out = docb_finish(b);
	free(seen);
	return 0;
}

/* --- objects ------------------------------------------------------------------------------ */

static int
fn_json_merge(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	struct doc_iter it = doc_iter(c->args[0]);
	struct doc_builder *b;
	struct buf scratch;
	size_t len;

	if (doc_is_true(c->args[2]))
		return fn_fail(c, "the deep merge mode is not supported", e);
	b = docb_new();
	buf_init(&scratch, BUF_UNLIMITED);
	docb_object(b);
	while (doc_next(&it)) {
		const char *key = doc_str(it.key, &scratch, &len);
		struct doc other = doc_get(c->args[1], key, len);

		docb_key_doc(b, it.key);
		docb_doc(b, doc_is_none(other) ? it.value : other);
	}
	it = doc_iter(c->args[1]);
	while (doc_next(&it)) {
		const char *key = doc_str(it.key, &scratch, &len);

		if (!doc_is_none(doc_get(c->args[0], key, len)))
			continue;
		docb_key_doc(b, it.key);
		docb_doc(b, it.value);
	}
	docb_end(b);
	*out = docb_finish(b);
	buf_fini(&scratch);
	return 0;
}

/* --- numbers --------------------------------------------------------------------------------- */

/* Numbers below bound, 31 bits at a time from a 48-bit linear congruential generator, as Java's Random. */
static int64_t
seeded_below(int64_t seed, int64_t bound)
{
	const uint64_t mask = ((uint64_t)1 << 48) - 1, factor = 0x5deece66du;
	uint64_t state = ((uint64_t)seed ^ factor) & mask;
	int64_t bits, v;

	do {
		state = (state * factor + 0xb) & mask;
		bits = (int64_t)(state >> 17);
		v = (bound & -bound) == bound ? (bound * bits) >> 31 : bits % bound;
	} while ((bound & -bound) != bound && bits - v + (bound - 1) > INT32_MAX);
	return v;
}

static int64_t
random_below(struct expr_random *r, int64_t bound)
{
	uint64_t n = (uint64_t)bound, limit = UINT64_MAX - UINT64_MAX % n, v;

	do
		v = expr_random_next(r);
	while (v >= limit);
	return (int64_t)(v % n);
}

static int
fn_math_random(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	int64_t start, end, seed;

	if (fn_integer_arg(c, 0, &start, e) != 0 || fn_integer_arg(c, 1, &end, e) != 0)
		return -1;
	if (start >= end)
		return fn_fail(c, "the start must be less than the end", e);
	if (c->n == 2) {
		assert(c->random != NULL);
		*out = doc_int(start + random_below(c->random, end - start));
		return 0;
	}
	if (fn_integer_arg(c, 2, &seed, e) != 0)
		return -1;
	if (end - start > INT32_MAX)
		return fn_fail(c, "the range is too large for a seed", e);
	*out = doc_int(start + seeded_below(seed, end - start));
	return 0;
}

static int
fn_math_add(const struct intrinsic_call *c, struct doc *out, struct err *e)
{
	int64_t a, b;

	if (fn_integer_arg(c, 0, &a, e) != 0 || fn_integer_arg(c, 1, &b, e) != 0)
		return -1;
	*out = doc_int(a + b);
	return 0;
}

/* --- the table ---------------------------------------------------------------------------------- */

static const struct intrinsic_function functions[] = {
	{ "Array", "x*", fn_array },
	{ "ArrayContains", "ax", fn_array_contains },
	{ "ArrayGetItem", "an", fn_array_get_item },
	{ "ArrayLength", "a", fn_array_length },
	{ "ArrayPartition", "an", fn_array_partition },
	{ "ArrayRange", "nnn", fn_array_range },
	{ "ArrayUnique", "a", fn_array_unique },
	{ "Base64Decode", "s", fn_base64_decode },
	{ "Base64Encode", "s", fn_base64_encode },
	{ "Format", "sx*", fn_format },
	{ "Hash", "xs", fn_hash },
	{ "JsonMerge", "oob", fn_json_merge },
	{ "JsonToString", "x", fn_json_to_string },
	{ "MathAdd", "nn", fn_math_add },
	{ "MathRandom", "nn?n", fn_math_random },
	{ "StringSplit", "ss", fn_string_split },
	{ "StringToJson", "s", fn_string_to_json },
	{ "UUID", "", fn_uuid },
};

const struct intrinsic_function *
intrinsic_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (strlen(functions[i].name) == len && memcmp(functions[i].name, name, len) == 0)
			return &functions[i];
	return NULL;
}

void
intrinsic_offer_names(struct similar *s)
{
	size_t i;

	for (i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		similar_offer(s, functions[i].name, strlen(functions[i].name));
}
