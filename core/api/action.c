/*
 * action - the table of the API's actions: name, steps.
 */
#include <stdlib.h>
#include <string.h>

#include "api/act.h"

#define X(name, kind) { #name, &kind },
static const struct action actions[] = { ACTIONS(X) };
#undef X

static int
compare(const void *key, const void *element)
{
	return strcmp(key, ((const struct action *)element)->name);
}

const struct action *
action_find(const char *name)
{
	return bsearch(name, actions, sizeof(actions) / sizeof(actions[0]), sizeof(actions[0]),
	    compare);
}
