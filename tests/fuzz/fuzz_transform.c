/* Any bytes as a saved transform, unchanged and with a corrected digest. An
 * accepted transform can be applied, and, but for older versions, is saved as
 * the same bytes. */
#include "memory_file.h"

#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "blindfit/train.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(const bf_transform *t)
{
    bf_matrix x, u;
    if (bf_matrix_init(&x, 2, bf_transform_inputs(t)) != BF_OK) return;
    if (bf_transform_apply(&u, t, &x, true, NULL) == BF_OK) {
        if (u.rows != 2 || u.cols != bf_transform_outputs(t)) abort();
        bf_matrix_clear(&u);
    }
    bf_matrix_clear(&x);
}

static void same_again(const bf_transform *t, const uint8_t *data, size_t size)
{
    char path[64];
    uint8_t *text;
    size_t bytes;
    fuzz_path(path, "transform.bf");
    if (bf_transform_save(t, path) != BF_OK ||
        bf_read_file(path, size, &text, &bytes) != BF_OK)
        abort();
    if (bytes != size || memcmp(text, data, size) != 0) abort();
    bf_free(text);
}

static void read_transform(const uint8_t *data, size_t size)
{
    memory_file f = memory_file_open(data, size);
    bf_transform *t;
    if (bf_transform_load(&t, f.path) == BF_OK) {
        apply(t);
        if (data[8] == 3) same_again(t, data, size);
        bf_transform_destroy(t);
    }
    memory_file_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_transform(data, size);
    if (size < BF_HASH_BYTES || bf_random_init() != BF_OK) return 0;
    uint8_t *repaired = malloc(size);
    if (!repaired) return 0;
    size_t body = size - BF_HASH_BYTES;
    memcpy(repaired, data, size);
    bf_hash(repaired, body, repaired + body);
    read_transform(repaired, size);
    free(repaired);
    return 0;
}
