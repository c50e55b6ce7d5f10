/*
 * machine - a state machine in compiled form: parsed, checked, its paths and
 * templates compiled; immutable and shared by all runs of one definition text.
 *
 * The same text always compiles to the same numbering, so a state can be named
 * by (container, name) in the journal.
 */
#ifndef PAWL_ASL_MACHINE_H
#define PAWL_ASL_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expr/jsonpath.h"
#include "expr/template.h"

enum state_type {
	STATE_TASK,
	STATE_PASS,
	STATE_CHOICE,
	STATE_WAIT,
	STATE_SUCCEED,
	STATE_FAIL,
	STATE_PARALLEL,
	STATE_MAP
};
const char *state_type_name(enum state_type t); /* "Task" ... */

struct state;
struct machine;

/* One StartAt/States container: the machine itself, a Parallel branch, an ItemProcessor. */
struct container {
	struct state **states;  /* in the definition's order */
	struct state **by_name; /* the same, sorted for container_state */
	size_t nstates;
	const struct state *start;
	const struct state *owner; /* the Parallel or Map it belongs to; NULL at the top */
	size_t index;              /* which branch of the owner */
};
/* NULL when there is none of that name. */
const struct state *container_state(const struct container *c, const char *name, size_t len);

/* InputPath, OutputPath, ResultPath: absent ("$"), null, or a path. */
struct path_field {
	enum { PATH_DEFAULT, PATH_NULL, PATH_SET } how;
	struct jsonpath *path; /* PATH_SET only */
};

/*
 * A field that is a literal, or comes from a path (its ...Path twin), an
 * intrinsic call or an expression. value is the evaluated literal.
 */
struct dynamic_field {
	enum { FIELD_ABSENT, FIELD_LITERAL, FIELD_PATH, FIELD_CALL, FIELD_EXPRESSION } how;
	struct doc literal;    /* FIELD_LITERAL */
	struct jsonpath *path; /* FIELD_PATH */
	/* FIELD_CALL: {"v.$": "States...."}, its result is member "v"; FIELD_EXPRESSION: a bare one */
	struct template *template_;
};

/* Limit: the names of limits of the configuration, in the definition's order, none twice. */
#define ASL_LIMITS_MAX 8
struct limit_names {
	char **list;
	size_t n;
};

struct retrier {
	char **errors; /* ErrorEquals */
	size_t nerrors;
	int64_t interval_s;   /* default 1 */
	int64_t max_attempts; /* default 3 */
	double backoff_rate;  /* default 2.0 */
	int64_t max_delay_s;  /* 0 = none */
	bool full_jitter;
};

struct catcher {
	char **errors;
	size_t nerrors;
	const struct state *next;
	struct path_field result_path;
	struct template *output; /* JSONata and Lua states; NULL = the error output */
	struct template *assign; /* NULL = none */
};

enum choice_op {
	CHOICE_AND,
	CHOICE_OR,
	CHOICE_NOT,
	CHOICE_CONDITION, /* JSONata, Lua: condition, or a literal operand */
	CHOICE_IS_PRESENT,
	CHOICE_IS_NULL,
	CHOICE_IS_STRING,
	CHOICE_IS_NUMERIC,
	CHOICE_IS_BOOLEAN,
	CHOICE_IS_TIMESTAMP,
	CHOICE_STRING_MATCHES,
	CHOICE_COMPARE /* kind and order below */
};
enum choice_kind { CHOICE_STRING, CHOICE_NUMERIC, CHOICE_BOOLEAN, CHOICE_TIMESTAMP };
enum choice_order { CHOICE_EQ, CHOICE_LT, CHOICE_GT, CHOICE_LE, CHOICE_GE };

struct choice_rule {
	enum choice_op op;
	enum choice_kind kind;
	enum choice_order order;
	struct jsonpath *variable;
	struct doc operand;            /* literal */
	struct jsonpath *operand_path; /* the ...Path variants; NULL = literal */
	struct choice_rule *rules;     /* And, Or, Not */
	size_t nrules;
	struct template *condition;
	/* top level only */
	const struct state *next;
	struct template *assign;
	struct template *output;
};
/*
 * Evaluates one rule (asl/choice.c). 1 = matches, 0 = does not, -1 and e = the state fails.
 */
int choice_rule_eval(const struct choice_rule *rule, const struct expr_scope *s, struct err *e);

/* How a Task's Resource is called and how its events look. */
enum task_kind {
	TASK_LAMBDA,   /* a bare function ARN: LambdaFunction* events, result as it is */
	TASK_ACTIVITY, /* Activity* events */
	TASK_SERVICE /* arn:aws:states:::service:action[.pattern] (and arn:pawl:states:::...): Task* events */
};
enum task_pattern { PATTERN_REQUEST, PATTERN_SYNC, PATTERN_SYNC2, PATTERN_TOKEN };

struct task_resource {
	char *arn; /* as written */
	enum task_kind kind;
	enum task_pattern pattern;
	char *type;     /* TASK_SERVICE: resourceType, "lambda", "aws-sdk:dynamodb" */
	char *resource; /* TASK_SERVICE: "invoke.waitForTaskToken", suffix included */
	char *base_arn; /* arn without the pattern suffix: what a plugin serves */
	bool nested;    /* states:startExecution, which pawld serves itself */
	char *members;  /* how its events show it: "resourceType":"lambda","resource":"invoke" */
	size_t members_len;
};

enum map_mode { MAP_INLINE, MAP_DISTRIBUTED };

struct state {
	char *name;
	size_t name_len;
	char *member; /* how events show it: "name":"Charge" */
	size_t member_len;
	uint32_t number; /* in machine->states, document order over all containers */
	enum state_type type;
	enum query_language language;
	const struct container *container;
	const struct state *next; /* NULL with End, Succeed, Fail, Choice */
	bool end;

	struct path_field input_path, output_path, result_path;
	struct template *parameters; /* Parameters or Arguments; NULL = effective input */
	struct template *result_selector;
	struct template *output; /* JSONata and Lua */
	struct template *assign; /* Choice: of the state (Default) */
	struct retrier *retry;
	size_t nretry;
	struct catcher *catch_;
	size_t ncatch;

	/* Task */
	struct task_resource resource;
	struct dynamic_field timeout_s, heartbeat_s;
	struct template *credentials; /* {"RoleArn": ...} or NULL */
	struct limit_names limits;    /* those of the machine are not repeated */
	/* Pass */
	struct doc result; /* DOC_NONE = no Result */
	/* Choice */
	struct choice_rule *rules;
	size_t nrules;
	const struct state *default_;
	/* Wait: exactly one */
	struct dynamic_field seconds, timestamp;
	/* Fail */
	struct dynamic_field error, cause;
	/* Parallel: nbranches; Map: one, the processor */
	struct container **branches;
	size_t nbranches;
	/* Map */
	enum map_mode mode;
	struct jsonpath *items_path;    /* NULL = $ */
	struct template *items;         /* JSONata and Lua */
	struct template *item_selector; /* ItemSelector or the old Parameters; NULL = the item */
	struct dynamic_field max_concurrency;
	struct dynamic_field tolerated_count, tolerated_percentage;
};

struct machine {
	unsigned refs;
	struct doc definition; /* the parsed text */
	struct container top;
	struct state **states; /* by number */
	size_t nstates;
	int64_t timeout_s;         /* 0 = none */
	struct limit_names limits; /* of all its tasks */
	enum query_language language;
	struct luacode *lua; /* its Lua expressions (a cache in it changes); NULL = none */
};

struct machine *machine_ref(struct machine *m);
void machine_unref(struct machine *m); /* NULL is fine */

#endif
