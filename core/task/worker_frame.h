/*
 * worker_frame - what pawld and a function worker say to each other.
 *
 * A frame is four bytes of length (most significant first, of what follows them), one
 * byte of kind, and a JSON text. pawld sends CALL; the worker answers with any number of
 * LOG and one ANSWER.
 *
 *	CALL    {"name","event","context","seed","timeout_ms","memory"}
 *	LOG     {"level","line"}
 *	ANSWER  {"result","value"} or {"result","type","message","trace","limit_ms"}
 */
#ifndef PAWL_TASK_WORKER_FRAME_H
#define PAWL_TASK_WORKER_FRAME_H

#include "task/script.h"

#define WORKER_FRAME_HEAD 5

enum worker_frame_kind { WORKER_CALL = 'C', WORKER_LOG = 'L', WORKER_ANSWER = 'A' };

/* Makes room for the head; worker_frame_end fills it in. */
void worker_frame_begin(struct buf *b);
void worker_frame_end(struct buf *b, enum worker_frame_kind kind);
/* Length of the text behind a head (WORKER_FRAME_HEAD bytes); -1 when it cannot be one. */
int64_t worker_frame_len(const unsigned char *head, enum worker_frame_kind *kind);

void worker_write_call(struct buf *b, const struct script_call *c, int64_t memory);
/* name is yours; event and context are parts of *whole, which you unref. 0 or -1. */
int worker_read_call(const char *text, size_t len, struct script_call *c, char **name,
    int64_t *memory, struct doc *whole);
void worker_write_answer(struct buf *b, const struct script_answer *a);
int worker_read_answer(const char *text, size_t len, struct script_answer *a);

#endif
