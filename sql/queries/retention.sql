-- The end of executions that were closed long enough ago. A connection of its own, beside the writers; only the
-- node that owns a shard deletes there.

-- name: session_retention
-- By key like everything else; what was deleted and not yet durable when the server dies is deleted again.
SELECT set_config('plan_cache_mode', 'force_generic_plan', false),
	set_config('enable_seqscan', 'off', false),
	set_config('enable_bitmapscan', 'off', false),
	set_config('enable_hashjoin', 'off', false),
	set_config('enable_mergejoin', 'off', false),
	set_config('enable_memoize', 'off', false),
	set_config('enable_material', 'off', false),
	set_config('jit', 'off', false),
	set_config('synchronous_commit', 'off', false),
	set_config('statement_timeout', '30s', false);

-- name: retention_tags
-- How long executions are kept, where state machines say so.
-- rows: one for each different time: ms
SELECT DISTINCT pawl.retention_ms(t.value) FROM pawl.tag AS t
WHERE t.key = 'pawl:retention' AND pawl.retention_ms(t.value) > 0;

-- name: retention_expire
-- A page of a shard's executions, in the order of their start: those that are kept for this time and have been closed for
-- longer go, all but those whose parent is open, which may still ask for them. Their journals are to follow.
-- (By ctid, or the planner would rather walk over the shard than look up the page.)
-- $1 shard (smallint)  $2 behind which id the page begins (uuid)  $3 before which it ends (uuid)
-- $4 kept for this time, ms (bigint)  $5 the time of machines without a tag (bigint)  $6 closed before, ms (bigint)
-- $7 size of the page (integer)
-- rows: one or none (the page is empty): executions seen, executions deleted, id of the last one seen
WITH page AS (
	SELECT e.id, e.ctid AS place, e.machine_id, e.stop_ms, e.parent_shard, e.parent_id FROM pawl.execution AS e
	WHERE e.shard = $1::smallint AND e.id > $2::uuid AND e.id < $3::uuid
	ORDER BY e.shard, e.id LIMIT $7::integer
), due AS (
	SELECT p.place FROM page AS p
	LEFT JOIN pawl.tag AS t ON t.resource_id = p.machine_id AND t.key = 'pawl:retention'
	WHERE p.stop_ms < $6::bigint AND coalesce(pawl.retention_ms(t.value), $5::bigint) = $4::bigint
	AND NOT EXISTS (SELECT FROM pawl.open_execution AS o
		WHERE o.shard = p.parent_shard AND o.execution_id = p.parent_id)
), gone AS (
	DELETE FROM pawl.execution AS e
	WHERE e.ctid = ANY (ARRAY(SELECT d.place FROM due AS d)) AND e.stop_ms < $6::bigint
	RETURNING e.id
), noted AS (
	INSERT INTO pawl.expired_execution (shard, execution_id) SELECT $1::smallint, g.id FROM gone AS g
)
SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM gone), p.id
FROM page AS p ORDER BY p.id DESC LIMIT 1;

-- name: retention_purge
-- Some journal rows of deleted executions.
-- $1 shard (smallint)  $2, $3 behind which execution and seq they begin (uuid, bigint)  $4 how many (integer)
-- rows: one or none (there are none any more): rows deleted, execution and seq of the last one
WITH page AS (
	SELECT x.execution_id, r.seq, r.place FROM pawl.expired_execution AS x
	CROSS JOIN LATERAL (
		SELECT j.seq, j.ctid AS place FROM pawl.journal AS j
		WHERE j.shard = x.shard AND j.execution_id = x.execution_id
		AND j.seq > CASE WHEN x.execution_id = $2::uuid THEN $3::bigint ELSE -1 END
		ORDER BY j.shard, j.execution_id, j.seq LIMIT $4::integer) AS r
	WHERE x.shard = $1::smallint AND x.execution_id >= $2::uuid
	ORDER BY x.shard, x.execution_id LIMIT $4::integer
), gone AS (
	DELETE FROM pawl.journal AS j WHERE j.ctid = ANY (ARRAY(SELECT p.place FROM page AS p))
	RETURNING 1
)
SELECT (SELECT count(*) FROM gone), p.execution_id, p.seq
FROM page AS p ORDER BY p.execution_id DESC, p.seq DESC LIMIT 1;

-- name: retention_forget
-- Deleted executions that have no journal any more.
-- $1 shard (smallint)
DELETE FROM pawl.expired_execution AS x
WHERE x.shard = $1::smallint
AND NOT EXISTS (SELECT FROM pawl.journal AS j WHERE j.shard = x.shard AND j.execution_id = x.execution_id);

-- name: retention_machines
-- Deleted state machines whose last execution is gone: with their revisions and tags. Not at once: a start may have
-- crossed the deletion.
-- $1 deleted before, ms (bigint)
-- rows: one: how many
WITH due AS (
	SELECT m.id FROM pawl.machine AS m
	WHERE m.status = 'DELETED' AND m.deleted_ms < $1::bigint
	AND NOT EXISTS (SELECT FROM pawl.execution AS e WHERE e.machine_id = m.id)
	LIMIT 100
	FOR UPDATE SKIP LOCKED
), revisions AS (
	DELETE FROM pawl.machine_revision AS r USING due AS d WHERE r.machine_id = d.id
), tags AS (
	DELETE FROM pawl.tag AS t USING due AS d WHERE t.resource_id = d.id
), gone AS (
	DELETE FROM pawl.machine AS m USING due AS d WHERE m.id = d.id RETURNING 1
)
SELECT count(*) FROM gone;
