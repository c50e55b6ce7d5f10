/*
 * err - one failure: a name as AWS spells it and a cause in one sentence.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Also of a text that holds NULs; NULL for NULL. */
static char *
copy_text(const char *s, size_t len)
{
	char *copy;

	if (s == NULL)
		return NULL;
	copy = xmalloc(len + 1);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

/* Takes cause, which ends with NUL behind cause_len bytes. The name may point into the error that is being replaced. */
static int
replace_take(struct err *e, const char *name, char *cause, size_t cause_len)
{
	size_t len = strlen(name);

	if (len > ERR_NAME_MAX) {
		len = ERR_NAME_MAX;
		/* never cut a UTF-8 character in two: its name goes out as JSON */
		while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
			len--;
	}
	memmove(e->name, name, len);
	e->name[len] = '\0';
	free(e->cause);
	e->cause = cause;
	e->cause_len = cause_len;
	e->set = true;
	return -1;
}

int
err_vset(struct err *e, const char *name, const char *fmt, va_list ap)
{
	va_list again;
	char *cause;
	int len;

	if (e == NULL)
		return -1;
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		abort();
	cause = xmalloc((size_t)len + 1);
	vsnprintf(cause, (size_t)len + 1, fmt, ap);
	return replace_take(e, name, cause, (size_t)len);
}

int
err_set(struct err *e, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, name, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_set_text(struct err *e, const char *name, const char *cause, size_t cause_len)
{
	if (e == NULL)
		return -1;
	return replace_take(e, name, copy_text(cause, cause_len), cause == NULL ? 0 : cause_len);
}

bool
err_is_set(const struct err *e)
{
	return e->set;
}

const char *
err_cause(const struct err *e)
{
	return e->cause != NULL ? e->cause : "";
}

void
err_move(struct err *to, struct err *from)
{
	if (to == from)
		return;
	err_fini(to);
	*to = *from;
	*from = (struct err)ERR_INIT;
}

void
err_copy(struct err *to, const struct err *from)
{
	if (to == from)
		return;
	err_fini(to);
	*to = *from;
	to->cause = copy_text(from->cause, from->cause_len);
}

void
err_fini(struct err *e)
{
	free(e->cause);
	*e = (struct err)ERR_INIT;
}
