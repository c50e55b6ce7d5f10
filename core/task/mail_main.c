/*
 * mail_main - pawl-mail, which sends one mail by SMTP: reads it from standard input as JSON (as
 * task/mail.c makes it), writes what became of it to standard output.
 *
 * A process of its own, because libcurl waits for two of the server's answers (to the data and to
 * QUIT) without going back to its caller, which pawld's loop cannot do.
 *
 * Nobody needs the answer to QUIT: once it is out the socket is shut down here, and that wait ends at once.
 */
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/xalloc.h"
#include "doc/doc.h"
#include "task/mail_text.h"

#define CONNECT_TIMEOUT_MS 10000L
#define SOCKETS_MAX 4 /* addresses are tried side by side */

struct mail {
	struct doc spec;
	struct arena arena; /* texts of it */
	CURL *easy;
	struct curl_slist *recipients, *headers;
	curl_mime *mime;
	int sockets[SOCKETS_MAX]; /* -1 = none */
	char reply[256];          /* the last line of the server before QUIT, "" = none */
	bool quit;
	char error[CURL_ERROR_SIZE];
};

/* --- what libcurl tells --------------------------------------------------------------- */

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct mail *m = arg;
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);

	(void)purpose;
	for (size_t i = 0; fd >= 0 && i < SOCKETS_MAX; i++) {
		if (m->sockets[i] >= 0)
			continue;
		m->sockets[i] = fd;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return CURL_SOCKET_BAD;
}

static int
on_close(void *arg, curl_socket_t fd)
{
	struct mail *m = arg;

	for (size_t i = 0; i < SOCKETS_MAX; i++)
		if (m->sockets[i] == fd)
			m->sockets[i] = -1;
	return close(fd);
}

static void
keep_reply(struct mail *m, const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < sizeof(m->reply); i++)
		if (s[i] != '\r' && s[i] != '\n')
			m->reply[n++] = (char)(s[i] >= ' ' && s[i] < 0x7f ? s[i] : '?');
	m->reply[n] = '\0';
}

static int
on_talk(CURL *easy, curl_infotype type, char *s, size_t len, void *arg)
{
	struct mail *m = arg;

	(void)easy;
	if (type == CURLINFO_HEADER_IN && !m->quit)
		keep_reply(m, s, len);
	if (type != CURLINFO_HEADER_OUT || len < 4 || memcmp(s, "QUIT", 4) != 0)
		return 0;
	m->quit = true;
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		if (m->sockets[i] >= 0)
			shutdown(m->sockets[i], SHUT_RDWR);
	return 0;
}

/* --- the message ------------------------------------------------------------------------ */

/* A text of the spec, "" when it has none; as long as the mail. */
static const char *
text_of(struct mail *m, struct doc in, const char *key)
{
	struct doc d = doc_gets(in, key);
	char *s = doc_is_none(d) ? NULL : doc_strdup(d);
	char *kept = arena_strdup(&m->arena, s != NULL ? s : "");

	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
	return kept;
}

static void
list_add(struct curl_slist **list, const char *line)
{
	struct curl_slist *grown = curl_slist_append(*list, line);

	if (grown == NULL)
		abort(); /* out of memory, as in xalloc */
	*list = grown;
}

static int
set_sender(struct mail *m, struct err *e)
{
	struct buf line, path;
	int rc;

	buf_init(&line, BUF_UNLIMITED);
	buf_init(&path, BUF_UNLIMITED);
	buf_adds(&line, "From: ");
	buf_addc(&path, '<');
	rc = mail_address(text_of(m, m->spec, "from"), &line, &path, e);
	buf_addc(&path, '>');
	list_add(&m->headers, line.data);
	curl_easy_setopt(m->easy, CURLOPT_MAIL_FROM, path.data);
	buf_fini(&line);
	buf_fini(&path);
	return rc;
}

static int
set_recipients(struct mail *m, struct err *e)
{
	struct doc to = doc_gets(m->spec, "to");
	struct doc_iter it = doc_iter(to);
	struct buf line, path;
	int rc = 0;

	if (doc_len(to) == 0)
		return err_set(e, "pawl.Mail", "The mail has no recipient");
	buf_init(&line, BUF_UNLIMITED);
	buf_init(&path, BUF_UNLIMITED);
	buf_adds(&line, "To: ");
	while (rc == 0 && doc_next(&it)) {
		char *address = doc_strdup(it.value);

		if (m->recipients != NULL)
			buf_adds(&line, ",\r\n ");
		buf_reset(&path);
		buf_addc(&path, '<');
		rc = mail_address(address, &line, &path, e);
		buf_addc(&path, '>');
		list_add(&m->recipients, path.data);
		free(address);
	}
	list_add(&m->headers, line.data);
	curl_easy_setopt(m->easy, CURLOPT_MAIL_RCPT, m->recipients);
	buf_fini(&line);
	buf_fini(&path);
	return rc;
}

