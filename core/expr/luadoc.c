/*
 * luadoc - documents in Lua and back.
 *
 * A proxy is a userdata with two user values:
 *
 *	1  the root proxy, which owns a reference to the block (itself has none)
 *	2  while it is untouched: the child proxies that were made, by key, so that
 *	   asking twice gives the same one; once written to: all its members
 *
 * A proxy is changed when it was written to or one of its children is. One that is
 * not goes back as the handle it came as.
 */
#include "expr/luadoc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "expr/lualib.h"

#define ROOT_META "pawl.document"
#define CHILD_META "pawl.part"
#define ARRAY_META "pawl.array"
#define OBJECT_META "pawl.object"

#define DIGITS_PER_STEP 4 /* of a number that is read */
#define STEPS_PER_KEY 4   /* that pairs puts in order */
#define STEPS_PER_VALUE 3 /* that is put into a document */

#define UV_ROOT 1
#define UV_TABLE 2

struct proxy {
	struct doc d;
	bool own; /* UV_TABLE holds all members */
	/* Where the last element was read, so that reading an array in order is one step each. */
	struct doc_iter it;
	lua_Integer at; /* index of it.value, 0 = before the first */
	/* Lazy: d is DOC_NONE until somebody looks. */
	struct doc (*get)(void *arg);
	void *get_arg;
};

static const char null_key = 0; /* its address is pawl.null */

void
luadoc_push_null(lua_State *l)
{
	lua_pushlightuserdata(l, (void *)(uintptr_t)&null_key);
}

bool
luadoc_is_null(lua_State *l, int index)
{
	return lua_type(l, index) == LUA_TLIGHTUSERDATA && lua_touserdata(l, index) == &null_key;
}

static void
proxy_reset(struct proxy *p, struct doc d)
{
	p->d = d;
	p->it = doc_iter(d);
	p->at = 0;
}

static void
proxy_fetch(struct proxy *p)
{
	if (p->get == NULL)
		return;
	proxy_reset(p, doc_ref(p->get(p->get_arg)));
	p->get = NULL;
}

/* The proxy at index, which is known to be one. */
static struct proxy *
proxy_of(lua_State *l, int index)
{
	struct proxy *p = lua_touserdata(l, index);

	proxy_fetch(p);
	return p;
}

static struct proxy *
proxy_at(lua_State *l, int index)
{
	struct proxy *p = luaL_testudata(l, index, CHILD_META);

	if (p == NULL)
		p = luaL_testudata(l, index, ROOT_META);
	if (p != NULL)
		proxy_fetch(p);
	return p;
}

bool
luadoc_is_proxy(lua_State *l, int index)
{
	return proxy_at(l, index) != NULL;
}

/* --- documents to Lua --------------------------------------------------------------- */

static struct proxy *
proxy_push(lua_State *l, const char *meta)
{
	struct proxy *p = lua_newuserdatauv(l, sizeof(*p), 2);

	*p = (struct proxy){ .d = DOC_NONE };
	luaL_setmetatable(l, meta);
	return p;
}

static void
push_string(lua_State *l, struct doc d)
{
	size_t len;
	const char *s = doc_str(d, luabox_scratch(l), &len);

	lua_pushlstring(l, s, len);
}

static void
push_number(lua_State *l, struct doc d)
{
	size_t len;
	const char *s = doc_num_text(d, &len);
	int64_t i;
	double f;

	luabox_charge(l, (int64_t)len / DIGITS_PER_STEP);
	if (memchr(s, '.', len) == NULL && memchr(s, 'e', len) == NULL &&
	    memchr(s, 'E', len) == NULL && doc_i64(d, &i))
		lua_pushinteger(l, i);
	else if (doc_f64(d, &f))
		lua_pushnumber(l, f);
	else
		luaL_error(l, "a number of %d characters is too large for Lua", (int)len);
}

