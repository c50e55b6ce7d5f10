/*
 * luabox - the Lua sandbox: code of users, run with a budget and nothing else.
 *
 * Three things take from the budget: the count hook, the allocator (by size, so that
 * one instruction that makes a large text is not one step), and luabox_charge in
 * library functions. When it is gone the box is "exhausted": the hook then fires at every
 * instruction, larger allocations fail, and every function that could catch the error
 * raises it again, so the run unwinds whatever its code wants.
 */
#include "expr/luabox.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "expr/luadoc.h"
#include "expr/lualib.h"
#include "expr/luasource.h"
#include "expr/scope.h"

#define HOOK_STEPS 500  /* between two looks, on average */
#define FIRST_STEPS 250 /* before the first look, which starts the clock of the run */
#define COROUTINE_FIRST_STEPS 64
#define LONG_STRING_BYTES (16 << 10)
#define ALLOCATION_STEPS 2 /* of any */
#define ALLOCATION_BYTES_PER_STEP 64
#define FAILED_ALLOCATION_SHARE \
	8 /* a failed one costs this part of the budget: each makes Lua collect garbage */
#define SMALL_BYTES 4096 /* may still be allocated by an exhausted box, to fail in order */
#define BLOCK_SHARE 4    /* the largest single block is this part of the memory */
#define TRACE_MAX 20
#define MODULE_STEPS 1000   /* to look for a module's file */
#define JOIN_STEPS 8        /* what an instruction costs more for each join of chains */
#define VARARGS_PER_STEP 16 /* that an instruction copies */
#define DEEP 200            /* calls within each other, which an error has to leave one by one */
#define DEEP_PRICE 4
#define LARGE_TABLE_BYTES (64 << 10)
#define WALK_BYTES_PER_STEP 4096

struct luabox {
	lua_State *l;
	struct luabox_options o;
	size_t used;
	int64_t budget, steps; /* of this run; left */
	size_t longest;        /* string of the run, in bytes */
	size_t largest;        /* block of the run that is no string */
	int joins;             /* see luabox_join */
	bool limited;          /* steps are */
	bool exhausted;
	bool broken;
	struct expr_random random, looks;
	struct buf scratch;
	struct doc_builder *trace; /* of the run, while it is being made */
	char place[LUA_IDSIZE + 16];
	const struct luabox_call *call;
	struct doc *result;
	struct err err;
	bool unfit; /* the result was no document */
	bool asked; /* whether to give up */
};

/*
 * Registry keys are addresses: the library's functions, the metatable that shows them, and the one that shows
 * variables before them; what belongs to a run (globals that modules see, modules that ran,
 * variables); the codes, and the modules compiled so far with their stamps.
 */
static const char library_key = 0, globals_key = 0, expression_key = 0, environment_key = 0,
		  modules_key = 0, variables_key = 0, exhausted_key = 0, codes_key = 0,
		  sources_key = 0, stamps_key = 0;

static struct luabox *
box_of(lua_State *l)
{
	return *(struct luabox **)lua_getextraspace(l);
}

/* --- the budget -------------------------------------------------------------------- */

static void count_hook(lua_State *l, lua_Debug *ar);

static void
exhaust(struct luabox *b)
{
	b->steps = 0;
	b->exhausted = b->broken = true;
}

static int
raise_exhausted(lua_State *l)
{
	lua_sethook(l, count_hook, LUA_MASKCOUNT, 1);
	lua_rawgetp(l, LUA_REGISTRYINDEX, &exhausted_key);
	return lua_error(l);
}

bool
luabox_spend(lua_State *l, int64_t n)
{
	struct luabox *b = box_of(l);

	assert(n >= 0);
	if (b->limited) {
		b->steps = n < b->steps ? b->steps - n : 0;
		if (b->steps == 0)
			exhaust(b);
	}
	return !b->exhausted;
}

void
luabox_charge(lua_State *l, int64_t n)
{
	if (!luabox_spend(l, n))
		raise_exhausted(l);
}

void
luabox_check(lua_State *l)
{
	if (box_of(l)->exhausted)
		raise_exhausted(l);
}

int64_t
luabox_steps(lua_State *l)
{
	const struct luabox *b = box_of(l);

	return b->limited ? b->steps : INT64_MAX;
}

/* Time is steps: what takes longer than its steps say takes more of them. */
static void
spend_time(struct luabox *b)
{
	bool first = !b->asked;
	int64_t left;
	int over = 0;

	b->asked = true;
	if (b->call != NULL && b->call->give_up != NULL)
		over = b->call->give_up(b->call->arg, first);
	else if (b->o.give_up != NULL)
		over = b->o.give_up(b->o.arg, first);
	left = b->budget - b->budget / LUABOX_TIME_OVER * over;
	if (b->limited && left < b->steps)
		b->steps = left;
	if (over >= LUABOX_TIME_OVER)
		exhaust(b);
}

