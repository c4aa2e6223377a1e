/* Counters since the start, for GET /metrics. */
#ifndef BF_GATEWAY_METRICS_H
#define BF_GATEWAY_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

typedef struct metrics {
    _Atomic uint64_t requests[6]; /* by the hundreds of the status */
    _Atomic uint64_t received_bytes, sent_bytes; /* of bodies of files */
    _Atomic uint64_t files;                      /* completed */
    _Atomic uint64_t unauthorised;               /* 401 */
    _Atomic uint64_t limited;                    /* 429 */
    _Atomic uint64_t cut;         /* connections, for being slow */
    _Atomic uint64_t expired;     /* incomplete files and sessions */
    _Atomic uint64_t connections; /* now */
} metrics;

#endif
