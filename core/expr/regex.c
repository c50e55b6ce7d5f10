/*
 * regex - regular expressions with a bound on what a match may cost.
 *
 * An expression becomes a program of small instructions with relative jumps, so
 * that a counted repetition is a copy of its code. The machine keeps its choices
 * on a stack of its own (no recursion but for look-ahead) and counts its steps.
 */
#include "expr/regex.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "expr/ident.h"

#define REGEX_CODE_MAX 20000
#define REGEX_COUNT_MAX 1000
#define REGEX_NESTING_MAX 64
#define REGEX_MARKS_MAX 64
#define REGEX_SLOTS (2 * REGEX_GROUPS_MAX + REGEX_MARKS_MAX)

enum regex_op {
	OP_CHAR,     /* a: the character */
	OP_ANY,      /* . */
	OP_CLASS,    /* a: index of the class */
	OP_SPLIT,    /* goes on at +a, and at +b when that fails */
	OP_JUMP,     /* +a */
	OP_SAVE,     /* slot a = here */
	OP_PROGRESS, /* fails when slot a = here: a loop that takes nothing ends */
	OP_BEGIN,    /* ^ */
	OP_END,      /* $ */
	OP_WORD,     /* \b */
	OP_NOT_WORD, /* \B */
	OP_BACK,     /* \a */
	OP_LOOK,     /* (?=...) +1 to +a */
	OP_NOT_LOOK, /* (?!...) */
	OP_MATCH
};

struct regex_insn {
	enum regex_op op;
	int32_t a, b;
};

struct regex_range {
	uint32_t first, last;
};

struct regex_class {
	struct regex_range *list;
	size_t n;
	bool negated;
};

struct regex {
	struct regex_insn *code;
	size_t ncode, cap;
	struct regex_class *classes;
	size_t nclasses;
	size_t ngroups;
	size_t nmarks;
	int flags;
};

/* --- compile ------------------------------------------------------------- */

struct regex_parser {
	const char *s;
	size_t len, pos;
	unsigned depth;
	struct regex *re;
	struct err *e;
	bool failed;
};

static void regex_parse_alternatives(struct regex_parser *p);

static void
regex_fail(struct regex_parser *p, const char *what)
{
	if (!p->failed)
		err_set(p->e, "pawl.Regex", "%s at position %zu of the regular expression", what,
		    p->pos);
	p->failed = true;
}

static size_t
regex_emit(struct regex_parser *p, enum regex_op op, int32_t a, int32_t b)
{
	struct regex *re = p->re;

	if (re->ncode >= REGEX_CODE_MAX) {
		regex_fail(p, "Too long when its repetitions are written out");
		return 0;
	}
	if (re->ncode == re->cap) {
		re->cap = re->cap ? re->cap * 2 : 16;
		re->code = xreallocarray(re->code, re->cap, sizeof(*re->code));
	}
	re->code[re->ncode] = (struct regex_insn){ op, a, b };
	return re->ncode++;
}

static void
regex_emit_all(struct regex_parser *p, const struct regex_insn *code, size_t n)
{
	size_t i;

	for (i = 0; i < n && !p->failed; i++)
		regex_emit(p, code[i].op, code[i].a, code[i].b);
}

/* Makes room for one instruction at index at; the code behind moves as a whole. */
static void
regex_insert(struct regex_parser *p, size_t at, enum regex_op op, int32_t a, int32_t b)
{
	struct regex *re = p->re;

	regex_emit(p, op, a, b);
	if (p->failed)
		return;
	memmove(re->code + at + 1, re->code + at, (re->ncode - 1 - at) * sizeof(*re->code));
	re->code[at] = (struct regex_insn){ op, a, b };
}

static char
regex_char(const struct regex_parser *p)
{
	if (p->pos >= p->len)
		return '\0';
	return p->s[p->pos];
}

static bool
regex_peek(const struct regex_parser *p, char c)
{
	return p->pos < p->len && p->s[p->pos] == c;
}

static bool
regex_take(struct regex_parser *p, char c)
{
	if (!regex_peek(p, c))
		return false;
	p->pos++;
	return true;
}