/* A power of two of which the running function has as many extra arguments, or somewhat less; 0 = below 64. */
static int64_t
count_varargs(lua_State *l, lua_Debug *ar)
{
	int64_t n = 0;

	if (lua_getinfo(l, "u", ar) == 0 || !ar->isvararg)
		return 0;
	for (int k = 64; lua_getlocal(l, ar, -k) != NULL; k *= 2) {
		lua_pop(l, 1);
		n = k;
	}
	return n;
}

/*
 * What an instruction costs. One that compares strings, or takes one for a number, takes as long as they
 * are; one that reads a member may go through all chains of tables that were joined; "..." copies all
 * extra arguments; and each call has to be left again.
 */
static int64_t
instruction_price(lua_State *l, lua_Debug *ar)
{
	const struct luabox *b = box_of(l);
	lua_Debug deep;

	return (1 + (int64_t)(b->longest / LONG_STRING_BYTES) + (int64_t)b->joins * JOIN_STEPS +
		   count_varargs(l, ar) / VARARGS_PER_STEP) *
	    (lua_getstack(l, DEEP, &deep) != 0 ? DEEP_PRICE : 1);
}

/*
 * Looks at one instruction for all that passed since the last look. How many those are varies, so that
 * no loop can show the same one each time; the longer the strings, the fewer.
 */
static void
count_hook(lua_State *l, lua_Debug *ar)
{
	struct luabox *b = box_of(l);
	int passed = lua_gethookcount(l);
	int next = HOOK_STEPS / 2 + (int)(expr_random_next(&b->looks) % HOOK_STEPS);

	luabox_check(l);
	spend_time(b);
	luabox_charge(l, passed * instruction_price(l, ar));
	next /= 1 + (int)(b->longest / LONG_STRING_BYTES);
	lua_sethook(l, count_hook, LUA_MASKCOUNT, next > 1 ? next : 1);
}

void
luabox_watch(lua_State *coroutine)
{
	if (lua_gethookcount(coroutine) > COROUTINE_FIRST_STEPS)
		lua_sethook(coroutine, count_hook, LUA_MASKCOUNT, COROUTINE_FIRST_STEPS);
}

void
luabox_join(lua_State *l)
{
	box_of(l)->joins++;
}

bool
luabox_walk(lua_State *l)
{
	struct luabox *b = box_of(l);

	if (b->largest < LARGE_TABLE_BYTES)
		return !b->exhausted;
	spend_time(b);
	return luabox_spend(l, (int64_t)(b->largest / WALK_BYTES_PER_STEP));
}

static void *
refuse_memory(struct luabox *b)
{
	if (b->limited)
		b->steps -= b->o.steps / FAILED_ALLOCATION_SHARE;
	return NULL;
}

static void *
allocate(void *arg, void *p, size_t old, size_t size)
{
	struct luabox *b = arg;
	bool string = false;
	void *grown;

	if (p == NULL) {
		if (old == LUA_TSTRING &&
		    size > b->longest) /* it says what kind of object it will be */
			b->longest = size;
		string = old == LUA_TSTRING;
		old = 0;
	}
	if (!string && size > b->largest)
		b->largest = size;
	if (size == 0) {
		free(p);
		b->used -= old;
		return NULL;
	}
	if (size > old) {
		if (b->limited &&
		    (b->steps -=
			ALLOCATION_STEPS + (int64_t)(size - old) / ALLOCATION_BYTES_PER_STEP) <= 0)
			exhaust(b);
		if ((b->exhausted && size > SMALL_BYTES) || size - old > b->o.memory - b->used ||
		    size > b->o.memory / BLOCK_SHARE)
			return refuse_memory(b);
	}
	if ((grown = realloc(p, size)) == NULL)
		return size > old ? refuse_memory(b) : p;
	b->used += size - old;
	return grown;
}

/* --- what the libraries ask ------------------------------------------------------------ */

struct buf *
luabox_scratch(lua_State *l)
{
	return &box_of(l)->scratch;
}

struct err *
luabox_err(lua_State *l)
{
	return &box_of(l)->err;
}

uint64_t
luabox_random(lua_State *l)
{
	return expr_random_next(&box_of(l)->random);
}

size_t
luabox_output_max(lua_State *l)
{
	return box_of(l)->o.output_max;
}

