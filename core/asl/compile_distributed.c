/*
 * compile_distributed - the fields that only distributed Maps have, but for the reader.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"
#include "base/xalloc.h"
#include "expr/ident.h"

#define LABEL_MAX 40 /* characters */
#define BATCH_BYTES_MAX 262144

/* --- Label ------------------------------------------------------------------------ */

static bool
label_may_have(uint32_t c)
{
	if (c <= ' ' || (c >= 0x7f && c <= 0x9f))
		return false;
	return c > 0x7f || strchr("?*<>{}[]:;,\\|^~$#%&`\"", (int)c) == NULL;
}

/* What is wrong with the text as a Label; empty = nothing. */
static void
label_fault(const char *s, size_t len, struct buf *out)
{
	size_t n = ident_characters(s, len), used;
	uint32_t c;

	if (n == 0)
		buf_adds(out, "Label cannot be empty");
	else if (n > LABEL_MAX)
		buf_addf(out, "Label cannot exceed %d characters", LABEL_MAX);
	for (; out->len == 0 && len > 0; s += used, len -= used) {
		used = ident_utf8(s, len, &c);
		assert(used > 0); /* strings of documents are UTF-8 */
		if (label_may_have(c))
			continue;
		buf_adds(out, "Label contains invalid character: '");
		if (c < ' ' || c >= 0x7f)
			buf_addf(out, "\\x%02x'", (unsigned)c);
		else
			buf_addf(out, "%c'", (char)c);
	}
}

/* False = there is one of that name. */
static bool
labels_add(struct labels *l, const char *label)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(l->list[mid], label);

		if (order == 0)
			return false;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if ((l->n & (l->n - 1)) == 0)
		l->list = xreallocarray(l->list, l->n ? l->n * 2 : 1, sizeof(*l->list));
	memmove(l->list + low + 1, l->list + low, (l->n - low) * sizeof(*l->list));
	l->list[low] = xstrdup(label);
	l->n++;
	return true;
}

void
labels_fini(struct labels *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->list[i]);
	free(l->list);
	*l = (struct labels){ NULL, 0 };
}

static void
check_label(const struct part *p)
{
	struct place at = place_name(p->at, "Label");
	struct doc v = field_string(p, "Label");
	struct buf scratch, fault;
	const char *s;
	char *label;
	size_t len;

	if (doc_is_none(v))
		return;
	buf_init(&scratch, BUF_UNLIMITED);
	buf_init(&fault, BUF_UNLIMITED);
	s = doc_str(v, &scratch, &len);
	label = xstrndup(s, len);
	label_fault(s, len, &fault);
	if (fault.len > 0)
		report(p->c, &at, "INVALID_LABEL_NAME", "%s", buf_text(&fault));
	else if (!labels_add(&p->c->labels, label))
		report(p->c, &at, "DUPLICATE_LABEL_NAME", "Duplicate Label: %s", label);
	free(label);
	buf_fini(&scratch);
	buf_fini(&fault);
}

/* --- ItemBatcher ------------------------------------------------------------------- */

static const char *
check_batch_items(struct doc v)
{
	int64_t n;

	if (!doc_i64(v, &n))
		return "Expected value of type [INTEGER]";
	return n >= 1 ? NULL : "Value must be at least 1";
}

static const char *
check_batch_bytes(struct doc v)
{
	int64_t n;

	if (!doc_i64(v, &n))
		return "Expected value of type [INTEGER]";
	return n >= 1 && n <= BATCH_BYTES_MAX ? NULL : "Value must be between 1 and 262144";
}

static void
check_batcher(const struct part *p)
{
	static const struct field_name known[] = { { "MaxItemsPerBatch", ANY },
		{ "MaxItemsPerBatchPath", ONLY_JSONPATH }, { "MaxInputBytesPerBatch", ANY },
		{ "MaxInputBytesPerBatchPath", ONLY_JSONPATH }, { "BatchInput", ANY },
		{ "Comment", ANY }, { NULL, ANY } };
	bool limited = false;
	size_t i;

	fields_check(p, known);
	check_dynamic(p, "MaxItemsPerBatch", "MaxItemsPerBatchPath", check_batch_items);
	check_dynamic(p, "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath", check_batch_bytes);
	for (i = 0; i < 4; i++)
		limited |= !doc_is_none(field_get(p, known[i].name));
	if (!limited)
		report(p->c, p->at, SCHEMA, "At least one of these fields is required: [%s]",
		    p->language == QUERY_JSONPATH
			? "MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, "
			  "MaxInputBytesPerBatchPath"
			: "MaxItemsPerBatch, MaxInputBytesPerBatch");
	template_free(compile_template(p, "BatchInput", false));
	field_string(p, "Comment");
}

/* --- ResultWriter ------------------------------------------------------------------- */

static void
check_writer_config(const struct part *p)
{
	static const char *const known[] = { "OutputType", "Transformation", "Comment", NULL };
	static const char *const types[] = { "JSON", "JSONL" };
	static const char *const transformations[] = { "NONE", "COMPACT", "FLATTEN" };

	if (doc_len(p->def) == 0)
		report(p->c, p->at, SCHEMA, "Value cannot be empty");
	fields_only(p, known);
	field_choice(p, "OutputType", types, 2);
	field_choice(p, "Transformation", transformations, 3);
	field_string(p, "Comment");
}

/* WriterConfig alone gives the output of the state its form; with Resource the results go elsewhere. */
static void
check_writer(const struct part *p)
{
	static const struct field_name known[] = { { "Resource", ANY },
		{ "Parameters", ONLY_JSONPATH }, { "Arguments", NOT_JSONPATH },
		{ "WriterConfig", ANY }, { "Comment", ANY }, { NULL, ANY } };
	static const struct storage_action actions[] = { { "putObject", "Bucket" },
		{ NULL, NULL } };
	const char *parameters = p->language == QUERY_JSONPATH ? "Parameters" : "Arguments";
	struct place at = place_name(p->at, "WriterConfig");
	struct part config = { p->c, DOC_NONE, &at, p->language };

	if (doc_len(p->def) == 0) {
		report(p->c, p->at, SCHEMA, "Value cannot be empty");
		return;
	}
	fields_check(p, known);
	if (!doc_is_none(field_get(p, "Resource")) || !doc_is_none(field_get(p, parameters)) ||
	    doc_is_none(field_get(p, "WriterConfig")))
		check_storage(p, actions);
	config.def = field_object(p, "WriterConfig");
	if (!doc_is_none(config.def))
		check_writer_config(&config);
	field_string(p, "Comment");
}

/* --- all of them --------------------------------------------------------------------- */

static void
check_field_object(const struct part *p, const char *field, void (*check)(const struct part *))
{
	struct place at = place_name(p->at, field);
	struct part inner = { p->c, field_object(p, field), &at, p->language };

	if (!doc_is_none(inner.def))
		check(&inner);
}

void
check_distributed(const struct part *p)
{
	check_label(p);
	check_field_object(p, "ItemReader", check_reader);
	check_field_object(p, "ItemBatcher", check_batcher);
	check_field_object(p, "ResultWriter", check_writer);
}
