/*
 * replay - a fuzz target without libFuzzer: feeds it every file of its corpus once.
 *
 * The target fuzz_NAME reads $srcdir/tests/fuzz/corpus/NAME/, or the files named as
 * arguments. A crash names the file it was about: its name is printed before.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long nfiles;

static int
replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *data;
	size_t size;

	if (f == NULL || fstat(fileno(f), &st) != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	/* exactly the file's size, so that a sanitizer sees a read beyond it */
	if ((data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1)) == NULL)
		abort();
	size = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	nfiles++;
	return 0;
}

static int
replay_folder(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);
	int rc = 0;

	if (n < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	for (int i = 0; i < n; i++) {
		char *file = xasprintf("%s/%s", path, names[i]->d_name);

		if (names[i]->d_name[0] != '.' && replay_file(file) != 0)
			rc = -1;
		free(file);
		free(names[i]);
	}
	free(names);
	return rc;
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	const char *name = strstr(argv[0], "fuzz_");
	char *folder;
	int rc = 0;

	if (argc > 1) {
		for (int i = 1; i < argc; i++) {
			if (replay_file(argv[i]) != 0)
				rc = -1;
		}
	} else if (name != NULL) {
		folder = xasprintf("%s/tests/fuzz/corpus/%s", srcdir != NULL ? srcdir : ".",
		    name + strlen("fuzz_"));
		rc = replay_folder(folder);
		free(folder);
	}
	printf("%lu passed, %d failed, 0 skipped\n", nfiles, rc != 0 || nfiles == 0);
	return rc != 0 || nfiles == 0;
}
