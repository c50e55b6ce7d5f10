/*
 * names - ARNs of topics, subscriptions and queues.
 */
#include <stdlib.h>
#include <string.h>

#include "notify.h"
#include "text.h"

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

static bool
is_name(const char *name, size_t max)
{
	size_t len = strlen(name);

	return len <= max && strspn(name, NAME_LETTERS) == (names_is_fifo(name) ? len - 5 : len) &&
	    len > (names_is_fifo(name) ? 5u : 0u);
}

bool
names_is_fifo(const char *name)
{
	size_t len = strlen(name);

	return len >= 5 && strcmp(name + len - 5, ".fifo") == 0;
}

bool
names_is_topic(const char *name)
{
	return is_name(name, NOTIFY_NAME_MAX);
}

bool
names_is_uuid(const char *s)
{
	for (size_t i = 0; i < NOTIFY_ID_SIZE - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : s[i] == '\0' || strchr("0123456789abcdef", s[i]) == NULL)
			return false;
	}
	return s[NOTIFY_ID_SIZE - 1] == '\0';
}

char *
names_topic_arn(const struct pawl_host *h, const char *topic)
{
	return text_format("arn:aws:sns:%s:%s:%s", h->setting(h, "region"),
	    h->setting(h, "account_id"), topic);
}

char *
names_subscription_arn(const struct pawl_host *h, const char *topic, const char *id)
{
	char *arn = names_topic_arn(h, topic), *whole = text_format("%s:%s", arn, id);

	free(arn);
	return whole;
}

/* Up to max parts between colons, in place; how many there are. */
static size_t
split(char *s, char **parts, size_t max)
{
	size_t n = 0;

	for (char *next = s; next != NULL && n < max; n++) {
		parts[n] = next;
		if ((next = strchr(next, ':')) != NULL)
			*next++ = '\0';
	}
	return n;
}

static bool
is_aws(char *const *parts, const char *service)
{
	return strcmp(parts[0], "arn") == 0 && strncmp(parts[1], "aws", 3) == 0 &&
	    strcmp(parts[2], service) == 0;
}

/* The name of the topic that the first six parts are; NULL and *e. */
static char *
topic_of_parts(const struct pawl_host *h, char *const *parts, const char *what,
    struct notify_error *e)
{
	if (!is_aws(parts, "sns"))
		notify_invalid(e, "%s Reason: It is no ARN of Amazon SNS", what);
	else if (!names_is_topic(parts[5]) || strcmp(parts[3], h->setting(h, "region")) != 0 ||
	    strcmp(parts[4], h->setting(h, "account_id")) != 0)
		notify_no_topic(e);
	return e->code == NULL ? text_format("%s", parts[5]) : NULL;
}

char *
names_topic_of_arn(const struct pawl_host *h, const char *arn, const char *what,
    struct notify_error *e)
{
	char *copy = text_format("%s", arn), *parts[7], *topic = NULL;
	size_t n = split(copy, parts, 7);

	if (n < 6)
		notify_invalid(e, "%s Reason: An ARN must have at least 6 elements, not %zu", what,
		    n);
	else if (n > 6)
		notify_no_topic(e);
	else
		topic = topic_of_parts(h, parts, what, e);
	free(copy);
	return topic;
}

char *
names_subscription_of_arn(const struct pawl_host *h, const char *arn, char *id,
    struct notify_error *e)
{
	static const char what[] = "SubscriptionArn";
	char *copy = text_format("%s", arn), *parts[8], *topic = NULL;
	size_t n = split(copy, parts, 8);

	if (n != 7 || !names_is_uuid(parts[6]))
		notify_invalid(e,
		    "%s Reason: An ARN of a subscription has 7 elements, the last of which is its id",
		    what);
	else if ((topic = topic_of_parts(h, parts, what, e)) != NULL)
		memcpy(id, parts[6], NOTIFY_ID_SIZE);
	free(copy);
	return topic;
}

bool
names_is_queue_arn(const char *arn, bool *fifo)
{
	char *copy = text_format("%s", arn), *parts[7];
	bool is = split(copy, parts, 7) == 6 && is_aws(parts, "sqs") && is_name(parts[5], 80);

	if (is && fifo != NULL)
		*fifo = names_is_fifo(parts[5]);
	free(copy);
	return is;
}
