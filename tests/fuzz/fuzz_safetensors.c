/* Any bytes as a safetensors file. Every tensor of an accepted file is read. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "features/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_tensor(const bf_tensor *t)
{
    float *values = bf_alloc(t->count * sizeof *values + 1);
    if (values == NULL) return;
    if (bf_tensor_to_float(t, values) == BF_OK && t->count * 2 > t->bytes)
        abort();
    bf_free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bf_safetensors *st = NULL;
    if (bf_safetensors_parse(&st, data, size) != BF_OK) return 0;
    size_t total = 0;
    for (size_t i = 0; i < bf_safetensors_count(st); i++) {
        const bf_tensor *t = bf_safetensors_get(st, i);
        if (bf_safetensors_find(st, t->name) != t) abort();
        if (t->data < data || t->data + t->bytes > data + size) abort();
        total += t->bytes;
        read_tensor(t);
    }
    if (total + 8 > size) abort();
    bf_safetensors_metadata(st, "format");
    bf_safetensors_close(st);
    return 0;
}
