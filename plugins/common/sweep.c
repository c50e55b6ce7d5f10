/*
 * sweep - a query that deletes what is old, again and again, as the options "sweep" and "keep" say.
 */
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>

#define MORE_MS 100 /* until the next batch, when one was full */

static void sweep_now(void *arg);

static void
swept(void *arg, const struct pawl_sql_answer *a)
{
	struct sweep *s = arg;
	const struct pawl_host *h = s->host;
	long n = a->result == PAWL_SQL_OK ? strtol(a->sets[0].values[0], NULL, 10) : 0;

	if (n > 0)
		h->log(h, PAWL_LOG_INFO, 0, "%ld %s", n, s->gone);
	s->timer =
	    h->timer_start(h, n >= s->batch ? MORE_MS : h->option_int(h, "sweep"), sweep_now, s);
}

static void
sweep_now(void *arg)
{
	struct sweep *s = arg;
	const struct pawl_host *h = s->host;
	char batch[24], keep[32];
	const char *params[2] = { batch, keep };
	struct pawl_sql_statement statement = s->statement;
	struct pawl_sql_call c = { .size = sizeof(c), .statements = &statement, .nstatements = 1 };

	s->timer = 0;
	snprintf(batch, sizeof(batch), "%ld", s->batch);
	if (statement.nparams > 1)
		snprintf(keep, sizeof(keep), "%.3f", (double)h->option_int(h, "keep") / 1000);
	statement.params = params;
	h->sql_start(h, s->db, &c, swept, s);
}

const char *
sweep_problem(const struct pawl_host *h)
{
	return h->option_int(h, "sweep") < 100 ? "sweep is 100ms at least" : NULL;
}

void
sweep_start(struct sweep *s)
{
	if (s->running)
		return;
	s->running = true;
	s->timer =
	    s->host->timer_start(s->host, s->host->option_int(s->host, "sweep"), sweep_now, s);
}

void
sweep_stop(struct sweep *s)
{
	if (s->host != NULL)
		s->host->timer_cancel(s->host, s->timer);
}