int64_t
luabox_steps_left(const struct luabox *b)
{
	if (!b->limited)
		return INT64_MAX;
	return b->steps > 0 ? b->steps : 0;
}

bool
luabox_broken(const struct luabox *b)
{
	return b->broken;
}

size_t
luabox_memory(const struct luabox *b)
{
	return b->used;
}

/* --- life ---------------------------------------------------------------------------------- */

/* Keeps a metatable in the registry whose __index is on top of the stack, which it pops. */
static void
keep_metatable(lua_State *l, const char *key)
{
	lua_createtable(l, 0, 2);
	lua_insert(l, -2);
	lua_setfield(l, -2, "__index");
	lua_pushboolean(l, 0);
	lua_setfield(l, -2, "__metatable");
	lua_rawsetp(l, LUA_REGISTRYINDEX, key);
}

static int find_global(lua_State *l);

static void
keep_new_table(lua_State *l, const char *key)
{
	lua_newtable(l);
	lua_rawsetp(l, LUA_REGISTRYINDEX, key);
}

static int
open_protected(lua_State *l)
{
	struct luabox *b = lua_touserdata(l, 1);

	lua_pushliteral(l, LUABOX_OUT_OF_STEPS);
	lua_rawsetp(l, LUA_REGISTRYINDEX, &exhausted_key);
	keep_new_table(l, &codes_key);
	keep_new_table(l, &sources_key);
	keep_new_table(l, &stamps_key);
	luadoc_open(l);
	lua_newtable(l);
	lualib_open_base(l);
	lualib_open_string(l);
	lualib_open_table(l);
	lua_pushcfunction(l, luabox_lua_require);
	lua_setfield(l, -2, "require");
	if (b->o.open != NULL)
		b->o.open(l, b->o.arg);
	lua_pushvalue(l, -1);
	lua_rawsetp(l, LUA_REGISTRYINDEX, &library_key);
	keep_metatable(l, &globals_key);
	lua_pushcfunction(l, find_global);
	keep_metatable(l, &expression_key);
	/* the originals, which luaL_requiref keeps here, are not for anybody */
	lua_pushnil(l);
	lua_setfield(l, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	return 0;
}

static int
panic(lua_State *l)
{
	fprintf(stderr, "luabox: an error outside a protected call: %s\n", lua_tostring(l, -1));
	return 0; /* Lua aborts */
}

struct luabox *
luabox_new(const struct luabox_options *o)
{
	struct luabox *b = xcalloc(1, sizeof(*b));

	b->o = *o;
	b->limited = false; /* opening is free */
	buf_init(&b->scratch, BUF_UNLIMITED);
	if ((b->l = lua_newstate(allocate, b)) == NULL) {
		free(b);
		return NULL;
	}
	lua_atpanic(b->l, panic);
	*(struct luabox **)lua_getextraspace(b->l) = b;
	lua_pushcfunction(b->l, open_protected);
	lua_pushlightuserdata(b->l, b);
	if (lua_pcall(b->l, 1, 0, 0) != LUA_OK) {
		luabox_free(b);
		return NULL;
	}
	return b;
}

void
luabox_free(struct luabox *b)
{
	if (b == NULL)
		return;
	lua_close(b->l);
	buf_fini(&b->scratch);
	err_fini(&b->err);
	free(b);
}

void
luabox_failure_fini(struct luabox_failure *f)
{
	free(f->type);
	free(f->message);
	free(f->place);
	doc_unref(f->trace);
	*f = (struct luabox_failure){ .trace = DOC_NONE };
}

/* --- code ------------------------------------------------------------------------------------- */

struct load {
	const char *name, *text;
	size_t len;
	int id;
};

static int
load_protected(lua_State *l)
{
	struct load *w = lua_touserdata(l, 1);

	lua_pushfstring(l, "=%s", w->name);
	if (luaL_loadbufferx(l, w->text, w->len, lua_tostring(l, -1), "t") != LUA_OK)
		return lua_error(l);
	lua_rawgetp(l, LUA_REGISTRYINDEX, &codes_key);
	lua_insert(l, -2);
	w->id = luaL_ref(l, -2);
	return 0;
}

/* Every run begins with all steps and no signs of the one before. */
static void
begin(struct luabox *b, const struct luabox_call *c)
{
	b->call = c;
	b->budget = b->steps = c != NULL && c->steps > 0 ? c->steps : b->o.steps;
	b->limited = b->steps > 0;
	b->longest = b->largest = 0;
	b->joins = 0;
	b->exhausted = false;
	b->unfit = b->asked = false;
	if (b->limited || b->o.give_up != NULL || (c != NULL && c->give_up != NULL))
		lua_sethook(b->l, count_hook, LUA_MASKCOUNT, FIRST_STEPS);
}

int
luabox_load(struct luabox *b, const char *name, const char *text, size_t len, struct err *e)
{
	struct load w = { name, text, len, -1 };
	const char *message;

	if (!luasource_is_cheap(text, len))
		return err_set(e, "pawl.Lua", "the code has too many names or labels");
	begin(b, NULL);
	lua_pushcfunction(b->l, load_protected);
	lua_pushlightuserdata(b->l, &w);
	if (lua_pcall(b->l, 1, 0, 0) == LUA_OK)
		return w.id;
	message = lua_type(b->l, -1) == LUA_TSTRING ? lua_tostring(b->l, -1) : "";
	err_set(e, "pawl.Lua", "%s",
	    *message != '\0' && doc_utf8_valid(message, strlen(message))
		? message
		: "the code cannot be compiled");
	lua_settop(b->l, 0);
	return -1;
}

static size_t
blanks(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && (text[n] == ' ' || (text[n] >= '\t' && text[n] <= '\r')))
		n++;
	return n;
}

