/*
 * command - functions that are local programs: plugins.lambda.commands of pawl.conf, how one is
 * called, and what its end means.
 *
 *	commands = {
 *		pages = { command = { "pdftotext", "-", "-" }, output = "text", timeout = "30s" },
 *		sizes = { "du", "-s", "/srv" },
 *		today = "date -I",
 *	}
 *
 * A list is a program and its arguments, a text is given to the shell. The event is on standard
 * input and nowhere else, so no event becomes a part of a command line.
 */
#include <stdlib.h>
#include <string.h>

#include "lambda.h"
#include "text.h"

#define TIMEOUT_MS 60000
#define MEMORY ((int64_t)1 << 30)
#define OUTPUT_MAX ((int64_t)8 << 20)
#define MESSAGE_MAX 4096  /* bytes of the end of standard error that stand in an error */
#define LOG_LINES_MAX 100 /* of one call */

/* --- options --------------------------------------------------------------------------- */

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit times[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
	{ "d", 86400000 }, { NULL, 0 } };
static const struct unit sizes[] = { { "", 1 }, { "B", 1 }, { "KiB", 1 << 10 }, { "K", 1 << 10 },
	{ "MiB", 1 << 20 }, { "M", 1 << 20 }, { "GiB", 1 << 30 }, { "G", 1 << 30 }, { NULL, 0 } };

/* "30s", "64 KiB" as in pawl.conf, 1 or more. */
static bool
read_amount(const struct pawl_host *h, struct pawl_doc d, const struct unit *units, int64_t *out)
{
	bool plain = h->doc_type(h, d) == PAWL_DOC_NUMBER;
	char *text = plain ? h->doc_text(h, d, NULL) : h->doc_string(h, d, NULL), *end = text;
	long long n = text != NULL && *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : 0;
	const struct unit *u = units;
	bool fine;

	if (text != NULL && *end == ' ')
		end++;
	while (text != NULL && u->name != NULL && strcmp(u->name, end) != 0)
		u++;
	fine = text != NULL && u->name != NULL && n > 0 &&
	    !__builtin_mul_overflow((int64_t)n, u->factor, out);
	h->free(h, text);
	return fine;
}

static void
strings_free(char **list)
{
	for (char **s = list; s != NULL && *s != NULL; s++)
		free(*s);
	free(list);
}

/* A list of texts, yours; NULL when it is something else or empty. */
static char **
read_list(const struct pawl_host *h, struct pawl_doc d)
{
	size_t n = h->doc_type(h, d) == PAWL_DOC_ARRAY ? h->doc_len(h, d) : 0, i = 0;
	struct pawl_doc_iter it = { .of = d };
	char **list = text_alloc((n + 1) * sizeof(*list));

	for (; n > 0 && h->doc_next(h, &it); i++) {
		char *s = h->doc_string(h, it.value, NULL);

		if (s == NULL)
			break;
		list[i] = text_format("%s", s);
		h->free(h, s);
	}
	if (i == n && n > 0)
		return list;
	strings_free(list);
	return NULL;
}

static bool
read_argv(const struct pawl_host *h, struct pawl_doc d, struct lambda_command *c)
{
	char *code = h->doc_string(h, d, NULL);
	bool fine = code == NULL || *code != '\0';

	strings_free(c->argv);
	c->argv = code == NULL ? read_list(h, d) : text_alloc(4 * sizeof(*c->argv));
	if (code != NULL) {
		c->argv[0] = text_format("/bin/sh");
		c->argv[1] = text_format("-c");
		c->argv[2] = text_format("%s", code);
		h->free(h, code);
	}
	return fine && c->argv != NULL && *c->argv[0] != '\0';
}

static bool
read_env(const struct pawl_host *h, struct pawl_doc d, struct lambda_command *c)
{
	struct pawl_doc_iter it = { .of = d };
	size_t n = 0;

	strings_free(c->env);
	c->env = text_alloc((h->doc_len(h, d) + 1) * sizeof(*c->env));
	while (h->doc_next(h, &it)) {
		char *name = it.key.block_ != NULL ? h->doc_string(h, it.key, NULL) : NULL;
		char *value = h->doc_string(h, it.value, NULL);
		bool fine =
		    name != NULL && *name != '\0' && strchr(name, '=') == NULL && value != NULL;

		if (fine)
			c->env[n++] = text_format("%s=%s", name, value);
		h->free(h, name);
		h->free(h, value);
		if (!fine)
			return false;
	}
	return true;
}

