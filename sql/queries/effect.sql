-- Receipts of side effects, and the schemas of plugins: in pawld's own database or in another one.
-- These run as texts with parameters in text form.

-- name: effect_insert
-- Waits for another transaction that has the key. Unique violation: the effect is there already.
-- $1 key (text)  $2 plugin (text)  $3 now (bigint)
INSERT INTO pawl.effect (key, plugin, created_ms) VALUES ($1::text, $2::text, $3::bigint);

-- name: effect_answer
-- Before the COMMIT: what is remembered.
-- $1 key (text)  $2 answer (text)
UPDATE pawl.effect SET answer = $2::text WHERE key = $1::text;

-- name: effect_get
-- rows: one: the answer; none: there is no such receipt
-- $1 key (text)
SELECT answer FROM pawl.effect WHERE key = $1::text;

-- name: effect_sweep
-- A page of the receipts that are old enough, oldest first: those of executions that are not open go, and those
-- of no execution when they are very old.
-- $1, $2 behind which time and key the page begins (bigint, text)  $3 created before (bigint)
-- $4 those of no execution: created before (bigint)  $5 size of the page (bigint)
-- rows: one: receipts seen, receipts deleted, time and key of the last one seen
WITH page AS (
	SELECT e.created_ms, e.key FROM pawl.effect AS e
	WHERE (e.created_ms, e.key) > ($1::bigint, $2::text) AND e.created_ms < $3::bigint
	ORDER BY e.created_ms, e.key LIMIT $5::bigint
), gone AS (
	DELETE FROM pawl.effect AS e USING page AS p
	WHERE e.key = p.key
	AND (p.created_ms < $4::bigint OR p.key ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}')
	AND NOT EXISTS (SELECT FROM pawl.open_execution AS o WHERE o.execution_id::text = left(p.key, 36))
	RETURNING 1
)
SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM gone), p.created_ms, p.key
FROM page AS p ORDER BY p.created_ms DESC, p.key DESC LIMIT 1;

-- name: effect_sweep_elsewhere
-- In a database that knows nothing about executions: by age alone.
-- $1, $2, $3, $5 as effect_sweep
-- rows: as effect_sweep
WITH page AS (
	SELECT e.created_ms, e.key FROM pawl.effect AS e
	WHERE (e.created_ms, e.key) > ($1::bigint, $2::text) AND e.created_ms < $3::bigint AND $4::bigint > 0
	ORDER BY e.created_ms, e.key LIMIT $5::bigint
), gone AS (
	DELETE FROM pawl.effect AS e USING page AS p WHERE e.key = p.key RETURNING 1
)
SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM gone), p.created_ms, p.key
FROM page AS p ORDER BY p.created_ms DESC, p.key DESC LIMIT 1;

-- name: plugin_schema_lock
-- One at a time brings the schema of a plugin up to date; held until the transaction ends.
-- $1 plugin (text)
SELECT pg_advisory_xact_lock(1885435757, hashtext($1::text));

-- name: plugin_schema_get
-- $1 plugin (text)
-- rows: one: how many steps were applied
SELECT coalesce((SELECT steps FROM pawl.plugin_schema WHERE plugin = $1::text), 0);

-- name: plugin_schema_set
-- $1 plugin (text)  $2 steps (integer)
INSERT INTO pawl.plugin_schema (plugin, steps) VALUES ($1::text, $2::integer)
ON CONFLICT (plugin) DO UPDATE SET steps = excluded.steps, applied = now();
