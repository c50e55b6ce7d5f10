/*
 * act_history - GetExecutionHistory: the journal of an execution as pages of events.
 */
#include <string.h>

#include "api/act.h"
#include "api/page.h"
#include "base/clock.h"
#include "engine/history.h"
#include "store/read.h"

#define PAGE_MAX 1000
#define READ_AT_ONCE 200 /* events asked of the journal in one go, at least */
#define PAGE_BYTES_MAX \
	(4u << 20) /* a page ends with the event that makes it as long: payloads can be large */

struct history {
	struct call call;
	struct resource arn;
	struct page_binding binding;
	struct uuid id;
	int32_t shard;
	bool found, reverse, data;
	int64_t count; /* events that there are */
	int64_t next;  /* id of the next event to be printed */
	int64_t asked; /* so many ids from next were asked for */
	int64_t left;  /* events that this page may still take */
};

static int
history_read_token(struct history *s, struct err *e)
{
	struct api *a = s->call.api;
	size_t len, arn_len;
	const char *token = call_text(&s->call, "nextToken", &len);
	const char *arn = call_text(&s->call, "executionArn", &arn_len);
	struct buf position;
	int rc;

	page_binding_add(&s->binding, arn, arn_len);
	page_binding_add(&s->binding, s->reverse ? "reverse" : "forward", 7);
	page_binding_add(&s->binding, s->data ? "data" : "bare", 4);
	if (token == NULL)
		return 0;
	buf_init(&position, BUF_UNLIMITED);
	rc = page_token_read(a->token_secret, &s->binding, token, len, clock_wall_ms(), &position,
	    e);
	for (size_t i = 0; i < position.len; i++)
		s->next = s->next << 8 | (unsigned char)position.data[i];
	buf_fini(&position);
	return rc;
}

static enum flow_next
history_check(struct flow *f, void *state, struct err *e)
{
	struct history *s = state;
	struct call *c = &s->call;

	(void)f;
	page_binding_init(&s->binding, "GetExecutionHistory");
	if (call_execution(c, &s->arn, e) != 0)
		return FLOW_FAIL;
	s->reverse = call_bool(c, "reverseOrder", false);
	s->data = call_bool(c, "includeExecutionData", true);
	s->left = call_page_size(c, PAGE_MAX);
	if (history_read_token(s, e) != 0)
		return FLOW_FAIL;
	if (s->arn.kind != RESOURCE_EXECUTION || !s->arn.ours)
		return call_no_execution(c);
	return FLOW_NEXT;
}

static void
history_got_row(uint64_t ticket, const struct execution_row *row, const struct err *e)
{
	struct history *s = flow_state(ticket);

	if (s == NULL)
		return;
	if (row != NULL) {
		s->found = true;
		s->id = row->id;
		s->shard = row->shard;
		s->count = row->event_count;
		if (s->next == 0)
			s->next = s->reverse ? s->count : 1;
	}
	flow_resume(ticket, e);
}

static enum flow_next
history_execution(struct flow *f, void *state, struct err *e)
{
	struct history *s = state;

	(void)e;
	read_execution(s->call.api->store, s->arn.name, s->arn.part, flow_id(f), history_got_row);
	return FLOW_WAIT;
}

/* --- the events ------------------------------------------------------------------------ */

/* Is there an event s->next? */
static bool
history_has_next(const struct history *s)
{
	return s->next >= 1 && s->next <= s->count;
}

static void history_got_journal(uint64_t ticket, const struct journal_row *rows, size_t n,
    const struct err *e);

static void
history_ask(struct history *s)
{
	int64_t n = s->left < READ_AT_ONCE ? s->left : READ_AT_ONCE;
	int64_t there = s->reverse ? s->next : s->count - s->next + 1;
	int64_t first;

	s->asked = n < there ? n : there;
	first = s->reverse ? s->next - s->asked + 1 : s->next;
	read_history(s->call.api->store, s->shard, &s->id, first, first + s->asked - 1,
	    s->call.flow, history_got_journal);
}

static bool
page_is_full(struct history *s)
{
	return s->left == 0 || call_out(&s->call)->len >= PAGE_BYTES_MAX;
}

