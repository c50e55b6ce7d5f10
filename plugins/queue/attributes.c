/*
 * attributes - the attributes of queues: checked when they are set, told when they are asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "queue.h"
#include "text.h"

/* --- what can be set ------------------------------------------------------------------- */

enum kind {
	KIND_NUMBER,
	KIND_BOOL,
	KIND_CHOICE, /* one of two words */
	KIND_TEXT,   /* kept, without an effect here */
	KIND_JSON,   /* the same, but it must be a JSON object */
	KIND_REDRIVE
};

static const struct attribute {
	const char *name;
	enum kind kind;
	int64_t min, max;
	const char *one, *other; /* KIND_CHOICE; the first is the default */
	bool fifo;               /* of FIFO queues only */
	int column; /* of read_attributes, where its value is in force; 0 = as it was set */
} settable[] = {
#define NUMBER(least, most) .kind = KIND_NUMBER, .min = least, .max = most
#define FIFO(what) .kind = what, .fifo = true
	{ .name = "VisibilityTimeout", NUMBER(0, QUEUE_VISIBILITY_MAX), .column = 3 },
	{ .name = "DelaySeconds", NUMBER(0, QUEUE_DELAY_MAX), .column = 4 },
	{ .name = "MessageRetentionPeriod", NUMBER(60, 1209600), .column = 5 },
	{ .name = "ReceiveMessageWaitTimeSeconds", NUMBER(0, QUEUE_WAIT_MAX), .column = 6 },
	{ .name = "MaximumMessageSize", NUMBER(1024, QUEUE_MESSAGE_MAX), .column = 7 },
	{ .name = "RedrivePolicy", .kind = KIND_REDRIVE },
	{ .name = "RedriveAllowPolicy", .kind = KIND_JSON },
	{ .name = "Policy", .kind = KIND_JSON },
	{ .name = "KmsMasterKeyId", .kind = KIND_TEXT },
	{ .name = "KmsDataKeyReusePeriodSeconds", NUMBER(60, 86400) },
	{ .name = "SqsManagedSseEnabled", .kind = KIND_BOOL },
	{ .name = "FifoQueue", FIFO(KIND_BOOL) },
	{ .name = "ContentBasedDeduplication", FIFO(KIND_BOOL) },
	{ .name = "DeduplicationScope",
	    FIFO(KIND_CHOICE),
	    .one = "queue",
	    .other = "messageGroup" },
	{ .name = "FifoThroughputLimit",
	    FIFO(KIND_CHOICE),
	    .one = "perQueue",
	    .other = "perMessageGroupId" },
#undef NUMBER
#undef FIFO
};
#define NSETTABLE (sizeof(settable) / sizeof(*settable))

static const struct attribute *
find_attribute(const char *name)
{
	for (size_t i = 0; i < NSETTABLE; i++)
		if (strcmp(settable[i].name, name) == 0)
			return &settable[i];
	return NULL;
}

static int
bad_value(const char *name, struct queue_error *e)
{
	return queue_error_set(e, "InvalidAttributeValue", "Invalid value for the parameter %s.",
	    name);
}

static int
check_redrive(const struct pawl_host *h, const char *queue_name, const char *text,
    struct queue_error *e)
{
	struct pawl_doc policy = h->doc_parse(h, text, strlen(text), NULL);
	char *arn = docs_string(h, policy, "deadLetterTargetArn");
	char *name = arn != NULL
	    ? text_format("%s", strrchr(arn, ':') != NULL ? strrchr(arn, ':') + 1 : "")
	    : NULL;
	int64_t count;

