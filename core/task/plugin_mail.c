/*
 * plugin_mail - mail for plugins: mail_start and mail_cancel of the interface.
 */
#include "task/plugin_module.h"

#include <string.h>

#include "base/log.h"
#include "base/stat.h"

static void
mail_answered(void *arg, const struct pawl_mail_answer *a)
{
	struct pending *p = arg;
	struct plugin_visit v = plugin_enter(p->module, "the answer of a mail");
	pawl_mail_cb *cb = p->cb.mail;
	void *cb_arg = p->arg;

	stat_add_label(STAT_mails, a->sent ? "sent" : a->permanent ? "refused" : "failed", 1);
	if (!a->sent)
		log_warn("plugin %s: a mail was not sent: %s", p->module->def.name, a->message);
	pending_free(p);
	cb(cb_arg, a);
	plugin_leave(&v);
}

static uint64_t
host_mail_start(const struct pawl_host *h, const struct pawl_mail *given, pawl_mail_cb *cb,
    void *arg)
{
	struct module *m = module_from(h);
	const struct conf *c = m->host->conf;
	const struct mail_server server = { .url = c->smtp_server,
		.user = c->smtp_user,
		.password = c->smtp_password,
		.tls = c->smtp_tls,
		.ca_file = c->smtp_ca_file,
		.from = c->mail_from };
	struct pending *p = pending_new(m, PENDING_MAIL, arg);
	struct pawl_mail mail = { 0 };

	memcpy(&mail, given, given->size < sizeof(mail) ? given->size : sizeof(mail));
	p->cb.mail = cb;
	p->inner = mail_start(m->host->mailer, &server, &mail, mail_answered, p);
	return p->id;
}

static void
host_mail_cancel(const struct pawl_host *h, uint64_t mail)
{
	pending_close_id(h, mail, PENDING_MAIL);
}

void
plugin_mail_init(struct pawl_host *t)
{
	t->mail_start = host_mail_start;
	t->mail_cancel = host_mail_cancel;
}
