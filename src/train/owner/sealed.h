/* Parts that only owners can read: a key sealed to each of them (crypto_box_seal),
 * one behind the other in the order of the session, then a box under that key
 * (crypto_secretbox, nonce zero; the key serves this once). So a part is as long
 * for sixteen owners as for two. What is in it is its sender's by the head that
 * names the file's digest. */
#ifndef BF_TRAIN_OWNER_SEALED_H
#define BF_TRAIN_OWNER_SEALED_H

#include "train/owner/identity.h"

/* receivers: for those alone who receive the model. */
BF_MUST_CHECK bf_status bf_sealed_write(const char *path, const bf_session *s,
                                        bool receivers, const uint8_t *data,
                                        size_t bytes);
/* As owner `me`: data[bytes], secret memory, freed with bf_secret_free.
 * BF_ERR_FORMAT when it does not open, or holds other than `want` bytes (0: any
 * number up to 2^30). */
BF_MUST_CHECK bf_status bf_sealed_read(uint8_t **data, size_t *bytes,
                                       const char *path, const bf_session *s,
                                       bool receivers, const bf_identity *id,
                                       unsigned me, size_t want);

/* To each receiver something else, of bytes[k] for owner k: for each of them in
 * order its key and its box. */
BF_MUST_CHECK bf_status bf_sealed_write_each(
    const char *path, const bf_session *s,
    const uint8_t *const data[BF_OWNERS_MAX],
    const size_t bytes[BF_OWNERS_MAX]);
/* What is for owner `me`: data[bytes[me]], as bf_sealed_read. */
BF_MUST_CHECK bf_status bf_sealed_read_each(uint8_t **data, const char *path,
                                            const bf_session *s,
                                            const bf_identity *id, unsigned me,
                                            const size_t bytes[BF_OWNERS_MAX]);

#endif
