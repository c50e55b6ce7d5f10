-- A payload stands once in a record: what people read shows it in each of its events.

-- (An event that refers to another has a fifth element, the name of the member where that one's id stands. Of
-- ExecutionStarted the input is kept as text.)
CREATE FUNCTION pawl.event_details(events json, first_event_id bigint, event json) RETURNS json
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN event -> 4 IS NULL THEN event -> 3 ELSE (
	SELECT json_object_agg(member.key, CASE WHEN member.key <> event ->> 4 THEN member.value
		WHEN shown.event ->> 0 = 'ExecutionStarted' THEN pawl.readable(shown.event -> 3 ->> 'input')
		ELSE coalesce(shown.event -> 3 -> 'output', shown.event -> 3 -> 'input', shown.event -> 3 -> 'parameters')
		END)
	FROM json_each(event -> 3) AS member,
	LATERAL (SELECT events -> ((event -> 3 ->> (event ->> 4))::bigint - first_event_id)::integer AS event) AS shown)
	END;

COMMENT ON FUNCTION pawl.event_details(json, bigint, json) IS 'The details of one event of a journal record, with its payload in the place of the reference to the event that shows it.';

CREATE OR REPLACE VIEW pawl.history_event AS
SELECT m.name AS machine,
	x.name AS execution,
	j.first_event_id + e.nth - 1 AS id,
	(e.event ->> 1)::bigint AS previous_event_id,
	to_timestamp((e.event ->> 2)::bigint / 1000.0) AS happened,
	e.event ->> 0 AS type,
	pawl.event_details(r.record -> 'e', j.first_event_id, e.event) AS details,
	j.execution_id,
	j.shard,
	j.seq
FROM pawl.journal j
JOIN pawl.execution x ON x.shard = j.shard AND x.id = j.execution_id
JOIN pawl.machine m ON m.id = x.machine_id
CROSS JOIN LATERAL (SELECT pawl.readable(j.record) AS record) AS r
CROSS JOIN LATERAL json_array_elements(r.record -> 'e') WITH ORDINALITY AS e (event, nth)
WHERE j.event_count > 0;

COMMENT ON COLUMN pawl.journal.record IS 'JSON: member e is the array of events [type, previousEventId, ms, details], a fifth element names the member of the details that is the id of the event that shows it; the others belong to the program. Read it through pawl.history_event.';

-- As in 0006, with one function more.
CREATE OR REPLACE FUNCTION pawl.admit_clients() RETURNS boolean
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
		pawl.send_task_heartbeat(text), pawl.readable(text), pawl.event_details(json, bigint, json) TO pawl_client;
	GRANT SELECT ON pawl.execution_summary, pawl.history_event, pawl.open_task TO pawl_client;
	RETURN true;
END
$$;
REVOKE EXECUTE ON FUNCTION pawl.event_details(json, bigint, json) FROM PUBLIC;
