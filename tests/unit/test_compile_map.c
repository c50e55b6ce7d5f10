/*
 * test_compile_map - which fields Parallel and Map states may have, and how distributed
 * Maps read, batch and write.
 */
#include "compile_fixture.h"

#define INNER "`StartAt`:`i`,`States`:{`i`:{`Type`:`Succeed`}}"
#define INLINE "`Type`:`Map`,`End`:true,`ItemProcessor`:{" INNER "},"
#define CONFIG "`ProcessorConfig`:{`Mode`:`DISTRIBUTED`,`ExecutionType`:`STANDARD`}"
#define DISTRIBUTED "`Type`:`Map`,`End`:true,`ItemProcessor`:{" CONFIG "," INNER "},"
#define JSONATA DISTRIBUTED "`QueryLanguage`:`JSONata`,"
#define GET "arn:aws:states:::s3:getObject"
#define LIST "arn:aws:states:::s3:listObjectsV2"
#define PUT "arn:aws:states:::s3:putObject"
#define READ \
	DISTRIBUTED "`ItemReader`:{`Resource`:`" GET "`,`Parameters`:{`Bucket`:`b`,`Key.$`:`$.k`},"
#define SCAN DISTRIBUTED "`ItemReader`:{`Resource`:`" LIST "`,`Parameters`:{`Bucket`:`b`},"
/* What is told about a distributed Map that has no fault. */
#define UNBUILT \
	S "The Map Mode 'DISTRIBUTED' is not built yet at /States/X/" \
	  "ItemProcessor/ProcessorConfig/Mode"
#define UNBUILT_JSONATA S "The QueryLanguage 'JSONata' is not built yet at /States/X/QueryLanguage"
#define READER "/States/X/ItemReader"
#define READER_CONFIG READER "/ReaderConfig"
#define BATCHER "/States/X/ItemBatcher"
#define WRITER "/States/X/ResultWriter"
#define NO_REFERENCE S "Value is not a Reference Path: The syntax of the path is invalid at "

static void
a_parallel_has_branches_of_their_own(void **state)
{
	static const struct fields_case cases[] = {
		{ "`Branches`:[{" INNER ",`Comment`:`c`}],`Parameters`:`$.a`", NULL },
		{ "`Branches`:{}", S "Expected value of type [ARRAY] at /States/X/Branches" },
		{ "`Branches`:[1]", S "Expected value of type [OBJECT] at /States/X/Branches[0]" },
		{ "`Branches`:[{" INNER "},{}]",
		    S "These fields are required: [States, StartAt] at /States/X/Branches[1]" },
		{ "`Branches`:[{" INNER ",`TimeoutSeconds`:1,`ProcessorConfig`:{}}]",
		    S "Field 'TimeoutSeconds' is not supported at /States/X/Branches[0], " S
		      "Field 'ProcessorConfig' is not supported at /States/X/Branches[0]" },
		{ "`Branches`:[{" INNER "},{" INNER "}]",
		    "DUPLICATE_STATE_NAME: Duplicate state name: i at /States/X/Branches[1]/States/i" },
	};

	(void)state;
	CHECK("`Type`:`Parallel`,`End`:true,", cases);
}

