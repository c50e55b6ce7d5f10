/*
 * waking - which executions are loaded when more are to go on than memory should hold.
 *
 * One that is due, that was in memory when its shard was claimed, or that SQL started waits in its slot
 * (slots_wait) until it is its turn, the one that has waited longest first. It is waking from then until its first
 * record is durable, or until it waits for something. How many may wake at the same time is bounded, and
 * the bytes of what they were loaded from. As each of them comes to an end of that, the line always goes on, whoever else is in memory
 * and stays there.
 *
 * What a call is for, or a child's end, is not of those: it is loaded at once.
 */
#ifndef PAWL_TASK_WAKING_H
#define PAWL_TASK_WAKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;
struct resident;
struct slot;

struct waking {
	unsigned n;       /* executions that wake */
	unsigned unread;  /* of these: not read yet, so nobody knows how large they are */
	size_t bytes;     /* of those that are read */
	size_t in_memory; /* bytes of all that were loaded and are still there */
};

/* It is to be loaded when it is its turn, having waited since that time. */
void waking_wait(struct engine *g, struct slot *s, int64_t since_ms);
/* Some wait and there is room for one. */
bool waking_can_go_on(const struct engine *g);
/* Loads those for whom there is room now. */
void waking_go_on(struct engine *g);
/* It was loaded from so many bytes, for whatever reason. */
void waking_read(struct resident *r, size_t bytes);
/* It does not wake any more. */
void waking_over(struct resident *r);
/* It leaves memory. */
void waking_gone(struct resident *r);
/* Some wait, and those that were loaded before have much memory: who only waits for long is to make room. */
bool waking_needs_room(const struct engine *g);

#endif
