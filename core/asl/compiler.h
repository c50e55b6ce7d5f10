/*
 * compiler - what the parts of the definition compiler share: where they are,
 * what they report, how they read a field.
 */
#ifndef PAWL_ASL_COMPILER_H
#define PAWL_ASL_COMPILER_H

#include "asl/compile.h"
#include "expr/expression.h"

#define ASL_SECONDS_MAX 99999999
#define ASL_NAME_MAX 80 /* characters of a state's or a variable's name */

/*
 * Where the compiler is in the definition: a list on the stack, printed only when
 * there is something to say about the place. name NULL = an index.
 */
struct place {
	const struct place *up; /* NULL = directly below the definition */
	const char *name;
	size_t len, index;
};
struct place place_name(const struct place *up, const char *name);
struct place place_index(const struct place *up, size_t index);
/* "/States/A/Choices[0]"; "/" for NULL, the definition itself. */
void place_print(const struct place *at, struct buf *out);

/* The text of a string, or its beginning when it is long: yours, for a sentence. */
char *text_shown(struct doc d);

/* The variables that the states of a container assign, and those of the containers around it. */
struct assigned {
	const struct assigned *up;
	char **names; /* sorted */
	size_t n;
};

/* names.c: the names of all states of the machine. */
struct names {
	const struct state **slots;
	size_t cap, n;
};
bool names_add(struct names *n, const struct state *st); /* false: there is one of that name */
void names_fini(struct names *n);

/* compile_distributed.c: the Labels of all Maps of the machine, sorted. */
struct labels {
	char **list;
	size_t n;
};
void labels_fini(struct labels *l);

/* The container whose states are being compiled. */
struct compiler_here {
	const struct assigned *scope; /* what its paths may read; NULL = not known */
	/* What only follows from a fault is not told as another one. */
	bool flow_unknown; /* a transition cannot be read: nobody knows what is reached */
	bool flow_dangles; /* a transition leads nowhere: nobody knows whether the machine ends */
};

struct compiler {
	struct machine *m;
	struct diagnostics *d;
	struct diagnostics unbuilt; /* said only when nothing else is wrong */
	struct names names;
	struct labels labels;
	enum machine_type type;
	/* the state that is being compiled; NULL = none */
	const struct state *state;
	const struct place *state_at;
	unsigned nsearches; /* for states that a missing one may have meant */
	struct compiler_here here;
};

/* One object of the definition and what belongs to it: what most functions here work on. */
struct part {
	struct compiler *c;
	struct doc def;
	const struct place *at;
	enum query_language language;
};

/* --- reporting ------------------------------------------------------------- */

#define SCHEMA "SCHEMA_VALIDATION_FAILED"

