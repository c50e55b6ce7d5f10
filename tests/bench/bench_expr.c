/*
 * bench_expr - what one evaluation costs, on a document of 1 KB.
 *
 *	bench_expr [SECONDS [NAME]]     measures each case (or one) for so long
 *	bench_expr --document           prints the document
 *
 * Prints a JSON object: for each case the CPU microseconds of one evaluation and
 * its result, so that a yardstick (js/bench.mjs) can show that it computes the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asl/compile.h"
#include "expr/jsonpath.h"
#include "sample.h"

#define AT_ONCE 256 /* evaluations between two looks at the clock */

static struct doc document;

/* --- the cases ---------------------------------------------------------------------- */

/* How a language is used: made once, evaluated often; results are owned. */
struct language {
	void *(*make)(const char *text);
	struct doc (*eval)(void *made);
	void (*drop)(void *made);
};

struct bench_case {
	const char *name;
	const struct language *language;
	const char *text;
};

static void
require(bool holds, const char *text, const struct err *e)
{
	if (holds)
		return;
	fprintf(stderr, "bench_expr: %s: %s\n", text, e != NULL ? err_cause(e) : "?");
	exit(1);
}

static struct expr_scope
scope(void)
{
	return (struct expr_scope){ .root = document };
}

static void *
path_make(const char *text)
{
	struct err e = ERR_INIT;
	struct jsonpath *p = jsonpath_compile(text, strlen(text), &e);

	require(p != NULL, text, &e);
	return p;
}

static struct doc
path_eval(void *made)
{
	struct expr_scope s = scope();
	struct err e = ERR_INIT;
	struct doc out;

	require(jsonpath_eval(made, &s, &out, &e) == 0, "a path", &e);
	return out;
}

static void
path_drop(void *made)
{
	jsonpath_free(made);
}

static const struct language path = { path_make, path_eval, path_drop };

static void
template_report(void *arg, enum template_problem problem, const char *where, const char *message,
    const char *reason)
{
	(void)problem;
	(void)reason;
	fprintf(stderr, "bench_expr: %s: %s: %s\n", (const char *)arg, where, message);
}

static void *
template_make(const char *text)
{
	struct doc source = doc_parse(text, strlen(text), NULL);
	struct template *t =
	    template_compile(NULL, "Parameters", source, template_report, (char *)(uintptr_t)text);

	require(t != NULL, text, NULL);
	doc_unref(source);
	return t;
}

static struct doc
template_value(void *made)
{
	struct expr_scope s = scope();
	struct err e = ERR_INIT;
	struct doc out;

	require(template_eval(made, &s, &out, &e) == 0, "a template", &e);
	return out;
}

static void
template_drop(void *made)
{
	template_free(made);
}

static const struct language template_ = { template_make, template_value, template_drop };

/* text is the rule without its Next. */
static void *
choice_make(const char *text)
{
	struct diagnostics d;
	struct machine *m;
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	buf_addf(&b,
	    "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Choice\",\"Choices\":[{%s,\"Next\":\"E\"}]},"
	    "\"E\":{\"Type\":\"Succeed\"}}}",
	    text);
	diagnostics_init(&d);
	m = machine_compile(b.data, b.len, MACHINE_STANDARD, &d);
	require(m != NULL, text, NULL);
	diagnostics_fini(&d);
	buf_fini(&b);
	return m;
}

static struct doc
choice_eval(void *made)
{
	struct expr_scope s = scope();
	struct err e = ERR_INIT;
	const struct machine *m = made;
	int matches = choice_rule_eval(m->top.start->rules, &s, &e);

	require(matches >= 0, "a rule", &e);
	return doc_bool(matches == 1);
}

static void
choice_drop(void *made)
{
	machine_unref(made);
}

static const struct language choice = { choice_make, choice_eval, choice_drop };

struct lua_case {
	struct luacode *code;
	struct template *template;
};

