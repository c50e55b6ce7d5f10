/*
 * model - the request shapes of the Step Functions API, as tables.
 */
#include "api/model.h"

#include <assert.h>
#include <string.h>

static bool
model_name_is(const char *name, const char *s, size_t len)
{
	return strlen(name) == len && memcmp(name, s, len) == 0;
}

const struct model_action *
model_action_find(const char *name, size_t len)
{
	for (size_t i = 0; i < model_nactions; i++) {
		if (model_name_is(model_actions[i].name, name, len))
			return &model_actions[i];
	}
	return NULL;
}

const struct model_shape *
model_shape(uint16_t index)
{
	assert(index < model_nshapes);
	return &model_shapes[index];
}

const struct model_member *
model_member_find(const struct model_shape *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->nmembers; i++) {
		if (model_name_is(s->members[i].name, name, len))
			return &s->members[i];
	}
	return NULL;
}
