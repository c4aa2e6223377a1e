#include "train/import.h"

#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "train/inputs.h"
#include "train/upload.h"

bf_key_need bf_import_need(const bf_job *job, unsigned k)
{
    const bf_circuit *c = bf_job_circuit(job);
    unsigned limbs = 0;
    for (int kind = 0; kind < BF_INPUT_KINDS; kind++) {
        unsigned its = c->input(job, (bf_input_kind)kind).limbs;
        if (c->inputs(job, (bf_input_kind)kind) && its > limbs) limbs = its;
    }
    return (bf_key_need){{BF_KEY_IMPORT, 0, k}, limbs};
}

/* Inputs are read and verified in order, a few per thread, then imported in
 * parallel. */
enum { BATCH_PER_THREAD = 2 };

/* An owner's upload; item is its next item. */
typedef struct source {
    bf_wire_reader *wire;
    bf_wire_item item;
    const char *path;
} source;

/* The parts of an input, of most inputs one. Memory of a part serves the parts
 * of later inputs, whoever owns them. */
typedef struct input_parts {
    unsigned count;
    bf_packed_input *part;         /* [owners] */
    unsigned owner[BF_OWNERS_MAX]; /* of each part */
    bf_ct *sum;
} input_parts;

typedef struct joining {
    const bf_import_options *o;
    bf_eval *ev;
    source *source; /* [owners] */
    bf_ct *inputs;
    size_t room, filled;
    input_parts *batch; /* [room] */
} joining;

/* ---- computing ----------------------------------------------------------- */

/* In the memory of *out, which is not an evaluator's. */
static bf_status import_part(const joining *m, bf_ct *out,
                             const input_parts *in, unsigned i)
{
    unsigned k = in->owner[i];
    BF_TRY(bf_input_unpack(out, m->o->job, bf_one_ring(m->o->ctx),
                           &in->part[i], m->o->uploads[k].path));
    return bf_import(m->ev, out, out, k);
}

/* sum += part, of the same limbs. */
static bf_status add_part(const joining *m, bf_ct *sum, const bf_ct *part)
{
    bf_ct both = {0};
    BF_TRY(bf_add(m->ev, &both, sum, part));
    memcpy(sum->data, both.data, sum->bytes);
    sum->noise = both.noise;
    bf_eval_release(m->ev, &both);
    return BF_OK;
}

static bf_status import_one(void *user, size_t i)
{
    const joining *m = user;
    const input_parts *in = &m->batch[i];
    bf_ct part = {0};
    bf_status status;
    BF_GOTO(import_part(m, in->sum, in, 0), done);
    for (unsigned j = 1; j < in->count; j++) {
        BF_GOTO(import_part(m, &part, in, j), done);
        BF_GOTO(add_part(m, in->sum, &part), done);
    }
done:
    bf_ct_clear(&part);
    return status;
}

static bf_status import_batch(joining *m)
{
    BF_TRY(bf_check_interrupt());
    BF_TRY(bf_parallel_for(m->filled, false, import_one, m));
    m->filled = 0;
    return BF_OK;
}

/* ---- reading ------------------------------------------------------------- */

static bf_status next_item(source *s)
{
    BF_TRY(bf_wire_next(s->wire, &s->item));
    if (s->item.kind == BF_FRAME_END || s->item.kind == BF_WIRE_CIPHERTEXT)
        return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: a record that is no input", s->path);
}

static bool is_next(const source *s, bf_label label)
{
    return s->item.kind == BF_WIRE_CIPHERTEXT &&
           s->item.label.kind == label.kind &&
           s->item.label.index == label.index;
}

/* Other ranks read and verify the parts that this one passes over. */
static bf_status read_parts(joining *m, bf_ct *sum, bf_label label)
{
    input_parts *in = &m->batch[m->filled];
    bf_input_kind kind = (bf_input_kind)(label.kind - BF_UPLOAD_INPUT);
    bool wanted = bf_job_circuit(m->o->job)->has(m->o->job, m->o->ranks, kind,
                                                 label.index);
    in->sum = sum;
    in->count = 0;
    for (unsigned k = 0; k < m->o->owners; k++) {
        source *s = &m->source[k];
        if (!is_next(s, label)) continue;
        bf_packed_input *part = &in->part[in->count];
        in->owner[in->count++] = k;
        part->kind = kind;
        part->index = label.index;
        if (wanted) BF_TRY(bf_wire_get_packed_ct(s->wire, &part->ct));
        BF_TRY(next_item(s));
    }
    if (in->count == 0)
        return bf_fail(BF_ERR_FORMAT,
                       "%s and others: no part of input %llu of "
                       "kind %u",
                       m->o->uploads[0].path,
                       (unsigned long long)label.index + 1, label.kind);
    if (wanted) m->filled++;
    return BF_OK;
}