static void
a_map_has_one_processor_with_its_configuration(void **state)
{
	static const struct fields_case cases[] = {
		{ "`ItemProcessor`:{" INNER ",`Comment`:`c`,`ProcessorConfig`:{}}", NULL },
		{ "`ItemProcessor`:{" INNER ",`ProcessorConfig`:{`Mode`:`INLINE`}}", NULL },
		{ "`Iterator`:{" INNER "}", NULL },
		{ "`Foo`:1",
		    S "Field 'Foo' is not supported at /States/X, " S
		      "These fields are required: [ItemProcessor] at /States/X" },
		{ "`ItemProcessor`:[]",
		    S "Expected value of type [OBJECT] at /States/X/ItemProcessor" },
		{ "`ItemProcessor`:{" INNER ",`QueryLanguage`:`JSONPath`,`TimeoutSeconds`:1}",
		    S "Field 'QueryLanguage' is not supported at /States/X/ItemProcessor, " S
		      "Field 'TimeoutSeconds' is not supported at /States/X/ItemProcessor" },
		{ "`ItemProcessor`:{" INNER ",`ProcessorConfig`:{`Mode`:`DISTRIBUTED`}}",
		    S "These fields are required: [ExecutionType] at "
		      "/States/X/ItemProcessor/ProcessorConfig" },
		{ "`ItemProcessor`:{" INNER ",`ProcessorConfig`:{`Mode`:`INLINE`,`Foo`:1}}",
		    S "Field 'Foo' is not supported at /States/X/ItemProcessor/ProcessorConfig" },
		{ "`ItemProcessor`:{" INNER ",`ProcessorConfig`:{`Mode`:`DISTRIBUTED`,"
		  "`ExecutionType`:`FAST`}}",
		    S "Value should be one of the following: [STANDARD, EXPRESS] at "
		      "/States/X/ItemProcessor/ProcessorConfig/ExecutionType" },
		/* a Mode that cannot be read is the only fault of the reader's field */
		{ "`ItemProcessor`:{" INNER ",`ProcessorConfig`:{`Mode`:1}},`Label`:`l`",
		    S
		    "Expected value of type [STRING] at /States/X/ItemProcessor/ProcessorConfig/Mode" },
		{ "`ItemProcessor`:{" INNER ",`ProcessorConfig`:1},`Label`:`l`",
		    S
		    "Expected value of type [OBJECT] at /States/X/ItemProcessor/ProcessorConfig" },
	};

	(void)state;
	CHECK("`Type`:`Map`,`End`:true,", cases);
}

static void
items_and_limits_are_checked(void **state)
{
	static const struct fields_case cases[] = {
		{ "`ItemsPath`:`$.a['b'][0]`,`ItemSelector`:{`v.$`:`$$.Map.Item.Value`}", NULL },
		{ "`ItemsPath`:`$$.Execution.Input.a`,`MaxConcurrency`:0", NULL },
		{ "`ItemsPath`:`$.a[*].b`,`MaxConcurrencyPath`:`$v`", NULL },
		{ "`ItemsPath`:`$.a.keys()`", NO_REFERENCE "/States/X/ItemsPath" },
		{ "`ItemsPath`:`States.Array(1)`", NO_REFERENCE "/States/X/ItemsPath" },
		{ "`ItemsPath`:null", S "Expected value of type [STRING] at /States/X/ItemsPath" },
		{ "`ToleratedFailureCount`:3,`ToleratedFailurePercentage`:0.5", NULL },
		{ "`ToleratedFailureCountPath`:`$.a`,`ToleratedFailurePercentagePath`:`$.b`",
		    NULL },
		{ "`ToleratedFailureCount`:1.5",
		    S "Expected value of type [INTEGER] at /States/X/ToleratedFailureCount" },
		{ "`ToleratedFailurePercentage`:-0.5",
		    S "ToleratedFailurePercentage must be between 0 and 100. at "
		      "/States/X/ToleratedFailurePercentage" },
		{ "`ToleratedFailurePercentagePath`:`$.a[*]`",
		    NO_REFERENCE "/States/X/ToleratedFailurePercentagePath" },
		{ "`MaxConcurrency`:`1`",
		    S "Expected value of type [INTEGER] at /States/X/MaxConcurrency" },
		{ "`MaxConcurrency`:1,`MaxConcurrencyPath`:`$.a`",
		    S
		    "These fields are mutually exclusive: [MaxConcurrency, MaxConcurrencyPath] at "
		    "/States/X" },
		{ "`ToleratedFailureCount`:1,`ToleratedFailureCountPath`:`$.a`",
		    S "These fields are mutually exclusive: [ToleratedFailureCount, "
		      "ToleratedFailureCountPath] at /States/X" },
		{ "`ToleratedFailurePercentage`:1,`ToleratedFailurePercentagePath`:`$.a`",
		    S "These fields are mutually exclusive: [ToleratedFailurePercentage, "
		      "ToleratedFailurePercentagePath] at /States/X" },
		{ "`Items`:[1]",
		    S "The QueryLanguage is set to 'JSONPath', but field 'Items' is only "
		      "supported for the 'JSONata' QueryLanguage at /States/X" },
	};

	(void)state;
	CHECK(INLINE, cases);
}

