/*
 * expression - DynamoDB's expressions: conditions, updates, projections and key conditions, parsed.
 *
 *	or:        and { OR and }                    update: { (SET|REMOVE|ADD|DELETE) action {, action} }
 *	and:       not { AND not }                   action: path [=] operand [(+|-) operand]
 *	not:       NOT not | ( or ) | test           path:   name { .name | [n] }
 *	test:      function | operand compared       name:   word | #word
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "docs.h"
#include "expression.h"

#define NODE_DEPTH_MAX 100
#define EXPRESSION_MAX 4096

struct parser {
	const char *name;      /* of the expression: "ConditionExpression" */
	const char *text, *at; /* at: behind the token */
	const char *token;
	size_t len; /* 0 = the end */
	int depth;
	struct substitutes *substitutes;
	struct dynamo_error *e;
};

/* --- nodes ------------------------------------------------------------------------------------- */

static struct node *
node_new(enum node_kind kind)
{
	struct node *n = text_alloc(sizeof(*n));

	n->kind = kind;
	return n;
}

static void
path_fini(struct path *p)
{
	for (size_t i = 0; i < p->nsteps; i++)
		free(p->steps[i].name);
	free(p->steps);
}

void
node_free(struct node *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->nkids; i++)
		node_free(n->kids[i]);
	free(n->kids);
	path_fini(&n->path);
	free(n);
}

/* Takes kid; NULL, when parsing failed, is left out. */
static struct node *
node_add(struct node *n, struct node *kid)
{
	struct node **kids;

	if (kid == NULL)
		return n;
	if ((kids = realloc(n->kids, (n->nkids + 1) * sizeof(*kids))) == NULL)
		abort(); /* out of memory */
	n->kids = kids;
	n->kids[n->nkids++] = kid;
	return n;
}

/* --- tokens ------------------------------------------------------------------------------------- */

static bool
failed(const struct parser *p)
{
	return p->e->code != NULL;
}

static void
next(struct parser *p)
{
	const char *s = p->at;

	while (isspace((unsigned char)*s))
		s++;
	p->token = s;
	if (isalnum((unsigned char)*s) || (*s != '\0' && strchr("_#:", *s) != NULL))
		for (s++; isalnum((unsigned char)*s) || *s == '_';)
			s++;
	else if (strncmp(s, "<>", 2) == 0 || strncmp(s, "<=", 2) == 0 || strncmp(s, ">=", 2) == 0)
		s += 2;
	else if (*s != '\0')
		for (s++; ((unsigned char)*s & 0xc0) == 0x80;) /* a whole character */
			s++;
	p->len = (size_t)(s - p->token);
	p->at = s;
}

static void
syntax_error(struct parser *p)
{
	const char *from = p->token, *to = p->at;

	while (from > p->text && isspace((unsigned char)from[-1]))
		from--;
	while (from > p->text && !isspace((unsigned char)from[-1]))
		from--;
	while (isspace((unsigned char)*to))
		to++;
	while (*to != '\0' && !isspace((unsigned char)*to))
		to++;
	dynamo_invalid(p->e, "Invalid %s: Syntax error; token: %s%.*s%s, near: \"%.*s\"", p->name,
	    p->len > 0 ? "\"" : "<EOF>", (int)p->len, p->token, p->len > 0 ? "\"" : "",
	    (int)(to - from), from);
}

static bool
is(const struct parser *p, const char *word)
{
	return p->len == strlen(word) && strncasecmp(p->token, word, p->len) == 0;
}

static bool
accept(struct parser *p, const char *word)
{
	if (!is(p, word))
		return false;
	next(p);
	return true;
}

static void
expect(struct parser *p, const char *word)
{
	if (!accept(p, word))
		syntax_error(p);
}

/* --- names, values, paths --------------------------------------------------------------------------- */

static char *
substituted_name(struct parser *p, const char *key)
{
	struct substitutes *s = p->substitutes;
	size_t len;
	char *found = s->host->doc_string(s->host, s->host->doc_get(s->host, s->names, key), &len);
	char *name = NULL;

	if (found != NULL && strlen(found) != len)
		dynamo_invalid(p->e,
		    "ExpressionAttributeNames contains invalid value: The character U+0000 is "
		    "not allowed in names; attribute name: %s",
		    key);
	else if (found == NULL)
		dynamo_invalid(p->e,
		    "Invalid %s: An expression attribute name used in the document path "
		    "is not defined; attribute name: %s",
		    p->name, key);
	else
		name = text_format("%s", found);
	text_addf(&s->used_names, "%s ", key);
	s->host->free(s->host, found);
	return name;
}

