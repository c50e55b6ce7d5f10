/*
 * redrive - whether an execution may be redriven.
 */
#ifndef PAWL_TASK_REDRIVE_H
#define PAWL_TASK_REDRIVE_H

#include <stdbool.h>

#include "base/buf.h"
#include "store/read.h"

/* Why it may not be, or NULL. aws_limits: AWS's time limits hold. text is for a sentence that has to be made. */
const char *redrive_obstacle(const struct execution_row *row, bool aws_limits, struct buf *text);

#endif
