/*
 * excerpt - a place in a text as compilers show it: its line and a caret below.
 */
#include "cli/excerpt.h"

#include <string.h>

#include "cli/visible.h"

#define WIDTH 100 /* columns of the terminal for the line */
#define BEFORE 40 /* of them before the caret, when the line is longer */
#define TAB 4     /* columns: where tabs stop is the terminal's affair, so they become blanks */
#define CUT "..."

struct line {
	size_t number, begin, end;
};

/* The length of the line break at s, 0 = there is none. */
static size_t
break_length(const char *text, size_t len, size_t at)
{
	if (text[at] == '\n')
		return 1;
	if (text[at] != '\r')
		return 0;
	return at + 1 < len && text[at + 1] == '\n' ? 2 : 1;
}

/* The line that has the byte; a line break belongs to the line before it. */
static struct line
line_of(const char *text, size_t len, size_t offset)
{
	struct line l = { .number = 1 };
	size_t at, n;

	for (at = 0; at<offset; at += n> 0 ? n : 1) {
		n = break_length(text, len, at);
		if (n > 0 && at + n <= offset) {
			l.number++;
			l.begin = at + n;
		}
	}
	for (l.end = l.begin; l.end < len && break_length(text, len, l.end) == 0; l.end++)
		;
	return l;
}

struct excerpt_point
excerpt_point(const char *text, size_t len, size_t offset)
{
	struct line l = line_of(text, len, offset);
	struct excerpt_point p = { l.number, 1 };
	size_t at;

	for (at = l.begin; at < offset; p.column++)
		at += visible_length(text + at, len - at);
	return p;
}

/* Adds the character at the place; the bytes it took, and its columns. */
static size_t
add_character(struct buf *out, const char *text, size_t at, size_t end, size_t *cells)
{
	if (text[at] != '\t')
		return visible_add(out, text + at, end - at, cells);
	buf_addf(out, "%*s", TAB, "");
	*cells = TAB;
	return 1;
}

/* The columns of one character. */
static size_t
cells_of(struct buf *scratch, const char *text, size_t at, size_t end)
{
	size_t cells;

	buf_reset(scratch);
	add_character(scratch, text, at, end, &cells);
	return cells;
}

/* Does the line fit as it is? Looks no further than it has to. */
static bool
line_fits(struct buf *scratch, const char *text, const struct line *l)
{
	size_t at, cells = 0;

	for (at = l->begin; at < l->end && cells <= WIDTH;
	     at += visible_length(text + at, l->end - at))
		cells += cells_of(scratch, text, at, l->end);
	return cells <= WIDTH;
}

/* The character before the place. */
static size_t
step_back(const char *text, size_t at, size_t begin)
{
	size_t from = at - 1;

	while (from > begin && at - from < 4 && ((unsigned char)text[from] & 0xc0) == 0x80)
		from--;
	return from;
}

/* Where the window of a long line begins, for a caret at the place. */
static size_t
window_begin(struct buf *scratch, const char *text, const struct line *l, size_t at)
{
	size_t cells = 0;

	while (at > l->begin && cells < BEFORE) {
		at = step_back(text, at, l->begin);
		cells += cells_of(scratch, text, at, l->end);
	}
	return at;
}

static void
add_caret(struct buf *out, size_t column, size_t width)
{
	size_t i;

	buf_addf(out, "      | %*s^", (int)column, "");
	for (i = 1; i < width; i++)
		buf_addc(out, '~');
	buf_addc(out, '\n');
}

void
excerpt_add(struct buf *out, const char *text, size_t len, size_t begin, size_t end)
{
	struct line l = line_of(text, len, begin);
	size_t at = l.begin, shown = 0, column = 0, width = 0;
	struct buf scratch;

	buf_init(&scratch, BUF_UNLIMITED);
	if (!line_fits(&scratch, text, &l))
		at = window_begin(&scratch, text, &l, begin);
	buf_fini(&scratch);
	if (at > l.begin)
		column = strlen(CUT);
	buf_addf(out, "%5zu | %s", l.number, at > l.begin ? CUT : "");
	while (at < l.end && shown < WIDTH) {
		size_t from = at, cells;

		at += add_character(out, text, at, l.end, &cells);
		shown += cells;
		column += from < begin ? cells : 0;
		width += from >= begin && from < end ? cells : 0;
	}
	buf_addf(out, "%s\n", at < l.end ? CUT : "");
	add_caret(out, column, width);
}
