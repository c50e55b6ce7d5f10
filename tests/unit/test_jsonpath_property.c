/*
 * test_jsonpath_property - random paths on random documents, beside a slow evaluator that
 * was written from the description of the dialect.
 *
 * A path is made as a tree of what it means; its text is one of many spellings of that. The
 * evaluator works on the tree and on plain values (property.h), one step after the other
 * on the list of all nodes reached so far. It shares nothing with core/expr.
 */
#include "property.h"

#include <math.h>

#include "expr/jsonpath.h"

#define TRIALS 3000
#define PATHS 8 /* tried on each document */

/* --- paths ------------------------------------------------------------------------- */

enum kind { NAME, NAMES, INDEX, INDEXES, SLICE, WILDCARD, FILTER };

enum op { OR, AND, NOT, EXISTS, EQ, NE, SAME, NOT_SAME, LT, LE, GT, GE, IN, NIN, SIZE, EMPTY };

struct path;

struct operand {
	struct path *path;    /* or */
	struct tree *literal; /* one of both */
};

struct filter {
	enum op op;
	struct filter *kids[2];
	struct operand left, right;
};

struct step {
	enum kind kind;
	bool scan; /* .. stands before it */
	struct tree *names[3];
	int indexes[3];
	unsigned n; /* of names or indexes */
	bool has_from, has_to;
	int from, to;
	struct filter *filter;
};

enum function { PLAIN, LENGTH, SUM, MIN, MAX, AVG, STDDEV, KEYS, FIRST, LAST, ELEMENT, APPEND };

struct path {
	bool current; /* begins with @ */
	struct step steps[6];
	unsigned nsteps;
	enum function function;
	int index;               /* ELEMENT */
	struct operand appended; /* APPEND */
};

/* --- random paths -------------------------------------------------------------------- */

static const char *const keys[] = { "a", "b", "c", "id", "x-y", "2", "\xc3\xa9", "a b", "it's",
	"q\"q", "back\\slash", "" };
#define NKEYS (sizeof(keys) / sizeof(*keys))

static struct tree *
random_leaf(struct trial *t)
{
	static const char *const numbers[] = { "0", "1", "2", "3", "42", "-1", "1.5", "2.0", "0.25",
		"1e1", "100" };
	static const char *const strings[] = { "", "a", "b", "x", "42", "1.0", "2", "it's",
		"\xc3\xa9", "zz" };

	switch (trial_below(t, 8)) {
	case 0:
		return tree_new(t, DOC_NULL);
	case 1:
		return tree_new(t, trial_one_in(t, 2) ? DOC_TRUE : DOC_FALSE);
	case 2:
	case 3:
		return tree_string(t, strings[trial_below(t, sizeof(strings) / sizeof(*strings))]);
	default:
		return tree_number(t, numbers[trial_below(t, sizeof(numbers) / sizeof(*numbers))]);
	}
}

static struct tree *
random_document(struct trial *t)
{
	static const struct tree_words words = { keys, NKEYS, random_leaf, 6 };
	struct tree *v = tree_random(t, &words, 4);

	/* most of them have something to find */
	return v->n > 0 || trial_one_in(t, 10) ? v : tree_random(t, &words, 4);
}

static struct tree *
random_name(struct trial *t)
{
	/* the common ones more often */
	return tree_string(t, keys[trial_below(t, trial_one_in(t, 2) ? 4 : NKEYS)]);
}

static int
random_index(struct trial *t)
{
	return (int)trial_below(t, 10) - 4;
}

static struct path *random_path(struct trial *t, unsigned depth, bool current);

/* A literal, a list of literals, or a path. */
static struct operand
random_operand(struct trial *t, unsigned depth)
{
	if (!trial_one_in(t, 3))
		return (struct operand){ .literal = random_leaf(t) };
	return (struct operand){ .path = random_path(t, depth, !trial_one_in(t, 4)) };
}

static struct filter *
random_comparison(struct trial *t, unsigned depth)
{
	struct filter *f = arena_alloc(&t->arena, sizeof(*f));

	f->op = (enum op)(EXISTS + trial_below(t, EMPTY - EXISTS + 1));
	f->left.path = random_path(t, depth, true);
	if (f->op == EXISTS)
		return f;
	if (f->op == IN || f->op == NIN) {
		f->right.literal = tree_new(t, DOC_ARRAY);
		for (unsigned n = trial_below(t, 4); n > 0; n--)
			tree_add(t, f->right.literal, NULL, random_leaf(t));
	} else if (f->op == SIZE) {
		f->right.literal = tree_number(t, trial_one_in(t, 2) ? "2" : "0");
	} else if (f->op == EMPTY) {
		f->right.literal = tree_new(t, trial_one_in(t, 2) ? DOC_TRUE : DOC_FALSE);
	} else {
		f->right = random_operand(t, depth);
		if (f->right.literal != NULL && trial_one_in(t, 4)) {
			struct operand left = f->left;

			f->left = f->right;
			f->right = left;
		}
	}
	return f;
}

