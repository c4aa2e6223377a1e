/* Names in a spool (docs/server.md). */
#ifndef BF_SPOOL_NAMES_H
#define BF_SPOOL_NAMES_H

#include <stdbool.h>

#define SPOOL_OWNER_MAX 32u
#define SPOOL_JOB_MAX 64u
#define SPOOL_FILE_MAX 31u
#define SPOOL_SESSION_CHARS 64u

/* ASCII letters, digits, '-' and '_', a letter or digit first; at most so many.
 */
bool spool_owner_valid(const char *name);
bool spool_job_valid(const char *name);
/* A file of a job that owners send. */
bool spool_file_valid(const char *name);
/* A session's id, in small hexadecimal digits. */
bool spool_session_valid(const char *name);

/* A file of a session: "rROUND-KK.PART", as blindfit names a message of the
 * owner KK; or "session.bf" or "model.enc", of round 0. */
#define SPOOL_ROUNDS_MAX 99u
#define SPOOL_MEMBERS_MAX 16u
typedef struct spool_message {
    unsigned round, from; /* round 0: from 0 for session.bf */
    bool model;
} spool_message;
bool spool_message_read(spool_message *out, const char *name);

#endif
