#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/parallel.h"
#include "wire/internal.h"
#include "wire/pack.h"

#define FLAG_SEEDED 1u

/* u16 limbs, u8 polys, u8 flags, u16 ring, u16 0, f64 scale, noise, bound, u64
 * seed index, seed[32]; then rows [limb][poly], of a seeded one poly 0 alone.
 */
static void encode_head(uint8_t out[BF_WIRE_CT_FIXED], const bf_ct *ct,
                        unsigned ring)
{
    memset(out, 0, BF_WIRE_CT_FIXED);
    bf_put_u16(out, (uint16_t)ct->limbs);
    out[2] = (uint8_t)ct->polys;
    out[3] = ct->seeded ? FLAG_SEEDED : 0;
    bf_put_u16(out + 4, (uint16_t)ring);
    bf_put_f64(out + 8, ct->scale);
    bf_put_f64(out + 16, ct->noise);
    bf_put_f64(out + 24, ct->bound);
    if (!ct->seeded) return;
    bf_put_u64(out + 32, ct->seed_index);
    memcpy(out + 40, ct->seed, BF_SEED_BYTES);
}

static size_t payload_bytes(const bf_params *p, unsigned limbs, unsigned polys,
                            bool seeded)
{
    bf_wire_rows rows;
    bf_wire_rows_make(&rows, p, limbs, false);
    return BF_WIRE_CT_FIXED + rows.at[limbs] * (seeded ? 1 : polys);
}

size_t bf_wire_ct_bytes(const bf_params *p, unsigned limbs, unsigned polys,
                        bool seeded)
{
    return BF_FRAME_RECORD_BYTES + BF_HASH_BYTES +
           payload_bytes(p, limbs, polys, seeded);
}

static bool good_number(double v)
{
    return isfinite(v) && v >= 0;
}

static bf_status check_shape(const bf_wire_ct_head *h, const bf_params *p)
{
    if (h->limbs < 1 || h->limbs > p->n_q || h->polys < 2 || h->polys > 3 ||
        (h->seeded && h->polys != 2))
        return bf_fail(BF_ERR_FORMAT,
                       "a ciphertext of %u limbs, %u polynomials%s", h->limbs,
                       h->polys, h->seeded ? ", seeded" : "");
    if (!good_number(h->scale) || h->scale == 0 || !good_number(h->noise) ||
        !good_number(h->bound))
        return bf_fail(BF_ERR_FORMAT, "scale %g, noise %g, bound %g", h->scale,
                       h->noise, h->bound);
    return BF_OK;
}

bf_status bf_wire_ct_head_decode(bf_wire_ct_head *h,
                                 const uint8_t in[BF_WIRE_CT_FIXED],
                                 uint64_t bytes, const bf_params *p)
{
    static const uint8_t zero[8 + BF_SEED_BYTES];
    *h = (bf_wire_ct_head){
        .ring = bf_wire_ct_ring(in),
        .limbs = bf_get_u16(in),
        .polys = in[2],
        .seeded = in[3] == FLAG_SEEDED,
        .scale = bf_get_f64(in + 8),
        .noise = bf_get_f64(in + 16),
        .bound = bf_get_f64(in + 24),
        .seed_index = bf_get_u64(in + 32),
    };
    memcpy(h->seed, in + 40, BF_SEED_BYTES);
    if (in[3] > FLAG_SEEDED || bf_get_u16(in + 6) != 0 ||
        (!h->seeded && memcmp(in + 32, zero, sizeof zero) != 0))
        return bf_fail(BF_ERR_FORMAT, "unknown flags of a ciphertext");
    BF_TRY(check_shape(h, p));
    size_t want = payload_bytes(p, h->limbs, h->polys, h->seeded);
    if (bytes != want)
        return bf_fail(BF_ERR_FORMAT, "%llu bytes, this ciphertext has %zu",
                       (unsigned long long)bytes, want);
    return BF_OK;
}

/* ---- writing ------------------------------------------------------------ */

