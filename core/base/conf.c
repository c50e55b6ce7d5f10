/*
 * conf - the configuration: a Lua file, overridden by the command line.
 *
 * The chunk runs with an empty table as its globals. Reading a global finds the
 * allow-listed functions or an option that was set before; assigning one goes
 * through __newindex, every time, because the empty table stays empty. All work
 * in Lua happens under one lua_pcall, and whatever C memory that work needs
 * hangs on struct reader, so an error that jumps out loses nothing.
 */
#include "base/conf.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "base/xalloc.h"

#define MEMORY_MAX ((size_t)64 << 20)
#define INSTRUCTIONS_MAX 10000000
#define TABLE_DEPTH_MAX 32
#define JSON_MAX ((size_t)16 << 20)

struct conf_source {
	char *path; /* NULL = no file */
	struct conf_overrides overrides;
};

struct reader {
	struct conf *conf;
	const char *path;
	size_t memory;
	struct err err;  /* of the option being set */
	struct buf json; /* the table being read */
};

static void *
field_of(const struct conf *c, const struct option_info *o)
{
	return (char *)(uintptr_t)c + o->offset;
}

/* --- Lua tables to JSON ----------------------------------------------------- */

static void json_add_value(lua_State *L, struct reader *r, int depth);

/* How many bytes follow the first one of a sequence. */
static int
utf8_more(unsigned char first)
{
	if (first < 0x80)
		return 0;
	if (first < 0xe0)
		return 1;
	return first < 0xf0 ? 2 : 3;
}

/* True for 0x00-0x7f and well-formed sequences of RFC 3629. */
static bool
is_utf8(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	const unsigned char *end = s + len;

	while (s < end) {
		int more = utf8_more(*s);
		unsigned char lo = *s == 0xe0 ? 0xa0 : *s == 0xf0 ? 0x90 : 0x80;
		unsigned char hi = *s == 0xed ? 0x9f : *s == 0xf4 ? 0x8f : 0xbf;

		if ((*s >= 0x80 && *s < 0xc2) || *s > 0xf4 || end - s <= more)
			return false;
		s++;
		for (; more > 0; more--, s++) {
			if (*s < lo || *s > hi)
				return false;
			lo = 0x80;
			hi = 0xbf;
		}
	}
	return true;
}

static void
json_add_string(lua_State *L, struct reader *r, int index)
{
	size_t len;
	const char *s = lua_tolstring(L, index, &len);

	if (!is_utf8(s, len))
		luaL_error(L, "a text in a table is not valid UTF-8");
	buf_add_json_string(&r->json, s, len);
}

static void
json_add_number(lua_State *L, struct reader *r)
{
	char text[64];
	double v;

	if (lua_isinteger(L, -1)) {
		buf_add_i64(&r->json, lua_tointeger(L, -1));
		return;
	}
	v = lua_tonumber(L, -1);
	if (!isfinite(v))
		luaL_error(L, "a number in a table is not finite");
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	buf_adds(&r->json, text);
}

/* The table at the top is a list when its keys are 1..n, n > 0. */
static bool
is_list(lua_State *L)
{
	lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
	lua_Integer nkeys = 0;

	lua_pushnil(L);
	while (lua_next(L, -2) != 0) {
		lua_pop(L, 1);
		nkeys++;
	}
	return n > 0 && n == nkeys;
}

static void
json_add_list(lua_State *L, struct reader *r, int depth)
{
	lua_Integer n = (lua_Integer)lua_rawlen(L, -1);

	for (lua_Integer i = 1; i <= n; i++) {
		buf_addc(&r->json, i == 1 ? '[' : ',');
		lua_rawgeti(L, -1, i);
		json_add_value(L, r, depth + 1);
		lua_pop(L, 1);
	}
	buf_addc(&r->json, ']');
}

/* Pushes a list of the keys of the table at the top, sorted, so that the text says nothing but the content. */
static void
push_sorted_keys(lua_State *L)
{
	lua_Integer n = 0;

	lua_newtable(L);
	lua_pushnil(L);
	while (lua_next(L, -3) != 0) {
		lua_pop(L, 1);
		if (lua_type(L, -1) != LUA_TSTRING)
			luaL_error(L, "a table must have names, or be a plain list");
		lua_pushvalue(L, -1);
		lua_rawseti(L, -3, ++n);
	}
	lua_getfield(L, LUA_REGISTRYINDEX, "pawl.sort");
	lua_pushvalue(L, -2);
	lua_call(L, 1, 0);
}

