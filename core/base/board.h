/*
 * board - where the workers of one pawld show each other their counters.
 *
 * Memory that they share: each writes the text of its own /metrics there once a second, and whoever is asked
 * gives the texts of all as one, each sample with the label worker="INDEX". Writers and readers do
 * not wait for each other.
 */
#ifndef PAWL_BASE_BOARD_H
#define PAWL_BASE_BOARD_H

#include "base/buf.h"

struct board;

/* The memory for so many workers, as a descriptor that children inherit. -1 and errno. */
int board_make(int nworkers);
/* NULL and errno when fd is none. mine: the place of this worker, from 0. */
struct board *board_open(int fd, int nworkers, int mine);
void board_close(struct board *b); /* NULL is fine */
/* Shows text, as stat_print wrote it; one that is too long is not shown. */
void board_post(struct board *b, const struct buf *text);
/* The texts of all workers as one; of this one what it posted last. */
void board_print(const struct board *b, struct buf *out);

#endif
