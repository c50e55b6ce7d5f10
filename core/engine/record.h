/*
 * record - the journal's form of a run: what a record says beside its events.
 *
 *	{"e":[events, see history.h],
 *	 "f":[frames as they are now, those that changed, by id],
 *	 "g":[ids of frames that are gone],
 *	 "r":{what is not in a frame}}
 *
 * Members that have nothing to say are left out. A frame is
 *
 *	id   number                      s    number of the state in the machine
 *	up   the parent's id             ph   phase: enter, work, start, join, task, timer, retry,
 *	ix   index in the parent              children, stopped
 *	ev   id of the state's Entered event, ms its time
 *	cu   cursor                      in   raw input (payload)
 *	rt   attempts per Retrier        rn   all of them together (Context Object: RetryCount)
 *	due  of a timer or retry
 *	va   ids of events whose assignedVariables go on top of the variables it has; a new
 *	     frame has those of its parent
 *	vars all variables (snapshots)
 *	tk   the open attempt: id, p parameters (payload), to and hb TimeoutSeconds and
 *	     HeartbeatSeconds, td and hd when they are over, role, on started, sub submitted,
 *	     r the response of a .sync (payload)
 *	fan  of a Parallel or Map: st id of its Started event (another one: begin with no
 *	     results), n branches or items, x the next to begin, lim running at once,
 *	     items (payload), R [[index, result (payload)], ...]
 *
 * and the run: n the next frame's id, st status, stop, out output (payload), err, cause,
 * due when the machine's time is over, q ids of the frames that are ready in their order,
 * and in snapshots last (event id) and ms (its time).
 *
 * Scalars that are absent have their default (0, false, none); payloads, variables
 * and results that are absent are as they were. A payload is written once: it is
 *
 *	a number       the id of the event of this record that shows it; 0: the execution's input
 *	{"in":[i, ..]} the part of the frame's raw input at those positions
 *	[value]        the value itself
 */
#ifndef PAWL_ENGINE_RECORD_H
#define PAWL_ENGINE_RECORD_H

#include "base/buf.h"
#include "doc/doc.h"

/*
 * The positions on the way from root down to part, as a JSON array; false when part is not
 * (as far as handles tell) inside root.
 */
bool record_locate(struct doc root, struct doc part, struct buf *out);

#endif