static struct filter *
random_filter(struct trial *t, unsigned depth, unsigned nesting)
{
	struct filter *f;

	if (nesting == 0 || !trial_one_in(t, 3))
		return random_comparison(t, depth);
	f = arena_alloc(&t->arena, sizeof(*f));
	f->op = (enum op)trial_below(t, 3);
	f->kids[0] = random_filter(t, depth, nesting - 1);
	if (f->op != NOT)
		f->kids[1] = random_filter(t, depth, nesting - 1);
	return f;
}

static void
random_step(struct trial *t, struct step *s, unsigned depth)
{
	static const enum kind kinds[] = { NAME, NAME, NAME, NAME, INDEX, INDEX, WILDCARD, WILDCARD,
		SLICE, INDEXES, NAMES, FILTER, FILTER };

	do
		s->kind = kinds[trial_below(t, sizeof(kinds) / sizeof(*kinds))];
	while (s->kind == FILTER && depth == 0);
	s->scan = trial_one_in(t, 7);
	s->n = s->kind == NAMES || s->kind == INDEXES ? 2 + trial_below(t, 2) : 1;
	for (unsigned i = 0; i < s->n; i++) {
		s->names[i] = random_name(t);
		s->indexes[i] = random_index(t);
	}
	s->has_from = !trial_one_in(t, 3);
	s->has_to = !s->has_from || trial_one_in(t, 2);
	s->from = random_index(t);
	s->to = random_index(t);
	if (s->kind == FILTER)
		s->filter = random_filter(t, depth - 1, 2);
}

/* depth: how deep paths may stand in filters of paths. */
static struct path *
random_path(struct trial *t, unsigned depth, bool current)
{
	static const enum function exact[] = { LENGTH, SUM, MIN, MAX, FIRST, LAST, ELEMENT };
	struct path *p = arena_alloc(&t->arena, sizeof(*p));
	bool outermost = depth == 2;

	p->current = current;
	p->nsteps = trial_below(t, outermost ? 6 : 3);
	for (unsigned i = 0; i < p->nsteps; i++)
		random_step(t, &p->steps[i], depth);
	if (!trial_one_in(t, 6))
		return p;
	p->index = random_index(t);
	/* what compares in a filter must not depend on how sums are rounded */
	p->function = outermost ? (enum function)(LENGTH + trial_below(t, APPEND - LENGTH + 1))
				: exact[trial_below(t, sizeof(exact) / sizeof(*exact))];
	if (p->function == APPEND) {
		if (trial_one_in(t, 2))
			p->appended.literal = random_leaf(t);
		else
			p->appended.path = random_path(t, 0, false);
	}
	return p;
}

/* --- their text -------------------------------------------------------------------------- */

static void
write_blank(struct trial *t, struct buf *out)
{
	if (trial_one_in(t, 6))
		buf_addc(out, ' ');
}

/* In either quotes; a quote of the other kind stands as it is. */
static void
write_quoted(struct trial *t, const struct tree *v, struct buf *out)
{
	char quote = trial_one_in(t, 2) ? '\'' : '"';

	buf_addc(out, quote);
	for (size_t i = 0; i < v->len; i++) {
		char c = v->text[i];

		if (c == quote || c == '\\')
			buf_addf(out, "\\%c", c);
		else if ((unsigned char)c < 0x80 && trial_one_in(t, 12))
			buf_addf(out, "\\u%04x", c);
		else
			buf_addc(out, c);
	}
	buf_addc(out, quote);
}

static bool
is_bare(const struct tree *name)
{
	for (size_t i = 0; i < name->len; i++) {
		if (strchr(" '\"\\", name->text[i]) != NULL)
			return false;
	}
	return name->len > 0;
}

static void write_path(struct trial *t, const struct path *p, struct buf *out);

