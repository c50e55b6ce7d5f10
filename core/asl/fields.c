/*
 * fields - which fields each type of state may have, in which query language.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"

#define TASK (1u << STATE_TASK)
#define PASS (1u << STATE_PASS)
#define CHOICE (1u << STATE_CHOICE)
#define WAIT (1u << STATE_WAIT)
#define SUCCEED (1u << STATE_SUCCEED)
#define FAIL (1u << STATE_FAIL)
#define PARALLEL (1u << STATE_PARALLEL)
#define MAP (1u << STATE_MAP)
#define ALL 0xffu

static const struct field_rule {
	const char *name;
	unsigned types;
	enum field_language language;
} field_rules[] = {
	{ "Type", ALL, ANY },
	{ "Comment", ALL, ANY },
	{ "QueryLanguage", ALL, ANY },
	{ "Next", TASK | PASS | WAIT | PARALLEL | MAP, ANY },
	{ "End", TASK | PASS | WAIT | PARALLEL | MAP, ANY },
	{ "InputPath", ALL & ~FAIL, ONLY_JSONPATH },
	{ "OutputPath", ALL & ~FAIL, ONLY_JSONPATH },
	{ "Parameters", TASK | PASS | PARALLEL | MAP, ONLY_JSONPATH },
	{ "Result", PASS, ONLY_JSONPATH },
	{ "ResultSelector", TASK | PARALLEL | MAP, ONLY_JSONPATH },
	{ "ResultPath", TASK | PASS | PARALLEL | MAP, ONLY_JSONPATH },
	{ "Arguments", TASK | PARALLEL, NOT_JSONPATH },
	{ "Output", ALL & ~FAIL, NOT_JSONPATH },
	{ "Assign", ALL & ~(SUCCEED | FAIL), ANY },
	{ "Retry", TASK | PARALLEL | MAP, ANY },
	{ "Catch", TASK | PARALLEL | MAP, ANY },
	{ "Resource", TASK, ANY },
	{ "TimeoutSeconds", TASK, ANY },
	{ "HeartbeatSeconds", TASK, ANY },
	{ "TimeoutSecondsPath", TASK, ONLY_JSONPATH },
	{ "HeartbeatSecondsPath", TASK, ONLY_JSONPATH },
	{ "Credentials", TASK, ANY },
	{ "Limit", TASK, ANY },
	{ "Choices", CHOICE, ANY },
	{ "Default", CHOICE, ANY },
	{ "Seconds", WAIT, ANY },
	{ "Timestamp", WAIT, ANY },
	{ "SecondsPath", WAIT, ONLY_JSONPATH },
	{ "TimestampPath", WAIT, ONLY_JSONPATH },
	{ "Error", FAIL, ANY },
	{ "Cause", FAIL, ANY },
	{ "ErrorPath", FAIL, ONLY_JSONPATH },
	{ "CausePath", FAIL, ONLY_JSONPATH },
	{ "Branches", PARALLEL, ANY },
	{ "ItemProcessor", MAP, ANY },
	{ "Iterator", MAP, ANY },
	{ "ItemsPath", MAP, ONLY_JSONPATH },
	{ "Items", MAP, NOT_JSONPATH },
	{ "ItemSelector", MAP, ANY },
	{ "ItemReader", MAP, ANY },
	{ "ItemBatcher", MAP, ANY },
	{ "ResultWriter", MAP, ANY },
	{ "Label", MAP, ANY },
	{ "ToleratedFailurePercentage", MAP, ANY },
	{ "ToleratedFailureCount", MAP, ANY },
	{ "ToleratedFailurePercentagePath", MAP, ONLY_JSONPATH },
	{ "ToleratedFailureCountPath", MAP, ONLY_JSONPATH },
	{ "MaxConcurrency", MAP, ANY },
	{ "MaxConcurrencyPath", MAP, ONLY_JSONPATH },
};

static const struct field_rule *
field_find(struct doc key)
{
	size_t i;

	for (i = 0; i < sizeof(field_rules) / sizeof(*field_rules); i++)
		if (doc_str_is(key, field_rules[i].name))
			return &field_rules[i];
	return NULL;
}

bool
state_may_have(const struct state_part *s, const char *field)
{
	bool jsonpath = s->p.language == QUERY_JSONPATH;
	const struct field_rule *rule = field_rules;

	while (strcmp(rule->name, field) != 0)
		rule++;
	return (rule->types & 1u << s->st->type) != 0 &&
	    rule->language != (jsonpath ? NOT_JSONPATH : ONLY_JSONPATH);
}

static const char *
language_name(enum query_language l)
{
	return l == QUERY_JSONPATH ? "JSONPath" : l == QUERY_JSONATA ? "JSONata" : "Lua";
}

/* Proposes a field that this state may have. */
static void
help_field(const struct state_part *s, struct diagnostic *g, const char *name)
{
	bool jsonpath = s->p.language == QUERY_JSONPATH;
	struct similar similar;
	size_t i;

	if (g == NULL)
		return;
	similar_init(&similar, name, strlen(name));
	for (i = 0; i < sizeof(field_rules) / sizeof(*field_rules); i++)
		if ((field_rules[i].types & 1u << s->st->type) != 0 &&
		    field_rules[i].language != (jsonpath ? NOT_JSONPATH : ONLY_JSONPATH))
			similar_offer(&similar, field_rules[i].name, strlen(field_rules[i].name));
	diagnostic_suggest(g, &similar);
}