/* The name at the token; NULL when it is none. */
static char *
read_name(struct parser *p)
{
	char *word = text_format("%.*s", (int)p->len, p->token), *name;

	if (p->len == 0 || (!isalpha((unsigned char)*word) && *word != '#' && *word != '_')) {
		syntax_error(p);
		free(word);
		return NULL;
	}
	next(p);
	if (*word != '#')
		return word;
	name = substituted_name(p, word);
	free(word);
	return name;
}

static void
add_step(struct path *path, char *name, size_t index)
{
	struct path_step *steps = realloc(path->steps, (path->nsteps + 1) * sizeof(*steps));

	if (steps == NULL)
		abort(); /* out of memory */
	path->steps = steps;
	path->steps[path->nsteps++] = (struct path_step){ name, index };
}

static struct node *
read_path(struct parser *p)
{
	struct node *n = node_new(NODE_PATH);
	char *name = read_name(p);

	if (name != NULL)
		add_step(&n->path, name, 0);
	while (!failed(p) && (is(p, ".") || is(p, "["))) {
		if (accept(p, ".")) {
			if ((name = read_name(p)) != NULL)
				add_step(&n->path, name, 0);
			continue;
		}
		next(p);
		if (p->len == 0 || p->len > 9 || !isdigit((unsigned char)*p->token))
			syntax_error(p);
		else
			add_step(&n->path, NULL, strtoul(p->token, NULL, 10));
		next(p);
		expect(p, "]");
	}
	return n;
}

static struct node *
read_value(struct parser *p)
{
	const struct value *values = p->substitutes->values;
	char *key = text_format("%.*s", (int)p->len, p->token);
	struct node *n = node_new(NODE_VALUE);

	for (size_t i = 0; i < values->nparts; i++)
		if (strcmp(values->names[i], key) == 0) {
			n->value = values->parts[i];
			p->substitutes->used[i] = true;
		}
	if (n->value == NULL)
		dynamo_invalid(p->e,
		    "Invalid %s: An expression attribute value used in expression is not "
		    "defined; attribute value: %s",
		    p->name, key);
	next(p);
	free(key);
	return n;
}

/* --- conditions ---------------------------------------------------------------------------------------- */

/* ( arguments ). about: the function's name when the first must be a path, else NULL. */
static struct node *
read_arguments(struct parser *p, enum node_kind kind, size_t n,
    struct node *(*read)(struct parser *), const char *about)
{
	struct node *f = node_new(kind);

	next(p);
	expect(p, "(");
	for (size_t i = 0; i < n && !failed(p); i++) {
		if (i > 0)
			expect(p, ",");
		node_add(f, read(p));
	}
	if (!failed(p))
		expect(p, ")");
	if (!failed(p) && about != NULL && f->kids[0]->kind != NODE_PATH)
		dynamo_invalid(p->e,
		    "Invalid %s: Operator or function requires a document path; operator or "
		    "function: %s",
		    p->name, about);
	return f;
}

static struct node *
read_operand(struct parser *p)
{
	struct node *n, *path;

	if (p->len > 0 && *p->token == ':')
		return read_value(p);
	if (!is(p, "size") || p->at[strspn(p->at, " \t\n\r")] != '(')
		return read_path(p);
	n = read_arguments(p, NODE_SIZE, 1, read_path, NULL);
	if (n->nkids > 0) { /* the size of a path is a path that is measured */
		path = n->kids[0];
		n->path = path->path;
		path->path = (struct path){ 0 };
		node_free(path);
		n->nkids = 0;
	}
	return n;
}

static struct node *read_or(struct parser *p);

static const struct {
	const char *word;
	enum node_kind kind;
	size_t n;
	bool at_path; /* the first argument is a path */
} functions[] = {
	{ "attribute_exists", NODE_EXISTS, 1, true },
	{ "attribute_not_exists", NODE_NOT_EXISTS, 1, true },
	{ "attribute_type", NODE_TYPE, 2, true },
	{ "begins_with", NODE_BEGINS, 2, false },
	{ "contains", NODE_CONTAINS, 2, false },
};

