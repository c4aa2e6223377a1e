/* Any bytes as a head. The target also signs the bytes, so that code after the
 * signature check is reached. An accepted head has the parts of its round's
 * message. The last byte of T, which bf_head_parse does not check, chooses how
 * data are split, and whether the last step is audited and owner 0 whitens. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "train/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two owners with keys from fixed seeds. */
static void make_session(bf_session *s, bf_job *job, uint8_t secret[64])
{
    uint8_t seed[32] = {1};
    memset(s, 0, sizeof *s);
    memset(job, 0, sizeof *job);
    job->recipe.kind = BF_RECIPE_WHITENED;
    s->job = job;
    s->owners = 2;
    memset(s->id, 7, sizeof s->id);
    if (crypto_sign_seed_keypair(s->owner[0].party.sign, secret, seed) != 0)
        abort();
}

static void choose_session(bf_session *s, bf_job *job, const uint8_t *data,
                           size_t size)
{
    static const bf_session_options options[] = {
        {.split = BF_SPLIT_ROWS},
        {.split = BF_SPLIT_ROWS, .audit = true},
        {.split = BF_SPLIT_LABELS},
        {.split = BF_SPLIT_COLUMNS}};
    uint8_t of = size > BF_HEAD_FIXED ? data[BF_HEAD_FIXED - 1] : 0;
    s->options = options[of & 3];
    job->schedule.iterations = of & 4 ? 2 : 1;
    s->owner[0].whitens = of & 8;
}

static void check_head(const bf_session *s, const bf_head *h)
{
    uint8_t again[BF_HEAD_BYTES_MAX];
    bf_part_kind kinds[BF_PARTS_MAX];
    if (h->round < 1 || h->round > bf_session_rounds(s) || h->sender != 0)
        abort();
    if (h->parts != bf_message_parts(kinds, s, h->round, 0)) abort();
    if (bf_head_print(again, s, h) > BF_HEAD_BYTES_MAX) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bf_session s;
    bf_job job;
    bf_head h;
    uint8_t secret[64], head[BF_HEAD_BYTES_MAX], text[BF_HEAD_SIGNED_MAX];
    size_t most = sizeof head - BF_SIGNATURE_BYTES;
    if (bf_random_init() != BF_OK) abort();
    make_session(&s, &job, secret);
    choose_session(&s, &job, data, size);
    for (unsigned round = 1; round <= bf_session_rounds(&s); round++)
        if (bf_head_parse(&h, &s, round, 0, data, size, "input") == BF_OK)
            check_head(&s, &h);
    if (size > most) return 0;
    memcpy(head, data, size);
    if (size >= 24 + 32) memcpy(head + 24, s.id, sizeof s.id);
    size_t n = bf_head_signed(text, head, size);
    crypto_sign_detached(head + size, NULL, text, n, secret);
    for (unsigned round = 1; round <= bf_session_rounds(&s); round++)
        if (bf_head_parse(&h, &s, round, 0, head, size + BF_SIGNATURE_BYTES,
                          "input") == BF_OK)
            check_head(&s, &h);
    return 0;
}
