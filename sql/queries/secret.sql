-- name: secret_get
-- A secret of the cluster by its name; no row: the schema is not complete.
-- $1 name (text)
SELECT value FROM pawl.secret WHERE name = $1;
