/*
 * path - the compiled form of a JSONPath, shared by its parser and its evaluator.
 */
#ifndef PAWL_EXPR_PATH_H
#define PAWL_EXPR_PATH_H

#include "expr/jsonpath.h"
#include "expr/regex.h"

#define PATH_STEPS_MAX 500      /* steps of one path */
#define PATH_NESTING_MAX 8      /* paths in filters of paths in filters ... */
#define PATH_PARENTHESES_MAX 64 /* nesting of ( and ! in one filter */
/*
 * What one evaluation may do, in nodes looked at (20 to 30 ns each): as much as anybody needs, for
 * it holds up all others. A large document needs more, and is rare.
 */
#define PATH_WORK_MIN 2000000u
#define PATH_WORK_PER_BYTE 2u
#define PATH_WORK_MAX 10000000u
#define PATH_RECURSION_MAX 8000u /* open calls in one evaluation */

struct path_name {
	char *s;
	size_t len;
};

enum path_step_kind {
	STEP_NAME,     /* .a ['a'] */
	STEP_NAMES,    /* ['a','b'] */
	STEP_INDEX,    /* [0] [-1] */
	STEP_INDEXES,  /* [0,1] */
	STEP_SLICE,    /* [1:3] */
	STEP_WILDCARD, /* .* [*] */
	STEP_SCAN,     /* .. : the next step applies to the node and to all below it */
	STEP_FILTER    /* [?()] */
};

struct path_step {
	enum path_step_kind kind;
	union {
		struct path_name name;
		struct {
			struct path_name *list;
			size_t n;
		} names;
		int32_t index;
		struct {
			int32_t *list;
			size_t n;
		} indexes;
		struct {
			int32_t from, to;
			bool has_from, has_to;
		} slice;
		struct path_filter *filter;
	} u;
};

enum path_function {
	FUNCTION_NONE,
	FUNCTION_MIN,
	FUNCTION_MAX,
	FUNCTION_AVG,
	FUNCTION_STDDEV,
	FUNCTION_LENGTH,
	FUNCTION_SUM,
	FUNCTION_KEYS,
	FUNCTION_CONCAT,
	FUNCTION_APPEND,
	FUNCTION_FIRST,
	FUNCTION_LAST,
	FUNCTION_INDEX
};

struct path_argument {
	struct doc literal;
	struct jsonpath *path; /* NULL = the literal */
};

struct jsonpath {
	char *text;
	enum jsonpath_root root;
	bool current;   /* begins with @: applies to the item a filter looks at */
	char *variable; /* JSONPATH_VARIABLE only */
	struct path_step *steps;
	size_t nsteps;
	size_t ndefinite; /* so many first steps give at most one node */
	enum path_function function;
	struct path_argument *arguments;
	size_t narguments;
};

enum filter_op {
	FILTER_OR,
	FILTER_AND,
	FILTER_NOT,
	FILTER_EXISTS,
	FILTER_EQ,
	FILTER_NE,
	FILTER_LT,
	FILTER_LE,
	FILTER_GT,
	FILTER_GE,
	FILTER_SAME,     /* === */
	FILTER_NOT_SAME, /* !== */
	FILTER_MATCHES,  /* =~ */
	FILTER_IN,
	FILTER_NIN,
	FILTER_SUBSETOF,
	FILTER_ANYOF,
	FILTER_NONEOF,
	FILTER_ALL,
	FILTER_SIZE,
	FILTER_EMPTY,
	FILTER_CONTAINS
};

struct filter_operand {
	struct doc literal;
	struct jsonpath *path;
	struct regex *regex;
};

struct path_filter {
	enum filter_op op;
	struct path_filter **kids; /* FILTER_OR, FILTER_AND, FILTER_NOT */
	size_t nkids;
	struct filter_operand left, right;
};

/* path_parse.c */
const char *path_function_name(enum path_function f);

/* What one evaluation may still spend; paths inside filters share it. */
struct path_work {
	struct doc root; /* $ inside filters */
	uint64_t left;
	unsigned depth;
	bool spent;
};
/* False, and for ever after, when the evaluation has had its share. */
bool path_spend(struct path_work *w, uint64_t cost);

/* path_eval.c: 0 and *out (owned), or -1. e may be NULL where nobody reads the sentence. */
int path_apply(const struct jsonpath *p, struct doc from, struct path_work *w, struct doc *out,
    struct err *e);

/* path_filter.c: does the filter take this item? */
bool path_filter_accepts(const struct path_filter *f, struct doc item, struct path_work *w);

/* path_function.c: the function at the tail of p, applied to value. */
int path_function_apply(const struct jsonpath *p, struct doc value, struct path_work *w,
    struct doc *out, struct err *e);

#endif
