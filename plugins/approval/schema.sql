-- The schema pawl_approval: requests, who is asked, what they said, and the mails that are to be sent.
--
-- Each block is one step of db_migrate; steps are only ever added at the end.
--
-- Who changes a request, or what people said about it, holds the row of the request. What answers the
-- task (pawl.send_task_success, pawl.send_task_failure) is in the transaction that closes the request.

-- name: schema
CREATE SCHEMA IF NOT EXISTS pawl_approval;

-- name: request
CREATE TABLE pawl_approval.request (
	request_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
	token text NOT NULL,
	execution_arn text NOT NULL,
	machine_arn text NOT NULL,
	state_name text NOT NULL,
	title text NOT NULL,
	body text NOT NULL,
	data json,
	form json,
	quorum integer NOT NULL CHECK (quorum > 0),
	comment_required boolean NOT NULL,
	reject_is_output boolean NOT NULL,
	created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	deadline timestamptz,
	reminder_every interval,
	reminders timestamptz[] NOT NULL DEFAULT '{}',
	reminder_at timestamptz,
	check_at timestamptz NOT NULL,
	due_at timestamptz NOT NULL GENERATED ALWAYS AS (least(deadline, reminder_at, check_at)) STORED,
	state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'rejected', 'expired', 'cancelled')),
	closed_at timestamptz
);

-- name: request_due
CREATE INDEX request_due ON pawl_approval.request (due_at) WHERE state = 'open';

-- name: approver
CREATE TABLE pawl_approval.approver (
	approver_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	request_id uuid NOT NULL REFERENCES pawl_approval.request,
	name text NOT NULL,
	nonce text NOT NULL UNIQUE,
	decision text CHECK (decision IN ('approved', 'rejected')),
	comment text,
	form json,
	decided_at timestamptz,
	UNIQUE (request_id, name)
);

-- name: approver_comment
COMMENT ON COLUMN pawl_approval.approver.nonce IS 'What the link of this person names. A link is signed besides, with a key that is not in this schema.';

-- name: audit
CREATE TABLE pawl_approval.audit (
	audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	request_id uuid NOT NULL,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	who text,
	what text NOT NULL,
	comment text,
	form json,
	via text,
	address text,
	user_agent text
);

-- name: audit_request
CREATE INDEX audit_request ON pawl_approval.audit (request_id, audit_id);

-- name: audit_stays
CREATE FUNCTION pawl_approval.audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'pawl_approval.audit is only added to' USING ERRCODE = 'insufficient_privilege';
END
$$;

-- name: audit_trigger
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON pawl_approval.audit
	FOR EACH STATEMENT EXECUTE FUNCTION pawl_approval.audit_stays();

-- name: mail
CREATE TABLE pawl_approval.mail (
	mail_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	approver_id bigint NOT NULL REFERENCES pawl_approval.approver,
	kind text NOT NULL CHECK (kind IN ('request', 'reminder')),
	state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed', 'dropped')),
	due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	attempts integer NOT NULL DEFAULT 0,
	error text
);

-- name: mail_due
CREATE INDEX mail_due ON pawl_approval.mail (due_at) WHERE state = 'waiting';

-- name: mail_approver
CREATE INDEX mail_approver ON pawl_approval.mail (approver_id);

