/* Evaluator: life cycle, objects, keys, permutations, counters. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "ckks/eval_internal.h"
#include "ckks/sample.h"

static bf_status make_down_tables(bf_eval *ev)
{
    const bf_context *ctx = ev->ctx;
    const bf_params *pr = &ctx->params;
    ev->down_rescale = bf_alloc_zero((pr->n_q + 1) * sizeof(bf_convert *));
    ev->pq_inv =
        bf_alloc_zero((size_t)(pr->n_q + 1) * pr->n_q * sizeof(bf_mulc));
    ev->p_mul = bf_alloc_zero(pr->n_q * sizeof(bf_mulc));
    if (!ev->down_rescale || !ev->pq_inv || !ev->p_mul) return BF_ERR_MEMORY;
    for (unsigned i = 0; i < pr->n_q; i++)
        ev->p_mul[i] = bf_mulc_make(ctx->p_mod_q[i], pr->q[i]);
    for (unsigned l = 2; l <= pr->n_q; l++) {
        unsigned src[BF_MAX_P + 1], dst[BF_MAX_Q];
        src[0] = l - 1;
        for (unsigned k = 0; k < pr->n_p; k++) src[1 + k] = pr->n_q + k;
        for (unsigned i = 0; i + 1 < l; i++) {
            uint64_t q = pr->q[i];
            uint64_t pq = bf_mod_mul(ctx->p_mod_q[i], pr->q[l - 1] % q, q);
            dst[i] = i;
            ev->pq_inv[(size_t)l * pr->n_q + i] =
                bf_mulc_make(bf_mod_inv(pq, q), q);
        }
        BF_TRY(bf_convert_create(&ev->down_rescale[l], ctx->ring, src,
                                 pr->n_p + 1, dst, l - 1));
    }
    return BF_OK;
}

bf_status bf_eval_create(bf_eval **out, const bf_context *ctx,
                         const bf_eval_keys *keys)
{
    if (keys && keys->ctx != ctx)
        return bf_fail(BF_ERR_MISMATCH, "keys belong to other parameters");
    bf_eval *ev = bf_alloc_zero(sizeof *ev);
    if (!ev) return BF_ERR_MEMORY;
    ev->ctx = ctx;
    ev->keys = keys;
    ev->memory = ev;
    ev->perm_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    for (unsigned l = 1; l <= ctx->params.n_q; l++) {
        ev->ks_noise[l] = bf_noise_key_switch(ctx, l, false);
        ev->square_noise[l] = bf_noise_key_switch(ctx, l, true);
    }
    bf_status status;
    BF_GOTO(bf_pool_create(&ev->pool), fail);
    if (keys) BF_GOTO(make_down_tables(ev), fail);
    *out = ev;
    return BF_OK;
fail:
    bf_eval_destroy(ev);
    return status;
}

void bf_eval_destroy(bf_eval *ev)
{
    if (!ev) return;
    for (unsigned l = 0; ev->down_rescale && l <= ev->ctx->params.n_q; l++)
        bf_convert_destroy(ev->down_rescale[l]);
    for (size_t i = 0; i < ev->perm_count; i++) bf_free(ev->perms[i].index);
    bf_free(ev->down_rescale);
    bf_free(ev->pq_inv);
    bf_free(ev->p_mul);
    bf_free(ev->perms);
    bf_free(ev->needs);
    if (ev->memory == ev) bf_pool_destroy(ev->pool);
    bf_free(ev);
}

void bf_eval_share_memory(bf_eval *ev, bf_eval *with)
{
    bf_pool_destroy(ev->pool);
    ev->pool = with->pool;
    ev->memory = with;
}

bool bf_eval_is_symbolic(const bf_eval *ev)
{
    return !ev->keys;
}

const bf_context *bf_eval_context(const bf_eval *ev)
{
    return ev->ctx;
}

void bf_eval_counters(const bf_eval *ev, bf_counters *out)
{
    /* Other threads may count while this reads the counters for progress. */
    const uint64_t *from = (const uint64_t *)&ev->counters;
    uint64_t *to = (uint64_t *)out;
    for (size_t i = 0; i < sizeof *out / sizeof *to; i++)
        to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

bf_counters bf_counters_between(const bf_counters *start,
                                const bf_counters *end)
{
    bf_counters work;
    const uint64_t *a = (const uint64_t *)start, *b = (const uint64_t *)end;
    uint64_t *to = (uint64_t *)&work;
    for (size_t i = 0; i < sizeof work / sizeof *to; i++) to[i] = b[i] - a[i];
    return work;
}

