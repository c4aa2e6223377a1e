/* Parameters from a request of depth, slots, precision and largest value.
 *
 * Scale. An encryption with the public key has an error of standard deviation
 * sd sqrt(1 + 4N/3) in a coefficient (ckks/encrypt.c), and sqrt(N) times that
 * in a slot. The rounding of a product has less: sqrt((1 + 2N/3)/12) in a
 * coefficient. Both errors are sums of products of normal variables; the
 * largest of N/2 of them exceeds 20 standard deviations with a probability of
 * 2e-12. So scale = 20 sqrt(N) sd sqrt(1 + 4N/3) 2^precision leaves `precision`
 * bits right. Example: N = 2^14 and 20 bits take a scale of 41 bits.
 *
 * Base. Level 0 holds `largest` times the scale, with a sign, and as much again
 * for errors: two bits more. The base is one prime, or several if one prime
 * would need more than 49 bits. Files do not hold the request: everything
 * follows from the primes, so that owner and server have the same. */
#include <math.h>

#include "api/api.h"
#include "ckks/internal.h"
#include "ckks/sample.h"
#include "wire/wire.h"

#define TAIL 20.0
#define PRECISION 20
#define HEADROOM_BITS 2
/* From the largest value to the last right bit: encoding loses up to four of a
 * double's 53 bits in its transform. */
#define SLOT_BITS 49
#define LOG_N_MIN 13 /* the security table's */
#define LOG_N_MAX 17

static unsigned nearest_bits(uint64_t prime)
{
    return (unsigned)nearbyint(log2((double)prime));
}

/* Computes the scales by limbs and the largest value from the primes that do
 * not serve bootstrapping. */
static void follow_primes(bf_ckks *c, const bf_params *params)
{
    unsigned bits = nearest_bits(params->q[c->top - 1]);
    c->base = 1;
    while (c->base < c->top && nearest_bits(params->q[c->base]) != bits)
        c->base++;
    double scale = exp2(bits), room = 1;
    for (unsigned l = 1; l <= c->top; l++) {
        double q = (double)params->q[l - 1];
        if (l <= c->base) room *= q;
        c->scale[l] = l <= c->base ? scale : sqrt(c->scale[l - 1] * q);
    }
    c->largest = exp2(floor(log2(room) + 0.5) - bits - HEADROOM_BITS);
}

/* A refresh gives the scale of the highest level to the last bit. */
static bf_status adopt_boot(bf_ckks *c, const bf_api_boot *boot)
{
    c->boot = *boot;
    c->boot.p.scale = c->scale[c->top];
    c->largest = boot->largest;
    BF_TRY(bf_boot_params_check(&c->boot.p));
    BF_TRY(bf_context_create(&c->encapsulation, &c->boot.p.encapsulation,
                             BF_BACKEND_AUTO));
    return bf_api_boot_print(&c->note, &c->boot);
}

bf_status bf_api_adopt(bf_ckks **out, const bf_params *params,
                       const bf_api_boot *boot)
{
    if (params->insecure)
        return bf_fail(BF_ERR_SECURITY, "parameters of a test, below 128 bits");
    bf_ckks *c = bf_alloc_zero(sizeof *c);
    if (!c) return BF_ERR_MEMORY;
    bf_status status;
    BF_GOTO(bf_context_create(&c->ctx, params, BF_BACKEND_AUTO), fail);
    c->top = boot && boot->p.limbs < params->n_q ? boot->p.limbs : params->n_q;
    follow_primes(c, params);
    if (boot) BF_GOTO(adopt_boot(c, boot), fail);
    bf_ckks_destroy(*out);
    *out = c;
    return BF_OK;
fail:
    bf_ckks_destroy(c);
    return status;
}

/* Fills in q_bits of the chain, base first, and returns their number; 0 if the
 * scale or the chain is too long. */
