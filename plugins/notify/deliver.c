/*
 * deliver - what is due is taken, tried, and ended.
 *
 * One query takes up to BATCH deliveries and tells when the next one is due, which sets the timer;
 * nothing is asked for in between, unless NOTIFY says that something was published. The end of a try is a
 * query of its own; when that is lost, the delivery is due again after its lease. So each arrives at
 * least once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "docs.h"
#include "notify.h"
#include "text.h"

#define BATCH 8
#define FLIGHT_MAX 64             /* tries at the same time, on this node */
#define SUBSCRIPTION_FLIGHT_MAX 8 /* of one subscription: a slow one leaves room for others */
#define LEASE_MORE_MS 5000        /* beyond the limit of a try, for the query that ends it */
#define DATABASE_AWAY_MS 2000
#define SOONEST_MS 50 /* somebody else is at what is due already */
#define ERROR_MAX 500

static void
delivery_free(struct delivery *d)
{
	struct notify *n = d->notify;

	n->host->http_cancel(n->host, d->http);
	n->host->mail_cancel(n->host, d->mail);
	TAILQ_REMOVE(&n->deliveries, d, link);
	n->ndeliveries--;
	free(d->seq);
	free(d->tries);
	free(d->endpoint);
	free(d);
}

/* --- the end of a try ---------------------------------------------------------------------- */

static void
ended(void *arg, const struct pawl_sql_answer *a)
{
	struct delivery *d = arg;
	struct notify *n = d->notify;
	const char *dead;

	if (a->result != PAWL_SQL_OK)
		n->host->log(n->host, PAWL_LOG_WARN, 0,
		    "how a delivery ended could not be noted, it will be tried again: %s",
		    a->message);
	else if (a->sets[0].ncolumns > 0 && a->sets[0].nrows > 0 &&
	    (dead = notify_value(&a->sets[0], 0, 0)) != NULL)
		hint_add(n, dead);
	delivery_free(d);
	deliver_look(n);
}

static void
finish(struct delivery *d, const char *why)
{
	d->http = d->mail = 0;
	notify_query(d->notify, QUERY_finish, (const char *const[]){ d->seq, d->tries, why }, ended,
	    d);
}

void
deliver_done(struct delivery *d)
{
	finish(d, NULL);
}

void
deliver_dead(struct delivery *d, const char *why)
{
	char *text = text_format("%.*s", ERROR_MAX, why);

	d->notify->host->log(d->notify->host, PAWL_LOG_WARN, 0,
	    "a delivery to %s is given up after %s tries: %s", d->endpoint, d->tries, text);
	finish(d, text);
	free(text);
}

/* Between half of the delay and all of it. */
static int64_t
backoff_ms(const struct delivery *d)
{
	int64_t delay = d->first_delay_ms, half;
	uint32_t random;

	for (int64_t i = 1; i < d->ntries && delay < d->max_delay_ms; i++)
		delay *= 2;
	if (delay > d->max_delay_ms)
		delay = d->max_delay_ms;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = 0;
	half = delay / 2;
	return half + (int64_t)((double)random / UINT32_MAX * (double)(delay - half));
}

void
deliver_later(struct delivery *d, int64_t least_ms, const char *why)
{
	int64_t delay = backoff_ms(d);
	char ms[24], *text;

	if (d->ntries >= d->max_tries) {
		deliver_dead(d, why);
		return;
	}
	if (delay < least_ms)
		delay = least_ms;
	text = text_format("%.*s", ERROR_MAX, why);
	d->notify->host->log(d->notify->host, PAWL_LOG_INFO, 0,
	    "a delivery to %s did not arrive (try %s): %s", d->endpoint, d->tries, text);
	snprintf(ms, sizeof(ms), "%lld", (long long)delay);
	d->http = d->mail = 0;
	notify_query(d->notify, QUERY_retry, (const char *const[]){ d->seq, d->tries, text, ms },
	    ended, d);
	free(text);
}

/* --- a try ----------------------------------------------------------------------------------- */

/* How often and how fast, as the options or the subscription's DeliveryPolicy say. */
static void
read_policy(struct delivery *d, const char *policy)
{
	const struct pawl_host *h = d->notify->host;
	struct pawl_doc parsed = PAWL_NO_DOC, retry;
	int64_t value;

	d->max_tries = h->option_int(h, "max_tries");
	d->first_delay_ms = h->option_int(h, "first_delay");
	d->max_delay_ms = h->option_int(h, "max_delay");
	if (policy != NULL)
		parsed = h->doc_parse(h, policy, strlen(policy), NULL);
	retry = h->doc_get(h, parsed, "healthyRetryPolicy");
	if (docs_int(h, h->doc_get(h, retry, "numRetries"), &value))
		d->max_tries = value + 1;
	if (docs_int(h, h->doc_get(h, retry, "minDelayTarget"), &value))
		d->first_delay_ms = value * 1000;
	if (docs_int(h, h->doc_get(h, retry, "maxDelayTarget"), &value))
		d->max_delay_ms = value * 1000;
	h->doc_unref(h, parsed);
}

