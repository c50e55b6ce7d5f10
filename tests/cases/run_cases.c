/*
 * run_cases - runs the golden cases of the interpreter: definition, input, what the
 * world does, and the history that must come out.
 *
 *	run_cases [--update] [FILE ...]
 *
 * Without files it takes every tests/cases/NAME.case. A file holds cases like this:
 *
 *	=== A title, which is a sentence
 *	--- definition
 *	{"StartAt": ..., "States": ...}
 *	--- input
 *	{"a": 1}
 *	--- do
 *	succeed T {"x": 1}
 *	advance 5000
 *	--- expect
 *	SUCCEEDED {"x":1}
 *	--- effects
 *	dispatch 3, ended
 *	--- history
 *	1 <- 0 ExecutionStarted {"input":...}
 *
 * A history line is ID <- PREVIOUS @MS TYPE {details as in a record}; @MS, since the
 * start, only when it is not 0. "--- limits" turns AWS's limits on. Every case is run
 * under every policy of drive.h.
 *
 * Large things are written short: <x*262144> is that many x, in what a case gives and
 * in what comes out (from 100 on), and of a history of more than 1,000 lines only the
 * beginning and the end are shown, with a line "..." between.
 *
 * What the world does, one thing a line; a task is named by its state (the oldest open
 * one) or by #ID:
 *
 *	succeed TASK JSON           fail TASK [ERROR [CAUSE]]   (JSON strings or null)
 *	start TASK [WORKER]         submit TASK JSON            heartbeat TASK
 *	advance MS                  settle (until no timer is left)
 *	stop [ERROR [CAUSE]]        refused ... (any of these, which the run must not take)
 *	recover MS                  (the clock jumps; timers fire only afterwards)
 *
 * --update writes what comes out into the file, for a person to read and judge.
 */
#include <assert.h>
#include <ctype.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "drive.h"

enum section {
	SEC_DEFINITION,
	SEC_INPUT,
	SEC_LIMITS,
	SEC_DO,
	SEC_EXPECT,
	SEC_EFFECTS,
	SEC_HISTORY,
	SEC_COUNT
};
static const char *const section_names[] = { "definition", "input", "limits", "do", "expect",
	"effects", "history" };

struct test_case {
	const char *file;
	int line;
	char *title;
	struct buf text[SEC_COUNT];
	bool given[SEC_COUNT];
};

static int npassed, nfailed;

/* --- reading ------------------------------------------------------------------- */

static void
case_init(struct test_case *c, const char *file)
{
	*c = (struct test_case){ .file = file };
	for (int i = 0; i < SEC_COUNT; i++)
		buf_init(&c->text[i], BUF_UNLIMITED);
}

static void
case_fini(struct test_case *c)
{
	free(c->title);
	for (int i = 0; i < SEC_COUNT; i++)
		buf_fini(&c->text[i]);
}

static int
section_parse(const char *name)
{
	for (int i = 0; i < SEC_COUNT; i++) {
		if (strcmp(section_names[i], name) == 0)
			return i;
	}
	return -1;
}

static char *
read_file(const char *path)
{
	FILE *fp = fopen(path, "r");
	struct buf b;
	char chunk[4096];
	size_t n;

	if (fp == NULL) {
		perror(path);
		exit(2);
	}
	buf_init(&b, BUF_UNLIMITED);
	while ((n = fread(chunk, 1, sizeof(chunk), fp)) > 0)
		buf_add(&b, chunk, n);
	fclose(fp);
	return buf_steal(&b, NULL);
}

/* --- large things written short ------------------------------------------------ */

#define FOLD_MIN 100           /* of the same character in a row */
#define HISTORY_LINES_MAX 1000 /* of a history that is shown whole */
#define HISTORY_LINES_SHOWN 8  /* at each end of a longer one */