static uint32_t
regex_take_char(struct regex_parser *p)
{
	uint32_t c = 0;
	size_t n = ident_utf8(p->s + p->pos, p->len - p->pos, &c);

	if (n == 0)
		regex_fail(p, "A character is missing");
	p->pos += n;
	return c;
}

static struct regex_class *
regex_new_class(struct regex_parser *p)
{
	struct regex *re = p->re;

	re->classes = xreallocarray(re->classes, re->nclasses + 1, sizeof(*re->classes));
	re->classes[re->nclasses] = (struct regex_class){ NULL, 0, false };
	return &re->classes[re->nclasses++];
}

static void
regex_class_add(struct regex_class *c, uint32_t first, uint32_t last)
{
	c->list = xreallocarray(c->list, c->n + 1, sizeof(*c->list));
	c->list[c->n++] = (struct regex_range){ first, last };
}

/* Adds \d \w \s, or what they leave out, when letter is one of them. */
static bool
regex_class_escape(struct regex_class *c, char letter)
{
	static const struct regex_range digits[] = { { '0', '9' } };
	static const struct regex_range words[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' },
		{ 'a', 'z' } };
	static const struct regex_range blanks[] = { { '\t', '\r' }, { ' ', ' ' } };
	const struct regex_range *set;
	uint32_t next = 0;
	size_t n, i;

	switch (letter | 0x20) {
	case 'd':
		set = digits;
		n = 1;
		break;
	case 'w':
		set = words;
		n = 4;
		break;
	case 's':
		set = blanks;
		n = 2;
		break;
	default:
		return false;
	}
	if (letter & 0x20) {
		for (i = 0; i < n; i++)
			regex_class_add(c, set[i].first, set[i].last);
		return true;
	}
	for (i = 0; i < n; i++) {
		regex_class_add(c, next, set[i].first - 1);
		next = set[i].last + 1;
	}
	regex_class_add(c, next, 0x10ffff);
	return true;
}

static uint32_t
regex_take_hex(struct regex_parser *p, size_t digits)
{
	uint32_t v = 0;

	for (; digits > 0; digits--) {
		char c = regex_char(p);

		if (c >= '0' && c <= '9')
			v = v * 16 + (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v * 16 + (uint32_t)((c | 0x20) - 'a') + 10;
		else
			regex_fail(p, "A hexadecimal digit is missing");
		p->pos++;
	}
	return v;
}

/* The character that an escape stands for; the backslash is taken. */
static uint32_t
regex_take_escaped(struct regex_parser *p)
{
	uint32_t c = regex_take_char(p);

	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'f':
		return '\f';
	case 'v':
		return '\v';
	case '0':
		return 0;
	case 'x':
		return regex_take_hex(p, 2);
	case 'u':
		return regex_take_hex(p, 4);
	default:
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			regex_fail(p, "An unknown escape ends");
		return c;
	}
}

/* One end of a range in [...]; false when it was a whole set (\d) that is added already. */
static bool
regex_class_item(struct regex_parser *p, struct regex_class *c, uint32_t *out)
{
	if (!regex_take(p, '\\')) {
		*out = regex_take_char(p);
		return true;
	}
	if (p->pos < p->len && regex_class_escape(c, p->s[p->pos])) {
		p->pos++;
		return false;
	}
	if (regex_take(p, 'b')) {
		*out = '\b';
		return true;
	}
	*out = regex_take_escaped(p);
	return true;
}

static void
regex_parse_class(struct regex_parser *p)
{
	struct regex_class c = { NULL, 0, false };
	bool first = true;

	c.negated = regex_take(p, '^');
	while (!p->failed && (first || !regex_peek(p, ']'))) {
		uint32_t from = 0, to = 0;

		first = false;
		if (!regex_class_item(p, &c, &from))
			continue;
		to = from;
		if (p->pos + 1 < p->len && p->s[p->pos] == '-' && p->s[p->pos + 1] != ']') {
			p->pos++;
			if (!regex_class_item(p, &c, &to)) {
				regex_class_add(&c, '-', '-');
				to = from;
			}
		}
		if (to < from)
			regex_fail(p, "A range is out of order");
		regex_class_add(&c, from, to);
	}
	if (!regex_take(p, ']'))
		regex_fail(p, "A ] is missing");
	*regex_new_class(p) = c;
	regex_emit(p, OP_CLASS, (int32_t)p->re->nclasses - 1, 0);
}