static void
write_literal(struct trial *t, const struct tree *v, struct buf *out)
{
	if (v->type == DOC_STRING) {
		write_quoted(t, v, out);
		return;
	}
	if (v->type != DOC_ARRAY) {
		tree_print(v, out);
		return;
	}
	buf_addc(out, '[');
	for (size_t i = 0; i < v->n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		write_blank(t, out);
		write_literal(t, v->kids[i], out);
	}
	buf_addc(out, ']');
}

static void
write_operand(struct trial *t, const struct operand *o, struct buf *out)
{
	if (o->path != NULL)
		write_path(t, o->path, out);
	else
		write_literal(t, o->literal, out);
}

static void write_filter(struct trial *t, const struct filter *f, struct buf *out);

/* An operand of && || or !, in parentheses when it binds less tightly than that. */
static void
write_kid(struct trial *t, enum op around, const struct filter *f, struct buf *out)
{
	bool must = (f->op == OR && around != OR) || (f->op == AND && around == NOT);
	bool parentheses = must || trial_one_in(t, 3);

	if (parentheses)
		buf_addc(out, '(');
	write_filter(t, f, out);
	if (parentheses)
		buf_addc(out, ')');
}

static void
write_filter(struct trial *t, const struct filter *f, struct buf *out)
{
	static const char *const texts[] = { [EQ] = "==",
		[NE] = "!=",
		[SAME] = "===",
		[NOT_SAME] = "!==",
		[LT] = "<",
		[LE] = "<=",
		[GT] = ">",
		[GE] = ">=",
		[IN] = "in",
		[NIN] = "nin",
		[SIZE] = "size",
		[EMPTY] = "empty" };

	write_blank(t, out);
	switch (f->op) {
	case OR:
	case AND:
		write_kid(t, f->op, f->kids[0], out);
		buf_adds(out, f->op == OR ? "||" : "&&");
		write_kid(t, f->op, f->kids[1], out);
		break;
	case NOT:
		buf_addc(out, '!');
		write_kid(t, f->op, f->kids[0], out);
		break;
	case EXISTS:
		write_operand(t, &f->left, out);
		break;
	default:
		write_operand(t, &f->left, out);
		buf_addf(out, " %s ", texts[f->op]);
		write_operand(t, &f->right, out);
		break;
	}
	write_blank(t, out);
}

static void
write_slice(struct trial *t, const struct step *s, struct buf *out)
{
	if (s->has_from)
		buf_addf(out, "%d", s->from);
	buf_addc(out, ':');
	if (s->has_to)
		buf_addf(out, "%d", s->to);
	/* a third part means nothing */
	if (s->has_to && trial_one_in(t, 5))
		buf_adds(out, ":2");
}

static void
write_bracket(struct trial *t, const struct step *s, struct buf *out)
{
	buf_addc(out, '[');
	write_blank(t, out);
	for (unsigned i = 0; (s->kind == NAME || s->kind == NAMES) && i < s->n; i++) {
		buf_adds(out, i > 0 ? ", " : "");
		write_quoted(t, s->names[i], out);
	}
	for (unsigned i = 0; (s->kind == INDEX || s->kind == INDEXES) && i < s->n; i++)
		buf_addf(out, "%s%d", i > 0 ? "," : "", s->indexes[i]);
	if (s->kind == SLICE)
		write_slice(t, s, out);
	if (s->kind == WILDCARD)
		buf_addc(out, '*');
	if (s->kind == FILTER) {
		buf_adds(out, "?(");
		write_filter(t, s->filter, out);
		buf_addc(out, ')');
	}
	write_blank(t, out);
	buf_addc(out, ']');
}

static void
write_step(struct trial *t, const struct step *s, struct buf *out)
{
	bool bare = (s->kind == NAME && is_bare(s->names[0])) || s->kind == WILDCARD;

	bare = bare && !trial_one_in(t, 3);
	if (s->scan)
		buf_adds(out, "..");
	else if (bare || trial_one_in(t, 8))
		buf_addc(out, '.');
	if (!bare)
		write_bracket(t, s, out);
	else if (s->kind == WILDCARD)
		buf_addc(out, '*');
	else
		buf_add(out, s->names[0]->text, s->names[0]->len);
}

