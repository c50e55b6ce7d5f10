/*
 * doc - immutable JSON values, shared instead of copied.
 *
 * A block is one refcounted piece of memory: the compact source text and a tape
 * of nodes that point into it. A subtree is a contiguous run of nodes and a
 * contiguous span of text, so printing an untouched subtree is one memcpy. A
 * derived document (doc_with, struct doc_builder) is a new block whose tape may
 * hold links to subtrees of other blocks; it keeps those blocks alive.
 *
 * struct doc is a handle passed by value: which block, which node. Copying the
 * struct borrows; doc_ref makes one more owner of the block, doc_unref drops one.
 * Functions that return a *part* of a document (doc_get, doc_at, doc_iter) return
 * a borrowed handle, good as long as the document it came from is; doc_ref it to
 * keep it. Functions that *make* a document return an owned one.
 *
 * Numbers keep their source text until somebody calculates with them. Objects
 * keep their order. Parsing is strict: RFC 8259, valid UTF-8 (no surrogate
 * escapes alone), a depth limit, duplicate keys: the last one wins (and stands
 * at the place of the first). White space is dropped, escapes are kept except
 * that printing is canonical: see doc_print.
 */
#ifndef PAWL_DOC_DOC_H
#define PAWL_DOC_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct doc_block; /* opaque */

struct doc {
	struct doc_block *block;
	uint32_t node;
};

#define DOC_NONE ((struct doc){ NULL, 0 })

enum doc_type { DOC_NULL, DOC_FALSE, DOC_TRUE, DOC_NUMBER, DOC_STRING, DOC_ARRAY, DOC_OBJECT };

#define DOC_DEPTH_MAX 1000        /* nesting levels accepted by doc_parse */
#define DOC_WRAP_DEPTH 24         /* levels that a record of ours puts around documents */
#define DOC_SIZE_MAX (256u << 20) /* bytes of text of one block */

static inline bool
doc_is_none(struct doc d)
{
	return d.block == NULL;
}

/* One and the same, not only equal. */
static inline bool
doc_is(struct doc a, struct doc b)
{
	return a.block == b.block && a.node == b.node;
}

/* --- life ------------------------------------------------------------- */

/*
 * Parses len bytes. On failure DOC_NONE, and e has the name "pawl.Json" and a
 * cause in the words AWS's parser uses where spec/API.md knows them
 * ("Unrecognized token 'not': was expecting (JSON String, Number, ...)"), else a
 * sentence of ours. err_line/err_column (from 1) may be NULL.
 */
struct doc doc_parse(const char *text, size_t len, struct err *e);
struct doc doc_parse_at(const char *text, size_t len, struct err *e, size_t *err_line,
    size_t *err_column);
/* A record of ours: documents inside of it may be nested DOC_DEPTH_MAX levels. */
struct doc doc_parse_record(const char *text, size_t len, struct err *e);
struct doc doc_ref(struct doc d); /* returns d; DOC_NONE is fine */
void doc_unref(struct doc d);     /* DOC_NONE is fine */

/* Small constants; owned like all made documents (cheap: shared static blocks). */
struct doc doc_null(void);
struct doc doc_bool(bool v);
struct doc doc_empty_object(void);
struct doc doc_empty_array(void);
struct doc doc_int(int64_t v);
/* Shortest text that reads back as v. v must be finite. Whole numbers below 1e21 print without exponent. */
struct doc doc_double(double v);
/* s: valid UTF-8, unescaped. DOC_NONE when the text would be longer than DOC_SIZE_MAX. */
struct doc doc_string(const char *s, size_t len);
/* Whether bytes from outside may be given to doc_string and docb_string. */
bool doc_utf8_valid(const char *s, size_t len);

/* --- reading ------------------------------------------------------------ */

enum doc_type doc_type(struct doc d);
bool doc_is_bool(struct doc d);
bool doc_is_true(struct doc d);
/* Length in bytes of what doc_print writes. O(1). Shared parts count each time: it may be astronomical. */
size_t doc_size(struct doc d);
/* Bytes of memory that it holds on to, without the documents that it shares parts with. O(1). */
size_t doc_memory(struct doc d);
/*
 * Nested deeper than DOC_DEPTH_MAX, which only making documents can do: it works and
 * prints, but doc_parse will refuse the text. O(1) for what is anywhere near normal,
 * else O(doc_size): ask for that first.
 */
bool doc_too_deep(struct doc d);
/* Elements of an array, members of an object, 0 for anything else. O(1). */
size_t doc_len(struct doc d);
/* Member by (unescaped) name; DOC_NONE when d is no object or has no such member. Borrowed. */
struct doc doc_get(struct doc d, const char *key, size_t key_len);
struct doc doc_gets(struct doc d, const char *key);
/* Element by index from 0; DOC_NONE when out of range. Borrowed. O(index): walk with doc_iter instead. */
struct doc doc_at(struct doc d, size_t index);

