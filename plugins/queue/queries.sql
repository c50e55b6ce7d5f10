-- What the plugin asks; the functions are in schema.sql and say what their answers mean.

-- name: create_queue
-- $1 name  $2 attributes (json)  $3 tags (json)
SELECT pawl_queue.set_queue($1, $2::jsonb, $3::jsonb, false);

-- name: set_attributes
-- $1 name  $2 attributes (json)
SELECT pawl_queue.set_queue($1, $2::jsonb, '{}', true);

-- name: find_queue
-- rows: none = there is no such queue
SELECT name FROM pawl_queue.queue WHERE name = $1;

-- name: list_queues
-- $1 prefix  $2 the last name of the page before, or ""  $3 how many
SELECT name FROM pawl_queue.queue WHERE starts_with(name, $1) AND name > $2 ORDER BY name LIMIT $3::integer;

-- name: list_sources
-- Who has this queue as dead-letter queue. The first row is the queue itself; rows: none = there is no such queue.
-- $1 name  $2 the last name of the page before, or ""  $3 how many
SELECT q.name, 0 AS part FROM pawl_queue.queue q WHERE q.name = $1
UNION ALL
(SELECT q.name, 1 FROM pawl_queue.queue q WHERE q.dead_letter_queue = $1 AND q.name > $2 ORDER BY q.name LIMIT $3::integer)
ORDER BY part, name;

-- name: read_attributes
-- $1 name  $2 whether to count messages
SELECT q.attributes, extract(epoch FROM q.created_at)::bigint, extract(epoch FROM q.modified_at)::bigint,
	q.visibility_seconds, q.delay_seconds, q.retention_seconds, q.wait_seconds, q.max_size, c.visible, c.in_flight, c.delayed
FROM pawl_queue.queue q LEFT JOIN pawl_queue.queue_summary c ON $2::boolean AND c.name = q.name WHERE q.name = $1;

-- name: delete_queue
SELECT pawl_queue.delete_queue($1);

-- name: purge
SELECT pawl_queue.purge($1);

-- name: read_tags
SELECT tags FROM pawl_queue.queue WHERE name = $1;

-- name: add_tags
-- $1 name  $2 tags (json). rows: none = there is no such queue
UPDATE pawl_queue.queue SET tags = tags || $2::jsonb WHERE name = $1 RETURNING name;

-- name: take_tags
-- $1 name  $2 keys (json array). rows: none = there is no such queue
UPDATE pawl_queue.queue SET tags = tags - ARRAY(SELECT jsonb_array_elements_text($2::jsonb)) WHERE name = $1 RETURNING name;

-- name: send
-- $1 name  $2 entries (json)
SELECT entry, message_id, sequence_number, problem FROM pawl_queue.send_entries($1, $2::jsonb);

-- name: receive
-- $1 name  $2 how many  $3 seconds or NULL
SELECT told, pawl_queue.is_held($1) FROM pawl_queue.receive($1, $2::integer, $3::integer) AS told;

-- name: delete_messages
-- $1 name  $2 queue ids  $3 seqs  $4 receipts
SELECT entry, problem FROM pawl_queue.delete_messages($1, $2::integer[], $3::bigint[], $4::uuid[]);

-- name: change_visibility
-- $1 name  $2 queue ids  $3 seqs  $4 receipts  $5 seconds
SELECT entry, problem FROM pawl_queue.change_visibility($1, $2::integer[], $3::bigint[], $4::uuid[], $5::integer[]);

-- name: sweep
-- $1 messages at a time
SELECT pawl_queue.sweep($1::integer);

-- name: notify
-- $1 payloads (text[])
SELECT pg_notify('pawl_queue', x) FROM unnest($1::text[]) AS x;
