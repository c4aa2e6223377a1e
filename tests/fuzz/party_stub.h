/* A session of two owners in the small ring of tests/wire/wire_sample.h, made
 * by hand, with the fields that readers of the owners' files use. Keys come
 * from fixed seeds. */
#ifndef BF_TESTS_PARTY_STUB_H
#define BF_TESTS_PARTY_STUB_H

#include <sodium.h>

#include "../wire/wire_sample.h"
#include "train/handle.h"
#include "train/message.h"
#include "train/owner/identity.h"
#include "wire_repair.h"

enum { STUB_OWNERS = 2 };

typedef struct party_stub {
    bf_session session;
    bf_job job;
    bf_job_handle handle;
    bf_identity id[STUB_OWNERS];
} party_stub;

static inline void stub_identity(bf_identity *id, uint8_t number)
{
    uint8_t seed[32] = {number + 1};
    id->sign = bf_secret_alloc(crypto_sign_SECRETKEYBYTES);
    id->seal = bf_secret_alloc(crypto_box_SECRETKEYBYTES);
    if (!id->sign || !id->seal) abort();
    id->party.name[0] = (char)('a' + number);
    if (crypto_sign_seed_keypair(id->party.sign, id->sign, seed) != 0 ||
        crypto_box_seed_keypair(id->party.seal, id->seal, seed) != 0)
        abort();
}

/* Rows are one ciphertext of the golden upload's shape, labels another of one
 * limb; the common seed is that of the golden keys. */
static inline party_stub *stub_session(void)
{
    static party_stub stub;
    if (stub.session.job) return &stub;
    if (bf_random_init() != BF_OK) abort();
    bf_job *job = &stub.job;
    job->recipe.kind = BF_RECIPE_WHITENED;
    job->schedule.zero_start = true;
    job->features = 2;
    job->log_x = job->log_labels = log2(1048577.0);
    job->bounds.entry = job->typical.entry = 1;
    job->owners = STUB_OWNERS;
    job->rings = 1;
    job->ring[0] = sample_params();
    job->handle = &stub.handle;
    if (bf_layout_make(&job->layout, 10, 4, 2, 2, 0, 2, 2) != BF_OK) abort();
    memcpy(stub.handle.id, sample_job_id, BF_HASH_BYTES);
    bf_session *s = &stub.session;
    s->job = job;
    s->owners = STUB_OWNERS;
    memset(s->id, 7, sizeof s->id);
    memset(s->crs, 77, sizeof s->crs);
    for (uint8_t k = 0; k < STUB_OWNERS; k++) {
        stub_identity(&stub.id[k], k);
        s->owner[k] = (bf_session_owner){.party = stub.id[k].party,
                                         .first = 2 * (size_t)k, .count = 2,
                                         .receives = k == 0};
    }
    return &stub;
}

/* Bytes made into a container of this type and session's, as repair() does;
 * *out is to be freed. */
static inline bool stub_container(uint8_t **out, size_t *size,
                                  const party_stub *stub, bf_wire_type type,
                                  const bf_context *ctx, const uint8_t *data)
{
    bf_wire_type found;
    if (*size < BF_FRAME_HEADER_BYTES) return false;
    uint8_t *bytes = malloc(*size + 64);
    if (!bytes) return false;
    memcpy(bytes, data, *size);
    bytes[10] = (uint8_t)type;
    memcpy(bytes + 96, stub->handle.id, BF_HASH_BYTES);
    bf_job_data_id(&stub->job, bytes + 128);
    if (!repair(bytes, size, ctx, &found) || found != type) abort();
    *out = bytes;
    return true;
}

#endif