/* Does the text begin with a word that begins a statement? "function (x) ... end" is a value. */
static bool
is_block(const char *text, size_t len)
{
	static const char *const words[] = { "local", "for", "while", "if", "do", "repeat",
		"return", "goto", "function" };
	size_t at = blanks(text, len), n = 0, next;

	while (at + n < len && text[at + n] >= 'a' && text[at + n] <= 'z')
		n++;
	next = at + n + blanks(text + at + n, len - at - n);
	if (n == 8 && text[at] == 'f' && next < len && text[next] == '(')
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == n && memcmp(words[i], text + at, n) == 0)
			return true;
	return false;
}

int
luabox_load_expression(struct luabox *b, const char *name, const char *text, size_t len,
    struct err *e)
{
	struct err as_block = ERR_INIT, as_expression = ERR_INIT;
	struct buf code;
	int id;

	buf_init(&code, BUF_UNLIMITED);
	buf_adds(&code, "return ");
	buf_add(&code, text, len);
	id = luabox_load(b, name, buf_text(&code), code.len, &as_expression);
	if (id < 0 && (id = luabox_load(b, name, text, len, &as_block)) < 0 && e != NULL)
		err_move(e, is_block(text, len) ? &as_block : &as_expression);
	buf_fini(&code);
	err_fini(&as_block);
	err_fini(&as_expression);
	return id;
}

static void
push_value(lua_State *l, const struct luabox_value *v)
{
	if (v->members != NULL) {
		lua_createtable(l, 0, (int)v->nmembers);
		for (size_t i = 0; i < v->nmembers; i++) {
			push_value(l, &v->members[i]);
			lua_setfield(l, -2, v->members[i].name);
		}
	} else if (v->get != NULL) {
		luadoc_push_lazy(l, v->get, v->arg);
	} else if (doc_is_none(v->value)) {
		lua_pushnil(l);
	} else {
		luadoc_push(l, v->value);
	}
}

/* Pushes the run's variables as one object, which is made when somebody asks for it or for one that is no scalar. */
static void
push_variables(lua_State *l, const struct luabox_call *c)
{
	if (lua_rawgetp(l, LUA_REGISTRYINDEX, &variables_key) != LUA_TNIL)
		return;
	lua_pop(l, 1);
	if (doc_is_none(c->variables.value))
		lua_newtable(l);
	else
		push_value(l, &c->variables);
	lua_pushvalue(l, -1);
	lua_rawsetp(l, LUA_REGISTRYINDEX, &variables_key);
}

/* Pushes the given global or the variable of the name at 2; false when there is none. */
static bool
push_given(lua_State *l, const struct luabox_call *c)
{
	size_t len;
	const char *name = lua_tolstring(l, 2, &len);
	struct doc v;

	for (size_t i = 0; i < c->nglobals; i++) {
		if (strcmp(c->globals[i].name, name) == 0) {
			push_value(l, &c->globals[i]);
			return true;
		}
	}
	if (c->variables.name != NULL && strcmp(c->variables.name, name) == 0) {
		push_variables(l, c);
		return true;
	}
	if (doc_is_none(c->variables.value))
		return false;
	luabox_charge(l, LUALIB_LOOK(doc_len(c->variables.value)));
	v = doc_get(c->variables.value, name, len);
	if (doc_is_none(v))
		return false;
	if (doc_type(v) != DOC_ARRAY && doc_type(v) != DOC_OBJECT) {
		luadoc_push(l, v);
		return true;
	}
	push_variables(l, c);
	lua_pushvalue(l, 2);
	luadoc_rawget(l, -2);
	return true;
}

