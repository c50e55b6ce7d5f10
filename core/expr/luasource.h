/*
 * luasource - whether a text of Lua can be compiled in reasonable time, told without compiling it.
 */
#ifndef PAWL_EXPR_LUASOURCE_H
#define PAWL_EXPR_LUASOURCE_H

#include <stdbool.h>
#include <stddef.h>

bool luasource_is_cheap(const char *text, size_t len);

#endif
