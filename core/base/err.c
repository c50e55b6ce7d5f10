/*
 * err - one failure: a name as AWS spells it and a cause in one sentence.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Takes cause. The name may point into the error that is being replaced. */
static int
replace_take(struct err *e, const char *name, char *cause)
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
	return replace_take(e, name, cause);
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
	return replace_take(e, name, cause == NULL ? NULL : xstrndup(cause, cause_len));
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
	if (from->cause != NULL)
		to->cause = xstrdup(from->cause);
}

void
err_fini(struct err *e)
{
	free(e->cause);
	*e = (struct err)ERR_INIT;
}
