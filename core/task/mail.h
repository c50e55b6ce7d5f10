/*
 * mail - mail by SMTP, each sent by a process of its own (pawl-mail).
 *
 * libcurl makes the MIME parts and speaks SMTP, but waits for some of the server's answers without
 * going back to its caller. So it does that where nobody is held up. What is sent is never logged.
 */
#ifndef PAWL_TASK_MAIL_H
#define PAWL_TASK_MAIL_H

#include "base/loop.h"
#include "task/plugin.h"

struct mailer;

/* Where mail goes: the smtp_* options and mail_from. */
struct mail_server {
	const char *url; /* smtp://host:port, smtps://host:port; "" = there is none */
	const char *user, *password;
	const char *tls; /* "none", "try", "require" */
	const char *ca_file;
	const char *from;
};

struct mailer *mailer_new(struct loop *l, const char *program); /* path of pawl-mail */
/* Mails that are under way never call back. NULL is fine. */
void mailer_free(struct mailer *m);
/*
 * Both are copied. cb comes exactly once unless it is cancelled, never inside this call. A mail that
 * cannot be sent as it is (an address that is none, a line end in the subject) is answered like one
 * that the server refuses for good.
 */
uint64_t mail_start(struct mailer *m, const struct mail_server *to, const struct pawl_mail *mail,
    pawl_mail_cb *cb, void *arg);
void mail_cancel(struct mailer *m, uint64_t id); /* unknown ids are fine */

#endif