static void
write_path(struct trial *t, const struct path *p, struct buf *out)
{
	static const char *const names[] = { [LENGTH] = "length",
		[SUM] = "sum",
		[MIN] = "min",
		[MAX] = "max",
		[AVG] = "avg",
		[STDDEV] = "stddev",
		[KEYS] = "keys",
		[FIRST] = "first",
		[LAST] = "last",
		[ELEMENT] = "index",
		[APPEND] = "append" };

	buf_addc(out, p->current ? '@' : '$');
	for (unsigned i = 0; i < p->nsteps; i++)
		write_step(t, &p->steps[i], out);
	if (p->function == PLAIN)
		return;
	buf_addf(out, ".%s(", names[p->function]);
	if (p->function == ELEMENT)
		buf_addf(out, "%d", p->index);
	if (p->function == APPEND)
		write_operand(t, &p->appended, out);
	buf_addc(out, ')');
}

/* --- the evaluator ------------------------------------------------------------------------- */

/* UNKNOWN: nobody has told what the service does. */
enum outcome { FOUND, FAILED, UNKNOWN };

struct result {
	enum outcome outcome;
	struct tree *value;
	bool rounded; /* a number to compare as such */
};

static const struct result failed = { FAILED, NULL, false }, unknown = { UNKNOWN, NULL, false };

static struct result
found(struct tree *v)
{
	return (struct result){ FOUND, v, false };
}

static struct result evaluate(struct trial *t, const struct path *p, struct tree *root,
    struct tree *item);

/* The nodes that a path has reached, in order; a list without names of its own. */
static struct tree *
nodes_new(struct trial *t)
{
	return tree_new(t, DOC_ARRAY);
}

static bool
is_definite_step(const struct path *p, unsigned at)
{
	const struct step *s = &p->steps[at];

	if (s->scan)
		return false;
	return s->kind == NAME || s->kind == INDEX || (s->kind == NAMES && at + 1 == p->nsteps);
}

static struct tree *
element(const struct tree *array, int index)
{
	if (index < 0)
		index += (int)array->n;
	return index >= 0 && index < (int)array->n ? array->kids[index] : NULL;
}

/* Several names at the end: one object of those that are there. */
static struct tree *
picked(struct trial *t, const struct step *s, const struct tree *from)
{
	struct tree *out = tree_new(t, DOC_OBJECT);

	for (unsigned i = 0; i < s->n; i++) {
		struct tree *v = tree_get(from, s->names[i]);

		if (v != NULL && tree_get(out, s->names[i]) == NULL)
			tree_add(t, out, s->names[i], v);
	}
	return out;
}

static unsigned
distinct_names(const struct step *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++) {
		bool first = true;

		for (unsigned k = 0; k < i; k++)
			first = first && !tree_same_text(s->names[k], s->names[i]);
		n += first;
	}
	return n;
}

/* Positions of a slice; a negative beginning with an end counts up through zero. */
static void
take_slice(struct trial *t, const struct step *s, const struct tree *array, struct tree *out)
{
	int n = (int)array->n, from = s->has_from ? s->from : 0, to = s->has_to ? s->to : n;

	if (!s->has_to && from < 0)
		from = from + n < 0 ? 0 : from + n;
	if (!s->has_from && to < 0)
		to += n;
	for (int i = from; i < to; i++) {
		if (i >= -n && i < n)
			tree_add(t, out, NULL, element(array, i));
	}
}

/* --- filters */

static double
number(const struct tree *v)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)v->len, v->text);
	return strtod(text, NULL);
}

static bool
equal(const struct tree *a, const struct tree *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == DOC_NUMBER)
		return number(a) == number(b);
	if (a->type == DOC_STRING)
		return tree_same_text(a, b);
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		struct tree *other = a->type == DOC_OBJECT ? tree_get(b, a->keys[i]) : b->kids[i];

		if (other == NULL || !equal(a->kids[i], other))
			return false;
	}
	return true;
}

static bool
is_numeric_text(const struct tree *v)
{
	char text[64], *end;

	if (v->len == 0 || v->len >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)v->len, v->text);
	(void)strtod(text, &end);
	return *end == '\0';
}

/* A number takes a string for the number it spells, a string takes a number for its text. */
static bool
equal_loosely(const struct tree *a, const struct tree *b)
{
	if (a->type == DOC_NUMBER && b->type == DOC_STRING)
		return is_numeric_text(b) && number(a) == number(b);
	if (a->type == DOC_STRING && b->type == DOC_NUMBER)
		return tree_same_text(a, b);
	return equal(a, b);
}

static bool
in_order(enum op op, const struct tree *a, const struct tree *b)
{
	double r;

	if (a->type != b->type || (a->type != DOC_NUMBER && a->type != DOC_STRING))
		return false;
	if (a->type == DOC_NUMBER) {
		r = number(a) - number(b);
	} else {
		int first = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

		r = first != 0 ? first : (double)a->len - (double)b->len;
	}
	return op == LT ? r < 0 : op == LE ? r <= 0 : op == GT ? r > 0 : r >= 0;
}

