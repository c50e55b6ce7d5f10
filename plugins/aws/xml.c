/*
 * xml - a small XML document as a tree, read by expat.
 */
#include "xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define DEPTH_MAX 500

struct reader {
	XML_Parser parser;
	struct aws_xml *root, *at;
	int depth;
};

static const char *
local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon != NULL ? colon + 1 : name;
}

static void
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *r = arg;
	struct aws_xml *x = text_alloc(sizeof(*x));

	name = local_name(name);
	x->name = aws_copy(name, strlen(name));
	for (; *attributes != NULL; attributes += 2) {
		struct aws_xml_attribute *a = text_alloc(sizeof(*a));

		a->name = aws_copy(attributes[0], strlen(attributes[0]));
		a->value = aws_copy(attributes[1], strlen(attributes[1]));
		a->next = x->attributes;
		x->attributes = a;
	}
	x->parent = r->at;
	if (r->at == NULL)
		r->root = x;
	else if (r->at->last != NULL)
		r->at->last->next = x;
	else
		r->at->child = x;
	if (r->at != NULL)
		r->at->last = x;
	r->at = x;
	if (++r->depth > DEPTH_MAX)
		XML_StopParser(r->parser, XML_FALSE);
}

static void
on_end(void *arg, const XML_Char *name)
{
	struct reader *r = arg;

	(void)name;
	r->at = r->at->parent;
	r->depth--;
}

static void
on_text(void *arg, const XML_Char *s, int len)
{
	struct reader *r = arg;

	text_add(&r->at->text, s, (size_t)len);
}

/* No service sends one; entities can be made to grow without end. */
static void
on_doctype(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public,
    int internal)
{
	struct reader *r = arg;

	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	XML_StopParser(r->parser, XML_FALSE);
}

struct aws_xml *
aws_xml_read(const char *s, size_t len)
{
	struct reader r = { .parser = XML_ParserCreate(NULL) };
	enum XML_Status status;

	if (r.parser == NULL)
		abort();
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	status =
	    len > 0 && len < (1u << 30) ? XML_Parse(r.parser, s, (int)len, 1) : XML_STATUS_ERROR;
	XML_ParserFree(r.parser);
	if (status == XML_STATUS_OK)
		return r.root;
	aws_xml_free(r.root);
	return NULL;
}

/* Without recursion: the children are taken before their parent. */
void
aws_xml_free(struct aws_xml *x)
{
	while (x != NULL) {
		struct aws_xml *up = x->parent;
		struct aws_xml_attribute *a;

		if (x->child != NULL) {
			struct aws_xml *child = x->child;

			x->child = child->next;
			x = child;
			continue;
		}
		while ((a = x->attributes) != NULL) {
			x->attributes = a->next;
			free(a->name);
			free(a->value);
			free(a);
		}
		text_fini(&x->text);
		free(x->name);
		free(x);
		x = up;
	}
}

static const struct aws_xml *
named(const struct aws_xml *x, const char *name)
{
	while (x != NULL && strcmp(x->name, name) != 0)
		x = x->next;
	return x;
}

const struct aws_xml *
aws_xml_child(const struct aws_xml *x, const char *name)
{
	return x != NULL ? named(x->child, name) : NULL;
}

const struct aws_xml *
aws_xml_again(const struct aws_xml *x)
{
	return named(x->next, x->name);
}

const char *
aws_xml_text(const struct aws_xml *x)
{
	return x == NULL ? NULL : x->text.s != NULL ? x->text.s : "";
}
