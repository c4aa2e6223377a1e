#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

/* Reads up to `room` bytes or to the end; -1 with errno on failure. */
static ssize_t read_all(int fd, uint8_t *p, size_t room)
{
    size_t got = 0;
    while (got < room) {
        ssize_t n = read(fd, p + got, room - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* Pipes and files of unknown length: doubles the block until the end. */
static bf_status read_growing(int fd, const char *path, size_t limit,
                              size_t hint, uint8_t **data, size_t *bytes)
{
    size_t capacity = hint < limit ? hint : limit, got = 0;
    uint8_t *p = NULL;
    for (;;) {
        /* One byte past the capacity tells the end from more to come; it is
         * also the room for the NUL. */
        uint8_t *wider = bf_alloc(capacity + 1);
        if (wider && got) memcpy(wider, p, got);
        bf_free(p);
        p = wider;
        if (!p) return bf_fail_in(BF_ERR_MEMORY, "%s", path);
        ssize_t n = read_all(fd, p + got, capacity + 1 - got);
        if (n < 0) {
            int err = errno;
            bf_free(p);
            return bf_fail_errno(err, "%s: cannot read", path);
        }
        got += (size_t)n;
        if (got <= capacity) break;
        if (capacity >= limit) {
            bf_free(p);
            return bf_fail(BF_ERR_FORMAT, "%s: more than the %zu bytes allowed",
                           path, limit);
        }
        capacity = capacity > limit / 2 ? limit : 2 * capacity + 1;
    }
    p[got] = 0;
    *data = p;
    *bytes = got;
    return BF_OK;
}

bf_status bf_refuse_pipe(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
        return BF_OK;
    return bf_fail(BF_ERR_UNSUPPORTED,
                   "%s: cannot be a pipe: it is not taken in one go from front "
                   "to end",
                   path);
}

bf_status bf_read_file(const char *path, size_t limit, uint8_t **data,
                       size_t *bytes)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return bf_fail_errno(errno, "%s: cannot open", path);
    bf_status s;
    if (fstat(fd, &st) != 0)
        s = bf_fail_errno(errno, "%s: cannot read", path);
    else if (S_ISDIR(st.st_mode))
        s = bf_fail(BF_ERR_IO, "%s: is a folder", path);
    else if (S_ISREG(st.st_mode) && (uintmax_t)st.st_size > limit)
        s = bf_fail(BF_ERR_FORMAT, "%s: %jd bytes, more than the %zu allowed",
                    path, (intmax_t)st.st_size, limit);
    else
        s = read_growing(fd, path, limit,
                         S_ISREG(st.st_mode) && st.st_size > 0
                             ? (size_t)st.st_size
                             : 4096,
                         data, bytes);
    close(fd);
    return s;
}

static bf_status make_one(const char *path, unsigned mode)
{
    struct stat st;
    if (mkdir(path, (mode_t)mode) == 0) return BF_OK;
    int err = errno;
    if (err == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return BF_OK;
    return bf_fail_errno(err, "%s: cannot make the folder", path);
}

bf_status bf_make_dir(const char *path, unsigned mode)
{
    char part[PATH_MAX];
    size_t n = strlen(path);
    if (n == 0) return bf_fail(BF_ERR_ARGUMENT, "empty folder name");
    if (n >= sizeof part) return bf_fail_errno(ENAMETOOLONG, "%s", path);
    memcpy(part, path, n + 1);
    for (size_t i = 1; i < n; i++) {
        if (part[i] != '/' || part[i - 1] == '/') continue;
        part[i] = 0;
        BF_TRY(make_one(part, mode));
        part[i] = '/';
    }
    return make_one(part, mode);
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

bf_status bf_remove_tree(const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0 && errno == ENOENT) return BF_OK;
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        return bf_fail_errno(errno, "%s: cannot remove", path);
    return BF_OK;
}
