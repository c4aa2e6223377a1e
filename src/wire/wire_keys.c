#include <omp.h>
#include <string.h>

#include "base/bytes.h"
#include "base/env.h"
#include "base/memory.h"
#include "wire/internal.h"
#include "wire/pack.h"

static size_t payload_bytes(const bf_params *p, unsigned limbs)
{
    bf_wire_rows rows;
    bf_wire_rows_make(&rows, p, limbs, true);
    return BF_WIRE_SWITCH_KEY_FIXED +
           bf_params_digits(p, limbs) * rows.at[rows.count];
}

size_t bf_wire_switch_key_bytes(const bf_params *p, unsigned limbs)
{
    return BF_FRAME_RECORD_BYTES + BF_HASH_BYTES + payload_bytes(p, limbs);
}

/* u32 label of the name, u16 limbs, u16 digits, u64 seed index, seed[32]; then the b rows
 * [digit][modulus], q_0.. then p_0... */
static void encode_head(uint8_t out[BF_WIRE_SWITCH_KEY_FIXED],
                        const bf_switch_key *key)
{
    bf_put_u32(out, bf_key_label(key->name));
    bf_put_u16(out + 4, (uint16_t)key->limbs);
    bf_put_u16(out + 6, (uint16_t)key->digits);
    bf_put_u64(out + 8, key->seed_index);
    memcpy(out + 16, key->seed, BF_SEED_BYTES);
}

static bf_status check_shape(const bf_wire_key_head *h, const bf_params *p)
{
    if (h->name.use > BF_KEY_FROM_SQUARE || !bf_key_is_name(h->name, p->log_n))
        return bf_fail(BF_ERR_FORMAT, "no place for %s in a ring of 2^%u",
                       bf_key_text(h->name), p->log_n);
    if (h->limbs < 1 || h->limbs > p->n_q ||
        h->digits != bf_params_digits(p, h->limbs))
        return bf_fail(BF_ERR_FORMAT, "a key of %u limbs and %u digits",
                       h->limbs, h->digits);
    return BF_OK;
}

bf_status bf_wire_key_head_decode(bf_wire_key_head *h,
                                  const uint8_t in[BF_WIRE_SWITCH_KEY_FIXED],
                                  uint64_t bytes, const bf_params *p)
{
    *h = (bf_wire_key_head){.limbs = bf_get_u16(in + 4),
                            .digits = bf_get_u16(in + 6),
                            .seed_index = bf_get_u64(in + 8)};
    memcpy(h->seed, in + 16, BF_SEED_BYTES);
    if (!bf_key_from_label(&h->name, bf_get_u32(in), p->log_n))
        return bf_fail(BF_ERR_FORMAT, "Galois element %u", bf_get_u32(in));
    BF_TRY(check_shape(h, p));
    size_t want = payload_bytes(p, h->limbs);
    if (bytes != want)
        return bf_fail(BF_ERR_FORMAT, "%llu bytes, this key has %zu",
                       (unsigned long long)bytes, want);
    return BF_OK;
}

/* ---- writing ------------------------------------------------------------ */

static bf_status check_for_writing(const bf_wire_writer *w,
                                   const bf_switch_key *key)
{
    if (!bf_wire_holds(w->type, BF_WIRE_SWITCH_KEY))
        return bf_fail(BF_ERR_ARGUMENT, "%s: no place for evaluation keys",
                       bf_frame_writer_path(w->frame));
    if (!key->data) return bf_fail(BF_ERR_ARGUMENT, "a key without data");
    if (memcmp(bf_context_hash(key->ctx), bf_context_hash(w->ctx),
               BF_HASH_BYTES) != 0)
        return bf_fail(BF_ERR_MISMATCH, "%s: a key of other parameters",
                       bf_frame_writer_path(w->frame));
    bf_wire_key_head h = {
        .name = key->name, .limbs = key->limbs, .digits = key->digits};
    bf_status s = check_shape(&h, bf_context_params(w->ctx));
    return s == BF_OK ? s : bf_fail(BF_ERR_ARGUMENT, "%s", bf_last_error());
}