static void
regex_parse_group(struct regex_parser *p)
{
	size_t group = 0, look = 0;
	bool capture = false, is_look = false;

	if (++p->depth > REGEX_NESTING_MAX) {
		regex_fail(p, "Too many groups inside each other");
		return;
	}
	if (!regex_take(p, '?')) {
		capture = true;
	} else if (regex_peek(p, '=') || regex_peek(p, '!')) {
		is_look = true;
		look = regex_emit(p, regex_peek(p, '=') ? OP_LOOK : OP_NOT_LOOK, 0, 0);
		p->pos++;
	} else if (!regex_take(p, ':')) {
		regex_fail(p, "A kind of group that is not supported");
	}
	if (capture) {
		group = p->re->ngroups++;
		if (group >= REGEX_GROUPS_MAX) {
			regex_fail(p, "Too many groups");
			return;
		}
		regex_emit(p, OP_SAVE, (int32_t)group * 2, 0);
	}
	regex_parse_alternatives(p);
	if (!regex_take(p, ')'))
		regex_fail(p, "A ) is missing");
	if (capture)
		regex_emit(p, OP_SAVE, (int32_t)group * 2 + 1, 0);
	if (is_look) {
		regex_emit(p, OP_MATCH, 0, 0);
		if (!p->failed)
			p->re->code[look].a = (int32_t)(p->re->ncode - look);
	}
	p->depth--;
}

static void
regex_parse_escape(struct regex_parser *p)
{
	char c = regex_char(p);
	struct regex_class set = { NULL, 0, false };

	if (c == 'b' || c == 'B') {
		p->pos++;
		regex_emit(p, c == 'b' ? OP_WORD : OP_NOT_WORD, 0, 0);
	} else if (c >= '1' && c <= '9') {
		p->pos++;
		regex_emit(p, OP_BACK, c - '0', 0);
	} else if (regex_class_escape(&set, c)) {
		p->pos++;
		*regex_new_class(p) = set;
		regex_emit(p, OP_CLASS, (int32_t)p->re->nclasses - 1, 0);
	} else {
		regex_emit(p, OP_CHAR, (int32_t)regex_take_escaped(p), 0);
	}
}

static void
regex_parse_atom(struct regex_parser *p)
{
	switch (p->s[p->pos]) {
	case '(':
		p->pos++;
		regex_parse_group(p);
		break;
	case '[':
		p->pos++;
		regex_parse_class(p);
		break;
	case '\\':
		p->pos++;
		regex_parse_escape(p);
		break;
	case '.':
		p->pos++;
		regex_emit(p, OP_ANY, 0, 0);
		break;
	case '^':
		p->pos++;
		regex_emit(p, OP_BEGIN, 0, 0);
		break;
	case '$':
		p->pos++;
		regex_emit(p, OP_END, 0, 0);
		break;
	case '*':
	case '+':
	case '?':
		regex_fail(p, "Nothing to repeat");
		break;
	default:
		regex_emit(p, OP_CHAR, (int32_t)regex_take_char(p), 0);
		break;
	}
}

static int32_t
regex_take_count(struct regex_parser *p)
{
	int32_t v = -1;

	while (p->pos < p->len && p->s[p->pos] >= '0' && p->s[p->pos] <= '9') {
		v = (v < 0 ? 0 : v) * 10 + (p->s[p->pos++] - '0');
		if (v > REGEX_COUNT_MAX) {
			regex_fail(p, "A repetition count is too large");
			return 0;
		}
	}
	return v;
}

/* Reads * + ? {n} {n,} {n,m}; max -1 = no limit. False when there is none (a { that counts nothing is a character). */
static bool
regex_take_quantifier(struct regex_parser *p, int32_t *min, int32_t *max)
{
	size_t back = p->pos;

	if (regex_take(p, '*') || regex_take(p, '+')) {
		*min = p->s[p->pos - 1] == '+';
		*max = -1;
		return true;
	}
	if (regex_take(p, '?')) {
		*min = 0;
		*max = 1;
		return true;
	}
	if (!regex_take(p, '{'))
		return false;
	*min = *max = regex_take_count(p);
	if (*min >= 0 && regex_take(p, ','))
		*max = regex_take_count(p);
	if (*min < 0 || !regex_take(p, '}')) {
		p->pos = back;
		return false;
	}
	if (*max >= 0 && *max < *min)
		regex_fail(p, "Repetition counts are out of order");
	return true;
}

