-- What DynamoDB asks.

-- name: create_table
-- $1 name  $2 hash name  $3 its type  $4 range name or NULL  $5 its type  $6 definition (json)
-- rows: none = there is such a table
INSERT INTO pawl_dynamodb."table" (name, hash_name, hash_type, range_name, range_type, definition)
VALUES ($1, $2, $3, $4, $5, $6::jsonb) ON CONFLICT (name) DO NOTHING
RETURNING definition, table_id, extract(epoch FROM created_at)::float8, 0, 0;

-- name: describe_table
-- rows: none = there is no such table
SELECT t.definition, t.table_id, extract(epoch FROM t.created_at)::float8, count(i.table_id), coalesce(sum(i.size), 0)
FROM pawl_dynamodb."table" t LEFT JOIN pawl_dynamodb.item i USING (table_id) WHERE t.name = $1 GROUP BY t.table_id;

-- name: delete_table
-- rows: none = there is no such table
DELETE FROM pawl_dynamodb."table" WHERE name = $1
RETURNING definition, table_id, extract(epoch FROM created_at)::float8, 0, 0;

-- name: list_tables
-- $1 the last name of the page before, or ""  $2 how many
SELECT name FROM pawl_dynamodb."table" WHERE name > $1 ORDER BY name LIMIT $2::bigint;

-- name: find_item
-- $1 table  $2 the keys that the item may have, in hexadecimal (json: attribute to key)
-- rows: none = there is no such table
SELECT t.table_id, t.hash_name, t.hash_type, t.range_name, t.range_type, i.item, i.version, i.size
FROM pawl_dynamodb."table" t LEFT JOIN pawl_dynamodb.item i ON i.table_id = t.table_id
	AND i.hash_key = decode($2::jsonb ->> t.hash_name, 'hex')
	AND i.range_key = CASE WHEN t.range_name IS NULL THEN ''::bytea ELSE decode($2::jsonb ->> t.range_name, 'hex') END
WHERE t.name = $1;

-- name: add_item
-- $1 table id  $2 hash key  $3 range key (hexadecimal)  $4 item (json)  $5 size. rows: none = somebody was faster
INSERT INTO pawl_dynamodb.item (table_id, hash_key, range_key, item, size)
VALUES ($1::bigint, decode($2, 'hex'), decode($3, 'hex'), $4::jsonb, $5::integer)
ON CONFLICT (table_id, hash_key, range_key) DO NOTHING RETURNING version;

-- name: change_item
-- The same, and $6 the version that is replaced. rows: none = somebody was faster
UPDATE pawl_dynamodb.item SET item = $4::jsonb, size = $5::integer, version = nextval('pawl_dynamodb.version_seq')
WHERE table_id = $1::bigint AND hash_key = decode($2, 'hex') AND range_key = decode($3, 'hex') AND version = $6::bigint
RETURNING version;

-- name: delete_item
-- $4 the version that goes. rows: none = somebody was faster
DELETE FROM pawl_dynamodb.item
WHERE table_id = $1::bigint AND hash_key = decode($2, 'hex') AND range_key = decode($3, 'hex') AND version = $4::bigint
RETURNING version;

-- name: find_items
-- $1 json: [{"table": name, "keys": as find_item has them}]  $2 how many bytes of items  $3 token or NULL  $4 what was asked with it
-- rows: one for each, in order; table_id NULL = there is no such table; late: the item is left out because of those before it;
-- replay: the token was used before with the same request; NULL = it was not
SELECT y.table_id, y.hash_name, y.hash_type, y.range_name, y.range_type, CASE WHEN y.total - y.size < $2::bigint THEN y.item END,
	y.version, y.total - y.size >= $2::bigint AS late,
	(SELECT k.digest = sha256(convert_to($4, 'UTF8')) FROM pawl_dynamodb.token k
		WHERE k.token = $3 AND k.used_at > now() - interval '10 minutes') AS replay
