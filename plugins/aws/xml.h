/*
 * xml - a small XML document as a tree, read by expat.
 */
#ifndef PAWL_PLUGIN_AWS_XML_H
#define PAWL_PLUGIN_AWS_XML_H

#include <stddef.h>

#include "text.h"

struct aws_xml_attribute {
	struct aws_xml_attribute *next;
	char *name, *value;
};

struct aws_xml {
	struct aws_xml *next, *child, *last, *parent;
	char *name;       /* without prefix */
	struct text text; /* all character data of the element itself */
	struct aws_xml_attribute *attributes;
};

/* The root, yours; NULL when it is no XML, or deeper than 500 levels. */
struct aws_xml *aws_xml_read(const char *s, size_t len);
void aws_xml_free(struct aws_xml *root);
const struct aws_xml *aws_xml_child(const struct aws_xml *x, const char *name); /* NULL is fine */
/* The next sibling of the same name. */
const struct aws_xml *aws_xml_again(const struct aws_xml *x);
const char *aws_xml_text(const struct aws_xml *x); /* NULL is fine, and the answer then */

#endif
