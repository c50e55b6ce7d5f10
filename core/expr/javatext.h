/*
 * javatext - a value as Java's toString shows it, which some of the service's
 * sentences and States.Format do: {a=1, b=[x, null]}.
 */
#ifndef PAWL_EXPR_JAVATEXT_H
#define PAWL_EXPR_JAVATEXT_H

#include "doc/doc.h"

void javatext_add(struct buf *out, struct doc d);

#endif
