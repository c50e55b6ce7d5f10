-- The schema pawl_queue: queues, their messages, and the functions that are the only writers.
--
-- Each block is one step of db_migrate; steps are only ever added at the end.
--
-- A message is taken by moving its visible_at into the future, so nothing has to happen when
-- a consumer dies: the time passes and the message is there again.
--
-- FIFO queues. Sends of one queue come one after another (an advisory lock held until the
-- commit), so the order of seq is the order of the commits. A group that has messages
-- has a row in message_group, which says from when its first message may be taken: not while any
-- of its messages is in flight. Whoever changes messages of a group holds its row; rows
-- are locked in the order of group_id, and receivers skip those that others hold.

-- name: schema
CREATE SCHEMA IF NOT EXISTS pawl_queue;

-- name: queue
CREATE TABLE pawl_queue.queue (
	queue_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text COLLATE "C" NOT NULL UNIQUE,
	attributes jsonb NOT NULL DEFAULT '{}',
	tags jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT now(),
	modified_at timestamptz NOT NULL DEFAULT now(),
	purged_at timestamptz,
	fifo boolean NOT NULL GENERATED ALWAYS AS (right(name, 5) = '.fifo') STORED,
	visibility_seconds integer NOT NULL GENERATED ALWAYS AS (coalesce((attributes ->> 'VisibilityTimeout')::integer, 30)) STORED,
	delay_seconds integer NOT NULL GENERATED ALWAYS AS (coalesce((attributes ->> 'DelaySeconds')::integer, 0)) STORED,
	retention_seconds integer NOT NULL GENERATED ALWAYS AS (coalesce((attributes ->> 'MessageRetentionPeriod')::integer, 345600)) STORED,
	wait_seconds integer NOT NULL GENERATED ALWAYS AS (coalesce((attributes ->> 'ReceiveMessageWaitTimeSeconds')::integer, 0)) STORED,
	max_size integer NOT NULL GENERATED ALWAYS AS (coalesce((attributes ->> 'MaximumMessageSize')::integer, 1048576)) STORED,
	content_deduplication boolean NOT NULL GENERATED ALWAYS AS (coalesce(attributes ->> 'ContentBasedDeduplication' = 'true', false)) STORED,
	deduplication_per_group boolean NOT NULL GENERATED ALWAYS AS (coalesce(attributes ->> 'DeduplicationScope' = 'messageGroup', false)) STORED,
	max_receives integer GENERATED ALWAYS AS (((attributes ->> 'RedrivePolicy')::jsonb ->> 'maxReceiveCount')::integer) STORED,
	dead_letter_queue text COLLATE "C" GENERATED ALWAYS AS (split_part((attributes ->> 'RedrivePolicy')::jsonb ->> 'deadLetterTargetArn', ':', 6)) STORED
);

-- name: queue_comment
COMMENT ON TABLE pawl_queue.queue IS 'The queues. attributes: as they were set, in SQS''s names; the columns behind purged_at follow from them.';

-- name: message_seq
CREATE SEQUENCE pawl_queue.message_seq;