/* Appends the text with every <c*N> written out. */
static void
unfold(const char *text, struct buf *out)
{
	for (const char *p = text; *p != '\0'; p++) {
		char c, close;
		int n, used = 0;

		if (*p == '<' && sscanf(p, "<%c*%d%c%n", &c, &n, &close, &used) == 3 &&
		    close == '>' && n > 0) {
			memset(buf_reserve(out, (size_t)n), c, (size_t)n);
			buf_advance(out, (size_t)n);
			p += used - 1;
		} else {
			buf_addc(out, *p);
		}
	}
}

/* Appends the text with long runs of a letter, digit or bracket as <c*N>. */
static void
fold(const char *text, struct buf *out)
{
	while (*text != '\0') {
		size_t n = 1;

		while (text[n] == *text)
			n++;
		if (n >= FOLD_MIN && (isalnum((unsigned char)*text) || strchr("[]", *text)))
			buf_addf(out, "<%c*%zu>", *text, n);
		else
			buf_add(out, text, n);
		text += n;
	}
}

static size_t
count_lines(const char *text)
{
	size_t n = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		text++;
		n++;
	}
	return n;
}

/* Where line n of the text begins, counted from 0. */
static const char *
line_at(const char *text, size_t n)
{
	while (n-- > 0)
		text = strchr(text, '\n') + 1;
	return text;
}

/* Appends what of the text is shown: folded, and without the middle of a long history. */
static void
shorten(const struct buf *actual, struct buf *out)
{
	const char *text = buf_text(actual), *begin = text;
	size_t lines = count_lines(text);
	struct buf shown;

	buf_init(&shown, BUF_UNLIMITED);
	if (lines > HISTORY_LINES_MAX) {
		const char *end = line_at(text, HISTORY_LINES_SHOWN);

		buf_add(&shown, text, (size_t)(end - text));
		buf_adds(&shown, "...\n");
		begin = line_at(text, lines - HISTORY_LINES_SHOWN);
	}
	buf_adds(&shown, begin);
	fold(buf_text(&shown), out);
	buf_fini(&shown);
}

/* --- what the world does --------------------------------------------------------- */

struct find {
	const char *name;
	int64_t id;
};

static void
find_cb(void *arg, const struct run_task *t)
{
	struct find *f = arg;

	if (f->id == 0 && strcmp(t->state->name, f->name) == 0)
		f->id = t->task_id;
}

static int64_t
task_id(const struct drive *d, const char *name)
{
	struct find f = { .name = name };

	if (name[0] == '#')
		return strtoll(name + 1, NULL, 10);
	run_each_task(d->run, find_cb, &f);
	return f.id;
}

/* The next word of *line, which moves on; "" at its end. */
static char *
next_word(char **line)
{
	char *word;

	while (**line == ' ')
		++*line;
	word = *line;
	*line += strcspn(*line, " ");
	if (**line != '\0')
		*(*line)++ = '\0';
	return word;
}

/* One or two JSON strings or nulls, separated by a blank; owned. */
static void
read_strings(char *text, char **first, char **second)
{
	struct buf list;
	struct doc d;

	*first = *second = NULL;
	buf_init(&list, BUF_UNLIMITED);
	buf_addc(&list, '[');
	for (char *p = text; *p != '\0'; p++) {
		if (*p == ' ' && (p[1] == '"' || p[1] == 'n') && (p[-1] == '"' || p[-1] == 'l'))
			buf_addc(&list, ',');
		buf_addc(&list, *p);
	}
	buf_addc(&list, ']');
	d = doc_parse(list.data, list.len, NULL);
	buf_fini(&list);
	if (doc_is_none(d))
		return;
	if (doc_len(d) > 0)
		*first = doc_strdup(doc_at(d, 0));
	if (doc_len(d) > 1)
		*second = doc_strdup(doc_at(d, 1));
	doc_unref(d);
}

