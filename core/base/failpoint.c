/*
 * failpoint - places where tests make pawld die, fail or stall.
 */
#include "base/failpoint.h"

#ifdef PAWL_FAILPOINTS_ENABLED

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum action { ACTION_NONE, ACTION_DIE, ACTION_FAIL, ACTION_STALL };

struct armed {
	enum action action;
	unsigned long stall_ms;
	unsigned long at_hit; /* 0 = at every hit */
	unsigned long hits;
};

static struct armed points[FAILPOINT_COUNT];

static const char *const names[FAILPOINT_COUNT] = {
#define X(id, name, help) [FAILPOINT_##id] = name,
	FAILPOINTS(X)
#undef X
};

static const char *const helps[FAILPOINT_COUNT] = {
#define X(id, name, help) [FAILPOINT_##id] = help,
	FAILPOINTS(X)
#undef X
};

/* A fault test with a misspelt fail point would test nothing and pass. */
static void
refuse(const char *what)
{
	fprintf(stderr, "pawl: PAWL_FAILPOINTS: cannot read '%s'\n", what);
	exit(2);
}

static struct armed *
find(const char *name)
{
	for (size_t i = 0; i < FAILPOINT_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return &points[i];
	return NULL;
}

/* Cuts the text at c; the number after it, or 0 when c is not there. */
static unsigned long
cut_number(char *text, char c, const char *item)
{
	char *at = strchr(text, c), *end;
	unsigned long n;

	if (at == NULL)
		return 0;
	*at = '\0';
	n = strtoul(at + 1, &end, 10);
	if (n == 0 || *end != '\0')
		refuse(item);
	return n;
}

/* One "name=action[:MS][@N]"; item is cut up. */
static void
arm(char *item)
{
	char *action = strchr(item, '=');
	struct armed *p;

	if (action == NULL)
		refuse(item);
	*action++ = '\0';
	if ((p = find(item)) == NULL)
		refuse(item);
	p->at_hit = cut_number(action, '@', item);
	p->stall_ms = cut_number(action, ':', item);
	if (strcmp(action, "die") == 0)
		p->action = ACTION_DIE;
	else if (strcmp(action, "fail") == 0)
		p->action = ACTION_FAIL;
	else if (strcmp(action, "stall") == 0 && p->stall_ms > 0)
		p->action = ACTION_STALL;
	else
		refuse(item);
}

static void
read_environment(void)
{
	const char *value = getenv("PAWL_FAILPOINTS");
	char *copy, *save = NULL;

	if (value == NULL || (copy = strdup(value)) == NULL)
		return;
	for (char *item = strtok_r(copy, ",", &save); item != NULL;
	     item = strtok_r(NULL, ",", &save))
		arm(item);
	free(copy);
}

bool
failpoint_hit(enum failpoint fp)
{
	static bool known;
	struct armed *p = &points[fp];
	struct timespec ts;

	if (!known) {
		read_environment();
		known = true;
	}
	if (p->action == ACTION_NONE || (++p->hits != p->at_hit && p->at_hit != 0))
		return false;
	switch (p->action) {
	case ACTION_DIE:
		kill(getpid(), SIGKILL);
		pause();
		break;
	case ACTION_STALL:
		ts = (struct timespec){ (time_t)(p->stall_ms / 1000),
			(long)(p->stall_ms % 1000) * 1000000 };
		nanosleep(&ts, NULL);
		break;
	case ACTION_FAIL:
		return true;
	case ACTION_NONE:
		break;
	}
	return false;
}

int
failpoint_list(void)
{
	for (size_t i = 0; i < FAILPOINT_COUNT; i++)
		printf("%s %s\n", names[i], helps[i]);
	return 0;
}

#else

int
failpoint_list(void)
{
	return -1;
}

#endif
