/*
 * dataflow - what flows through a state: InputPath, Parameters, ResultSelector,
 * ResultPath, OutputPath, Assign, and the fields that come from paths; Arguments, Output,
 * Assign and the fields that come from expressions.
 *
 * A function returns 0 and an owned document, or -1 and e: the name of the error
 * and the sentence without the state's name in front (frame_fail_err adds it).
 */
#ifndef PAWL_ENGINE_DATAFLOW_H
#define PAWL_ENGINE_DATAFLOW_H

#include "engine/context.h"
#include "engine/move.h"

/* What a field is about besides the state's input. */
enum flow_about {
	ABOUT_INPUT,  /* nothing: the document is the effective input */
	ABOUT_RESULT, /* the state's result: states.result */
	ABOUT_ERROR   /* the error output: states.errorOutput */
};

/* InputPath, applied to the raw input; in other languages than JSONPath the raw input. */
int flow_input(struct run *r, struct frame *f, struct doc *out, struct err *e);
/* A template with root as $; env as in context.h. */
int flow_template(struct context_env *env, const struct template *t, struct doc root,
    struct doc *out, struct err *e);
/* Assign, where d is $: *out is DOC_NONE when t is NULL. */
int flow_assign(struct run *r, struct frame *f, const struct template *t, enum flow_about about,
    struct doc d, struct doc *out, struct err *e);
/* Pass, Task, Parallel, Map: ResultSelector, ResultPath, OutputPath; or Output. */
int flow_output(struct run *r, struct frame *f, enum flow_about about, struct doc result,
    struct doc *out, struct err *e);
/* Choice, Wait, Succeed: OutputPath alone, applied to in; or the Output that is given (NULL = in). */
int flow_pass_on(struct run *r, struct frame *f, const struct template *output, struct doc in,
    struct doc *out, struct err *e);
/* A Catcher's ResultPath, on the raw input; or its Output. */
int flow_catch(struct run *r, struct frame *f, const struct catcher *c, struct doc error_output,
    struct doc *out, struct err *e);

/*
 * The value of a field that is there, literal or computed. Of an expression it must be of the
 * type ("number", "string"); a value that came otherwise is the caller's to check.
 */
int flow_field(struct run *r, struct frame *f, const struct dynamic_field *d, struct doc root,
    const char *type, struct doc *out, struct err *e);
/* The value of a template that, when it is an expression, must be of the type ("array" ...). */
int flow_typed(struct run *r, struct frame *f, const struct template *t, const char *type,
    struct doc *out, struct err *e);
/*
 * The value of a field in a state with expressions will not do: States.QueryEvaluationError, told of
 * that field (NULL = of none; kept). Always -1.
 */
int flow_unfit(struct run *r, const char *field, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The path as written, for sentences; "" when the field is none. */
const char *flow_field_path(const struct dynamic_field *d);
/* An error of jsonpath_eval becomes "Invalid path '$.x' : ...". Always -1. */
int flow_invalid_path(const struct jsonpath *p, struct err *e);
/* A value inside a sentence: strings bare, everything else as JSON. Owned. */
char *flow_text(struct doc d);

#endif