bf_status bf_wire_put_switch_key(bf_wire_writer *w, const bf_switch_key *key)
{
    BF_TRY(check_for_writing(w, key));
    const bf_params *p = bf_context_params(w->ctx);
    size_t n = (size_t)1 << p->log_n, bytes = payload_bytes(p, key->limbs);
    bf_wire_rows rows;
    bf_first_error first = {0};
    bf_wire_rows_make(&rows, p, key->limbs, true);
    BF_TRY(bf_buffer_need(&w->scratch, bytes));
    encode_head(w->scratch.data, key);
    uint8_t *out = w->scratch.data + BF_WIRE_SWITCH_KEY_FIXED;
#pragma omp parallel for if (!omp_in_parallel())
    for (unsigned i = 0; i < key->digits * rows.count; i++) {
        unsigned digit = i / rows.count, m = i % rows.count;
        const double *b = bf_switch_key_limb(key, digit, m, 0, n, p->n_p);
        uint8_t *row = out + digit * rows.at[rows.count] + rows.at[m];
        bf_first_error_keep(&first, bf_pack_row(row, b, n, rows.prime[m]));
    }
    BF_TRY(bf_first_error_raise(&first));
    return bf_frame_write(w->frame, BF_WIRE_SWITCH_KEY,
                          (bf_label){.index = bf_key_label(key->name)}, w->scratch.data,
                          bytes);
}

bf_status bf_wire_prepare_eval_keys(bf_outfile **out, const char *path,
                                    const bf_eval_keys *keys,
                                    const uint8_t *job_id, bf_env *env)
{
    BF_UNDER(env);
    bf_wire_writer *w;
    bf_wire_ids ids = {.key_id = keys->key_id, .job_id = job_id};
    BF_TRY(bf_wire_create(&w, path, BF_WIRE_EVAL_KEYS, keys->ctx, ids));
    for (size_t i = 0; i < keys->count; i++) {
        bf_status s = bf_wire_put_switch_key(w, &keys->keys[i]);
        if (s != BF_OK) {
            bf_wire_abort(w);
            return s;
        }
        bf_report("write keys", (double)(i + 1),
                        (double)keys->count);
    }
    return bf_wire_finish(out, NULL, w);
}

bf_status bf_wire_write_eval_keys(const char *path, const bf_eval_keys *keys,
                                  const uint8_t *job_id, bf_env *env)
{
    BF_UNDER(env);
    bf_outfile *f;
    BF_TRY(bf_wire_prepare_eval_keys(&f, path, keys, job_id, NULL));
    return bf_outfile_commit(f);
}

/* ---- reading ------------------------------------------------------------ */

static bf_status reserve(bf_switch_key *key, const bf_context *ctx,
                         const bf_wire_key_head *h)
{
    const bf_params *p = bf_context_params(ctx);
    if (key->data && key->ctx == ctx && key->limbs == h->limbs) return BF_OK;
    size_t rows = (size_t)h->digits * (h->limbs + p->n_p) * 2;
    double *data = bf_alloc((rows << p->log_n) * sizeof *data);
    if (!data) return BF_ERR_MEMORY;
    bf_switch_key_clear(key);
    *key = (bf_switch_key){.ctx = ctx, .limbs = h->limbs, .digits = h->digits,
                           .data = data};
    return BF_OK;
}

static bf_status unpack_rows(bf_switch_key *key, const bf_wire_key_head *h,
                             const uint8_t *in)
{
    const bf_params *p = bf_context_params(key->ctx);
    size_t n = (size_t)1 << p->log_n;
    bf_wire_rows rows;
    bf_first_error first = {0};
    bf_wire_rows_make(&rows, p, h->limbs, true);
#pragma omp parallel for if (!omp_in_parallel())
    for (unsigned i = 0; i < h->digits * rows.count; i++) {
        unsigned digit = i / rows.count, m = i % rows.count;
        unsigned modulus = m < h->limbs ? m : p->n_q + m - h->limbs;
        double *b = bf_switch_key_limb(key, digit, m, 0, n, p->n_p);
        double *a = bf_switch_key_limb(key, digit, m, 1, n, p->n_p);
        size_t at = digit * rows.at[rows.count] + rows.at[m];
        bf_expand_a(key->ctx, h->seed, h->seed_index, digit, modulus, a);
        bf_first_error_keep(&first,
                            bf_unpack_row(b, in + at, n, rows.prime[m]));
    }
    return bf_first_error_raise(&first);
}

