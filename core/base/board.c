/*
 * board - where the workers of one pawld show each other their counters.
 */
#include "base/board.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/xalloc.h"

#define TEXT_MAX ((size_t)1 << 20) /* only what is written takes memory */
#define READ_TRIES 100

struct place {
	atomic_uint version; /* odd while it is being written */
	atomic_size_t len;
	char text[TEXT_MAX];
};

struct board {
	struct place *places;
	int n, mine;
};

int
board_make(int nworkers)
{
	int fd = memfd_create("pawl board", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)((size_t)nworkers * sizeof(struct place))) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct board *
board_open(int fd, int nworkers, int mine)
{
	struct board *b;
	void *memory = mmap(NULL, (size_t)nworkers * sizeof(struct place), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);

	assert(mine >= 0 && mine < nworkers);
	if (memory == MAP_FAILED)
		return NULL;
	b = xcalloc(1, sizeof(*b));
	b->places = memory;
	b->n = nworkers;
	b->mine = mine;
	return b;
}

void
board_close(struct board *b)
{
	if (b == NULL)
		return;
	munmap(b->places, (size_t)b->n * sizeof(struct place));
	free(b);
}

void
board_post(struct board *b, const struct buf *text)
{
	struct place *p = &b->places[b->mine];
	unsigned version = atomic_load(&p->version);

	if (text->len > TEXT_MAX)
		return;
	/* one that was killed while it wrote left it odd */
	version += version % 2;
	atomic_store(&p->version, version + 1);
	atomic_store(&p->len, text->len);
	memcpy(p->text, text->data, text->len);
	atomic_store(&p->version, version + 2);
}

/* A copy of what a worker shows; "" when there is nothing, or it is being written all the time. Yours. */
static char *
place_copy(struct place *p)
{
	char *copy = NULL;

	for (int i = 0; i < READ_TRIES; i++) {
		unsigned version = atomic_load(&p->version);
		size_t len = atomic_load(&p->len);

		if (version % 2 != 0 || len > TEXT_MAX)
			continue;
		free(copy);
		copy = xcalloc(1, len + 1);
		memcpy(copy, p->text, len);
		if (atomic_load(&p->version) == version)
			return copy;
	}
	free(copy);
	return xstrdup("");
}

static const char *
line_end(const char *line)
{
	const char *end = strchr(line, '\n');

	return end != NULL ? end + 1 : line + strlen(line);
}

/* "name{a="b"} 1" and "name 1" with one label more. */
static void
print_sample(const char *line, const char *end, int worker, struct buf *out)
{
	size_t name_len = strcspn(line, "{ ");

	buf_add(out, line, name_len);
	line += name_len;
	buf_addf(out, "{worker=\"%d\"%s", worker, *line == '{' ? "," : "}");
	if (*line == '{')
		line++;
	buf_add(out, line, (size_t)(end - line));
}

/* The samples of the family that at stands in; the place behind them. */
static const char *
print_samples(const char *at, int worker, struct buf *out)
{
	for (; *at != '\0' && strncmp(at, "# HELP ", 7) != 0; at = line_end(at))
		if (*at != '#')
			print_sample(at, line_end(at), worker, out);
	return at;
}

/* All workers are one program: their texts have the same families in the same order. */
void
board_print(const struct board *b, struct buf *out)
{
	char **texts = xcalloc((size_t)b->n, sizeof(*texts));
	const char **at = xcalloc((size_t)b->n, sizeof(*at)), *mine, *type;
	int i;

	for (i = 0; i < b->n; i++)
		at[i] = texts[i] = place_copy(&b->places[i]);
	while (*(mine = at[b->mine]) != '\0') {
		type = line_end(mine);
		buf_add(out, mine, (size_t)(line_end(type) - mine));
		for (i = 0; i < b->n; i++)
			if (*at[i] != '\0')
				at[i] = print_samples(line_end(at[i]), i, out);
	}
	for (i = 0; i < b->n; i++)
		free(texts[i]);
	free(texts);
	free(at);
}