static bool
read_cwd(const struct pawl_host *h, struct pawl_doc d, struct lambda_command *c)
{
	char *cwd = h->doc_string(h, d, NULL);

	free(c->cwd);
	c->cwd = cwd != NULL ? text_format("%s", cwd) : NULL;
	h->free(h, cwd);
	return c->cwd != NULL && c->cwd[0] == '/';
}

static bool
read_timeout(const struct pawl_host *h, struct pawl_doc d, struct lambda_command *c)
{
	return read_amount(h, d, times, &c->timeout_ms);
}

static bool
read_memory(const struct pawl_host *h, struct pawl_doc d, struct lambda_command *c)
{
	return read_amount(h, d, sizes, &c->memory);
}

static bool
read_max_output(const struct pawl_host *h, struct pawl_doc d, struct lambda_command *c)
{
	return read_amount(h, d, sizes, &c->max_output);
}

static bool
read_form(const struct pawl_host *h, struct pawl_doc d, bool *text)
{
	*text = h->doc_is(h, d, "text");
	return *text || h->doc_is(h, d, "json");
}

static bool
read_input(const struct pawl_host *h, struct pawl_doc d, struct lambda_command *c)
{
	return read_form(h, d, &c->text_in);
}

static bool
read_output(const struct pawl_host *h, struct pawl_doc d, struct lambda_command *c)
{
	return read_form(h, d, &c->text_out);
}

static const struct {
	const char *name;
	bool (*read)(const struct pawl_host *h, struct pawl_doc d, struct lambda_command *c);
	const char *must; /* be */
} members[] = {
	{ "command", read_argv, "a text for the shell, or a list: a program and its arguments" },
	{ "timeout", read_timeout, "a time with its unit, as \"30s\"" },
	{ "memory", read_memory, "a size, as \"256 MiB\"" },
	{ "max_output", read_max_output, "a size, as \"1 MiB\"" },
	{ "env", read_env, "a table of texts" },
	{ "cwd", read_cwd, "the absolute path of a folder" },
	{ "input", read_input, "\"json\" or \"text\"" },
	{ "output", read_output, "\"json\" or \"text\"" },
};
#define NMEMBERS (sizeof(members) / sizeof(members[0]))

/* 0, or -1 and *why. */
static int
read_member(const struct pawl_host *h, struct pawl_doc key, struct pawl_doc value,
    struct lambda_command *c, char **why)
{
	char *name;
	size_t i;

	for (i = 0; i < NMEMBERS && !h->doc_is(h, key, members[i].name); i++)
		;
	if (i < NMEMBERS) {
		if (members[i].read(h, value, c))
			return 0;
		*why = text_format("plugins.lambda.commands.%s: %s must be %s", c->name,
		    members[i].name, members[i].must);
		return -1;
	}
	name = h->doc_string(h, key, NULL);
	*why = text_format("plugins.lambda.commands.%s: there is no \"%s\"; there are command, "
			   "timeout, memory, max_output, env, cwd, input and output",
	    c->name, name);
	h->free(h, name);
	return -1;
}

static int
read_command(const struct pawl_host *h, struct pawl_doc d, struct lambda_command *c, char **why)
{
	struct pawl_doc_iter it = { .of = d };

	if (h->doc_type(h, d) != PAWL_DOC_OBJECT) {
		if (read_argv(h, d, c))
			return 0;
		*why = text_format("plugins.lambda.commands.%s must be %s, or a table with them "
				   "as command",
		    c->name, members[0].must);
		return -1;
	}
	while (h->doc_next(h, &it))
		if (read_member(h, it.key, it.value, c, why) != 0)
			return -1;
	if (c->argv != NULL)
		return 0;
	*why = text_format("plugins.lambda.commands.%s has no command", c->name);
	return -1;
}