/* Anything but arrays and objects. */
static void
push_scalar(lua_State *l, struct doc d)
{
	switch (doc_type(d)) {
	case DOC_FALSE:
	case DOC_TRUE:
		lua_pushboolean(l, doc_is_true(d));
		break;
	case DOC_NUMBER:
		push_number(l, d);
		break;
	case DOC_STRING:
		luabox_charge(l, LUALIB_BYTES(doc_size(d)));
		push_string(l, d);
		break;
	default:
		luadoc_push_null(l);
		break;
	}
}

static bool
is_container(struct doc d)
{
	return doc_type(d) == DOC_ARRAY || doc_type(d) == DOC_OBJECT;
}

void
luadoc_push(lua_State *l, struct doc d)
{
	struct proxy *p;

	if (!is_container(d)) {
		push_scalar(l, d);
		return;
	}
	p = proxy_push(l, ROOT_META);
	proxy_reset(p, doc_ref(d));
}

void
luadoc_push_lazy(lua_State *l, struct doc (*get)(void *arg), void *arg)
{
	struct proxy *p = proxy_push(l, ROOT_META);

	p->get = get;
	p->get_arg = arg;
}

int
luadoc_push_text(lua_State *l, const char *text, size_t len, struct err *e)
{
	/* the proxy first, so that it owns the document whatever raises */
	struct proxy *p = proxy_push(l, ROOT_META);

	p->d = doc_parse(text, len, e);
	if (doc_is_none(p->d)) {
		lua_pop(l, 1);
		return -1;
	}
	if (is_container(p->d)) {
		proxy_reset(p, p->d);
		return 0;
	}
	push_scalar(l, p->d);
	lua_remove(l, -2);
	return 0;
}

/* Pushes UV_TABLE of the proxy at index (absolute), made when there is none. */
static void
push_table(lua_State *l, int index)
{
	if (lua_getiuservalue(l, index, UV_TABLE) == LUA_TTABLE)
		return;
	lua_pop(l, 1);
	lua_newtable(l);
	lua_pushvalue(l, -1);
	lua_setiuservalue(l, index, UV_TABLE);
}

/*
 * Pushes the value of a member of the proxy at index (absolute). The key is on top of the
 * stack and stays there.
 */
static void
push_member(lua_State *l, int index, struct doc d)
{
	struct proxy *child;

	if (!is_container(d)) {
		push_scalar(l, d);
		return;
	}
	push_table(l, index);
	lua_pushvalue(l, -2);
	if (lua_rawget(l, -2) != LUA_TNIL) {
		lua_remove(l, -2);
		return;
	}
	lua_pop(l, 1);
	child = proxy_push(l, CHILD_META);
	proxy_reset(child, d);
	if (lua_getiuservalue(l, index, UV_ROOT) == LUA_TNIL) {
		lua_pop(l, 1);
		lua_pushvalue(l, index);
	}
	lua_setiuservalue(l, -2, UV_ROOT);
	lua_pushvalue(l, -3); /* key table child key */
	lua_pushvalue(l, -2);
	lua_rawset(l, -4);
	lua_remove(l, -2);
}

/* Turns the proxy at index (absolute) into one that holds its members itself; pushes their table. */
static void
push_own_table(lua_State *l, int index)
{
	struct proxy *p = proxy_of(l, index);
	struct doc_iter it;
	lua_Integer i = 0;

	push_table(l, index);
	if (p->own)
		return;
	luaL_checkstack(l, 8, "document too deep");
	it = doc_iter(p->d);
	while (doc_next(&it)) {
		luabox_charge(l, 1);
		if (doc_is_none(it.key))
			lua_pushinteger(l, ++i);
		else
			push_string(l, it.key);
		push_member(l, index, it.value);
		lua_rawset(l, -3);
	}
	p->own = true;
}

/* Element i of an array that is read in order; DOC_NONE when it is not next. */
static struct doc
next_element(struct proxy *p, lua_Integer i)
{
	if (i == p->at && p->at > 0)
		return p->it.value;
	if (i == 1) {
		p->it = doc_iter(p->d);
		p->at = 0;
	}
	if (i != p->at + 1 || !doc_next(&p->it))
		return DOC_NONE;
	p->at = i;
	return p->it.value;
}

