/*
 * compile_reader - ItemReader: where a distributed Map reads its items, and how.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"

#define MAX_ITEMS_MAX 100000000
#define CSV_HEADERS_MAX (10 * 1024) /* bytes of all names together */

/* --- the storage that is read or written -------------------------------------------- */

/* An action of the service's object storage, or whatever other partitions offer. *action: which of the list, -1 = another partition's. */
static bool
storage_is_known(const char *arn, size_t len, const struct storage_action *actions, int *action)
{
	struct task_resource r;
	bool known = false;
	size_t i;

	*action = -1;
	if (task_resource_parse(&r, arn, len) != 0)
		return false;
	if (r.kind == TASK_SERVICE && r.pattern == PATTERN_REQUEST) {
		known = !task_resource_is_aws(&r);
		for (i = 0; actions[i].name != NULL && strcmp(r.type, "s3") == 0 && !known; i++) {
			known = strcmp(r.resource, actions[i].name) == 0;
			*action = known ? (int)i : -1;
		}
	}
	task_resource_fini(&r);
	return known;
}

int
check_storage(const struct part *p, const struct storage_action *actions)
{
	const char *parameters = p->language == QUERY_JSONPATH ? "Parameters" : "Arguments";
	const char *const names[] = { "Resource", parameters, NULL };
	struct doc v = field_string(p, "Resource");
	struct buf scratch;
	int action = -1;
	const char *s;
	size_t len;

	fields_require(p, names);
	if (!doc_is_none(v)) {
		buf_init(&scratch, BUF_UNLIMITED);
		s = doc_str(v, &scratch, &len);
		if (!storage_is_known(s, len, actions, &action))
			report_unrecognized(p);
		buf_fini(&scratch);
	}
	if (check_value(p, parameters, DOC_OBJECT, "OBJECT")) {
		if (action >= 0)
			check_parameter_names(p, actions[action].required, NULL);
		template_free(compile_template(p, parameters, false));
	}
	return action;
}

/* --- ReaderConfig ------------------------------------------------------------------- */

enum input_type { INPUT_CSV, INPUT_JSON, INPUT_JSONL, INPUT_PARQUET, INPUT_MANIFEST };
static const char *const input_types[] = { "CSV", "JSON", "JSONL", "PARQUET", "MANIFEST" };

enum { READ_OBJECT, READ_LIST };
static const struct storage_action reader_actions[] = {
	[READ_OBJECT] = { "getObject", "Bucket Key" },
	[READ_LIST] = { "listObjectsV2", "Bucket" },
	{ NULL, NULL },
};

static const char *
check_max_items(struct doc v)
{
	int64_t n;

	if (!doc_i64(v, &n))
		return "Expected value of type [INTEGER]";
	return n >= 0 && n <= MAX_ITEMS_MAX ? NULL : "Value must be between 0 and 100000000";
}

/* CSVHeaders: names that stand as they are. */
static void
check_headers(const struct part *p)
{
	struct place list = place_name(p->at, "CSVHeaders");
	struct doc v = field_array(p, "CSVHeaders");
	struct doc_iter it;
	size_t i, bytes = 0;

	if (doc_is_none(v))
		return;
	if (doc_len(v) == 0)
		report(p->c, &list, SCHEMA, "Value cannot be empty");
	it = doc_iter(v);
	for (i = 0; doc_next(&it); i++) {
		struct place at = place_index(&list, i);
		struct buf scratch;
		size_t len = 0;

		if (doc_type(it.value) != DOC_STRING) {
			report(p->c, &at, SCHEMA, "Expected value of type [STRING]");
			continue;
		}
		buf_init(&scratch, BUF_UNLIMITED);
		doc_str(it.value, &scratch, &len);
		buf_fini(&scratch);
		bytes += len;
	}
	if (bytes > CSV_HEADERS_MAX)
		report(p->c, &list, SCHEMA, "The headers together must not have more than %d bytes",
		    CSV_HEADERS_MAX);
}

