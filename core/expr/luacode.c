/*
 * luacode - the Lua expressions of one state machine: compiled once, run in one box.
 */
#include "expr/luacode.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define WASTE_MAX \
	((size_t)2 \
	    << 20) /* a box that holds more than its code and this after a run is thrown away */

struct luacode_entry {
	char *name, *text;
	size_t len;
	int code; /* in the box; -1 = not compiled into this one */
};

struct luacode {
	struct luabox *box; /* NULL = to be made */
	size_t code_bytes;  /* what was compiled into it takes about so much of it */
	struct luacode_entry *list;
	size_t n;
};

struct luacode *
luacode_new(void)
{
	return xcalloc(1, sizeof(struct luacode));
}

void
luacode_free(struct luacode *c)
{
	if (c == NULL)
		return;
	luabox_free(c->box);
	for (size_t i = 0; i < c->n; i++) {
		free(c->list[i].name);
		free(c->list[i].text);
	}
	free(c->list);
	free(c);
}

static void
drop_box(struct luacode *c)
{
	luabox_free(c->box);
	c->box = NULL;
	c->code_bytes = 0;
	for (size_t i = 0; i < c->n; i++)
		c->list[i].code = -1;
}

/* 0 with the entry in the box, or -1 and e. */
static int
compile(struct luacode *c, struct luacode_entry *entry, struct err *e)
{
	static const struct luabox_options options = { .steps = LUABOX_EXPRESSION_STEPS,
		.memory = LUABOX_EXPRESSION_MEMORY,
		.output_max = LUABOX_EXPRESSION_OUTPUT };
	size_t before;

	if (c->box == NULL && (c->box = luabox_new(&options)) == NULL)
		return err_set(e, "pawl.Lua", "out of memory");
	before = luabox_memory(c->box);
	entry->code = luabox_load_expression(c->box, entry->name, entry->text, entry->len, e);
	if (luabox_memory(c->box) > before)
		c->code_bytes += luabox_memory(c->box) - before;
	return entry->code >= 0 ? 0 : -1;
}

int
luacode_add(struct luacode *c, const char *name, const char *text, size_t len, struct err *e)
{
	struct luacode_entry *entry;

	if ((c->n & (c->n - 1)) == 0)
		c->list = xreallocarray(c->list, c->n ? c->n * 2 : 1, sizeof(*c->list));
	entry = &c->list[c->n];
	*entry =
	    (struct luacode_entry){ .name = xstrdup(name), .text = xmalloc(len + 1), .len = len };
	memcpy(entry->text, text, len);
	entry->text[len] = '\0';
	c->n++;
	return compile(c, entry, e) == 0 ? (int)c->n - 1 : -1;
}

static int
fail(struct luabox_failure *f, enum luabox_result result, const char *message)
{
	*f = (struct luabox_failure){ .result = result,
		.type = xstrdup("Error"),
		.message = xstrdup(message),
		.trace = DOC_NONE };
	return -1;
}

/* What the code sees, and may spend. */
static int
run(struct luacode *c, int code, const struct expr_scope *s, struct doc *out,
    struct luabox_failure *f)
{
	const struct luabox_value states[] = {
		{ .name = "input", .value = s->root },
		{ .name = "result", .value = s->result },
		{ .name = "errorOutput", .value = s->error_output },
		{ .name = "context", .get = s->context, .arg = s->context_arg },
	};
	const struct luabox_value globals[] = {
		{ .name = "states", .members = states, .nmembers = 4 },
	};
	struct luabox_call call = { .seed = s->random != NULL ? expr_random_next(s->random) : 0,
		.globals = globals,
		.nglobals = 1,
		.expression = true,
		.variables = { .name = "vars", .value = s->vars } };
	int rc;

	if (s->host != NULL) {
		call.module = s->host->module;
		call.give_up = s->host->give_up;
		call.arg = s->host->arg;
	}
	if (s->steps != NULL && *s->steps < LUABOX_EXPRESSION_STEPS)
		call.steps = *s->steps;
	rc = luabox_run(c->box, code, &call, out, f);
	if (s->steps != NULL)
		*s->steps -= (call.steps > 0 ? call.steps : LUABOX_EXPRESSION_STEPS) -
		    luabox_steps_left(c->box);
	return rc;
}

int
luacode_eval(struct luacode *c, int number, const struct expr_scope *s, struct doc *out,
    struct luabox_failure *f)
{
	struct luacode_entry *entry;
	struct err e = ERR_INIT;
	int rc;

	assert(number >= 0 && (size_t)number < c->n);
	entry = &c->list[number];
	*out = DOC_NONE;
	if (s->steps != NULL && *s->steps <= 0)
		return fail(f, LUABOX_STEPS, LUABOX_OUT_OF_STEPS);
	if (entry->code < 0 && compile(c, entry, &e) != 0) {
		rc = fail(f, LUABOX_MEMORY, err_cause(&e));
		err_fini(&e);
		return rc;
	}
	rc = run(c, entry->code, s, out, f);
	if (luabox_broken(c->box) || luabox_memory(c->box) > c->code_bytes + WASTE_MAX)
		drop_box(c);
	return rc;
}
