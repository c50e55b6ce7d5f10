/*
 * template - payload templates: a JSON value some of whose leaves are computed.
 *
 * Only the ways to computed leaves become nodes; everything beside them is one
 * static node that evaluation shares with the source. Recursion is bounded by the
 * depth of the source document.
 */
#include "expr/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "expr/bound.h"
#include "expr/ident.h"
#include "expr/intrinsic.h"
#include "expr/jsonpath.h"

#define TEMPLATE_REPORTS_MAX 100 /* further problems of one template are not told */
#define TEMPLATE_SHOWN_MAX 320   /* bytes of a name that a report shows */

struct template_member;

struct template_node {
	enum { NODE_STATIC, NODE_PATH, NODE_CALL, NODE_EXPRESSION, NODE_OBJECT, NODE_ARRAY } kind;
	struct doc source;               /* NODE_STATIC: borrowed from the template's source */
	struct jsonpath *path;           /* NODE_PATH */
	struct intrinsic *call;          /* NODE_CALL */
	struct expression *expression;   /* NODE_EXPRESSION */
	struct template_member *members; /* NODE_OBJECT, NODE_ARRAY */
	size_t nmembers;
};

struct template_member {
	char *field;     /* the name as written, for sentences; NULL in arrays */
	size_t name_len; /* of the name without ".$" */
	struct template_node node;
};

struct template
{
	struct doc source;
	struct template_node root;
};

/* Where the compiler is: a list on the stack, printed only when something is wrong. */
struct template_place {
	const struct template_place *up;
	const char *name; /* NULL: index */
	size_t len, index;
};

struct template_compiler {
	const struct expression_home *home; /* NULL = JSONPath */
	const char *field;
	template_report_cb *report;
	void *arg;
	unsigned reports;
	bool failed;
};

static void compile_node(struct template_compiler *c, const struct template_place *at,
    struct doc value, struct template_node *out);

/* --- compile ---------------------------------------------------------------- */

static void
place_print(const struct template_place *at, struct buf *out)
{
	if (at == NULL)
		return;
	place_print(at->up, out);
	if (at->name == NULL) {
		buf_addf(out, "[%zu]", at->index);
		return;
	}
	buf_addc(out, '/');
	buf_add(out, at->name, ident_cut(at->name, at->len, TEMPLATE_SHOWN_MAX));
}

static void
compile_report_as(struct template_compiler *c, enum template_problem problem,
    const struct template_place *at, const char *before, const char *field, const char *after,
    const char *reason)
{
	struct buf where, message;

	c->failed = true;
	if (c->report == NULL || c->reports++ >= TEMPLATE_REPORTS_MAX)
		return;
	buf_init(&where, BUF_UNLIMITED);
	buf_init(&message, BUF_UNLIMITED);
	place_print(at, &where);
	buf_adds(&message, before);
	buf_add(&message, field, ident_cut(field, strlen(field), TEMPLATE_SHOWN_MAX));
	buf_adds(&message, after);
	c->report(c->arg, problem, buf_text(&where), buf_text(&message), reason);
	buf_fini(&where);
	buf_fini(&message);
}

static void
compile_report(struct template_compiler *c, const struct template_place *at, const char *before,
    const char *field, const char *after, const char *reason)
{
	compile_report_as(c, TEMPLATE_FORM, at, before, field, after, reason);
}

/* A member whose name ends in ".$". */
static void
compile_computed(struct template_compiler *c, const struct template_place *at, struct doc value,
    struct template_member *m)
{
	struct template_node *node = &m->node;
	struct err e = ERR_INIT;
	struct buf scratch;
	const char *s;
	size_t len;

	if (doc_type(value) != DOC_STRING) {
		compile_report(c, at, "The value for the field '", m->field, "' must be a STRING",
		    NULL);
		return;
	}
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(value, &scratch, &len);
	if (intrinsic_is_call(s, len)) {
		node->kind = NODE_CALL;
		node->call = intrinsic_compile(s, len, &e);
	} else {
		node->kind = NODE_PATH;
		node->path = jsonpath_compile(s, len, &e);
	}
	buf_fini(&scratch);
	if (node->call == NULL && node->path == NULL)
		compile_report(c, at, "The value for the field '", m->field,
		    "' must be a valid JSONPath or a valid intrinsic function call", err_cause(&e));
	err_fini(&e);
}