-- name: message
CREATE TABLE pawl_queue.message (
	queue_id integer NOT NULL REFERENCES pawl_queue.queue ON DELETE CASCADE,
	seq bigint NOT NULL DEFAULT nextval('pawl_queue.message_seq'),
	message_id uuid NOT NULL,
	fifo boolean NOT NULL,
	group_id text,
	deduplication_id text,
	sent_at timestamptz NOT NULL DEFAULT now(),
	visible_at timestamptz NOT NULL,
	receives integer NOT NULL DEFAULT 0,
	earlier_receives integer NOT NULL DEFAULT 0,
	received_at timestamptz,
	receipt uuid,
	source_queue text,
	trace_header text,
	attributes jsonb,
	body text NOT NULL,
	PRIMARY KEY (queue_id, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- name: message_comment
COMMENT ON TABLE pawl_queue.message IS 'The messages. In flight: receives > 0 and visible_at in the future; delayed: receives = 0 and visible_at in the future. receives counts from when it came to this queue, earlier_receives what it had before it became a dead letter of source_queue; received_at is the first time.';

-- name: message_visible
CREATE INDEX message_visible ON pawl_queue.message (queue_id, visible_at, seq);

-- name: message_order
CREATE INDEX message_order ON pawl_queue.message (queue_id, group_id, seq) WHERE fifo;

-- name: message_flight
CREATE INDEX message_flight ON pawl_queue.message (queue_id, group_id, visible_at) WHERE fifo AND receives > 0;

-- name: message_group
CREATE TABLE pawl_queue.message_group (
	queue_id integer NOT NULL REFERENCES pawl_queue.queue ON DELETE CASCADE,
	group_id text NOT NULL,
	available_at timestamptz NOT NULL,
	PRIMARY KEY (queue_id, group_id)
);

-- name: message_group_available
CREATE INDEX message_group_available ON pawl_queue.message_group (queue_id, available_at);

-- name: message_group_comment
COMMENT ON TABLE pawl_queue.message_group IS 'The groups of FIFO queues that have messages: from available_at on the first of them may be received.';

-- name: deduplication
CREATE TABLE pawl_queue.deduplication (
	queue_id integer NOT NULL REFERENCES pawl_queue.queue ON DELETE CASCADE,
	deduplication_id text NOT NULL,
	group_id text NOT NULL,
	sent_at timestamptz NOT NULL,
	message_id uuid NOT NULL,
	seq bigint NOT NULL,
	PRIMARY KEY (queue_id, deduplication_id, group_id)
);

-- name: deduplication_sent
CREATE INDEX deduplication_sent ON pawl_queue.deduplication (sent_at);

-- name: deduplication_comment
COMMENT ON TABLE pawl_queue.deduplication IS 'What FIFO queues were sent in the last five minutes. group_id is empty when an id counts for the whole queue.';

-- name: set_queue
-- Creates a queue, or changes it when may_change. NULL: done. Else what is in the way: the name
-- of an attribute that the existing queue has with another value, or "missing" (there is no such
-- queue), "dead letter" (there is no such dead-letter queue). Attributes set to "" are taken away.
CREATE FUNCTION pawl_queue.set_queue(queue_name text, given jsonb, given_tags jsonb, may_change boolean) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	defaults CONSTANT jsonb := '{"VisibilityTimeout": "30", "DelaySeconds": "0", "MessageRetentionPeriod": "345600",
		"ReceiveMessageWaitTimeSeconds": "0", "MaximumMessageSize": "1048576", "ContentBasedDeduplication": "false",
		"DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}';
	dead text := split_part(nullif(given ->> 'RedrivePolicy', '')::jsonb ->> 'deadLetterTargetArn', ':', 6);
	existing jsonb;
	other text;
BEGIN
	IF dead IS NOT NULL AND NOT EXISTS (SELECT FROM pawl_queue.queue q WHERE q.name = dead) THEN
		RETURN 'dead letter';
	END IF;
	IF may_change THEN
		UPDATE pawl_queue.queue q SET modified_at = now(), attributes =
			(SELECT coalesce(jsonb_object_agg(a.key, a.value), '{}') FROM jsonb_each(q.attributes || given) a WHERE a.value <> '""')
		WHERE q.name = queue_name;
		RETURN CASE WHEN NOT FOUND THEN 'missing' END;
	END IF;
	INSERT INTO pawl_queue.queue (name, attributes, tags)
	SELECT queue_name, (SELECT coalesce(jsonb_object_agg(a.key, a.value), '{}') FROM jsonb_each(given) a WHERE a.value <> '""'), given_tags
	ON CONFLICT (name) DO NOTHING;
	IF FOUND THEN
		RETURN NULL;
	END IF;
	SELECT q.attributes INTO existing FROM pawl_queue.queue q WHERE q.name = queue_name;
	SELECT min(a.key) INTO other FROM jsonb_each(given) a
	WHERE a.value IS DISTINCT FROM coalesce((defaults || existing) -> a.key, '""');
	RETURN other;
END $$;

-- name: regroup
-- Says anew from when groups may be received; the caller holds their rows.
CREATE FUNCTION pawl_queue.regroup(of_queue integer, groups text[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
	UPDATE pawl_queue.message_group g SET available_at = greatest(head.visible_at, flight.visible_at)
	FROM unnest(groups) AS x (group_id)
	CROSS JOIN LATERAL (SELECT m.visible_at FROM pawl_queue.message m
		WHERE m.fifo AND m.queue_id = of_queue AND m.group_id = x.group_id ORDER BY m.seq LIMIT 1) head
	CROSS JOIN LATERAL (SELECT max(m.visible_at) AS visible_at FROM pawl_queue.message m
		WHERE m.fifo AND m.receives > 0 AND m.queue_id = of_queue AND m.group_id = x.group_id) flight
	WHERE g.queue_id = of_queue AND g.group_id = x.group_id;
	DELETE FROM pawl_queue.message_group g
	WHERE g.queue_id = of_queue AND g.group_id = ANY (groups) AND NOT EXISTS (SELECT FROM pawl_queue.message m
		WHERE m.fifo AND m.queue_id = of_queue AND m.group_id = g.group_id);
END $$;

-- name: join_groups
-- Holds the rows of groups that get messages, made where they are not there.
CREATE FUNCTION pawl_queue.join_groups(of_queue integer, groups text[], available timestamptz) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO pawl_queue.message_group AS g (queue_id, group_id, available_at)
	SELECT DISTINCT of_queue, x, available FROM unnest(groups) AS x ORDER BY x
	ON CONFLICT (queue_id, group_id) DO UPDATE SET available_at = g.available_at;
$$;

-- name: hold_groups
-- Holds the rows of the groups of some messages.
CREATE FUNCTION pawl_queue.hold_groups(of_queue integer, seqs bigint[]) RETURNS text[]
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
	groups text[] := ARRAY(SELECT DISTINCT m.group_id FROM pawl_queue.message m
		WHERE m.fifo AND m.queue_id = of_queue AND m.seq = ANY (seqs));
BEGIN
	PERFORM FROM pawl_queue.message_group g WHERE g.queue_id = of_queue AND g.group_id = ANY (groups)
	ORDER BY g.group_id FOR UPDATE;
	RETURN groups;
END $$;

-- name: lock_sends
-- One after another sends to a FIFO queue, from here to the end of the transaction.
CREATE FUNCTION pawl_queue.lock_sends(of_queue integer) RETURNS void
LANGUAGE sql AS $$ SELECT pg_advisory_xact_lock(1885435761, of_queue) $$;

-- name: send_ordered
CREATE FUNCTION pawl_queue.send_ordered(q pawl_queue.queue, entries jsonb)
RETURNS TABLE (entry integer, message_id uuid, sequence_number text, problem text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
	e record;
	sent record;
	scope text;
	fresh jsonb := '[]';
	visible timestamptz := now() + make_interval(secs => q.delay_seconds);
BEGIN
	PERFORM pawl_queue.lock_sends(q.queue_id);
	FOR e IN SELECT x.n::integer AS n, x.v ->> 'group' AS group_id, (x.v ->> 'size')::integer AS size,
			coalesce(x.v ->> 'dedup', CASE WHEN q.content_deduplication
				THEN encode(sha256(convert_to(x.v ->> 'body', 'UTF8')), 'hex') END) AS dedup, x.v
		FROM jsonb_array_elements(entries) WITH ORDINALITY AS x (v, n) ORDER BY x.n
	LOOP
		entry := e.n;
		message_id := NULL;
		sequence_number := NULL;
		problem := CASE WHEN e.size > q.max_size THEN 'size' WHEN e.dedup IS NULL THEN 'deduplication' END;
		IF problem IS NULL THEN
			scope := CASE WHEN q.deduplication_per_group THEN e.group_id ELSE '' END;
			SELECT d.message_id, d.seq INTO sent FROM pawl_queue.deduplication d
			WHERE d.queue_id = q.queue_id AND d.deduplication_id = e.dedup AND d.group_id = scope
				AND d.sent_at > now() - interval '5 minutes';
			IF NOT FOUND THEN
				INSERT INTO pawl_queue.deduplication AS d (queue_id, deduplication_id, group_id, sent_at, message_id, seq)
				VALUES (q.queue_id, e.dedup, scope, now(), gen_random_uuid(), nextval('pawl_queue.message_seq'))
				ON CONFLICT ON CONSTRAINT deduplication_pkey DO UPDATE
				SET sent_at = excluded.sent_at, message_id = excluded.message_id, seq = excluded.seq
				RETURNING d.message_id, d.seq INTO sent;
				fresh := fresh || (e.v || jsonb_build_object('id', sent.message_id, 'seq', sent.seq, 'dedup', e.dedup));
			END IF;
			message_id := sent.message_id;
			sequence_number := lpad(sent.seq::text, 20, '0');
		END IF;
		RETURN NEXT;
	END LOOP;
	PERFORM pawl_queue.join_groups(q.queue_id, ARRAY(SELECT x ->> 'group' FROM jsonb_array_elements(fresh) x), visible);
	INSERT INTO pawl_queue.message (queue_id, seq, message_id, fifo, group_id, deduplication_id, visible_at, trace_header, attributes, body)
	SELECT q.queue_id, (x ->> 'seq')::bigint, (x ->> 'id')::uuid, true, x ->> 'group', x ->> 'dedup', visible,
		x ->> 'trace', x -> 'attributes', x ->> 'body'
	FROM jsonb_array_elements(fresh) x;
END $$;

-- name: send_entries
-- Sends messages: an array of objects with body, and perhaps attributes, trace, group, dedup, delay
-- (seconds); size: bytes that count. One row for each, in order; problem: size (too long),
-- deduplication (no id, and none can be made), or NULL. No rows: there is no such queue.
CREATE FUNCTION pawl_queue.send_entries(queue_name text, entries jsonb)
RETURNS TABLE (entry integer, message_id uuid, sequence_number text, problem text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
	q pawl_queue.queue;
BEGIN
	SELECT * INTO q FROM pawl_queue.queue x WHERE x.name = queue_name;
	IF NOT FOUND THEN
		RETURN;
	ELSIF q.fifo THEN
		RETURN QUERY SELECT * FROM pawl_queue.send_ordered(q, entries);
		RETURN;
	END IF;
	RETURN QUERY
	WITH e AS MATERIALIZED (
		SELECT x.n::integer AS n, gen_random_uuid() AS id, x.v, CASE WHEN (x.v ->> 'size')::integer > q.max_size THEN 'size' END AS wrong
		FROM jsonb_array_elements(entries) WITH ORDINALITY AS x (v, n)
	), sent AS (
		INSERT INTO pawl_queue.message (queue_id, message_id, fifo, group_id, visible_at, trace_header, attributes, body)
		SELECT q.queue_id, e.id, false, e.v ->> 'group',
			now() + make_interval(secs => coalesce((e.v ->> 'delay')::integer, q.delay_seconds)),
			e.v ->> 'trace', e.v -> 'attributes', e.v ->> 'body'
		FROM e WHERE e.wrong IS NULL ORDER BY e.n
	)
	SELECT e.n, CASE WHEN e.wrong IS NULL THEN e.id END, NULL::text, e.wrong FROM e ORDER BY e.n;
END $$;

-- name: bury
-- Moves messages to the dead-letter queue; of a FIFO queue the caller holds their groups.
CREATE FUNCTION pawl_queue.bury(q pawl_queue.queue, dead pawl_queue.queue, seqs bigint[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
	IF q.fifo THEN
		PERFORM pawl_queue.lock_sends(dead.queue_id);
		PERFORM pawl_queue.join_groups(dead.queue_id, ARRAY(SELECT m.group_id FROM pawl_queue.message m
			WHERE m.queue_id = q.queue_id AND m.seq = ANY (seqs)), now());
	END IF;
	UPDATE pawl_queue.message m SET queue_id = dead.queue_id, seq = x.new_seq, visible_at = now(), receipt = NULL,
		earlier_receives = m.earlier_receives + m.receives, receives = 0, source_queue = q.name,
		sent_at = CASE WHEN q.fifo THEN now() ELSE m.sent_at END
	FROM (SELECT o.seq, nextval('pawl_queue.message_seq') AS new_seq FROM (SELECT unnest(seqs) AS seq ORDER BY 1) o) x
	WHERE m.queue_id = q.queue_id AND m.seq = x.seq;
END $$;

-- name: take_ordered
-- Which messages of a FIFO queue are to be received now; their groups are held.
CREATE FUNCTION pawl_queue.take_ordered(q pawl_queue.queue, dead pawl_queue.queue, max_messages integer) RETURNS bigint[]
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
	groups text[];
	next_group text;
	taken bigint[] := '{}';
	more bigint[];
	spent bigint[];
BEGIN
	groups := ARRAY(SELECT g.group_id FROM pawl_queue.message_group g
		WHERE g.queue_id = q.queue_id AND g.available_at <= now()
		ORDER BY g.available_at LIMIT max_messages FOR UPDATE SKIP LOCKED);
	FOREACH next_group IN ARRAY groups LOOP
		LOOP
			-- the first messages of the group, up to one that may not be received yet
			SELECT array_agg(o.seq) FILTER (WHERE NOT o.spent), array_agg(o.seq) FILTER (WHERE o.spent) INTO more, spent
			FROM (SELECT h.seq, h.spent, bool_and(h.visible) OVER (ORDER BY h.seq) AS open FROM (
				SELECT m.seq, m.visible_at <= now() AS visible, dead.queue_id IS NOT NULL AND m.receives >= q.max_receives AS spent
				FROM pawl_queue.message m
				WHERE m.fifo AND m.queue_id = q.queue_id AND m.group_id = next_group
					AND m.sent_at > now() - make_interval(secs => q.retention_seconds)
				ORDER BY m.seq LIMIT max_messages - cardinality(taken)) h) o
			WHERE o.open;
			EXIT WHEN spent IS NULL;
			PERFORM pawl_queue.bury(q, dead, spent);
			EXIT WHEN more IS NOT NULL;
		END LOOP;
		taken := taken || coalesce(more, '{}');
		EXIT WHEN cardinality(taken) >= max_messages;
	END LOOP;
	PERFORM pawl_queue.regroup(q.queue_id, groups);
	RETURN taken;
END $$;

-- name: take
-- Which messages of a standard queue are to be received now; their rows are held.
CREATE FUNCTION pawl_queue.take(q pawl_queue.queue, dead pawl_queue.queue, max_messages integer) RETURNS bigint[]
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
	taken bigint[];
	spent bigint[];
BEGIN
	LOOP
		SELECT array_agg(d.seq) FILTER (WHERE NOT d.spent), array_agg(d.seq) FILTER (WHERE d.spent) INTO taken, spent
		FROM (SELECT m.seq, dead.queue_id IS NOT NULL AND m.receives >= q.max_receives AS spent
			FROM pawl_queue.message m
			WHERE m.queue_id = q.queue_id AND m.visible_at <= now()
				AND m.sent_at > now() - make_interval(secs => q.retention_seconds)
			ORDER BY m.visible_at, m.seq LIMIT max_messages FOR UPDATE SKIP LOCKED) d;
		EXIT WHEN spent IS NULL;
		PERFORM pawl_queue.bury(q, dead, spent);
		EXIT WHEN taken IS NOT NULL;
	END LOOP;
	RETURN coalesce(taken, '{}');
END $$;

-- name: receive
-- Receives messages: an object with wait (the queue's seconds), due (in how many milliseconds there
-- may be something, NULL = not known), buried (the dead-letter queue that got some), messages (NULL = none).
-- visibility: seconds, NULL = the queue's. NULL: there is no such queue.
CREATE FUNCTION pawl_queue.receive(queue_name text, max_messages integer, visibility integer DEFAULT NULL) RETURNS json
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
	q pawl_queue.queue;
	dead pawl_queue.queue;
	taken bigint[];
	messages json;
	due timestamptz;
BEGIN
	SELECT * INTO q FROM pawl_queue.queue x WHERE x.name = queue_name;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	IF q.dead_letter_queue IS NOT NULL THEN
		SELECT * INTO dead FROM pawl_queue.queue x WHERE x.name = q.dead_letter_queue AND x.queue_id <> q.queue_id;
	END IF;
	taken := CASE WHEN q.fifo THEN pawl_queue.take_ordered(q, dead, max_messages)
		ELSE pawl_queue.take(q, dead, max_messages) END;
	IF cardinality(taken) > 0 THEN
		WITH t AS (
			UPDATE pawl_queue.message m SET receives = m.receives + 1, received_at = coalesce(m.received_at, now()),
				receipt = gen_random_uuid(),
				visible_at = now() + make_interval(secs => coalesce(visibility, q.visibility_seconds))
			WHERE m.queue_id = q.queue_id AND m.seq = ANY (taken)
			RETURNING m.*
		)
		SELECT json_agg(json_build_object('id', t.message_id, 'handle', t.queue_id || '.' || t.seq || '.' || t.receipt,
			'group', t.group_id, 'dedup', t.deduplication_id, 'seq', CASE WHEN t.fifo THEN lpad(t.seq::text, 20, '0') END,
			'sent', floor(extract(epoch FROM t.sent_at) * 1000)::bigint,
			'received', floor(extract(epoch FROM t.received_at) * 1000)::bigint,
			'count', t.receives + t.earlier_receives, 'source', t.source_queue, 'trace', t.trace_header,
			'attributes', t.attributes, 'body', t.body) ORDER BY t.seq) INTO messages FROM t;
		IF q.fifo THEN
			PERFORM pawl_queue.regroup(q.queue_id, ARRAY(SELECT DISTINCT m.group_id FROM pawl_queue.message m
				WHERE m.queue_id = q.queue_id AND m.seq = ANY (taken)));
		END IF;
	END IF;
	IF q.fifo THEN
		SELECT g.available_at INTO due FROM pawl_queue.message_group g
		WHERE g.queue_id = q.queue_id AND g.available_at > now() ORDER BY g.available_at LIMIT 1;
	ELSE
		SELECT m.visible_at INTO due FROM pawl_queue.message m
		WHERE m.queue_id = q.queue_id AND m.visible_at > now() ORDER BY m.visible_at, m.seq LIMIT 1;
	END IF;
	RETURN json_build_object('wait', q.wait_seconds, 'messages', messages,
		'buried', CASE WHEN EXISTS (SELECT FROM pawl_queue.message m
			WHERE m.queue_id = dead.queue_id AND m.visible_at = now()) THEN dead.name END,
		'due', ceil(extract(epoch FROM due - now()) * 1000)::bigint);
END $$;

-- name: delete_messages
-- Deletes received messages by the parts of their receipt handles. One row for each, in order;
-- problem: queue (the handle is another queue's), expired (FIFO: it is visible again), or NULL, as for
-- one that is not there any more. No rows: there is no such queue.
CREATE FUNCTION pawl_queue.delete_messages(queue_name text, queue_ids integer[], seqs bigint[], receipts uuid[])
RETURNS TABLE (entry integer, problem text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
	q pawl_queue.queue;
	groups text[];
BEGIN
	SELECT * INTO q FROM pawl_queue.queue x WHERE x.name = queue_name;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF q.fifo THEN
		groups := pawl_queue.hold_groups(q.queue_id, seqs);
	END IF;
	DELETE FROM pawl_queue.message m USING unnest(queue_ids, seqs, receipts) AS x (queue_id, seq, receipt)
	WHERE m.queue_id = q.queue_id AND x.queue_id = q.queue_id AND m.seq = x.seq AND m.receipt = x.receipt
		AND (NOT q.fifo OR m.visible_at > now());
	IF q.fifo THEN
		PERFORM pawl_queue.regroup(q.queue_id, groups);
	END IF;
	RETURN QUERY SELECT x.n::integer, CASE WHEN x.queue_id <> q.queue_id THEN 'queue'
		WHEN EXISTS (SELECT FROM pawl_queue.message m
			WHERE m.queue_id = q.queue_id AND m.seq = x.seq AND m.receipt = x.receipt) THEN 'expired' END
	FROM unnest(queue_ids, seqs, receipts) WITH ORDINALITY AS x (queue_id, seq, receipt, n) ORDER BY x.n;
END $$;

-- name: change_visibility
-- Sets for how many seconds from now received messages stay hidden. One row for each, in order;
-- problem: queue (the handle is another queue's), missing (no such message), flight (it is not in
-- flight), or NULL. No rows: there is no such queue.
CREATE FUNCTION pawl_queue.change_visibility(queue_name text, queue_ids integer[], seqs bigint[], receipts uuid[], seconds integer[])
RETURNS TABLE (entry integer, problem text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
	q pawl_queue.queue;
	groups text[];
BEGIN
	SELECT * INTO q FROM pawl_queue.queue x WHERE x.name = queue_name;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF q.fifo THEN
		groups := pawl_queue.hold_groups(q.queue_id, seqs);
	END IF;
	RETURN QUERY
	WITH changed AS (
		UPDATE pawl_queue.message m SET visible_at = now() + make_interval(secs => x.seconds)
		FROM unnest(queue_ids, seqs, receipts, seconds) AS x (queue_id, seq, receipt, seconds)
		WHERE m.queue_id = q.queue_id AND x.queue_id = q.queue_id AND m.seq = x.seq AND m.receipt = x.receipt
			AND m.visible_at > now()
		RETURNING m.seq
	)
	SELECT x.n::integer, CASE WHEN x.queue_id <> q.queue_id THEN 'queue'
		WHEN EXISTS (SELECT FROM changed c WHERE c.seq = x.seq) THEN NULL
		WHEN EXISTS (SELECT FROM pawl_queue.message m WHERE m.queue_id = q.queue_id AND m.seq = x.seq) THEN 'flight'
		ELSE 'missing' END
	FROM unnest(queue_ids, seqs, receipts) WITH ORDINALITY AS x (queue_id, seq, receipt, n) ORDER BY x.n;
	IF q.fifo THEN
		PERFORM pawl_queue.regroup(q.queue_id, groups);
	END IF;
END $$;

-- name: clear
-- Deletes all messages of a queue.
CREATE FUNCTION pawl_queue.clear(q pawl_queue.queue) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF q.fifo THEN
		PERFORM pawl_queue.lock_sends(q.queue_id);
		PERFORM FROM pawl_queue.message_group g WHERE g.queue_id = q.queue_id ORDER BY g.group_id FOR UPDATE;
	END IF;
	DELETE FROM pawl_queue.message m WHERE m.queue_id = q.queue_id;
	DELETE FROM pawl_queue.message_group g WHERE g.queue_id = q.queue_id;
END $$;

-- name: purge
-- Deletes all messages of a queue. NULL: done; else missing, or recently (within the last minute).
CREATE FUNCTION pawl_queue.purge(queue_name text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	q pawl_queue.queue;
BEGIN
	UPDATE pawl_queue.queue x SET purged_at = now()
	WHERE x.name = queue_name AND (x.purged_at IS NULL OR x.purged_at <= now() - interval '1 minute')
	RETURNING * INTO q;
	IF NOT FOUND THEN
		RETURN CASE WHEN EXISTS (SELECT FROM pawl_queue.queue x WHERE x.name = queue_name) THEN 'recently' ELSE 'missing' END;
	END IF;
	PERFORM pawl_queue.clear(q);
	RETURN NULL;
END $$;

-- name: delete_queue
-- Deletes a queue and all of its messages; false: there is no such queue.
CREATE FUNCTION pawl_queue.delete_queue(queue_name text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	q pawl_queue.queue;
BEGIN
	SELECT * INTO q FROM pawl_queue.queue x WHERE x.name = queue_name;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	PERFORM pawl_queue.clear(q);
	DELETE FROM pawl_queue.queue x WHERE x.queue_id = q.queue_id;
	RETURN FOUND;
END $$;

-- name: sweep
-- Deletes what is past its queue's retention, and old deduplication ids: up to batch messages of each
-- queue. How many messages; call it again when there were any. -1: somebody else is at it.
CREATE FUNCTION pawl_queue.sweep(batch integer) RETURNS bigint
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
	q pawl_queue.queue;
	old bigint[];
	groups text[];
	total bigint := 0;
BEGIN
	IF NOT pg_try_advisory_xact_lock(1885435761, 0) THEN
		RETURN -1;
	END IF;
	FOR q IN SELECT * FROM pawl_queue.queue LOOP
		-- seq follows the time of sending, so the old ones stand in front
		old := ARRAY(SELECT h.seq FROM (SELECT m.seq, m.sent_at FROM pawl_queue.message m
			WHERE m.queue_id = q.queue_id ORDER BY m.seq LIMIT batch) h
			WHERE h.sent_at <= now() - make_interval(secs => q.retention_seconds));
		CONTINUE WHEN cardinality(old) = 0;
		IF q.fifo THEN
			groups := pawl_queue.hold_groups(q.queue_id, old);
		END IF;
		DELETE FROM pawl_queue.message m WHERE m.queue_id = q.queue_id AND m.seq = ANY (old);
		IF q.fifo THEN
			PERFORM pawl_queue.regroup(q.queue_id, groups);
		END IF;
		total := total + cardinality(old);
	END LOOP;
	DELETE FROM pawl_queue.deduplication d WHERE (d.queue_id, d.deduplication_id, d.group_id) IN (
		SELECT o.queue_id, o.deduplication_id, o.group_id FROM pawl_queue.deduplication o
		WHERE o.sent_at <= now() - interval '5 minutes' ORDER BY o.sent_at LIMIT batch FOR UPDATE SKIP LOCKED);
	RETURN total;
END $$;

-- name: send
-- For people and applications: sends a message in the transaction that calls it.
CREATE FUNCTION pawl_queue.send(queue_name text, body text, delay_seconds integer DEFAULT NULL,
	group_id text DEFAULT NULL, deduplication_id text DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	fifo CONSTANT boolean := right(queue_name, 5) = '.fifo';
	sent record;
BEGIN
	IF coalesce(body, '') = '' THEN
		RAISE EXCEPTION 'a message needs a body';
	ELSIF body ~ '[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]' THEN
		RAISE EXCEPTION 'the body has control characters, which SQS does not allow';
	ELSIF delay_seconds NOT BETWEEN 0 AND 900 OR (fifo AND delay_seconds IS NOT NULL) THEN
		RAISE EXCEPTION 'delay_seconds is 0 to 900, and of a FIFO queue the queue''s';
	ELSIF fifo AND coalesce(group_id, '') = '' THEN
		RAISE EXCEPTION 'a message for the FIFO queue % needs a group_id', queue_name;
	END IF;
	SELECT * INTO sent FROM pawl_queue.send_entries(queue_name, jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
		'body', body, 'delay', delay_seconds, 'group', group_id, 'dedup', deduplication_id, 'size', octet_length(body)))));
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no queue %', queue_name;
	ELSIF sent.problem = 'size' THEN
		RAISE EXCEPTION 'the message is longer than the queue % allows', queue_name;
	ELSIF sent.problem IS NOT NULL THEN
		RAISE EXCEPTION 'a message for the FIFO queue % needs a deduplication_id', queue_name;
	END IF;
	PERFORM pg_notify('pawl_queue', '- 0 1 ' || queue_name);
	RETURN sent.message_id;
END $$;

-- name: send_comment
COMMENT ON FUNCTION pawl_queue.send IS 'Sends a message if and only if the calling transaction commits; returns its message id.';

-- name: queue_summary
CREATE VIEW pawl_queue.queue_summary AS
SELECT q.name, m.visible, m.in_flight, m.delayed, m.oldest_sent_at, q.dead_letter_queue, q.created_at
FROM pawl_queue.queue q CROSS JOIN LATERAL (
	SELECT count(*) FILTER (WHERE x.visible_at <= now()) AS visible,
		count(*) FILTER (WHERE x.visible_at > now() AND x.receives > 0) AS in_flight,
		count(*) FILTER (WHERE x.visible_at > now() AND x.receives = 0) AS delayed,
		min(x.sent_at) AS oldest_sent_at
	FROM pawl_queue.message x WHERE x.queue_id = q.queue_id) m;

-- name: queue_summary_comment
COMMENT ON VIEW pawl_queue.queue_summary IS 'For people: how many messages each queue has. It counts them, which takes time for long queues.';

-- name: take_ordered_unexpired
-- As above, but passes over groups that have nothing but messages past the retention: before the
-- sweep they would stand in front of groups that have some to receive.
CREATE OR REPLACE FUNCTION pawl_queue.take_ordered(q pawl_queue.queue, dead pawl_queue.queue, max_messages integer) RETURNS bigint[]
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
	oldest CONSTANT timestamptz := now() - make_interval(secs => q.retention_seconds);
	groups text[];
	next_group text;
	taken bigint[] := '{}';
	more bigint[];
	spent bigint[];
BEGIN
	groups := ARRAY(SELECT g.group_id FROM pawl_queue.message_group g
		WHERE g.queue_id = q.queue_id AND g.available_at <= now()
			AND (SELECT m.sent_at FROM pawl_queue.message m
				WHERE m.fifo AND m.queue_id = g.queue_id AND m.group_id = g.group_id
				ORDER BY m.seq DESC LIMIT 1) > oldest
		ORDER BY g.available_at LIMIT max_messages FOR UPDATE OF g SKIP LOCKED);
	FOREACH next_group IN ARRAY groups LOOP
		LOOP
			-- the first messages of the group, up to one that may not be received yet
			SELECT array_agg(o.seq) FILTER (WHERE NOT o.spent), array_agg(o.seq) FILTER (WHERE o.spent) INTO more, spent
			FROM (SELECT h.seq, h.spent, bool_and(h.visible) OVER (ORDER BY h.seq) AS open FROM (
				SELECT m.seq, m.visible_at <= now() AS visible, dead.queue_id IS NOT NULL AND m.receives >= q.max_receives AS spent
				FROM pawl_queue.message m
				WHERE m.fifo AND m.queue_id = q.queue_id AND m.group_id = next_group AND m.sent_at > oldest
				ORDER BY m.seq LIMIT max_messages - cardinality(taken)) h) o
			WHERE o.open;
			EXIT WHEN spent IS NULL;
			PERFORM pawl_queue.bury(q, dead, spent);
			EXIT WHEN more IS NOT NULL;
		END LOOP;
		taken := taken || coalesce(more, '{}');
		EXIT WHEN cardinality(taken) >= max_messages;
	END LOOP;
	PERFORM pawl_queue.regroup(q.queue_id, groups);
	RETURN taken;
END $$;

-- name: is_held
-- Whether a queue has messages that may be received. After a receive that took less than it might:
-- whether others held some of them (a sweep, a delete, a send, another receiver), who may let them go.
CREATE FUNCTION pawl_queue.is_held(queue_name text) RETURNS boolean
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
	q pawl_queue.queue;
	oldest timestamptz;
BEGIN
	SELECT * INTO q FROM pawl_queue.queue x WHERE x.name = queue_name;
	oldest := now() - make_interval(secs => q.retention_seconds);
	IF q.fifo THEN
		RETURN EXISTS (SELECT FROM pawl_queue.message_group g
			WHERE g.queue_id = q.queue_id AND g.available_at <= now()
				AND (SELECT m.visible_at FROM pawl_queue.message m
					WHERE m.fifo AND m.queue_id = g.queue_id AND m.group_id = g.group_id AND m.sent_at > oldest
					ORDER BY m.seq LIMIT 1) <= now());
	END IF;
	RETURN EXISTS (SELECT FROM pawl_queue.message m
		WHERE m.queue_id = q.queue_id AND m.visible_at <= now() AND m.sent_at > oldest);
END $$;
