/*
 * memory - how much memory this process has.
 */
#include "base/memory.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

static size_t
memory_resident(void)
{
	unsigned long size, resident;
	FILE *f = fopen("/proc/self/statm", "re");
	int n;

	if (f == NULL)
		return 0;
	n = fscanf(f, "%lu %lu", &size, &resident);
	fclose(f);
	return n == 2 ? (size_t)resident * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

size_t
memory_used(size_t enough)
{
	size_t used = memory_resident();

	if (used > enough && malloc_trim(0) == 1)
		used = memory_resident();
	return used;
}