static void
push_element(lua_State *l, int index, struct proxy *p)
{
	lua_Integer i;
	struct doc d;

	if (!lua_isinteger(l, -1) || (i = lua_tointeger(l, -1)) < 1 ||
	    (uint64_t)i > doc_len(p->d)) {
		lua_pushnil(l);
		return;
	}
	d = next_element(p, i);
	if (!doc_is_none(d)) {
		push_member(l, index, d);
		return;
	}
	push_own_table(l, index);
	lua_pushvalue(l, -2);
	lua_rawget(l, -2);
	lua_remove(l, -2);
}

/* The key on top of the stack is replaced by its value. */
static void
proxy_get(lua_State *l, int index)
{
	struct proxy *p = proxy_of(l, index);
	struct doc d = DOC_NONE;
	const char *key;
	size_t len;

	if (p->own) {
		push_table(l, index);
		lua_insert(l, -2);
		lua_rawget(l, -2);
	} else if (doc_type(p->d) == DOC_ARRAY) {
		push_element(l, index, p);
	} else {
		if (lua_type(l, -1) == LUA_TSTRING) {
			luabox_charge(l, LUALIB_LOOK(doc_len(p->d)));
			key = lua_tolstring(l, -1, &len);
			d = doc_get(p->d, key, len);
		}
		if (doc_is_none(d))
			lua_pushnil(l);
		else
			push_member(l, index, d);
	}
	lua_remove(l, -2);
}

static int
meta_index(lua_State *l)
{
	lua_settop(l, 2);
	proxy_get(l, 1);
	return 1;
}

static int
meta_newindex(lua_State *l)
{
	lua_settop(l, 3);
	if (lua_isnil(l, 2) ||
	    (lua_type(l, 2) == LUA_TNUMBER && lua_tonumber(l, 2) != lua_tonumber(l, 2)))
		return luaL_error(l, "index is %s", lua_isnil(l, 2) ? "nil" : "NaN");
	push_own_table(l, 1);
	lua_replace(l, 1);
	lua_rawset(l, 1);
	return 0;
}

static int
meta_len(lua_State *l)
{
	lua_pushinteger(l, (lua_Integer)luadoc_rawlen(l, 1));
	return 1;
}

static int
meta_gc(lua_State *l)
{
	struct proxy *p = lua_touserdata(l, 1);

	doc_unref(p->d);
	p->d = DOC_NONE;
	return 0;
}

static void
new_metatable(lua_State *l, const char *name, bool proxy)
{
	static const luaL_Reg functions[] = {
		{ "__index", meta_index },
		{ "__newindex", meta_newindex },
		{ "__len", meta_len },
		{ NULL, NULL },
	};

	luaL_newmetatable(l, name);
	if (proxy)
		luaL_setfuncs(l, functions, 0);
	lua_pushboolean(l, 0);
	lua_setfield(l, -2, "__metatable");
}

void
luadoc_open(lua_State *l)
{
	new_metatable(l, CHILD_META, true);
	new_metatable(l, ROOT_META, true);
	lua_pushcfunction(l, meta_gc);
	lua_setfield(l, -2, "__gc");
	new_metatable(l, ARRAY_META, false);
	new_metatable(l, OBJECT_META, false);
	lua_pop(l, 4);
}

/* --- access without the user's metamethods ---------------------------------------------- */

void
luadoc_rawget(lua_State *l, int index)
{
	index = lua_absindex(l, index);
	if (luadoc_is_proxy(l, index))
		proxy_get(l, index);
	else
		lua_rawget(l, index);
}

void
luadoc_rawset(lua_State *l, int index)
{
	index = lua_absindex(l, index);
	if (luadoc_is_proxy(l, index)) {
		push_own_table(l, index);
		lua_insert(l, -3);
		lua_rawset(l, -3);
		lua_pop(l, 1);
	} else {
		lua_rawset(l, index);
	}
}

