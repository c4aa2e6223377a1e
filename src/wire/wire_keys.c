#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "wire/internal.h"
#include "wire/pack.h"

/* The number of halves in a file. */
static unsigned halves_of(bf_key_a a)
{
    return a == BF_KEY_A_WHOLE ? 2 : 1;
}

static size_t payload_bytes(const bf_params *p, unsigned limbs, bf_key_a a)
{
    bf_wire_rows rows;
    bf_wire_rows_make(&rows, p, limbs, true);
    return BF_WIRE_SWITCH_KEY_FIXED +
           bf_params_digits(p, limbs) * rows.at[rows.count] * halves_of(a);
}

size_t bf_wire_switch_key_bytes(const bf_params *p, unsigned limbs, bool whole)
{
    return BF_FRAME_RECORD_BYTES + BF_HASH_BYTES +
           payload_bytes(p, limbs, whole ? BF_KEY_A_WHOLE : BF_KEY_A_SEED);
}

/* u16 use, u16 ring, u32 element, u16 limbs, u16 digits, u32 bf_key_a, u64 0,
 * u64 seed index, seed[32]; then rows [digit][modulus][b, and a of a whole
 * key], the moduli q_0.. then p_0... */
static void encode_head(uint8_t out[BF_WIRE_SWITCH_KEY_FIXED],
                        const bf_switch_key *key, unsigned ring)
{
    memset(out, 0, BF_WIRE_SWITCH_KEY_FIXED);
    bf_put_u16(out, (uint16_t)key->name.use);
    bf_put_u16(out + 2, (uint16_t)ring);
    bf_put_u32(out + 4, key->name.element);
    bf_put_u16(out + 8, (uint16_t)key->limbs);
    bf_put_u16(out + 10, (uint16_t)key->digits);
    bf_put_u32(out + 12, (uint32_t)key->a);
    if (key->a != BF_KEY_A_SEED) return;
    bf_put_u64(out + 24, key->seed_index);
    memcpy(out + 32, key->seed, BF_SEED_BYTES);
}

/* The label of a key is its name, unique within a file but for use OTHER. */
static bf_label label_of(bf_key_name name, unsigned ring)
{
    return (bf_label){(uint32_t)name.use,
                      ((uint64_t)ring << 32) + name.element};
}

static bf_status check_shape(const bf_wire_key_head *h, const bf_params *p)
{
    if (h->name.use > BF_KEY_IMPORT)
        return bf_fail(BF_ERR_FORMAT, "a key of use %u", (unsigned)h->name.use);
    if (!bf_key_is_name(h->name, p->log_n))
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
    static const uint8_t zero[8 + BF_SEED_BYTES];
    uint32_t a = bf_get_u32(in + 12);
    *h = (bf_wire_key_head){
        .name = {(bf_key_use)bf_get_u16(in), bf_wire_key_ring(in),
                 bf_get_u32(in + 4)},
        .limbs = bf_get_u16(in + 8),
        .digits = bf_get_u16(in + 10),
        .a = (bf_key_a)a,
        .seed_index = bf_get_u64(in + 24)};
    memcpy(h->seed, in + 32, BF_SEED_BYTES);
    if (a > BF_KEY_A_APART || bf_get_u64(in + 16) != 0 ||
        (a != BF_KEY_A_SEED && memcmp(in + 24, zero, sizeof zero) != 0))
        return bf_fail(BF_ERR_FORMAT, "unknown flags of a key");
    BF_TRY(check_shape(h, p));
    size_t want = payload_bytes(p, h->limbs, h->a);
    if (bytes != want)
        return bf_fail(BF_ERR_FORMAT, "%llu bytes, this key has %zu",
                       (unsigned long long)bytes, want);
    return BF_OK;
}

/* ---- writing ------------------------------------------------------------ */

