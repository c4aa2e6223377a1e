#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define OPEN_FILES_MAX 64
#define BUFFER_BYTES ((size_t)256 << 10)

/* Temporary files, in a table for the signal handler. A slot is FREE, BUSY (its
 * path is being written), LIVE (to unlink), or GONE (the handler unlinked). */
enum { SLOT_FREE, SLOT_BUSY, SLOT_LIVE, SLOT_GONE };
static struct slot {
    atomic_int state;
    char path[PATH_MAX];
} slots[OPEN_FILES_MAX];
/* The number of commits that a signal can no longer undo. */
static atomic_int moving;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "used in signal handlers");

struct bf_outfile {
    char *path;   /* the caller's name */
    char *target; /* the file to replace: path with links followed */
    bool removal; /* the slot keeps the target until all files are in place */
    FILE *stream;
    char *buffer;
    int fd;
    uint64_t written; /* bytes that left the stream */
    int error; /* first errno met while writing */
    struct slot *slot; /* NULL: written in place, nothing to move or remove */
};

/* ---- fault injection ---------------------------------------------------- */

static long calls_left = -1;
static int injected_errno;

void bf_outfile_fail_for_tests(long successes, int err)
{
    calls_left = successes;
    injected_errno = err;
}

static bool injected_failure(void)
{
    if (calls_left < 0) return false;
    if (calls_left > 0) {
        calls_left--;
        return false;
    }
    if (!injected_errno) raise(SIGKILL);
    errno = injected_errno;
    return true;
}

/* ---- temporaries -------------------------------------------------------- */

void bf_files_abort_all(void)
{
    int saved = errno;
    for (int i = 0; i < OPEN_FILES_MAX; i++) {
        int live = SLOT_LIVE;
        if (atomic_compare_exchange_strong(&slots[i].state, &live, SLOT_GONE))
            unlink(slots[i].path);
    }
    /* A caller that exits next must not interrupt a commit. The committing
     * thread blocks signals, so that it never waits for itself.
     */
    while (atomic_load(&moving) > 0)
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    errno = saved;
}

static struct slot *take_slot(void)
{
    for (int i = 0; i < OPEN_FILES_MAX; i++) {
        int free_state = SLOT_FREE;
        if (atomic_compare_exchange_strong(&slots[i].state, &free_state,
                                           SLOT_BUSY))
            return &slots[i];
    }
    return NULL;
}

static void drop_slot(struct slot *slot)
{
    if (slot) atomic_store(&slot->state, SLOT_FREE);
}

/* Length of the folder part of a path, slash included; 0 if none. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* A new name in the folder of `path`, short and independent of the target's
 * name, so that a target with the longest legal name works. */
static bool name_temporary(struct slot *slot, const char *path)
{
    uint64_t unique;
    randombytes_buf(&unique, sizeof unique);
    int n = snprintf(slot->path, sizeof slot->path, "%.*s.blindfit-%016llx.tmp",
                     (int)folder_length(path), path,
                     (unsigned long long)unique);
    if (n >= 0 && (size_t)n < sizeof slot->path) return true;
    errno = ENAMETOOLONG;
    return false;
}

/* The slot gets the name before the file exists, so that a signal handler that
 * runs after open() removes the file. A handler that runs before open() finds
 * no file to remove, and marks the slot GONE. */
static int create_temporary(struct slot *slot, const char *path, unsigned mode)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        if (!name_temporary(slot, path)) return -1;
        atomic_store(&slot->state, SLOT_LIVE);
        if (injected_failure()) return -1;
        int fd = open(slot->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                      (mode_t)mode);
        if (fd >= 0 && atomic_load(&slot->state) != SLOT_LIVE) {
            close(fd);
            unlink(slot->path);
            errno = EINTR;
            return -1;
        }
        if (fd >= 0 || errno != EEXIST) return fd;
        atomic_store(&slot->state, SLOT_BUSY);
    }
    return -1;
}

/* ---- writing ------------------------------------------------------------ */