static size_t
characters(const struct tree *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->len; i++)
		n += ((unsigned char)v->text[i] & 0xc0) != 0x80;
	return n;
}

/* Of what has a size; -1 of the rest. */
static int
size_of(const struct tree *v)
{
	if (v->type == DOC_STRING)
		return (int)characters(v);
	return v->type == DOC_ARRAY || v->type == DOC_OBJECT ? (int)v->n : -1;
}

static bool
listed(const struct tree *v, const struct tree *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (equal_loosely(v, list->kids[i]))
			return true;
	}
	return false;
}

/* NULL = undefined. */
static struct tree *
value_of(struct trial *t, const struct operand *o, struct tree *root, struct tree *item,
    bool *unsure)
{
	struct result r;

	if (o->path == NULL)
		return o->literal;
	r = evaluate(t, o->path, root, item);
	*unsure = *unsure || r.outcome == UNKNOWN;
	return r.outcome == FOUND ? r.value : NULL;
}

static bool
compare(enum op op, const struct tree *a, const struct tree *b)
{
	bool both = a != NULL && b != NULL;

	switch (op) {
	case EQ:
		return both && equal_loosely(a, b);
	case NE:
		return !(both && equal_loosely(a, b));
	case SAME:
	case NOT_SAME:
		return (both && equal(a, b)) == (op == SAME);
	case IN:
		return both && listed(a, b);
	case NIN:
		return !(both && listed(a, b));
	case SIZE:
		return both && size_of(a) == (int)number(b);
	case EMPTY:
		return both && size_of(a) >= 0 && (size_of(a) == 0) == (b->type == DOC_TRUE);
	default:
		return both && in_order(op, a, b);
	}
}

static bool
is_definite(const struct path *p)
{
	for (unsigned i = 0; i < p->nsteps; i++) {
		if (!is_definite_step(p, i))
			return false;
	}
	return true;
}

static bool
accepts(struct trial *t, const struct filter *f, struct tree *root, struct tree *item, bool *unsure)
{
	struct tree *a, *b;

	switch (f->op) {
	case OR:
		return accepts(t, f->kids[0], root, item, unsure) ||
		    accepts(t, f->kids[1], root, item, unsure);
	case AND:
		return accepts(t, f->kids[0], root, item, unsure) &&
		    accepts(t, f->kids[1], root, item, unsure);
	case NOT:
		return !accepts(t, f->kids[0], root, item, unsure);
	case EXISTS:
		a = value_of(t, &f->left, root, item, unsure);
		/* a path that may find many finds none: an empty array */
		if (a != NULL && f->left.path->function == PLAIN && !is_definite(f->left.path))
			return a->n > 0;
		return a != NULL;
	default:
		a = value_of(t, &f->left, root, item, unsure);
		b = value_of(t, &f->right, root, item, unsure);
		return compare(f->op, a, b);
	}
}

/* --- steps */

struct walk {
	struct trial *t;
	struct tree *root;
	bool unsure;
};

/* One step from one node, which it need not fit. */
static void
take_step(struct walk *w, const struct path *p, unsigned at, struct tree *from, struct tree *out)
{
	const struct step *s = &p->steps[at];
	struct tree *v;

	switch (s->kind) {
	case NAME:
		if ((v = tree_get(from, s->names[0])) != NULL)
			tree_add(w->t, out, NULL, v);
		break;
	case NAMES:
		if (from->type != DOC_OBJECT)
			break;
		if (at + 1 == p->nsteps) {
			v = picked(w->t, s, from);
			/* behind .. only objects that have all of them count */
			if (!s->scan || v->n == distinct_names(s))
				tree_add(w->t, out, NULL, v);
			break;
		}
		for (unsigned i = 0; i < s->n; i++) {
			if ((v = tree_get(from, s->names[i])) != NULL)
				tree_add(w->t, out, NULL, v);
		}
		break;
	case INDEX:
	case INDEXES:
		for (unsigned i = 0; from->type == DOC_ARRAY && i < s->n; i++) {
			if ((v = element(from, s->indexes[i])) != NULL)
				tree_add(w->t, out, NULL, v);
		}
		break;
	case SLICE:
		if (from->type == DOC_ARRAY)
			take_slice(w->t, s, from, out);
		break;
	case WILDCARD:
		for (size_t i = 0; i < from->n; i++)
			tree_add(w->t, out, NULL, from->kids[i]);
		break;
	case FILTER:
		if (from->type == DOC_OBJECT && accepts(w->t, s->filter, w->root, from, &w->unsure))
			tree_add(w->t, out, NULL, from);
		/* behind .. the elements of an array count when the filter takes the array, too */
		if (from->type != DOC_ARRAY ||
		    (s->scan && !accepts(w->t, s->filter, w->root, from, &w->unsure)))
			break;
		for (size_t i = 0; i < from->n; i++) {
			if (accepts(w->t, s->filter, w->root, from->kids[i], &w->unsure))
				tree_add(w->t, out, NULL, from->kids[i]);
		}
		break;
	}
}

