/*
 * protocol_rest - requests and answers whose members stand in the path, the query, headers
 * and the body.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "codec.h"
#include "xml.h"

/* --- the query ------------------------------------------------------------------------------ */

/* Pairs "name=value", encoded; they are sorted in the end, as signatures want them. */
struct pairs {
	char **list;
	size_t n;
};

static void
pairs_add(struct pairs *p, const char *name, const char *value, size_t len)
{
	struct text t = { 0 };

	text_add_encoded(&t, name, strlen(name), false);
	text_adds(&t, "=");
	text_add_encoded(&t, value, len, false);
	p->list = reallocarray(p->list, p->n + 1, sizeof(*p->list));
	if (p->list == NULL)
		abort();
	p->list[p->n++] = t.s;
}

static void
pairs_add_value(struct aws_codec *c, struct pairs *p, const char *name, const struct aws_type *t,
    struct pawl_doc value)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = value };
	size_t len;
	char *text;

	if (aws_is_scalar(t)) {
		text = aws_scalar_text(c, t, value, AWS_TIME_ISO, &len);
		pairs_add(p, name, text, len);
		free(text);
		return;
	}
	while (h->doc_next(h, &it)) {
		char *key = h->doc_string(h, it.key, NULL); /* NULL in lists */

		pairs_add_value(c, p, key != NULL ? key : name, t->of, it.value);
		h->free(h, key);
	}
}

static int
compare_pairs(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
pairs_write(struct pairs *p, struct text *out)
{
	if (p->n > 0)
		qsort(p->list, p->n, sizeof(*p->list), compare_pairs);
	for (size_t i = 0; i < p->n; i++) {
		text_addf(out, "%s%s", i > 0 ? "&" : "", p->list[i]);
		free(p->list[i]);
	}
	free(p->list);
}

/* What the action's URI has behind its '?': "list-type=2&x". */
static void
pairs_add_fixed(struct pairs *p, const char *query)
{
	char *copy = aws_copy(query, strlen(query)), *rest = copy;

	while (rest != NULL) {
		char *value = strsep(&rest, "&"), *name = strsep(&value, "=");

		pairs_add(p, name, value != NULL ? value : "", value != NULL ? strlen(value) : 0);
	}
	free(copy);
}

/* --- the path --------------------------------------------------------------------------------- */

static const struct aws_member *
member_of_label(const struct aws_type *t, const char *label, size_t len)
{
	for (size_t i = 0; t != NULL && i < t->nmembers; i++)
		if (t->members[i].place == 'u' && strlen(t->members[i].wire) == len &&
		    memcmp(t->members[i].wire, label, len) == 0)
			return &t->members[i];
	return NULL;
}

static struct pawl_doc
given_for(const struct aws_codec *c, struct pawl_doc parameters, const struct aws_member *m)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc d = h->doc_get(h, parameters, m->sdk);

	return h->doc_type(h, d) != PAWL_DOC_NONE ? d : h->doc_get(h, parameters, m->plain);
}

/* The slashes of a greedy label stay. */
static void
add_segments(struct text *path, const char *s, size_t len, bool greedy)
{
	while (greedy && memchr(s, '/', len) != NULL) {
		size_t n = strcspn(s, "/");

		text_add_encoded(path, s, n, false);
		text_adds(path, "/");
		s += n + 1;
		len -= n + 1;
	}
	text_add_encoded(path, s, len, false);
}

/* A label that is missing or empty would make another path, of another action. */
static void
add_label(struct aws_codec *c, struct text *path, const char *label, size_t len,
    struct pawl_doc parameters)
{
	bool greedy = label[len - 1] == '+';
	const struct aws_member *m = member_of_label(c->action->input, label, len - greedy);
	struct pawl_doc value = m != NULL ? given_for(c, parameters, m) : PAWL_NO_DOC;
	enum pawl_doc_type type = c->host->doc_type(c->host, value);
	char *text;

	if (type == PAWL_DOC_NONE || type == PAWL_DOC_NULL || c->host->doc_is(c->host, value, "")) {
		aws_problem(c, "The field '%s' is required but was missing",
		    m != NULL ? aws_member_name(c, m) : label);
		return;
	}
	text = aws_scalar_text(c, m->type, value, AWS_TIME_ISO, &len);
	add_segments(path, text, len, greedy);
	free(text);
}

