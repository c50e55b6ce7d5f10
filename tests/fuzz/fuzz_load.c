/*
 * fuzz_load - any bytes as a journal, one record a line: it loads or it does not, nothing
 * crashes, and a run that was loaded says of itself what a snapshot of it says.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "asl/compile.h"
#include "engine/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char definition[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{\"v\":1},\"Next\":\"P\"},"
    "\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":["
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"End\":true,\"ItemProcessor\":"
    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
    "\"arn:aws:states:::sqs:sendMessage.waitForTaskToken\",\"Parameters\":{\"QueueUrl\":\"q\","
    "\"MessageBody.$\":\"$$.Task.Token\"},\"Retry\":[{\"ErrorEquals\":[\"E\"]}],\"End\":true}}}}}},"
    "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":1,\"End\":true}}}]}}}";

static struct run_facts
facts(void)
{
	return (struct run_facts){
		.execution_arn = "e",
		.execution_name = "n",
		.machine_arn = "m",
		.machine_name = "n",
		.role_arn = "r",
		.region = "r",
		.input_text = "[1,2]",
		.input_len = 5,
		.input = doc_parse("[1,2]", 5, NULL),
	};
}

static void
check_snapshot(struct machine *m, const struct run_facts *f, const struct run *r)
{
	struct run *again = run_new(m, f, NULL);
	struct buf snapshot, a, b;

	buf_init(&snapshot, BUF_UNLIMITED);
	buf_init(&a, BUF_UNLIMITED);
	buf_init(&b, BUF_UNLIMITED);
	run_snapshot(r, &snapshot);
	if (run_load(again, snapshot.data, snapshot.len, NULL) == 0) {
		run_dump(r, &a);
		run_dump(again, &b);
		if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0)
			abort();
	}
	buf_fini(&snapshot);
	buf_fini(&a);
	buf_fini(&b);
	run_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostics d;
	struct machine *m;
	struct run_facts f = facts();
	struct run *r;
	const char *at = (const char *)data, *end = at + size;
	int rc = 0;

	diagnostics_init(&d);
	m = machine_compile(definition, strlen(definition), MACHINE_STANDARD, &d);
	diagnostics_fini(&d);
	if (m == NULL)
		abort();
	r = run_new(m, &f, NULL);
	while (at < end && rc == 0) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline != NULL ? newline : end;

		rc = run_load(r, at, (size_t)(stop - at), NULL);
		at = newline != NULL ? newline + 1 : end;
	}
	if (rc == 0)
		check_snapshot(m, &f, r);
	run_free(r);
	machine_unref(m);
	doc_unref(f.input);
	return 0;
}