static void
compile_member(struct template_compiler *c, const struct template_place *up, struct doc object,
    struct doc key, struct doc value, struct template_member *m)
{
	struct template_place at = { .up = up };
	struct buf scratch;
	const char *s;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(key, &scratch, &at.len);
	m->field = xmalloc(at.len + 1);
	memcpy(m->field, s, at.len);
	m->field[at.len] = '\0';
	m->name_len = at.len;
	at.name = m->field;
	buf_fini(&scratch);
	if (c->home != NULL || at.len < 2 || memcmp(m->field + at.len - 2, ".$", 2) != 0) {
		compile_node(c, &at, value, &m->node);
		return;
	}
	m->name_len -= 2;
	if (!doc_is_none(doc_get(object, m->field, m->name_len)))
		compile_report(c, &at, "The field '", m->field,
		    "' conflicts with the field of the same name without '.$'", NULL);
	compile_computed(c, &at, value, m);
}

static void
node_fini(struct template_node *n)
{
	size_t i;

	for (i = 0; i < n->nmembers; i++) {
		free(n->members[i].field);
		node_fini(&n->members[i].node);
	}
	free(n->members);
	jsonpath_free(n->path);
	intrinsic_free(n->call);
	expression_free(n->expression);
}

/* A string in another language than JSONPath. */
static void
compile_string(struct template_compiler *c, const struct template_place *at, struct doc value,
    struct template_node *out)
{
	struct buf scratch, field;
	struct err e = ERR_INIT;
	enum expression_mark mark;
	const char *s;
	size_t len;

	buf_init(&scratch, BUF_UNLIMITED);
	buf_init(&field, BUF_UNLIMITED);
	s = doc_str(value, &scratch, &len);
	mark = expression_mark(s, len);
	buf_adds(&field, c->field);
	place_print(at, &field);
	if (mark == EXPRESSION_BROKEN) {
		char *shown = xstrndup(s, len);

		compile_report(c, at,
		    "An expression begins with '{%' and ends with '%}', but the value is '", shown,
		    "'", NULL);
		free(shown);
	} else if (mark == EXPRESSION_WHOLE) {
		out->kind = NODE_EXPRESSION;
		out->expression = expression_compile(c->home, buf_text(&field), s, len, &e);
		if (out->expression == NULL)
			compile_report_as(c, TEMPLATE_CODE, at, err_cause(&e), "", "", NULL);
	}
	err_fini(&e);
	buf_fini(&scratch);
	buf_fini(&field);
}

/* Objects and arrays become nodes only when something below is computed. */
static void
compile_node(struct template_compiler *c, const struct template_place *at, struct doc value,
    struct template_node *out)
{
	struct template_place element = { .up = at };
	struct doc_iter it;
	bool computed = false;

	*out = (struct template_node){ .kind = NODE_STATIC, .source = value };
	if (c->home != NULL && doc_type(value) == DOC_STRING)
		compile_string(c, at, value, out);
	if (doc_len(value) == 0)
		return;
	out->members = xcalloc(doc_len(value), sizeof(*out->members));
	it = doc_iter(value);
	while (doc_next(&it)) {
		struct template_member *m = &out->members[out->nmembers++];

		if (doc_is_none(it.key))
			compile_node(c, &element, it.value, &m->node);
		else
			compile_member(c, at, value, it.key, it.value, m);
		computed |= m->node.kind != NODE_STATIC;
		element.index++;
	}
	if (computed) {
		out->kind = doc_type(value) == DOC_OBJECT ? NODE_OBJECT : NODE_ARRAY;
		return;
	}
	node_fini(out);
	out->members = NULL;
	out->nmembers = 0;
}

struct template *
template_compile(const struct expression_home *home, const char *field, struct doc value,
    template_report_cb *report, void *arg)
{
	struct template_compiler c = { .home = home, .field = field, .report = report, .arg = arg };
	struct template *t;

	if (home != NULL && home->language == QUERY_JSONPATH)
		c.home = NULL;
	t = xcalloc(1, sizeof(*t));
	t->source = doc_ref(value);
	compile_node(&c, NULL, value, &t->root);
	if (c.failed) {
		template_free(t);
		return NULL;
	}
	return t;
}

