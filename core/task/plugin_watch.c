/*
 * plugin_watch - an eye on plugins: how long calls into them take, and which of their
 * answers are dropped.
 */
#include "task/plugin_module.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stat.h"

#define BLOCKED_US 100000 /* one loop runs everything: that long nobody else got anything done */

struct plugin_visit
plugin_enter(const struct module *m, const char *function)
{
	return (
	    struct plugin_visit){ .module = m, .function = function, .begun_us = clock_mono_us() };
}

void
plugin_leave(const struct plugin_visit *v)
{
	int64_t took_us = clock_mono_us() - v->begun_us;

	if (took_us < BLOCKED_US)
		return;
	stat_add_label(STAT_plugin_blocked, v->module->def.name, 1);
	stat_add_label(STAT_plugin_blocked_seconds, v->module->def.name, took_us);
	log_warn(
	    "plugin %s blocked pawld for %.1f s in %s: what waits belongs into a child process",
	    v->module->def.name, (double)took_us / 1e6, v->function);
}

void
plugin_answer_dropped(const struct module *m, uint64_t task, enum plugin_dropped why)
{
	static const struct {
		const char *reason, *sentence;
		enum log_level level;
	} words[] = {
		[DROPPED_CLOSED] = { "closed", "which is answered or closed already",
		    LOG_LEVEL_INFO },
		[DROPPED_UNKNOWN] = { "unknown", "which does not exist", LOG_LEVEL_WARN },
		[DROPPED_FOREIGN] = { "foreign", "which another plugin has", LOG_LEVEL_WARN },
		[DROPPED_NOT_WAITED] = { "not_waited", "which does not wait to be submitted",
		    LOG_LEVEL_WARN },
	};

	stat_add_labels(STAT_plugin_answers_dropped, m->def.name, words[why].reason, 1);
	log_line(words[why].level, plugin_task_ids(m->host, task),
	    "plugin %s: an answer to task %llu, %s, is dropped", m->def.name,
	    (unsigned long long)task, words[why].sentence);
}