/* What a field of a Lua state is: "{% text %}". */
static void *
lua_make(const char *text)
{
	struct lua_case *c = malloc(sizeof(*c));
	struct expression_home home = { .language = QUERY_LUA, .state = "Bench" };
	struct doc marked;
	struct buf b;

	require(c != NULL, text, NULL);
	c->code = home.lua = luacode_new();
	buf_init(&b, BUF_UNLIMITED);
	buf_addf(&b, "{%% %s %%}", text);
	marked = doc_string(b.data, b.len);
	c->template =
	    template_compile(&home, "Output", marked, template_report, (char *)(uintptr_t)text);
	require(c->template != NULL, text, NULL);
	doc_unref(marked);
	buf_fini(&b);
	return c;
}

static struct doc
lua_eval(void *made)
{
	struct lua_case *c = made;
	struct expr_random random = { 1 };
	struct expr_scope s = scope();
	struct err e = ERR_INIT;
	struct doc out;

	s.random = &random;
	require(template_eval(c->template, &s, &out, &e) == 0, "lua", &e);
	return out;
}

static void
lua_drop(void *made)
{
	struct lua_case *c = made;

	template_free(c->template);
	luacode_free(c->code);
	free(c);
}

static const struct language lua = { lua_make, lua_eval, lua_drop };

static const struct bench_case cases[] = {
	{ "path", &path, "$.customer.address.city" },
	{ "filter", &path, "$.items[?(@.quantity > 5)].sku" },
	{ "template", &template_,
	    "{\"id.$\":\"$.orderId\",\"to\":{\"name.$\":\"$.customer.name\",\"city.$\":"
	    "\"$.customer.address.city\"},\"first.$\":\"$.items[0]\",\"kind\":\"order\",\"text.$\":"
	    "\"States.Format('Order {} of {}', $.orderId, $.customer.name)\"}" },
	{ "choice", &choice,
	    "\"And\":[{\"Variable\":\"$.totals.gross\",\"NumericGreaterThan\":300},{\"Or\":["
	    "{\"Variable\":\"$.customer.address.country\",\"StringEquals\":\"AT\"},"
	    "{\"Variable\":\"$.customer.vip\",\"BooleanEquals\":true}]}]" },
	{ "lua", &lua,
	    "states.input.totals.gross > 300 and (states.input.customer.address.country == 'AT' or "
	    "states.input.customer.vip)" },
	{ "lua object", &lua,
	    "{id = states.input.orderId, first = states.input.items[1], "
	    "cost = states.input.items[1].quantity * states.input.items[1].price + "
	    "states.input.shipping.cost}" },
};

/* --- measuring ---------------------------------------------------------------------------- */

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
measure(const struct bench_case *c, double seconds)
{
	const struct language *l = c->language;
	void *made = l->make(c->text);
	struct doc result = l->eval(made);
	char *text = doc_text(result, NULL);
	double start = cpu_us(), now;
	size_t n = 0;

	do {
		for (int i = 0; i < AT_ONCE; i++)
			doc_unref(l->eval(made));
		n += AT_ONCE;
		now = cpu_us();
	} while (now - start < seconds * 1e6);
	printf("\"%s\":{\"us\":%.4f,\"result\":%s}", c->name, (now - start) / (double)n, text);
	free(text);
	doc_unref(result);
	l->drop(made);
}

int
main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.5;
	bool first = true;

	if (argc > 1 && strcmp(argv[1], "--document") == 0) {
		printf("%s\n", sample);
		return 0;
	}
	document = doc_parse(sample, strlen(sample), NULL);
	require(!doc_is_none(document), "the document", NULL);
	printf("{");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (argc > 2 && strcmp(argv[2], cases[i].name) != 0)
			continue;
		printf("%s", first ? "" : ",");
		first = false;
		measure(&cases[i], seconds);
	}
	printf("}\n");
	doc_unref(document);
	return 0;
}