#define ONLY_DISTRIBUTED(field) \
	S "Field '" field "' is only supported when the Mode in ProcessorConfig is " \
	  "'DISTRIBUTED' at /States/X"

static void
inline_maps_read_and_write_nothing_elsewhere(void **state)
{
	static const struct fields_case cases[] = {
		{ "`ItemReader`:{}", ONLY_DISTRIBUTED("ItemReader") },
		{ "`ItemBatcher`:{}", ONLY_DISTRIBUTED("ItemBatcher") },
		{ "`ResultWriter`:{}", ONLY_DISTRIBUTED("ResultWriter") },
		{ "`Label`:`l`", ONLY_DISTRIBUTED("Label") },
	};

	(void)state;
	CHECK(INLINE, cases);
}

#define BAD_LABEL(what) "INVALID_LABEL_NAME: Label " what " at /States/X/Label"
#define BAD_CHARACTER(c) BAD_LABEL("contains invalid character: '" c "'")
#define TEN "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"

static void
labels_are_short_and_unique(void **state)
{
	static const struct fields_case cases[] = {
		{ "`Label`:`a-b_c.1`", UNBUILT },
		{ "`Label`:`" TEN TEN TEN TEN "`", UNBUILT },
		{ "`Label`:`" TEN TEN TEN TEN "x`", BAD_LABEL("cannot exceed 40 characters") },
		{ "`Label`:``", BAD_LABEL("cannot be empty") },
		{ "`Label`:`a b`", BAD_CHARACTER(" ") },
		{ "`Label`:`a:b`", BAD_CHARACTER(":") },
		{ "`Label`:`a\\u0060b`", BAD_CHARACTER("\x60") },
		{ "`Label`:`a\\u0085b`", BAD_CHARACTER("\\x85") },
		{ "`Label`:`a\\u0000b`", BAD_CHARACTER("\\x00") },
		{ "`Label`:1", S "Expected value of type [STRING] at /States/X/Label" },
	};

	(void)state;
	CHECK(DISTRIBUTED, cases);
	refuse(
	    "{`StartAt`:`X`,`States`:{`X`:{`Type`:`Map`,`Label`:`l`,`Next`:`Y`,`ItemProcessor`:{" CONFIG
	    "," INNER "}},`Y`:{`Type`:`Map`,`Label`:`k`,`Next`:`Z`,`ItemProcessor`:{" CONFIG
	    ",`StartAt`:`j`,`States`:{`j`:{`Type`:`Succeed`}}}},`Z`:{`Type`:`Map`,`Label`:`l`,"
	    "`End`:true,`ItemProcessor`:{" CONFIG
	    ",`StartAt`:`k`,`States`:{`k`:{`Type`:`Succeed`}}}}}}",
	    "DUPLICATE_LABEL_NAME: Duplicate Label: l at /States/Z/Label");
}

