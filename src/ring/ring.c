/* Rings, and the limb operations: thin calls into the kernels in use. */
#include "ring/ring.h"

#include "ring/backend.h"
#include "ring/ntt.h"

static bf_status check_prime(uint64_t p, unsigned log_n)
{
    if (p >> BF_PRIME_BITS_MAX || !(p >> (BF_PRIME_BITS_MIN - 1)))
        return bf_fail(BF_ERR_ARGUMENT, "prime %llu is not of %d to %d bits",
                       (unsigned long long)p, BF_PRIME_BITS_MIN,
                       BF_PRIME_BITS_MAX);
    if (p % (2ULL << log_n) != 1)
        return bf_fail(BF_ERR_ARGUMENT, "prime %llu is not 1 mod 2^%u",
                       (unsigned long long)p, log_n + 1);
    if (!bf_is_prime_var(p))
        return bf_fail(BF_ERR_ARGUMENT, "%llu is not prime",
                       (unsigned long long)p);
    return BF_OK;
}

bf_status bf_primes_check(unsigned log_n, const uint64_t *primes,
                          unsigned count)
{
    if (log_n < BF_LOG_N_MIN || log_n > BF_LOG_N_MAX)
        return bf_fail(BF_ERR_ARGUMENT,
                       "ring dimension 2^%u is not in 2^%d..%d", log_n,
                       BF_LOG_N_MIN, BF_LOG_N_MAX);
    if (count < 1 || count > BF_MODULI_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%u primes, not 1 to %d", count,
                       BF_MODULI_MAX);
    for (unsigned i = 0; i < count; i++) {
        BF_TRY(check_prime(primes[i], log_n));
        for (unsigned j = 0; j < i; j++)
            if (primes[i] == primes[j])
                return bf_fail(BF_ERR_ARGUMENT, "prime %llu is there twice",
                               (unsigned long long)primes[i]);
    }
    return BF_OK;
}

bf_status bf_ring_create(bf_ring **out, unsigned log_n, const uint64_t *primes,
                         unsigned count, bf_backend backend)
{
    bf_status status = BF_ERR_MEMORY;
    BF_TRY(bf_backend_resolve(backend, &backend));
    BF_TRY(bf_primes_check(log_n, primes, count));
    bf_ring *r = bf_alloc_zero(sizeof *r);
    if (!r) return BF_ERR_MEMORY;
    r->log_n = log_n;
    r->n = (size_t)1 << log_n;
    r->count = count;
    r->k = bf_backend_kernels(backend);
    r->mod = bf_alloc_zero(count * sizeof *r->mod);
    r->ntt = bf_alloc_zero(count * sizeof(bf_ntt *));
    if (!r->mod || !r->ntt) goto fail;
    for (unsigned i = 0; i < count; i++) {
        BF_GOTO(bf_ntt_create(&r->ntt[i], log_n, primes[i]), fail);
        r->mod[i] = r->ntt[i]->mod;
    }
    *out = r;
    return BF_OK;
fail:
    bf_ring_destroy(r);
    return status;
}

void bf_ring_destroy(bf_ring *r)
{
    if (!r) return;
    if (r->ntt)
        for (unsigned i = 0; i < r->count; i++) bf_ntt_destroy(r->ntt[i]);
    bf_free(r->ntt);
    bf_free(r->mod);
    bf_free(r);
}

void bf_ntt_forward(const bf_ring *r, unsigned m, double *a)
{
    r->k->ntt_forward(a, r->ntt[m]);
}

void bf_ntt_inverse(const bf_ring *r, unsigned m, double *a)
{
    r->k->ntt_inverse(a, r->ntt[m], 1);
}

void bf_ntt_inverse_scaled(const bf_ring *r, unsigned m, double *a, uint64_t c)
{
    r->k->ntt_inverse(a, r->ntt[m], c);
}

size_t bf_ring_block_len(const bf_ring *r)
{
    return r->n < BF_NTT_BLOCK ? r->n : BF_NTT_BLOCK;
}

void bf_ntt_inverse_blocked(const bf_ring *r, unsigned m, double *o,
                            const double *a, double *w, uint64_t c)
{
    const bf_ntt *t = r->ntt[m];
    const bf_ntt_top top = bf_ntt_inverse_top(t, c);
    const size_t len = bf_ring_block_len(r);
    for (size_t row = 0; row < r->n / BF_NTT_ROW; row++)
        r->k->ntt_inverse_row(w, a, row, t, &top);
    for (size_t block = 0; block < r->n / len; block++)
        r->k->ntt_inverse_block(o + block * len, w, block, t, &top);
}