void
template_free(struct template *t)
{
	if (t == NULL)
		return;
	node_fini(&t->root);
	doc_unref(t->source);
	free(t);
}

struct doc
template_source(const struct template *t)
{
	return t->source;
}

const struct expression *
template_expression(const struct template *t)
{
	return t->root.expression;
}

bool
template_is_static(const struct template *t)
{
	return t->root.kind == NODE_STATIC;
}

/* --- evaluate ----------------------------------------------------------------- */

static int
eval_fail(const struct template_member *m, const struct expr_scope *s, struct err *e)
{
	struct buf text;

	buf_init(&text, BUF_UNLIMITED);
	buf_addf(&text,
	    "The JSONPath '%s' specified for the field '%s' could not be found in the input '",
	    jsonpath_text(m->node.path), m->field);
	jsonpath_show_root(m->node.path, s, &text);
	buf_addc(&text, '\'');
	err_set_text(e, "States.Runtime", text.data, text.len);
	buf_fini(&text);
	return -1;
}

static int eval_member(const struct template_member *m, const struct expr_scope *s,
    struct doc_builder *b, struct err *e);

static int
eval_members(const struct template_node *n, const struct expr_scope *s, struct doc_builder *b,
    struct err *e)
{
	size_t i;

	if (n->kind == NODE_OBJECT)
		docb_object(b);
	else
		docb_array(b);
	for (i = 0; i < n->nmembers; i++) {
		const struct template_member *m = &n->members[i];

		if (m->field != NULL)
			docb_key(b, m->field, m->name_len);
		if (eval_member(m, s, b, e) != 0)
			return -1;
	}
	docb_end(b);
	return 0;
}

static int
eval_member(const struct template_member *m, const struct expr_scope *s, struct doc_builder *b,
    struct err *e)
{
	const struct template_node *n = &m->node;
	struct doc v = DOC_NONE;

	switch (n->kind) {
	case NODE_STATIC:
		docb_doc(b, n->source);
		return 0;
	case NODE_PATH:
		if (jsonpath_eval(n->path, s, &v, NULL) != 0)
			return eval_fail(m, s, e);
		break;
	case NODE_CALL:
		if (intrinsic_eval(n->call, s, &v, e) != 0)
			return -1;
		break;
	case NODE_EXPRESSION:
		if (expression_eval(n->expression, s, &v, e) != 0)
			return -1;
		break;
	default:
		return eval_members(n, s, b, e);
	}
	docb_doc(b, v);
	doc_unref(v);
	return 0;
}

int
template_eval(const struct template *t, const struct expr_scope *s, struct doc *out, struct err *e)
{
	struct doc_builder *b;

	*out = DOC_NONE;
	if (t->root.kind == NODE_STATIC) {
		*out = doc_ref(t->source);
		return 0;
	}
	if (t->root.kind == NODE_EXPRESSION)
		return expression_eval(t->root.expression, s, out, e);
	b = docb_new();
	if (eval_members(&t->root, s, b, e) != 0) {
		docb_free(b);
		return -1;
	}
	*out = docb_finish(b);
	if (expr_fits(*out))
		return 0;
	doc_unref(*out);
	*out = DOC_NONE;
	return err_set(e, "States.DataLimitExceeded",
	    "The value is larger or nested deeper than a document may be");
}

/* --- variables ------------------------------------------------------------------- */

static void
node_variables(const struct template_node *n, template_variable_cb *cb, void *arg)
{
	size_t i;

	if (n->path != NULL && jsonpath_root_kind(n->path) == JSONPATH_VARIABLE)
		cb(arg, jsonpath_variable(n->path));
	if (n->call != NULL)
		intrinsic_variables(n->call, cb, arg);
	for (i = 0; i < n->nmembers; i++)
		node_variables(&n->members[i].node, cb, arg);
}

void
template_variables(const struct template *t, template_variable_cb *cb, void *arg)
{
	node_variables(&t->root, cb, arg);
}
