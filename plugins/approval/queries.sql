-- What the plugin asks; the functions are in schema.sql and say what their answers mean.

-- name: create
-- $1 the request (json)  $2 seconds between looks at its task
SELECT pawl_approval.create_request($1::json, $2::double precision * interval '1 second');

-- name: look
-- $1 nonce, or NULL and  $2 request  $3 name. rows: none = there is no such approver
SELECT * FROM pawl_approval.look($1, $2::uuid, $3) AS x (approver_id bigint, name text, decision text, state text, title text,
	body text, data text, form text, comment_required boolean, deadline text, quorum integer, approvers bigint);

-- name: decide
-- $1 approver  $2 decision  $3 comment  $4 form (json)  $5 via  $6 address  $7 user agent
SELECT pawl_approval.decide($1::bigint, $2, $3, $4::json, $5, $6, $7);

-- name: work
-- $1 seconds between looks at a task
SELECT pawl_approval.work($1::double precision * interval '1 second');

-- name: claim_mails
-- Who claims a mail has it for a time; then somebody else sends it. $1 how many  $2 seconds
UPDATE pawl_approval.mail AS m SET attempts = m.attempts + 1,
	due_at = clock_timestamp() + $2::double precision * interval '1 second'
FROM (SELECT mail_id FROM pawl_approval.mail WHERE state = 'waiting' AND due_at <= clock_timestamp()
	ORDER BY due_at LIMIT $1::integer FOR UPDATE SKIP LOCKED) AS due,
	pawl_approval.approver AS a JOIN pawl_approval.request AS r USING (request_id)
WHERE m.mail_id = due.mail_id AND a.approver_id = m.approver_id
RETURNING m.mail_id, m.kind, m.attempts, a.name, a.nonce, r.title, r.body,
	to_char(r.deadline AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), r.request_id;

-- name: next_due
-- Milliseconds until something is due; NULL = nothing is.
SELECT ceil(extract(epoch FROM least((SELECT min(due_at) FROM pawl_approval.request WHERE state = 'open'),
	(SELECT min(due_at) FROM pawl_approval.mail WHERE state = 'waiting')) - clock_timestamp()) * 1000)::bigint;

-- name: mail_done
-- $1 mail  $2 state  $3 error  $4 seconds until it is tried again
UPDATE pawl_approval.mail SET state = $2, error = $3, due_at = clock_timestamp() + $4::double precision * interval '1 second'
WHERE mail_id = $1::bigint AND state = 'waiting';

-- name: sweep
-- $1 how many at a time  $2 seconds to keep
SELECT pawl_approval.sweep($1::integer, $2::double precision);

-- name: list
-- $1 state or NULL  $2 approver or NULL  $3 machine (name or ARN) or NULL  $4 seq of the last one before, or 0  $5 how many  $6 request or NULL
SELECT r.seq, r.request_id, r.state, r.title, r.body, r.data::text, r.form::text, r.quorum, r.comment_required,
	pawl_approval.time_text(r.created_at), pawl_approval.time_text(r.deadline), pawl_approval.time_text(r.closed_at),
	r.execution_arn, r.machine_arn, r.state_name,
	(SELECT json_agg(json_build_object('name', a.name, 'nonce', a.nonce, 'decision', a.decision, 'comment', a.comment,
		'form', a.form, 'at', pawl_approval.time_text(a.decided_at),
		'mail', (SELECT m.state FROM pawl_approval.mail AS m WHERE m.approver_id = a.approver_id ORDER BY m.mail_id DESC LIMIT 1),
		'error', (SELECT m.error FROM pawl_approval.mail AS m WHERE m.approver_id = a.approver_id ORDER BY m.mail_id DESC LIMIT 1))
		ORDER BY a.approver_id) FROM pawl_approval.approver AS a WHERE a.request_id = r.request_id)
FROM pawl_approval.request AS r
WHERE ($1::text IS NULL OR r.state = $1) AND r.seq > $4::bigint AND ($6::uuid IS NULL OR r.request_id = $6::uuid)
	AND ($2::text IS NULL OR EXISTS (SELECT FROM pawl_approval.approver AS a WHERE a.request_id = r.request_id AND a.name = $2))
	AND ($3::text IS NULL OR r.machine_arn = $3 OR split_part(r.machine_arn, ':', 7) = $3)
ORDER BY r.seq LIMIT $5::integer;
