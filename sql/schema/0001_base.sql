-- The base: machines, executions, the journal, who owns what, and the views for people.
--
-- Times in tables are milliseconds since 1970 UTC; the views show timestamptz.
-- Columns stand widest first where rows are many: no padding.

COMMENT ON COLUMN pawl.schema_version.version IS 'The migration''s number.';
COMMENT ON COLUMN pawl.schema_version.name IS 'Its file, without the ending.';
COMMENT ON COLUMN pawl.schema_version.applied IS 'When.';

CREATE TABLE pawl.machine (
	id uuid PRIMARY KEY,
	name text COLLATE "C" NOT NULL,
	type text NOT NULL CHECK (type IN ('STANDARD', 'EXPRESS')),
	status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'DELETING', 'DELETED')),
	revision bigint NOT NULL DEFAULT 1,
	created_ms bigint NOT NULL,
	deleted_ms bigint
);
CREATE UNIQUE INDEX machine_name ON pawl.machine (name) WHERE status <> 'DELETED';
CREATE INDEX machine_any_name ON pawl.machine (name, created_ms);

COMMENT ON TABLE pawl.machine IS 'State machines. Deleted ones stay, for their executions; their name is free again.';
COMMENT ON COLUMN pawl.machine.id IS 'Never used again, unlike the name.';
COMMENT ON COLUMN pawl.machine.name IS 'The last part of its ARN.';
COMMENT ON COLUMN pawl.machine.type IS 'STANDARD or EXPRESS.';
COMMENT ON COLUMN pawl.machine.status IS 'ACTIVE; DELETING while executions of it are open; DELETED.';
COMMENT ON COLUMN pawl.machine.revision IS 'The number of the current machine_revision.';
COMMENT ON COLUMN pawl.machine.created_ms IS 'When it was created.';
COMMENT ON COLUMN pawl.machine.deleted_ms IS 'When its deletion was asked for, or null.';

CREATE TABLE pawl.machine_revision (
	machine_id uuid NOT NULL REFERENCES pawl.machine (id),
	number bigint NOT NULL,
	revision_id uuid,
	created_ms bigint NOT NULL,
	definition text NOT NULL,
	role_arn text NOT NULL,
	logging text NOT NULL,
	tracing text NOT NULL,
	encryption text NOT NULL,
	PRIMARY KEY (machine_id, number)
);

COMMENT ON TABLE pawl.machine_revision IS 'What a state machine was and is: one row for its creation and for each update. Never changed.';
COMMENT ON COLUMN pawl.machine_revision.machine_id IS 'The machine.';
COMMENT ON COLUMN pawl.machine_revision.number IS 'Counts from 1.';
COMMENT ON COLUMN pawl.machine_revision.revision_id IS 'revisionId of the API; null for the first revision.';
COMMENT ON COLUMN pawl.machine_revision.created_ms IS 'When it became the current one.';
COMMENT ON COLUMN pawl.machine_revision.definition IS 'States Language, verbatim.';
COMMENT ON COLUMN pawl.machine_revision.role_arn IS 'roleArn as given.';
COMMENT ON COLUMN pawl.machine_revision.logging IS 'loggingConfiguration, JSON.';
COMMENT ON COLUMN pawl.machine_revision.tracing IS 'tracingConfiguration, JSON.';
COMMENT ON COLUMN pawl.machine_revision.encryption IS 'encryptionConfiguration, JSON.';

CREATE TABLE pawl.tag (
	resource_id uuid NOT NULL,
	key text COLLATE "C" NOT NULL,
	value text NOT NULL,
	PRIMARY KEY (resource_id, key)
);

COMMENT ON TABLE pawl.tag IS 'Tags of machines (and of activities).';
COMMENT ON COLUMN pawl.tag.resource_id IS 'pawl.machine.id.';
COMMENT ON COLUMN pawl.tag.key IS 'The key, at most 128 characters.';
COMMENT ON COLUMN pawl.tag.value IS 'The value, at most 256 characters.';

