#include <string.h>

#include "base/env.h"
#include "wire/internal.h"

size_t bf_wire_json_bytes(size_t bytes)
{
    return BF_FRAME_RECORD_BYTES + bytes + BF_HASH_BYTES;
}

size_t bf_wire_file_bytes(const bf_params *rings, unsigned count)
{
    uint8_t bytes[BF_WIRE_PARAMS_MAX];
    size_t end = BF_FRAME_RECORD_BYTES + BF_HASH_BYTES;
    return BF_FRAME_HEADER_BYTES + end +
           bf_wire_params_encode(bytes, rings, count) + end;
}

static void note_limbs(bf_wire_info *info, unsigned limbs)
{
    if (!info->limbs_min || limbs < info->limbs_min) info->limbs_min = limbs;
    if (limbs > info->limbs_max) info->limbs_max = limbs;
}

static void note_ct(bf_wire_info *info, const bf_wire_ct_head *h,
                    uint64_t bytes)
{
    if (!info->ciphertexts || h->scale < info->scale_min)
        info->scale_min = h->scale;
    if (h->scale > info->scale_max) info->scale_max = h->scale;
    if (h->noise > info->noise_max) info->noise_max = h->noise;
    if (h->bound > info->bound_max) info->bound_max = h->bound;
    if (h->polys > info->polys_max) info->polys_max = h->polys;
    note_limbs(info, h->limbs);
    info->ciphertexts++;
    info->seeded += h->seeded;
    info->ciphertext_bytes += bytes;
}

/* NULL with the message set when the file has no such ring. */
static const bf_params *find_ring(const bf_wire_info *info, unsigned number)
{
    if (number < info->rings) return &info->ring[number];
    (void)bf_fail(BF_ERR_FORMAT, "ring %u of %u", number, info->rings);
    return NULL;
}

static bf_status note_head(bf_wire_info *info, const bf_frame_record *rec,
                           const uint8_t *head, size_t have)
{
    const bf_params *p;
    bf_wire_ct_head ct;
    bf_wire_key_head key;
    switch (rec->kind) {
    case BF_WIRE_CIPHERTEXT:
        if (have < BF_WIRE_CT_FIXED) break;
        if (!(p = find_ring(info, bf_wire_ct_ring(head)))) return BF_ERR_FORMAT;
        BF_TRY(bf_wire_ct_head_decode(&ct, head, rec->bytes, p));
        note_ct(info, &ct, rec->bytes);
        return BF_OK;
    case BF_WIRE_SWITCH_KEY:
        if (have < BF_WIRE_SWITCH_KEY_FIXED) break;
        if (!(p = find_ring(info, bf_wire_key_ring(head))))
            return BF_ERR_FORMAT;
        BF_TRY(bf_wire_key_head_decode(&key, head, rec->bytes, p));
        note_limbs(info, key.limbs);
        info->keys++;
        info->key_bytes += rec->bytes;
        return BF_OK;
    case BF_WIRE_JSON: info->texts++; return BF_OK;
    default: info->keys++; info->key_bytes += rec->bytes; return BF_OK;
    }
    return bf_fail(BF_ERR_FORMAT, "too short for what it holds");
}

/* Any record behind the parameters. */
static bf_status inspect_record(bf_wire_info *info, bf_frame_reader *r,
                                const bf_frame_record *rec)
{
    uint8_t head[BF_WIRE_CT_FIXED];
    size_t have = rec->bytes < sizeof head ? (size_t)rec->bytes : sizeof head;
    bf_status s = BF_OK;
    if (!bf_wire_holds(info->type, rec->kind))
        s = bf_fail(BF_ERR_FORMAT, "kind %u does not belong in this file",
                    rec->kind);
    if (s != BF_OK) return bf_frame_fail_in(r, s);
    if (info->type == BF_WIRE_SECRET_KEY) have = 0;
    BF_TRY(bf_frame_verify(r, head, have));
    s = note_head(info, rec, head, have);
    return s == BF_OK ? s : bf_frame_fail_in(r, s);
}

static bf_status inspect_all(bf_wire_info *info, bf_frame_reader *r)
{
    const bf_frame_header *h = bf_frame_header_of(r);
    bf_frame_record rec;
    bf_wire_params params;
    if (h->type < BF_WIRE_SECRET_KEY || h->type > BF_WIRE_CHECKPOINT)
        return bf_fail(BF_ERR_UNSUPPORTED, "%s: type %u is unknown",
                       bf_frame_reader_path(r), h->type);
    *info = (bf_wire_info){.type = (bf_wire_type)h->type,
                           .version = BF_FRAME_VERSION,
                           .file_bytes = BF_FRAME_HEADER_BYTES + h->bytes,
                           .records = h->records};
    memcpy(info->context_hash, h->context, sizeof h->context);
    memcpy(info->key_id, h->key_id, sizeof h->key_id);
    memcpy(info->job_id, h->job_id, sizeof h->job_id);
    memcpy(info->data_id, h->data_id, sizeof h->data_id);
    BF_TRY(bf_wire_params_next(r, &params));
    info->rings = params.count;
    memcpy(info->ring, params.ring, sizeof info->ring);
    for (;;) {
        BF_TRY(bf_frame_next(r, &rec));
        if (rec.kind == BF_FRAME_END) break;
        BF_TRY(inspect_record(info, r, &rec));
        bf_report("verify", (double)(rec.sequence + 1),
                        (double)h->records);
    }
    if (info->type != BF_WIRE_SECRET_KEY)
        memcpy(info->digest, bf_frame_digest(r), sizeof info->digest);
    return BF_OK;
}

bf_status bf_wire_inspect(bf_wire_info *out, const char *path,
                          bf_env *env)
{
    BF_UNDER(env);
    bf_frame_reader *r;
    bf_wire_info info;
    BF_TRY(bf_frame_open(&r, path));
    bf_status s = inspect_all(&info, r);
    bf_frame_close(r);
    if (s == BF_OK) *out = info;
    return s;
}
