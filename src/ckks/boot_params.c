/* The primes of a refresh. All sizes are logarithms to base two. */
#include <math.h>
#include <string.h>

#include "ckks/boot_internal.h"

/* Depth of a polynomial of degree 30, three doublings; a square and a product.
 */
enum { SINE_LIMBS = 5 + 3, ARCSINE_LIMBS = 2 };

#define PRIME_MAX 48.95 /* primes of 49 bits lie below */
#define PRIME_MIN 30.0
#define PRECISION_MIN 4
/* Butterflies of a group: 2^7 - 1 diagonals, for which some thirty rotations
 * suffice.
 */
#define RADIX_MAX 7
#define RADIX_WIDEST 8 /* from bf_boot_params_slots */

typedef struct sizes {
    double q0, sine, c2s, s2c; /* of one prime each */
    unsigned s2c_primes;
} sizes;

unsigned bf_boot_sine_limbs(const bf_boot_params *p)
{
    return SINE_LIMBS + (p->arcsine ? ARCSINE_LIMBS : 0);
}

double bf_boot_scale_in(const bf_boot_params *p)
{
    return (double)p->ring.q[0] / (p->bound * exp2(p->ratio));
}

double bf_boot_sine_error(const bf_boot_params *p)
{
    double n = exp2(p->ring.log_n), part = exp2(p->c2s.log_slots + 2) / n;
    return 9.5 * 16.27 * n / sqrt(18) * sqrt(fmin(1, part));
}

/* angle - sin(angle) = angle^3/6; with v + v^3/6 instead of v = sin(angle), the
 * difference is 3 angle^5/40.
 */
double bf_boot_bend(bool arcsine, double c, double u)
{
    double square = pow(2 * M_PI * c / u, 2);
    return c * (arcsine ? 3 * square * square / 40 : square / 6);
}

static bf_status check(const bf_boot_request *r)
{
    if (r->log_n < BF_LOG_N_MIN || r->log_n > BF_LOG_N_MAX ||
        r->log_slots < 1 || r->log_slots >= r->log_n || r->limbs < 1 ||
        r->limbs > BF_MAX_Q)
        return bf_fail(BF_ERR_ARGUMENT,
                       "bootstrapping of 2^%u slots in a ring of 2^%u to %u "
                       "limbs", r->log_slots, r->log_n, r->limbs);
    if (!(r->bound > 0 && r->scale > 0 && r->typical >= 0 &&
          r->typical <= r->bound && isfinite(r->bound) && isfinite(r->scale)))
        return bf_fail(BF_ERR_ARGUMENT,
                       "bootstrapping of coefficients up to %g, typically %g, "
                       "to scale %g", r->bound, r->typical, r->scale);
    if (!(r->ratio >= 5 && r->ratio <= 12 && r->precision >= PRECISION_MIN &&
          r->precision <= 30))
        return bf_fail(BF_ERR_ARGUMENT,
                       "bootstrapping with 2^%g between message and modulus, "
                       "to %g bits: 5 to 12, 4 to 30", r->ratio, r->precision);
    return BF_OK;
}

/* The larger groups come where there are fewer limbs. */
static bf_dft share(unsigned log_n, unsigned log_slots, bool to_slots,
                    unsigned groups)
{
    bf_dft d = {.log_slots = log_slots, .to_slots = to_slots,
                .wide = log_slots + 1 < log_n, .groups = groups};
    for (unsigned g = 0; g < groups; g++) {
        unsigned i = to_slots ? g : groups - 1 - g;
        d.radix[g] = (log_slots + i) / groups;
    }
    return d;
}

void bf_boot_params_split(bf_boot_params *p, unsigned log_slots,
                          unsigned groups)
{
    p->c2s = share(p->ring.log_n, log_slots, true, groups);
    p->s2c = share(p->ring.log_n, log_slots, false, groups);
}

