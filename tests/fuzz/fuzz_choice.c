/*
 * fuzz_choice - bytes as choices: a Choice state with any rules on any input. It compiles to
 * the same each time, ends in one move, law 2 holds (tests/cases/drive.h), and a rule says
 * the opposite of what Not makes of it.
 */
#include <stdio.h>

#include "choices.h"
#include "drive.h"
#include "result.h"

#define RULES_MAX 6
#define DEPTH_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- texts and values --------------------------------------------------------------- */

/* Letters, wildcards, backslashes and what is longer than a byte. */
static void
write_text(struct choices *c, struct buf *b)
{
	static const char *const pieces[] = { "a", "b", "*", "\\", "\\*", "\\\\", "\xc3\xa9",
		"\xf0\x9f\x98\x80", "\n", "\"", ".", "1", "a*b", "**" };
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	buf_adds(&text, "");
	for (unsigned n = choose(c, 8); n > 0; n--)
		buf_adds(&text, PICK(c, pieces));
	buf_add_json_string(b, text.data, text.len);
	buf_fini(&text);
}

static void
write_timestamp(struct choices *c, struct buf *b)
{
	static const char *const fractions[] = { "", "", ".5", ".123456789", ".000000001", ".",
		"" };
	static const char *const zones[] = { "Z", "Z", "Z", "Z", "+01:00", "-00:30", "z", "+9999" };

	buf_addf(b, "\"20%02u-%02u-%02uT%02u:%02u:%02u%s%s\"", choose(c, 100), 1 + choose(c, 13),
	    1 + choose(c, 31), choose(c, 25), choose(c, 61), choose(c, 61), PICK(c, fractions),
	    PICK(c, zones));
}

static void
write_number(struct choices *c, struct buf *b)
{
	static const char *const numbers[] = { "0", "-0", "1", "1.0", "10e-1", "-1", "2.5", "1e400",
		"123456789012345678901234567890", "123456789012345678901234567891", "0.1" };

	buf_adds(b, PICK(c, numbers));
}

static void
write_value(struct choices *c, struct buf *b)
{
	static const char *const others[] = { "null", "true", "false", "[]", "{}", "[1,\"a\"]",
		"{\"x\":{\"y\":[\"deep\"]}}" };

	switch (choose(c, 5)) {
	case 0:
		write_number(c, b);
		break;
	case 1:
		write_text(c, b);
		break;
	case 2:
		write_timestamp(c, b);
		break;
	default:
		buf_adds(b, PICK(c, others));
		break;
	}
}

static const char *const names[] = { "a", "b", "c", "d" };

static void
write_input(struct choices *c, struct buf *b)
{
	unsigned n = choose(c, 5);

	if (n == 0) {
		write_value(c, b);
		return;
	}
	buf_addc(b, '{');
	for (unsigned i = 0; i < n && i < 4; i++) {
		buf_addf(b, "%s\"%s\":", i > 0 ? "," : "", names[i]);
		write_value(c, b);
	}
	buf_addc(b, '}');
}

/* --- rules ------------------------------------------------------------------------------ */

static void
write_path(struct choices *c, struct buf *b)
{
	static const char *const paths[] = { "$", "$.e", "$.a.x", "$.a.x.y[0]", "$.b[1]", "$.c[*]",
		"$..x", "$$.State.Name", "$$.Execution.Input.a", "$v", "$.d.length()",
		"$.a[?(@.x)]", "$['a','b']" };
	unsigned kind = choose(c, 3);

	if (kind == 0)
		buf_addf(b, "\"%s\"", PICK(c, paths));
	else
		buf_addf(b, "\"$.%s\"", PICK(c, names));
}

static void
write_comparison(struct choices *c, struct buf *b)
{
	static const char *const kinds[] = { "String", "Numeric", "Timestamp", "Boolean" };
	static const char *const orders[] = { "Equals", "LessThan", "GreaterThan", "LessThanEquals",
		"GreaterThanEquals" };
	unsigned kind = choose(c, 4);
	const char *order = kind < 3 ? PICK(c, orders) : "Equals";
	bool path = choose(c, 2) != 0;

	buf_addf(b, "\"%s%s%s\":", kinds[kind], order, path ? "Path" : "");
	if (path)
		write_path(c, b);
	else if (kind == 0)
		write_text(c, b);
	else if (kind == 1)
		write_number(c, b);
	else if (kind == 2)
		write_timestamp(c, b);
	else
		buf_adds(b, choose(c, 2) ? "true" : "false");
}

static void
write_test(struct choices *c, struct buf *b)
{
	static const char *const tests[] = { "IsPresent", "IsNull", "IsString", "IsNumeric",
		"IsBoolean", "IsTimestamp" };

	buf_adds(b, "\"Variable\":");
	write_path(c, b);
	buf_addc(b, ',');
	switch (choose(c, 4)) {
	case 0:
		buf_addf(b, "\"%s\":%s", PICK(c, tests), choose(c, 2) ? "true" : "false");
		break;
	case 1:
		buf_adds(b, "\"StringMatches\":");
		write_text(c, b);
		break;
	default:
		write_comparison(c, b);
		break;
	}
}