static void
a_reader_says_what_it_reads(void **state)
{
	static const struct fields_case cases[] = {
		{ "`ItemReader`:{`Resource`:`" LIST
		  "`,`Parameters`:{`Bucket.$`:`$.b`,`Prefix`:`p`}}",
		    UNBUILT },
		{ "`ItemReader`:{`Resource`:`arn:pawl:states:::files:read`,`Parameters`:{`Path`:`p`},"
		  "`ReaderConfig`:{`MaxItems`:1},`Comment`:`c`}",
		    UNBUILT },
		{ "`ItemReader`:[]", S "Expected value of type [OBJECT] at " READER },
		{ "`ItemReader`:{}",
		    S "These fields are required: [Resource, Parameters] at " READER },
		{ "`ItemReader`:{`Foo`:1,`Arguments`:{},`Resource`:`" LIST
		  "`,`Parameters`:{`Bucket`:`b`}}",
		    S "Field 'Foo' is not supported at " READER ", " S
		      "The QueryLanguage is set to 'JSONPath', but field 'Arguments' is only "
		      "supported for the 'JSONata' QueryLanguage at " READER },
		{ "`ItemReader`:{`Resource`:`" LIST "`,`Parameters`:`$.p`}",
		    S "Expected value of type [OBJECT] at " READER "/Parameters" },
		{ "`ItemReader`:{`Resource`:`" LIST "`,`Parameters`:{}}",
		    S "The field \"Bucket\" is required but was missing at " READER "/Parameters" },
		{ "`ItemReader`:{`Resource`:`" GET "`,`Parameters`:{`Bucket`:`b`},`ReaderConfig`:{"
		  "`InputType`:`JSON`}}",
		    S "The field \"Key\" is required but was missing at " READER "/Parameters" },
		{ "`ItemReader`:{`Resource`:`" LIST "`,`Parameters`:{`Bucket.$`:`b`}}",
		    S "The value for the field 'Bucket.$' must be a valid JSONPath or a valid "
		      "intrinsic function call at " READER "/Parameters" },
		{ "`ItemReader`:{`Resource`:1,`Parameters`:{}}",
		    S "Expected value of type [STRING] at " READER "/Resource" },
		{ "`ItemReader`:{`Resource`:`" PUT "`,`Parameters`:{}}",
		    S "The resource provided " PUT " is not recognized. The value is not a valid "
		      "resource ARN, or the resource is not available in this region. at " READER
		      "/Resource" },
		{ "`ItemReader`:{`Resource`:`" GET "`,`Parameters`:{`Bucket`:`b`,`Key`:`k`}}",
		    S "These fields are required: [ReaderConfig] at " READER },
		{ "`ItemReader`:{`Resource`:`" GET
		  "`,`Parameters`:{`Bucket`:`b`,`Key`:`k`},`ReaderConfig`:1}",
		    S "Expected value of type [OBJECT] at " READER_CONFIG },
	};
	static const struct fields_case jsonata[] = {
		{ "`ItemReader`:{`Resource`:`" LIST "`,`Arguments`:`{% $states.input %}`}",
		    UNBUILT_JSONATA },
		{ "`ItemReader`:{`Resource`:`" LIST "`,`Arguments`:{`Bucket`:`b`},`ReaderConfig`:{"
		  "`MaxItems`:`{% 5 %}`}}",
		    UNBUILT_JSONATA },
		{ "`ItemReader`:{`Resource`:`" LIST "`,`Arguments`:`b`}",
		    S "Expected value of type [OBJECT] at " READER "/Arguments" },
		{ "`ItemReader`:{`Resource`:`" LIST "`,`Arguments`:{`Bucket`:`b`},`ReaderConfig`:{"
		  "`MaxItems`:`{% 5`}}",
		    S "An expression begins with '{%' and ends with '%}', but the value is '{% 5' "
		      "at " READER_CONFIG "/MaxItems" },
		{ "`ItemReader`:{`Resource`:`" LIST "`,`Arguments`:{`Bucket`:`b`},`ReaderConfig`:{"
		  "`MaxItemsPath`:`$.m`}}",
		    S "The QueryLanguage is set to 'JSONata', but field 'MaxItemsPath' is only "
		      "supported for the 'JSONPath' QueryLanguage at " READER_CONFIG },
	};

	(void)state;
	CHECK(DISTRIBUTED, cases);
	CHECK(JSONATA, jsonata);
}

