/*
 * lualib_string - the string library of the sandbox: patterns with a budget, sizes
 * with a price.
 */
#include "expr/lualib.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lualib.h>

#include "expr/luapattern.h"

#define STEPS_PER_MATCH 10 /* that gsub replaces */
#define PATTERN_BYTES_PER_STEP 4
#define LONG_FLOAT_STEPS 150 /* to write out hundreds of digits */

/* The place that argument says: negative counts from the end; 1 ... len + 1 or beyond. */
static size_t
start_position(lua_Integer pos, size_t len)
{
	if (pos > 0)
		return (size_t)pos;
	if (pos == 0 || pos < -(lua_Integer)len)
		return 1;
	return len + (size_t)pos + 1;
}

/* --- plain functions -------------------------------------------------------------- */

static int
string_len(lua_State *l)
{
	size_t len;

	luaL_checklstring(l, 1, &len);
	lua_pushinteger(l, (lua_Integer)len);
	return 1;
}

static int
string_rep(lua_State *l)
{
	size_t len, sep_len, total;
	const char *s = luaL_checklstring(l, 1, &len);
	lua_Integer n = luaL_checkinteger(l, 2);
	const char *sep = luaL_optlstring(l, 3, "", &sep_len);
	luaL_Buffer b;
	char *out;

	if (n <= 0) {
		lua_pushliteral(l, "");
		return 1;
	}
	if (len + sep_len < len || __builtin_mul_overflow(len + sep_len, (size_t)n, &total) ||
	    total > INT32_MAX)
		return luaL_error(l, "resulting string too large");
	total -= sep_len;
	luabox_charge(l, 1 + LUALIB_BYTES(total));
	out = luaL_buffinitsize(l, &b, total + sep_len);
	memcpy(out, s, len);
	memcpy(out + len, sep, sep_len);
	/* what is there is copied behind itself until it is all */
	for (size_t done = len + sep_len; done < total; done *= 2)
		memcpy(out + done, out, done * 2 <= total ? done : total - done);
	luaL_pushresultsize(&b, total);
	return 1;
}

/* --- format ------------------------------------------------------------------------- */

/* Behind a '%': the end of the specification; raises for what is not offered. */
static const char *
check_spec(lua_State *l, const char *s, const char *end)
{
	size_t len;

	for (len = 0; s + len < end && len < 10 && s[len] != '\0' &&
	     strchr("-+ #0123456789.", s[len]) != NULL;)
		len++;
	s += len;
	if (s >= end || *s == '\0' || strchr("aAcdeEfgGiosuxXq", *s) == NULL)
		luaL_error(l, "invalid conversion '%%%c' to 'format'", s < end ? *s : ' ');
	return s;
}

/*
 * The original with its %s arguments made texts by our tostring (upvalue 2), which shows no
 * addresses.
 */
static int
string_format(lua_State *l)
{
	size_t len, bytes = 0;
	const char *s = luaL_checklstring(l, 1, &len), *end = s + len;
	int arg = 1;

	for (; s < end; s++) {
		if (*s != '%')
			continue;
		if (++s < end && *s == '%')
			continue;
		s = check_spec(l, s, end);
		luaL_checkany(l, ++arg);
		if (*s == 's' && lua_type(l, arg) != LUA_TSTRING) {
			lua_pushvalue(l, lua_upvalueindex(2));
			lua_pushvalue(l, arg);
			lua_call(l, 1, 1);
			lua_replace(l, arg);
		}
		if (lua_type(l, arg) == LUA_TSTRING)
			bytes += lua_rawlen(l, arg) * (*s == 'q' ? 16 : 1);
		else if (lua_type(l, arg) == LUA_TNUMBER && !lua_isinteger(l, arg))
			luabox_charge(l, fabs(lua_tonumber(l, arg)) < 1e15 ? 10 : LONG_FLOAT_STEPS);
		bytes += 16;
	}
	luabox_charge(l, 1 + LUALIB_BYTES(len + bytes));
	return lua_tocfunction(l, lua_upvalueindex(1))(l);
}

/* --- patterns ------------------------------------------------------------------------ */

static void
compile(lua_State *l, struct luapattern *p, const char *text, size_t len)
{
	const char *why;

	luabox_charge(l, 1 + (int64_t)len / PATTERN_BYTES_PER_STEP);
	why = luapattern_compile(p, text, len);
	if (why != NULL)
		luaL_error(l, "%s", why);
}

/* As luapattern_find, with the box's budget; raises when that is gone. */
static bool
find(lua_State *l, const struct luapattern *p, const char *s, size_t len, size_t from,
    struct luapattern_match *m)
{
	int64_t before = luabox_steps(l), left = before;
	int rc = luapattern_find(p, s, len, from, &left, m);

	luabox_charge(l, before - left);
	return rc == 1;
}

