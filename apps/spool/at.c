#include "spool/at.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Folders within folders that at_remove and at_disk_bytes enter. */
#define DEPTH_MAX 16

int at_folder(int *out, int at, const char *name)
{
    struct stat st;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int err = fd < 0 ? errno : 0;
    /* With O_DIRECTORY, a link is an ENOTDIR too. */
    if (err == ENOTDIR && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(st.st_mode))
        err = ELOOP;
    if (!err) *out = fd;
    return err;
}

int at_make_folder(int *out, int at, const char *name, mode_t mode)
{
    if (mkdirat(at, name, mode) != 0 && errno != EEXIST) return errno;
    return at_folder(out, at, name);
}

bool at_exists(int at, const char *name)
{
    struct stat st;
    return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int at_file(int *out, struct stat *st, int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
                                  O_CLOEXEC);
    *out = -1;
    if (fd < 0) return errno;
    int err = fstat(fd, st) != 0      ? errno
              : S_ISREG(st->st_mode)  ? 0
              : S_ISDIR(st->st_mode)  ? EISDIR
                                      : EINVAL;
    if (err)
        close(fd);
    else
        *out = fd;
    return err;
}

/* ---- contents ------------------------------------------------------------ */

static int read_fd(char *text, size_t *bytes, int fd, size_t room)
{
    *bytes = 0;
    while (*bytes < room) {
        ssize_t n = read(fd, text + *bytes, room - *bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        if (n == 0) break;
        *bytes += (size_t)n;
    }
    return 0;
}

int at_read(char **text, size_t *bytes, int at, const char *name, size_t limit)
{
    struct stat st;
    int fd, err = at_file(&fd, &st, at, name);
    if (err) return err;
    if (st.st_size < 0 || (uintmax_t)st.st_size > limit) {
        close(fd);
        return EFBIG;
    }
    /* A file that grows meanwhile is taken as long as it was. */
    size_t room = (size_t)st.st_size;
    char *p = malloc(room + 1);
    err = p ? read_fd(p, bytes, fd, room) : ENOMEM;
    close(fd);
    if (err) {
        free(p);
        return err;
    }
    p[*bytes] = 0;
    *text = p;
    return 0;
}

static int write_fd(int fd, const char *data, size_t bytes)
{
    while (bytes) {
        ssize_t n = write(fd, data, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        data += n;
        bytes -= (size_t)n;
    }
    return 0;
}

/* The temporary's name is the same every time, so that a killed process leaves
 * at most one; only one queue writes to the folder. */
static int replace(int at, const char *name, const void *data, size_t bytes,
                   bool durable)
{
    char temporary[300];
    snprintf(temporary, sizeof temporary, ".%s.tmp", name);
    if (unlinkat(at, temporary, 0) != 0 && errno != ENOENT) return errno;
    int fd = openat(at, temporary,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) return errno;
    int err = write_fd(fd, data, bytes);
    if (!err && durable && fsync(fd) != 0) err = errno;
    if (close(fd) != 0 && !err) err = errno;
    if (!err && renameat(at, temporary, at, name) != 0) err = errno;
    if (err)
        unlinkat(at, temporary, 0);
    else if (durable && fsync(at) != 0)
        err = errno;
    return err;
}

int at_write(int at, const char *name, const void *data, size_t bytes)
{
    return replace(at, name, data, bytes, true);
}

int at_write_lazy(int at, const char *name, const void *data, size_t bytes)
{
    return replace(at, name, data, bytes, false);
}

int at_move(int from, const char *name, int to, const char *new_name)
{
    if (renameat(from, name, to, new_name) != 0) return errno;
    return fsync(to) == 0 && fsync(from) == 0 ? 0 : errno;
}

/* ---- folders ------------------------------------------------------------- */

/* All names but "." and ".."; a hidden one is given only if `hidden`. */
static int list(int at, size_t most, bool hidden,
                void (*each)(void *user, const char *name), void *user)
{
    int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    if (!dir) {
        int err = errno;
        if (fd >= 0) close(fd);
        return err;
    }
    while (errno = 0, (e = readdir(dir))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (e->d_name[0] == '.' && !hidden) continue;
        if (most-- == 0) break;
        each(user, e->d_name);
    }
    int err = e ? E2BIG : errno;
    closedir(dir);
    return err;
}

int at_each(int at, size_t most, void (*each)(void *user, const char *name),
            void *user)
{
    return list(at, most, false, each, user);
}

int at_each_hidden(int at, void (*each)(void *user, const char *name),
                   void *user)
{
    return list(at, SIZE_MAX, true, each, user);
}

typedef struct walk {
    int at;
    unsigned depth;
    int err;        /* of removals, the first */
    uint64_t bytes; /* of sums */
} walk;

static void remove_one(void *user, const char *name);

static int remove_at(int at, const char *name, unsigned depth)
{
    walk below = {.depth = depth + 1};
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT) return 0;
    if (errno != EISDIR && errno != EPERM) return errno;
    if (depth == DEPTH_MAX) return ELOOP;
    int err = at_folder(&below.at, at, name);
    if (err) return err;
    err = list(below.at, SIZE_MAX, true, remove_one, &below);
    close(below.at);
    if (!err) err = below.err;
    if (!err && unlinkat(at, name, AT_REMOVEDIR) != 0) err = errno;
    return err;
}

static void remove_one(void *user, const char *name)
{
    walk *w = user;
    int err = remove_at(w->at, name, w->depth);
    if (err && !w->err) w->err = err;
}

int at_remove(int at, const char *name)
{
    return remove_at(at, name, 0);
}

static void add_one(void *user, const char *name)
{
    walk *w = user, below = {.depth = w->depth + 1};
    struct stat st;
    if (fstatat(w->at, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
    w->bytes += 512 * (uint64_t)st.st_blocks;
    if (!S_ISDIR(st.st_mode) || w->depth == DEPTH_MAX) return;
    if (at_folder(&below.at, w->at, name) != 0) return;
    if (list(below.at, SIZE_MAX, true, add_one, &below) == 0)
        w->bytes += below.bytes;
    close(below.at);
}

uint64_t at_disk_bytes(int at, const char *name)
{
    walk w = {.at = at};
    add_one(&w, name);
    return w.bytes;
}

uint64_t at_disk_free(int at)
{
    struct statvfs fs;
    if (fstatvfs(at, &fs) != 0) return UINT64_MAX;
    return (uint64_t)fs.f_bavail * fs.f_frsize;
}
