/*
 * lualib - the base functions, coroutines, math, utf8, json and pawl, as the sandbox
 * offers them.
 *
 * Where the original is safe it is used; where it could run on for ever, catch the end
 * of the budget, show an address, or depend on the order in a hash table, ours
 * takes its place.
 */
#include "expr/lualib.h"

#include <stdlib.h>
#include <string.h>

#include <lualib.h>

#include "expr/luadoc.h"

#define COROUTINE_STEPS 1000 /* what a new one may do before its hook counts */

/* --- wrapping originals ------------------------------------------------------------ */

/* Steps for the texts among the arguments, then the original (upvalue 1). */
static int
call_charged(lua_State *l)
{
	lua_CFunction f = lua_tocfunction(l, lua_upvalueindex(1));
	size_t bytes = 0;

	for (int i = lua_gettop(l); i > 0; i--)
		if (lua_type(l, i) == LUA_TSTRING)
			bytes += lua_rawlen(l, i);
	luabox_charge(l, 1 + LUALIB_BYTES(bytes));
	return f(l);
}

static int
call_new_coroutine(lua_State *l)
{
	luabox_charge(l, COROUTINE_STEPS);
	return lua_tocfunction(l, lua_upvalueindex(1))(l);
}

/* Originals that catch errors: the end of the budget is not for them. */
static int
call_checked(lua_State *l)
{
	int n = lua_tocfunction(l, lua_upvalueindex(1))(l);

	luabox_check(l);
	return n;
}

/* target[name] = source[name], behind wrap when that is not NULL. */
static void
take(lua_State *l, int source, int target, const char *name, lua_CFunction wrap)
{
	lua_getfield(l, source, name);
	if (wrap != NULL)
		lua_pushcclosure(l, wrap, 1);
	lua_setfield(l, target, name);
}

/* --- read-only tables ------------------------------------------------------------------ */

static int
refuse_write(lua_State *l)
{
	return luaL_error(l, "this table is read-only");
}

void
lualib_lock(lua_State *l)
{
	lua_newtable(l);
	lua_createtable(l, 0, 3);
	lua_pushvalue(l, -3);
	lua_setfield(l, -2, "__index");
	lua_pushcfunction(l, refuse_write);
	lua_setfield(l, -2, "__newindex");
	lua_pushboolean(l, 0);
	lua_setfield(l, -2, "__metatable");
	lua_setmetatable(l, -2);
	lua_remove(l, -2);
}

static bool
is_locked(lua_State *l, int index)
{
	bool locked = luaL_getmetafield(l, index, "__metatable") != LUA_TNIL;

	if (locked)
		lua_pop(l, 1);
	return locked;
}

/* --- base --------------------------------------------------------------------------------- */

static int
base_type(lua_State *l)
{
	luaL_checkany(l, 1);
	if (luadoc_is_proxy(l, 1))
		lua_pushliteral(l, "table");
	else if (luadoc_is_null(l, 1))
		lua_pushliteral(l, "null");
	else
		lua_pushstring(l, luaL_typename(l, 1));
	return 1;
}

/* The original shows addresses, which differ from run to run. */
static int
base_tostring(lua_State *l)
{
	luaL_checkany(l, 1);
	lua_settop(l, 1);
	if (luaL_getmetafield(l, 1, "__tostring") != LUA_TNIL) {
		lua_pushvalue(l, 1);
		lua_call(l, 1, 1);
		return lua_isstring(l, -1) ? 1 : luaL_error(l, "'__tostring' must return a string");
	}
	switch (lua_type(l, 1)) {
	case LUA_TNIL:
	case LUA_TBOOLEAN:
	case LUA_TNUMBER:
	case LUA_TSTRING:
		luaL_tolstring(l, 1, NULL);
		return 1;
	default:
		return base_type(l);
	}
}

static int
pcall_done(lua_State *l, int status, lua_KContext extra)
{
	(void)extra;
	if (status == LUA_OK || status == LUA_YIELD)
		return lua_gettop(l);
	luabox_check(l);
	lua_pushboolean(l, 0);
	lua_insert(l, -2);
	return 2;
}