static void
json_add_object(lua_State *L, struct reader *r, int depth)
{
	lua_Integer n;

	push_sorted_keys(L);
	n = (lua_Integer)lua_rawlen(L, -1);
	buf_addc(&r->json, '{');
	for (lua_Integer i = 1; i <= n; i++) {
		if (i > 1)
			buf_addc(&r->json, ',');
		lua_rawgeti(L, -1, i);
		json_add_string(L, r, -1);
		buf_addc(&r->json, ':');
		lua_rawget(L, -3);
		json_add_value(L, r, depth + 1);
		lua_pop(L, 1);
	}
	buf_addc(&r->json, '}');
	lua_pop(L, 1);
}

/* Adds the value at the top of the stack and leaves it there. */
static void
json_add_value(lua_State *L, struct reader *r, int depth)
{
	luaL_checkstack(L, 8, "configuration table");
	if (depth > TABLE_DEPTH_MAX)
		luaL_error(L, "a table is nested deeper than %d", TABLE_DEPTH_MAX);
	switch (lua_type(L, -1)) {
	case LUA_TSTRING:
		json_add_string(L, r, -1);
		break;
	case LUA_TNUMBER:
		json_add_number(L, r);
		break;
	case LUA_TBOOLEAN:
		buf_adds(&r->json, lua_toboolean(L, -1) ? "true" : "false");
		break;
	case LUA_TTABLE:
		if (is_list(L))
			json_add_list(L, r, depth);
		else
			json_add_object(L, r, depth);
		break;
	default:
		luaL_error(L, "a table cannot hold a %s", luaL_typename(L, -1));
	}
}

/* --- setting options from Lua ------------------------------------------------ */

static int
refuse_type(lua_State *L, const struct option_info *o, const char *got)
{
	struct buf must;

	buf_init(&must, BUF_UNLIMITED);
	option_describe(o, &must);
	lua_pushfstring(L, "%s must be %s, not %s", o->name, buf_text(&must), got);
	buf_fini(&must);
	luaL_where(L, 1);
	lua_insert(L, -2);
	lua_concat(L, 2);
	return lua_error(L);
}

/* The Lua type of what stands in a table. */
static int
values_of(const struct option_info *o)
{
	if (strcmp(o->range, "text") == 0)
		return LUA_TSTRING;
	return strcmp(o->range, "number") == 0 ? LUA_TNUMBER : LUA_TTABLE;
}

static void
set_table(lua_State *L, struct reader *r, const struct option_info *o)
{
	int want = values_of(o);

	if (lua_type(L, -1) != LUA_TTABLE)
		refuse_type(L, o, luaL_typename(L, -1));
	lua_pushnil(L);
	while (lua_next(L, -2) != 0) {
		if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != want)
			refuse_type(L, o, "a table of something else");
		lua_pop(L, 1);
	}
	buf_reset(&r->json);
	json_add_value(L, r, 0);
	if (buf_failed(&r->json))
		luaL_error(L, "%s is too large", o->name);
	option_set_text_take(o, field_of(r->conf, o), xstrdup(buf_text(&r->json)));
}

/* The text of the scalar at the top, as option_set reads it; an error when its Lua type is not the option's. */
static const char *
scalar_text(lua_State *L, const struct option_info *o)
{
	int type = lua_type(L, -1);

	if (o->type == OPTION_BOOL) {
		if (type != LUA_TBOOLEAN)
			refuse_type(L, o, luaL_typename(L, -1));
		return lua_toboolean(L, -1) ? "true" : "false";
	}
	if (type == LUA_TSTRING && o->type != OPTION_INT)
		return lua_tostring(L, -1);
	if (type == LUA_TNUMBER && !option_is_text(o->type)) {
		lua_pushvalue(L, -1);
		return lua_tostring(L, -1);
	}
	refuse_type(L, o, luaL_typename(L, -1));
	return NULL;
}