static bool
is_function_name(const char *s)
{
	return *s != '\0' && strlen(s) < LAMBDA_NAME_SIZE && strchr(s, ':') == NULL;
}

int
lambda_commands_read(const struct pawl_host *h, struct pawl_doc table, struct lambda_command **out,
    char **why)
{
	struct pawl_doc_iter it = { .of = table };
	int rc = 0;

	*out = NULL;
	while (rc == 0 && h->doc_next(h, &it)) {
		char *name = it.key.block_ != NULL ? h->doc_string(h, it.key, NULL) : NULL;
		struct lambda_command *c;

		if (name == NULL || !is_function_name(name)) {
			*why = text_format("plugins.lambda.commands must be a table whose names "
					   "are those of functions");
			h->free(h, name);
			rc = -1;
			break;
		}
		c = text_alloc(sizeof(*c));
		memcpy(c->name, name, strlen(name) + 1);
		h->free(h, name);
		c->timeout_ms = TIMEOUT_MS;
		c->memory = MEMORY;
		c->max_output = OUTPUT_MAX;
		c->next = *out;
		*out = c;
		rc = read_command(h, it.value, c, why);
	}
	if (rc != 0) {
		lambda_commands_free(*out);
		*out = NULL;
	}
	return rc;
}

void
lambda_commands_free(struct lambda_command *list)
{
	while (list != NULL) {
		struct lambda_command *next = list->next;

		strings_free(list->argv);
		strings_free(list->env);
		free(list->cwd);
		free(list);
		list = next;
	}
}

const struct lambda_command *
lambda_command_find(const struct lambda_command *list, const char *name)
{
	while (list != NULL && strcmp(list->name, name) != 0)
		list = list->next;
	return list;
}

/* --- a call ------------------------------------------------------------------------------- */

#define NVARIABLES 12

/* What a function knows of its call, and after it what pawl.conf says: the later wins. */
static char **
environment_of(const struct pawl_host *h, const struct lambda_command *c, const struct pawl_task *t,
    const struct lambda_target *target, const char *request_id)
{
	char *arn = lambda_function_arn(h, target);
	const struct {
		const char *name, *value;
	} variables[NVARIABLES] = {
		{ "AWS_LAMBDA_FUNCTION_NAME", target->name },
		{ "AWS_LAMBDA_FUNCTION_VERSION", "$LATEST" },
		{ "AWS_LAMBDA_REQUEST_ID", request_id },
		{ "AWS_REGION", h->setting(h, "region") },
		{ "AWS_DEFAULT_REGION", h->setting(h, "region") },
		{ "PAWL_FUNCTION_ARN", arn },
		{ "PAWL_CLIENT_CONTEXT", target->client_context },
		{ "PAWL_EXECUTION_ARN", t->execution_arn },
		{ "PAWL_STATE_MACHINE_ARN", t->state_machine_arn },
		{ "PAWL_STATE_NAME", t->state_name },
		{ "PAWL_IDEMPOTENCY_KEY", t->idempotency_key },
	};
	size_t nown = 0, n = 0;
	char **env;

	while (c->env != NULL && c->env[nown] != NULL)
		nown++;
	env = text_alloc((NVARIABLES + nown + 1) * sizeof(*env));
	for (size_t i = 0; i < NVARIABLES; i++)
		if (variables[i].value != NULL && *variables[i].value != '\0')
			env[n++] = text_format("%s=%s", variables[i].name, variables[i].value);
	for (size_t i = 0; i < nown; i++)
		env[n++] = text_format("%s", c->env[i]);
	free(arn);
	return env;
}

/* The event as it stands on standard input, to be released with h->free. */
static char *
input_of(const struct pawl_host *h, const struct lambda_command *c, struct pawl_doc event,
    size_t *len)
{
	char *text = c->text_in ? h->doc_string(h, event, len) : NULL;

	return text != NULL ? text : h->doc_text(h, event, len);
}

