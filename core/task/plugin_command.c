/*
 * plugin_command - local commands for plugins: command_start and command_cancel of the
 * interface.
 */
#include "task/plugin_module.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"

static_assert((int)PAWL_COMMAND_EXITED == (int)COMMAND_EXITED &&
	(int)PAWL_COMMAND_SIGNALED == (int)COMMAND_SIGNALED &&
	(int)PAWL_COMMAND_TIMEOUT == (int)COMMAND_TIMEOUT &&
	(int)PAWL_COMMAND_TOO_LARGE == (int)COMMAND_TOO_LARGE &&
	(int)PAWL_COMMAND_NOT_STARTED == (int)COMMAND_NOT_STARTED &&
	(int)PAWL_COMMAND_BUSY == (int)COMMAND_BUSY,
    "the results of command.h are those of plugin.h");

static void
command_answered(void *arg, const struct command_answer *a)
{
	struct pending *p = arg;
	struct plugin_visit v = plugin_enter(p->module, "the answer of a command");
	pawl_command_cb *cb = p->cb.command;
	void *cb_arg = p->arg;
	const struct pawl_command_answer out = { .size = sizeof(out),
		.result = (enum pawl_command_result)a->result,
		.status = a->status,
		.signal = a->signal,
		.message = a->message,
		.output = a->output,
		.output_len = a->output_len,
		.errors = a->errors,
		.errors_len = a->errors_len };

	if (a->result != COMMAND_EXITED)
		log_line(LOG_LEVEL_WARN, plugin_task_ids(p->module->host, p->task_id), "%s: %s",
		    p->module->def.name, a->message);
	pending_free(p);
	cb(cb_arg, &out);
	plugin_leave(&v);
}

static uint64_t
host_command_start(const struct pawl_host *h, const struct pawl_command *given, pawl_command_cb *cb,
    void *arg)
{
	struct module *m = module_from(h);
	struct pending *p = pending_new(m, PENDING_COMMAND, arg);
	struct pawl_command c = { 0 };
	struct command_spec s;

	memcpy(&c, given, given->size < sizeof(c) ? given->size : sizeof(c));
	s = (struct command_spec){ .argv = c.argv,
		.env = c.env,
		.cwd = c.cwd,
		.input = c.input,
		.input_len = c.input_len,
		.timeout_ms = c.timeout_ms,
		.memory = c.memory,
		.max_output = c.max_output };
	p->cb.command = cb;
	p->task_id = c.task_id;
	p->inner = command_start(m->host->commands, &s, command_answered, p);
	return p->id;
}

static void
host_command_cancel(const struct pawl_host *h, uint64_t command)
{
	pending_close_id(h, command, PENDING_COMMAND);
}

void
plugin_command_init(struct pawl_host *t)
{
	t->command_start = host_command_start;
	t->command_cancel = host_command_cancel;
}
