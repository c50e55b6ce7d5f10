/*
 * statement - what a task asks: statements and the values for their $1, $2 ...
 *
 * Values never become part of a statement; they travel beside it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "docs.h"

#define STATEMENTS_MAX 1000

static void __attribute__((format(printf, 2, 3))) refuse(struct request *r, const char *fmt, ...)
{
	va_list ap;
	char *why;

	if (r->why != NULL)
		return;
	va_start(ap, fmt);
	if (vasprintf(&why, fmt, ap) >= 0)
		r->why = why;
	va_end(ap);
	if (r->why == NULL)
		abort(); /* out of memory */
}

static void
refuse_unknown(const struct pawl_host *h, struct pawl_doc object, const char *const *known,
    struct request *r)
{
	struct pawl_doc_iter it = { .of = object };

	while (h->doc_next(h, &it)) {
		const char *const *k = known;
		char *key = h->doc_string(h, it.key, NULL);

		while (*k != NULL && strcmp(*k, key) != 0)
			k++;
		if (*k == NULL)
			refuse(r, "The field \"%s\" is not known here", key);
		h->free(h, key);
	}
}

/* A new text, to be released with free; NULL when it has the character NUL, which PostgreSQL has not. */
static char *
copy(const struct pawl_host *h, char *text, size_t len)
{
	char *s = strlen(text) == len ? text_format("%s", text) : NULL;

	h->free(h, text);
	return s;
}

/* --- parameters --------------------------------------------------------------------------------- */

/* As PostgreSQL reads it for whatever type the statement needs; NULL = NULL. */
static char *
parameter(const struct pawl_host *h, struct pawl_doc value, size_t number, struct request *r)
{
	size_t len;
	char *s;

	if (h->doc_type(h, value) == PAWL_DOC_NULL)
		return NULL;
	s = h->doc_type(h, value) == PAWL_DOC_STRING ? h->doc_string(h, value, &len)
						     : h->doc_text(h, value, &len);
	if ((s = copy(h, s, len)) == NULL)
		refuse(r, "Parameter $%zu has the character U+0000, which PostgreSQL cannot keep",
		    number);
	return s;
}

static void
read_parameters(const struct pawl_host *h, struct pawl_doc list, struct pawl_sql_statement *st,
    struct request *r)
{
	struct pawl_doc_iter it = { .of = list };
	const char **params;
	size_t n = 0;

	if (h->doc_type(h, list) == PAWL_DOC_NONE)
		return;
	if (h->doc_type(h, list) != PAWL_DOC_ARRAY) {
		refuse(r, "Parameters must be an array: the values for $1, $2 and so on");
		return;
	}
	params = text_alloc((h->doc_len(h, list) + 1) * sizeof(*params));
	st->params = params;
	while (h->doc_next(h, &it)) {
		params[n] = parameter(h, it.value, n + 1, r);
		st->nparams = ++n;
	}
}

/* --- statements ----------------------------------------------------------------------------------- */

static void
read_statement(const struct pawl_host *h, struct pawl_doc object, struct request *r)
{
	struct pawl_sql_statement *st = &r->statements[r->nstatements++];
	struct pawl_doc text = h->doc_get(h, object, "Statement");
	size_t len = 0;
	char *s = h->doc_string(h, text, &len);

	if (s == NULL) {
		refuse(r, "Statement is missing: a text with $1, $2 for its parameters");
		return;
	}
	if ((st->sql = copy(h, s, len)) == NULL)
		refuse(r, "Statement has the character U+0000");
	read_parameters(h, h->doc_get(h, object, "Parameters"), st, r);
}

static void
read_list(const struct pawl_host *h, struct pawl_doc list, struct request *r)
{
	static const char *const known[] = { "Statement", "Parameters", NULL };
	struct pawl_doc_iter it = { .of = list };

	while (h->doc_next(h, &it) && r->why == NULL) {
		if (h->doc_type(h, it.value) != PAWL_DOC_OBJECT)
			refuse(r,
			    "Statements must be an array of objects with Statement and "
			    "Parameters");
		refuse_unknown(h, it.value, known, r);
		if (r->why == NULL)
			read_statement(h, it.value, r);
	}
}

static void
read_statements(const struct pawl_host *h, struct pawl_doc parameters, struct request *r)
{
	struct pawl_doc list = h->doc_get(h, parameters, "Statements");
	size_t n = 1;

	r->is_list = h->doc_type(h, list) != PAWL_DOC_NONE;
	if (r->is_list) {
		n = h->doc_type(h, list) == PAWL_DOC_ARRAY ? h->doc_len(h, list) : 0;
		if (n < 1 || n > STATEMENTS_MAX)
			refuse(r, "Statements must be an array of 1 to %d objects", STATEMENTS_MAX);
		if (h->doc_get(h, parameters, "Statement").block_ != NULL ||
		    h->doc_get(h, parameters, "Parameters").block_ != NULL)
			refuse(r, "Give either Statement with its Parameters, or Statements");
	}
	if (r->why != NULL)
		return;
	r->statements = text_alloc(n * sizeof(*r->statements));
	if (r->is_list)
		read_list(h, list, r);
	else
		read_statement(h, parameters, r);
}

/* --- the rest ----------------------------------------------------------------------------------------- */

void
request_read(const struct pawl_host *h, struct pawl_doc parameters, struct request *r)
{
	static const char *const known[] = { "Statement", "Parameters", "Statements", "Database",
		"MaxRows", NULL };
	struct pawl_doc place = h->doc_get(h, parameters, "Database");
	struct pawl_doc max_rows = h->doc_get(h, parameters, "MaxRows");
	int64_t n = 0;
	char *name = h->doc_string(h, place, NULL);

	*r = (struct request){ .place = text_format("%s", name != NULL ? name : "") };
	if (h->doc_type(h, parameters) != PAWL_DOC_OBJECT)
		refuse(r, "The parameters must be an object with Statement or Statements");
	refuse_unknown(h, parameters, known, r);
	if (place.block_ != NULL && (name == NULL || *name == '\0'))
		refuse(r, "Database must be the name of a database in pawl.conf");
	if (max_rows.block_ != NULL && (!h->doc_int(h, max_rows, &n) || n < 1))
		refuse(r, "MaxRows must be a whole number of 1 or more");
	r->max_rows = (size_t)n;
	h->free(h, name);
	if (r->why == NULL)
		read_statements(h, parameters, r);
}

static void
statement_fini(struct pawl_sql_statement *st)
{
	for (size_t i = 0; i < st->nparams; i++)
		free((void *)(uintptr_t)st->params[i]);
	free((void *)(uintptr_t)st->params);
	free((void *)(uintptr_t)st->sql);
}

void
request_fini(struct request *r)
{
	for (size_t i = 0; i < r->nstatements; i++)
		statement_fini(&r->statements[i]);
	free(r->statements);
	free(r->place);
	free(r->why);
	*r = (struct request){ 0 };
}
