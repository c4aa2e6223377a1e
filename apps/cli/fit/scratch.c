#include "fit/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 9
#define NAME "blindfit-fit-"
#define RUNNING "running" /* locked as long as the folder is in use */

static char folder[PATH_MAX - 64];
static struct {
    const char *name;
    char path[PATH_MAX];
} files[FILES_MAX];
static volatile size_t file_count;
static int lock = -1;

/* Called in a signal handler: removes only registered files. */
static void unlink_all(void)
{
    for (size_t i = 0; i < file_count; i++) unlink(files[i].path);
    rmdir(folder);
}

/* True if a killed run left the folder: the folder is the user's own and holds
 * the lock file of a run, and nobody holds the lock. */
static bool is_stale(const char *path, int *held)
{
    char running[PATH_MAX];
    struct stat st;
    *held = -1;
    int n = snprintf(running, sizeof running, "%s/" RUNNING, path);
    if (n < 0 || (size_t)n >= sizeof running || lstat(path, &st) != 0 ||
        !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
        return false;
    return bf_lock_take(held, running, false) && *held >= 0;
}

/* Removes folders, with secret keys and gigabytes of ciphertexts, that SIGKILL
 * or a power failure left in `parent`. */
static void remove_stale(const char *parent)
{
    char path[PATH_MAX];
    struct dirent *e;
    DIR *d = opendir(parent);
    while (d && (e = readdir(d))) {
        int held;
        if (strncmp(e->d_name, NAME, strlen(NAME)) != 0) continue;
        int n = snprintf(path, sizeof path, "%s/%s", parent, e->d_name);
        if (n < 0 || (size_t)n >= sizeof path || !is_stale(path, &held))
            continue;
        bf_status s = bf_remove_tree(path);
        bf_lock_drop(held, NULL);
        if (s == BF_OK)
            cli_note("%s: removed %s, which a run that was killed left behind",
                     cli_program(), path);
        else
            cli_note("%s: %s", cli_program(), bf_last_error());
    }
    if (d) closedir(d);
}

/* If another run takes the new folder for stale before it is locked, this run
 * gives it up and makes another.
 */
static bf_status make_locked(const char *parent)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        int n = snprintf(folder, sizeof folder, "%s/" NAME "XXXXXX", parent);
        if (n < 0 || (size_t)n >= sizeof folder)
            return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", parent);
        if (!mkdtemp(folder))
            return bf_fail_errno(errno, "%s: cannot make a folder in it",
                                 parent);
        file_count = 0;
        if (bf_lock_make(&lock, cli_scratch_file(RUNNING)) &&
            access(folder, F_OK) == 0)
            return BF_OK;
        bf_lock_drop(lock, NULL);
    }
    return bf_fail(BF_ERR_IO, "%s: no folder in it stays", parent);
}

bf_status cli_scratch_make(const char *parent)
{
    if (parent && !*parent)
        return bf_fail(BF_ERR_ARGUMENT, "--work: names no folder");
    if (!parent) parent = getenv("TMPDIR");
    if (!parent || !*parent) parent = "/tmp";
    remove_stale(parent);
    bf_status s = make_locked(parent);
    if (s == BF_OK)
        cli_emergency = unlink_all;
    else
        folder[0] = 0;
    return s;
}

const char *cli_scratch_file(const char *name)
{
    for (size_t i = 0; i < file_count; i++)
        if (strcmp(files[i].name, name) == 0) return files[i].path;
    if (file_count == FILES_MAX) return NULL;
    size_t i = file_count;
    files[i].name = name;
    snprintf(files[i].path, sizeof files[i].path, "%s/%s", folder, name);
    file_count = i + 1;
    return files[i].path;
}

void cli_scratch_remove(void)
{
    if (!folder[0]) return;
    bf_status s = bf_remove_tree(folder);
    cli_emergency = (void (*)(void))0; /* not earlier, as the removal may be
                                        * interrupted */
    if (s != BF_OK) cli_note("%s: %s", cli_program(), bf_last_error());
    bf_lock_drop(lock, NULL);
    lock = -1;
    folder[0] = 0;
    file_count = 0;
}