/* __index of an expression's globals: what is given, a variable, else what the library has. It stays there. */
static int
find_global(lua_State *l)
{
	const struct luabox_call *c = box_of(l)->call;

	lua_settop(l, 2);
	if (lua_type(l, 2) != LUA_TSTRING)
		return 0;
	if (!push_given(l, c)) {
		lua_rawgetp(l, LUA_REGISTRYINDEX, &library_key);
		lua_pushvalue(l, 2);
		if (lua_rawget(l, -2) == LUA_TNIL)
			return 1;
	}
	lua_pushvalue(l, 2);
	lua_pushvalue(l, -2);
	lua_rawset(l, 1);
	return 1;
}

/* Pushes a table that reads through to what the metatable shows. */
static void
push_globals(lua_State *l, const char *metatable_key)
{
	lua_newtable(l);
	lua_rawgetp(l, LUA_REGISTRYINDEX, metatable_key);
	lua_setmetatable(l, -2);
}

static void
forget(lua_State *l, const char *key)
{
	lua_pushnil(l);
	lua_rawsetp(l, LUA_REGISTRYINDEX, key);
}

/* Pushes the globals of the run's code: those of an expression are looked for when it asks. */
static void
push_environment(lua_State *l, const struct luabox_call *c)
{
	lualib_forget_metatables(l);
	forget(l, &modules_key);
	forget(l, &environment_key);
	if (c->expression) {
		forget(l, &variables_key);
		push_globals(l, &expression_key);
		return;
	}
	push_globals(l, &globals_key);
	for (size_t i = 0; i < c->nglobals; i++) {
		push_value(l, &c->globals[i]);
		lua_setfield(l, -2, c->globals[i].name);
	}
	lua_pushvalue(l, -1);
	lua_rawsetp(l, LUA_REGISTRYINDEX, &environment_key);
}

/* The first upvalue of a chunk is its _ENV. */
static void
push_code(lua_State *l, int code)
{
	lua_rawgetp(l, LUA_REGISTRYINDEX, &codes_key);
	if (lua_rawgeti(l, -1, code) != LUA_TFUNCTION)
		luaL_error(l, "there is no code of that number");
	lua_remove(l, -2);
}

/* Pushes the table of the run that is kept under the key, made by push when there is none yet. */
static void
push_run_table(lua_State *l, const char *key)
{
	if (lua_rawgetp(l, LUA_REGISTRYINDEX, key) != LUA_TNIL)
		return;
	lua_pop(l, 1);
	if (key == &environment_key)
		push_globals(l, &globals_key);
	else
		lua_newtable(l);
	lua_pushvalue(l, -1);
	lua_rawsetp(l, LUA_REGISTRYINDEX, key);
}

/* Pushes the stamp of the module at 1, or nil. */
static uint64_t
known_stamp(lua_State *l)
{
	uint64_t stamp;

	lua_rawgetp(l, LUA_REGISTRYINDEX, &stamps_key);
	lua_pushvalue(l, 1);
	lua_rawget(l, -2);
	stamp = (uint64_t)lua_tointeger(l, -1);
	lua_pop(l, 2);
	return stamp;
}

/* Keeps what is on top of the stack in a table of the registry under the name at 1. */
static void
keep_by_name(lua_State *l, const char *key)
{
	lua_rawgetp(l, LUA_REGISTRYINDEX, key);
	lua_pushvalue(l, 1);
	lua_pushvalue(l, -3);
	lua_rawset(l, -3);
	lua_pop(l, 2);
}

/* Pushes the code of the module whose name is at 1: compiled once while its text stays the same. */
static void
push_module(lua_State *l, const char *name)
{
	struct luabox *b = box_of(l);
	const struct luabox_call *c = b->call;
	bool own = c != NULL && c->module != NULL;
	luabox_module_cb *find = own ? c->module : b->o.module;
	uint64_t stamp = known_stamp(l);
	int rc = -1;

	luabox_charge(l, MODULE_STEPS);
	buf_reset(&b->scratch);
	if (find != NULL)
		rc = find(own ? c->arg : b->o.arg, name, &stamp, &b->scratch, &b->err);
	else
		err_set(&b->err, "pawl.Lua", "there is no folder of modules here");
	if (rc < 0)
		luaL_error(l, "module '%s' cannot be loaded: %s", name, err_cause(&b->err));
	if (rc > 0) {
		lua_rawgetp(l, LUA_REGISTRYINDEX, &sources_key);
		lua_pushvalue(l, 1);
		lua_rawget(l, -2);
		lua_remove(l, -2);
		return;
	}
	luabox_charge(l, 1 + LUALIB_BYTES(b->scratch.len));
	lua_pushfstring(l, "=lib/%s.lua", name);
	if (luaL_loadbufferx(l, buf_text(&b->scratch), b->scratch.len, lua_tostring(l, -1), "t") !=
	    LUA_OK)
		lua_error(l);
	lua_remove(l, -2);
	lua_pushvalue(l, -1);
	keep_by_name(l, &sources_key);
	lua_pushinteger(l, (lua_Integer)stamp);
	keep_by_name(l, &stamps_key);
}

