/*
 * cli - what the subcommands of pawl share: arguments, printing, exit codes.
 */
#include "cli/cli.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "cli/visible.h"

#define FILE_MAX (64u << 20)

int
cli_fail(int code, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("pawl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

static void
cli_remove(struct cli *c, int at, int n)
{
	memmove(&c->argv[at], &c->argv[at + n], (size_t)(c->argc - at - n) * sizeof(*c->argv));
	c->argc -= n;
}

const char *
cli_option(struct cli *c, const char *name)
{
	size_t len = strlen(name);
	const char *value;
	int i;

	for (i = 0; i < c->argc; i++) {
		if (strncmp(c->argv[i], name, len) != 0)
			continue;
		if (c->argv[i][len] == '=') {
			value = c->argv[i] + len + 1;
			cli_remove(c, i, 1);
			return value;
		}
		if (c->argv[i][len] != '\0')
			continue;
		if (i + 1 >= c->argc)
			exit(cli_fail(CLI_USAGE, "%s needs a value", name));
		value = c->argv[i + 1];
		cli_remove(c, i, 2);
		return value;
	}
	return NULL;
}

bool
cli_flag(struct cli *c, const char *name)
{
	int i;

	for (i = 0; i < c->argc; i++)
		if (strcmp(c->argv[i], name) == 0) {
			cli_remove(c, i, 1);
			return true;
		}
	return false;
}

const char *
cli_word_or_null(struct cli *c)
{
	const char *word;

	if (c->argc == 0)
		return NULL;
	word = c->argv[0];
	if (word[0] == '-' && word[1] != '\0')
		exit(cli_fail(CLI_USAGE, "unknown option %s; see pawl %s --help", word,
		    c->command->name));
	cli_remove(c, 0, 1);
	return word;
}

const char *
cli_word(struct cli *c, const char *what)
{
	const char *word = cli_word_or_null(c);

	if (word == NULL)
		exit(cli_fail(CLI_USAGE, "%s is missing; usage: pawl %s %s", what, c->command->name,
		    c->command->arguments));
	return word;
}

void
cli_done(struct cli *c)
{
	const char *word = cli_word_or_null(c);

	if (word != NULL)
		exit(cli_fail(CLI_USAGE, "\"%s\" is too much; usage: pawl %s %s", word,
		    c->command->name, c->command->arguments));
}

static char *
cli_read_stream(FILE *f, const char *name, size_t *len)
{
	struct buf b;
	char piece[65536];
	size_t n;

	buf_init(&b, FILE_MAX);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&b, piece, n);
	if (ferror(f) || buf_failed(&b)) {
		cli_fail(CLI_FAILED, "%s: %s", name,
		    buf_failed(&b) ? "larger than 64 MiB" : strerror(errno));
		buf_fini(&b);
		return NULL;
	}
	return buf_steal(&b, len);
}

char *
cli_read_file(const char *path, size_t *len)
{
	FILE *f;
	char *text;

	if (strcmp(path, "-") == 0)
		return cli_read_stream(stdin, "standard input", len);
	if ((f = fopen(path, "r")) == NULL) {
		cli_fail(CLI_FAILED, "%s: %s", path, strerror(errno));
		return NULL;
	}
	text = cli_read_stream(f, path, len);
	fclose(f);
	return text;
}

char *
cli_read_value(const char *value, size_t *len)
{
	if (strcmp(value, "-") == 0)
		return cli_read_file(value, len);
	if (value[0] == '@')
		return cli_read_file(value + 1, len);
	*len = strlen(value);
	return xstrdup(value);
}

const char *
cli_colour(const struct cli *c, enum cli_colour colour)
{
	static const char *const codes[] = { "\033[0m", "\033[32m", "\033[31m", "\033[33m",
		"\033[2m", "\033[1m" };

	return c->colour ? codes[colour] : "";
}

static bool
ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), t = strlen(tail);

	return n >= t && strcmp(s + n - t, tail) == 0;
}

enum cli_colour
cli_status_colour(const char *status)
{
	if (ends_with(status, "SUCCEEDED") || ends_with(status, "Succeeded"))
		return CLI_GREEN;
	if (ends_with(status, "Failed") || ends_with(status, "FAILED") ||
	    ends_with(status, "TimedOut") || ends_with(status, "TIMED_OUT"))
		return CLI_RED;
	if (ends_with(status, "ABORTED") || ends_with(status, "Aborted"))
		return CLI_YELLOW;
	return CLI_PLAIN;
}

int64_t
cli_number(struct doc d, const char *member)
{
	int64_t v = 0;

	(void)doc_i64(doc_gets(d, member), &v);
	return v;
}

char *
cli_text(struct doc d, const char *member)
{
	struct doc v = doc_gets(d, member);
	char *text;

	if (doc_is_none(v))
		return xstrdup("");
	if (doc_type(v) == DOC_STRING && (text = doc_strdup(v)) != NULL)
		return text;
	return doc_text(v, NULL);
}

void
cli_make_visible(char **text)
{
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	visible_add_all(&b, *text, strlen(*text));
	free(*text);
	*text = buf_steal(&b, NULL);
}

char *
cli_visible_text(struct doc d, const char *member, size_t max)
{
	char *text = cli_text(d, member), *cut;

	cli_make_visible(&text);
	if (strlen(text) <= max)
		return text;
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	cut = xasprintf("%.*s...", (int)max, text);
	free(text);
	return cut;
}

void
cli_time(struct doc seconds, char out[32])
{
	struct tm tm;
	double s;
	time_t whole;
	char date[24];

	if (doc_is_none(seconds) || !doc_f64(seconds, &s)) {
		memcpy(out, "-", 2);
		return;
	}
	s += 0.0005;
	whole = (time_t)floor(s);
	localtime_r(&whole, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(out, 32, "%s.%03d", date, (int)((s - floor(s)) * 1000));
}

void
cli_print_member(struct doc d, const char *member, const char *label)
{
	char *text;

	if (doc_is_none(doc_gets(d, member)))
		return;
	text = cli_visible_text(d, member, SIZE_MAX);
	printf("%-10s %s\n", label, text);
	free(text);
}

void
cli_print_time(struct doc d, const char *member, const char *label)
{
	char when[32];

	if (doc_is_none(doc_gets(d, member)))
		return;
	cli_time(doc_gets(d, member), when);
	printf("%-10s %s\n", label, when);
}
