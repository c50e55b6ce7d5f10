-- What connections say once, and transactions.

-- name: session_writer
-- A plan that was cached while the tables were empty scans them for ever: with generic plans and nothing but
-- index scans and nested loops to choose from, the right plan is the only one. A writer that hangs loses its
-- session, and its shards, to these time-outs; one that is alive says ping.
SELECT set_config('plan_cache_mode', 'force_generic_plan', false),
	set_config('enable_seqscan', 'off', false),
	set_config('enable_bitmapscan', 'off', false),
	set_config('enable_hashjoin', 'off', false),
	set_config('enable_mergejoin', 'off', false),
	set_config('enable_memoize', 'off', false),
	set_config('enable_sort', 'off', false),
	set_config('enable_material', 'off', false),
	set_config('jit', 'off', false),
	set_config('idle_session_timeout', '15s', false),
	set_config('idle_in_transaction_session_timeout', '15s', false);

-- name: session_reader
-- All reads are by key, so the same plans are right here.
SELECT set_config('plan_cache_mode', 'force_generic_plan', false),
	set_config('enable_seqscan', 'off', false),
	set_config('enable_hashjoin', 'off', false),
	set_config('enable_mergejoin', 'off', false),
	set_config('enable_memoize', 'off', false),
	set_config('enable_sort', 'off', false),
	set_config('enable_material', 'off', false),
	set_config('jit', 'off', false),
	set_config('statement_timeout', '30s', false),
	set_config('default_transaction_read_only', 'on', false);

-- name: session_catalogue
SELECT set_config('statement_timeout', '30s', false),
	set_config('idle_in_transaction_session_timeout', '30s', false);

-- name: session_plugin
-- A connection for the SQL of plugins: texts have one form, whatever the role or the database says, and a transaction
-- whose client is gone ends soon (not every server can find that out).
DO $$
BEGIN
	PERFORM set_config('DateStyle', 'ISO', false), set_config('IntervalStyle', 'postgres', false),
		set_config('bytea_output', 'hex', false), set_config('extra_float_digits', '1', false),
		set_config('standard_conforming_strings', 'on', false), set_config('xmloption', 'content', false),
		set_config('lc_monetary', 'C', false),
		set_config('idle_in_transaction_session_timeout', '30s', false);
	BEGIN
		PERFORM set_config('client_connection_check_interval', '2s', false);
	EXCEPTION
		WHEN undefined_object OR invalid_parameter_value THEN NULL;
	END;
END
$$;

-- name: listen_catalogue
LISTEN pawl_catalogue;

-- name: ping
SELECT 1;

-- name: tx_begin
BEGIN;

-- name: tx_no_timeout
SET LOCAL statement_timeout = 0;

-- name: tx_commit
-- The command tag is ROLLBACK when the transaction had failed.
COMMIT;

-- name: tx_rollback
ROLLBACK;
