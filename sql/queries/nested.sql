-- Executions that tasks of other executions started.

-- name: nested_children
-- What an execution has to know of its children when it is loaded.
-- $1 shard of the parent (smallint)  $2 its id (uuid)  $3 its open tasks (bigint[])
-- rows: as execution_by_name: the children of these tasks, and the open ones of other tasks that waited for them
WITH child AS (
	SELECT x.shard, x.id FROM pawl.execution AS x
	WHERE x.parent_id = $2::uuid AND x.parent_task = ANY ($3::bigint[])
	UNION
	SELECT o.shard, o.execution_id FROM pawl.open_execution AS o
	WHERE o.shard = $1::smallint AND o.waiting_parent = $2::uuid
)
SELECT e.id, e.machine_id, e.shard, e.revision, m.name, e.name, e.status, e.start_ms, e.stop_ms, e.input,
	e.output, e.error, e.cause, e.version_arn, e.alias_arn, e.trace_header, e.redrive_count, e.redrive_ms,
	m.status = 'DELETING',
	(SELECT j.first_event_id + j.event_count - 1 FROM pawl.journal AS j
		WHERE j.shard = e.shard AND j.execution_id = e.id ORDER BY j.seq DESC LIMIT 1),
	e.parent_shard, e.parent_id, e.parent_task, e.parent_waits
FROM child AS c
JOIN pawl.execution AS e ON e.shard = c.shard AND e.id = c.id
JOIN pawl.machine AS m ON m.id = e.machine_id;

-- name: nested_abandoned
-- A task that is over had an answer (then somebody sent it with the task's token), or was given up.
-- $1 shard of its execution (smallint)  $2 the execution (uuid)  $3 the task (bigint)
-- rows: one: true when the execution is there and the task had no answer
WITH event AS MATERIALIZED (
	SELECT h.id, h.previous_event_id, h.type FROM pawl.history_event AS h
	WHERE h.shard = $1::smallint AND h.execution_id = $2::uuid
	AND h.seq >= (SELECT pawl.journal_seq($1::smallint, $2::uuid, $3::bigint))
	AND h.type IN ('TaskStarted', 'TaskSubmitted', 'TaskSucceeded', 'TaskFailed')
), under_way AS (
	SELECT t.id FROM event AS t WHERE t.type = 'TaskStarted' AND t.previous_event_id = $3::bigint
	UNION ALL
	SELECT s.id FROM event AS t JOIN event AS s ON s.previous_event_id = t.id
	WHERE t.type = 'TaskStarted' AND t.previous_event_id = $3::bigint AND s.type = 'TaskSubmitted'
)
SELECT EXISTS (SELECT FROM pawl.execution AS e WHERE e.shard = $1::smallint AND e.id = $2::uuid)
AND NOT EXISTS (
	SELECT FROM event AS a JOIN under_way AS u ON a.previous_event_id = u.id
	WHERE a.type IN ('TaskSucceeded', 'TaskFailed'));
