/*
 * yaml_scalar - what a plain scalar of YAML stands for, by the core schema of YAML 1.2.
 *
 * That of YAML 1.1, in which "no" is false and "12:30" is 750, is not known here.
 */
#ifndef PAWL_CLI_YAML_SCALAR_H
#define PAWL_CLI_YAML_SCALAR_H

#include "doc/doc.h"

/*
 * The type of the text. For a number *out, emptied before, gets it as JSON writes it: the
 * same text where JSON allows that; or it stays empty, when JSON has no such number
 * (infinity, not a number, a hexadecimal one of more than 64 bits).
 */
enum doc_type yaml_scalar_type(const char *text, size_t len, struct buf *out);

#endif
