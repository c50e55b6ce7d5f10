/*
 * connection - credentials from plugins.http.connections, selected by a ConnectionArn.
 *
 *	connections = {
 *		payments = { type = "basic", username = "pawl", password = env("PAY_PASSWORD") },
 *		scoring = { type = "api_key", header = "X-Api-Key", value = env("SCORE_KEY") },
 *		crm = { type = "bearer", token = env("CRM_TOKEN"), headers = { ["X-Tenant"] = "7" } },
 *	}
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

static const struct {
	const char *type;
	const char *needs[2];
} connection_types[] = {
	{ "basic", { "username", "password" } },
	{ "api_key", { "header", "value" } },
	{ "bearer", { "token", NULL } },
};

#define NTYPES (sizeof(connection_types) / sizeof(connection_types[0]))

static char *
problem(const char *name, const char *what, const char *more)
{
	struct text t = { 0 };

	text_adds(&t, "plugins.http.connections.");
	text_adds(&t, name);
	text_adds(&t, what);
	text_adds(&t, more);
	return t.s;
}

static char *
connection_problem(const struct pawl_host *h, const char *name, struct pawl_doc c)
{
	size_t i;

	for (i = 0; i < NTYPES && !h->doc_is(h, h->doc_get(h, c, "type"), connection_types[i].type);
	     i++)
		;
	if (i == NTYPES)
		return problem(name, ": type must be \"basic\", \"api_key\" or \"bearer\"", "");
	for (size_t k = 0; k < 2 && connection_types[i].needs[k] != NULL; k++)
		if (h->doc_type(h, h->doc_get(h, c, connection_types[i].needs[k])) !=
		    PAWL_DOC_STRING)
			return problem(name, " needs a text for ", connection_types[i].needs[k]);
	return NULL;
}

char *
http_connections_problem(const struct pawl_host *h, struct pawl_doc connections)
{
	struct pawl_doc_iter it = { .of = connections };
	char *why = NULL;

	while (why == NULL && h->doc_next(h, &it)) {
		char *name = it.key.block_ != NULL ? h->doc_string(h, it.key, NULL) : NULL;

		why = name == NULL ? problem("", "must be a table with names", "")
				   : connection_problem(h, name, it.value);
		h->free(h, name);
	}
	return why;
}

/* arn:aws:events:REGION:ACCOUNT:connection/NAME/UUID or arn:pawl:...:connection/NAME: NAME; yours, NULL = none. */
static char *
connection_name(const char *arn)
{
	const char *s = strstr(arn, ":connection/");
	struct text t = { 0 };

	if (strncmp(arn, "arn:", 4) != 0 || s == NULL)
		return NULL;
	s += strlen(":connection/");
	text_add(&t, s, strcspn(s, "/"));
	if (t.len == 0)
		text_fini(&t);
	return t.s;
}

struct pawl_doc
http_connection_find(const struct pawl_host *h, const char *arn, struct http_problem *why)
{
	char *name = connection_name(arn), *wrong = NULL;
	struct pawl_doc found = PAWL_NO_DOC;

	if (name == NULL) {
		text_adds(&why->text,
		    "The value of the field 'ConnectionArn' has an invalid format");
		return found;
	}
	found = h->doc_get(h, h->option_doc(h, "connections"), name);
	if (found.block_ != NULL && (wrong = connection_problem(h, name, found)) != NULL) {
		why->error = "Events.ConnectionResource.InvalidConnectionState";
		text_adds(&why->text, wrong);
		found = PAWL_NO_DOC;
	} else if (found.block_ == NULL) {
		why->error = "Events.ConnectionResource.NotFound";
		text_adds(&why->text, "The connection '");
		text_adds(&why->text, name);
		text_adds(&why->text,
		    "' does not exist; connections are set in plugins.http.connections of pawl.conf");
	}
	free(name);
	free(wrong);
	return found;
}

/* The text of a member, and one more secret. */
static void
secret_of(const struct pawl_host *h, struct pawl_doc d, struct http_secrets *secrets,
    struct text *out)
{
	http_scalar_text(h, d, out);
	http_secrets_add(secrets, out->s, out->len);
}

static void
apply_basic(const struct pawl_host *h, struct pawl_doc c, struct http_request *r,
    struct http_secrets *secrets)
{
	struct text pair = { 0 }, password = { 0 }, header = { 0 };

	secret_of(h, h->doc_get(h, c, "password"), secrets, &password);
	http_scalar_text(h, h->doc_get(h, c, "username"), &pair);
	text_adds(&pair, ":");
	text_add(&pair, password.s, password.len);
	text_adds(&header, "Basic ");
	text_add_base64(&header, pair.s, pair.len);
	http_secrets_add(secrets, header.s + strlen("Basic "), header.len - strlen("Basic "));
	http_headers_set(&r->headers, "Authorization", header.s);
	text_fini(&pair);
	text_fini(&password);
	text_fini(&header);
}

static void
apply_api_key(const struct pawl_host *h, struct pawl_doc c, struct http_request *r,
    struct http_secrets *secrets)
{
	struct text name = { 0 }, value = { 0 };

	http_scalar_text(h, h->doc_get(h, c, "header"), &name);
	secret_of(h, h->doc_get(h, c, "value"), secrets, &value);
	http_headers_set(&r->headers, name.s, value.s);
	text_fini(&name);
	text_fini(&value);
}

static void
apply_bearer(const struct pawl_host *h, struct pawl_doc c, struct http_request *r,
    struct http_secrets *secrets)
{
	struct text token = { 0 }, header = { 0 };

	secret_of(h, h->doc_get(h, c, "token"), secrets, &token);
	text_adds(&header, "Bearer ");
	text_add(&header, token.s, token.len);
	http_headers_set(&r->headers, "Authorization", header.s);
	text_fini(&token);
	text_fini(&header);
}

static void
apply_extras(const struct pawl_host *h, struct pawl_doc extras, struct http_request *r,
    struct http_secrets *secrets, bool query)
{
	struct pawl_doc_iter it = { .of = extras };

	while (h->doc_next(h, &it)) {
		struct text name = { 0 }, value = { 0 };

		http_scalar_text(h, it.key, &name);
		secret_of(h, it.value, secrets, &value);
		if (query)
			http_url_add_query(&r->url, name.s, value.s, true);
		else
			http_headers_set(&r->headers, name.s, value.s);
		text_fini(&name);
		text_fini(&value);
	}
}

void
http_connection_apply(const struct pawl_host *h, struct pawl_doc c, struct http_request *r,
    struct http_secrets *secrets)
{
	struct pawl_doc type = h->doc_get(h, c, "type");

	if (h->doc_is(h, type, "basic"))
		apply_basic(h, c, r, secrets);
	else if (h->doc_is(h, type, "api_key"))
		apply_api_key(h, c, r, secrets);
	else
		apply_bearer(h, c, r, secrets);
	apply_extras(h, h->doc_get(h, c, "headers"), r, secrets, false);
	apply_extras(h, h->doc_get(h, c, "query"), r, secrets, true);
}
