/*
 * form - forms: a subset of JSON Schema that says what is asked, and what people fill in, checked.
 *
 * A form is {"type": "object", "properties": {NAME: {"type": "string" | "number" | "integer" | "boolean",
 * "title", "description", "default", "enum", "format": "date" | "email", "minimum", "maximum",
 * "minLength", "maxLength"}}, "required": [NAME ...]}.
 */
#ifndef PAWL_APPROVAL_FORM_H
#define PAWL_APPROVAL_FORM_H

#include <pawl/plugin.h>

#define FORM_FIELDS_MAX 50

/* What is wrong with the form, a new sentence to be released with free; NULL = nothing. */
char *form_problem(const struct pawl_host *h, struct pawl_doc form);
/*
 * The values that were given, as a new object in the order of the form. texts: they are texts of a web
 * form, else JSON. *errors: a new object from names to sentences, PAWL_NO_DOC = none; when
 * there are errors the values are PAWL_NO_DOC. form PAWL_NO_DOC = a form without fields.
 */
struct pawl_doc form_read(const struct pawl_host *h, struct pawl_doc form, struct pawl_doc given,
    bool texts, struct pawl_doc *errors);
bool form_is_required(const struct pawl_host *h, struct pawl_doc form, struct pawl_doc name);
/* An address: something, '@', something, and no blanks, control characters or lists. */
bool form_is_email(const char *s);
bool form_is_date(const char *s); /* 2026-11-26 */

#endif