static int
stimulus_kind(const char *verb, enum stimulus_kind *out)
{
	static const struct {
		const char *verb;
		enum stimulus_kind kind;
	} verbs[] = {
		{ "succeed", STIMULUS_TASK_SUCCEEDED },
		{ "fail", STIMULUS_TASK_FAILED },
		{ "start", STIMULUS_TASK_STARTED },
		{ "submit", STIMULUS_TASK_SUBMITTED },
		{ "heartbeat", STIMULUS_TASK_HEARTBEAT },
		{ "stop", STIMULUS_STOP },
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].verb, verb) == 0) {
			*out = verbs[i].kind;
			return 0;
		}
	}
	return -1;
}

/* Gives the run one stimulus; the rest of the line is its arguments. */
static void
do_stimulus(struct drive *d, const char *verb, char *rest, bool refused)
{
	struct stimulus s = { .output = DOC_NONE };
	struct err e = ERR_INIT;
	char *error = NULL, *cause = NULL;
	int rc;

	if (stimulus_kind(verb, &s.kind) != 0) {
		buf_addf(&d->problem, "what is \"%s\"?\n", verb);
		return;
	}
	if (s.kind != STIMULUS_STOP)
		s.task_id = task_id(d, next_word(&rest));
	if (s.kind == STIMULUS_TASK_SUCCEEDED || s.kind == STIMULUS_TASK_SUBMITTED) {
		s.output = doc_parse(rest, strlen(rest), NULL);
		if (doc_is_none(s.output))
			buf_addf(&d->problem, "no JSON: %s\n", rest);
	} else if (s.kind == STIMULUS_TASK_FAILED || s.kind == STIMULUS_STOP) {
		read_strings(rest, &error, &cause);
	} else if (rest[0] != '\0') {
		s.worker = rest;
	}
	s.error = error;
	s.cause = cause;
	rc = drive_move(d, &s, &e);
	if (rc != 0 && !refused)
		buf_addf(&d->problem, "%s was refused: %s\n", verb, err_cause(&e));
	if (rc == 0 && refused)
		buf_addf(&d->problem, "%s was not refused\n", verb);
	err_fini(&e);
	doc_unref(s.output);
	free(error);
	free(cause);
}

static void
settle(struct drive *d)
{
	while (run_due_ms(d->run) != INT64_MAX && d->problem.len == 0) {
		int64_t due = run_due_ms(d->run);

		drive_clock(d, due > d->now_ms ? due : d->now_ms);
	}
}

static void
do_line(struct drive *d, char *line)
{
	char *verb = next_word(&line);
	bool refused = strcmp(verb, "refused") == 0;

	if (refused)
		verb = next_word(&line);
	if (strcmp(verb, "advance") == 0) {
		drive_clock(d, d->now_ms + strtoll(line, NULL, 10));
	} else if (strcmp(verb, "recover") == 0) {
		d->now_ms += strtoll(line, NULL, 10);
		drive_clock(d, d->now_ms);
	} else if (strcmp(verb, "settle") == 0) {
		settle(d);
	} else {
		do_stimulus(d, verb, line, refused);
	}
}

/* --- one case -------------------------------------------------------------------- */

static void
write_effects(const struct drive *d, struct buf *out)
{
	for (size_t i = 0; i < d->effects.n; i++) {
		const struct effect *x = &d->effects.list[i];

		buf_adds(out, i > 0 ? ", " : "");
		if (x->kind == EFFECT_ENDED)
			buf_adds(out, "ended");
		else
			buf_addf(out, "%s %" PRId64,
			    x->kind == EFFECT_DISPATCH ? "dispatch" : "cancel", x->task_id);
	}
	buf_addc(out, '\n');
}

