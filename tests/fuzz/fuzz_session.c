/* Any bytes as a session. An accepted session is within the bounds, and is
 * written as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "train/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bf_session *s;
    size_t rows = 0;
    bf_party p;
    if (bf_party_parse(&p, (const char *)data, size, "input") == BF_OK &&
        !bf_party_name_valid(p.name))
        abort();
    if (bf_session_parse(&s, (const char *)data, size, "input") != BF_OK)
        return 0;
    if (s->owners < 2 || s->owners > BF_OWNERS_MAX || s->bytes != size ||
        memcmp(s->text, data, size) != 0)
        abort();
    for (unsigned i = 0; i < s->owners; i++) {
        const bf_session_owner *o = &s->owner[i];
        size_t n = s->job->layout.n;
        if (o->count == 0 || o->first >= n || o->count > n - o->first) abort();
        if (!o->labels) continue;
        if (o->first != rows) abort(); /* labels of all rows, each once */
        rows += o->count;
    }
    if (rows != s->job->layout.n) abort();
    bf_session_destroy(s);
    return 0;
}