/* __newindex(globals, name, value) */
static int
conf_newindex(lua_State *L)
{
	struct reader *r = lua_touserdata(L, lua_upvalueindex(1));
	const struct option_info *o, *near;
	size_t len;
	const char *name = luaL_checklstring(L, 2, &len);

	if ((o = option_find(name, len)) == NULL || strcmp(o->name, name) != 0) {
		near = option_closest(name, len);
		return luaL_error(L, "there is no option %s%s%s%s", name,
		    near != NULL ? ", did you mean " : " (a variable of your own is \"local\")",
		    near != NULL ? near->name : "", near != NULL ? "?" : "");
	}
	lua_settop(L, 3);
	if (o->type == OPTION_TABLE)
		set_table(L, r, o);
	else if (option_set(o, field_of(r->conf, o), scalar_text(L, o), &r->err) != 0)
		return luaL_error(L, "%s", err_cause(&r->err));
	lua_settop(L, 3);
	lua_rawset(L, lua_upvalueindex(2));
	return 0;
}

/* env(name [, default]) */
static int
conf_env(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const char *value = getenv(name);

	if (value == NULL && lua_isnoneornil(L, 2))
		return luaL_error(L, "the environment variable %s is not set", name);
	if (value != NULL)
		lua_pushstring(L, value);
	else
		lua_pushvalue(L, 2);
	return 1;
}

/* --- the sandbox ------------------------------------------------------------ */

static void *
capped_alloc(void *ud, void *p, size_t old_size, size_t new_size)
{
	struct reader *r = ud;

	if (p == NULL)
		old_size = 0;
	if (new_size == 0) {
		free(p);
		r->memory -= old_size;
		return NULL;
	}
	if (new_size > old_size && r->memory + (new_size - old_size) > MEMORY_MAX)
		return NULL;
	if ((p = realloc(p, new_size)) != NULL)
		r->memory += new_size - old_size;
	return p;
}

static void
stop_endless(lua_State *L, lua_Debug *ar)
{
	(void)ar;
	luaL_where(L, 0);
	lua_pushliteral(L, "the configuration computes for too long");
	lua_concat(L, 2);
	lua_error(L);
}

/* Pushes the table that globals are read from: the allow-list, later also the options that were set. */
static void
push_readable(lua_State *L)
{
	static const char *const names[] = { "assert", "error", "ipairs", "next", "pairs", "select",
		"tonumber", "tostring", "type", "string", "table", "math", NULL };

	luaL_requiref(L, "_G", luaopen_base, 1);
	luaL_requiref(L, "string", luaopen_string, 1);
	luaL_requiref(L, "math", luaopen_math, 1);
	luaL_requiref(L, "table", luaopen_table, 1);
	lua_getfield(L, -1, "sort");
	lua_setfield(L, LUA_REGISTRYINDEX, "pawl.sort");
	lua_settop(L, 1);

	lua_newtable(L);
	for (size_t i = 0; names[i] != NULL; i++) {
		lua_getglobal(L, names[i]);
		lua_setfield(L, -2, names[i]);
	}
	lua_pushcfunction(L, conf_env);
	lua_setfield(L, -2, "env");
}

/* Runs the file of the reader, its only argument. */
static int
conf_run(lua_State *L)
{
	struct reader *r = lua_touserdata(L, 1);
	int readable;

	push_readable(L);
	readable = lua_gettop(L);
	if (luaL_loadfilex(L, r->path, "t") != LUA_OK)
		return lua_error(L);
	lua_newtable(L); /* the globals, always empty */
	lua_newtable(L); /* its metatable */
	lua_pushvalue(L, readable);
	lua_setfield(L, -2, "__index");
	lua_pushlightuserdata(L, r);
	lua_pushvalue(L, readable);
	lua_pushcclosure(L, conf_newindex, 2);
	lua_setfield(L, -2, "__newindex");
	lua_setmetatable(L, -2);
	if (lua_setupvalue(L, -2, 1) == NULL)
		return luaL_error(L, "the configuration has no globals");
	lua_sethook(L, stop_endless, LUA_MASKCOUNT, INSTRUCTIONS_MAX);
	lua_call(L, 0, 0);
	return 0;
}

