-- What lets a database grow old: histories of any length, the end of executions that are over, and how the
-- server tidies up.

-- Where in a journal an event stands. first_event_id grows with seq, which has no gaps: with the key alone each look
-- halves what is left, so the journal needs no index over its events. (Rows without events begin with the id of the next one
-- to come: the last of several rows that begin with the same id has the event.)
CREATE FUNCTION pawl.journal_seq(of_shard smallint, of_execution uuid, of_event bigint) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $$
DECLARE
	low bigint := 0;
	high bigint;
	middle bigint;
	begins bigint;
BEGIN
	SELECT j.seq INTO high FROM pawl.journal AS j
	WHERE j.shard = of_shard AND j.execution_id = of_execution
	ORDER BY j.shard DESC, j.execution_id DESC, j.seq DESC LIMIT 1;
	WHILE low < high LOOP
		middle := (low + high + 1) / 2;
		SELECT j.first_event_id INTO begins FROM pawl.journal AS j
		WHERE j.shard = of_shard AND j.execution_id = of_execution AND j.seq = middle;
		IF begins <= of_event THEN
			low := middle;
		ELSE
			high := middle - 1;
		END IF;
	END LOOP;
	RETURN low;
END
$$;
COMMENT ON FUNCTION pawl.journal_seq(smallint, uuid, bigint) IS 'The seq of the journal row that holds an event, found by key; of the last row when there is no such event yet.';

-- As in 0006; the history is read from the attempt on.
CREATE OR REPLACE FUNCTION pawl.task_is_open(of_shard smallint, of_execution uuid, of_task bigint) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH RECURSIVE event AS MATERIALIZED (
		SELECT j.first_event_id + e.nth - 1 AS id, (e.event ->> 1)::bigint AS previous, e.event ->> 0 AS type
		FROM pawl.journal AS j
		CROSS JOIN LATERAL json_array_elements(pawl.readable(j.record) -> 'e') WITH ORDINALITY AS e (event, nth)
		WHERE j.shard = of_shard AND j.execution_id = of_execution AND j.event_count > 0
		AND j.seq >= pawl.journal_seq(of_shard, of_execution, of_task)
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

-- --- retention ---------------------------------------------------------------------

CREATE TABLE pawl.expired_execution (
	execution_id uuid NOT NULL,
	shard smallint NOT NULL,
	PRIMARY KEY (shard, execution_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);

COMMENT ON TABLE pawl.expired_execution IS 'Executions that were deleted and whose journal rows still are to be: nothing shows them any more.';
COMMENT ON COLUMN pawl.expired_execution.execution_id IS 'pawl.execution.id, once.';
COMMENT ON COLUMN pawl.expired_execution.shard IS 'As in its journal.';

CREATE FUNCTION pawl.retention_ms(value text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN value = 'never' THEN 0
	WHEN value ~ '^[1-9][0-9]{0,8}(ms|s|m|h|d)$' THEN substring(value FROM '^[0-9]+')::bigint
		* CASE substring(value FROM '[a-z]+$') WHEN 'ms' THEN 1 WHEN 's' THEN 1000 WHEN 'm' THEN 60000
			WHEN 'h' THEN 3600000 ELSE 86400000 END
	END;
COMMENT ON FUNCTION pawl.retention_ms(text) IS 'The tag pawl:retention of a state machine in milliseconds: 0 is for ever, null is no such value.';

-- --- how the server tidies up --------------------------------------------------------

-- The journal is only appended to. By default it would be vacuumed when a fifth of it is new, which is much at once when it
-- is large; so it is done in equal portions, and rows are frozen then and there: they never change, and an
-- anti-wraparound vacuum finds nothing left. Deleted rows (retention) are cleared out in portions too.
ALTER TABLE pawl.journal SET (
	autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000,
	autovacuum_freeze_min_age = 0,
	autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 50000,
	autovacuum_analyze_scale_factor = 0.05);

-- Half of each page is left free for the row version of the end (fillfactor 45), which takes no new index entry, and whose
-- predecessor the next one to come there clears away. Vacuum has little to do but to mark and freeze.
ALTER TABLE pawl.execution SET (
	autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 500000,
	autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 50000,
	autovacuum_analyze_scale_factor = 0.05);

-- A row comes and goes for each execution that does not end at once, so there are soon more dead ones than living ones,
-- and claiming a shard would walk over them: vacuumed often (0001 says when) and without pauses, it is small.
ALTER TABLE pawl.open_execution SET (autovacuum_vacuum_cost_delay = 0);
ALTER TABLE pawl.expired_execution SET (autovacuum_vacuum_cost_delay = 0);
ALTER TABLE pawl.signal SET (autovacuum_vacuum_cost_delay = 0);
ALTER TABLE pawl.start_request SET (autovacuum_vacuum_cost_delay = 0);

REVOKE EXECUTE ON FUNCTION pawl.journal_seq(smallint, uuid, bigint), pawl.retention_ms(text) FROM PUBLIC;