size_t
luadoc_rawlen(lua_State *l, int index)
{
	struct proxy *p = proxy_at(l, index);
	size_t n;

	if (p == NULL)
		return lua_rawlen(l, index);
	if (!p->own)
		return doc_type(p->d) == DOC_ARRAY ? doc_len(p->d) : 0;
	lua_getiuservalue(l, index, UV_TABLE);
	n = lua_rawlen(l, -1);
	lua_pop(l, 1);
	return n;
}

/* --- keys in order -------------------------------------------------------------------------- */

/* Integers ascending, texts by their bytes, then booleans; what is left has no order of its own. */
static int
rank_of(int type)
{
	switch (type) {
	case LUA_TNUMBER:
		return 0;
	case LUA_TSTRING:
		return 1;
	case LUA_TBOOLEAN:
		return 2;
	default:
		return 3;
	}
}

struct sort_key {
	int rank;
	lua_Integer at; /* place in the unsorted list */
	double number;
	const char *s; /* anchored by the table */
	size_t len;
};

static int
compare_keys(const void *a, const void *b)
{
	const struct sort_key *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int c;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->rank == 0 || x->rank == 2)
		return x->number < y->number ? -1 : x->number > y->number;
	if (x->rank == 3)
		return x->at < y->at ? -1 : 1;
	if (len > 0 && (c = memcmp(x->s, y->s, len)) != 0)
		return c;
	return x->len < y->len ? -1 : x->len > y->len;
}

static struct sort_key
sort_key_of(lua_State *l, int index, lua_Integer at)
{
	struct sort_key k = { .rank = rank_of(lua_type(l, index)), .at = at };

	if (k.rank == 1)
		k.s = lua_tolstring(l, index, &k.len);
	else if (k.rank == 0)
		k.number = lua_tonumber(l, index);
	else if (k.rank == 2)
		k.number = lua_toboolean(l, index);
	return k;
}

/* Pushes the list of the keys of the plain table at index (absolute) that are not in the set at skip (0 = none), sorted. */
static void
push_sorted_keys(lua_State *l, int index, int skip)
{
	struct sort_key *keys;
	lua_Integer n = 0;
	int list, sorted;

	lua_newtable(l);
	list = lua_gettop(l);
	lua_pushnil(l);
	while (lua_next(l, index) != 0) {
		luabox_charge(l, STEPS_PER_KEY);
		lua_pop(l, 1);
		if (skip != 0) {
			lua_pushvalue(l, -1);
			if (lua_rawget(l, skip) != LUA_TNIL) {
				lua_pop(l, 1);
				continue;
			}
			lua_pop(l, 1);
		}
		lua_pushvalue(l, -1);
		lua_rawseti(l, list, ++n);
	}
	/* memory of the box, so that it cannot be lost */
	keys = lua_newuserdatauv(l, (size_t)(n + 1) * sizeof(*keys), 0);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(l, list, i);
		keys[i - 1] = sort_key_of(l, -1, i);
		lua_pop(l, 1);
	}
	qsort(keys, (size_t)n, sizeof(*keys), compare_keys);
	lua_createtable(l, (int)(n < 100000 ? n : 100000), 0);
	sorted = lua_gettop(l);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(l, list, keys[i - 1].at);
		lua_rawseti(l, sorted, i);
	}
	lua_replace(l, list);
	lua_settop(l, list);
}

