/*
 * message - what is sent, checked, and what is received, with the digests that clients verify.
 *
 * MD5OfMessageAttributes is made of the attributes in the order of their names, each as name,
 * type, a byte for the kind of value, value; texts with their length in four bytes before them.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "docs.h"
#include "queue.h"
#include "text.h"

#define ATTRIBUTES_MAX 10
#define GROUP_MAX 128

/* --- digests ------------------------------------------------------------------------------- */

static void
digest_hex(EVP_MD_CTX *md, char out[QUEUE_MD5_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len;

	if (EVP_DigestFinal_ex(md, digest, &len) != 1 || len * 2 + 1 != QUEUE_MD5_SIZE)
		abort();
	for (unsigned i = 0; i < len; i++)
		snprintf(out + (size_t)i * 2, 3, "%02x", digest[i]);
}

static EVP_MD_CTX *
digest_begin(void)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	if (md == NULL || EVP_DigestInit_ex(md, EVP_md5(), NULL) != 1)
		abort();
	return md;
}

static void
md5(const char *s, size_t len, char out[QUEUE_MD5_SIZE])
{
	EVP_MD_CTX *md = digest_begin();

	EVP_DigestUpdate(md, s, len);
	digest_hex(md, out);
	EVP_MD_CTX_free(md);
}

static void
digest_text(EVP_MD_CTX *md, const char *s, size_t len)
{
	unsigned char n[4] = { (unsigned char)(len >> 24), (unsigned char)(len >> 16),
		(unsigned char)(len >> 8), (unsigned char)len };

	EVP_DigestUpdate(md, n, sizeof(n));
	EVP_DigestUpdate(md, s, len);
}

/* --- attributes -------------------------------------------------------------------------------- */

struct attribute {
	char *name, *type;
	char *given; /* the value as it stands in documents */
	struct text value;
	bool binary;
};

struct attributes {
	struct attribute list[ATTRIBUTES_MAX]; /* in the order of names */
	size_t n;
};

static void
attributes_fini(struct attributes *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->list[i].name);
		free(a->list[i].type);
		free(a->list[i].given);
		text_fini(&a->list[i].value);
	}
	a->n = 0;
}

static void
attributes_md5(const struct attributes *a, char out[QUEUE_MD5_SIZE])
{
	EVP_MD_CTX *md = digest_begin();

	for (size_t i = 0; i < a->n; i++) {
		const struct attribute *x = &a->list[i];

		digest_text(md, x->name, strlen(x->name));
		digest_text(md, x->type, strlen(x->type));
		EVP_DigestUpdate(md, x->binary ? "\2" : "\1", 1);
		digest_text(md, x->value.s, x->value.len);
	}
	digest_hex(md, out);
	EVP_MD_CTX_free(md);
}

static void
attributes_add(const struct pawl_host *h, struct pawl_builder *b, const char *key,
    const struct attributes *a)
{
	h->build_key(b, key);
	h->build_object(b);
	for (size_t i = 0; i < a->n; i++) {
		const struct attribute *x = &a->list[i];

		h->build_key(b, x->name);
		h->build_object(b);
		docs_add_string(h, b, "DataType", x->type);
		docs_add_string(h, b, x->binary ? "BinaryValue" : "StringValue", x->given);
		h->build_end(b);
	}
	h->build_end(b);
}

