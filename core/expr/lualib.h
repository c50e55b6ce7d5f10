/*
 * lualib - the standard functions as the sandbox offers them; for the lua*.c files
 * of this folder only.
 */
#ifndef PAWL_EXPR_LUALIB_H
#define PAWL_EXPR_LUALIB_H

#include <lauxlib.h>
#include <lua.h>

#include "base/buf.h"
#include "expr/luabox.h"

/* luabox_charge without raising: false when the budget is gone. For code that holds memory. */
bool luabox_spend(lua_State *l, int64_t n);
/* Two chains of __index or __newindex may have become one: instructions are dearer from now on. */
void luabox_join(lua_State *l);
/*
 * Before a table is walked through: it may have been large and emptied. False when the budget
 * is gone.
 */
bool luabox_walk(lua_State *l);
/* A new coroutine is looked at soon, however short it is. */
void luabox_watch(lua_State *coroutine);
/* Raises again when the budget is gone: for functions that have caught an error. */
void luabox_check(lua_State *l);
/* A buffer of the box to unescape into. */
struct buf *luabox_scratch(lua_State *l);
/* Steps that are left; INT64_MAX when they are not limited. */
int64_t luabox_steps(lua_State *l);
/* An err that outlives an error that jumps; freed when the run ends. */
struct err *luabox_err(lua_State *l);
uint64_t luabox_random(lua_State *l);
/* The largest document that json.encode makes. */
size_t luabox_output_max(lua_State *l);
/* require's part that needs the box. */
int luabox_lua_require(lua_State *l);

/* Each adds its functions to the table of globals on top of the stack. */
void lualib_open_base(lua_State *l);
void lualib_open_string(lua_State *l);
void lualib_open_table(lua_State *l);
/* Pops a table and pushes a read-only view of it. */
void lualib_lock(lua_State *l);
/* What setmetatable knows of the run that ended. */
void lualib_forget_metatables(lua_State *l);
/* Steps for a look for a name in an object of n members, which goes through them. */
#define LUALIB_LOOK(n) ((int64_t)(n) / 4)
/* Steps for work on n bytes done in C. */
#define LUALIB_BYTES(n) ((int64_t)(n) / 16)

#endif
