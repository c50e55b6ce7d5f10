/*
 * event_line - a history event as one line for people.
 */
#ifndef PAWL_CLI_EVENT_LINE_H
#define PAWL_CLI_EVENT_LINE_H

#include "cli/cli.h"

/* event: an object in the form of GetExecutionHistory. Prints the line. */
void event_line_print(const struct cli *c, struct doc event);

#endif
