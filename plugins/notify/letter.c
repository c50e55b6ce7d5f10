/*
 * letter - deliveries as mail.
 */
#include <stdlib.h>
#include <string.h>

#include "notify.h"
#include "text.h"

static void
answered(void *arg, const struct pawl_mail_answer *a)
{
	struct delivery *d = arg;

	if (a->sent)
		deliver_done(d);
	else if (a->permanent)
		deliver_dead(d, a->message);
	else
		deliver_later(d, 0, a->message);
}

static void
send(struct delivery *d, const char *subject, const char *text,
    const struct pawl_http_header *headers, size_t nheaders)
{
	const struct pawl_host *h = d->notify->host;

	d->mail = h->mail_start(h,
	    &(struct pawl_mail){ .size = sizeof(struct pawl_mail),
		.to = (const char *const[]){ d->endpoint },
		.nto = 1,
		.subject = subject,
		.text = text,
		.headers = headers,
		.nheaders = nheaders,
		.timeout_ms = h->option_int(h, "timeout") },
	    answered, d);
}

static void
send_confirmation(struct delivery *d, const struct pawl_sql_rows *rows, size_t row)
{
	char *text = text_format(
	    "Somebody wants this address to get what is published to the topic\n%s\n\n"
	    "If that is right, confirm it here:\n%s\n\n"
	    "If not, there is nothing to do: without a confirmation nothing more comes.\n",
	    notify_value(rows, row, TAKEN_TOPIC), notify_value(rows, row, TAKEN_CONFIRM_URL));

	send(d, "Confirm a subscription", text, NULL, 0);
	free(text);
}

static void
send_message(struct delivery *d, const struct pawl_sql_rows *rows, size_t row)
{
	const char *subject = notify_value(rows, row, TAKEN_SUBJECT);
	const char *url = notify_value(rows, row, TAKEN_LEAVE_URL);
	const char *topic = strrchr(notify_value(rows, row, TAKEN_TOPIC), ':') + 1;
	bool json = strcmp(notify_value(rows, row, TAKEN_PROTOCOL), "email-json") == 0;
	char *fallback = text_format("Notification from %s", topic);
	char *leave = text_format("<%s>", url);
	char *text = json ? text_format("%s\n", notify_value(rows, row, TAKEN_ENVELOPE))
			  : text_format("%s\n\n--\nTo get no more from the topic %s:\n%s\n",
				notify_value(rows, row, TAKEN_BODY), topic, url);

	/* RFC 8058: mail programs offer a button that sends the POST. */
	send(d, subject != NULL ? subject : fallback, text,
	    (const struct pawl_http_header[]){ { "List-Unsubscribe", leave },
		{ "List-Unsubscribe-Post", "List-Unsubscribe=One-Click" } },
	    2);
	free(text);
	free(leave);
	free(fallback);
}

void
letter_start(struct delivery *d, const struct pawl_sql_rows *rows, size_t row)
{
	if (strcmp(notify_value(rows, row, TAKEN_KIND), "Notification") == 0)
		send_message(d, rows, row);
	else
		send_confirmation(d, rows, row);
}
