/* Files below the spool, by descriptors of their folders. Names have no '/',
 * and a symbolic link is never followed. Functions that can fail return 0 or an
 * errno. */
#ifndef BF_SPOOL_AT_H
#define BF_SPOOL_AT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "blindfit/blindfit.h"

/* ELOOP for a symbolic link, ENOTDIR for anything else that is no folder. */
BF_MUST_CHECK int at_folder(int *out, int at, const char *name);
/* Makes the folder if it is missing. */
BF_MUST_CHECK int at_make_folder(int *out, int at, const char *name,
                                 mode_t mode);
/* Whether there is anything of this name. */
bool at_exists(int at, const char *name);
/* Opens a regular file for reading; for others ELOOP (a symbolic link), EISDIR
 * or EINVAL. Does not wait for a writer of a pipe. */
BF_MUST_CHECK int at_file(int *out, struct stat *st, int at, const char *name);
/* A file of up to `limit` bytes, with a NUL behind; free with free(). EFBIG for
 * a longer file. */
BF_MUST_CHECK int at_read(char **text, size_t *bytes, int at, const char *name,
                          size_t limit);
/* Replaces the file as a whole; it is on disk when this returns. */
BF_MUST_CHECK int at_write(int at, const char *name, const void *data,
                           size_t bytes);
/* The same, not yet on disk: for what is written anew after a crash. */
BF_MUST_CHECK int at_write_lazy(int at, const char *name, const void *data,
                                size_t bytes);
/* Renames, durably, replacing a file or an empty folder. */
BF_MUST_CHECK int at_move(int from, const char *name, int to,
                          const char *new_name);
/* Removes a file, or a folder with its content. A missing one is fine. */
BF_MUST_CHECK int at_remove(int at, const char *name);
/* What the file, or the folder with its content, takes on disk. */
uint64_t at_disk_bytes(int at, const char *name);
/* Bytes that an unprivileged user can still write on the folder's disk. */
uint64_t at_disk_free(int at);
/* Calls `each` with the names in a folder, except hidden ones; E2BIG after
 * `most` of them. */
BF_MUST_CHECK int at_each(int at, size_t most,
                          void (*each)(void *user, const char *name),
                          void *user);
/* The same with all names. */
BF_MUST_CHECK int at_each_hidden(int at,
                                 void (*each)(void *user, const char *name),
                                 void *user);

#endif
