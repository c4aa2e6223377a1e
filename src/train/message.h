/* The messages of a session's owners.
 *
 * In round r every owner sends one message: a head and parts. The head is short
 * and signed, and goes to all owners and the server. The head names each part
 * by its digest; with T_{r-1} it names all heads of earlier rounds:
 *   T_0 = id of the session,
 *   T_r = H(T_{r-1} || digests of the K heads of round r, by owner).
 * If an owner sends different messages to two others, these two notice in the
 * next round that their T differ.
 *
 * | round | parts                                                             |
 * |-------|-------------------------------------------------------------------|
 * | 1     | SQUARE, promised by its digest; SUMS of columns, sealed, or ROWS, |
 * |       | tags of the names of rows                                         |
 * | 2     | SQUARE: (h0, h1); KEYS: linear shares; SUMS of products, sealed   |
 * | 3     | SECOND: shares from the sum of all (h0, h1); TRANSFORM            |
 * | 4     | UPLOAD                                                            |
 * | 5     | MODEL, the digest of the server's file; SHARE of the opening,     |
 * |       | sealed                                                            |
 *
 * Sessions that split rows have SUMS and TRANSFORM, others have ROWS. Where one
 * owner whitens, TRANSFORM is this owner's, and there are no SUMS; else it is
 * owner 0's.
 * With an audit of the last step, sessions open the model in round 7:
 *
 * | round | parts                                                             |
 * |-------|-------------------------------------------------------------------|
 * | 5     | MODEL; BEFORE: like SHARE, of the weights that the last step      |
 * |       | starts from, unless these are zero                                |
 * | 6     | AUDIT: what the owner's rows add to these weights, masked, sealed |
 * | 7     | SHARE                                                             |
 *
 * A head, little-endian:
 *   "BFHEAD", u16 version 1, u32 round, u32 sender, u32 parts, u32 0,
 *   session id[32], T_{r-1}[32],
 *   parts, in the order above: u32 kind, u32 0, u64 bytes, BLAKE2b-256[32],
 *   Ed25519 signature[64] of "blindfit-head\0" and all bytes before it. */
#ifndef BF_TRAIN_MESSAGE_H
#define BF_TRAIN_MESSAGE_H

#include <limits.h>

#include "train/session.h"

#define BF_ROUNDS_MAX 7
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
    BF_PART_ROWS,
    BF_PART_BEFORE,
    BF_PART_AUDIT
} bf_part_kind;
#define BF_PART_KINDS 12 /* from 0, which is none */

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

/* The first round that names the server's model; without an audit the last. */
#define BF_ROUND_MODEL 5

/* The kinds of the parts of this owner's message of this round, in their order;
 * returns their number. */
unsigned bf_message_parts(bf_part_kind kinds[BF_PARTS_MAX], const bf_session *s,
                          unsigned round, unsigned sender);
/* True if the part travels as a file beside its head. A promised part does not,
 * and neither does the server's model. */
bool bf_part_travels(bf_part_kind kind, unsigned round);
/* The head's part of this kind, or NULL. */
const bf_part *bf_head_part(const bf_head *h, bf_part_kind kind);

/* The name of a part's file, such as "r2-01.square"; with kind 0, of a head's
 * file. */
#define BF_MESSAGE_NAME_BYTES 24
void bf_message_name(char out[BF_MESSAGE_NAME_BYTES], unsigned round,
                     unsigned sender, bf_part_kind kind);

typedef struct bf_message_path {
    char s[PATH_MAX];
} bf_message_path;
BF_MUST_CHECK bf_status bf_message_path_join(bf_message_path *out,
                                             const char *folder,
                                             const char *name);
/* Whether a file is there; BF_ERR_IO for what is no regular file, such as a
 * pipe, for which the reader would wait, or a device, which does not end. */
BF_MUST_CHECK bf_status bf_message_there(bool *there, const char *path);
/* Finds the file of a message in BOX/inbox or, for an owner that repeats the
 * server's work, in BOX/outbox; BF_ERR_WAITING, with the sender's name, if the
 * file is not there; BF_ERR_IO if BOX is no folder. */
BF_MUST_CHECK bf_status bf_message_find(bf_message_path *out, const char *box,
                                        unsigned round, unsigned owner,
                                        bf_part_kind kind, const char *name);

/* Prints all of a head but the signature. Returns the number of bytes, at which
 * the signature follows. */
size_t bf_head_print(uint8_t out[BF_HEAD_BYTES_MAX], const bf_session *s,
                     const bf_head *h);
/* The signature is of BF_HEAD_TAG, its NUL included, and the `bytes` of a
 * printed head. */
#define BF_HEAD_TAG "blindfit-head"
#define BF_HEAD_SIGNED_MAX (sizeof BF_HEAD_TAG + BF_HEAD_BYTES_MAX)
size_t bf_head_signed(uint8_t out[BF_HEAD_SIGNED_MAX], const uint8_t *head,
                      size_t bytes);
/* BF_ERR_FORMAT for bytes that are not a head, BF_ERR_MISMATCH for a head of
 * another session, BF_ERR_SECURITY for a head that its sender did not sign or
 * that belongs to another round or sender. The caller checks T. */
BF_MUST_CHECK bf_status bf_head_parse(bf_head *out, const bf_session *s,
                                      unsigned round, unsigned sender,
                                      const uint8_t *data, size_t bytes,
                                      const char *name);

/* Computes T_r from T_{r-1} and the heads of all owners. */
void bf_transcript_next(uint8_t out[BF_HASH_BYTES],
                        const uint8_t before[BF_HASH_BYTES],
                        const bf_head *heads, unsigned owners);

/* BF_ERR_FORMAT unless the file at `path` has the part's bytes and digest. */
BF_MUST_CHECK bf_status bf_part_check(const bf_part *part, const char *path);
/* The bytes and the digest of a file, as a part of this kind. */
BF_MUST_CHECK bf_status bf_part_of_file(bf_part *out, bf_part_kind kind,
                                        const char *path);

#endif