int
luabox_lua_require(lua_State *l)
{
	const char *name = luaL_checkstring(l, 1);

	lua_settop(l, 1);
	push_run_table(l, &modules_key);
	lua_pushvalue(l, 1);
	if (lua_rawget(l, 2) == LUA_TBOOLEAN && !lua_toboolean(l, -1))
		return luaL_error(l, "module '%s' requires itself", name);
	if (!lua_isnil(l, -1))
		return 1;
	lua_pop(l, 1);
	push_module(l, name);
	push_run_table(l, &environment_key);
	lua_setupvalue(l, -2, 1);
	lua_pushvalue(l, 1);
	lua_pushboolean(l, 0);
	lua_rawset(l, 2);
	lua_pushvalue(l, 1);
	lua_call(l, 1, 1);
	if (lua_isnil(l, -1)) {
		lua_pop(l, 1);
		lua_pushboolean(l, 1);
	}
	lua_pushvalue(l, 1);
	lua_pushvalue(l, -2);
	lua_rawset(l, 2);
	return 1;
}

/* --- errors ------------------------------------------------------------------------------------- */

/* Length of "NAME:LINE: " at the front of message when a function on the stack is there; else 0. */
static size_t
place_length(lua_State *l, const char *message)
{
	lua_Debug ar;
	char place[LUA_IDSIZE + 32];

	for (int level = 0; level < TRACE_MAX && lua_getstack(l, level, &ar) != 0; level++) {
		int n;

		lua_getinfo(l, "Sl", &ar);
		if (ar.currentline < 0)
			continue;
		n = snprintf(place, sizeof(place), "%s:%d: ", ar.short_src, ar.currentline);
		if (n > 0 && strncmp(message, place, (size_t)n) == 0)
			return (size_t)n;
	}
	return 0;
}

static void
trace_line(struct luabox *b, const lua_Debug *ar)
{
	char line[LUA_IDSIZE + 200];
	int n;

	if (b->place[0] == '\0')
		snprintf(b->place, sizeof(b->place), "%s:%d", ar->short_src, ar->currentline);
	if (ar->name != NULL)
		n = snprintf(line, sizeof(line), "%s:%d: in function '%.100s'", ar->short_src,
		    ar->currentline, ar->name);
	else if (*ar->what == 'm')
		n = snprintf(line, sizeof(line), "%s:%d: in main chunk", ar->short_src,
		    ar->currentline);
	else
		n = snprintf(line, sizeof(line), "%s:%d: in function <%s:%d>", ar->short_src,
		    ar->currentline, ar->short_src, ar->linedefined);
	if (n < (int)sizeof(line) && doc_utf8_valid(line, (size_t)n))
		docb_string(b->trace, line, (size_t)n);
}

/* Message handler: takes the trace, and the place off a text. */
static int
on_error(lua_State *l)
{
	struct luabox *b = box_of(l);
	lua_Debug ar;
	size_t len, place;
	const char *s;

	if (b->trace == NULL) {
		b->trace = docb_new();
		b->place[0] = '\0';
		docb_array(b->trace);
		for (int level = 0; level < TRACE_MAX && lua_getstack(l, level, &ar) != 0;
		     level++) {
			lua_getinfo(l, "Sln", &ar);
			if (ar.currentline >= 0)
				trace_line(b, &ar);
		}
		docb_end(b->trace);
	}
	if (lua_type(l, 1) == LUA_TSTRING) {
		s = lua_tolstring(l, 1, &len);
		place = place_length(l, s);
		if (place > 0)
			lua_pushlstring(l, s + place, len - place);
	}
	return 1;
}

struct describe {
	char *type, *message;
	size_t output_max;
};

static char *
text_at(lua_State *l, int index)
{
	size_t len;
	const char *s = lua_tolstring(l, index, &len);

	return doc_utf8_valid(s, len) ? xstrndup(s, len)
				      : xstrdup("(a message that is not valid UTF-8)");
}

