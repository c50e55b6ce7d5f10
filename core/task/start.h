/*
 * start - the rules of StartExecution, for everybody who starts an execution.
 */
#ifndef PAWL_TASK_START_H
#define PAWL_TASK_START_H

#include "doc/doc.h"
#include "store/catalogue.h"
#include "store/read.h"

#define START_NAME_MAX 80
#define START_TRACE_HEADER_MAX 256

/* The input parsed, owned by the caller; -1 and e "InvalidExecutionInput". */
int start_parse_input(const char *text, size_t len, struct doc *out, struct err *e);
/* 0, or -1 and e as StartExecution answers for that machine (m NULL: there is none). arn: as asked for. */
int start_check_machine(const struct machine_entry *m, const char *arn, struct err *e);
/* The execution that has the name is what the same call, said twice, started. */
bool start_is_same(const struct execution_row *row, const char *input, size_t input_len);
/* It is not: -1, e "ExecutionAlreadyExists". */
int start_already_exists(const char *execution_arn, struct err *e);

#endif