static int
conf_read_file(struct conf *c, const char *path, struct err *e)
{
	struct reader r = { .conf = c, .path = path, .err = ERR_INIT };
	lua_State *L;
	int rc = 0;

	if (access(path, R_OK) != 0)
		return err_set(e, "pawl.Config", "%s: cannot be read: %s", path, strerror(errno));
	if ((L = lua_newstate(capped_alloc, &r)) == NULL)
		return err_set(e, "pawl.Config", "%s: no memory for Lua", path);
	buf_init(&r.json, JSON_MAX);
	lua_pushcfunction(L, conf_run);
	lua_pushlightuserdata(L, &r);
	if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
		const char *why = lua_tostring(L, -1);

		rc = err_set(e, "pawl.Config", "%s", why != NULL ? why : "error without a text");
	}
	lua_close(L);
	buf_fini(&r.json);
	err_fini(&r.err);
	return rc;
}

/* --- overrides --------------------------------------------------------------- */

static void
override_add_take(struct conf_overrides *o, char *item)
{
	o->items = xreallocarray(o->items, o->nitems + 1, sizeof(*o->items));
	o->items[o->nitems++] = item;
}

/* item is "NAME=VALUE" */
static int
override_add(struct conf_overrides *o, const char *name, size_t len, const char *value,
    struct err *e)
{
	const struct option_info *info = option_find(name, len), *near;

	if (info == NULL) {
		near = option_closest(name, len);
		return err_set(e, "pawl.Config", "--set: there is no option %.*s%s%s%s", (int)len,
		    name, near != NULL ? ", did you mean " : "", near != NULL ? near->name : "",
		    near != NULL ? "?" : "");
	}
	if (info->type == OPTION_TABLE)
		return err_set(e, "pawl.Config", "%s is a table: set it in the configuration file",
		    info->name);
	override_add_take(o, xasprintf("%s=%s", info->name, value));
	return 0;
}

int
conf_override(struct conf_overrides *o, int argc, char *const *argv, struct err *e)
{
	const char *word, *equals;
	bool set;
	size_t len;

	if (argc < 1 || strncmp(argv[0], "--", 2) != 0)
		return 0;
	word = argv[0] + 2;
	set = strcmp(word, "set") == 0;
	len = strcspn(word, "=");
	if (!set && option_find(word, len) == NULL)
		return 0;
	if (!set && word[len] == '=')
		return override_add(o, word, len, word + len + 1, e) == 0 ? 1 : -1;
	if (argc < 2)
		return err_set(e, "pawl.Config", "%s needs a value", argv[0]);
	if (!set)
		return override_add(o, word, len, argv[1], e) == 0 ? 2 : -1;
	if ((equals = strchr(argv[1], '=')) == NULL)
		return err_set(e, "pawl.Config", "--set needs NAME=VALUE, not \"%s\"", argv[1]);
	return override_add(o, argv[1], (size_t)(equals - argv[1]), equals + 1, e) == 0 ? 2 : -1;
}

void
conf_overrides_fini(struct conf_overrides *o)
{
	for (size_t i = 0; i < o->nitems; i++)
		free(o->items[i]);
	free(o->items);
	*o = (struct conf_overrides)CONF_OVERRIDES_INIT;
}

static int
conf_apply_overrides(struct conf *c, const struct conf_overrides *list, struct err *e)
{
	struct err why = ERR_INIT;

	for (size_t i = 0; i < list->nitems; i++) {
		const char *item = list->items[i];
		size_t len = strcspn(item, "=");
		const struct option_info *o = option_find(item, len);

		if (option_set(o, field_of(c, o), item + len + 1, &why) != 0) {
			err_set(e, "pawl.Config", "--%.*s: %s", (int)len, item, err_cause(&why));
			err_fini(&why);
			return -1;
		}
	}
	return 0;
}

/* --- life ---------------------------------------------------------------------- */

static char *
default_data_dir(void)
{
	const char *xdg = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (geteuid() == 0)
		return xstrdup("/var/lib/pawl");
	if (xdg != NULL && xdg[0] == '/')
		return xasprintf("%s/pawl", xdg);
	if (home == NULL && (pw = getpwuid(geteuid())) != NULL)
		home = pw->pw_dir;
	return xasprintf("%s/.local/share/pawl", home != NULL ? home : "");
}

