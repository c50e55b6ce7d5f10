/*
 * script_world - functions that may block: what they are offered besides the sandbox, and
 * running one.
 *
 * http.request and sleep work for the call that runs. Whatever C memory they need
 * hangs on struct world, for Lua may jump out of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "expr/luabox.h"
#include "expr/luadoc.h"
#include "task/httpc.h"
#include "task/script_file.h"

#define NO_LIMIT_MS INT64_C(86400000)

struct world {
	const struct script_dirs *dirs;
	const struct script_world *given;
	int64_t timeout_ms, deadline_us; /* 0 = none */
	struct httpc_blocking *http;
	/* the last answer to http.request */
	char *message; /* why there is none */
	int status;
	struct buf headers; /* name, NUL, value, NUL, ... */
	struct buf body;
	size_t response_max;
};

static const char world_key = 0; /* in the registry: the struct world */

static struct world *
world_of(lua_State *l)
{
	struct world *w;

	lua_rawgetp(l, LUA_REGISTRYINDEX, &world_key);
	w = lua_touserdata(l, -1);
	lua_pop(l, 1);
	return w;
}

static int
is_over_time(void *arg, bool first)
{
	const struct world *w = arg;

	(void)first;
	return w->deadline_us != 0 && clock_mono_us() > w->deadline_us ? LUABOX_TIME_OVER : 0;
}

static int64_t
left_ms(const struct world *w)
{
	int64_t left =
	    w->deadline_us == 0 ? NO_LIMIT_MS : (w->deadline_us - clock_mono_us()) / 1000;

	return left > 0 ? left : 1;
}

/* --- sleep -------------------------------------------------------------------------------- */

static int
world_sleep(lua_State *l)
{
	double seconds = luaL_checknumber(l, 1);
	int64_t ms = left_ms(world_of(l)) + 1; /* no use to sleep longer: the call ends then */
	struct timespec ts;

	luaL_argcheck(l, seconds >= 0, 1, "must not be negative");
	if (seconds * 1000 < (double)ms)
		ms = (int64_t)(seconds * 1000);
	ts.tv_sec = ms / 1000;
	ts.tv_nsec = ms % 1000 * 1000000;
	while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
		;
	return 0;
}

/* --- http.request ------------------------------------------------------------------------ */

static void
keep_answer(void *arg, const struct httpc_answer *a)
{
	struct world *w = arg;

	free(w->message);
	w->message = a->result == HTTPC_OK ? NULL : xstrdup(a->message);
	w->status = a->status;
	buf_reset(&w->headers);
	for (size_t i = 0; i < a->nheaders; i++) {
		buf_add(&w->headers, a->headers[i].name, strlen(a->headers[i].name) + 1);
		buf_add(&w->headers, a->headers[i].value, strlen(a->headers[i].value) + 1);
	}
	buf_reset(&w->body);
	buf_add(&w->body, a->body, a->body_len);
}

/* Member of the request (at 1) as a text, or NULL; it stays on the stack, so the text stays good. */
static const char *
request_text(lua_State *l, const char *name, size_t *len)
{
	lua_pushstring(l, name);
	luadoc_rawget(l, 1);
	if (lua_isnil(l, -1))
		return NULL;
	if (!lua_isstring(l, -1))
		luaL_error(l, "http.request: %s must be a string", name);
	return lua_tolstring(l, -1, len);
}

static double
request_number(lua_State *l, const char *name, double otherwise)
{
	double v = otherwise;

	lua_pushstring(l, name);
	luadoc_rawget(l, 1);
	if (!lua_isnil(l, -1)) {
		if (!lua_isnumber(l, -1) || lua_tonumber(l, -1) < 0)
			luaL_error(l, "http.request: %s must be a number, not negative", name);
		v = lua_tonumber(l, -1);
	}
	lua_pop(l, 1);
	return v;
}

/* The headers of the request; all texts stay anchored on the stack in two lists. */
static struct httpc_header *
request_headers(lua_State *l, size_t *n)
{
	struct httpc_header *list;
	int headers, keys;

	*n = 0;
	lua_pushliteral(l, "headers");
	luadoc_rawget(l, 1);
	if (lua_isnil(l, -1))
		return NULL;
	if (!lua_istable(l, -1) && !luadoc_is_proxy(l, -1))
		luaL_error(l, "http.request: headers must be a table");
	headers = lua_gettop(l);
	luadoc_push_keys(l, headers);
	keys = lua_gettop(l);
	list = lua_newuserdatauv(l, (lua_rawlen(l, keys) + 1) * sizeof(*list), 0);
	for (lua_Integer i = 1; lua_rawgeti(l, keys, i) != LUA_TNIL; i++) {
		luaL_checkstack(l, 4, "too many headers");
		lua_pushvalue(l, -1);
		luadoc_rawget(l, headers);
		if (lua_type(l, -2) != LUA_TSTRING || !lua_isstring(l, -1))
			luaL_error(l, "http.request: headers must be texts");
		list[*n].name = lua_tostring(l, -2);
		list[(*n)++].value = lua_tostring(l, -1);
	}
	return list;
}

