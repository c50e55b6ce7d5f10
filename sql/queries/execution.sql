-- Executions and their journals, read.

-- name: execution_by_name
-- Names of machines are used again after a deletion: the newest machine that has such an execution.
-- On empty tables, where the plan may be made, any index that begins with machine_id looks as good as the right
-- one; asking for an order by name (which an equality would make void) with sorting off leaves no choice.
-- $1 machine name (text)  $2 execution name (text)
-- rows: one or none
SELECT e.id, e.machine_id, e.shard, e.revision, m.name, e.name, e.status, e.start_ms, e.stop_ms, e.input,
	e.output, e.error, e.cause, e.version_arn, e.alias_arn, e.trace_header, e.redrive_count, e.redrive_ms,
	m.status = 'DELETING',
	(SELECT j.first_event_id + j.event_count - 1 FROM pawl.journal AS j
		WHERE j.shard = e.shard AND j.execution_id = e.id ORDER BY j.seq DESC LIMIT 1),
	e.parent_shard, e.parent_id, e.parent_task, e.parent_waits
FROM pawl.machine AS m
CROSS JOIN LATERAL (
	SELECT x.* FROM pawl.execution AS x
	WHERE x.machine_id = m.id AND x.name >= $2::text AND x.name <= $2::text
	ORDER BY x.name LIMIT 1) AS e
WHERE m.name = $1::text
ORDER BY m.created_ms DESC, m.id DESC
LIMIT 1;

-- name: execution_by_id
-- $1 shard (smallint)  $2 id (uuid)
-- rows: as execution_by_name
SELECT e.id, e.machine_id, e.shard, e.revision, m.name, e.name, e.status, e.start_ms, e.stop_ms, e.input,
	e.output, e.error, e.cause, e.version_arn, e.alias_arn, e.trace_header, e.redrive_count, e.redrive_ms,
	m.status = 'DELETING',
	(SELECT j.first_event_id + j.event_count - 1 FROM pawl.journal AS j
		WHERE j.shard = e.shard AND j.execution_id = e.id ORDER BY j.seq DESC LIMIT 1),
	e.parent_shard, e.parent_id, e.parent_task, e.parent_waits
FROM pawl.execution AS e
JOIN pawl.machine AS m ON m.id = e.machine_id
WHERE e.shard = $1::smallint AND e.id = $2::uuid;

-- name: execution_list
-- Newest first. Ids are ordered by time of start, so they are the key of the next page.
-- $1 machine (uuid)  $2 status (text, null = any)  $3 version ARN (text, null = any)  $4 alias ARN (text, null = any)
-- $5 redriven (boolean, null = any)  $6 only before this id (uuid, null = from the newest)  $7 how many (integer)
-- rows: as execution_by_name, without input, output, error, cause and count of events
SELECT e.id, e.machine_id, e.shard, e.revision, m.name, e.name, e.status, e.start_ms, e.stop_ms, NULL::text,
	NULL::text, NULL::text, NULL::text, e.version_arn, e.alias_arn, e.trace_header, e.redrive_count, e.redrive_ms,
	m.status = 'DELETING', NULL::bigint, e.parent_shard, e.parent_id, e.parent_task, e.parent_waits
FROM pawl.execution AS e
JOIN pawl.machine AS m ON m.id = e.machine_id
WHERE e.machine_id = $1::uuid
AND e.id < coalesce($6::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
AND ($2::text IS NULL OR e.status = $2::text)
AND ($3::text IS NULL OR e.version_arn = $3::text)
AND ($4::text IS NULL OR e.alias_arn = $4::text)
AND ($5::boolean IS NULL OR (e.redrive_count > 0) = $5::boolean)
ORDER BY e.machine_id DESC, e.id DESC
LIMIT $7::integer;

-- name: execution_list_running
-- As execution_list for status RUNNING: the few that are open, or wait for a place, however many have ended.
SELECT e.id, e.machine_id, e.shard, e.revision, m.name, e.name, e.status, e.start_ms, e.stop_ms, NULL::text,
	NULL::text, NULL::text, NULL::text, e.version_arn, e.alias_arn, e.trace_header, e.redrive_count, e.redrive_ms,
	m.status = 'DELETING', NULL::bigint, e.parent_shard, e.parent_id, e.parent_task, e.parent_waits
FROM (
	(SELECT r.shard, r.execution_id FROM pawl.open_execution AS r
		WHERE r.machine_id = $1::uuid
		AND r.execution_id < coalesce($6::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
		ORDER BY r.machine_id DESC, r.execution_id DESC)
	UNION ALL
	(SELECT w.shard, w.execution_id FROM pawl.open_execution AS w
		WHERE w.waits_for = $1::uuid
		AND w.execution_id < coalesce($6::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
		ORDER BY w.waits_for DESC, w.execution_id DESC)) AS o
JOIN pawl.execution AS e ON e.shard = o.shard AND e.id = o.execution_id
JOIN pawl.machine AS m ON m.id = e.machine_id
WHERE e.status = $2::text
AND ($3::text IS NULL OR e.version_arn = $3::text)
AND ($4::text IS NULL OR e.alias_arn = $4::text)
AND ($5::boolean IS NULL OR (e.redrive_count > 0) = $5::boolean)
ORDER BY o.execution_id DESC
LIMIT $7::integer;

-- name: journal_load
-- What a run is rebuilt from: everything since its latest snapshot.
-- $1 shard (smallint)  $2 id (uuid)
-- rows: seq, first event id, count of events, snapshot, record; ascending
SELECT j.seq, j.first_event_id, j.event_count, j.snapshot, j.record
FROM pawl.journal AS j
WHERE j.shard = $1::smallint AND j.execution_id = $2::uuid
AND j.seq >= coalesce((
	SELECT s.seq FROM pawl.journal AS s
	WHERE s.shard = $1::smallint AND s.execution_id = $2::uuid AND s.snapshot
	ORDER BY s.seq DESC LIMIT 1), 0)
ORDER BY j.shard, j.execution_id, j.seq;

-- name: journal_events
-- A page of the history: the rows that hold events $3 to $4, found by key.
-- $1 shard (smallint)  $2 id (uuid)  $3 first (bigint)  $4 last (bigint)
-- rows: as journal_load; ascending
SELECT j.seq, j.first_event_id, j.event_count, j.snapshot, j.record
FROM pawl.journal AS j
WHERE j.shard = $1::smallint AND j.execution_id = $2::uuid
AND j.event_count > 0 AND j.first_event_id + j.event_count > $3::bigint
AND j.seq >= (SELECT pawl.journal_seq($1::smallint, $2::uuid, $3::bigint))
AND j.seq <= (SELECT pawl.journal_seq($1::smallint, $2::uuid, $4::bigint))
ORDER BY j.shard, j.execution_id, j.seq;