void
report_language(const struct part *p, const char *field)
{
	help_key(report(p->c, p->at, SCHEMA,
		     "The QueryLanguage is set to '%s', but field '%s' is only supported for the "
		     "'%s' QueryLanguage",
		     language_name(p->language), field,
		     p->language == QUERY_JSONPATH ? "JSONata" : "JSONPath"),
	    field);
}

static void
check_language(const struct part *p, const char *field, enum field_language language)
{
	if (language == (p->language == QUERY_JSONPATH ? NOT_JSONPATH : ONLY_JSONPATH))
		report_language(p, field);
}

static void
check_field(const struct state_part *s, struct doc key)
{
	const struct field_rule *rule = field_find(key);
	char *name;

	if (rule == NULL || !(rule->types & 1u << s->st->type)) {
		name = text_shown(key);
		help_field(s, report_unknown(&s->p, name), name);
		free(name);
	} else {
		check_language(&s->p, rule->name, rule->language);
	}
}

/* A member that is none of the names; one that is like it is proposed. */
static void
report_none_of(const struct part *p, struct doc key, const struct field_name *names)
{
	char *shown = text_shown(key);
	struct diagnostic *g = report_unknown(p, shown);
	struct similar similar;

	if (g != NULL) {
		similar_init(&similar, shown, strlen(shown));
		for (; names->name != NULL; names++)
			similar_offer(&similar, names->name, strlen(names->name));
		diagnostic_suggest(g, &similar);
	}
	free(shown);
}

void
fields_check(const struct part *p, const struct field_name *names)
{
	struct doc_iter it = doc_iter(p->def);

	while (doc_next(&it)) {
		const struct field_name *n;

		for (n = names; n->name != NULL && !doc_str_is(it.key, n->name); n++)
			;
		if (n->name == NULL)
			report_none_of(p, it.key, names);
		else
			check_language(p, n->name, n->language);
	}
}

void
check_state_fields(const struct state_part *s)
{
	static const char *const required[][2] = {
		[STATE_TASK] = { "Resource" },
		[STATE_CHOICE] = { "Choices" },
		[STATE_PARALLEL] = { "Branches" },
		[STATE_MAP] = { NULL }, /* ItemProcessor or Iterator: see compile_map */
	};
	struct doc_iter it = doc_iter(s->p.def);

	while (doc_next(&it))
		check_field(s, it.key);
	fields_require(&s->p, required[s->st->type]);
	field_string(&s->p, "Comment");
}
