/*
 * luadoc - documents in Lua and back.
 *
 * An array or object comes into Lua as a proxy that fetches members when they are
 * asked for; the first write to one turns that level into a Lua table of its own. What was
 * not written to goes back as it came: the same text, order and numbers. null is
 * pawl.null; a number without fraction and exponent that fits is an integer.
 *
 * On the way back a table with the keys 1..n is an array, one with texts as keys an
 * object (in the order it came, new keys sorted behind), an empty one what it came as
 * or was declared (pawl.array, pawl.object), else an object. Reading runs no
 * code of the user, so it cannot raise.
 */
#ifndef PAWL_EXPR_LUADOC_H
#define PAWL_EXPR_LUADOC_H

#include <lua.h>

#include "doc/doc.h"

/* Registers the metatables; once a state. */
void luadoc_open(lua_State *l);
/* Pushes a value; keeps a reference while it lives. May raise (memory). */
void luadoc_push(lua_State *l, struct doc d);
/*
 * Pushes an object that is fetched when somebody looks into it; get lends it, and must go
 * on to work until the run ends. May raise.
 */
void luadoc_push_lazy(lua_State *l, struct doc (*get)(void *arg), void *arg);
/* Pushes the value of JSON text, or nothing and returns -1 with e. May raise. */
int luadoc_push_text(lua_State *l, const char *text, size_t len, struct err *e);
void luadoc_push_null(lua_State *l);
bool luadoc_is_null(lua_State *l, int index);
/* An array or object that came from a document. */
bool luadoc_is_proxy(lua_State *l, int index);

/*
 * The value at index as a document of at most max bytes: owned, or DOC_NONE and e "pawl.Lua"
 * with what cannot be put into one and where. Never raises.
 */
struct doc luadoc_to_doc(lua_State *l, int index, size_t max, struct err *e);

/* Pushes an array (a plain table) of the keys of the table or proxy at index, in a fixed order. May raise. */
void luadoc_push_keys(lua_State *l, int index);
/* Pushes the value under the key on top of the stack (which it pops), without metamethods of the user. */
void luadoc_rawget(lua_State *l, int index);
/* t[key] = value for the two on top of the stack, likewise. */
void luadoc_rawset(lua_State *l, int index);
/* Elements of an array, the border of a table. */
size_t luadoc_rawlen(lua_State *l, int index);

/* pawl.array(t), pawl.object(t): says what an empty table is. */
int luadoc_lua_array(lua_State *l);
int luadoc_lua_object(lua_State *l);
/* pawl.is_array(v): came as an array, was declared one, or has elements. */
int luadoc_lua_is_array(lua_State *l);

#endif