static struct node *
read_comparison(struct parser *p)
{
	static const char *const words[] = { "=", "<>", "<", "<=", ">", ">=" };
	struct node *left = read_operand(p), *n;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!failed(p) && accept(p, words[i])) {
			n = node_add(node_new((enum node_kind)(NODE_EQ + (int)i)), left);
			return node_add(n, read_operand(p));
		}
	n = node_add(node_new(is(p, "in") ? NODE_IN : NODE_BETWEEN), left);
	if (failed(p))
		return n;
	if (accept(p, "between")) {
		node_add(n, read_operand(p));
		if (!failed(p))
			expect(p, "and");
		if (!failed(p))
			node_add(n, read_operand(p));
	} else if (accept(p, "in")) {
		expect(p, "(");
		do {
			node_add(n, failed(p) ? NULL : read_operand(p));
		} while (!failed(p) && accept(p, ","));
		if (!failed(p))
			expect(p, ")");
	} else {
		syntax_error(p);
	}
	return n;
}

static struct node *
read_test(struct parser *p)
{
	struct node *n;

	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (is(p, functions[i].word) && p->at[strspn(p->at, " \t\n\r")] == '(')
			return read_arguments(p, functions[i].kind, functions[i].n, read_operand,
			    functions[i].at_path ? functions[i].word : NULL);
	if (!accept(p, "("))
		return read_comparison(p);
	n = read_or(p);
	if (!failed(p))
		expect(p, ")");
	return n;
}

static struct node *
read_not(struct parser *p)
{
	struct node *n;

	if (++p->depth > NODE_DEPTH_MAX) {
		dynamo_invalid(p->e, "Invalid %s: The expression has too many operators", p->name);
		return NULL;
	}
	n = accept(p, "not") ? node_add(node_new(NODE_NOT), read_not(p)) : read_test(p);
	p->depth--;
	return n;
}

static struct node *
read_and(struct parser *p)
{
	struct node *n = read_not(p);

	while (!failed(p) && accept(p, "and"))
		n = node_add(node_add(node_new(NODE_AND), n), read_not(p));
	return n;
}

static struct node *
read_or(struct parser *p)
{
	struct node *n = read_and(p);

	while (!failed(p) && accept(p, "or"))
		n = node_add(node_add(node_new(NODE_OR), n), read_and(p));
	return n;
}

/* --- updates -------------------------------------------------------------------------------------------- */

static struct node *read_set_operand(struct parser *p);

static struct node *
read_set_operand(struct parser *p)
{
	if (is(p, "if_not_exists"))
		return read_arguments(p, NODE_IF_NOT_EXISTS, 2, read_set_operand, "if_not_exists");
	if (is(p, "list_append"))
		return read_arguments(p, NODE_LIST_APPEND, 2, read_set_operand, NULL);
	return p->len > 0 && *p->token == ':' ? read_value(p) : read_path(p);
}

static struct node *
read_sum(struct parser *p)
{
	struct node *n = read_set_operand(p);
	enum node_kind kind = is(p, "+") ? NODE_PLUS : NODE_MINUS;

	if (failed(p) || (!accept(p, "+") && !accept(p, "-")))
		return n;
	return node_add(node_add(node_new(kind), n), read_set_operand(p));
}

static struct node *
read_action(struct parser *p, enum node_kind kind)
{
	struct node *n = node_add(node_new(kind), read_path(p));

	if (failed(p) || kind == NODE_REMOVE)
		return n;
	if (kind == NODE_SET) {
		expect(p, "=");
		return node_add(n, failed(p) ? NULL : read_sum(p));
	}
	if (p->len == 0 || *p->token != ':') {
		syntax_error(p);
		return n;
	}
	return node_add(n, read_value(p));
}

static struct node *
read_update(struct parser *p)
{
	static const char *const words[] = { "set", "remove", "add", "delete" };
	struct node *list = node_new(NODE_LIST);
	bool seen[4] = { false };

	do {
		size_t i = 0;

		while (i < 4 && !is(p, words[i]))
			i++;
		if (i < 4 && seen[i])
			dynamo_invalid(p->e,
			    "Invalid UpdateExpression: The \"%s\" section can only be "
			    "used once in an update expression;",
			    (const char *const[]){ "SET", "REMOVE", "ADD", "DELETE" }[i]);
		else if (i == 4)
			syntax_error(p);
		if (failed(p))
			break;
		seen[i] = true;
		do {
			next(p);
			node_add(list, read_action(p, (enum node_kind)(NODE_SET + (int)i)));
		} while (!failed(p) && is(p, ","));
	} while (!failed(p) && p->len > 0);
	return list;
}

/* --- projections ----------------------------------------------------------------------------------------- */

static struct node *
read_projection(struct parser *p)
{
	struct node *list = node_new(NODE_LIST);

	do {
		node_add(list, read_path(p));
	} while (!failed(p) && accept(p, ","));
	return list;
}

