/* The mark of a folder whose job's model has been decrypted.
 *
 * A server that learns how a decryption went can learn the secret key
 * (docs/security.md, "Decryptions"), and a job that comes again after its model
 * was opened tells it something. So programs write the mark before they
 * decrypt, and send nothing of a marked folder. */
#ifndef BF_REMOTE_OPENED_H
#define BF_REMOTE_OPENED_H

#include "blindfit/blindfit.h"

#define REMOTE_STATE "remote.json" /* of folders whose job went to a server */

/* Marks the folder of this model if its job went to a server; on disk when the
 * function returns. */
BF_MUST_CHECK bf_status remote_opened_mark(const char *model);
/* BF_ERR_SECURITY if the folder is marked. */
BF_MUST_CHECK bf_status remote_opened_refuse(const char *folder);

#endif