FROM (SELECT x.n, t.*, i.item, i.version, coalesce(i.size, 0) AS size, sum(coalesce(i.size, 0)) OVER (ORDER BY x.n) AS total
	FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS x (v, n)
	LEFT JOIN pawl_dynamodb."table" t ON t.name = x.v ->> 'table'
	LEFT JOIN LATERAL (SELECT o.item, o.version, o.size FROM pawl_dynamodb.item o WHERE o.table_id = t.table_id
		AND o.hash_key = decode(x.v -> 'keys' ->> t.hash_name, 'hex')
		AND o.range_key = CASE WHEN t.range_name IS NULL THEN ''::bytea ELSE decode(x.v -> 'keys' ->> t.range_name, 'hex') END
		LIMIT 1) i ON true) AS y
ORDER BY y.n;

-- name: write_items
-- $1 entries (json)  $2 token or NULL  $3 what was asked with it
SELECT pawl_dynamodb.write_items($1::jsonb, $2, $3);

-- name: find_table
-- rows: none = there is no such table
SELECT table_id, hash_name, hash_type, range_name, range_type FROM pawl_dynamodb."table" WHERE name = $1;

-- name: query_up
-- $1 table id  $2 hash key  $3 lowest, $4 highest range key, each NULL = any, $5 range key that comes before the
-- page or NULL (hexadecimal)  $6 how many  $7 whether the highest is among them. A page is 1 MB at most. rows: item, size, how many there would be
SELECT item, size, n FROM (
	SELECT item, size, sum(size) OVER (ORDER BY range_key) AS total, count(*) OVER () AS n, range_key FROM (
		SELECT item, size, range_key FROM pawl_dynamodb.item
		WHERE table_id = $1::bigint AND hash_key = decode($2, 'hex')
			AND ($3::text IS NULL OR range_key >= decode($3, 'hex')) AND ($4::text IS NULL OR range_key < decode($4, 'hex') OR ($7::boolean AND range_key = decode($4, 'hex')))
			AND ($5::text IS NULL OR range_key > decode($5, 'hex'))
		ORDER BY range_key LIMIT $6::bigint) AS page) AS sums
WHERE total - size < 1048576 ORDER BY range_key;

-- name: query_down
-- The same from the highest on.
SELECT item, size, n FROM (
	SELECT item, size, sum(size) OVER (ORDER BY range_key DESC) AS total, count(*) OVER () AS n, range_key FROM (
		SELECT item, size, range_key FROM pawl_dynamodb.item
		WHERE table_id = $1::bigint AND hash_key = decode($2, 'hex')
			AND ($3::text IS NULL OR range_key >= decode($3, 'hex')) AND ($4::text IS NULL OR range_key < decode($4, 'hex') OR ($7::boolean AND range_key = decode($4, 'hex')))
			AND ($5::text IS NULL OR range_key < decode($5, 'hex'))
		ORDER BY range_key DESC LIMIT $6::bigint) AS page) AS sums
WHERE total - size < 1048576 ORDER BY range_key DESC;

-- name: scan
-- $1 table id  $2 hash key, $3 range key that come before the page, or NULL (hexadecimal)  $4 how many  $5 segment, $6 of
-- how many. rows: as query_up
SELECT item, size, n FROM (
	SELECT item, size, sum(size) OVER (ORDER BY hash_key, range_key) AS total, count(*) OVER () AS n, hash_key, range_key FROM (
		SELECT item, size, hash_key, range_key FROM pawl_dynamodb.item
		WHERE table_id = $1::bigint AND ($2::text IS NULL OR (hash_key, range_key) > (decode($2, 'hex'), decode($3, 'hex')))
			AND ($6::integer = 1 OR abs(hashtext(encode(hash_key, 'hex'))::bigint) % $6::integer = $5::integer)
		ORDER BY hash_key, range_key LIMIT $4::bigint) AS page) AS sums
WHERE total - size < 1048576 ORDER BY hash_key, range_key;
