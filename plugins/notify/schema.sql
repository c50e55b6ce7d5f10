-- The schema pawl_notify: topics, subscriptions, what is to be delivered, and the functions that
-- are the only writers.
--
-- Each block is one step of db_migrate; steps are only ever added at the end.
--
-- A message for a queue (schema pawl_queue) is sent in the transaction that publishes it. For
-- all other subscriptions that transaction makes rows of delivery. A delivery is taken by moving its
-- due_at into the future, so nothing has to happen when a node dies: the time passes and
-- another one takes it. tries tells one taking from the next.
--
-- FIFO topics. Publishes to one topic come one after another (an advisory lock held until the commit),
-- so the order of seq is the order of the commits. Of the deliveries of one subscription and group
-- only the first has a time; whoever ends it holds the same lock and gives the next one its time.

-- name: schema
CREATE SCHEMA IF NOT EXISTS pawl_notify;

-- name: here
CREATE TABLE pawl_notify.here (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	arn text NOT NULL,
	url text NOT NULL
);

-- name: here_comment
COMMENT ON TABLE pawl_notify.here IS 'arn: what the names of topics follow; url: where links in messages lead. pawld sets them when it starts.';

-- name: topic
CREATE TABLE pawl_notify.topic (
	topic_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text COLLATE "C" NOT NULL UNIQUE,
	attributes jsonb NOT NULL DEFAULT '{}',
	tags jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT now(),
	fifo boolean NOT NULL GENERATED ALWAYS AS (right(name, 5) = '.fifo') STORED,
	content_deduplication boolean NOT NULL GENERATED ALWAYS AS (coalesce(attributes ->> 'ContentBasedDeduplication' = 'true', false)) STORED
);

-- name: topic_comment
COMMENT ON TABLE pawl_notify.topic IS 'The topics. attributes: as they were set, in SNS''s names.';

-- name: subscription
CREATE TABLE pawl_notify.subscription (
	subscription_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	topic_id integer NOT NULL REFERENCES pawl_notify.topic ON DELETE CASCADE,
	protocol text NOT NULL,
	endpoint text COLLATE "C" NOT NULL,
	confirmed_at timestamptz,
	confirmed_by_owner boolean NOT NULL DEFAULT false,
	confirm_token text NOT NULL DEFAULT encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid(), 'UTF8')), 'hex'),
	leave_token text NOT NULL DEFAULT encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid(), 'UTF8')), 'hex'),
	attributes jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT now(),
	raw boolean NOT NULL GENERATED ALWAYS AS (coalesce(attributes ->> 'RawMessageDelivery' = 'true', false)) STORED,
	policy jsonb GENERATED ALWAYS AS ((attributes ->> 'FilterPolicy')::jsonb) STORED,
	of_body boolean NOT NULL GENERATED ALWAYS AS (coalesce(attributes ->> 'FilterPolicyScope' = 'MessageBody', false)) STORED,
	dead_letter_queue text COLLATE "C" GENERATED ALWAYS AS (split_part((attributes ->> 'RedrivePolicy')::jsonb ->> 'deadLetterTargetArn', ':', 6)) STORED,
	UNIQUE (topic_id, protocol, endpoint)
);

-- name: subscription_confirm
CREATE UNIQUE INDEX subscription_confirm ON pawl_notify.subscription (confirm_token);

-- name: subscription_leave
CREATE UNIQUE INDEX subscription_leave ON pawl_notify.subscription (leave_token);

-- name: subscription_comment
COMMENT ON TABLE pawl_notify.subscription IS 'Who gets what is published. confirmed_at NULL: it was not confirmed yet, and gets nothing. The tokens are those of the links that confirm it and end it.';

-- name: number_seq
CREATE SEQUENCE pawl_notify.number_seq;

-- name: message
CREATE TABLE pawl_notify.message (
	message_id uuid PRIMARY KEY,
	number bigint NOT NULL,
	topic_id integer NOT NULL REFERENCES pawl_notify.topic ON DELETE CASCADE,
	kind text NOT NULL,
	subject text,
	bodies jsonb NOT NULL,
	attributes jsonb,
	group_id text,
	deduplication_id text,
	published_at timestamptz NOT NULL DEFAULT now()
);

-- name: message_published
CREATE INDEX message_published ON pawl_notify.message (published_at);

-- name: message_comment
COMMENT ON TABLE pawl_notify.message IS 'What was published and has deliveries. bodies: one under default, and perhaps others under the name of a protocol.';

