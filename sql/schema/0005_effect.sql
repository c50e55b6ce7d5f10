-- Receipts of side effects, and how far the schemas of plugins are.
--
-- One statement: pawld runs the same one in other databases, when a plugin first asks for a receipt or brings a
-- schema there up to date. Whoever may not make something asks for it only when it is not there.
DO $$
BEGIN
	PERFORM pg_advisory_xact_lock(1885435756, 2147483646);
	IF to_regnamespace('pawl') IS NULL THEN
		CREATE SCHEMA pawl;
		COMMENT ON SCHEMA pawl IS 'What pawld keeps here for its plugins.';
	END IF;

	IF to_regclass('pawl.effect') IS NULL THEN
		CREATE TABLE pawl.effect (
			created_ms bigint NOT NULL,
			key text COLLATE "C" PRIMARY KEY,
			plugin text NOT NULL,
			answer text
		) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
		CREATE INDEX effect_by_time ON pawl.effect (created_ms);
		COMMENT ON TABLE pawl.effect IS 'Receipts: a side effect is here if, and only if, its receipt is; both are written by one transaction. pawld removes those that nobody can ask for any more.';
		COMMENT ON COLUMN pawl.effect.created_ms IS 'When, in milliseconds since 1970 UTC.';
		COMMENT ON COLUMN pawl.effect.key IS 'Of the task: id of the execution and of the event, and what the plugin appends.';
		COMMENT ON COLUMN pawl.effect.plugin IS 'The plugin that wrote it.';
		COMMENT ON COLUMN pawl.effect.answer IS 'What the plugin remembered, JSON: the answer when it is asked for the same effect again.';
	END IF;

	IF to_regclass('pawl.plugin_schema') IS NULL THEN
		CREATE TABLE pawl.plugin_schema (
			plugin text COLLATE "C" PRIMARY KEY,
			steps integer NOT NULL,
			applied timestamptz NOT NULL DEFAULT now()
		);
		COMMENT ON TABLE pawl.plugin_schema IS 'How far the tables that a plugin keeps in this database are.';
		COMMENT ON COLUMN pawl.plugin_schema.plugin IS 'The plugin''s name.';
		COMMENT ON COLUMN pawl.plugin_schema.steps IS 'How many of its changes were applied.';
		COMMENT ON COLUMN pawl.plugin_schema.applied IS 'When the last one was.';
	END IF;
END
$$;
