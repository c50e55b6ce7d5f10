/*
 * redrive - whether an execution may be redriven.
 */
#include "task/redrive.h"

#include <string.h>

#include "base/clock.h"

#define EVENTS_MAX 24999
#define PERIOD_MS (INT64_C(14) * 86400 * 1000)
#define OPEN_MS (INT64_C(365) * 86400 * 1000)

const char *
redrive_obstacle(const struct execution_row *row, bool aws_limits, struct buf *text)
{
	int64_t now = clock_wall_ms();

	if (strcmp(row->status, "RUNNING") == 0 || strcmp(row->status, "SUCCEEDED") == 0) {
		buf_addf(text, "Execution is %s and cannot be redriven", row->status);
		return text->data;
	}
	if (row->machine_deleting)
		return "State machine is in DELETING status";
	if (!aws_limits)
		return NULL;
	if (row->event_count >= EVENTS_MAX)
		return "Execution history event limit exceeded";
	if (now - row->start_ms > OPEN_MS)
		return "Execution has exceeded the max execution time";
	if (now - row->stop_ms > PERIOD_MS)
		return "Execution redrivable period exceeded";
	return NULL;
}
