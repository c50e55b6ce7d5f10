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

#define COROUTINE_STEPS 200 /* to make one, and what it may do before the first look at it */
#define PCALL_STEPS 5
#define CAUGHT_STEPS 30 /* for an error that was raised and caught */
#define FLOAT_STEPS 20  /* to make a text of a float */
#define JSON_STEPS 20   /* to read a JSON text of any length */
#define JSON_BYTES_PER_STEP 4

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

/* coroutine.create gives a thread, coroutine.wrap a function with it as upvalue. */
static int
call_new_coroutine(lua_State *l)
{
	int n;

	luabox_charge(l, COROUTINE_STEPS);
	n = lua_tocfunction(l, lua_upvalueindex(1))(l);
	if (lua_isthread(l, -1)) {
		luabox_watch(lua_tothread(l, -1));
	} else {
		lua_getupvalue(l, -1, 1);
		luabox_watch(lua_tothread(l, -1));
		lua_pop(l, 1);
	}
	return n;
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
		luabox_charge(l, lua_isinteger(l, 1) ? 1 : FLOAT_STEPS);
		luaL_tolstring(l, 1, NULL);
		return 1;
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
	luabox_charge(l, CAUGHT_STEPS);
	lua_pushboolean(l, 0);
	lua_insert(l, -2);
	return 2;
}

static int
base_pcall(lua_State *l)
{
	luaL_checkany(l, 1);
	luabox_charge(l, PCALL_STEPS);
	lua_pushboolean(l, 1);
	lua_insert(l, 1);
	return pcall_done(l, lua_pcallk(l, lua_gettop(l) - 2, LUA_MULTRET, 0, 0, pcall_done), 0);
}

/* --- metatables ---------------------------------------------------------------------------- */

/*
 * What Lua sees as the metatable of a table is a copy of ours, a shadow, made of the user's when it
 * is set and each time it is set again. The original could be changed behind our back: with
 * __mode "k" one collection of garbage takes seconds, a __call that is a table leads one
 * instruction from table to table for as long, and a long chain of __index is a long way for
 * each access.
 */
static const char shadows_key = 0, /* original -> shadow */
    targets_key = 0,               /* what is __index or __newindex of some table -> true */
    original_key = 0;              /* in a shadow: the original */

static const char *const events[] = { "__add", "__band", "__bnot", "__bor", "__bxor", "__call",
	"__close", "__concat", "__div", "__eq", "__idiv", "__index", "__le", "__len", "__lt",
	"__metatable", "__mod", "__mul", "__name", "__newindex", "__pairs", "__pow", "__shl",
	"__shr", "__sub", "__tostring", "__unm" };

#define NEVENTS (sizeof(events) / sizeof(events[0]))
#define SETMETATABLE_STEPS 50
#define CHAIN_MAX 16

void
lualib_forget_metatables(lua_State *l)
{
	lua_pushnil(l);
	lua_rawsetp(l, LUA_REGISTRYINDEX, &shadows_key);
	lua_pushnil(l);
	lua_rawsetp(l, LUA_REGISTRYINDEX, &targets_key);
}

/* Pushes the table under the key of the registry, made when there is none. */
static void
push_registry_table(lua_State *l, const char *key)
{
	if (lua_rawgetp(l, LUA_REGISTRYINDEX, key) != LUA_TNIL)
		return;
	lua_pop(l, 1);
	lua_newtable(l);
	lua_pushvalue(l, -1);
	lua_rawsetp(l, LUA_REGISTRYINDEX, key);
}

/* Pushes the shadow of the metatable at 2, and says whether it is new. */
static bool
push_shadow(lua_State *l)
{
	push_registry_table(l, &shadows_key);
	lua_pushvalue(l, 2);
	if (lua_rawget(l, -2) != LUA_TNIL) {
		lua_remove(l, -2);
		return false;
	}
	lua_pop(l, 1);
	lua_newtable(l);
	lua_pushvalue(l, 2);
	lua_rawsetp(l, -2, &original_key);
	lua_pushvalue(l, 2);
	lua_pushvalue(l, -2);
	lua_rawset(l, -4);
	lua_remove(l, -2);
	return true;
}

