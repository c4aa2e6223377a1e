#include "base/host.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* The number after `key` in a file of "key number" lines, times `unit`; for an
 * empty key the first number of the file. UINT64_MAX without a number, as for
 * the limit "max". */
static uint64_t read_number(const char *path, const char *key, uint64_t unit)
{
    char line[256];
    unsigned long long value;
    uint64_t found = UINT64_MAX;
    FILE *f = fopen(path, "re");
    size_t n = strlen(key);
    while (f && found == UINT64_MAX && fgets(line, sizeof line, f))
        if (strncmp(line, key, n) == 0 && sscanf(line + n, "%llu", &value) == 1)
            found = value * unit;
    if (f) fclose(f);
    return found;
}

#define CGROUPS "/sys/fs/cgroup"

static uint64_t read_group(const char *group, const char *file,
                           const char *key)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, CGROUPS "%s/%s", group, file);
    return n > 0 && (size_t)n < sizeof path ? read_number(path, key, 1)
                                            : UINT64_MAX;
}

/* Cached file pages count as used, but the kernel can reclaim them. */
static uint64_t group_available(const char *group)
{
    uint64_t limit = read_group(group, "memory.max", "");
    uint64_t used = read_group(group, "memory.current", "");
    uint64_t cached = read_group(group, "memory.stat", "inactive_file ");
    if (limit == UINT64_MAX || used == UINT64_MAX) return UINT64_MAX;
    if (cached != UINT64_MAX) used = used > cached ? used - cached : 0;
    return limit > used ? limit - used : 0;
}

/* The minimum over this process's group (the line "0::/path") and all groups
 * above. */
static uint64_t cgroups_available(void)
{
    char line[PATH_MAX];
    uint64_t least = UINT64_MAX;
    FILE *f = fopen("/proc/self/cgroup", "re");
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "0::/", 4) != 0) continue;
        line[strcspn(line, "\n")] = 0;
        for (char *end = line + strlen(line); end; end = strrchr(line, '/')) {
            *end = 0;
            uint64_t here = group_available(line + 3);
            if (here < least) least = here;
        }
    }
    if (f) fclose(f);
    return least;
}

uint64_t bf_memory_available(void)
{
    uint64_t all = read_number("/proc/meminfo", "MemAvailable:", 1024);
    uint64_t group = cgroups_available();
    return group < all ? group : all;
}

uint64_t bf_disk_available(const char *path)
{
    char folder[PATH_MAX];
    struct stat st;
    struct statvfs fs;
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    if (n >= sizeof folder) return UINT64_MAX;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) return UINT64_MAX;
    memcpy(folder, path, n);
    folder[n] = 0;
    if (statvfs(n ? folder : ".", &fs) != 0) return UINT64_MAX;
    return (uint64_t)fs.f_bavail * fs.f_frsize;
}
