/*
 * catalogue - state machines, their revisions, activities, tags: looked up, listed, changed.
 *
 * Machines are found by name (the ARN's last part). A compiled machine is cached by
 * (machine id, revision); the cache of names is dropped when the catalogue changed.
 * Changes run as one transaction each on their own connection, with the rules
 * (idempotent create, no revision for an equal update) decided by keys and
 * conditions in SQL. Tickets and errors as in store/read.h.
 */
#ifndef PAWL_STORE_CATALOGUE_H
#define PAWL_STORE_CATALOGUE_H

#include "asl/compile.h"
#include "store/store.h"

/* One revision of one state machine; refcounted, immutable. */
struct machine_entry {
	unsigned refs;
	struct uuid id;
	char *name;
	enum machine_type type;
	bool deleting;
	int64_t created_ms;
	int64_t revision;   /* 1 = the first, which has no revisionId */
	char *revision_id;  /* uuid text; NULL for the first */
	int64_t revised_ms; /* of this revision */
	char *definition;   /* verbatim */
	size_t definition_len;
	char *role_arn;
	char *logging;           /* JSON text of loggingConfiguration as described */
	char *tracing;           /* JSON text */
	char *encryption;        /* JSON text */
	struct machine *machine; /* compiled */
};
struct machine_entry *machine_entry_ref(struct machine_entry *m);
void machine_entry_unref(struct machine_entry *m);

/* m NULL and e NULL: no such machine. m is borrowed for the time of the callback; ref it to keep it. */
typedef void catalogue_machine_cb(uint64_t ticket, struct machine_entry *m, const struct err *e);
/* The newest revision under this name, from the cache when it is known there (then too the answer comes on a later turn). */
void catalogue_by_name(struct store *s, const char *name, uint64_t ticket,
    catalogue_machine_cb *cb);
/* The cached newest revision, borrowed until the next turn, or NULL: the fast way of StartExecution. */
struct machine_entry *catalogue_cached(struct store *s, const char *name);
/* That revision of that machine, deleted ones too (runs keep theirs). */
void catalogue_by_id(struct store *s, const struct uuid *id, int64_t revision, uint64_t ticket,
    catalogue_machine_cb *cb);

struct machine_spec {
	const char *name;
	enum machine_type type;
	const char *definition; /* NULL = keep (update) */
	size_t definition_len;
	const char *role_arn, *logging, *tracing, *encryption; /* NULL = keep (update) */
	const char *tags; /* JSON array of {key, value}; create only */
	int64_t now_ms;
};

enum catalogue_outcome {
	CATALOGUE_DONE,
	CATALOGUE_SAME,     /* create: an equal one exists (entry is it); update: nothing changed */
	CATALOGUE_CONFLICT, /* create: another one of that name exists */
	CATALOGUE_DELETING,
	CATALOGUE_NONE /* no such machine */
};
/* m: the entry after the change (DONE, SAME, CONFLICT, DELETING), borrowed; e: ServiceUnavailable. */
typedef void catalogue_change_cb(uint64_t ticket, enum catalogue_outcome o, struct machine_entry *m,
    const struct err *e);
void catalogue_create(struct store *s, const struct machine_spec *spec, uint64_t ticket,
    catalogue_change_cb *cb);
void catalogue_update(struct store *s, const struct machine_spec *spec, uint64_t ticket,
    catalogue_change_cb *cb);
/* Marks it DELETING (gone from the name once no execution of it is open). DONE or NONE. */
void catalogue_delete(struct store *s, const char *name, int64_t now_ms, uint64_t ticket,
    catalogue_change_cb *cb);
/* Removes machines that are DELETING and have no open execution; called now and then by the daemon. */
void catalogue_sweep(struct store *s);

struct machine_item {
	const char *name;
	enum machine_type type;
	int64_t created_ms;
};
typedef void catalogue_list_cb(uint64_t ticket, const struct machine_item *items, size_t n,
    bool more, const struct err *e);
/* By name in byte order, those after after_name (NULL = from the first). */
void catalogue_list(struct store *s, const char *after_name, int limit, uint64_t ticket,
    catalogue_list_cb *cb);

struct activity_entry {
	int64_t created_ms;
	const char *encryption; /* JSON text; borrowed for the time of the callback */
};
/* a NULL and e NULL: no such activity. */
typedef void catalogue_activity_cb(uint64_t ticket, const struct activity_entry *a,
    const struct err *e);
void catalogue_activity(struct store *s, const char *name, uint64_t ticket,
    catalogue_activity_cb *cb);
struct activity_spec {
	const char *name, *encryption;
	const char *tags; /* JSON array of {key, value} */
	int64_t now_ms;
};
/* a: the activity of that name, the one that was there before when there was one. */
void catalogue_create_activity(struct store *s, const struct activity_spec *spec, uint64_t ticket,
    catalogue_activity_cb *cb);
/* One that is not there is deleted too. */
typedef void catalogue_deleted_cb(uint64_t ticket, const struct err *e);
void catalogue_delete_activity(struct store *s, const char *name, uint64_t ticket,
    catalogue_deleted_cb *cb);
struct activity_item {
	const char *name;
	int64_t created_ms;
};
typedef void catalogue_activities_cb(uint64_t ticket, const struct activity_item *items, size_t n,
    bool more, const struct err *e);
/* As catalogue_list. */
void catalogue_activities(struct store *s, const char *after_name, int limit, uint64_t ticket,
    catalogue_activities_cb *cb);

/* Who has the tags. */
struct tag_owner {
	bool activity; /* else a machine */
	const char *name;
};
/* Tags: JSON array of {"key","value"} sorted by key. found false: no such owner. */
typedef void catalogue_tags_cb(uint64_t ticket, bool found, bool too_many, const char *tags_json,
    const struct err *e);
void catalogue_tags(struct store *s, const struct tag_owner *o, uint64_t ticket,
    catalogue_tags_cb *cb);
/* Adds or overwrites (at most 50 after the merge, else too_many and nothing changes). */
void catalogue_tag(struct store *s, const struct tag_owner *o, const char *tags_json,
    uint64_t ticket, catalogue_tags_cb *cb);
void catalogue_untag(struct store *s, const struct tag_owner *o, const char *keys_json,
    uint64_t ticket, catalogue_tags_cb *cb);

#endif
