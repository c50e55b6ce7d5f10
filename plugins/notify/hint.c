/*
 * hint - tells receivers of queues that something came, after the commit that brought it.
 *
 * NOTIFY in the transaction that publishes would let the commits of all publishers wait for each
 * other. A hint that is lost is none: a receiver looks again at the end of its time.
 */
#include <stdlib.h>
#include <string.h>

#include "notify.h"
#include "text.h"

static void tell(struct notify *n);

static void
told(void *arg, const struct pawl_sql_answer *a)
{
	struct notify *n = arg;

	(void)a;
	n->hinting = false;
	if (n->nhints > 0)
		tell(n);
}

static void
clear(struct notify *n)
{
	while (n->nhints > 0)
		free(n->hints[--n->nhints]);
	free(n->hints);
	n->hints = NULL;
}

/* All that gathered while the query before was under way. */
static void
tell(struct notify *n)
{
	struct text names = { 0 };

	for (size_t i = 0; i < n->nhints; i++)
		text_addf(&names, "%c\"%s\"", i == 0 ? '{' : ',', n->hints[i]);
	text_adds(&names, "}");
	clear(n);
	n->hinting = true;
	notify_query(n, QUERY_hint, (const char *const[]){ names.s }, told, n);
	text_fini(&names);
}

void
hint_add(struct notify *n, const char *queue)
{
	for (size_t i = 0; i < n->nhints; i++)
		if (strcmp(n->hints[i], queue) == 0)
			return;
	n->hints = realloc(n->hints, (n->nhints + 1) * sizeof(*n->hints));
	if (n->hints == NULL)
		abort();
	n->hints[n->nhints++] = text_format("%s", queue);
	if (!n->hinting)
		tell(n);
}

void
hint_fini(struct notify *n)
{
	clear(n);
}