static int
push_answer(lua_State *l, const struct world *w)
{
	const char *s = buf_text(&w->headers), *end = s + w->headers.len;

	if (w->message != NULL) {
		lua_pushnil(l);
		lua_pushstring(l, w->message);
		return 2;
	}
	lua_createtable(l, 0, 3);
	lua_pushinteger(l, w->status);
	lua_setfield(l, -2, "status");
	lua_pushlstring(l, buf_text(&w->body), w->body.len);
	lua_setfield(l, -2, "body");
	lua_newtable(l);
	while (s < end) {
		const char *value = s + strlen(s) + 1;

		luaL_Buffer name;
		luaL_buffinit(l, &name);
		for (; *s != '\0'; s++)
			luaL_addchar(&name, (char)(*s >= 'A' && *s <= 'Z' ? *s | 0x20 : *s));
		luaL_pushresult(&name);
		lua_pushstring(l, value);
		lua_rawset(l, -3);
		s = value + strlen(value) + 1;
	}
	lua_setfield(l, -2, "headers");
	return 1;
}

static int
world_request(lua_State *l)
{
	struct world *w = world_of(l);
	struct httpc_request r = { .max_response = w->response_max };
	size_t len = 0;

	if (!lua_istable(l, 1) && !luadoc_is_proxy(l, 1))
		return luaL_typeerror(l, 1, "table");
	lua_settop(l, 1);
	if ((r.url = request_text(l, "url", &len)) == NULL)
		return luaL_error(l, "http.request: url is missing");
	r.method = request_text(l, "method", &len);
	r.body = request_text(l, "body", &r.body_len);
	r.timeout_ms = (int64_t)(request_number(l, "timeout", 60) * 1000);
	if (r.timeout_ms > left_ms(w) || r.timeout_ms == 0)
		r.timeout_ms = left_ms(w) + 1;
	r.max_redirects = (int)request_number(l, "max_redirects", 0);
	r.headers = request_headers(l, &r.nheaders);
	httpc_blocking_run(w->http, &r, keep_answer, w);
	return push_answer(l, w);
}

/* --- the call ------------------------------------------------------------------------------ */

/* Adds to the globals on top of the stack. */
static void
open_world(lua_State *l, void *arg)
{
	lua_pushlightuserdata(l, arg);
	lua_rawsetp(l, LUA_REGISTRYINDEX, &world_key);
	script_log_open(l, ((const struct world *)arg)->given);
	lua_pushcfunction(l, world_sleep);
	lua_setfield(l, -2, "sleep");
	lua_createtable(l, 0, 1);
	lua_pushcfunction(l, world_request);
	lua_setfield(l, -2, "request");
	lua_setfield(l, -2, "http");
}

static int
read_module(void *arg, const char *name, uint64_t *stamp, struct buf *text, struct err *e)
{
	const struct world *w = arg;

	return script_module_read(w->dirs, name, stamp, text, e);
}

static void
run_file(struct world *w, const struct script_file *f, const struct script_call *c, size_t memory,
    struct script_answer *out)
{
	struct luabox_options o = { .memory = memory,
		.output_max = memory,
		.give_up = is_over_time,
		.module = read_module,
		.open = open_world,
		.arg = w };
	struct luabox *b = luabox_new(&o);
	struct err e = ERR_INIT;
	char *place = xasprintf("functions/%s.lua", c->name);
	int code;

	if (b == NULL) {
		out->result = SCRIPT_MEMORY;
		out->error_message = xstrdup("not enough memory");
	} else if ((code = luabox_load(b, place, f->text, f->len, &e)) < 0) {
		out->result = SCRIPT_RAISED;
		out->error_type = xstrdup("SyntaxError");
		out->error_message = xstrdup(err_cause(&e));
	} else {
		script_run(b, code, c, false, out);
	}
	if (out->result == SCRIPT_TIMEOUT)
		out->limit_ms = w->timeout_ms;
	luabox_free(b);
	free(place);
	err_fini(&e);
}

void
script_call_blocking(const struct script_dirs *d, const struct script_call *c, size_t memory,
    struct httpc_blocking *http, const struct script_world *given, struct script_answer *out)
{
	struct world w = { .dirs = d,
		.given = given,
		.timeout_ms = c->timeout_ms,
		.http = http,
		.response_max = memory / 2 };
	struct script_file f = { 0 };
	char *path;

	*out = (struct script_answer){ .value = DOC_NONE, .trace = DOC_NONE };
	if (c->timeout_ms > 0)
		w.deadline_us = clock_mono_us() + c->timeout_ms * 1000;
	buf_init(&w.headers, BUF_UNLIMITED);
	buf_init(&w.body, BUF_UNLIMITED);
	path = script_function_path(d->script_dir, c->name);
	if (!script_name_is_valid(c->name) || script_file_read(path, &f, NULL) != 0)
		script_answer_missing(out, c->name);
	else
		run_file(&w, &f, c, memory, out);
	script_file_fini(&f);
	buf_fini(&w.headers);
	buf_fini(&w.body);
	free(w.message);
	free(path);
}