/* limbs: those that are needed, no others; 0: any. */
static bf_status get_key(bf_wire_reader *r, bf_switch_key *out, unsigned limbs)
{
    const bf_params *p = bf_context_params(r->ctx);
    const uint8_t *in;
    bf_wire_key_head h;
    BF_TRY(bf_wire_payload(r, BF_WIRE_SWITCH_KEY, payload_bytes(p, p->n_q),
                           &in));
    bf_status s = r->item.bytes < BF_WIRE_SWITCH_KEY_FIXED
                      ? bf_fail(BF_ERR_FORMAT, "too short for a key")
                      : bf_wire_key_head_decode(&h, in, r->item.bytes, p);
    if (s == BF_OK &&
        (r->item.label.kind != 0 ||
         r->item.label.index != bf_key_label(h.name)))
        s = bf_fail(BF_ERR_FORMAT, "label and Galois element differ");
    if (s == BF_OK && limbs && h.limbs != limbs)
        s = bf_fail(BF_ERR_MISMATCH, "a key of %u limbs, %u are needed",
                    h.limbs, limbs);
    if (s == BF_OK) s = reserve(out, r->ctx, &h);
    if (s != BF_OK) return bf_frame_fail_in(r->frame, s);
    s = unpack_rows(out, &h, in + BF_WIRE_SWITCH_KEY_FIXED);
    if (s != BF_OK) {
        bf_switch_key_clear(out);
        return bf_frame_fail_in(r->frame, s);
    }
    out->name = h.name;
    out->seed_index = h.seed_index;
    memcpy(out->seed, h.seed, sizeof out->seed);
    return BF_OK;
}

bf_status bf_wire_get_switch_key(bf_wire_reader *r, bf_switch_key *out)
{
    return get_key(r, out, 0);
}

/* Which of the needs the present item is for. What is not needed is refused
 * before it takes memory. */
static bf_status find_need(const bf_wire_item *item, const bf_eval_keys *keys,
                           const bf_key_need *needs, size_t *at)
{
    size_t i = 0;
    while (i < keys->count && 
           item->label.index != bf_key_label(needs[i].name))
        i++;
    if (i == keys->count)
        return bf_fail(BF_ERR_MISMATCH, "a key that is not needed");
    if (keys->keys[i].data)
        return bf_fail(BF_ERR_FORMAT, "%s again", bf_key_text(needs[i].name));
    *at = i;
    return BF_OK;
}

static bf_status read_all(bf_wire_reader *r, bf_eval_keys *keys,
                          const bf_key_need *needs)
{
    bf_wire_item item;
    size_t at = 0, done = 0;
    for (;;) {
        BF_TRY(bf_wire_next(r, &item));
        if (item.kind == BF_FRAME_END) return BF_OK;
        if (item.kind == BF_WIRE_JSON) {
            BF_TRY(bf_frame_verify(r->frame, NULL, 0));
            continue;
        }
        bf_status s = find_need(&item, keys, needs, &at);
        if (s != BF_OK) return bf_frame_fail_in(r->frame, s);
        BF_TRY(get_key(r, &keys->keys[at], needs[at].limbs));
        bf_report("read keys", (double)++done,
                        (double)keys->count);
    }
}

static bf_status check_all_there(const bf_eval_keys *keys,
                                 const bf_key_need *needs, const char *path)
{
    for (size_t i = 0; i < keys->count; i++)
        if (!keys->keys[i].data)
            return bf_fail(BF_ERR_MISMATCH,
                           "%s: %s is missing", path,
                           bf_key_text(needs[i].name));
    return BF_OK;
}

bf_status bf_wire_read_eval_keys(bf_eval_keys *out, const char *path,
                                 const bf_context *ctx, bf_wire_ids ids,
                                 const bf_key_need *needs, size_t count,
                                 bf_env *env)
{
    BF_UNDER(env);
    bf_wire_reader *r;
    bf_eval_keys keys = {.ctx = ctx, .count = count};
    BF_TRY(bf_wire_open(&r, path, BF_WIRE_EVAL_KEYS, ctx, ids));
    memcpy(keys.key_id, bf_wire_header(r)->key_id, sizeof keys.key_id);
    keys.keys = bf_alloc_zero(count * sizeof *keys.keys);
    bf_status s = keys.keys ? read_all(r, &keys, needs)
                            : BF_ERR_MEMORY;
    if (s == BF_OK) s = check_all_there(&keys, needs, path);
    bf_wire_close(r);
    if (s != BF_OK) {
        bf_eval_keys_clear(&keys);
        return s;
    }
    bf_eval_keys_clear(out);
    *out = keys;
    return BF_OK;
}
