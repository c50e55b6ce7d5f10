/*
 * problems - what is wrong with a definition, as people and as editors read it.
 */
#ifndef PAWL_CLI_PROBLEMS_H
#define PAWL_CLI_PROBLEMS_H

#include "cli/cli.h"
#include "cli/source.h"

/*
 * One diagnostic after the other as compilers print them, when there is a place:
 *
 *	order.asl.json:3:41: error: MISSING_TRANSITION_TARGET: Missing 'Next' target: Pya at /States/A/Next
 *	    3 |     "A": { "Type": "Pass", "Next": "Pya" },
 *	      |                                    ^~~~~
 *	      = did you mean 'Pay'?
 *
 * The colours are those of c; NULL = none.
 */
void problems_print(const struct cli *c, const struct source *s, const struct diagnostics *d,
    struct buf *out);
/* {"result":"FAIL","diagnostics":[...]}: see pawl(1). */
void problems_print_json(const struct source *s, const struct diagnostics *d, struct buf *out);
/* Compiles; without a machine the problems are on stderr. */
struct machine *problems_compile(const struct source *s, enum machine_type type);
/* source_json; NULL after the problem is on stderr. Yours. */
char *problems_source_json(const struct source *s);

#endif
