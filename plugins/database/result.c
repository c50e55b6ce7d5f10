/*
 * result - rows to JSON.
 *
 * Numbers keep their digits; what JSON has no form for is PostgreSQL's text.
 */
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "docs.h"

enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_OID = 26,
	OID_JSON = 114,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = 701,
	OID_TIMESTAMP = 1114,
	OID_TIMESTAMPTZ = 1184,
	OID_NUMERIC = 1700,
	OID_JSONB = 3802
};

static void
add_string(const struct pawl_host *h, struct pawl_builder *b, const char *s)
{
	h->build_string(b, s, strlen(s));
}

/* JSON text as what it is; as a string when it is no JSON: NaN, Infinity, half a surrogate pair. */
static void
add_json(const struct pawl_host *h, struct pawl_builder *b, const char *value)
{
	struct pawl_doc d = h->doc_parse(h, value, strlen(value), NULL);

	if (d.block_ != NULL)
		h->build_doc(b, d);
	else
		add_string(h, b, value);
	h->doc_unref(h, d);
}

static int
digit(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* \x00ff as base64. */
static void
add_bytes(const struct pawl_host *h, struct pawl_builder *b, const char *value)
{
	struct text bytes = { 0 }, base64 = { 0 };
	const char *s = value + 2;

	if (strncmp(value, "\\x", 2) != 0) {
		add_string(h, b, value);
		return;
	}
	for (; s[0] != '\0' && s[1] != '\0'; s += 2)
		text_add(&bytes, (const char[]){ (char)(digit(s[0]) << 4 | digit(s[1])) }, 1);
	text_adds(&base64, "");
	if (bytes.len > 0)
		text_add_base64(&base64, bytes.s, bytes.len);
	h->build_string(b, base64.s, base64.len);
	text_fini(&bytes);
	text_fini(&base64);
}

/* 2026-11-26 09:05:00.25+02 as ISO 8601 has it; infinity and years before Christ as they are. */
static void
add_timestamp(const struct pawl_host *h, struct pawl_builder *b, const char *value)
{
	struct text t = { 0 };
	const char *blank = strchr(value, ' '), *zone;

	if (blank == NULL || strchr(blank + 1, ' ') != NULL) {
		add_string(h, b, value);
		return;
	}
	zone = blank + 1 + strcspn(blank + 1, "+-");
	text_addf(&t, "%.*sT%.*s", (int)(blank - value), value, (int)(zone - blank - 1), blank + 1);
	if (strcmp(zone, "+00") == 0)
		text_adds(&t, "Z");
	else
		text_addf(&t, "%s%s", zone, strlen(zone) == 3 ? ":00" : "");
	h->build_string(b, t.s, t.len);
	text_fini(&t);
}

void
result_add_value(const struct pawl_host *h, struct pawl_builder *b, uint32_t type,
    const char *value)
{
	uint32_t element;

	if (value == NULL) {
		h->build_null(b);
		return;
	}
	switch (type) {
	case OID_BOOL:
		h->build_bool(b, *value == 't');
		break;
	case OID_INT2:
	case OID_INT4:
	case OID_INT8:
	case OID_OID:
		h->build_int(b, strtoll(value, NULL, 10));
		break;
	case OID_FLOAT4:
	case OID_FLOAT8:
	case OID_NUMERIC:
	case OID_JSON:
	case OID_JSONB:
		add_json(h, b, value);
		break;
	case OID_BYTEA:
		add_bytes(h, b, value);
		break;
	case OID_TIMESTAMP:
	case OID_TIMESTAMPTZ:
		add_timestamp(h, b, value);
		break;
	default:
		if ((element = sqlarray_element(type)) != 0)
			sqlarray_add(h, b, element, value);
		else
			add_string(h, b, value);
	}
}

/* --- rows ------------------------------------------------------------------------------------ */

static int
compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* The name that two columns have; NULL = none. */
static const char *
repeated_column(const struct pawl_sql_rows *rows)
{
	const char **names = text_alloc((rows->ncolumns + 1) * sizeof(*names));
	const char *found = NULL;

	for (size_t i = 0; i < rows->ncolumns; i++)
		names[i] = rows->columns[i].name;
	qsort(names, rows->ncolumns, sizeof(*names), compare_names);
	for (size_t i = 1; i < rows->ncolumns && found == NULL; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			found = names[i];
	free(names);
	return found;
}

static char *
repeated_columns(const struct pawl_sql_rows *sets, size_t nsets)
{
	for (size_t i = 0; i < nsets; i++) {
		const char *name = repeated_column(&sets[i]);

		if (name != NULL)
			return text_format("Statement %zu has two columns named \"%s\": give one "
					   "another name with AS; nothing was changed",
			    i + 1, name);
	}
	return NULL;
}

static void
add_row(const struct pawl_host *h, struct pawl_builder *b, const struct pawl_sql_rows *rows,
    size_t row)
{
	h->build_object(b);
	for (size_t i = 0; i < rows->ncolumns; i++) {
		h->build_key(b, rows->columns[i].name);
		result_add_value(h, b, rows->columns[i].type,
		    rows->values[row * rows->ncolumns + i]);
	}
	h->build_end(b);
}

static void
add_set(const struct pawl_host *h, struct pawl_builder *b, const struct pawl_sql_rows *rows)
{
	h->build_object(b);
	h->build_key(b, "Rows");
	h->build_array(b);
	for (size_t i = 0; i < rows->nrows; i++)
		add_row(h, b, rows, i);
	h->build_end(b);
	docs_add_int(h, b, "RowCount", rows->affected);
	h->build_end(b);
}

struct pawl_doc
result_doc(const struct pawl_host *h, const struct pawl_sql_rows *sets, size_t nsets, bool is_list,
    char **why)
{
	struct pawl_builder *b;

	if ((*why = repeated_columns(sets, nsets)) != NULL)
		return PAWL_NO_DOC;
	b = h->build(h);
	if (is_list) {
		h->build_object(b);
		h->build_key(b, "Results");
		h->build_array(b);
	}
	for (size_t i = 0; i < nsets; i++)
		add_set(h, b, &sets[i]);
	if (is_list) {
		h->build_end(b);
		h->build_end(b);
	}
	return h->build_finish(b);
}
