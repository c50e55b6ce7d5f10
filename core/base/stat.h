/*
 * stat - what this process counts, each number declared once with its sentence.
 *
 * The table below is all there is: it makes the enum, and stat_print writes it as
 * Prometheus text. A sentence is the documentation of its number.
 */
#ifndef PAWL_BASE_STAT_H
#define PAWL_BASE_STAT_H

#include <stdint.h>

#include "base/buf.h"

/*
 * X(id, kind, name, label, help). kind: COUNTER, GAUGE, TIME (counter of microseconds,
 * printed in seconds), SECONDS (histogram of durations) or SIZES (histogram of counts).
 * label: the name of its label, the names of its two labels with a comma between, or NULL;
 * histograms have none.
 */
#define STATS(X) \
	X(executions_started, COUNTER, "pawl_executions_started_total", NULL, \
	    "Executions that were started.") \
	X(executions_closed, COUNTER, "pawl_executions_closed_total", "status", \
	    "Executions that ended, by the status they ended with.") \
	X(nested_started, COUNTER, "pawl_nested_started_total", NULL, \
	    "Executions that a task of another execution started.") \
	X(nested_found, COUNTER, "pawl_nested_found_total", NULL, \
	    "Starts that found their execution there: begun before a crash, not begun again.") \
	X(nested_stopped, COUNTER, "pawl_nested_stopped_total", NULL, \
	    "Executions that were stopped because the task that waited for them was given up.") \
	X(transitions, COUNTER, "pawl_transitions_total", NULL, \
	    "States entered, retries included.") \
	X(waking_full, COUNTER, "pawl_waking_full_total", NULL, \
	    "Times that executions which are to go on found no room to be loaded into, and wait.") \
	X(executions_throttled, COUNTER, "pawl_executions_throttled_total", "machine", \
	    "States that were entered late because the bucket StateTransition of the option throttle was " \
	    "empty, by state machine; AWS's ExecutionThrottled.") \
	X(executions_held, GAUGE, "pawl_executions_held", NULL, \
	    "Executions that wait for that bucket.") \
	X(signals, COUNTER, "pawl_sql_signals_total", "kind", \
	    "Signals of SQL functions that were carried to their executions, by kind; dropped: nobody waits for it.") \
	X(executions_deleted, COUNTER, "pawl_executions_deleted_total", NULL, \
	    "Executions that were deleted because they had been closed for long enough.") \
	X(records_deleted, COUNTER, "pawl_records_deleted_total", NULL, \
	    "Records of their histories that were deleted after them.") \
	X(retention_seconds, SECONDS, "pawl_retention_seconds", NULL, \
	    "Time that one statement that looks for them or deletes them took.") \
	X(commits, COUNTER, "pawl_commits_total", NULL, \
	    "Batches of records that PostgreSQL committed.") \
	X(records, COUNTER, "pawl_records_total", NULL, \
	    "Records of moves that PostgreSQL committed.") \
	X(batch_runs, SIZES, "pawl_batch_runs", NULL, "Runs whose records shared one commit.") \
	X(commit_seconds, SECONDS, "pawl_commit_seconds", NULL, \
	    "Time from sending a batch to its commit.") \
	X(commit_wait_seconds, SECONDS, "pawl_commit_wait_seconds", NULL, \
	    "Time from a move to its commit, for the one of each batch that waited longest.") \
	X(starts_refused, COUNTER, "pawl_starts_refused_total", "reason", \
	    "Starts of executions that were refused because there was too much to do, by reason: " \
	    "delay (commits wait too long), queue (too many starts in line), memory; limit: as many " \
	    "executions of the machine ran as may (execution_limits).") \
	X(starts_waiting, GAUGE, "pawl_starts_waiting", NULL, \
	    "Starts that wait for their first commit.") \
	X(start_places, GAUGE, "pawl_start_places", NULL, \
	    "How many starts may wait for their first commit at the same time, as things are.") \
	X(loop_lag_seconds, SECONDS, "pawl_loop_lag_seconds", NULL, \
	    "How late the event loop ran a timer that was due.") \
	X(loop_turn_seconds, SECONDS, "pawl_loop_turn_seconds", NULL, \
	    "CPU time that one turn of the event loop took.") \
	X(tasks, COUNTER, "pawl_tasks_total", "resource", "Tasks given to a plugin, by resource.") \
	X(plugin_blocked, COUNTER, "pawl_plugin_blocked_total", "plugin", \
	    "Calls into a plugin that held up the event loop for 100 ms or longer, by plugin.") \
	X(plugin_blocked_seconds, TIME, "pawl_plugin_blocked_seconds_total", "plugin", \
	    "Time that such calls took, by plugin.") \
	X(plugin_answers_dropped, COUNTER, "pawl_plugin_answers_dropped_total", "plugin,reason", \
	    "Answers of plugins that were dropped, by plugin and reason: the task was closed " \
	    "before, is not known, is another plugin's, does not wait for it.") \
	X(plugin_replies_dropped, COUNTER, "pawl_plugin_replies_dropped_total", "plugin", \
	    "Replies of plugins to calls that were answered already, or whose client had gone.") \
	X(activities_scheduled, COUNTER, "pawl_activities_scheduled_total", "activity", \
	    "Tasks that were offered to the workers of an activity.") \
	X(activities_started, COUNTER, "pawl_activities_started_total", "activity", \
	    "Tasks that workers of an activity took.") \
	X(activities_fetched, COUNTER, "pawl_activities_fetched_total", NULL, \
	    "Activity tasks of other nodes that were fetched for workers here.") \
	X(activity_offers, GAUGE, "pawl_activity_offers", NULL, \
	    "Activity tasks that no worker has taken yet.") \
	X(activity_pollers, GAUGE, "pawl_activity_pollers", NULL, \
	    "Workers that wait for an activity task.") \
	X(limit_used, GAUGE, "pawl_limit_used", "limit", "Tasks that have a permit, by limit.") \
	X(limit_waiting, GAUGE, "pawl_limit_waiting", "limit", \
	    "Tasks that wait for a permit, by limit.") \
	X(limit_granted, COUNTER, "pawl_limit_granted_total", "limit", \
	    "Permits that were given to tasks, by limit.") \
	X(token_answers, COUNTER, "pawl_token_answers_total", "kind", \
	    "Answers with a task's token that were taken: success, failure, heartbeat.") \
	X(token_answers_late, COUNTER, "pawl_token_answers_late_total", NULL, \
	    "Answers with the token of a task that was closed.") \
	X(mails, COUNTER, "pawl_mails_total", "result", \
	    "Mails of plugins, by what became of them: sent, refused by the server, failed.") \
	X(sql_calls, COUNTER, "pawl_sql_calls_total", "result", \
	    "Transactions of plugins, by result.") \
	X(sql_replayed, COUNTER, "pawl_sql_replayed_total", NULL, \
	    "Transactions of plugins that were done before: their receipt was the answer.") \
	X(sql_seconds, SECONDS, "pawl_sql_seconds", NULL, \
	    "Time from a plugin's asking for a transaction to its answer.") \
	X(hook_calls, COUNTER, "pawl_hook_calls_total", "hook", "Calls of Lua hooks, by hook.") \
	X(hook_errors, COUNTER, "pawl_hook_errors_total", "hook", \
	    "Calls of Lua hooks that failed, by hook.") \
	X(hook_refusals, COUNTER, "pawl_hook_refusals_total", "hook", \
	    "API calls and tasks that a Lua hook refused, by hook.") \
	X(hook_seconds, SECONDS, "pawl_hook_seconds", NULL, \
	    "Time that one call of a Lua hook took.") \
	X(http_requests, COUNTER, "pawl_http_requests_total", "action", \
	    "Requests to the API, by action; to services and routes of plugins, by service or plugin.") \
	X(calls_throttled, COUNTER, "pawl_calls_throttled_total", "action", \
	    "Calls that were refused because the bucket of the option throttle was empty, by action.") \
	X(http_seconds, SECONDS, "pawl_http_seconds", NULL, \
	    "Time from a whole request to its answer.") \
	X(calls_forwarded, COUNTER, "pawl_calls_forwarded_total", "result", \
	    "Calls about executions of another node, by result: answered by it, or failed.") \
	X(database_reconnects, COUNTER, "pawl_database_reconnects_total", NULL, \
	    "Connections to PostgreSQL that were lost and opened again.") \
	X(open_executions, GAUGE, "pawl_open_executions", NULL, \
	    "Executions of this node that run or sleep.") \
	X(sleeping_executions, GAUGE, "pawl_sleeping_executions", NULL, \
	    "Executions of this node that only wait, and left memory.") \
	X(inbox_bytes, GAUGE, "pawl_inbox_bytes", NULL, \
	    "Bytes of what clients said to executions whose record is on its way to PostgreSQL.") \
	X(executions_to_load, GAUGE, "pawl_executions_to_load", NULL, \
	    "Executions of this node that are to go on and wait for their turn to be loaded.") \
	X(executions_waking, GAUGE, "pawl_executions_waking", NULL, \
	    "Executions that are being loaded in their turn, or have not committed what they did next.") \
	X(connections, GAUGE, "pawl_connections", NULL, "Open client connections.") \
	X(database_up, GAUGE, "pawl_database_up", NULL, \
	    "1 while PostgreSQL can be written to, else 0.")

enum stat_id {
#define X(id, kind, name, label, help) STAT_##id,
	STATS(X) STAT_COUNT
#undef X
};

/* Counters only grow; gauges may go down with a negative n. */
void stat_add(enum stat_id s, int64_t n);
/* As stat_add for one value of the label. Beyond 200 values of one label: "other". */
void stat_add_label(enum stat_id s, const char *label, int64_t n);
/* The same for one with two labels; 200 pairs of values. */
void stat_add_labels(enum stat_id s, const char *first, const char *second, int64_t n);
void stat_set(enum stat_id s, int64_t v);    /* gauges */
void stat_observe(enum stat_id s, double v); /* histograms */
/* A counter or gauge, all labels together; of a histogram the number of observations. */
int64_t stat_value(enum stat_id s);
/* All of them in the Prometheus text format 0.0.4. */
void stat_print(struct buf *out);
/* Back to zero, for tests. */
void stat_reset(void);

#endif
