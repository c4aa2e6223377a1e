/* Files that appear complete or not at all, locks, and what a file is. */
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
 * with BF_ERR_INTERRUPTED. The mode is subject to the umask; a file that is
 * there already keeps its own, cut to 0600 for a secret, and through a symbolic
 * link it is the link's target that is replaced. A path that names a device,
 * pipe or socket, or by /proc a file that has no name, is written directly,
 * without a temporary.
 * One thread at a time per file; at most 64 files at once. */
typedef struct bf_outfile bf_outfile;
BF_API BF_MUST_CHECK bf_status bf_outfile_open(
    bf_outfile **out, const char *path, unsigned mode /* 0600 or 0644 */);
BF_API BF_MUST_CHECK bf_status bf_outfile_write(bf_outfile *f, const void *data,
                                                size_t bytes);
/* Overwrites bytes written before, as a length known only at the end; the
 * place of the next write stays. Fails on pipes and devices. */
BF_API BF_MUST_CHECK bf_status bf_outfile_patch(bf_outfile *f, uint64_t offset,
                                                const void *data, size_t bytes);
BF_API FILE *
bf_outfile_stream(bf_outfile *f); /* for fprintf; errors show at commit */
BF_API const char *bf_outfile_path(const bf_outfile *f);
/* Instead of a file to write: when it is committed, what lies at `path` is
 * gone; aborted, or committed with others that fail, it is still there. A
 * missing one is fine. Nothing can be written to it. */
BF_API BF_MUST_CHECK bf_status bf_outfile_remove(bf_outfile **out,
                                                 const char *path);
BF_API BF_MUST_CHECK bf_status
bf_outfile_commit(bf_outfile *f); /* frees f always */
/* Files that belong together: none is moved before the data of all is on disk,
 * and a signal comes before all or after all. Only a rename that fails after
 * that, by an error of the disk, can leave some moved and others not. Frees all
 * of them, always. */
BF_API BF_MUST_CHECK bf_status bf_outfile_commit_all(bf_outfile *const *files,
                                                     size_t count);
BF_API void bf_outfile_abort(bf_outfile *f); /* NULL is fine */
/* Returns once no commit is between its first and last file: exiting next
 * leaves no temporary and no half of a set. */
BF_API void bf_files_abort_all(void);

/* BF_ERR_UNSUPPORTED when the path names a pipe or socket: for what is read or
 * written more than once, or not from front to end. Opens nothing, as that
 * waits for the other side. */
BF_API BF_MUST_CHECK bf_status bf_refuse_pipe(const char *path);

/* Whole file in memory, NUL behind it; refuses more than `limit` bytes
 * (BF_ERR_RANGE). *data is freed with bf_free. */
BF_API BF_MUST_CHECK bf_status bf_read_file(const char *path, size_t limit,
                                            uint8_t **data, size_t *bytes);

/* Makes the folder and missing parents; an existing folder is fine. */
BF_API BF_MUST_CHECK bf_status bf_make_dir(const char *path, unsigned mode);
/* Removes a file or a folder with all in it, without following links; a
 * missing one is fine. */
BF_API BF_MUST_CHECK bf_status bf_remove_tree(const char *path);

/* ---- locks --------------------------------------------------------------- */

/* Between processes of one machine, by flock: they end with the process that
 * holds them, however it ends. On file systems that cannot lock, and where the
 * file cannot be opened, runs do without. */

/* Locks what lies at `path`, a folder or a file that stays where it is. False
 * when another holds it; with `wait`, only after it was let go. *lock is given
 * to bf_lock_drop, whatever comes back. */
BF_API bool bf_lock_take(int *lock, const char *path, bool wait);
/* The same for a file that is made for nothing else, without waiting. */
BF_API bool bf_lock_make(int *lock, const char *path);
/* made: the path of a file that bf_lock_make locked, to remove it; or NULL. */
BF_API void bf_lock_drop(int lock, const char *made);

/* ---- what a file is ------------------------------------------------------ */

typedef enum bf_file_type {
    BF_FILE_JOB,
    BF_FILE_TRANSFORM,
    BF_FILE_CIPHERTEXTS /* keys, uploads, models, checkpoints: in frames */
} bf_file_type;

#define BF_FILE_ID_BYTES 32
#define BF_FILE_KEY_BYTES 16

/* Never anything derived from a secret. Of jobs and transforms, type and bytes
 * alone. */
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
/* Reads and verifies the whole file with little memory; a job's text is left to
 * bf_job_read. BF_ERR_FORMAT for what is damaged or none of these. */
BF_API BF_MUST_CHECK bf_status bf_file_inspect(bf_file_info *out,
                                               const char *path, bf_env *env);

#ifdef __cplusplus
}
#endif

#endif
