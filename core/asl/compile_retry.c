/*
 * compile_retry - Retry and Catch.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"
#include "base/xalloc.h"
#include "expr/ident.h"

#define MAX_DELAY_SECONDS 31622399 /* the service: less than 31622400 */

/* The errors of the language: "States." and one of these. */
static const char *const language_errors[] = { "States.ALL", "States.TaskFailed", "States.Timeout",
	"States.HeartbeatTimeout", "States.Permissions", "States.ResultPathMatchFailure",
	"States.ParameterPathFailure", "States.QueryEvaluationError", "States.BranchFailed",
	"States.NoChoiceMatched", "States.IntrinsicFailure",
	"States.ExceedToleratedFailureThreshold", "States.ItemReaderFailed",
	"States.ResultWriterFailed", "States.DataLimitExceeded", "States.Runtime",
	"States.Http.Socket" };
#define NLANGUAGE_ERRORS (sizeof(language_errors) / sizeof(*language_errors))

/* An error that the language would raise, and does not know. The service says nothing of it. */
static void
warn_error(const struct part *p, struct doc name, const char *text, size_t index)
{
	struct place below = place_index(NULL, index);
	struct diagnostic *g;
	size_t i;

	if (!p->c->d->help || strncmp(text, "States.", 7) != 0 ||
	    strncmp(text, "States.Http.StatusCode.", 23) == 0)
		return;
	for (i = 0; i < NLANGUAGE_ERRORS; i++)
		if (strcmp(text, language_errors[i]) == 0)
			return;
	g = report_warning(p, "ErrorEquals", "UNKNOWN_ERROR_NAME",
	    "There is no error '%.*s': names that begin with 'States.' are those of the language.",
	    (int)ident_cut(text, strlen(text), DIAGNOSTIC_NAME_MAX), text);
	help_below(g, &below, false);
	help_words(g, name, language_errors, NLANGUAGE_ERRORS);
}

/*
 * ErrorEquals of a retrier or catcher. States.ALL stands alone, and in the last of
 * its list.
 */
static void
compile_errors(const struct part *p, bool last, char ***out, size_t *n)
{
	struct place list = place_name(p->at, "ErrorEquals");
	struct doc v = field_array(p, "ErrorEquals");
	struct doc_iter it;
	bool all = false;
	size_t i;

	if (doc_is_none(v))
		return;
	if (doc_len(v) == 0) {
		report(p->c, &list, SCHEMA, "Value cannot be empty");
		return;
	}
	*out = xcalloc(doc_len(v), sizeof(**out));
	it = doc_iter(v);
	for (i = 0; doc_next(&it); i++) {
		struct place at = place_index(&list, i);
		char *name = doc_strdup(it.value);

		if (name == NULL || *name == '\0') {
			report(p->c, &at, SCHEMA,
			    name == NULL ? "Expected value of type [STRING]"
					 : "Value cannot be empty");
			free(name);
			continue;
		}
		(*out)[(*n)++] = name;
		all |= doc_str_is(it.value, "States.ALL");
		warn_error(p, it.value, name, i);
	}
	if (all && doc_len(v) > 1)
		report(p->c, &list, SCHEMA, "'States.ALL' must be the only error name");
	if (all && !last)
		report(p->c, &list, SCHEMA, "'States.ALL' is only allowed in the last element");
}

static void
compile_retrier(const struct part *p, bool last, struct retrier *r)
{
	static const char *const required[] = { "ErrorEquals", NULL };
	static const char *const known[] = { "ErrorEquals", "IntervalSeconds", "MaxAttempts",
		"BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment", NULL };
	static const char *const jitter[] = { "FULL", "NONE" };
	bool interval;

	*r = (struct retrier){ .interval_s = 1, .max_attempts = 3, .backoff_rate = 2.0 };
	fields_only(p, known);
	fields_require(p, required);
	compile_errors(p, last, &r->errors, &r->nerrors);
	interval = doc_is_none(field_get(p, "IntervalSeconds")) ||
	    field_integer(p, "IntervalSeconds", 1, ASL_SECONDS_MAX, &r->interval_s);
	field_integer(p, "MaxAttempts", 0, ASL_SECONDS_MAX, &r->max_attempts);
	field_number(p, "BackoffRate", 1.0, 1e308, &r->backoff_rate);
	if (field_integer(p, "MaxDelaySeconds", 1, MAX_DELAY_SECONDS, &r->max_delay_s) &&
	    interval && r->max_delay_s <= r->interval_s)
		report_field(p, "MaxDelaySeconds", "Value must be greater than IntervalSeconds");
	r->full_jitter = field_choice(p, "JitterStrategy", jitter, 2) == 0;
	field_string(p, "Comment");
}

void
compile_retry(const struct state_part *s)
{
	struct place list = place_name(s->p.at, "Retry");
	struct doc v;
	struct doc_iter it;
	size_t n, i;

	if (!field_objects(&s->p, "Retry", true, &v))
		return;
	n = doc_len(v);
	s->st->retry = xcalloc(n + 1, sizeof(*s->st->retry));
	s->st->nretry = n;
	it = doc_iter(v);
	for (i = 0; doc_next(&it); i++) {
		struct place at = place_index(&list, i);
		struct part p = { s->p.c, it.value, &at, s->p.language };

		compile_retrier(&p, i + 1 == n, &s->st->retry[i]);
	}
}

static void
compile_catcher(const struct state_part *s, const struct part *p, bool last, struct catcher *out)
{
	static const char *const required[] = { "ErrorEquals", "Next", NULL };
	static const struct field_name known[] = { { "ErrorEquals", ANY }, { "Next", ANY },
		{ "ResultPath", ONLY_JSONPATH }, { "Output", NOT_JSONPATH }, { "Assign", ANY },
		{ "Comment", ANY }, { NULL, ANY } };

	fields_check(p, known);
	fields_require(p, required);
	p->c->here.flow_unknown |= doc_is_none(field_get(p, "Next"));
	compile_errors(p, last, &out->errors, &out->nerrors);
	out->next = compile_target(p, s->st->container, "Next");
	if (p->language == QUERY_JSONPATH)
		compile_result_path(p, "ResultPath", &out->result_path);
	else
		out->output = compile_template(p, "Output", false);
	out->assign = compile_assign(p, s->assigned);
	field_string(p, "Comment");
}

void
compile_catch(const struct state_part *s)
{
	struct place list = place_name(s->p.at, "Catch");
	struct doc v;
	struct doc_iter it;
	size_t n, i;

	if (!field_objects(&s->p, "Catch", true, &v)) {
		s->p.c->here.flow_unknown |= !doc_is_none(field_get(&s->p, "Catch"));
		return;
	}
	n = doc_len(v);
	s->st->catch_ = xcalloc(n + 1, sizeof(*s->st->catch_));
	s->st->ncatch = n;
	it = doc_iter(v);
	for (i = 0; doc_next(&it); i++) {
		struct place at = place_index(&list, i);
		struct part p = { s->p.c, it.value, &at, s->p.language };

		compile_catcher(s, &p, i + 1 == n, &s->st->catch_[i]);
	}
}