/* The member name of the error object at 2 as text; NULL when it has none. */
static char *
member_text(lua_State *l, const char *name)
{
	char *text = NULL;

	lua_pushstring(l, name);
	luadoc_rawget(l, 2);
	if (lua_type(l, -1) == LUA_TSTRING || lua_type(l, -1) == LUA_TNUMBER)
		text = text_at(l, -1);
	lua_pop(l, 1);
	return text;
}

/* What was raised (at 2) as type and message. */
static int
describe_protected(lua_State *l)
{
	struct describe *d = lua_touserdata(l, 1);
	struct err e = ERR_INIT;

	if (lua_istable(l, 2) || luadoc_is_proxy(l, 2)) {
		struct doc whole;

		d->type = member_text(l, "errorType");
		d->message = member_text(l, "errorMessage");
		if (d->message != NULL)
			return 0;
		whole = luadoc_to_doc(l, 2, d->output_max, &e);
		d->message =
		    doc_is_none(whole) ? xstrdup("(a table was raised)") : doc_text(whole, NULL);
		doc_unref(whole);
		err_fini(&e);
	} else if (lua_type(l, 2) == LUA_TSTRING || lua_type(l, 2) == LUA_TNUMBER) {
		d->message = text_at(l, 2);
	} else {
		d->message = xasprintf("(a %s was raised)", luaL_typename(l, 2));
	}
	return 0;
}

/* The error value is on top of the stack. */
static void
describe(struct luabox *b, int status, struct luabox_failure *f)
{
	struct describe d = { .output_max = b->o.output_max };

	f->trace = DOC_NONE;
	if (b->trace != NULL) {
		f->trace = docb_finish(b->trace);
		if (b->place[0] != '\0' && doc_utf8_valid(b->place, strlen(b->place)))
			f->place = xstrdup(b->place);
	}
	b->trace = NULL;
	if (b->exhausted) {
		f->result = LUABOX_STEPS;
		d.message = xstrdup(LUABOX_OUT_OF_STEPS);
	} else if (status == LUA_ERRMEM) {
		b->broken = true;
		f->result = LUABOX_MEMORY;
		d.message = xstrdup("not enough memory");
	} else {
		f->result = b->unfit ? LUABOX_UNFIT : LUABOX_RAISED;
		lua_pushcfunction(b->l, describe_protected);
		lua_pushlightuserdata(b->l, &d);
		lua_pushvalue(b->l, -3);
		if (lua_pcall(b->l, 2, 0, 0) != LUA_OK)
			lua_pop(b->l, 1);
	}
	f->type = d.type != NULL ? d.type : xstrdup("Error");
	f->message = d.message != NULL ? d.message : xstrdup("(the error cannot be shown)");
}

/* --- runs ----------------------------------------------------------------------------------------- */

/* Puts the function behind pawl.pure in the place of what is on top of the stack; whether it was one. */
static bool
unwrap_pure(lua_State *l)
{
	if (luaL_testudata(l, -1, "pawl.pure") == NULL)
		return false;
	lua_getiuservalue(l, -1, 1);
	lua_remove(l, -2);
	return true;
}

static void
check_table_returned(lua_State *l)
{
	if (!lua_istable(l, -1))
		luaL_error(l, "the file must return a table, not a %s", luaL_typename(l, -1));
}

/* Puts the member of the table on top of the stack in its place. */
static void
take_member(lua_State *l, const char *name)
{
	check_table_returned(l);
	lua_pushstring(l, name);
	lua_rawget(l, -2);
	lua_remove(l, -2);
}

/* Puts an array of the n results on top of the stack in their place. */
static void
collect_results(lua_State *l, int n)
{
	lua_createtable(l, n, 0);
	lua_insert(l, -n - 1);
	for (int i = n; i > 0; i--) {
		if (lua_isnil(l, -1)) {
			lua_pop(l, 1);
			luadoc_push_null(l);
		}
		lua_rawseti(l, -i - 1, i);
	}
}

static void
call_returned_function(lua_State *l, const struct luabox_call *c)
{
	bool pure;

	if (c->member != NULL)
		take_member(l, c->member);
	pure = unwrap_pure(l);
	if (!lua_isfunction(l, -1))
		luaL_error(l, "the file must return a function, not a %s", luaL_typename(l, -1));
	if (c->pure_only && !pure)
		luaL_error(l, "the function is not declared pure");
	luaL_checkstack(l, (int)c->nargs + 4, NULL);
	for (size_t i = 0; i < c->nargs; i++)
		push_value(l, &c->args[i]);
	if (c->nresults == LUABOX_NO_RESULT) {
		lua_call(l, (int)c->nargs, 0);
		lua_pushnil(l);
	} else if (c->nresults > 0) {
		lua_call(l, (int)c->nargs, c->nresults);
		collect_results(l, c->nresults);
	} else {
		lua_call(l, (int)c->nargs, 1);
	}
}