static void
regex_set_split(struct regex_parser *p, size_t at, int32_t into, int32_t past, bool lazy)
{
	if (p->failed)
		return;
	p->re->code[at].a = lazy ? past : into;
	p->re->code[at].b = lazy ? into : past;
}

/* The code from start to the end, any number of times. */
static void
regex_emit_star(struct regex_parser *p, size_t start, bool lazy)
{
	struct regex *re = p->re;
	int32_t mark = 2 * REGEX_GROUPS_MAX + (int32_t)re->nmarks;

	if (re->nmarks >= REGEX_MARKS_MAX) {
		regex_fail(p, "Too many repetitions");
		return;
	}
	re->nmarks++;
	regex_insert(p, start, OP_SAVE, mark, 0);
	regex_insert(p, start, OP_SPLIT, 0, 0);
	regex_emit(p, OP_PROGRESS, mark, 0);
	regex_emit(p, OP_JUMP, (int32_t)start - (int32_t)re->ncode, 0);
	regex_set_split(p, start, 1, (int32_t)(re->ncode - start), lazy);
}

static void
regex_emit_repeat(struct regex_parser *p, size_t start, int32_t min, int32_t max, bool lazy)
{
	struct regex *re = p->re;
	size_t atom = re->ncode - start;
	struct regex_insn *code = xreallocarray(NULL, atom + 1, sizeof(*code));
	int32_t i;

	memcpy(code, re->code + start, atom * sizeof(*code));
	re->ncode = start;
	for (i = 0; i < min; i++)
		regex_emit_all(p, code, atom);
	if (max < 0) {
		size_t loop = re->ncode;

		regex_emit_all(p, code, atom);
		if (!p->failed)
			regex_emit_star(p, loop, lazy);
	}
	for (; i < max && !p->failed; i++) {
		size_t split = regex_emit(p, OP_SPLIT, 0, 0);

		regex_emit_all(p, code, atom);
		regex_set_split(p, split, 1, (int32_t)(re->ncode - split), lazy);
	}
	free(code);
}

static void
regex_parse_sequence(struct regex_parser *p)
{
	while (!p->failed && p->pos < p->len && !regex_peek(p, '|') && !regex_peek(p, ')')) {
		size_t start = p->re->ncode;
		int32_t min, max;

		regex_parse_atom(p);
		if (!p->failed && regex_take_quantifier(p, &min, &max)) {
			bool lazy = regex_take(p, '?');

			if (!p->failed)
				regex_emit_repeat(p, start, min, max, lazy);
		}
	}
}

/* a|b|c: a split before each but the last, and a jump to the end behind it. */
static void
regex_parse_alternatives(struct regex_parser *p)
{
	struct regex *re = p->re;
	size_t start = re->ncode, njumps = 0, i;
	size_t *jumps = NULL;

	regex_parse_sequence(p);
	while (!p->failed && regex_take(p, '|')) {
		regex_insert(p, start, OP_SPLIT, 1, 0);
		jumps = xreallocarray(jumps, njumps + 1, sizeof(*jumps));
		jumps[njumps++] = regex_emit(p, OP_JUMP, 0, 0);
		if (!p->failed)
			re->code[start].b = (int32_t)(re->ncode - start);
		start = re->ncode;
		regex_parse_sequence(p);
	}
	for (i = 0; i < njumps && !p->failed; i++)
		re->code[jumps[i]].a = (int32_t)(re->ncode - jumps[i]);
	free(jumps);
}

struct regex *
regex_compile(const char *text, size_t len, int flags, struct err *e)
{
	struct regex *re = xcalloc(1, sizeof(*re));
	struct regex_parser p = { .s = text, .len = len, .re = re, .e = e };

	re->flags = flags;
	re->ngroups = 1;
	regex_emit(&p, OP_SAVE, 0, 0);
	regex_parse_alternatives(&p);
	if (!p.failed && p.pos < p.len)
		regex_fail(&p, "A ) without its (");
	regex_emit(&p, OP_SAVE, 1, 0);
	regex_emit(&p, OP_MATCH, 0, 0);
	if (p.failed) {
		regex_free(re);
		return NULL;
	}
	return re;
}

