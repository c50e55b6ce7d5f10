-- The statements that take the place of those of the same name in sql/queries when the tables are distributed: the same
-- parameters, the same rows. Why each differs is in docs/scaling.md.

-- name: session_writer
-- Citus plans a statement of several shards anew for its parameters. How the shards are read, the workers decide.
SELECT set_config('plan_cache_mode', 'force_custom_plan', false),
	set_config('idle_session_timeout', '15s', false),
	set_config('idle_in_transaction_session_timeout', '15s', false);

-- name: session_reader
SELECT set_config('plan_cache_mode', 'force_custom_plan', false),
	set_config('statement_timeout', '30s', false),
	set_config('default_transaction_read_only', 'on', false);

-- name: session_retention
-- What was deleted and not yet durable when the server dies is deleted again.
SELECT set_config('plan_cache_mode', 'force_custom_plan', false),
	set_config('citus.max_adaptive_executor_pool_size', '1', false),
	set_config('synchronous_commit', 'off', false),
	set_config('statement_timeout', '30s', false);

-- name: batch_start
-- The names decide who is born.
WITH named AS (
	INSERT INTO pawl.named_execution (machine_id, name, shard, execution_id)
	SELECT u.machine_id, u.name, u.shard, u.id
	FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $5::text[]) AS u (shard, id, machine_id, name)
	ON CONFLICT (machine_id, name) DO NOTHING
	RETURNING execution_id
), born AS (
	INSERT INTO pawl.execution (shard, id, machine_id, revision, name, status, start_ms, stop_ms,
		input, output, error, cause, version_arn, alias_arn, trace_header, parent_shard, parent_id,
		parent_task, parent_waits)
	SELECT u.* FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[],
		$7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
		$14::text[], $15::text[], $21::smallint[], $22::uuid[], $23::bigint[], $24::boolean[])
		AS u (shard, id, machine_id, revision, name, status, start_ms, stop_ms, input, output, error, cause,
		version_arn, alias_arn, trace_header, parent_shard, parent_id, parent_task, parent_waits)
	WHERE u.id IN (SELECT n.execution_id FROM named AS n)
), opened AS (
	INSERT INTO pawl.open_execution (shard, execution_id, machine_id, waiting_parent)
	SELECT u.shard, u.id, u.machine_id, CASE WHEN u.parent_waits THEN u.parent_id END
	FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $8::bigint[], $22::uuid[], $24::boolean[])
		AS u (shard, id, machine_id, stop_ms, parent_id, parent_waits)
	WHERE u.stop_ms IS NULL AND u.id IN (SELECT n.execution_id FROM named AS n)
), written AS (
	INSERT INTO pawl.journal (shard, execution_id, seq, first_event_id, event_count, snapshot, record)
	SELECT u.* FROM unnest($1::smallint[], $2::uuid[], $16::bigint[], $17::bigint[], $18::integer[],
		$19::boolean[], $20::text[]) AS u (shard, id, seq, first_event_id, event_count, snapshot, record)
	WHERE u.id IN (SELECT n.execution_id FROM named AS n)
)
SELECT u.place
FROM unnest($2::uuid[]) WITH ORDINALITY AS u (id, place)
WHERE u.id NOT IN (SELECT n.execution_id FROM named AS n);

-- name: session_place
SELECT set_config('plan_cache_mode', 'force_custom_plan', false),
	set_config('statement_timeout', '30s', false),
	set_config('idle_in_transaction_session_timeout', '15s', false);

