-- What applications asked for by SQL (pawl.start_execution and the others of the schema's 0006).

-- name: listen_client
LISTEN pawl_client;

-- name: setting_put
-- What the SQL functions have to know of this pawld.
-- $1 name (text)  $2 value (text)
INSERT INTO pawl.setting AS s (name, value) VALUES ($1::text, $2::text)
ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE s.value <> excluded.value;

-- name: client_admit
-- rows: one: false when the role pawl_client is missing and may not be made
SELECT pawl.admit_clients();

-- name: signal_list
-- What was said to the executions of a shard and has not reached them.
-- $1 shard (smallint)  $2 execution (uuid, null = all of the shard)
-- rows: execution id, task id, when, kind, failed, output, error, cause; in the order in which they were said
SELECT g.execution_id, g.task_id, g.created_ms, g.kind, g.failed, g.output, g.error, g.cause
FROM (
	SELECT s.* FROM pawl.signal AS s
	WHERE s.shard = $1::smallint
	AND s.execution_id >= coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
	AND s.execution_id <= coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
	ORDER BY s.shard, s.execution_id, s.task_id, s.kind
	LIMIT 1000) AS g
ORDER BY g.created_ms;

-- name: signal_forget
-- They have reached their executions, durably, or can no more.
-- $1 shards (smallint[])  $2 executions (uuid[])  $3 task ids (bigint[])  $4 kinds (text[])  $5 when said (bigint[])
DELETE FROM pawl.signal AS s
USING unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::text[], $5::bigint[])
	AS u (shard, execution_id, task_id, kind, created_ms)
WHERE s.shard = u.shard AND s.execution_id = u.execution_id AND s.task_id = u.task_id AND s.kind = u.kind
AND s.created_ms = u.created_ms;
