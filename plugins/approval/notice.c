/*
 * notice - the mails: the rows of pawl_approval.mail that are due, sent and crossed off.
 *
 * A mail is sent before its row says so, so a crash between the two sends it twice, with the same
 * Message-ID; none is lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "docs.h"

#define UNDER_WAY_MAX 8
#define ATTEMPTS_MAX 20
#define RETRY_MAX 3600 /* seconds */

struct notice {
	TAILQ_ENTRY(notice) link;
	struct approval *approval;
	char *id; /* owned; of the row */
	long attempts;
	uint64_t mail, sql; /* 0 = not under way */
};

unsigned
notice_room(const struct approval *a)
{
	return UNDER_WAY_MAX - a->nnotices;
}

static void
notice_free(struct notice *n)
{
	struct approval *a = n->approval;

	a->host->mail_cancel(a->host, n->mail);
	a->host->sql_cancel(a->host, n->sql);
	TAILQ_REMOVE(&a->notices, n, link);
	a->nnotices--;
	free(n->id);
	free(n);
}

/* --- how it went ------------------------------------------------------------------------------ */

static void
notice_noted(void *arg, const struct pawl_sql_answer *answer)
{
	struct notice *n = arg;
	struct approval *a = n->approval;

	n->sql = 0;
	if (answer->result != PAWL_SQL_OK)
		a->host->log(a->host, PAWL_LOG_WARN, 0,
		    "mail %s may be sent again, its row could not be written: %s", n->id,
		    answer->message);
	notice_free(n);
	approval_work(a);
}

static void
notice_done(void *arg, const struct pawl_mail_answer *m)
{
	struct notice *n = arg;
	struct approval *a = n->approval;
	const struct pawl_host *h = a->host;
	bool over = m->sent || m->permanent || n->attempts >= ATTEMPTS_MAX;
	long wait = n->attempts < 10 ? 5L << n->attempts : RETRY_MAX;
	char seconds[24];
	struct pawl_sql_statement s;
	struct pawl_sql_call c = { .size = sizeof(c), .statements = &s, .nstatements = 1 };

	n->mail = 0;
	if (!m->sent)
		h->log(h, PAWL_LOG_WARN, 0, "mail %s was not sent%s: %s", n->id,
		    over ? ", and will not be" : " yet", m->message);
	snprintf(seconds, sizeof(seconds), "%ld", wait < RETRY_MAX ? wait : RETRY_MAX);
	s = approval_statement(QUERY_mail_done,
	    (const char *const[]){ n->id,
		m->sent    ? "sent"
		    : over ? "failed"
			   : "waiting",
		m->sent ? NULL : m->message, seconds });
	n->sql = h->sql_start(h, a->db, &c, notice_noted, n);
}

/* --- what it says ------------------------------------------------------------------------------- */

/* A subject is one line. */
static char *
notice_subject(const char *kind, const char *title)
{
	char *s = text_format("%s%s", strcmp(kind, "reminder") == 0 ? "Reminder: " : "", title);

	for (char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	return s;
}

static void
notice_start(struct approval *a, const struct pawl_sql_rows *rows, size_t row)
{
	const struct pawl_host *h = a->host;
	struct notice *n = text_alloc(sizeof(*n));
	const char *to = approval_value(rows, row, 3), *body = approval_value(rows, row, 6),
		   *deadline = approval_value(rows, row, 7);
	char *subject = notice_subject(approval_value(rows, row, 1), approval_value(rows, row, 5));
	char *id, link[LINK_SIZE];
	struct text text = { 0 };

	n->approval = a;
	n->id = text_format("%s", approval_value(rows, row, 0));
	n->attempts = strtol(approval_value(rows, row, 2), NULL, 10);
	TAILQ_INSERT_TAIL(&a->notices, n, link);
	a->nnotices++;
	link_make(a->key, approval_value(rows, row, 4), link);
	text_addf(&text, "%s\n\n%s%s", approval_value(rows, row, 5), body,
	    *body != '\0' ? "\n\n" : "");
	text_addf(&text,
	    "Your decision is wanted. Read the request and decide here:\n\n%s/approval/r/%s\n\n",
	    h->setting(h, "url"), link);
	if (deadline != NULL)
		text_addf(&text, "It is open until %s. ", deadline);
	text_adds(&text, "The link is yours alone: who has it can decide for you.\n");
	id = text_format("<approval-%s-%s@pawl.invalid>", approval_value(rows, row, 8), n->id);
	n->mail = h->mail_start(h,
	    &(struct pawl_mail){ .size = sizeof(struct pawl_mail),
		.to = &to,
		.nto = 1,
		.subject = subject,
		.text = text.s,
		.headers = (const struct pawl_http_header[]){ { "Message-ID", id },
		    { "Auto-Submitted", "auto-generated" } },
		.nheaders = 2,
		.timeout_ms = h->option_int(h, "mail_timeout") },
	    notice_done, n);
	free(id);
	free(subject);
	text_fini(&text);
	explicit_bzero(link, sizeof(link));
}

void
notice_send(struct approval *a, const struct pawl_sql_rows *rows)
{
	for (size_t i = 0; i < rows->nrows; i++)
		notice_start(a, rows, i);
}

void
notice_fini(struct approval *a)
{
	struct notice *n, *next;

	for (n = TAILQ_FIRST(&a->notices); n != NULL; n = next) {
		next = TAILQ_NEXT(n, link);
		notice_free(n);
	}
}
