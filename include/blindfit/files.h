/* Files that appear complete or not at all, locks, and types of files. */
#ifndef BLINDFIT_FILES_H
#define BLINDFIT_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include "blindfit/blindfit.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- writing and reading ------------------------------------------------- */

/* A file under construction: a temporary beside `path`, moved into place by
 * commit (fsync, rename, fsync of the folder). Removed by abort, and by
 * bf_files_abort_all() on Ctrl-C (async-signal-safe); after that commit fails
 * with BF_ERR_INTERRUPTED. The mode is subject to the umask; a replaced file
 * keeps its own mode, limited to 0600 for a secret; through a symbolic link,
 * the link's target is replaced. A device, pipe or socket, or an empty file
 * without a name (by /proc), is written directly, without a temporary; another
 * file by /proc, which a program has open, is BF_ERR_ARGUMENT. One thread at a
 * time per file; at most 64 files at once. */
typedef struct bf_outfile bf_outfile;
BF_API BF_MUST_CHECK bf_status bf_outfile_open(
    bf_outfile **out, const char *path, unsigned mode /* 0600 or 0644 */);
BF_API BF_MUST_CHECK bf_status bf_outfile_write(bf_outfile *f, const void *data,
                                                size_t bytes);
/* Overwrites bytes that were already written, such as a length known only at
 * the end; does not move the position of the next write. BF_ERR_ARGUMENT for
 * bytes beyond the last write. Fails on pipes and devices. */
BF_API BF_MUST_CHECK bf_status bf_outfile_patch(bf_outfile *f, uint64_t offset,
                                                const void *data, size_t bytes);
/* For fprintf; errors show at commit. NULL for a removal. */
BF_API FILE *bf_outfile_stream(bf_outfile *f);
BF_API const char *bf_outfile_path(const bf_outfile *f);
/* A removal in place of a file to write: the commit removes the file at `path`.
 * After an abort, or a commit with others that fail, the file is still there. A
 * missing file is fine, a folder is BF_ERR_IO. Nothing can be written to a
 * removal: BF_ERR_ARGUMENT. */
BF_API BF_MUST_CHECK bf_status bf_outfile_remove(bf_outfile **out,
                                                 const char *path);
BF_API BF_MUST_CHECK bf_status
bf_outfile_commit(bf_outfile *f); /* always frees f */
/* Commits files that belong together: no file is renamed before the data of all
 * files are on disk, and a signal acts before all renames or after them. Only a
 * disk error in a later rename can leave some files renamed and others not.
 * Always frees all files. */
BF_API BF_MUST_CHECK bf_status bf_outfile_commit_all(bf_outfile *const *files,
                                                     size_t count);
BF_API void bf_outfile_abort(bf_outfile *f); /* NULL is fine */
/* Returns when no commit is between its first and its last file, so that
 * exiting next leaves no temporary file and no partial set. */
BF_API void bf_files_abort_all(void);

/* Call before the work. BF_ERR_ARGUMENT if the file to write is one of `others`
 * (NULLs are fine), which the run also reads or writes, by the same name or
 * another; otherwise the error of opening the file for writing. An existing
 * file does not change, and no new file stays. */
BF_API BF_MUST_CHECK bf_status bf_outfile_check(const char *path,
                                                const char *const *others,
                                                size_t count);

/* BF_ERR_UNSUPPORTED if the path names a pipe or socket; for files that are
 * read or written more than once, or not in order. Does not open the path, as
 * opening a pipe waits for the other side. */
BF_API BF_MUST_CHECK bf_status bf_refuse_pipe(const char *path);

/* Reads a whole file and appends a NUL; BF_ERR_FORMAT for more than `limit`
 * bytes. Free *data with bf_free. */
BF_API BF_MUST_CHECK bf_status bf_read_file(const char *path, size_t limit,
                                            uint8_t **data, size_t *bytes);

/* Makes the folder and missing parents; an existing folder is fine. */
BF_API BF_MUST_CHECK bf_status bf_make_dir(const char *path, unsigned mode);
/* Removes a file, or a folder with its content, without following links; a
 * missing path is fine. */
BF_API BF_MUST_CHECK bf_status bf_remove_tree(const char *path);

/* ---- locks --------------------------------------------------------------- */

/* Locks between processes of one machine, by flock. A lock ends with its
 * process, however the process ends. If the file system cannot lock, or the
 * file cannot be opened, runs continue without a lock. */

/* Locks the folder or file at `path`, which must stay in place. Returns false
 * if another process holds the lock; with `wait`, waits for the lock first.
 * Pass *lock to bf_lock_drop whatever the result. */
BF_API bool bf_lock_take(int *lock, const char *path, bool wait);
/* The same for a separate lock file, which this function makes; does not wait.
 */
BF_API bool bf_lock_make(int *lock, const char *path);
/* made: the path of a file of bf_lock_make, to be removed; or NULL. */
BF_API void bf_lock_drop(int lock, const char *made);

/* ---- what a file is ------------------------------------------------------ */

typedef enum bf_file_type {
    BF_FILE_JOB,
    BF_FILE_TRANSFORM,
    BF_FILE_CIPHERTEXTS /* keys, uploads, models, checkpoints: in frames */
} bf_file_type;

#define BF_FILE_ID_BYTES 32
#define BF_FILE_KEY_BYTES 16

/* Nothing here is derived from a secret. For jobs and transforms, only type and
 * bytes are set. */
typedef struct bf_file_info {
    bf_file_type type;
    const char *name; /* "upload", "encrypted model", ... */
    uint64_t bytes;
    unsigned version;
    bool secret;        /* a secret key */
    bool insecure;      /* parameters for tests, which protect nothing */
    size_t ring_degree; /* of the first ring */
    unsigned limbs, special_limbs;
    double log2_q, log2_p, security_bits;
    uint64_t ciphertexts, ciphertext_bytes, keys, key_bytes;
    unsigned limbs_min, limbs_max;     /* of ciphertexts or keys */
    double scale_min, scale_max;       /* of ciphertexts */
    uint8_t context[BF_FILE_ID_BYTES]; /* digest of the parameters */
    uint8_t key[BF_FILE_KEY_BYTES];
    uint8_t job[BF_FILE_ID_BYTES];
    uint8_t digest[BF_FILE_ID_BYTES]; /* of the file; zero for a secret key */
} bf_file_info;
/* Reads and verifies the whole file with little memory; bf_job_read checks a
 * job's text. BF_ERR_FORMAT for a damaged file, or a file of another type. */
BF_API BF_MUST_CHECK bf_status bf_file_inspect(bf_file_info *out,
                                               const char *path, bf_env *env);

#ifdef __cplusplus
}
#endif

#endif
