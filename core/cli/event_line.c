/*
 * event_line - a history event as one line for people.
 */
#include "cli/event_line.h"

#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_SHOWN 200

/* The ...EventDetails object of an event, DOC_NONE when it has none. */
static struct doc
event_details(struct doc event)
{
	static const char tail[] = "EventDetails";
	struct doc_iter it = doc_iter(event);

	while (doc_next(&it)) {
		char *key = doc_strdup(it.key);
		size_t n = key == NULL ? 0 : strlen(key);
		bool is_it = n > sizeof(tail) && strcmp(key + n - (sizeof(tail) - 1), tail) == 0;

		free(key);
		if (is_it)
			return it.value;
	}
	return DOC_NONE;
}

static void
print_member(const struct cli *c, struct doc details, const char *member, const char *label)
{
	char *text;

	if (doc_is_none(doc_gets(details, member)))
		return;
	text = cli_visible_text(details, member, PAYLOAD_SHOWN);
	printf(" %s%s=%s%s", cli_colour(c, CLI_DIM), label, cli_colour(c, CLI_PLAIN), text);
	free(text);
}

void
event_line_print(const struct cli *c, struct doc event)
{
	static const char *const members[] = { "resourceType", "resource", "index", "length",
		"error", "cause", "input", "parameters", "output" };
	struct doc details = event_details(event);
	char *type = cli_text(event, "type"), *id = cli_text(event, "id"), when[32];
	char *name = doc_is_none(details) ? NULL : cli_visible_text(details, "name", SIZE_MAX);
	size_t i;

	cli_time(doc_gets(event, "timestamp"), when);
	printf("%s%s%s %5s %s%-24s%s", cli_colour(c, CLI_DIM), when, cli_colour(c, CLI_PLAIN), id,
	    cli_colour(c, cli_status_colour(type)), type, cli_colour(c, CLI_PLAIN));
	if (name != NULL && *name != '\0')
		printf(" %s%s%s", cli_colour(c, CLI_BOLD), name, cli_colour(c, CLI_PLAIN));
	for (i = 0; !doc_is_none(details) && i < sizeof(members) / sizeof(*members); i++)
		print_member(c, details, members[i], members[i]);
	putchar('\n');
	free(type);
	free(id);
	free(name);
}
