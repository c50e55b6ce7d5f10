/*
 * cmd_limits - pawl limits: the limits of tasks and executions at the server, and how full they are.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "cli/client.h"

/* "10 per 1000 ms", or "-" when there is none. */
static char *
rate_text(struct doc limit)
{
	if (doc_is_none(doc_gets(limit, "rate")))
		return xstrdup("-");
	return xasprintf("%lld per %lld ms", (long long)cli_number(limit, "rate"),
	    (long long)cli_number(limit, "perMilliseconds"));
}

static char *
size_text(struct doc limit)
{
	if (!doc_is_true(doc_gets(limit, "declared")))
		return xstrdup("none");
	if (doc_is_none(doc_gets(limit, "concurrency")))
		return xstrdup("-");
	return xasprintf("%lld", (long long)cli_number(limit, "concurrency"));
}

static void
print_limit(struct doc limit)
{
	char *name = cli_visible_text(limit, "name", SIZE_MAX), *size = size_text(limit),
	     *rate = rate_text(limit);

	printf("%-28s  %8s  %-22s  %8lld  %9lld  %11lld\n", name, size, rate,
	    (long long)cli_number(limit, "used"), (long long)cli_number(limit, "waiting"),
	    (long long)cli_number(limit, "granted"));
	free(name);
	free(size);
	free(rate);
}

static void
print_machine(struct doc machine)
{
	char *name = cli_visible_text(machine, "name", SIZE_MAX);

	printf("%-28s  %10lld  %8lld  %8lld\n", name, (long long)cli_number(machine, "most"),
	    (long long)cli_number(machine, "running"), (long long)cli_number(machine, "waiting"));
	free(name);
}

/* Nothing, when the server has no limit of executions, or is an older one. */
static void
print_machines(const struct cli *c, struct doc list)
{
	struct doc_iter it = doc_iter(list);

	if (doc_is_none(list) || doc_len(list) == 0)
		return;
	printf("\n%s%-28s  %10s  %8s  %8s%s\n", cli_colour(c, CLI_BOLD), "MACHINE", "EXECUTIONS",
	    "RUNNING", "WAITING", cli_colour(c, CLI_PLAIN));
	while (doc_next(&it))
		print_machine(it.value);
}

static void
print_limits(const struct cli *c, struct doc answer)
{
	struct doc_iter it = doc_iter(doc_gets(answer, "limits"));

	printf("%s%-28s  %8s  %-22s  %8s  %9s  %11s%s\n", cli_colour(c, CLI_BOLD), "LIMIT", "TASKS",
	    "RATE", "USED", "WAITING", "GRANTED", cli_colour(c, CLI_PLAIN));
	while (doc_next(&it))
		print_limit(it.value);
	print_machines(c, doc_gets(answer, "executions"));
}

int
cmd_limits(struct cli *c)
{
	cli_done(c);
	return client_show(c, "/limits", print_limits);
}
