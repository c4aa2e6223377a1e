#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "wire/internal.h"
#include "wire/pack.h"

#define FLAG_INSECURE 1u

/* u32 log_n, u16 n_q, u16 n_p, u32 digit_limbs, u32 flags, then the primes. */
static size_t encode_ring(uint8_t *out, const bf_params *p)
{
    uint8_t *at = out + BF_WIRE_PARAMS_FIXED;
    bf_put_u32(out, p->log_n);
    bf_put_u16(out + 4, (uint16_t)p->n_q);
    bf_put_u16(out + 6, (uint16_t)p->n_p);
    bf_put_u32(out + 8, p->digit_limbs);
    bf_put_u32(out + 12, p->insecure ? FLAG_INSECURE : 0);
    for (unsigned i = 0; i < p->n_q; i++, at += 8) bf_put_u64(at, p->q[i]);
    for (unsigned i = 0; i < p->n_p; i++, at += 8) bf_put_u64(at, p->p[i]);
    return (size_t)(at - out);
}

/* u32 number of rings, u32 0, then each ring. */
size_t bf_wire_params_encode(uint8_t out[BF_WIRE_PARAMS_MAX],
                             const bf_params *rings, unsigned count)
{
    size_t bytes = 8;
    bf_put_u32(out, count);
    bf_put_u32(out + 4, 0);
    for (unsigned i = 0; i < count; i++)
        bytes += encode_ring(out + bytes, &rings[i]);
    return bytes;
}

static bool prime_in_bounds(uint64_t p)
{
    return bf_bit_length(p) >= BF_PRIME_BITS_MIN &&
           bf_bit_length(p) <= BF_PRIME_BITS_MAX;
}

/* Decodes one ring from *in and advances *in. */
static bf_status decode_ring(bf_params *out, const uint8_t **in, size_t *bytes)
{
    const uint8_t *at = *in;
    bf_params p = {0};
    size_t size = 0;
    bool good = *bytes >= BF_WIRE_PARAMS_FIXED;
    if (good) {
        p.log_n = bf_get_u32(at);
        p.n_q = bf_get_u16(at + 4);
        p.n_p = bf_get_u16(at + 6);
        p.digit_limbs = bf_get_u32(at + 8);
        size = BF_WIRE_PARAMS_FIXED + 8 * (size_t)(p.n_q + p.n_p);
        good = p.log_n >= BF_LOG_N_MIN && p.log_n <= BF_LOG_N_MAX &&
               p.n_q >= 1 && p.n_q <= BF_MAX_Q && p.n_p <= BF_MAX_P &&
               p.digit_limbs >= 1 && p.digit_limbs <= p.n_q &&
               bf_get_u32(at + 12) <= FLAG_INSECURE && *bytes >= size;
    }
    if (!good) return bf_fail(BF_ERR_FORMAT, "parameters are out of bounds");
    p.insecure = bf_get_u32(at + 12) == FLAG_INSECURE;
    at += BF_WIRE_PARAMS_FIXED;
    for (unsigned i = 0; i < p.n_q + p.n_p; i++, at += 8) {
        uint64_t prime = bf_get_u64(at);
        if (!prime_in_bounds(prime))
            return bf_fail(BF_ERR_FORMAT, "modulus %u is out of bounds", i);
        if (i < p.n_q) p.q[i] = prime;
        else p.p[i - p.n_q] = prime;
    }
    *out = p;
    *in += size;
    *bytes -= size;
    return BF_OK;
}

bf_status bf_wire_params_decode(bf_wire_params *out, const uint8_t *in,
                                size_t bytes)
{
    bf_wire_params p = {0};
    if (bytes < 8 || bf_get_u32(in) < 1 || bf_get_u32(in) > BF_RINGS_MAX ||
        bf_get_u32(in + 4) != 0)
        return bf_fail(BF_ERR_FORMAT, "no such number of rings");
    p.count = bf_get_u32(in);
    in += 8;
    bytes -= 8;
    for (unsigned i = 0; i < p.count; i++)
        BF_TRY(decode_ring(&p.ring[i], &in, &bytes));
    if (bytes) return bf_fail(BF_ERR_FORMAT, "more than the parameters");
    *out = p;
    return BF_OK;
}

/* The parameters of contexts, as files hold them. */
static size_t encode_contexts(uint8_t out[BF_WIRE_PARAMS_MAX], bf_rings rings)
{
    bf_params p[BF_RINGS_MAX];
    for (unsigned i = 0; i < rings.count; i++)
        p[i] = *bf_context_params(rings.ring[i]);
    return bf_wire_params_encode(out, p, rings.count);
}