/* The node and everything below it, each before what is in it. */
static void
scan(struct walk *w, const struct path *p, unsigned at, struct tree *from, struct tree *out)
{
	take_step(w, p, at, from, out);
	for (size_t i = 0; i < from->n; i++)
		scan(w, p, at, from->kids[i], out);
}

/* May the first indefinite step be applied to this at all? */
static bool
applies(const struct step *s, const struct tree *from)
{
	bool array = from->type == DOC_ARRAY, object = from->type == DOC_OBJECT;

	if (s->scan)
		return true;
	switch (s->kind) {
	case INDEXES:
	case SLICE:
		return array;
	case FILTER:
		return array || object;
	case NAMES:
		return object;
	default:
		return true;
	}
}

static struct result
find(struct trial *t, const struct path *p, struct tree *root, struct tree *item)
{
	struct walk w = { t, root, false };
	struct tree *at = p->current ? item : root, *nodes, *next;
	bool definite = is_definite(p);
	unsigned i;

	for (i = 0; i < p->nsteps && is_definite_step(p, i); i++) {
		const struct step *s = &p->steps[i];

		if (at->type != (s->kind == INDEX ? DOC_ARRAY : DOC_OBJECT))
			return failed;
		if (s->kind == NAMES)
			return found(picked(t, s, at));
		next = s->kind == INDEX ? element(at, s->indexes[0]) : tree_get(at, s->names[0]);
		/* recorded: a missing name before something indefinite is no failure */
		if (next == NULL)
			return s->kind == NAME && !definite ? found(nodes_new(t)) : failed;
		at = next;
	}
	if (definite)
		return found(at);
	if (!applies(&p->steps[i], at))
		return failed;
	nodes = nodes_new(t);
	tree_add(t, nodes, NULL, at);
	for (; i < p->nsteps; i++) {
		next = nodes_new(t);
		for (size_t k = 0; k < nodes->n; k++) {
			if (p->steps[i].scan)
				scan(&w, p, i, nodes->kids[k], next);
			else
				take_step(&w, p, i, nodes->kids[k], next);
		}
		nodes = next;
	}
	return w.unsure ? unknown : found(nodes);
}

/* --- functions */

static struct result
aggregate(struct trial *t, enum function f, const struct tree *v)
{
	double sum = 0, min = INFINITY, max = -INFINITY, spread = 0, out;
	size_t n = 0;
	struct result r = { FOUND, NULL, true };

	if (v->type != DOC_ARRAY)
		return unknown;
	for (size_t i = 0; i < v->n; i++) {
		if (v->kids[i]->type != DOC_NUMBER)
			continue;
		n++;
		sum += number(v->kids[i]);
		min = fmin(min, number(v->kids[i]));
		max = fmax(max, number(v->kids[i]));
	}
	if (n == 0)
		return failed;
	for (size_t i = 0; i < v->n; i++) {
		if (v->kids[i]->type == DOC_NUMBER)
			spread += pow(number(v->kids[i]) - sum / (double)n, 2);
	}
	out = f == SUM ? sum
	    : f == MIN ? min
	    : f == MAX ? max
	    : f == AVG ? sum / (double)n
		       : sqrt(spread / (double)n);
	r.value = tree_number(t, arena_printf(&t->arena, "%.17g", out));
	return r;
}

static struct result
keys_of(struct trial *t, const struct tree *v)
{
	struct tree *list = tree_new(t, DOC_ARRAY);

	if (v->type != DOC_OBJECT)
		return failed;
	for (size_t i = 0; i < v->n; i++)
		tree_add(t, list, NULL, v->keys[i]);
	return found(list);
}

