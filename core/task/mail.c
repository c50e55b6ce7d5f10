/*
 * mail - mail by SMTP, each sent by a process of its own (pawl-mail).
 */
#include "task/mail.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/idmap.h"
#include "base/xalloc.h"
#include "doc/doc.h"
#include "task/command.h"
#include "task/plugin_module.h"

#define MAIL_TIMEOUT_MS 60000
#define MAIL_GRACE_MS 5000   /* pawl-mail keeps the time itself; longer than this it has lost it */
#define MAIL_RUNNING_MAX 16  /* more wait */
#define MAIL_OUTPUT_MAX 8192 /* of pawl-mail */
#if defined(__SANITIZE_ADDRESS__)
#define MAIL_MEMORY (INT64_C(1) << 46) /* the sanitizer maps terabytes */
#else
#define MAIL_MEMORY (INT64_C(1) << 30)
#endif

struct mail {
	TAILQ_ENTRY(mail) link;
	struct mailer *mailer;
	uint64_t id;
	uint64_t command;        /* 0: it is refused */
	struct loop_timer timer; /* answers one that is refused */
	const char *refused;
	pawl_mail_cb *cb;
	void *arg;
};

struct mailer {
	struct loop *loop;
	char *program;
	struct command_pool *commands;
	struct idmap by_id;
	TAILQ_HEAD(, mail) mails;
	uint64_t next_id;
};

/* --- what pawl-mail gets -------------------------------------------------------------- */

static void
add_string(struct doc_builder *b, const char *s)
{
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	plugin_add_utf8(&text, s, strlen(s));
	docb_string(b, buf_text(&text), text.len);
	buf_fini(&text);
}

static void
add_member(struct doc_builder *b, const char *key, const char *s)
{
	docb_key(b, key, strlen(key));
	add_string(b, s != NULL ? s : "");
}

static void
add_message(struct doc_builder *b, const struct pawl_mail *mail)
{
	docb_key(b, "to", 2);
	docb_array(b);
	for (size_t i = 0; i < mail->nto; i++)
		add_string(b, mail->to[i]);
	docb_end(b);
	add_member(b, "subject", mail->subject);
	add_member(b, "text", mail->text);
	if (mail->html != NULL)
		add_member(b, "html", mail->html);
	docb_key(b, "headers", 7);
	docb_array(b);
	for (size_t i = 0; i < mail->nheaders; i++) {
		docb_object(b);
		add_member(b, "name", mail->headers[i].name);
		add_member(b, "value", mail->headers[i].value);
		docb_end(b);
	}
	docb_end(b);
}

static struct doc
spec_of(const struct mail_server *to, const struct pawl_mail *mail, const char *from,
    int64_t timeout_ms)
{
	struct doc_builder *b = docb_new();

	docb_object(b);
	add_member(b, "server", to->url);
	add_member(b, "user", to->user);
	add_member(b, "password", to->password);
	add_member(b, "tls", to->tls);
	add_member(b, "caFile", to->ca_file);
	docb_key(b, "timeoutMs", 9);
	docb_i64(b, timeout_ms);
	add_member(b, "from", from);
	add_message(b, mail);
	docb_end(b);
	return docb_finish(b);
}

/* --- answers ---------------------------------------------------------------------------- */

static void
mail_unlink(struct mail *m)
{
	idmap_take(&m->mailer->by_id, m->id);
	TAILQ_REMOVE(&m->mailer->mails, m, link);
	loop_timer_fini(&m->timer);
}

static void
mail_report(struct mail *m, const struct pawl_mail_answer *a)
{
	mail_unlink(m);
	m->cb(m->arg, a);
	free(m);
}

static void
mail_refused(void *arg)
{
	struct mail *m = arg;
	const struct pawl_mail_answer a = { .size = sizeof(a), .message = m->refused };

	mail_report(m, &a);
}