static void
fields_of_the_reader_fit_each_other(void **state)
{
	static const struct fields_case get[] = {
		{ "`ReaderConfig`:{`InputType`:`JSON`,`ItemsPointer`:`/a`,`MaxItems`:0}}",
		    UNBUILT },
		{ "`ReaderConfig`:{`InputType`:`JSONL`,`MaxItemsPath`:`$v`,`Comment`:`c`}}",
		    UNBUILT },
		{ "`ReaderConfig`:{`InputType`:`PARQUET`,`MaxItems`:100000000}}", UNBUILT },
		{ "`ReaderConfig`:{`InputType`:`MANIFEST`}}", UNBUILT },
		{ "`ReaderConfig`:{`InputType`:`CSV`,`ManifestType`:`ATHENA_DATA`}}", UNBUILT },
		{ "`ReaderConfig`:{`InputType`:`CSV`,`CSVHeaderLocation`:`FIRST_ROW`,`CSVDelimiter`:`TAB`}}",
		    UNBUILT },
		{ "`ReaderConfig`:{`InputType`:`CSV`,`CSVHeaderLocation`:`GIVEN`,`CSVHeaders`:[`a`,``]}}",
		    UNBUILT },
		{ "`ReaderConfig`:{`Transformation`:`NONE`,`InputType`:`JSON`}}", UNBUILT },
		{ "`ReaderConfig`:{}}",
		    S "These fields are required: [InputType] at " READER_CONFIG },
		{ "`ReaderConfig`:{`InputType`:`XML`}}",
		    S
		    "Value should be one of the following: [CSV, JSON, JSONL, PARQUET, MANIFEST] at " READER_CONFIG
		    "/InputType" },
		{ "`ReaderConfig`:{`InputType`:`JSON`,`Foo`:1}}",
		    S "Field 'Foo' is not supported at " READER_CONFIG },
		{ "`ReaderConfig`:{`InputType`:`JSON`,`MaxItems`:1,`MaxItemsPath`:`$.a`}}",
		    S
		    "These fields are mutually exclusive: [MaxItems, MaxItemsPath] at " READER_CONFIG },
		{ "`ReaderConfig`:{`InputType`:`JSON`,`MaxItems`:100000001}}",
		    S "Value must be between 0 and 100000000 at " READER_CONFIG "/MaxItems" },
		{ "`ReaderConfig`:{`InputType`:`JSON`,`MaxItems`:-1}}",
		    S "Value must be between 0 and 100000000 at " READER_CONFIG "/MaxItems" },
		{ "`ReaderConfig`:{`InputType`:`JSON`,`MaxItems`:`1`}}",
		    S "Expected value of type [INTEGER] at " READER_CONFIG "/MaxItems" },
		{ "`ReaderConfig`:{`InputType`:`JSON`,`MaxItemsPath`:`$..a`}}",
		    NO_REFERENCE READER_CONFIG "/MaxItemsPath" },
		{ "`ReaderConfig`:{`InputType`:`CSV`}}",
		    S "These fields are required: [CSVHeaderLocation] at " READER_CONFIG },
		{ "`ReaderConfig`:{`InputType`:`CSV`,`CSVHeaderLocation`:`LAST_ROW`,`CSVDelimiter`:`,`}}",
		    S
		    "Value should be one of the following: [FIRST_ROW, GIVEN] at " READER_CONFIG
		    "/CSVHeaderLocation, " S
		    "Value should be one of the following: [COMMA, PIPE, SEMICOLON, SPACE, TAB] at " READER_CONFIG
		    "/CSVDelimiter" },
		{ "`ReaderConfig`:{`InputType`:`CSV`,`CSVHeaderLocation`:`GIVEN`}}",
		    S "These fields are required: [CSVHeaders] at " READER_CONFIG },
		{ "`ReaderConfig`:{`InputType`:`CSV`,`CSVHeaderLocation`:`FIRST_ROW`,`CSVHeaders`:[`a`]}}",
		    S
		    "Field 'CSVHeaders' is only supported when the CSVHeaderLocation is 'GIVEN' at " READER_CONFIG },
		{ "`ReaderConfig`:{`InputType`:`CSV`,`CSVHeaderLocation`:`GIVEN`,`CSVHeaders`:[]}}",
		    S "Value cannot be empty at " READER_CONFIG "/CSVHeaders" },
		{ "`ReaderConfig`:{`InputType`:`CSV`,`CSVHeaderLocation`:`GIVEN`,`CSVHeaders`:[`a`,1]}}",
		    S "Expected value of type [STRING] at " READER_CONFIG "/CSVHeaders[1]" },
		{ "`ReaderConfig`:{`InputType`:`JSON`,`CSVHeaderLocation`:`FIRST_ROW`}}",
		    S
		    "Field 'CSVHeaderLocation' is only supported when the InputType is 'CSV' at " READER_CONFIG },
		{ "`ReaderConfig`:{`InputType`:`JSONL`,`ItemsPointer`:`/a`}}",
		    S
		    "Field 'ItemsPointer' is only supported when the InputType is 'JSON' at " READER_CONFIG },
		{ "`ReaderConfig`:{`InputType`:`JSON`,`ItemsPointer`:1}}",
		    S "Expected value of type [STRING] at " READER_CONFIG "/ItemsPointer" },
		{ "`ReaderConfig`:{`InputType`:`MANIFEST`,`ManifestType`:`ATHENA_DATA`}}",
		    S
		    "With the ManifestType 'ATHENA_DATA' the InputType is that of the data files at " READER_CONFIG
		    "/InputType" },
		{ "`ReaderConfig`:{`InputType`:`MANIFEST`,`ManifestType`:`S3`}}",
		    S
		    "Value should be one of the following: [S3_INVENTORY, ATHENA_DATA] at " READER_CONFIG
		    "/ManifestType" },
		{ "`ReaderConfig`:{`InputType`:`JSON`,`Transformation`:`LOAD_AND_FLATTEN`}}",
		    S
		    "The Transformation 'LOAD_AND_FLATTEN' is only supported for s3:listObjectsV2 at " READER_CONFIG
		    "/Transformation" },
	};
	static const struct fields_case list[] = {
		{ "`ReaderConfig`:{`MaxItems`:1,`Transformation`:`NONE`}}", UNBUILT },
		{ "`ReaderConfig`:{`Transformation`:`LOAD_AND_FLATTEN`,`InputType`:`JSON`}}",
		    UNBUILT },
		{ "`ReaderConfig`:{`Transformation`:`LOAD_AND_FLATTEN`}}",
		    S "These fields are required: [InputType] at " READER_CONFIG },
		{ "`ReaderConfig`:{`InputType`:`JSON`}}",
		    S "Field 'InputType' is only supported for a list of objects when the "
		      "Transformation is 'LOAD_AND_FLATTEN' at " READER_CONFIG },
		{ "`ReaderConfig`:{`Transformation`:`FLATTEN`}}",
		    S
		    "Value should be one of the following: [NONE, LOAD_AND_FLATTEN] at " READER_CONFIG
		    "/Transformation" },
	};

	(void)state;
	CHECK(READ, get);
	CHECK(SCAN, list);
}

