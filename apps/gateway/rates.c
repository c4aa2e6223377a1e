#include "gateway/rates.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define WAYS 8 /* places of a bucket */

void rates_init(rates *r)
{
    memset(r, 0, sizeof *r);
    crypto_shorthash_keygen(r->key);
}

static uint64_t id_of(const rates *r, char kind, const char *name)
{
    char text[128];
    uint64_t id;
    int n = snprintf(text, sizeof text, "%c%s", kind, name);
    if (n < 0 || n >= (int)sizeof text) n = (int)sizeof text - 1;
    crypto_shorthash((uint8_t *)&id, (const uint8_t *)text, (size_t)n, r->key);
    return id ? id : 1; /* 0: a free place */
}

static size_t place_of(const rates *r, uint64_t id)
{
    size_t first = id % (RATES_BUCKETS / WAYS) * WAYS, best = first;
    for (size_t i = first; i < first + WAYS; i++) {
        if (r->bucket[i].id == id) return i;
        if (r->bucket[i].full_at < r->bucket[best].full_at) best = i;
    }
    return best;
}

bool rates_take(rates *r, double *wait, char kind, const char *name,
                double per_minute, double burst, double now)
{
    uint64_t id = id_of(r, kind, name);
    size_t i = place_of(r, id);
    double each = 60 / per_minute; /* seconds */
    if (r->bucket[i].id != id || r->bucket[i].full_at < now)
        r->bucket[i].full_at = now;
    r->bucket[i].id = id;
    double after = r->bucket[i].full_at + each;
    *wait = after - now - burst * each;
    if (*wait > 0) return false;
    r->bucket[i].full_at = after;
    return true;
}
