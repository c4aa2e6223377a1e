/* Files: whole-file reads, and writes that appear complete or not at all. */
#ifndef BF_BASE_FILE_H
#define BF_BASE_FILE_H

#include <stdio.h>

#include "base/status.h"

/* A file under construction: a temporary beside `path`, moved into place by
 * commit (fsync, rename, fsync of the folder). Removed by abort, and by
 * bf_files_abort_all() on Ctrl-C (async-signal-safe); after that commit fails
 * with BF_ERR_INTERRUPTED. The mode is subject to the umask; a file that is
 * there already keeps its own, cut to 0600 for a secret, and through a symbolic
 * link it is the link's target that is replaced. A path that names a device,
 * pipe or socket, or by /proc a file that has no name, is written directly,
 * without a temporary.
 * One thread at a time per file; at most 64 files at once. */
typedef struct bf_outfile bf_outfile;
BF_MUST_CHECK bf_status bf_outfile_open(bf_outfile **out, const char *path,
                                        unsigned mode /* 0600 or 0644 */);
BF_MUST_CHECK bf_status bf_outfile_write(bf_outfile *f, const void *data,
                                         size_t bytes);
/* Overwrites bytes written before, as a length known only at the end; the
 * place of the next write stays. Fails on pipes and devices. */
BF_MUST_CHECK bf_status bf_outfile_patch(bf_outfile *f, uint64_t offset,
                                         const void *data, size_t bytes);
FILE *bf_outfile_stream(bf_outfile *f); /* for fprintf; errors show at commit */
const char *bf_outfile_path(const bf_outfile *f);
/* Instead of a file to write: when it is committed, what lies at `path` is gone;
 * aborted, or committed with others that fail, it is still there. A missing one
 * is fine. Nothing can be written to it. */
BF_MUST_CHECK bf_status bf_outfile_remove(bf_outfile **out, const char *path);
BF_MUST_CHECK bf_status bf_outfile_commit(bf_outfile *f); /* frees f always */
/* Files that belong together: none is moved before the data of all is on disk,
 * and a signal comes before all or after all. Only a rename that fails after
 * that, by an error of the disk, can leave some moved and others not. Frees all
 * of them, always. */
BF_MUST_CHECK bf_status bf_outfile_commit_all(bf_outfile *const *files,
                                              size_t count);
void bf_outfile_abort(bf_outfile *f);                     /* NULL is fine */
/* Returns once no commit is between its first and last file: exiting next
 * leaves no temporary and no half of a set. */
void bf_files_abort_all(void);

/* BF_ERR_UNSUPPORTED when the path names a pipe or socket: for what is read or
 * written more than once, or not from front to end. Opens nothing, as that waits
 * for the other side. */
BF_MUST_CHECK bf_status bf_refuse_pipe(const char *path);

/* Whole file in memory, NUL behind it; refuses more than `limit` bytes
 * (BF_ERR_RANGE). *data is freed with bf_free. */
BF_MUST_CHECK bf_status bf_read_file(const char *path, size_t limit,
                                     uint8_t **data, size_t *bytes);

/* Makes the folder and missing parents; an existing folder is fine. */
BF_MUST_CHECK bf_status bf_make_dir(const char *path, unsigned mode);
/* Removes a file or a folder with all in it, without following links; a
 * missing one is fine. */
BF_MUST_CHECK bf_status bf_remove_tree(const char *path);

/* Fault loops in tests: after `successes` more system calls of bf_outfile
 * (open, write, fsync, close, rename), all fail with `err`; -1 ends that. */
void bf_outfile_fail_for_tests(long successes, int err);

#endif
