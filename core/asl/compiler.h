/*
 * compiler - what the parts of the definition compiler share: where they are,
 * what they report, how they read a field.
 */
#ifndef PAWL_ASL_COMPILER_H
#define PAWL_ASL_COMPILER_H

#include "asl/compile.h"

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

struct compiler {
	struct machine *m;
	struct diagnostics *d;
	struct diagnostics unbuilt; /* said only when nothing else is wrong */
	struct names names;
	enum machine_type type;
	/* the state that is being compiled; NULL = none */
	const struct state *state;
	const struct place *state_at;
	unsigned nsearches; /* for states that a missing one may have meant */
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
/* The value is a string "{% ... %}" and the language is one that evaluates it. */
bool field_is_expression(const struct part *p, struct doc value);
/* The index of the string's text in values, -1 when absent; anything else is reported. */
int field_choice(const struct part *p, const char *field, const char *const *values, size_t n);
/* Two fields that exclude each other are both there: reported, true. */
bool field_conflict(const struct part *p, const char *a, const char *b);
/* Reports those of the names (a NULL ends them) that are not there. True = all are. */
bool fields_require(const struct part *p, const char *const *names);
/* Reports members whose names are not in the list (a NULL ends it). */
void fields_only(const struct part *p, const char *const *names);
/* The array is there, holds objects only and, unless allow_empty, something. */
bool field_objects(const struct part *p, const char *field, bool allow_empty, struct doc *out);

/* --- paths and templates ------------------------------------------------------- */

void compile_path_field(const struct part *p, const char *field, struct path_field *out);
void compile_result_path(const struct part *p, const char *field, struct path_field *out);
/* A path that is read and has to give one value. NULL = absent or reported. */
struct jsonpath *compile_reference(const struct part *p, const char *field);
struct template *compile_template(const struct part *p, const char *field, bool must_be_object);
/* The field is a bare expression: compiled, NULL = it is not, or it was reported. */
struct template *compile_expression(const struct part *p, const char *field);
/* field, or pathfield: a path; neither = FIELD_ABSENT. The literal is an integer in range. */
void compile_seconds(const struct part *p, const char *field, const char *path_field, int64_t min,
    struct dynamic_field *out);
/* The same for any literal: check says what is wrong with it, NULL = nothing. */
typedef const char *field_check(struct doc literal);
void compile_dynamic(const struct part *p, const char *field, const char *path_field,
    field_check *check, struct dynamic_field *out);

/* --- variables (compile_assign.c) ------------------------------------------------ */

/* Gathers what the states of a container assign; up stays the caller's. */
void assigned_init(struct assigned *a, const struct assigned *up, struct doc states);
void assigned_fini(struct assigned *a);
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
/* compile_state.c */
enum query_language compile_language(struct compiler *c, struct doc v, const struct place *at);
void compile_state(struct compiler *c, struct state *st, struct doc def, const struct place *at,
    const struct assigned *assigned);
/* compile_task.c */
void compile_task(const struct state_part *s);
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
/* check_warnings.c: the service does not know the language; values that look computed and are not. */
void warn_portable(struct compiler *c, const struct place *at);
void warn_template(const struct part *p, const char *field);
void warn_result(const struct part *p, const char *field);

/* task_resource.c: 0, or -1 when the text is no resource that can be known. */
int task_resource_parse(struct task_resource *r, const char *text, size_t len);
void task_resource_fini(struct task_resource *r);

/* instant.c: points in time as Choice rules compare them, to the nanosecond. */
struct instant {
	int64_t ms;
	int32_t ns; /* below the millisecond: 0..999999 */
};
int instant_parse(struct doc text, struct instant *out); /* -1: not a timestamp */

#endif
