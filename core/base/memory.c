/*
 * memory - how much memory this process has.
 */
#include "base/memory.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t
memory_resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	char line[128] = "";
	const char *second;

	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	second = strchr(line, ' '); /* pages in all, pages in memory, ... */
	return second != NULL ? strtoul(second, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

size_t
memory_used(size_t enough)
{
	size_t used = memory_resident();

	if (used > enough && malloc_trim(0) == 1)
		used = memory_resident();
	return used;
}
