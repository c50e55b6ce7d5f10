/*
 * limit_line - the lines in front of a limit, one for each machine: who is next.
 */
#include <stdlib.h>
#include <string.h>

#include "base/stat.h"
#include "base/xalloc.h"
#include "task/limit_parts.h"

static struct line *
line_get(struct limit *l, const char *machine)
{
	struct line *line;

	TAILQ_FOREACH(line, &l->lines, link)
		if (strcmp(line->machine, machine) == 0)
			return line;
	line = xcalloc(1, sizeof(*line));
	line->machine = xstrdup(machine);
	TAILQ_INIT(&line->shares);
	TAILQ_INSERT_TAIL(&l->lines, line, link);
	return line;
}

static void
share_queue(struct share *s)
{
	struct line *line = line_get(s->limit, s->permit->machine);
	const struct share *last = TAILQ_LAST(&line->shares, share_list);

	if (last != NULL && last->permit->since_ms > s->permit->since_ms)
		line->unsorted = true;
	TAILQ_INSERT_TAIL(&line->shares, s, link);
	s->line = line;
	s->limit->waiting++;
	stat_add_label(STAT_limit_waiting, s->limit->name, 1);
	limit_touch(s->limit);
}

static void
share_leave(struct share *s)
{
	struct limit *l = s->limit;
	struct line *line = s->line;

	TAILQ_REMOVE(&line->shares, s, link);
	s->line = NULL;
	l->waiting--;
	stat_add_label(STAT_limit_waiting, l->name, -1);
	if (!TAILQ_EMPTY(&line->shares))
		return;
	TAILQ_REMOVE(&l->lines, line, link);
	free(line->machine);
	free(line);
}

static int
by_age(const void *a, const void *b)
{
	const struct permit *x = (*(struct share *const *)a)->permit;
	const struct permit *y = (*(struct share *const *)b)->permit;

	if (x->since_ms != y->since_ms)
		return x->since_ms < y->since_ms ? -1 : 1;
	return x->task_id < y->task_id ? -1 : x->task_id > y->task_id;
}

static void
line_sort(struct line *line, size_t nmax)
{
	struct share **list = xcalloc(nmax, sizeof(struct share *)), *s;
	size_t n = 0;

	while ((s = TAILQ_FIRST(&line->shares)) != NULL) {
		TAILQ_REMOVE(&line->shares, s, link);
		list[n++] = s;
	}
	qsort(list, n, sizeof(struct share *), by_age);
	for (size_t i = 0; i < n; i++)
		TAILQ_INSERT_TAIL(&line->shares, list[i], link);
	free(list);
	line->unsorted = false;
}

struct permit *
limit_next(struct limit *l)
{
	struct line *line = TAILQ_FIRST(&l->lines);

	if (line == NULL)
		return NULL;
	if (line->unsorted)
		line_sort(line, (size_t)l->waiting);
	/* Who is freed has left its lines. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	return TAILQ_FIRST(&line->shares)->permit;
}

/* The other machines first, the next time. */
static void
line_had_turn(struct share *s)
{
	struct limit *l = s->limit;
	struct line *line = s->line;

	TAILQ_REMOVE(&l->lines, line, link);
	TAILQ_INSERT_TAIL(&l->lines, line, link);
	share_leave(s);
}

void
permit_queue(struct permit *p)
{
	for (size_t i = 0; i < p->n; i++)
		share_queue(&p->shares[i]);
}

void
permit_unqueue(struct permit *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->shares[i].line != NULL)
			share_leave(&p->shares[i]);
}

void
permit_had_turn(struct permit *p)
{
	for (size_t i = 0; i < p->n; i++)
		line_had_turn(&p->shares[i]);
}
