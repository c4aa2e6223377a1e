/* Any bytes as a file of the container: read, verified, skipped, sought. */
#include "wire_image.h"

#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bf_status read_in_order(bf_frame_reader *r, size_t size, unsigned turn)
{
    bf_frame_record rec;
    uint8_t head[16];
    for (;; turn++) {
        BF_TRY(bf_frame_next(r, &rec));
        if (rec.kind == BF_FRAME_END) return BF_OK;
        if (rec.bytes > size) abort(); /* longer than the file itself */
        if (turn % 3 == 0) {
            uint8_t *payload = bf_alloc(rec.bytes + 1);
            bf_status s = bf_frame_read(r, payload);
            bf_free(payload);
            BF_TRY(s);
        } else if (turn % 3 == 1) {
            size_t n = rec.bytes < sizeof head ? rec.bytes : sizeof head;
            BF_TRY(bf_frame_verify(r, head, n));
        }
    }
}

/* BF_OK when the bytes are a sound file; those do not skip a record. */
static bf_status fuzz_frame(const uint8_t *data, size_t size)
{
    bf_frame_reader *r;
    bf_status s = BF_OK;
    for (unsigned turn = 0; s == BF_OK && turn < 3; turn++) {
        int fd = image_fd(data, size);
        s = bf_frame_open_fd(&r, fd, "fuzz");
        if (s == BF_OK) {
            bf_status order = read_in_order(r, size, turn);
            bf_frame_record rec;
            bf_label label = {1, size ? data[size - 1] % 4 : 0};
            if (bf_frame_seek(r, 3, label) == BF_OK &&
                bf_frame_next(r, &rec) != BF_OK)
                abort(); /* the index has seen it */
            bf_frame_close(r);
            s = order;
        }
        close(fd);
    }
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)fuzz_frame(data, size);
    return 0;
}