/* What pawl-mail wrote; false when it makes no sense. */
static bool
read_answer(const struct command_answer *a, struct pawl_mail_answer *out, char **message)
{
	struct doc d = a->result == COMMAND_EXITED && a->status == 0
	    ? doc_parse(a->output, a->output_len, NULL)
	    : DOC_NONE;

	if (doc_is_none(d))
		return false;
	out->sent = doc_is_true(doc_gets(d, "sent"));
	out->permanent = doc_is_true(doc_gets(d, "permanent"));
	*message = doc_strdup(doc_gets(d, "message"));
	doc_unref(d);
	return *message != NULL;
}

static void
mail_answered(void *arg, const struct command_answer *a)
{
	struct mail *m = arg;
	struct pawl_mail_answer out = { .size = sizeof(out) };
	char *message = NULL;

	if (!read_answer(a, &out, &message)) {
		free(message);
		message = a->result == COMMAND_EXITED
		    ? xasprintf("pawl-mail failed: %.*s", (int)strcspn(a->errors, "\n"), a->errors)
		    : xstrdup(a->message);
	}
	out.message = message;
	mail_report(m, &out);
	free(message);
}

/* --- mails -------------------------------------------------------------------------------- */

static void
mail_send(struct mail *m, const struct mail_server *to, const struct pawl_mail *mail,
    const char *from)
{
	struct mailer *mailer = m->mailer;
	int64_t timeout_ms = mail->timeout_ms > 0 ? mail->timeout_ms : MAIL_TIMEOUT_MS;
	struct doc spec = spec_of(to, mail, from, timeout_ms);
	const char *const argv[] = { mailer->program, NULL };
	struct command_spec s = { .argv = argv,
		.cwd = ".",
		.timeout_ms = timeout_ms + MAIL_GRACE_MS,
		.memory = MAIL_MEMORY,
		.max_output = MAIL_OUTPUT_MAX };
	char *text = doc_text(spec, &s.input_len);

	s.input = text;
	m->command = command_start(mailer->commands, &s, mail_answered, m);
	explicit_bzero(text, s.input_len); /* it holds the password */
	free(text);
	doc_unref(spec);
}

uint64_t
mail_start(struct mailer *mailer, const struct mail_server *to, const struct pawl_mail *mail,
    pawl_mail_cb *cb, void *arg)
{
	struct mail *m = xcalloc(1, sizeof(*m));
	const char *from = mail->from != NULL && *mail->from != '\0' ? mail->from : to->from;

	m->mailer = mailer;
	m->id = ++mailer->next_id;
	m->cb = cb;
	m->arg = arg;
	idmap_put(&mailer->by_id, m->id, m);
	TAILQ_INSERT_TAIL(&mailer->mails, m, link);
	loop_timer_init(mailer->loop, &m->timer, mail_refused, m);
	m->refused = *to->url == '\0' ? "Mail is not configured: set smtp_server in pawl.conf"
	    : *from == '\0'           ? "Mail has no sender: set mail_from in pawl.conf"
				      : NULL;
	if (m->refused != NULL)
		loop_timer_set(&m->timer, 0);
	else
		mail_send(m, to, mail, from);
	return m->id;
}

void
mail_cancel(struct mailer *mailer, uint64_t id)
{
	struct mail *m = idmap_get(&mailer->by_id, id);

	if (m == NULL)
		return;
	if (m->command != 0)
		command_cancel(mailer->commands, m->command);
	mail_unlink(m);
	free(m);
}

struct mailer *
mailer_new(struct loop *l, const char *program)
{
	struct mailer *m = xcalloc(1, sizeof(*m));

	m->loop = l;
	m->program = xstrdup(program);
	m->commands = command_pool_new(l, MAIL_RUNNING_MAX);
	TAILQ_INIT(&m->mails);
	return m;
}

void
mailer_free(struct mailer *m)
{
	struct mail *mail;

	if (m == NULL)
		return;
	while ((mail = TAILQ_FIRST(&m->mails)) != NULL)
		mail_cancel(m, mail->id);
	command_pool_free(m->commands);
	idmap_fini(&m->by_id);
	free(m->program);
	free(m);
}
