/*
 * page - the pages behind the links in messages.
 *
 *	/notify/subscribe    a GET confirms a webhook's subscription, as SNS's SubscribeURL does
 *	/notify/confirm      a GET shows a page, its button's POST confirms
 *	/notify/unsubscribe  a GET shows a page, its button's POST ends the subscription
 *
 * Mail programs and scanners follow links, so a GET that came from a mail changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "notify.h"
#include "text.h"

#define TOKEN_LEN 64

static const struct link {
	const char *path;
	bool at_once;   /* a GET does it */
	const char *by; /* which token, for find_link */
	const char *question, *button, *done;
} links[] = {
	{ "/notify/subscribe", true, "confirm", "", "", "The subscription is confirmed." },
	{ "/notify/confirm", false, "confirm",
	    "Send what is published to this topic to this address?", "Confirm",
	    "The subscription is confirmed." },
	{ "/notify/unsubscribe", false, "leave", "Send no more from this topic to this address?",
	    "Unsubscribe", "The subscription has ended." },
};

struct page {
	TAILQ_ENTRY(page) link;
	struct notify *notify;
	uint64_t call, sql;
	const struct link *target;
	bool asks; /* it shows the page that has the button */
};

static void
page_free(struct page *p)
{
	p->notify->host->sql_cancel(p->notify->host, p->sql);
	TAILQ_REMOVE(&p->notify->pages, p, link);
	free(p);
}

static void
show(const struct pawl_host *h, uint64_t call, int status, const char *headline, const char *topic,
    const char *endpoint, const char *button)
{
	struct text out = { 0 };

	text_adds(&out,
	    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width\"><title>Subscription</title>"
	    "<style>body{font:1.1em sans-serif;max-width:36em;margin:3em auto;padding:0 1em}"
	    "button{font-size:1em;padding:.5em 1em}</style></head><body>\n<h1>");
	text_add_xml(&out, headline, strlen(headline));
	text_adds(&out, "</h1>\n");
	if (topic != NULL) {
		text_adds(&out, "<p>Topic: ");
		text_add_xml(&out, topic, strlen(topic));
		text_adds(&out, "<br>Address: ");
		text_add_xml(&out, endpoint, strlen(endpoint));
		text_adds(&out, "</p>\n");
	}
	if (button != NULL)
		text_addf(&out, "<form method=\"post\"><button>%s</button></form>\n", button);
	text_adds(&out, "</body></html>\n");
	h->reply(h, call, status, "text/html; charset=utf-8",
	    "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
	    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'\r\n",
	    out.s, out.len);
	text_fini(&out);
}

static void
answered(void *arg, const struct pawl_sql_answer *a)
{
	struct page *p = arg;
	const struct pawl_host *h = p->notify->host;
	const struct pawl_sql_rows *rows = a->result == PAWL_SQL_OK ? &a->sets[0] : NULL;
	size_t topic = !p->asks && strcmp(p->target->by, "confirm") == 0 ? 1 : 0;

	p->sql = 0;
	if (rows == NULL)
		show(h, p->call, 503, "This does not work at the moment. Please try again later.",
		    NULL, NULL, NULL);
	else if (rows->nrows == 0)
		show(h, p->call, 404, "This link is not valid, or no longer.", NULL, NULL, NULL);
	else
		show(h, p->call, 200, p->asks ? p->target->question : p->target->done,
		    notify_value(rows, 0, topic), notify_value(rows, 0, topic + 1),
		    p->asks ? p->target->button : NULL);
	page_free(p);
}

/* The token of the query, to be released with free; NULL = it has none that can be one. */
static char *
read_token(const char *query)
{
	const char *at = strstr(query, "token=");

	if (at == NULL || (at != query && at[-1] != '&'))
		return NULL;
	at += 6;
	if (strspn(at, "0123456789abcdef") != TOKEN_LEN ||
	    (at[TOKEN_LEN] != '\0' && at[TOKEN_LEN] != '&'))
		return NULL;
	return text_format("%.*s", TOKEN_LEN, at);
}

static const struct link *
find_link(const char *path)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (strcmp(links[i].path, path) == 0)
			return &links[i];
	return NULL;
}

static void
ask_database(struct page *p, const char *token)
{
	struct notify *n = p->notify;

	if (p->asks)
		p->sql = notify_query(n, QUERY_find_link,
		    (const char *const[]){ p->target->by, token }, answered, p);
	else if (strcmp(p->target->by, "leave") == 0)
		p->sql = notify_query(n, QUERY_leave, (const char *const[]){ token }, answered, p);
	else
		p->sql = notify_query(n, QUERY_confirm,
		    (const char *const[]){ token, NULL, p->target->at_once ? "{http,https}" : NULL,
			"false" },
		    answered, p);
}

void
page_open(void *notify, const struct pawl_http_call *c)
{
	struct notify *n = notify;
	const struct link *target = find_link(c->path);
	bool post = strcmp(c->method, "POST") == 0;
	char *token = read_token(c->query);
	struct page *p;

	if (target == NULL || token == NULL) {
		show(n->host, c->id, 404, "This link is not valid, or no longer.", NULL, NULL,
		    NULL);
	} else if (!post && strcmp(c->method, "GET") != 0) {
		n->host->reply(n->host, c->id, 405, NULL, "Allow: GET, POST\r\n", "", 0);
	} else {
		p = text_alloc(sizeof(*p));
		p->notify = n;
		p->call = c->id;
		p->target = target;
		p->asks = !post && !target->at_once;
		TAILQ_INSERT_TAIL(&n->pages, p, link);
		ask_database(p, token);
	}
	free(token);
}

void
page_fini(struct notify *n)
{
	for (struct page *p = TAILQ_FIRST(&n->pages), *next; p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		page_free(p);
	}
}