/* Date and Message-ID, unless the sender has set them. */
static void
add_identity(struct mail *m, bool has_date, bool has_id)
{
	const char *from = text_of(m, m->spec, "from"), *at = strrchr(from, '@');
	time_t now = (time_t)(clock_wall_ms() / 1000);
	char line[512], id[UUID_TEXT_SIZE];
	struct uuid u = uuid_v4();
	struct tm tm;

	if (!has_date) {
		gmtime_r(&now, &tm);
		strftime(line, sizeof(line), "Date: %a, %d %b %Y %H:%M:%S +0000", &tm);
		list_add(&m->headers, line);
	}
	if (!has_id) {
		uuid_format(&u, id);
		snprintf(line, sizeof(line), "Message-ID: <%s%.*s>", id, (int)strcspn(at, "> "),
		    at);
		list_add(&m->headers, line);
	}
}

static int
set_headers(struct mail *m, struct err *e)
{
	struct doc_iter it = doc_iter(doc_gets(m->spec, "headers"));
	bool has_date = false, has_id = false;
	struct buf line;
	int rc;

	buf_init(&line, BUF_UNLIMITED);
	buf_adds(&line, "Subject: ");
	rc = mail_words(text_of(m, m->spec, "subject"), line.len, "The subject", &line, e);
	list_add(&m->headers, line.data);
	while (rc == 0 && doc_next(&it)) {
		const char *name = text_of(m, it.value, "name");

		has_date |= strcasecmp(name, "Date") == 0;
		has_id |= strcasecmp(name, "Message-ID") == 0;
		buf_reset(&line);
		rc = mail_header(name, text_of(m, it.value, "value"), &line, e);
		if (rc == 0)
			list_add(&m->headers, line.data);
	}
	buf_fini(&line);
	add_identity(m, has_date, has_id);
	/* libcurl adds the boundary */
	list_add(&m->headers, "Content-Type: multipart/alternative");
	curl_easy_setopt(m->easy, CURLOPT_HTTPHEADER, m->headers);
	return rc;
}

static void
add_part(struct mail *m, const char *text, const char *type)
{
	curl_mimepart *part = curl_mime_addpart(m->mime);
	struct buf body;

	buf_init(&body, BUF_UNLIMITED);
	mail_body(text, &body);
	if (part == NULL || curl_mime_data(part, buf_text(&body), body.len) != CURLE_OK ||
	    curl_mime_type(part, type) != CURLE_OK ||
	    curl_mime_encoder(part, "quoted-printable") != CURLE_OK)
		abort(); /* out of memory, as in xalloc */
	buf_fini(&body);
}

static void
set_body(struct mail *m)
{
	if ((m->mime = curl_mime_init(m->easy)) == NULL)
		abort();
	add_part(m, text_of(m, m->spec, "text"), "text/plain; charset=utf-8");
	if (!doc_is_none(doc_gets(m->spec, "html")))
		add_part(m, text_of(m, m->spec, "html"), "text/html; charset=utf-8");
	curl_easy_setopt(m->easy, CURLOPT_MIMEPOST, m->mime);
}

/* --- the connection ----------------------------------------------------------------------- */

/*
 * "try" takes any certificate, as between mail servers; a password is worth more: with a user TLS is
 * needed and checked.
 */
static void
set_tls(struct mail *m, const char *url, bool has_user)
{
	const char *tls = text_of(m, m->spec, "tls"), *ca_file = text_of(m, m->spec, "caFile");
	bool try = strcmp(tls, "try") == 0, none = strcmp(tls, "none") == 0;
	bool checked = !try || has_user || strncasecmp(url, "smtps:", 6) == 0;

	curl_easy_setopt(m->easy, CURLOPT_USE_SSL,
	    (long)(none       ? CURLUSESSL_NONE
		    : checked ? CURLUSESSL_ALL
			      : CURLUSESSL_TRY));
	curl_easy_setopt(m->easy, CURLOPT_SSL_VERIFYPEER, checked ? 1L : 0L);
	curl_easy_setopt(m->easy, CURLOPT_SSL_VERIFYHOST, checked ? 2L : 0L);
	if (*ca_file != '\0')
		curl_easy_setopt(m->easy, CURLOPT_CAINFO, ca_file);
}

