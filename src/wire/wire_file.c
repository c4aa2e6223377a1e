/* Headers, and the items of a file in order. */
#include <sodium.h>
#include <string.h>

#include "base/memory.h"
#include "wire/internal.h"

const char *bf_wire_type_name(unsigned type)
{
    switch ((bf_wire_type)type) {
    case BF_WIRE_SECRET_KEY: return "secret key";
    case BF_WIRE_EVAL_KEYS: return "evaluation keys";
    case BF_WIRE_PUBLIC_KEY: return "public key";
    case BF_WIRE_UPLOAD: return "upload";
    case BF_WIRE_MODEL: return "encrypted model";
    case BF_WIRE_CHECKPOINT: return "checkpoint";
    }
    return "unknown";
}

bool bf_wire_holds(unsigned type, uint32_t kind)
{
    bool json = kind == BF_WIRE_JSON;
    switch ((bf_wire_type)type) {
    case BF_WIRE_SECRET_KEY: return json || kind == BF_WIRE_SECRET_KEY_DATA;
    case BF_WIRE_EVAL_KEYS: return json || kind == BF_WIRE_SWITCH_KEY;
    case BF_WIRE_PUBLIC_KEY: return json || kind == BF_WIRE_PUBLIC_KEY_DATA;
    case BF_WIRE_UPLOAD:
    case BF_WIRE_MODEL:
    case BF_WIRE_CHECKPOINT: return json || kind == BF_WIRE_CIPHERTEXT;
    }
    return false;
}

/* ---- headers ------------------------------------------------------------ */

void bf_wire_rings_hash(bf_rings rings, uint8_t out[BF_HASH_BYTES])
{
    uint8_t all[BF_RINGS_MAX * BF_HASH_BYTES];
    for (unsigned i = 0; i < rings.count; i++)
        memcpy(all + i * BF_HASH_BYTES, bf_context_hash(rings.ring[i]),
               BF_HASH_BYTES);
    bf_hash(all, rings.count * BF_HASH_BYTES, out);
}

void bf_wire_header_make(bf_frame_header *h, bf_wire_type type,
                         bf_rings rings, bf_wire_ids ids)
{
    *h = (bf_frame_header){.type = (uint16_t)type};
    bf_wire_rings_hash(rings, h->context);
    if (ids.key_id) memcpy(h->key_id, ids.key_id, sizeof h->key_id);
    if (ids.job_id) memcpy(h->job_id, ids.job_id, sizeof h->job_id);
    if (ids.data_id) memcpy(h->data_id, ids.data_id, sizeof h->data_id);
}

/* The first bytes of an id, for messages. */
static const char *brief(char out[17], const uint8_t *id)
{
    return sodium_bin2hex(out, 17, id, 8);
}

static bf_status check_id(const char *path, const char *what,
                          const uint8_t *found, const uint8_t *wanted,
                          size_t bytes)
{
    char a[17], b[17];
    if (!wanted || memcmp(found, wanted, bytes) == 0) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH, "%s: of another %s (%s..., wanted %s...)",
                   path, what, brief(a, found), brief(b, wanted));
}

bf_status bf_wire_check_key(const char *path, const uint8_t *found,
                            const uint8_t *wanted)
{
    return check_id(path, "key", found, wanted, BF_KEY_ID_BYTES);
}

bf_status bf_wire_check_data(const char *path, const uint8_t *found,
                             const uint8_t *wanted)
{
    return check_id(path, "data set", found, wanted, BF_HASH_BYTES);
}

bf_status bf_wire_check_upload(const char *path, const uint8_t *found,
                               const uint8_t *wanted)
{
    return check_id(path, "upload", found, wanted, BF_HASH_BYTES);
}

/* An editor or transfer that rewrites the text changes the job id. */
bf_status bf_wire_check_job(const char *path, const uint8_t *found,
                            const uint8_t *wanted)
{
    char a[17], b[17];
    if (!wanted || memcmp(found, wanted, BF_HASH_BYTES) == 0) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "%s: of another job (%s..., wanted %s...), or job.json has "
                   "changed: its id is made of every byte, line ends included",
                   path, brief(a, found), brief(b, wanted));
}