/* The keys of a proxy: those it came with that are still there, then the others. */
static void
push_proxy_keys(lua_State *l, int index, const struct proxy *p)
{
	struct doc_iter it = doc_iter(p->d);
	lua_Integer n = 0, i = 0;
	int list, seen, table;

	lua_newtable(l);
	list = lua_gettop(l);
	lua_newtable(l);
	seen = lua_gettop(l);
	push_table(l, index);
	table = lua_gettop(l);
	while (doc_next(&it)) {
		luabox_charge(l, STEPS_PER_KEY);
		if (doc_is_none(it.key))
			lua_pushinteger(l, ++i);
		else
			push_string(l, it.key);
		lua_pushvalue(l, -1);
		if (p->own && lua_rawget(l, table) == LUA_TNIL) {
			lua_pop(l, 2);
			continue;
		}
		lua_settop(l, table + 1);
		lua_pushvalue(l, -1);
		lua_pushboolean(l, 1);
		lua_rawset(l, seen);
		lua_rawseti(l, list, ++n);
	}
	if (p->own) {
		push_sorted_keys(l, table, seen);
		for (i = 1; lua_rawgeti(l, -1, i) != LUA_TNIL; i++)
			lua_rawseti(l, list, ++n);
	}
	lua_settop(l, list);
}

void
luadoc_push_keys(lua_State *l, int index)
{
	const struct proxy *p = proxy_at(l, index);

	index = lua_absindex(l, index);
	luaL_checkstack(l, 12, NULL);
	luabox_walk(l);
	luabox_check(l);
	if (p != NULL)
		push_proxy_keys(l, index, p);
	else
		push_sorted_keys(l, index, 0);
}

/* --- what a table is -------------------------------------------------------------------- */

static int
mark(lua_State *l, const char *meta)
{
	if (lua_isnoneornil(l, 1)) {
		lua_settop(l, 0);
		lua_newtable(l);
	}
	luaL_checktype(l, 1, LUA_TTABLE);
	if (lua_getmetatable(l, 1) != 0)
		return luaL_error(l, "the table has a metatable already");
	luaL_setmetatable(l, meta);
	lua_settop(l, 1);
	return 1;
}

int
luadoc_lua_array(lua_State *l)
{
	return mark(l, ARRAY_META);
}

int
luadoc_lua_object(lua_State *l)
{
	return mark(l, OBJECT_META);
}

static bool
has_meta(lua_State *l, int index, const char *name)
{
	bool same;

	if (lua_getmetatable(l, index) == 0)
		return false;
	luaL_getmetatable(l, name);
	same = lua_rawequal(l, -1, -2) != 0;
	lua_pop(l, 2);
	return same;
}

int
luadoc_lua_is_array(lua_State *l)
{
	const struct proxy *p;
	bool is = false;

	luaL_checkany(l, 1);
	if ((p = proxy_at(l, 1)) != NULL)
		is = doc_type(p->d) == DOC_ARRAY;
	else if (lua_istable(l, 1))
		is = lua_rawlen(l, 1) > 0 || has_meta(l, 1, ARRAY_META);
	lua_pushboolean(l, is);
	return 1;
}

/* --- Lua to documents ---------------------------------------------------------------------- */

/* Everything that the work holds hangs here, for Lua may jump out of it when memory is short. */
struct writer {
	lua_State *l;
	struct doc_builder *b;
	struct buf key;
	size_t left; /* bytes */
	int depth;
	int rc;
	struct err *e;
};

static int
no_room(struct writer *w)
{
	return err_set(w->e, "pawl.Lua", "the result is larger than the limit");
}

static int
take(struct writer *w, size_t bytes)
{
	if (!luabox_spend(w->l, STEPS_PER_VALUE + LUALIB_BYTES(bytes)))
		return err_set(w->e, "pawl.Lua", "out of steps");
	if (w->left < bytes)
		return no_room(w);
	w->left -= bytes;
	return 0;
}

static int write_value(struct writer *w, int index);

/* True when something below the proxy at index was written to. */
static bool
is_changed(lua_State *l, int index)
{
	const struct proxy *p = lua_touserdata(l, index);
	bool changed = p->own;

	if (changed || !luabox_spend(l, 1) || !lua_checkstack(l, 6))
		return true; /* out of steps, or too deep, is for the writer to say */
	index = lua_absindex(l, index);
	if (lua_getiuservalue(l, index, UV_TABLE) == LUA_TTABLE) {
		lua_pushnil(l);
		while (lua_next(l, -2) != 0) {
			changed = is_changed(l, lua_gettop(l));
			lua_pop(l, changed ? 2 : 1);
			if (changed)
				break;
		}
	}
	lua_pop(l, 1);
	return changed;
}

