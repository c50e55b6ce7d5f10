-- The schema pawl_dynamodb: tables and items of DynamoDB.
--
-- Each block is one step of db_migrate; steps are only ever added at the end.

-- name: schema
CREATE SCHEMA IF NOT EXISTS pawl_dynamodb;

-- name: dynamo_table
CREATE TABLE pawl_dynamodb."table" (
	table_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text COLLATE "C" NOT NULL UNIQUE,
	hash_name text NOT NULL,
	hash_type text NOT NULL,
	range_name text,
	range_type text,
	definition jsonb NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);

-- name: table_comment
COMMENT ON TABLE pawl_dynamodb."table" IS 'The tables of DynamoDB. definition: as CreateTable had it.';

-- name: version_seq
CREATE SEQUENCE pawl_dynamodb.version_seq;

-- name: item
CREATE TABLE pawl_dynamodb.item (
	table_id bigint NOT NULL REFERENCES pawl_dynamodb."table" ON DELETE CASCADE,
	hash_key bytea NOT NULL,
	range_key bytea NOT NULL,
	item jsonb NOT NULL,
	size integer NOT NULL,
	version bigint NOT NULL DEFAULT nextval('pawl_dynamodb.version_seq'),
	PRIMARY KEY (table_id, hash_key, range_key)
);

-- name: item_comment
COMMENT ON TABLE pawl_dynamodb.item IS 'The items, as attribute values. hash_key, range_key: bytes that compare as the key attributes do. size: bytes as DynamoDB counts them. version: another one after each change.';

-- name: token
CREATE TABLE pawl_dynamodb.token (
	token text PRIMARY KEY,
	digest bytea NOT NULL,
	used_at timestamptz NOT NULL DEFAULT now()
);

-- name: token_used
CREATE INDEX token_used ON pawl_dynamodb.token (used_at);

-- name: token_comment
COMMENT ON TABLE pawl_dynamodb.token IS 'The ClientRequestTokens of the last ten minutes, with digests of what was asked.';

-- name: use_token
-- Notes that a token is used; false: it was used within ten minutes. Older ones go, some at a time.
CREATE FUNCTION pawl_dynamodb.use_token(of_token text, request text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM pawl_dynamodb.token t WHERE t.token IN (SELECT o.token FROM pawl_dynamodb.token o
		WHERE o.used_at <= now() - interval '10 minutes' ORDER BY o.used_at LIMIT 100 FOR UPDATE SKIP LOCKED);
	INSERT INTO pawl_dynamodb.token AS t (token, digest) VALUES (of_token, sha256(convert_to(request, 'UTF8')))
	ON CONFLICT (token) DO UPDATE SET digest = excluded.digest, used_at = excluded.used_at
	WHERE t.used_at <= now() - interval '10 minutes';
	RETURN FOUND;
END
$$;

-- name: write_items
-- Writes all or nothing; false: nothing, because an item is not as it was read, or the token was used. kind: put and drop whatever is
-- there; add what is not there; change, delete what has that version; there, absent: nothing is written, the item is looked at.
-- Transactions of the same items come one after another, also when they only look for items that are not there.
CREATE FUNCTION pawl_dynamodb.write_items(entries jsonb, of_token text, request text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	e record;
BEGIN
	PERFORM pg_advisory_xact_lock(1885435764, k.lock) FROM (SELECT DISTINCT hashtext(x ->> 'table' || ' ' || (x ->> 'hash') || ' ' || (x ->> 'range')) AS lock
		FROM jsonb_array_elements(entries) AS x ORDER BY 1) AS k;
	IF of_token IS NOT NULL AND NOT pawl_dynamodb.use_token(of_token, request) THEN
		RETURN false;
	END IF;
	FOR e IN SELECT x.kind, x."table" AS id, decode(x.hash, 'hex') AS hash, decode(x.range, 'hex') AS range, x.item, x.size, x.version
		FROM jsonb_to_recordset(entries) AS x (kind text, "table" bigint, hash text, range text, item jsonb, size integer, version bigint)
		ORDER BY 2, 3, 4
	LOOP
		CASE
		WHEN e.kind = 'put' THEN
			INSERT INTO pawl_dynamodb.item (table_id, hash_key, range_key, item, size) VALUES (e.id, e.hash, e.range, e.item, e.size)
			ON CONFLICT (table_id, hash_key, range_key) DO UPDATE
			SET item = excluded.item, size = excluded.size, version = excluded.version;
		WHEN e.kind = 'add' THEN
			INSERT INTO pawl_dynamodb.item (table_id, hash_key, range_key, item, size) VALUES (e.id, e.hash, e.range, e.item, e.size)
			ON CONFLICT (table_id, hash_key, range_key) DO NOTHING;
		WHEN e.kind = 'change' THEN
			UPDATE pawl_dynamodb.item i SET item = e.item, size = e.size, version = nextval('pawl_dynamodb.version_seq')
			WHERE i.table_id = e.id AND i.hash_key = e.hash AND i.range_key = e.range AND i.version = e.version;
		WHEN e.kind IN ('drop', 'delete') THEN
			DELETE FROM pawl_dynamodb.item i WHERE i.table_id = e.id AND i.hash_key = e.hash AND i.range_key = e.range
				AND (e.kind = 'drop' OR i.version = e.version);
		ELSE
			PERFORM FROM pawl_dynamodb.item i WHERE i.table_id = e.id AND i.hash_key = e.hash AND i.range_key = e.range
				AND (e.kind = 'absent' OR i.version = e.version) FOR SHARE;
		END CASE;
		IF FOUND = (e.kind = 'absent') AND e.kind <> 'drop' THEN
			RAISE EXCEPTION USING ERRCODE = 'PWD01';
		END IF;
	END LOOP;
	RETURN true;
EXCEPTION WHEN SQLSTATE 'PWD01' THEN
	RETURN false;
END
$$;