-- name: time_text
CREATE FUNCTION pawl_approval.time_text(t timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- name: create_request
-- Makes a request; p: the members that read_request of task.c wrote. Gives its id.
CREATE FUNCTION pawl_approval.create_request(p json, check_every interval) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	id uuid;
	at timestamptz := clock_timestamp();
	every interval := (p ->> 'every')::bigint * interval '1 second';
	times timestamptz[] := ARRAY(SELECT at + x::bigint * interval '1 second'
		FROM json_array_elements_text(coalesce(p -> 'reminders', '[]')) AS x ORDER BY x::bigint);
BEGIN
	INSERT INTO pawl_approval.request (token, execution_arn, machine_arn, state_name, title, body, data, form, quorum,
		comment_required, reject_is_output, created_at, deadline, reminder_every, reminders, reminder_at, check_at)
	VALUES (p ->> 'token', p ->> 'execution', p ->> 'machine', p ->> 'state', p ->> 'title', p ->> 'text',
		p -> 'data', p -> 'form', (p ->> 'quorum')::integer, (p ->> 'comment')::boolean, (p ->> 'output')::boolean, at,
		coalesce(at + (p ->> 'seconds')::bigint * interval '1 second', (p ->> 'until')::timestamptz),
		every, times[2:], coalesce(at + every, times[1]), at + check_every)
	RETURNING request_id INTO id;
	INSERT INTO pawl_approval.approver (request_id, name, nonce)
	SELECT id, a ->> 'name', a ->> 'nonce' FROM json_array_elements(p -> 'approvers') AS a;
	INSERT INTO pawl_approval.mail (approver_id, kind)
	SELECT approver_id, 'request' FROM pawl_approval.approver WHERE request_id = id AND name LIKE '%@%' ORDER BY approver_id;
	INSERT INTO pawl_approval.audit (request_id, what) VALUES (id, 'created');
	RETURN id;
END
$$;

-- name: answer_task
-- Answers the task when the transaction commits. False: nobody waits for the answer any more.
CREATE FUNCTION pawl_approval.answer_task(token text, output text, error text, cause text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF error IS NULL THEN
		PERFORM pawl.send_task_success(token, output);
	ELSE
		PERFORM pawl.send_task_failure(token, error, cause);
	END IF;
	RETURN true;
EXCEPTION WHEN SQLSTATE 'PW005' OR SQLSTATE 'PW006' OR SQLSTATE 'PW007' THEN
	RETURN false;
END
$$;

-- name: task_waits
-- Whether the task could be answered. The heartbeat that finds out is undone.
CREATE FUNCTION pawl_approval.task_waits(token text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pawl.send_task_heartbeat(token);
	RAISE EXCEPTION USING ERRCODE = 'PWA00';
EXCEPTION
	WHEN SQLSTATE 'PWA00' THEN
		RETURN true;
	WHEN SQLSTATE 'PW005' OR SQLSTATE 'PW006' OR SQLSTATE 'PW007' THEN
		RETURN false;
END
$$;

-- name: close_request
CREATE FUNCTION pawl_approval.close_request(id uuid, as_state text) RETURNS void LANGUAGE sql AS $$
	UPDATE pawl_approval.request SET state = as_state, closed_at = clock_timestamp() WHERE request_id = id;
	UPDATE pawl_approval.mail SET state = 'dropped' WHERE state = 'waiting' AND approver_id IN
		(SELECT approver_id FROM pawl_approval.approver WHERE request_id = id);
	INSERT INTO pawl_approval.audit (request_id, what) VALUES (id, as_state);
$$;

-- name: result
-- What the task is answered with. last: who decided it, NULL = nobody did.
CREATE FUNCTION pawl_approval.result(id uuid, decided text, last bigint, only_last boolean) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT json_build_object('Decision', decided, 'RequestId', id, 'Title', r.title,
		'Form', coalesce((SELECT form FROM pawl_approval.approver WHERE approver_id = last), '{}'),
		'Decisions', (SELECT coalesce(json_agg(json_build_object('Approver', a.name, 'Decision', a.decision,
			'Comment', a.comment, 'Form', coalesce(a.form, '{}'), 'At', pawl_approval.time_text(a.decided_at))
			ORDER BY a.decided_at, a.approver_id), '[]')
			FROM pawl_approval.approver AS a WHERE a.request_id = id AND a.decision IS NOT NULL
			AND (NOT only_last OR a.approver_id = last)))::text
	FROM pawl_approval.request AS r WHERE r.request_id = id
$$;

-- name: failure_cause
-- A cause has 32,768 characters at most: of many long comments the last is left.
CREATE FUNCTION pawl_approval.failure_cause(id uuid, decided text, last bigint) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN length(x) <= 32768 THEN x ELSE left(pawl_approval.result(id, decided, last, true), 32768) END
	FROM (SELECT pawl_approval.result(id, decided, last, false)) AS r (x)
$$;

-- name: close_if_over
-- Of a request whose row is held: closes it when its deadline has passed or its task does not wait any more. Gives its state.
CREATE FUNCTION pawl_approval.close_if_over(id uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r pawl_approval.request;
	to_state text := 'open';
BEGIN
	SELECT * INTO r FROM pawl_approval.request WHERE request_id = id;
	IF r.state <> 'open' THEN
		RETURN r.state;
	END IF;
	IF r.deadline <= clock_timestamp() THEN
		to_state := CASE WHEN pawl_approval.answer_task(r.token, NULL, 'Approval.Expired',
			pawl_approval.failure_cause(id, 'expired', NULL)) THEN 'expired' ELSE 'cancelled' END;
	ELSIF NOT pawl_approval.task_waits(r.token) THEN
		to_state := 'cancelled';
	END IF;
	IF to_state <> 'open' THEN
		PERFORM pawl_approval.close_request(id, to_state);
	END IF;
	RETURN to_state;
END
$$;

-- name: decide
-- Somebody decides. Gives how it went: "missing", "again" (has decided before), the state of a request that is not open any
-- more, "noted" (others are to decide), or "done" (this settled it).
CREATE FUNCTION pawl_approval.decide(of_approver bigint, with_decision text, with_comment text, with_form json, by_via text,
	from_address text, with_agent text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	a pawl_approval.approver;
	r pawl_approval.request;
	state text;
	approvals bigint;
	possible bigint;
	settled text;
	answered boolean;
BEGIN
	SELECT q.* INTO r FROM pawl_approval.request AS q WHERE q.request_id =
		(SELECT request_id FROM pawl_approval.approver WHERE approver_id = of_approver) FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 'missing';
	END IF;
	SELECT * INTO a FROM pawl_approval.approver WHERE approver_id = of_approver;
	IF a.decision IS NOT NULL THEN
		RETURN 'again';
	END IF;
	state := pawl_approval.close_if_over(r.request_id);
	IF state <> 'open' THEN
		RETURN state;
	END IF;
	UPDATE pawl_approval.approver SET decision = with_decision, comment = with_comment, form = with_form,
		decided_at = clock_timestamp() WHERE approver_id = of_approver;
	INSERT INTO pawl_approval.audit (request_id, who, what, comment, form, via, address, user_agent)
	VALUES (r.request_id, a.name, with_decision, with_comment, with_form, by_via, from_address, with_agent);
	UPDATE pawl_approval.mail SET state = 'dropped' WHERE mail.state = 'waiting' AND approver_id = of_approver;
	SELECT count(*) FILTER (WHERE decision = 'approved'), count(*) FILTER (WHERE decision IS DISTINCT FROM 'rejected')
	INTO approvals, possible FROM pawl_approval.approver WHERE request_id = r.request_id;
	settled := CASE WHEN approvals >= r.quorum THEN 'approved' WHEN possible < r.quorum THEN 'rejected' END;
	IF settled IS NULL THEN
		RETURN 'noted';
	END IF;
	IF settled = 'approved' OR r.reject_is_output THEN
		answered := pawl_approval.answer_task(r.token, pawl_approval.result(r.request_id, settled, of_approver, false), NULL, NULL);
	ELSE
		answered := pawl_approval.answer_task(r.token, NULL, 'Approval.Rejected',
			pawl_approval.failure_cause(r.request_id, settled, of_approver));
	END IF;
	PERFORM pawl_approval.close_request(r.request_id, CASE WHEN answered THEN settled ELSE 'cancelled' END);
	RETURN CASE WHEN answered THEN 'done' ELSE 'cancelled' END;
END
$$;

-- name: look
-- What a page or the API shows of one approver's request, after a look at whether it is over.
CREATE FUNCTION pawl_approval.look(of_nonce text, of_request uuid, of_name text) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	a pawl_approval.approver;
BEGIN
	SELECT x.* INTO a FROM pawl_approval.approver AS x
	WHERE CASE WHEN of_nonce IS NOT NULL THEN x.nonce = of_nonce ELSE x.request_id = of_request AND x.name = of_name END;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	PERFORM FROM pawl_approval.request WHERE request_id = a.request_id FOR UPDATE;
	PERFORM pawl_approval.close_if_over(a.request_id);
	RETURN QUERY SELECT x.approver_id, x.name, x.decision, q.state, q.title, q.body, q.data::text, q.form::text,
		q.comment_required, to_char(q.deadline AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), q.quorum,
		(SELECT count(*) FROM pawl_approval.approver AS o WHERE o.request_id = q.request_id)
	FROM pawl_approval.approver AS x JOIN pawl_approval.request AS q USING (request_id)
	WHERE x.approver_id = a.approver_id;
END
$$;

-- name: work
-- Expires, reminds and checks what is due.
CREATE FUNCTION pawl_approval.work(check_every interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	r pawl_approval.request;
	next_reminder timestamptz;
BEGIN
	FOR r IN SELECT * FROM pawl_approval.request WHERE state = 'open' AND due_at <= clock_timestamp()
		ORDER BY due_at LIMIT 50 FOR UPDATE SKIP LOCKED LOOP
		CONTINUE WHEN pawl_approval.close_if_over(r.request_id) <> 'open';
		next_reminder := r.reminder_at;
		IF r.reminder_at <= clock_timestamp() THEN
			INSERT INTO pawl_approval.mail (approver_id, kind) SELECT a.approver_id, 'reminder'
			FROM pawl_approval.approver AS a WHERE a.request_id = r.request_id AND a.decision IS NULL AND a.name LIKE '%@%'
			AND NOT EXISTS (SELECT FROM pawl_approval.mail AS m WHERE m.approver_id = a.approver_id AND m.state = 'waiting');
			next_reminder := coalesce(clock_timestamp() + r.reminder_every, r.reminders[1]);
		END IF;
		UPDATE pawl_approval.request SET check_at = clock_timestamp() + check_every, reminder_at = next_reminder,
			reminders = CASE WHEN next_reminder IS NOT DISTINCT FROM r.reminder_at THEN r.reminders ELSE r.reminders[2:] END
		WHERE request_id = r.request_id;
	END LOOP;
END
$$;

-- name: request_closed
CREATE INDEX request_closed ON pawl_approval.request (closed_at) WHERE state <> 'open';

-- name: audit_change
DROP TRIGGER audit_stays ON pawl_approval.audit;

-- name: audit_unchanged
CREATE TRIGGER audit_stays BEFORE UPDATE OR TRUNCATE ON pawl_approval.audit
	FOR EACH STATEMENT EXECUTE FUNCTION pawl_approval.audit_stays();

-- name: audit_kept
-- What is known of a request goes after the request, with sweep.
CREATE FUNCTION pawl_approval.audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM pawl_approval.request AS r WHERE r.request_id = OLD.request_id) THEN
		RAISE EXCEPTION 'pawl_approval.audit is only added to' USING ERRCODE = 'insufficient_privilege';
	END IF;
	RETURN OLD;
END
$$;

-- name: audit_kept_trigger
CREATE TRIGGER audit_kept BEFORE DELETE ON pawl_approval.audit
	FOR EACH ROW EXECUTE FUNCTION pawl_approval.audit_kept();

-- name: sweep
-- Deletes requests that were closed that many seconds ago, up to batch, with all that belongs to them. How many; -1: somebody else is at it.
CREATE FUNCTION pawl_approval.sweep(batch integer, keep double precision) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	old uuid[];
BEGIN
	IF NOT pg_try_advisory_xact_lock(1885435763, 0) THEN
		RETURN -1;
	END IF;
	old := ARRAY(SELECT request_id FROM pawl_approval.request
		WHERE state <> 'open' AND closed_at <= now() - make_interval(secs => keep)
		ORDER BY closed_at LIMIT batch FOR UPDATE SKIP LOCKED);
	DELETE FROM pawl_approval.mail WHERE approver_id IN
		(SELECT approver_id FROM pawl_approval.approver WHERE request_id = ANY (old));
	DELETE FROM pawl_approval.approver WHERE request_id = ANY (old);
	DELETE FROM pawl_approval.request WHERE request_id = ANY (old);
	DELETE FROM pawl_approval.audit WHERE request_id = ANY (old);
	RETURN cardinality(old);
END
$$;