static int
write_doc(struct writer *w, struct doc d)
{
	if (take(w, doc_size(d)) != 0)
		return -1;
	docb_doc(w->b, d);
	return 0;
}

static int
write_number(struct writer *w, int index)
{
	char text[64];
	double v;

	if (take(w, 8) != 0)
		return -1;
	if (lua_isinteger(w->l, index)) {
		docb_i64(w->b, lua_tointeger(w->l, index));
		return 0;
	}
	v = lua_tonumber(w->l, index);
	if (!isfinite(v))
		return err_set(w->e, "pawl.Lua",
		    "a number that is not finite cannot be put into a document");
	if (v == floor(v) && fabs(v) < 1e21) {
		/* a whole float keeps its fraction, so that it comes back as a float */
		int n = snprintf(text, sizeof(text), "%.1f", v);
		struct doc d = doc_parse(text, (size_t)n, w->e);

		docb_doc(w->b, d);
		doc_unref(d);
	} else {
		docb_f64(w->b, v);
	}
	return 0;
}

static int
write_string(struct writer *w, int index)
{
	size_t len;
	const char *s = lua_tolstring(w->l, index, &len);

	if (take(w, len + 2) != 0)
		return -1;
	if (!doc_utf8_valid(s, len))
		return err_set(w->e, "pawl.Lua",
		    "a text that is not valid UTF-8 cannot be put into a document");
	docb_string(w->b, s, len);
	return 0;
}

/* What the keys of a plain table are: counts, and the largest integer. */
struct census {
	uint64_t nintegers, nstrings, nothers;
	lua_Integer largest;
};

static struct census
count_keys(lua_State *l, int table)
{
	struct census c = { 0 };

	lua_pushnil(l);
	while (lua_next(l, table) != 0) {
		lua_pop(l, 1);
		if (lua_type(l, -1) == LUA_TSTRING) {
			c.nstrings++;
		} else if (lua_isinteger(l, -1) && lua_tointeger(l, -1) > 0) {
			c.nintegers++;
			if (lua_tointeger(l, -1) > c.largest)
				c.largest = lua_tointeger(l, -1);
		} else {
			c.nothers++;
		}
	}
	return c;
}

/* The value on top of the stack; one that is the number it came as keeps its text. */
static int
write_kept(struct writer *w, struct doc before)
{
	double v;

	if (!doc_is_none(before) && lua_type(w->l, -1) == LUA_TNUMBER && !lua_isinteger(w->l, -1) &&
	    doc_f64(before, &v) && v == lua_tonumber(w->l, -1))
		return write_doc(w, before);
	return write_value(w, lua_gettop(w->l));
}

static int
write_elements(struct writer *w, int table, lua_Integer n, struct doc d)
{
	bool was_array = !doc_is_none(d) && doc_type(d) == DOC_ARRAY;
	struct doc_iter it = { 0 };
	int rc = 0;

	if (was_array)
		it = doc_iter(d);
	docb_array(w->b);
	for (lua_Integer i = 1; i <= n && rc == 0; i++) {
		bool was_there = was_array && doc_next(&it);

		lua_rawgeti(w->l, table, i);
		rc = write_kept(w, was_there ? it.value : DOC_NONE);
		lua_pop(w->l, 1);
	}
	if (rc == 0)
		docb_end(w->b);
	return rc;
}

/* The key and, on top of the stack, its value; before: what it was, or DOC_NONE. */
static int
write_member(struct writer *w, const char *key, size_t len, struct doc before)
{
	if (take(w, len + 3) != 0)
		return -1;
	if (!doc_utf8_valid(key, len))
		return err_set(w->e, "pawl.Lua",
		    "a name that is not valid UTF-8 cannot be put into a document");
	docb_key(w->b, key, len);
	return write_kept(w, before);
}