void bf_eval_count_unpacked(bf_eval *ev, uint64_t limbs)
{
    bf_count(&ev->counters.unpacked_limbs, limbs);
}

void bf_eval_count_again(bf_eval *ev, const bf_counters *work)
{
    const uint64_t *from = (const uint64_t *)work;
    uint64_t *to = (uint64_t *)&ev->counters;
    for (size_t i = 0; i < sizeof *work / sizeof *to; i++) to[i] += from[i];
}

size_t bf_eval_key_needs(const bf_eval *ev, const bf_key_need **needs)
{
    *needs = ev->needs;
    return ev->need_count;
}

size_t bf_eval_peak_bytes(const bf_eval *ev)
{
    return ev->keys ? bf_pool_peak(ev->pool) : ev->memory->peak_bytes;
}

bf_status bf_eval_new(bf_eval *ev, bf_ct *ct, unsigned limbs, unsigned polys)
{
    memset(ct, 0, sizeof *ct);
    ct->ctx = ev->ctx;
    ct->limbs = limbs;
    ct->polys = polys;
    ct->bytes = (size_t)limbs * polys * bf_eval_n(ev) * sizeof(double);
    if (!ev->keys) {
        bf_eval *m = ev->memory;
        m->live_bytes += ct->bytes;
        if (m->live_bytes > m->peak_bytes) m->peak_bytes = m->live_bytes;
        return BF_OK;
    }
    ct->data = bf_pool_take_any(ev->pool, ct->bytes, &ct->bytes);
    ct->pooled = true;
    return ct->data ? BF_OK : BF_ERR_MEMORY;
}

static void live_less(bf_eval *m, size_t bytes)
{
    m->live_bytes -= bytes < m->live_bytes ? bytes : m->live_bytes;
}

void bf_eval_release(bf_eval *ev, bf_ct *ct)
{
    if (ct->data && ct->pooled)
        bf_pool_give(ev->pool, ct->data, ct->bytes);
    else if (ct->data)
        bf_free(ct->data);
    else if (!ev->keys)
        live_less(ev->memory, ct->bytes);
    memset(ct, 0, sizeof *ct);
}

void bf_move(bf_eval *ev, bf_ct *out, bf_ct *res)
{
    if (out == res) return;
    bf_eval_release(ev, out);
    *out = *res;
    memset(res, 0, sizeof *res);
}

bf_status bf_eval_check(const bf_eval *ev, const bf_ct *ct, unsigned polys_max,
                        const char *what)
{
    if (ct->ctx != ev->ctx)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: ciphertext of other parameters, or empty", what);
    if (ct->limbs < 1 || ct->limbs > ev->ctx->params.n_q)
        return bf_fail(BF_ERR_ARGUMENT, "%s: %u limbs", what, ct->limbs);
    if (ct->polys < 2 || ct->polys > polys_max)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: needs a ciphertext of %s, has %u polynomials", what,
                       polys_max == 2 ? "two polynomials" : "two or three",
                       ct->polys);
    if (!ct->data != !ev->keys)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: symbolic and real objects do not mix", what);
    return BF_OK;
}

#define SCALE_TOLERANCE 0x1p-20

bf_status bf_eval_check_scales(double a, double b, const char *what)
{
    if (!(fabs(a / b - 1) <= SCALE_TOLERANCE))
        return bf_fail(BF_ERR_MISMATCH, "%s: scales 2^%.6f and 2^%.6f differ",
                       what, log2(a), log2(b));
    return BF_OK;
}

double *bf_eval_scratch(bf_eval *ev, size_t limbs)
{
    return bf_pool_take(ev->pool, limbs * bf_eval_n(ev) * sizeof(double));
}

void bf_eval_scratch_give(bf_eval *ev, double *p, size_t limbs)
{
    if (p) bf_pool_give(ev->pool, p, limbs * bf_eval_n(ev) * sizeof(double));
}

static bf_status record_need(bf_eval *ev, bf_key_name name, unsigned limbs)
{
    for (size_t i = 0; i < ev->need_count; i++) {
        if (!bf_key_same(ev->needs[i].name, name)) continue;
        if (ev->needs[i].limbs < limbs) ev->needs[i].limbs = limbs;
        return BF_OK;
    }
    if (ev->need_count == ev->need_cap) {
        size_t cap = ev->need_cap ? 2 * ev->need_cap : 32;
        bf_key_need *grown = bf_alloc(cap * sizeof *grown);
        if (!grown) return BF_ERR_MEMORY;
        if (ev->need_count)
            memcpy(grown, ev->needs, ev->need_count * sizeof *grown);
        bf_free(ev->needs);
        ev->needs = grown;
        ev->need_cap = cap;
    }
    ev->needs[ev->need_count++] = (bf_key_need){name, limbs};
    return BF_OK;
}

