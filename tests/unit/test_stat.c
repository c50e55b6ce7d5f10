/*
 * test_stat - counters, gauges and histograms as Prometheus reads them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/stat.h"

static struct buf page;

static int
start_anew(void **state)
{
	(void)state;
	stat_reset();
	buf_init(&page, BUF_UNLIMITED);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	stat_reset();
	buf_fini(&page);
	return 0;
}

static void
assert_line(const char *line)
{
	char whole[200];

	buf_reset(&page);
	stat_print(&page);
	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (strstr(buf_text(&page), whole) == NULL)
		fail_msg("no line \"%s\" in\n%s", line, buf_text(&page));
}

static void
counters_and_gauges_are_printed_with_their_sentence(void **state)
{
	(void)state;
	stat_add(STAT_transitions, 2);
	stat_add(STAT_transitions, 3);
	stat_set(STAT_open_executions, 7);
	stat_add(STAT_open_executions, -2);
	assert_line("# TYPE pawl_transitions_total counter");
	assert_line("pawl_transitions_total 5");
	assert_line("# HELP pawl_open_executions Executions of this node that run or sleep.");
	assert_line("# TYPE pawl_open_executions gauge");
	assert_line("pawl_open_executions 5");
	assert_int_equal(stat_value(STAT_transitions), 5);
}

static void
a_label_divides_a_counter(void **state)
{
	(void)state;
	stat_add_label(STAT_executions_closed, "SUCCEEDED", 2);
	stat_add_label(STAT_executions_closed, "FAILED", 1);
	stat_add_label(STAT_executions_closed, "SUCCEEDED", 1);
	stat_add_label(STAT_tasks, "a\"b\\c\nd", 1);
	assert_line("pawl_executions_closed_total{status=\"SUCCEEDED\"} 3");
	assert_line("pawl_executions_closed_total{status=\"FAILED\"} 1");
	assert_line("pawl_tasks_total{resource=\"a\\\"b\\\\c\\nd\"} 1");
	assert_int_equal(stat_value(STAT_executions_closed), 4);
}

static void
two_labels_divide_a_counter_and_times_are_printed_in_seconds(void **state)
{
	(void)state;
	stat_add_labels(STAT_plugin_answers_dropped, "http", "closed", 2);
	stat_add_labels(STAT_plugin_answers_dropped, "http", "unknown", 1);
	stat_add_labels(STAT_plugin_answers_dropped, "http", "closed", 1);
	stat_add_label(STAT_plugin_blocked_seconds, "http", 5040001);
	assert_line("pawl_plugin_answers_dropped_total{plugin=\"http\",reason=\"closed\"} 3");
	assert_line("pawl_plugin_answers_dropped_total{plugin=\"http\",reason=\"unknown\"} 1");
	assert_line("# TYPE pawl_plugin_blocked_seconds_total counter");
	assert_line("pawl_plugin_blocked_seconds_total{plugin=\"http\"} 5.040001");
	for (int i = 0; i < 300; i++) {
		char name[20];

		snprintf(name, sizeof(name), "p%d", i);
		stat_add_labels(STAT_plugin_answers_dropped, name, "closed", 1);
	}
	assert_line("pawl_plugin_answers_dropped_total{plugin=\"other\",reason=\"other\"} 103");
}

static void
labels_beyond_the_limit_are_counted_together(void **state)
{
	char label[20];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(label, sizeof(label), "r%d", i);
		stat_add_label(STAT_tasks, label, 1);
	}
	stat_add_label(STAT_tasks, "r0", 1);
	assert_line("pawl_tasks_total{resource=\"r0\"} 2");
	assert_line("pawl_tasks_total{resource=\"other\"} 801");
	assert_int_equal(stat_value(STAT_tasks), 1001);
}

static void
a_histogram_has_cumulative_buckets(void **state)
{
	(void)state;
	stat_observe(STAT_commit_seconds, 0.001);
	stat_observe(STAT_commit_seconds, 0.0011);
	stat_observe(STAT_commit_seconds, 100);
	stat_observe(STAT_batch_runs, 3);
	assert_line("# TYPE pawl_commit_seconds histogram");
	assert_line("pawl_commit_seconds_bucket{le=\"0.0005\"} 0");
	assert_line("pawl_commit_seconds_bucket{le=\"0.001\"} 1");
	assert_line("pawl_commit_seconds_bucket{le=\"0.0025\"} 2");
	assert_line("pawl_commit_seconds_bucket{le=\"10\"} 2");
	assert_line("pawl_commit_seconds_bucket{le=\"+Inf\"} 3");
	assert_line("pawl_commit_seconds_sum 100.0021");
	assert_line("pawl_commit_seconds_count 3");
	assert_line("pawl_batch_runs_bucket{le=\"2\"} 0");
	assert_line("pawl_batch_runs_bucket{le=\"5\"} 1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counters_and_gauges_are_printed_with_their_sentence,
		    start_anew, end),
		cmocka_unit_test_setup_teardown(a_label_divides_a_counter, start_anew, end),
		cmocka_unit_test_setup_teardown(
		    two_labels_divide_a_counter_and_times_are_printed_in_seconds, start_anew, end),
		cmocka_unit_test_setup_teardown(labels_beyond_the_limit_are_counted_together,
		    start_anew, end),
		cmocka_unit_test_setup_teardown(a_histogram_has_cumulative_buckets, start_anew,
		    end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
