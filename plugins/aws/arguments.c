/*
 * arguments - the parameters of a call made of others: words that say where each comes from.
 */
#include <stdlib.h>
#include <string.h>

#include "aws.h"

static struct pawl_doc
element(const struct pawl_host *h, struct pawl_doc list, size_t index)
{
	struct pawl_doc_iter it = { .of = list };

	do
		if (!h->doc_next(h, &it))
			return PAWL_NO_DOC;
	while (index-- > 0);
	return it.value;
}

struct pawl_doc
aws_at_path(const struct pawl_host *h, struct pawl_doc d, const char *path)
{
	while (*path != '\0' && h->doc_type(h, d) != PAWL_DOC_NONE) {
		size_t len = strcspn(path, "/");
		char *name = aws_copy(path, len);

		d = h->doc_type(h, d) == PAWL_DOC_ARRAY ? element(h, d, strtoul(name, NULL, 10))
							: h->doc_get(h, d, name);
		free(name);
		path += len + (path[len] == '/');
	}
	return d;
}

/* One "Name=place" as a member of the object that b is at. */
static void
add_argument(const struct pawl_host *h, struct pawl_builder *b, char *word,
    struct pawl_doc response, struct pawl_doc parameters)
{
	char *place = strchr(word, '=') + 1;
	bool list = place[-2] == ']';
	struct pawl_doc value = *place == ':' ? aws_at_path(h, parameters, place + 1)
	    : *place == '\''                  ? PAWL_NO_DOC
					      : aws_at_path(h, response, place);

	if (*place != '\'' && h->doc_type(h, value) == PAWL_DOC_NONE)
		return;
	place[list ? -3 : -1] = '\0';
	h->build_key(b, word);
	if (list)
		h->build_array(b);
	if (*place == '\'')
		h->build_string(b, place + 1, strlen(place + 1) - 1);
	else
		h->build_doc(b, value);
	if (list)
		h->build_end(b);
}

struct pawl_doc
aws_arguments(const struct pawl_host *h, const char *words, struct pawl_doc response,
    struct pawl_doc parameters)
{
	struct pawl_builder *b = h->build(h);
	char *copy = aws_copy(words, strlen(words)), *rest = copy;

	h->build_object(b);
	while (rest != NULL)
		add_argument(h, b, strsep(&rest, " "), response, parameters);
	h->build_end(b);
	free(copy);
	return h->build_finish(b);
}

bool
aws_arguments_fill(const struct pawl_host *h, const struct aws_target *t, const char *action,
    const char *words, struct pawl_doc response, struct pawl_doc parameters,
    struct aws_call_spec *spec)
{
	if (action == NULL)
		return false;
	*spec = (struct aws_call_spec){ .target = *t };
	spec->target.action = aws_action_find(t->service, action);
	spec->target.wrapper = NULL;
	spec->target.metadata = false;
	spec->parameters = aws_arguments(h, words, response, parameters);
	return true;
}