static void
write_end(const struct drive *d, struct buf *out)
{
	buf_adds(out, run_status_name(run_status(d->run)));
	if (!doc_is_none(run_output(d->run))) {
		buf_addc(out, ' ');
		doc_print(run_output(d->run), out);
	}
	if (run_error(d->run) != NULL)
		buf_addf(out, " error=%s", run_error(d->run));
	if (run_cause(d->run) != NULL)
		buf_addf(out, " cause=%s", run_cause(d->run));
	if (run_status(d->run) == RUN_RUNNING && run_due_ms(d->run) != INT64_MAX)
		buf_addf(out, " due=%" PRId64, run_due_ms(d->run) - DRIVE_START_MS);
	if (run_only_waits(d->run))
		buf_adds(out, " only-waits");
	buf_addc(out, '\n');
}

static char *
trimmed(const struct buf *b)
{
	size_t len = b->len;

	while (len > 0 && (b->data[len - 1] == '\n' || b->data[len - 1] == ' '))
		len--;
	return xstrndup(buf_text(b), len);
}

/* The section's text with what is written short written out; owned. */
static char *
unfolded(const struct buf *section)
{
	char *text = trimmed(section);
	struct buf out;

	buf_init(&out, BUF_UNLIMITED);
	buf_adds(&out, "");
	unfold(text, &out);
	free(text);
	return buf_steal(&out, NULL);
}

static void
play(struct test_case *c, struct drive *d)
{
	struct stimulus start = { .kind = STIMULUS_START };
	char *script = unfolded(&c->text[SEC_DO]), *save = NULL;

	(void)drive_move(d, &start, NULL);
	for (char *line = strtok_r(script, "\n", &save); line != NULL && d->problem.len == 0;
	     line = strtok_r(NULL, "\n", &save))
		do_line(d, line);
	drive_seal(d);
	free(script);
}

static void
complain(const struct test_case *c, const char *policy, const char *what, const char *expected,
    const char *actual)
{
	printf("%s:%d: %s [%s]: %s\n--- expected\n%s\n--- actual\n%s\n", c->file, c->line, c->title,
	    policy, what, expected, actual);
}

/* True when the section is as expected; with update it becomes so. */
static bool
check_section(struct test_case *c, enum section s, const char *policy, const struct buf *actual,
    bool update)
{
	char *expected = trimmed(&c->text[s]), *got;
	struct buf shown;
	bool same;

	buf_init(&shown, BUF_UNLIMITED);
	shorten(actual, &shown);
	got = trimmed(&shown);
	buf_fini(&shown);
	same = strcmp(expected, got) == 0;

	if (!same && update) {
		buf_reset(&c->text[s]);
		buf_adds(&c->text[s], got);
		buf_addc(&c->text[s], '\n');
		c->given[s] = true;
		same = true;
	}
	if (!same)
		complain(c, policy, section_names[s], expected, got);
	free(expected);
	free(got);
	return same;
}

static bool
run_under(struct test_case *c, struct machine *m, enum drive_policy policy, bool update)
{
	static const char *const names[] = { "memory", "merge", "journal", "snapshot" };
	char *input = unfolded(&c->text[SEC_INPUT]);
	struct drive d;
	struct buf end, effects;
	bool ok;

	buf_init(&end, BUF_UNLIMITED);
	buf_init(&effects, BUF_UNLIMITED);
	drive_init(&d, m, input, policy, c->given[SEC_LIMITS]);
	play(c, &d);
	write_end(&d, &end);
	write_effects(&d, &effects);
	ok = d.problem.len == 0;
	if (!ok)
		complain(c, names[policy], "a problem", "none", d.problem.data);
	ok = check_section(c, SEC_EXPECT, names[policy], &end, update) && ok;
	ok = check_section(c, SEC_EFFECTS, names[policy], &effects, update) && ok;
	ok = check_section(c, SEC_HISTORY, names[policy], &d.history, update) && ok;
	drive_fini(&d);
	buf_fini(&end);
	buf_fini(&effects);
	free(input);
	return ok;
}

