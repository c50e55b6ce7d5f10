-- Activities.

-- name: activity_by_name
-- $1 name (text)
-- rows: one or none: created, encryption
SELECT a.created_ms, a.encryption FROM pawl.activity AS a WHERE a.name = $1::text;

-- name: activity_list
-- By name in byte order.
-- $1 after this name (text, '' = from the first)  $2 how many (integer)
-- rows: name, created
SELECT a.name, a.created_ms
FROM pawl.activity AS a
WHERE a.name > $1::text COLLATE "C"
ORDER BY a.name
LIMIT $2::integer;

-- name: activity_insert
-- Creates unless one of that name exists. Tells the other nodes.
-- $1 id (uuid)  $2 name  $3 now (bigint)  $4 encryption  $5 tags (text: JSON array of {"key", "value"})
-- rows: one when it was created, none when the name is in use
WITH made AS (
	INSERT INTO pawl.activity (id, name, created_ms, encryption)
	VALUES ($1::uuid, $2::text, $3::bigint, $4::text)
	ON CONFLICT (name) DO NOTHING
	RETURNING id
), tagged AS (
	INSERT INTO pawl.tag (resource_id, key, value)
	SELECT DISTINCT ON (t.tag ->> 'key') made.id, t.tag ->> 'key', coalesce(t.tag ->> 'value', '')
	FROM made, json_array_elements($5::text::json) WITH ORDINALITY AS t (tag, nth)
	ORDER BY t.tag ->> 'key', t.nth DESC
)
SELECT pg_notify('pawl_catalogue', $2::text) FROM made;

-- name: activity_lock
-- Changes of one activity come one after the other; what follows in the transaction sees the newest.
-- $1 name (text)
-- rows: one or none
SELECT a.id FROM pawl.activity AS a WHERE a.name = $1::text FOR UPDATE;

-- name: activity_delete
-- $1 name (text)
-- rows: one when it existed
WITH gone AS (
	DELETE FROM pawl.activity WHERE name = $1::text RETURNING id
), untagged AS (
	DELETE FROM pawl.tag AS t USING gone AS g WHERE t.resource_id = g.id
)
SELECT pg_notify('pawl_catalogue', $1::text) FROM gone;