static bf_status check_for_writing(const bf_wire_writer *w,
                                   const bf_switch_key *key, unsigned *ring)
{
    if (!bf_wire_holds(w->type, BF_WIRE_SWITCH_KEY))
        return bf_fail(BF_ERR_ARGUMENT, "%s: no place for evaluation keys",
                       bf_frame_writer_path(w->frame));
    if (!key->data) return bf_fail(BF_ERR_ARGUMENT, "a key without data");
    bf_status s = bf_wire_ring_number(ring, w->rings, key->ctx);
    if (s != BF_OK)
        return bf_fail_in(s, "%s: a key", bf_frame_writer_path(w->frame));
    bf_wire_key_head h = {
        .name = key->name, .limbs = key->limbs, .digits = key->digits};
    s = check_shape(&h, bf_context_params(key->ctx));
    return s == BF_OK ? s : bf_fail(BF_ERR_ARGUMENT, "%s", bf_last_error());
}

/* Offset after the fixed part of half 0 (b) or 1 (a) of row m of a digit.
 */
static size_t row_at(const bf_wire_rows *rows, unsigned digit, unsigned m,
                     unsigned half, unsigned halves)
{
    return digit * rows->at[rows->count] * halves +
           bf_wire_row_at(rows, m, half, halves);
}

typedef struct pack_job {
    bf_wire_rows rows;
    const bf_params *params;
    const bf_switch_key *key;
    unsigned halves;
    uint8_t *out;
} pack_job;

static bf_status pack_row(void *user, size_t i)
{
    const pack_job *job = user;
    const bf_wire_rows *rows = &job->rows;
    const bf_switch_key *key = job->key;
    size_t n = (size_t)1 << job->params->log_n;
    unsigned half = (unsigned)i % job->halves, at = (unsigned)i / job->halves;
    unsigned digit = at / rows->count, m = at % rows->count;
    return bf_pack_row(job->out + row_at(rows, digit, m, half, job->halves),
                       bf_switch_key_limb(key, digit, m, half, n,
                                          job->params->n_p),
                       n, rows->prime[m]);
}

bf_status bf_wire_put_switch_key(bf_wire_writer *w, const bf_switch_key *key)
{
    unsigned ring;
    BF_TRY(check_for_writing(w, key, &ring));
    const bf_params *p = bf_context_params(key->ctx);
    size_t bytes = payload_bytes(p, key->limbs, key->a);
    BF_TRY(bf_buffer_need(&w->scratch, bytes));
    encode_head(w->scratch.data, key, ring);
    pack_job job = {.params = p, .key = key, .halves = halves_of(key->a),
                    .out = w->scratch.data + BF_WIRE_SWITCH_KEY_FIXED};
    bf_wire_rows_make(&job.rows, p, key->limbs, true);
    BF_TRY(bf_parallel_for((size_t)key->digits * job.rows.count * job.halves,
                           false, pack_row, &job));
    return bf_frame_write(w->frame, BF_WIRE_SWITCH_KEY,
                          label_of(key->name, ring), w->scratch.data, bytes);
}

static size_t count_keys(const bf_eval_keys *sets, unsigned count)
{
    size_t keys = 0;
    for (unsigned i = 0; i < count; i++) keys += sets[i].count;
    return keys;
}

bf_status bf_wire_put_eval_keys(bf_wire_writer *w, const bf_eval_keys *sets)
{
    size_t done = 0, all = count_keys(sets, w->rings.count);
    for (unsigned r = 0; r < w->rings.count; r++)
        for (size_t i = 0; i < sets[r].count; i++) {
            BF_TRY(bf_wire_put_switch_key(w, &sets[r].keys[i]));
            bf_report("write keys", (double)++done, (double)all);
        }
    return BF_OK;
}