static void
headers_are_not_too_long_together(void **state)
{
	char *header = xmalloc(10242), *fields;

	(void)state;
	memset(header, 'h', 10241);
	header[10241] = '\0';
	fields = xasprintf(READ "`ReaderConfig`:{`InputType`:`CSV`,`CSVHeaderLocation`:`GIVEN`,"
				"`CSVHeaders`:[`%s`]}}",
	    header);
	refuse_x(fields,
	    S "The headers together must not have more than 10240 bytes at " READER_CONFIG
	      "/CSVHeaders");
	free(fields);
	fields = xasprintf(READ "`ReaderConfig`:{`InputType`:`CSV`,`CSVHeaderLocation`:`GIVEN`,"
				"`CSVHeaders`:[`%s`]}}",
	    header + 1);
	refuse_x(fields, UNBUILT);
	free(fields);
	free(header);
}

static void
a_batcher_has_a_limit(void **state)
{
	static const struct fields_case cases[] = {
		{ "`ItemBatcher`:{`MaxItemsPerBatch`:1,`MaxInputBytesPerBatch`:262144,`BatchInput`:{"
		  "`a.$`:`$.b`},`Comment`:`c`}",
		    UNBUILT },
		{ "`ItemBatcher`:{`MaxItemsPerBatchPath`:`$v`}", UNBUILT },
		{ "`ItemBatcher`:{}",
		    S
		    "At least one of these fields is required: [MaxItemsPerBatch, "
		    "MaxItemsPerBatchPath, MaxInputBytesPerBatch, MaxInputBytesPerBatchPath] at " BATCHER },
		{ "`ItemBatcher`:{`MaxItemsPerBatch`:0}",
		    S "Value must be at least 1 at " BATCHER "/MaxItemsPerBatch" },
		{ "`ItemBatcher`:{`MaxItemsPerBatch`:1.5}",
		    S "Expected value of type [INTEGER] at " BATCHER "/MaxItemsPerBatch" },
		{ "`ItemBatcher`:{`MaxInputBytesPerBatch`:262145}",
		    S "Value must be between 1 and 262144 at " BATCHER "/MaxInputBytesPerBatch" },
		{ "`ItemBatcher`:{`MaxItemsPerBatch`:1,`MaxItemsPerBatchPath`:`$.a`}",
		    S
		    "These fields are mutually exclusive: [MaxItemsPerBatch, MaxItemsPerBatchPath] "
		    "at " BATCHER },
		{ "`ItemBatcher`:{`MaxInputBytesPerBatch`:1,`MaxInputBytesPerBatchPath`:`$.a`}",
		    S "These fields are mutually exclusive: [MaxInputBytesPerBatch, "
		      "MaxInputBytesPerBatchPath] at " BATCHER },
		{ "`ItemBatcher`:{`MaxItemsPerBatch`:1,`Foo`:1,`BatchInput`:{`a.$`:1}}",
		    S "Field 'Foo' is not supported at " BATCHER ", " S
		      "The value for the field 'a.$' must be a STRING at " BATCHER "/BatchInput" },
		{ "`ItemBatcher`:1", S "Expected value of type [OBJECT] at " BATCHER },
	};
	static const struct fields_case jsonata[] = {
		{ "`ItemBatcher`:{`MaxItemsPerBatch`:`{% 2 %}`,`BatchInput`:{`a`:`{% 1 %}`}}",
		    UNBUILT_JSONATA },
		{ "`ItemBatcher`:{}",
		    S "At least one of these fields is required: [MaxItemsPerBatch, "
		      "MaxInputBytesPerBatch] at " BATCHER },
		{ "`ItemBatcher`:{`MaxItemsPerBatch`:1,`BatchInput`:{`a`:`1 %}`}}",
		    S
		    "An expression begins with '{%' and ends with '%}', but the value is '1 %}' at " BATCHER
		    "/BatchInput" },
	};

	(void)state;
	CHECK(DISTRIBUTED, cases);
	CHECK(JSONATA, jsonata);
}