static unsigned chain_of(unsigned *q_bits, const bf_ckks_request *r,
                         unsigned bits)
{
    unsigned depth = r->depth ? r->depth : 1, base = 1;
    double largest = r->largest > 0 ? r->largest : 1;
    double whole = bits + ceil(log2(largest)) + HEADROOM_BITS;
    if (whole < bits + 1) whole = bits + 1; /* told apart from the others */
    while (whole > base * (double)BF_PRIME_BITS_MAX) base++;
    unsigned each = (unsigned)ceil(whole / base);
    if (each < BF_PRIME_BITS_MIN) each = BF_PRIME_BITS_MIN;
    if (each == bits) each++;
    if (bits > BF_PRIME_BITS_MAX || each > BF_PRIME_BITS_MAX ||
        base > BF_MAX_Q || depth > BF_MAX_Q - base)
        return 0;
    for (unsigned i = 0; i < base + depth; i++)
        q_bits[i] = i < base ? each : bits;
    return base + depth;
}

/* Takes the fewest digits that fit. Special primes have the lengths of the
 * first digit's primes, which are the longest. */
static bf_status fit_digits(bf_params *out, unsigned log_n,
                            const unsigned *q_bits, unsigned n_q)
{
    double limit = bf_security_log2_qp_limit(log_n, 128);
    unsigned most = (n_q + 1) / 2 < BF_MAX_P ? (n_q + 1) / 2 : BF_MAX_P;
    for (unsigned alpha = most; alpha > 0; alpha--) {
        unsigned p_bits[BF_MAX_P];
        for (unsigned i = 0; i < alpha; i++) {
            p_bits[i] = q_bits[i];
            if (q_bits[n_q - 1] > p_bits[i]) p_bits[i] = q_bits[n_q - 1];
        }
        BF_TRY(bf_params_make(out, log_n, q_bits, n_q, p_bits, alpha, alpha));
        if (bf_params_log2_q(out, n_q) + bf_params_log2_p(out) <= limit)
            return BF_OK;
    }
    return bf_fail(BF_ERR_ARGUMENT, "no room");
}

static unsigned precision_of(const bf_ckks_request *r)
{
    return r->precision ? r->precision : PRECISION;
}

static bf_status check_request(const bf_ckks_request *r)
{
    if (r->depth > BF_MAX_Q - 1)
        return bf_fail(BF_ERR_ARGUMENT, "parameters: a depth of %u: at most %d",
                       r->depth, BF_MAX_Q - 1);
    if (r->slots > (size_t)1 << (LOG_N_MAX - 1))
        return bf_fail(BF_ERR_ARGUMENT, "parameters: %zu slots: at most %d",
                       r->slots, 1 << (LOG_N_MAX - 1));
    if (!(r->largest >= 0) || !isfinite(r->largest))
        return bf_fail(BF_ERR_ARGUMENT, "parameters: values up to %g",
                       r->largest);
    unsigned precision = precision_of(r);
    if (r->largest * exp2(precision) > exp2(SLOT_BITS))
        return bf_fail(BF_ERR_ARGUMENT,
                       "parameters: values up to %g and %u bits of precision "
                       "behind the point: doubles hold %d bits in all",
                       r->largest, precision, SLOT_BITS);
    return BF_OK;
}

bf_status bf_ckks_create(bf_ckks **out, const bf_ckks_request *r)
{
    bf_params params;
    unsigned q_bits[BF_MAX_Q], precision = precision_of(r);
    BF_TRY(check_request(r));
    for (unsigned log_n = LOG_N_MIN; log_n <= LOG_N_MAX; log_n++) {
        double n = exp2(log_n);
        double noise = BF_NOISE_SD * sqrt(1 + 4 * n / 3) * sqrt(n) * TAIL;
        double exact = ceil(log2(noise) + precision);
        if (r->slots > (size_t)1 << (log_n - 1)) continue;
        if (exact > BF_PRIME_BITS_MAX)
            return bf_fail(BF_ERR_ARGUMENT,
                           "parameters: %u bits of precision "
                           "behind the point: %u levels of them want a ring "
                           "of 2^%u, which has at most %d",
                           precision, r->depth, log_n,
                           (int)(BF_PRIME_BITS_MAX - ceil(log2(noise))));
        unsigned n_q = chain_of(q_bits, r, (unsigned)exact);
        if (n_q && fit_digits(&params, log_n, q_bits, n_q) == BF_OK)
            return bf_api_adopt(out, &params, NULL);
    }
    return bf_fail(BF_ERR_ARGUMENT,
                   "parameters: no ring holds a depth of %u, %u "
                   "bits of precision and values up to %g at 128 bits of "
                   "security",
                   r->depth, precision, r->largest);
}

