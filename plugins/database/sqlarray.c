/*
 * sqlarray - PostgreSQL's text of an array, {1,NULL,"a \"b\""}, to JSON.
 */
#include <string.h>

#include "database.h"

/* Types whose arrays are known: array, element. All have a comma between elements. */
static const uint32_t arrays[][2] = {
	{ 199, 114 },   /* json */
	{ 1000, 16 },   /* bool */
	{ 1001, 17 },   /* bytea */
	{ 1002, 18 },   /* "char" */
	{ 1003, 19 },   /* name */
	{ 1005, 21 },   /* int2 */
	{ 1007, 23 },   /* int4 */
	{ 1009, 25 },   /* text */
	{ 1014, 1042 }, /* char(n) */
	{ 1015, 1043 }, /* varchar */
	{ 1016, 20 },   /* int8 */
	{ 1021, 700 },  /* float4 */
	{ 1022, 701 },  /* float8 */
	{ 1028, 26 },   /* oid */
	{ 1041, 869 },  /* inet */
	{ 1115, 1114 }, /* timestamp */
	{ 1182, 1082 }, /* date */
	{ 1183, 1083 }, /* time */
	{ 1185, 1184 }, /* timestamptz */
	{ 1187, 1186 }, /* interval */
	{ 1231, 1700 }, /* numeric */
	{ 1263, 2275 }, /* cstring */
	{ 2951, 2950 }, /* uuid */
	{ 3807, 3802 }, /* jsonb */
};

uint32_t
sqlarray_element(uint32_t type)
{
	for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++)
		if (arrays[i][0] == type)
			return arrays[i][1];
	return 0;
}

/* The element at s without its quotes and backslashes; returns what follows it. */
static const char *
unquote(const char *s, struct text *out, bool *quoted)
{
	*quoted = *s == '"';
	text_adds(out, "");
	if (*quoted)
		s++;
	while (*s != '\0' && (*quoted ? *s != '"' : strchr(",}", *s) == NULL)) {
		if (*s == '\\' && s[1] != '\0')
			s++;
		text_add(out, s++, 1);
	}
	return *quoted && *s == '"' ? s + 1 : s;
}

void
sqlarray_add(const struct pawl_host *h, struct pawl_builder *b, uint32_t element, const char *value)
{
	const char *s = *value == '[' ? strchr(value, '{') : value; /* [2:3]={...}: its bounds */
	size_t depth = 0;

	if (s == NULL || *s != '{') { /* no array after all */
		h->build_string(b, value, strlen(value));
		return;
	}
	do {
		struct text item = { 0 };
		bool quoted;

		if (*s == '{') {
			h->build_array(b);
			depth++;
			s++;
		} else if (*s == '}') {
			h->build_end(b);
			depth--;
			s++;
		} else if (*s == ',') {
			s++;
		} else {
			s = unquote(s, &item, &quoted);
			result_add_value(h, b, element,
			    !quoted && strcmp(item.s, "NULL") == 0 ? NULL : item.s);
		}
		text_fini(&item);
	} while (depth > 0 && *s != '\0');
	for (; depth > 0; depth--)
		h->build_end(b);
}
