/*
 * task_resource - a Task's Resource taken apart: how it is called, how its events look.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/xalloc.h"

#define NESTED "states:startExecution"

/* Takes the pattern's suffix from the end of the text. */
static enum task_pattern
resource_pattern(const char *s, size_t *len)
{
	static const struct {
		const char *suffix;
		enum task_pattern pattern;
	} patterns[] = {
		{ ".sync", PATTERN_SYNC },
		{ ".sync:2", PATTERN_SYNC2 },
		{ ".waitForTaskToken", PATTERN_TOKEN },
	};
	size_t i;

	for (i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		size_t n = strlen(patterns[i].suffix);

		if (*len > n && memcmp(s + *len - n, patterns[i].suffix, n) == 0) {
			*len -= n;
			return patterns[i].pattern;
		}
	}
	return PATTERN_REQUEST;
}

static bool
part_begins(const struct arn_part *p, const char *with)
{
	size_t n = strlen(with);

	return p->len > n && memcmp(p->s, with, n) == 0;
}

static void
resource_write_members(struct task_resource *r)
{
	const char *resource = r->kind == TASK_SERVICE ? r->resource : r->arn;
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	if (r->kind == TASK_SERVICE) {
		buf_adds(&b, "\"resourceType\":");
		buf_add_json_string(&b, r->type, strlen(r->type));
		buf_addc(&b, ',');
	}
	buf_adds(&b, "\"resource\":");
	buf_add_json_string(&b, resource, strlen(resource));
	r->members = buf_steal(&b, &r->members_len);
}

/* service:action[.pattern] behind arn:partition:states:region:account: */
static int
resource_parse_service(struct task_resource *r, const struct arn_part *p)
{
	size_t base_len = p->len, type_len;
	const char *colon;

	r->pattern = resource_pattern(p->s, &base_len);
	colon = memrchr(p->s, ':', base_len);
	type_len = colon != NULL ? (size_t)(colon - p->s) : 0;
	if (type_len == 0 || type_len + 1 == base_len ||
	    memchr(colon, '.', base_len - type_len) != NULL)
		return -1;
	r->kind = TASK_SERVICE;
	r->type = xstrndup(p->s, type_len);
	r->resource = xstrndup(colon + 1, p->len - type_len - 1);
	r->base_arn = xstrndup(r->arn, (size_t)(p->s - r->arn) + base_len);
	r->nested = task_resource_is_aws(r) && base_len == strlen(NESTED) &&
	    memcmp(p->s, NESTED, base_len) == 0;
	return 0;
}

int
task_resource_parse(struct task_resource *r, const char *text, size_t len)
{
	struct arn a;
	int rc = -1;

	*r = (struct task_resource){ .arn = xstrndup(text, len) };
	if (strlen(r->arn) == len && arn_parse(r->arn, len, &a) == 0) {
		r->kind = TASK_LAMBDA;
		if (arn_part_is(&a.service, "lambda"))
			rc = part_begins(&a.resource, "function:") ? 0 : -1;
		else if (arn_part_is(&a.service, "states") && part_begins(&a.resource, "activity:"))
			rc = 0;
		else if (arn_part_is(&a.service, "states"))
			rc = resource_parse_service(r, &a.resource);
		if (rc == 0 && r->kind == TASK_LAMBDA && arn_part_is(&a.service, "states"))
			r->kind = TASK_ACTIVITY;
	}
	if (rc != 0) {
		task_resource_fini(r);
		return rc;
	}
	if (r->base_arn == NULL)
		r->base_arn = xstrdup(r->arn);
	resource_write_members(r);
	return 0;
}

bool
task_resource_is_aws(const struct task_resource *r)
{
	return strncmp(r->arn, "arn:aws", strlen("arn:aws")) == 0;
}

void
task_resource_fini(struct task_resource *r)
{
	free(r->arn);
	free(r->type);
	free(r->resource);
	free(r->base_arn);
	free(r->members);
	*r = (struct task_resource){ .arn = NULL };
}
