/*
 * bench_doc - how fast documents of about 1 KB are parsed, printed and derived.
 *
 * Prints a figure a line; memcpy of the same text is the yardstick.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "doc/doc.h"
#include "sample.h"

#define ROUND_US 500000 /* how long each figure is measured */

static struct doc parsed;
static struct buf out;
static volatile size_t sink;

static void
do_memcpy(void)
{
	static char to[sizeof(sample)];

	memcpy(to, sample, sizeof(sample));
	__asm__ volatile("" : : "r"(to) : "memory"); /* or the compiler leaves it out */
}

static void
do_parse(void)
{
	struct doc d = doc_parse(sample, sizeof(sample) - 1, NULL);

	if (doc_is_none(d))
		abort();
	doc_unref(d);
}

static void
do_print(void)
{
	buf_reset(&out);
	doc_print(parsed, &out);
	sink += out.len;
}

static void
do_quote(void)
{
	buf_reset(&out);
	doc_print_quoted(parsed, &out);
	sink += out.len;
}

static void
do_get(void)
{
	struct doc scores = doc_gets(parsed, "scores");

	sink += doc_size(doc_gets(scores, "limit"));
}

static void
do_with(void)
{
	struct doc v = doc_int(42), d = doc_with(parsed, "attempt", 7, v);

	sink += doc_size(d);
	doc_unref(d);
	doc_unref(v);
}

static void
measure(const char *name, void (*work)(void))
{
	int64_t start = clock_mono_us(), now;
	double seconds;
	long n = 0;

	do {
		for (int i = 0; i < 1000; i++)
			work();
		n += 1000;
		now = clock_mono_us();
	} while (now - start < ROUND_US);
	seconds = (double)(now - start) / 1e6;
	printf("%-8s %9.1f ns  %9.1f MB/s\n", name, seconds / (double)n * 1e9,
	    (double)n * (double)(sizeof(sample) - 1) / 1e6 / seconds);
}

int
main(void)
{
	buf_init(&out, BUF_UNLIMITED);
	parsed = doc_parse(sample, sizeof(sample) - 1, NULL);
	if (doc_is_none(parsed))
		return 1;
	printf("a document of %zu bytes, in memory %.1f times that\n", sizeof(sample) - 1,
	    (double)malloc_usable_size(parsed.block) / (double)(sizeof(sample) - 1));
	measure("memcpy", do_memcpy);
	measure("parse", do_parse);
	measure("print", do_print);
	measure("quote", do_quote);
	measure("get", do_get);
	measure("with", do_with);
	doc_unref(parsed);
	buf_fini(&out);
	return 0;
}
