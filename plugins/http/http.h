/*
 * http - the parts of the plugin http: secrets, the request made from a task's
 * parameters, connections and their secrets.
 */
#ifndef PAWL_PLUGIN_HTTP_H
#define PAWL_PLUGIN_HTTP_H

#include <pawl/plugin.h>

#include "text.h"

/* --- secrets.c ------------------------------------------------------------------------ */

/* Texts that must not appear in a history. */
struct http_secrets {
	char **list;
	size_t n;
};
void http_secrets_add(struct http_secrets *s, const char *secret, size_t len);
void http_secrets_fini(struct http_secrets *s);
/* Appends text with every secret in it replaced by "***". */
void http_redact(const struct http_secrets *s, const char *text, size_t len, struct text *out);

/* --- request.c ------------------------------------------------------------------------ */

struct http_headers {
	struct pawl_http_header *list; /* owns its texts */
	size_t n;
};

struct http_request {
	const char *method;
	struct text url, body;
	bool has_body;
	struct http_headers headers;
};
void http_request_fini(struct http_request *r);

/* error NULL: the parameters are to blame, text is what goes between the brackets. */
struct http_problem {
	const char *error;
	struct text text;
};
/* 0, or -1 and why. */
int http_request_build(const struct pawl_host *h, const struct pawl_task *t, struct http_request *r,
    struct http_secrets *secrets, struct http_problem *why);

/* What building goes through; gateway.c builds with the same parts. */
struct http_build {
	const struct pawl_host *h;
	struct pawl_doc parameters;
	struct http_request *r;
	struct http_problem *why;
};
/* -1; the sentence, and the name with a closing quote behind it (NULL = none), is why. */
int http_build_bad(struct http_build *b, const char *sentence, const char *name);
struct pawl_doc http_build_get(const struct http_build *b, const char *name);
/* 0 when the parameters are an object of no other fields than known, which ends with NULL. */
int http_build_fields(struct http_build *b, const char *const *known);
int http_build_method(struct http_build *b);
/* Is the header one of the list, which ends with NULL? A name there that ends in '-' is a prefix. */
bool http_header_is_of(const char *name, const char *const *list);
/* The body as JSON; a text goes out as it is when a header says that the body is none. */
void http_build_json(struct http_build *b, struct pawl_doc body);
/* User-Agent, and Idempotency-Key unless the task has one; what: "HttpInvoke". */
void http_build_own_headers(struct http_build *b, const struct pawl_task *t, const char *what);

/* --- gateway.c ------------------------------------------------------------------------ */

/* Is it a task of API Gateway, which has parameters and errors of its own? */
bool http_is_gateway(const struct pawl_task *t);
/* As http_request_build, for one. *sign: the request is to be signed for execute-api. */
int http_gateway_build(const struct pawl_host *h, const struct pawl_task *t, struct http_request *r,
    bool *sign, struct http_problem *why);

/* --- form.c ------------------------------------------------------------------------ */

enum http_array_format { HTTP_INDICES, HTTP_REPEAT, HTTP_COMMAS, HTTP_BRACKETS };
/* An object as a form: a=1&b[c]=2 ... */
void http_form_encode(const struct pawl_host *h, struct pawl_doc object,
    enum http_array_format format, struct text *out);
/* A scalar as text: the characters of a string, "" for null, JSON for the rest. */
void http_scalar_text(const struct pawl_host *h, struct pawl_doc d, struct text *out);

/* --- connection.c ------------------------------------------------------------------------ */

/* What is wrong with plugins.http.connections, yours; NULL when it is right. */
char *http_connections_problem(const struct pawl_host *h, struct pawl_doc connections);
/* The connection that the ARN names, PAWL_NO_DOC and why when there is none. Borrowed. */
struct pawl_doc http_connection_find(const struct pawl_host *h, const char *arn,
    struct http_problem *why);
/* Its credentials, headers and query parameters into the request; they win over what is there. */
void http_connection_apply(const struct pawl_host *h, struct pawl_doc connection,
    struct http_request *r, struct http_secrets *secrets);

/* request.c, for connection.c: sets a header, replacing all of that name. */
void http_headers_set(struct http_headers *headers, const char *name, const char *value);
void http_headers_add(struct http_headers *headers, const char *name, const char *value);
/* Adds name=value to the URL's query; replace: first removes what has that name. */
void http_url_add_query(struct text *url, const char *name, const char *value, bool replace);

#endif
