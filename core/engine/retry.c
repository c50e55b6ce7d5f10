/*
 * retry - which Retrier or Catcher takes a failure, and when the next attempt is.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "engine/move.h"

#define TIMEOUT_ERROR "States.Timeout"
#define DELAY_MAX_MS 1e13 /* what no Retrier means; keeps the sum of times in range */

/* A copy of at most max characters; NULL for NULL. */
static char *
copy_characters(const char *s, size_t max)
{
	size_t chars = 0, len = 0;

	if (s == NULL)
		return NULL;
	for (; s[len] != '\0'; len++) {
		if (((unsigned char)s[len] & 0xc0) != 0x80 && chars++ == max)
			break;
	}
	return xstrndup(s, len);
}

void
failure_init(struct failure *x, const char *error, const char *cause)
{
	*x = (struct failure){
		.error = copy_characters(error, EVENT_ERROR_CHARS_MAX),
		.cause = copy_characters(cause, EVENT_CAUSE_CHARS_MAX),
	};
}

void
failure_fini(struct failure *x)
{
	free(x->error);
	free(x->cause);
	*x = (struct failure){ 0 };
}

static bool
error_is(const struct failure *x, const char *name)
{
	return x->error != NULL && strcmp(x->error, name) == 0;
}

bool
failure_is_fatal(const struct failure *x)
{
	return x->terminal || error_is(x, "States.Runtime");
}

bool
failure_is_evaluation(const struct failure *x)
{
	return error_is(x, "States.QueryEvaluationError");
}

static bool
entry_matches(const char *entry, const struct frame *f, const struct failure *x)
{
	if (strcmp(entry, "States.ALL") == 0 || error_is(x, entry))
		return true;
	if (strcmp(entry, "States.TaskFailed") == 0)
		return !error_is(x, TIMEOUT_ERROR);
	if (strcmp(entry, "States.HeartbeatTimeout") == 0)
		return x->heartbeat;
	if (strcmp(entry, "States.BranchFailed") == 0)
		return x->inside && f->state->type == STATE_PARALLEL;
	return false;
}

static bool
list_matches(char *const *errors, size_t n, const struct frame *f, const struct failure *x)
{
	for (size_t i = 0; i < n; i++) {
		if (entry_matches(errors[i], f, x))
			return true;
	}
	return false;
}

/* attempt counts from 1. */
static int64_t
delay_ms(struct run *r, const struct retrier *t, uint32_t attempt)
{
	double ms = (double)t->interval_s * 1000.0 * pow(t->backoff_rate, (double)attempt - 1.0);

	if (t->max_delay_s > 0)
		ms = fmin(ms, (double)t->max_delay_s * 1000.0);
	ms = fmin(ms, DELAY_MAX_MS);
	if (t->full_jitter)
		ms *= (double)(expr_random_next(&r->random) >> 11) / 9007199254740992.0;
	return (int64_t)ms;
}

/* The first Retrier that matches decides, even when its attempts are used up. */
bool
retry_schedule(struct run *r, struct frame *f, const struct failure *x)
{
	const struct state *s = f->state;
	size_t i = 0;
	int64_t delay;

	if (failure_is_fatal(x))
		return false;
	while (i < s->nretry && !list_matches(s->retry[i].errors, s->retry[i].nerrors, f, x))
		i++;
	if (i == s->nretry)
		return false;
	if (f->retries == NULL)
		f->retries = xcalloc(s->nretry, sizeof(*f->retries));
	if (f->retries[i] >= s->retry[i].max_attempts)
		return false;
	f->retries[i]++;
	f->retry_count++;
	r->ntransitions++;
	doc_unref(f->context);
	f->context = DOC_NONE;
	delay = delay_ms(r, &s->retry[i], f->retries[i]);
	if (delay > 0)
		frame_wait_until(r, f, FRAME_RETRY, r->now_ms + delay);
	else
		frame_set_phase(r, f, FRAME_WORK);
	return true;
}

const struct catcher *
catch_find(const struct frame *f, const struct failure *x)
{
	const struct state *s = f->state;

	if (failure_is_fatal(x))
		return NULL;
	for (size_t i = 0; i < s->ncatch; i++) {
		if (list_matches(s->catch_[i].errors, s->catch_[i].nerrors, f, x))
			return &s->catch_[i];
	}
	return NULL;
}

static void
add_or_null(struct doc_builder *b, const char *key, const char *value)
{
	docb_keys(b, key);
	if (value != NULL)
		docb_strings(b, value);
	else
		docb_null(b);
}

struct doc
failure_output(const struct failure *x)
{
	struct doc_builder *b = docb_new();
	/* a time-out has no cause in the history, but an empty one here */
	const char *cause = x->cause == NULL && error_is(x, TIMEOUT_ERROR) ? "" : x->cause;

	docb_object(b);
	add_or_null(b, "Error", x->error);
	add_or_null(b, "Cause", cause);
	docb_end(b);
	return docb_finish(b);
}
