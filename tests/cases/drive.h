/*
 * drive - a run under test: a clock that only moves when told, a journal in memory, and
 * law 2 checked whenever a record is sealed.
 *
 * Every record goes into a twin that knows nothing but the journal; the twin must
 * dump as the run does. How the run goes on after that depends on the policy: from
 * memory, from the journal, or from a snapshot.
 */
#ifndef PAWL_TESTS_DRIVE_H
#define PAWL_TESTS_DRIVE_H

#include "asl/compile.h"
#include "engine/run.h"

enum drive_policy {
	DRIVE_MEMORY,   /* the same run all the time, one record for each move */
	DRIVE_MERGE,    /* the same, one record for every three moves */
	DRIVE_JOURNAL,  /* rebuilt from the whole journal after each record */
	DRIVE_SNAPSHOT, /* rebuilt after each record from a snapshot that stands in its place */
	DRIVE_POLICY_COUNT
};

#define DRIVE_START_MS INT64_C(1700000000000)

struct drive {
	struct machine *machine;
	struct run_facts facts;
	struct run_host host;
	struct run *run, *twin;
	enum drive_policy policy;
	int64_t now_ms;
	uint64_t seed;
	unsigned nmoves;
	struct buf *records;
	size_t nrecords;
	struct effects effects; /* of the moves since the caller last emptied it */
	struct buf history;     /* a line for each event: "ID <- PREV @MS TYPE {details}" */
	struct buf problem;     /* what went wrong; empty = nothing */
};

/* Borrows machine; input is JSON text. */
void drive_init(struct drive *d, struct machine *machine, const char *input,
    enum drive_policy policy, bool aws_limits);
void drive_fini(struct drive *d);
/* run_move with now and a seed filled in, then the checks. -1 = the run did not take it, and e. */
int drive_move(struct drive *d, struct stimulus *s, struct err *e);
/* The clock moves to ms, firing every timer on the way at its time. */
void drive_clock(struct drive *d, int64_t ms);
/* Seals what is open. */
void drive_seal(struct drive *d);

#endif
