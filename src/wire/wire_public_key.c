#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "wire/internal.h"
#include "wire/pack.h"

/* Rows [limb of q][b|a] without a fixed part. */
static size_t payload_bytes(const bf_params *p)
{
    bf_wire_rows rows;
    bf_wire_rows_make(&rows, p, p->n_q, false);
    return 2 * rows.at[p->n_q];
}

size_t bf_wire_public_key_bytes(const bf_params *p)
{
    return BF_FRAME_RECORD_BYTES + BF_HASH_BYTES + payload_bytes(p);
}

/* A key's rows between memory and a record. */
typedef struct rows_job {
    bf_wire_rows rows;
    size_t n;
    double *data; /* [limb of q][b|a][N] */
    uint8_t *bytes;
} rows_job;

static bf_status pack_row(void *user, size_t i)
{
    const rows_job *job = user;
    size_t at = bf_wire_row_at(&job->rows, (unsigned)i / 2, i % 2, 2);
    return bf_pack_row(job->bytes + at, job->data + i * job->n, job->n,
                       job->rows.prime[i / 2]);
}

static bf_status unpack_row(void *user, size_t i)
{
    const rows_job *job = user;
    size_t at = bf_wire_row_at(&job->rows, (unsigned)i / 2, i % 2, 2);
    return bf_unpack_row(job->data + i * job->n, job->bytes + at, job->n,
                         job->rows.prime[i / 2]);
}

static bf_status put_key(bf_wire_writer *w, const bf_public_key *pk)
{
    const bf_params *p = bf_context_params(pk->ctx);
    size_t bytes = payload_bytes(p);
    BF_TRY(bf_buffer_need(&w->scratch, bytes));
    rows_job job = {.n = (size_t)1 << p->log_n, .data = pk->data,
                    .bytes = w->scratch.data};
    bf_wire_rows_make(&job.rows, p, p->n_q, false);
    BF_TRY(bf_parallel_for(2 * (size_t)p->n_q, false, pack_row, &job));
    return bf_frame_write(w->frame, BF_WIRE_PUBLIC_KEY_DATA, (bf_label){0},
                          w->scratch.data, bytes);
}

bf_status bf_wire_write_public_key(const char *path, const bf_public_key *pk,
                                   const char *note)
{
    bf_wire_writer *w;
    if (!pk->data) return bf_fail(BF_ERR_ARGUMENT, "a public key without data");
    BF_TRY(bf_wire_create(&w, path, BF_WIRE_PUBLIC_KEY, bf_one_ring(pk->ctx),
                          (bf_wire_ids){.key_id = pk->key_id}));
    bf_status s = bf_wire_put_note(w, note);
    if (s == BF_OK) s = put_key(w, pk);
    if (s == BF_OK) return bf_wire_commit(w);
    bf_wire_abort(w);
    return s;
}

static bf_status unpack_rows(double *data, const bf_params *p,
                             const uint8_t *in)
{
    rows_job job = {.n = (size_t)1 << p->log_n, .data = data,
                    .bytes = (uint8_t *)in};
    bf_wire_rows_make(&job.rows, p, p->n_q, false);
    return bf_parallel_for(2 * (size_t)p->n_q, false, unpack_row, &job);
}

static bf_status get_key(bf_wire_reader *r, double **data)
{
    const bf_params *p = bf_context_params(r->rings.ring[0]);
    const uint8_t *in;
    bf_wire_item item;
    size_t bytes = payload_bytes(p);
    BF_TRY(bf_wire_next_but_note(r, &item));
    BF_TRY(bf_wire_payload(r, BF_WIRE_PUBLIC_KEY_DATA, bytes, &in));
    if (item.bytes != bytes)
        return bf_frame_fail_in(r->frame,
                                bf_fail(BF_ERR_FORMAT, "too short for a key"));
    double *fresh =
        bf_alloc(((size_t)p->n_q * 2 << p->log_n) * sizeof *fresh);
    if (!fresh) return BF_ERR_MEMORY;
    bf_status s = unpack_rows(fresh, p, in);
    if (s != BF_OK) s = bf_frame_fail_in(r->frame, s);
    if (s == BF_OK) s = bf_wire_next(r, &item);
    if (s == BF_OK && item.kind != BF_FRAME_END)
        s = bf_frame_fail_in(r->frame,
                             bf_fail(BF_ERR_FORMAT, "does not belong here"));
    if (s != BF_OK) bf_free(fresh);
    else *data = fresh;
    return s;
}

bf_status bf_wire_read_public_key(bf_public_key *out, const char *path,
                                  const bf_context *ctx, bf_wire_ids ids)
{
    bf_wire_reader *r;
    bf_public_key pk = {.ctx = ctx};
    BF_TRY(bf_wire_open(&r, path, BF_WIRE_PUBLIC_KEY, bf_one_ring(ctx),
                        ids));
    memcpy(pk.key_id, bf_wire_header(r)->key_id, sizeof pk.key_id);
    bf_status s = get_key(r, &pk.data);
    bf_wire_close(r);
    if (s != BF_OK) return s;
    bf_public_key_clear(out);
    *out = pk;
    return BF_OK;
}
