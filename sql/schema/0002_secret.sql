-- Secrets that all nodes of a cluster share; the first signs task tokens and page tokens.
CREATE TABLE pawl.secret (
	name text PRIMARY KEY,
	value text NOT NULL
);
COMMENT ON TABLE pawl.secret IS 'Keys that all nodes share. Whoever can read this can forge task tokens.';
COMMENT ON COLUMN pawl.secret.name IS 'token: signs task tokens and page tokens.';
COMMENT ON COLUMN pawl.secret.value IS 'Random, made with the schema.';

INSERT INTO pawl.secret (name, value)
VALUES ('token', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));
