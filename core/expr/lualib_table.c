/*
 * lualib_table - the table library of the sandbox: it works on tables and on documents, and
 * every element has its price. sort is a merge sort, so its cost is known whatever the
 * comparison does.
 */
#include "expr/lualib.h"

#include <string.h>

#include "expr/luadoc.h"

static lua_Integer
checked_len(lua_State *l, int index)
{
	if (!lua_istable(l, index) && !luadoc_is_proxy(l, index))
		luaL_typeerror(l, index, "table");
	return luaL_len(l, index);
}

/* The same where one more must be a number, too. */
static lua_Integer
checked_size(lua_State *l)
{
	lua_Integer n = checked_len(l, 1);

	luaL_argcheck(l, n < LUA_MAXINTEGER, 1, "table is too large");
	return n;
}

static int
table_insert(lua_State *l)
{
	lua_Integer end = checked_size(l) + 1, pos = end;

	switch (lua_gettop(l)) {
	case 2:
		break;
	case 3:
		pos = luaL_checkinteger(l, 2);
		luaL_argcheck(l, pos >= 1 && pos <= end, 2, "position out of bounds");
		luabox_charge(l, end - pos);
		for (lua_Integer i = end; i > pos; i--) {
			lua_geti(l, 1, i - 1);
			lua_seti(l, 1, i);
		}
		break;
	default:
		return luaL_error(l, "wrong number of arguments to 'insert'");
	}
	lua_seti(l, 1, pos);
	return 0;
}

static int
table_remove(lua_State *l)
{
	lua_Integer size = checked_size(l), pos = luaL_optinteger(l, 2, size);

	if (lua_gettop(l) > 1)
		luaL_argcheck(l, pos >= 1 && pos <= size + 1, 2, "position out of bounds");
	lua_geti(l, 1, pos);
	luabox_charge(l, size > pos ? size - pos : 0);
	for (; pos < size; pos++) {
		lua_geti(l, 1, pos + 1);
		lua_seti(l, 1, pos);
	}
	lua_pushnil(l);
	lua_seti(l, 1, pos);
	return 1;
}

static int
table_move(lua_State *l)
{
	lua_Integer first = luaL_checkinteger(l, 2), last = luaL_checkinteger(l, 3),
		    to = luaL_checkinteger(l, 4);
	int target = lua_isnoneornil(l, 5) ? 1 : 5;
	lua_Integer n;

	checked_len(l, 1);
	checked_len(l, target);
	if (last >= first) {
		luaL_argcheck(l, first > 0 || last < LUA_MAXINTEGER + first, 3,
		    "too many elements to move");
		n = last - first + 1;
		luaL_argcheck(l, to <= LUA_MAXINTEGER - n + 1, 4, "destination wrap around");
		luabox_charge(l, n);
		for (lua_Integer i = 0; i < n; i++) {
			/* from the end when the ranges overlap so */
			lua_Integer k = to > first && to <= last && target == 1 ? n - 1 - i : i;

			lua_geti(l, 1, first + k);
			lua_seti(l, target, to + k);
		}
	}
	lua_pushvalue(l, target);
	return 1;
}

static int
table_concat(lua_State *l)
{
	size_t sep_len, bytes = 0;
	const char *sep = luaL_optlstring(l, 2, "", &sep_len);
	lua_Integer i = luaL_optinteger(l, 3, 1), last = luaL_optinteger(l, 4, checked_len(l, 1));
	luaL_Buffer b;

	luaL_buffinit(l, &b);
	for (; i <= last; i++) {
		lua_geti(l, 1, i);
		if (!lua_isstring(l, -1))
			return luaL_error(l,
			    "invalid value (a %s) at index %I in table for 'concat'",
			    luaL_typename(l, -1), (LUAI_UACINT)i);
		bytes = lua_type(l, -1) == LUA_TSTRING ? lua_rawlen(l, -1) : 16;
		luaL_addvalue(&b);
		luabox_charge(l, 1 + LUALIB_BYTES(bytes + sep_len));
		if (i == last)
			break;
		luaL_addlstring(&b, sep, sep_len);
	}
	luaL_pushresult(&b);
	return 1;
}

