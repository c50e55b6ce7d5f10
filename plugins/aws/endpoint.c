/*
 * endpoint - where calls go, and with which keys they are signed.
 *
 * The first of: plugins.aws.endpoints of the service; this pawld, for its own executions;
 * aws_endpoint; AWS itself when there are keys; this pawld, for what its plugins may serve.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "aws.h"

void
aws_keys_fini(struct aws_keys *k)
{
	if (k->secret != NULL)
		explicit_bzero(k->secret, strlen(k->secret));
	free(k->id);
	free(k->secret);
	free(k->token);
	*k = (struct aws_keys){ 0 };
}

void
aws_place_fini(struct aws_place *place)
{
	free(place->base);
	aws_keys_fini(&place->keys);
	*place = (struct aws_place){ 0 };
}

/* --- keys --------------------------------------------------------------------------------------- */

static bool
set_keys(struct aws_keys *k, const char *id, const char *secret, const char *token)
{
	if (id == NULL || secret == NULL || *id == '\0' || *secret == '\0')
		return false;
	k->id = aws_copy(id, strlen(id));
	k->secret = aws_copy(secret, strlen(secret));
	if (token != NULL && *token != '\0')
		k->token = aws_copy(token, strlen(token));
	return true;
}

/* Options of the plugin, then of pawld, then the environment that all AWS tools know. */
static bool
find_keys(const struct pawl_host *h, struct aws_keys *k)
{
	return set_keys(k, h->option_string(h, "access_key_id"),
		   h->option_string(h, "secret_access_key"),
		   h->option_string(h, "session_token")) ||
	    set_keys(k, h->setting(h, "aws_access_key_id"), h->setting(h, "aws_secret_access_key"),
		NULL) ||
	    set_keys(k, getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"),
		getenv("AWS_SESSION_TOKEN"));
}

/* --- places --------------------------------------------------------------------------------------- */

static char *
base_copy(const char *url)
{
	size_t len = strlen(url);

	return aws_copy(url, len - (len > 0 && url[len - 1] == '/'));
}

static bool
is_url(const char *s)
{
	return strncmp(s, "http://", 7) == 0 || strncmp(s, "https://", 8) == 0;
}

static bool
at_option(const struct pawl_host *h, const struct aws_target *t, struct aws_place *place)
{
	struct pawl_doc url = h->doc_get(h, h->option_doc(h, "endpoints"), t->service->id);
	char *text = h->doc_string(h, url, NULL);
	bool found = text != NULL && *text != '\0';

	if (found)
		place->base = base_copy(text);
	h->free(h, text);
	return found;
}

static bool
at_setting(const struct pawl_host *h, struct aws_place *place)
{
	const char *url = h->setting(h, "aws_endpoint");

	if (*url == '\0')
		return false;
	place->base = base_copy(url);
	return true;
}

static bool
at_home(const struct pawl_host *h, struct aws_place *place)
{
	const char *url = h->setting(h, "url");

	if (*url == '\0')
		return false;
	place->base = base_copy(url);
	place->own = true;
	aws_keys_fini(&place->keys);
	set_keys(&place->keys, h->setting(h, "own_access_key_id"),
	    h->setting(h, "own_secret_access_key"), NULL);
	return true;
}

bool
aws_place_at_amazon(struct aws_place *place, const struct aws_target *t)
{
	const struct aws_service *s = t->service;
	const char *suffix =
	    strncmp(place->region, "cn-", 3) == 0 ? "amazonaws.com.cn" : "amazonaws.com";
	const char *prefix = t->action->host_prefix;

	if (place->keys.id == NULL && !t->action->is_unsigned)
		return false;
	place->amazon = true;
	if (prefix == NULL || strchr(prefix, '{') != NULL)
		prefix = "";
	if (s->host != NULL && strncmp(place->region, "cn-", 3) != 0) {
		place->base = text_format("https://%s%s", prefix, s->host);
		place->region = s->region;
	} else {
		place->base =
		    text_format("https://%s%s.%s.%s", prefix, s->endpoint, place->region, suffix);
	}
	return true;
}

/* Buckets that are names of hosts as well: what AWS recommends. */
static bool
is_host_label(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!islower((unsigned char)s[i]) && !isdigit((unsigned char)s[i]) && s[i] != '-')
			return false;
	return len >= 3 && len <= 63 && s[0] != '-' && s[len - 1] != '-';
}

void
aws_place_move_bucket(struct aws_place *place, const struct aws_service *s, char *path)
{
	size_t len = strcspn(path + 1, "/");
	char *base;

	if (!place->amazon || strcmp(s->id, "s3") != 0 || !is_host_label(path + 1, len))
		return;
	base = text_format("https://%.*s.%s", (int)len, path + 1, place->base + strlen("https://"));
	free(place->base);
	place->base = base;
	memmove(path + 1, path + 1 + len, strlen(path + 1 + len) + 1);
	if (path[1] == '/')
		memmove(path, path + 1, strlen(path));
}

/* Services that plugins of this pawld may answer for. */
static bool
may_be_at_home(const struct aws_service *s)
{
	return strcmp(s->id, "sqs") == 0 || strcmp(s->id, "sns") == 0 ||
	    strcmp(s->id, "dynamodb") == 0;
}

char *
aws_place_missing(const struct aws_service *s)
{
	return text_format("The service '%s' has no endpoint and there are no AWS credentials: set "
			   "plugins.aws.endpoints.%s or aws_endpoint in pawl.conf to a URL, or "
			   "aws_access_key_id and aws_secret_access_key to call AWS",
	    s->id, s->id);
}

int
aws_place_find(struct aws *p, const struct aws_target *t, struct aws_place *place, char **why)
{
	const struct pawl_host *h = p->host;
	bool is_sfn = strcmp(t->service->id, "sfn") == 0;

	*place = (struct aws_place){ .region = h->setting(h, "region") };
	find_keys(h, &place->keys);
	if (at_option(h, t, place)) {
		if (is_url(place->base))
			return 0;
		*why = text_format("plugins.aws.endpoints.%s is '%s': it must be a URL that begins "
				   "with http:// or https://",
		    t->service->id, place->base);
		aws_place_fini(place);
		return -1;
	}
	if ((is_sfn && at_home(h, place)) || at_setting(h, place) ||
	    aws_place_at_amazon(place, t) || (may_be_at_home(t->service) && at_home(h, place)))
		return 0;
	*why = aws_place_missing(t->service);
	aws_place_fini(place);
	return -1;
}
