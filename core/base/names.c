/*
 * names - names and ARNs as the API takes and gives them (machines, executions ...).
 */
#include "base/names.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/id.h"

/* The next code point of valid UTF-8; *s moves on. */
static uint32_t
next_char(const unsigned char **s, const unsigned char *end)
{
	const unsigned char *p = *s;
	unsigned n = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	uint32_t c = n == 0 ? *p : *p & (0x3fu >> n);

	for (p++; n > 0 && p < end; n--)
		c = c << 6 | (*p++ & 0x3f);
	*s = p;
	return c;
}

/* Unicode's white space beyond ASCII. */
static bool
is_wide_space(uint32_t c)
{
	return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
	    c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool
name_is_legal(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len;

	while (p < end) {
		uint32_t c = next_char(&p, end);

		if (c <= ' ' || (c >= 0x7f && c <= 0x9f) || c == 0xfffe || c == 0xffff ||
		    c == 0x10ffff || is_wide_space(c))
			return false;
		if (c < 0x80 && strchr("<>{}[]?*\"#%\\^|~`$&,;:/", (int)c) != NULL)
			return false;
	}
	return true;
}

bool
limit_name_is_good(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= LIMIT_NAME_MAX && name_is_legal(name, len);
}

bool
pattern_is_good(const char *pattern)
{
	size_t len = strlen(pattern);

	return len > 0 && memchr(pattern, '*', len - 1) == NULL;
}

bool
pattern_matches(const char *pattern, const char *text)
{
	size_t len = strlen(pattern);

	if (len > 0 && pattern[len - 1] == '*')
		return strncmp(text, pattern, len - 1) == 0;
	return strcmp(text, pattern) == 0;
}

int
name_check(const char *s, size_t len, struct err *e)
{
	struct buf b;

	if (name_is_legal(s, len))
		return 0;
	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "Invalid Name: '");
	buf_add(&b, s, len);
	buf_addc(&b, '\'');
	err_set_text(e, "InvalidName", b.data, b.len);
	buf_fini(&b);
	return -1;
}

static int
invalid_arn(struct err *e, const char *what, const char *text, size_t len)
{
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "Invalid Arn: '");
	buf_adds(&b, what);
	buf_add(&b, text, len);
	buf_addc(&b, '\'');
	err_set_text(e, "InvalidArn", b.data, b.len);
	buf_fini(&b);
	return -1;
}

static bool
is_digits(const char *s)
{
	return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

/* Ends the text at the first c and returns what follows; "" when there is none. */
static char *
split(char *s, char c)
{
	char *at = strchr(s, c);

	if (at == NULL)
		return s + strlen(s);
	*at = '\0';
	return at + 1;
}

static enum resource_kind
parse_machine(struct resource *r, char *rest)
{
	char *label;

	r->part = split(rest, ':');
	label = split(rest, '/');
	if (*label != '\0') {
		r->part = label;
		return RESOURCE_LABELLED;
	}
	if (*r->part == '\0')
		return RESOURCE_MACHINE;
	return is_digits(r->part) ? RESOURCE_VERSION : RESOURCE_ALIAS;
}

static enum resource_kind
parse_execution(struct resource *r, char *rest)
{
	bool child;

	r->part = split(rest, ':');
	child = *split(rest, '/') != '\0';
	if (*r->part == '\0')
		return RESOURCE_UNKNOWN;
	return child ? RESOURCE_CHILD : RESOURCE_EXECUTION;
}

static enum resource_kind
parse_kind(struct resource *r, char *rest)
{
	r->name = rest;
	r->part = "";
	if (strcmp(r->type, "stateMachine") == 0)
		return parse_machine(r, rest);
	if (strcmp(r->type, "execution") == 0)
		return parse_execution(r, rest);
	if (strcmp(r->type, "express") == 0) {
		r->part = split(rest, ':');
		return RESOURCE_EXPRESS;
	}
	if (strcmp(r->type, "activity") == 0)
		return RESOURCE_ACTIVITY;
	if (strcmp(r->type, "mapRun") == 0) {
		r->part = split(rest, ':');
		return RESOURCE_MAP_RUN;
	}
	return RESOURCE_UNKNOWN;
}

int
resource_parse(const struct territory *t, const char *arn, size_t len, struct resource *r,
    struct err *e)
{
	struct arn a;
	char *rest;

	if (len > RESOURCE_TEXT_MAX || memchr(arn, '\0', len) != NULL ||
	    arn_parse(arn, len, &a) != 0)
		return invalid_arn(e, "Invalid ARN prefix: ", arn, len);
	memcpy(r->type, a.resource.s, a.resource.len);
	r->type[a.resource.len] = '\0';
	rest = split(r->type, ':');
	r->kind = parse_kind(r, rest);
	if (!arn_part_is(&a.service, "states"))
		return resource_refuse_type(r, e);
	r->ours = arn_part_is(&a.partition, "aws") && arn_part_is(&a.region, t->region) &&
	    arn_part_is(&a.account, t->account_id);
	return 0;
}

int
resource_refuse_type(const struct resource *r, struct err *e)
{
	return invalid_arn(e, "Resource type not valid in this context: ", r->type,
	    strlen(r->type));
}

static void
resource_arn(const struct territory *t, const char *kind, const char *name, struct buf *out)
{
	buf_adds(out, "arn:aws:states:");
	buf_adds(out, t->region);
	buf_addc(out, ':');
	buf_adds(out, t->account_id);
	buf_adds(out, kind);
	buf_adds(out, name);
}

void
resource_machine_arn(const struct territory *t, const char *name, struct buf *out)
{
	resource_arn(t, ":stateMachine:", name, out);
}

void
resource_activity_arn(const struct territory *t, const char *name, struct buf *out)
{
	resource_arn(t, ":activity:", name, out);
}

void
resource_execution_arn(const struct territory *t, const char *machine, const char *name,
    struct buf *out)
{
	resource_arn(t, ":execution:", machine, out);
	buf_addc(out, ':');
	buf_adds(out, name);
}

int
role_arn_check(const char *arn, size_t len, struct err *e)
{
	static const char role[] = "role/";
	struct arn a;

	if (arn_parse(arn, len, &a) != 0)
		return invalid_arn(e, "Invalid ARN prefix: ", arn, len);
	if (!arn_part_is(&a.service, "iam") || a.resource.len < sizeof(role) ||
	    memcmp(a.resource.s, role, sizeof(role) - 1) != 0) {
		const char *end = memchr(a.resource.s, '/', a.resource.len);

		return invalid_arn(e, "Resource type not valid in this context: ", a.resource.s,
		    end != NULL ? (size_t)(end - a.resource.s) : a.resource.len);
	}
	return 0;
}
