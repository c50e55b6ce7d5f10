-- The migration at start; blocking, before the loop runs.

-- name: schema_lock
-- One migrator at a time; held until the connection closes.
-- rows: one; an error when it was not to be had in lock_timeout
SELECT pg_advisory_lock(1885435756, 2147483647);

-- name: schema_wait
-- $1 how long schema_lock may wait, in ms, as text
SELECT set_config('lock_timeout', $1::text, false);

-- name: schema_server
-- rows: one: server_version_num, the database's encoding
SELECT current_setting('server_version_num')::integer, current_setting('server_encoding');

-- name: schema_exists
-- rows: one: whether schema_version is there
SELECT to_regclass('pawl.schema_version') IS NOT NULL;

-- name: schema_create
CREATE SCHEMA IF NOT EXISTS pawl;

-- name: schema_comment
COMMENT ON SCHEMA pawl IS 'State machines, their executions and histories. The views are for people.';

-- name: schema_version_table
CREATE TABLE IF NOT EXISTS pawl.schema_version (
	version integer PRIMARY KEY,
	name text NOT NULL,
	applied timestamptz NOT NULL DEFAULT now()
);

-- name: schema_version_comment
COMMENT ON TABLE pawl.schema_version IS 'The migrations that were applied.';

-- name: schema_version
-- rows: one: the highest applied migration, 0 = none
SELECT coalesce(max(version), 0) FROM pawl.schema_version;

-- name: schema_applied
-- $1 number (integer)  $2 name
INSERT INTO pawl.schema_version (version, name) VALUES ($1::integer, $2::text);

-- name: schema_distributed
-- rows: one: whether sql/citus/distribute.sql was run here
SELECT to_regclass('pawl.named_execution') IS NOT NULL;

-- name: server_connections
-- rows: one: how many connections there are for those who are no superusers
SELECT current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer;
