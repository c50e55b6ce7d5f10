-- What lets a database grow old.

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

REVOKE EXECUTE ON FUNCTION pawl.journal_seq(smallint, uuid, bigint) FROM PUBLIC;
