/*
 * message - what is published, checked.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "docs.h"
#include "notify.h"
#include "text.h"

#define SUBJECT_MAX 100
#define GROUP_MAX 128
#define ATTRIBUTES_MAX 100

/* --- attributes ------------------------------------------------------------------------------ */

static bool
is_attribute_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 256 && *name != '.' && name[len - 1] != '.' &&
	    strstr(name, "..") == NULL && strncasecmp(name, "aws.", 4) != 0 &&
	    strncasecmp(name, "amazon.", 7) != 0 &&
	    name[strspn(name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] == '\0';
}

static bool
is_kind(const char *type, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(type, kind, len) == 0 && (type[len] == '\0' || type[len] == '.');
}

static bool
is_number(const char *s)
{
	char *end;

	strtod(s, &end);
	return !isspace((unsigned char)*s) && end != s && *end == '\0' &&
	    s[strspn(s, "0123456789+-.eE")] == '\0';
}

static bool
is_list(const struct pawl_host *h, const char *s)
{
	struct pawl_doc d = h->doc_parse(h, s, strlen(s), NULL);
	bool list = h->doc_type(h, d) == PAWL_DOC_ARRAY;

	h->doc_unref(h, d);
	return list;
}

/* What is wrong with the value of an attribute of that type; NULL = nothing. */
static const char *
wrong_value(const struct pawl_host *h, const char *type, const char *value)
{
	struct text bytes = { 0 };
	bool binary;

	if (value == NULL || *value == '\0')
		return "must contain a non-empty message attribute value";
	if (is_kind(type, "Number") && !is_number(value))
		return "could not be cast to a number";
	if (strcmp(type, "String.Array") == 0 && !is_list(h, value))
		return "is not an array in JSON";
	if (!is_kind(type, "Binary"))
		return NULL;
	binary = text_add_unbase64(&bytes, value, strlen(value));
	text_fini(&bytes);
	return binary ? NULL : "is not base64";
}

static size_t
add_attribute(const struct pawl_host *h, struct pawl_builder *b, const char *name,
    struct pawl_doc given, struct notify_error *e)
{
	char *type = docs_string(h, given, "DataType"), *value;
	bool binary = type != NULL && is_kind(type, "Binary");
	const char *member = binary ? "BinaryValue" : "StringValue", *wrong;
	size_t size = 0;

	value = docs_string(h, given, member);
	if (!is_attribute_name(name)) {
		notify_error_set(e, "ParameterValueInvalid",
		    "The message attribute name '%.256s' is invalid. It has letters, digits, '_', '-' and '.', and does not begin with AWS. or Amazon.",
		    name);
	} else if (type == NULL ||
	    (!binary && !is_kind(type, "String") && !is_kind(type, "Number"))) {
		notify_error_set(e, "ParameterValueInvalid",
		    "The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
		    name);
	} else if ((wrong = wrong_value(h, type, value)) != NULL) {
		notify_error_set(e, "ParameterValueInvalid",
		    "The message attribute '%s' with type '%.100s' %s.", name, type, wrong);
	} else {
		h->build_key(b, name);
		h->build_object(b);
		docs_add_string(h, b, "DataType", type);
		docs_add_string(h, b, member, value);
		h->build_end(b);
		size = strlen(name) + strlen(type) + strlen(value);
	}
	h->free(h, type);
	h->free(h, value);
	return size;
}

/* Their size. */
static size_t
add_attributes(const struct pawl_host *h, struct pawl_builder *b, struct pawl_doc given,
    struct notify_error *e)
{
	struct pawl_doc_iter it = { .of = given };
	size_t size = 0;

	if (h->doc_type(h, given) != PAWL_DOC_OBJECT || h->doc_len(h, given) > ATTRIBUTES_MAX) {
		notify_error_set(e, "ParameterValueInvalid",
		    "MessageAttributes is a map from names to values, with %d at most.",
		    ATTRIBUTES_MAX);
		return 0;
	}
	h->build_key(b, "attributes");
	h->build_object(b);
	while (e->code == NULL && h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);

		size += add_attribute(h, b, name, it.value, e);
		h->free(h, name);
	}
	h->build_end(b);
	return size;
}

/* --- the message ------------------------------------------------------------------------------- */

/* One for each protocol, of a message with structure. */
static void
add_bodies(const struct pawl_host *h, struct pawl_builder *b, const char *text, size_t len,
    struct notify_error *e)
{
	struct pawl_doc bodies = h->doc_parse(h, text, len, NULL);
	struct pawl_doc_iter it = { .of = bodies };

