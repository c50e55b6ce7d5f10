/*
 * model - what is known of AWS's services: their names, actions, and the shapes of their
 * requests and answers.
 */
#include "model.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"
#include "wire.h"

struct model_block {
	const char *id; /* into the text */
	size_t id_len;
	const char *begin, *end;
	struct aws_service *service; /* NULL: not read yet */
};

struct aws_models {
	struct model_block *blocks;
	size_t n;
};

/* --- the scalars ------------------------------------------------------------------------ */

static const struct aws_type scalars[] = {
	{ .kind = 's' },
	{ .kind = 'i' },
	{ .kind = 'd' },
	{ .kind = 'b' },
	{ .kind = 'x' },
	{ .kind = 'j' },
	{ .kind = 'v' },
	{ .kind = 't' },
	{ .kind = 't', .time = 'e' },
	{ .kind = 't', .time = 'i' },
	{ .kind = 't', .time = 'r' },
};

/* A number is that of a type, a letter a scalar; "-" is none. */
static const struct aws_type *
type_of(const struct aws_service *s, const char *ref)
{
	if (isdigit((unsigned char)*ref))
		return &s->types[strtoul(ref, NULL, 10)];
	for (size_t i = 0; i < sizeof(scalars) / sizeof(*scalars); i++)
		if (scalars[i].kind == ref[0] && scalars[i].time == ref[1])
			return &scalars[i];
	return NULL;
}

/* --- reading a block ----------------------------------------------------------------------- */

static size_t
count_words(const char *line)
{
	size_t n = 1;

	for (; *line != '\0'; line++)
		n += *line == ' ';
	return n;
}

static void
read_option(struct aws_action *a, char *word)
{
	if (strncmp(word, "root=", 5) == 0)
		a->root = word + 5;
	else if (strncmp(word, "ns=", 3) == 0)
		a->ns = word + 3;
	else if (strncmp(word, "host=", 5) == 0)
		a->host_prefix = word + 5;
	else if (strcmp(word, "md5") == 0)
		a->md5 = true;
	else if (strcmp(word, "unsigned") == 0)
		a->is_unsigned = true;
}

static void
read_action(struct aws_service *s, char *line)
{
	struct aws_action *a = &s->actions[s->nactions++];
	const char *input;

	a->name = strsep(&line, " ");
	input = strsep(&line, " ");
	if (strcmp(input, "events") == 0) {
		a->events = true;
		return;
	}
	a->input = type_of(s, input);
	a->output = type_of(s, strsep(&line, " "));
	a->method = strsep(&line, " ");
	a->uri = strsep(&line, " ");
	while (line != NULL)
		read_option(a, strsep(&line, " "));
}

static void
read_exceptions(struct aws_service *s, char *line)
{
	s->exceptions = text_alloc(count_words(line) * sizeof(*s->exceptions));
	while (line != NULL) {
		char *word = strsep(&line, " ");
		struct aws_exception *x = &s->exceptions[s->nexceptions];

		x->shape = x->code = strsep(&word, "=");
		x->name = strsep(&word, "=");
		if (word != NULL) {
			x->code = x->name;
			x->name = word;
		}
		s->nexceptions++;
	}
}

/* The getter of the SDK for Java, its first letter upper: DBName is DbName, ETag is ETag. */
static void
sdk_name(char *out, const char *name)
{
	size_t i = 1;

	memcpy(out, name, strlen(name) + 1);
	while (isupper((unsigned char)name[i]) && !islower((unsigned char)name[i + 1])) {
		out[i] = (char)tolower((unsigned char)name[i]);
		i++;
	}
	out[0] = (char)toupper((unsigned char)out[0]);
}

/* NAME=TYPE[@PLACE[WIRE]][~QUERY][!FLAGS] */
static void
read_member(struct aws_service *s, struct aws_member *m, char *word, char **names)
{
	char *flags, *query, *place;

	flags = strchr(word, '!');
	if (flags != NULL)
		*flags++ = '\0';
	query = strchr(word, '~');
	if (query != NULL)
		*query++ = '\0';
	place = strchr(word, '@');
	if (place != NULL)
		*place++ = '\0';
	m->name = m->wire = strsep(&word, "=");
	m->type = type_of(s, word);
	m->query = query;
	m->place = (char)(place != NULL ? *place : 'b');
	if (place != NULL && place[1] != '\0')
		m->wire = place + 1;
	else if (m->place == 'p')
		m->wire = "";
	m->payload = flags != NULL && strchr(flags, 'P') != NULL;
	m->token = flags != NULL && strchr(flags, 'i') != NULL;
	m->attribute = flags != NULL && strchr(flags, 'a') != NULL;
	m->flattened = flags != NULL && strchr(flags, 'f') != NULL;
	sdk_name(*names, m->name);
	m->sdk = *names;
	*names += strlen(m->name) + 1;
	memcpy(*names, m->name, strlen(m->name) + 1);
	**names = (char)toupper((unsigned char)**names);
	m->plain = *names;
	*names += strlen(m->name) + 1;
}