	if (h->doc_type(h, policy) != PAWL_DOC_OBJECT || name == NULL ||
	    !docs_int(h, h->doc_get(h, policy, "maxReceiveCount"), &count))
		queue_error_set(e, "InvalidParameterValue",
		    "Value %s for parameter RedrivePolicy is invalid. Reason: Redrive policy is not a valid JSON map with deadLetterTargetArn and maxReceiveCount.",
		    text);
	else if (count < 1 || count > 1000)
		queue_error_set(e, "InvalidParameterValue",
		    "Value %s for parameter RedrivePolicy is invalid. Reason: Invalid value for maxReceiveCount: %lld, valid values are from 1 to 1000 both inclusive.",
		    text, (long long)count);
	else if (strncmp(arn, "arn:", 4) != 0 || !queue_name_is_valid(name))
		queue_error_set(e, "InvalidParameterValue",
		    "Value %s for parameter RedrivePolicy is invalid. Reason: Invalid value for deadLetterTargetArn.",
		    text);
	else if (queue_is_fifo(name) != queue_is_fifo(queue_name))
		queue_error_set(e, "InvalidParameterValue",
		    "Value %s for parameter RedrivePolicy is invalid. Reason: Dead-letter queue must be same type of queue as the source.",
		    text);
	h->free(h, arn);
	free(name);
	h->doc_unref(h, policy);
	return e->code != NULL ? -1 : 0;
}

static int
check_value(const struct pawl_host *h, const char *queue_name, const struct attribute *a,
    struct pawl_doc value, const char *text, struct queue_error *e)
{
	struct pawl_doc policy;
	bool object;
	int64_t n;

	if (*text == '\0' &&
	    (a->kind == KIND_TEXT || a->kind == KIND_JSON || a->kind == KIND_REDRIVE))
		return 0; /* takes it away */
	switch (a->kind) {
	case KIND_NUMBER:
		return docs_int(h, value, &n) && n >= a->min && n <= a->max ? 0
									    : bad_value(a->name, e);
	case KIND_BOOL:
		return strcmp(text, "true") == 0 || strcmp(text, "false") == 0
		    ? 0
		    : bad_value(a->name, e);
	case KIND_CHOICE:
		return strcmp(text, a->one) == 0 || strcmp(text, a->other) == 0
		    ? 0
		    : bad_value(a->name, e);
	case KIND_JSON:
		policy = h->doc_parse(h, text, strlen(text), NULL);
		object = h->doc_type(h, policy) == PAWL_DOC_OBJECT;
		h->doc_unref(h, policy);
		return object ? 0 : bad_value(a->name, e);
	case KIND_REDRIVE:
		return check_redrive(h, queue_name, text, e);
	case KIND_TEXT:
		break;
	}
	return 0;
}

static int
check_attribute(const struct pawl_host *h, const char *queue_name, const char *name,
    struct pawl_doc value, const char *text, bool create, struct queue_error *e)
{
	const struct attribute *a = find_attribute(name);

	if (a == NULL)
		return queue_error_set(e, "InvalidAttributeName", "Unknown Attribute %s.", name);
	if (text == NULL)
		return bad_value(name, e);
	if (a->fifo && !queue_is_fifo(queue_name))
		return queue_error_set(e, "InvalidAttributeName", "Unknown Attribute %s.", name);
	if (strcmp(name, "FifoQueue") == 0 && (!create || strcmp(text, "true") != 0))
		return bad_value(name, e); /* a queue's name says it for ever */
	return check_value(h, queue_name, a, value, text, e);
}

struct pawl_doc
attributes_check(const struct pawl_host *h, const char *queue_name, struct pawl_doc given,
    bool create, struct queue_error *e)
{
	struct pawl_builder *b = h->build(h);
	struct pawl_doc_iter it = { .of = given };
	struct pawl_doc checked;
	enum pawl_doc_type type = h->doc_type(h, given);

	if (type != PAWL_DOC_OBJECT && type != PAWL_DOC_NONE && type != PAWL_DOC_NULL)
		bad_value("Attributes", e);
	h->build_object(b);
	while (e->code == NULL && h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);
		char *text = h->doc_string(h, it.value, NULL);
		int64_t n;

		if (check_attribute(h, queue_name, name, it.value, text, create, e) == 0) {
			char number[24];

			if (find_attribute(name)->kind == KIND_NUMBER && docs_int(h, it.value, &n))
				snprintf(number, sizeof(number), "%lld", (long long)n);
			else
				*number = '\0';
			docs_add_string(h, b, name, *number != '\0' ? number : text);
		}
		h->free(h, name);
		h->free(h, text);
	}
	h->build_end(b);
	checked = h->build_finish(b);
	if (e->code == NULL && create && queue_is_fifo(queue_name) &&
	    !h->doc_is(h, h->doc_get(h, checked, "FifoQueue"), "true"))
		queue_error_set(e, "InvalidParameterValue",
		    "The name of a FIFO queue ends with .fifo, and its attribute FifoQueue is true.");
	if (e->code == NULL)
		return checked;
	h->doc_unref(h, checked);
	return PAWL_NO_DOC;
}

