/*
 * admission - may a new execution start now, or is there more work than can be done?
 *
 * Starts stand in line for their first commit, and the line has so many places. One is admitted while
 * fewer starts of its machine are in line than places are free: a machine alone gets half of the places,
 * two get a third each, and who comes beside those that want everything finds room at once. As much as that it
 * always gets, also when the line is too long just now because others filled it while it had more places.
 *
 * A line that is long for a moment is what a line is for. One in which commits wait longer than
 * delay_ms, without a break for ADMISSION_INTERVAL_MS, stands: then it gets only as many places as were served
 * within delay_ms lately, and more again, a quarter at a time, when commits wait less.
 *
 * What runs already is never refused: it is how the load gets less.
 */
#ifndef PAWL_TASK_ADMISSION_H
#define PAWL_TASK_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADMISSION_INTERVAL_MS 250
#define ADMISSION_PLACES_MIN 16

struct admission;

struct admission_options {
	int64_t delay_ms;              /* commits may wait so long */
	uint64_t places;               /* in line at most */
	size_t bytes;                  /* of the inputs of those in line */
	size_t memory;                 /* of the process; above it nothing starts */
	size_t (*used)(size_t enough); /* memory_used, or a test's */
};

/* Times are clock_mono_ms. */
struct admission *admission_new(const struct admission_options *o);
void admission_free(struct admission *a); /* NULL is fine */
/* The new bounds hold from now on. */
void admission_set(struct admission *a, const struct admission_options *o);

/* The commit that has waited longest does so for so long now, 0 = none waits. After each batch, and before a question. */
void admission_look(struct admission *a, int64_t waited_ms);

enum admission_answer {
	ADMISSION_YES,
	ADMISSION_DELAY, /* commits wait too long, and the machine has its share of the places that are left */
	ADMISSION_QUEUE, /* too many starts in line, or bytes of their inputs */
	ADMISSION_MEMORY /* the process has all the memory that it may have */
};
/* "delay": the label of the counter. */
const char *admission_answer_name(enum admission_answer a);

/* May a start of the machine, with so many bytes of input, stand in line? Changes nothing. */
enum admission_answer admission_ask(struct admission *a, const char *machine, size_t bytes);

/* The process has more memory than it may. */
bool admission_is_short(struct admission *a);

/* A start's place in line. */
struct admission_place {
	uint64_t machine; /* 0 = it has none */
	size_t bytes;
};
struct admission_place admission_enter(struct admission *a, const char *machine, size_t bytes);
/* served: its first commit went well. The place is empty then; that of an empty one changes nothing. */
void admission_leave(struct admission *a, struct admission_place *p, bool served);

struct admission_state {
	uint64_t places, waiting;
	size_t bytes, memory;
	int64_t waited_ms; /* as told last */
};
struct admission_state admission_state(const struct admission *a);
/* When it is worth to ask again: whole seconds, 1 at least. */
int admission_retry_s(const struct admission *a);

#endif
