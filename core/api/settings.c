/*
 * settings - logging, tracing, encryption and tags of a state machine: their rules, and the
 * form in which they are kept and shown.
 */
#include "api/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "api/validate.h"
#include "base/options.h"
#include "base/xalloc.h"
#include "store/retention.h"

#define TAGS_LOOKED_AT 1000 /* of one request; so many are too many whatever their keys are */

static struct doc
member(struct doc d, const char *name)
{
	struct doc m = doc_is_none(d) ? DOC_NONE : doc_gets(d, name);

	return doc_is_none(m) || doc_type(m) == DOC_NULL ? DOC_NONE : m;
}

/* A log group's ARN ends with ":*"; other things cannot be written to. */
static bool
is_log_group(struct doc destination)
{
	struct doc arn = member(member(destination, "cloudWatchLogsLogGroup"), "logGroupArn");
	char *s = doc_is_none(arn) ? NULL : doc_strdup(arn);
	size_t len = s != NULL ? strlen(s) : 0;
	bool is = len > 2 && strncmp(s, "arn:", 4) == 0 && strcmp(s + len - 2, ":*") == 0;

	free(s);
	return is;
}

static void
add_destinations(struct doc list, struct buf *out)
{
	struct doc_iter it = doc_iter(list);

	reply_key(out, "destinations");
	buf_addc(out, '[');
	while (doc_next(&it)) {
		buf_adds(out, "{\"cloudWatchLogsLogGroup\":{\"logGroupArn\":");
		doc_print(member(member(it.value, "cloudWatchLogsLogGroup"), "logGroupArn"), out);
		buf_adds(out, "}}");
	}
	buf_addc(out, ']');
}

int
settings_logging(struct doc d, struct buf *out, struct err *e)
{
	struct doc level = member(d, "level"), data = member(d, "includeExecutionData");
	struct doc destinations = member(d, "destinations");
	size_t n = doc_is_none(destinations) ? 0 : doc_len(destinations);
	bool off = doc_is_none(level) || doc_str_is(level, "OFF");

	if (n > 1 || (n == 0 && !off))
		return err_set(e, "InvalidLoggingConfiguration",
		    "Invalid Logging Configuration: Must specify exactly one Log Destination.");
	if (n == 1 && !is_log_group(doc_at(destinations, 0)))
		return err_set(e, "InvalidLoggingConfiguration",
		    "Invalid Logging Configuration: Log Destination not found.");
	buf_addc(out, '{');
	if (!doc_is_none(destinations))
		add_destinations(destinations, out);
	reply_bool(out, "includeExecutionData", !doc_is_none(data) && doc_is_true(data));
	reply_key(out, "level");
	if (doc_is_none(level))
		buf_adds(out, "\"OFF\"");
	else
		doc_print(level, out);
	buf_addc(out, '}');
	return 0;
}

void
settings_tracing(struct doc d, struct buf *out)
{
	struct doc enabled = member(d, "enabled");

	buf_addc(out, '{');
	reply_bool(out, "enabled", !doc_is_none(enabled) && doc_is_true(enabled));
	buf_addc(out, '}');
}

int
settings_encryption(struct doc d, struct buf *out, struct err *e)
{
	struct doc type = member(d, "type");

	if (!doc_is_none(type) && !doc_str_is(type, "AWS_OWNED_KEY"))
		return err_set(e, "InvalidEncryptionConfiguration",
		    "Invalid Encryption Configuration: customer managed keys are not supported by this "
		    "server; use AWS_OWNED_KEY.");
	if (!doc_is_none(member(d, "kmsKeyId")) ||
	    !doc_is_none(member(d, "kmsDataKeyReusePeriodSeconds")))
		return err_set(e, "InvalidEncryptionConfiguration",
		    "Invalid Encryption Configuration: kmsKeyId and kmsDataKeyReusePeriodSeconds need a "
		    "customer managed key.");
	buf_adds(out, "{\"type\":\"AWS_OWNED_KEY\"}");
	return 0;
}

/* --- tags ------------------------------------------------------------------------- */

