-- State machines, their revisions, tags.

-- name: machine_by_name
-- $1 name (text)
-- rows: one or none: id, name, type, deleting, created, revision number, revision id, revised, definition, role,
-- logging, tracing, encryption
SELECT m.id, m.name, m.type, m.status <> 'ACTIVE', m.created_ms, r.number, r.revision_id::text, r.created_ms,
	r.definition, r.role_arn, r.logging, r.tracing, r.encryption
FROM pawl.machine AS m
JOIN pawl.machine_revision AS r ON r.machine_id = m.id AND r.number = m.revision
WHERE m.name = $1::text AND m.status <> 'DELETED';

-- name: machine_by_id
-- Deleted ones too.
-- $1 id (uuid)  $2 revision number (bigint)
-- rows: as machine_by_name
SELECT m.id, m.name, m.type, m.status <> 'ACTIVE', m.created_ms, r.number, r.revision_id::text, r.created_ms,
	r.definition, r.role_arn, r.logging, r.tracing, r.encryption
FROM pawl.machine AS m
JOIN pawl.machine_revision AS r ON r.machine_id = m.id AND r.number = $2::bigint
WHERE m.id = $1::uuid;

-- name: machine_list
-- By name in byte order.
-- $1 after this name (text, '' = from the first)  $2 how many (integer)
-- rows: name, type, created
SELECT m.name, m.type, m.created_ms
FROM pawl.machine AS m
WHERE m.status <> 'DELETED' AND m.name > $1::text COLLATE "C"
ORDER BY m.name
LIMIT $2::integer;

-- name: machine_insert
-- Creates unless one of that name exists. Tells the other nodes.
-- $1 id (uuid)  $2 name  $3 type  $4 now (bigint)  $5 definition  $6 role  $7 logging  $8 tracing  $9 encryption
-- $10 tags (text: JSON array of {"key", "value"})
-- rows: one when it was created, none when the name is in use
WITH made AS (
	INSERT INTO pawl.machine (id, name, type, created_ms)
	VALUES ($1::uuid, $2::text, $3::text, $4::bigint)
	ON CONFLICT (name) WHERE status <> 'DELETED' DO NOTHING
	RETURNING id
), revised AS (
	INSERT INTO pawl.machine_revision (machine_id, number, created_ms, definition, role_arn, logging, tracing,
		encryption)
	SELECT made.id, 1, $4::bigint, $5::text, $6::text, $7::text, $8::text, $9::text FROM made
), tagged AS (
	INSERT INTO pawl.tag (resource_id, key, value)
	SELECT DISTINCT ON (t.tag ->> 'key') made.id, t.tag ->> 'key', coalesce(t.tag ->> 'value', '')
	FROM made, json_array_elements($10::text::json) WITH ORDINALITY AS t (tag, nth)
	ORDER BY t.tag ->> 'key', t.nth DESC
)
SELECT pg_notify('pawl_catalogue', $2::text) FROM made;

-- name: machine_compare
-- The machine of that name next to what a repeated creation asks for. (Role and tags do not count.)
-- $1 name  $2 type  $3 definition  $4 logging  $5 tracing  $6 encryption
-- rows: one or none: as machine_by_name, and whether it is the same
SELECT m.id, m.name, m.type, m.status <> 'ACTIVE', m.created_ms, r.number, r.revision_id::text, r.created_ms,
	r.definition, r.role_arn, r.logging, r.tracing, r.encryption,
	m.type = $2::text AND r.definition = $3::text AND r.logging = $4::text AND r.tracing = $5::text
	AND r.encryption = $6::text
FROM pawl.machine AS m
JOIN pawl.machine_revision AS r ON r.machine_id = m.id AND r.number = m.revision
WHERE m.name = $1::text AND m.status <> 'DELETED';

-- name: machine_lock
-- Changes of one machine come one after the other; what follows in the transaction sees the newest.
-- $1 name (text)
-- rows: one or none
SELECT m.id FROM pawl.machine AS m WHERE m.name = $1::text AND m.status <> 'DELETED' FOR UPDATE;

