/*
 * frame - one thread of control of a run: the top level, a Parallel branch, a Map
 * iteration.
 *
 * A frame stands in one state (the one it is in, or is about to enter) and in one
 * phase, which says what it waits for:
 *
 *	             +--------------------- the next state ---------------------+
 *	             v                                                          |
 *	  ENTER -> WORK -+-> (Pass, Choice, Succeed, Fail) --------------------+
 *	    ready  ready +-> TIMER      a Wait, until due_ms -------------------+
 *	            ^    +-> START -> TASK   until the answer, or a due time ---+
 *	            |    +-> CHILDREN -> JOIN    until the last child ends -----+
 *	            +------- RETRY     until due_ms
 *
 * ENTER, WORK, START and JOIN are ready: the frame waits for its turn only.
 * STOPPED is where a frame ends up whose execution, or whose Parallel or Map,
 * ended before its state did.
 *
 * Frames are only changed through the functions of move.h, which keep the ready
 * queue, the due times, the tables of frames and tasks, and the list of frames
 * that the open record has to write.
 */
#ifndef PAWL_ENGINE_FRAME_H
#define PAWL_ENGINE_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "asl/machine.h"
#include "doc/doc.h"

enum frame_phase {
	FRAME_ENTER,
	FRAME_WORK,
	FRAME_START,
	FRAME_JOIN,
	FRAME_TASK,
	FRAME_TIMER,
	FRAME_RETRY,
	FRAME_CHILDREN,
	FRAME_STOPPED
};
const char *frame_phase_name(enum frame_phase p); /* "enter" ... */
int frame_phase_parse(const char *s, size_t len, enum frame_phase *out);

/* A document and the event that shows it (an event has at most one payload), so that the record need not write it twice. */
struct payload {
	struct doc doc;
	int64_t event; /* PAYLOAD_INPUT: the execution's input; PAYLOAD_NOWHERE: in no event */
};
#define PAYLOAD_INPUT 0
#define PAYLOAD_NOWHERE (-1)

/* One attempt of a Task, in the phases START and TASK. */
struct attempt {
	int64_t id; /* of the ...Scheduled event; 0 = none */
	struct payload parameters;
	int64_t timeout_s, heartbeat_s;           /* 0 = none */
	int64_t timeout_due_ms, heartbeat_due_ms; /* DUE_NEVER = the clock does not run */
	int64_t heard_ms;                         /* last heartbeat, not in the journal; 0 = none */
	char *role;                               /* Credentials; NULL = none */
	bool started;                             /* ...Started is written */
	bool handed;                              /* activities: its worker has the token */
	bool handed_now;                          /* the same, not in the journal yet */
	bool submitted;
	struct payload
	    response; /* .sync: of ...Submitted, for who goes on with the job; else none */
};

/* What a Parallel or Map state knows about its branches or iterations. */
struct fan {
	int64_t started_event_id; /* tells one attempt of the state from the next */
	uint32_t n;               /* branches or items */
	uint32_t next;            /* the first that has not begun */
	uint32_t ndone;           /* results that are there; next - ndone are running */
	uint32_t limit;           /* running at once */
	struct doc *results;      /* n; DOC_NONE = not yet */
	/* Map */
	struct doc items;
	struct doc_iter iter; /* stands at element iter_at - 1 of items */
	uint32_t iter_at;     /* a cache: a loaded Map walks to where it was when it goes on */
	struct doc effective; /* a cache: $ of the ItemSelector; DOC_NONE = not made yet */
	/* for the open record */
	bool fresh; /* no record holds it yet */
	struct fan_news *news;
	size_t nnews, news_cap;
};

/* A result that no record holds yet. */
struct fan_news {
	uint32_t index;
	int64_t event; /* that shows it */
};

TAILQ_HEAD(frame_list, frame);

struct frame {
	int64_t id; /* from 1; parents have smaller ones than their children */
	struct frame *parent;
	uint32_t index; /* which branch, which iteration */
	const struct state *state;
	enum frame_phase phase;
	int64_t entered_event_id, entered_ms; /* of the state; 0 while it is to be entered */
	int64_t cursor;                       /* previousEventId of the frame's next event */
	int64_t before_event_id; /* the cursor before the state was entered: frame_before */
	struct payload input;    /* raw input of the state */
	struct doc vars;         /* an object of all variables in sight; DOC_NONE = none */
	uint32_t *retries;       /* attempts per retrier of the state; NULL = none was used */
	uint32_t retry_count;
	int64_t due_ms; /* TIMER, RETRY */
	struct attempt task;
	struct fan *fan; /* from ...StateStarted to the end or the retry of the state; or NULL */

	/* caches, made when asked for */
	struct doc item;    /* iterations: the Map's item */
	struct doc context; /* the Context Object */

	/* for the open record */
	bool dirty;
	bool stored; /* a record holds it */
	bool input_changed;
	int64_t *assigned; /* events that assigned variables */
	size_t nassigned, assigned_cap;

	size_t heap_at; /* due.c: place + 1; 0 = not in the heap */
	int64_t heap_ms;
	bool ready;
	struct frame_list children; /* by index */
	TAILQ_ENTRY(frame) all_link, sibling_link, ready_link, dirty_link;
};

void fan_free(struct fan *fan); /* NULL is fine */
/* The bare memory; the run forgets it first. */
void frame_free(struct frame *f);

/*
 * The event before the state's ...StateEntered, as long as nothing has happened in the state; else 0.
 * Only a state with expressions wants to know, so only of such a one it is kept.
 */
static inline int64_t
frame_before(const struct frame *f)
{
	return f->entered_event_id != 0 && f->cursor == f->entered_event_id &&
		f->state->language != QUERY_JSONPATH
	    ? f->before_event_id
	    : 0;
}

static inline bool
frame_is_ready_phase(enum frame_phase p)
{
	return p <= FRAME_JOIN;
}

#endif