static void
set_server(struct mail *m)
{
	const char *url = text_of(m, m->spec, "server"), *user = text_of(m, m->spec, "user");
	int64_t timeout_ms = 0;

	doc_i64(doc_gets(m->spec, "timeoutMs"), &timeout_ms);
	curl_easy_setopt(m->easy, CURLOPT_URL, url);
	curl_easy_setopt(m->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	if (*user != '\0') {
		curl_easy_setopt(m->easy, CURLOPT_USERNAME, user);
		curl_easy_setopt(m->easy, CURLOPT_PASSWORD, text_of(m, m->spec, "password"));
	}
	set_tls(m, url, *user != '\0');
	curl_easy_setopt(m->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(m->easy, CURLOPT_PROXY, ""); /* what HTTP needs is no way for mail */
	curl_easy_setopt(m->easy, CURLOPT_FORBID_REUSE, 1L); /* QUIT comes where on_talk sees it */
	curl_easy_setopt(m->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(m->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(timeout_ms / 1000 + 1));
	curl_easy_setopt(m->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(m->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(m->easy, CURLOPT_OPENSOCKETDATA, m);
	curl_easy_setopt(m->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(m->easy, CURLOPT_CLOSESOCKETDATA, m);
	curl_easy_setopt(m->easy, CURLOPT_DEBUGFUNCTION, on_talk);
	curl_easy_setopt(m->easy, CURLOPT_DEBUGDATA, m);
	curl_easy_setopt(m->easy, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(m->easy, CURLOPT_ERRORBUFFER, m->error);
}

/* --- the answer ------------------------------------------------------------------------------ */

/* The server has refused the mail itself, not our connection, login or want of TLS (RFC 4954). */
static bool
is_permanent(CURLcode code, int reply)
{
	return reply >= 500 && reply <= 599 && code != CURLE_LOGIN_DENIED &&
	    code != CURLE_USE_SSL_FAILED && code != CURLE_OPERATION_TIMEDOUT && reply != 530 &&
	    reply != 534 && reply != 535 && reply != 538;
}

/* What happened at "host:port" of smtp://host:port/name. */
static char *
failure_of(struct mail *m, CURLcode code)
{
	const char *url = text_of(m, m->spec, "server"), *s = strstr(url, "://");
	const char *host = s != NULL ? s + 3 : url;
	int len = (int)strcspn(host, "/");

	if (code == CURLE_OPERATION_TIMEDOUT)
		return xasprintf("%.*s: Timed out", len, host);
	if (m->reply[0] >= '4' && m->reply[0] <= '5')
		return xasprintf("%.*s answered: %s", len, host, m->reply);
	return xasprintf("%.*s: %s", len, host,
	    m->error[0] != '\0' ? m->error : curl_easy_strerror(code));
}

static void
print_answer(bool sent, bool permanent, const char *message)
{
	struct doc_builder *b = docb_new();
	struct doc d;
	char *text;

	docb_object(b);
	docb_key(b, "sent", 4);
	docb_bool(b, sent);
	docb_key(b, "permanent", 9);
	docb_bool(b, permanent);
	docb_key(b, "message", 7);
	docb_string(b, message, strlen(message));
	docb_end(b);
	d = docb_finish(b);
	text = doc_text(d, NULL);
	puts(text);
	fflush(stdout);
	free(text);
	doc_unref(d);
}

static void
mail_perform(struct mail *m)
{
	CURLcode code = curl_easy_perform(m->easy);
	char *message = code == CURLE_OK ? xstrdup("") : failure_of(m, code);

	print_answer(code == CURLE_OK,
	    code != CURLE_OK && is_permanent(code, (int)strtol(m->reply, NULL, 10)), message);
	free(message);
}

static void
mail_send(struct doc spec)
{
	struct mail m = { .spec = spec };
	struct err e = ERR_INIT;

	arena_init(&m.arena);
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		m.sockets[i] = -1;
	if ((m.easy = curl_easy_init()) == NULL)
		abort(); /* out of memory, as in xalloc */
	if (set_sender(&m, &e) == 0 && set_recipients(&m, &e) == 0 && set_headers(&m, &e) == 0) {
		set_body(&m);
		set_server(&m);
		mail_perform(&m);
	} else {
		print_answer(false, true, err_cause(&e));
	}
	curl_easy_cleanup(m.easy);
	curl_mime_free(m.mime);
	curl_slist_free_all(m.recipients);
	curl_slist_free_all(m.headers);
	arena_fini(&m.arena);
	err_fini(&e);
}

static void
read_all(struct buf *b)
{
	ssize_t n;

	do {
		n = read(STDIN_FILENO, buf_reserve(b, 65536), 65536);
		if (n > 0)
			buf_advance(b, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
}

int
main(void)
{
	struct buf text;
	struct doc spec;

	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	buf_init(&text, BUF_UNLIMITED);
	read_all(&text);
	spec = doc_parse(buf_text(&text), text.len, NULL);
	if (doc_is_none(spec) || doc_type(spec) != DOC_OBJECT) {
		fprintf(stderr, "pawl-mail is started by pawld, and reads a mail as JSON\n");
		return 2;
	}
	mail_send(spec);
	doc_unref(spec);
	buf_fini(&text);
	curl_global_cleanup();
	return 0;
}
