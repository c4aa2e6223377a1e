/* Decoders behind the digests: any bytes become a file with corrected digests,
 * lengths and context hash, which is read as the type that the file claims.
 * Seeds: tests/golden/wire-v2. */
#include "../wire/wire_sample.h"
#include "wire_repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bf_status inspect(const char *name)
{
    bf_wire_info info;
    bf_params params;
    bf_status s = bf_wire_inspect(&info, name, NULL);
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
