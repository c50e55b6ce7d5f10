/*
 * retention - deletes executions that were closed long enough ago.
 *
 * How long is long enough says the option retention, or the tag pawl:retention of the state machine.
 * In the shards that this node owns, on a connection of its own, a few at a time and with
 * pauses: whoever writes does not notice.
 */
#ifndef PAWL_STORE_RETENTION_H
#define PAWL_STORE_RETENTION_H

#include <stdint.h>

#include "store/store.h"

#define RETENTION_TAG "pawl:retention" /* its value: as keep_parse takes it */

struct retention;
/* keep_ms: for machines without the tag; KEEP_FOR_EVER (base/options.h). */
struct retention *retention_new(struct loop *l, struct store *s, int64_t keep_ms);
void retention_free(struct retention *r); /* before its store; NULL is fine */
void retention_set(struct retention *r, int64_t keep_ms);

#endif