bf_status bf_wire_prepare_eval_keys(bf_outfile **out, const char *path,
                                    const bf_eval_keys *sets, bf_rings rings,
                                    bf_wire_ids ids, bf_env *env)
{
    BF_UNDER(env);
    bf_wire_writer *w;
    ids.key_id = sets[0].key_id;
    BF_TRY(bf_wire_create(&w, path, BF_WIRE_EVAL_KEYS, rings, ids));
    bf_status s = bf_wire_put_eval_keys(w, sets);
    if (s == BF_OK) return bf_wire_finish(out, NULL, w);
    bf_wire_abort(w);
    return s;
}

bf_status bf_wire_write_eval_keys(const char *path, const bf_eval_keys *sets,
                                  bf_rings rings, bf_wire_ids ids,
                                  bf_env *env)
{
    BF_UNDER(env);
    bf_outfile *f;
    BF_TRY(bf_wire_prepare_eval_keys(&f, path, sets, rings, ids, NULL));
    return bf_outfile_commit(f);
}

/* ---- reading ------------------------------------------------------------ */

static bf_status reserve(bf_switch_key *key, const bf_context *ctx,
                         unsigned limbs)
{
    const bf_params *p = bf_context_params(ctx);
    if (key->data && key->ctx == ctx && key->limbs == limbs) return BF_OK;
    double *data = bf_alloc(bf_switch_key_data_bytes(p, limbs));
    if (!data) return BF_ERR_MEMORY;
    bf_switch_key_clear(key);
    *key = (bf_switch_key){.ctx = ctx, .limbs = limbs,
                           .digits = bf_params_digits(p, limbs), .data = data};
    return BF_OK;
}

typedef struct unpack_job {
    bf_wire_rows rows; /* of the record */
    const bf_params *params;
    const bf_wire_key_head *head;
    bf_switch_key *key;
    const uint8_t *in;
} unpack_job;

static bf_status unpack_row(void *user, size_t i)
{
    const unpack_job *job = user;
    const bf_wire_key_head *h = job->head;
    const bf_wire_rows *rows = &job->rows;
    const bf_params *p = job->params;
    bf_switch_key *key = job->key;
    size_t n = (size_t)1 << p->log_n;
    unsigned count = key->limbs + p->n_p;
    unsigned digit = (unsigned)i / count, m = (unsigned)i % count;
    bool special = m >= key->limbs;
    unsigned row = special ? h->limbs + m - key->limbs : m;
    double *b = bf_switch_key_limb(key, digit, m, 0, n, p->n_p);
    double *a = bf_switch_key_limb(key, digit, m, 1, n, p->n_p);
    BF_TRY(bf_unpack_row(b,
                         job->in + row_at(rows, digit, row, 0, halves_of(h->a)),
                         n, rows->prime[row]));
    if (h->a == BF_KEY_A_APART) {
        memset(a, 0, n * sizeof *a);
        return BF_OK;
    }
    if (h->a == BF_KEY_A_WHOLE)
        return bf_unpack_row(a, job->in + row_at(rows, digit, row, 1, 2), n,
                             rows->prime[row]);
    bf_expand_a(key->ctx, h->seed, h->seed_index, digit,
                special ? p->n_q + m - key->limbs : m, a);
    return BF_OK;
}

/* Unpacks the rows of the key's limbs from a record of at least as many limbs.
 */
static bf_status unpack_rows(bf_switch_key *key, const bf_wire_key_head *h,
                             const uint8_t *in)
{
    unpack_job job = {.params = bf_context_params(key->ctx), .head = h,
                      .key = key, .in = in};
    bf_wire_rows_make(&job.rows, job.params, h->limbs, true);
    return bf_parallel_for((size_t)key->digits *
                               (key->limbs + job.params->n_p),
                           false, unpack_row, &job);
}

static size_t longest_payload(bf_rings rings)
{
    size_t most = 0;
    for (unsigned i = 0; i < rings.count; i++) {
        const bf_params *p = bf_context_params(rings.ring[i]);
        size_t bytes = payload_bytes(p, p->n_q, BF_KEY_A_WHOLE);
        if (bytes > most) most = bytes;
    }
    return most;
}

