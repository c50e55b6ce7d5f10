/*
 * options - every option of pawld, declared once.
 */
#include "base/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/xalloc.h"

#define YES true
#define NO false
const struct option_info options[] = {
#define X(name, type, default_text, reload, range, help) \
	{ #name, OPTION_##type, default_text, reload, range, help, offsetof(struct conf, name) },
	CONF_OPTIONS(X)
#undef X
};
#undef YES
#undef NO

const size_t noptions = sizeof(options) / sizeof(options[0]);

static bool
name_is(const char *name, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (name[i] != (s[i] == '-' ? '_' : s[i]))
			return false;
	}
	return name[len] == '\0';
}

const struct option_info *
option_find(const char *name, size_t len)
{
	for (size_t i = 0; i < noptions; i++) {
		if (name_is(options[i].name, name, len))
			return &options[i];
	}
	return NULL;
}

#define NAME_MAX_LEN 64

/* Edit distance: insertions, deletions and replacements that turn a into b. */
static size_t
distance(const char *a, const char *b, size_t b_len)
{
	size_t row[NAME_MAX_LEN + 1];
	size_t a_len = strlen(a);

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b_len];
}

const struct option_info *
option_closest(const char *name, size_t len)
{
	const struct option_info *best = NULL;
	size_t best_distance = len / 2 + 1;

	if (len > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < noptions; i++) {
		size_t d = distance(options[i].name, name, len);

		if (d < best_distance) {
			best_distance = d;
			best = &options[i];
		}
	}
	return best;
}

bool
option_is_text(enum option_type type)
{
	switch (type) {
	case OPTION_STRING:
	case OPTION_SECRET:
	case OPTION_ADDR:
	case OPTION_ENUM:
	case OPTION_TABLE:
		return true;
	default:
		return false;
	}
}

#define KEEP_MAX_LEN 11 /* nine digits and a unit */

/* --- numbers with units ------------------------------------------------- */

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit byte_units[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "KiB", INT64_C(1) << 10 },
	{ "K", INT64_C(1) << 10 },
	{ "MiB", INT64_C(1) << 20 },
	{ "M", INT64_C(1) << 20 },
	{ "GiB", INT64_C(1) << 30 },
	{ "G", INT64_C(1) << 30 },
	{ NULL, 0 },
};

static const struct unit duration_units[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "d", 24 * 60 * 60 * 1000 },
	{ NULL, 0 },
};

static const struct unit no_units[] = {
	{ "", 1 },
	{ NULL, 0 },
};

static const struct unit *
units_of(enum option_type type)
{
	switch (type) {
	case OPTION_BYTES:
		return byte_units;
	case OPTION_DURATION:
		return duration_units;
	default:
		return no_units;
	}
}

/* Reads "-12", "64 KiB", "30s" up to len bytes. 0 or -1. */
static int
parse_number(enum option_type type, const char *s, size_t len, int64_t *out)
{
	char text[32];
	char *end;
	long long v;

	if (len == 0 || len >= sizeof(text) || isspace((unsigned char)s[0]))
		return -1;
	memcpy(text, s, len);
	text[len] = '\0';
	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || errno != 0)
		return -1;
	if (*end == ' ')
		end++;
	for (const struct unit *u = units_of(type); u->name != NULL; u++) {
		if (strcmp(end, u->name) == 0)
			return __builtin_mul_overflow(v, u->factor, out) ? -1 : 0;
	}
	return -1;
}

int
duration_parse(const char *text, int64_t *ms)
{
	return parse_number(OPTION_DURATION, text, strlen(text), ms);
}

int
keep_parse(const char *text, int64_t *ms)
{
	if (strcmp(text, "never") == 0) {
		*ms = KEEP_FOR_EVER;
		return 0;
	}
	if (*text < '1' || *text > '9' || strchr(text, ' ') != NULL || strlen(text) > KEEP_MAX_LEN)
		return -1;
	return duration_parse(text, ms);
}

/* Prints with the largest unit that divides v. */
static void
print_number(enum option_type type, int64_t v, struct buf *out)
{
	const struct unit *best = units_of(type);

	for (const struct unit *u = best + 1; u->name != NULL; u++) {
		if (v != 0 && v % u->factor == 0 && u->factor > best->factor)
			best = u;
	}
	buf_addf(out, "%" PRId64 "%s%s", v / best->factor,
	    type == OPTION_BYTES && best->factor > 1 ? " " : "", best->name);
}

static bool
in_range(const struct option_info *o, int64_t v)
{
	const char *dots = strstr(o->range, "..");
	int64_t min, max;

	if (dots == NULL)
		return true;
	if (parse_number(o->type, o->range, (size_t)(dots - o->range), &min) != 0 ||
	    parse_number(o->type, dots + 2, strlen(dots + 2), &max) != 0)
		assert(!"range of an option in options.h");
	return v >= min && v <= max;
}

/* --- what a value must be ------------------------------------------------ */

static bool
is_addr(const char *s)
{
	const char *colon = strrchr(s, ':');
	char *end;
	unsigned long port;

	if (colon == NULL || !isdigit((unsigned char)colon[1]))
		return false;
	/* an IPv6 address has colons of its own: it stands in brackets */
	if (memchr(s, ':', (size_t)(colon - s)) != NULL && (s[0] != '[' || colon[-1] != ']'))
		return false;
	port = strtoul(colon + 1, &end, 10);
	return *end == '\0' && port <= 65535;
}

