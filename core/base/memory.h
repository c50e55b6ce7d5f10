/*
 * memory - how much memory this process has.
 */
#ifndef PAWL_BASE_MEMORY_H
#define PAWL_BASE_MEMORY_H

#include <stddef.h>

/*
 * Bytes of this process that are resident; 0 = the system does not say. When they are more than
 * enough, the allocator first gives back what it keeps for later, which may take milliseconds.
 */
size_t memory_used(size_t enough);

#endif