static void
a_writer_writes_somewhere_or_in_some_form(void **state)
{
	static const struct fields_case cases[] = {
		{ "`ResultWriter`:{`WriterConfig`:{`OutputType`:`JSONL`,`Transformation`:`FLATTEN`}}",
		    UNBUILT },
		{ "`ResultWriter`:{`Resource`:`" PUT
		  "`,`Parameters`:{`Bucket`:`b`},`WriterConfig`:{"
		  "`OutputType`:`JSON`},`Comment`:`c`}",
		    UNBUILT },
		{ "`ResultWriter`:{`Resource`:`" PUT
		  "`,`Parameters`:{`Bucket`:`b`,`Prefix.$`:`$.p`}}",
		    UNBUILT },
		{ "`ResultWriter`:{}", S "Value cannot be empty at " WRITER },
		{ "`ResultWriter`:{`Resource`:`" PUT "`}",
		    S "These fields are required: [Parameters] at " WRITER },
		{ "`ResultWriter`:{`Parameters`:{`Bucket`:`b`},`WriterConfig`:{`OutputType`:`JSON`}}",
		    S "These fields are required: [Resource] at " WRITER },
		{ "`ResultWriter`:{`Resource`:`" PUT "`,`Parameters`:{`Prefix`:`b`}}",
		    S "The field \"Bucket\" is required but was missing at " WRITER "/Parameters" },
		{ "`ResultWriter`:{`Resource`:`" GET "`,`Parameters`:{`Bucket`:`b`}}",
		    S "The resource provided " GET " is not recognized. The value is not a valid "
		      "resource ARN, or the resource is not available in this region. at " WRITER
		      "/Resource" },
		{ "`ResultWriter`:{`WriterConfig`:{}}",
		    S "Value cannot be empty at " WRITER "/WriterConfig" },
		{ "`ResultWriter`:{`WriterConfig`:{`OutputType`:`CSV`,`Transformation`:`ALL`,`Foo`:1}}",
		    S "Field 'Foo' is not supported at " WRITER "/WriterConfig, " S
		      "Value should be one of the following: [JSON, JSONL] at " WRITER
		      "/WriterConfig/OutputType, " S
		      "Value should be one of the following: [NONE, COMPACT, FLATTEN] at " WRITER
		      "/WriterConfig/Transformation" },
		{ "`ResultWriter`:{`Foo`:1,`WriterConfig`:{`OutputType`:`JSON`}}",
		    S "Field 'Foo' is not supported at " WRITER },
	};
	static const struct fields_case jsonata[] = {
		{ "`ResultWriter`:{`Resource`:`" PUT "`,`Arguments`:{`Bucket`:`{% $b %}`}}",
		    UNBUILT_JSONATA },
		{ "`ResultWriter`:{`Resource`:`" PUT "`,`Parameters`:{`Bucket`:`b`}}",
		    S "The QueryLanguage is set to 'JSONata', but field 'Parameters' is only "
		      "supported for the 'JSONPath' QueryLanguage at " WRITER ", " S
		      "These fields are required: [Arguments] at " WRITER },
	};

	(void)state;
	CHECK(DISTRIBUTED, cases);
	CHECK(JSONATA, jsonata);
}

