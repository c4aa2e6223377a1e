/* Residues <-> bytes.
 *
 * A row is n residues of one prime p of 20 to 49 bits, n a multiple of 8, as
 * unsigned integers 0..p-1 of w = bit length of p bits each: residue i
 * occupies the bits i*w .. i*w+w-1 of the row, bit j being bit j%8 of byte
 * j/8. Eight residues are w whole bytes. */
#ifndef BF_WIRE_PACK_H
#define BF_WIRE_PACK_H

#include "base/status.h"

unsigned bf_bit_length(uint64_t p);

/* Bytes of a row. */
static inline size_t bf_row_bytes(size_t n, uint64_t p)
{
    return n / 8 * bf_bit_length(p);
}

/* Writes bf_row_bytes(n, p) bytes. Residues must be integers in (-p, p), as
 * reduced residues are: BF_ERR_INTERNAL otherwise. */
BF_MUST_CHECK bf_status bf_pack_row(uint8_t *out, const double *row, size_t n,
                                    uint64_t p);

/* Reads bf_row_bytes(n, p) bytes into reduced residues. BF_ERR_FORMAT when a
 * residue is p or more; out is then undefined. */
BF_MUST_CHECK bf_status bf_unpack_row(double *out, const uint8_t *in, size_t n,
                                      uint64_t p);

/* What bf_unpack_row would return. */
BF_MUST_CHECK bf_status bf_check_row(const uint8_t *in, size_t n, uint64_t p);

/* Ternary coefficients at two bits each, four in a byte, lowest first: 0, 1,
 * and 3 for -1. n is a multiple of 4. Constant time. */
void bf_pack_ternary(uint8_t *out, const int8_t *coeffs, size_t n);
/* A pair of bits with value 2 becomes -2, without a branch; the caller refuses
 * -2. */
void bf_unpack_ternary(int8_t *out, const uint8_t *in, size_t n);

#endif