static ssize_t cookie_write(void *cookie, const char *data, size_t bytes)
{
    bf_outfile *f = cookie;
    size_t done = 0;
    while (done < bytes && !f->error) {
        ssize_t n = -1;
        if (!injected_failure()) n = write(f->fd, data + done, bytes - done);
        if (n > 0) {
            done += (size_t)n;
            f->written += (size_t)n;
        } else if (n == 0) {
            f->error = EIO; /* a device that accepts no bytes */
        } else if (errno != EINTR) {
            f->error = errno;
        }
    }
    errno = f->error;
    return (ssize_t)done; /* short or 0 marks the stream as failed */
}

static void free_outfile(bf_outfile *f)
{
    if (f->stream) fclose(f->stream);
    if (f->fd >= 0) close(f->fd);
    drop_slot(f->slot);
    if (f->buffer) bf_wipe(f->buffer, BUFFER_BYTES); /* may hold keys */
    free(f->buffer);
    free(f->path);
    free(f->target);
    free(f);
}

static bf_status no_slot(const char *path)
{
    return bf_fail(BF_ERR_IO, "%s: more than %d files being written", path,
                   OPEN_FILES_MAX);
}

/* Longest chain of symbolic links to follow, as in Linux. */
#define LINKS_MAX 40

/* Links of /proc, such as /proc/self/fd/1, lead to open files. */
static bool is_open_file(const char *path)
{
    struct stat link, proc;
    return lstat(path, &link) == 0 && S_ISLNK(link.st_mode) &&
           stat("/proc", &proc) == 0 && link.st_dev == proc.st_dev;
}

char *bf_follow_links(const char *path)
{
    char at[PATH_MAX], link[PATH_MAX], next[PATH_MAX];
    if (strlen(path) >= sizeof at) return strdup(path); /* open says why */
    strcpy(at, path);
    for (int i = 0; i < LINKS_MAX; i++) {
        ssize_t n = readlink(at, link, sizeof link - 1);
        if (n < 0 || is_open_file(at)) return strdup(at);
        link[n] = 0;
        int folder = link[0] == '/' ? 0 : (int)folder_length(at);
        int length = snprintf(next, sizeof next, "%.*s%s", folder, at, link);
        if (length < 0 || (size_t)length >= sizeof next) {
            errno = ENAMETOOLONG;
            return NULL;
        }
        strcpy(at, next);
    }
    errno = ELOOP;
    return NULL;
}

/* A replaced file keeps its permissions, except for those that the mode of a
 * secret excludes. */
static mode_t kept_mode(mode_t old, unsigned mode)
{
    return old & (mode & 077 ? 0777 : (mode_t)mode);
}

static bf_status open_target(bf_outfile *f, unsigned mode)
{
    struct stat st;
    bool exists = stat(f->path, &st) == 0;
    /* Refuses now what rename would refuse at the end. */
    if (!exists && errno != ENOENT)
        return bf_fail_errno(errno, "%s: cannot create", f->path);
    if (exists && S_ISDIR(st.st_mode))
        return bf_fail(BF_ERR_IO, "%s: is a folder", f->path);
    /* A rename cannot replace memory, which has no name. */
    bool memory = exists && st.st_nlink == 0 && st.st_size == 0;
    if (exists && (!S_ISREG(st.st_mode) || memory)) {
        f->fd = open(f->path, O_WRONLY | O_CLOEXEC);
    } else {
        f->slot = take_slot();
        if (!f->slot) return no_slot(f->path);
        f->target = bf_follow_links(f->path);
        if (!f->target)
            return bf_fail_errno(errno, "%s: cannot create", f->path);
        /* Others write to it, and would go on in the file that was replaced. */
        if (is_open_file(f->target))
            return bf_fail(BF_ERR_ARGUMENT,
                           "%s: a file that is already open; name the file",
                           f->path);
        f->fd = create_temporary(f->slot, f->target, mode);
        if (f->fd >= 0 && exists && fchmod(f->fd, kept_mode(st.st_mode, mode)))
            return bf_fail_errno(errno, "%s: cannot set its mode", f->path);
    }
    if (f->fd < 0 && errno == EINTR)
        return bf_fail(BF_ERR_INTERRUPTED, "%s: interrupted", f->path);
    if (f->fd < 0) return bf_fail_errno(errno, "%s: cannot create", f->path);
    return BF_OK;
}