void
regex_free(struct regex *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->nclasses; i++)
		free(r->classes[i].list);
	free(r->classes);
	free(r->code);
	free(r);
}

/* --- match --------------------------------------------------------------- */

/* A choice to come back to (slot SIZE_MAX), or the value that a slot had before it. */
struct regex_choice {
	size_t pc, pos, slot;
};

struct regex_machine {
	const struct regex *re;
	const char *s;
	size_t len;
	size_t slots[REGEX_SLOTS];
	struct regex_choice *stack;
	size_t depth, cap;
	unsigned steps, steps_max;
	bool whole;
};

static void
regex_push(struct regex_machine *m, size_t pc, size_t pos, size_t slot)
{
	if (m->depth == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 64;
		m->stack = xreallocarray(m->stack, m->cap, sizeof(*m->stack));
	}
	m->stack[m->depth++] = (struct regex_choice){ pc, pos, slot };
}

static uint32_t
regex_fold(const struct regex_machine *m, uint32_t c)
{
	return (m->re->flags & REGEX_IGNORE_CASE) && c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool
regex_is_word(const struct regex_machine *m, size_t pos)
{
	char c;

	if (pos >= m->len)
		return false;
	c = m->s[pos];
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static bool
regex_at_word_edge(const struct regex_machine *m, size_t pos)
{
	return regex_is_word(m, pos) != (pos > 0 && regex_is_word(m, pos - 1));
}

static bool
regex_in_ranges(const struct regex_class *c, uint32_t ch)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (ch >= c->list[i].first && ch <= c->list[i].last)
			return true;
	return false;
}

static bool
regex_in_class(const struct regex_machine *m, const struct regex_class *c, uint32_t ch)
{
	bool in = regex_in_ranges(c, ch);

	if (!in && (m->re->flags & REGEX_IGNORE_CASE)) {
		if (ch >= 'A' && ch <= 'Z')
			in = regex_in_ranges(c, ch + 32);
		else if (ch >= 'a' && ch <= 'z')
			in = regex_in_ranges(c, ch - 32);
	}
	return in != c->negated;
}

static bool
regex_at_line_edge(const struct regex_machine *m, size_t pos, bool begin)
{
	if (begin ? pos == 0 : pos == m->len)
		return true;
	if (!(m->re->flags & REGEX_MULTILINE))
		return false;
	return begin ? m->s[pos - 1] == '\n' : m->s[pos] == '\n';
}

/* Takes the text of an earlier group again. */
static bool
regex_take_group(const struct regex_machine *m, size_t group, size_t *pos)
{
	size_t from = m->slots[group * 2], to = m->slots[group * 2 + 1], i;

	if (from == SIZE_MAX || to == SIZE_MAX)
		return true;
	if (to - from > m->len - *pos)
		return false;
	for (i = 0; i < to - from; i++)
		if (regex_fold(m, (unsigned char)m->s[from + i]) !=
		    regex_fold(m, (unsigned char)m->s[*pos + i]))
			return false;
	*pos += to - from;
	return true;
}

/* One instruction that looks at one character. */
static bool
regex_take_one(const struct regex_machine *m, const struct regex_insn *in, size_t *pos)
{
	uint32_t c;
	size_t n = ident_utf8(m->s + *pos, m->len - *pos, &c);

	if (n == 0)
		return false;
	*pos += n;
	switch (in->op) {
	case OP_CHAR:
		return regex_fold(m, c) == regex_fold(m, (uint32_t)in->a);
	case OP_ANY:
		return (m->re->flags & REGEX_DOT_ALL) || (c != '\n' && c != '\r');
	default:
		return regex_in_class(m, &m->re->classes[in->a], c);
	}
}

static int regex_run(struct regex_machine *m, size_t pc, size_t pos);

/* Runs one instruction that neither chooses nor ends. False = this way fails. */
static bool
regex_step(struct regex_machine *m, const struct regex_insn *in, size_t *pc, size_t *pos)
{
	int r;

	switch (in->op) {
	case OP_CHAR:
	case OP_ANY:
	case OP_CLASS:
		++*pc;
		return regex_take_one(m, in, pos);
	case OP_JUMP:
		*pc = (size_t)((int64_t)*pc + in->a);
		return true;
	case OP_SAVE:
		++*pc;
		regex_push(m, 0, m->slots[in->a], (size_t)in->a);
		m->slots[in->a] = *pos;
		return true;
	case OP_PROGRESS:
		++*pc;
		return m->slots[in->a] != *pos;
	case OP_BEGIN:
	case OP_END:
		++*pc;
		return regex_at_line_edge(m, *pos, in->op == OP_BEGIN);
	case OP_WORD:
	case OP_NOT_WORD:
		++*pc;
		return regex_at_word_edge(m, *pos) == (in->op == OP_WORD);
	case OP_BACK:
		++*pc;
		return regex_take_group(m, (size_t)in->a, pos);
	default: /* OP_LOOK, OP_NOT_LOOK */
		r = regex_run(m, *pc + 1, *pos);
		*pc += (size_t)in->a;
		return r >= 0 && (r == 1) == (in->op == OP_LOOK);
	}
}

/* Undoes choices down to the last open one. False when none is left above base. */
static bool
regex_back(struct regex_machine *m, size_t base, size_t *pc, size_t *pos)
{
	while (m->depth > base) {
		struct regex_choice *c = &m->stack[--m->depth];

		if (c->slot == SIZE_MAX) {
			*pc = c->pc;
			*pos = c->pos;
			return true;
		}
		m->slots[c->slot] = c->pos;
	}
	return false;
}

static int
regex_run(struct regex_machine *m, size_t pc, size_t pos)
{
	size_t base = m->depth;

	for (;;) {
		const struct regex_insn *in = &m->re->code[pc];
		bool good = true;

		if (++m->steps > m->steps_max)
			return -1;
		if (in->op == OP_MATCH) {
			/* Only the whole expression ends at the end of the code. */
			bool inner = pc + 1 < m->re->ncode;

			good = inner || !m->whole || pos == m->len;
			while (inner && regex_back(m, base, &pc, &pos))
				;
			if (good)
				return 1;
		} else if (in->op == OP_SPLIT) {
			regex_push(m, (size_t)((int64_t)pc + in->b), pos, SIZE_MAX);
			pc = (size_t)((int64_t)pc + in->a);
		} else {
			good = regex_step(m, in, &pc, &pos);
			if (m->steps > m->steps_max)
				return -1;
		}
		if (!good && !regex_back(m, base, &pc, &pos))
			return 0;
	}
}

static int
regex_start(struct regex_machine *m, size_t pos)
{
	size_t i;

	for (i = 0; i < REGEX_SLOTS; i++)
		m->slots[i] = SIZE_MAX;
	m->depth = 0;
	return regex_run(m, 0, pos);
}

int
regex_whole(const struct regex *r, const char *s, size_t len, unsigned *steps)
{
	struct regex_machine m = { .re = r,
		.s = s,
		.len = len,
		.steps_max = *steps,
		.whole = true };
	int found = regex_start(&m, 0);

	*steps = m.steps < *steps ? *steps - m.steps : 0;
	free(m.stack);
	return found;
}

int
regex_search(const struct regex *r, const char *s, size_t len, size_t from, struct regex_match *out)
{
	struct regex_machine m = { .re = r, .s = s, .len = len, .steps_max = REGEX_STEPS_MAX };
	int found = 0;
	size_t i;

	for (; from <= len; from++) {
		if (from < len && ((unsigned char)s[from] & 0xc0) == 0x80)
			continue;
		found = regex_start(&m, from);
		if (found != 0)
			break;
	}
	free(m.stack);
	if (found != 1)
		return found;
	out->ngroups = r->ngroups;
	for (i = 0; i < r->ngroups; i++) {
		bool whole = m.slots[i * 2] != SIZE_MAX && m.slots[i * 2 + 1] != SIZE_MAX;

		out->start[i] = whole ? m.slots[i * 2] : SIZE_MAX;
		out->end[i] = whole ? m.slots[i * 2 + 1] : SIZE_MAX;
	}
	return 1;
}
