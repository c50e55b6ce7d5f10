/*
 * codec - parameters of a task to a request on the wire, and an answer to a result.
 */
#ifndef PAWL_PLUGIN_AWS_CODEC_H
#define PAWL_PLUGIN_AWS_CODEC_H

#include <pawl/plugin.h>

#include "model.h"
#include "text.h"
#include "wire.h"

struct aws_codec {
	const struct pawl_host *host;
	const struct aws_service *service;
	const struct aws_action *action;
	bool sdk; /* names and times as aws-sdk tasks have them; else as optimized integrations */
	/* The first thing that is wrong with the parameters, a sentence; owned, NULL = nothing. */
	char *problem;
};

/* A request, but for where it goes. Zero-initialised it is empty. */
struct aws_request {
	const char *method;
	struct text path;                 /* with what follows of a host: "/bucket/key" */
	struct text query;                /* "a=1&b=", in the order of names */
	struct pawl_http_header *headers; /* owned, with their texts */
	size_t nheaders;
	struct text body;
	bool has_body;
};
void aws_request_add_header(struct aws_request *r, const char *name, const char *value);
void aws_request_fini(struct aws_request *r);

/* An answer, good only while the exchange's callback runs. */
struct aws_answer {
	const struct pawl_http_header *headers;
	size_t nheaders;
	int status;
	const char *body;
	size_t body_len;
};
const char *aws_answer_header(const struct aws_answer *a, const char *name); /* or NULL */

/* c->problem is set when the parameters cannot be sent. */
void aws_encode(struct aws_codec *c, struct pawl_doc parameters, struct aws_request *r);
/* The members of the result go into the object that b is at. False: the answer makes no sense. */
bool aws_decode(struct aws_codec *c, const struct aws_answer *a, struct pawl_builder *b);

/* The characters of a text to which nothing may have been added. */
static inline const char *
text_chars(const struct text *t)
{
	return t->s != NULL ? t->s : "";
}

/* --- for the protocol_*.c files ------------------------------------------------------------ */

void aws_problem(struct aws_codec *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *aws_member_name(const struct aws_codec *c, const struct aws_member *m);
/*
 * Walks the parameters that an object gives for a structure: one that is null is left out, one
 * that the structure does not have is a problem. Zero-initialise it.
 */
struct aws_given {
	struct pawl_doc_iter it;
	const struct aws_member *member;
	struct pawl_doc value;
};
bool aws_next_given(struct aws_codec *c, const struct aws_type *t, struct pawl_doc object,
    struct aws_given *g);

/* A scalar as the text that stands in a form, an attribute, a header; new. Bytes are base64. */
char *aws_scalar_text(struct aws_codec *c, const struct aws_type *t, struct pawl_doc value,
    enum aws_time_style style, size_t *len);
/* The bytes that a parameter is: a text, or the JSON of what is none; new. */
char *aws_bytes(struct aws_codec *c, struct pawl_doc value, size_t *len);
/* A scalar of a message, as JSON. */
void aws_build_scalar(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    const char *s, size_t len);
void aws_build_time(struct aws_codec *c, struct pawl_builder *b, int64_t ms);
/* A text when the bytes are UTF-8, else base64. */
void aws_build_bytes(struct aws_codec *c, struct pawl_builder *b, const char *s, size_t len);
bool aws_is_scalar(const struct aws_type *t);

void aws_json_encode(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    struct pawl_doc value);
void aws_json_decode(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    struct pawl_doc value);
/* The members of an object alone, into the object that b is at. */
void aws_json_decode_members(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    struct pawl_doc object);

void aws_query_encode(struct aws_codec *c, struct pawl_doc parameters, struct aws_request *r);

struct aws_xml;
void aws_xml_encode(struct aws_codec *c, struct text *out, const char *name, const char *ns,
    const struct aws_type *t, struct pawl_doc value);
void aws_xml_decode(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    const struct aws_xml *x);
void aws_xml_decode_members(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    const struct aws_xml *x);

void aws_rest_encode(struct aws_codec *c, struct pawl_doc parameters, struct aws_request *r);
bool aws_rest_decode(struct aws_codec *c, const struct aws_answer *a, struct pawl_builder *b);

#endif
