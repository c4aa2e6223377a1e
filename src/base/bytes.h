/* Little-endian numbers at unaligned addresses. All formats are little-endian.
 */
#ifndef BF_BASE_BYTES_H
#define BF_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

static inline void bf_put_u16(uint8_t *o, uint16_t v)
{
    o[0] = (uint8_t)v;
    o[1] = (uint8_t)(v >> 8);
}

static inline void bf_put_u32(uint8_t *o, uint32_t v)
{
    bf_put_u16(o, (uint16_t)v);
    bf_put_u16(o + 2, (uint16_t)(v >> 16));
}

static inline void bf_put_u64(uint8_t *o, uint64_t v)
{
    bf_put_u32(o, (uint32_t)v);
    bf_put_u32(o + 4, (uint32_t)(v >> 32));
}

static inline void bf_put_f64(uint8_t *o, double d)
{
    uint64_t v;
    memcpy(&v, &d, sizeof v);
    bf_put_u64(o, v);
}

static inline uint16_t bf_get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t bf_get_u32(const uint8_t *p)
{
    return bf_get_u16(p) | (uint32_t)bf_get_u16(p + 2) << 16;
}

static inline uint64_t bf_get_u64(const uint8_t *p)
{
    return bf_get_u32(p) | (uint64_t)bf_get_u32(p + 4) << 32;
}

static inline double bf_get_f64(const uint8_t *p)
{
    uint64_t v = bf_get_u64(p);
    double d;
    memcpy(&d, &v, sizeof d);
    return d;
}

#endif