/* Without the braces, so that the caller can add Next. */
static void
write_rule(struct choices *c, struct buf *b, int depth)
{
	unsigned kind = depth < DEPTH_MAX ? choose(c, 6) : 5, n;

	if (kind > 2) {
		write_test(c, b);
		return;
	}
	buf_adds(b, kind == 0 ? "\"Not\":{" : kind == 1 ? "\"And\":[{" : "\"Or\":[{");
	n = kind == 0 ? 1 : 1 + choose(c, 3);
	for (unsigned i = 0; i < n; i++) {
		buf_adds(b, i > 0 ? "},{" : "");
		write_rule(c, b, depth + 1);
	}
	buf_adds(b, kind == 0 ? "}" : "}]");
}

/* Each rule goes to a state of its own; below it stands the same rule inside a Not. */
static void
write_definition(struct choices *c, struct buf *b)
{
	unsigned n = 1 + choose(c, RULES_MAX);
	struct buf rule;

	buf_init(&rule, BUF_UNLIMITED);
	buf_adds(b,
	    "{\"StartAt\":\"V\",\"States\":{\"V\":{\"Type\":\"Pass\",\"Assign\":{\"v\":1},"
	    "\"Next\":\"C\"},\"C\":{\"Type\":\"Choice\",\"Choices\":[");
	for (unsigned i = 0; i < n; i++) {
		buf_reset(&rule);
		write_rule(c, &rule, 0);
		buf_addf(b, "%s{%s,\"Next\":\"E\"%s},{\"Not\":{%s},\"Next\":\"N%u\"}",
		    i > 0 ? "," : "", rule.data,
		    choose(c, 4) == 0 ? ",\"Assign\":{\"w.$\":\"$\"}" : "", rule.data, i);
	}
	buf_adds(b, choose(c, 4) != 0 ? "],\"Default\":\"E\"}" : "]}");
	for (unsigned i = 0; i < n; i++)
		buf_addf(b, ",\"N%u\":{\"Type\":\"Succeed\"}", i);
	buf_adds(b, ",\"E\":{\"Type\":\"Pass\",\"End\":true}}}");
	buf_fini(&rule);
}

/* --- what must hold ------------------------------------------------------------------------ */

static struct machine *
compile(const struct buf *definition)
{
	struct diagnostics d;
	struct machine *m;

	diagnostics_init(&d);
	m = machine_compile(definition->data, definition->len, MACHINE_STANDARD, &d);
	if (getenv("FUZZ_VERBOSE") != NULL)
		printf("%s\n%s\n", m != NULL ? "compiled" : d.list[0].message, definition->data);
	diagnostics_fini(&d);
	return m;
}

static void
check_opposites(const struct machine *m, struct doc input)
{
	static const char name[] = "C";
	const struct state *st = container_state(&m->top, name, 1);
	struct doc vars = doc_parse("{\"v\":1}", 7, NULL);
	struct expr_scope s = { .root = input, .vars = vars };

	for (size_t i = 0; i + 1 < st->nrules; i += 2) {
		struct err a = ERR_INIT, b = ERR_INIT;
		int plain = choice_rule_eval(&st->rules[i], &s, &a);
		int not_ = choice_rule_eval(&st->rules[i + 1], &s, &b);

		require((plain < 0) == err_is_set(&a) && (plain < 0) == (not_ < 0));
		require(plain < 0 || plain + not_ == 1);
		if (plain < 0)
			require(strcmp(err_cause(&a), err_cause(&b)) == 0);
		err_fini(&a);
		err_fini(&b);
	}
	doc_unref(vars);
}

static void
run(struct machine *m, const char *input, enum drive_policy policy)
{
	struct stimulus start = { .kind = STIMULUS_START };
	struct drive d;

	drive_init(&d, m, input, policy, false);
	require(drive_move(&d, &start, NULL) == 0);
	drive_seal(&d);
	if (d.problem.len > 0 || getenv("FUZZ_VERBOSE") != NULL)
		printf("%s\n%s\n%s", input, buf_text(&d.problem), buf_text(&d.history));
	require(d.problem.len == 0);
	require(run_status(d.run) == RUN_SUCCEEDED || run_status(d.run) == RUN_FAILED);
	check_opposites(m, d.facts.input);
	drive_fini(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct choices c = { .at = data, .left = size };
	enum drive_policy policy = (enum drive_policy)choose(&c, DRIVE_POLICY_COUNT);
	struct buf definition, input;
	struct machine *m;

	buf_init(&definition, BUF_UNLIMITED);
	buf_init(&input, BUF_UNLIMITED);
	write_definition(&c, &definition);
	write_input(&c, &input);
	if ((m = compile(&definition)) != NULL) {
		run(m, input.data, policy);
		machine_unref(m);
	}
	buf_fini(&definition);
	buf_fini(&input);
	return 0;
}
