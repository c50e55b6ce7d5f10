/*
 * awswire - the server's side of AWS's protocols: a call to one document of parameters,
 * an answer or an error to what the caller's protocol has.
 *
 * The JSON protocol carries documents. The query protocol sends forms
 * (Action=SendMessage&Attribute.1.Name=...) and gets XML; a service says in a table how its
 * lists and maps look there, everything else follows from the names:
 *
 *	Entries.member.1.Id=a    a list, as most services write it
 *	Tags.entry.1.key=a       a map (key or Name, value or Value)
 *	AttributeName.1=a        a list or map that is "flattened", from the table
 *	Value.StringValue=a      a structure
 *
 * All scalars of a form are strings: docs_int and docs_true read both protocols.
 */
#ifndef PAWL_COMMON_AWSWIRE_H
#define PAWL_COMMON_AWSWIRE_H

#include <pawl/plugin.h>

/* A flattened list or map. */
struct awswire_field {
	const char *api;         /* the member's name in the API: "Attributes" */
	const char *wire;        /* what repeats in its place: "Attribute" */
	const char *key, *value; /* a map's; NULL = a list */
	const char *action;      /* only of this action; NULL = of all */
};

struct awswire_code {
	const char *code;  /* an error of the JSON protocol */
	const char *query; /* its code in the query protocol */
};

struct awswire_service {
	const char *shapes;    /* what stands before the code in __type: "com.amazonaws.sqs#" */
	const char *xmlns;     /* of the query protocol */
	const char *json_type; /* content type: "application/x-amz-json-1.0" */
	const struct awswire_field *fields; /* ends with api NULL; may be NULL */
	const struct awswire_code *codes; /* those that differ; ends with code NULL; may be NULL */
	bool query_header; /* JSON errors tell the query protocol's code in a header */
};

/* What is needed to answer, kept while the call is worked on. */
struct awswire_call {
	uint64_t id;
	char request_id[40];
	char action[64];
	bool query;
};

struct awswire_error {
	const char *code;    /* of the JSON protocol: "QueueDoesNotExist" */
	const char *message; /* one sentence */
	int status;          /* 0 = 400 */
};

void awswire_open(const struct pawl_http_call *c, struct awswire_call *call);
/* The parameters, an object; PAWL_NO_DOC and *why (static) when there are none that make sense. */
struct pawl_doc awswire_read(const struct awswire_service *s, const struct pawl_host *h,
    const struct pawl_http_call *c, const char **why);
/* PAWL_NO_DOC: the action has no result. False when the client has gone. */
bool awswire_answer(const struct awswire_service *s, const struct pawl_host *h,
    const struct awswire_call *call, struct pawl_doc answer);
bool awswire_fail(const struct awswire_service *s, const struct pawl_host *h,
    const struct awswire_call *call, const struct awswire_error *e);
/* The code of an error in the query protocol. */
const char *awswire_query_code(const struct awswire_service *s, const char *code);

#endif
