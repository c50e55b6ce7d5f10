/*
 * settings - logging, tracing, encryption and tags of a state machine: their rules, and the
 * form in which they are kept and shown.
 */
#ifndef PAWL_API_SETTINGS_H
#define PAWL_API_SETTINGS_H

#include "base/buf.h"
#include "base/err.h"
#include "doc/doc.h"

#define TAGS_MAX 50

/*
 * Each takes the member of the request (DOC_NONE = absent, the default is meant) and appends its canonical
 * JSON text: equal settings, equal texts. -1 and e: InvalidLoggingConfiguration,
 * InvalidEncryptionConfiguration.
 */
int settings_logging(struct doc d, struct buf *out, struct err *e);
void settings_tracing(struct doc d, struct buf *out);
int settings_encryption(struct doc d, struct buf *out, struct err *e);

/*
 * Appends a list of tags as a JSON array in which each key stands once (the last one wins). -1 and e:
 * ValidationException, TooManyTags.
 */
int settings_tags(struct doc list, struct buf *out, struct err *e);

#endif