CREATE TABLE pawl.execution (
	id uuid NOT NULL,
	machine_id uuid NOT NULL,
	revision bigint NOT NULL,
	start_ms bigint NOT NULL,
	stop_ms bigint,
	redrive_ms bigint,
	redrive_count integer NOT NULL DEFAULT 0,
	shard smallint NOT NULL,
	status text NOT NULL,
	name text COLLATE "C" NOT NULL,
	input text NOT NULL,
	output text,
	error text,
	cause text,
	version_arn text,
	alias_arn text,
	trace_header text,
	PRIMARY KEY (shard, id),
	CONSTRAINT execution_name UNIQUE (machine_id, name)
) WITH (fillfactor = 45);
CREATE INDEX execution_by_machine ON pawl.execution (machine_id, id);

COMMENT ON TABLE pawl.execution IS 'One row for each execution: written when it starts and when it ends. No indexed column ever changes, so that updates stay on their page.';
COMMENT ON COLUMN pawl.execution.id IS 'Ordered by time of start (uuid version 7).';
COMMENT ON COLUMN pawl.execution.machine_id IS 'pawl.machine.id.';
COMMENT ON COLUMN pawl.execution.revision IS 'The machine_revision it runs.';
COMMENT ON COLUMN pawl.execution.start_ms IS 'startDate.';
COMMENT ON COLUMN pawl.execution.stop_ms IS 'stopDate; null while it is open.';
COMMENT ON COLUMN pawl.execution.redrive_ms IS 'redriveDate, or null.';
COMMENT ON COLUMN pawl.execution.redrive_count IS 'redriveCount.';
COMMENT ON COLUMN pawl.execution.shard IS 'The slice of executions it belongs to; one node at a time may write a shard.';
COMMENT ON COLUMN pawl.execution.status IS 'RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED.';
COMMENT ON COLUMN pawl.execution.name IS 'Unique within its machine.';
COMMENT ON COLUMN pawl.execution.input IS 'Input, JSON, verbatim.';
COMMENT ON COLUMN pawl.execution.output IS 'Output, JSON, of one that SUCCEEDED.';
COMMENT ON COLUMN pawl.execution.error IS 'Error name of one that failed or was stopped, or null.';
COMMENT ON COLUMN pawl.execution.cause IS 'Cause of one that failed or was stopped, or null.';
COMMENT ON COLUMN pawl.execution.version_arn IS 'The version it was started with, or null.';
COMMENT ON COLUMN pawl.execution.alias_arn IS 'The alias it was started with, or null.';
COMMENT ON COLUMN pawl.execution.trace_header IS 'traceHeader as given, or null.';

