/*
 * bench_run - how many transitions the interpreter makes a second, in memory.
 *
 *	bench_run [SECONDS]
 *
 * A chain of 10 Pass states, from run_new to the sealed record, again and again; then
 * a Map over many items, which must cost the same per item whatever their number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asl/compile.h"
#include "base/clock.h"
#include "engine/run.h"

#define CHAIN 10

static struct machine *
compile(const char *text)
{
	struct diagnostics d;
	struct machine *m;

	diagnostics_init(&d);
	m = machine_compile(text, strlen(text), MACHINE_STANDARD, &d);
	if (m == NULL) {
		fprintf(stderr, "bench_run: %s\n", d.n > 0 ? d.list[0].message : "?");
		exit(1);
	}
	diagnostics_fini(&d);
	return m;
}

static struct run_facts
facts(const char *input)
{
	return (struct run_facts){
		.execution_arn = "arn:aws:states:us-east-1:123456789012:execution:M:e1",
		.execution_name = "e1",
		.machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:M",
		.machine_name = "M",
		.role_arn = "arn:aws:iam::123456789012:role/r",
		.region = "us-east-1",
		.input_text = input,
		.input_len = strlen(input),
		.input = doc_parse(input, strlen(input), NULL),
	};
}

/* One execution, sealing every move's record. Returns the bytes of its journal. */
static size_t
execute(struct machine *m, const struct run_facts *f, struct buf *record)
{
	struct effects fx = { 0 };
	struct stimulus s = { .kind = STIMULUS_START, .now_ms = INT64_C(1700000000000), .seed = 1 };
	struct run *r = run_new(m, f, NULL);
	size_t bytes = 0;

	while (run_status(r) == RUN_RUNNING) {
		if (run_move(r, &s, &fx, NULL) != 0)
			abort();
		s.kind = STIMULUS_TIMER;
		buf_reset(record);
		run_record_seal(r, record);
		bytes += record->len;
	}
	effects_fini(&fx);
	run_free(r);
	return bytes;
}

static void
bench_chain(int64_t us)
{
	static const char input[] =
	    "{\"customer\":{\"name\":\"Ada\",\"id\":12345,\"address\":{\"street\":\"Main Street 1\","
	    "\"city\":\"Springfield\"}},\"items\":[{\"sku\":\"A-1\",\"n\":2},{\"sku\":\"B-7\",\"n\":1}]}";
	struct run_facts f = facts(input);
	struct machine *m;
	struct buf record, def;
	int64_t start, now;
	size_t n = 0, bytes = 0;

	buf_init(&def, BUF_UNLIMITED);
	buf_init(&record, BUF_UNLIMITED);
	buf_adds(&def, "{\"StartAt\":\"S0\",\"States\":{");
	for (int i = 0; i < CHAIN - 1; i++)
		buf_addf(&def, "\"S%d\":{\"Type\":\"Pass\",\"Next\":\"S%d\"},", i, i + 1);
	buf_addf(&def, "\"S%d\":{\"Type\":\"Pass\",\"End\":true}}}", CHAIN - 1);
	m = compile(def.data);
	start = clock_mono_us();
	do {
		for (int i = 0; i < 1000; i++)
			bytes += execute(m, &f, &record);
		n += 1000;
		now = clock_mono_us();
	} while (now - start < us);
	printf(
	    "chain of %d Pass states: %.0f transitions/s, %.2f us each, %.0f bytes of journal each\n",
	    CHAIN, (double)n * CHAIN * 1e6 / (double)(now - start),
	    (double)(now - start) / (double)(n * CHAIN), (double)bytes / (double)(n * CHAIN));
	machine_unref(m);
	doc_unref(f.input);
	buf_fini(&def);
	buf_fini(&record);
}

static void
bench_map(int items)
{
	struct machine *m =
	    compile("{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"End\":true,"
		    "\"ItemProcessor\":{\"StartAt\":\"X\",\"States\":{\"X\":{\"Type\":\"Pass\","
		    "\"End\":true}}}}}}");
	struct buf input, record;
	struct run_facts f;
	int64_t start;
	size_t bytes;

	buf_init(&input, BUF_UNLIMITED);
	buf_init(&record, BUF_UNLIMITED);
	for (int i = 0; i < items; i++)
		buf_addf(&input, "%c{\"n\":%d}", i == 0 ? '[' : ',', i);
	buf_addc(&input, ']');
	f = facts(input.data);
	start = clock_mono_us();
	bytes = execute(m, &f, &record);
	printf("map of %d items: %.2f us and %.0f bytes of journal an item\n", items,
	    (double)(clock_mono_us() - start) / items, (double)bytes / items);
	machine_unref(m);
	doc_unref(f.input);
	buf_fini(&input);
	buf_fini(&record);
}

int
main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 2;

	bench_chain((int64_t)(seconds * 1e6));
	bench_map(1000);
	bench_map(10000);
	bench_map(100000);
	return 0;
}
