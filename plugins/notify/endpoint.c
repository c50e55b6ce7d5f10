/*
 * endpoint - where a subscription leads and how, checked.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "docs.h"
#include "notify.h"
#include "text.h"

#define URL_MAX_LEN 2048
#define ADDRESS_MAX 320

/* Printable ASCII without blanks, quotes and angle brackets. */
static bool
is_plain(const char *s, size_t max)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~' || strchr("\"<>\\^`{|}", s[i]) != NULL)
			return false;
	return len > 0 && len <= max;
}

/* What stands behind user and password of a URL, up to the path. */
static const char *
host_of(const char *url, size_t *len)
{
	const char *begin = strstr(url, "://"), *at;

	begin = begin != NULL ? begin + 3 : url;
	*len = strcspn(begin, "/?#");
	while ((at = memchr(begin, '@', *len)) != NULL) {
		*len -= (size_t)(at + 1 - begin);
		begin = at + 1;
	}
	return begin;
}

static bool
is_url(const char *url)
{
	size_t len;
	const char *host = host_of(url, &len);

	return is_plain(url, URL_MAX_LEN) && len > 0 && *host != ':';
}

static bool
is_address(const char *s)
{
	const char *at = strchr(s, '@');

	return at != NULL && at != s && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
	    is_plain(s, ADDRESS_MAX) && strpbrk(s, ",;:()[]") == NULL;
}

int
endpoint_check(const char *protocol, const char *endpoint, struct notify_error *e)
{
	bool http = strcmp(protocol, "http") == 0, https = strcmp(protocol, "https") == 0;

	if (strcmp(protocol, "sqs") == 0)
		return names_is_queue_arn(endpoint, NULL) ? 0
							  : notify_invalid(e, "SQS endpoint ARN");
	if (http || https) {
		if (strncasecmp(endpoint, http ? "http://" : "https://", http ? 7 : 8) != 0)
			return notify_invalid(e, "Endpoint must match the specified protocol");
		return is_url(endpoint) ? 0 : notify_invalid(e, "Endpoint Reason: It is no URL");
	}
	if (strcmp(protocol, "email") == 0 || strcmp(protocol, "email-json") == 0)
		return is_address(endpoint) ? 0 : notify_invalid(e, "Email address");
	return notify_invalid(e,
	    "Protocol Reason: pawl delivers to sqs, http, https, email and email-json, not to '%.50s'",
	    protocol);
}

bool
endpoint_is_trusted(const char *url, const char *hosts)
{
	size_t len, name_len, word;
	const char *host = host_of(url, &len);

	name_len = memchr(host, ':', len) != NULL && *host != '['
	    ? (size_t)((const char *)memchr(host, ':', len) - host)
	    : len;
	for (const char *at = hosts; *at != '\0'; at += word) {
		at += strspn(at, " ,\t");
		word = strcspn(at, " ,\t");
		if (word > 0 &&
		    ((word == len && strncasecmp(at, host, len) == 0) ||
			(word == name_len && strncasecmp(at, host, name_len) == 0)))
			return true;
	}
	return false;
}

/* --- attributes of subscriptions ------------------------------------------------------------ */

static int
check_policy(const struct pawl_host *h, bool body, struct pawl_doc policy, struct notify_error *e)
{
	const char *why;

	if (filter_check(h, policy, body, &why))
		return 0;
	return notify_invalid(e, "FilterPolicy: %s", why);
}

static int
check_redrive(const struct pawl_host *h, struct pawl_doc policy, struct notify_error *e)
{
	char *arn = docs_string(h, policy, "deadLetterTargetArn");
	bool right = arn != NULL && names_is_queue_arn(arn, NULL);

	h->free(h, arn);
	return right
	    ? 0
	    : notify_invalid(e, "RedrivePolicy: deadLetterTargetArn must be the ARN of a queue");
}

static int
check_delivery(const struct pawl_host *h, struct pawl_doc policy, struct notify_error *e)
{
	static const struct {
		const char *name;
		int64_t max;
	} numbers[] = { { "numRetries", 100 }, { "minDelayTarget", 3600 },
		{ "maxDelayTarget", 3600 } };
	struct pawl_doc retry = h->doc_get(h, policy, "healthyRetryPolicy");
	int64_t value;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (docs_has(h, retry, numbers[i].name) &&
		    (!docs_int(h, h->doc_get(h, retry, numbers[i].name), &value) || value < 0 ||
			value > numbers[i].max))
			return notify_invalid(e,
			    "DeliveryPolicy: healthyRetryPolicy.%s must be 0 to %d",
			    numbers[i].name, (int)numbers[i].max);
	return 0;
}

int
endpoint_check_attribute(const struct pawl_host *h, const char *protocol, bool body,
    const char *name, const char *value, struct notify_error *e)
{
	struct pawl_doc d;

	if (strcmp(name, "RawMessageDelivery") == 0) {
		if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
			return notify_invalid(e,
			    "Attributes Reason: RawMessageDelivery: Invalid value [%.50s]. Must be true or false.",
			    value);
		if (protocol != NULL && strncmp(protocol, "email", 5) == 0)
			return notify_invalid(e,
			    "Attributes Reason: Delivery protocol [%s] does not support raw message delivery.",
			    protocol);
		return 0;
	}
	if (strcmp(name, "FilterPolicyScope") == 0)
		return strcmp(value, "MessageAttributes") == 0 || strcmp(value, "MessageBody") == 0
		    ? 0
		    : notify_invalid(e,
			  "FilterPolicyScope: Invalid value [%.50s]. Please use either MessageBody or MessageAttributes",
			  value);
	if (strcmp(name, "FilterPolicy") != 0 && strcmp(name, "RedrivePolicy") != 0 &&
	    strcmp(name, "DeliveryPolicy") != 0)
		return notify_invalid(e, "AttributeName");
	if (*value == '\0')
		return 0; /* takes it away */
	d = h->doc_parse(h, value, strlen(value), NULL);
	if (h->doc_type(h, d) != PAWL_DOC_OBJECT)
		notify_invalid(e, "%s: failed to parse JSON.", name);
	else if (strcmp(name, "FilterPolicy") == 0)
		check_policy(h, body, d, e);
	else if (strcmp(name, "RedrivePolicy") == 0)
		check_redrive(h, d, e);
	else
		check_delivery(h, d, e);
	h->doc_unref(h, d);
	return e->code != NULL ? -1 : 0;
}
