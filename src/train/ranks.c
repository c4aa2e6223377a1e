#include "train/ranks.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"

#define MESSAGE_WORDS (BF_MESSAGE_BYTES / sizeof(uint64_t))

/* Every rank's word, by rank. */
static bf_status gather(const bf_ranks *r, uint64_t mine,
                        uint64_t all[BF_RANKS_MAX])
{
    memset(all, 0, r->count * sizeof *all);
    all[r->own] = mine;
    return r->sum(r->user, all, r->count);
}

/* The failure of rank `failed`, with its message, on all ranks. */
static bf_status share_failure(const bf_ranks *r, unsigned failed, bf_status s)
{
    uint64_t words[MESSAGE_WORDS] = {0};
    char text[BF_MESSAGE_BYTES] = "";
    if (r->own == failed)
        memcpy(words, bf_last_error(), strlen(bf_last_error()));
    BF_TRY(r->sum(r->user, words, MESSAGE_WORDS));
    memcpy(text, words, sizeof text - 1);
    return bf_fail(s, "rank %u: %s", failed, text);
}

bf_status bf_ranks_meet(const bf_ranks *r, bf_status mine)
{
    uint64_t all[BF_RANKS_MAX];
    if (r->own >= r->count || r->count > BF_RANKS_MAX)
        return bf_fail(BF_ERR_ARGUMENT,
                       "rank %u of %u; at most %d ranks are "
                       "possible",
                       r->own, r->count, BF_RANKS_MAX);
    BF_TRY(gather(r, (uint64_t)mine, all));
    for (unsigned i = 0; i < r->count; i++)
        if (all[i] != BF_OK) return share_failure(r, i, (bf_status)all[i]);
    return BF_OK;
}

/* A failure that all ranks have; or the sum itself failed. */
static bf_status of_all(bf_team *t, bf_status s)
{
    if (s != BF_OK) t->over = true;
    return s;
}

bf_status bf_team_meet(bf_team *t, bf_status mine)
{
    if (!t->ranks || t->over) return mine;
    return of_all(t, bf_ranks_meet(t->ranks, mine));
}

static bf_status compare(const uint64_t *all, unsigned count, const char *what)
{
    for (unsigned i = 1; i < count; i++)
        if (all[i] != all[0])
            return bf_fail(BF_ERR_MISMATCH, "rank %u: %s is not that of rank 0",
                           i, what);
    return BF_OK;
}

bf_status bf_team_agree(bf_team *t, const char *what, const void *id,
                        size_t bytes)
{
    uint64_t all[BF_RANKS_MAX];
    union {
        uint8_t bytes[BF_HASH_BYTES];
        uint64_t first;
    } digest;
    if (!t->ranks) return BF_OK;
    BF_TRY(bf_team_meet(t, BF_OK));
    bf_hash(id, bytes, digest.bytes);
    BF_TRY(of_all(t, gather(t->ranks, digest.first, all)));
    return of_all(t, compare(all, t->ranks->count, what));
}

bf_status bf_team_tell(bf_team *t, const uint64_t *mine, size_t words,
                       uint64_t *all)
{
    const bf_ranks *r = t->ranks;
    size_t bytes = words * sizeof *all;
    if (!r) {
        memcpy(all, mine, bytes);
        return BF_OK;
    }
    BF_TRY(bf_team_meet(t, BF_OK));
    memset(all, 0, r->count * bytes);
    memcpy(all + r->own * words, mine, bytes);
    return of_all(t, r->sum(r->user, all, r->count * words));
}

/* ---- sums of residues ---------------------------------------------------- */

/* What a rank tells of its ciphertext. Doubles travel as their bits, so that
 * all ranks compute the same from them. */
typedef struct told {
    uint64_t limbs; /* 0: it has none */
    double scale, noise, bound;
} told;
#define TOLD_WORDS (sizeof(told) / sizeof(uint64_t))

/* Room for the sum: words are [limbs][polys][n]. */
typedef struct addend {
    bf_ct *ct;
    size_t n;
    uint64_t *words;
} addend;

/* Residues are signed and below 2^50, so that sums over BF_RANKS_MAX ranks are
 * below 2^62 and exact in words. */
static void put_residues(void *user, size_t i)
{
    const addend *a = user;
    const double *limb = a->ct->data + i * a->n;
    uint64_t *words = a->words + i * a->n;
    for (size_t j = 0; j < a->n; j++) words[j] = (uint64_t)(int64_t)limb[j];
}

static void take_residues(void *user, size_t i)
{
    const addend *a = user;
    const uint64_t *words = a->words + i * a->n;
    const bf_ring *ring = bf_context_ring(a->ct->ctx);
    int64_t q = (int64_t)ring->mod[i / a->ct->polys].value;
    double *limb = a->ct->data + i * a->n;
    for (size_t j = 0; j < a->n; j++) {
        int64_t rest = (int64_t)words[j] % q;
        limb[j] =
            bf_centre((uint64_t)(rest < 0 ? rest + q : rest), (uint64_t)q);
    }
}

static bf_status tell(const bf_ranks *r, const bf_ct *ct,
                      told all[BF_RANKS_MAX])
{
    memset(all, 0, r->count * sizeof *all);
    all[r->own] = (told){ct->limbs, ct->scale, ct->noise, ct->bound};
    return r->sum(r->user, (uint64_t *)all, r->count * TOLD_WORDS);
}

/* A zero where this rank has no ciphertext. */
static bf_status make_zero(bf_ct *ct, const bf_context *ctx, const told *like)
{
    BF_TRY(bf_ct_init(ct, ctx, (unsigned)like->limbs, 2));
    memset(ct->data, 0, ct->bytes);
    ct->scale = like->scale;
    ct->bound = like->bound;
    return BF_OK;
}

static bf_status prepare(addend *a, bf_ct *ct, const bf_context *ctx,
                         const told *all, unsigned count)
{
    const told *some = all;
    double noise = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!some->limbs) some = &all[i];
        noise = hypot(noise, all[i].noise);
    }
    if (!ct->ctx) BF_TRY(make_zero(ct, ctx, some));
    ct->noise = noise;
    *a = (addend){.ct = ct, .n = bf_context_ring(ctx)->n};
    a->words = bf_alloc(ct->limbs * ct->polys * a->n * sizeof *a->words);
    return a->words ? BF_OK : BF_ERR_MEMORY;
}

static bf_status add(const bf_ranks *r, addend *a)
{
    size_t limbs = (size_t)a->ct->limbs * a->ct->polys;
    bf_parallel(limbs, put_residues, a);
    BF_TRY(r->sum(r->user, a->words, limbs * a->n));
    bf_parallel(limbs, take_residues, a);
    return BF_OK;
}

bf_status bf_team_add(bf_team *t, const bf_context *ctx, bf_ct *ct)
{
    told all[BF_RANKS_MAX];
    addend a = {0};
    if (!t || !t->ranks || t->ranks->count == 1) return BF_OK;
    uint64_t bytes = (uint64_t)ct->limbs * ct->polys * bf_context_ring(ctx)->n *
                     sizeof *a.words;
    if (bytes > t->largest) t->largest = bytes;
    if (!t->ranks->sum) {
        ct->noise *= sqrt(t->ranks->count);
        return BF_OK;
    }
    BF_TRY(bf_team_meet(t, BF_OK));
    BF_TRY(of_all(t, tell(t->ranks, ct, all)));
    bf_status s = prepare(&a, ct, ctx, all, t->ranks->count);
    s = bf_team_meet(t, s);
    if (s == BF_OK) s = of_all(t, add(t->ranks, &a));
    bf_free(a.words);
    return s;
}
