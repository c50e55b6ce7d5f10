/*
 * doc_print - documents as compact text: by the span where nothing was changed.
 */
#include "doc/doc.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "doc/block.h"

typedef void emit_fn(struct buf *out, const void *p, size_t n);

static void
emit_escaped(struct buf *out, const void *p, size_t n)
{
	buf_add_json_escaped(out, p, n);
}

/* A text with holes that is being printed: from at to end, the next hole is that of link. */
struct frame {
	const char *text;
	const struct doc_link *link, *links_end;
	uint32_t at, end;
};

static struct frame
frame_of(struct doc d)
{
	const struct doc_span *span = doc_span(d);
	const struct doc_link *link = block_links(d.block) + span->first_link;

	return (struct frame){ block_text(d.block), link, link + span->nlinks, span->off,
		span->off + span->len };
}

/* Documents with links nest as deep as their makers liked, so the frames are on the heap. */
static void
print_linked(struct doc d, struct buf *out, emit_fn *emit)
{
	size_t n = 1, cap = 8;
	struct frame *frames = xreallocarray(NULL, cap, sizeof(*frames));

	frames[0] = frame_of(d);
	while (n > 0 && !buf_failed(out)) {
		struct frame *f = &frames[n - 1];
		uint32_t stop = f->link < f->links_end ? f->link->hole : f->end;
		struct doc target;

		emit(out, f->text + f->at, stop - f->at);
		f->at = stop;
		if (f->link == f->links_end) {
			n--;
			continue;
		}
		target = f->link->target;
		f->link++;
		if ((doc_node(target)->meta & NODE_LINKED) == 0) {
			emit(out, doc_node_text(target), doc_node(target)->len);
			continue;
		}
		if (n == cap) {
			cap *= 2;
			frames = xreallocarray(frames, cap, sizeof(*frames));
		}
		frames[n++] = frame_of(target);
	}
	free(frames);
}

static void
print(struct doc d, struct buf *out, emit_fn *emit)
{
	if ((doc_node(d)->meta & NODE_LINKED) != 0)
		print_linked(d, out, emit);
	else
		emit(out, doc_node_text(d), doc_node(d)->len);
}

void
doc_print(struct doc d, struct buf *out)
{
	/* what would not fit is not begun */
	if (buf_reserve(out, doc_size(d)) != NULL)
		print(d, out, buf_add);
}

void
doc_print_quoted(struct doc d, struct buf *out)
{
	buf_addc(out, '"');
	print(d, out, emit_escaped);
	buf_addc(out, '"');
}

char *
doc_text(struct doc d, size_t *len)
{
	struct buf out;

	buf_init(&out, BUF_UNLIMITED);
	doc_print(d, &out);
	return buf_steal(&out, len);
}
