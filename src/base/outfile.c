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

/* Temporaries, where a signal handler finds them. A slot is FREE, BUSY (its
 * path is being written), LIVE (to unlink), or GONE (the handler unlinked). */
enum { SLOT_FREE, SLOT_BUSY, SLOT_LIVE, SLOT_GONE };
static struct slot {
    atomic_int state;
    char path[PATH_MAX];
} slots[OPEN_FILES_MAX];
/* Commits that are past the point where a signal could still undo them. */
static atomic_int moving;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "used in signal handlers");

struct bf_outfile {
    char *path;
    FILE *stream;
    char *buffer;
    int fd;
    int error; /* first errno met while writing */
    struct slot *slot; /* NULL: written directly, nothing to move or remove */
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
    /* A caller that exits next must not cut short what is being moved. The
     * mover's own thread has signals blocked: it is never the one that waits. */
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

/* The name is short and apart from the target's, so that a target of the
 * longest legal name works. It is published before the file exists, so that a
 * signal after that misses nothing; one in between, which found nothing to
 * remove, shows in the slot. */
static int create_temporary(struct slot *slot, const char *path, unsigned mode)
{
    size_t folder = folder_length(path);
    for (int attempt = 0; attempt < 16; attempt++) {
        uint64_t unique;
        randombytes_buf(&unique, sizeof unique);
        int n = snprintf(slot->path, sizeof slot->path,
                         "%.*s.blindfit-%016llx.tmp", (int)folder, path,
                         (unsigned long long)unique);
        if (n < 0 || (size_t)n >= sizeof slot->path) {
            errno = ENAMETOOLONG;
            return -1;
        }
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
        } else if (n == 0) {
            f->error = EIO; /* a device that takes nothing */
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
    if (f->buffer) bf_wipe(f->buffer, BUFFER_BYTES); /* keys pass through */
    free(f->buffer);
    free(f->path);
    free(f);
}

static bf_status open_target(bf_outfile *f, unsigned mode)
{
    struct stat st;
    bool exists = stat(f->path, &st) == 0;
    /* What rename would refuse in the end is refused before the work. */
    if (!exists && errno != ENOENT)
        return bf_fail_errno(errno, "%s: cannot create", f->path);
    if (exists && S_ISDIR(st.st_mode))
        return bf_fail(BF_ERR_IO, "%s: is a folder", f->path);
    if (exists && !S_ISREG(st.st_mode)) {
        f->fd = open(f->path, O_WRONLY | O_CLOEXEC);
    } else {
        f->slot = take_slot();
        if (!f->slot)
            return bf_fail(BF_ERR_IO, "%s: more than %d files being written",
                           f->path, OPEN_FILES_MAX);
        f->fd = create_temporary(f->slot, f->path, mode);
    }
    if (f->fd < 0 && errno == EINTR)
        return bf_fail(BF_ERR_INTERRUPTED, "%s: interrupted", f->path);
    if (f->fd < 0) return bf_fail_errno(errno, "%s: cannot create", f->path);
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

bf_status bf_outfile_write(bf_outfile *f, const void *data, size_t bytes)
{
    if (f->error || fwrite(data, 1, bytes, f->stream) != bytes)
        return write_failed(f);
    return BF_OK;
}

bf_status bf_outfile_patch(bf_outfile *f, uint64_t offset, const void *data,
                           size_t bytes)
{
    const uint8_t *p = data;
    if (f->error || fflush(f->stream) != 0) return write_failed(f);
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
    f->error = ECANCELED; /* what is left in the buffer goes nowhere */
    free_outfile(f);
}

/* ---- commit ------------------------------------------------------------- */

static bool sync_unsupported(int err)
{
    return err == EINVAL || err == ENOTSUP || err == EROFS;
}

/* Data on disk, descriptor closed. */
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
    if (fd < 0) return BF_OK; /* a folder that may be written but not read */
    int rc = fsync(fd), err = errno;
    close(fd);
    if (rc != 0 && !sync_unsupported(err))
        return bf_fail_errno(err, "%s: cannot flush the folder to disk", path);
    return BF_OK;
}

/* From here on a signal leaves the temporary alone: of several files, those
 * that follow the first into place must not be missing. */
static bf_status withdraw_slot(bf_outfile *f)
{
    int live = SLOT_LIVE;
    if (!f->slot ||
        atomic_compare_exchange_strong(&f->slot->state, &live, SLOT_BUSY))
        return BF_OK;
    return bf_fail(BF_ERR_INTERRUPTED, "%s: interrupted", f->path);
}

static bf_status move_into_place(const bf_outfile *f)
{
    if (!f->slot) return BF_OK;
    if (injected_failure() || rename(f->slot->path, f->path) != 0)
        return bf_fail_errno(errno, "%s: cannot move into place", f->path);
    return sync_folder(f->path);
}

/* All of them in place; else no temporary is left. Of several, those moved
 * before a rename failed stay: what they replaced is gone. */
static bf_status move_all(bf_outfile *const *files, size_t count)
{
    bf_status s = BF_OK;
    for (size_t i = 0; i < count && s == BF_OK; i++)
        s = withdraw_slot(files[i]);
    for (size_t i = 0; i < count && s == BF_OK; i++)
        s = move_into_place(files[i]);
    for (size_t i = 0; i < count && s != BF_OK; i++) {
        struct slot *slot = files[i]->slot;
        if (slot && atomic_load(&slot->state) == SLOT_BUSY) unlink(slot->path);
    }
    return s;
}

bf_status bf_outfile_commit_all(bf_outfile *const *files, size_t count)
{
    bf_status s = BF_OK;
    for (size_t i = 0; i < count && s == BF_OK; i++) s = finish_data(files[i]);
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
