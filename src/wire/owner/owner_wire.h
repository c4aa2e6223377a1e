/* The secret key's file. Owner's side only. */
#ifndef BF_WIRE_OWNER_OWNER_WIRE_H
#define BF_WIRE_OWNER_OWNER_WIRE_H

#include "ckks/owner/owner.h"
#include "wire/wire.h"

/* Mode 0600. Packed in constant time, in locked memory that is wiped. note may
 * be NULL. */
BF_MUST_CHECK bf_status bf_wire_write_secret_key(const char *path,
                                                 const bf_secret_key *sk,
                                                 const char *note);
/* The same file without a note, complete but not committed. */
BF_MUST_CHECK bf_status bf_wire_prepare_secret_key(bf_outfile **out,
                                                   const char *path,
                                                   const bf_secret_key *sk);

/* The context is that of the file's parameters (bf_wire_read_params). */
BF_MUST_CHECK bf_status bf_wire_read_secret_key(bf_secret_key **out,
                                                const char *path,
                                                const bf_context *ctx);

#endif