static void
read_type(struct aws_service *s, struct aws_type *t, char *line, char **names)
{
	const char *name;

	t->kind = *strsep(&line, " ");
	if (t->kind == '{') {
		t->members =
		    text_alloc((line != NULL ? count_words(line) : 0) * sizeof(*t->members));
		while (line != NULL)
			read_member(s, &t->members[t->nmembers++], strsep(&line, " "), names);
		return;
	}
	t->of = type_of(s, strsep(&line, " "));
	if (t->kind == '<') {
		name = strsep(&line, " ");
		t->key_name = strcmp(name, "-") != 0 ? name : NULL;
	}
	name = strsep(&line, " ");
	t->name = strcmp(name, "-") != 0 ? name : NULL;
	t->flattened = *line == 'f';
}

static void
read_head(struct aws_service *s, char *line)
{
	static const char *const protocols[] = { "json", "query", "ec2", "rest-json", "rest-xml" };
	const char *protocol;

	s->id = strsep(&line, " ");
	s->client = strsep(&line, " ");
	s->signing = strsep(&line, " ");
	s->endpoint = strsep(&line, " ");
	protocol = strsep(&line, " ");
	while (strcmp(protocol, protocols[s->protocol]) != 0)
		s->protocol++;
	s->version = strsep(&line, " ");
	s->target = strsep(&line, " ");
	s->json_version = strsep(&line, " ");
	while (line != NULL) {
		char *word = strsep(&line, " ");

		if (strncmp(word, "host=", 5) == 0)
			s->host = word + 5;
		else if (strncmp(word, "region=", 7) == 0)
			s->region = word + 7;
	}
}

static void
count_lines(const struct model_block *b, size_t *nactions, size_t *ntypes)
{
	for (const char *p = b->begin; p < b->end; p = strchr(p, '\n') + 1) {
		*nactions += *p == 'O';
		*ntypes += *p == '{' || *p == '[' || *p == '<';
	}
}

static struct aws_service *
read_block(const struct model_block *b)
{
	struct aws_service *s = text_alloc(sizeof(*s));
	size_t nactions = 0, len = (size_t)(b->end - b->begin);
	char *rest, *line, *names;

	count_lines(b, &nactions, &s->ntypes);
	s->actions = text_alloc(nactions * sizeof(*s->actions));
	s->types = text_alloc(s->ntypes * sizeof(*s->types));
	rest = s->text = aws_copy(b->begin, len - 1);
	names = s->names = text_alloc(2 * len);
	for (size_t type = 0; rest != NULL;) {
		line = strsep(&rest, "\n");
		if (*line == 'S')
			read_head(s, line + 2);
		else if (*line == 'O')
			read_action(s, line + 2);
		else if (*line == 'E' && line[1] == ' ')
			read_exceptions(s, line + 2);
		else if (*line != 'E')
			read_type(s, &s->types[type++], line, &names);
	}
	return s;
}

/* --- life --------------------------------------------------------------------------------- */

struct aws_models *
aws_models_new(void)
{
	struct aws_models *m = text_alloc(sizeof(*m));
	size_t len;
	const char *text = aws_model_text(&len), *end = text + len;
	struct model_block *b = NULL;

	for (const char *p = text; p < end; p = strchr(p, '\n') + 1) {
		if (*p != 'S')
			continue;
		if (b != NULL)
			b->end = p;
		m->blocks = reallocarray(m->blocks, m->n + 1, sizeof(*m->blocks));
		if (m->blocks == NULL)
			abort();
		b = &m->blocks[m->n++];
		*b = (struct model_block){ .id = p + 2, .begin = p, .end = end };
		b->id_len = strcspn(b->id, " ");
	}
	return m;
}

static void
service_free(struct aws_service *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->ntypes; i++)
		free(s->types[i].members);
	free(s->types);
	free(s->actions);
	free(s->exceptions);
	free(s->names);
	free(s->text);
	free(s);
}

void
aws_models_free(struct aws_models *m)
{
	for (size_t i = 0; i < m->n; i++)
		service_free(m->blocks[i].service);
	free(m->blocks);
	free(m);
}

/* --- finding --------------------------------------------------------------------------------- */

const struct aws_service *
aws_service_find(struct aws_models *m, const char *id)
{
	for (size_t i = 0; i < m->n; i++) {
		struct model_block *b = &m->blocks[i];

		if (strlen(id) != b->id_len || memcmp(id, b->id, b->id_len) != 0)
			continue;
		if (b->service == NULL)
			b->service = read_block(b);
		return b->service;
	}
	return NULL;
}

const struct aws_action *
aws_action_find(const struct aws_service *s, const char *name)
{
	for (size_t i = 0; i < s->nactions; i++)
		if (strcasecmp(s->actions[i].name, name) == 0)
			return &s->actions[i];
	return NULL;
}

const struct aws_member *
aws_member_find(const struct aws_type *t, const char *name)
{
	for (size_t i = 0; i < t->nmembers; i++)
		if (strcmp(t->members[i].sdk, name) == 0 || strcmp(t->members[i].plain, name) == 0)
			return &t->members[i];
	return NULL;
}