static struct result
one_element(const struct tree *v, int index)
{
	struct tree *e = v->type == DOC_ARRAY ? element(v, index) : NULL;

	return e != NULL ? found(e) : failed;
}

static struct result
append(struct trial *t, const struct path *p, struct tree *root, const struct tree *v)
{
	struct tree *list = tree_new(t, DOC_ARRAY);
	struct result more = { FOUND, p->appended.literal, false };

	if (p->appended.path != NULL)
		more = evaluate(t, p->appended.path, root, NULL);
	if (more.outcome != FOUND)
		return more;
	/* how a computed number is spelled is not what this compares */
	if (more.rounded)
		return unknown;
	if (v->type != DOC_ARRAY)
		return failed;
	for (size_t i = 0; i < v->n; i++)
		tree_add(t, list, NULL, v->kids[i]);
	tree_add(t, list, NULL, more.value);
	return found(list);
}

static struct result
call(struct trial *t, const struct path *p, struct tree *root, const struct tree *v)
{
	switch (p->function) {
	case LENGTH:
		if (size_of(v) < 0)
			return failed;
		return found(tree_number(t, arena_printf(&t->arena, "%d", size_of(v))));
	case KEYS:
		return keys_of(t, v);
	case FIRST:
		return one_element(v, 0);
	case LAST:
		return one_element(v, -1);
	case ELEMENT:
		return one_element(v, p->index);
	case APPEND:
		return append(t, p, root, v);
	default:
		return aggregate(t, p->function, v);
	}
}

static struct result
evaluate(struct trial *t, const struct path *p, struct tree *root, struct tree *item)
{
	struct result r;

	/* nobody has told what a function makes of several names */
	for (unsigned i = 0; p->function != PLAIN && i < p->nsteps; i++) {
		if (p->steps[i].kind == NAMES && i + 1 == p->nsteps)
			return unknown;
	}
	r = find(t, p, root, item);
	if (r.outcome != FOUND || p->function == PLAIN)
		return r;
	return call(t, p, root, r.value);
}

/* --- both --------------------------------------------------------------------------------------- */

static unsigned ncompared, nfound, nmatched;

static void
expect_number(struct trial *t, const char *path, struct doc out, const struct tree *v)
{
	double a = NAN, b = number(v);

	if (!doc_f64(out, &a) || !(fabs(a - b) <= 1e-9 * fmax(1, fabs(b))))
		trial_fail(t, "%s gives %s and not %g", path, doc_text(out, NULL), b);
}

static void
expect_result(struct trial *t, const char *path, struct doc root, struct doc out,
    const struct tree *v)
{
	struct buf text;
	char *printed = doc_text(out, NULL);

	buf_init(&text, BUF_UNLIMITED);
	tree_print(v, &text);
	if (strcmp(printed, text.data) != 0)
		trial_fail(t, "%s\non %s\ngives %s\nand not %s", path, doc_text(root, NULL),
		    printed, text.data);
	nmatched += strcmp(printed, "[]") != 0;
	buf_fini(&text);
	free(printed);
}

static void
compare_path(struct trial *t, struct tree *document, struct doc root, const struct path *p,
    const char *text)
{
	struct expr_scope scope = { .root = root };
	struct err e = ERR_INIT;
	struct jsonpath *compiled = jsonpath_compile(text, strlen(text), &e);
	struct result want = evaluate(t, p, document, NULL);
	struct doc out = DOC_NONE;
	int rc;

	if (compiled == NULL)
		trial_fail(t, "refused: %s", err_cause(&e));
	if (jsonpath_is_definite(compiled) != is_definite(p) && p->function == PLAIN)
		trial_fail(t, "%s: definite or not", text);
	rc = jsonpath_eval(compiled, &scope, &out, &e);
	if (want.outcome != UNKNOWN) {
		ncompared++;
		if ((rc == 0) != (want.outcome == FOUND))
			trial_fail(t, "%s\non %s\n%s", text, doc_text(root, NULL),
			    rc == 0 ? doc_text(out, NULL) : err_cause(&e));
		nfound += rc == 0;
		if (rc == 0 && want.rounded)
			expect_number(t, text, out, want.value);
		else if (rc == 0)
			expect_result(t, text, root, out, want.value);
	}
	doc_unref(out);
	err_fini(&e);
	jsonpath_free(compiled);
}

static void
one_document(struct trial *t)
{
	struct tree *document = random_document(t);
	struct doc root = tree_doc(t, document);
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	for (unsigned i = 0; i < PATHS; i++) {
		struct path *p = random_path(t, 2, false);

		buf_reset(&text);
		write_path(t, p, &text);
		compare_path(t, document, root, p, text.data);
	}
	buf_fini(&text);
	doc_unref(root);
}

