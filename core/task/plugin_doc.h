/*
 * plugin_doc - a document as plugins see it and as pawl does: the same handle.
 */
#ifndef PAWL_TASK_PLUGIN_DOC_H
#define PAWL_TASK_PLUGIN_DOC_H

#include "doc/doc.h"
#include "task/plugin.h"

static inline struct doc
doc_from_pawl(struct pawl_doc d)
{
	return (struct doc){ d.block_, d.node_ };
}

static inline struct pawl_doc
doc_to_pawl(struct doc d)
{
	return (struct pawl_doc){ d.block, d.node };
}

#endif
