/* Limits of owners, from a file:
 *
 *   {"default": {"disk_bytes": 2e10, "jobs": 10},
 *    "owners": {"alice": {"memory_bytes": 8e9, "seconds": 7200}}}
 *
 * An owner's entry replaces single limits of the default. */
#ifndef BF_CLI_QUEUE_LIMITS_H
#define BF_CLI_QUEUE_LIMITS_H

#include <cjson/cJSON.h>

#include "blindfit/blindfit.h"

typedef struct queue_owner_limits { /* 0: none */
    double disk_bytes;   /* of all files of the owner, and of the next job */
    double jobs;         /* admitted and not finished */
    double memory_bytes; /* of a job */
    double seconds;      /* of training of a job */
} queue_owner_limits;

typedef struct queue_limits {
    cJSON *json; /* NULL: no limits */
} queue_limits;

/* BF_ERR_FORMAT names the file and the entry that is wrong. */
BF_MUST_CHECK bf_status queue_limits_read(queue_limits *out, const char *path);
void queue_limits_clear(queue_limits *l);
queue_owner_limits queue_limits_of(const queue_limits *l, const char *owner);

#endif
