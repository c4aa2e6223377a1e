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
        if (s->owner[i].first != rows || s->owner[i].count == 0) abort();
        rows += s->owner[i].count;
    }
    if (rows != s->job->layout.n) abort();
    bf_session_destroy(s);
    return 0;
}