/* A distributed Map whose executions are of that type, with a Task in them. */
static char *
children(const char *type, const char *resource)
{
	char *fields =
	    xasprintf("`Type`:`Map`,`End`:true,`ItemProcessor`:{`ProcessorConfig`:{`Mode`:"
		      "`DISTRIBUTED`,`ExecutionType`:`%s`},`StartAt`:`i`,`States`:{`i`:{"
		      "`Type`:`Task`,`Resource`:`%s`,`End`:true}}}",
		type, resource);
	char *text = only_x(fields);

	free(fields);
	return text;
}

static void
children_are_checked_as_what_they_are(void **state)
{
	static const char activity[] = "arn:aws:states:us-east-1:123456789012:activity:a";
	char *express = children("EXPRESS", activity), *standard = children("STANDARD", activity);

	(void)state;
	refuse(express,
	    S "Express state machine does not support Activity ARN at "
	      "/States/X/ItemProcessor/States/i/Resource");
	refuse(standard, UNBUILT);
	refuse_as(standard, MACHINE_EXPRESS,
	    S "Express state machine does not support the Map Mode 'DISTRIBUTED' at "
	      "/States/X/ItemProcessor/ProcessorConfig/Mode");
	free(express);
	free(standard);
	/* the variables around are out of reach, so their names are free */
	refuse(
	    "{`StartAt`:`V`,`States`:{`V`:{`Type`:`Pass`,`Assign`:{`v`:1},`Next`:`X`},`X`:{`Type`:"
	    "`Map`,`End`:true,`ItemProcessor`:{" CONFIG ",`StartAt`:`i`,`States`:{`i`:{`Type`:"
	    "`Pass`,`Assign`:{`v`:2},`End`:true}}}}}}",
	    UNBUILT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parallel_has_branches_of_their_own),
		cmocka_unit_test(a_map_has_one_processor_with_its_configuration),
		cmocka_unit_test(items_and_limits_are_checked),
		cmocka_unit_test(inline_maps_read_and_write_nothing_elsewhere),
		cmocka_unit_test(labels_are_short_and_unique),
		cmocka_unit_test(a_reader_says_what_it_reads),
		cmocka_unit_test(fields_of_the_reader_fit_each_other),
		cmocka_unit_test(headers_are_not_too_long_together),
		cmocka_unit_test(a_batcher_has_a_limit),
		cmocka_unit_test(a_writer_writes_somewhere_or_in_some_form),
		cmocka_unit_test(children_are_checked_as_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
