/* Turns any bytes into a file of the container with correct digests, to reach
 * the code behind the digests. */
#ifndef BF_TESTS_WIRE_REPAIR_H
#define BF_TESTS_WIRE_REPAIR_H

#include "wire/internal.h"
#include "wire_image.h"

/* Puts digests, lengths and context hash right, in place, with room for 64
 * bytes more; false when there is not even a header. The types 1 to 6 stay. */
static inline bool repair(uint8_t *bytes, size_t *size, const bf_context *ctx,
                   bf_wire_type *type)
{
    wire_image m;
    bf_frame_header h = {0};
    if (*size < BF_FRAME_HEADER_BYTES) return false;
    h.type = (uint16_t)(1 + (bytes[10] + 5) % 6); /* 1..6 stay */
    *type = (bf_wire_type)h.type;
    bf_wire_rings_hash(bf_one_ring(ctx), h.context);
    memcpy(h.key_id, bytes + 64, sizeof h.key_id);
    memcpy(h.job_id, bytes + 96, sizeof h.job_id);
    memcpy(h.data_id, bytes + 128, sizeof h.data_id);
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

#endif
