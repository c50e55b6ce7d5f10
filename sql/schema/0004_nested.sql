-- Executions that tasks of other executions started: who their parents are.

ALTER TABLE pawl.execution
	ADD COLUMN parent_id uuid,
	ADD COLUMN parent_task bigint,
	ADD COLUMN parent_shard smallint,
	ADD COLUMN parent_waits boolean;
CREATE INDEX execution_by_parent ON pawl.execution (parent_id, parent_task) WHERE parent_id IS NOT NULL;

COMMENT ON COLUMN pawl.execution.parent_id IS 'The execution one of whose tasks started it; null for others. Never changed, so that a parent finds its child after any crash.';
COMMENT ON COLUMN pawl.execution.parent_task IS 'That task: the id of its TaskScheduled event.';
COMMENT ON COLUMN pawl.execution.parent_shard IS 'The parent''s shard.';
COMMENT ON COLUMN pawl.execution.parent_waits IS 'The task waits for its end (.sync). Such an execution is in its parent''s shard, and is stopped when the task is given up.';

ALTER TABLE pawl.open_execution ADD COLUMN waiting_parent uuid;
CREATE INDEX open_execution_by_parent ON pawl.open_execution (waiting_parent) WHERE waiting_parent IS NOT NULL;

COMMENT ON COLUMN pawl.open_execution.waiting_parent IS 'parent_id of an execution whose parent waits for it, else null: who claims the shard sees from it that the parent is gone.';

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
LEFT JOIN pawl.execution p ON p.shard = e.parent_shard AND p.id = e.parent_id
LEFT JOIN pawl.machine pm ON pm.id = p.machine_id;

COMMENT ON COLUMN pawl.execution_summary.parent_machine IS 'State machine of the execution that started it, or null.';
COMMENT ON COLUMN pawl.execution_summary.parent IS 'Name of the execution that started it, or null.';