static void
push_capture(lua_State *l, const struct luapattern_match *m, const char *s, size_t i)
{
	if (i == 0 && m->ncaptures == 0)
		lua_pushlstring(l, s + m->begin, m->end - m->begin);
	else if (i >= m->ncaptures)
		luaL_error(l, "invalid capture index %%%d", (int)i + 1);
	else if (m->captures[i].len == LUAPATTERN_IS_POSITION)
		lua_pushinteger(l, (lua_Integer)m->captures[i].at + 1);
	else
		lua_pushlstring(l, s + m->captures[i].at, m->captures[i].len);
}

/* The captures; the whole match when there are none and whole says so. How many. */
static int
push_captures(lua_State *l, const struct luapattern_match *m, const char *s, bool whole)
{
	size_t n = m->ncaptures == 0 && whole ? 1 : m->ncaptures;

	luaL_checkstack(l, (int)n, "too many captures");
	for (size_t i = 0; i < n; i++)
		push_capture(l, m, s, i);
	return (int)n;
}

static bool
has_specials(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != '\0' && strchr("^$*+?.([%-", p[i]) != NULL)
			return true;
	return false;
}

static int
find_plain(lua_State *l, const char *s, size_t len, size_t from, const char *p, size_t p_len)
{
	const char *at = memmem(s + from, len - from, p, p_len);

	luabox_charge(l, 1 + LUALIB_BYTES(len - from));
	if (at == NULL) {
		lua_pushnil(l);
		return 1;
	}
	lua_pushinteger(l, at - s + 1);
	lua_pushinteger(l, at - s + (lua_Integer)p_len);
	return 2;
}

static int
find_or_match(lua_State *l, bool is_find)
{
	size_t len, p_len, from;
	const char *s = luaL_checklstring(l, 1, &len), *text = luaL_checklstring(l, 2, &p_len);
	struct luapattern p;
	struct luapattern_match m;

	from = start_position(luaL_optinteger(l, 3, 1), len) - 1;
	if (from > len) {
		lua_pushnil(l);
		return 1;
	}
	if (is_find && (lua_toboolean(l, 4) || !has_specials(text, p_len)))
		return find_plain(l, s, len, from, text, p_len);
	compile(l, &p, text, p_len);
	if (!find(l, &p, s, len, from, &m)) {
		lua_pushnil(l);
		return 1;
	}
	if (!is_find)
		return push_captures(l, &m, s, true);
	lua_pushinteger(l, (lua_Integer)m.begin + 1);
	lua_pushinteger(l, (lua_Integer)m.end);
	return push_captures(l, &m, s, false) + 2;
}

static int
string_find(lua_State *l)
{
	return find_or_match(l, true);
}

static int
string_match(lua_State *l)
{
	return find_or_match(l, false);
}

/* Upvalues: text, pattern, where to look next, where the last match ended (-1 = none). */
static int
gmatch_next(lua_State *l)
{
	size_t len, p_len;
	const char *s = lua_tolstring(l, lua_upvalueindex(1), &len);
	const char *text = lua_tolstring(l, lua_upvalueindex(2), &p_len);
	lua_Integer from = lua_tointeger(l, lua_upvalueindex(3)),
		    last = lua_tointeger(l, lua_upvalueindex(4));
	struct luapattern p;
	struct luapattern_match m;

	compile(l, &p, text, p_len);
	while ((size_t)from <= len && find(l, &p, s, len, (size_t)from, &m)) {
		if ((lua_Integer)m.end == last) { /* an empty match where the last one ended */
			from = (lua_Integer)m.begin + 1;
			continue;
		}
		lua_pushinteger(l, (lua_Integer)m.end);
		lua_copy(l, -1, lua_upvalueindex(3));
		lua_replace(l, lua_upvalueindex(4));
		return push_captures(l, &m, s, true);
	}
	return 0;
}

static int
string_gmatch(lua_State *l)
{
	size_t len;

	luaL_checklstring(l, 1, &len);
	luaL_checkstring(l, 2);
	lua_pushinteger(l, (lua_Integer)start_position(luaL_optinteger(l, 3, 1), len) - 1);
	lua_replace(l, 3);
	lua_settop(l, 3);
	lua_pushinteger(l, -1);
	lua_pushcclosure(l, gmatch_next, 4);
	return 1;
}

/* Pushes the replacement text for %0 ... %9 and %% in it. */
static void
push_expanded(lua_State *l, const struct luapattern_match *m, const char *s)
{
	size_t len;
	const char *r = lua_tolstring(l, 3, &len), *end = r + len, *percent;
	luaL_Buffer b;

	luabox_charge(l, LUALIB_BYTES(len));
	luaL_buffinit(l, &b);
	for (; (percent = memchr(r, '%', (size_t)(end - r))) != NULL; r = percent + 2) {
		luaL_addlstring(&b, r, (size_t)(percent - r));
		if (percent + 1 == end)
			luaL_error(l, "invalid use of '%%' in replacement string");
		if (percent[1] == '%') {
			luaL_addchar(&b, '%');
		} else if (percent[1] == '0') {
			luaL_addlstring(&b, s + m->begin, m->end - m->begin);
		} else if (percent[1] >= '1' && percent[1] <= '9') {
			push_capture(l, m, s, (size_t)(percent[1] - '1'));
			luaL_addvalue(&b);
		} else {
			luaL_error(l, "invalid use of '%%' in replacement string");
		}
	}
	luaL_addlstring(&b, r, (size_t)(end - r));
	luaL_pushresult(&b);
}

