/*
 * model - what is known of AWS's services: their names, actions, and the shapes of their
 * requests and answers.
 *
 * The knowledge is services.txt (made by scripts/awsgen), which is part of the plugin. Lines:
 *	S id client signing endpoint protocol version target json [host=H] [region=R]
 *	O Action input output METHOD uri [root=E] [ns=URI] [host=PREFIX] [md5] [unsigned]
 *	O Action events			not to be called as a task
 *	E [shape=]code=exception ...	the exceptions that the service declares
 *	{ name=type[@place[name]][~query name][!flags] ...	type number 0, 1, 2 ... of the service
 *	[ type name f|-			a list: name of an element ("-": member), flattened
 *	< type key value f|-		a map
 * A type is a line's number, or s(tring) i(nteger) d(ouble) b(oolean) t(ime; te, ti, tr: as
 * epoch, ISO, HTTP date) x (bytes) j (JSON as it is) v (JSON in a text). Places: u(ri) q(uery)
 * h(eader) p (headers with a prefix) c (status code) b(ody). Flags: P(ayload), i (idempotency
 * token), a(ttribute), f(lattened).
 *
 * A service's lines are read when it is first used.
 */
#ifndef PAWL_PLUGIN_AWS_MODEL_H
#define PAWL_PLUGIN_AWS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aws_models;

struct aws_type {
	char kind; /* one of s i d b t x j v, or { [ < */
	char time; /* of t: e i r, '\0' = as the protocol has it */
	/* { */
	struct aws_member *members;
	size_t nmembers;
	/* [ < */
	const struct aws_type *of;   /* elements, values */
	const char *name, *key_name; /* of an element or value, of a key; NULL = default */
	bool flattened;
};

struct aws_member {
	const char *name;         /* as the API has it */
	const char *sdk;          /* as Step Functions spells it in aws-sdk tasks */
	const char *plain;        /* the same in optimized integrations */
	const char *wire, *query; /* in a message; query NULL = as wire */
	const struct aws_type *type;
	char place; /* u q h p c b */
	bool payload, token, attribute, flattened;
};

struct aws_exception {
	const char *shape, *code, *name;
};

struct aws_action {
	const char *name;                      /* PutItem */
	const struct aws_type *input, *output; /* NULL = has no members */
	const char *method, *uri;
	const char *root, *ns;   /* of a body that is XML; NULL = none */
	const char *host_prefix; /* or NULL */
	bool md5, is_unsigned, events;
};

enum aws_protocol { AWS_JSON, AWS_QUERY, AWS_EC2, AWS_REST_JSON, AWS_REST_XML };

struct aws_service {
	const char *id;     /* as in aws-sdk:ID:action */
	const char *client; /* DynamoDb: prefix of its errors */
	const char *signing, *endpoint, *version, *target, *json_version;
	const char *host, *region; /* of a service that has one endpoint only; else NULL */
	enum aws_protocol protocol;
	struct aws_action *actions;
	size_t nactions;
	struct aws_exception *exceptions;
	size_t nexceptions;
	/* owned */
	char *text, *names;
	struct aws_type *types;
	size_t ntypes;
};

struct aws_models *aws_models_new(void);
void aws_models_free(struct aws_models *m);
/* NULL: it is not known. */
const struct aws_service *aws_service_find(struct aws_models *m, const char *id);
/* name: putItem or PutItem. NULL: it has no such action. */
const struct aws_action *aws_action_find(const struct aws_service *s, const char *name);
const struct aws_member *aws_member_find(const struct aws_type *t, const char *name);

/* services.txt as it is (for tests). */
const char *aws_model_text(size_t *len);

#endif
