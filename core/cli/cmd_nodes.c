/*
 * cmd_nodes - pawl nodes: the pawlds that share the server's database, and how they do.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/xalloc.h"
#include "cli/client.h"

static double
fraction(struct doc node, const char *member)
{
	char *text = cli_text(node, member);
	double v = strtod(text, NULL);

	free(text);
	return v;
}

static void
print_node(struct doc node)
{
	char *name = cli_visible_text(node, "name", SIZE_MAX),
	     *address = cli_visible_text(node, "address", SIZE_MAX);
	double seen_s = (double)time(NULL) - fraction(node, "seen");

	printf("%-28s  %-21s  %6lld  %9lld  %9lld  %8.0f  %5.0f %%  %6.1f s  %4.0f s ago\n", name,
	    address, (long long)cli_number(node, "shards"),
	    (long long)cli_number(node, "openExecutions"),
	    (long long)cli_number(node, "sleepingExecutions"),
	    fraction(node, "transitionsPerSecond"), fraction(node, "cpu") * 100,
	    (double)cli_number(node, "lagMilliseconds") / 1000, seen_s < 0 ? 0 : seen_s);
	free(name);
	free(address);
}

static void
print_nodes(const struct cli *c, struct doc answer)
{
	struct doc_iter it = doc_iter(doc_gets(answer, "nodes"));

	printf("%s%-28s  %-21s  %6s  %9s  %9s  %8s  %7s  %8s  %s%s\n", cli_colour(c, CLI_BOLD),
	    "NODE", "ADDRESS", "SHARDS", "OPEN", "SLEEPING", "STATES/S", "CPU", "LAG", "SEEN",
	    cli_colour(c, CLI_PLAIN));
	while (doc_next(&it))
		print_node(it.value);
}

int
cmd_nodes(struct cli *c)
{
	cli_done(c);
	return client_show(c, "/nodes", print_nodes);
}
