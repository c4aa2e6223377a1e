/* What lies behind the digests: any bytes are taken for a file, its digests,
 * lengths and context hash put right, and then read as the type it claims.
 * Seeds: tests/golden/wire-v1. */
#include "../wire/wire_sample.h"
#include "wire_image.h"

#include "wire/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Repairs in place; false when there is not even a header. */
static bool repair(uint8_t *bytes, size_t *size, const bf_context *ctx,
                   bf_wire_type *type)
{
    wire_image m;
    bf_frame_header h = {0};
    if (*size < BF_FRAME_HEADER_BYTES) return false;
    h.type = (uint16_t)(1 + (bytes[10] + 5) % 6); /* 1..6 stay */
    *type = (bf_wire_type)h.type;
    memcpy(h.context, bf_context_hash(ctx), sizeof h.context);
    memcpy(h.key_id, bytes + 64, sizeof h.key_id);
    memcpy(h.job_id, bytes + 96, sizeof h.job_id);
    image_start(&m, &h);
    for (size_t at = BF_FRAME_HEADER_BYTES; *size - at >= 64;) {
        bf_frame_record rec;
        bf_frame_record_decode(&rec, bytes + at);
        if (rec.kind == BF_FRAME_END) break;
        size_t room = *size - at - 64;
        size_t payload = rec.bytes < room ? (size_t)rec.bytes : room;
        image_put(&m, rec.kind, rec.label, bytes + at + 32, payload);
        at += 64 + payload;
    }
    image_finish(&m);
    if (m.size > *size + 64) abort(); /* each record was at least as long */
    memcpy(bytes, m.bytes, m.size);
    *size = m.size;
    image_free(&m);
    return true;
}

static bf_status inspect(const char *name)
{
    bf_wire_info info;
    bf_params params;
    bf_status s = bf_wire_inspect(&info, name, (bf_progress){0});
    if (s == BF_OK && bf_wire_read_params(&params, name) != BF_OK) abort();
    return s;
}

static bf_status fuzz_objects(const uint8_t *data, size_t size)
{
    static bf_context *ctx;
    bf_wire_type type;
    char name[64];
    if (!ctx && sample_context(&ctx) != BF_OK) abort();
    uint8_t *bytes = malloc(size + 64);
    if (!bytes) return BF_ERR_MEMORY;
    if (size) memcpy(bytes, data, size);
    bf_status s = BF_ERR_FORMAT;
    if (repair(bytes, &size, ctx, &type)) {
        int fd = image_fd(bytes, size);
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        s = consume_file(name, type, ctx, (bf_wire_ids){0});
        /* Whatever can be read can be inspected. */
        if (inspect(name) != BF_OK && s == BF_OK) abort();
        close(fd);
    }
    free(bytes);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)fuzz_objects(data, size);
    return 0;
}
