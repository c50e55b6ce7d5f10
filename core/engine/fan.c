/*
 * fan - what Parallel and Map have in common: results that come in one by one, and
 * the end when all are there.
 */
#include <assert.h>

#include "base/xalloc.h"
#include "engine/dataflow.h"

struct fan *
fan_new(struct doc items, uint32_t n, uint32_t limit, int64_t started_event_id)
{
	struct fan *fan = xcalloc(1, sizeof(*fan));

	fan->started_event_id = started_event_id;
	fan->n = n;
	fan->limit = limit;
	fan->results = xcalloc(n > 0 ? n : 1, sizeof(*fan->results));
	fan->items = doc_ref(items);
	fan->fresh = true;
	return fan;
}

void
fan_set_result(struct fan *fan, uint32_t index, struct doc result_take, int64_t event)
{
	assert(index < fan->n && doc_is_none(fan->results[index]));
	fan->results[index] = result_take;
	fan->ndone++;
	if (fan->nnews == fan->news_cap) {
		fan->news_cap = fan->news_cap > 0 ? 2 * fan->news_cap : 8;
		fan->news = xreallocarray(fan->news, fan->news_cap, sizeof(*fan->news));
	}
	fan->news[fan->nnews++] = (struct fan_news){ .index = index, .event = event };
}

void
st_child_ended(struct run *r, struct frame *child, struct payload output)
{
	struct frame *f = child->parent;

	fan_set_result(f->fan, child->index, output.doc, output.event);
	frame_touch(r, f);
	if (f->state->type == STATE_MAP) {
		st_map_child_ended(r, child);
		return;
	}
	f->cursor = child->cursor;
	frame_remove(r, child);
	if (f->fan->ndone == f->fan->n)
		frame_set_phase(r, f, FRAME_JOIN);
}

static struct doc
all_results(const struct fan *fan)
{
	struct doc_builder *b = docb_new();

	docb_array(b);
	for (uint32_t i = 0; i < fan->n; i++)
		docb_doc(b, fan->results[i]);
	docb_end(b);
	return docb_finish(b);
}

void
st_join(struct run *r, struct frame *f)
{
	bool map = f->state->type == STATE_MAP;
	struct doc result = all_results(f->fan);

	if (run_over_limit(r, result)) {
		frame_fail_limit(r, f, f->state->name);
	} else {
		/* a leaf: ...StateExited has the same predecessor */
		event_plain(r, map ? EVENT_MAP_STATE_SUCCEEDED : EVENT_PARALLEL_STATE_SUCCEEDED,
		    f->cursor);
		frame_finish(r, f, result);
	}
	doc_unref(result);
}