/* Raises the reason why a result cannot be a document. */
static int
raise_conversion(lua_State *l, struct luabox *b)
{
	luabox_check(l);
	b->unfit = b->call->expression;
	lua_pushfstring(l, "%s%s", b->unfit ? "" : "the result: ", err_cause(&b->err));
	return lua_error(l);
}

/* Runs the code and pushes what it returns. */
static void
run_code(lua_State *l, int code)
{
	push_code(l, code);
	push_environment(l, box_of(l)->call);
	lua_setupvalue(l, -2, 1);
	lua_call(l, 0, 1);
}

static int
run_protected(lua_State *l)
{
	struct luabox *b = box_of(l);
	const struct luabox_call *c = b->call;

	run_code(l, (int)lua_tointeger(l, 1));
	if (c->function)
		call_returned_function(l, c);
	if (c->expression && lua_isnil(l, -1))
		return 0;
	*b->result = luadoc_to_doc(l, -1, b->o.output_max, &b->err);
	if (doc_is_none(*b->result))
		return raise_conversion(l, b);
	return 0;
}

static int
protected_call(struct luabox *b, lua_CFunction f, int code, const struct luabox_call *c,
    struct luabox_failure *fail)
{
	lua_State *l = b->l;
	int status;

	begin(b, c);
	b->random.state = c->seed;
	b->looks.state = ~c->seed;
	lua_settop(l, 0);
	lua_pushcfunction(l, on_error);
	lua_pushcfunction(l, f);
	lua_pushinteger(l, code);
	status = lua_pcall(l, 1, 1, 1);
	if (b->asked)
		spend_time(b);
	if (status != LUA_OK)
		describe(b, status, fail);
	if (b->trace != NULL) /* of an error that the code caught */
		docb_free(b->trace);
	b->trace = NULL;
	b->call = NULL;
	err_fini(&b->err);
	return status == LUA_OK ? 0 : -1;
}

static int
call_for_result(struct luabox *b, lua_CFunction run, int code, const struct luabox_call *c,
    struct doc *result, struct luabox_failure *f)
{
	int rc;

	*f = (struct luabox_failure){ .trace = DOC_NONE };
	*result = DOC_NONE;
	b->result = result;
	rc = protected_call(b, run, code, c, f);
	lua_settop(b->l, 0);
	return rc;
}

int
luabox_run(struct luabox *b, int code, const struct luabox_call *c, struct doc *result,
    struct luabox_failure *f)
{
	return call_for_result(b, run_protected, code, c, result, f);
}

static int
probe_protected(lua_State *l)
{
	run_code(l, (int)lua_tointeger(l, 1));
	lua_pushboolean(l, luaL_testudata(l, -1, "pawl.pure") != NULL);
	return 1;
}

int
luabox_is_pure(struct luabox *b, int code)
{
	const struct luabox_call c = { 0 };
	struct luabox_failure f = { .trace = DOC_NONE };
	int pure = 0;

	if (protected_call(b, probe_protected, code, &c, &f) == 0)
		pure = lua_toboolean(b->l, -1);
	luabox_failure_fini(&f);
	lua_settop(b->l, 0);
	return pure;
}

/* The keys of the table that the code returns become the result. */
static int
functions_protected(lua_State *l)
{
	struct luabox *b = box_of(l);
	int table, names;

	run_code(l, (int)lua_tointeger(l, 1));
	check_table_returned(l);
	table = lua_gettop(l);
	luadoc_push_keys(l, table);
	names = lua_gettop(l);
	for (lua_Integer i = 1; lua_rawgeti(l, names, i) != LUA_TNIL; i++) {
		if (lua_type(l, -1) != LUA_TSTRING)
			luaL_error(l, "the names in its table must be strings, not a %s",
			    luaL_typename(l, -1));
		lua_pushvalue(l, -1);
		if (lua_rawget(l, table) != LUA_TFUNCTION)
			luaL_error(l, "%s must be a function, not a %s", lua_tostring(l, -2),
			    luaL_typename(l, -1));
		lua_settop(l, names);
	}
	*b->result = luadoc_to_doc(l, names, b->o.output_max, &b->err);
	if (doc_is_none(*b->result))
		return raise_conversion(l, b);
	return 0;
}

int
luabox_functions(struct luabox *b, int code, struct doc *names, struct luabox_failure *f)
{
	const struct luabox_call c = { 0 };

	return call_for_result(b, functions_protected, code, &c, names, f);
}