static int
base_pcall(lua_State *l)
{
	luaL_checkany(l, 1);
	luabox_charge(l, 1);
	lua_pushboolean(l, 1);
	lua_insert(l, 1);
	return pcall_done(l, lua_pcallk(l, lua_gettop(l) - 2, LUA_MULTRET, 0, 0, pcall_done), 0);
}

static int
base_setmetatable(lua_State *l)
{
	int type = lua_type(l, 2);

	luaL_checktype(l, 1, LUA_TTABLE);
	luaL_argexpected(l, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
	if (is_locked(l, 1))
		return luaL_error(l, "cannot change a protected metatable");
	if (type == LUA_TTABLE) {
		lua_pushliteral(l, "__gc");
		if (lua_rawget(l, 2) != LUA_TNIL)
			return luaL_error(l, "a metatable with __gc is not allowed");
	}
	lua_settop(l, 2);
	lua_setmetatable(l, 1);
	return 1;
}

static void
check_table(lua_State *l, int index)
{
	if (!lua_istable(l, index) && !luadoc_is_proxy(l, index))
		luaL_typeerror(l, index, "table");
}

static int
base_rawget(lua_State *l)
{
	check_table(l, 1);
	luaL_checkany(l, 2);
	lua_settop(l, 2);
	luadoc_rawget(l, 1);
	return 1;
}

static int
base_rawset(lua_State *l)
{
	check_table(l, 1);
	luaL_checkany(l, 2);
	luaL_checkany(l, 3);
	lua_settop(l, 3);
	if (lua_isnil(l, 2) ||
	    (lua_type(l, 2) == LUA_TNUMBER && lua_tonumber(l, 2) != lua_tonumber(l, 2)))
		return luaL_error(l, "index is %s", lua_isnil(l, 2) ? "nil" : "NaN");
	if (lua_istable(l, 1) && is_locked(l, 1))
		return refuse_write(l);
	luadoc_rawset(l, 1);
	lua_settop(l, 1);
	return 1;
}

static int
base_rawlen(lua_State *l)
{
	if (lua_type(l, 1) == LUA_TSTRING) {
		lua_pushinteger(l, (lua_Integer)lua_rawlen(l, 1));
		return 1;
	}
	check_table(l, 1);
	lua_pushinteger(l, (lua_Integer)luadoc_rawlen(l, 1));
	return 1;
}

/* Upvalues: the keys, the place among them. Members that are gone by now are left out. */
static int
pairs_next(lua_State *l)
{
	lua_Integer i = lua_tointeger(l, lua_upvalueindex(2));

	lua_settop(l, 1);
	for (;;) {
		luabox_charge(l, 1);
		if (lua_rawgeti(l, lua_upvalueindex(1), ++i) == LUA_TNIL)
			return 1;
		lua_pushvalue(l, -1);
		luadoc_rawget(l, 1);
		if (!lua_isnil(l, -1))
			break;
		lua_pop(l, 2);
	}
	lua_pushinteger(l, i);
	lua_replace(l, lua_upvalueindex(2));
	return 2;
}

static int
base_pairs(lua_State *l)
{
	luaL_checkany(l, 1);
	if (luaL_getmetafield(l, 1, "__pairs") != LUA_TNIL) {
		lua_pushvalue(l, 1);
		lua_call(l, 1, 3);
		return 3;
	}
	check_table(l, 1);
	luadoc_push_keys(l, 1);
	lua_pushinteger(l, 0);
	lua_pushcclosure(l, pairs_next, 2);
	lua_pushvalue(l, 1);
	lua_pushnil(l);
	return 3;
}

/* next(t, key) in the order of pairs: a look through the keys, so walk with pairs. */
static int
base_next(lua_State *l)
{
	lua_Integer i = 1;

	check_table(l, 1);
	lua_settop(l, 2);
	luadoc_push_keys(l, 1);
	if (!lua_isnil(l, 2)) {
		for (;; i++) {
			if (lua_rawgeti(l, 3, i) == LUA_TNIL)
				return luaL_error(l, "invalid key to 'next'");
			if (lua_rawequal(l, 2, -1)) /* an integer equals its float */
				break;
			lua_pop(l, 1);
		}
		i++;
	}
	if (lua_rawgeti(l, 3, i) == LUA_TNIL)
		return 1;
	lua_pushvalue(l, -1);
	luadoc_rawget(l, 1);
	return 2;
}

static const luaL_Reg base_own[] = {
	{ "type", base_type },
	{ "tostring", base_tostring },
	{ "pcall", base_pcall },
	{ "setmetatable", base_setmetatable },
	{ "rawget", base_rawget },
	{ "rawset", base_rawset },
	{ "rawlen", base_rawlen },
	{ "pairs", base_pairs },
	{ "next", base_next },
	{ NULL, NULL },
};

static void
open_base(lua_State *l, int globals)
{
	static const char *const originals[] = { "assert", "error", "getmetatable", "ipairs",
		"rawequal", "select", "_VERSION" };

	luaL_requiref(l, LUA_GNAME, luaopen_base, 0);
	for (size_t i = 0; i < sizeof(originals) / sizeof(originals[0]); i++)
		take(l, lua_gettop(l), globals, originals[i], NULL);
	take(l, lua_gettop(l), globals, "tonumber", call_charged);
	lua_pop(l, 1);
	lua_pushvalue(l, globals);
	luaL_setfuncs(l, base_own, 0);
	lua_pop(l, 1);
}

/* --- coroutine, math, utf8 -------------------------------------------------------------------- */

static void
open_coroutine(lua_State *l, int globals)
{
	int source, target;

	luaL_requiref(l, LUA_COLIBNAME, luaopen_coroutine, 0);
	source = lua_gettop(l);
	lua_newtable(l);
	target = lua_gettop(l);
	take(l, source, target, "create", call_new_coroutine);
	take(l, source, target, "wrap", call_new_coroutine);
	take(l, source, target, "resume", call_checked);
	take(l, source, target, "close", call_checked);
	take(l, source, target, "yield", NULL);
	take(l, source, target, "status", NULL);
	take(l, source, target, "isyieldable", NULL);
	take(l, source, target, "running", NULL);
	lualib_lock(l);
	lua_setfield(l, globals, LUA_COLIBNAME);
	lua_pop(l, 1);
}

static int
random_between(lua_State *l, lua_Integer low, lua_Integer high)
{
	uint64_t range, r, limit;

	if (low > high)
		return luaL_error(l, "interval is empty");
	range = (uint64_t)high - (uint64_t)low + 1;
	r = luabox_random(l);
	if (range != 0) {
		/* draws from the incomplete last round are thrown away */
		for (limit = UINT64_MAX - UINT64_MAX % range; r >= limit; r = luabox_random(l))
			luabox_charge(l, 1);
		r %= range;
	}
	r += (uint64_t)low;
	lua_pushinteger(l, (lua_Integer)r);
	return 1;
}

static int
math_random(lua_State *l)
{
	switch (lua_gettop(l)) {
	case 0:
		lua_pushnumber(l, (lua_Number)(luabox_random(l) >> 11) * 0x1p-53);
		return 1;
	case 1:
		return random_between(l, 1, luaL_checkinteger(l, 1));
	case 2:
		return random_between(l, luaL_checkinteger(l, 1), luaL_checkinteger(l, 2));
	default:
		return luaL_error(l, "wrong number of arguments");
	}
}

static void
open_math(lua_State *l, int globals)
{
	static const char *const originals[] = { "abs", "acos", "asin", "atan", "ceil", "cos",
		"deg", "exp", "floor", "fmod", "huge", "log", "max", "maxinteger", "min",
		"mininteger", "modf", "pi", "rad", "sin", "sqrt", "tan", "tointeger", "type",
		"ult" };
	int source;

	luaL_requiref(l, LUA_MATHLIBNAME, luaopen_math, 0);
	source = lua_gettop(l);
	lua_newtable(l);
	for (size_t i = 0; i < sizeof(originals) / sizeof(originals[0]); i++)
		take(l, source, source + 1, originals[i], NULL);
	lua_pushcfunction(l, math_random);
	lua_setfield(l, -2, "random");
	lualib_lock(l);
	lua_setfield(l, globals, LUA_MATHLIBNAME);
	lua_pop(l, 1);
}

static void
open_utf8(lua_State *l, int globals)
{
	static const char *const originals[] = { "char", "codepoint", "codes", "len", "offset" };
	int source;

	luaL_requiref(l, LUA_UTF8LIBNAME, luaopen_utf8, 0);
	source = lua_gettop(l);
	lua_newtable(l);
	for (size_t i = 0; i < sizeof(originals) / sizeof(originals[0]); i++)
		take(l, source, source + 1, originals[i], call_charged);
	take(l, source, source + 1, "charpattern", NULL);
	lualib_lock(l);
	lua_setfield(l, globals, LUA_UTF8LIBNAME);
	lua_pop(l, 1);
}

/* --- json, pawl ------------------------------------------------------------------------------- */

/* Raises with what the box's err says. */
static int
raise_err(lua_State *l)
{
	lua_pushstring(l, err_cause(luabox_err(l)));
	luaL_where(l, 1);
	lua_insert(l, -2);
	lua_concat(l, 2);
	return lua_error(l);
}

struct text_holder {
	char *text;
};

static int
text_holder_gc(lua_State *l)
{
	struct text_holder *h = lua_touserdata(l, 1);

	free(h->text);
	h->text = NULL;
	return 0;
}

static int
json_encode(lua_State *l)
{
	struct text_holder *h;
	struct doc d;
	size_t len;

	luaL_checkany(l, 1);
	lua_settop(l, 1);
	h = lua_newuserdatauv(l, sizeof(*h), 0);
	h->text = NULL;
	if (luaL_newmetatable(l, "pawl.text") != 0) {
		lua_pushcfunction(l, text_holder_gc);
		lua_setfield(l, -2, "__gc");
	}
	lua_setmetatable(l, -2);
	d = luadoc_to_doc(l, 1, luabox_output_max(l), luabox_err(l));
	if (doc_is_none(d)) {
		luabox_check(l);
		return raise_err(l);
	}
	h->text = doc_text(d, &len);
	doc_unref(d);
	lua_pushlstring(l, h->text, len);
	free(h->text);
	h->text = NULL;
	return 1;
}

static int
json_decode(lua_State *l)
{
	size_t len;
	const char *s = luaL_checklstring(l, 1, &len);

	luabox_charge(l, 1 + LUALIB_BYTES(len));
	if (luadoc_push_text(l, s, len, luabox_err(l)) != 0)
		return raise_err(l);
	return 1;
}

static int
pawl_pure(lua_State *l)
{
	luaL_checktype(l, 1, LUA_TFUNCTION);
	lua_settop(l, 1);
	lua_newuserdatauv(l, 0, 1);
	lua_insert(l, 1);
	lua_setiuservalue(l, 1, 1);
	luaL_setmetatable(l, "pawl.pure");
	return 1;
}

static void
open_json_and_pawl(lua_State *l, int globals)
{
	static const luaL_Reg json[] = { { "encode", json_encode }, { "decode", json_decode },
		{ NULL, NULL } };
	static const luaL_Reg pawl[] = { { "pure", pawl_pure }, { "array", luadoc_lua_array },
		{ "object", luadoc_lua_object }, { NULL, NULL } };

	luaL_newlib(l, json);
	luadoc_push_null(l);
	lua_setfield(l, -2, "null");
	lualib_lock(l);
	lua_setfield(l, globals, "json");
	luaL_newlib(l, pawl);
	luadoc_push_null(l);
	lua_setfield(l, -2, "null");
	lualib_lock(l);
	lua_setfield(l, globals, "pawl");
	luaL_newmetatable(l, "pawl.pure");
	lua_pushboolean(l, 0);
	lua_setfield(l, -2, "__metatable");
	lua_pop(l, 1);
}

void
lualib_open_base(lua_State *l)
{
	int globals = lua_gettop(l);

	open_base(l, globals);
	open_coroutine(l, globals);
	open_math(l, globals);
	open_utf8(l, globals);
	open_json_and_pawl(l, globals);
}
