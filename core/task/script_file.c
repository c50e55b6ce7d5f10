/*
 * script_file - reading the files of script_dir.
 */
#include "task/script_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

bool
script_file_is(const struct script_file *f, const struct stat *st)
{
	return f->st.st_ino == st->st_ino && f->st.st_size == st->st_size &&
	    f->st.st_mtim.tv_sec == st->st_mtim.tv_sec &&
	    f->st.st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

static int
read_all(int fd, struct script_file *f)
{
	size_t size = (size_t)f->st.st_size;

	f->text = xmalloc(size + 1);
	while (f->len < size) {
		ssize_t n = read(fd, f->text + f->len, size - f->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		f->len += (size_t)n;
	}
	f->text[f->len] = '\0';
	return 0;
}

int
script_file_read(const char *path, struct script_file *f, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc = -1;

	*f = (struct script_file){ 0 };
	if (fd < 0)
		return err_set(e, "pawl.Script", "%s: %s", path, strerror(errno));
	if (fstat(fd, &f->st) != 0 || !S_ISREG(f->st.st_mode))
		err_set(e, "pawl.Script", "%s is not a file", path);
	else if (f->st.st_size > SCRIPT_FILE_MAX)
		err_set(e, "pawl.Script", "%s is larger than %u bytes", path, SCRIPT_FILE_MAX);
	else if (read_all(fd, f) != 0)
		err_set(e, "pawl.Script", "%s cannot be read", path);
	else
		rc = 0;
	close(fd);
	if (rc != 0)
		script_file_fini(f);
	return rc;
}

void
script_file_fini(struct script_file *f)
{
	free(f->text);
	*f = (struct script_file){ 0 };
}

bool
script_name_is_valid(const char *name)
{
	size_t len = strspn(name, NAME_CHARACTERS);

	return len > 0 && len <= SCRIPT_NAME_MAX && name[len] == '\0';
}

char *
script_function_path(const char *script_dir, const char *name)
{
	return xasprintf("%s/functions/%s.lua", script_dir, name);
}

static bool
is_module_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= SCRIPT_NAME_MAX && name[0] != '.' && name[len - 1] != '.' &&
	    strstr(name, "..") == NULL && strspn(name, NAME_CHARACTERS ".") == len;
}

static char *
module_path(const struct script_dirs *d, const char *name)
{
	char *relative = xstrdup(name), *path;

	for (char *s = relative; *s != '\0'; s++)
		if (*s == '.')
			*s = '/';
	path = xasprintf("%s/lib/%s.lua", d->script_dir, relative);
	if (d->lib_dir != NULL && access(path, F_OK) != 0) {
		free(path);
		path = xasprintf("%s/%s.lua", d->lib_dir, relative);
	}
	free(relative);
	return path;
}

/* Never 0, and another number for a file that was replaced or written to. */
static uint64_t
stamp_of(const struct stat *st)
{
	const uint64_t parts[] = { (uint64_t)st->st_dev, (uint64_t)st->st_ino,
		(uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
		(uint64_t)st->st_mtim.tv_nsec };
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		h = (h ^ parts[i]) * UINT64_C(1099511628211);
	return h != 0 ? h : 1;
}

int
script_module_read(const struct script_dirs *d, const char *name, uint64_t *stamp, struct buf *text,
    struct err *e)
{
	struct script_file f;
	struct stat st;
	char *path;
	int rc;

	if (!is_module_name(name))
		return err_set(e, "pawl.Script",
		    "its name may hold letters, digits, '_', '-', and '.' between them");
	path = module_path(d, name);
	if (*stamp != 0 && stat(path, &st) == 0 && stamp_of(&st) == *stamp) {
		free(path);
		return 1;
	}
	if ((rc = script_file_read(path, &f, e)) == 0) {
		buf_add(text, f.text, f.len);
		*stamp = stamp_of(&f.st);
	}
	script_file_fini(&f);
	free(path);
	return rc;
}
