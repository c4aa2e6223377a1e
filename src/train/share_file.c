#include "train/share_file.h"

#include <string.h>

#include "base/memory.h"
#include "train/import.h"

static bool is_square(bf_key_name name)
{
    return name.use == BF_KEY_FROM_SQUARE;
}

bf_status bf_share_needs_of(bf_share_needs *out, const bf_job *job,
                            const bf_plan *plan, bool square)
{
    out->count = 0;
    out->need =
        bf_alloc((plan->key_count + BF_OWNERS_MAX) * sizeof *out->need);
    if (!out->need) return BF_ERR_MEMORY;
    for (size_t i = 0; i < plan->key_count; i++)
        if (is_square(plan->keys[i].name) == square)
            out->need[out->count++] = plan->keys[i];
    for (unsigned k = 0; !square && k < bf_job_owners(job); k++)
        out->need[out->count++] = bf_import_need(job, k);
    return BF_OK;
}

void bf_share_needs_clear(bf_share_needs *n)
{
    bf_free(n->need);
    *n = (bf_share_needs){0};
}

static bf_wire_ids ids_of(const bf_session *s, uint8_t data_id[BF_HASH_BYTES])
{
    bf_job_data_id(s->job, data_id);
    return (bf_wire_ids){.job_id = bf_job_id(s->job), .data_id = data_id};
}

bf_status bf_share_file_prepare(bf_outfile **out, const bf_session *s,
                                const bf_eval_keys *shares, const char *path)
{
    uint8_t data_id[BF_HASH_BYTES];
    return bf_wire_prepare_eval_keys(out, path, shares,
                                     bf_one_ring(shares->ctx),
                                     ids_of(s, data_id), NULL);
}

/* ---- reading ------------------------------------------------------------- */

bf_status bf_share_open(bf_share_reader *out, const bf_session *s,
                        const bf_context *ctx, const bf_share_needs *needs,
                        bf_key_a a, const char *path)
{
    uint8_t data_id[BF_HASH_BYTES];
    bf_share_reader r = {NULL, s, needs, path, a, 0};
    BF_TRY(bf_wire_open(&r.wire, path, BF_WIRE_EVAL_KEYS, bf_one_ring(ctx),
                        ids_of(s, data_id)));
    *out = r;
    return BF_OK;
}

static bf_status check_share(const bf_share_reader *r, const bf_switch_key *k)
{
    const bf_key_need *want = &r->needs->need[r->next];
    if (!bf_key_same(k->name, want->name))
        return bf_fail(BF_ERR_MISMATCH, "%s: share %zu is not the job's",
                       r->path, r->next + 1);
    if (k->limbs != want->limbs)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: share %zu has %u limbs, the job's key %u", r->path,
                       r->next + 1, k->limbs, want->limbs);
    if (k->a != r->a ||
        (k->a == BF_KEY_A_SEED &&
         (memcmp(k->seed, r->session->crs, BF_SEED_BYTES) != 0 ||
          k->seed_index != bf_key_label(k->name))))
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: share %zu has another a half than the session's",
                       r->path, r->next + 1);
    return BF_OK;
}

bf_status bf_share_next(bf_share_reader *r, bf_switch_key *out)
{
    bf_wire_item item;
    BF_TRY(bf_wire_next(r->wire, &item));
    if (item.kind != BF_WIRE_SWITCH_KEY || r->next == r->needs->count)
        return bf_fail(BF_ERR_MISMATCH, "%s: %zu shares, the job has %zu keys",
                       r->path, r->next + (item.kind == BF_WIRE_SWITCH_KEY),
                       r->needs->count);
    BF_TRY(bf_wire_get_switch_key(r->wire, out));
    BF_TRY(check_share(r, out));
    r->next++;
    return BF_OK;
}

bf_status bf_share_end(bf_share_reader *r)
{
    bf_wire_item item;
    BF_TRY(bf_wire_next(r->wire, &item));
    if (item.kind == BF_FRAME_END) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH, "%s: more shares than the job has keys",
                   r->path);
}

void bf_share_close(bf_share_reader *r)
{
    bf_wire_close(r->wire);
    *r = (bf_share_reader){0};
}

/* ---- sums ---------------------------------------------------------------- */

bf_status bf_share_next_sum(bf_share_reader *readers, unsigned count,
                            bf_eval_keys *out)
{
    bf_switch_key key = {0};
    bf_eval_keys sum = {0};
    bf_status status = BF_OK;
    for (unsigned i = 0; i < count; i++) {
        BF_GOTO(bf_share_next(&readers[i], &key), fail);
        bf_eval_keys one = {.ctx = key.ctx, .count = 1, .keys = &key};
        BF_GOTO(bf_shares_add(&sum, &one), fail);
    }
    bf_switch_key_clear(&key);
    bf_eval_keys_clear(out);
    *out = sum;
    return BF_OK;
fail:
    bf_switch_key_clear(&key);
    bf_eval_keys_clear(&sum);
    return status;
}
