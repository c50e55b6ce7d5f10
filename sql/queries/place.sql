-- Places: executions of machines of which only so many may run at the same time. All starts of such a machine, at
-- whatever node, come one after the other: place_lock first, in a transaction with one of the others behind it, whose
-- snapshot is then younger than the commit of the one before.

-- name: session_place
-- By key, as the writers.
SELECT set_config('plan_cache_mode', 'force_generic_plan', false),
	set_config('enable_seqscan', 'off', false),
	set_config('enable_bitmapscan', 'off', false),
	set_config('enable_hashjoin', 'off', false),
	set_config('enable_mergejoin', 'off', false),
	set_config('enable_memoize', 'off', false),
	set_config('enable_sort', 'off', false),
	set_config('enable_material', 'off', false),
	set_config('jit', 'off', false),
	set_config('statement_timeout', '30s', false),
	set_config('idle_in_transaction_session_timeout', '15s', false);

-- name: place_lock
-- Two machines may share a lock; nobody holds two.
-- $1 machine (uuid)
SELECT pg_advisory_xact_lock(1885435766, hashtext($1::uuid::text));

-- name: place_start
-- The rows of an execution, if there is room and nobody waits: its node makes its first move afterwards. (About the name, see
-- execution_by_name.)
-- $1 machine (uuid)  $2 how many may run (bigint)  $3 shard (smallint)  $4 id (uuid)  $5 revision (bigint)  $6 name (text)
-- $7 start (bigint)  $8 input (text)  $9 version ARN (text)  $10 alias ARN (text)  $11 trace header (text)
-- $12 parent's shard (smallint)  $13 parent (uuid)  $14 its task (bigint)  $15 does that wait (boolean)
-- rows: one: was it started; if not, is the name taken (else there is no room)
WITH room AS MATERIALIZED (
	SELECT NOT EXISTS (SELECT FROM pawl.open_execution AS w WHERE w.waits_for = $1::uuid)
		AND (SELECT count(*) FROM (SELECT FROM pawl.open_execution AS o
			WHERE o.machine_id = $1::uuid LIMIT $2::bigint) AS running) < $2::bigint AS is_free,
		(SELECT count(*) FROM (SELECT FROM pawl.execution AS x
			WHERE x.machine_id = $1::uuid AND x.name >= $6::text AND x.name <= $6::text
			ORDER BY x.name LIMIT 1) AS named) > 0 AS is_taken
), born AS (
	INSERT INTO pawl.execution (shard, id, machine_id, revision, name, status, start_ms, input, version_arn,
		alias_arn, trace_header, parent_shard, parent_id, parent_task, parent_waits)
	SELECT $3::smallint, $4::uuid, $1::uuid, $5::bigint, $6::text, 'RUNNING', $7::bigint, $8::text, $9::text,
		$10::text, $11::text, $12::smallint, $13::uuid, $14::bigint, $15::boolean
	FROM room WHERE room.is_free AND NOT room.is_taken
	ON CONFLICT (machine_id, name) DO NOTHING
	RETURNING shard, id, machine_id
), opened AS (
	INSERT INTO pawl.open_execution (shard, execution_id, machine_id, waiting_parent)
	SELECT b.shard, b.id, b.machine_id, CASE WHEN $15::boolean THEN $13::uuid END FROM born AS b
)
SELECT b.id IS NOT NULL, room.is_taken OR room.is_free,
	CASE WHEN b.id IS NOT NULL THEN pawl.tell_node('start', b.shard, b.id) END
FROM room LEFT JOIN born AS b ON true;

-- name: place_admit
-- Those that wait get the places that are free, the oldest first; without a limit all of them, a thousand at a time. One that is
-- just being stopped is passed by.
-- $1 machine (uuid)
-- rows: one for each that begins
WITH due AS MATERIALIZED (
	SELECT o.shard, o.execution_id FROM pawl.open_execution AS o
	WHERE o.waits_for = $1::uuid
	ORDER BY o.waits_for, o.execution_id
	LIMIT (SELECT CASE WHEN l.most IS NULL THEN 1000 ELSE least(1000, greatest(0, l.most - (
			SELECT count(*) FROM (SELECT FROM pawl.open_execution AS r
				WHERE r.machine_id = $1::uuid LIMIT l.most) AS running))) END
		FROM (SELECT pawl.execution_limit($1::uuid) AS most) AS l)
	FOR UPDATE SKIP LOCKED
), begun AS (
	UPDATE pawl.open_execution AS o SET machine_id = o.waits_for, waits_for = NULL, wake_at = NULL
	FROM due WHERE o.shard = due.shard AND o.execution_id = due.execution_id
	RETURNING o.shard, o.execution_id
)
SELECT pawl.tell_node('start', b.shard, b.execution_id) FROM begun AS b;

-- name: place_waiting
-- rows: the machines whose executions wait
SELECT DISTINCT o.waits_for FROM pawl.open_execution AS o WHERE o.waits_for IS NOT NULL;

-- name: place_show
-- For people: the machines with a limit.
-- $1 how many (integer)
-- rows: name, how many may run, run, wait; by name
SELECT m.name, pawl.execution_limit(m.id),
	(SELECT count(*) FROM pawl.open_execution AS o WHERE o.machine_id = m.id),
	(SELECT count(*) FROM pawl.open_execution AS o WHERE o.waits_for = m.id)
FROM pawl.machine AS m
WHERE m.status <> 'DELETED' AND pawl.execution_limit(m.id) IS NOT NULL
ORDER BY m.name
LIMIT $1::integer;