static int
table_pack(lua_State *l)
{
	int n = lua_gettop(l);

	luabox_charge(l, n);
	lua_createtable(l, n, 1);
	lua_insert(l, 1);
	for (int i = n; i >= 1; i--)
		lua_rawseti(l, 1, i);
	lua_pushinteger(l, n);
	lua_setfield(l, 1, "n");
	return 1;
}

static int
table_unpack(lua_State *l)
{
	lua_Integer i = luaL_optinteger(l, 2, 1);
	lua_Integer last = lua_isnoneornil(l, 3) ? checked_len(l, 1) : luaL_checkinteger(l, 3);
	uint64_t n;

	if (i > last)
		return 0;
	n = (uint64_t)last - (uint64_t)i;
	if (n >= 100000 || !lua_checkstack(l, (int)n + 1))
		return luaL_error(l, "too many results to unpack");
	luabox_charge(l, (int64_t)n + 1);
	for (uint64_t k = 0; k <= n; k++)
		lua_geti(l, 1, i + (lua_Integer)k);
	return (int)n + 1;
}

/* --- sort --------------------------------------------------------------------------- */

/* Are the elements on top of the stack, left below right, in the wrong order? They stay. */
static bool
right_is_less(lua_State *l)
{
	bool less;

	luabox_charge(l, 2);
	if (lua_isnil(l, 2))
		return lua_compare(l, -1, -2, LUA_OPLT) != 0;
	lua_pushvalue(l, 2);
	lua_pushvalue(l, -2);
	lua_pushvalue(l, -4);
	lua_call(l, 2, 1);
	less = lua_toboolean(l, -1) != 0;
	lua_pop(l, 1);
	return less;
}

/* Merges from[low, mid) and from[mid, high) into the table at to. Elements count from 1. */
static void
merge(lua_State *l, int from, int to, lua_Integer low, lua_Integer mid, lua_Integer high)
{
	lua_Integer a = low, b = mid, out = low;

	while (a < mid && b < high) {
		bool right;

		lua_rawgeti(l, from, a);
		lua_rawgeti(l, from, b);
		right = right_is_less(l);
		lua_pop(l, right ? 0 : 1);
		lua_rawseti(l, to, out++);
		if (right) {
			lua_pop(l, 1);
			b++;
		} else {
			a++;
		}
	}
	for (; a < mid; a++, out++) {
		lua_rawgeti(l, from, a);
		lua_rawseti(l, to, out);
	}
	for (; b < high; b++, out++) {
		lua_rawgeti(l, from, b);
		lua_rawseti(l, to, out);
	}
}

static lua_Integer
at_most(lua_Integer v, lua_Integer max)
{
	return v < max ? v : max;
}

static int
table_sort(lua_State *l)
{
	lua_Integer n = checked_len(l, 1);
	int from = 3, to = 4;

	n = n > 0 ? n : 0; /* __len may say anything */

	if (!lua_isnoneornil(l, 2))
		luaL_checktype(l, 2, LUA_TFUNCTION);
	lua_settop(l, 2);
	luabox_charge(l, n);
	luaL_argcheck(l, n < 1000000, 1, "array too big");
	lua_createtable(l, (int)n, 0);
	lua_createtable(l, (int)n, 0);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_geti(l, 1, i);
		lua_rawseti(l, from, i);
	}
	for (lua_Integer width = 1; width < n; width *= 2) {
		int swap = from;

		luabox_charge(l, n);
		for (lua_Integer low = 1; low <= n; low += 2 * width)
			merge(l, from, to, low, at_most(low + width, n + 1),
			    at_most(low + 2 * width, n + 1));
		from = to;
		to = swap;
	}
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(l, from, i);
		lua_seti(l, 1, i);
	}
	return 0;
}

static const luaL_Reg table_own[] = {
	{ "insert", table_insert },
	{ "remove", table_remove },
	{ "move", table_move },
	{ "concat", table_concat },
	{ "pack", table_pack },
	{ "unpack", table_unpack },
	{ "sort", table_sort },
	{ NULL, NULL },
};

void
lualib_open_table(lua_State *l)
{
	luaL_newlib(l, table_own);
	lualib_lock(l);
	lua_setfield(l, -2, "table");
}
