/* The server's half of a job: files in, file out. The server needs no secret,
 * and libblindfit-server contains no code that could use one.
 */
#ifndef BLINDFIT_SERVER_H
#define BLINDFIT_SERVER_H

#include "blindfit/job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether rows stay packed in memory, as they came, and are unpacked a few at a
 * time in each iteration: less memory, more time, the same model. Rows of
 * several owners are never packed. */
typedef enum bf_pack_choice {
    BF_PACK_AUTO, /* if memory allows nothing else */
    BF_PACK_NEVER,
    BF_PACK_ALWAYS
} bf_pack_choice;

/* One of several processes, "ranks", that train a job together, on one machine
 * or several. Every rank reads a part of the rows and computes a part of each
 * gradient; the sum of all parts goes to every rank. */
#define BF_RANKS_MAX 1024
/* Adds every word to those of the other ranks, modulo 2^64: afterwards all
 * ranks have the sums. All ranks call it equally often, with the same number of
 * words. Called on the thread that called the operation. */
typedef bf_status (*bf_ranks_sum)(void *user, uint64_t *words, size_t count);
typedef struct bf_ranks {
    unsigned own, count; /* own below count, at most BF_RANKS_MAX */
    bf_ranks_sum sum;
    void *user; /* of sum */
} bf_ranks;

/* All ranks call this with their status so far. BF_OK if all are BF_OK;
 * otherwise, on every rank, status and message of the first rank that failed,
 * with its number. bf_serve_train ends with it; for failures before. */
BF_API BF_MUST_CHECK bf_status bf_ranks_meet(const bf_ranks *r, bf_status mine);

/* What a rank takes of a job that so many ranks train: that with most rows. */
typedef struct bf_rank_figures {
    size_t row_ciphertexts;
    uint64_t upload_bytes; /* of the upload, what this rank reads */
    uint64_t memory_bytes; /* at most */
    uint64_t added_bytes;  /* most that `sum` gets at once, in an iteration */
    double work;           /* as of bf_job_figures */
} bf_rank_figures;
/* BF_ERR_ARGUMENT for more ranks than the job has parts. */
BF_API BF_MUST_CHECK bf_status bf_rank_figures_of(bf_rank_figures *out,
                                                  const bf_job *job,
                                                  unsigned ranks, bf_env *env);

/* Paths are the caller's. */
typedef struct bf_serve_options {
    const char *job;            /* job file */
    const char *const *keys;    /* evaluation keys, one file or more */
    size_t key_count;
    const char *const *uploads; /* the owner's ciphertexts, one file or more */
    size_t upload_count;
    /* 0: each upload is a file. Otherwise the number of its parts, files whose
     * names are the upload's with ".0", ".1".. behind (bf_encrypt_options). As
     * many ranks read one part each, which the others need not have; any other
     * number of ranks, or one process, reads all. */
    unsigned parts;
    const char *box;        /* in place of uploads, for a job of several owners:
                             * the folder of bf_session_gather (session.h) */
    const char *model;      /* to write */
    const char *checkpoint; /* written after every iteration; NULL for none */
    bool resume;            /* continue from the checkpoint; without, one that
                             * is there already is refused */
    uint64_t max_memory;    /* refuse a job that needs more; 0: no limit */
    bf_pack_choice pack_rows;
    /* NULL: this process trains alone. Otherwise rank 0 writes model and
     * checkpoint, and all ranks read the checkpoint when they resume, which may
     * be with another number of ranks. For one number of ranks the model is
     * always the same file; for another, the rounding differs, and so does the
     * lower part of the weights' error. */
    const bf_ranks *ranks;
} bf_serve_options;

typedef struct bf_serve_report {
    bf_recipe recipe;
    bf_job_figures job; /* the planned figures */
    double read_seconds, train_seconds, write_seconds;
    /* Counts of this run; fewer than planned in a resumed run. */
    uint64_t key_switches, ciphertext_products;
    uint64_t peak_ciphertext_bytes;
} bf_serve_report;

/* Checks that job, keys and uploads belong together before any arithmetic, and
 * that memory and disk suffice before it reads them (BF_ERR_MEMORY,
 * BF_ERR_SPACE). The model and each checkpoint appear complete or not at all;
 * with a checkpoint, a run that ends at any moment can be resumed and gives the
 * same model file. Another run with this checkpoint is refused, by a lock on
 * CHECKPOINT.lock. While the disk is full, the run waits for space and says so
 * in a note. With ranks, the operation ends in the same way on all of them. */
BF_API BF_MUST_CHECK bf_status bf_serve_train(bf_serve_report *report,
                                              const bf_serve_options *o,
                                              bf_env *env);

#ifdef __cplusplus
}
#endif

#endif