static bool
overlap(const struct path *a, const struct path *b)
{
	size_t n = a->nsteps < b->nsteps ? a->nsteps : b->nsteps;

	for (size_t i = 0; i < n; i++) {
		const struct path_step *x = &a->steps[i], *y = &b->steps[i];

		if ((x->name == NULL) != (y->name == NULL) ||
		    (x->name != NULL ? strcmp(x->name, y->name) != 0 : x->index != y->index))
			return false;
	}
	return true;
}

static const struct path *
path_of(const struct node *n)
{
	return n->kind == NODE_PATH ? &n->path : &n->kids[0]->path;
}

static void
check_overlap(const struct node *list, struct parser *p)
{
	for (size_t i = 0; i < list->nkids; i++)
		for (size_t k = 0; k < i && !failed(p); k++)
			if (overlap(path_of(list->kids[i]), path_of(list->kids[k])))
				dynamo_invalid(p->e,
				    "Invalid %s: Two document paths overlap with "
				    "each other; must remove or rewrite one of these "
				    "paths",
				    p->name);
}

/* --- the whole -------------------------------------------------------------------------------------------- */

static struct node *
parse(struct parser *p, enum expression_kind kind)
{
	struct node *n = NULL;

	next(p);
	if (strlen(p->text) > EXPRESSION_MAX)
		dynamo_invalid(p->e,
		    "Invalid %s: Expression size has exceeded the maximum allowed size", p->name);
	else if (p->len == 0)
		dynamo_invalid(p->e, "Invalid %s: The expression can not be empty;", p->name);
	else
		n = kind == EXPRESSION_CONDITION ? read_or(p)
		    : kind == EXPRESSION_UPDATE  ? read_update(p)
						 : read_projection(p);
	if (!failed(p) && p->len > 0)
		syntax_error(p);
	if (n != NULL && !failed(p) && kind != EXPRESSION_CONDITION)
		check_overlap(n, p);
	if (!failed(p))
		return n;
	node_free(n);
	return NULL;
}

struct node *
expression_read(struct pawl_doc params, const char *name, enum expression_kind kind,
    struct substitutes *s, struct dynamo_error *e)
{
	size_t len;
	char *text = s->host->doc_string(s->host, s->host->doc_get(s->host, params, name), &len);
	struct parser p = { .name = name, .text = text, .at = text, .substitutes = s, .e = e };
	struct node *n = NULL;

	if (text != NULL && strlen(text) != len)
		dynamo_invalid(e, "Invalid %s: The character U+0000 is not allowed", name);
	if (text != NULL && e->code == NULL)
		n = parse(&p, kind);
	s->host->free(s->host, text);
	return n;
}

int
substitutes_read(const struct pawl_host *h, struct pawl_doc params, struct substitutes *s,
    struct dynamo_error *e)
{
	struct pawl_doc values = h->doc_get(h, params, "ExpressionAttributeValues");

	*s = (struct substitutes){ .host = h,
		.names = h->doc_get(h, params, "ExpressionAttributeNames") };
	text_adds(&s->used_names, " ");
	s->values = h->doc_type(h, values) == PAWL_DOC_OBJECT ? value_read_map(h, values, e)
							      : value_new(VALUE_M);
	if (s->values == NULL)
		return -1;
	s->used = text_alloc(s->values->nparts + 1);
	return 0;
}

int
substitutes_check(const struct substitutes *s, struct dynamo_error *e)
{
	struct pawl_doc_iter it = { .of = s->names };

	for (size_t i = 0; i < s->values->nparts; i++)
		if (!s->used[i])
			dynamo_invalid(e,
			    "Value provided in ExpressionAttributeValues unused in "
			    "expressions: keys: {%s}",
			    s->values->names[i]);
	while (s->host->doc_type(s->host, s->names) == PAWL_DOC_OBJECT &&
	    s->host->doc_next(s->host, &it)) {
		char *name = s->host->doc_string(s->host, it.key, NULL);
		char *word = text_format(" %s ", name);

		if (strstr(s->used_names.s, word) == NULL)
			dynamo_invalid(e,
			    "Value provided in ExpressionAttributeNames unused in "
			    "expressions: keys: {%s}",
			    name);
		free(word);
		s->host->free(s->host, name);
	}
	return e->code != NULL ? -1 : 0;
}

void
substitutes_fini(struct substitutes *s)
{
	value_free(s->values);
	free(s->used);
	text_fini(&s->used_names);
}