static void
conf_set_defaults(struct conf *c)
{
	for (size_t i = 0; i < noptions; i++) {
		const struct option_info *o = &options[i];

		if (o->type == OPTION_TABLE)
			option_set_text_take(o, field_of(c, o), xstrdup("{}"));
		else if (option_set(o, field_of(c, o), o->default_text, NULL) != 0)
			assert(!"default of an option in options.h");
	}
}

static struct conf_source *
source_new(const char *path, const struct conf_overrides *o)
{
	struct conf_source *s = xcalloc(1, sizeof(*s));

	if (path != NULL)
		s->path = xstrdup(path);
	for (size_t i = 0; o != NULL && i < o->nitems; i++)
		override_add_take(&s->overrides, xstrdup(o->items[i]));
	return s;
}

struct conf *
conf_load(const char *path, const struct conf_overrides *o, struct err *e)
{
	struct conf *c = xcalloc(1, sizeof(*c));

	c->source = source_new(path, o);
	conf_set_defaults(c);
	if (path != NULL && conf_read_file(c, path, e) != 0)
		goto fail;
	if (conf_apply_overrides(c, &c->source->overrides, e) != 0)
		goto fail;
	if (c->data_dir[0] == '\0')
		option_set_text_take(option_find("data_dir", 8), &c->data_dir, default_data_dir());
	return c;
fail:
	conf_free(c);
	return NULL;
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < noptions; i++) {
		if (option_is_text(options[i].type))
			free(*(char **)field_of(c, &options[i]));
	}
	conf_overrides_fini(&c->source->overrides);
	free(c->source->path);
	free(c->source);
	free(c);
}

static size_t
field_size(const struct option_info *o)
{
	if (option_is_text(o->type))
		return sizeof(char *);
	return o->type == OPTION_BOOL ? sizeof(bool) : sizeof(int64_t);
}

static bool
field_equal(const struct option_info *o, const void *a, const void *b)
{
	if (option_is_text(o->type))
		return strcmp(*(const char *const *)a, *(const char *const *)b) == 0;
	return memcmp(a, b, field_size(o)) == 0;
}

static void
field_swap(const struct option_info *o, void *a, void *b)
{
	char tmp[sizeof(int64_t)];
	size_t size = field_size(o);

	memcpy(tmp, a, size);
	memcpy(a, b, size);
	memcpy(b, tmp, size);
}

int
conf_reload(struct conf *c, struct buf *restart, struct err *e)
{
	struct conf *fresh = conf_load(c->source->path, &c->source->overrides, e);

	if (fresh == NULL)
		return -1;
	for (size_t i = 0; i < noptions; i++) {
		const struct option_info *o = &options[i];
		void *mine = field_of(c, o), *theirs = field_of(fresh, o);

		if (field_equal(o, mine, theirs))
			continue;
		if (o->reload)
			field_swap(o, mine, theirs);
		else
			buf_addf(restart, "%s%s", restart->len > 0 ? ", " : "", o->name);
	}
	conf_free(fresh);
	return 0;
}

/* --- reading ---------------------------------------------------------------------- */

void
conf_print(const struct conf *c, struct buf *out)
{
	for (size_t i = 0; i < noptions; i++) {
		buf_addf(out, "%s = ", options[i].name);
		option_print(&options[i], field_of(c, &options[i]), out);
		buf_addc(out, '\n');
	}
}

/* Past the JSON value at s, which json_add_value made: no white space, well-formed. */
static const char *
json_skip(const char *s)
{
	int depth = 0;

	do {
		if (*s == '"') {
			for (s++; *s != '"'; s++)
				s += *s == '\\';
		} else if (*s == '{' || *s == '[') {
			depth++;
		} else if (*s == '}' || *s == ']') {
			depth--;
		}
		s++;
	} while (depth > 0 || strchr(",:]}", *s) == NULL);
	return s;
}

char *
conf_plugin_json(const struct conf *c, const char *plugin)
{
	const char *s = c->plugins + 1;
	size_t len = strlen(plugin);

	while (*s == '"') {
		const char *value = json_skip(s) + 1;
		const char *end = json_skip(value);

		if (strncmp(s + 1, plugin, len) == 0 && s[1 + len] == '"')
			return xstrndup(value, (size_t)(end - value));
		s = end + (*end == ',');
	}
	return xstrdup("{}");
}
