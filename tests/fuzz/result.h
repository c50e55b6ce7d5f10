/*
 * result - what every evaluation must give: a document that reads back, or an error that says
 * something.
 */
#ifndef PAWL_FUZZ_RESULT_H
#define PAWL_FUZZ_RESULT_H

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"

static inline void
require(bool holds)
{
	if (!holds)
		abort();
}

/* Takes out and what is in e. */
static inline void
check_result(int rc, struct doc out, struct err *e)
{
	struct buf text;
	struct doc again;

	require((rc == 0) == !doc_is_none(out) && (rc == 0) == !err_is_set(e));
	if (rc != 0) {
		require(strncmp(e->name, "States.", 7) == 0 && *err_cause(e) != '\0');
		require(doc_utf8_valid(err_cause(e), strlen(err_cause(e))));
		err_fini(e);
		return;
	}
	buf_init(&text, BUF_UNLIMITED);
	doc_print(out, &text);
	again = doc_parse(buf_text(&text), text.len, NULL);
	/* A result may stand deeper than a text that is parsed. */
	if (!doc_is_none(again))
		require(doc_equal(again, out));
	doc_unref(again);
	doc_unref(out);
	buf_fini(&text);
}

#endif
