-- Activities: what workers poll for tasks.
CREATE TABLE pawl.activity (
	id uuid PRIMARY KEY,
	name text COLLATE "C" NOT NULL UNIQUE,
	created_ms bigint NOT NULL,
	encryption text NOT NULL
);

COMMENT ON TABLE pawl.activity IS 'Activities. Their tasks are part of the executions that wait for them.';
COMMENT ON COLUMN pawl.activity.id IS 'Never used again, unlike the name.';
COMMENT ON COLUMN pawl.activity.name IS 'The last part of its ARN.';
COMMENT ON COLUMN pawl.activity.created_ms IS 'When it was created.';
COMMENT ON COLUMN pawl.activity.encryption IS 'encryptionConfiguration, JSON.';

COMMENT ON TABLE pawl.tag IS 'Tags of machines and of activities.';
COMMENT ON COLUMN pawl.tag.resource_id IS 'pawl.tag_owner.id.';

CREATE VIEW pawl.tag_owner AS
SELECT m.id, 'stateMachine' AS type, m.name FROM pawl.machine m WHERE m.status <> 'DELETED'
UNION ALL
SELECT a.id, 'activity', a.name FROM pawl.activity a;

COMMENT ON VIEW pawl.tag_owner IS 'What can have tags.';
COMMENT ON COLUMN pawl.tag_owner.id IS 'pawl.machine.id or pawl.activity.id.';
COMMENT ON COLUMN pawl.tag_owner.type IS 'stateMachine or activity, as in its ARN.';
COMMENT ON COLUMN pawl.tag_owner.name IS 'The last part of its ARN.';

-- A sleeping execution keeps its place in the queues of its activities without being loaded.
ALTER TABLE pawl.open_execution ADD COLUMN offered text;

COMMENT ON COLUMN pawl.open_execution.offered IS 'Its activity tasks that no worker has, while it sleeps, or null: JSON array of [activity, event id, since ms, started].';
