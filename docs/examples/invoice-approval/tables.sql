-- tables - what the accounts department keeps; made by run with psql, ordinary tables for everybody else.
-- The variable suppliers is the text of suppliers.json.

CREATE TABLE supplier (
	vat_id text PRIMARY KEY,
	name text NOT NULL,
	language text NOT NULL,
	iban text NOT NULL,
	free_up_to bigint NOT NULL -- cents: up to here nobody is asked
);

CREATE TABLE invoice (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	supplier text NOT NULL, -- VAT id; one that is not in the table supplier is for people to judge
	number text NOT NULL,
	issued date NOT NULL,
	iban text NOT NULL,
	cents bigint CHECK (cents > 0), -- NULL: nobody could read it so far
	file text NOT NULL,
	status text NOT NULL DEFAULT 'recorded'
		CHECK (status IN ('recorded', 'approved', 'paid', 'refused', 'expired', 'unclear')),
	decided_by text,
	comment text,
	cost_center text,
	payment text UNIQUE,
	UNIQUE (supplier, number), -- an invoice that comes again is not an invoice more
	CHECK ((status = 'paid') = (payment IS NOT NULL))
);

INSERT INTO supplier SELECT * FROM json_populate_recordset(NULL::supplier, :'suppliers');
