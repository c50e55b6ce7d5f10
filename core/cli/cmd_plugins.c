/*
 * cmd_plugins - pawl plugins: what the server has loaded, and who serves what.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cli/client.h"

/* One line of a plugin; the label stands before the first of several. Takes text. */
static void
print_line(const char **label, char *text)
{
	cli_make_visible(&text);
	printf("  %-9s  %s\n", *label, text);
	*label = "";
	free(text);
}

static void
print_texts(struct doc plugin, const char *member, const char *label)
{
	struct doc_iter it = doc_iter(doc_gets(plugin, member));

	while (doc_next(&it))
		print_line(&label, doc_strdup(it.value));
}

static void
print_taken(struct doc plugin)
{
	struct doc_iter it = doc_iter(doc_gets(plugin, "taken"));
	const char *label = "taken";

	while (doc_next(&it)) {
		char *resource = cli_text(it.value, "resource"), *by = cli_text(it.value, "by");

		print_line(&label, xasprintf("%s, by %s", resource, by));
		free(resource);
		free(by);
	}
}

static void
print_services(struct doc plugin)
{
	struct doc_iter it = doc_iter(doc_gets(plugin, "services"));
	const char *label = "services";

	while (doc_next(&it)) {
		char *target = cli_text(it.value, "target"),
		     *version = cli_text(it.value, "version");

		print_line(&label,
		    xasprintf("%s%s%s", target, *target != '\0' && *version != '\0' ? " " : "",
			version));
		free(target);
		free(version);
	}
}

static void
print_plugin(const struct cli *c, struct doc plugin)
{
	char *name = cli_visible_text(plugin, "name", SIZE_MAX),
	     *version = cli_visible_text(plugin, "version", SIZE_MAX);
	const char *file = "file", *promise = "crash";

	printf("%s%s%s %s\n", cli_colour(c, CLI_BOLD), name, cli_colour(c, CLI_PLAIN), version);
	print_line(&file, cli_text(plugin, "path"));
	print_line(&promise, cli_text(plugin, "afterCrash"));
	print_texts(plugin, "patterns", "patterns");
	print_texts(plugin, "resources", "serves");
	print_taken(plugin);
	print_texts(plugin, "routes", "routes");
	print_services(plugin);
	free(name);
	free(version);
}

static void
print_refused(const struct cli *c, struct doc refused)
{
	struct doc_iter it = doc_iter(refused);

	while (doc_next(&it)) {
		char *path = cli_visible_text(it.value, "path", SIZE_MAX),
		     *reason = cli_visible_text(it.value, "reason", SIZE_MAX);

		printf("%s%s%s %s\n", cli_colour(c, CLI_RED), path, cli_colour(c, CLI_PLAIN),
		    reason);
		free(path);
		free(reason);
	}
}

static void
print_plugins(const struct cli *c, struct doc answer)
{
	struct doc_iter it = doc_iter(doc_gets(answer, "plugins"));

	while (doc_next(&it))
		print_plugin(c, it.value);
	print_refused(c, doc_gets(answer, "refused"));
}

int
cmd_plugins(struct cli *c)
{
	cli_done(c);
	return client_show(c, "/plugins", print_plugins);
}
