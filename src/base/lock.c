#include "blindfit/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Takes ownership of the descriptor. */
static bool lock_fd(int *lock, int fd, bool wait)
{
    *lock = -1;
    if (fd < 0) return true;
    if (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) == 0) {
        *lock = fd;
        return true;
    }
    bool held = errno == EWOULDBLOCK;
    close(fd);
    return !held;
}

bool bf_lock_take(int *lock, const char *path, bool wait)
{
    return lock_fd(lock, open(path, O_RDONLY | O_CLOEXEC), wait);
}

static bool still_there(int fd, const char *path)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* The previous holder may have removed the file between open and flock. Then
 * the lock is on a file without a name, which no other process would find. */
bool bf_lock_make(int *lock, const char *path)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (!lock_fd(lock, fd, false)) return false;
        if (*lock < 0 || still_there(*lock, path)) return true;
        close(*lock);
    }
}

void bf_lock_drop(int lock, const char *made)
{
    if (lock < 0) return;
    if (made) unlink(made);
    close(lock);
}
