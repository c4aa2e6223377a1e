/* Shared by the files of wire/. */
#ifndef BF_WIRE_INTERNAL_H
#define BF_WIRE_INTERNAL_H

#include "base/bytes.h"
#include "wire/wire.h"

/* Fixed parts of the payloads; residues follow. */
#define BF_WIRE_CT_FIXED 72
#define BF_WIRE_SWITCH_KEY_FIXED 64
#define BF_WIRE_PARAMS_FIXED 16
#define BF_WIRE_RING_MAX (BF_WIRE_PARAMS_FIXED + 8 * (BF_MAX_Q + BF_MAX_P))
#define BF_WIRE_PARAMS_MAX (8 + BF_RINGS_MAX * BF_WIRE_RING_MAX)

typedef struct bf_buffer {
    uint8_t *data;
    size_t capacity;
} bf_buffer;
BF_MUST_CHECK bf_status bf_buffer_need(bf_buffer *b, size_t bytes);

struct bf_wire_writer {
    bf_frame_writer *frame;
    bf_wire_type type;
    bf_rings rings;
    bf_buffer scratch;
};

struct bf_wire_reader {
    bf_frame_reader *frame;
    bf_rings rings;
    bf_wire_item item; /* the current item */
    bf_buffer scratch;
};

/* Whether a file of this type may hold records of this kind. */
bool bf_wire_holds(unsigned type, uint32_t kind);

static inline bool bf_wire_is_note(uint32_t kind, bf_label label)
{
    return kind == BF_WIRE_JSON && label.kind == BF_WIRE_NOTE.kind &&
           label.index == BF_WIRE_NOTE.index;
}

/* ---- parameters --------------------------------------------------------- */

/* The parameters of a file's rings, in their order. */
typedef struct bf_wire_params {
    unsigned count;
    bf_params ring[BF_RINGS_MAX];
} bf_wire_params;

size_t bf_wire_params_encode(uint8_t out[BF_WIRE_PARAMS_MAX],
                             const bf_params *rings, unsigned count);
BF_MUST_CHECK bf_status bf_wire_params_decode(bf_wire_params *out,
                                              const uint8_t *in, size_t bytes);
/* Reads the first record of a file, which must hold the parameters. */
BF_MUST_CHECK bf_status bf_wire_params_next(bf_frame_reader *r,
                                            bf_wire_params *out);
BF_MUST_CHECK bf_status bf_wire_params_put(bf_frame_writer *w, bf_rings rings);
bool bf_wire_params_equal(const bf_wire_params *a, bf_rings b);

/* The number of this context among the rings; BF_ERR_MISMATCH when no ring has
 * its parameters. */
BF_MUST_CHECK bf_status bf_wire_ring_number(unsigned *out, bf_rings rings,
                                            const bf_context *ctx);
/* The ring of a number from a file; BF_ERR_FORMAT when there is no such ring.
 */
BF_MUST_CHECK bf_status bf_wire_ring(const bf_context **out, bf_rings rings,
                                     unsigned number);

/* ---- headers ------------------------------------------------------------ */

/* A header's `context`: H of the concatenated hashes of the rings. */
void bf_wire_rings_hash(bf_rings rings, uint8_t out[BF_HASH_BYTES]);
void bf_wire_header_make(bf_frame_header *h, bf_wire_type type,
                         bf_rings rings, bf_wire_ids ids);
/* Type, context, ids, then the parameter record. */
BF_MUST_CHECK bf_status bf_wire_header_check(bf_frame_reader *r,
                                             bf_wire_type type,
                                             bf_rings rings, bf_wire_ids ids);

/* ---- rows of residues --------------------------------------------------- */

/* Bytes of one row for each of the ring moduli of an object, as prefix sums:
 * modulus i of the object starts at at[i]; at[count] is the total. */
typedef struct bf_wire_rows {
    unsigned count;
    uint64_t prime[BF_MODULI_MAX];
    size_t at[BF_MODULI_MAX + 1];
} bf_wire_rows;
/* q_0..q_{limbs-1}, then all special primes if `special`. */
void bf_wire_rows_make(bf_wire_rows *rows, const bf_params *p, unsigned limbs,
                       bool special);

/* Offset of polynomial `poly` in the layout [modulus][poly]. */
static inline size_t bf_wire_row_at(const bf_wire_rows *rows, unsigned modulus,
                                    unsigned poly, unsigned polys)
{
    size_t row = rows->at[modulus + 1] - rows->at[modulus];
    return polys * rows->at[modulus] + poly * row;
}

/* ---- ciphertexts -------------------------------------------------------- */

/* The fixed part of a ciphertext record. */
typedef struct bf_wire_ct_head {
    unsigned ring, limbs, polys;
    bool seeded;
    double scale, noise, bound;
    uint64_t seed_index;
    uint8_t seed[BF_SEED_BYTES];
} bf_wire_ct_head;
/* The ring number of a ciphertext, unchecked. */
static inline unsigned bf_wire_ct_ring(const uint8_t in[BF_WIRE_CT_FIXED])
{
    return bf_get_u16(in + 4);
}
/* Checks the numbers, and that `bytes` is the length of such a record; p are
 * the parameters of its ring. */
BF_MUST_CHECK bf_status bf_wire_ct_head_decode(
    bf_wire_ct_head *h, const uint8_t in[BF_WIRE_CT_FIXED], uint64_t bytes,
    const bf_params *p);

static inline unsigned bf_wire_key_ring(
    const uint8_t in[BF_WIRE_SWITCH_KEY_FIXED])
{
    return bf_get_u16(in + 2);
}
typedef struct bf_wire_key_head {
    bf_key_name name;
    unsigned limbs, digits;
    bf_key_a a;
    uint64_t seed_index;
    uint8_t seed[BF_SEED_BYTES];
} bf_wire_key_head;
BF_MUST_CHECK bf_status bf_wire_key_head_decode(
    bf_wire_key_head *h, const uint8_t in[BF_WIRE_SWITCH_KEY_FIXED],
    uint64_t bytes, const bf_params *p);

/* The current item's payload in the reader's scratch, verified. `kind` is the
 * expected kind, `most` the longest payload that the parameters allow. */
BF_MUST_CHECK bf_status bf_wire_payload(bf_wire_reader *r, uint32_t kind,
                                        size_t most, const uint8_t **payload);

#endif