static void
check_metatable(lua_State *l)
{
	static const char *const refused[] = { "__gc", "__mode" };
	int type;

	for (size_t i = 0; i < 2; i++) {
		lua_pushstring(l, refused[i]);
		if (lua_rawget(l, 2) != LUA_TNIL)
			luaL_error(l, "a metatable with %s is not allowed", refused[i]);
		lua_pop(l, 1);
	}
	lua_pushliteral(l, "__call");
	type = lua_rawget(l, 2);
	if (type != LUA_TNIL && type != LUA_TFUNCTION)
		luaL_error(l, "__call must be a function");
	lua_pop(l, 1);
}

/* Is the table on top of the stack where chains of other tables lead to? It becomes one, and is popped. */
static void
make_target(lua_State *l)
{
	push_registry_table(l, &targets_key);
	lua_insert(l, -2);
	lua_pushboolean(l, 1);
	lua_rawset(l, -3);
	lua_pop(l, 1);
}

static bool
is_target(lua_State *l, int index)
{
	bool is;

	push_registry_table(l, &targets_key);
	lua_pushvalue(l, index);
	is = lua_rawget(l, -2) != LUA_TNIL;
	lua_pop(l, 2);
	return is;
}

/* Copies the events of the metatable at 2 to the shadow on top of the stack. Whether a chain was changed. */
static bool
fill_shadow(lua_State *l, bool is_new)
{
	int shadow = lua_gettop(l);
	bool chains = false;

	for (size_t i = 0; i < NEVENTS; i++) {
		bool chain =
		    strcmp(events[i], "__index") == 0 || strcmp(events[i], "__newindex") == 0;

		lua_pushstring(l, events[i]);
		lua_pushvalue(l, -1);
		lua_rawget(l, 2);
		lua_pushvalue(l, -2);
		lua_rawget(l, shadow); /* event, new, old */
		if (!lua_rawequal(l, -1, -2)) {
			chains = chains || (chain && !is_new && lua_istable(l, -2));
			lua_pop(l, 1);
			if (chain && lua_istable(l, -1)) {
				lua_pushvalue(l, -1);
				make_target(l);
			}
			lua_rawset(l, shadow);
		}
		lua_settop(l, shadow);
	}
	return chains;
}

/* Tables that an access to the one at 1 may go through by way of the event; more than CHAIN_MAX when it is a loop. */
static int
chain_length(lua_State *l, const char *event)
{
	int n = 0;

	lua_pushvalue(l, 1);
	while (n <= CHAIN_MAX && lua_istable(l, -1) && lua_getmetatable(l, -1) != 0) {
		lua_pushstring(l, event);
		lua_rawget(l, -2);
		lua_copy(l, -1, -3);
		lua_pop(l, 2);
		n++;
	}
	lua_pop(l, 1);
	return n;
}

static void
check_chains(lua_State *l, bool changed)
{
	if (chain_length(l, "__index") > CHAIN_MAX || chain_length(l, "__newindex") > CHAIN_MAX) {
		lua_pushnil(l);
		lua_setmetatable(l, 1);
		luaL_error(l, "a chain of __index or __newindex is too long, or a loop");
	}
	if (changed || is_target(l, 1))
		luabox_join(l);
}

