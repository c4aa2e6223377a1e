/* Parts that only owners can read. For each owner, in the order of the session,
 * the file has a random key, sealed to the owner (crypto_box_seal). One box
 * under that key follows (crypto_secretbox, nonce zero: the key encrypts
 * nothing else). So sixteen owners need little more space than two. A signed
 * head names the digest of the file, and so authenticates the sender. */
#ifndef BF_TRAIN_OWNER_SEALED_H
#define BF_TRAIN_OWNER_SEALED_H

#include "train/owner/identity.h"

/* receivers: seals to the owners who receive the model, else to all owners. */
BF_MUST_CHECK bf_status bf_sealed_write(const char *path, const bf_session *s,
                                        bool receivers, const uint8_t *data,
                                        size_t bytes);
/* Opens the part as owner `me`: data[bytes], in secret memory, which the caller
 * frees with bf_secret_free. BF_ERR_FORMAT if the part cannot be opened, or has
 * another number of bytes than `want` (0: any number up to 2^30). */
BF_MUST_CHECK bf_status bf_sealed_read(uint8_t **data, size_t *bytes,
                                       const char *path, const bf_session *s,
                                       bool receivers, const bf_identity *id,
                                       unsigned me, size_t want);

/* Seals other data to each receiver, bytes[k] to owner k: for each receiver in
 * order a key and a box. */
BF_MUST_CHECK bf_status bf_sealed_write_each(
    const char *path, const bf_session *s,
    const uint8_t *const data[BF_OWNERS_MAX],
    const size_t bytes[BF_OWNERS_MAX]);
/* Opens the box for owner `me`: data[bytes[me]], as bf_sealed_read. */
BF_MUST_CHECK bf_status bf_sealed_read_each(uint8_t **data, const char *path,
                                            const bf_session *s,
                                            const bf_identity *id, unsigned me,
                                            const size_t bytes[BF_OWNERS_MAX]);

#endif
