-- How many executions of a state machine may run at the same time: an execution that runs has a place, and that is its
-- row in pawl.open_execution with the machine's id. Nothing is counted anywhere else, so nothing can leak.
--
-- One that was started by SQL and finds no room has such a row without machine_id: it sleeps there until it is admitted
-- (place_admit in sql/queries/place.sql).

ALTER TABLE pawl.open_execution ALTER COLUMN machine_id DROP NOT NULL, ADD COLUMN waits_for uuid;
CREATE INDEX open_execution_waiting ON pawl.open_execution (waits_for, execution_id) WHERE waits_for IS NOT NULL;

COMMENT ON COLUMN pawl.open_execution.machine_id IS 'As in its execution, which has a place of that machine then: lists of running executions read it. Null while it waits for one.';
COMMENT ON COLUMN pawl.open_execution.waits_for IS 'The machine of an execution that was started by SQL and waits for a place; else null. It has no journal, and its wake_at says that it sleeps.';
COMMENT ON COLUMN pawl.setting.name IS 'As in pawl.conf: region, account_id, limits, execution_limits (JSON).';

-- The option as core/task/execution_rule.h reads it: what says most of the name decides.
CREATE FUNCTION pawl.execution_limit(machine uuid) RETURNS bigint
LANGUAGE sql STABLE
RETURN (
	SELECT l.most::bigint
	FROM jsonb_each_text(nullif(pawl.setting('execution_limits'), '')::jsonb) AS l (pattern, most)
	JOIN pawl.machine AS m ON m.id = machine
	CROSS JOIN LATERAL (
		SELECT CASE WHEN starts_with(l.pattern, 'arn:') THEN pawl.arn('stateMachine:' || m.name) ELSE m.name END) AS s (subject)
	WHERE CASE WHEN right(l.pattern, 1) = '*' THEN starts_with(s.subject, left(l.pattern, -1)) ELSE s.subject = l.pattern END
	ORDER BY right(l.pattern, 1) = '*', length(s.subject) - length(l.pattern), l.pattern COLLATE "C"
	LIMIT 1);
COMMENT ON FUNCTION pawl.execution_limit(uuid) IS 'How many executions of a machine may run at the same time; null: any number.';

CREATE FUNCTION pawl.open_started(of_shard smallint, of_execution uuid, of_machine uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF pawl.execution_limit(of_machine) IS NULL THEN
		INSERT INTO pawl.open_execution (shard, execution_id, machine_id) VALUES (of_shard, of_execution, of_machine);
		PERFORM pawl.tell_node('start', of_shard, of_execution);
	ELSE
		INSERT INTO pawl.open_execution (shard, execution_id, waits_for, wake_at)
		VALUES (of_shard, of_execution, of_machine, 9223372036854775807);
		PERFORM pawl.tell_node('wait', of_shard, of_execution);
	END IF;
END
$$;
COMMENT ON FUNCTION pawl.open_started(smallint, uuid, uuid) IS 'The open row of an execution that was started by SQL: it begins, or waits for a place.';

CREATE OR REPLACE FUNCTION pawl.start_requested() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pawl, pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM pawl.start_request AS r WHERE r.execution_id = NEW.execution_id;
	INSERT INTO pawl.execution AS e (id, machine_id, revision, start_ms, shard, status, name, input)
	VALUES (NEW.execution_id, NEW.machine_id, NEW.revision, NEW.start_ms, NEW.shard, 'RUNNING', NEW.name, NEW.input)
	ON CONFLICT (machine_id, name) DO NOTHING;
	IF FOUND THEN
		PERFORM pawl.open_started(NEW.shard, NEW.execution_id, NEW.machine_id);
	ELSIF pawl.is_same_start(NEW.machine_id, NEW.name, NEW.input) IS NOT TRUE THEN
		PERFORM pawl.refuse_name((SELECT m.name FROM pawl.machine AS m WHERE m.id = NEW.machine_id), NEW.name);
	END IF;
	RETURN NULL;
END
$$;

REVOKE EXECUTE ON FUNCTION pawl.execution_limit(uuid), pawl.open_started(smallint, uuid, uuid) FROM PUBLIC;