void bf_ntt_forward_block(const bf_ring *r, unsigned m, double *o, double *b,
                          size_t block)
{
    r->k->ntt_forward_block(o, b, block, r->ntt[m]);
}

void bf_ntt_forward_row(const bf_ring *r, unsigned m, double *o, size_t row)
{
    r->k->ntt_forward_row(o, row, r->ntt[m]);
}

void bf_limb_add(const bf_ring *r, unsigned m, double *o, const double *a,
                 const double *b)
{
    r->k->add(o, a, b, r->n, &r->mod[m]);
}

void bf_limb_sub(const bf_ring *r, unsigned m, double *o, const double *a,
                 const double *b)
{
    r->k->sub(o, a, b, r->n, &r->mod[m]);
}

void bf_limb_neg(const bf_ring *r, unsigned m, double *o, const double *a)
{
    (void)m;
    /* 0 - x, not -x: no negative zeros, so that equal residues have equal
     * bytes. */
    for (size_t i = 0; i < r->n; i++) o[i] = 0 - a[i];
}

void bf_limb_mul(const bf_ring *r, unsigned m, double *o, const double *a,
                 const double *b)
{
    r->k->mul(o, a, b, r->n, &r->mod[m]);
}

void bf_limb_mul_add(const bf_ring *r, unsigned m, double *o, const double *a,
                     const double *b)
{
    r->k->mul_add(o, a, b, r->n, &r->mod[m]);
}

void bf_limb_mul_const(const bf_ring *r, unsigned m, double *o, const double *a,
                       bf_mulc c)
{
    r->k->mul_const(o, a, c, r->n, &r->mod[m]);
}

void bf_limb_mul_const_add(const bf_ring *r, unsigned m, double *o,
                           const double *a, bf_mulc c)
{
    r->k->mul_const_add(o, a, c, r->n, &r->mod[m]);
}

void bf_limb_sub_mul_const(const bf_ring *r, unsigned m, double *o,
                           const double *a, const double *b, bf_mulc c)
{
    r->k->sub_mul_const(o, a, b, c, r->n, &r->mod[m]);
}

void bf_limb_reduce(const bf_ring *r, unsigned m, double *o, const double *a)
{
    r->k->reduce(o, a, r->n, &r->mod[m]);
}

void bf_limb_dot2(const bf_ring *r, unsigned m, double *o0, double *o1,
                  const double *const *x, const double *const *y0,
                  const double *const *y1, unsigned terms)
{
    r->k->dot2(o0, o1, x, y0, y1, terms, r->n, &r->mod[m]);
}

void bf_span_add(const bf_ring *r, unsigned m, double *o, const double *a,
                 const double *b, size_t len)
{
    r->k->add(o, a, b, len, &r->mod[m]);
}

void bf_span_mul(const bf_ring *r, unsigned m, double *o, const double *a,
                 const double *b, size_t len)
{
    r->k->mul(o, a, b, len, &r->mod[m]);
}

void bf_span_butterfly(const bf_ring *r, unsigned m, double *a, double *b,
                       size_t len)
{
    r->k->butterfly(a, b, len, &r->mod[m]);
}

void bf_span_mul_const_add(const bf_ring *r, unsigned m, double *o,
                           const double *a, bf_mulc c, size_t len)
{
    r->k->mul_const_add(o, a, c, len, &r->mod[m]);
}

void bf_span_sub_mul_const(const bf_ring *r, unsigned m, double *o,
                           const double *a, const double *b, bf_mulc c,
                           size_t len)
{
    r->k->sub_mul_const(o, a, b, c, len, &r->mod[m]);
}

void bf_span_dot2(const bf_ring *r, unsigned m, double *o0, double *o1,
                  const double *const *x, const double *const *y0,
                  const double *const *y1, unsigned terms, size_t len)
{
    r->k->dot2(o0, o1, x, y0, y1, terms, len, &r->mod[m]);
}

void bf_span_tensor_sum(const bf_ring *r, unsigned m, double *const *d0,
                        double *const *d1, double *const *d2,
                        const double *const *a0, const double *const *a1,
                        const double *const *b0, const double *const *b1,
                        unsigned terms, unsigned count, size_t len)
{
    const bf_tensor_sum s = {d0, d1, d2, a0, a1, b0, b1, terms, count};
    r->k->tensor_sum(&s, len, &r->mod[m]);
}

void bf_limb_permute(const bf_ring *r, double *o, const double *a,
                     const uint32_t *perm)
{
    r->k->permute(o, a, perm, r->n);
}

void bf_span_permute(const bf_ring *r, double *o, const double *a,
                     const uint32_t *perm, size_t len)
{
    r->k->permute(o, a, perm, len);
}
