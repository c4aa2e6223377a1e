/* The owner's steps with keys in files, for tests that work on jobs and rows
 * directly. */
#ifndef TESTS_SUPPORT_OWNER_FILES_H
#define TESTS_SUPPORT_OWNER_FILES_H

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

static inline bf_status owner_encrypt(const bf_job *job, const uint8_t *id,
                                      const char *secret, const bf_matrix *u,
                                      const int32_t *labels,
                                      const bf_schedule *schedule,
                                      bf_upload_part part, const char *path)
{
    owner_key k;
    bf_outfile *f;
    bf_status s = owner_open(&k, job, secret);
    if (s == BF_OK)
        s = bf_protocol_upload(&f, NULL, job, id, k.sk, u, labels, schedule,
                               part, path);
    if (s == BF_OK) s = bf_outfile_commit(f);
    owner_close(&k);
    return s;
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

#endif