-- name: delivery
CREATE TABLE pawl_notify.delivery (
	seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	subscription_id uuid NOT NULL REFERENCES pawl_notify.subscription ON DELETE CASCADE,
	message_id uuid NOT NULL,
	group_id text,
	tries integer NOT NULL DEFAULT 0,
	due_at timestamptz NOT NULL DEFAULT now(),
	finished_at timestamptz,
	outcome text,
	error text
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- name: delivery_due
CREATE INDEX delivery_due ON pawl_notify.delivery (due_at, seq) WHERE finished_at IS NULL;

-- name: delivery_order
CREATE INDEX delivery_order ON pawl_notify.delivery (subscription_id, group_id, seq) WHERE finished_at IS NULL AND group_id IS NOT NULL;

-- name: delivery_finished
CREATE INDEX delivery_finished ON pawl_notify.delivery (finished_at) WHERE finished_at IS NOT NULL;

-- name: delivery_message
CREATE INDEX delivery_message ON pawl_notify.delivery (message_id);

-- name: delivery_subscription
CREATE INDEX delivery_subscription ON pawl_notify.delivery (subscription_id);

-- name: delivery_comment
COMMENT ON TABLE pawl_notify.delivery IS 'A message on its way to a subscription. due_at: when it is tried next, or, while somebody tries it, when that counts as lost; infinity: another of its group is before it. outcome: delivered, dead letter (moved to the dead-letter queue), lost (there is none).';

-- name: deduplication
CREATE TABLE pawl_notify.deduplication (
	topic_id integer NOT NULL REFERENCES pawl_notify.topic ON DELETE CASCADE,
	deduplication_id text NOT NULL,
	published_at timestamptz NOT NULL,
	message_id uuid NOT NULL,
	number bigint NOT NULL,
	PRIMARY KEY (topic_id, deduplication_id)
);

-- name: deduplication_published
CREATE INDEX deduplication_published ON pawl_notify.deduplication (published_at);

-- name: deduplication_comment
COMMENT ON TABLE pawl_notify.deduplication IS 'What FIFO topics were given in the last five minutes.';

-- name: parse
-- NULL when it is no JSON.
CREATE FUNCTION pawl_notify.parse(given text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN given::jsonb;
EXCEPTION WHEN data_exception THEN
	RETURN NULL;
END $$;

-- name: compare
CREATE FUNCTION pawl_notify.compare(value numeric, conditions jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT bool_and(CASE conditions ->> n WHEN '=' THEN value = bound WHEN '<' THEN value < bound WHEN '<=' THEN value <= bound
		WHEN '>' THEN value > bound WHEN '>=' THEN value >= bound END)
	FROM generate_series(0, jsonb_array_length(conditions) - 2, 2) AS n, LATERAL (SELECT (conditions ->> n + 1)::numeric AS bound) b;
$$;

-- name: matches_value
-- Whether one value fulfils one rule of a filter policy. value NULL: there is none.
CREATE FUNCTION pawl_notify.matches_value(rule jsonb, value jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	name text;
	wanted jsonb;
	given CONSTANT text := CASE WHEN jsonb_typeof(value) = 'string' THEN value #>> '{}' END;
BEGIN
	IF jsonb_typeof(rule) <> 'object' THEN
		RETURN value IS NOT NULL AND value = rule;
	END IF;
	SELECT key, r.value INTO name, wanted FROM jsonb_each(rule) r LIMIT 1;
	IF name = 'exists' THEN
		RETURN (value IS NOT NULL) = (wanted = 'true');
	ELSIF value IS NULL THEN
		RETURN false;
	END IF;
	RETURN coalesce(CASE name
		WHEN 'prefix' THEN starts_with(given, wanted #>> '{}')
		WHEN 'suffix' THEN right(given, length(wanted #>> '{}')) = wanted #>> '{}'
		WHEN 'equals-ignore-case' THEN lower(given) = lower(wanted #>> '{}')
		WHEN 'numeric' THEN CASE WHEN jsonb_typeof(value) = 'number' THEN pawl_notify.compare((value #>> '{}')::numeric, wanted) END
		WHEN 'anything-but' THEN CASE jsonb_typeof(wanted)
			WHEN 'object' THEN NOT pawl_notify.matches_value(wanted, value)
			WHEN 'array' THEN NOT wanted @> jsonb_build_array(value)
			ELSE value <> wanted END
	END, false);
END $$;

-- name: matches
-- Whether a message fulfils a filter policy: all keys, of each any rule.
CREATE FUNCTION pawl_notify.matches(policy jsonb, given jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	k text;
	rules jsonb;
	value jsonb;
BEGIN
	FOR k, rules IN SELECT * FROM jsonb_each(policy) LOOP
		value := CASE WHEN jsonb_typeof(given) = 'object' THEN given -> k END;
		IF k = '$or' AND jsonb_typeof(rules) = 'array' THEN
			IF NOT EXISTS (SELECT FROM jsonb_array_elements(rules) r WHERE pawl_notify.matches(r, given)) THEN
				RETURN false;
			END IF;
		ELSIF jsonb_typeof(rules) = 'object' THEN
			IF NOT EXISTS (SELECT FROM jsonb_array_elements(
					CASE jsonb_typeof(value) WHEN 'array' THEN value WHEN 'object' THEN jsonb_build_array(value) ELSE '[{}]' END) v
				WHERE pawl_notify.matches(rules, v)) THEN
				RETURN false;
			END IF;
		ELSIF NOT EXISTS (SELECT FROM jsonb_array_elements(rules) r
			CROSS JOIN (SELECT NULL::jsonb AS v WHERE value IS NULL OR value = '[]'
				UNION ALL SELECT e.v FROM jsonb_array_elements(
					CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE jsonb_build_array(value) END) AS e (v) WHERE value IS NOT NULL) x
			WHERE pawl_notify.matches_value(r, x.v)) THEN
			RETURN false;
		END IF;
	END LOOP;
	RETURN true;
END $$;

-- name: attribute_values
-- Message attributes as the object that a filter policy is about.
CREATE FUNCTION pawl_notify.attribute_values(attributes jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(jsonb_object_agg(a.key, CASE
		WHEN a.value ->> 'DataType' LIKE 'Binary%' THEN 'null'
		WHEN a.value ->> 'DataType' = 'String.Array' THEN coalesce(pawl_notify.parse(a.value ->> 'StringValue'), a.value -> 'StringValue')
		WHEN a.value ->> 'DataType' LIKE 'Number%' THEN coalesce(pawl_notify.parse(a.value ->> 'StringValue'), a.value -> 'StringValue')
		ELSE a.value -> 'StringValue' END), '{}')
	FROM jsonb_each(attributes) a;
$$;

-- name: wants
CREATE FUNCTION pawl_notify.wants(s pawl_notify.subscription, m pawl_notify.message) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN s.policy IS NULL THEN true
		WHEN s.of_body THEN (SELECT coalesce(jsonb_typeof(b.body) = 'object' AND pawl_notify.matches(s.policy, b.body), false)
			FROM (SELECT pawl_notify.parse(coalesce(m.bodies ->> s.protocol, m.bodies ->> 'default'))) AS b (body))
		ELSE pawl_notify.matches(s.policy, pawl_notify.attribute_values(m.attributes)) END;
$$;

-- name: text_of
-- What a subscription gets: the envelope, or the message itself.
CREATE FUNCTION pawl_notify.text_of(s pawl_notify.subscription, m pawl_notify.message) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
	body CONSTANT text := coalesce(m.bodies ->> s.protocol, m.bodies ->> 'default');
	here pawl_notify.here;
	topic text;
BEGIN
	IF s.raw AND m.kind = 'Notification' THEN
		RETURN body;
	END IF;
	SELECT * INTO here FROM pawl_notify.here;
	SELECT here.arn || t.name INTO topic FROM pawl_notify.topic t WHERE t.topic_id = m.topic_id;
	RETURN json_strip_nulls(json_build_object('Type', m.kind, 'MessageId', m.message_id,
		'Token', CASE WHEN m.kind <> 'Notification' THEN s.confirm_token END,
		'SequenceNumber', CASE WHEN m.group_id IS NOT NULL THEN lpad(m.number::text, 20, '0') END,
		'TopicArn', topic, 'Subject', m.subject, 'Message', body,
		'SubscribeURL', CASE WHEN m.kind <> 'Notification' THEN here.url || '/notify/subscribe?token=' || s.confirm_token END,
		'Timestamp', to_char(m.published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
		'SignatureVersion', '1', 'Signature', '', 'SigningCertURL', '',
		'UnsubscribeURL', CASE WHEN m.kind = 'Notification' THEN here.url || '/notify/unsubscribe?token=' || s.leave_token END,
		'MessageAttributes', (SELECT json_object_agg(a.key, json_build_object('Type', a.value ->> 'DataType',
			'Value', coalesce(a.value ->> 'StringValue', a.value ->> 'BinaryValue'))) FROM jsonb_each(m.attributes) a)));
END $$;

-- name: queue_entry
-- A message as pawl_queue.send_entries takes it.
CREATE FUNCTION pawl_notify.queue_entry(s pawl_notify.subscription, m pawl_notify.message, queue_name text, more jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
	body CONSTANT text := pawl_notify.text_of(s, m);
	attributes CONSTANT jsonb := nullif(coalesce(CASE WHEN s.raw THEN m.attributes END, '{}') || more, '{}');
	fifo CONSTANT boolean := right(queue_name, 5) = '.fifo';
BEGIN
	RETURN jsonb_strip_nulls(jsonb_build_object('body', body, 'attributes', attributes, 'group', coalesce(m.group_id, CASE WHEN fifo THEN '-' END),
		'dedup', CASE WHEN fifo THEN coalesce(m.deduplication_id, m.message_id::text) END,
		'size', octet_length(body) + coalesce((SELECT sum(octet_length(a.key) + octet_length(a.value ->> 'DataType')
			+ coalesce(octet_length(a.value ->> 'StringValue'), octet_length(a.value ->> 'BinaryValue') * 3 / 4))
			FROM jsonb_each(attributes) a), 0)));
END $$;

-- name: send_to
-- Sends entries to a queue; what is in the way of each, in order.
CREATE FUNCTION pawl_notify.send_to(queue_name text, entries jsonb) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
	problems text[];
BEGIN
	IF to_regnamespace('pawl_queue') IS NOT NULL THEN
		problems := ARRAY(SELECT CASE WHEN p.problem = 'size' THEN 'The message is longer than the queue ' || queue_name || ' allows.'
			WHEN p.problem IS NOT NULL THEN 'The queue ' || queue_name || ' does not take the message (' || p.problem || ').' END
			FROM pawl_queue.send_entries(queue_name, entries) p ORDER BY p.entry);
	END IF;
	IF coalesce(cardinality(problems), 0) = 0 THEN
		problems := array_fill('There is no queue ' || queue_name || '.', ARRAY[jsonb_array_length(entries)]);
	END IF;
	RETURN problems;
END $$;

-- name: bury
-- Moves a message that cannot be delivered to the dead-letter queue of its subscription. The queue, or NULL: it is lost.
CREATE FUNCTION pawl_notify.bury(s pawl_notify.subscription, m pawl_notify.message, problem text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	IF s.dead_letter_queue IS NULL OR m.kind <> 'Notification' THEN
		RETURN NULL;
	END IF;
	RETURN CASE WHEN (pawl_notify.send_to(s.dead_letter_queue, jsonb_build_array(pawl_notify.queue_entry(s, m, s.dead_letter_queue,
		jsonb_build_object('ErrorMessage', jsonb_build_object('DataType', 'String', 'StringValue', left(problem, 300)))))))[1] IS NULL
		THEN s.dead_letter_queue END;
END $$;

-- name: lock_topic
-- One after another publish to a FIFO topic and end its deliveries, from here to the end of the transaction.
CREATE FUNCTION pawl_notify.lock_topic(of_topic integer) RETURNS void
LANGUAGE sql AS $$ SELECT pg_advisory_xact_lock(1885435762, of_topic) $$;

-- name: to_queue
-- Sends messages to the queue of a subscription; the queues that got something. What the queue does not take is a dead letter.
CREATE FUNCTION pawl_notify.to_queue(s pawl_notify.subscription, messages pawl_notify.message[]) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
	queue_name CONSTANT text := split_part(s.endpoint, ':', 6);
	problems CONSTANT text[] := pawl_notify.send_to(queue_name, (SELECT jsonb_agg(pawl_notify.queue_entry(s, m, queue_name, '{}') ORDER BY m.number)
		FROM unnest(messages) m));
	woken text[] := CASE WHEN array_position(problems, NULL) IS NOT NULL THEN ARRAY[queue_name] END;
	dead text;
BEGIN
	FOR n IN 1 .. cardinality(messages) LOOP
		CONTINUE WHEN problems[n] IS NULL;
		dead := pawl_notify.bury(s, messages[n], problems[n]);
		woken := woken || dead;
		INSERT INTO pawl_notify.delivery (subscription_id, message_id, tries, finished_at, outcome, error)
		VALUES (s.subscription_id, messages[n].message_id, 1, now(), CASE WHEN dead IS NULL THEN 'lost' ELSE 'dead letter' END, problems[n]);
	END LOOP;
	RETURN array_remove(woken, NULL);
END $$;

-- name: fan_out
-- Hands messages of a topic, in the order of their numbers, to its subscriptions. queues: those that got something; deliveries: how many are to be made.
CREATE FUNCTION pawl_notify.fan_out(of_topic integer, messages pawl_notify.message[], OUT queues text[], OUT deliveries integer)
LANGUAGE plpgsql AS $$
DECLARE
	s pawl_notify.subscription;
	wanted pawl_notify.message[];
	added integer;
BEGIN
	queues := '{}';
	deliveries := 0;
	-- in the order of endpoints, so that two of these lock queues in the same order
	FOR s IN SELECT * FROM pawl_notify.subscription x WHERE x.topic_id = of_topic AND x.confirmed_at IS NOT NULL ORDER BY x.endpoint LOOP
		wanted := ARRAY(SELECT m FROM unnest(messages) m WHERE pawl_notify.wants(s, m) ORDER BY m.number);
		CONTINUE WHEN cardinality(wanted) = 0;
		IF s.protocol = 'sqs' THEN
			queues := queues || pawl_notify.to_queue(s, wanted);
			CONTINUE;
		END IF;
		INSERT INTO pawl_notify.delivery (subscription_id, message_id, group_id, due_at)
		SELECT s.subscription_id, m.message_id, f.group_id, CASE WHEN f.group_id IS NOT NULL AND (
				EXISTS (SELECT FROM pawl_notify.delivery d WHERE d.finished_at IS NULL AND d.group_id = f.group_id AND d.subscription_id = s.subscription_id)
				OR EXISTS (SELECT FROM unnest(wanted) w WHERE w.group_id = f.group_id AND w.number < m.number))
			THEN 'infinity' ELSE now() END
		FROM unnest(wanted) m CROSS JOIN LATERAL (SELECT m.group_id FROM pawl_notify.topic t WHERE t.topic_id = of_topic AND t.fifo
			UNION ALL SELECT NULL FROM pawl_notify.topic t WHERE t.topic_id = of_topic AND NOT t.fifo) f
		ORDER BY m.number;
		GET DIAGNOSTICS added = ROW_COUNT;
		deliveries := deliveries + added;
	END LOOP;
	INSERT INTO pawl_notify.message SELECT m.* FROM unnest(messages) m
	WHERE EXISTS (SELECT FROM pawl_notify.delivery d WHERE d.message_id = m.message_id);
	IF deliveries > 0 THEN
		PERFORM pg_notify('pawl_notify', '');
	END IF;
END $$;

-- name: publish_entries
-- Publishes messages: an array of objects with bodies, and perhaps subject, attributes, group, dedup. One row for each, in
-- order; problem: deduplication (no id, and none can be made) or NULL. woken, in the first row: queues that got something,
-- whose receivers are still to be told. No rows: there is no such topic.
CREATE FUNCTION pawl_notify.publish_entries(topic_name text, entries jsonb)
RETURNS TABLE (entry integer, message_id uuid, sequence_number text, problem text, woken text[], deliveries integer)
LANGUAGE plpgsql AS $$
DECLARE
	t pawl_notify.topic;
	e record;
	m pawl_notify.message;
	earlier pawl_notify.deduplication;
	fresh pawl_notify.message[] := '{}';
	rows jsonb := '[]';
	told record;
BEGIN
	SELECT * INTO t FROM pawl_notify.topic x WHERE x.name = topic_name FOR KEY SHARE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF t.fifo THEN
		PERFORM pawl_notify.lock_topic(t.topic_id);
	END IF;
	FOR e IN SELECT x.n::integer AS n, x.v FROM jsonb_array_elements(entries) WITH ORDINALITY AS x (v, n) ORDER BY x.n LOOP
		m := ROW(gen_random_uuid(), nextval('pawl_notify.number_seq'), t.topic_id, 'Notification', e.v ->> 'subject', e.v -> 'bodies',
			e.v -> 'attributes', e.v ->> 'group', e.v ->> 'dedup', now());
		IF t.fifo THEN
			m.deduplication_id := coalesce(m.deduplication_id, CASE WHEN t.content_deduplication
				THEN encode(sha256(convert_to(m.bodies ->> 'default', 'UTF8')), 'hex') END);
			IF m.deduplication_id IS NULL THEN
				rows := rows || jsonb_build_object('n', e.n, 'problem', 'deduplication');
				CONTINUE;
			END IF;
			SELECT * INTO earlier FROM pawl_notify.deduplication d
			WHERE d.topic_id = t.topic_id AND d.deduplication_id = m.deduplication_id AND d.published_at > now() - interval '5 minutes';
			IF FOUND THEN
				rows := rows || jsonb_build_object('n', e.n, 'id', earlier.message_id, 'number', lpad(earlier.number::text, 20, '0'));
				CONTINUE;
			END IF;
			INSERT INTO pawl_notify.deduplication AS d VALUES (t.topic_id, m.deduplication_id, now(), m.message_id, m.number)
			ON CONFLICT ON CONSTRAINT deduplication_pkey DO UPDATE
			SET published_at = excluded.published_at, message_id = excluded.message_id, number = excluded.number;
		END IF;
		fresh := fresh || m;
		rows := rows || jsonb_build_object('n', e.n, 'id', m.message_id, 'number', CASE WHEN t.fifo THEN lpad(m.number::text, 20, '0') END);
	END LOOP;
	SELECT * INTO told FROM pawl_notify.fan_out(t.topic_id, fresh);
	RETURN QUERY SELECT (x ->> 'n')::integer, (x ->> 'id')::uuid, x ->> 'number', x ->> 'problem', told.queues, told.deliveries
	FROM jsonb_array_elements(rows) WITH ORDINALITY AS r (x, n) ORDER BY r.n;
END $$;

-- name: publish
-- For people and applications: publishes in the transaction that calls it.
CREATE FUNCTION pawl_notify.publish(topic_name text, message text, subject text DEFAULT NULL, attributes jsonb DEFAULT NULL,
	group_id text DEFAULT NULL, deduplication_id text DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	told record;
BEGIN
	IF coalesce(message, '') = '' THEN
		RAISE EXCEPTION 'a message needs a text';
	ELSIF octet_length(message) > 262144 THEN
		RAISE EXCEPTION 'the message is longer than 256 KiB';
	ELSIF right(topic_name, 5) = '.fifo' AND coalesce(group_id, '') = '' THEN
		RAISE EXCEPTION 'a message for the FIFO topic % needs a group_id', topic_name;
	END IF;
	SELECT * INTO told FROM pawl_notify.publish_entries(topic_name, jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
		'bodies', jsonb_build_object('default', message), 'subject', subject, 'group', group_id, 'dedup', deduplication_id,
		'attributes', (SELECT jsonb_object_agg(a.key, CASE jsonb_typeof(a.value)
			WHEN 'number' THEN jsonb_build_object('DataType', 'Number', 'StringValue', a.value #>> '{}')
			WHEN 'array' THEN jsonb_build_object('DataType', 'String.Array', 'StringValue', a.value #>> '{}')
			ELSE jsonb_build_object('DataType', 'String', 'StringValue', a.value #>> '{}') END) FROM jsonb_each(attributes) a)))));
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no topic %', topic_name;
	ELSIF told.problem IS NOT NULL THEN
		RAISE EXCEPTION 'a message for the FIFO topic % needs a deduplication_id', topic_name;
	END IF;
	PERFORM pg_notify('pawl_queue', '- 0 1 ' || q) FROM (SELECT DISTINCT unnest(told.woken)) AS w (q);
	RETURN told.message_id;
END $$;

-- name: publish_comment
COMMENT ON FUNCTION pawl_notify.publish IS 'Publishes a message if and only if the calling transaction commits; returns its message id. attributes: an object of texts, numbers and arrays.';

-- name: ask
-- Makes the delivery that asks to confirm a subscription.
CREATE FUNCTION pawl_notify.ask(s pawl_notify.subscription) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	id CONSTANT uuid := gen_random_uuid();
BEGIN
	INSERT INTO pawl_notify.message (message_id, number, topic_id, kind, bodies)
	SELECT id, nextval('pawl_notify.number_seq'), s.topic_id, 'SubscriptionConfirmation', jsonb_build_object('default',
		'You have chosen to subscribe to the topic ' || h.arn || t.name || E'.\nTo confirm the subscription, visit the SubscribeURL included in this message.')
	FROM pawl_notify.here h, pawl_notify.topic t WHERE t.topic_id = s.topic_id;
	INSERT INTO pawl_notify.delivery (subscription_id, message_id) VALUES (s.subscription_id, id);
	PERFORM pg_notify('pawl_notify', '');
END $$;

-- name: subscribe
-- Subscribes; the row of the subscription, or of the one that there was before. problem: attributes (it has others), fifo (a
-- standard topic and a FIFO queue). No rows: there is no such topic.
CREATE FUNCTION pawl_notify.subscribe(topic_name text, of_protocol text, at text, given jsonb, confirmed boolean)
RETURNS TABLE (subscription_id uuid, pending boolean, problem text)
LANGUAGE plpgsql AS $$
DECLARE
	t pawl_notify.topic;
	s pawl_notify.subscription;
BEGIN
	SELECT * INTO t FROM pawl_notify.topic x WHERE x.name = topic_name FOR UPDATE;
	IF NOT FOUND THEN
		RETURN;
	ELSIF NOT t.fifo AND of_protocol = 'sqs' AND right(at, 5) = '.fifo' THEN
		RETURN QUERY SELECT NULL::uuid, false, 'fifo';
		RETURN;
	END IF;
	SELECT * INTO s FROM pawl_notify.subscription x WHERE x.topic_id = t.topic_id AND x.protocol = of_protocol AND x.endpoint = at;
	IF NOT FOUND THEN
		INSERT INTO pawl_notify.subscription (topic_id, protocol, endpoint, attributes, confirmed_at)
		VALUES (t.topic_id, of_protocol, at, given, CASE WHEN confirmed THEN now() END) RETURNING * INTO s;
	ELSIF NOT s.attributes @> given THEN
		RETURN QUERY SELECT s.subscription_id, false, 'attributes';
		RETURN;
	END IF;
	IF s.confirmed_at IS NULL THEN
		PERFORM pawl_notify.ask(s);
	END IF;
	RETURN QUERY SELECT s.subscription_id, s.confirmed_at IS NULL, NULL::text;
END $$;

-- name: take
-- Takes up to n deliveries that are due, but none of subscriptions that are busy, for lease seconds.
CREATE FUNCTION pawl_notify.take(n integer, lease double precision, busy uuid[])
RETURNS TABLE (seq bigint, tries integer, subscription_id uuid, protocol text, endpoint text, kind text, message_id uuid, topic text,
	subject text, body text, envelope text, raw boolean, policy text, confirm_url text, leave_url text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
BEGIN
	RETURN QUERY
	WITH due AS (
		SELECT d.seq FROM pawl_notify.delivery d
		WHERE d.finished_at IS NULL AND d.due_at <= now() AND NOT d.subscription_id = ANY (busy)
		ORDER BY d.due_at, d.seq LIMIT n FOR UPDATE SKIP LOCKED
	), taken AS (
		UPDATE pawl_notify.delivery d SET tries = d.tries + 1, due_at = now() + make_interval(secs => lease)
		FROM due WHERE d.seq = due.seq RETURNING d.*
	)
	SELECT k.seq, k.tries, k.subscription_id, s.protocol, s.endpoint, m.kind, m.message_id, here.arn || t.name, m.subject,
		coalesce(m.bodies ->> s.protocol, m.bodies ->> 'default'), pawl_notify.text_of(s, m), s.raw, s.attributes ->> 'DeliveryPolicy',
		here.url || '/notify/confirm?token=' || s.confirm_token, here.url || '/notify/unsubscribe?token=' || s.leave_token
	FROM taken k JOIN pawl_notify.subscription s USING (subscription_id) JOIN pawl_notify.message m USING (message_id)
		JOIN pawl_notify.topic t ON t.topic_id = m.topic_id, pawl_notify.here ORDER BY k.seq;
END $$;

-- name: next_due
-- In how many milliseconds something is due, of subscriptions that are not busy; NULL: nothing.
CREATE FUNCTION pawl_notify.next_due(busy uuid[]) RETURNS bigint
LANGUAGE sql SET enable_seqscan = off AS $$
	SELECT ceil(extract(epoch FROM d.due_at - now()) * 1000)::bigint FROM pawl_notify.delivery d
	WHERE d.finished_at IS NULL AND d.due_at < 'infinity' AND NOT d.subscription_id = ANY (busy) ORDER BY d.due_at, d.seq LIMIT 1;
$$;

-- name: finish
-- Ends a delivery that was taken for the try_number-th time; problem NULL: it arrived. The queue that got it as a dead letter, if one did.
CREATE FUNCTION pawl_notify.finish(of_seq bigint, try_number integer, problem text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	d pawl_notify.delivery;
	s pawl_notify.subscription;
	m pawl_notify.message;
	dead text;
BEGIN
	SELECT * INTO d FROM pawl_notify.delivery x WHERE x.seq = of_seq;
	SELECT * INTO s FROM pawl_notify.subscription x WHERE x.subscription_id = d.subscription_id;
	IF d.group_id IS NOT NULL THEN
		PERFORM pawl_notify.lock_topic(s.topic_id);
	END IF;
	SELECT * INTO d FROM pawl_notify.delivery x WHERE x.seq = of_seq AND x.tries = try_number AND x.finished_at IS NULL FOR UPDATE;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	IF problem IS NOT NULL THEN
		SELECT * INTO m FROM pawl_notify.message x WHERE x.message_id = d.message_id;
		dead := pawl_notify.bury(s, m, problem);
	END IF;
	UPDATE pawl_notify.delivery x SET finished_at = now(), error = problem,
		outcome = CASE WHEN problem IS NULL THEN 'delivered' WHEN dead IS NULL THEN 'lost' ELSE 'dead letter' END
	WHERE x.seq = of_seq;
	IF d.group_id IS NOT NULL THEN
		UPDATE pawl_notify.delivery x SET due_at = now() WHERE x.seq = (SELECT min(y.seq) FROM pawl_notify.delivery y
			WHERE y.finished_at IS NULL AND y.group_id = d.group_id AND y.subscription_id = d.subscription_id);
	END IF;
	RETURN dead;
END $$;

-- name: sweep
-- Deletes what was over keep seconds ago, up to batch of each, and old deduplication ids and subscriptions that nobody confirmed for three days. How many; -1: somebody else is at it.
CREATE FUNCTION pawl_notify.sweep(keep double precision, batch integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	before CONSTANT timestamptz := now() - make_interval(secs => keep);
	swept bigint;
	total bigint := 0;
BEGIN
	IF NOT pg_try_advisory_xact_lock(1885435762, 0) THEN
		RETURN -1;
	END IF;
	DELETE FROM pawl_notify.delivery d WHERE d.seq IN (SELECT x.seq FROM pawl_notify.delivery x
		WHERE x.finished_at IS NOT NULL AND x.finished_at <= before ORDER BY x.finished_at LIMIT batch);
	GET DIAGNOSTICS total = ROW_COUNT;
	DELETE FROM pawl_notify.message m WHERE m.message_id IN (SELECT x.message_id FROM pawl_notify.message x
		WHERE x.published_at <= before AND NOT EXISTS (SELECT FROM pawl_notify.delivery d WHERE d.message_id = x.message_id)
		ORDER BY x.published_at LIMIT batch);
	GET DIAGNOSTICS swept = ROW_COUNT;
	total := total + swept;
	DELETE FROM pawl_notify.deduplication d WHERE (d.topic_id, d.deduplication_id) IN (
		SELECT o.topic_id, o.deduplication_id FROM pawl_notify.deduplication o
		WHERE o.published_at <= now() - interval '5 minutes' ORDER BY o.published_at LIMIT batch FOR UPDATE SKIP LOCKED);
	DELETE FROM pawl_notify.subscription s WHERE s.confirmed_at IS NULL AND s.created_at <= now() - interval '3 days';
	RETURN total;
END $$;

-- name: delivery_summary
CREATE VIEW pawl_notify.delivery_summary AS
SELECT t.name AS topic, s.protocol, s.endpoint, s.confirmed_at IS NOT NULL AS confirmed,
	count(d.seq) FILTER (WHERE d.finished_at IS NULL) AS waiting, count(d.seq) FILTER (WHERE d.outcome = 'delivered') AS delivered,
	count(d.seq) FILTER (WHERE d.outcome IN ('dead letter', 'lost')) AS failed, max(d.error) FILTER (WHERE d.finished_at IS NULL) AS an_error
FROM pawl_notify.subscription s JOIN pawl_notify.topic t USING (topic_id) LEFT JOIN pawl_notify.delivery d USING (subscription_id)
GROUP BY t.name, s.subscription_id;

-- name: delivery_summary_comment
COMMENT ON VIEW pawl_notify.delivery_summary IS 'For people: what is on its way to each subscription, and what became of it as far as it is kept. What goes to queues is not counted, unless it failed.';