static bf_status check_label(const bf_wire_item *item, bf_key_name name)
{
    bf_label want = label_of(name, name.ring);
    if (item->label.kind == want.kind && item->label.index == want.index)
        return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "label and name differ");
}

/* Reads the key at the given limbs, 0: all. For a key of fewer limbs, leaves
 * *out empty and stores the number in *found (may be NULL). */
static bf_status get_key(bf_wire_reader *r, bf_switch_key *out, unsigned limbs,
                         unsigned *found)
{
    const bf_context *ctx;
    const uint8_t *in;
    bf_wire_key_head h;
    BF_TRY(bf_wire_payload(r, BF_WIRE_SWITCH_KEY, longest_payload(r->rings),
                           &in));
    bf_status s = r->item.bytes < BF_WIRE_SWITCH_KEY_FIXED
                      ? bf_fail(BF_ERR_FORMAT, "too short for a key")
                      : bf_wire_ring(&ctx, r->rings, bf_wire_key_ring(in));
    if (s == BF_OK)
        s = bf_wire_key_head_decode(&h, in, r->item.bytes,
                                    bf_context_params(ctx));
    if (s == BF_OK) s = check_label(&r->item, h.name);
    if (s == BF_OK && limbs && h.a == BF_KEY_A_APART)
        s = bf_fail(BF_ERR_MISMATCH, "a share of %s, not the key",
                    bf_key_text(h.name));
    if (s == BF_OK && found) *found = h.limbs;
    if (s == BF_OK && h.limbs < limbs) return BF_OK;
    if (s == BF_OK) s = reserve(out, ctx, limbs ? limbs : h.limbs);
    if (s != BF_OK) return bf_frame_fail_in(r->frame, s);
    s = unpack_rows(out, &h, in + BF_WIRE_SWITCH_KEY_FIXED);
    if (s != BF_OK) {
        bf_switch_key_clear(out);
        return bf_frame_fail_in(r->frame, s);
    }
    out->name = h.name;
    out->a = h.a;
    out->seed_index = h.seed_index;
    memcpy(out->seed, h.seed, sizeof out->seed);
    return BF_OK;
}

bf_status bf_wire_get_switch_key(bf_wire_reader *r, bf_switch_key *out)
{
    return get_key(r, out, 0, NULL);
}

/* The keys to read, and their places: needs[i] goes into *at[i].key. */
typedef struct key_place {
    bf_switch_key *key;
    size_t file;    /* number of its file, from 1 */
    unsigned limbs; /* of the last such key found */
} key_place;

typedef struct key_reading {
    const bf_key_need *needs;
    size_t count;
    key_place *at;
    size_t file, done;
} key_reading;

/* The need that the current item serves; count: none. */
static size_t find_need(const key_reading *k, const bf_wire_item *item)
{
    size_t i = 0;
    for (; i < k->count; i++) {
        bf_label label = label_of(k->needs[i].name, k->needs[i].name.ring);
        if (label.kind == item->label.kind && label.index == item->label.index)
            break;
    }
    return i;
}

static bf_status read_needed(bf_wire_reader *r, key_reading *k, size_t i)
{
    key_place *at = &k->at[i];
    if (at->key->data)
        return bf_frame_fail_in(
            r->frame, bf_fail(BF_ERR_FORMAT, "%s again",
                              bf_key_text(k->needs[i].name)));
    BF_TRY(get_key(r, at->key, k->needs[i].limbs, &at->limbs));
    if (!at->key->data) return BF_OK;
    at->file = k->file;
    bf_report("read keys", (double)++k->done, (double)k->count);
    return BF_OK;
}

