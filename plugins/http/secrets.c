/*
 * secrets - texts that must not appear in a history, and their removal.
 */
#include <stdlib.h>
#include <string.h>

#include "http.h"

#define SECRET_MIN 4 /* shorter ones would blot out innocent text */

void
http_secrets_add(struct http_secrets *s, const char *secret, size_t len)
{
	char **grown;

	if (len < SECRET_MIN)
		return;
	grown = text_alloc((s->n + 1) * sizeof(*grown));
	if (s->n > 0)
		memcpy(grown, s->list, s->n * sizeof(*grown));
	free(s->list);
	s->list = grown;
	s->list[s->n] = text_alloc(len + 1);
	memcpy(s->list[s->n++], secret, len);
}

void
http_secrets_fini(struct http_secrets *s)
{
	for (size_t i = 0; i < s->n; i++) {
		explicit_bzero(s->list[i], strlen(s->list[i]));
		free(s->list[i]);
	}
	free(s->list);
	*s = (struct http_secrets){ 0 };
}

/* Length of the longest secret that begins at text; 0 = none. */
static size_t
secret_at(const struct http_secrets *s, const char *text, size_t left)
{
	size_t best = 0;

	for (size_t i = 0; i < s->n; i++) {
		size_t len = strlen(s->list[i]);

		if (len <= left && len > best && memcmp(text, s->list[i], len) == 0)
			best = len;
	}
	return best;
}

void
http_redact(const struct http_secrets *s, const char *text, size_t len, struct text *out)
{
	size_t begin = 0, i = 0;

	text_add(out, "", 0);
	while (s->n > 0 && i < len) {
		size_t n = secret_at(s, text + i, len - i);

		if (n == 0) {
			i++;
			continue;
		}
		text_add(out, text + begin, i - begin);
		text_adds(out, "***");
		i += n;
		begin = i;
	}
	text_add(out, text + begin, len - begin);
}