static int
compare_attributes(const void *a, const void *b)
{
	const struct attribute *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF */
static bool
is_text(const char *s, size_t len)
{
	if (!text_is_utf8(s, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
			return false;
		if (c == 0xef && (unsigned char)s[i + 1] == 0xbf && (unsigned char)s[i + 2] >= 0xbe)
			return false;
	}
	return true;
}

static int
check_name(const char *name, struct queue_error *e)
{
	size_t len = strlen(name);

	if (len == 0 || len > 256 || name[0] == '.' || name[len - 1] == '.' ||
	    strstr(name, "..") != NULL ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") !=
		len)
		return queue_error_set(e, "InvalidParameterValue",
		    "The message attribute name '%.256s' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters.",
		    name);
	if (strncasecmp(name, "aws.", 4) == 0 || strncasecmp(name, "amazon.", 7) == 0)
		return queue_error_set(e, "InvalidParameterValue",
		    "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal use.");
	return 0;
}

static bool
has_kind(const char *type, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(type, kind, len) == 0 && (type[len] == '\0' || type[len] == '.');
}

static bool
is_number(const char *s)
{
	char *end;

	if (*s == '\0' || isspace((unsigned char)*s) || strspn(s, "0123456789+-.eE") != strlen(s))
		return false;
	strtod(s, &end);
	return *end == '\0';
}

static int
check_type(const struct attribute *x, struct queue_error *e)
{
	if (x->type == NULL || *x->type == '\0')
		return queue_error_set(e, "InvalidParameterValue",
		    "The message attribute '%s' must contain non-empty message attribute type.",
		    x->name);
	if (!has_kind(x->type, "String") && !has_kind(x->type, "Number") &&
	    !has_kind(x->type, "Binary"))
		return queue_error_set(e, "InvalidParameterValue",
		    "The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
		    x->name);
	if (strlen(x->type) > 256)
		return queue_error_set(e, "InvalidParameterValue",
		    "The type of the message attribute '%s' is longer than 256 characters.",
		    x->name);
	return 0;
}

static int
check_attribute_value(const struct attribute *x, bool whole, struct queue_error *e)
{
	if (!whole || x->value.len == 0)
		return queue_error_set(e, "InvalidParameterValue",
		    "The message attribute '%s' must contain a non-empty message attribute value for message attribute type '%s'.",
		    x->name, x->type);
	if (!x->binary && !is_text(x->value.s, x->value.len))
		return queue_error_set(e, "InvalidParameterValue",
		    "The value of the message attribute '%s' has characters that are not allowed.",
		    x->name);
	if (has_kind(x->type, "Number") && !is_number(x->value.s))
		return queue_error_set(e, "InvalidParameterValue",
		    "Can't cast the value of message (user) attribute '%s' to a number.", x->name);
	return 0;
}

/* A copy of what the host gave. */
static char *
own(const struct pawl_host *h, char *s)
{
	char *copy = s != NULL ? text_format("%s", s) : NULL;

	h->free(h, s);
	return copy;
}

static int
read_attribute(const struct pawl_host *h, const char *name, struct pawl_doc d, struct attribute *x,
    struct queue_error *e)
{
	bool whole = false;
	char *given;
	size_t len;

	x->name = text_format("%s", name);
	x->type = own(h, docs_string(h, d, "DataType"));
	if (check_name(name, e) != 0 || check_type(x, e) != 0)
		return -1;
	x->binary = has_kind(x->type, "Binary");
	given = h->doc_string(h, h->doc_get(h, d, x->binary ? "BinaryValue" : "StringValue"), &len);
	if (given != NULL && x->binary) {
		whole = text_add_unbase64(&x->value, given, len);
	} else if (given != NULL) {
		text_add(&x->value, given, len);
		whole = true;
	}
	x->given = own(h, given);
	return check_attribute_value(x, whole, e);
}

static int
attributes_read(const struct pawl_host *h, struct pawl_doc object, struct attributes *a,
    struct queue_error *e)
{
	struct pawl_doc_iter it = { .of = object };
	size_t n = h->doc_len(h, object);

	if (h->doc_type(h, object) != PAWL_DOC_OBJECT)
		return queue_error_set(e, "InvalidParameterValue",
		    "Message attributes are a map from names to values.");
	if (n > ATTRIBUTES_MAX)
		return queue_error_set(e, "InvalidParameterValue",
		    "Number of message attributes [%zu] exceeds the allowed maximum [%d].", n,
		    ATTRIBUTES_MAX);
	while (e->code == NULL && h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);

		read_attribute(h, name, it.value, &a->list[a->n++], e);
		h->free(h, name);
	}
	qsort(a->list, a->n, sizeof(*a->list), compare_attributes);
	return e->code != NULL ? -1 : 0;
}

static size_t
attributes_size(const struct attributes *a)
{
	size_t size = 0;

	for (size_t i = 0; i < a->n; i++)
		size += strlen(a->list[i].name) + strlen(a->list[i].type) + a->list[i].value.len;
	return size;
}

/* --- what is sent ------------------------------------------------------------------------------ */

static bool
is_group_text(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return len > 0 && len <= GROUP_MAX;
}

/* MessageGroupId or MessageDeduplicationId, into the entry. */
static int
read_group(const struct pawl_host *h, struct pawl_doc params, const char *name, const char *key,
    struct pawl_builder *b, struct queue_error *e)
{
	char *given = docs_string(h, params, name);

	if (given != NULL && !is_group_text(given))
		queue_error_set(e, "InvalidParameterValue",
		    "Value %.140s for parameter %s is invalid. Reason: %s can only include alphanumeric and punctuation characters. 1 to 128 in length.",
		    given, name, name);
	else if (given != NULL)
		docs_add_string(h, b, key, given);
	h->free(h, given);
	return e->code != NULL ? -1 : 0;
}

static int
read_order(const struct pawl_host *h, const char *queue_name, struct pawl_doc params,
    struct pawl_builder *b, struct queue_error *e)
{
	bool fifo = queue_is_fifo(queue_name);
	int64_t delay = -1;

	if (request_number(h, params, "DelaySeconds", 0, QUEUE_DELAY_MAX,
		"DelaySeconds must be >= 0 and <= 900.", &delay, e) != 0)
		return -1;
	if (fifo && delay > 0)
		return queue_error_set(e, "InvalidParameterValue",
		    "Value %d for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.",
		    (int)delay);
	if (fifo && !docs_has(h, params, "MessageGroupId"))
		return queue_error_set(e, "MissingParameter",
		    "The request must contain the parameter MessageGroupId.");
	if (!fifo && docs_has(h, params, "MessageDeduplicationId"))
		return queue_error_set(e, "InvalidParameterValue",
		    "The request includes a parameter that is not valid for this queue type: MessageDeduplicationId.");
	if (delay >= 0 && !fifo)
		docs_add_int(h, b, "delay", delay);
	if (read_group(h, params, "MessageGroupId", "group", b, e) != 0)
		return -1;
	return read_group(h, params, "MessageDeduplicationId", "dedup", b, e);
}

static int
read_body(const struct pawl_host *h, const char *body, size_t len, struct message *m,
    struct pawl_builder *b, struct queue_error *e)
{
	if (body == NULL || len == 0)
		return queue_error_set(e, "MissingParameter",
		    "The request must contain the parameter MessageBody.");
	if (!is_text(body, len))
		return queue_error_set(e, "InvalidMessageContents",
		    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF");
	m->size = len;
	md5(body, len, m->body_md5);
	h->build_key(b, "body");
	h->build_string(b, body, len);
	return 0;
}

static int
read_user_attributes(const struct pawl_host *h, struct pawl_doc params, struct message *m,
    struct pawl_builder *b, struct queue_error *e)
{
	struct attributes a = { .n = 0 };

	if (docs_has(h, params, "MessageAttributes") &&
	    attributes_read(h, h->doc_get(h, params, "MessageAttributes"), &a, e) == 0 && a.n > 0) {
		attributes_md5(&a, m->attributes_md5);
		attributes_add(h, b, "attributes", &a);
		m->size += attributes_size(&a);
	}
	attributes_fini(&a);
	return e->code != NULL ? -1 : 0;
}

/* AWSTraceHeader is the only one that there is. */
static int
read_system_attributes(const struct pawl_host *h, struct pawl_doc params, struct message *m,
    struct pawl_builder *b, struct queue_error *e)
{
	struct attributes a = { .n = 0 };

	if (docs_has(h, params, "MessageSystemAttributes") &&
	    attributes_read(h, h->doc_get(h, params, "MessageSystemAttributes"), &a, e) == 0 &&
	    a.n > 0) {
		if (a.n > 1 || strcmp(a.list[0].name, "AWSTraceHeader") != 0 ||
		    strcmp(a.list[0].type, "String") != 0)
			queue_error_set(e, "InvalidParameterValue",
			    "Message system attribute name '%s' is invalid: only AWSTraceHeader, a String, can be set.",
			    a.list[0].name);
		attributes_md5(&a, m->system_md5);
		docs_add_string(h, b, "trace", a.list[0].given);
	}
	attributes_fini(&a);
	return e->code != NULL ? -1 : 0;
}

int
message_read(const struct pawl_host *h, const char *queue_name, struct pawl_doc params,
    const char *body, size_t body_len, struct message *m, struct queue_error *e)
{
	struct pawl_builder *b = h->build(h);

	*m = (struct message){ .entry = PAWL_NO_DOC };
	h->build_object(b);
	if (read_body(h, body, body_len, m, b, e) == 0 &&
	    read_user_attributes(h, params, m, b, e) == 0 &&
	    read_system_attributes(h, params, m, b, e) == 0)
		read_order(h, queue_name, params, b, e);
	docs_add_int(h, b, "size", (int64_t)m->size);
	h->build_end(b);
	m->entry = h->build_finish(b);
	if (e->code == NULL && m->size > QUEUE_MESSAGE_MAX)
		message_problem("size", e);
	return e->code != NULL ? -1 : 0;
}

void
message_fini(const struct pawl_host *h, struct message *m)
{
	h->doc_unref(h, m->entry);
	m->entry = PAWL_NO_DOC;
}

void
message_problem(const char *problem, struct queue_error *e)
{
	if (strcmp(problem, "size") == 0)
		queue_error_set(e, "InvalidParameterValue",
		    "One or more parameters are invalid. Reason: Message must be shorter than the MaximumMessageSize of the queue.");
	else
		queue_error_set(e, "InvalidParameterValue",
		    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
}

void
message_add_result(const struct pawl_host *h, struct pawl_builder *b, const struct message *m,
    const struct pawl_sql_rows *rows, size_t row)
{
	const char *sequence = request_value(rows, row, 2);

	if (*m->attributes_md5 != '\0')
		docs_add_string(h, b, "MD5OfMessageAttributes", m->attributes_md5);
	docs_add_string(h, b, "MD5OfMessageBody", m->body_md5);
	if (*m->system_md5 != '\0')
		docs_add_string(h, b, "MD5OfMessageSystemAttributes", m->system_md5);
	docs_add_string(h, b, "MessageId", request_value(rows, row, 1));
	if (sequence != NULL)
		docs_add_string(h, b, "SequenceNumber", sequence);
}

/* --- what is received ---------------------------------------------------------------------------- */

/* A name of MessageAttributeNames: "All", ".*", a prefix and "*", or a name. */
static bool
name_matches(const char *wanted, const char *name)
{
	size_t len = strlen(wanted);

	if (strcmp(wanted, "All") == 0 || strcmp(wanted, ".*") == 0)
		return true;
	if (len == 0 || wanted[len - 1] != '*')
		return strcmp(wanted, name) == 0;
	len -= len > 1 && wanted[len - 2] == '.' ? 2 : 1;
	return strncmp(wanted, name, len) == 0;
}

static bool
is_wanted(const struct pawl_host *h, struct pawl_doc names, const char *name)
{
	struct pawl_doc_iter it = { .of = names };
	bool wanted = false;

	while (!wanted && h->doc_next(h, &it)) {
		char *pattern = h->doc_string(h, it.value, NULL);

		wanted = pattern != NULL && name_matches(pattern, name);
		h->free(h, pattern);
	}
	return wanted;
}

static void
keep_wanted(const struct pawl_host *h, struct pawl_doc names, struct attributes *a)
{
	struct attributes kept = { .n = 0 }, rest = { .n = 0 };

	for (size_t i = 0; i < a->n; i++)
		if (is_wanted(h, names, a->list[i].name))
			kept.list[kept.n++] = a->list[i];
		else
			rest.list[rest.n++] = a->list[i];
	attributes_fini(&rest);
	*a = kept;
}

static void
add_user_attributes(const struct pawl_host *h, struct pawl_builder *b, struct pawl_doc names,
    struct pawl_doc row)
{
	struct attributes a = { .n = 0 };
	struct queue_error e = { 0 };
	char digest[QUEUE_MD5_SIZE];

	if (docs_has(h, row, "attributes") &&
	    attributes_read(h, h->doc_get(h, row, "attributes"), &a, &e) == 0) {
		keep_wanted(h, names, &a);
		if (a.n > 0) {
			attributes_md5(&a, digest);
			docs_add_string(h, b, "MD5OfMessageAttributes", digest);
			attributes_add(h, b, "MessageAttributes", &a);
		}
	}
	queue_error_fini(&e);
	attributes_fini(&a);
}

static void
add_system_attribute(const struct pawl_host *h, struct pawl_builder *b, const char *name,
    struct pawl_doc value)
{
	char *text = h->doc_type(h, value) == PAWL_DOC_STRING ? h->doc_string(h, value, NULL)
							      : h->doc_text(h, value, NULL);

	docs_add_string(h, b, name, text);
	h->free(h, text);
}

static void
add_system_attributes(const struct pawl_host *h, struct pawl_builder *b, struct pawl_doc params,
    struct pawl_doc row)
{
	static const struct {
		const char *name, *column;
	} known[] = {
		{ "SentTimestamp", "sent" },
		{ "ApproximateReceiveCount", "count" },
		{ "ApproximateFirstReceiveTimestamp", "received" },
		{ "SequenceNumber", "seq" },
		{ "MessageDeduplicationId", "dedup" },
		{ "MessageGroupId", "group" },
		{ "AWSTraceHeader", "trace" },
	};
	struct pawl_doc older = h->doc_get(h, params, "AttributeNames");
	struct pawl_doc newer = h->doc_get(h, params, "MessageSystemAttributeNames");

	h->build_key(b, "Attributes");
	h->build_object(b);
	if (is_wanted(h, older, "SenderId") || is_wanted(h, newer, "SenderId"))
		docs_add_string(h, b, "SenderId", h->setting(h, "account_id"));
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (docs_has(h, row, known[i].column) &&
		    (is_wanted(h, older, known[i].name) || is_wanted(h, newer, known[i].name)))
			add_system_attribute(h, b, known[i].name,
			    h->doc_get(h, row, known[i].column));
	if (docs_has(h, row, "source") &&
	    (is_wanted(h, older, "DeadLetterQueueSourceArn") ||
		is_wanted(h, newer, "DeadLetterQueueSourceArn"))) {
		char *name = docs_string(h, row, "source");
		char *arn = queue_arn(h, name);

		docs_add_string(h, b, "DeadLetterQueueSourceArn", arn);
		free(arn);
		h->free(h, name);
	}
	h->build_end(b);
}

void
message_add_received(const struct pawl_host *h, struct pawl_builder *b, struct pawl_doc params,
    struct pawl_doc row)
{
	char digest[QUEUE_MD5_SIZE];
	size_t len;
	char *body = h->doc_string(h, h->doc_get(h, row, "body"), &len);

	md5(body, len, digest);
	h->build_object(b);
	docs_add_doc(h, b, "MessageId", h->doc_get(h, row, "id"));
	docs_add_doc(h, b, "ReceiptHandle", h->doc_get(h, row, "handle"));
	docs_add_string(h, b, "MD5OfBody", digest);
	docs_add_doc(h, b, "Body", h->doc_get(h, row, "body"));
	if (h->doc_len(h, h->doc_get(h, params, "AttributeNames")) > 0 ||
	    h->doc_len(h, h->doc_get(h, params, "MessageSystemAttributeNames")) > 0)
		add_system_attributes(h, b, params, row);
	add_user_attributes(h, b, h->doc_get(h, params, "MessageAttributeNames"), row);
	h->build_end(b);
	h->free(h, body);
}
