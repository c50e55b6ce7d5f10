/*
 * luapattern - Lua's string patterns with a budget: matching stops when its steps
 * are used up, which the original cannot.
 */
#ifndef PAWL_EXPR_LUAPATTERN_H
#define PAWL_EXPR_LUAPATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LUAPATTERN_ITEMS_MAX 200
#define LUAPATTERN_CAPTURES_MAX 32

enum luapattern_kind {
	PATTERN_LITERAL,  /* text[at .. at + len) */
	PATTERN_SET,      /* one character of set, repeated as repeat says */
	PATTERN_BALANCE,  /* %bxy */
	PATTERN_FRONTIER, /* %f[set] */
	PATTERN_OPEN,     /* ( */
	PATTERN_POSITION, /* () */
	PATTERN_CLOSE,    /* ) */
	PATTERN_BACK,     /* %1 */
	PATTERN_FINISH    /* $ at the end */
};

struct luapattern_item {
	enum luapattern_kind kind;
	char repeat;        /* 0, '*', '+', '-', '?' */
	unsigned char x, y; /* BALANCE; x is the capture of OPEN ... BACK */
	size_t at, len;
	uint32_t set[8];
};

/* Borrows the pattern's text. */
struct luapattern {
	const char *text;
	bool anchored;
	size_t nitems;
	size_t ncaptures;
	struct luapattern_item items[LUAPATTERN_ITEMS_MAX];
};

#define LUAPATTERN_IS_POSITION ((size_t)-1)

struct luapattern_match {
	size_t begin, end; /* of the whole */
	size_t ncaptures;
	struct {
		size_t at, len; /* len LUAPATTERN_IS_POSITION: a position capture */
	} captures[LUAPATTERN_CAPTURES_MAX];
};

/* NULL, or what is wrong with the pattern. */
const char *luapattern_compile(struct luapattern *p, const char *text, size_t len);
/*
 * The first match at or after from (at from only when the pattern is anchored). 1 = found, 0 = there is none,
 * -1 = *steps, which it takes from, ran out.
 */
int luapattern_find(const struct luapattern *p, const char *s, size_t len, size_t from,
    int64_t *steps, struct luapattern_match *m);

#endif
