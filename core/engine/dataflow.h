/*
 * dataflow - what flows through a state: InputPath, Parameters, ResultSelector,
 * ResultPath, OutputPath, Assign, and the fields that come from paths.
 *
 * A function returns 0 and an owned document, or -1 and e: the name of the error
 * and the sentence without the state's name in front (frame_fail_err adds it).
 */
#ifndef PAWL_ENGINE_DATAFLOW_H
#define PAWL_ENGINE_DATAFLOW_H

#include "engine/context.h"
#include "engine/move.h"

/* InputPath, applied to the raw input. */
int flow_input(struct run *r, struct frame *f, struct doc *out, struct err *e);
/* A template with root as $; env as in context.h. */
int flow_template(struct context_env *env, const struct template *t, struct doc root,
    struct doc *out, struct err *e);
/* Assign: *out is DOC_NONE when t is NULL. */
int flow_assign(struct run *r, struct frame *f, const struct template *t, struct doc root,
    struct doc *out, struct err *e);
/* ResultSelector, ResultPath, OutputPath. */
int flow_output(struct run *r, struct frame *f, struct doc result, struct doc *out, struct err *e);
/* OutputPath alone: Choice, Wait, Succeed. */
int flow_output_path(struct run *r, struct frame *f, struct doc in, struct doc *out, struct err *e);
/* A Catcher's ResultPath, on the raw input. */
int flow_catch(struct run *r, struct frame *f, const struct catcher *c, struct doc error_output,
    struct doc *out, struct err *e);

/* The value of a field that is there, literal or computed; says nothing about its type. */
int flow_field(struct run *r, struct frame *f, const struct dynamic_field *d, struct doc root,
    struct doc *out, struct err *e);
/* The path as written, for sentences; "" when the field is none. */
const char *flow_field_path(const struct dynamic_field *d);
/* An error of jsonpath_eval becomes "Invalid path '$.x' : ...". Always -1. */
int flow_invalid_path(const struct jsonpath *p, struct err *e);
/* A value inside a sentence: strings bare, everything else as JSON. Owned. */
char *flow_text(struct doc d);

#endif
