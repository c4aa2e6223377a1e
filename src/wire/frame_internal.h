/* Bytes and digests of the container, shared by reader and writer. */
#ifndef BF_WIRE_FRAME_INTERNAL_H
#define BF_WIRE_FRAME_INTERNAL_H

#include "wire/frame.h"

#define BF_FRAME_LEAF ((size_t)64 << 10)

/* Encodes the header with its digest. `chain` is the digest of the header with
 * zero lengths, the predecessor of the first record's digest. */
void bf_frame_header_encode(uint8_t out[BF_FRAME_HEADER_BYTES],
                            const bf_frame_header *h);
void bf_frame_header_chain(uint8_t chain[BF_HASH_BYTES],
                           const bf_frame_header *h);
BF_MUST_CHECK bf_status bf_frame_header_decode(
    bf_frame_header *h, const uint8_t in[BF_FRAME_HEADER_BYTES]);

void bf_frame_record_encode(uint8_t out[BF_FRAME_RECORD_BYTES],
                            const bf_frame_record *rec);
void bf_frame_record_decode(bf_frame_record *rec,
                            const uint8_t in[BF_FRAME_RECORD_BYTES]);

/* Payload digest: BLAKE2b-256 over the BLAKE2b-256 of each 64 KiB piece, so
 * that threads and readers with little memory can work piece by piece. `update`
 * takes multiples of BF_FRAME_LEAF bytes, and any number of bytes in the last
 * call. */
void bf_frame_leaves_update(bf_hasher *root, const uint8_t *payload,
                            size_t bytes);
/* chain = BLAKE2b-256(chain, record header, payload digest). */
void bf_frame_chain_next(uint8_t chain[BF_HASH_BYTES],
                         const uint8_t record[BF_FRAME_RECORD_BYTES],
                         bf_hasher *root);

#endif
