/*
 * act_task - the actions of workers: what they say about a task whose token they have.
 */
#include "api/act.h"
#include "api/peer.h"
#include "base/stat.h"
#include "task/engine.h"

struct send {
	struct call call;
	struct task_ref task;
	struct task_answer answer;
};

static int
send_read_token(struct send *s, struct err *e)
{
	size_t len = 0;
	const char *token = call_text(&s->call, "taskToken", &len);

	if (token_read(s->call.api->token_secret, token, len, &s->task) != 0)
		return err_set(e, "InvalidToken", "Invalid Token: 'Invalid token'");
	return 0;
}

static enum flow_next
success_check(struct flow *f, void *state, struct err *e)
{
	struct send *s = state;
	struct err why = ERR_INIT;
	size_t len = 0;
	const char *output = call_text(&s->call, "output", &len);

	(void)f;
	if (send_read_token(s, e) != 0)
		return FLOW_FAIL;
	s->answer.kind = TASK_SUCCEEDED;
	s->answer.output = doc_parse(output, len, &why);
	if (doc_is_none(s->answer.output))
		err_set(e, "InvalidOutput", "Invalid Output: '%s'", err_cause(&why));
	err_fini(&why);
	return err_is_set(e) ? FLOW_FAIL : FLOW_NEXT;
}

static enum flow_next
failure_check(struct flow *f, void *state, struct err *e)
{
	struct send *s = state;
	size_t error_len = 0, cause_len = 0;

	(void)f;
	if (send_read_token(s, e) != 0)
		return FLOW_FAIL;
	s->answer.kind = TASK_FAILED;
	s->answer.error = call_text(&s->call, "error", &error_len);
	s->answer.cause = call_text(&s->call, "cause", &cause_len);
	if (call_check_storable("error", s->answer.error, error_len, e) != 0 ||
	    call_check_storable("cause", s->answer.cause, cause_len, e) != 0)
		return FLOW_FAIL;
	return FLOW_NEXT;
}

static enum flow_next
heartbeat_check(struct flow *f, void *state, struct err *e)
{
	struct send *s = state;

	(void)f;
	s->answer.kind = TASK_HEARTBEAT;
	return send_read_token(s, e) != 0 ? FLOW_FAIL : FLOW_NEXT;
}

static void
send_done(uint64_t ticket, const struct err *e)
{
	flow_resume(ticket, e);
}

static enum flow_next
send_place(struct flow *f, void *state, struct err *e)
{
	struct send *s = state;

	(void)e;
	return peer_place(f, &s->call, s->task.shard);
}

static enum flow_next
send_send(struct flow *f, void *state, struct err *e)
{
	struct send *s = state;

	(void)e;
	engine_answer_task(s->call.api->engine, &s->task, &s->answer, flow_id(f), send_done);
	return FLOW_WAIT;
}

static enum flow_next
send_answer(struct flow *f, void *state, struct err *e)
{
	static const char *const kinds[] = {
		[TASK_SUCCEEDED] = "success",
		[TASK_FAILED] = "failure",
		[TASK_HEARTBEAT] = "heartbeat",
	};
	struct send *s = state;

	(void)f;
	(void)e;
	stat_add_label(STAT_token_answers, kinds[s->answer.kind], 1);
	return call_ok_empty(&s->call);
}

static void
send_fini(void *state)
{
	struct send *s = state;

	doc_unref(s->answer.output);
	call_fini(state);
}

static const struct flow_step success_steps[] = {
	{ "check", success_check },
	{ "place", send_place }, /* WAIT: for another node's answer */
	{ "send", send_send },   /* WAIT: COMMIT resumes us */
	{ "answer", send_answer },
	{ NULL, NULL },
};
const struct flow_kind act_send_task_success =
    CALL_KIND("SendTaskSuccess", success_steps, struct send, send_fini);

static const struct flow_step failure_steps[] = {
	{ "check", failure_check },
	{ "place", send_place }, /* WAIT: for another node's answer */
	{ "send", send_send },   /* WAIT: COMMIT resumes us */
	{ "answer", send_answer },
	{ NULL, NULL },
};
const struct flow_kind act_send_task_failure =
    CALL_KIND("SendTaskFailure", failure_steps, struct send, send_fini);

static const struct flow_step heartbeat_steps[] = {
	{ "check", heartbeat_check },
	{ "place", send_place }, /* WAIT: for another node's answer */
	{ "send", send_send },
	{ "answer", send_answer },
	{ NULL, NULL },
};
const struct flow_kind act_send_task_heartbeat =
    CALL_KIND("SendTaskHeartbeat", heartbeat_steps, struct send, send_fini);