	if (h->doc_type(h, bodies) != PAWL_DOC_OBJECT)
		notify_invalid(e, "Message Structure - JSON message body failed to parse");
	else if (h->doc_type(h, h->doc_get(h, bodies, "default")) != PAWL_DOC_STRING)
		notify_invalid(e, "Message Structure - No default entry in JSON message body");
	while (e->code == NULL && h->doc_next(h, &it)) {
		char *protocol = h->doc_string(h, it.key, NULL);

		if (h->doc_type(h, it.value) == PAWL_DOC_STRING)
			docs_add_doc(h, b, protocol, it.value);
		h->free(h, protocol);
	}
	h->doc_unref(h, bodies);
}

static void
add_message(const struct pawl_host *h, struct pawl_builder *b, struct pawl_doc params,
    const char *text, size_t len, struct notify_error *e)
{
	struct pawl_doc structure = h->doc_get(h, params, "MessageStructure");

	if (text == NULL || len == 0) {
		notify_invalid(e, "Empty message");
		return;
	}
	h->build_key(b, "bodies");
	h->build_object(b);
	if (h->doc_is(h, structure, "json")) {
		add_bodies(h, b, text, len, e);
	} else if (docs_has(h, params, "MessageStructure") && !h->doc_is(h, structure, "")) {
		notify_invalid(e, "MessageStructure");
	} else {
		h->build_key(b, "default");
		h->build_string(b, text, len);
	}
	h->build_end(b);
}

static void
add_subject(const struct pawl_host *h, struct pawl_builder *b, struct pawl_doc params,
    struct notify_error *e)
{
	char *subject = docs_string(h, params, "Subject");
	size_t len = subject != NULL ? strlen(subject) : 0;
	bool right = len > 0 && *subject != ' ' && text_is_utf8(subject, len);
	size_t letters = 0;

	for (size_t i = 0; i < len; i++) {
		right = right && (unsigned char)subject[i] >= ' ' && subject[i] != 0x7f;
		letters += ((unsigned char)subject[i] & 0xc0) != 0x80;
	}
	if (!right || letters > SUBJECT_MAX)
		notify_invalid(e, "Subject");
	else
		docs_add_string(h, b, "subject", subject);
	h->free(h, subject);
}

static void
add_id(const struct pawl_host *h, struct pawl_builder *b, struct pawl_doc params, const char *name,
    const char *key, struct notify_error *e)
{
	char *id = docs_string(h, params, name);
	size_t len = id != NULL ? strlen(id) : 0;
	bool right = len > 0 && len <= GROUP_MAX;

	for (size_t i = 0; i < len; i++)
		right = right && id[i] > ' ' && id[i] <= '~';
	if (!right)
		notify_invalid(e,
		    "%s Reason: it has 1 to 128 letters, digits and punctuation characters", name);
	else
		docs_add_string(h, b, key, id);
	h->free(h, id);
}

static void
add_order(const struct pawl_host *h, struct pawl_builder *b, const char *topic,
    struct pawl_doc params, struct notify_error *e)
{
	bool group = docs_has(h, params, "MessageGroupId");
	bool dedup = docs_has(h, params, "MessageDeduplicationId");

	if (names_is_fifo(topic) && !group)
		notify_invalid(e, "The MessageGroupId parameter is required for FIFO topics");
	if (!names_is_fifo(topic) && dedup)
		notify_invalid(e,
		    "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type");
	if (e->code == NULL && group)
		add_id(h, b, params, "MessageGroupId", "group", e);
	if (e->code == NULL && dedup)
		add_id(h, b, params, "MessageDeduplicationId", "dedup", e);
}

struct pawl_doc
message_read(const struct pawl_host *h, const char *topic, struct pawl_doc params, const char *text,
    size_t len, size_t *size, struct notify_error *e)
{
	struct pawl_builder *b = h->build(h);
	struct pawl_doc entry;

	*size = len;
	h->build_object(b);
	add_message(h, b, params, text, len, e);
	if (e->code == NULL && docs_has(h, params, "Subject"))
		add_subject(h, b, params, e);
	if (e->code == NULL && docs_has(h, params, "MessageAttributes"))
		*size += add_attributes(h, b, h->doc_get(h, params, "MessageAttributes"), e);
	if (e->code == NULL)
		add_order(h, b, topic, params, e);
	if (e->code == NULL && *size > NOTIFY_MESSAGE_MAX)
		notify_invalid(e, "Message too long");
	h->build_end(b);
	entry = h->build_finish(b);
	if (e->code == NULL)
		return entry;
	h->doc_unref(h, entry);
	return PAWL_NO_DOC;
}

void
message_problem(const char *problem, struct notify_error *e)
{
	(void)problem; /* there is but one */
	notify_invalid(e,
	    "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
}