/* Members of the table that are not in the set at seen (0 = none), by name. */
static int
write_new_members(struct writer *w, int table, uint64_t n, int seen)
{
	struct sort_key *keys = lua_newuserdatauv(w->l, (size_t)(n + 1) * sizeof(*keys), 0);
	size_t nkeys = 0;
	int rc = 0;

	lua_pushnil(w->l);
	while (lua_next(w->l, table) != 0) {
		lua_pop(w->l, 1);
		if (seen != 0) {
			lua_pushvalue(w->l, -1);
			lua_rawget(w->l, seen);
			if (lua_toboolean(w->l, -1)) {
				lua_pop(w->l, 1);
				continue;
			}
			lua_pop(w->l, 1);
		}
		keys[nkeys] = sort_key_of(w->l, -1, (lua_Integer)nkeys);
		nkeys++;
	}
	qsort(keys, nkeys, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < nkeys && rc == 0; i++) {
		lua_pushlstring(w->l, keys[i].s, keys[i].len);
		lua_rawget(w->l, table);
		rc = write_member(w, keys[i].s, keys[i].len, DOC_NONE);
		lua_pop(w->l, 1);
	}
	lua_pop(w->l, 1);
	return rc;
}

/* Members that came with d and are still in the table, in d's order; they get into the set at seen. */
static int
write_old_members(struct writer *w, int table, struct doc d, int seen)
{
	struct doc_iter it = doc_iter(d);
	int rc = 0;

	while (rc == 0 && doc_next(&it)) {
		size_t len;
		const char *s = doc_str(it.key, &w->key, &len);

		lua_pushlstring(w->l, s, len);
		lua_pushvalue(w->l, -1);
		if (lua_rawget(w->l, table) != LUA_TNIL) {
			rc = write_member(w, s, len, it.value);
			lua_pop(w->l, 1);
			lua_pushboolean(w->l, 1);
			lua_rawset(w->l, seen);
		} else {
			lua_pop(w->l, 2);
		}
	}
	return rc;
}

static int
write_object(struct writer *w, int table, uint64_t n, struct doc d)
{
	int rc = 0, seen = 0;

	docb_object(w->b);
	if (!doc_is_none(d)) {
		lua_newtable(w->l);
		seen = lua_gettop(w->l);
		rc = write_old_members(w, table, d, seen);
	}
	if (rc == 0)
		rc = write_new_members(w, table, n, seen);
	if (rc == 0)
		docb_end(w->b);
	if (seen != 0)
		lua_pop(w->l, 1);
	return rc;
}

/* d: what the table came from, or DOC_NONE. declared: it is an array when it is empty. */
static int
write_table(struct writer *w, int table, struct doc d, bool declared)
{
	struct census c = { 0 };

	if (luabox_walk(w->l))
		c = count_keys(w->l, table);
	if (!luabox_spend(w->l, (int64_t)(c.nintegers + c.nstrings)))
		return err_set(w->e, "pawl.Lua", "out of steps");
	if (c.nothers > 0)
		return err_set(w->e, "pawl.Lua",
		    "a table with a key that is neither a text nor a positive integer cannot be put into a document");
	if (c.nintegers > 0 && c.nstrings > 0)
		return err_set(w->e, "pawl.Lua",
		    "a table with both texts and integers as keys is neither an array nor an object");
	if (c.nintegers != (uint64_t)c.largest)
		return err_set(w->e, "pawl.Lua",
		    "an array with holes cannot be put into a document; use pawl.null");
	if (c.nintegers > 0 || (declared && c.nstrings == 0))
		return write_elements(w, table, c.largest, d);
	return write_object(w, table, c.nstrings,
	    !doc_is_none(d) && doc_type(d) == DOC_OBJECT ? d : DOC_NONE);
}

