/*
 * client - calls of the Step Functions API from the command line (blocking).
 */
#include "cli/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define ANSWER_MAX (256u << 20)
#define CONNECT_TIMEOUT_S 10L
#define ANSWER_TIMEOUT_S 90L

static size_t
client_receive(char *p, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_add(b, p, size * n);
	return buf_failed(b) ? 0 : size * n;
}

static void
client_sign(CURL *h, const struct cli *c)
{
	const char *key = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");
	char *provider, *user;

	if (key == NULL || secret == NULL || *key == '\0')
		return;
	provider = xasprintf("aws:amz:%s:states", c->region);
	user = xasprintf("%s:%s", key, secret);
	curl_easy_setopt(h, CURLOPT_AWS_SIGV4, provider);
	curl_easy_setopt(h, CURLOPT_USERPWD, user);
	free(provider);
	free(user);
}

/* The request of h, which is sent and freed here; its answer. */
static int
client_perform(struct cli *c, CURL *h, struct buf *answer, long *status)
{
	char problem[CURL_ERROR_SIZE] = "";
	CURLcode rc;

	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, client_receive);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, problem);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	curl_easy_setopt(h, CURLOPT_TIMEOUT, ANSWER_TIMEOUT_S);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	client_sign(h, c);
	rc = curl_easy_perform(h);
	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, status);
	curl_easy_cleanup(h);
	if (rc != CURLE_OK)
		return cli_fail(CLI_UNREACHABLE,
		    "no answer from %s: %s (is pawld running? --endpoint-url or PAWL_ENDPOINT says where)",
		    c->endpoint, *problem != '\0' ? problem : curl_easy_strerror(rc));
	return 0;
}

/* Sends the request of h; the answer as client_call gives it. */
static int
client_ask(struct cli *c, CURL *h, struct doc *answer)
{
	struct err e = ERR_INIT;
	struct buf text;
	long status = 0;
	int rc;

	*answer = DOC_NONE;
	buf_init(&text, ANSWER_MAX);
	rc = client_perform(c, h, &text, &status);
	if (rc == 0) {
		*answer = doc_parse(buf_text(&text), text.len, &e);
		if (doc_is_none(*answer)) {
			rc = cli_fail(CLI_FAILED, "%s answered HTTP %ld and no JSON", c->endpoint,
			    status);
		} else if (status != 200) {
			char *type = cli_text(*answer, "__type"),
			     *message = cli_text(*answer, "message");

			cli_make_visible(&type);
			cli_make_visible(&message);
			rc = cli_fail(status == 503 ? CLI_UNREACHABLE : CLI_FAILED, "%s: %s", type,
			    message);
			free(type);
			free(message);
			doc_unref(*answer);
			*answer = DOC_NONE;
		}
	}
	err_fini(&e);
	buf_fini(&text);
	return rc;
}

int
client_call(struct cli *c, const char *action, const struct buf *body, struct doc *answer)
{
	CURL *h = curl_easy_init();
	char *target = xasprintf("X-Amz-Target: AWSStepFunctions.%s", action);
	struct curl_slist *headers;
	int rc;

	headers = curl_slist_append(NULL, "Content-Type: application/x-amz-json-1.0");
	headers = curl_slist_append(headers, target);
	curl_easy_setopt(h, CURLOPT_URL, c->endpoint);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(h, CURLOPT_POSTFIELDS, buf_text(body));
	curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
	rc = client_ask(c, h, answer);
	curl_slist_free_all(headers);
	free(target);
	return rc;
}

static int
client_get(struct cli *c, const char *path, struct doc *answer)
{
	CURL *h = curl_easy_init();
	size_t len = strlen(c->endpoint);
	char *url;
	int rc;

	while (len > 0 && c->endpoint[len - 1] == '/')
		len--;
	url = xasprintf("%.*s%s", (int)len, c->endpoint, path);
	curl_easy_setopt(h, CURLOPT_URL, url);
	rc = client_ask(c, h, answer);
	free(url);
	return rc;
}

int
client_show(struct cli *c, const char *path, void (*print)(const struct cli *c, struct doc answer))
{
	struct doc answer;
	char *text;
	int rc;

	if ((rc = client_get(c, path, &answer)) != 0)
		return rc;
	if (c->json) {
		text = doc_text(answer, NULL);
		puts(text);
		free(text);
	} else {
		print(c, answer);
	}
	doc_unref(answer);
	return CLI_OK;
}