static bf_status open_sources(joining *m)
{
    uint8_t data_id[BF_HASH_BYTES];
    bf_job_data_id(m->o->job, data_id);
    for (unsigned k = 0; k < m->o->owners; k++) {
        const bf_owner_upload *u = &m->o->uploads[k];
        source *s = &m->source[k];
        s->path = u->path;
        BF_TRY(bf_wire_open(&s->wire, u->path, BF_WIRE_UPLOAD,
                            bf_one_ring(m->o->ctx),
                            (bf_wire_ids){u->key_id, m->o->job_id, data_id}));
        BF_TRY(next_item(s));
    }
    return BF_OK;
}

static bf_status check_ends(const joining *m, bf_upload_digests *digests)
{
    uint8_t all[BF_OWNERS_MAX][BF_HASH_BYTES];
    for (unsigned k = 0; k < m->o->owners; k++) {
        const source *s = &m->source[k];
        if (s->item.kind != BF_FRAME_END)
            return bf_fail(BF_ERR_FORMAT,
                           "%s: a part doubled, out of order, or "
                           "of no input",
                           s->path);
        memcpy(all[k], bf_wire_digest(s->wire), BF_HASH_BYTES);
    }
    bf_upload_digests_combine(digests->all, all, m->o->owners);
    memcpy(digests->rows, digests->all, BF_HASH_BYTES);
    return BF_OK;
}

static bf_status import_all(joining *m, bf_upload_digests *digests)
{
    size_t count = bf_job_inputs(m->o->job);
    BF_TRY(open_sources(m));
    for (size_t i = 0; i < count; i++) {
        bf_label label;
        label.kind =
            BF_UPLOAD_INPUT + bf_job_input_kind(m->o->job, i, &label.index);
        BF_TRY(read_parts(m, &m->inputs[i], label));
        if (m->filled == m->room) BF_TRY(import_batch(m));
        bf_report("read uploads", (double)(i + 1), (double)count);
    }
    BF_TRY(import_batch(m));
    return check_ends(m, digests);
}

/* ---- the whole ----------------------------------------------------------- */

static bf_status make_room(joining *m)
{
    unsigned owners = m->o->owners;
    m->room = (size_t)BATCH_PER_THREAD * bf_env_threads(NULL);
    m->source = bf_alloc_zero(owners * sizeof *m->source);
    m->batch = bf_alloc_zero(m->room * sizeof *m->batch);
    if (!m->source || !m->batch) return BF_ERR_MEMORY;
    for (size_t i = 0; i < m->room; i++) {
        input_parts *in = &m->batch[i];
        in->part = bf_alloc_zero(owners * sizeof *in->part);
        if (!in->part) return BF_ERR_MEMORY;
    }
    return BF_OK;
}

static void clear(joining *m)
{
    for (size_t i = 0; m->batch && i < m->room; i++) {
        input_parts *in = &m->batch[i];
        for (unsigned k = 0; in->part && k < m->o->owners; k++)
            bf_free(in->part[k].ct.data);
        bf_free(in->part);
    }
    for (unsigned k = 0; m->source && k < m->o->owners; k++)
        bf_wire_close(m->source[k].wire);
    bf_free(m->batch);
    bf_free(m->source);
    bf_eval_destroy(m->ev);
}

bf_status bf_import_inputs(bf_ct *inputs, bf_upload_digests *digests,
                           const bf_import_options *o)
{
    joining m = {.o = o, .inputs = inputs};
    bf_status status;
    BF_TRY(bf_eval_create(&m.ev, o->ctx, o->keys));
    BF_GOTO(make_room(&m), done);
    status = import_all(&m, digests);
done:
    clear(&m);
    return status;
}