static void
history_advance(struct history *s, int64_t n)
{
	s->next += s->reverse ? -n : n;
	s->asked -= n;
	s->left -= n;
}

/* Those events of one journal row that were asked for, from s->next on. */
static int
print_row(struct history *s, const struct journal_row *row, struct err *e)
{
	struct doc record = doc_parse_record(row->record, row->record_len, e);
	struct history_record h = { 0 };
	struct buf *b = call_out(&s->call);
	int64_t end = row->first_event_id + row->event_count;
	int rc = doc_is_none(record) ? -1 : history_open(&h, record, row->first_event_id, e);

	while (rc == 0 && s->asked > 0 && !page_is_full(s) && s->next >= row->first_event_id &&
	    s->next < end) {
		if (b->data[b->len - 1] != '[')
			buf_addc(b, ',');
		rc = history_print_event(&h, s->next, s->data, b, e);
		history_advance(s, 1);
	}
	history_close(&h);
	doc_unref(record);
	return rc;
}

/*
 * A row may hold many more events than were asked for (one move of a Map makes thousands): the
 * page takes them as well, or it would read and parse the same row again for the rest.
 */
static void
history_take_all(struct history *s, const struct journal_row *rows, size_t n)
{
	const struct journal_row *end = s->reverse ? &rows[0] : &rows[n - 1];
	int64_t there = s->reverse ? s->next - end->first_event_id + 1
				   : end->first_event_id + end->event_count - s->next;

	if (there > s->asked)
		s->asked = there < s->left ? there : s->left;
}

static void
history_got_journal(uint64_t ticket, const struct journal_row *rows, size_t n, const struct err *e)
{
	struct history *s = flow_state(ticket);
	struct err bad = ERR_INIT;
	int rc = 0;

	if (s == NULL)
		return;
	if (e != NULL) {
		flow_resume(ticket, e);
		return;
	}
	if (n > 0)
		history_take_all(s, rows, n);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = print_row(s, &rows[s->reverse ? n - 1 - i : i], &bad);
	if (!page_is_full(s)) /* what was asked for and is not there: deleted meanwhile */
		history_advance(s, s->asked);
	if (rc == 0 && !page_is_full(s) && history_has_next(s))
		history_ask(s);
	else
		flow_resume(ticket, rc != 0 ? &bad : NULL);
	err_fini(&bad);
}

static enum flow_next
history_events(struct flow *f, void *state, struct err *e)
{
	struct history *s = state;

	(void)f;
	(void)e;
	if (!s->found)
		return call_no_execution(&s->call);
	buf_adds(call_out(&s->call), "{\"events\":[");
	if (!history_has_next(s))
		return FLOW_NEXT;
	history_ask(s);
	return FLOW_WAIT;
}

static enum flow_next
history_answer(struct flow *f, void *state, struct err *e)
{
	struct history *s = state;
	struct api *a = s->call.api;
	struct buf *b = call_out(&s->call);
	unsigned char position[8];

	(void)f;
	(void)e;
	buf_addc(b, ']');
	if (history_has_next(s)) {
		for (int i = 0; i < 8; i++)
			position[i] = (unsigned char)((uint64_t)s->next >> 8 * (7 - i));
		reply_key(b, "nextToken");
		buf_addc(b, '"');
		page_token_make(a->token_secret, &s->binding, position, sizeof(position),
		    clock_wall_ms(), b);
		buf_addc(b, '"');
	}
	buf_addc(b, '}');
	return call_ok(&s->call);
}

static void
history_fini(void *state)
{
	struct history *s = state;

	page_binding_fini(&s->binding);
	call_fini(state);
}

static const struct flow_step history_steps[] = {
	{ "check", history_check },
	{ "execution", history_execution }, /* WAIT */
	{ "events", history_events }, /* WAIT: rows become the answer's body, some at a time */
	{ "answer", history_answer },
	{ NULL, NULL },
};
const struct flow_kind act_get_execution_history =
    CALL_KIND("GetExecutionHistory", history_steps, struct history, history_fini);