/* An untouched proxy with a changed one somewhere below it. */
static int
write_mixed(struct writer *w, int index, struct doc d)
{
	struct doc_iter it = doc_iter(d);
	lua_Integer i = 0;
	bool object = doc_type(d) == DOC_OBJECT;
	int rc = 0;

	lua_getiuservalue(w->l, index, UV_TABLE);
	if (object)
		docb_object(w->b);
	else
		docb_array(w->b);
	while (rc == 0 && doc_next(&it)) {
		size_t len;
		const char *s;

		if (object) {
			s = doc_str(it.key, &w->key, &len);
			docb_key(w->b, s, len);
			lua_pushlstring(w->l, s, len);
		} else {
			lua_pushinteger(w->l, ++i);
		}
		if (lua_rawget(w->l, -2) == LUA_TNIL)
			rc = write_doc(w, it.value);
		else
			rc = write_value(w, lua_gettop(w->l));
		lua_pop(w->l, 1);
	}
	if (rc == 0)
		docb_end(w->b);
	lua_pop(w->l, 1);
	return rc;
}

static int
write_proxy(struct writer *w, int index, const struct proxy *p)
{
	int rc;

	if (!is_changed(w->l, index))
		return write_doc(w, p->d);
	if (!p->own)
		return write_mixed(w, index, p->d);
	lua_getiuservalue(w->l, index, UV_TABLE);
	rc = write_table(w, lua_gettop(w->l), p->d, doc_type(p->d) == DOC_ARRAY);
	lua_pop(w->l, 1);
	return rc;
}

static int
write_container(struct writer *w, int index)
{
	const struct proxy *p = proxy_at(w->l, index);
	int rc;

	if (++w->depth > DOC_DEPTH_MAX || !lua_checkstack(w->l, 10))
		return err_set(w->e, "pawl.Lua", "a table is nested too deep, or holds itself");
	if (take(w, 2) != 0)
		rc = -1;
	else if (p != NULL)
		rc = write_proxy(w, index, p);
	else
		rc = write_table(w, index, DOC_NONE, has_meta(w->l, index, ARRAY_META));
	w->depth--;
	return rc;
}

static int
write_value(struct writer *w, int index)
{
	lua_State *l = w->l;

	switch (lua_type(l, index)) {
	case LUA_TNIL:
		docb_null(w->b);
		return 0;
	case LUA_TBOOLEAN:
		docb_bool(w->b, lua_toboolean(l, index) != 0);
		return take(w, 5);
	case LUA_TNUMBER:
		return write_number(w, index);
	case LUA_TSTRING:
		return write_string(w, index);
	case LUA_TTABLE:
		return write_container(w, index);
	default:
		break;
	}
	if (luadoc_is_null(l, index)) {
		docb_null(w->b);
		return take(w, 4);
	}
	if (luadoc_is_proxy(l, index))
		return write_container(w, index);
	return err_set(w->e, "pawl.Lua", "a %s cannot be put into a document",
	    luaL_typename(l, index));
}

static int
write_protected(lua_State *l)
{
	struct writer *w = lua_touserdata(l, 1);

	w->rc = write_value(w, 2);
	return 0;
}

struct doc
luadoc_to_doc(lua_State *l, int index, size_t max, struct err *e)
{
	struct writer w = { .l = l, .left = max, .rc = -1, .e = e };
	struct doc d = DOC_NONE;

	index = lua_absindex(l, index);
	if (!lua_checkstack(l, 4)) {
		err_set(e, "pawl.Lua", "out of memory");
		return d;
	}
	w.b = docb_new();
	buf_init(&w.key, BUF_UNLIMITED);
	lua_pushcfunction(l, write_protected);
	lua_pushlightuserdata(l, &w);
	lua_pushvalue(l, index);
	if (lua_pcall(l, 2, 0, 0) != LUA_OK) {
		w.rc = err_set(e, "pawl.Lua", "out of memory");
		lua_pop(l, 1);
	}
	if (w.rc == 0)
		d = docb_finish(w.b);
	else
		docb_free(w.b);
	buf_fini(&w.key);
	return d;
}
