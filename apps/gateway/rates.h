/* Limits on rates by token buckets: what is limited may happen `burst` times at
 * once and `per_minute` times in the long run. The table has a fixed size and
 * keyed hashes: a stranger can neither fill memory nor choose whose bucket to
 * share. When it is full, the bucket that is nearest to full again gives way.
 */
#ifndef BF_GATEWAY_RATES_H
#define BF_GATEWAY_RATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATES_BUCKETS 4096

typedef struct rates {
    uint8_t key[16];
    struct {
        uint64_t id;
        double full_at; /* seconds, as `now` */
    } bucket[RATES_BUCKETS];
} rates;

void rates_init(rates *r);
/* False if it happens too often; *wait is then the seconds until it may happen
 * again. kind: distinguishes what has the same name. */
bool rates_take(rates *r, double *wait, char kind, const char *name,
                double per_minute, double burst, double now);

#endif
