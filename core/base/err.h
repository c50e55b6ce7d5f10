/*
 * err - one failure: a name as AWS spells it and a cause in one sentence.
 *
 *	struct err e = ERR_INIT;
 *	if (thing(&e) != 0)
 *		... e.name, err_cause(&e) ...
 *	err_fini(&e);
 *
 * A name that is empty is legal for a failure that has none (a Fail state
 * without Error); err_is_set() tells a set error from an unset one.
 */
#ifndef PAWL_BASE_ERR_H
#define PAWL_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define ERR_NAME_MAX 256 /* bytes; AWS: error is at most 256 characters */

struct err {
	char name[ERR_NAME_MAX + 1];
	char *cause;      /* owned, NULL = none */
	size_t cause_len; /* more than strlen says when it holds U+0000 */
	bool set;
};

#define ERR_INIT \
	{ \
		.name = "", .cause = NULL, .cause_len = 0, .set = false \
	}

/* Always -1, so that "return err_set(e, ...)" reads well. e may be NULL. Replaces what was set. */
int err_set(struct err *e, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int err_vset(struct err *e, const char *name, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
/* As err_set, with a cause of cause_len bytes copied as it is (NULL = no cause). */
int err_set_text(struct err *e, const char *name, const char *cause, size_t cause_len);
bool err_is_set(const struct err *e);
/* The cause, "" when there is none. */
const char *err_cause(const struct err *e);
/* Moves from to to (freeing what was there); from is unset afterwards. */
void err_move(struct err *to, struct err *from);
void err_copy(struct err *to, const struct err *from);
/* Frees and unsets; may be used again. */
void err_fini(struct err *e);

#endif
