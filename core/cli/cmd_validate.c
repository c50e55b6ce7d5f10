/*
 * cmd_validate - pawl validate: checks a definition without a server.
 */
#include <stdio.h>
#include <string.h>

#include "cli/problems.h"

int
cmd_validate(struct cli *c)
{
	const char *type = cli_option(c, "--type"), *path = cli_word(c, "FILE");
	enum machine_type kind = MACHINE_STANDARD;
	struct diagnostics d;
	struct source *s;
	struct buf out;
	int rc;

	cli_done(c);
	if (type != NULL && strcmp(type, "EXPRESS") == 0)
		kind = MACHINE_EXPRESS;
	else if (type != NULL && strcmp(type, "STANDARD") != 0)
		return cli_fail(CLI_USAGE, "--type is STANDARD or EXPRESS, not \"%s\"", type);
	if ((s = source_open(path)) == NULL)
		return CLI_FAILED;
	diagnostics_init(&d);
	d.help = true;
	machine_unref(source_compile(s, kind, &d));
	buf_init(&out, BUF_UNLIMITED);
	if (c->json)
		problems_print_json(s, &d, &out);
	else
		problems_print(c, s, &d, &out);
	fputs(buf_text(&out), stdout);
	if (c->json)
		putchar('\n');
	else if (d.nerrors == 0)
		printf("%s: %sOK%s\n", s->name, cli_colour(c, CLI_GREEN), cli_colour(c, CLI_PLAIN));
	rc = d.nerrors > 0 ? CLI_FAILED : CLI_OK;
	buf_fini(&out);
	diagnostics_fini(&d);
	source_free(s);
	return rc;
}
