/*
 * envelope - what AWS's optimized integrations put around the answer of a service:
 * request ids, the blocks about the exchange, and errors in their words.
 */
#ifndef PAWL_COMMON_ENVELOPE_H
#define PAWL_COMMON_ENVELOPE_H

#include <pawl/plugin.h>

#define ENVELOPE_ID_SIZE 37
#define ENVELOPE_DATE_SIZE 32

/* A uuid, random or made from a seed. */
void envelope_request_id(char out[ENVELOPE_ID_SIZE]);
void envelope_request_id_from(uint64_t seed, char out[ENVELOPE_ID_SIZE]);
/* A time as the header Date has it. */
void envelope_date(int64_t wall_ms, char out[ENVELOPE_DATE_SIZE]);

/* The exchange with the service. */
struct envelope {
	const struct pawl_http_header *headers; /* in the order they came */
	size_t nheaders;
	int status;
	const char *request_id;
};
/* Adds the members SdkHttpMetadata and SdkResponseMetadata to the object that is being built. */
void envelope_add(const struct pawl_host *h, struct pawl_builder *b, const struct envelope *v);
/* A new document: the answer's members and the two blocks, which stand in the order of names. */
struct pawl_doc envelope_result(const struct pawl_host *h, struct pawl_doc answer,
    const struct envelope *v);

/*
 * A receipt's document, {"RequestId": ..., "At": ms, "Answer": the API's}: all that a result is made of, so
 * that a task that is dispatched again gets the same. Both answers are borrowed.
 */
struct pawl_doc envelope_remember(const struct pawl_host *h, const char *request_id, int64_t at_ms,
    struct pawl_doc answer);
struct pawl_doc envelope_recall(const struct pawl_host *h, struct pawl_doc receipt,
    char request_id[ENVELOPE_ID_SIZE], int64_t *at_ms);

/* An error of a service. */
struct envelope_error {
	const char *prefix;  /* "SQS" */
	const char *service; /* "AmazonSQS" */
	const char *name;    /* "QueueDoesNotExist", with or without the ending Exception */
	const char *code;    /* as the wire has it: "AWS.SimpleQueueService.NonExistentQueue" */
	int status;
	const char *message, *request_id;
};
/* New texts, to be released with free: PREFIX.NameException; the message and what AWS adds to it. */
char *envelope_error_name(const struct envelope_error *e);
char *envelope_error_cause(const struct envelope_error *e);
/* Fails a task with it. */
void envelope_fail(const struct pawl_host *h, uint64_t task, const struct envelope_error *e);

/* Fails a task whose parameters make no sense; why: a sentence about them. */
void envelope_refuse(const struct pawl_host *h, const struct pawl_task *t, const char *why);

#endif
