/*
 * resident - a run plus its place in this node.
 *
 * Internal to the engine (engine.c, resident.c, loader.c, dispatch.c, nested.c). A resident moves
 * when a stimulus comes; while its record is on the way to PostgreSQL stimuli queue
 * up in the inbox, and nothing that the record asks for leaves before the commit:
 *
 *	         stimulus            batch sealed              COMMIT
 *	LIVE ------------> LIVE ------------------> COMMITTING -------> (CHECKING) -> LIVE
 *	  ^   run_move, commit queued                              effects, replies, inbox
 *	LOADING (journal -> run), PLACING (room for it?)           or: closed, hibernated -> GONE
 *
 * A resident that waits for long leaves memory, with a snapshot in the journal when that is
 * worth it; its slot stays. One that never waits for long writes a snapshot now and then.
 */
#ifndef PAWL_TASK_RESIDENT_H
#define PAWL_TASK_RESIDENT_H

#include <sys/queue.h>

#include "base/idmap.h"
#include "engine/run.h"
#include "store/commit.h"
#include "store/read.h"
#include "task/activity.h"
#include "task/admission.h"
#include "task/engine.h"
#include "task/execution_limit.h"
#include "task/limit.h"
#include "task/plugin_host.h"
#include "task/slots.h"
#include "task/transition.h"
#include "task/waking.h"

enum resident_where {
	RES_LOADING,    /* being read from the journal */
	RES_PLACING,    /* a new one, until it is known whether there is room (execution_limit.c) */
	RES_LIVE,       /* moves when a stimulus comes */
	RES_COMMITTING, /* its record is sent */
	RES_CHECKING,   /* check builds: the journal is being read back and compared */
	RES_GONE        /* freed at the end of this turn */
};

/* Who is to be told when a move is durable, or that it was refused. */
struct reply {
	TAILQ_ENTRY(reply) link;
	enum {
		REPLY_STARTED,
		REPLY_STOPPED,
		REPLY_ANSWERED,
		REPLY_HANDED,
		REPLY_TAKEN_BACK,
		REPLY_PERMITTED
	} kind;
	uint64_t ticket;
	engine_started_cb *started;
	engine_stopped_cb *stopped;
	engine_answered_cb *answered;
	/* STARTED: of its place; ANSWERED; HANDED, TAKEN_BACK, PERMITTED: activity_answered ... are told */
	struct engine *engine;
	int32_t shard;                /* ANSWERED: of the execution */
	struct admission_place place; /* STARTED from outside: in the line of those that start */
	struct err refusal;           /* set: why; it rests on moves that are not durable yet */
};
TAILQ_HEAD(reply_list, reply);

/* A stimulus that waits in the inbox; owns what it points to. */
struct inbox_item {
	TAILQ_ENTRY(inbox_item) link;
	struct stimulus stimulus;
	struct reply *reply; /* or NULL */
};
TAILQ_HEAD(inbox, inbox_item);

/* An attempt that a plugin works on. */
struct dispatch {
	TAILQ_ENTRY(dispatch) link; /* of its resident */
	struct resident *resident;
	uint64_t ticket;    /* what the plugin host knows us by */
	uint64_t plugin_id; /* what we cancel */
	int64_t task_id;
	bool by_token;  /* the plugin's part ends when the request is accepted */
	bool submitted; /* what was begun goes on without us; another node can take up the watch */
};
TAILQ_HEAD(dispatch_list, dispatch);
TAILQ_HEAD(nested_list, nested); /* nested.h */

struct resident {
	unsigned magic;
	struct engine *engine;
	struct slot *slot;
	enum resident_where where;
	uint64_t ticket;       /* answers of reads find us by it (loader.c) */
	uint64_t place_ticket; /* that of a place (execution_limit.c) */
	TAILQ_ENTRY(resident) load_link, shard_link;