-- name: place_start
-- The name decides, as in batch_start.
WITH room AS MATERIALIZED (
	SELECT (SELECT count(*) FROM (SELECT 1 FROM pawl.open_execution AS w WHERE w.waits_for = $1::uuid LIMIT 1) AS waiting) = 0
		AND (SELECT count(*) FROM (SELECT 1 FROM pawl.open_execution AS o
			WHERE o.machine_id = $1::uuid LIMIT $2::bigint) AS running) < $2::bigint AS is_free,
		(SELECT count(*) FROM pawl.named_execution AS x WHERE x.machine_id = $1::uuid AND x.name = $6::text) > 0 AS is_taken
), named AS (
	INSERT INTO pawl.named_execution (machine_id, name, shard, execution_id)
	SELECT $1::uuid, $6::text, $3::smallint, $4::uuid FROM room WHERE room.is_free AND NOT room.is_taken
	ON CONFLICT (machine_id, name) DO NOTHING
	RETURNING machine_id, name, shard, execution_id
), born AS (
	INSERT INTO pawl.execution (shard, id, machine_id, revision, name, status, start_ms, input, version_arn,
		alias_arn, trace_header, parent_shard, parent_id, parent_task, parent_waits)
	SELECT n.shard, n.execution_id, n.machine_id, $5::bigint, n.name, 'RUNNING', $7::bigint, $8::text, $9::text,
		$10::text, $11::text, $12::smallint, $13::uuid, $14::bigint, $15::boolean
	FROM named AS n
), opened AS (
	INSERT INTO pawl.open_execution (shard, execution_id, machine_id, waiting_parent)
	SELECT n.shard, n.execution_id, n.machine_id, CASE WHEN $15::boolean THEN $13::uuid END FROM named AS n
)
SELECT n.execution_id IS NOT NULL, room.is_taken OR room.is_free,
	CASE WHEN n.execution_id IS NOT NULL THEN pawl.tell_node('start', n.shard, n.execution_id) END
FROM room LEFT JOIN named AS n ON true;

-- name: place_admit
-- Rows of several shards cannot be locked; one that is being stopped is waited for.
WITH due AS MATERIALIZED (
	SELECT o.shard, o.execution_id FROM pawl.open_execution AS o
	WHERE o.waits_for = $1::uuid
	ORDER BY o.execution_id
	LIMIT (SELECT CASE WHEN l.most IS NULL THEN 1000 ELSE least(1000, greatest(0, l.most - l.running)) END
		FROM (SELECT pawl.execution_limit($1::uuid) AS most,
			(SELECT count(*) FROM pawl.open_execution AS r WHERE r.machine_id = $1::uuid) AS running) AS l)
), begun AS (
	UPDATE pawl.open_execution AS o SET machine_id = $1::uuid, waits_for = NULL, wake_at = NULL
	WHERE (o.shard, o.execution_id) IN (SELECT d.shard, d.execution_id FROM due AS d) AND o.waits_for = $1::uuid
	RETURNING o.shard, o.execution_id
)
SELECT pawl.tell_node('start', b.shard, b.execution_id) FROM begun AS b;

-- name: machine_sweep
-- A second one that sweeps waits for the first, and finds nothing.
WITH busy AS MATERIALIZED (
	SELECT DISTINCT m.id FROM pawl.machine AS m
	JOIN pawl.open_execution AS o ON coalesce(o.machine_id, o.waits_for) = m.id
	WHERE m.status = 'DELETING'
), swept AS (
	UPDATE pawl.machine AS m SET status = 'DELETED'
	WHERE m.status = 'DELETING' AND m.id NOT IN (SELECT b.id FROM busy AS b)
	RETURNING m.name
)
SELECT pg_notify('pawl_catalogue', swept.name) FROM swept;

-- name: effect_sweep
WITH page AS MATERIALIZED (
	SELECT e.created_ms, e.key,
		CASE WHEN e.key ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}' THEN left(e.key, 36)::uuid END AS execution_id
	FROM pawl.effect AS e
	WHERE (e.created_ms, e.key) > ($1::bigint, $2::text) AND e.created_ms < $3::bigint
	ORDER BY e.created_ms, e.key LIMIT $5::bigint
), busy AS MATERIALIZED (
	SELECT o.execution_id FROM pawl.open_execution AS o
	WHERE o.execution_id IN (SELECT p.execution_id FROM page AS p)
), gone AS (
	DELETE FROM pawl.effect AS e WHERE e.key IN (
		SELECT p.key FROM page AS p
		WHERE (p.created_ms < $4::bigint OR p.execution_id IS NOT NULL)
		AND (p.execution_id IS NULL OR p.execution_id NOT IN (SELECT b.execution_id FROM busy AS b)))
	RETURNING e.key
)
SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM gone), p.created_ms, p.key
FROM page AS p ORDER BY p.created_ms DESC, p.key DESC LIMIT 1;

