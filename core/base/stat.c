/*
 * stat - what this process counts, each number declared once with its sentence.
 */
#include "base/stat.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define STAT_LABELS_MAX 200 /* values of one label, or pairs; a label comes from outside */
#define LABELS_EACH 2
#define STAT_BUCKETS_MAX 14

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_TIME, KIND_SECONDS, KIND_SIZES };

struct declared {
	enum kind kind;
	const char *name, *label, *help;
};

static const struct declared table[STAT_COUNT] = {
#define X(id, kind, name, label, help) [STAT_##id] = { KIND_##kind, name, label, help },
	STATS(X)
#undef X
};

struct labelled {
	char *labels[LABELS_EACH]; /* as many as were declared, then NULL */
	int64_t value;
};

struct counted {
	int64_t value; /* counters and gauges without label; observations of a histogram */
	double sum;
	uint64_t buckets[STAT_BUCKETS_MAX];
	struct labelled *labels;
	size_t nlabels;
};

static struct counted counted[STAT_COUNT];

/* Upper bounds; a bucket's text is what it is known by in Prometheus. */
struct bound {
	double le;
	const char *text;
};

static const struct bound bounds_seconds[] = {
	{ 0.0005, "0.0005" },
	{ 0.001, "0.001" },
	{ 0.0025, "0.0025" },
	{ 0.005, "0.005" },
	{ 0.01, "0.01" },
	{ 0.025, "0.025" },
	{ 0.05, "0.05" },
	{ 0.1, "0.1" },
	{ 0.25, "0.25" },
	{ 0.5, "0.5" },
	{ 1, "1" },
	{ 2.5, "2.5" },
	{ 5, "5" },
	{ 10, "10" },
};
static const struct bound bounds_sizes[] = {
	{ 1, "1" },
	{ 2, "2" },
	{ 5, "5" },
	{ 10, "10" },
	{ 20, "20" },
	{ 50, "50" },
	{ 100, "100" },
	{ 200, "200" },
	{ 500, "500" },
	{ 1000, "1000" },
	{ 2000, "2000" },
	{ 5000, "5000" },
};

static const struct bound *
bounds_of(enum kind kind, size_t *n)
{
	if (kind == KIND_SECONDS) {
		*n = sizeof(bounds_seconds) / sizeof(bounds_seconds[0]);
		return bounds_seconds;
	}
	*n = sizeof(bounds_sizes) / sizeof(bounds_sizes[0]);
	return bounds_sizes;
}

static bool
is_histogram(enum kind kind)
{
	return kind == KIND_SECONDS || kind == KIND_SIZES;
}

void
stat_add(enum stat_id s, int64_t n)
{
	assert(!is_histogram(table[s].kind) && table[s].label == NULL);
	assert(n >= 0 || table[s].kind == KIND_GAUGE);
	counted[s].value += n;
}

static bool
has_labels(const struct labelled *l, const char *const labels[LABELS_EACH])
{
	for (int i = 0; i < LABELS_EACH && labels[i] != NULL; i++)
		if (strcmp(l->labels[i], labels[i]) != 0)
			return false;
	return true;
}

static struct labelled *
find_labels(struct counted *c, const char *const labels[LABELS_EACH])
{
	const char *const other[LABELS_EACH] = { "other", labels[1] != NULL ? "other" : NULL };
	struct labelled *l;

	for (size_t i = 0; i < c->nlabels; i++)
		if (has_labels(&c->labels[i], labels))
			return &c->labels[i];
	if (c->nlabels == STAT_LABELS_MAX)
		return find_labels(c, other);
	/* the last place is kept for what has no place of its own */
	if (c->nlabels == STAT_LABELS_MAX - 1)
		labels = other;
	c->labels = xreallocarray(c->labels, c->nlabels + 1, sizeof(*c->labels));
	l = &c->labels[c->nlabels++];
	*l = (struct labelled){ .value = 0 };
	for (int i = 0; i < LABELS_EACH && labels[i] != NULL; i++)
		l->labels[i] = xstrdup(labels[i]);
	return l;
}

void
stat_add_label(enum stat_id s, const char *label, int64_t n)
{
	const char *const labels[LABELS_EACH] = { label, NULL };

	assert(table[s].label != NULL && strchr(table[s].label, ',') == NULL);
	assert(n >= 0 || table[s].kind == KIND_GAUGE);
	find_labels(&counted[s], labels)->value += n;
}

void
stat_add_labels(enum stat_id s, const char *first, const char *second, int64_t n)
{
	const char *const labels[LABELS_EACH] = { first, second };

	assert(table[s].label != NULL && strchr(table[s].label, ',') != NULL);
	assert(n >= 0 || table[s].kind == KIND_GAUGE);
	find_labels(&counted[s], labels)->value += n;
}