bf_status bf_wire_header_check(bf_frame_reader *r, bf_wire_type type,
                               bf_rings rings, bf_wire_ids ids)
{
    const char *path = bf_frame_reader_path(r);
    const bf_frame_header *h = bf_frame_header_of(r);
    uint8_t wanted[BF_HASH_BYTES];
    bf_wire_params params;
    bf_wire_rings_hash(rings, wanted);
    if (h->type != type)
        return bf_fail(BF_ERR_MISMATCH, "%s: holds: %s; wanted: %s", path,
                       bf_wire_type_name(h->type), bf_wire_type_name(type));
    BF_TRY(check_id(path, "parameter set", h->context, wanted,
                    sizeof h->context));
    BF_TRY(bf_wire_check_key(path, h->key_id, ids.key_id));
    BF_TRY(bf_wire_check_data(path, h->data_id, ids.data_id));
    BF_TRY(bf_wire_check_job(path, h->job_id, ids.job_id));
    BF_TRY(bf_wire_params_next(r, &params));
    if (!bf_wire_params_equal(&params, rings))
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: its parameters are not those in use", path);
    return BF_OK;
}

/* ---- writing ------------------------------------------------------------ */

bf_status bf_wire_create(bf_wire_writer **out, const char *path,
                         bf_wire_type type, bf_rings rings, bf_wire_ids ids)
{
    if (type < BF_WIRE_EVAL_KEYS || type > BF_WIRE_CHECKPOINT)
        return bf_fail(BF_ERR_ARGUMENT, "%s: no file of type %d", path,
                       (int)type);
    bf_wire_writer *w = bf_alloc_zero(sizeof *w);
    if (!w) return bf_fail_in(BF_ERR_MEMORY, "%s", path);
    bf_frame_header h;
    bf_wire_header_make(&h, type, rings, ids);
    w->type = type;
    w->rings = rings;
    bf_status s = bf_frame_create(&w->frame, path, 0644, &h);
    if (s == BF_OK) s = bf_wire_params_put(w->frame, rings);
    if (s != BF_OK) {
        bf_wire_abort(w);
        return s;
    }
    *out = w;
    return BF_OK;
}

bf_status bf_wire_put_json(bf_wire_writer *w, bf_label label, const char *text,
                           size_t bytes)
{
    if (!bf_wire_holds(w->type, BF_WIRE_JSON))
        return bf_fail(BF_ERR_ARGUMENT, "%s: no place for texts",
                       bf_frame_writer_path(w->frame));
    if (bytes > BF_WIRE_JSON_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%s: a text of %zu bytes, over %zu",
                       bf_frame_writer_path(w->frame), bytes, BF_WIRE_JSON_MAX);
    return bf_frame_write(w->frame, BF_WIRE_JSON, label, text, bytes);
}

bf_status bf_wire_put_note(bf_wire_writer *w, const char *note)
{
    if (!note) return BF_OK;
    return bf_wire_put_json(w, BF_WIRE_NOTE, note, strlen(note));
}

bf_status bf_wire_finish(bf_outfile **out, uint8_t digest[BF_HASH_BYTES],
                         bf_wire_writer *w)
{
    bf_status s = bf_frame_finish(out, digest, w->frame);
    w->frame = NULL;
    bf_wire_abort(w);
    return s;
}

bf_status bf_wire_commit(bf_wire_writer *w)
{
    bf_outfile *f;
    BF_TRY(bf_wire_finish(&f, NULL, w));
    return bf_outfile_commit(f);
}

void bf_wire_abort(bf_wire_writer *w)
{
    if (!w) return;
    bf_frame_abort(w->frame);
    bf_free(w->scratch.data);
    bf_free(w);
}

/* ---- reading ------------------------------------------------------------ */

/* Takes ownership of the frame, also on failure. */
static bf_status open_items(bf_wire_reader **out, bf_frame_reader *frame,
                            bf_wire_type type, bf_rings rings, bf_wire_ids ids)
{
    bf_wire_reader *r = bf_alloc_zero(sizeof *r);
    if (!r) {
        bf_frame_close(frame);
        return BF_ERR_MEMORY;
    }
    r->frame = frame;
    r->rings = rings;
    bf_status s = bf_wire_header_check(frame, type, rings, ids);
    if (s != BF_OK) {
        bf_wire_close(r);
        return s;
    }
    *out = r;
    return BF_OK;
}

