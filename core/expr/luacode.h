/*
 * luacode - the Lua expressions of one state machine: compiled once, run in one box.
 *
 * The box belongs to the machine and to no other. It is a cache: when an expression has left
 * it in a state that cannot be trusted, or fat with garbage, it is thrown away, and the next
 * expression that is wanted is compiled again into a new one.
 */
#ifndef PAWL_EXPR_LUACODE_H
#define PAWL_EXPR_LUACODE_H

#include "expr/luabox.h"
#include "expr/scope.h"

struct luacode;

struct luacode *luacode_new(void);
void luacode_free(struct luacode *c); /* NULL is fine */
/*
 * Compiles an expression: its number, or -1 and e "pawl.Lua" with "NAME:LINE: what". Borrows;
 * name is what places in it are called.
 */
int luacode_add(struct luacode *c, const char *name, const char *text, size_t len, struct err *e);
/*
 * Runs it: 0 and *out (owned; DOC_NONE when it gave nil), or -1 and *f. Takes the steps that it
 * took from s->steps.
 */
int luacode_eval(struct luacode *c, int number, const struct expr_scope *s, struct doc *out,
    struct luabox_failure *f);

#endif
