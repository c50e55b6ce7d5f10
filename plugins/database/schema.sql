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