static void
run_case(struct test_case *c, bool update)
{
	char *definition = unfolded(&c->text[SEC_DEFINITION]);
	struct diagnostics diag;
	struct buf sentence;
	struct machine *m;
	bool ok;

	diagnostics_init(&diag);
	m = machine_compile(definition, strlen(definition), MACHINE_STANDARD, &diag);
	free(definition);
	ok = m != NULL;
	if (!ok) {
		buf_init(&sentence, BUF_UNLIMITED);
		diagnostics_sentence(&diag, &sentence);
		complain(c, "compile", "a problem", "a machine", buf_text(&sentence));
		buf_fini(&sentence);
	}
	for (int p = 0; ok && p < DRIVE_POLICY_COUNT; p++)
		ok = run_under(c, m, (enum drive_policy)p, update && p == 0);
	if (ok)
		npassed++;
	else
		nfailed++;
	machine_unref(m);
	diagnostics_fini(&diag);
}

/* --- files ----------------------------------------------------------------------- */

static void
write_case(const struct test_case *c, struct buf *out)
{
	buf_addf(out, "=== %s\n", c->title);
	for (int i = 0; i < SEC_COUNT; i++) {
		if (!c->given[i])
			continue;
		buf_addf(out, "--- %s\n", section_names[i]);
		buf_add(out, buf_text(&c->text[i]), c->text[i].len);
	}
	buf_addc(out, '\n');
}

static void
end_case(struct test_case *c, const char *only, bool update, struct buf *out)
{
	if (c->title == NULL)
		return;
	/* the blank line before the next case is nobody's */
	for (int i = 0; i < SEC_COUNT; i++) {
		char *text = trimmed(&c->text[i]);

		buf_reset(&c->text[i]);
		if (text[0] != '\0')
			buf_addf(&c->text[i], "%s\n", text);
		free(text);
	}
	if (only == NULL || strstr(c->title, only) != NULL)
		run_case(c, update);
	write_case(c, out);
	case_fini(c);
}

static void
run_file(const char *path, const char *only, bool update)
{
	char *text = read_file(path), *at = text;
	struct test_case c;
	struct buf out;
	int section = -1, line = 0;

	buf_init(&out, BUF_UNLIMITED);
	case_init(&c, path);
	while (*at != '\0') {
		size_t len = strcspn(at, "\n");
		bool more = at[len] == '\n';

		line++;
		at[len] = '\0';
		if (strncmp(at, "=== ", 4) == 0) {
			end_case(&c, only, update, &out);
			case_init(&c, path);
			c.title = xstrdup(at + 4);
			c.line = line;
			section = -1;
		} else if (strncmp(at, "--- ", 4) == 0) {
			section = section_parse(at + 4);
			if (section < 0) {
				printf("%s:%d: no such section\n", path, line);
				exit(2);
			}
			c.given[section] = true;
		} else if (section >= 0) {
			buf_addf(&c.text[section], "%s\n", at);
		} else if (c.title == NULL) {
			buf_addf(&out, "%s\n", at);
		}
		at += len + (more ? 1 : 0);
	}
	end_case(&c, only, update, &out);
	if (update) {
		FILE *fp = fopen(path, "w");

		if (fp == NULL || fwrite(out.data, 1, out.len, fp) != out.len || fclose(fp) != 0) {
			perror(path);
			exit(2);
		}
	}
	buf_fini(&out);
	free(text);
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir"), *only = getenv("CASE");
	bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
	char *pattern = xasprintf("%s/tests/cases/*.case", srcdir != NULL ? srcdir : ".");
	glob_t g = { 0 };

	for (int i = update ? 2 : 1; i < argc; i++)
		run_file(argv[i], only, update);
	if (argc <= 1 && glob(pattern, 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			run_file(g.gl_pathv[i], only, false);
		globfree(&g);
	}
	free(pattern);
	printf("%d passed, %d failed, 0 skipped\n", npassed, nfailed);
	return nfailed == 0 && npassed > 0 ? 0 : 1;
}