static void
try(struct notify *n, const struct pawl_sql_rows *rows, size_t row)
{
	struct delivery *d = text_alloc(sizeof(*d));

	d->notify = n;
	d->seq = text_format("%s", notify_value(rows, row, TAKEN_SEQ));
	d->tries = text_format("%s", notify_value(rows, row, TAKEN_TRIES));
	d->ntries = strtol(d->tries, NULL, 10);
	d->endpoint = text_format("%s", notify_value(rows, row, TAKEN_ENDPOINT));
	snprintf(d->subscription, sizeof(d->subscription), "%s",
	    notify_value(rows, row, TAKEN_SUBSCRIPTION));
	TAILQ_INSERT_TAIL(&n->deliveries, d, link);
	n->ndeliveries++;
	read_policy(d, notify_value(rows, row, TAKEN_POLICY));
	if (strncmp(notify_value(rows, row, TAKEN_PROTOCOL), "http", 4) == 0)
		webhook_start(d, rows, row);
	else
		letter_start(d, rows, row);
}

/* --- taking ------------------------------------------------------------------------------------ */

static void
due(void *arg)
{
	struct notify *n = arg;

	n->due_timer = 0;
	deliver_look(n);
}

static void
look_in(struct notify *n, int64_t ms)
{
	n->host->timer_cancel(n->host, n->due_timer);
	n->due_timer = n->host->timer_start(n->host, ms < SOONEST_MS ? SOONEST_MS : ms, due, n);
}

static void
taken(void *arg, const struct pawl_sql_answer *a)
{
	struct notify *n = arg;
	const char *next;

	n->taking = false;
	if (a->result != PAWL_SQL_OK) {
		n->host->log(n->host, PAWL_LOG_WARN, 0, "what is to be delivered is not known: %s",
		    a->message);
		look_in(n, DATABASE_AWAY_MS);
		return;
	}
	for (size_t i = 0; i < a->sets[0].nrows; i++)
		try(n, &a->sets[0], i);
	if ((next = notify_value(&a->sets[1], 0, 0)) != NULL)
		look_in(n, strtoll(next, NULL, 10));
	if (n->again || a->sets[0].nrows == BATCH)
		deliver_look(n);
}

/* Subscriptions that have enough under way, as an array. */
static void
add_busy(struct notify *n, struct text *out)
{
	struct delivery *d, *other;

	text_adds(out, "{");
	TAILQ_FOREACH(d, &n->deliveries, link) {
		size_t same = 0, before = 0;
		bool passed = false;

		TAILQ_FOREACH(other, &n->deliveries, link) {
			passed |= other == d;
			if (strcmp(other->subscription, d->subscription) == 0) {
				same++;
				before += !passed;
			}
		}
		if (before == 0 && same >= SUBSCRIPTION_FLIGHT_MAX)
			text_addf(out, "%s%s", out->len > 1 ? "," : "", d->subscription);
	}
	text_adds(out, "}");
}

void
deliver_look(struct notify *n)
{
	struct text busy = { 0 };
	char batch[16], lease[32];
	struct pawl_sql_statement s[2];

	if (!n->ready || n->ndeliveries + BATCH > FLIGHT_MAX)
		return;
	if (n->taking) {
		n->again = true;
		return;
	}
	n->taking = true;
	n->again = false;
	n->host->timer_cancel(n->host, n->due_timer);
	n->due_timer = 0;
	add_busy(n, &busy);
	snprintf(batch, sizeof(batch), "%d", BATCH);
	snprintf(lease, sizeof(lease), "%.3f",
	    (double)(n->host->option_int(n->host, "timeout") + LEASE_MORE_MS) / 1000);
	s[0] = notify_statement(QUERY_take, (const char *const[]){ batch, lease, busy.s });
	s[1] = notify_statement(QUERY_next_due, (const char *const[]){ busy.s });
	n->host->sql_start(n->host, n->db,
	    &(struct pawl_sql_call){ .size = sizeof(struct pawl_sql_call),
		.statements = s,
		.nstatements = 2 },
	    taken, n);
	text_fini(&busy);
}

void
deliver_notified(void *notify, const char *payload)
{
	(void)payload;
	deliver_look(notify);
}

void
deliver_fini(struct notify *n)
{
	n->host->timer_cancel(n->host, n->due_timer);
	for (struct delivery *d = TAILQ_FIRST(&n->deliveries), *next; d != NULL; d = next) {
		next = TAILQ_NEXT(d, link);
		delivery_free(d);
	}
}
