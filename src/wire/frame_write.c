#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "wire/frame_internal.h"

struct bf_frame_writer {
    bf_outfile *file;
    bf_frame_header header;
    uint8_t chain[BF_HASH_BYTES];
};

bf_status bf_frame_create(bf_frame_writer **out, const char *path,
                          unsigned mode, const bf_frame_header *header)
{
    uint8_t bytes[BF_FRAME_HEADER_BYTES];
    bf_frame_writer *w = calloc(1, sizeof *w);
    if (!w) return bf_fail(BF_ERR_MEMORY, "%s: no memory", path);
    w->header = *header;
    w->header.bytes = w->header.records = 0;
    bf_frame_header_chain(w->chain, &w->header);
    /* Zeros until commit, so that no header precedes incomplete records. */
    memset(bytes, 0, sizeof bytes);
    bf_status s = bf_random_init();
    if (s == BF_OK) s = bf_refuse_pipe(path); /* the header is written last */
    if (s == BF_OK) s = bf_outfile_open(&w->file, path, mode);
    if (s == BF_OK) s = bf_outfile_write(w->file, bytes, sizeof bytes);
    if (s != BF_OK) {
        bf_frame_abort(w);
        return s;
    }
    *out = w;
    return BF_OK;
}

static bf_status write_record(bf_frame_writer *w, const bf_frame_record *rec,
                              const void *payload)
{
    uint8_t bytes[BF_FRAME_RECORD_BYTES];
    bf_hasher root;
    bf_frame_record_encode(bytes, rec);
    bf_hasher_init(&root);
    bf_frame_leaves_update(&root, payload, rec->bytes);
    bf_frame_chain_next(w->chain, bytes, &root);
    BF_TRY(bf_outfile_write(w->file, bytes, sizeof bytes));
    if (rec->bytes) BF_TRY(bf_outfile_write(w->file, payload, rec->bytes));
    BF_TRY(bf_outfile_write(w->file, w->chain, sizeof w->chain));
    w->header.bytes += sizeof bytes + rec->bytes + sizeof w->chain;
    return BF_OK;
}

bf_status bf_frame_write(bf_frame_writer *w, uint32_t kind, bf_label label,
                         const void *payload, size_t bytes)
{
    BF_TRY(bf_check_interrupt());
    if (kind == BF_FRAME_END)
        return bf_fail(BF_ERR_ARGUMENT, "the end record is commit's to write");
    bf_frame_record rec = {.kind = kind,
                           .label = label,
                           .sequence = w->header.records,
                           .bytes = bytes};
    BF_TRY(write_record(w, &rec, payload));
    w->header.records++;
    return BF_OK;
}

bf_status bf_frame_finish(bf_outfile **out, uint8_t digest[BF_HASH_BYTES],
                          bf_frame_writer *w)
{
    uint8_t bytes[BF_FRAME_HEADER_BYTES];
    bf_frame_record end = {.kind = BF_FRAME_END, .sequence = w->header.records};
    bf_status s = write_record(w, &end, NULL);
    if (s == BF_OK) {
        bf_frame_header_encode(bytes, &w->header);
        s = bf_outfile_patch(w->file, 0, bytes, sizeof bytes);
    }
    if (s == BF_OK) {
        if (digest) memcpy(digest, w->chain, sizeof w->chain);
        *out = w->file;
        w->file = NULL;
    }
    bf_frame_abort(w);
    return s;
}

bf_status bf_frame_commit(bf_frame_writer *w)
{
    bf_outfile *f;
    BF_TRY(bf_frame_finish(&f, NULL, w));
    return bf_outfile_commit(f);
}

void bf_frame_abort(bf_frame_writer *w)
{
    if (!w) return;
    bf_outfile_abort(w->file);
    free(w);
}

const char *bf_frame_writer_path(const bf_frame_writer *w)
{
    return bf_outfile_path(w->file);
}
