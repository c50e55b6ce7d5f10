/*
 * luabox - the Lua sandbox: code of users, run with a budget and nothing else.
 *
 * A box is one Lua state with the globals that docs/pawl-lua.7 lists and no others. Work
 * is counted in steps (VM instructions, and what library functions do in C),
 * memory by the allocator; when either runs out the code is ended, and no pcall
 * of its own can keep it. Each run has fresh globals. A box belongs to one script: throw
 * it away when luabox_broken says so.
 */
#ifndef PAWL_EXPR_LUABOX_H
#define PAWL_EXPR_LUABOX_H

#include <stdint.h>

#include "doc/doc.h"

struct lua_State;
struct luabox;

/* The budget of expressions and pure functions: some milliseconds. */
#define LUABOX_EXPRESSION_STEPS 1000000
#define LUABOX_EXPRESSION_MEMORY ((size_t)16 << 20)
#define LUABOX_OUT_OF_STEPS "the budget of steps is used up"
#define LUABOX_EXPRESSION_OUTPUT ((size_t)16 << 20)

/*
 * Appends the source of a module to text: 0, or -1 and e with a sentence. *stamp tells one text from
 * the next: when the module still is the one with the stamp that comes in (0 = none is known),
 * nothing is appended and 1 returned.
 */
typedef int luabox_module_cb(void *arg, const char *name, uint64_t *stamp, struct buf *text,
    struct err *e);

/*
 * Asked now and then, first for the first time in a run: thousandths of the time that it may take
 * which are over. 1000 end the run like a lack of steps; less count as so many of its steps.
 */
typedef int luabox_give_up_cb(void *arg, bool first);
#define LUABOX_TIME_OVER 1000

struct luabox_options {
	int64_t steps;              /* of one run; 0 = not limited */
	size_t memory;              /* bytes of the whole state */
	size_t output_max;          /* bytes of a result as JSON text */
	luabox_give_up_cb *give_up; /* with arg; NULL = never */
	luabox_module_cb *
	    module; /* for require, with arg; NULL = there is no require but for calls with modules */
	/* Adds globals to the table on top of the stack, which it leaves there. NULL = none. May raise. */
	void (*open)(struct lua_State *l, void *arg);
	void *arg;
};

enum luabox_result {
	LUABOX_OK,
	LUABOX_RAISED, /* type, message, trace */
	LUABOX_STEPS,
	LUABOX_MEMORY,
	LUABOX_UNFIT /* an expression gave what cannot be a document; message */
};

/* How a run failed. Owned: luabox_failure_fini. */
struct luabox_failure {
	enum luabox_result result;
	char *type;       /* "Error", or the errorType of a raised table */
	char *message;    /* one sentence, without the place */
	char *place;      /* "NAME:LINE" of the innermost code that runs; NULL = not known */
	struct doc trace; /* array of strings, innermost first; DOC_NONE when there is none */
};
void luabox_failure_fini(struct luabox_failure *f);

struct luabox *luabox_new(const struct luabox_options *o);
void luabox_free(struct luabox *b); /* NULL is fine */
/* It ran out of memory or steps: what is in the state cannot be trusted to be cheap any more. */
bool luabox_broken(const struct luabox *b);

/* Bytes that the box holds, garbage included. */
size_t luabox_memory(const struct luabox *b);

/*
 * Compiles a text (never bytecode) and keeps it: the id of the code, or -1 and e "pawl.Lua" with
 * "NAME:LINE: what". name is what places are called: a state's path, a file.
 */
int luabox_load(struct luabox *b, const char *name, const char *text, size_t len, struct err *e);
/*
 * The same for an expression: what could stand behind "return", or a block that returns
 * something. What is wrong with it is told of the one that it looks like.
 */
int luabox_load_expression(struct luabox *b, const char *name, const char *text, size_t len,
    struct err *e);

struct luabox_value {
	const char *name; /* of the global or the member; NULL for arguments */
	struct doc value; /* borrowed; DOC_NONE = nil, but for what follows */
	/* An object that is asked for when somebody looks into it; what get returns is borrowed. */
	struct doc (*get)(void *arg);
	void *arg;
	/* A table of these. */
	const struct luabox_value *members;
	size_t nmembers;
};

#define LUABOX_NO_RESULT (-1)

struct luabox_call {
	uint64_t seed; /* math.random's */
	int64_t steps; /* 0 = the box's */
	const struct luabox_value *globals;
	size_t nglobals;
	/* The code returns a function (or a pure one), which is called with args. */
	bool function;
	bool pure_only; /* with function: only one made by pawl.pure may be called */
	const char *
	    member; /* with function: the code returns a table, and it is the function of that name */
	/* With function: LUABOX_NO_RESULT, or so many results as an array (nil is null); 0 = one as it is. */
	int nresults;
	const struct luabox_value *args;
	size_t nargs;
	/* The code is an expression: nil is no value (*result is DOC_NONE), and modules see none of its globals. */
	bool expression;
	/*
	 * Of an expression: an object under that name, whose members are globals as well. They hide the
	 * library's, but no others. value DOC_NONE = an empty one.
	 */
	struct luabox_value variables;
	luabox_module_cb *module;   /* instead of the box's */
	luabox_give_up_cb *give_up; /* likewise */
	void *arg;                  /* of these */
};
/* 0 and *result (owned), or -1 and *f. */
int luabox_run(struct luabox *b, int code, const struct luabox_call *c, struct doc *result,
    struct luabox_failure *f);
/* Runs the code without calling what it returns: 1 = a pure function, 0 = anything else, or it failed. */
int luabox_is_pure(struct luabox *b, int code);
/*
 * Likewise for code that returns a table of functions: 0 and *names, which lists their names (owned), or
 * -1 and *f, also when it returns anything else.
 */
int luabox_functions(struct luabox *b, int code, struct doc *names, struct luabox_failure *f);

/* Takes n steps from the budget; raises when that was the last. For functions that open offers. */
void luabox_charge(struct lua_State *l, int64_t n);

/* Steps of the last run that it did not take; not below 0. */
int64_t luabox_steps_left(const struct luabox *b);

#endif