void
client_add(struct buf *body, const char *key, const char *value)
{
	if (body->len > 0 && body->data[body->len - 1] != '{')
		buf_addc(body, ',');
	buf_add_json_string(body, key, strlen(key));
	buf_addc(body, ':');
	buf_add_json_string(body, value, strlen(value));
}

/* What can be found by its name: the list it stands in. */
struct kind {
	const char *action, *list, *arn;
};

static char *
find_in_page(const struct kind *k, struct doc page, const char *name)
{
	struct doc_iter it = doc_iter(doc_gets(page, k->list));

	while (doc_next(&it))
		if (doc_str_is(doc_gets(it.value, "name"), name))
			return cli_text(it.value, k->arn);
	return NULL;
}

/* The ARN of the thing of that name, yours; NULL with *code 0 when there is none. */
static char *
find(struct cli *c, const struct kind *k, const char *name, int *code)
{
	char *arn = NULL, *token = NULL;
	struct doc page;
	struct buf body;

	buf_init(&body, BUF_UNLIMITED);
	do {
		buf_reset(&body);
		buf_adds(&body, "{\"maxResults\":1000");
		if (token != NULL)
			client_add(&body, "nextToken", token);
		buf_addc(&body, '}');
		free(token);
		token = NULL;
		if ((*code = client_call(c, k->action, &body, &page)) != 0)
			break;
		arn = find_in_page(k, page, name);
		if (!doc_is_none(doc_gets(page, "nextToken")))
			token = cli_text(page, "nextToken");
		doc_unref(page);
	} while (arn == NULL && token != NULL);
	free(token);
	buf_fini(&body);
	return arn;
}

char *
client_find_machine(struct cli *c, const char *name, int *code)
{
	static const struct kind machines = { "ListStateMachines", "stateMachines",
		"stateMachineArn" };

	return find(c, &machines, name, code);
}

char *
client_activity_arn(struct cli *c, const char *name, int *code)
{
	static const struct kind activities = { "ListActivities", "activities", "activityArn" };
	char *arn;

	if (strncmp(name, "arn:", 4) == 0)
		return xstrdup(name);
	arn = find(c, &activities, name, code);
	if (arn == NULL && *code == 0)
		*code = cli_fail(CLI_FAILED, "there is no activity \"%s\"", name);
	return arn;
}

char *
client_machine_arn(struct cli *c, const char *name, int *code)
{
	char *arn;

	if (strncmp(name, "arn:", 4) == 0)
		return xstrdup(name);
	arn = client_find_machine(c, name, code);
	if (arn == NULL && *code == 0)
		*code = cli_fail(CLI_FAILED, "there is no state machine \"%s\"", name);
	return arn;
}

char *
client_execution_arn(struct cli *c, const char *name, int *code)
{
	const char *colon = strchr(name, ':');
	char *machine, *arn, *at, *result;

	if (strncmp(name, "arn:", 4) == 0)
		return xstrdup(name);
	if (colon == NULL) {
		*code = cli_fail(CLI_USAGE,
		    "\"%s\" is neither an execution ARN nor MACHINE:EXECUTION", name);
		return NULL;
	}
	machine = xstrndup(name, (size_t)(colon - name));
	arn = client_machine_arn(c, machine, code);
	free(machine);
	if (arn == NULL || (at = strstr(arn, ":stateMachine:")) == NULL) {
		free(arn);
		return NULL;
	}
	result = xasprintf("%.*s:execution:%s:%s", (int)(at - arn), arn,
	    at + strlen(":stateMachine:"), colon + 1);
	free(arn);
	return result;
}

void
client_begin(struct buf *body)
{
	buf_init(body, BUF_UNLIMITED);
	buf_addc(body, '{');
}

int
client_do(struct cli *c, const char *action, struct buf *members, struct doc *answer)
{
	int rc;

	buf_addc(members, '}');
	rc = client_call(c, action, members, answer);
	buf_fini(members);
	if (rc == 0 && c->json) {
		char *text = doc_text(*answer, NULL);

		puts(text);
		free(text);
	}
	return rc;
}