bool bf_wire_params_equal(const bf_wire_params *a, bf_rings b)
{
    uint8_t x[BF_WIRE_PARAMS_MAX], y[BF_WIRE_PARAMS_MAX];
    size_t n = bf_wire_params_encode(x, a->ring, a->count);
    return n == encode_contexts(y, b) && memcmp(x, y, n) == 0;
}

bf_status bf_wire_params_put(bf_frame_writer *w, bf_rings rings)
{
    uint8_t bytes[BF_WIRE_PARAMS_MAX];
    size_t n = encode_contexts(bytes, rings);
    return bf_frame_write(w, BF_WIRE_PARAMS, (bf_label){0}, bytes, n);
}

bf_status bf_wire_params_next(bf_frame_reader *r, bf_wire_params *out)
{
    bf_frame_record rec;
    uint8_t bytes[BF_WIRE_PARAMS_MAX];
    BF_TRY(bf_frame_next(r, &rec));
    if (rec.kind != BF_WIRE_PARAMS || rec.bytes > sizeof bytes)
        return bf_frame_fail_in(
            r, bf_fail(BF_ERR_FORMAT, "should hold the parameters"));
    BF_TRY(bf_frame_read(r, bytes));
    bf_status s = bf_wire_params_decode(out, bytes, (size_t)rec.bytes);
    return s == BF_OK ? s : bf_frame_fail_in(r, s);
}

bf_status bf_wire_read_params(bf_params *out, const char *path)
{
    bf_frame_reader *r;
    bf_wire_params p;
    BF_TRY(bf_frame_open(&r, path));
    bf_status s = bf_wire_params_next(r, &p);
    bf_frame_close(r);
    if (s == BF_OK) *out = p.ring[0];
    return s;
}

static bf_status read_note(bf_frame_reader *r, char **note)
{
    bf_frame_record rec;
    *note = NULL;
    BF_TRY(bf_frame_next(r, &rec));
    if (!bf_wire_is_note(rec.kind, rec.label)) return BF_OK;
    if (rec.bytes > BF_WIRE_NOTE_MAX)
        return bf_frame_fail_in(r, bf_fail(BF_ERR_FORMAT, "too long a note"));
    size_t bytes = (size_t)rec.bytes;
    char *text = bf_alloc(bytes + 1);
    if (!text) return BF_ERR_MEMORY;
    bf_status s = bf_frame_read(r, text);
    text[bytes] = 0;
    if (s == BF_OK)
        *note = text;
    else
        bf_free(text);
    return s;
}

bf_status bf_wire_read_noted(bf_params *out, char **note, const char *path)
{
    bf_frame_reader *r;
    bf_wire_params p;
    BF_TRY(bf_frame_open(&r, path));
    bf_status s = bf_wire_params_next(r, &p);
    if (s == BF_OK) s = read_note(r, note);
    bf_frame_close(r);
    if (s == BF_OK) *out = p.ring[0];
    return s;
}

bf_status bf_wire_ring_number(unsigned *out, bf_rings rings,
                              const bf_context *ctx)
{
    for (unsigned i = 0; i < rings.count; i++)
        if (memcmp(bf_context_hash(ctx), bf_context_hash(rings.ring[i]),
                   BF_HASH_BYTES) == 0) {
            *out = i;
            return BF_OK;
        }
    return bf_fail(BF_ERR_MISMATCH, "of other parameters than its file");
}

bf_status bf_wire_ring(const bf_context **out, bf_rings rings, unsigned number)
{
    if (number >= rings.count)
        return bf_fail(BF_ERR_FORMAT, "ring %u of %u", number, rings.count);
    *out = rings.ring[number];
    return BF_OK;
}

void bf_wire_rows_make(bf_wire_rows *rows, const bf_params *p, unsigned limbs,
                       bool special)
{
    size_t n = (size_t)1 << p->log_n;
    rows->count = limbs + (special ? p->n_p : 0);
    rows->at[0] = 0;
    for (unsigned i = 0; i < rows->count; i++) {
        rows->prime[i] = i < limbs ? p->q[i] : p->p[i - limbs];
        rows->at[i + 1] = rows->at[i] + bf_row_bytes(n, rows->prime[i]);
    }
}

bf_status bf_buffer_need(bf_buffer *b, size_t bytes)
{
    if (b->capacity >= bytes) return BF_OK;
    uint8_t *wider = bf_alloc(bytes);
    if (!wider) return BF_ERR_MEMORY;
    bf_free(b->data);
    *b = (bf_buffer){.data = wider, .capacity = bytes};
    return BF_OK;
}
