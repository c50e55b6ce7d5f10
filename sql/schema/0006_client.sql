-- What applications ask for inside their own transactions: executions are started, stopped and signalled by SQL
-- functions, and all of it holds if and only if the caller commits.
--
-- An execution that is started here is a row of pawl.execution and one of pawl.open_execution without a journal: the
-- node that owns the shard makes its first move. These rows are written as the last act of the caller's transaction:
-- a name that is not committed yet makes everybody wait who starts one of that name, and a node must not wait
-- for people. What is said to a running execution waits in pawl.signal. A notification of the channel pawl_client,
-- "start:SHARD:EXECUTION_ID" or "signal:SHARD:EXECUTION_ID", tells the node; after a crash it finds both by itself.

CREATE TABLE pawl.setting (
	name text PRIMARY KEY,
	value text NOT NULL
);
COMMENT ON TABLE pawl.setting IS 'Options of pawld that the functions here need; written at its start.';
COMMENT ON COLUMN pawl.setting.name IS 'As in pawl.conf: region, account_id, limits.';
COMMENT ON COLUMN pawl.setting.value IS 'Its value.';

CREATE TABLE pawl.start_request (
	execution_id uuid PRIMARY KEY,
	machine_id uuid NOT NULL,
	revision bigint NOT NULL,
	start_ms bigint NOT NULL,
	shard smallint NOT NULL,
	name text COLLATE "C" NOT NULL,
	input text NOT NULL,
	CONSTRAINT start_request_name UNIQUE (machine_id, name)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE pawl.start_request IS 'Executions that transactions under way will start when they commit; empty for everybody else.';
COMMENT ON COLUMN pawl.start_request.execution_id IS 'pawl.execution.id to be, like what follows.';
COMMENT ON COLUMN pawl.start_request.machine_id IS 'The machine.';
COMMENT ON COLUMN pawl.start_request.revision IS 'Its revision.';
COMMENT ON COLUMN pawl.start_request.start_ms IS 'When it was asked for.';
COMMENT ON COLUMN pawl.start_request.shard IS 'Its slice.';
COMMENT ON COLUMN pawl.start_request.name IS 'Its name.';
COMMENT ON COLUMN pawl.start_request.input IS 'Its input.';

CREATE TABLE pawl.signal (
	execution_id uuid NOT NULL,
	task_id bigint NOT NULL,
	created_ms bigint NOT NULL,
	shard smallint NOT NULL,
	kind text NOT NULL CHECK (kind IN ('ANSWER', 'HEARTBEAT', 'STOP')),
	failed boolean NOT NULL DEFAULT false,
	output text,
	error text,
	cause text,
	PRIMARY KEY (shard, execution_id, task_id, kind)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE pawl.signal IS 'What was said to executions by SQL and has not reached them yet. Its key is why one task has one answer.';
COMMENT ON COLUMN pawl.signal.execution_id IS 'pawl.execution.id.';
COMMENT ON COLUMN pawl.signal.task_id IS 'Event id of the attempt''s ...Scheduled event; 0 for STOP.';
COMMENT ON COLUMN pawl.signal.created_ms IS 'When it was said.';
COMMENT ON COLUMN pawl.signal.shard IS 'As in its execution.';
COMMENT ON COLUMN pawl.signal.kind IS 'ANSWER, HEARTBEAT, STOP.';
COMMENT ON COLUMN pawl.signal.failed IS 'ANSWER: it is a failure.';
COMMENT ON COLUMN pawl.signal.output IS 'ANSWER that is a success: JSON.';
COMMENT ON COLUMN pawl.signal.error IS 'Error name of a failure or a stop, or null.';
COMMENT ON COLUMN pawl.signal.cause IS 'Cause of a failure or a stop, or null.';

CREATE FUNCTION pawl.setting(wanted text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN (SELECT s.value FROM pawl.setting AS s WHERE s.name = wanted);
COMMENT ON FUNCTION pawl.setting(text) IS 'An option of pawld, or null.';

-- Errors carry the names and words of the API: 'NAME: text', and an SQLSTATE of their own for each name.
CREATE FUNCTION pawl.refuse(name text, words text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	names CONSTANT text[] := ARRAY['ExecutionAlreadyExists', 'StateMachineDoesNotExist', 'InvalidName',
		'InvalidExecutionInput', 'InvalidToken', 'TaskDoesNotExist', 'TaskTimedOut', 'InvalidOutput',
		'ExecutionDoesNotExist', 'InvalidArn', 'StateMachineTypeNotSupported', 'StateMachineDeleting',
		'ValidationException'];
BEGIN
	RAISE EXCEPTION '%: %', name, words
		USING ERRCODE = 'PW' || to_char(array_position(names, name), 'FM000');
END
$$;
COMMENT ON FUNCTION pawl.refuse(text, text) IS 'Raises an error of the API: SQLSTATE PW001 and on, in the order of its list.';

CREATE FUNCTION pawl.check_length(path text, value text, low integer, high integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF char_length(value) > high THEN
		PERFORM pawl.refuse('ValidationException', format('1 validation error detected: Value ''%s'' at ''%s'' '
			'failed to satisfy constraint: Member must have length less than or equal to %s', value, path, high));
	ELSIF char_length(value) < low THEN
		PERFORM pawl.refuse('ValidationException', format('1 validation error detected: Value ''%s'' at ''%s'' '
			'failed to satisfy constraint: Member must have length greater than or equal to %s', value, path, low));
	END IF;
END
$$;
COMMENT ON FUNCTION pawl.check_length(text, text, integer, integer) IS 'Refuses a text that is too long or too short; null is neither.';

CREATE FUNCTION pawl.check_json(refusal text, prefix text, value text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	why text;
BEGIN
	IF pawl.setting('limits') = 'aws' AND octet_length(value) > 262144 THEN
		PERFORM pawl.refuse(refusal, format('%s: ''%s''', prefix, 'The text has more than 262144 bytes'));
	END IF;
	BEGIN
		PERFORM value::json;
	EXCEPTION
		WHEN invalid_text_representation OR statement_too_complex THEN
			GET STACKED DIAGNOSTICS why = PG_EXCEPTION_DETAIL;
			PERFORM pawl.refuse(refusal, format('%s: ''%s''', prefix, coalesce(nullif(why, ''), 'It is no JSON')));
	END;
END
$$;
COMMENT ON FUNCTION pawl.check_json(text, text, text) IS 'Refuses a text that is no JSON.';

-- What a task token names, or an error. (core/task/token.h says what a token is; with a secret of 64 letters, the block
-- of SHA-256, HMAC needs nothing but sha256().)
CREATE FUNCTION pawl.read_token(token text, OUT shard smallint, OUT execution_id uuid, OUT task_id bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	secret bytea := (SELECT convert_to(s.value, 'UTF8') FROM pawl.secret AS s WHERE s.name = 'token');
	inner_pad bytea := secret;
	outer_pad bytea := secret;
	plain bytea;
	body bytea;
BEGIN
	IF token IS NULL OR token !~ '^t[A-Za-z0-9_-]{56}$' THEN
		PERFORM pawl.refuse('InvalidToken', 'Invalid Token: ''Invalid token''');
	END IF;
	plain := decode(translate(substr(token, 2), '-_', '+/'), 'base64');
	body := substring(plain FROM 17);
	FOR i IN 0 .. 63 LOOP
		inner_pad := set_byte(inner_pad, i, get_byte(secret, i) # 54);
		outer_pad := set_byte(outer_pad, i, get_byte(secret, i) # 92);
	END LOOP;
	IF substring(plain FOR 16) <> substring(sha256(outer_pad || sha256(inner_pad || body)) FOR 16) THEN
		PERFORM pawl.refuse('InvalidToken', 'Invalid Token: ''Invalid token''');
	END IF;
	shard := get_byte(body, 0) * 256 + get_byte(body, 1);
	execution_id := encode(substring(body FROM 3 FOR 16), 'hex')::uuid;
	task_id := ('x' || encode(substring(body FROM 19 FOR 8), 'hex'))::bit(64)::bigint;
END
$$;
COMMENT ON FUNCTION pawl.read_token(text) IS 'What a task token of ours names.';

-- The answer of an attempt, its time-out and the end of its execution stand in the history. (That another branch's failure
-- took the attempt with it does not: an answer to such a one is taken here, and dropped by the node.)
CREATE FUNCTION pawl.task_is_open(of_shard smallint, of_execution uuid, of_task bigint) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH RECURSIVE event AS MATERIALIZED (
		SELECT j.first_event_id + e.nth - 1 AS id, (e.event ->> 1)::bigint AS previous, e.event ->> 0 AS type
		FROM pawl.journal AS j
		CROSS JOIN LATERAL json_array_elements(pawl.readable(j.record) -> 'e') WITH ORDINALITY AS e (event, nth)
		WHERE j.shard = of_shard AND j.execution_id = of_execution AND j.event_count > 0
		AND j.first_event_id + j.event_count > of_task
	), attempt AS (
		SELECT event.id, event.type FROM event
		WHERE event.id = of_task AND event.type IN ('TaskScheduled', 'ActivityScheduled')
		UNION ALL
		SELECT n.id, n.type FROM attempt AS a JOIN event AS n ON n.previous = a.id
		WHERE a.type IN ('TaskScheduled', 'TaskStarted', 'TaskSubmitted', 'ActivityScheduled', 'ActivityStarted')
	)
	SELECT count(*) > 0 AND bool_and(attempt.type IN ('TaskScheduled', 'TaskStarted', 'TaskSubmitted',
		'ActivityScheduled', 'ActivityStarted'))
	FROM attempt;
END;
COMMENT ON FUNCTION pawl.task_is_open(smallint, uuid, bigint) IS 'Whether an attempt waits for its answer, by the history.';

CREATE FUNCTION pawl.tell_node(what text, of_shard smallint, of_execution uuid) RETURNS void
LANGUAGE sql
RETURN pg_notify('pawl_client', what || ':' || of_shard || ':' || of_execution);
COMMENT ON FUNCTION pawl.tell_node(text, smallint, uuid) IS 'Once the transaction commits there is an execution to start, or a signal for one.';

CREATE FUNCTION pawl.now_ms() RETURNS bigint
LANGUAGE sql VOLATILE
RETURN (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
COMMENT ON FUNCTION pawl.now_ms() IS 'Milliseconds since 1970.';

-- Ordered by time, as those that pawld makes (uuid version 7).
CREATE FUNCTION pawl.new_execution_id(now_ms bigint) RETURNS uuid
LANGUAGE sql VOLATILE
RETURN encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send(now_ms) FROM 3)
	FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid;
COMMENT ON FUNCTION pawl.new_execution_id(bigint) IS 'An id for an execution that starts at that time.';

CREATE FUNCTION pawl.arn(rest text) RETURNS text
LANGUAGE sql STABLE STRICT
RETURN 'arn:aws:states:' || pawl.setting('region') || ':' || pawl.setting('account_id') || ':' || rest;
COMMENT ON FUNCTION pawl.arn(text) IS 'An ARN of this pawl, which ends so.';

-- What has the name: an execution, or one that this transaction will start. It is what was asked for as long as it
-- runs with the same input.
CREATE FUNCTION pawl.is_same_start(of_machine uuid, of_name text, with_input text) RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce(
	(SELECT e.status = 'RUNNING' AND e.input = with_input
		FROM pawl.execution AS e WHERE e.machine_id = of_machine AND e.name = of_name),
	(SELECT r.input = with_input
		FROM pawl.start_request AS r WHERE r.machine_id = of_machine AND r.name = of_name));
COMMENT ON FUNCTION pawl.is_same_start(uuid, text, text) IS 'Whether what has the name is the same start; null: nothing has the name.';

CREATE FUNCTION pawl.refuse_name(machine_name text, taken text) RETURNS void
LANGUAGE sql
RETURN pawl.refuse('ExecutionAlreadyExists',
	format('Execution Already Exists: ''%s''', pawl.arn('execution:' || machine_name || ':' || taken)));
COMMENT ON FUNCTION pawl.refuse_name(text, text) IS 'Refuses a name that another execution has.';

CREATE FUNCTION pawl.start_requested() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pawl, pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM pawl.start_request AS r WHERE r.execution_id = NEW.execution_id;
	INSERT INTO pawl.execution AS e (id, machine_id, revision, start_ms, shard, status, name, input)
	VALUES (NEW.execution_id, NEW.machine_id, NEW.revision, NEW.start_ms, NEW.shard, 'RUNNING', NEW.name, NEW.input)
	ON CONFLICT (machine_id, name) DO NOTHING;
	IF FOUND THEN
		INSERT INTO pawl.open_execution (execution_id, machine_id, shard)
		VALUES (NEW.execution_id, NEW.machine_id, NEW.shard);
		PERFORM pawl.tell_node('start', NEW.shard, NEW.execution_id);
	ELSIF pawl.is_same_start(NEW.machine_id, NEW.name, NEW.input) IS NOT TRUE THEN
		PERFORM pawl.refuse_name((SELECT m.name FROM pawl.machine AS m WHERE m.id = NEW.machine_id), NEW.name);
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION pawl.start_requested() IS 'The transaction commits: the execution that it asked for starts.';

CREATE CONSTRAINT TRIGGER start_requested AFTER INSERT ON pawl.start_request
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pawl.start_requested();

CREATE FUNCTION pawl.find_machine(given text) RETURNS pawl.machine
LANGUAGE plpgsql STABLE AS $$
DECLARE
	wanted text := CASE WHEN starts_with(given, 'arn:')
		THEN coalesce(substring(given FROM '^arn:[^:]*:states:[^:]*:[^:]*:stateMachine:([^:/]+)$'), given) ELSE given END;
	m pawl.machine;
BEGIN
	IF given IS NULL OR starts_with(wanted, 'arn:') THEN
		PERFORM pawl.refuse('InvalidArn', format('Invalid Arn: ''Invalid ARN: %s''', given));
	END IF;
	SELECT * INTO m FROM pawl.machine AS x WHERE x.name = wanted AND x.status <> 'DELETED'
		AND (NOT starts_with(given, 'arn:') OR given = pawl.arn('stateMachine:' || wanted));
	IF NOT FOUND THEN
		PERFORM pawl.refuse('StateMachineDoesNotExist', format('State Machine Does Not Exist: ''%s''',
			CASE WHEN starts_with(given, 'arn:') THEN given ELSE pawl.arn('stateMachine:' || wanted) END));
	ELSIF m.status = 'DELETING' THEN
		PERFORM pawl.refuse('StateMachineDeleting', format('State Machine is being deleted: ''%s''',
			pawl.arn('stateMachine:' || wanted)));
	ELSIF m.type <> 'STANDARD' THEN
		PERFORM pawl.refuse('StateMachineTypeNotSupported',
			'This operation is not supported by this type of state machine');
	END IF;
	RETURN m;
END
$$;
COMMENT ON FUNCTION pawl.find_machine(text) IS 'The state machine of that name or ARN that executions can be started of.';

-- --- what applications call ----------------------------------------------------

CREATE FUNCTION pawl.start_execution(machine text, input text DEFAULT '{}', name text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pawl, pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	m pawl.machine := pawl.find_machine(machine);
	started_ms bigint := pawl.now_ms();
	id uuid := pawl.new_execution_id(started_ms);
	its_name text := coalesce(name, gen_random_uuid()::text);
	its_input text := coalesce(input, '{}');
	same boolean;
BEGIN
	PERFORM pawl.check_length('name', name, 1, 80);
	IF its_name ~ '[[:space:][:cntrl:]]' OR its_name <> translate(its_name, '<>{}[]?*"#%^|~`$&,;:/' || chr(92), '') THEN
		PERFORM pawl.refuse('InvalidName', format('Invalid Name: ''%s''', its_name));
	END IF;
	PERFORM pawl.check_json('InvalidExecutionInput', 'Invalid State Machine Execution Input', its_input);
	same := pawl.is_same_start(m.id, its_name, its_input);
	IF same IS NULL THEN
		-- waits for another transaction that asked for the name, and looks again
		INSERT INTO pawl.start_request (execution_id, machine_id, revision, start_ms, shard, name, input)
		VALUES (id, m.id, m.revision, started_ms, floor(random() * 256)::smallint, its_name, its_input);
		same := pawl.is_same_start(m.id, its_name, its_input);
	END IF;
	IF NOT same THEN
		PERFORM pawl.refuse_name(m.name, its_name);
	END IF;
	RETURN pawl.arn('execution:' || m.name || ':' || its_name);
END
$$;
COMMENT ON FUNCTION pawl.start_execution(text, text, text) IS 'Starts an execution of a state machine (name or ARN) when the transaction commits; returns its ARN. The input is JSON; without a name it gets one.';

CREATE FUNCTION pawl.stop_execution(execution_arn text, error text DEFAULT NULL, cause text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pawl, pg_catalog, pg_temp AS $$
DECLARE
	part text[] := regexp_match(execution_arn, '^arn:[^:]*:states:[^:]*:[^:]*:execution:([^:/]+):([^:]+)$');
	e record;
BEGIN
	PERFORM pawl.check_length('error', error, 0, 256);
	PERFORM pawl.check_length('cause', cause, 0, 32768);
	IF part IS NULL THEN
		PERFORM pawl.refuse('InvalidArn', format('Invalid Arn: ''Invalid ARN: %s''', execution_arn));
	END IF;
	SELECT x.id, x.shard, x.status INTO e
	FROM pawl.machine AS m JOIN pawl.execution AS x ON x.machine_id = m.id
	WHERE m.name = part[1] AND x.name = part[2] AND execution_arn = pawl.arn('execution:' || m.name || ':' || x.name)
	ORDER BY m.created_ms DESC, m.id DESC LIMIT 1;
	IF NOT FOUND THEN
		PERFORM pawl.refuse('ExecutionDoesNotExist', format('Execution Does Not Exist: ''%s''', execution_arn));
	ELSIF e.status = 'RUNNING' THEN
		INSERT INTO pawl.signal AS s (shard, execution_id, task_id, kind, error, cause, created_ms)
		VALUES (e.shard, e.id, 0, 'STOP', error, cause, pawl.now_ms())
		ON CONFLICT DO NOTHING;
		PERFORM pawl.tell_node('signal', e.shard, e.id);
	END IF;
END
$$;
COMMENT ON FUNCTION pawl.stop_execution(text, text, text) IS 'Stops a running execution when the transaction commits; one that has ended stays as it is.';

-- The row first: a second answer waits for the transaction of the first, and finds it in the table or in the history.
CREATE FUNCTION pawl.signal_task(task_token text, of_kind text, has_failed boolean, with_output text, with_error text,
	with_cause text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	t record := pawl.read_token(task_token);
	added bigint;
BEGIN
	INSERT INTO pawl.signal (shard, execution_id, task_id, kind, failed, output, error, cause, created_ms)
	VALUES (t.shard, t.execution_id, t.task_id, of_kind, has_failed, with_output, with_error, with_cause, pawl.now_ms())
	ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS added = ROW_COUNT;
	IF NOT EXISTS (SELECT FROM pawl.execution AS e WHERE e.shard = t.shard AND e.id = t.execution_id) THEN
		PERFORM pawl.refuse('TaskDoesNotExist', 'Task does not exist');
	ELSIF (added = 0 AND of_kind = 'ANSWER') OR NOT pawl.task_is_open(t.shard, t.execution_id, t.task_id)
		OR NOT EXISTS (SELECT FROM pawl.execution AS e
			WHERE e.shard = t.shard AND e.id = t.execution_id AND e.status = 'RUNNING') THEN
		PERFORM pawl.refuse('TaskTimedOut', 'Task Timed Out: ''Provided task does not exist anymore''');
	END IF;
	PERFORM pawl.tell_node('signal', t.shard, t.execution_id);
END
$$;
COMMENT ON FUNCTION pawl.signal_task(text, text, boolean, text, text, text) IS 'Leaves a signal for the attempt that a token names.';

CREATE FUNCTION pawl.send_task_success(task_token text, output text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pawl, pg_catalog, pg_temp AS $$
BEGIN
	PERFORM pawl.check_json('InvalidOutput', 'Invalid Output', coalesce(output, ''));
	PERFORM pawl.signal_task(task_token, 'ANSWER', false, output, NULL, NULL);
END
$$;
COMMENT ON FUNCTION pawl.send_task_success(text, text) IS 'Answers a task by its token with JSON when the transaction commits.';

CREATE FUNCTION pawl.send_task_failure(task_token text, error text DEFAULT NULL, cause text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pawl, pg_catalog, pg_temp AS $$
BEGIN
	PERFORM pawl.check_length('error', error, 0, 256);
	PERFORM pawl.check_length('cause', cause, 0, 32768);
	PERFORM pawl.signal_task(task_token, 'ANSWER', true, NULL, error, cause);
END
$$;
COMMENT ON FUNCTION pawl.send_task_failure(text, text, text) IS 'Fails a task by its token when the transaction commits.';

CREATE FUNCTION pawl.send_task_heartbeat(task_token text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pawl, pg_catalog, pg_temp AS $$
BEGIN
	PERFORM pawl.signal_task(task_token, 'HEARTBEAT', false, NULL, NULL, NULL);
END
$$;
COMMENT ON FUNCTION pawl.send_task_heartbeat(text) IS 'Restarts the heartbeat clock of a task by its token when the transaction commits.';

-- --- who may -----------------------------------------------------------------------

-- Roles belong to the whole server; not everybody may make one. pawld calls this at each start, so a role that
-- an administrator makes later gets its rights then.
CREATE FUNCTION pawl.admit_clients() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		IF to_regrole('pawl_client') IS NULL THEN
			CREATE ROLE pawl_client NOLOGIN;
		END IF;
	EXCEPTION
		WHEN duplicate_object OR unique_violation THEN NULL;
		WHEN insufficient_privilege THEN RETURN false;
	END;
	GRANT USAGE ON SCHEMA pawl TO pawl_client;
	GRANT EXECUTE ON FUNCTION pawl.start_execution(text, text, text), pawl.stop_execution(text, text, text),
		pawl.send_task_success(text, text), pawl.send_task_failure(text, text, text),
		pawl.send_task_heartbeat(text), pawl.readable(text) TO pawl_client;
	GRANT SELECT ON pawl.execution_summary, pawl.history_event, pawl.open_task TO pawl_client;
	RETURN true;
END
$$;
COMMENT ON FUNCTION pawl.admit_clients() IS 'Makes the role pawl_client and gives it its rights: these functions and the views. False: only somebody with CREATEROLE can.';

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA pawl FROM PUBLIC;
