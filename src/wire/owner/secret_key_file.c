#include "base/bytes.h"
#include "base/memory.h"
#include "wire/internal.h"
#include "wire/owner/owner_wire.h"
#include "wire/pack.h"

/* u32 weight, u32 0, then N coefficients of two bits. */
#define FIXED 8

static size_t payload_bytes(size_t n)
{
    return FIXED + n / 4;
}

static bf_status write_key(bf_frame_writer *w, const bf_secret_key *sk,
                           const char *note)
{
    const bf_params *p = bf_context_params(bf_secret_key_context(sk));
    size_t n = (size_t)1 << p->log_n, bytes = payload_bytes(n);
    BF_TRY(bf_wire_params_put(w, bf_one_ring(bf_secret_key_context(sk))));
    if (note)
        BF_TRY(bf_frame_write(w, BF_WIRE_JSON, BF_WIRE_NOTE, note,
                              strlen(note)));
    uint8_t *payload = bf_secret_alloc(bytes);
    if (!payload) return BF_ERR_MEMORY;
    bf_put_u32(payload, bf_secret_key_weight(sk));
    bf_put_u32(payload + 4, 0);
    bf_pack_ternary(payload + FIXED, bf_secret_key_coeffs(sk), n);
    bf_status s = bf_frame_write(w, BF_WIRE_SECRET_KEY_DATA, (bf_label){0},
                                 payload, bytes);
    bf_secret_free(payload);
    return s;
}

static bf_status prepare(bf_outfile **out, const char *path,
                         const bf_secret_key *sk, const char *note)
{
    const bf_context *ctx = bf_secret_key_context(sk);
    bf_frame_writer *w;
    bf_frame_header h;
    bf_wire_header_make(&h, BF_WIRE_SECRET_KEY, bf_one_ring(ctx),
                        (bf_wire_ids){.key_id = bf_secret_key_id(sk)});
    BF_TRY(bf_frame_create(&w, path, 0600, &h));
    bf_status s = write_key(w, sk, note);
    if (s == BF_OK) s = bf_frame_finish(out, NULL, w);
    else bf_frame_abort(w);
    bf_wipe_stack();
    return s;
}

bf_status bf_wire_prepare_secret_key(bf_outfile **out, const char *path,
                                     const bf_secret_key *sk)
{
    return prepare(out, path, sk, NULL);
}

bf_status bf_wire_write_secret_key(const char *path, const bf_secret_key *sk,
                                   const char *note)
{
    bf_outfile *f;
    BF_TRY(prepare(&f, path, sk, note));
    return bf_outfile_commit(f);
}

static bf_status read_record(bf_frame_reader *r, uint8_t *payload, size_t bytes)
{
    bf_frame_record rec;
    BF_TRY(bf_frame_next(r, &rec));
    if (bf_wire_is_note(rec.kind, rec.label)) BF_TRY(bf_frame_next(r, &rec));
    if (rec.kind != BF_WIRE_SECRET_KEY_DATA || rec.bytes != bytes)
        return bf_frame_fail_in(
            r, bf_fail(BF_ERR_FORMAT, "is not a secret key of this degree"));
    BF_TRY(bf_frame_read(r, payload));
    BF_TRY(bf_frame_next(r, &rec));
    if (rec.kind == BF_FRAME_END) return BF_OK;
    return bf_frame_fail_in(r, bf_fail(BF_ERR_FORMAT, "does not belong here"));
}

static bf_status import_key(bf_secret_key **out, const bf_context *ctx,
                            const uint8_t *payload, size_t n,
                            const uint8_t *id)
{
    if (bf_get_u32(payload + 4) != 0)
        return bf_fail(BF_ERR_FORMAT, "unknown flags of a key");
    int8_t *coeffs = bf_secret_alloc(n);
    if (!coeffs) return BF_ERR_MEMORY;
    bf_unpack_ternary(coeffs, payload + FIXED, n);
    bf_status s =
        bf_secret_key_import(out, ctx, coeffs, bf_get_u32(payload), id);
    bf_secret_free(coeffs);
    return s;
}

static bf_status read_key(bf_secret_key **out, bf_frame_reader *r,
                          const bf_context *ctx)
{
    size_t n = (size_t)1 << bf_context_params(ctx)->log_n;
    BF_TRY(bf_wire_header_check(r, BF_WIRE_SECRET_KEY, bf_one_ring(ctx),
                                (bf_wire_ids){0}));
    uint8_t *payload = bf_secret_alloc(payload_bytes(n));
    if (!payload) return BF_ERR_MEMORY;
    bf_status s = read_record(r, payload, payload_bytes(n));
    if (s == BF_OK) {
        s = import_key(out, ctx, payload, n, bf_frame_header_of(r)->key_id);
        if (s != BF_OK) s = bf_fail_in(s, "%s", bf_frame_reader_path(r));
    }
    bf_secret_free(payload);
    return s;
}

bf_status bf_wire_read_secret_key(bf_secret_key **out, const char *path,
                                  const bf_context *ctx)
{
    bf_frame_reader *r;
    BF_TRY(bf_frame_open(&r, path));
    bf_status s = read_key(out, r, ctx);
    bf_frame_close(r);
    bf_wipe_stack();
    return s;
}