bf_status bf_outfile_remove(bf_outfile **out, const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return bf_fail(BF_ERR_IO, "%s: is a folder", path);
    bf_outfile *f = calloc(1, sizeof *f);
    if (!f) return bf_fail(BF_ERR_MEMORY, "%s: no memory", path);
    f->fd = -1;
    f->removal = true;
    f->path = strdup(path);
    f->target = strdup(path); /* for a symbolic link, removes the link */
    f->slot = take_slot();
    bf_status s = BF_OK;
    if (!f->path || !f->target)
        s = bf_fail(BF_ERR_MEMORY, "%s: no memory", path);
    else if (!f->slot)
        s = no_slot(path);
    else if (!name_temporary(f->slot, path))
        s = bf_fail_errno(errno, "%s: cannot remove", path);
    if (s != BF_OK) {
        free_outfile(f);
        return s;
    }
    atomic_store(&f->slot->state, SLOT_LIVE);
    *out = f;
    return BF_OK;
}

bf_status bf_outfile_open(bf_outfile **out, const char *path, unsigned mode)
{
    if (!*path) return bf_fail(BF_ERR_ARGUMENT, "empty file name");
    bf_outfile *f = calloc(1, sizeof *f);
    if (!f) return bf_fail(BF_ERR_MEMORY, "%s: no memory", path);
    f->fd = -1;
    f->path = strdup(path);
    f->buffer = malloc(BUFFER_BYTES);
    if (!f->path || !f->buffer) {
        free_outfile(f);
        return bf_fail(BF_ERR_MEMORY, "%s: no memory", path);
    }
    bf_status s = open_target(f, mode);
    if (s == BF_OK) {
        f->stream = fopencookie(
            f, "w", (cookie_io_functions_t){.write = cookie_write});
        if (f->stream) {
            setvbuf(f->stream, f->buffer, _IOFBF, BUFFER_BYTES);
            *out = f;
            return BF_OK;
        }
        s = bf_fail(BF_ERR_MEMORY, "%s: no memory", path);
    }
    bf_outfile_abort(f);
    return s;
}

static bf_status write_failed(const bf_outfile *f)
{
    return bf_fail_errno(f->error ? f->error : EIO, "%s: cannot write",
                         f->path);
}

static bf_status refuse_removal(const bf_outfile *f)
{
    if (!f->removal) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: a removal cannot be written to",
                   f->path);
}

bf_status bf_outfile_write(bf_outfile *f, const void *data, size_t bytes)
{
    BF_TRY(refuse_removal(f));
    if (f->error || fwrite(data, 1, bytes, f->stream) != bytes)
        return write_failed(f);
    return BF_OK;
}

bf_status bf_outfile_patch(bf_outfile *f, uint64_t offset, const void *data,
                           size_t bytes)
{
    const uint8_t *p = data;
    BF_TRY(refuse_removal(f));
    if (f->error || fflush(f->stream) != 0) return write_failed(f);
    if (offset > f->written || bytes > f->written - offset)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: overwriting %zu bytes at %llu, of %llu written",
                       f->path, bytes, (unsigned long long)offset,
                       (unsigned long long)f->written);
    while (bytes > 0) {
        ssize_t n = injected_failure()
                        ? -1
                        : pwrite(f->fd, p, bytes, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            f->error = n < 0 ? errno : EIO;
            return write_failed(f);
        }
        p += n;
        offset += (uint64_t)n;
        bytes -= (size_t)n;
    }
    return BF_OK;
}

FILE *bf_outfile_stream(bf_outfile *f)
{
    return f->stream;
}

const char *bf_outfile_path(const bf_outfile *f)
{
    return f->path;
}

void bf_outfile_abort(bf_outfile *f)
{
    if (!f) return;
    int live = SLOT_LIVE;
    if (f->slot &&
        atomic_compare_exchange_strong(&f->slot->state, &live, SLOT_BUSY))
        unlink(f->slot->path);
    f->error = ECANCELED; /* discards the rest of the buffer */
    free_outfile(f);
}

/* ---- commit ------------------------------------------------------------- */

static bool sync_unsupported(int err)
{
    return err == EINVAL || err == ENOTSUP || err == EROFS;
}