static void
add_path(struct aws_codec *c, struct text *path, struct pawl_doc parameters)
{
	const char *at = c->action->uri;
	size_t len = strcspn(at, "?");
	const char *end = at + len;

	while (at < end) {
		len = strcspn(at, "{?");
		text_add(path, at, len);
		at += len;
		if (*at != '{')
			break;
		len = strcspn(++at, "}");
		add_label(c, path, at, len, parameters);
		at += len + 1;
	}
}

/* --- headers ------------------------------------------------------------------------------------ */

static void
add_header_list(struct aws_codec *c, struct aws_request *r, const struct aws_member *m,
    struct pawl_doc value)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = value };
	struct text all = { 0 };
	size_t len;

	while (h->doc_next(h, &it)) {
		char *text = aws_scalar_text(c, m->type->of, it.value, AWS_TIME_HTTP, &len);

		text_addf(&all, "%s%s", all.len > 0 ? "," : "", text);
		free(text);
	}
	aws_request_add_header(r, m->wire, text_chars(&all));
	text_fini(&all);
}

static void
add_header_map(struct aws_codec *c, struct aws_request *r, const struct aws_member *m,
    struct pawl_doc value)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = value };
	size_t len;

	while (h->doc_next(h, &it)) {
		char *key = h->doc_string(h, it.key, NULL);
		char *text = aws_scalar_text(c, m->type->of, it.value, AWS_TIME_HTTP, &len);
		char *name = text_format("%s%s", m->wire, key);

		aws_request_add_header(r, name, text);
		free(name);
		free(text);
		h->free(h, key);
	}
}

static void
add_header(struct aws_codec *c, struct aws_request *r, const struct aws_member *m,
    struct pawl_doc value)
{
	size_t len;
	char *text;

	if (m->type->kind == '[') {
		add_header_list(c, r, m, value);
		return;
	}
	text = aws_scalar_text(c, m->type, value, AWS_TIME_HTTP, &len);
	aws_request_add_header(r, m->wire, text);
	free(text);
}

static bool
has_header(const struct aws_request *r, const char *name)
{
	for (size_t i = 0; i < r->nheaders; i++)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return true;
	return false;
}

