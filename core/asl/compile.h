/*
 * compile - a definition's text to a machine.
 */
#ifndef PAWL_ASL_COMPILE_H
#define PAWL_ASL_COMPILE_H

#include "asl/diagnostic.h"
#include "asl/machine.h"

enum machine_type { MACHINE_STANDARD, MACHINE_EXPRESS };

/*
 * Compiles and checks; every problem found is added to d. NULL when there is an
 * error among them; a machine (refs 1) otherwise, warnings or not.
 */
struct machine *machine_compile(const char *text, size_t len, enum machine_type type,
    struct diagnostics *d);

#endif