/* --- what can be asked for -------------------------------------------------------------- */

/* Columns of read_attributes that are no settable attributes. */
static const struct {
	const char *name;
	size_t column;
	bool count;
} derived[] = {
	{ "CreatedTimestamp", 1, false },
	{ "LastModifiedTimestamp", 2, false },
	{ "ApproximateNumberOfMessages", 8, true },
	{ "ApproximateNumberOfMessagesNotVisible", 9, true },
	{ "ApproximateNumberOfMessagesDelayed", 10, true },
};
#define NDERIVED (sizeof(derived) / sizeof(*derived))

static bool
is_wanted(const struct pawl_host *h, struct pawl_doc names, const char *name)
{
	struct pawl_doc_iter it = { .of = names };

	while (h->doc_next(h, &it))
		if (h->doc_is(h, it.value, "All") || h->doc_is(h, it.value, name))
			return true;
	return false;
}

static bool
is_known(const char *name)
{
	bool known = strcmp(name, "All") == 0 || strcmp(name, "QueueArn") == 0 ||
	    find_attribute(name) != NULL;

	for (size_t i = 0; i < NDERIVED; i++)
		known |= strcmp(derived[i].name, name) == 0;
	return known;
}

int
attributes_wanted(const struct pawl_host *h, struct pawl_doc names, bool *counts,
    struct queue_error *e)
{
	struct pawl_doc_iter it = { .of = names };

	*counts = false;
	for (size_t i = 0; i < NDERIVED; i++)
		*counts |= derived[i].count && is_wanted(h, names, derived[i].name);
	while (h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.value, NULL);

		if (name == NULL || !is_known(name))
			queue_error_set(e, "InvalidAttributeName", "Unknown Attribute %s.",
			    name != NULL ? name : "");
		h->free(h, name);
	}
	return e->code != NULL ? -1 : 0;
}

/* What a FIFO queue has without being told. */
static const char *
default_of(const struct attribute *a)
{
	return a->kind == KIND_CHOICE ? a->one : "false";
}

static void
add_settable(const struct pawl_host *h, struct pawl_builder *b, const char *queue_name,
    const struct attribute *a, struct pawl_doc set, const struct pawl_sql_rows *rows)
{
	if (a->column != 0)
		docs_add_string(h, b, a->name, request_value(rows, 0, (size_t)a->column));
	else if (docs_has(h, set, a->name))
		docs_add_doc(h, b, a->name, h->doc_get(h, set, a->name));
	else if (a->fifo && queue_is_fifo(queue_name))
		docs_add_string(h, b, a->name, default_of(a));
}

struct pawl_doc
attributes_answer(const struct pawl_host *h, const char *queue_name, struct pawl_doc wanted,
    const struct pawl_sql_rows *rows)
{
	const char *text = request_value(rows, 0, 0);
	struct pawl_doc set = h->doc_parse(h, text, strlen(text), NULL);
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	h->build_key(b, "Attributes");
	h->build_object(b);
	if (is_wanted(h, wanted, "QueueArn")) {
		char *arn = queue_arn(h, queue_name);

		docs_add_string(h, b, "QueueArn", arn);
		free(arn);
	}
	for (size_t i = 0; i < NDERIVED; i++)
		if (is_wanted(h, wanted, derived[i].name))
			docs_add_string(h, b, derived[i].name,
			    request_value(rows, 0, derived[i].column));
	for (size_t i = 0; i < NSETTABLE; i++)
		if (is_wanted(h, wanted, settable[i].name))
			add_settable(h, b, queue_name, &settable[i], set, rows);
	h->build_end(b);
	h->build_end(b);
	h->doc_unref(h, set);
	return h->build_finish(b);
}