bf_status bf_eval_key(bf_eval *ev, bf_key_name name, unsigned limbs,
                      const bf_switch_key **out)
{
    *out = NULL;
    bf_count(&ev->counters.key_switches[limbs], 1);
    if (!ev->keys) return record_need(ev, name, limbs);
    const bf_switch_key *key = bf_eval_keys_find(ev->keys, name);
    if (!key)
        return bf_fail(BF_ERR_MISMATCH, "%s is not there", bf_key_text(name));
    if (key->a == BF_KEY_A_APART)
        return bf_fail(BF_ERR_MISMATCH, "a share of %s, not the key",
                       bf_key_text(name));
    if (key->limbs < limbs)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s reaches %u limbs, needs %u", bf_key_text(name),
                       key->limbs, limbs);
    *out = key;
    return BF_OK;
}

static bf_status make_perm(bf_eval *ev, uint32_t galois, bf_perm *out)
{
    for (size_t i = 0; i < ev->perm_count; i++) {
        if (ev->perms[i].galois == galois) {
            *out = ev->perms[i];
            return BF_OK;
        }
    }
    if (ev->perm_count == ev->perm_cap) {
        size_t cap = ev->perm_cap ? 2 * ev->perm_cap : 64;
        bf_perm *grown = bf_alloc(cap * sizeof *grown);
        if (!grown) return BF_ERR_MEMORY;
        if (ev->perm_count)
            memcpy(grown, ev->perms, ev->perm_count * sizeof *grown);
        bf_free(ev->perms);
        ev->perms = grown;
        ev->perm_cap = cap;
    }
    size_t n = bf_eval_n(ev), rows = n / BF_ROW_LEN;
    uint32_t *index = bf_alloc((n + rows) * sizeof *index);
    if (!index) return BF_ERR_MEMORY;
    bf_ring_automorphism(ev->ctx->params.log_n, galois, index);
    for (size_t r = 0; r < rows; r++)
        index[n + index[r * BF_ROW_LEN] / BF_ROW_LEN] =
            (uint32_t)(r * BF_ROW_LEN);
    *out = ev->perms[ev->perm_count++] = (bf_perm){galois, index, index + n};
    return BF_OK;
}

bf_status bf_eval_perm(bf_eval *ev, uint32_t galois, bf_perm *out)
{
    pthread_mutex_lock(&ev->perm_lock);
    bf_status status = make_perm(ev, galois, out);
    pthread_mutex_unlock(&ev->perm_lock);
    return status;
}

/* A division by a prime or by P rounds c0 and c1 to nearest. The error of c0 is
 * uniform in +-1/2. The error of c1 is uniform too, and is multiplied by the
 * secret (2N/3 nonzero entries; for a sum of K ternary secrets K times this
 * variance). */
double bf_noise_rounding(const bf_context *ctx)
{
    double n = (double)ctx->ring->n;
    return sqrt((1 + 2 * n * ctx->owners / 3) / 12);
}

/* Variance of an error in a key. Keys that K owners made have the sum of K
 * errors; keys from the square also have s e0 + u e1 (ckks/collective.h), with
 * s and u of variance 2K/3. */
static double key_variance(const bf_context *ctx, bool square)
{
    double n = (double)ctx->ring->n, k = ctx->owners;
    double products = square && k > 1 ? 4 * n * k * k / 3 : 0;
    return BF_NOISE_SD * BF_NOISE_SD * (k + products);
}

/* Digits are uniform modulo their product Q_j, so the inner product with the
 * key's noise has variance N sigma^2 sum_j Q_j^2/12, divided by P^2. */
double bf_noise_key_switch(const bf_context *ctx, unsigned limbs, bool square)
{
    const bf_params *pr = &ctx->params;
    double log_p = bf_params_log2_p(pr), sum = 0;
    for (unsigned j = 0; j < bf_params_digits(pr, limbs); j++) {
        double log_d = 0;
        for (unsigned i = j * pr->digit_limbs;
             i < limbs && i < (j + 1) * pr->digit_limbs; i++)
            log_d += log2((double)pr->q[i]);
        sum += exp2(2 * (log_d - log_p));
    }
    double ks = (double)ctx->ring->n * key_variance(ctx, square) * sum / 12;
    double r = bf_noise_rounding(ctx);
    return sqrt(ks + r * r);
}
