/*
 * param - parameters and results of queries in PostgreSQL's binary form.
 *
 * Binary, because numbers, uuids and arrays need neither printing nor parsing on
 * either side, and text may hold any byte that the database's encoding allows. The
 * types must be those that the query casts its parameters to.
 */
#ifndef PAWL_STORE_PARAM_H
#define PAWL_STORE_PARAM_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"

#define PARAMS_MAX 24

/* One array parameter. Elements of other types than it was begun with are a bug. */
struct param_array {
	struct buf b;
	int32_t n;
};

enum param_type { PARAM_I16, PARAM_I32, PARAM_I64, PARAM_BOOL, PARAM_UUID, PARAM_TEXT };

void param_array_init(struct param_array *a);
void param_array_fini(struct param_array *a);
/* Empties it, keeps its memory. */
void param_array_begin(struct param_array *a, enum param_type type);
void param_array_i16(struct param_array *a, int16_t v);
void param_array_i32(struct param_array *a, int32_t v);
void param_array_i64(struct param_array *a, int64_t v);
void param_array_bool(struct param_array *a, bool v);
void param_array_uuid(struct param_array *a, const struct uuid *v);
void param_array_text(struct param_array *a, const char *s, size_t len);
/* A NUL-terminated text from outside; bytes that are not UTF-8 become U+FFFD. NULL = null. */
void param_array_words(struct param_array *a, const char *s);
void param_array_null(struct param_array *a);

/* The parameters of one query, in order. Values are copied; arrays are borrowed until the query is sent. */
struct params {
	int n;
	int len_[PARAMS_MAX];       /* -1 = null */
	size_t offset_[PARAMS_MAX]; /* into own_ */
	const struct param_array *array_[PARAMS_MAX];
	struct buf own_;
};
void params_init(struct params *p);
void params_fini(struct params *p);
/* Empties it, keeps its memory. */
void params_reset(struct params *p);
void params_i16(struct params *p, int16_t v);
void params_i32(struct params *p, int32_t v);
void params_i64(struct params *p, int64_t v);
void params_bool(struct params *p, bool v);
void params_uuid(struct params *p, const struct uuid *v);
void params_text(struct params *p, const char *s, size_t len);
void params_str(struct params *p, const char *s); /* NULL = null */
void params_null(struct params *p);
void params_array(struct params *p, struct param_array *a);
/* For a query that waits for its turn: a may go. */
void params_array_copy(struct params *p, const struct param_array *a);
/* As libpq wants them; good until p or an array of it changes. formats are all 1. */
void params_values(const struct params *p, const char *values[PARAMS_MAX], int lengths[PARAMS_MAX],
    int formats[PARAMS_MAX]);

/* Fields of a binary result. Asking for a number of another width is a bug. */
bool result_null(const PGresult *r, int row, int col);
int16_t result_i16(const PGresult *r, int row, int col);
int32_t result_i32(const PGresult *r, int row, int col);
int64_t result_i64(const PGresult *r, int row, int col);
int64_t result_i64_or_zero(const PGresult *r, int row, int col); /* null is 0 */
bool result_bool(const PGresult *r, int row, int col);
struct uuid result_uuid(const PGresult *r, int row, int col);
/* Borrowed from r, NUL-terminated; NULL for null. len may be NULL. */
const char *result_text(const PGresult *r, int row, int col, size_t *len);

#endif