static bf_status check_for_writing(const bf_wire_writer *w, const bf_ct *ct,
                                   unsigned *ring)
{
    if (!bf_wire_holds(w->type, BF_WIRE_CIPHERTEXT))
        return bf_fail(BF_ERR_ARGUMENT, "%s: no place for ciphertexts",
                       bf_frame_writer_path(w->frame));
    if (!ct->data)
        return bf_fail(BF_ERR_ARGUMENT, "a ciphertext without data");
    bf_status s = bf_wire_ring_number(ring, w->rings, ct->ctx);
    if (s != BF_OK)
        return bf_fail_in(s, "%s: a ciphertext",
                          bf_frame_writer_path(w->frame));
    bf_wire_ct_head h = {.limbs = ct->limbs, .polys = ct->polys,
                         .seeded = ct->seeded, .scale = ct->scale,
                         .noise = ct->noise, .bound = ct->bound};
    s = check_shape(&h, bf_context_params(ct->ctx));
    return s == BF_OK ? s : bf_fail(BF_ERR_ARGUMENT, "%s", bf_last_error());
}

typedef struct pack_job {
    bf_wire_rows rows;
    const bf_ct *ct;
    unsigned polys; /* packed */
    size_t n;
    uint8_t *out;
} pack_job;

static bf_status pack_row(void *user, size_t i)
{
    const pack_job *job = user;
    unsigned limb = (unsigned)i / job->polys, poly = (unsigned)i % job->polys;
    size_t at = bf_wire_row_at(&job->rows, limb, poly, job->polys);
    return bf_pack_row(job->out + at, bf_ct_limb(job->ct, poly, limb, job->n),
                       job->n, job->rows.prime[limb]);
}

bf_status bf_wire_put_ct(bf_wire_writer *w, bf_label label, const bf_ct *ct)
{
    unsigned ring;
    BF_TRY(check_for_writing(w, ct, &ring));
    const bf_params *p = bf_context_params(ct->ctx);
    size_t bytes = payload_bytes(p, ct->limbs, ct->polys, ct->seeded);
    BF_TRY(bf_buffer_need(&w->scratch, bytes));
    encode_head(w->scratch.data, ct, ring);
    pack_job job = {.ct = ct, .polys = ct->seeded ? 1 : ct->polys,
                    .n = (size_t)1 << p->log_n,
                    .out = w->scratch.data + BF_WIRE_CT_FIXED};
    bf_wire_rows_make(&job.rows, p, ct->limbs, false);
    BF_TRY(bf_parallel_for((size_t)ct->limbs * job.polys, false, pack_row,
                           &job));
    return bf_frame_write(w->frame, BF_WIRE_CIPHERTEXT, label, w->scratch.data,
                          bytes);
}

/* ---- reading ------------------------------------------------------------ */

typedef struct unpack_job {
    bf_wire_rows rows;
    const bf_wire_ct_head *head;
    bf_ct *ct;
    size_t n;
    const uint8_t *in;
} unpack_job;

static bf_status unpack_row(void *user, size_t i)
{
    const unpack_job *job = user;
    const bf_wire_ct_head *h = job->head;
    unsigned limb = (unsigned)i / h->polys, poly = (unsigned)i % h->polys;
    unsigned packed = h->seeded ? 1 : h->polys;
    double *row = bf_ct_limb(job->ct, poly, limb, job->n);
    if (poly >= packed) {
        bf_expand_a(job->ct->ctx, h->seed, h->seed_index, 0, limb, row);
        return BF_OK;
    }
    size_t at = bf_wire_row_at(&job->rows, limb, poly, packed);
    return bf_unpack_row(row, job->in + at, job->n, job->rows.prime[limb]);
}

/* The lowest limbs of the record, as many as ct has. */
static bf_status unpack_rows(bf_ct *ct, const bf_wire_ct_head *h,
                             const uint8_t *in)
{
    const bf_params *p = bf_context_params(ct->ctx);
    unpack_job job = {.head = h, .ct = ct, .n = (size_t)1 << p->log_n,
                      .in = in};
    bf_wire_rows_make(&job.rows, p, ct->limbs, false);
    return bf_parallel_for((size_t)ct->limbs * h->polys, false, unpack_row,
                           &job);
}

static bf_status decode(bf_wire_ct_head *h, const bf_context **ctx,
                        bf_rings rings, const uint8_t *in, uint64_t bytes)
{
    if (bytes < BF_WIRE_CT_FIXED)
        return bf_fail(BF_ERR_FORMAT, "too short for a ciphertext");
    BF_TRY(bf_wire_ring(ctx, rings, bf_wire_ct_ring(in)));
    return bf_wire_ct_head_decode(h, in, bytes, bf_context_params(*ctx));
}

