/* Names in a spool (docs/server.md). */
#ifndef BF_SPOOL_NAMES_H
#define BF_SPOOL_NAMES_H

#include <stdbool.h>

#define SPOOL_OWNER_MAX 32u
#define SPOOL_JOB_MAX 64u

/* ASCII letters, digits, '-' and '_', a letter or digit first; at most so many.
 */
bool spool_owner_valid(const char *name);
bool spool_job_valid(const char *name);

#endif