static bool
is_word_of(const char *words, const char *s)
{
	size_t len = strlen(s);

	for (const char *w = words;; w++) {
		size_t n = strcspn(w, "|");

		if (n == len && memcmp(w, s, len) == 0)
			return true;
		w += n;
		if (*w == '\0')
			return false;
	}
}

static bool
matches(const char *pattern, const char *s)
{
	char *anchored;
	regex_t re;
	bool ok;

	if (pattern[0] == '\0')
		return true;
	anchored = xasprintf("^(%s)$", pattern);
	if (regcomp(&re, anchored, REG_EXTENDED | REG_NOSUB) != 0)
		assert(!"pattern of an option in options.h");
	ok = regexec(&re, s, 0, NULL, 0) == 0;
	regfree(&re);
	free(anchored);
	return ok;
}

static void
describe_words(const char *words, struct buf *out)
{
	buf_adds(out, "one of ");
	for (; *words != '\0'; words++) {
		if (*words == '|')
			buf_adds(out, ", ");
		else
			buf_addc(out, *words);
	}
}

static void
describe_range(const char *range, struct buf *out)
{
	const char *dots = strstr(range, "..");

	if (dots != NULL)
		buf_addf(out, " from %.*s to %s", (int)(dots - range), range, dots + 2);
}

void
option_describe(const struct option_info *o, struct buf *out)
{
	switch (o->type) {
	case OPTION_STRING:
	case OPTION_SECRET:
		buf_adds(out, "text");
		if (o->range[0] != '\0')
			buf_addf(out, " that matches %s", o->range);
		break;
	case OPTION_ADDR:
		buf_adds(out, "an address as \"127.0.0.1:8083\", \"[::1]:8083\" or \":8083\"");
		break;
	case OPTION_ENUM:
		describe_words(o->range, out);
		break;
	case OPTION_INT:
		buf_adds(out, "a whole number");
		describe_range(o->range, out);
		break;
	case OPTION_BYTES:
		buf_adds(out, "a size");
		describe_range(o->range, out);
		break;
	case OPTION_DURATION:
		buf_adds(out, "a time with its unit (ms, s, m, h, d)");
		describe_range(o->range, out);
		break;
	case OPTION_BOOL:
		buf_adds(out, "true or false");
		break;
	case OPTION_TABLE:
		buf_addf(out, "a table of %ss", o->range);
		break;
	}
}

static int
refuse(const struct option_info *o, const char *text, struct err *e)
{
	struct buf must;

	buf_init(&must, BUF_UNLIMITED);
	option_describe(o, &must);
	/* a secret with a typing error is a secret still */
	if (o->type == OPTION_SECRET)
		err_set(e, "pawl.Config", "%s must be %s", o->name, buf_text(&must));
	else
		err_set(e, "pawl.Config", "%s must be %s, not \"%s\"", o->name, buf_text(&must),
		    text);
	buf_fini(&must);
	return -1;
}

/* --- setting --------------------------------------------------------------- */

void
option_set_text_take(const struct option_info *o, void *field, char *text)
{
	char **place = field;

	assert(option_is_text(o->type));
	free(*place);
	*place = text;
}

static bool
text_is_valid(const struct option_info *o, const char *text)
{
	switch (o->type) {
	case OPTION_ADDR:
		return is_addr(text);
	case OPTION_ENUM:
		return is_word_of(o->range, text);
	case OPTION_TABLE:
		return false;
	default:
		return matches(o->range, text);
	}
}

int
option_set(const struct option_info *o, void *field, const char *text, struct err *e)
{
	int64_t v;

	if (option_is_text(o->type)) {
		if (!text_is_valid(o, text))
			return refuse(o, text, e);
		option_set_text_take(o, field, xstrdup(text));
		return 0;
	}
	if (o->type == OPTION_BOOL) {
		if (!is_word_of("true|false", text))
			return refuse(o, text, e);
		*(bool *)field = strcmp(text, "true") == 0;
		return 0;
	}
	if (parse_number(o->type, text, strlen(text), &v) != 0 || !in_range(o, v))
		return refuse(o, text, e);
	*(int64_t *)field = v;
	return 0;
}

void
option_print(const struct option_info *o, const void *field, struct buf *out)
{
	const char *text;

	if (o->type == OPTION_BOOL) {
		buf_adds(out, *(const bool *)field ? "true" : "false");
		return;
	}
	if (!option_is_text(o->type)) {
		print_number(o->type, *(const int64_t *)field, out);
		return;
	}
	text = *(const char *const *)field;
	if (o->type == OPTION_SECRET || o->type == OPTION_TABLE)
		text = text[0] == '\0' || strcmp(text, "{}") == 0 ? "" : "(set)";
	buf_adds(out, text);
}

void
option_list(struct buf *out)
{
	for (size_t i = 0; i < noptions; i++) {
		const struct option_info *o = &options[i];

		buf_addf(out, "%s = %s\n\t%s\n\tIt is ", o->name,
		    o->default_text[0] != '\0' ? o->default_text : "(empty)", o->help);
		option_describe(o, out);
		buf_addf(out, "%s.\n", o->reload ? "; SIGHUP changes it" : "");
	}
}
