/*
 * target - which function a task asks for, and with what.
 */
#include <stdlib.h>
#include <string.h>

#include "lambda.h"
#include "text.h"

/* Copies a part of a name; -1 when it is too long or empty. */
static int
copy_part(char to[LAMBDA_NAME_SIZE], const char *s, size_t len)
{
	if (len == 0 || len >= LAMBDA_NAME_SIZE)
		return -1;
	memcpy(to, s, len);
	to[len] = '\0';
	return 0;
}

/* "f", "f:alias", "123456789012:function:f", "arn:aws:lambda:us-east-1:123456789012:function:f:alias" */
static int
read_name(struct lambda_target *target, const char *given)
{
	const char *function = strstr(given, "function:");
	const char *name = function != NULL ? function + strlen("function:") : given;
	size_t len = strcspn(name, ":");

	if (copy_part(target->name, name, len) != 0)
		return -1;
	name += len;
	return *name == ':' ? copy_part(target->qualifier, name + 1, strlen(name + 1)) : 0;
}

static char *
bad(const char *sentence)
{
	return text_format("%s", sentence);
}

static int
check_fields(const struct pawl_host *h, struct pawl_doc parameters, char **why)
{
	static const char *const known[] = { "FunctionName", "Payload", "Qualifier",
		"ClientContext", "InvocationType", "LogType" };
	struct pawl_doc_iter it = { .of = parameters };

	while (h->doc_next(h, &it)) {
		size_t i;

		for (i = 0; i < sizeof(known) / sizeof(known[0]) && !h->doc_is(h, it.key, known[i]);
		     i++)
			;
		if (i == sizeof(known) / sizeof(known[0])) {
			char *name = h->doc_string(h, it.key, NULL);

			*why = text_format("The field \"%s\" is not supported by Step Functions",
			    name);
			h->free(h, name);
			return -1;
		}
	}
	return 0;
}

static int
read_options(const struct pawl_host *h, struct pawl_doc p, struct lambda_target *target, char **why)
{
	struct pawl_doc type = h->doc_get(h, p, "InvocationType");
	char *qualifier = h->doc_string(h, h->doc_get(h, p, "Qualifier"), NULL);
	char *context = h->doc_string(h, h->doc_get(h, p, "ClientContext"), NULL);
	int rc = 0;

	if (qualifier != NULL)
		rc = copy_part(target->qualifier, qualifier, strlen(qualifier));
	if (rc != 0)
		*why = bad("The value of the field 'Qualifier' has an invalid format");
	if (context != NULL)
		target->client_context = text_format("%s", context);
	h->free(h, qualifier);
	h->free(h, context);
	target->tail = h->doc_is(h, h->doc_get(h, p, "LogType"), "Tail");
	if (type.block_ == NULL || h->doc_is(h, type, "RequestResponse"))
		return rc;
	if (h->doc_is(h, type, "Event"))
		target->type = LAMBDA_EVENT;
	else if (h->doc_is(h, type, "DryRun"))
		target->type = LAMBDA_DRY_RUN;
	else if (rc == 0) {
		*why = bad("The value of the field 'InvocationType' has an invalid format");
		rc = -1;
	}
	return rc;
}

static int
read_invoke(const struct pawl_host *h, struct pawl_doc p, struct lambda_target *target, char **why)
{
	char *name;
	int rc;

	if (h->doc_type(h, p) != PAWL_DOC_OBJECT) {
		*why = bad("The parameters must be an object");
		return -1;
	}
	if (check_fields(h, p, why) != 0)
		return -1;
	if ((name = h->doc_string(h, h->doc_get(h, p, "FunctionName"), NULL)) == NULL) {
		*why = bad("The required field 'FunctionName' is missing");
		return -1;
	}
	rc = read_name(target, name);
	h->free(h, name);
	if (rc != 0) {
		*why = bad("The value of the field 'FunctionName' has an invalid format");
		return -1;
	}
	return read_options(h, p, target, why);
}

/*
 * Payload as the function gets it, owned: none and null are an empty object; a string that
 * is itself JSON text goes out as that text, any other string as a JSON string.
 */
static struct pawl_doc
read_payload(const struct pawl_host *h, struct pawl_doc given)
{
	struct pawl_doc inner = PAWL_NO_DOC;
	char *text;
	size_t len;

	if (given.block_ == NULL || h->doc_type(h, given) == PAWL_DOC_NULL)
		return h->doc_parse(h, "{}", 2, NULL);
	if ((text = h->doc_string(h, given, &len)) != NULL)
		inner = h->doc_parse(h, text, len, NULL);
	h->free(h, text);
	return inner.block_ != NULL ? inner : h->doc_ref(h, given);
}

int
lambda_target_read(const struct pawl_host *h, const struct pawl_task *t,
    struct lambda_target *target, char **why)
{
	memset(target, 0, sizeof(*target));
	target->direct = strstr(t->base, ":function:") != NULL;
	if (target->direct) {
		if (read_name(target, t->base) != 0) {
			*why = bad("The resource is not the ARN of a function");
			return -1;
		}
	} else {
		if (read_invoke(h, t->parameters, target, why) != 0)
			return -1;
	}
	target->payload = target->direct ? h->doc_ref(h, t->parameters)
					 : read_payload(h, h->doc_get(h, t->parameters, "Payload"));
	return 0;
}

void
lambda_target_fini(const struct pawl_host *h, struct lambda_target *target)
{
	h->doc_unref(h, target->payload);
	free(target->client_context);
	memset(target, 0, sizeof(*target));
}

char *
lambda_function_arn(const struct pawl_host *h, const struct lambda_target *target)
{
	return text_format("arn:aws:lambda:%s:%s:function:%s:%s", h->setting(h, "region"),
	    h->setting(h, "account_id"), target->name,
	    *target->qualifier != '\0' ? target->qualifier : "$LATEST");
}
