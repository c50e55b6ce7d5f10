/*
 * script_log - log, print, warn and now for code that may know of the world outside.
 */
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/clock.h"
#include "expr/luabox.h"
#include "task/script_file.h"

#define LOG_LINE_MAX 8192
#define LOG_STEPS 1000 /* of a line, where steps are counted */

static int
script_now(lua_State *l)
{
	lua_pushnumber(l, (lua_Number)clock_wall_ms() / 1000);
	return 1;
}

/* Upvalues: tostring, the level, who takes the lines. */
static int
script_log(lua_State *l)
{
	const struct script_world *w = lua_touserdata(l, lua_upvalueindex(3));
	int n = lua_gettop(l);
	char line[LOG_LINE_MAX];
	size_t used = 0;

	luabox_charge(l, LOG_STEPS);
	for (int i = 1; i <= n; i++) {
		size_t len;
		const char *s;

		lua_pushvalue(l, lua_upvalueindex(1));
		lua_pushvalue(l, i);
		lua_call(l, 1, 1);
		s = lua_tolstring(l, -1, &len);
		if (i > 1 && used < sizeof(line) - 1)
			line[used++] = ' ';
		if (len > sizeof(line) - 1 - used)
			len = sizeof(line) - 1 - used;
		memcpy(line + used, s, len);
		used += len;
		lua_pop(l, 1);
	}
	line[used] = '\0';
	w->log(w->arg, (enum log_level)lua_tointeger(l, lua_upvalueindex(2)), line);
	return 0;
}

static void
set_log(lua_State *l, const struct script_world *w, const char *name, enum log_level level)
{
	lua_getfield(l, -1, "tostring");
	lua_pushinteger(l, level);
	lua_pushlightuserdata(l, (void *)(uintptr_t)w);
	lua_pushcclosure(l, script_log, 3);
	lua_setfield(l, -2, name);
}

void
script_log_open(lua_State *l, const struct script_world *w)
{
	set_log(l, w, "log", LOG_LEVEL_INFO);
	set_log(l, w, "print", LOG_LEVEL_INFO);
	set_log(l, w, "warn", LOG_LEVEL_WARN);
	lua_pushcfunction(l, script_now);
	lua_setfield(l, -2, "now");
}