CREATE TABLE pawl.open_execution (
	execution_id uuid NOT NULL,
	machine_id uuid NOT NULL,
	wake_at bigint,
	shard smallint NOT NULL,
	PRIMARY KEY (shard, execution_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
CREATE INDEX open_execution_by_machine ON pawl.open_execution (machine_id, execution_id);

COMMENT ON TABLE pawl.open_execution IS 'One row for each execution that has not ended: what a node reads when it claims a shard. (An index on execution.status would cost every end of an execution dearly.)';
COMMENT ON COLUMN pawl.open_execution.execution_id IS 'pawl.execution.id.';
COMMENT ON COLUMN pawl.open_execution.machine_id IS 'As in its execution: lists of running executions read it.';
COMMENT ON COLUMN pawl.open_execution.wake_at IS 'Null: in memory. Else it sleeps until that time in ms; 9223372036854775807: until an answer comes.';
COMMENT ON COLUMN pawl.open_execution.shard IS 'As in its execution.';

CREATE TABLE pawl.journal (
	execution_id uuid NOT NULL,
	seq bigint NOT NULL,
	first_event_id bigint NOT NULL,
	event_count integer NOT NULL,
	shard smallint NOT NULL,
	snapshot boolean NOT NULL,
	record text NOT NULL,
	PRIMARY KEY (shard, execution_id, seq)
);

COMMENT ON TABLE pawl.journal IS 'The truth about every execution: one row for all that one move of it did. Only ever appended to. Its key is the only index: a second writer of an execution hits it.';
COMMENT ON COLUMN pawl.journal.execution_id IS 'pawl.execution.id.';
COMMENT ON COLUMN pawl.journal.seq IS 'Counts the records of an execution.';
COMMENT ON COLUMN pawl.journal.first_event_id IS 'Id of the record''s first history event; of the next one to come when it has none.';
COMMENT ON COLUMN pawl.journal.event_count IS 'How many history events the record holds.';
COMMENT ON COLUMN pawl.journal.shard IS 'As in its execution.';
COMMENT ON COLUMN pawl.journal.snapshot IS 'The record holds the whole run: loading may begin here.';
COMMENT ON COLUMN pawl.journal.record IS 'JSON: member e is the array of events [type, previousEventId, ms, details]; the others belong to the program. Read it through pawl.history_event.';

CREATE TABLE pawl.node (
	name text COLLATE "C" PRIMARY KEY,
	connected_ms bigint NOT NULL
);

COMMENT ON TABLE pawl.node IS 'The pawld processes that have worked here. For people; locks decide, not this table.';
COMMENT ON COLUMN pawl.node.name IS 'Host name and process, or what the configuration says.';
COMMENT ON COLUMN pawl.node.connected_ms IS 'When it last connected and claimed shards.';

CREATE TABLE pawl.shard (
	shard smallint PRIMARY KEY,
	node text COLLATE "C",
	claimed_ms bigint
);
INSERT INTO pawl.shard (shard) SELECT generate_series(0, 255);

COMMENT ON TABLE pawl.shard IS 'The shards. The advisory lock (1885435756, shard) of a writer connection is what ownership is; this table only tells people.';
COMMENT ON COLUMN pawl.shard.shard IS '0 to 255.';
COMMENT ON COLUMN pawl.shard.node IS 'The node that claimed it last.';
COMMENT ON COLUMN pawl.shard.claimed_ms IS 'When it did.';

-- The server's default compression is twice as slow as lz4 on our records; not every server was built with lz4.
DO $$
BEGIN
	ALTER TABLE pawl.journal ALTER COLUMN record SET COMPRESSION lz4;
	ALTER TABLE pawl.execution ALTER COLUMN input SET COMPRESSION lz4;
	ALTER TABLE pawl.execution ALTER COLUMN output SET COMPRESSION lz4;
	ALTER TABLE pawl.execution ALTER COLUMN cause SET COMPRESSION lz4;
	ALTER TABLE pawl.machine_revision ALTER COLUMN definition SET COMPRESSION lz4;
EXCEPTION
	WHEN feature_not_supported THEN NULL;
END
$$;

CREATE VIEW pawl.execution_summary AS
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
	e.shard
FROM pawl.execution e
JOIN pawl.machine m ON m.id = e.machine_id
LEFT JOIN pawl.open_execution o ON o.shard = e.shard AND o.execution_id = e.id;

COMMENT ON VIEW pawl.execution_summary IS 'Executions as people ask about them. An interface: columns are added, not changed.';
COMMENT ON COLUMN pawl.execution_summary.machine IS 'Name of the state machine.';
COMMENT ON COLUMN pawl.execution_summary.name IS 'Name of the execution.';
COMMENT ON COLUMN pawl.execution_summary.status IS 'RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED.';
COMMENT ON COLUMN pawl.execution_summary.started IS 'When it started.';
COMMENT ON COLUMN pawl.execution_summary.stopped IS 'When it ended; null while it is open.';
COMMENT ON COLUMN pawl.execution_summary.took IS 'From start to end, or until now.';
COMMENT ON COLUMN pawl.execution_summary.error IS 'Error name, or null.';
COMMENT ON COLUMN pawl.execution_summary.cause IS 'Cause, or null.';
COMMENT ON COLUMN pawl.execution_summary.asleep IS 'It only waits, and has left memory.';
COMMENT ON COLUMN pawl.execution_summary.wakes IS 'When a sleeping one goes on by itself, or null.';
COMMENT ON COLUMN pawl.execution_summary.events IS 'History events so far.';
COMMENT ON COLUMN pawl.execution_summary.redrive_count IS 'How often it was redriven.';
COMMENT ON COLUMN pawl.execution_summary.input IS 'Input, JSON.';
COMMENT ON COLUMN pawl.execution_summary.output IS 'Output, JSON, or null.';
COMMENT ON COLUMN pawl.execution_summary.id IS 'pawl.execution.id.';
COMMENT ON COLUMN pawl.execution_summary.shard IS 'pawl.execution.shard.';

-- JSON may hold an escaped U+0000, which no text of PostgreSQL can: its JSON functions fail on it. In what people
-- read it is U+FFFD. (@ stands for a backslash; an even number of them before the u escapes only themselves.)
CREATE FUNCTION pawl.readable(record text) RETURNS json
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN strpos(record, chr(92) || 'u0000') = 0 THEN record
	ELSE regexp_replace(record, replace('(?<!@@)((?:@@@@)*)@@u0000', '@', chr(92)),
		replace('@1@@ufffd', '@', chr(92)), 'g')
	END::json;

COMMENT ON FUNCTION pawl.readable(text) IS 'A journal record as JSON that PostgreSQL can take apart.';

CREATE VIEW pawl.history_event AS
SELECT m.name AS machine,
	x.name AS execution,
	j.first_event_id + e.nth - 1 AS id,
	(e.event ->> 1)::bigint AS previous_event_id,
	to_timestamp((e.event ->> 2)::bigint / 1000.0) AS happened,
	e.event ->> 0 AS type,
	e.event -> 3 AS details,
	j.execution_id,
	j.shard,
	j.seq
FROM pawl.journal j
JOIN pawl.execution x ON x.shard = j.shard AND x.id = j.execution_id
JOIN pawl.machine m ON m.id = x.machine_id
CROSS JOIN LATERAL json_array_elements(pawl.readable(j.record) -> 'e') WITH ORDINALITY AS e (event, nth)
WHERE j.event_count > 0;

COMMENT ON VIEW pawl.history_event IS 'One row for each history event. Ask by machine and execution. An interface: columns are added, not changed.';
COMMENT ON COLUMN pawl.history_event.machine IS 'Name of the state machine.';
COMMENT ON COLUMN pawl.history_event.execution IS 'Name of the execution.';
COMMENT ON COLUMN pawl.history_event.id IS 'The event''s id, from 1.';
COMMENT ON COLUMN pawl.history_event.previous_event_id IS 'The event that led to it.';
COMMENT ON COLUMN pawl.history_event.happened IS 'When.';
COMMENT ON COLUMN pawl.history_event.type IS 'The event type of the API.';
COMMENT ON COLUMN pawl.history_event.details IS 'Its details; input, output and parameters are JSON values here, not text.';
COMMENT ON COLUMN pawl.history_event.execution_id IS 'pawl.execution.id.';
COMMENT ON COLUMN pawl.history_event.shard IS 'pawl.execution.shard.';
COMMENT ON COLUMN pawl.history_event.seq IS 'The journal row it comes from.';

CREATE VIEW pawl.open_task AS
SELECT h.machine, h.execution, h.id AS event_id, h.type, h.happened, h.details, h.execution_id, h.shard
FROM pawl.open_execution o
JOIN pawl.history_event h ON h.shard = o.shard AND h.execution_id = o.execution_id
WHERE h.type IN ('TaskScheduled', 'TaskStarted', 'TaskSubmitted',
	'LambdaFunctionScheduled', 'LambdaFunctionStarted', 'ActivityScheduled', 'ActivityStarted')
AND NOT EXISTS (
	SELECT FROM pawl.history_event n
	WHERE n.shard = h.shard AND n.execution_id = h.execution_id AND n.previous_event_id = h.id);

COMMENT ON VIEW pawl.open_task IS 'Tasks that were handed out and have not been answered: the last event of their branch. Reads whole histories: for people.';
COMMENT ON COLUMN pawl.open_task.machine IS 'Name of the state machine.';
COMMENT ON COLUMN pawl.open_task.execution IS 'Name of the execution.';
COMMENT ON COLUMN pawl.open_task.event_id IS 'The event that says how far the task is.';
COMMENT ON COLUMN pawl.open_task.type IS 'TaskScheduled, TaskStarted, TaskSubmitted, or the LambdaFunction and Activity twins.';
COMMENT ON COLUMN pawl.open_task.happened IS 'Since when.';
COMMENT ON COLUMN pawl.open_task.details IS 'Details of that event.';
COMMENT ON COLUMN pawl.open_task.execution_id IS 'pawl.execution.id.';
COMMENT ON COLUMN pawl.open_task.shard IS 'pawl.execution.shard.';