uint64_t
lambda_command_start(const struct pawl_host *h, const struct lambda_command *c,
    const struct pawl_task *t, const struct lambda_target *target, const char *request_id,
    pawl_command_cb *cb, void *arg)
{
	char **env = environment_of(h, c, t, target, request_id);
	size_t len;
	char *input = input_of(h, c, target->payload, &len);
	const struct pawl_command command = { .size = sizeof(command),
		.argv = (const char *const *)c->argv,
		.env = (const char *const *)env,
		.cwd = c->cwd,
		.input = input,
		.input_len = len,
		.timeout_ms = c->timeout_ms,
		.memory = c->memory,
		.max_output = (size_t)c->max_output,
		.task_id = t->id };
	uint64_t id = h->command_start(h, &command, cb, arg);

	h->free(h, input);
	strings_free(env);
	return id;
}

/* --- its end -------------------------------------------------------------------------------- */

/* Without the line ends and blanks at the end. */
static size_t
trimmed_len(const char *s, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", s[len - 1]) != NULL && s[len - 1] != '\0')
		len--;
	return len;
}

/* The last line when it is an object that names an error; yours, or PAWL_NO_DOC. */
static struct pawl_doc
error_of(const struct pawl_host *h, const char *text, size_t text_len)
{
	size_t len = trimmed_len(text, text_len), begin = len;
	struct pawl_doc d;

	while (begin > 0 && text[begin - 1] != '\n')
		begin--;
	if (begin == len || text[begin] != '{')
		return PAWL_NO_DOC;
	d = h->doc_parse(h, text + begin, len - begin, NULL);
	if (h->doc_type(h, h->doc_get(h, d, "errorType")) == PAWL_DOC_STRING ||
	    h->doc_type(h, h->doc_get(h, d, "errorMessage")) == PAWL_DOC_STRING)
		return d;
	h->doc_unref(h, d);
	return PAWL_NO_DOC;
}

static void
answer_raised(const struct pawl_host *h, const struct lambda_target *target, const char *type,
    const char *message, struct pawl_doc trace, const struct lambda_call_facts *f,
    struct lambda_outcome *o)
{
	const struct pawl_function_answer a = { .size = sizeof(a),
		.result = PAWL_FUNCTION_RAISED,
		.error_type = type,
		.error_message = message,
		.trace = h->doc_type(h, trace) == PAWL_DOC_ARRAY ? trace : PAWL_NO_DOC };

	lambda_local_outcome(h, target, &a, f->request_id, f->now_ms, o);
}

/* What it wrote at the end: of standard error, or when there is nothing of its output. */
static char *
failed_message(const struct lambda_target *target, const struct pawl_command_answer *a)
{
	const char *s = a->errors;
	size_t len = trimmed_len(a->errors, a->errors_len);

	if (len == 0) {
		s = a->output;
		len = trimmed_len(a->output, a->output_len);
	}
	if (len > MESSAGE_MAX) {
		s += len - MESSAGE_MAX;
		len = MESSAGE_MAX;
	}
	return text_format("%s ended with status %d%s%.*s", target->name, a->status,
	    len > 0 ? ": " : "", (int)len, s);
}

static void
exited_with_error(const struct pawl_host *h, const struct lambda_target *target,
    const struct pawl_command_answer *a, const struct lambda_call_facts *f,
    struct lambda_outcome *o)
{
	struct pawl_doc said = error_of(h, a->errors, a->errors_len);
	char *type, *message, *own = NULL;

	if (said.block_ == NULL)
		said = error_of(h, a->output, a->output_len);
	type = h->doc_string(h, h->doc_get(h, said, "errorType"), NULL);
	message = h->doc_string(h, h->doc_get(h, said, "errorMessage"), NULL);
	if (said.block_ == NULL)
		own = failed_message(target, a);
	answer_raised(h, target, type != NULL ? type : "CommandFailed",
	    own != NULL           ? own
		: message != NULL ? message
				  : "",
	    h->doc_get(h, said, "stackTrace"), f, o);
	h->free(h, type);
	h->free(h, message);
	h->doc_unref(h, said);
	free(own);
}

