/* The owner's steps with keys in files, for tests that work on jobs and rows
 * directly; behind cmocka.h. */
#ifndef TESTS_SUPPORT_OWNER_FILES_H
#define TESTS_SUPPORT_OWNER_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/status.h"
#include "train/owner/protocol.h"
#include "wire/owner/owner_wire.h"

typedef struct owner_key {
    bf_context *ctx;
    bf_secret_key *sk;
} owner_key;

static inline void owner_close(owner_key *k)
{
    bf_secret_key_destroy(k->sk);
    bf_context_destroy(k->ctx);
}

static inline bf_status owner_open(owner_key *k, const bf_job *job,
                                   const char *secret)
{
    *k = (owner_key){NULL, NULL};
    BF_TRY(bf_context_create(&k->ctx, &job->ring[0], BF_BACKEND_AUTO));
    return bf_wire_read_secret_key(&k->sk, secret, k->ctx);
}

static inline bf_status owner_keygen(const bf_job *job, const uint8_t *id,
                                     const char *secret, const char *keys)
{
    owner_key k = {NULL, NULL};
    bf_outfile *f = NULL;
    bf_status s = bf_context_create(&k.ctx, &job->ring[0], BF_BACKEND_AUTO);
    if (s == BF_OK) s = bf_secret_key_generate(&k.sk, k.ctx, 0);
    if (s == BF_OK) s = bf_wire_write_secret_key(secret, k.sk, NULL);
    if (s == BF_OK) s = bf_protocol_keys(&f, job, id, k.sk, keys);
    if (s == BF_OK) s = bf_outfile_commit(f);
    owner_close(&k);
    return s;
}

/* One file, or its parts. */
static inline bf_status owner_upload(const bf_job *job, const uint8_t *id,
                                     const char *secret, const bf_uploaded *u)
{
    owner_key k;
    bf_outfile *f[BF_UPLOAD_PARTS_MAX];
    bf_status s = owner_open(&k, job, secret);
    if (s == BF_OK) s = bf_protocol_upload(f, NULL, job, id, k.sk, u);
    if (s == BF_OK) s = bf_outfile_commit_all(f, u->parts ? u->parts : 1);
    owner_close(&k);
    return s;
}

static inline bf_status owner_encrypt(const bf_job *job, const uint8_t *id,
                                      const char *secret, const bf_matrix *u,
                                      const int32_t *labels,
                                      const bf_schedule *schedule,
                                      bf_upload_part part, const char *path)
{
    return owner_upload(job, id, secret,
                        &(bf_uploaded){.rows = u,
                                       .labels = labels,
                                       .schedule = schedule,
                                       .part = part,
                                       .path = path});
}

static inline bf_status owner_decrypt(bf_matrix *weights, const bf_job *job,
                                      const uint8_t *id, const char *secret,
                                      const char *path, unsigned iteration)
{
    owner_key k;
    bf_status s = owner_open(&k, job, secret);
    if (s == BF_OK)
        s = bf_protocol_weights(weights, NULL, job, id, k.sk, path, iteration);
    owner_close(&k);
    return s;
}

/* Files of a job, in a temporary folder. */
typedef struct job_files {
    char dir[64], job[96], secret[96], keys[96], upload[96], model[96],
        checkpoint[96];
} job_files;

static inline void path_in(char out[96], const char *dir, const char *name)
{
    snprintf(out, 96, "%s/%s", dir, name);
}

static inline void job_files_open(job_files *f)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%.40s/bf-job-XXXXXX",
             tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    path_in(f->job, f->dir, "job.json");
    path_in(f->secret, f->dir, "secret.key");
    path_in(f->keys, f->dir, "eval.keys");
    path_in(f->upload, f->dir, "upload.bf");
    path_in(f->model, f->dir, "model.enc");
    path_in(f->checkpoint, f->dir, "state.bf");
}

/* Saves the job, reads it back with its id, and makes its keys. */
static inline void owner_start(bf_job *job, uint8_t *id, const job_files *f)
{
    assert_ok(bf_job_save(job, f->job));
    assert_ok(bf_job_load(job, f->job, id));
    assert_ok(owner_keygen(job, id, f->secret, f->keys));
}

/* Transforms the rows x and their start as the job's recipe says. */
static inline void owner_prepare(bf_prepared *out, const bf_job *job,
                                 const bf_matrix *x)
{
    const bf_view view = bf_view_of(x);
    assert_ok(bf_prepare(out, job, &view, NULL, NULL));
}

#endif
