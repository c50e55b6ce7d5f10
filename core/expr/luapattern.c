/*
 * luapattern - Lua's string patterns with a budget.
 *
 * A pattern is a row of items, so a match is a path through them: match() goes from item
 * to item and calls itself only where it may have to come back (a repetition
 * that can be shorter or longer), which bounds its depth by the number of items. An
 * item is passed by every successful path, hence captures need no undoing:
 * whoever reads one has written it on its own path.
 */
#include "expr/luapattern.h"

#include <string.h>

#define NO_MATCH ((size_t)-1)

/* --- compile ------------------------------------------------------------------- */

struct compiler {
	struct luapattern *p;
	const char *s, *end;
	size_t open[LUAPATTERN_CAPTURES_MAX]; /* captures that are not closed */
	size_t nopen;
	bool closed[LUAPATTERN_CAPTURES_MAX];
};

static void
set_add(uint32_t set[8], unsigned char c)
{
	set[c >> 5] |= UINT32_C(1) << (c & 31);
}

static bool
set_has(const uint32_t set[8], unsigned char c)
{
	return (set[c >> 5] >> (c & 31) & 1) != 0;
}

/* The ranges of characters that a class is: pairs of first and last. */
static const struct {
	char name;
	unsigned char n;
	const char *ranges;
} classes[] = {
	{ 'a', 2, "AZaz" },
	{ 'c', 2, "\0\x1f\x7f\x7f" },
	{ 'd', 1, "09" },
	{ 'g', 1, "!~" },
	{ 'l', 1, "az" },
	{ 'p', 4, "!/:@[`{~" },
	{ 's', 2, "\t\r  " },
	{ 'u', 1, "AZ" },
	{ 'w', 3, "09AZaz" },
	{ 'x', 3, "09AFaf" },
};

static void
set_add_range(uint32_t set[8], unsigned char from, unsigned char to)
{
	for (unsigned word = from / 32; from <= to && word <= to / 32; word++) {
		uint32_t bits = UINT32_MAX;

		if (word == from / 32)
			bits &= UINT32_MAX << from % 32;
		if (word == to / 32)
			bits &= UINT32_MAX >> (31 - to % 32);
		set[word] |= bits;
	}
}

static void
set_negate(uint32_t set[8])
{
	for (size_t i = 0; i < 8; i++)
		set[i] = ~set[i];
}

/* Adds what %c stands for: a class, its complement, or the character itself. */
static void
set_add_escaped(uint32_t set[8], char c)
{
	bool negated = c >= 'A' && c <= 'Z';
	int name = negated ? c | 0x20 : c;
	uint32_t class[8] = { 0 };

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (classes[i].name != name)
			continue;
		for (unsigned k = 0; k < classes[i].n; k++)
			set_add_range(class, (unsigned char)classes[i].ranges[2 * k],
			    (unsigned char)classes[i].ranges[2 * k + 1]);
		if (negated)
			set_negate(class);
		for (size_t k = 0; k < 8; k++)
			set[k] |= class[k];
		return;
	}
	set_add(set, (unsigned char)c);
}

/* Behind a '['. The first character may be a ']' that does not close. */
static const char *
compile_brackets(struct compiler *c, uint32_t set[8])
{
	bool negated = c->s < c->end && *c->s == '^';
	bool first = true;

	c->s += negated;
	for (;; first = false) {
		if (c->s >= c->end)
			return "malformed pattern (missing ']')";
		if (*c->s == ']' && !first)
			break;
		if (*c->s == '%') {
			if (c->end - c->s < 2)
				return "malformed pattern (missing ']')";
			set_add_escaped(set, c->s[1]);
			c->s += 2;
		} else if (c->end - c->s > 2 && c->s[1] == '-' && c->s[2] != ']') {
			set_add_range(set, (unsigned char)c->s[0], (unsigned char)c->s[2]);
			c->s += 3;
		} else {
			set_add(set, (unsigned char)*c->s++);
		}
	}
	c->s++;
	if (negated)
		set_negate(set);
	return NULL;
}

static bool
is_repeat(const struct compiler *c, const char *s)
{
	return s < c->end && (*s == '*' || *s == '+' || *s == '-' || *s == '?');
}

static struct luapattern_item *
last_item(struct compiler *c)
{
	return c->p->nitems > 0 ? &c->p->items[c->p->nitems - 1] : NULL;
}

static struct luapattern_item *
add_item(struct compiler *c, enum luapattern_kind kind)
{
	struct luapattern_item *item = &c->p->items[c->p->nitems++];

	memset(item, 0, sizeof(*item));
	item->kind = kind;
	return item;
}

static void
add_literal(struct compiler *c, const char *at)
{
	struct luapattern_item *last = last_item(c);
	size_t offset = (size_t)(at - c->p->text);

	if (last != NULL && last->kind == PATTERN_LITERAL && last->at + last->len == offset) {
		last->len++;
		return;
	}
	last = add_item(c, PATTERN_LITERAL);
	last->at = offset;
	last->len = 1;
}

