/*
 * cmd_validate - pawl validate: checks a definition without a server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asl/compile.h"
#include "cli/cli.h"

static void
print_json(const struct diagnostics *d)
{
	struct buf out;
	size_t i;

	buf_init(&out, BUF_UNLIMITED);
	buf_addf(&out, "{\"result\":\"%s\",\"diagnostics\":[", d->nerrors > 0 ? "FAIL" : "OK");
	for (i = 0; i < d->n; i++) {
		const struct diagnostic *g = &d->list[i];

		buf_addf(&out,
		    "%s{\"severity\":\"%s\",\"code\":\"%s\",\"message\":", i > 0 ? "," : "",
		    g->severity == DIAGNOSTIC_ERROR ? "ERROR" : "WARNING", g->code);
		buf_add_json_string(&out, g->message, strlen(g->message));
		if (g->location != NULL) {
			buf_adds(&out, ",\"location\":");
			buf_add_json_string(&out, g->location, strlen(g->location));
		}
		buf_addc(&out, '}');
	}
	buf_adds(&out, "]}");
	puts(buf_text(&out));
	buf_fini(&out);
}

static void
print_text(const struct cli *c, const char *path, const struct diagnostics *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		const struct diagnostic *g = &d->list[i];
		bool error = g->severity == DIAGNOSTIC_ERROR;

		printf("%s: %s%s%s: %s: %s", path, cli_colour(c, error ? CLI_RED : CLI_YELLOW),
		    error ? "error" : "warning", cli_colour(c, CLI_PLAIN), g->code, g->message);
		if (g->location != NULL)
			printf(" at %s", g->location);
		putchar('\n');
	}
	if (d->nerrors == 0)
		printf("%s: %sOK%s\n", path, cli_colour(c, CLI_GREEN), cli_colour(c, CLI_PLAIN));
}

int
cmd_validate(struct cli *c)
{
	const char *type = cli_option(c, "--type"), *path = cli_word(c, "FILE");
	enum machine_type kind = MACHINE_STANDARD;
	struct diagnostics d;
	char *text;
	size_t len;
	int rc;

	cli_done(c);
	if (type != NULL && strcmp(type, "EXPRESS") == 0)
		kind = MACHINE_EXPRESS;
	else if (type != NULL && strcmp(type, "STANDARD") != 0)
		return cli_fail(CLI_USAGE, "--type is STANDARD or EXPRESS, not \"%s\"", type);
	if ((text = cli_read_file(path, &len)) == NULL)
		return CLI_FAILED;
	diagnostics_init(&d);
	machine_unref(machine_compile(text, len, kind, &d));
	if (c->json)
		print_json(&d);
	else
		print_text(c, path, &d);
	rc = d.nerrors > 0 ? CLI_FAILED : CLI_OK;
	diagnostics_fini(&d);
	free(text);
	return rc;
}
