#include "remote/opened.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

#define MARK "OPENED"

static const char text[] =
    "The model of this job has been decrypted. blindfit sends nothing of this\n"
    "folder to a server again: docs/security.md, \"Decryptions\".\n";

static bf_status exists(bool *out, const char *path)
{
    struct stat st;
    *out = lstat(path, &st) == 0;
    if (*out || errno == ENOENT) return BF_OK;
    return bf_fail_errno(errno, "%s", path);
}

/* "FOLDER/NAME" of the folder of `file`. */
static bf_status beside(char out[PATH_MAX], const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');
    int folder = slash ? (int)(slash - file) + 1 : 0;
    int n = snprintf(out, PATH_MAX, "%.*s%s", folder, file, name);
    if (n > 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", file);
}

bf_status remote_opened_mark(const char *model)
{
    char path[PATH_MAX];
    bool sent, marked;
    BF_TRY(beside(path, model, REMOTE_STATE));
    BF_TRY(exists(&sent, path));
    if (!sent) return BF_OK;
    BF_TRY(beside(path, model, MARK));
    BF_TRY(exists(&marked, path));
    return marked ? BF_OK : cli_write_text(path, text, 0644);
}

bf_status remote_opened_refuse(const char *folder)
{
    char path[PATH_MAX];
    bool marked;
    int n = snprintf(path, sizeof path, "%s/" MARK, folder);
    if (n < 0 || (size_t)n >= sizeof path)
        return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", folder);
    BF_TRY(exists(&marked, path));
    if (!marked) return BF_OK;
    return bf_fail(BF_ERR_SECURITY,
                   "%s: the model of this job has been opened, and what comes "
                   "after that could tell the server how it went "
                   "(docs/security.md): nothing of this folder is sent again; "
                   "decrypt opens the model once more, training anew takes a "
                   "new folder", folder);
}
