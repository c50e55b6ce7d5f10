-- Ownership of shards.

-- name: shard_claim
-- Tries the advisory locks of shards, until so many are had; what a session holds already must not be asked for
-- again (locks count). The limit stops the trying: no row is asked for that is not wanted.
-- $1 shards (integer[])  $2 how many (integer)
-- rows: those that are ours from now on
SELECT s.shard FROM unnest($1::integer[]) AS s (shard)
WHERE pg_try_advisory_lock(1885435756, s.shard)
LIMIT $2::integer;

-- name: shard_release
-- Gives shards back; each is to be held once.
-- $1 shards (integer[])
-- rows: one: how many were held
SELECT count(*) FILTER (WHERE pg_advisory_unlock(1885435756, s.shard)) FROM unnest($1::integer[]) AS s (shard);

-- name: shard_tell
-- Tells people and nodes who owns what.
-- $1 node name (text)  $2 shards (smallint[])  $3 now (bigint)
UPDATE pawl.shard AS s SET node = $1::text, claimed_ms = $3::bigint
FROM unnest($2::smallint[]) AS u (shard)
WHERE s.shard = u.shard;

-- name: shard_open
-- The open executions of a shard.
-- $1 shard (smallint)
-- rows: id, wake_at (null = not asleep), the execution that waits for it (null = none does), offered (null = none), does it
-- wait for a place
SELECT execution_id, wake_at, waiting_parent, offered, waits_for IS NOT NULL FROM pawl.open_execution WHERE shard = $1::smallint ORDER BY execution_id;
