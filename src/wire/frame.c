#include <string.h>

#include "base/bytes.h"
#include "base/parallel.h"
#include "wire/frame_internal.h"

/* Offsets of the header; docs/formats.md. */
enum {
    AT_MAGIC = 0,
    AT_VERSION = 8,
    AT_TYPE = 10,
    AT_FLAGS = 12,
    AT_BYTES = 16,
    AT_RECORDS = 24,
    AT_CONTEXT = 32,
    AT_KEY_ID = 64,
    AT_RESERVED = 80,
    AT_JOB_ID = 96,
    AT_DATA_ID = 128,
    AT_DIGEST = 160
};
#define RESERVED_BYTES (AT_JOB_ID - AT_RESERVED)

static const uint8_t magic[8] = {'B', 'L', 'I', 'N', 'D', 'F', 'I', 'T'};

void bf_frame_header_encode(uint8_t out[BF_FRAME_HEADER_BYTES],
                            const bf_frame_header *h)
{
    memset(out, 0, BF_FRAME_HEADER_BYTES);
    memcpy(out + AT_MAGIC, magic, sizeof magic);
    bf_put_u16(out + AT_VERSION, BF_FRAME_VERSION);
    bf_put_u16(out + AT_TYPE, h->type);
    bf_put_u64(out + AT_BYTES, h->bytes);
    bf_put_u64(out + AT_RECORDS, h->records);
    memcpy(out + AT_CONTEXT, h->context, sizeof h->context);
    memcpy(out + AT_KEY_ID, h->key_id, sizeof h->key_id);
    memcpy(out + AT_JOB_ID, h->job_id, sizeof h->job_id);
    memcpy(out + AT_DATA_ID, h->data_id, sizeof h->data_id);
    bf_hash(out, AT_DIGEST, out + AT_DIGEST);
}

void bf_frame_header_chain(uint8_t chain[BF_HASH_BYTES],
                           const bf_frame_header *h)
{
    /* A writer learns the lengths only after the last record; the header's own
     * digest and the end record cover the lengths. */
    uint8_t bytes[BF_FRAME_HEADER_BYTES];
    bf_frame_header open = *h;
    open.bytes = open.records = 0;
    bf_frame_header_encode(bytes, &open);
    memcpy(chain, bytes + AT_DIGEST, BF_HASH_BYTES);
}

bf_status bf_frame_header_decode(bf_frame_header *h,
                                 const uint8_t in[BF_FRAME_HEADER_BYTES])
{
    static const uint8_t zero[RESERVED_BYTES];
    uint8_t digest[BF_HASH_BYTES];
    if (memcmp(in + AT_MAGIC, magic, sizeof magic) != 0)
        return bf_fail(BF_ERR_FORMAT, "not a blindfit file");
    unsigned version = bf_get_u16(in + AT_VERSION);
    if (version != BF_FRAME_VERSION)
        return bf_fail(BF_ERR_UNSUPPORTED,
                       "format version %u, this build reads version %u%s",
                       version, BF_FRAME_VERSION,
                       version < BF_FRAME_VERSION
                           ? ": make it again with this build" : "");
    bf_hash(in, AT_DIGEST, digest);
    if (memcmp(in + AT_DIGEST, digest, sizeof digest) != 0)
        return bf_fail(BF_ERR_FORMAT,
                       "header digest does not match (file damaged)");
    if (bf_get_u32(in + AT_FLAGS) != 0 ||
        memcmp(in + AT_RESERVED, zero, sizeof zero) != 0)
        return bf_fail(BF_ERR_UNSUPPORTED,
                       "header uses flags unknown to this build");
    h->type = bf_get_u16(in + AT_TYPE);
    h->bytes = bf_get_u64(in + AT_BYTES);
    h->records = bf_get_u64(in + AT_RECORDS);
    memcpy(h->context, in + AT_CONTEXT, sizeof h->context);
    memcpy(h->key_id, in + AT_KEY_ID, sizeof h->key_id);
    memcpy(h->job_id, in + AT_JOB_ID, sizeof h->job_id);
    memcpy(h->data_id, in + AT_DATA_ID, sizeof h->data_id);
    return BF_OK;
}

void bf_frame_record_encode(uint8_t out[BF_FRAME_RECORD_BYTES],
                            const bf_frame_record *rec)
{
    bf_put_u32(out, rec->kind);
    bf_put_u32(out + 4, rec->label.kind);
    bf_put_u64(out + 8, rec->label.index);
    bf_put_u64(out + 16, rec->sequence);
    bf_put_u64(out + 24, rec->bytes);
}

void bf_frame_record_decode(bf_frame_record *rec,
                            const uint8_t in[BF_FRAME_RECORD_BYTES])
{
    rec->kind = bf_get_u32(in);
    rec->label.kind = bf_get_u32(in + 4);
    rec->label.index = bf_get_u64(in + 8);
    rec->sequence = bf_get_u64(in + 16);
    rec->bytes = bf_get_u64(in + 24);
}

#define LEAVES_AT_ONCE 256

typedef struct leaves_job {
    const uint8_t *payload;
    size_t bytes;
    uint8_t digests[LEAVES_AT_ONCE][BF_HASH_BYTES];
} leaves_job;

static void hash_leaf(void *user, size_t i)
{
    leaves_job *job = user;
    size_t from = i * BF_FRAME_LEAF, left = job->bytes - from;
    bf_hasher h; /* wipes its state, which has seen keys */
    bf_hasher_init(&h);
    bf_hasher_update(&h, job->payload + from,
                     left < BF_FRAME_LEAF ? left : BF_FRAME_LEAF);
    bf_hasher_final(&h, job->digests[i]);
}

void bf_frame_leaves_update(bf_hasher *root, const uint8_t *payload,
                            size_t bytes)
{
    leaves_job job;
    while (bytes > 0) {
        size_t leaves = (bytes + BF_FRAME_LEAF - 1) / BF_FRAME_LEAF;
        if (leaves > LEAVES_AT_ONCE) leaves = LEAVES_AT_ONCE;
        size_t span = leaves * BF_FRAME_LEAF < bytes ? leaves * BF_FRAME_LEAF
                                                     : bytes;
        job.payload = payload;
        job.bytes = span;
        bf_parallel(leaves, hash_leaf, &job);
        bf_hasher_update(root, job.digests, leaves * BF_HASH_BYTES);
        payload += span;
        bytes -= span;
    }
}

void bf_frame_chain_next(uint8_t chain[BF_HASH_BYTES],
                         const uint8_t record[BF_FRAME_RECORD_BYTES],
                         bf_hasher *root)
{
    uint8_t digest[BF_HASH_BYTES];
    bf_hasher h;
    bf_hasher_final(root, digest);
    bf_hasher_init(&h);
    bf_hasher_update(&h, chain, BF_HASH_BYTES);
    bf_hasher_update(&h, record, BF_FRAME_RECORD_BYTES);
    bf_hasher_update(&h, digest, sizeof digest);
    bf_hasher_final(&h, chain);
}
