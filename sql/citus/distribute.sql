-- Distributes the tables of pawl by shard over the workers of a Citus cluster. Once, on the coordinator, when a pawld has made the
-- schema there and none runs:
--
--	psql -1 -v ON_ERROR_STOP=1 -v shards=8 -d DATABASE -f distribute.sql
--
-- shards is how many parts the tables get: not less than there will be workers, and not many more, as a batch of a node
-- costs for every part that it touches.
--
-- pawld sees at its start that pawl.named_execution exists, and uses the statements of queries.sql beside this file. docs/scaling.md
-- says which table is what, and why. The schema needs PostgreSQL 15 or newer and Citus 12 or newer.

\if :{?shards}
\else
	\set shards 8
\endif
SET LOCAL citus.multi_shard_modify_mode TO 'sequential';
SET LOCAL client_min_messages TO warning;

-- The one unique key without the shard: a table of its own, distributed by the name, takes its place.
CREATE TABLE pawl.named_execution (
	machine_id uuid NOT NULL,
	execution_id uuid NOT NULL,
	shard smallint NOT NULL,
	name text COLLATE "C" NOT NULL,
	PRIMARY KEY (machine_id, name)
);
COMMENT ON TABLE pawl.named_execution IS 'Where the execution of a name is. It is here when the tables are distributed; else the constraint execution_name knows.';
COMMENT ON COLUMN pawl.named_execution.machine_id IS 'pawl.machine.id.';
COMMENT ON COLUMN pawl.named_execution.execution_id IS 'pawl.execution.id.';
COMMENT ON COLUMN pawl.named_execution.shard IS 'As in its execution.';
COMMENT ON COLUMN pawl.named_execution.name IS 'Unique within its machine.';
INSERT INTO pawl.named_execution (machine_id, execution_id, shard, name)
SELECT e.machine_id, e.id, e.shard, e.name FROM pawl.execution AS e;
ALTER TABLE pawl.execution DROP CONSTRAINT execution_name;

-- Citus lets no statement read the shards in parallel and then write to a table that a foreign key points to (machine_sweep).
-- The catalogue's statements keep the two together by themselves.
ALTER TABLE pawl.machine_revision DROP CONSTRAINT machine_revision_machine_id_fkey;

-- The catalogue: whole on every worker, because executions are joined with it.
SELECT create_reference_table('pawl.machine');
SELECT create_reference_table('pawl.machine_revision');
SELECT create_reference_table('pawl.tag');
SELECT create_reference_table('pawl.activity');

-- By shard: all that belongs to an execution is in one place.
SELECT create_distributed_table('pawl.execution', 'shard', colocate_with := 'none', shard_count := :shards);
SELECT create_distributed_table('pawl.journal', 'shard', colocate_with := 'pawl.execution');
SELECT create_distributed_table('pawl.open_execution', 'shard', colocate_with := 'pawl.execution');
SELECT create_distributed_table('pawl.signal', 'shard', colocate_with := 'pawl.execution');
SELECT create_distributed_table('pawl.expired_execution', 'shard', colocate_with := 'pawl.execution');
SELECT create_distributed_table('pawl.named_execution', 'name', colocate_with := 'none', shard_count := :shards);

-- Called where the rows are.
SELECT create_distributed_function('pawl.readable(text)');
SELECT create_distributed_function('pawl.retention_ms(text)');

-- Local, on the coordinator: node, shard, secret, setting, schema_version, start_request, effect, plugin_schema, the tables of
-- plugins, the sequence node_number, advisory locks and notifications.

-- The functions of 0006_client that look for a name, or ask several questions in one statement.