/* Error of matrices at scale 1: the encoding of a diagonal has an error of
 * sqrt(2n/12) in a slot, for each group; in the group for both parts the error
 * is sqrt(4n/12). */
static double matrix_error(const bf_dft *d)
{
    return log2((d->groups + d->wide) * exp2(d->log_slots + 1) / 12) / 2;
}

/* Parts of the error, relative to the bound: EvalMod a bit below the required
 * error, S2C half a bit below, C2S below EvalMod.
 *
 * EvalMod: bf_boot_sine_error on slots, times 2^ratio for q_0 over the message.
 * C2S: x = X/q_0 is sqrt(33/12) typically.
 * S2C: matrix errors times a typical coefficient. S2C also has to reduce the
 * sine's scale, prime * 2 pi/(2^ratio bound), to the result's. */
static bf_status choose(sizes *s, const bf_boot_request *r,
                        const bf_boot_params *p)
{
    const double k = log2(16.27), typical = log2(p->typical / p->bound);
    s->q0 = r->q ? log2((double)r->q[0]) : r->q0_bits;
    double sine = log2(bf_boot_sine_error(p));
    s->sine = r->precision + 1 + sine + r->ratio;
    double c2s =
        s->sine - sine + matrix_error(&p->c2s) + log2(33 / 12.) / 2 + 3;
    s->c2s = (p->c2s.groups * c2s + r->log_n + s->q0 + k - s->sine) /
             p->c2s.groups;
    double s2c = r->precision + 0.5 + matrix_error(&p->s2c) + typical;
    double all = p->s2c.groups * s2c + s->sine + log2(2 * M_PI) - r->ratio -
                 log2(r->scale * r->bound);
    s->s2c_primes = all <= PRIME_MAX ? 1 : (unsigned)ceil(all / PRIME_MAX);
    s->s2c = fmax(all / s->s2c_primes, PRIME_MIN);
    s->c2s = fmax(s->c2s, PRIME_MIN);
    if (s->sine > PRIME_MAX || s->c2s > PRIME_MAX ||
        s->s2c_primes > p->s2c.groups || s->q0 > PRIME_MAX)
        return bf_fail(BF_ERR_RANGE,
                       "bootstrapping to %g bits takes primes of %.1f, %.1f "
                       "and %.1f bits: at most 48.9",
                       r->precision, s->sine, s->c2s, all / p->s2c.groups);
    s->sine = fmax(s->sine, PRIME_MIN);
    return BF_OK;
}

/* As few groups as the sizes of primes allow: each group takes a limb. */
static bf_status choose_groups(sizes *s, const bf_boot_request *r,
                               bf_boot_params *p)
{
    unsigned groups = (r->log_slots + RADIX_MAX - 1) / RADIX_MAX;
    bf_status status;
    do {
        bf_boot_params_split(p, r->log_slots, groups);
        status = choose(s, r, p);
        groups++;
    } while (status == BF_ERR_RANGE && groups <= r->log_slots &&
             groups <= BF_DFT_GROUPS_MAX);
    return status;
}

static bf_status take(uint64_t *out, double bits, unsigned log_n,
                      uint64_t *used, unsigned *count)
{
    *out = bf_prime_near(fmin(bits, PRIME_MAX), log_n, used, *count);
    if (!*out)
        return bf_fail(BF_ERR_RANGE, "no prime of %.1f bits is left for N = "
                       "2^%u", bits, log_n);
    used[(*count)++] = *out;
    return BF_OK;
}

