/*
 * variables - which state reads which variables, as the API describes a machine.
 */
#ifndef PAWL_API_VARIABLES_H
#define PAWL_API_VARIABLES_H

#include "asl/machine.h"
#include "base/buf.h"

/* Appends the member variableReferences to the object that out ends in; nothing when no state reads any. */
void variables_reply(const struct machine *m, struct buf *out);

#endif