/*
 * Walks an array or an object in order, each step O(1):
 *
 *	struct doc_iter it = doc_iter(d);
 *	while (doc_next(&it)) ... it.key (objects), it.value ...
 *
 * An iterator is plain data and stays good as long as the document.
 */
struct doc_iter {
	struct doc value; /* borrowed */
	struct doc key;   /* borrowed, a DOC_STRING; DOC_NONE in arrays */
	struct doc of_;
	uint32_t next_;
	uint32_t left_;
};
struct doc_iter doc_iter(struct doc d);
bool doc_next(struct doc_iter *it);

/*
 * Strings. doc_str gives the unescaped bytes when the source has no escapes:
 * borrowed, not NUL-terminated. With escapes it unescapes into *scratch
 * (initialised by the caller, reset by this call) and points there. A string may
 * hold U+0000. d must be a DOC_STRING.
 */
const char *doc_str(struct doc d, struct buf *scratch, size_t *len);
/* A NUL-terminated copy, yours. NULL when d is no string or holds U+0000. */
char *doc_strdup(struct doc d);
bool doc_str_is(struct doc d, const char *s); /* false when d is no string */

/* Numbers. The source text, borrowed, not NUL-terminated. d must be a DOC_NUMBER. */
const char *doc_num_text(struct doc d, size_t *len);
/* True and *out when the number is an integer (1, 1.0, 1e2 too) within int64. False for non-numbers. */
bool doc_i64(struct doc d, int64_t *out);
/* The nearest double; false for non-numbers and for numbers beyond double's range. */
bool doc_f64(struct doc d, double *out);
/* <0, 0, >0 by numeric value, exact at any length. Both must be numbers. */
int doc_num_cmp(struct doc a, struct doc b);

/* Deep equality: numbers by value, objects without regard to order. */
bool doc_equal(struct doc a, struct doc b);

/* --- printing ------------------------------------------------------------ */

/*
 * Compact JSON text: no white space, numbers as in the source, strings with the
 * escapes RFC 8259 demands and no others ("\u00e9" and "\/" of a source print as
 * the character itself; control characters as \b \f \n \r \t or \u00xx).
 * Parsing normalises once, so printing stays a memcpy.
 */
void doc_print(struct doc d, struct buf *out);
/* NUL-terminated, yours. len may be NULL. */
char *doc_text(struct doc d, size_t *len);
/* The compact text as a JSON string literal (JSON inside JSON, as the API sends it). */
void doc_print_quoted(struct doc d, struct buf *out);

/* --- making --------------------------------------------------------------- */

/*
 * Builds a document front to back; values given to docb_doc are shared when that
 * pays, copied when they are small. Misuse (a value where a key is due ...) is a bug:
 * assert. docb_finish returns the document and frees the builder; docb_free frees
 * one that is not wanted (NULL is fine). A document whose own text (shared parts not
 * counted) would be longer than DOC_SIZE_MAX comes out as DOC_NONE.
 */
struct doc_builder;
struct doc_builder *docb_new(void);
void docb_free(struct doc_builder *b);
void docb_object(struct doc_builder *b); /* opens */
void docb_array(struct doc_builder *b);  /* opens */
void docb_end(struct doc_builder *b);    /* closes the innermost */
/* Keys: unescaped UTF-8; a repeated one is the caller's bug. */
void docb_key(struct doc_builder *b, const char *key, size_t len);
void docb_keys(struct doc_builder *b, const char *key);
void docb_key_doc(struct doc_builder *b, struct doc key); /* a DOC_STRING of another document */
void docb_doc(struct doc_builder *b, struct doc value);   /* borrows value */
void docb_string(struct doc_builder *b, const char *s, size_t len);
void docb_strings(struct doc_builder *b, const char *s);
void docb_i64(struct doc_builder *b, int64_t v);
void docb_f64(struct doc_builder *b, double v);
void docb_bool(struct doc_builder *b, bool v);
void docb_null(struct doc_builder *b);
struct doc docb_finish(struct doc_builder *b); /* frees b */

/* obj with member key = value (replaced in place or added at the end). obj must be an object. */
struct doc doc_with(struct doc obj, const char *key, size_t key_len, struct doc value);
/* arr with element index = value; index < doc_len(arr). */
struct doc doc_with_at(struct doc arr, size_t index, struct doc value);
/* obj without that member. */
struct doc doc_without(struct doc obj, const char *key, size_t key_len);
/* A copy that shares nothing: drops what a small part of a large document keeps alive. */
struct doc doc_compact(struct doc d);

#endif
