/* What owners of a session send each other and the server.
 *
 * In round r every owner sends one message: a head and parts. The head is small,
 * signed, and goes to all; it names the parts by their digests, and with T_{r-1}
 * everything that its sender has seen:
 *   T_0 = id of the session,  T_r = H(T_{r-1} || digests of the K heads of round
 *   r, in the order of the owners).
 * So whoever shows two owners different messages is found out in the next round.
 *
 * | round | parts                                                               |
 * |-------|---------------------------------------------------------------------|
 * | 1     | SQUARE, promised by its digest alone; SUMS of columns, sealed, or   |
 * |       | ROWS, what owners of the same rows call them                        |
 * | 2     | SQUARE: (h0, h1); KEYS: linear shares; SUMS of products, sealed     |
 * | 3     | SECOND: shares from the sums of all (h0, h1); TRANSFORM of owner 0  |
 * | 4     | UPLOAD                                                              |
 * | 5     | MODEL, the server's, named alone; SHARE of its opening, sealed      |
 *
 * SUMS and TRANSFORM are there where rows are split, else ROWS.
 *
 * A head, little-endian:
 *   "BFHEAD", u16 version 1, u32 round, u32 sender, u32 parts, u32 0,
 *   session id[32], T_{r-1}[32],
 *   parts, in the order above: u32 kind, u32 0, u64 bytes, BLAKE2b-256[32],
 *   Ed25519 signature[64] of "blindfit-head\0" and all bytes before it. */
#ifndef BF_TRAIN_MESSAGE_H
#define BF_TRAIN_MESSAGE_H

#include "train/session.h"

#define BF_ROUNDS 5
#define BF_SIGNATURE_BYTES 64

typedef enum bf_part_kind {
    BF_PART_SQUARE = 1,
    BF_PART_KEYS,
    BF_PART_SECOND,
    BF_PART_SUMS,
    BF_PART_TRANSFORM,
    BF_PART_UPLOAD,
    BF_PART_MODEL,
    BF_PART_SHARE,
    BF_PART_ROWS
} bf_part_kind;
#define BF_PART_KINDS 10 /* from 0, which is none */

/* Most parts of one head. */
#define BF_PARTS_MAX 3
#define BF_HEAD_FIXED 88
#define BF_HEAD_PART 48
#define BF_HEAD_BYTES_MAX \
    (BF_HEAD_FIXED + BF_PARTS_MAX * BF_HEAD_PART + BF_SIGNATURE_BYTES)

typedef struct bf_part {
    bf_part_kind kind;
    uint64_t bytes;
    uint8_t digest[BF_HASH_BYTES];
} bf_part;

typedef struct bf_head {
    unsigned round, sender;
    uint8_t before[BF_HASH_BYTES]; /* T_{r-1} */
    unsigned parts;
    bf_part part[BF_PARTS_MAX];
    uint8_t digest[BF_HASH_BYTES]; /* of the head's bytes */
} bf_head;

/* The kinds of parts, in their order, that this owner's message of this round
 * has; returns how many. */
unsigned bf_message_parts(bf_part_kind kinds[BF_PARTS_MAX], const bf_session *s,
                          unsigned round, unsigned sender);
/* Whether the part travels as a file beside its head: not what is promised, nor
 * what the server made. */
bool bf_part_travels(bf_part_kind kind, unsigned round);
/* NULL: the head has none. */
const bf_part *bf_head_part(const bf_head *h, bf_part_kind kind);

/* "r2-01.square": the file of a part, or with kind 0 of a head. */
#define BF_MESSAGE_NAME_BYTES 24
void bf_message_name(char out[BF_MESSAGE_NAME_BYTES], unsigned round,
                     unsigned sender, bf_part_kind kind);

/* All but the signature; returns how many bytes that is, which is also where the
 * signature goes. */
size_t bf_head_print(uint8_t out[BF_HEAD_BYTES_MAX], const bf_session *s,
                     const bf_head *h);
/* What is signed: `bytes` of a printed head. */
#define BF_HEAD_TAG "blindfit-head"
#define BF_HEAD_SIGNED_MAX (sizeof BF_HEAD_TAG + BF_HEAD_BYTES_MAX)
size_t bf_head_signed(uint8_t out[BF_HEAD_SIGNED_MAX], const uint8_t *head,
                      size_t bytes);
/* BF_ERR_FORMAT for what is no head, BF_ERR_MISMATCH for one of another session,
 * BF_ERR_SECURITY for one that its sender did not sign, or that is not the one
 * of this round and sender. Whether T is the right one is the caller's to say. */
BF_MUST_CHECK bf_status bf_head_parse(bf_head *out, const bf_session *s,
                                      unsigned round, unsigned sender,
                                      const uint8_t *data, size_t bytes,
                                      const char *name);

/* T_r from T_{r-1} and the heads of all owners. */
void bf_transcript_next(uint8_t out[BF_HASH_BYTES],
                        const uint8_t before[BF_HASH_BYTES],
                        const bf_head *heads, unsigned owners);

/* BF_ERR_FORMAT unless the file at `path` has the part's bytes and digest. */
BF_MUST_CHECK bf_status bf_part_check(const bf_part *part, const char *path);
/* Bytes and digest of a file, as a part of that kind. */
BF_MUST_CHECK bf_status bf_part_of_file(bf_part *out, bf_part_kind kind,
                                        const char *path);

#endif
