-- Limits of tasks: which node has which units of a limit.

-- name: unit_take
-- Tries the advisory locks of units; what a session holds already must not be asked for again.
-- $1 keys of units (bigint[])
-- rows: each key, was its lock had
SELECT u.key, pg_try_advisory_lock(u.key) FROM unnest($1::bigint[]) AS u (key);

-- name: unit_give
-- Gives units back; each is to be held once.
-- $1 keys of units (bigint[])
-- rows: one: how many were held
SELECT count(*) FILTER (WHERE pg_advisory_unlock(u.key)) FROM unnest($1::bigint[]) AS u (key);

-- name: shard_count
-- Says that what the executions of these shards hold is counted by their owner; by the session that owns them.
-- $1 shards (integer[])
-- rows: one: how many locks were had
SELECT count(*) FILTER (WHERE pg_try_advisory_lock(1885435765, s.shard)) FROM unnest($1::integer[]) AS s (shard);

-- name: shard_uncount
-- The opposite, before they are given back.
-- $1 shards (integer[])
-- rows: one: how many were held
SELECT count(*) FILTER (WHERE pg_advisory_unlock(1885435765, s.shard)) FROM unnest($1::integer[]) AS s (shard);

-- name: shards_counted
-- Of how many shards somebody says so.
-- rows: one: their number
SELECT count(*)
FROM pg_locks AS l
WHERE l.locktype = 'advisory' AND l.classid = 1885435765 AND l.objsubid = 2 AND l.granted
AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database());
