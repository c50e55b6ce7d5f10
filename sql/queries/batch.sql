-- The writer's batch: one transaction, each statement at most once, in this order.

-- name: batch_start
-- First records of executions, sorted by machine and name (two batches that insert the same names in two orders
-- would wait for each other).
-- $1 shards (smallint[])  $2 ids (uuid[])  $3 machines (uuid[])  $4 revisions (bigint[])  $5 names (text[])
-- $6 statuses (text[])  $7 starts (bigint[])  $8 stops (bigint[])  $9 inputs (text[])  $10 outputs (text[])
-- $11 errors (text[])  $12 causes (text[])  $13 version ARNs (text[])  $14 alias ARNs (text[])
-- $15 trace headers (text[])  $16 seqs (bigint[])  $17 first event ids (bigint[])  $18 event counts (integer[])
-- $19 snapshots (boolean[])  $20 records (text[])  $21 parents' shards (smallint[])  $22 parents (uuid[])
-- $23 their tasks (bigint[])  $24 do these wait (boolean[])
-- rows: the places (from 1) of those whose name was taken; nothing of them was written
-- (coalesce keeps IN from becoming a join: it stays a lookup in a hash table)
WITH born AS (
	INSERT INTO pawl.execution (shard, id, machine_id, revision, name, status, start_ms, stop_ms,
		input, output, error, cause, version_arn, alias_arn, trace_header, parent_shard, parent_id,
		parent_task, parent_waits)
	SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[],
		$7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
		$14::text[], $15::text[], $21::smallint[], $22::uuid[], $23::bigint[], $24::boolean[])
	ON CONFLICT (machine_id, name) DO NOTHING
	RETURNING id
), opened AS (
	INSERT INTO pawl.open_execution (shard, execution_id, machine_id, waiting_parent)
	SELECT u.shard, u.id, u.machine_id, CASE WHEN u.parent_waits THEN u.parent_id END
	FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $8::bigint[], $22::uuid[], $24::boolean[])
		AS u (shard, id, machine_id, stop_ms, parent_id, parent_waits)
	WHERE u.stop_ms IS NULL AND coalesce(u.id IN (SELECT id FROM born), false)
), written AS (
	INSERT INTO pawl.journal (shard, execution_id, seq, first_event_id, event_count, snapshot, record)
	SELECT *
	FROM unnest($1::smallint[], $2::uuid[], $16::bigint[], $17::bigint[], $18::integer[], $19::boolean[],
		$20::text[]) AS u (shard, id, seq, first_event_id, event_count, snapshot, record)
	WHERE coalesce(u.id IN (SELECT id FROM born), false)
)
SELECT u.place
FROM unnest($2::uuid[]) WITH ORDINALITY AS u (id, place)
WHERE u.id NOT IN (SELECT id FROM born);

-- name: batch_append
-- Records of executions that have a row. A second writer of an execution hits the key, and its whole batch fails.
-- $1 shards (smallint[])  $2 ids (uuid[])  $3 seqs (bigint[])  $4 first event ids (bigint[])
-- $5 event counts (integer[])  $6 snapshots (boolean[])  $7 records (text[])
-- rows: none; any error means: throw the runs away and load them again
INSERT INTO pawl.journal (shard, execution_id, seq, first_event_id, event_count, snapshot, record)
SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::integer[], $6::boolean[],
	$7::text[]);

-- name: batch_close
-- Ends of executions.
-- $1 shards (smallint[])  $2 ids (uuid[])  $3 statuses (text[])  $4 stops (bigint[])  $5 outputs (text[])
-- $6 errors (text[])  $7 causes (text[])
-- rows: one: how many were open and are closed; fewer than given is a bug: the journal and the rows differ
WITH closed AS (
	UPDATE pawl.execution AS e
	SET status = u.status, stop_ms = u.stop_ms, output = u.output, error = u.error, cause = u.cause
	FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[])
		AS u (shard, id, status, stop_ms, output, error, cause)
	WHERE e.shard = u.shard AND e.id = u.id AND e.status = 'RUNNING'
	RETURNING 1
), gone AS (
	DELETE FROM pawl.open_execution AS o
	USING unnest($1::smallint[], $2::uuid[]) AS u (shard, id)
	WHERE o.shard = u.shard AND o.execution_id = u.id
)
SELECT count(*) FROM closed;

-- name: batch_sleep
-- Executions that leave memory, and those that came back.
-- $1 shards (smallint[])  $2 ids (uuid[])  $3 when to wake (bigint[]; null = awake)
-- $4 activity tasks that no worker has (text[]; null = none, or awake)
UPDATE pawl.open_execution AS o
SET wake_at = u.wake_at, offered = u.offered
FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::text[]) AS u (shard, id, wake_at, offered)
WHERE o.shard = u.shard AND o.execution_id = u.id;

-- name: batch_wake
-- Executions whose child ends: those that sleep are due. The last statement of the batch: it sees who falls asleep in it.
-- $1 shards (smallint[])  $2 ids (uuid[])
UPDATE pawl.open_execution AS o
SET wake_at = 0
FROM unnest($1::smallint[], $2::uuid[]) AS u (shard, id)
WHERE o.shard = u.shard AND o.execution_id = u.id AND o.wake_at IS NOT NULL;
