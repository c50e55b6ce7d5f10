-- The nodes of this database.

-- name: node_join
-- A number of its own for this session, and the lock that says that it lives. Nodes that were not seen for a day
-- and live no more are forgotten.
-- $1 node name (text)  $2 its address (text)  $3 now (bigint)
-- rows: one: the number, was the lock had
WITH gone AS (
	DELETE FROM pawl.node AS n
	WHERE coalesce(n.seen_ms, n.connected_ms) < $3::bigint - 86400000 AND n.name <> $1::text
	AND NOT EXISTS (SELECT FROM pawl.shard AS s WHERE s.node = n.name)
)
INSERT INTO pawl.node AS n (name, number, address, connected_ms, seen_ms)
VALUES ($1::text, nextval('pawl.node_number')::integer, $2::text, $3::bigint, $3::bigint)
ON CONFLICT (name) DO UPDATE
SET number = excluded.number, address = excluded.address, connected_ms = excluded.connected_ms, seen_ms = excluded.seen_ms
RETURNING n.number, pg_try_advisory_lock(1885435758, n.number);

-- name: node_list
-- The nodes that live.
-- rows: number, address; by number
SELECT l.objid::bigint::integer, n.address
FROM pg_locks AS l
LEFT JOIN pawl.node AS n ON n.number = l.objid::bigint
WHERE l.locktype = 'advisory' AND l.classid = 1885435758 AND l.objsubid = 2 AND l.granted
AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
ORDER BY 1;

-- name: listen_node
LISTEN pawl_node;

-- name: node_hint
-- Tells the other nodes something that they may as well not hear.
-- $1 hints (text[])
SELECT pg_notify('pawl_node', h.hint) FROM unnest($1::text[]) AS h (hint);

-- name: node_tell
-- How a node does.
-- $1 node name (text)  $2 now (bigint)  $3 open executions (bigint)  $4 sleeping (bigint)
-- $5 thousandths of transitions per second (bigint)  $6 thousandths of a core (bigint)  $7 lag in ms (bigint)
UPDATE pawl.node SET seen_ms = $2::bigint, open_executions = $3::bigint, sleeping = $4::bigint,
	transitions_per_s = $5::bigint / 1000.0, cpu = $6::bigint / 1000.0, lag_ms = $7::bigint
WHERE name = $1::text;

-- name: node_show
-- For people: the nodes that live, as they last said, with the shards that each owns.
-- rows: name, address, since when, seen, shards, open executions, sleeping, thousandths of transitions per second,
-- thousandths of a core, lag in ms
SELECT n.name, n.address, n.connected_ms, n.seen_ms,
	(SELECT count(*) FROM pawl.shard AS s WHERE s.node = n.name),
	n.open_executions, n.sleeping, (n.transitions_per_s * 1000)::bigint, (n.cpu * 1000)::bigint, n.lag_ms
FROM pg_locks AS l
JOIN pawl.node AS n ON n.number = l.objid::bigint
WHERE l.locktype = 'advisory' AND l.classid = 1885435758 AND l.objsubid = 2 AND l.granted
AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
ORDER BY n.name;

-- name: shard_owner
-- Who said last that it owns the shard.
-- $1 shard (smallint)
-- rows: one or none: name, address
SELECT n.name, n.address
FROM pawl.shard AS s
JOIN pawl.node AS n ON n.name = s.node
WHERE s.shard = $1::smallint;