/*
 * Letters, digits, white space, _.:/=+-@ . Of the characters beyond ASCII all are
 * taken but the control characters: which of them are letters changes with every Unicode.
 */
static bool
is_tag_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == 0xc2 && (unsigned char)s[i + 1] < 0xa0)
			return false;
		if (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || (c != '\0' && strchr(" \t\n\r_.:/=+-@", c) != NULL))
			continue;
		return false;
	}
	return true;
}

static int
check_tag_text(const char *s, size_t len, size_t number, const char *what, struct err *e)
{
	char path[64];

	if (is_tag_text(s, len))
		return 0;
	snprintf(path, sizeof(path), "tags.%zu.member.%s", number, what);
	return validate_fail(e, s, len, path,
	    "Member must satisfy regular expression pattern: ^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$");
}

/* What pawl understands by itself must be right. */
static int
check_retention(struct doc key, struct doc value, size_t number, struct err *e)
{
	char *name = doc_strdup(key);
	char *text = doc_is_none(value) ? xstrdup("") : doc_strdup(value);
	char path[64];
	int64_t ms;
	int rc = 0;

	snprintf(path, sizeof(path), "tags.%zu.member.value", number);
	if (name != NULL && strcmp(name, RETENTION_TAG) == 0 &&
	    (text == NULL || keep_parse(text, &ms) != 0))
		rc = validate_fail(e, text, text != NULL ? strlen(text) : 0, path,
		    "Member must satisfy regular expression pattern: "
		    "^(never|[1-9][0-9]{0,8}(ms|s|m|h|d))$");
	free(name);
	free(text);
	return rc;
}

static int
check_tag(struct doc tag, size_t number, struct err *e)
{
	struct doc key = member(tag, "key"), value = member(tag, "value");
	struct buf scratch;
	char path[64];
	const char *s;
	size_t len;
	int rc = -1;

	buf_init(&scratch, BUF_UNLIMITED);
	snprintf(path, sizeof(path), "tags.%zu.member.key", number);
	if (doc_is_none(key)) {
		validate_fail(e, NULL, 0, path, "Member must not be null");
		goto out;
	}
	s = doc_str(key, &scratch, &len);
	if (check_tag_text(s, len, number, "key", e) != 0)
		goto out;
	if (len >= 4 && strncmp(s, "aws:", 4) == 0) {
		validate_fail(e, s, len, path,
		    "Member must satisfy regular expression pattern: ^(?!aws:).*$");
		goto out;
	}
	if (!doc_is_none(value)) {
		s = doc_str(value, &scratch, &len);
		if (check_tag_text(s, len, number, "value", e) != 0)
			goto out;
	}
	rc = check_retention(key, value, number, e);
out:
	buf_fini(&scratch);
	return rc;
}

/* Does the key of tag stand in list again, after it? rest is the iterator that gave tag. */
static bool
comes_again(struct doc_iter rest, struct doc key)
{
	while (doc_next(&rest)) {
		struct doc other = member(rest.value, "key");

		if (!doc_is_none(other) && doc_equal(other, key))
			return true;
	}
	return false;
}

int
settings_tags(struct doc list, struct buf *out, struct err *e)
{
	struct doc_iter it = doc_iter(list);
	size_t number = 0, n = 0;

	if (doc_len(list) > TAGS_LOOKED_AT)
		return err_set(e, "TooManyTags", "A resource can have at most %d tags.", TAGS_MAX);
	buf_addc(out, '[');
	while (doc_next(&it)) {
		struct doc value = member(it.value, "value");

		if (check_tag(it.value, ++number, e) != 0)
			return -1;
		if (comes_again(it, member(it.value, "key")))
			continue;
		if (n++ > 0)
			buf_addc(out, ',');
		buf_adds(out, "{\"key\":");
		doc_print(member(it.value, "key"), out);
		buf_adds(out, ",\"value\":");
		if (doc_is_none(value))
			buf_adds(out, "\"\"");
		else
			doc_print(value, out);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
	if (n > TAGS_MAX)
		return err_set(e, "TooManyTags", "A resource can have at most %d tags.", TAGS_MAX);
	return 0;
}
