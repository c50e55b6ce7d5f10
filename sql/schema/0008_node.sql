-- Several nodes on one database: who they are, where they are reached, how they do.

CREATE SEQUENCE pawl.node_number AS integer CYCLE;
COMMENT ON SEQUENCE pawl.node_number IS 'Gives each connection of a node a number of its own; the advisory lock (1885435758, number) says that it lives.';

ALTER TABLE pawl.node
	ADD COLUMN number integer,
	ADD COLUMN address text,
	ADD COLUMN seen_ms bigint,
	ADD COLUMN open_executions bigint,
	ADD COLUMN sleeping bigint,
	ADD COLUMN transitions_per_s double precision,
	ADD COLUMN cpu double precision,
	ADD COLUMN lag_ms bigint;

COMMENT ON COLUMN pawl.node.number IS 'The number whose advisory lock it holds while it is connected.';
COMMENT ON COLUMN pawl.node.address IS 'Where other nodes reach it, HOST:PORT.';
COMMENT ON COLUMN pawl.node.seen_ms IS 'When it said last how it does, which is every few seconds.';
COMMENT ON COLUMN pawl.node.open_executions IS 'Its open executions, sleeping ones included.';
COMMENT ON COLUMN pawl.node.sleeping IS 'Those of them that have left memory.';
COMMENT ON COLUMN pawl.node.transitions_per_s IS 'States entered per second, lately.';
COMMENT ON COLUMN pawl.node.cpu IS 'Share of one core that it used lately, 1 = all of it.';
COMMENT ON COLUMN pawl.node.lag_ms IS 'How late the execution is that has been due longest, in ms; 0 = none is late.';