static bf_status find_chain(bf_boot_params *p, const bf_boot_request *r,
                            const sizes *s, uint64_t *used, unsigned *count)
{
    unsigned sine = bf_boot_sine_limbs(p);
    bf_params *ring = &p->ring;
    ring->n_q = r->limbs + s->s2c_primes + sine + p->c2s.groups;
    if (ring->n_q > BF_MAX_Q)
        return bf_fail(BF_ERR_RANGE, "bootstrapping takes %u limbs: at most %d",
                       ring->n_q, BF_MAX_Q);
    for (unsigned i = 0; i < ring->n_q; i++) {
        double bits = i == 0                                 ? s->q0
                      : i < r->limbs                         ? r->limb_bits
                      : i < r->limbs + s->s2c_primes         ? s->s2c
                      : i < r->limbs + s->s2c_primes + sine  ? s->sine
                                                             : s->c2s;
        if (i < r->limbs && r->q)
            used[(*count)++] = ring->q[i] = r->q[i];
        else
            BF_TRY(take(&ring->q[i], bits, r->log_n, used, count));
    }
    return BF_OK;
}

static double widest_digit(const bf_params *p)
{
    double widest = 0;
    for (unsigned first = 0; first < p->n_q; first += p->digit_limbs) {
        double digit = 0;
        for (unsigned i = first; i < first + p->digit_limbs && i < p->n_q; i++)
            digit += log2((double)p->q[i]);
        widest = fmax(widest, digit);
    }
    return widest;
}

/* Special primes whose product exceeds the widest digit, by a bit if there is
 * room. */
static bf_status take_special(bf_params *ring, double widest, double room,
                              uint64_t *used, unsigned count)
{
    ring->n_p = (unsigned)ceil((widest + 0.05) / PRIME_MAX);
    double bits = fmin(fmin(widest + 1, room), ring->n_p * PRIME_MAX);
    for (unsigned i = 0; i < ring->n_p && i < BF_MAX_P; i++)
        BF_TRY(take(&ring->p[i], bits / ring->n_p, ring->log_n, used, &count));
    return BF_OK;
}

/* The longest digits for which the modulus has room, but at least two digits:
 * this gives the fewest transforms and the smallest keys. */
static bf_status find_special(bf_boot_params *p, const bf_boot_request *r,
                              const uint64_t *taken, unsigned count)
{
    unsigned row = r->insecure && r->log_n < 15 ? 15 : r->log_n;
    double log2_q = bf_params_log2_q(&p->ring, p->ring.n_q);
    double limit = bf_security_log2_qp_limit(row, 128), room = limit - log2_q;
    for (unsigned alpha = (p->ring.n_q + 1) / 2; alpha >= 1; alpha--) {
        uint64_t used[BF_MAX_Q + 2 * BF_MAX_P];
        memcpy(used, taken, count * sizeof *used);
        bf_params ring = p->ring;
        ring.digit_limbs = alpha;
        double widest = widest_digit(&ring);
        if (widest + 0.05 > room || widest > BF_MAX_P * PRIME_MAX) continue;
        BF_TRY(take_special(&ring, widest, room, used, count));
        double log2_p = bf_params_log2_p(&ring);
        if (ring.n_p > BF_MAX_P || log2_p < widest + 0.01 || log2_p > room)
            continue;
        p->ring = ring;
        return BF_OK;
    }
    return bf_fail(BF_ERR_SECURITY,
                   "bootstrapping to %u limbs takes 2^%.0f and special primes: "
                   "at most 2^%.0f at N = 2^%u",
                   r->limbs, log2_q, limit, r->log_n);
}

void bf_boot_params_encapsulate(bf_boot_params *p, uint64_t special)
{
    p->encapsulation = (bf_params){
        .log_n = p->ring.log_n, .n_q = 1, .n_p = 1, .digit_limbs = 1,
        .q = {p->ring.q[0]}, .p = {special}, .insecure = p->ring.insecure};
}

/* The ring's special prime exceeds the only digit, q_0. */
static bf_status find_encapsulation(bf_boot_params *p, uint64_t *used,
                                    unsigned count)
{
    uint64_t special;
    double q0 = log2((double)p->ring.q[0]);
    BF_TRY(take(&special, q0 + 2, p->ring.log_n, used, &count));
    if (special <= p->ring.q[0])
        return bf_fail(BF_ERR_RANGE, "no special prime above q_0 of %.2f bits",
                       q0);
    bf_boot_params_encapsulate(p, special);
    return BF_OK;
}