-- name: execution_by_name
-- By the name to its shard; the newest machine that has such an execution.
WITH named AS MATERIALIZED (
	SELECT n.shard, n.execution_id
	FROM pawl.named_execution AS n
	JOIN pawl.machine AS m ON m.id = n.machine_id
	WHERE n.name = $2::text AND m.name = $1::text
	ORDER BY m.created_ms DESC, m.id DESC
	LIMIT 1
)
SELECT e.id, e.machine_id, e.shard, e.revision, m.name, e.name, e.status, e.start_ms, e.stop_ms, e.input,
	e.output, e.error, e.cause, e.version_arn, e.alias_arn, e.trace_header, e.redrive_count, e.redrive_ms,
	m.status = 'DELETING',
	(SELECT j.first_event_id + j.event_count - 1 FROM pawl.journal AS j
		WHERE j.shard = e.shard AND j.execution_id = e.id ORDER BY j.seq DESC LIMIT 1),
	e.parent_shard, e.parent_id, e.parent_task, e.parent_waits
FROM pawl.execution AS e
JOIN pawl.machine AS m ON m.id = e.machine_id
WHERE (e.shard, e.id) IN (SELECT n.shard, n.execution_id FROM named AS n);

-- name: execution_by_id
-- The shard is said twice, or all would be asked.
SELECT e.id, e.machine_id, e.shard, e.revision, m.name, e.name, e.status, e.start_ms, e.stop_ms, e.input,
	e.output, e.error, e.cause, e.version_arn, e.alias_arn, e.trace_header, e.redrive_count, e.redrive_ms,
	m.status = 'DELETING',
	(SELECT j.first_event_id + j.event_count - 1 FROM pawl.journal AS j
		WHERE j.shard = $1::smallint AND j.execution_id = $2::uuid ORDER BY j.seq DESC LIMIT 1),
	e.parent_shard, e.parent_id, e.parent_task, e.parent_waits
FROM pawl.execution AS e
JOIN pawl.machine AS m ON m.id = e.machine_id
WHERE e.shard = $1::smallint AND e.id = $2::uuid;

-- name: journal_events
-- A function of ours cannot ask tables from within a shard: the search of pawl.journal_seq, for both ends of the page at once.
WITH RECURSIVE search (event, low, high) AS (
	SELECT t.event, 0::bigint, newest.seq
	FROM (VALUES ($3::bigint), ($4::bigint)) AS t (event), (
		SELECT j.seq FROM pawl.journal AS j
		WHERE j.shard = $1::smallint AND j.execution_id = $2::uuid
		ORDER BY j.shard DESC, j.execution_id DESC, j.seq DESC LIMIT 1) AS newest
	UNION ALL
	SELECT s.event, CASE WHEN m.first_event_id <= s.event THEN m.seq ELSE s.low END,
		CASE WHEN m.first_event_id <= s.event THEN s.high ELSE m.seq - 1 END
	FROM search AS s
	JOIN pawl.journal AS m ON m.shard = $1::smallint AND m.execution_id = $2::uuid AND m.seq = (s.low + s.high + 1) / 2
	WHERE s.low < s.high
), page AS (
	SELECT min(s.low) AS first, max(s.low) AS last FROM search AS s WHERE s.low = s.high
)
SELECT j.seq, j.first_event_id, j.event_count, j.snapshot, j.record
FROM pawl.journal AS j, page AS p
WHERE j.shard = $1::smallint AND j.execution_id = $2::uuid
AND j.event_count > 0 AND j.first_event_id + j.event_count > $3::bigint
AND j.seq >= p.first AND j.seq <= p.last
ORDER BY j.shard, j.execution_id, j.seq;

-- name: nested_abandoned
WITH event AS MATERIALIZED (
	SELECT j.first_event_id + e.nth - 1 AS id, (e.event ->> 1)::bigint AS previous, e.event ->> 0 AS type
	FROM pawl.journal AS j
	CROSS JOIN LATERAL json_array_elements(pawl.readable(j.record) -> 'e') WITH ORDINALITY AS e (event, nth)
	WHERE j.shard = $1::smallint AND j.execution_id = $2::uuid
	AND j.event_count > 0 AND j.first_event_id + j.event_count > $3::bigint
	AND e.event ->> 0 IN ('TaskStarted', 'TaskSubmitted', 'TaskSucceeded', 'TaskFailed')
), under_way AS MATERIALIZED (
	SELECT t.id FROM event AS t WHERE t.type = 'TaskStarted' AND t.previous = $3::bigint
	UNION ALL
	SELECT s.id FROM event AS t JOIN event AS s ON s.previous = t.id
	WHERE t.type = 'TaskStarted' AND t.previous = $3::bigint AND s.type = 'TaskSubmitted'
)
SELECT EXISTS (SELECT FROM pawl.execution AS e WHERE e.shard = $1::smallint AND e.id = $2::uuid)
AND NOT EXISTS (
	SELECT FROM event AS a JOIN under_way AS u ON a.previous = u.id
	WHERE a.type IN ('TaskSucceeded', 'TaskFailed'));

