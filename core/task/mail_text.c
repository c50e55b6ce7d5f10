/*
 * mail_text - the texts of a mail's head: addresses, and words that are not ASCII.
 */
#include "task/mail_text.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#define ADDRESS_MAX 254
#define PLAIN_MAX 800     /* bytes of a line that is not folded; SMTP's limit is 998 */
#define LINE_MAX_WORDS 76 /* RFC 2047: of a line with encoded words */
#define WORD_HEAD "=?UTF-8?B?"
#define WORD_TAIL "?="

static bool
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s >= 0x7f)
			return false;
	return true;
}

static int
check_controls(const char *s, const char *what, struct err *e)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return err_set(e, "pawl.Mail",
			    "%s holds a control character, as a line end is one", what);
	return 0;
}

/* How many of the len bytes fit into max without cutting a character in two. */
static size_t
piece_len(const char *s, size_t len, size_t max)
{
	size_t n = len < max ? len : max;

	while (n > 0 && n < len && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void
add_encoded_words(struct buf *out, const char *s, size_t len, size_t column)
{
	const size_t frame = sizeof(WORD_HEAD) - 1 + sizeof(WORD_TAIL) - 1;
	unsigned char base64[LINE_MAX_WORDS + 1];

	while (len > 0) {
		size_t room = column + frame + 8 < LINE_MAX_WORDS
		    ? (LINE_MAX_WORDS - column - frame) / 4 * 3
		    : 0;
		size_t n = piece_len(s, len, room);

		if (n > 0) {
			EVP_EncodeBlock(base64, (const unsigned char *)s, (int)n);
			buf_addf(out, WORD_HEAD "%s" WORD_TAIL, (const char *)base64);
			s += n;
			len -= n;
		}
		if (len > 0)
			buf_adds(out, "\r\n ");
		column = 1;
	}
}

int
mail_words(const char *text, size_t column, const char *what, struct buf *out, struct err *e)
{
	if (check_controls(text, what, e) != 0)
		return -1;
	if (is_plain(text) && strlen(text) <= PLAIN_MAX && strstr(text, "=?") == NULL) {
		buf_adds(out, text);
		return 0;
	}
	add_encoded_words(out, text, strlen(text), column);
	return 0;
}

/* --- addresses ------------------------------------------------------------------------ */

static bool
is_local_part(const char *s, size_t len)
{
	if (len == 0 || len > 64)
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] >= 0x7f || strchr("<>()[]\\,;:\"@", s[i]) != NULL)
			return false;
	return true;
}

static bool
is_domain(const char *s, size_t len)
{
	if (len == 0 || s[0] == '.' || s[0] == '-' || s[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-' && s[i] != '.')
			return false;
	return true;
}

static bool
is_address(const char *s, size_t len)
{
	const char *at = memchr(s, '@', len);

	return at != NULL && len <= ADDRESS_MAX && is_local_part(s, (size_t)(at - s)) &&
	    is_domain(at + 1, len - (size_t)(at - s) - 1);
}

/* The name before the address, without the quotes around it. */
static void
add_name(struct buf *name, const char *s, size_t len)
{
	bool quoted;

	while (len > 0 && (*s == ' ' || *s == '\t'))
		s++, len--;
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	quoted = len >= 2 && s[0] == '"' && s[len - 1] == '"';
	for (size_t i = quoted; i < len - quoted; i++) {
		if (quoted && s[i] == '\\' && i + 1 < len - quoted)
			i++;
		buf_addc(name, s[i]);
	}
}

static int
add_shown_name(struct buf *header, const char *name, struct err *e)
{
	if (check_controls(name, "The name of an address", e) != 0)
		return -1;
	if (!is_plain(name) || strlen(name) > PLAIN_MAX / 2 || strstr(name, "=?") != NULL)
		return mail_words(name, sizeof("Reply-To: ") - 1, "The name of an address", header,
		    e);
	buf_addc(header, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			buf_addc(header, '\\');
		buf_addc(header, *name);
	}
	buf_addc(header, '"');
	return 0;
}

int
mail_address(const char *given, struct buf *header, struct buf *path, struct err *e)
{
	size_t len = strlen(given);
	const char *from = given, *open;
	struct buf name;
	int rc = 0;

	while (len > 0 && given[len - 1] == ' ')
		len--;
	open = len > 0 && given[len - 1] == '>' ? memrchr(given, '<', len) : NULL;
	if (open != NULL) {
		from = open + 1;
		len = (size_t)(given + len - 1 - from);
	} else {
		while (len > 0 && *from == ' ')
			from++, len--;
	}
	if (!is_address(from, len))
		return err_set(e, "pawl.Mail",
		    "An address is neither name@domain nor Name <name@domain>, in ASCII");
	buf_init(&name, BUF_UNLIMITED);
	if (open != NULL)
		add_name(&name, given, (size_t)(open - given));
	if (name.len > 0) {
		rc = add_shown_name(header, name.data, e);
		buf_adds(header, " <");
	}
	buf_add(header, from, len);
	if (name.len > 0)
		buf_addc(header, '>');
	buf_add(path, from, len);
	buf_fini(&name);
	return rc;
}

/* --- further headers, bodies ------------------------------------------------------------ */

static bool
is_own(const char *name)
{
	static const char *const own[] = { "From", "To", "Cc", "Bcc", "Subject", "MIME-Version" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcasecmp(own[i], name) == 0)
			return true;
	return strncasecmp(name, "Content-", 8) == 0;
}

int
mail_header(const char *name, const char *value, struct buf *out, struct err *e)
{
	size_t len = 0;

	while (isalnum((unsigned char)name[len]) || name[len] == '-' || name[len] == '_')
		len++;
	if (len == 0 || len > 70 || name[len] != '\0')
		return err_set(e, "pawl.Mail", "A header has a name that mail does not allow");
	if (is_own(name))
		return err_set(e, "pawl.Mail", "The header %s cannot be set", name);
	buf_addf(out, "%s: ", name);
	return mail_words(value, len + 2, "A header", out, e);
}

void
mail_body(const char *text, struct buf *out)
{
	for (const char *s = text; *s != '\0'; s++) {
		if (*s != '\r' && *s != '\n') {
			buf_addc(out, *s);
			continue;
		}
		buf_adds(out, "\r\n");
		if (s[0] == '\r' && s[1] == '\n')
			s++;
	}
}