/* Skips keys that an earlier file had, and keys that are not needed. */
static bf_status read_all(bf_wire_reader *r, key_reading *k)
{
    bf_wire_item item;
    for (;;) {
        BF_TRY(bf_wire_next(r, &item));
        if (item.kind == BF_FRAME_END) return BF_OK;
        size_t i = item.kind == BF_WIRE_SWITCH_KEY ? find_need(k, &item)
                                                   : k->count;
        if (i == k->count || (k->at[i].file && k->at[i].file < k->file))
            BF_TRY(bf_frame_verify(r->frame, NULL, 0));
        else
            BF_TRY(read_needed(r, k, i));
    }
}

static bf_status check_all_there(const key_reading *k, const char *path)
{
    for (size_t i = 0; i < k->count; i++) {
        const key_place *at = &k->at[i];
        const char *name = bf_key_text(k->needs[i].name);
        if (at->key->data) continue;
        if (at->limbs)
            return bf_fail(BF_ERR_MISMATCH,
                           "%s: %s has %u limbs, %u are needed", path, name,
                           at->limbs, k->needs[i].limbs);
        return bf_fail(BF_ERR_MISMATCH, "%s: %s is missing", path, name);
    }
    return BF_OK;
}

/* Allocates a set for each ring, and assigns a place to each key. */
static bf_status make_room(bf_eval_keys *sets, key_reading *k, bf_rings rings)
{
    for (size_t i = 0; i < k->count; i++)
        if (k->needs[i].name.ring >= rings.count)
            return bf_fail(BF_ERR_ARGUMENT, "a key of ring %u of %u",
                           k->needs[i].name.ring, rings.count);
    for (unsigned r = 0; r < rings.count; r++) {
        size_t count = 0;
        for (size_t i = 0; i < k->count; i++)
            count += k->needs[i].name.ring == r;
        sets[r] = (bf_eval_keys){.ctx = rings.ring[r]};
        if (!count) continue;
        sets[r].keys = bf_alloc_zero(count * sizeof *sets[r].keys);
        if (!sets[r].keys) return BF_ERR_MEMORY;
        for (size_t i = 0; i < k->count; i++)
            if (k->needs[i].name.ring == r)
                k->at[i].key = &sets[r].keys[sets[r].count++];
    }
    return BF_OK;
}

/* All files must have the key id of the first file. */
static bf_status read_file(bf_eval_keys *sets, key_reading *k, const char *path,
                           bf_rings rings, bf_wire_ids ids)
{
    bf_wire_reader *r;
    bf_status s = BF_OK;
    if (k->file++) ids.key_id = sets[0].key_id;
    BF_TRY(bf_wire_open(&r, path, BF_WIRE_EVAL_KEYS, rings, ids));
    if (k->file == 1) s = make_room(sets, k, rings);
    for (unsigned i = 0; i < rings.count; i++)
        memcpy(sets[i].key_id, bf_wire_header(r)->key_id,
               sizeof sets[i].key_id);
    if (s == BF_OK) s = read_all(r, k);
    bf_wire_close(r);
    return s;
}

bf_status bf_wire_read_eval_keys(bf_eval_keys *sets, const char *const *paths,
                                 size_t path_count, bf_rings rings,
                                 bf_wire_ids ids, const bf_key_need *needs,
                                 size_t count, bf_env *env)
{
    BF_UNDER(env);
    bf_eval_keys made[BF_RINGS_MAX] = {{0}};
    key_reading k = {.needs = needs, .count = count};
    k.at = bf_alloc_zero((count ? count : 1) * sizeof *k.at);
    bf_status s = k.at ? BF_OK : BF_ERR_MEMORY;
    for (size_t i = 0; i < path_count && s == BF_OK; i++)
        s = read_file(made, &k, paths[i], rings, ids);
    if (s == BF_OK) s = check_all_there(&k, paths[path_count - 1]);
    bf_free(k.at);
    for (unsigned i = 0; i < rings.count; i++) {
        bf_eval_keys *old = s == BF_OK ? &sets[i] : &made[i];
        bf_eval_keys_clear(old);
        if (s == BF_OK) sets[i] = made[i];
    }
    return s;
}