static int
base_setmetatable(lua_State *l)
{
	int type = lua_type(l, 2);
	bool is_new, changed;

	luaL_checktype(l, 1, LUA_TTABLE);
	luaL_argexpected(l, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
	if (is_locked(l, 1))
		return luaL_error(l, "cannot change a protected metatable");
	luabox_charge(l, SETMETATABLE_STEPS);
	lua_settop(l, 2);
	if (type == LUA_TNIL) {
		lua_setmetatable(l, 1);
		return 1;
	}
	check_metatable(l);
	is_new = push_shadow(l);
	changed = fill_shadow(l, is_new);
	lua_setmetatable(l, 1);
	check_chains(l, changed);
	lua_settop(l, 1);
	return 1;
}

static int
base_getmetatable(lua_State *l)
{
	luaL_checkany(l, 1);
	if (lua_getmetatable(l, 1) == 0) {
		lua_pushnil(l);
		return 1;
	}
	if (luaL_getmetafield(l, 1, "__metatable") != LUA_TNIL)
		return 1;
	lua_rawgetp(l, -1, &original_key);
	return 1;
}

/* --- access ---------------------------------------------------------------------------------- */

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
	{ "getmetatable", base_getmetatable },
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
	static const char *const originals[] = { "assert", "ipairs", "_VERSION" };
	static const char *const charged[] = { "error", "rawequal", "select", "tonumber" };

	luaL_requiref(l, LUA_GNAME, luaopen_base, 0);
	for (size_t i = 0; i < sizeof(originals) / sizeof(originals[0]); i++)
		take(l, lua_gettop(l), globals, originals[i], NULL);
	for (size_t i = 0; i < sizeof(charged) / sizeof(charged[0]); i++)
		take(l, lua_gettop(l), globals, charged[i], call_charged);
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
		"deg", "exp", "floor", "fmod", "log", "max", "min", "modf", "rad", "sin", "sqrt",
		"tan", "tointeger", "type", "ult" };
	static const char *const constants[] = { "huge", "maxinteger", "mininteger", "pi" };
	int source;

	luaL_requiref(l, LUA_MATHLIBNAME, luaopen_math, 0);
	source = lua_gettop(l);
	lua_newtable(l);
	for (size_t i = 0; i < sizeof(originals) / sizeof(originals[0]); i++)
		take(l, source, source + 1, originals[i], call_charged);
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		take(l, source, source + 1, constants[i], NULL);
	lua_pushcfunction(l, math_random);
	lua_setfield(l, -2, "random");
	lualib_lock(l);
	lua_setfield(l, globals, LUA_MATHLIBNAME);
	lua_pop(l, 1);
}

/* The original iterator (upvalue 1) skips what is no beginning of a character, however much that is. */
static int
codes_next(lua_State *l)
{
	size_t len, at;
	const char *s = luaL_checklstring(l, 1, &len);
	lua_Integer i = luaL_checkinteger(l, 2);

	for (at = i > 0 ? (size_t)i : 0; at < len && ((unsigned char)s[at] & 0xc0) == 0x80;)
		at++;
	luabox_charge(l, 1 + (i > 0 ? LUALIB_BYTES(at - (size_t)i) : 0));
	return lua_tocfunction(l, lua_upvalueindex(1))(l);
}

static int
utf8_codes(lua_State *l)
{
	int n = lua_tocfunction(l, lua_upvalueindex(1))(l);

	lua_pushvalue(l, -n);
	lua_pushcclosure(l, codes_next, 1);
	lua_replace(l, -n - 1);
	return n;
}

static void
open_utf8(lua_State *l, int globals)
{
	static const char *const originals[] = { "char", "codepoint", "len", "offset" };
	int source;

	luaL_requiref(l, LUA_UTF8LIBNAME, luaopen_utf8, 0);
	source = lua_gettop(l);
	lua_newtable(l);
	for (size_t i = 0; i < sizeof(originals) / sizeof(originals[0]); i++)
		take(l, source, source + 1, originals[i], call_charged);
	take(l, source, source + 1, "charpattern", NULL);
	take(l, source, source + 1, "codes", utf8_codes);
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

	luabox_charge(l, JSON_STEPS + (int64_t)len / JSON_BYTES_PER_STEP);
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
		{ "object", luadoc_lua_object }, { "is_array", luadoc_lua_is_array },
		{ NULL, NULL } };

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
