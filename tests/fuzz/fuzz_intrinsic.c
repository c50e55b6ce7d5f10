/*
 * fuzz_intrinsic - any text as a call of an intrinsic function on a fixed scope: a value or an
 * error with its name, and the same again from the same random bits.
 */
#include "expr/intrinsic.h"
#include "result.h"

#define SEED 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char input[] =
    "{\"s\":\"a,b;c\",\"t\":\"\\u00e9\\ud83d\\ude00\\u0000\\\"{}\\\\\",\"n\":[3,1,2.5,-0,1e3,3.0],"
    "\"o\":{\"k\":\"v\",\"e\":null,\"a\":[1,{\"x\":true}]},\"p\":{\"k\":[],\"z\":\"last\"},"
    "\"e\":[],\"i\":4,\"b\":\"eyJhIjpbMSwyXX0=\",\"j\":\" {\\\"a\\\":[1,2]}\",\"f\":false}";

static struct doc
give_context(void *arg)
{
	return doc_gets(*(struct doc *)arg, "o");
}

static void
check_variable(void *arg, const char *name)
{
	(void)arg;
	require(name != NULL && *name != '\0' && *name != '$');
}

/* The value as text, or the cause of the failure; yours. */
static char *
evaluate(const struct intrinsic *f, struct doc root)
{
	struct expr_random random = { SEED };
	struct expr_scope s = { .root = root,
		.vars = root,
		.context = give_context,
		.context_arg = &root,
		.random = &random };
	struct err e = ERR_INIT;
	struct doc out;
	int rc = intrinsic_eval(f, &s, &out, &e);
	char *text;

	if (rc == 0)
		text = doc_text(out, NULL);
	else
		text = strdup(err_cause(&e));
	check_result(rc, out, &e);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *call = (const char *)data;
	struct err e = ERR_INIT;
	struct intrinsic *f;
	struct doc root;
	char *first, *second;

	/* Calls come out of documents: they are UTF-8 always. */
	if (!doc_utf8_valid(call, size))
		return 0;
	f = intrinsic_compile(call, size, &e);
	require((f == NULL) == err_is_set(&e));
	err_fini(&e);
	if (f == NULL)
		return 0;
	require(intrinsic_is_call(call, size));
	intrinsic_variables(f, check_variable, NULL);
	root = doc_parse(input, sizeof(input) - 1, NULL);
	require(!doc_is_none(root));
	first = evaluate(f, root);
	second = evaluate(f, root);
	require(first != NULL && second != NULL && strcmp(first, second) == 0);
	free(first);
	free(second);
	intrinsic_free(f);
	doc_unref(root);
	return 0;
}