/* One character, class or set, and its repetition. */
static const char *
compile_single(struct compiler *c)
{
	struct luapattern_item *item;
	const char *why;
	bool escaped = *c->s == '%';
	const char *at = c->s + escaped;

	if (*c->s != '[' && *c->s != '.' && !is_repeat(c, at + 1) &&
	    !(escaped && strchr("acdglpsuwxACDGLPSUWX", *at) != NULL && *at != '\0')) {
		add_literal(c, at);
		c->s = at + 1;
		return NULL;
	}
	item = add_item(c, PATTERN_SET);
	if (*c->s == '[') {
		c->s++;
		if ((why = compile_brackets(c, item->set)) != NULL)
			return why;
	} else {
		if (*c->s == '.')
			set_negate(item->set);
		else if (escaped)
			set_add_escaped(item->set, *at);
		else
			set_add(item->set, (unsigned char)*at);
		c->s = at + 1;
	}
	if (is_repeat(c, c->s))
		item->repeat = *c->s++;
	return NULL;
}

static const char *
compile_open(struct compiler *c)
{
	bool position = c->s + 1 < c->end && c->s[1] == ')';
	struct luapattern_item *item;

	if (c->p->ncaptures == LUAPATTERN_CAPTURES_MAX)
		return "too many captures";
	item = add_item(c, position ? PATTERN_POSITION : PATTERN_OPEN);
	item->x = (unsigned char)c->p->ncaptures++;
	c->closed[item->x] = position;
	if (!position)
		c->open[c->nopen++] = item->x;
	c->s += position ? 2 : 1;
	return NULL;
}

static const char *
compile_close(struct compiler *c)
{
	struct luapattern_item *item;

	if (c->nopen == 0)
		return "invalid pattern capture";
	item = add_item(c, PATTERN_CLOSE);
	item->x = (unsigned char)c->open[--c->nopen];
	c->closed[item->x] = true;
	c->s++;
	return NULL;
}

/* Behind a '%' that begins %b, %f or a back reference; everything else is a single character. */
static const char *
compile_escape(struct compiler *c)
{
	struct luapattern_item *item;
	char what = c->s[1];

	if (what == 'b') {
		if (c->end - c->s < 4)
			return "malformed pattern (missing arguments to '%b')";
		item = add_item(c, PATTERN_BALANCE);
		item->x = (unsigned char)c->s[2];
		item->y = (unsigned char)c->s[3];
		c->s += 4;
		return NULL;
	}
	if (what == 'f') {
		if (c->end - c->s < 3 || c->s[2] != '[')
			return "missing '[' after '%f' in pattern";
		item = add_item(c, PATTERN_FRONTIER);
		c->s += 3;
		return compile_brackets(c, item->set);
	}
	if (what >= '0' && what <= '9') {
		if (what == '0' || (size_t)(what - '1') >= c->p->ncaptures ||
		    !c->closed[what - '1'])
			return "invalid capture index in pattern";
		item = add_item(c, PATTERN_BACK);
		item->x = (unsigned char)(what - '1');
		c->s += 2;
		return NULL;
	}
	return compile_single(c);
}

static const char *
compile_next(struct compiler *c)
{
	switch (*c->s) {
	case '(':
		return compile_open(c);
	case ')':
		return compile_close(c);
	case '%':
		if (c->end - c->s < 2)
			return "malformed pattern (ends with '%')";
		return compile_escape(c);
	case '$':
		if (c->s + 1 == c->end) {
			add_item(c, PATTERN_FINISH);
			c->s++;
			return NULL;
		}
		return compile_single(c);
	default:
		return compile_single(c);
	}
}

const char *
luapattern_compile(struct luapattern *p, const char *text, size_t len)
{
	struct compiler c = { .p = p, .s = text, .end = text + len };
	const char *why;

	p->text = text;
	p->nitems = p->ncaptures = 0;
	p->anchored = len > 0 && *text == '^';
	c.s += p->anchored;
	while (c.s < c.end) {
		if (p->nitems == LUAPATTERN_ITEMS_MAX)
			return "pattern too long";
		if ((why = compile_next(&c)) != NULL)
			return why;
	}
	return c.nopen > 0 ? "unfinished capture" : NULL;
}

/* --- match ---------------------------------------------------------------------- */

struct matcher {
	const struct luapattern *p;
	const char *s;
	size_t len;
	int64_t *steps;
	struct luapattern_match *m;
};

static bool
spend(struct matcher *x, size_t n)
{
	*x->steps -= (int64_t)n;
	return *x->steps > 0;
}

static bool
matches_set(const struct matcher *x, const struct luapattern_item *item, size_t at)
{
	return at < x->len && set_has(item->set, (unsigned char)x->s[at]);
}