static bool
has_header_prefix(const struct aws_request *r, const char *prefix)
{
	for (size_t i = 0; i < r->nheaders; i++)
		if (strncasecmp(r->headers[i].name, prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

/* --- the body ------------------------------------------------------------------------------------ */

static void
json_body(struct aws_codec *c, struct aws_request *r, const struct aws_type *t,
    struct pawl_doc value, bool body_only)
{
	const struct pawl_host *h = c->host;
	struct pawl_builder *b = h->build(h);
	struct aws_given g = { 0 };
	struct pawl_doc d;
	char *text;
	size_t len;

	if (body_only) {
		h->build_object(b);
		while (aws_next_given(c, t, value, &g)) {
			if (g.member->place != 'b')
				continue;
			h->build_key(b, g.member->wire);
			aws_json_encode(c, b, g.member->type, g.value);
		}
		h->build_end(b);
	} else {
		aws_json_encode(c, b, t, value);
	}
	d = h->build_finish(b);
	text = h->doc_text(h, d, &len);
	text_add(&r->body, text, len);
	h->free(h, text);
	h->doc_unref(h, d);
}

static void
structured_body(struct aws_codec *c, struct aws_request *r, const char *root,
    const struct aws_type *t, struct pawl_doc value, bool body_only)
{
	if (c->service->protocol == AWS_REST_JSON)
		json_body(c, r, t, value, body_only);
	else
		aws_xml_encode(c, &r->body, root, c->action->ns, t, value);
	r->has_body = true;
	if (!has_header(r, "Content-Type"))
		aws_request_add_header(r, "Content-Type",
		    c->service->protocol == AWS_REST_JSON ? "application/json" : "application/xml");
}

/*
 * Step Functions tells S3 that all that it puts is text, and S3 remembers it. Models behind
 * a REST API read JSON.
 */
static void
plain_body(struct aws_codec *c, struct aws_request *r, struct pawl_doc value)
{
	size_t len;
	char *bytes = aws_bytes(c, value, &len);

	text_add(&r->body, bytes, len);
	free(bytes);
	r->has_body = true;
	if (!has_header(r, "Content-Type"))
		aws_request_add_header(r, "Content-Type",
		    c->service->protocol == AWS_REST_JSON &&
			    c->host->doc_type(c->host, value) != PAWL_DOC_STRING
			? "application/json"
			: "text/plain; charset=UTF-8");
}

static const struct aws_member *
payload_of(const struct aws_type *t)
{
	for (size_t i = 0; t != NULL && i < t->nmembers; i++)
		if (t->members[i].payload)
			return &t->members[i];
	return NULL;
}

static bool
has_body_members(const struct aws_type *t)
{
	for (size_t i = 0; t != NULL && i < t->nmembers; i++)
		if (t->members[i].place == 'b')
			return true;
	return false;
}

static void
add_body(struct aws_codec *c, struct aws_request *r, struct pawl_doc parameters)
{
	const struct aws_type *t = c->action->input;
	const struct aws_member *m = payload_of(t);
	struct pawl_doc value;
	enum pawl_doc_type type;

	if (m == NULL) {
		if (has_body_members(t))
			structured_body(c, r, c->action->root != NULL ? c->action->root : "Request",
			    t, parameters, true);
		return;
	}
	value = given_for(c, parameters, m);
	type = c->host->doc_type(c->host, value);
	if (type == PAWL_DOC_NONE || type == PAWL_DOC_NULL)
		return;
	if (aws_is_scalar(m->type) && m->type->kind != 'j')
		plain_body(c, r, value);
	else
		structured_body(c, r, m->wire, m->type, value, false);
}

/* --- checksums of what is put ------------------------------------------------------------------- */

static uint32_t
crc32_of(const char *s, size_t len)
{
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)s[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void
add_crc32(struct aws_request *r)
{
	uint32_t crc = crc32_of(text_chars(&r->body), r->body.len);
	unsigned char bytes[4] = { (unsigned char)(crc >> 24), (unsigned char)(crc >> 16),
		(unsigned char)(crc >> 8), (unsigned char)crc };
	char *text = aws_base64(bytes, sizeof(bytes));

	if (!has_header(r, "x-amz-sdk-checksum-algorithm"))
		aws_request_add_header(r, "x-amz-sdk-checksum-algorithm", "CRC32");
	aws_request_add_header(r, "x-amz-checksum-crc32", text);
	free(text);
}

static void
add_md5(struct aws_request *r)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char *text;

	if (EVP_Digest(text_chars(&r->body), r->body.len, digest, &len, EVP_md5(), NULL) != 1)
		return; /* a machine that has no MD5: S3 takes the other checksum as well */
	text = aws_base64(digest, len);
	aws_request_add_header(r, "Content-MD5", text);
	free(text);
}

/* A checksum that the user gives, of whatever kind, is enough. */
static void
add_checksums(struct aws_codec *c, struct aws_request *r)
{
	bool asked = c->action->md5 || strcmp(c->action->name, "PutObject") == 0 ||
	    strcmp(c->action->name, "UploadPart") == 0;

	if (!r->has_body || !asked || strcmp(c->service->id, "s3") != 0)
		return;
	if (c->action->md5 && !has_header(r, "Content-MD5"))
		add_md5(r);
	if (!has_header_prefix(r, "x-amz-checksum-"))
		add_crc32(r);
}

/* --- a request ----------------------------------------------------------------------------------- */

void
aws_rest_encode(struct aws_codec *c, struct pawl_doc parameters, struct aws_request *r)
{
	const char *fixed = strchr(c->action->uri, '?');
	struct aws_given g = { 0 };
	struct pairs pairs = { 0 };

	add_path(c, &r->path, parameters);
	if (fixed != NULL)
		pairs_add_fixed(&pairs, fixed + 1);
	while (c->action->input != NULL && aws_next_given(c, c->action->input, parameters, &g)) {
		if (g.member->place == 'q')
			pairs_add_value(c, &pairs, g.member->wire, g.member->type, g.value);
		else if (g.member->place == 'h')
			add_header(c, r, g.member, g.value);
		else if (g.member->place == 'p')
			add_header_map(c, r, g.member, g.value);
	}
	pairs_write(&pairs, &r->query);
	add_body(c, r, parameters);
	add_checksums(c, r);
}

/* --- an answer ------------------------------------------------------------------------------------ */

static void
decode_header(struct aws_codec *c, struct pawl_builder *b, const struct aws_member *m,
    const char *value)
{
	c->host->build_key(b, aws_member_name(c, m));
	if (m->type->kind != '[') {
		aws_build_scalar(c, b, m->type, value, strlen(value));
		return;
	}
	c->host->build_array(b);
	while (*value != '\0') {
		size_t len = strcspn(value, ",");
		char *one = aws_copy(value, len);

		aws_build_scalar(c, b, m->type->of, one, len);
		free(one);
		value += len + (value[len] == ',');
		value += strspn(value, " ");
	}
	c->host->build_end(b);
}

static void
decode_header_map(struct aws_codec *c, struct pawl_builder *b, const struct aws_member *m,
    const struct aws_answer *a)
{
	size_t len = strlen(m->wire);

	c->host->build_key(b, aws_member_name(c, m));
	c->host->build_object(b);
	for (size_t i = 0; i < a->nheaders; i++) {
		const struct pawl_http_header *x = &a->headers[i];

		if (strncasecmp(x->name, m->wire, len) != 0)
			continue;
		c->host->build_key(b, x->name + len);
		c->host->build_string(b, x->value, strlen(x->value));
	}
	c->host->build_end(b);
}

static void
decode_head(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    const struct aws_answer *a)
{
	for (size_t i = 0; i < t->nmembers; i++) {
		const struct aws_member *m = &t->members[i];
		const char *value;

		if (m->place == 'h' && (value = aws_answer_header(a, m->wire)) != NULL) {
			decode_header(c, b, m, value);
		} else if (m->place == 'p') {
			decode_header_map(c, b, m, a);
		} else if (m->place == 'c') {
			c->host->build_key(b, aws_member_name(c, m));
			c->host->build_int(b, a->status);
		}
	}
}

static bool
decode_json_body(struct aws_codec *c, struct pawl_builder *b, const struct aws_member *payload,
    const struct aws_answer *a)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc d = h->doc_parse(h, a->body, a->body_len, NULL);

	if (h->doc_type(h, d) == PAWL_DOC_NONE)
		return false;
	if (payload != NULL) {
		h->build_key(b, aws_member_name(c, payload));
		aws_json_decode(c, b, payload->type, d);
	} else {
		aws_json_decode_members(c, b, c->action->output, d);
	}
	h->doc_unref(h, d);
	return true;
}

/* The answer of GetBucketLocation is its only member, not an element around it. */
static const struct aws_member *
only_member(const struct aws_type *t, const struct aws_xml *root)
{
	return t->nmembers == 1 && root->child == NULL && aws_is_scalar(t->members[0].type) &&
		strcmp(root->name, t->members[0].wire) == 0
	    ? &t->members[0]
	    : NULL;
}

static bool
decode_xml_body(struct aws_codec *c, struct pawl_builder *b, const struct aws_member *payload,
    const struct aws_answer *a)
{
	struct aws_xml *root = aws_xml_read(a->body, a->body_len);
	const struct aws_type *t = c->action->output;
	const struct aws_member *only;

	if (root == NULL)
		return false;
	only = payload != NULL ? payload : only_member(t, root);
	if (only != NULL) {
		c->host->build_key(b, aws_member_name(c, only));
		aws_xml_decode(c, b, only->type, root);
	} else {
		aws_xml_decode_members(c, b, t, root);
	}
	aws_xml_free(root);
	return true;
}

bool
aws_rest_decode(struct aws_codec *c, const struct aws_answer *a, struct pawl_builder *b)
{
	const struct aws_type *t = c->action->output;
	const struct aws_member *payload = payload_of(t);

	if (t == NULL)
		return true;
	decode_head(c, b, t, a);
	if (payload != NULL && aws_is_scalar(payload->type) && payload->type->kind != 'j') {
		c->host->build_key(b, aws_member_name(c, payload));
		aws_build_bytes(c, b, a->body, a->body_len);
		return true;
	}
	if (a->body_len == 0 || (payload == NULL && !has_body_members(t)))
		return true;
	return c->service->protocol == AWS_REST_JSON ? decode_json_body(c, b, payload, a)
						     : decode_xml_body(c, b, payload, a);
}