bf_status bf_ckks_create_chain(bf_ckks **out, const bf_ckks_chain *chain)
{
    bf_params params;
    BF_TRY(bf_params_make(&params, chain->log_n, chain->q_bits, chain->q_count,
                          chain->p_bits, chain->p_count, chain->digit_limbs));
    return bf_api_adopt(out, &params, NULL);
}

bf_status bf_ckks_load(bf_ckks **out, const char *path)
{
    bf_params params;
    bf_api_boot boot;
    char *note;
    BF_TRY(bf_wire_read_noted(&params, &note, path));
    bf_status status = BF_OK;
    if (note) status = bf_api_boot_parse(&boot, note, &params, path);
    if (status == BF_OK)
        status = bf_api_adopt(out, &params, note ? &boot : NULL);
    bf_free(note);
    return status;
}

void bf_ckks_destroy(bf_ckks *c)
{
    if (!c) return;
    bf_context_destroy(c->ctx);
    bf_context_destroy(c->encapsulation);
    bf_free(c->note);
    bf_free(c);
}

size_t bf_ckks_slots(const bf_ckks *c)
{
    return (size_t)1 << (c->ctx->params.log_n - 1);
}

unsigned bf_ckks_levels(const bf_ckks *c)
{
    return c->top - c->base;
}

unsigned bf_ckks_limbs(const bf_ckks *c, unsigned level)
{
    unsigned limbs = bf_api_limbs(c, level);
    return limbs < c->top ? limbs : c->top;
}

uint64_t bf_ckks_prime(const bf_ckks *c, unsigned i)
{
    return i < c->top ? bf_context_params(c->ctx)->q[i] : 0;
}

double bf_ckks_scale(const bf_ckks *c, unsigned level)
{
    return c->scale[bf_ckks_limbs(c, level)];
}

double bf_ckks_largest(const bf_ckks *c)
{
    return c->largest;
}

double bf_ckks_log2_q(const bf_ckks *c)
{
    return bf_params_log2_q(&c->ctx->params, c->ctx->params.n_q);
}

double bf_ckks_log2_qp(const bf_ckks *c)
{
    return bf_ckks_log2_q(c) + bf_params_log2_p(&c->ctx->params);
}

double bf_ckks_security(const bf_ckks *c)
{
    return bf_security_bits(c->ctx->params.log_n, bf_ckks_log2_qp(c));
}

bf_status bf_api_check_level(const bf_ckks *c, unsigned level, const char *what)
{
    if (level > bf_ckks_levels(c))
        return bf_fail(BF_ERR_ARGUMENT, "%s: level %u of %u", what, level,
                       bf_ckks_levels(c));
    return BF_OK;
}

bf_status bf_api_same(const bf_ckks *a, const bf_ckks *b, const char *what)
{
    if (a == b) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH, "%s: objects of %s", what,
                   bf_context_same(a->ctx, b->ctx) ? "two contexts"
                                                   : "other parameters");
}

bf_status bf_api_check_element(const bf_ckks *c, uint32_t g, const char *what)
{
    size_t end = 4 * bf_ckks_slots(c);
    if (g % 2 == 1 && g < end) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%s: Galois element %u must be odd and below %zu", what, g,
                   end);
}