static void
succeeded(const struct pawl_host *h, const struct lambda_target *target, struct pawl_doc value,
    const struct lambda_call_facts *f, struct lambda_outcome *o)
{
	const struct pawl_function_answer a = { .size = sizeof(a),
		.result = PAWL_FUNCTION_OK,
		.value = value };

	lambda_local_outcome(h, target, &a, f->request_id, f->now_ms, o);
	h->doc_unref(h, value);
}

/* A text without the line end at its end. */
static struct pawl_doc
text_result(const struct pawl_host *h, const char *s, size_t len)
{
	struct pawl_builder *b = h->build(h);

	h->build_string(b, s, len > 0 && s[len - 1] == '\n' ? len - 1 : len);
	return h->build_finish(b);
}

static void
exited(const struct pawl_host *h, const struct lambda_target *target,
    const struct pawl_command_answer *a, const struct lambda_call_facts *f,
    struct lambda_outcome *o)
{
	char *why = NULL, *message;
	struct pawl_doc value;

	if (a->status != 0) {
		exited_with_error(h, target, a, f, o);
	} else if (f->text_out) {
		succeeded(h, target, text_result(h, a->output, a->output_len), f, o);
	} else if (trimmed_len(a->output, a->output_len) == 0) {
		succeeded(h, target, h->doc_parse(h, "null", 4, NULL), f, o);
	} else if ((value = h->doc_parse(h, a->output, a->output_len, &why)).block_ != NULL) {
		succeeded(h, target, value, f, o);
	} else {
		message = text_format("The output of %s is not JSON: %s (a command that writes "
				      "text needs output = \"text\")",
		    target->name, why);
		answer_raised(h, target, "Runtime.MarshalError", message, PAWL_NO_DOC, f, o);
		free(message);
	}
	h->free(h, why);
}

/* Killed, or not started: as the service names it. */
static void
did_not_exit(const struct pawl_host *h, const struct lambda_target *target,
    const struct pawl_command_answer *a, const struct lambda_call_facts *f,
    struct lambda_outcome *o)
{
	struct pawl_function_answer answer = { .size = sizeof(answer), .limit_ms = f->timeout_ms };
	char *message = NULL;

	switch (a->result) {
	case PAWL_COMMAND_TIMEOUT:
		answer.result = PAWL_FUNCTION_TIMEOUT;
		break;
	case PAWL_COMMAND_BUSY:
		answer.result = PAWL_FUNCTION_BUSY;
		break;
	case PAWL_COMMAND_TOO_LARGE:
		answer.result = PAWL_FUNCTION_RAISED;
		answer.error_type = "Function.ResponseSizeTooLarge";
		message = text_format("Response payload size exceeded maximum allowed payload "
				      "size (%lld bytes).",
		    (long long)f->max_output);
		break;
	case PAWL_COMMAND_SIGNALED:
		answer.result = PAWL_FUNCTION_CRASHED;
		message =
		    text_format("Runtime exited with error: signal: %s", strsignal(a->signal));
		break;
	default:
		answer.result = PAWL_FUNCTION_RAISED;
		answer.error_type = "Runtime.InvalidEntrypoint";
		message = text_format("RequestId: %s Error: %s", f->request_id, a->message);
		break;
	}
	answer.error_message = message;
	lambda_local_outcome(h, target, &answer, f->request_id, f->now_ms, o);
	free(message);
}

void
lambda_command_outcome(const struct pawl_host *h, const struct lambda_target *target,
    const struct pawl_command_answer *a, const struct lambda_call_facts *f,
    struct lambda_outcome *o)
{
	if (a->result == PAWL_COMMAND_EXITED)
		exited(h, target, a, f, o);
	else
		did_not_exit(h, target, a, f, o);
}

void
lambda_command_log(const struct pawl_host *h, uint64_t task, const char *name,
    const struct pawl_command_answer *a)
{
	const char *s = a->errors;

	for (int i = 0; i < LOG_LINES_MAX && *s != '\0'; i++) {
		int len = (int)strcspn(s, "\n");

		if (len > 0)
			h->log(h, PAWL_LOG_INFO, task, "command %s: %.*s", name, len, s);
		s += len + (s[len] == '\n');
	}
}
