/*
 * hook_run - what the hooks hear of the runs, as the documents that docs/pawl-lua.7 describes.
 *
 * Called after the commit. Where no hook of the kind is loaded nothing is made.
 */
#ifndef PAWL_TASK_HOOK_RUN_H
#define PAWL_TASK_HOOK_RUN_H

#include "task/hook.h"
#include "task/resident.h"

void hook_run_started(const struct resident *r);
void hook_run_ended(const struct resident *r);
void hook_run_failed(const struct resident *r, const struct failed_state *failed);
/*
 * before_dispatch, where hooks_any says that there is one: *out (hook_dispatch_fini) is what they want.
 * idempotency_key as the plugin gets it.
 */
void hook_run_dispatch(const struct resident *r, const struct run_task *t,
    const char *idempotency_key, struct hook_dispatch *out);

#endif
