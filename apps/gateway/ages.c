#include "gateway/ages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "spool/at.h"

#define LAST "swept"

void ages_begin(ages *a, int own, double every)
{
    struct stat last;
    *a = (ages){.now = time(NULL)};
    if (fstatat(own, LAST, &last, AT_SYMLINK_NOFOLLOW) != 0) return;
    double beyond = difftime(a->now, last.st_mtime) - every;
    /* Sweeps take time of their own. */
    if (beyond > every) a->skipped = (time_t)beyond;
}

bool ages_over(const ages *a, int fd, double limit)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return false;
    time_t changed = st.st_mtime + a->skipped;
    if (changed > a->now) changed = a->now;
    if (changed != st.st_mtime) {
        const struct timespec times[] = {{.tv_nsec = UTIME_OMIT},
                                         {.tv_sec = changed}};
        if (futimens(fd, times) != 0) return false;
    }
    return difftime(a->now, changed) > limit;
}

int ages_end(const ages *a, int own)
{
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT},
                                     {.tv_sec = a->now}};
    int err = at_exists(own, LAST) ? 0 : at_write_lazy(own, LAST, "", 0);
    if (!err && utimensat(own, LAST, times, AT_SYMLINK_NOFOLLOW) != 0)
        err = errno;
    return err;
}
