/*
 * path_function - the functions that may stand at the tail of a JSONPath.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "expr/bound.h"
#include "expr/path.h"

/* What the numeric functions gather. */
struct path_sums {
	double min, max, sum, squares;
	size_t n;
};

static void
path_sums_add(struct path_sums *s, struct doc d)
{
	double v;

	if (!doc_f64(d, &v))
		return;
	s->min = s->n == 0 || v < s->min ? v : s->min;
	s->max = s->n == 0 || v > s->max ? v : s->max;
	s->sum += v;
	s->squares += v * v;
	s->n++;
}

static void
path_sums_add_all(struct path_sums *s, struct doc d, struct path_work *w)
{
	struct doc_iter it;

	if (doc_type(d) != DOC_ARRAY) {
		path_sums_add(s, d);
		return;
	}
	it = doc_iter(d);
	while (doc_next(&it) && path_spend(w, 1))
		path_sums_add(s, it.value);
}

/* Java prints its doubles with a fraction always: 6.0. */
static struct doc
path_java_double(double v)
{
	char text[64];

	if (v == floor(v) && fabs(v) < 1e7) {
		int n = snprintf(text, sizeof(text), "%.1f", v);

		return doc_parse(text, (size_t)n, NULL);
	}
	return doc_double(v);
}

static int
path_function_number(const struct jsonpath *p, const struct path_sums *s, struct doc *out,
    struct err *e)
{
	double n = (double)s->n, mean = s->sum / n, v;

	if (s->n == 0)
		return err_set(e, "States.Runtime",
		    "Aggregation function attempted to calculate value using empty array");
	switch (p->function) {
	case FUNCTION_MIN:
		v = s->min;
		break;
	case FUNCTION_MAX:
		v = s->max;
		break;
	case FUNCTION_AVG:
		v = mean;
		break;
	case FUNCTION_STDDEV:
		v = sqrt(fmax(s->squares / n - mean * mean, 0));
		break;
	default:
		v = s->sum;
		break;
	}
	if (!isfinite(v))
		return err_set(e, "States.Runtime", "The result of %s() is too large",
		    path_function_name(p->function));
	*out = path_java_double(v);
	return 0;
}

/* Java counts UTF-16 units. */
static int64_t
path_string_units(struct doc d)
{
	struct buf scratch;
	const char *s;
	size_t len, i;
	int64_t n = 0;

	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(d, &scratch, &len);
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		n += (c & 0xc0) != 0x80;
		n += c >= 0xf0;
	}
	buf_fini(&scratch);
	return n;
}

static int
path_function_length(struct doc d, struct doc *out, struct err *e)
{
	switch (doc_type(d)) {
	case DOC_ARRAY:
	case DOC_OBJECT:
		*out = doc_int((int64_t)doc_len(d));
		return 0;
	case DOC_STRING:
		*out = doc_int(path_string_units(d));
		return 0;
	default:
		return err_set(e, "States.Runtime",
		    "length() can only be applied to arrays, objects and strings");
	}
}

static int
path_function_keys(struct doc d, struct doc *out, struct err *e)
{
	struct doc_builder *b;
	struct doc_iter it;

	if (doc_type(d) != DOC_OBJECT)
		return err_set(e, "States.Runtime", "keys() can only be applied to objects");
	b = docb_new();
	docb_array(b);
	it = doc_iter(d);
	while (doc_next(&it))
		docb_doc(b, it.key);
	docb_end(b);
	*out = docb_finish(b);
	return 0;
}

static void
path_concat_one(struct buf *text, struct doc d)
{
	struct buf scratch;
	const char *s;
	size_t len;

	if (doc_type(d) != DOC_STRING) {
		doc_print(d, text);
		return;
	}
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(d, &scratch, &len);
	buf_add(text, s, len);
	buf_fini(&scratch);
}

static void
path_concat(struct buf *text, struct doc d)
{
	struct doc_iter it;

	if (doc_type(d) != DOC_ARRAY) {
		path_concat_one(text, d);
		return;
	}
	it = doc_iter(d);
	while (doc_next(&it))
		path_concat_one(text, it.value);
}

