#include "train/parts.h"

#include <sodium.h>
#include <stdio.h>

#include "base/json.h"
#include "base/memory.h"
#include "train/circuit.h"
#include "train/json_fields.h"
#include "train/upload.h"

bf_status bf_upload_part_path(char *out, size_t room, const char *upload,
                              unsigned part)
{
    int n = snprintf(out, room, "%s.%u", upload, part);
    if (n >= 0 && (size_t)n < room) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", upload);
}

bf_status bf_parts_check(const bf_job *job, unsigned count)
{
    if (count > BF_UPLOAD_PARTS_MAX)
        return bf_fail(BF_ERR_ARGUMENT,
                       "an upload in %u parts: at most %d are "
                       "possible",
                       count, BF_UPLOAD_PARTS_MAX);
    bf_status s = bf_job_circuit(job)->check_ranks(job, count);
    return s == BF_OK ? s : bf_fail_in(s, "an upload in %u parts", count);
}

#define TEXT_MAX 160

bf_status bf_part_put(bf_wire_writer *w, const bf_rank_part *p)
{
    char text[TEXT_MAX], hex[2 * BF_HASH_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, p->upload, sizeof p->upload);
    int n = snprintf(text, sizeof text,
                     "{\"part\": %u, \"parts\": %u, \"upload\": \"%s\"}",
                     p->own, p->count, hex);
    return bf_wire_put_json(w, (bf_label){BF_UPLOAD_PART, 0}, text, (size_t)n);
}

bool bf_part_is(const bf_wire_item *item)
{
    return item->kind == BF_WIRE_JSON && item->label.kind == BF_UPLOAD_PART;
}

bf_status bf_part_get(bf_rank_part *out, bf_wire_reader *r, const char *path)
{
    char *text;
    size_t bytes;
    BF_TRY(bf_wire_get_json(r, &text, &bytes));
    cJSON *o = bf_json_parse(text, bytes);
    bf_free(text);
    bf_fields f = {.path = path};
    out->count = (unsigned)bf_get_whole(&f, o, "parts", 1, BF_UPLOAD_PARTS_MAX);
    out->own = (unsigned)bf_get_whole(&f, o, "part", 0, (double)out->count - 1);
    const char *hex = cJSON_GetStringValue(bf_get_member(&f, o, "upload"));
    bool named = bf_read_digest(out->upload, hex);
    cJSON_Delete(o);
    if (f.status != BF_OK || named) return f.status;
    return bf_fail(BF_ERR_FORMAT, "%s: names no upload", path);
}
