/* Tensor elements to float, and shapes to text. */
#include <stdio.h>
#include <string.h>

#include "features/half.h"
#include "features/safetensors.h"

static uint16_t load_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t load_u32(const uint8_t *p)
{
    return (uint32_t)load_u16(p) | (uint32_t)load_u16(p + 2) << 16;
}

bf_status bf_tensor_to_float(const bf_tensor *t, float *out)
{
    const uint8_t *p = t->data;
    if (strcmp(t->dtype, "F32") == 0) {
        for (size_t i = 0; i < t->count; i++)
            out[i] = bf_float_from_bits(load_u32(p + 4 * i));
    } else if (strcmp(t->dtype, "F16") == 0) {
        for (size_t i = 0; i < t->count; i++)
            out[i] = bf_float_from_half(load_u16(p + 2 * i));
    } else if (strcmp(t->dtype, "BF16") == 0) {
        for (size_t i = 0; i < t->count; i++)
            out[i] = bf_float_from_bits((uint32_t)load_u16(p + 2 * i) << 16);
    } else {
        return bf_fail(BF_ERR_UNSUPPORTED,
                       "tensor %s: type %s, expected F32, F16 or BF16", t->name,
                       t->dtype);
    }
    return BF_OK;
}

const char *bf_tensor_shape_text(unsigned dims, const size_t *shape, char *buf,
                                 size_t size)
{
    size_t used = (size_t)snprintf(buf, size, "[");
    for (unsigned i = 0; i < dims && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%zu",
                                 i ? ", " : "", shape[i]);
    if (used < size) snprintf(buf + used, size - used, "]");
    return buf;
}
