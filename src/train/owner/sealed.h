/* Parts that only owners can read: libsodium's sealed boxes of the same bytes,
 * one for each of them, one behind the other in the order of the session. What
 * is in them is their sender's by the head that names the file's digest. */
#ifndef BF_TRAIN_OWNER_SEALED_H
#define BF_TRAIN_OWNER_SEALED_H

#include "train/owner/identity.h"

/* receivers: for those alone who receive the model. */
BF_MUST_CHECK bf_status bf_sealed_write(const char *path, const bf_session *s,
                                        bool receivers, const uint8_t *data,
                                        size_t bytes);
/* The box of owner `me`: data[bytes], secret memory, freed with bf_secret_free.
 * BF_ERR_FORMAT when it does not open, or holds other than `want` bytes (0: any
 * number up to 2^30). */
BF_MUST_CHECK bf_status bf_sealed_read(uint8_t **data, size_t *bytes,
                                       const char *path, const bf_session *s,
                                       bool receivers, const bf_identity *id,
                                       unsigned me, size_t want);

#endif