/* Flushes data to disk and closes the descriptor. */
static bf_status finish_data(bf_outfile *f)
{
    if (fflush(f->stream) != 0 || ferror(f->stream) || f->error)
        return write_failed(f);
    int rc = injected_failure() ? -1 : fsync(f->fd);
    if (rc != 0 && !sync_unsupported(errno))
        return bf_fail_errno(errno, "%s: cannot flush to disk", f->path);
    int fd = f->fd;
    f->fd = -1;
    rc = close(fd);
    if (injected_failure()) rc = -1;
    if (rc != 0) return bf_fail_errno(errno, "%s: cannot close", f->path);
    return BF_OK;
}

static bf_status sync_folder(const char *path)
{
    char folder[PATH_MAX];
    size_t n = folder_length(path);
    if (n >= sizeof folder) return BF_OK;
    memcpy(folder, path, n);
    folder[n] = 0;
    int fd = open(n ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return BF_OK; /* a folder with write but no read permission */
    int rc = fsync(fd), err = errno;
    close(fd);
    if (rc != 0 && !sync_unsupported(err))
        return bf_fail_errno(err, "%s: cannot flush the folder to disk", path);
    return BF_OK;
}

bf_status bf_move_file(const char *from, const char *to)
{
    if (injected_failure() || rename(from, to) != 0)
        return bf_fail_errno(errno, "%s: cannot move to %s", from, to);
    return sync_folder(to);
}

/* After this a signal does not remove the temporary file: once the first of
 * several files is in place, the others must follow. */
static bf_status withdraw_slot(bf_outfile *f)
{
    int live = SLOT_LIVE;
    if (!f->slot ||
        atomic_compare_exchange_strong(&f->slot->state, &live, SLOT_BUSY))
        return BF_OK;
    return bf_fail(BF_ERR_INTERRUPTED, "%s: interrupted", f->path);
}

/* Renames a file that is to be removed, so that a failure can restore it. */
static bf_status set_aside(const bf_outfile *f)
{
    int rc = injected_failure() ? -1 : rename(f->target, f->slot->path);
    if (rc == 0 || errno == ENOENT || errno == ENOTDIR) return BF_OK;
    return bf_fail_errno(errno, "%s: cannot remove", f->path);
}

static bf_status move_into_place(const bf_outfile *f)
{
    if (!f->slot) return BF_OK;
    if (injected_failure() || rename(f->slot->path, f->target) != 0)
        return bf_fail_errno(errno, "%s: cannot move into place", f->path);
    return sync_folder(f->target);
}

/* After a failure: removes the temporary file, or restores the file that was
 * set aside. */
static void take_back(const bf_outfile *f)
{
    if (!f->slot || atomic_load(&f->slot->state) != SLOT_BUSY) return;
    if (f->removal)
        rename(f->slot->path, f->target);
    else
        unlink(f->slot->path);
}

/* Renames all files into place; on failure leaves no temporary file. Files that
 * were renamed before a failing rename stay, as the files they replaced are
 * gone. */
static bf_status move_all(bf_outfile *const *files, size_t count)
{
    bf_status s = BF_OK;
    for (size_t i = 0; i < count && s == BF_OK; i++)
        s = withdraw_slot(files[i]);
    for (size_t i = 0; i < count && s == BF_OK; i++)
        if (files[i]->removal) s = set_aside(files[i]);
    for (size_t i = 0; i < count && s == BF_OK; i++)
        if (!files[i]->removal) s = move_into_place(files[i]);
    for (size_t i = 0; i < count; i++) {
        if (s != BF_OK)
            take_back(files[i]);
        else if (files[i]->removal)
            unlink(files[i]->slot->path);
    }
    return s;
}

bf_status bf_outfile_commit_all(bf_outfile *const *files, size_t count)
{
    bf_status s = BF_OK;
    for (size_t i = 0; i < count && s == BF_OK; i++)
        if (!files[i]->removal) s = finish_data(files[i]);
    if (s == BF_OK) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before);
        atomic_fetch_add(&moving, 1);
        s = move_all(files, count);
        atomic_fetch_sub(&moving, 1);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    for (size_t i = 0; i < count; i++) bf_outfile_abort(files[i]);
    return s;
}

bf_status bf_outfile_commit(bf_outfile *f)
{
    return bf_outfile_commit_all(&f, 1);
}
