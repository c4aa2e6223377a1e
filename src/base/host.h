/* Free memory and disk space of this machine. */
#ifndef BF_BASE_HOST_H
#define BF_BASE_HOST_H

#include <stdint.h>

/* Bytes a process can still take without swapping: the kernel's MemAvailable,
 * or the remainder of the process's control group (version 2) or of a group
 * above, if that is less. UINT64_MAX if unknown. */
uint64_t bf_memory_available(void);

/* Bytes that can still be written to the file system of `path`, a file that
 * need not exist. UINT64_MAX if unknown, and for devices and pipes. */
uint64_t bf_disk_available(const char *path);

#endif