void
stat_set(enum stat_id s, int64_t v)
{
	assert(table[s].kind == KIND_GAUGE && table[s].label == NULL);
	counted[s].value = v;
}

void
stat_observe(enum stat_id s, double v)
{
	struct counted *c = &counted[s];
	const struct bound *bounds;
	size_t n;

	assert(is_histogram(table[s].kind));
	bounds = bounds_of(table[s].kind, &n);
	c->value++;
	c->sum += v;
	for (size_t i = 0; i < n; i++) {
		if (v <= bounds[i].le) {
			c->buckets[i]++;
			break;
		}
	}
}

int64_t
stat_value(enum stat_id s)
{
	int64_t sum = counted[s].value;

	for (size_t i = 0; i < counted[s].nlabels; i++)
		sum += counted[s].labels[i].value;
	return sum;
}

/* A label's value is quoted as in the text format: backslash, quote and line feed are escaped. */
static void
print_label(const char *name, size_t name_len, const char *value, struct buf *out)
{
	buf_add(out, name, name_len);
	buf_adds(out, "=\"");
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			buf_addc(out, '\\');
		if (*value == '\n')
			buf_adds(out, "\\n");
		else
			buf_addc(out, *value);
	}
	buf_addc(out, '"');
}

static void
print_number(const char *before, int64_t value, struct buf *out)
{
	buf_adds(out, before);
	buf_add_i64(out, value);
	buf_addc(out, '\n');
}

static void
print_value(const struct declared *d, int64_t value, struct buf *out)
{
	if (d->kind == KIND_TIME)
		buf_addf(out, " %lld.%06lld\n", (long long)(value / 1000000),
		    (long long)(value % 1000000));
	else
		print_number(" ", value, out);
}

static void
print_labels(const struct declared *d, const struct counted *c, struct buf *out)
{
	size_t first_len = strcspn(d->label, ",");

	for (size_t i = 0; i < c->nlabels; i++) {
		const struct labelled *l = &c->labels[i];

		buf_adds(out, d->name);
		buf_addc(out, '{');
		print_label(d->label, first_len, l->labels[0], out);
		if (l->labels[1] != NULL) {
			buf_addc(out, ',');
			print_label(d->label + first_len + 1, strlen(d->label) - first_len - 1,
			    l->labels[1], out);
		}
		buf_addc(out, '}');
		print_value(d, l->value, out);
	}
}

static void
print_bucket(const struct declared *d, const char *bound, int64_t below, struct buf *out)
{
	buf_adds(out, d->name);
	buf_adds(out, "_bucket{le=\"");
	buf_adds(out, bound);
	print_number("\"} ", below, out);
}

static void
print_histogram(const struct declared *d, const struct counted *c, struct buf *out)
{
	const struct bound *bounds;
	uint64_t below = 0;
	size_t n;

	bounds = bounds_of(d->kind, &n);
	for (size_t i = 0; i < n; i++) {
		below += c->buckets[i];
		print_bucket(d, bounds[i].text, (int64_t)below, out);
	}
	print_bucket(d, "+Inf", c->value, out);
	buf_addf(out, "%s_sum %.9g\n", d->name, c->sum);
	buf_adds(out, d->name);
	print_number("_count ", c->value, out);
}

/* (Whoever asks often has a hundred of these pages a second: none of it by printf.) */
static void
print_comment(const char *kind, const char *name, const char *text, struct buf *out)
{
	buf_adds(out, kind);
	buf_adds(out, name);
	buf_addc(out, ' ');
	buf_adds(out, text);
	buf_addc(out, '\n');
}

void
stat_print(struct buf *out)
{
	static const char *const types[] = { "counter", "gauge", "counter", "histogram",
		"histogram" };

	for (size_t i = 0; i < STAT_COUNT; i++) {
		const struct declared *d = &table[i];

		print_comment("# HELP ", d->name, d->help, out);
		print_comment("# TYPE ", d->name, types[d->kind], out);
		if (is_histogram(d->kind)) {
			print_histogram(d, &counted[i], out);
		} else if (d->label != NULL) {
			print_labels(d, &counted[i], out);
		} else {
			buf_adds(out, d->name);
			print_value(d, counted[i].value, out);
		}
	}
}

void
stat_reset(void)
{
	for (size_t i = 0; i < STAT_COUNT; i++) {
		for (size_t k = 0; k < counted[i].nlabels; k++)
			for (int n = 0; n < LABELS_EACH; n++)
				free(counted[i].labels[k].labels[n]);
		free(counted[i].labels);
		counted[i] = (struct counted){ .value = 0 };
	}
}