CREATE OR REPLACE FUNCTION pawl.is_same_start(of_machine uuid, of_name text, with_input text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
	place record;
	same boolean;
BEGIN
	SELECT n.shard, n.execution_id INTO place FROM pawl.named_execution AS n
	WHERE n.machine_id = of_machine AND n.name = of_name;
	IF FOUND THEN
		SELECT e.status = 'RUNNING' AND e.input = with_input INTO same FROM pawl.execution AS e
		WHERE e.shard = place.shard AND e.id = place.execution_id;
	ELSE
		SELECT r.input = with_input INTO same FROM pawl.start_request AS r
		WHERE r.machine_id = of_machine AND r.name = of_name;
	END IF;
	RETURN same;
END
$$;

CREATE OR REPLACE FUNCTION pawl.start_requested() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pawl, pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM pawl.start_request AS r WHERE r.execution_id = NEW.execution_id;
	INSERT INTO pawl.named_execution (machine_id, execution_id, shard, name)
	VALUES (NEW.machine_id, NEW.execution_id, NEW.shard, NEW.name)
	ON CONFLICT (machine_id, name) DO NOTHING;
	IF FOUND THEN
		INSERT INTO pawl.execution (id, machine_id, revision, start_ms, shard, status, name, input)
		VALUES (NEW.execution_id, NEW.machine_id, NEW.revision, NEW.start_ms, NEW.shard, 'RUNNING', NEW.name, NEW.input);
		PERFORM pawl.open_started(NEW.shard, NEW.execution_id, NEW.machine_id);
	ELSIF pawl.is_same_start(NEW.machine_id, NEW.name, NEW.input) IS NOT TRUE THEN
		PERFORM pawl.refuse_name((SELECT m.name FROM pawl.machine AS m WHERE m.id = NEW.machine_id), NEW.name);
	END IF;
	RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION pawl.stop_execution(execution_arn text, error text DEFAULT NULL, cause text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pawl, pg_catalog, pg_temp AS $$
DECLARE
	part text[] := regexp_match(execution_arn, '^arn:[^:]*:states:[^:]*:[^:]*:execution:([^:/]+):([^:]+)$');
	place record;
	its_status text;
BEGIN
	PERFORM pawl.check_length('error', error, 0, 256);
	PERFORM pawl.check_length('cause', cause, 0, 32768);
	IF part IS NULL THEN
		PERFORM pawl.refuse('InvalidArn', format('Invalid Arn: ''Invalid ARN: %s''', execution_arn));
	END IF;
	SELECT n.shard, n.execution_id INTO place
	FROM pawl.named_execution AS n JOIN pawl.machine AS m ON m.id = n.machine_id
	WHERE n.name = part[2] AND m.name = part[1]
	ORDER BY m.created_ms DESC, m.id DESC LIMIT 1;
	IF NOT FOUND OR execution_arn <> pawl.arn('execution:' || part[1] || ':' || part[2]) THEN
		PERFORM pawl.refuse('ExecutionDoesNotExist', format('Execution Does Not Exist: ''%s''', execution_arn));
	END IF;
	SELECT e.status INTO its_status FROM pawl.execution AS e WHERE e.shard = place.shard AND e.id = place.execution_id;
	IF its_status = 'RUNNING' THEN
		INSERT INTO pawl.signal AS s (shard, execution_id, task_id, kind, error, cause, created_ms)
		VALUES (place.shard, place.execution_id, 0, 'STOP', error, cause, pawl.now_ms())
		ON CONFLICT DO NOTHING;
		PERFORM pawl.tell_node('signal', place.shard, place.execution_id);
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION pawl.task_is_open(of_shard smallint, of_execution uuid, of_task bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
	first bigint := pawl.journal_seq(of_shard, of_execution, of_task);
	answer boolean;
BEGIN
	WITH RECURSIVE event AS MATERIALIZED (
		SELECT j.first_event_id + e.nth - 1 AS id, (e.event ->> 1)::bigint AS previous, e.event ->> 0 AS type
		FROM pawl.journal AS j
		CROSS JOIN LATERAL json_array_elements(pawl.readable(j.record) -> 'e') WITH ORDINALITY AS e (event, nth)
		WHERE j.shard = of_shard AND j.execution_id = of_execution AND j.event_count > 0 AND j.seq >= first
	), attempt AS (
		SELECT event.id, event.type FROM event
		WHERE event.id = of_task AND event.type IN ('TaskScheduled', 'ActivityScheduled')
		UNION ALL
		SELECT n.id, n.type FROM attempt AS a JOIN event AS n ON n.previous = a.id
		WHERE a.type IN ('TaskScheduled', 'TaskStarted', 'TaskSubmitted', 'ActivityScheduled', 'ActivityStarted')
	)
	SELECT count(*) > 0 AND bool_and(attempt.type IN ('TaskScheduled', 'TaskStarted', 'TaskSubmitted',
		'ActivityScheduled', 'ActivityStarted')) INTO answer
	FROM attempt;
	RETURN answer;
END
$$;

CREATE OR REPLACE FUNCTION pawl.signal_task(task_token text, of_kind text, has_failed boolean, with_output text, with_error text,
	with_cause text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	t record := pawl.read_token(task_token);
	added bigint;
	its_status text;
	is_open boolean;
BEGIN
	INSERT INTO pawl.signal (shard, execution_id, task_id, kind, failed, output, error, cause, created_ms)
	VALUES (t.shard, t.execution_id, t.task_id, of_kind, has_failed, with_output, with_error, with_cause, pawl.now_ms())
	ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS added = ROW_COUNT;
	SELECT e.status INTO its_status FROM pawl.execution AS e WHERE e.shard = t.shard AND e.id = t.execution_id;
	IF NOT FOUND THEN
		PERFORM pawl.refuse('TaskDoesNotExist', 'Task does not exist');
	END IF;
	is_open := pawl.task_is_open(t.shard, t.execution_id, t.task_id);
	IF (added = 0 AND of_kind = 'ANSWER') OR NOT is_open OR its_status <> 'RUNNING' THEN
		PERFORM pawl.refuse('TaskTimedOut', 'Task Timed Out: ''Provided task does not exist anymore''');
	END IF;
	PERFORM pawl.tell_node('signal', t.shard, t.execution_id);
END
$$;

-- A parent is shown where it is in the shard of its child, as it is when it waits for it.
CREATE OR REPLACE VIEW pawl.execution_summary AS
SELECT m.name AS machine,
	e.name,
	e.status,
	to_timestamp(e.start_ms / 1000.0) AS started,
	to_timestamp(e.stop_ms / 1000.0) AS stopped,
	make_interval(secs => (coalesce(e.stop_ms, extract(epoch FROM now()) * 1000) - e.start_ms) / 1000.0) AS took,
	e.error,
	e.cause,
	o.wake_at IS NOT NULL AS asleep,
	CASE WHEN o.wake_at < 9223372036854775807 THEN to_timestamp(o.wake_at / 1000.0) END AS wakes,
	(SELECT j.first_event_id + j.event_count - 1
		FROM pawl.journal j
		WHERE j.shard = e.shard AND j.execution_id = e.id
		ORDER BY j.seq DESC LIMIT 1) AS events,
	e.redrive_count,
	e.input,
	e.output,
	e.id,
	e.shard,
	pm.name AS parent_machine,
	p.name AS parent
FROM pawl.execution e
JOIN pawl.machine m ON m.id = e.machine_id
LEFT JOIN pawl.open_execution o ON o.shard = e.shard AND o.execution_id = e.id
LEFT JOIN pawl.execution p ON p.shard = e.shard AND p.id = e.parent_id
LEFT JOIN pawl.machine pm ON pm.id = p.machine_id;