bf_status bf_wire_open(bf_wire_reader **out, const char *path,
                       bf_wire_type type, bf_rings rings, bf_wire_ids ids)
{
    bf_frame_reader *frame;
    BF_TRY(bf_frame_open(&frame, path));
    return open_items(out, frame, type, rings, ids);
}

bf_status bf_wire_open_fd(bf_wire_reader **out, int fd, const char *name,
                          bf_wire_type type, bf_rings rings, bf_wire_ids ids)
{
    bf_frame_reader *frame;
    BF_TRY(bf_frame_open_fd(&frame, fd, name));
    return open_items(out, frame, type, rings, ids);
}

void bf_wire_close(bf_wire_reader *r)
{
    if (!r) return;
    bf_frame_close(r->frame);
    bf_free(r->scratch.data);
    bf_free(r);
}

const bf_frame_header *bf_wire_header(const bf_wire_reader *r)
{
    return bf_frame_header_of(r->frame);
}

const uint8_t *bf_wire_digest(const bf_wire_reader *r)
{
    return bf_frame_digest(r->frame);
}

bf_status bf_wire_next(bf_wire_reader *r, bf_wire_item *item)
{
    bf_frame_record rec;
    r->item = (bf_wire_item){.kind = BF_FRAME_END};
    BF_TRY(bf_frame_next(r->frame, &rec));
    if (rec.kind != BF_FRAME_END &&
        !bf_wire_holds(bf_wire_header(r)->type, rec.kind))
        return bf_frame_fail_in(
            r->frame,
            bf_fail(BF_ERR_FORMAT, "kind %u does not belong in this file",
                    rec.kind));
    r->item = (bf_wire_item){
        .kind = rec.kind, .label = rec.label, .bytes = rec.bytes};
    *item = r->item;
    return BF_OK;
}

bf_status bf_wire_next_but_note(bf_wire_reader *r, bf_wire_item *item)
{
    BF_TRY(bf_wire_next(r, item));
    if (!bf_wire_is_note(item->kind, item->label)) return BF_OK;
    return bf_wire_next(r, item);
}

bf_status bf_wire_find(bf_wire_reader *r, uint32_t kind, bf_label label,
                       bf_wire_item *item)
{
    BF_TRY(bf_frame_seek(r->frame, kind, label));
    return bf_wire_next(r, item);
}

bf_status bf_wire_skip(bf_wire_reader *r)
{
    return bf_frame_verify(r->frame, NULL, 0);
}

static bf_status check_item(const bf_wire_reader *r, uint32_t kind, size_t most)
{
    if (r->item.kind != kind)
        return bf_frame_fail_in(
            r->frame, bf_fail(BF_ERR_FORMAT, "is of kind %u, wanted: %u",
                              r->item.kind, kind));
    if (r->item.bytes > most)
        return bf_frame_fail_in(
            r->frame, bf_fail(BF_ERR_FORMAT, "%llu bytes, at most %zu possible",
                              (unsigned long long)r->item.bytes, most));
    return BF_OK;
}

bf_status bf_wire_payload(bf_wire_reader *r, uint32_t kind, size_t most,
                          const uint8_t **payload)
{
    BF_TRY(check_item(r, kind, most));
    size_t bytes = (size_t)r->item.bytes;
    BF_TRY(bf_buffer_need(&r->scratch, bytes ? bytes : 1));
    BF_TRY(bf_frame_read(r->frame, r->scratch.data));
    *payload = r->scratch.data;
    return BF_OK;
}

bf_status bf_wire_get_json(bf_wire_reader *r, char **text, size_t *bytes)
{
    BF_TRY(check_item(r, BF_WIRE_JSON, BF_WIRE_JSON_MAX));
    size_t n = (size_t)r->item.bytes;
    char *p = bf_alloc(n + 1);
    if (!p) return BF_ERR_MEMORY;
    bf_status s = bf_frame_read(r->frame, p);
    if (s != BF_OK) {
        bf_free(p);
        return s;
    }
    p[n] = 0;
    *text = p;
    *bytes = n;
    return BF_OK;
}