-- name: retention_expire
-- The name goes with the row.
WITH page AS MATERIALIZED (
	SELECT e.id, e.machine_id, e.name, e.stop_ms, e.parent_shard, e.parent_id FROM pawl.execution AS e
	WHERE e.shard = $1::smallint AND e.id > $2::uuid AND e.id < $3::uuid
	ORDER BY e.shard, e.id LIMIT $7::integer
), busy AS MATERIALIZED (
	SELECT o.execution_id FROM pawl.open_execution AS o
	WHERE (o.shard, o.execution_id) IN (SELECT p.parent_shard, p.parent_id FROM page AS p)
), due AS MATERIALIZED (
	SELECT p.id, p.machine_id, p.name FROM page AS p
	LEFT JOIN pawl.tag AS t ON t.resource_id = p.machine_id AND t.key = 'pawl:retention'
	WHERE p.stop_ms < $6::bigint AND coalesce(pawl.retention_ms(t.value), $5::bigint) = $4::bigint
	AND (p.parent_id IS NULL OR p.parent_id NOT IN (SELECT b.execution_id FROM busy AS b))
), gone AS (
	DELETE FROM pawl.execution AS e
	WHERE e.shard = $1::smallint AND e.id IN (SELECT d.id FROM due AS d) AND e.stop_ms < $6::bigint
	RETURNING e.id
), unnamed AS (
	DELETE FROM pawl.named_execution AS n
	WHERE (n.machine_id, n.name) IN (
		SELECT d.machine_id, d.name FROM due AS d WHERE d.id IN (SELECT g.id FROM gone AS g))
), noted AS (
	INSERT INTO pawl.expired_execution (shard, execution_id) SELECT $1::smallint, g.id FROM gone AS g
)
SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM gone), p.id
FROM page AS p ORDER BY p.id DESC LIMIT 1;

-- name: retention_purge
WITH page AS MATERIALIZED (
	SELECT j.execution_id, j.seq FROM pawl.expired_execution AS x
	JOIN pawl.journal AS j ON j.shard = x.shard AND j.execution_id = x.execution_id
	WHERE x.shard = $1::smallint AND j.shard = $1::smallint AND x.execution_id >= $2::uuid
	AND (j.execution_id, j.seq) > ($2::uuid, $3::bigint)
	ORDER BY j.execution_id, j.seq LIMIT $4::integer
), gone AS (
	DELETE FROM pawl.journal AS j
	WHERE j.shard = $1::smallint AND (j.execution_id, j.seq) IN (SELECT p.execution_id, p.seq FROM page AS p)
	RETURNING j.seq
)
SELECT (SELECT count(*) FROM gone), p.execution_id, p.seq
FROM page AS p ORDER BY p.execution_id DESC, p.seq DESC LIMIT 1;

-- name: retention_machines
WITH busy AS MATERIALIZED (
	SELECT DISTINCT m.id FROM pawl.machine AS m
	JOIN pawl.execution AS e ON e.machine_id = m.id
	WHERE m.status = 'DELETED' AND m.deleted_ms < $1::bigint
), due AS MATERIALIZED (
	SELECT m.id FROM pawl.machine AS m
	WHERE m.status = 'DELETED' AND m.deleted_ms < $1::bigint AND m.id NOT IN (SELECT b.id FROM busy AS b)
	LIMIT 100
), revisions AS (
	DELETE FROM pawl.machine_revision AS r WHERE r.machine_id IN (SELECT d.id FROM due AS d)
), tags AS (
	DELETE FROM pawl.tag AS t WHERE t.resource_id IN (SELECT d.id FROM due AS d)
), gone AS (
	DELETE FROM pawl.machine AS m WHERE m.id IN (SELECT d.id FROM due AS d) RETURNING m.id
)
SELECT count(*) FROM gone;