static void
a_path_finds_what_the_slow_evaluator_finds(void **state)
{
	(void)state;
	property(TRIALS, one_document);
	/* what was compared is worth it: not failures and empty lists only */
	assert_true(ncompared > TRIALS * PATHS * 3 / 4);
	assert_true(nfound > ncompared / 3);
	assert_true(nmatched > ncompared / 8);
}

/* --- writing -------------------------------------------------------------------------------------- */

/* A reference path of names and indexes; indexes mostly where there is an array. */
static struct path *
random_reference(struct trial *t, const struct tree *document)
{
	struct path *p = arena_alloc(&t->arena, sizeof(*p));
	const struct tree *at = document;

	p->nsteps = 1 + trial_below(t, 5);
	for (unsigned i = 0; i < p->nsteps; i++) {
		struct step *s = &p->steps[i];
		bool array = at != NULL && at->type == DOC_ARRAY;

		s->kind = array != trial_one_in(t, 20) ? INDEX : NAME;
		s->n = 1;
		s->names[0] = random_name(t);
		s->indexes[0] = random_index(t);
		if (at != NULL)
			at = array ? element(at, s->indexes[0]) : tree_get(at, s->names[0]);
	}
	return p;
}

/* v with value written at the steps from at on; NULL = it cannot be. v NULL: not there. */
static struct tree *
written(struct trial *t, const struct path *p, unsigned at, const struct tree *v,
    struct tree *value)
{
	const struct step *s = &p->steps[at];
	struct tree *out, *old, *new_value;
	int index;

	if (at == p->nsteps)
		return value;
	if (v == NULL && s->kind == INDEX)
		return NULL;
	if (v != NULL && v->type != (s->kind == INDEX ? DOC_ARRAY : DOC_OBJECT))
		return NULL;
	out = tree_new(t, s->kind == INDEX ? DOC_ARRAY : DOC_OBJECT);
	index = s->indexes[0] < 0 && v != NULL ? s->indexes[0] + (int)v->n : s->indexes[0];
	if (s->kind == INDEX && (index < 0 || index >= (int)v->n))
		return NULL;
	old = v == NULL ? NULL : s->kind == INDEX ? v->kids[index] : tree_get(v, s->names[0]);
	if ((new_value = written(t, p, at + 1, old, value)) == NULL)
		return NULL;
	for (size_t i = 0; v != NULL && i < v->n; i++)
		tree_add(t, out, v->keys[i], v->kids[i] == old ? new_value : v->kids[i]);
	if (old == NULL)
		tree_add(t, out, s->names[0], new_value);
	return out;
}

static void
one_write(struct trial *t)
{
	struct tree *document = random_document(t), *value = random_document(t), *want;
	struct path *p = random_reference(t, document);
	struct doc into = tree_doc(t, document), v = tree_doc(t, value), made = DOC_NONE, again;
	struct jsonpath *compiled;
	struct err e = ERR_INIT;
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	write_path(t, p, &text);
	compiled = jsonpath_compile(text.data, text.len, &e);
	if (compiled == NULL || !jsonpath_is_reference(compiled))
		trial_fail(t, "no reference path: %s", text.data);
	want = written(t, p, 0, document, value);
	if ((jsonpath_put(compiled, into, v, &made, &e) == 0) != (want != NULL))
		trial_fail(t, "%s\non %s: %s", text.data, doc_text(into, NULL), err_cause(&e));
	if (want != NULL) {
		struct expr_scope scope = { .root = made };

		expect_result(t, text.data, into, made, want);
		if (jsonpath_eval(compiled, &scope, &again, &e) != 0 || !doc_equal(again, v))
			trial_fail(t, "%s is not found again in %s", text.data,
			    doc_text(made, NULL));
		doc_unref(again);
	}
	/* the document that was written into is as it was */
	expect_result(t, text.data, into, into, document);
	err_fini(&e);
	jsonpath_free(compiled);
	buf_fini(&text);
	doc_unref(made);
	doc_unref(v);
	doc_unref(into);
}

static void
what_was_written_is_found_again_and_nothing_else_has_changed(void **state)
{
	(void)state;
	property(4 * TRIALS, one_write);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_finds_what_the_slow_evaluator_finds),
		cmocka_unit_test(what_was_written_is_found_again_and_nothing_else_has_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
