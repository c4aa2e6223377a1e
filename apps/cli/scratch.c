#include "scratch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define FILES_MAX 8

static char folder[PATH_MAX - 64];
static struct {
    const char *name;
    char path[PATH_MAX];
} files[FILES_MAX];
static volatile size_t file_count;

/* In a signal handler: only what is known by name. */
static void unlink_all(void)
{
    for (size_t i = 0; i < file_count; i++) unlink(files[i].path);
    rmdir(folder);
}

bf_status cli_scratch_make(const char *parent)
{
    if (!parent) parent = getenv("TMPDIR");
    if (!parent || !*parent) parent = "/tmp";
    int n = snprintf(folder, sizeof folder, "%s/blindfit-XXXXXX", parent);
    if (n < 0 || (size_t)n >= sizeof folder)
        return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", parent);
    if (!mkdtemp(folder)) {
        int err = errno;
        folder[0] = 0;
        return bf_fail_errno(err, "%s: cannot make a folder in it", parent);
    }
    cli_emergency = unlink_all;
    return BF_OK;
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
    cli_emergency = (void (*)(void))0; /* not before: it may be cut short */
    if (s != BF_OK) cli_note("%s: %s", cli_program(), bf_last_error());
    folder[0] = 0;
    file_count = 0;
}
