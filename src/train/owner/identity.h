/* An owner's identity: a pair of keys for signatures, and a pair of keys with
 * which others seal data to the owner.
 *
 * The file, mode 0600: "BFIDENT\0", u32 version 1, u32 0, name[32], Ed25519
 * seed[32], X25519 secret[32], and the public keys of both. */
#ifndef BF_TRAIN_OWNER_IDENTITY_H
#define BF_TRAIN_OWNER_IDENTITY_H

#include "train/message.h"

typedef struct bf_identity {
    bf_party party;
    uint8_t *sign; /* 64 bytes, and */
    uint8_t *seal; /* 32: secret memory */
} bf_identity;

BF_MUST_CHECK bf_status bf_identity_read(bf_identity *out, const char *path);
void bf_identity_clear(bf_identity *id);

/* Prints and signs a head; returns the number of bytes. */
size_t bf_identity_sign(uint8_t out[BF_HEAD_BYTES_MAX], const bf_identity *id,
                        const bf_session *s, const bf_head *h);

#endif