static int
path_function_concat(struct doc value, const struct doc *args, size_t n, struct doc *out,
    struct err *e)
{
	struct buf text;
	size_t i;
	int rc = 0;

	buf_init(&text, EXPR_SIZE_MAX);
	if (n == 0 || doc_type(value) == DOC_STRING || doc_type(value) == DOC_ARRAY)
		path_concat(&text, value);
	for (i = 0; i < n; i++)
		path_concat(&text, args[i]);
	if (buf_failed(&text))
		rc = err_set(e, "States.Runtime", "The result of concat() is too large");
	else
		*out = doc_string(buf_text(&text), text.len);
	buf_fini(&text);
	return rc;
}

static int
path_function_append(struct doc value, const struct doc *args, size_t n, struct doc *out,
    struct err *e)
{
	struct doc_builder *b;
	struct doc_iter it;
	size_t i;

	if (doc_type(value) != DOC_ARRAY)
		return err_set(e, "States.Runtime", "append() can only be applied to arrays");
	b = docb_new();
	docb_array(b);
	it = doc_iter(value);
	while (doc_next(&it))
		docb_doc(b, it.value);
	for (i = 0; i < n; i++)
		docb_doc(b, args[i]);
	docb_end(b);
	*out = docb_finish(b);
	return 0;
}

/* first(), last(), index(n) */
static int
path_function_element(const struct jsonpath *p, struct doc value, const struct doc *args, size_t n,
    struct doc *out, struct err *e)
{
	int64_t index = p->function == FUNCTION_LAST ? -1 : 0, count;
	struct doc found = DOC_NONE;

	if (doc_type(value) != DOC_ARRAY)
		return err_set(e, "States.Runtime", "%s() can only be applied to arrays",
		    path_function_name(p->function));
	if (p->function == FUNCTION_INDEX && (n != 1 || !doc_i64(args[0], &index)))
		return err_set(e, "States.Runtime", "index() needs one integer");
	count = (int64_t)doc_len(value);
	if (index < 0 && index >= -count)
		index += count;
	if (index >= 0 && index < count)
		found = doc_at(value, (size_t)index);
	if (doc_is_none(found))
		return err_set(e, "States.Runtime", "%s() found no such element",
		    path_function_name(p->function));
	*out = doc_ref(found);
	return 0;
}

static int
path_function_call(const struct jsonpath *p, struct doc value, const struct doc *args,
    struct path_work *w, struct doc *out, struct err *e)
{
	struct path_sums sums = { .n = 0 };
	size_t n = p->narguments, i;

	switch (p->function) {
	case FUNCTION_LENGTH:
		return path_function_length(n > 0 ? args[0] : value, out, e);
	case FUNCTION_KEYS:
		return path_function_keys(n > 0 ? args[0] : value, out, e);
	case FUNCTION_CONCAT:
		return path_function_concat(value, args, n, out, e);
	case FUNCTION_APPEND:
		return path_function_append(value, args, n, out, e);
	case FUNCTION_FIRST:
	case FUNCTION_LAST:
	case FUNCTION_INDEX:
		return path_function_element(p, value, args, n, out, e);
	default:
		path_sums_add_all(&sums, value, w);
		for (i = 0; i < n; i++)
			path_sums_add_all(&sums, args[i], w);
		return path_function_number(p, &sums, out, e);
	}
}

int
path_function_apply(const struct jsonpath *p, struct doc value, struct path_work *w,
    struct doc *out, struct err *e)
{
	struct doc *args = xcalloc(p->narguments + 1, sizeof(*args));
	int rc = 0;
	size_t i;

	for (i = 0; i < p->narguments && rc == 0; i++) {
		const struct path_argument *a = &p->arguments[i];

		if (a->path == NULL)
			args[i] = doc_ref(a->literal);
		else
			rc =
			    path_apply(a->path, a->path->current ? value : w->root, w, &args[i], e);
	}
	if (rc == 0)
		rc = path_function_call(p, value, args, w, out, e);
	for (i = 0; i < p->narguments; i++)
		doc_unref(args[i]);
	free(args);
	return rc;
}
