/* What this machine has left. */
#ifndef BF_BASE_HOST_H
#define BF_BASE_HOST_H

#include <stdint.h>

/* Bytes a process can still take without swapping: the kernel's MemAvailable,
 * or less where its control group (version 2), or one above it, leaves less.
 * UINT64_MAX when the system does not tell. */
uint64_t bf_memory_available(void);

/* Bytes that can still be written to the file system of `path`, a file that
 * need not exist. UINT64_MAX when the system does not tell, and for devices
 * and pipes. */
uint64_t bf_disk_available(const char *path);

#endif