static void take_head(bf_ct *out, const bf_wire_ct_head *h)
{
    out->scale = h->scale;
    out->noise = h->noise;
    out->bound = h->bound;
    out->seeded = h->seeded;
    out->seed_index = h->seed_index;
    memcpy(out->seed, h->seed, sizeof out->seed);
}

static bf_status unpack(bf_ct *out, bf_rings rings, const uint8_t *in,
                        uint64_t bytes)
{
    const bf_context *ctx;
    bf_wire_ct_head h;
    BF_TRY(decode(&h, &ctx, rings, in, bytes));
    BF_TRY(bf_ct_reserve(out, ctx, h.limbs, h.polys));
    bf_status s = unpack_rows(out, &h, in + BF_WIRE_CT_FIXED);
    if (s != BF_OK) {
        bf_ct_clear(out);
        return s;
    }
    take_head(out, &h);
    return BF_OK;
}

/* All rows that are not seeds. */
static bf_status check_rows(const bf_params *p, const bf_wire_ct_head *h,
                            const uint8_t *in)
{
    size_t n = (size_t)1 << p->log_n;
    unsigned packed = h->seeded ? 1 : h->polys;
    bf_wire_rows rows;
    bf_wire_rows_make(&rows, p, h->limbs, false);
    for (unsigned i = 0; i < h->limbs * packed; i++) {
        size_t at = bf_wire_row_at(&rows, i / packed, i % packed, packed);
        BF_TRY(bf_check_row(in + at, n, rows.prime[i / packed]));
    }
    return BF_OK;
}

bf_status bf_wire_describe_ct(bf_ct *out, bf_rings rings,
                              const bf_packed_ct *packed)
{
    const bf_context *ctx;
    bf_wire_ct_head h;
    BF_TRY(decode(&h, &ctx, rings, packed->data, packed->bytes));
    BF_TRY(check_rows(bf_context_params(ctx), &h,
                      packed->data + BF_WIRE_CT_FIXED));
    bf_ct_clear(out);
    *out = (bf_ct){.ctx = ctx, .limbs = h.limbs, .polys = h.polys};
    take_head(out, &h);
    return BF_OK;
}

bf_status bf_wire_fill_ct(bf_ct *out, const bf_packed_ct *packed)
{
    bf_wire_ct_head h;
    BF_TRY(bf_wire_ct_head_decode(&h, packed->data, packed->bytes,
                                  bf_context_params(out->ctx)));
    if (out->limbs > h.limbs || out->polys != h.polys)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%u limbs, %u polynomials of a packed ciphertext of %u "
                       "and %u",
                       out->limbs, out->polys, h.limbs, h.polys);
    return unpack_rows(out, &h, packed->data + BF_WIRE_CT_FIXED);
}

static bf_status ct_payload(bf_wire_reader *r, const uint8_t **in)
{
    size_t most = 0;
    for (unsigned i = 0; i < r->rings.count; i++) {
        const bf_params *p = bf_context_params(r->rings.ring[i]);
        size_t bytes = payload_bytes(p, p->n_q, 3, false);
        if (bytes > most) most = bytes;
    }
    return bf_wire_payload(r, BF_WIRE_CIPHERTEXT, most, in);
}

bf_status bf_wire_get_ct(bf_wire_reader *r, bf_ct *out)
{
    const uint8_t *in;
    BF_TRY(ct_payload(r, &in));
    bf_status s = unpack(out, r->rings, in, r->item.bytes);
    return s == BF_OK ? BF_OK : bf_frame_fail_in(r->frame, s);
}

bf_status bf_wire_get_packed_ct(bf_wire_reader *r, bf_packed_ct *out)
{
    const uint8_t *in;
    bf_buffer spare = {out->data, out->capacity};
    BF_TRY(ct_payload(r, &in));
    *out = (bf_packed_ct){r->scratch.data, (size_t)r->item.bytes,
                          r->scratch.capacity};
    r->scratch = spare;
    return BF_OK;
}

bf_status bf_wire_unpack_ct(bf_ct *out, bf_rings rings,
                            const bf_packed_ct *packed)
{
    return unpack(out, rings, packed->data, packed->bytes);
}