static bf_status check_radices(const bf_dft *d)
{
    unsigned sum = 0;
    bool good = d->groups >= 1 && d->groups <= BF_DFT_GROUPS_MAX;
    for (unsigned g = 0; good && g < d->groups; g++) {
        good = d->radix[g] >= 1 && d->radix[g] <= RADIX_WIDEST;
        sum += d->radix[g];
    }
    if (good && sum == d->log_slots) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "bootstrapping: %u groups of 1 to %d "
                   "butterflies for 2^%u slots", d->groups, RADIX_WIDEST,
                   d->log_slots);
}

static bf_status check_encapsulation(const bf_params *e, const bf_params *ring)
{
    if (e->log_n != ring->log_n || e->n_q != 1 || e->n_p != 1 ||
        e->q[0] != ring->q[0])
        return bf_fail(BF_ERR_ARGUMENT, "bootstrapping: an encapsulation ring "
                       "of other primes than q_0 and one special prime");
    if (e->insecure) return BF_OK;
    return bf_security_check(e->log_n,
                             bf_params_log2_q(e, 1) + bf_params_log2_p(e),
                             BF_BOOT_WEIGHT);
}

bf_status bf_boot_params_check(const bf_boot_params *p)
{
    unsigned n_q = p->limbs + p->s2c_primes + bf_boot_sine_limbs(p) +
                   p->c2s.groups;
    if (p->limbs < 1 || p->ring.n_q != n_q ||
        p->c2s.log_slots >= p->ring.log_n || p->s2c_primes < 1 ||
        p->s2c.log_slots != p->c2s.log_slots || p->s2c_primes > p->s2c.groups)
        return bf_fail(BF_ERR_ARGUMENT,
                       "bootstrapping: a chain of %u limbs, its parts have %u, "
                       "or parts that do not belong together",
                       p->ring.n_q, n_q);
    bf_boot_request r = {.log_n = p->ring.log_n, .log_slots = p->c2s.log_slots,
                         .limbs = p->limbs, .bound = p->bound,
                         .typical = p->typical, .ratio = p->ratio,
                         .scale = p->scale, .precision = PRECISION_MIN};
    BF_TRY(check(&r));
    BF_TRY(check_radices(&p->c2s));
    BF_TRY(check_radices(&p->s2c));
    return check_encapsulation(&p->encapsulation, &p->ring);
}

bf_status bf_boot_params_make(bf_boot_params *out, const bf_boot_request *r)
{
    uint64_t used[BF_MAX_Q + BF_MAX_P + 1];
    unsigned count = 0;
    sizes s;
    BF_TRY(check(r));
    bf_boot_params p = {
        .ring = {.log_n = r->log_n, .insecure = r->insecure},
        .limbs = r->limbs, .arcsine = r->arcsine, .few_keys = r->few_keys,
        .bound = r->bound, .ratio = r->ratio, .scale = r->scale,
        .typical = r->typical > 0 ? r->typical : r->bound / 16};
    BF_TRY(choose_groups(&s, r, &p));
    p.s2c_primes = s.s2c_primes;
    BF_TRY(find_chain(&p, r, &s, used, &count));
    BF_TRY(find_special(&p, r, used, count));
    BF_TRY(find_encapsulation(&p, used, count));
    BF_TRY(bf_boot_params_check(&p));
    *out = p;
    return BF_OK;
}

bf_status bf_boot_params_slots(bf_boot_params *p, unsigned log_slots)
{
    unsigned groups = p->c2s.groups;
    if (log_slots < groups || log_slots >= p->ring.log_n ||
        log_slots > groups * RADIX_WIDEST)
        return bf_fail(BF_ERR_RANGE,
                       "bootstrapping of 2^%u slots in primes for 2^%u",
                       log_slots, p->c2s.log_slots);
    bf_boot_params_split(p, log_slots, groups);
    return BF_OK;
}