/* Pushes what stands for a match: the replacement, or the match itself. */
static void
push_replacement(lua_State *l, const struct luapattern_match *m, const char *s)
{
	switch (lua_type(l, 3)) {
	case LUA_TFUNCTION:
		lua_pushvalue(l, 3);
		lua_call(l, push_captures(l, m, s, true), 1);
		break;
	case LUA_TSTRING:
	case LUA_TNUMBER:
		push_expanded(l, m, s);
		break;
	default:
		push_capture(l, m, s, 0);
		lua_gettable(l, 3);
		break;
	}
	if (!lua_toboolean(l, -1)) {
		lua_pop(l, 1);
		lua_pushlstring(l, s + m->begin, m->end - m->begin);
	} else if (!lua_isstring(l, -1)) {
		luaL_error(l, "invalid replacement value (a %s)", luaL_typename(l, -1));
	}
}

static int
string_gsub(lua_State *l)
{
	size_t len, p_len, from = 0;
	const char *s = luaL_checklstring(l, 1, &len), *text = luaL_checklstring(l, 2, &p_len);
	int type = lua_type(l, 3);
	lua_Integer max = luaL_optinteger(l, 4, (lua_Integer)len + 1), n = 0;
	size_t copied = 0, last = (size_t)-1;
	struct luapattern p;
	struct luapattern_match m;
	luaL_Buffer b;

	luaL_argexpected(l,
	    type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION ||
		type == LUA_TTABLE || type == LUA_TUSERDATA,
	    3, "string/function/table");
	if (type == LUA_TNUMBER)
		lua_tostring(l, 3);
	lua_settop(l, 3);
	compile(l, &p, text, p_len);
	luaL_buffinit(l, &b);
	while (n < max && from <= len && find(l, &p, s, len, from, &m)) {
		if (m.end == last) { /* an empty match where the last one ended */
			from = m.begin + 1;
			if (p.anchored)
				break;
			continue;
		}
		luabox_charge(l, STEPS_PER_MATCH);
		luaL_addlstring(&b, s + copied, m.begin - copied);
		push_replacement(l, &m, s);
		luaL_addvalue(&b);
		n++;
		from = copied = last = m.end;
		if (p.anchored)
			break;
	}
	luaL_addlstring(&b, s + copied, len - copied);
	luabox_charge(l, LUALIB_BYTES(len));
	luaL_pushresult(&b);
	lua_pushinteger(l, n);
	return 2;
}

/* --- all of it -------------------------------------------------------------------------- */

static int
string_charged(lua_State *l)
{
	size_t bytes = 0;

	for (int i = lua_gettop(l); i > 0; i--)
		if (lua_type(l, i) == LUA_TSTRING)
			bytes += lua_rawlen(l, i);
	luabox_charge(l, 1 + LUALIB_BYTES(bytes));
	return lua_tocfunction(l, lua_upvalueindex(1))(l);
}

static const luaL_Reg string_own[] = {
	{ "len", string_len },
	{ "rep", string_rep },
	{ "find", string_find },
	{ "match", string_match },
	{ "gmatch", string_gmatch },
	{ "gsub", string_gsub },
	{ NULL, NULL },
};

void
lualib_open_string(lua_State *l)
{
	static const char *const originals[] = { "byte", "char", "lower", "reverse", "sub",
		"upper" };
	/* "10" + 1 reads the text */
	static const char *const arithmetic[] = { "__add", "__sub", "__mul", "__mod", "__pow",
		"__div", "__idiv", "__unm" };
	int globals = lua_gettop(l), source, target;

	luaL_requiref(l, LUA_STRLIBNAME, luaopen_string, 0);
	source = lua_gettop(l);
	luaL_newlib(l, string_own);
	target = lua_gettop(l);
	for (size_t i = 0; i < sizeof(originals) / sizeof(originals[0]); i++) {
		lua_getfield(l, source, originals[i]);
		lua_pushcclosure(l, string_charged, 1);
		lua_setfield(l, target, originals[i]);
	}
	lua_getfield(l, source, "format");
	lua_getfield(l, globals, "tostring");
	lua_pushcclosure(l, string_format, 2);
	lua_setfield(l, target, "format");
	lualib_lock(l);

	/* ("text"):rep() must find ours as well */
	lua_pushliteral(l, "");
	lua_getmetatable(l, -1);
	for (size_t i = 0; i < sizeof(arithmetic) / sizeof(arithmetic[0]); i++) {
		lua_getfield(l, -1, arithmetic[i]);
		lua_pushcclosure(l, string_charged, 1);
		lua_setfield(l, -2, arithmetic[i]);
	}
	lua_pushvalue(l, target);
	lua_setfield(l, -2, "__index");
	lua_pushboolean(l, 0);
	lua_setfield(l, -2, "__metatable");
	lua_pop(l, 2);

	lua_setfield(l, globals, LUA_STRLIBNAME);
	lua_settop(l, globals);
}
