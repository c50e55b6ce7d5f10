-- What the plugin asks; the functions are in schema.sql and say what their answers mean.

-- name: set_here
-- $1 arn of topics up to the name  $2 url
INSERT INTO pawl_notify.here (arn, url) VALUES ($1, $2) ON CONFLICT (one) DO UPDATE SET arn = excluded.arn, url = excluded.url;

-- name: create_topic
-- rows: one; its second column: the attribute that a topic of that name has with another value, or tags, or NULL
-- $1 name  $2 attributes (json)  $3 tags (json)
WITH made AS (
	INSERT INTO pawl_notify.topic (name, attributes, tags) VALUES ($1, $2::jsonb, $3::jsonb)
	ON CONFLICT (name) DO UPDATE SET name = topic.name RETURNING name, attributes, tags
)
SELECT name, CASE WHEN attributes @> $2::jsonb THEN CASE WHEN NOT tags @> $3::jsonb THEN 'tags' END
	ELSE (SELECT min(a.key) FROM jsonb_each($2::jsonb) a WHERE a.value IS DISTINCT FROM attributes -> a.key) END FROM made;

-- name: delete_topic
DELETE FROM pawl_notify.topic WHERE name = $1;

-- name: list_topics
-- $1 the last name of the page before, or ""  $2 how many
SELECT name FROM pawl_notify.topic WHERE name > $1 ORDER BY name LIMIT $2::integer;

-- name: read_topic
-- rows: none = there is no such topic
SELECT t.attributes, count(s.subscription_id) FILTER (WHERE s.confirmed_at IS NOT NULL),
	count(s.subscription_id) FILTER (WHERE s.confirmed_at IS NULL), t.tags
FROM pawl_notify.topic t LEFT JOIN pawl_notify.subscription s USING (topic_id) WHERE t.name = $1 GROUP BY t.topic_id;

-- name: set_topic
-- $1 name  $2 attribute (json). rows: none = there is no such topic
UPDATE pawl_notify.topic SET attributes = attributes || $2::jsonb WHERE name = $1 RETURNING name;

-- name: add_tags
-- $1 name  $2 tags (json). rows: none = there is no such topic
UPDATE pawl_notify.topic SET tags = tags || $2::jsonb WHERE name = $1 RETURNING name;

-- name: take_tags
-- $1 name  $2 keys (json array). rows: none = there is no such topic
UPDATE pawl_notify.topic SET tags = tags - ARRAY(SELECT jsonb_array_elements_text($2::jsonb)) WHERE name = $1 RETURNING name;

-- name: subscribe
-- $1 topic  $2 protocol  $3 endpoint  $4 attributes (json)  $5 whether it is confirmed
SELECT subscription_id, pending, problem FROM pawl_notify.subscribe($1, $2, $3, $4::jsonb, $5::boolean);

-- name: confirm
-- $1 token  $2 topic, NULL = any  $3 protocols (text[]), NULL = any  $4 whether only its owner may end it
UPDATE pawl_notify.subscription s SET confirmed_at = coalesce(s.confirmed_at, now()), confirmed_by_owner = s.confirmed_by_owner OR $4::boolean
FROM pawl_notify.topic t WHERE s.confirm_token = $1 AND t.topic_id = s.topic_id AND t.name = coalesce($2, t.name)
	AND ($3::text[] IS NULL OR s.protocol = ANY ($3::text[]))
RETURNING s.subscription_id, t.name, s.endpoint;

-- name: find_link
-- $1 confirm (by the token that confirms) or leave  $2 token
SELECT t.name, s.endpoint, s.confirmed_at IS NOT NULL FROM pawl_notify.subscription s JOIN pawl_notify.topic t USING (topic_id)
WHERE CASE $1 WHEN 'confirm' THEN s.confirm_token WHEN 'leave' THEN s.leave_token END = $2;

-- name: leave
-- $1 token
DELETE FROM pawl_notify.subscription s USING pawl_notify.topic t WHERE s.leave_token = $1 AND t.topic_id = s.topic_id AND NOT s.confirmed_by_owner
RETURNING t.name, s.endpoint;

-- name: unsubscribe
-- $1 topic  $2 id
DELETE FROM pawl_notify.subscription s USING pawl_notify.topic t WHERE s.subscription_id = $2::uuid AND t.topic_id = s.topic_id AND t.name = $1
RETURNING t.name;

-- name: list_subscriptions
-- The first row is the topic, when one is named. rows: none = there is no such topic.
-- $1 topic, NULL = of all  $2 the last id of the page before, or NULL  $3 how many
SELECT t.name, 0 AS part, NULL::uuid AS id, NULL AS protocol, NULL AS endpoint, NULL::boolean AS confirmed FROM pawl_notify.topic t WHERE t.name = $1
UNION ALL
(SELECT t.name, 1, s.subscription_id, s.protocol, s.endpoint, s.confirmed_at IS NOT NULL
FROM pawl_notify.subscription s JOIN pawl_notify.topic t USING (topic_id)
WHERE t.name = coalesce($1, t.name) AND ($2::uuid IS NULL OR s.subscription_id > $2::uuid) ORDER BY s.subscription_id LIMIT $3::integer)
ORDER BY part, id;

-- name: read_subscription
-- $1 topic  $2 id
SELECT s.attributes, s.protocol, s.endpoint, s.confirmed_at IS NOT NULL, s.confirmed_by_owner
FROM pawl_notify.subscription s JOIN pawl_notify.topic t USING (topic_id) WHERE s.subscription_id = $2::uuid AND t.name = $1;

-- name: set_subscription
-- $1 topic  $2 attribute (json); "" takes it away  $3 id
UPDATE pawl_notify.subscription s SET attributes = (SELECT coalesce(jsonb_object_agg(a.key, a.value), '{}')
	FROM jsonb_each(s.attributes || $2::jsonb) a WHERE a.value <> '""')
FROM pawl_notify.topic t WHERE s.subscription_id = $3::uuid AND t.topic_id = s.topic_id AND t.name = $1 RETURNING t.name;

-- name: publish
-- $1 topic  $2 entries (json)
SELECT entry, message_id, sequence_number, problem, to_json(woken), deliveries FROM pawl_notify.publish_entries($1, $2::jsonb);

-- name: take
-- $1 how many  $2 seconds  $3 busy subscriptions (uuid[])
SELECT seq, tries, subscription_id, protocol, endpoint, kind, message_id, topic, subject, body, envelope, raw, policy, confirm_url, leave_url
FROM pawl_notify.take($1::integer, $2::double precision, $3::uuid[]);

-- name: next_due
-- $1 busy subscriptions (uuid[])
SELECT pawl_notify.next_due($1::uuid[]);

-- name: finish
-- $1 seq  $2 tries  $3 what was wrong, NULL = nothing
SELECT pawl_notify.finish($1::bigint, $2::integer, $3);

-- name: retry
-- $1 seq  $2 tries  $3 what was wrong  $4 milliseconds
UPDATE pawl_notify.delivery SET due_at = now() + $4::bigint * interval '1 millisecond', error = $3
WHERE seq = $1::bigint AND tries = $2::integer AND finished_at IS NULL;

-- name: sweep
-- $1 how many at a time  $2 seconds to keep
SELECT pawl_notify.sweep($2::double precision, $1::integer);

-- name: hint
-- Tells receivers of queues. $1 names (text[])
SELECT pg_notify('pawl_queue', '- 0 1 ' || x) FROM unnest($1::text[]) AS x;