-- name: machine_revise
-- A new revision when something differs; null = keep. Tells the other nodes.
-- $1 name  $2 now (bigint)  $3 definition  $4 role  $5 logging  $6 tracing  $7 encryption
-- rows: one when there is a new revision
WITH now_ AS (
	SELECT m.id, r.number, r.definition, r.role_arn, r.logging, r.tracing, r.encryption
	FROM pawl.machine AS m
	JOIN pawl.machine_revision AS r ON r.machine_id = m.id AND r.number = m.revision
	WHERE m.name = $1::text AND m.status = 'ACTIVE'
), revised AS (
	INSERT INTO pawl.machine_revision (machine_id, number, revision_id, created_ms, definition, role_arn, logging,
		tracing, encryption)
	SELECT n.id, n.number + 1, gen_random_uuid(), $2::bigint, coalesce($3::text, n.definition),
		coalesce($4::text, n.role_arn), coalesce($5::text, n.logging), coalesce($6::text, n.tracing),
		coalesce($7::text, n.encryption)
	FROM now_ AS n
	WHERE coalesce($3::text, n.definition) <> n.definition OR coalesce($4::text, n.role_arn) <> n.role_arn
	OR coalesce($5::text, n.logging) <> n.logging OR coalesce($6::text, n.tracing) <> n.tracing
	OR coalesce($7::text, n.encryption) <> n.encryption
	RETURNING machine_id, number
), moved AS (
	UPDATE pawl.machine AS m SET revision = v.number FROM revised AS v WHERE m.id = v.machine_id
)
SELECT pg_notify('pawl_catalogue', $1::text) FROM revised;

-- name: machine_delete
-- $1 name (text)  $2 now (bigint)
-- rows: one when it exists
WITH marked AS (
	UPDATE pawl.machine SET status = 'DELETING', deleted_ms = coalesce(deleted_ms, $2::bigint)
	WHERE name = $1::text AND status <> 'DELETED'
	RETURNING id
)
SELECT pg_notify('pawl_catalogue', $1::text) FROM marked;

-- name: machine_sweep
-- Machines that were to be deleted and have no open execution any more: gone, their names are free. (A start that
-- crossed the deletion runs on, under the machine that is gone.) Its revisions and tags stay for its executions, until
-- retention_machines.
-- What another node has in hand it sweeps itself.
-- rows: one for each
WITH due AS (
	SELECT m.id FROM pawl.machine AS m
	WHERE m.status = 'DELETING'
	AND NOT EXISTS (SELECT FROM pawl.open_execution AS o WHERE o.machine_id = m.id)
	AND NOT EXISTS (SELECT FROM pawl.open_execution AS w WHERE w.waits_for = m.id)
	FOR UPDATE SKIP LOCKED
), swept AS (
	UPDATE pawl.machine AS m SET status = 'DELETED'
	FROM due WHERE m.id = due.id
	RETURNING m.name
)
SELECT pg_notify('pawl_catalogue', swept.name) FROM swept;

-- name: tag_list
-- $1 type (text, as in the ARN)  $2 name (text)
-- rows: one or none: JSON array of {"key", "value"} by key
SELECT '[' || coalesce((
	SELECT string_agg('{"key":' || to_json(t.key) || ',"value":' || to_json(t.value) || '}', ',' ORDER BY t.key)
	FROM pawl.tag AS t WHERE t.resource_id = o.id), '') || ']'
FROM pawl.tag_owner AS o
WHERE o.type = $1::text AND o.name = $2::text;

-- name: tag_put
-- Adds or overwrites, unless there would be more than 50. After machine_lock or activity_lock.
-- $1 type (text)  $2 name (text)  $3 tags (text: JSON array of {"key", "value"})
-- rows: one or none (nothing of that name): how many there would be
WITH given AS (
	SELECT DISTINCT ON (t.tag ->> 'key') o.id, t.tag ->> 'key' AS key, coalesce(t.tag ->> 'value', '') AS value
	FROM pawl.tag_owner AS o, json_array_elements($3::text::json) WITH ORDINALITY AS t (tag, nth)
	WHERE o.type = $1::text AND o.name = $2::text
	ORDER BY t.tag ->> 'key', t.nth DESC
), total AS (
	SELECT o.id, (
		SELECT count(*) FROM (
			SELECT t.key FROM pawl.tag AS t WHERE t.resource_id = o.id
			UNION
			SELECT g.key FROM given AS g) AS u) AS n
	FROM pawl.tag_owner AS o
	WHERE o.type = $1::text AND o.name = $2::text
), put AS (
	INSERT INTO pawl.tag (resource_id, key, value)
	SELECT g.id, g.key, g.value FROM given AS g, total WHERE total.n <= 50
	ON CONFLICT (resource_id, key) DO UPDATE SET value = excluded.value
)
SELECT n FROM total;

-- name: tag_drop
-- $1 type (text)  $2 name (text)  $3 keys (text: JSON array of strings)
-- rows: one or none (nothing of that name)
WITH dropped AS (
	DELETE FROM pawl.tag AS t
	USING pawl.tag_owner AS o, json_array_elements_text($3::text::json) AS k (key)
	WHERE o.type = $1::text AND o.name = $2::text AND t.resource_id = o.id AND t.key = k.key
)
SELECT 1 FROM pawl.tag_owner AS o WHERE o.type = $1::text AND o.name = $2::text;