	struct load *load; /* what its row said (loader.c), until there is a run */
	struct machine_entry *machine;
	struct run *run; /* NULL while loading */
	struct inbox inbox;
	struct reply_list replies; /* of moves that are not durable yet */
	struct effects effects;    /* likewise */
	struct dispatch_list dispatches;
	struct nested_list nested;
	bool
	    child_ended; /* while it was being loaded: what it was told of its children may be old */

	struct commit commit;
	struct buf record;
	char *output;     /* text of the run's output, while a commit needs it */
	int64_t next_seq; /* of the journal */
	size_t tail_len;  /* bytes of its records behind the latest snapshot */
	size_t
	    snapshot_len; /* of the latest one, or of one that was too long to be written; 0 = none */
	bool row_written; /* the execution row exists */
	bool row_asleep;  /* its open row has a wake_at */
	struct buf
	    offers; /* activity tasks and permits for its open row, while a commit needs them */
	bool hibernating;  /* after the queued commit it sleeps */
	struct lane *lane; /* it waits there until it may enter a state; NULL = it does not */
	TAILQ_ENTRY(resident) lane_link;
	bool waking; /* it counts in engine.waking, see there */
	size_t
	    loaded_bytes; /* its input and records when it was loaded, and a little; 0 = it was not */
	int64_t idle_since_ms;
	int64_t
	    keep_at_ms; /* a worker was handed a task: when that is written down at last; 0 = nothing to write */
	char *trace_header;
};

struct client_read;

struct engine {
	struct loop *loop;
	struct store *store;
	struct plugin_host *plugins;
	struct hooks *hooks; /* or NULL */
	struct store_events events;
	struct admission *admission;
	size_t inbox_bytes; /* of what clients said to runs whose records are on their way */
	char *region, *account_id;
	char *token_secret;
	bool aws_limits;
	int64_t hibernate_after_ms;
	struct slots slots;
	struct waking waking;
	size_t max_memory;
	int64_t claimed_ms[STORE_SHARDS]; /* since when a shard's executions can be heard */
	struct loop_timer due_timer;
	struct idmap dispatches; /* ticket -> struct dispatch */
	uint64_t next_ticket;
	TAILQ_HEAD(, resident) to_load;
	TAILQ_HEAD(, client_read) client_reads;
	unsigned loading;        /* loads under way */
	unsigned claims_pending; /* shards whose open executions are being listed */
	unsigned char claiming
	    [STORE_SHARDS]; /* which; one that was lost and claimed again is being listed twice */
	TAILQ_HEAD(, resident) of_shard[STORE_SHARDS];
	uint64_t nresidents, ncommitting;
	struct nested_list nested_detached; /* without a parent */
	unsigned nested_busy;
	struct activities *activities;
	struct limits *limits;
	struct execution_limits *execution_limits;
	struct transitions *transitions;
	unsigned recovering; /* slots */
	bool draining;
	loop_cb *drained;
	void *drained_arg;
	struct loop_timer drain_timer;
};

/* resident.c */
struct resident *resident_new(struct engine *g, struct slot *slot);
/* The only writer of r->where. */
void resident_set_where(struct resident *r, enum resident_where to);
/* Moves the run, or queues the stimulus. Borrows s, takes reply (NULL = nobody asks). */
void resident_deliver(struct resident *r, const struct stimulus *s, struct reply *reply);
/* Its record is durable: effects and replies leave, then it closes, sleeps or goes on. */
void resident_settle(struct resident *r);
/* The journal has one record more, of len bytes. */
void resident_count_record(struct resident *r, size_t len, bool snapshot);
/* Its run is loaded from the journal: tasks that were open are taken up again, then the inbox. */
void resident_loaded(struct resident *r);
/* Its row is there, and nothing has happened yet: it starts. */
void resident_begin(struct resident *r);
/* It does not start, and goes: e says why; NULL = another execution has the name. */
void resident_not_started(struct resident *r, const struct err *e);
/* Something is due: fires the run's timers, or puts it to sleep. */
void resident_due(struct resident *r, int64_t now_ms);
/* A run that is held goes on. It can move. */
void resident_go_on(struct resident *r);
/* What its run waits for may be another thing now. */
void resident_reconsider(struct resident *r);
/* A worker has the token of that attempt. */
void resident_handed(struct resident *r, int64_t task_id);
/* Whoever waits for a stimulus in the inbox hears ServiceUnavailable; the inbox is empty then. */
void resident_refuse_inbox(struct resident *r);
/* Drops it and its slot without a trace in the journal; whoever waits hears ServiceUnavailable. */
void resident_discard(struct resident *r);
/*
 * Nothing is under way that would be cut off when another node took it over. hurry: what can be begun
 * again there does not count.
 */