/* These return what diagnostics_add does: mostly NULL, else the new one, for help to be added. */
struct diagnostic *report(struct compiler *c, const struct place *at, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* SCHEMA_VALIDATION_FAILED at the field of p. */
struct diagnostic *report_field(const struct part *p, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A member of p that p may not have. */
struct diagnostic *report_unknown(const struct part *p, const char *key);
/* A warning, as long as there are few. */
struct diagnostic *report_warning(const struct part *p, const char *field, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void report_warning_at(struct compiler *c, const struct place *at, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* What is meant is below the place of the report: its name, or else its value. g may be NULL. */
void help_below(struct diagnostic *g, const struct place *below, bool at_key);
void help_key(struct diagnostic *g, const char *key);
/* Proposes the one of n words that v, a string, is similar to. */
void help_words(struct diagnostic *g, struct doc v, const char *const *words, size_t n);
/* What is legal but not built: refused, but only when nothing else is. */
void refuse_unbuilt(struct compiler *c, const struct place *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* --- fields ------------------------------------------------------------------ */

struct doc field_get(const struct part *p, const char *field); /* borrowed; DOC_NONE = absent */
/* The field when it is there and of that type; another type is reported. Borrowed. */
struct doc field_string(const struct part *p, const char *field);
struct doc field_object(const struct part *p, const char *field);
struct doc field_array(const struct part *p, const char *field);
/* True and *out when it is there, an integer, and in range; else reported. */
bool field_integer(const struct part *p, const char *field, int64_t min, int64_t max, int64_t *out);
bool field_number(const struct part *p, const char *field, double min, double max, double *out);
/* How the value is marked; EXPRESSION_NOT unless it is a string and the language evaluates those. */
enum expression_mark field_mark(const struct part *p, struct doc value);
/* The value is EXPRESSION_WHOLE. */
bool field_is_expression(const struct part *p, struct doc value);
/* The index of the string's text in values, -1 when absent; anything else is reported. */
int field_choice(const struct part *p, const char *field, const char *const *values, size_t n);
/* Two fields that exclude each other are both there: reported, true. */
bool field_conflict(const struct part *p, const char *a, const char *b);
/* Reports those of the names (a NULL ends them) that are not there. True = all are. */
bool fields_require(const struct part *p, const char *const *names);
/* Reports members whose names are not in the list (a NULL ends it). */
void fields_only(const struct part *p, const char *const *names);
/* In which query languages a field is known. */
enum field_language { ANY, ONLY_JSONPATH, NOT_JSONPATH };
struct field_name {
	const char *name;
	enum field_language language;
};
/* fields.c: reports members that are not in the list (a NULL name ends it), and those of another language. */
void fields_check(const struct part *p, const struct field_name *names);
/* fields.c: the field belongs to the language that p is not written in. */
void report_language(const struct part *p, const char *field);
/* The array is there, holds objects only and, unless allow_empty, something. */
bool field_objects(const struct part *p, const char *field, bool allow_empty, struct doc *out);

/* --- paths and templates ------------------------------------------------------- */

void compile_path_field(const struct part *p, const char *field, struct path_field *out);
void compile_result_path(const struct part *p, const char *field, struct path_field *out);
/* A reference path that is read: it gives one value. NULL = absent or reported. */
struct jsonpath *compile_reference(const struct part *p, const char *field);
/* The same for ItemsPath and Variable, where the service lets filters and wildcards pass. */
struct jsonpath *compile_lax_reference(const struct part *p, const char *field);
struct template *compile_template(const struct part *p, const char *field, bool must_be_object);
/* The field is a bare expression: compiled, NULL = it is not, or it was reported. */
struct template *compile_expression(const struct part *p, const char *field);
/*
 * check_expressions.c: false, and reported, when a string in v has only one of the
 * two marks of an expression, "{%" at its beginning and "%}" at its end.
 */
bool check_expressions(const struct part *p, const char *field, struct doc v);
/* The field is absent, an expression, or of that type; else reported (type_name), false. */
bool check_value(const struct part *p, const char *field, enum doc_type type,
    const char *type_name);
/* field, or pathfield: a path; neither = FIELD_ABSENT. The literal is an integer in range. */
void compile_seconds(const struct part *p, const char *field, const char *path_field, int64_t min,
    struct dynamic_field *out);
/* The same for any literal: check says what is wrong with it, NULL = nothing. */
typedef const char *field_check(struct doc literal);
void compile_dynamic(const struct part *p, const char *field, const char *path_field,
    field_check *check, struct dynamic_field *out);
/* The checks alone. */
void check_dynamic(const struct part *p, const char *field, const char *path_field,
    field_check *check);
void dynamic_field_fini(struct dynamic_field *f); /* machine.c */

/* --- variables (compile_assign.c) ------------------------------------------------ */

/* Gathers what the states of a container assign; up stays the caller's. */
void assigned_init(struct assigned *a, const struct assigned *up, struct doc states);
void assigned_fini(struct assigned *a);
/* Does a state of the container, or of one around it, assign the variable? */
bool assigned_has(const struct assigned *a, const char *name);
/* Assign of p: a checked template, NULL = absent or reported. */
struct template *compile_assign(const struct part *p, const struct assigned *a);

/* --- the parts of a definition ------------------------------------------------------ */

/* A state that is being compiled. */
struct state_part {
	struct part p;
	struct state *st;
	const struct assigned *assigned;
};

/* compile_container.c: StartAt and States of p into box. */
void compile_container(const struct part *p, struct container *box, const struct assigned *outer);
/* The state that the field names; NULL = absent, or reported. */
const struct state *compile_target(const struct part *p, const struct container *box,
    const char *field);
/* fields.c: reports what this type of state may not have, and what it lacks. */
void check_state_fields(const struct state_part *s);
/* fields.c: the field is one of the table, and this type of state has it in this language. */
bool state_may_have(const struct state_part *s, const char *field);
/* compile_state.c */
enum query_language compile_language(struct compiler *c, struct doc v, const struct place *at);
void compile_state(struct compiler *c, struct state *st, struct doc def, const struct place *at,
    const struct assigned *assigned);
/* compile_task.c */
void compile_task(const struct state_part *s);
/* compile_limit.c: Limit of a Task or of the machine, a name or a list of names. */
void compile_limits(const struct part *p, struct limit_names *out);
/* The service does not know the part's Resource. */
void report_unrecognized(const struct part *p);
/* compile_choice.c */
void compile_choice(const struct state_part *s);
/* compile_map.c */
void compile_parallel(const struct state_part *s);
void compile_map(const struct state_part *s);
/* compile_retry.c */
void compile_retry(const struct state_part *s);
void compile_catch(const struct state_part *s);
/* check_flow.c: every state is reached, and at the top one is terminal. */
void check_flow(struct compiler *c, const struct container *box, const struct place *at);
/* compile_distributed.c: Label, ItemReader, ItemBatcher and ResultWriter of a distributed Map. */
void check_distributed(const struct part *p);
/* compile_reader.c: the ItemReader p. */
void check_reader(const struct part *p);
/*
 * compile_reader.c: Resource, one of the actions on stored objects (a NULL name ends
 * them), and Parameters or Arguments with what it requires. The action's index, -1 when it is
 * another or a fault.
 */
struct storage_action {
	const char *name;
	const char *required; /* words */
};
int check_storage(const struct part *p, const struct storage_action *actions);
/*
 * check_integration.c: the members of Parameters or Arguments, when they are written
 * out. Lists of words; known NULL = any are.
 */
void check_parameter_names(const struct part *p, const char *required, const char *known);
/* check_integration.c: may the Resource be called like this, with these Parameters? */
void check_integration(const struct part *p, const struct task_resource *r);
/* check_warnings.c: the service does not know what is there; values that look computed and are not, variables that nobody assigns. */
void warn_portable(struct compiler *c, const struct place *at, const char *what);
void warn_template(const struct part *p, const char *field);
void warn_result(const struct part *p, const char *field);
void warn_literal_path(const struct part *p, const char *field, const char *path_field);
void warn_variable(const struct part *p, const char *field, const struct jsonpath *path);
void warn_variables(const struct part *p, const char *field, const struct template *t);
void warn_token(const struct part *p);

/* task_resource.c: 0, or -1 when the text is no resource that can be known. */
int task_resource_parse(struct task_resource *r, const char *text, size_t len);
void task_resource_fini(struct task_resource *r);
/* It is of a partition of the service's: aws, aws-cn ... */
bool task_resource_is_aws(const struct task_resource *r);

/* instant.c: points in time as Choice rules compare them, to the nanosecond. */
struct instant {
	int64_t ms;
	int32_t ns; /* below the millisecond: 0..999999 */
};
int instant_parse(struct doc text, struct instant *out); /* -1: not a timestamp */

/* choice.c: every \ in the pattern of StringMatches stands before * or another \. */
bool choice_pattern_good(struct doc pattern);

#endif
