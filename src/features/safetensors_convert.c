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

static double load_f64(const uint8_t *p)
{
    uint64_t bits = load_u32(p) | (uint64_t)load_u32(p + 4) << 32;
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static float from_f16(const uint8_t *p)
{
    return bf_float_from_half(load_u16(p));
}

static float from_bf16(const uint8_t *p)
{
    return bf_float_from_bits((uint32_t)load_u16(p) << 16);
}

static float from_f32(const uint8_t *p)
{
    return bf_float_from_bits(load_u32(p));
}

static float from_f64(const uint8_t *p)
{
    return (float)load_f64(p);
}

typedef struct reader {
    const char *dtype;
    size_t bytes;
    float (*value)(const uint8_t *p);
} reader;

static const reader readers[] = {{"F16", 2, from_f16},
                                 {"BF16", 2, from_bf16},
                                 {"F32", 4, from_f32},
                                 {"F64", 8, from_f64}};

static bf_status reader_of(const reader **out, const bf_tensor *t)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        *out = &readers[i];
        if (strcmp(t->dtype, readers[i].dtype) == 0) return BF_OK;
    }
    return bf_fail(BF_ERR_UNSUPPORTED,
                   "tensor %s: type %s, expected F16, BF16, F32 or F64",
                   t->name, t->dtype);
}

bf_status bf_tensor_to_float(const bf_tensor *t, float *out)
{
    const reader *r;
    BF_TRY(reader_of(&r, t));
    for (size_t i = 0; i < t->count; i++)
        out[i] = r->value(t->data + r->bytes * i);
    return BF_OK;
}

bf_status bf_tensor_to_double(const bf_tensor *t, double *out)
{
    const reader *r;
    BF_TRY(reader_of(&r, t));
    for (size_t i = 0; i < t->count; i++) {
        const uint8_t *p = t->data + r->bytes * i;
        out[i] = r->value == from_f64 ? load_f64(p) : (double)r->value(p);
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