bool resident_is_quiet(const struct resident *r, bool hurry);
void resident_log(const struct resident *r, int level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* dispatch.c */
#define DISPATCH_KEY_SIZE (UUID_TEXT_SIZE + 24)
/* The idempotency key of an attempt. */
void dispatch_key(const struct resident *r, int64_t task_id, char out[DISPATCH_KEY_SIZE]);
void dispatch_release(struct resident *r); /* effects that are durable go out */
void dispatch_resume(struct resident *r);  /* after a load: what was open at the crash */
/* The task is under no limit, or has its permit: out with it. */
void dispatch_permitted(struct resident *r, const struct run_task *t);
/* No plugin works on anything that would be begun anew elsewhere (hurry: that could not be). */
bool dispatch_is_quiet(const struct resident *r, bool hurry);
/* over: nobody wants an answer any more; else the tasks are started again elsewhere or later. */
void dispatch_drop_all(struct resident *r, bool over);

/* answer.c */
/* Calls p->answered, with e in the words of the task actions. */
void answer_tell(const struct reply *p, const struct err *e);

/* loader.c */
struct load;
void load_free(struct load *l); /* NULL is fine */
void loader_enqueue(struct resident *r);
void loader_forget(struct resident *r);
/* Lists the open executions of a shard, and takes those up that it does not know; again: it has been claimed before. */
void loader_claim(struct engine *g, int32_t shard, bool again);
/* Check builds: reads the journal back, compares (aborts when it differs), then resident_settle. */
void loader_check(struct resident *r);
/* What run_new is told of the execution of r, whose machine is there; arns holds the texts. */
void loader_facts(const struct resident *r, const char *name, struct run_facts *f,
    struct buf *arns);

/* client.c */
/* Reads the signals of one execution, or (id NULL) of a shard, and delivers them. */
void client_read(struct engine *g, int32_t shard, const struct uuid *id, int64_t delay_ms);
void client_asked(struct engine *g, enum store_asked what, int32_t shard, const struct uuid *id);
void client_missed(struct engine *g); /* looks for everything there may be */
void client_stop(struct engine *g);

/* engine.c */
#define ENGINE_NOT_HERE "The execution is not available at the moment. Try again."
void engine_rearm(struct engine *g);
/* So much waits to be told to runs that nothing more can be taken from clients: true, and reply is refused. */
bool engine_is_full(struct engine *g, struct reply *reply);
/* Begins, or ends, counting as one of those that were in memory when their shard was claimed. */
void engine_set_recovering(struct engine *g, struct slot *s, bool on);
/* A sleeping execution comes back, at once; its next commit says so on its open row. */
struct resident *engine_wake(struct engine *g, struct slot *s);
void engine_forget(struct resident *r); /* slot and resident go */
const struct run_host *engine_run_host(struct engine *g);
void engine_check_drained(struct engine *g);
/* The resident of a slot, which is loaded when it sleeps. */
struct resident *engine_resident(struct engine *g, struct slot *s);
struct reply *reply_new(uint64_t ticket);
/* Tells on a later turn that it cannot be done. Takes p. */
void engine_refuse(struct engine *g, struct reply *p, const char *name, const char *cause);
/* Tells whoever asked; e NULL = it is durable. Frees. */
void reply_send(struct reply *p, struct resident *r, bool name_taken, const struct err *e);

#endif