/* The fields that say how a CSV is read: there when it is one, and only then. */
static void
check_csv(const struct part *p, int input, bool manifest)
{
	static const char *const fields[] = { "CSVHeaderLocation", "CSVHeaders", "CSVDelimiter" };
	static const char *const locations[] = { "FIRST_ROW", "GIVEN" };
	static const char *const delimiters[] = { "COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB" };
	static const char *const location_required[] = { "CSVHeaderLocation", NULL };
	static const char *const headers_required[] = { "CSVHeaders", NULL };
	int location;
	size_t i;

	if (input >= 0 && input != INPUT_CSV) {
		for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
			if (!doc_is_none(field_get(p, fields[i])))
				report(p->c, p->at, SCHEMA,
				    "Field '%s' is only supported when the InputType is 'CSV'",
				    fields[i]);
		return;
	}
	location = field_choice(p, "CSVHeaderLocation", locations, 2);
	field_choice(p, "CSVDelimiter", delimiters, 5);
	check_headers(p);
	if (input == INPUT_CSV && !manifest)
		fields_require(p, location_required);
	if (location == 1)
		fields_require(p, headers_required);
	else if (location == 0 && !doc_is_none(field_get(p, "CSVHeaders")))
		report(p->c, p->at, SCHEMA,
		    "Field 'CSVHeaders' is only supported when the CSVHeaderLocation is 'GIVEN'");
}

/* What a list of objects may say, and what a single one must. */
static void
check_action(const struct part *p, int action, bool flatten)
{
	static const char *const required[] = { "InputType", NULL };
	bool typed = !doc_is_none(field_get(p, "InputType"));

	if (action == READ_OBJECT || flatten)
		fields_require(p, required);
	else if (action == READ_LIST && typed)
		report(p->c, p->at, SCHEMA,
		    "Field 'InputType' is only supported for a list of objects when the "
		    "Transformation is 'LOAD_AND_FLATTEN'");
	if (action == READ_OBJECT && flatten)
		report_field(p, "Transformation",
		    "The Transformation 'LOAD_AND_FLATTEN' is only supported for s3:listObjectsV2");
}

static void
check_config(const struct part *p, int action)
{
	static const struct field_name known[] = { { "InputType", ANY }, { "Transformation", ANY },
		{ "ManifestType", ANY }, { "CSVHeaderLocation", ANY }, { "CSVHeaders", ANY },
		{ "CSVDelimiter", ANY }, { "MaxItems", ANY }, { "MaxItemsPath", ONLY_JSONPATH },
		{ "ItemsPointer", ANY }, { "Comment", ANY }, { NULL, ANY } };
	static const char *const transformations[] = { "NONE", "LOAD_AND_FLATTEN" };
	static const char *const manifests[] = { "S3_INVENTORY", "ATHENA_DATA" };
	int input, manifest;

	fields_check(p, known);
	input = field_choice(p, "InputType", input_types, 5);
	manifest = field_choice(p, "ManifestType", manifests, 2);
	check_action(p, action, field_choice(p, "Transformation", transformations, 2) == 1);
	if (manifest == 1 && input == INPUT_MANIFEST)
		report_field(p, "InputType",
		    "With the ManifestType 'ATHENA_DATA' the InputType is that of the data files");
	check_csv(p, input, manifest >= 0);
	check_dynamic(p, "MaxItems", "MaxItemsPath", check_max_items);
	if (!doc_is_none(field_string(p, "ItemsPointer")) && input >= 0 && input != INPUT_JSON)
		report(p->c, p->at, SCHEMA,
		    "Field 'ItemsPointer' is only supported when the InputType is 'JSON'");
	field_string(p, "Comment");
}

void
check_reader(const struct part *p)
{
	static const struct field_name known[] = { { "Resource", ANY },
		{ "Parameters", ONLY_JSONPATH }, { "Arguments", NOT_JSONPATH },
		{ "ReaderConfig", ANY }, { "Comment", ANY }, { NULL, ANY } };
	static const char *const required[] = { "ReaderConfig", NULL };
	struct place at = place_name(p->at, "ReaderConfig");
	struct part config = { p->c, field_object(p, "ReaderConfig"), &at, p->language };
	int action;

	fields_check(p, known);
	action = check_storage(p, reader_actions);
	if (action == READ_OBJECT)
		fields_require(p, required);
	if (!doc_is_none(config.def))
		check_config(&config, action);
	field_string(p, "Comment");
}