static size_t match(struct matcher *x, size_t i, size_t at);

/* As many as there are, then fewer. */
static size_t
match_greedy(struct matcher *x, size_t i, size_t at, size_t min)
{
	const struct luapattern_item *item = &x->p->items[i];
	size_t n = 0, end;

	while (matches_set(x, item, at + n))
		n++;
	if (!spend(x, n))
		return NO_MATCH;
	for (; n + 1 > min; n--) {
		if ((end = match(x, i + 1, at + n)) != NO_MATCH)
			return end;
		if (n == 0 || *x->steps <= 0)
			break;
	}
	return NO_MATCH;
}

/* As few as possible, then more. */
static size_t
match_lazy(struct matcher *x, size_t i, size_t at)
{
	const struct luapattern_item *item = &x->p->items[i];
	size_t end;

	while ((end = match(x, i + 1, at)) == NO_MATCH) {
		if (!matches_set(x, item, at) || *x->steps <= 0)
			return NO_MATCH;
		at++;
	}
	return end;
}

static size_t
match_balance(struct matcher *x, const struct luapattern_item *item, size_t at)
{
	size_t depth = 0;

	for (size_t k = at; k < x->len; k++) {
		unsigned char c = (unsigned char)x->s[k];

		if (!spend(x, 1) || (k == at && c != item->x))
			return NO_MATCH;
		if (c == item->y && k > at) {
			if (--depth == 0)
				return k + 1;
		} else if (c == item->x) {
			depth++;
		}
	}
	return NO_MATCH;
}

static bool
is_frontier(const struct matcher *x, const struct luapattern_item *item, size_t at)
{
	unsigned char before = at > 0 ? (unsigned char)x->s[at - 1] : 0;
	unsigned char here = at < x->len ? (unsigned char)x->s[at] : 0;

	return !set_has(item->set, before) && set_has(item->set, here);
}

/* Where text of that length goes on behind at when it stands there. */
static size_t
match_text(struct matcher *x, const char *text, size_t len, size_t at)
{
	if (!spend(x, len / 8) || x->len - at < len || memcmp(x->s + at, text, len) != 0)
		return NO_MATCH;
	return at + len;
}

/* Items that have one way to go on: where that is. */
static size_t
match_simple(struct matcher *x, const struct luapattern_item *item, size_t at)
{
	struct luapattern_match *m = x->m;

	switch (item->kind) {
	case PATTERN_LITERAL:
		return match_text(x, x->p->text + item->at, item->len, at);
	case PATTERN_SET:
		return matches_set(x, item, at) ? at + 1 : NO_MATCH;
	case PATTERN_BALANCE:
		return match_balance(x, item, at);
	case PATTERN_FRONTIER:
		return is_frontier(x, item, at) ? at : NO_MATCH;
	case PATTERN_OPEN:
		m->captures[item->x].at = at;
		return at;
	case PATTERN_POSITION:
		m->captures[item->x].at = at;
		m->captures[item->x].len = LUAPATTERN_IS_POSITION;
		return at;
	case PATTERN_CLOSE:
		m->captures[item->x].len = at - m->captures[item->x].at;
		return at;
	case PATTERN_BACK:
		if (m->captures[item->x].len == LUAPATTERN_IS_POSITION)
			return NO_MATCH;
		return match_text(x, x->s + m->captures[item->x].at, m->captures[item->x].len, at);
	case PATTERN_FINISH:
		return at == x->len ? at : NO_MATCH;
	}
	return NO_MATCH;
}

static size_t
match(struct matcher *x, size_t i, size_t at)
{
	for (; at != NO_MATCH && i < x->p->nitems; i++) {
		const struct luapattern_item *item = &x->p->items[i];
		size_t end;

		if (!spend(x, 1))
			return NO_MATCH;
		switch (item->repeat) {
		case '*':
			return match_greedy(x, i, at, 0);
		case '+':
			return match_greedy(x, i, at, 1);
		case '-':
			return match_lazy(x, i, at);
		case '?':
			if (matches_set(x, item, at) && (end = match(x, i + 1, at + 1)) != NO_MATCH)
				return end;
			break;
		default:
			at = match_simple(x, item, at);
			break;
		}
	}
	return at;
}

int
luapattern_find(const struct luapattern *p, const char *s, size_t len, size_t from, int64_t *steps,
    struct luapattern_match *m)
{
	struct matcher x = { p, s, len, steps, m };

	for (size_t at = from; at <= len; at++) {
		size_t end;

		/* an inner match must not have left what it wrote for an outer one: it is all written again */
		if ((end = match(&x, 0, at)) != NO_MATCH) {
			m->begin = at;
			m->end = end;
			m->ncaptures = p->ncaptures;
			return 1;
		}
		if (*steps <= 0)
			return -1;
		if (p->anchored)
			break;
	}
	return 0;
}
