/* One iteration multiplies by rows (scale x), a fold mask, the polynomial, a
 * spread mask and rows again. In log2, with v the scale of the weights that
 * enter the iteration, v' that of the weights that leave it, m the expansion's
 * doublings and d the dense scale:
 *   prime of Z         = x + v + m + mask + 1 + norm - d
 *   primes of products = d each; 2 d for one that divides two (JOINED)
 *   prime of G         = x + d + mask - step - v'
 * Where the polynomial is divided late, errors have the scale degree * d, and
 * primes of equal bits share that with the division of G:
 *   primes of G        = (x + degree * d + mask - step - v')/count each
 * A paired polynomial has one of SQUARE_BITS and one of PRIME_MAX, and leaves
 * errors at the scale that bf_sigmoid_log_scale tells, about 50 bits.
 * The chain from the bottom: q0, then for every iteration, the last one first,
 * G, products, Z.
 *
 * Example: 60,000 rows of 400 features, 10 classes, 3 iterations of steps 4, 4,
 * 2 by the quintic, divided late by one prime more than G's, in N = 2^15 with 4
 * features a ciphertext: x = 14.875, mask = 9.294, m = 9, norm = 3.341,
 * d = 18.25. Z takes v + 19.26 bits, so v = 29.615 fills a prime of 48.875. G
 * of iteration 1 takes 14.875 + 5*18.25 + 9.294 + 11.873 - 29.615 = 97.68 bits
 * (step = 16/60,000 = 2^-11.873): two primes of 48.84. Final weights, up to 16,
 * leave in q0 with 3 bits to spare, v' = 48.875 - 7, so the last G has two
 * primes of 43.21. Iteration 0 has no scores; labels at 2^24 make its G a prime
 * of 30.43. Altogether:
 *   q0 48.875 | G 43.21 43.21, Z 48.875 | G 48.84 48.84, Z 48.875 | G 30.43.
 *
 * Example: the same rows, 20 refreshed iterations of steps 3 by degree 13,
 * paired: x = 13.59, mask = 8.02, norm = 3.718, d = 19.61, errors of 48.3 bits.
 * A refresh adds 6/2^15.5 to a coefficient. A rounding is as large at v = 17.8,
 * and Z has v + 15.7 bits: with 33.9 of them v = 18.2. Weights leave v' +
 * log2(6) + 5 = 48.875 bits in q0, v' = 41.29, and G has 13.59 + 48.3 + 8.02 +
 * 12.288 - 41.29. Altogether, below the primes of the refresh:
 *   q0 48.875 | G 40.91, products 48.875 19.585, Z 33.94. */
#include "train/chain.h"
#include "train/refresh.h"

#include <math.h>
#include <string.h>

/* Precision. One number of bits, b, sets the scales of rows and scores, so that
 * their errors are about 2^-b of a typical value. A coefficient of a fresh
 * ciphertext has an error of deviation 3.24, one of a division sqrt(N/18); in a
 * slot both are sqrt(N) times as large.
 *   rows:  3.24 sqrt(N) per slot, or of several owners what an import adds
 *   dense: N/sqrt(18) per slot, a few times over, in scores times norm;
 *          sqrt(K) times that under the sum of K secrets
 *   start: 3.24 per coefficient, 2F of them in an element; START_BITS more, as
 *          initial weights stay in the model
 * The errors of masks are the same for every sample, so they act as a relative
 * error of the gradient and have bits of their own. */
enum {
    START_BITS = 14,
    PRIME_MIN = 25,
    WEIGHT_HEADROOM = 3 /* bits: sign, and noise on top of the bound */
};

/* log2 of 12 * 2^16 + 1, the prime of a paired square, the least of 20 bits in
 * the rings of refreshes: at the same scale of the square the chain has half of
 * a further bit of this prime. */
#define SQUARE_BITS 19.585
#define PRIME_ROOM 0.0625 /* bits that a prime may differ from those wanted */
#define PRIME_MAX 48.875 /* bits; bf_chain_primes may add a small part of one */

/* Whether iteration t has scores, and so a polynomial. */
static bool has_scores(const bf_job *job, unsigned t)
{
    return t > 0 || !job->schedule.zero_start;
}

static unsigned iteration_depth(const bf_job *job, unsigned t)
{
    return has_scores(job, t) ? 2 + job->form.primes : 1;
}

unsigned bf_chain_limbs(const bf_job *job)
{
    unsigned limbs = 1;
    if (job->refresh.on) return limbs + 2 + job->form.primes;
    for (unsigned t = 0; t < job->schedule.iterations; t++)
        limbs += iteration_depth(job, t);
    return limbs;
}

/* Rows that were encrypted for a longer job have more than this one uses. */
unsigned bf_job_x_limbs(const bf_job *job)
{
    return job->refresh.on ? bf_job_used_limbs(job) : job->ring[0].n_q;
}

/* Errors of a paired polynomial have so large a scale that labels get there
 * times a whole number (bf_adjust). */
static bool labels_raised(const bf_job *job)
{
    return job->refresh.on && job->form.division == BF_DIVIDE_PAIRED;
}

/* Labels join at the depth of the first errors, with one limb more, for the
 * scale adjustment where that divides. A zero start has its first errors at the
 * top, or where weights are refreshed at two limbs. */
unsigned bf_job_y_limbs(const bf_job *job)
{
    unsigned top = bf_job_used_limbs(job);
    bool at_top = job->schedule.zero_start && !job->refresh.on;
    return at_top ? top : top - job->form.primes - labels_raised(job);
}

/* log2 of the factor that makes weights of a sum of gradients. */
static double log_step(const bf_job *job, unsigned t)
{
    const bf_schedule *s = &job->schedule;
    double eta = t + 1 == s->iterations && s->momentum ? s->eta[t] : 0;
    return log2(fabs(s->step[t] * (1 - eta)));
}

/* Bits of prime number i, from the top, that divides products alone. */
static double product_bits(const bf_job *job, unsigned i)
{
    bool last = i + 1 == job->form.primes;
    switch (job->form.division) {
    case BF_DIVIDE_JOINED: return (last ? 2 : 1) * job->log_dense;
    case BF_DIVIDE_PAIRED: return last ? PRIME_MAX : SQUARE_BITS;
    default: return job->log_dense;
    }
}

/* log2 of the scale of errors before the spread mask, with what a late or a
 * paired division leaves undivided. */
static double log_errors(const bf_job *job, unsigned t)
{
    double primes[BF_MAX_Q];
    if (!has_scores(job, t)) return job->log_labels;
    if (job->form.division == BF_DIVIDE_LATE)
        return job->log_dense * job->form.degree;
    for (unsigned i = 0; i < job->form.primes; i++)
        primes[i] = product_bits(job, i);
    return bf_sigmoid_log_scale(&job->form, job->log_dense, primes);
}

/* log2 of the scale that those errors have as a gradient of weights. */
static double log_gradient(const bf_job *job, unsigned t)
{
    return job->log_x + log_errors(job, t) + job->log_mask - log_step(job, t);
}

/* Primes that divide products alone. A late division shares the gradient's. */
static unsigned product_primes(const bf_job *job)
{
    return job->form.division == BF_DIVIDE_LATE ? 0 : job->form.primes;
}

static unsigned gradient_primes(const bf_job *job, unsigned t)
{
    return has_scores(job, t) ? job->form.primes - product_primes(job) + 1 : 1;
}

/* The scale v' of weights between two iterations, or at the end. A larger v'
 * takes bits from the primes of G and adds as many to the prime of the
 * following Z (or to q0), so v' is as large as these primes allow. */
static double weight_scale(const bf_job *job, unsigned next, double z_rest)
{
    unsigned g = gradient_primes(job, next - 1);
    double above = z_rest;
    if (next == job->schedule.iterations)
        above = log2(job->bounds.weight) + WEIGHT_HEADROOM;
    return fmin(PRIME_MAX - above, log_gradient(job, next - 1) - g * PRIME_MIN);
}

/* log2 of the dense scale of a joined polynomial (linalg/sigmoid.h). Its primes
 * have as many bits, and the last of them twice as many: at most 49. */
#define JOINED_BITS 24.45
#define LABELS_MIN 20.0 /* bits of a label's scale, in a refreshed job */
/* By how many bits the scale of errors exceeds that of labels where these are
 * raised: those of bf_adjust and a bit for primes. */
#define LABELS_BELOW 25.0
/* log2 of the least dense scale that a late division tries, and the distance
 * from one try to the next. */
#define LATE_MIN 12.0
#define LATE_STEP 0.125

static bool push(bf_chain *c, double bits)
{
    bool fits = bits >= PRIME_MIN && bits <= PRIME_MAX;
    fits |= bits == JOINED_BITS || bits == 2 * JOINED_BITS;
    fits |= bits == SQUARE_BITS;
    if (!fits || c->n_q == BF_MAX_Q) return false;
    c->bits[c->n_q++] = bits;
    return true;
}

static bool push_products(const bf_job *job, bf_chain *c)
{
    for (unsigned i = product_primes(job); i-- > 0;)
        if (!push(c, product_bits(job, i))) return false;
    return true;
}

/* Of q_0, which holds the last weights, and of a certificate takes all it can
 * get. */
static double last_bits(const bf_job *job, double v)
{
    if (job->certificate) return PRIME_MAX;
    return v + log2(job->bounds.weight) + WEIGHT_HEADROOM;
}

/* Bottom up. False when a prime would be too small or too large. */
static bool make_chain(bf_job *job, bf_chain *c, double log_v0)
{
    const bf_schedule *s = &job->schedule;
    double z_rest = job->log_x + job->layout.log_m + job->log_mask + 1 +
                    log2(job->form.norm) - job->log_dense;
    double v = weight_scale(job, s->iterations, z_rest);
    c->n_q = 0;
    if (!push(c, last_bits(job, v))) return false;
    for (unsigned t = s->iterations; t-- > 0;) {
        unsigned g = gradient_primes(job, t);
        for (unsigned i = 0; i < g; i++)
            if (!push(c, (log_gradient(job, t) - v) / g)) return false;
        if (!has_scores(job, t)) break;
        if (!push_products(job, c)) return false;
        if (t > 0)
            v = weight_scale(job, t, z_rest);
        else
            job->log_v0 = v = fmin(PRIME_MAX - z_rest, log_v0);
        if (!push(c, v + z_rest)) return false;
    }
    return true;
}

/* The iteration that the primes of a refreshed job are made for: the one of the
 * smallest step, whose weights reach the refresh at the largest scale. Smaller
 * scales can be raised there (training.c). Differences of a tenth, within which
 * a refresh takes any scale, leave it the second iteration. */
static unsigned planned_step(const bf_job *job)
{
    const bf_schedule *s = &job->schedule;
    unsigned least = s->iterations > 1;
    for (unsigned t = least; t + 1 < s->iterations; t++)
        if (s->step[t] < 0.9 * s->step[least]) least = t;
    return least;
}

/* log2 of the scale at which weights enter. There a rounding, sqrt(N/18) in a
 * coefficient, is a quarter of what a refresh adds, bound/2^precision; or as
 * large, where the roundings of a paired division outweigh both. (Roundings at
 * the end of a refresh add up to some three of these.) More would be bits of
 * every row for nothing. */
static double entering(const bf_job *job)
{
    bool paired = job->form.division == BF_DIVIDE_PAIRED;
    return job->refresh.precision - log2(bf_refresh_bound(job)) +
           (job->layout.log_n - log2(18)) / 2 + (paired ? 0 : 2);
}

/* Bottom up: q_0, the gradient's primes, the products', that of Z. Weights
 * leave with room for what a refresh needs. The least scale of those that enter
 * is that of initial ones, log_v0, or `entering`; the largest what the prime of
 * Z allows. */
static bool make_segment(bf_job *job, bf_chain *c, double log_v0)
{
    unsigned t = planned_step(job), g = gradient_primes(job, t);
    double z_rest = job->log_x + job->layout.log_m + job->log_mask + 1 +
                    log2(job->form.norm) - job->log_dense;
    double room = bf_refresh_headroom(job), gradient = log_gradient(job, t);
    double v = fmin(PRIME_MAX - room, gradient - g * PRIME_MIN);
    c->n_q = 0;
    if (!push(c, v + room)) return false;
    for (unsigned i = 0; i < g; i++)
        if (!push(c, (gradient - v) / g)) return false;
    if (!push_products(job, c)) return false;
    double enter = entering(job);
    if (has_scores(job, 0)) enter = fmax(enter, log_v0);
    /* Residues of Z's prime take a whole number of bits on the wire. */
    enter = ceil(enter + z_rest + PRIME_ROOM) - PRIME_ROOM - z_rest;
    enter = fmin(fmax(enter, PRIME_MIN - z_rest), PRIME_MAX - z_rest);
    job->refresh.log_scale = enter;
    if (!push(c, enter + z_rest)) return false;
    /* A first gradient without scores has one prime to leave by, and labels
     * that are raised get there by a whole number too. */
    if (labels_raised(job))
        job->log_labels = log_errors(job, t) - LABELS_BELOW;
    else if (!has_scores(job, 0))
        job->log_labels = v + c->bits[1] - job->log_x - job->log_mask +
                          log_step(job, 0);
    if (has_scores(job, 0))
        job->log_v0 = job->refresh.log_scale; /* as all weights that enter */
    return job->log_labels >= (labels_raised(job) ? BF_LABELS_LOG_MIN
                                                  : LABELS_MIN);
}

static bool make(bf_job *job, bf_chain *c, double log_v0)
{
    return job->refresh.on ? make_segment(job, c, log_v0)
                           : make_chain(job, c, log_v0);
}

/* P exceeds a digit by this many bits, with several owners by more: the import
 * of each of their ciphertexts adds the errors of K keys, divided by that. */
#define SPARE 0.5
#define SPARE_SEVERAL 4.5

/* The error of an input: of encryption, or of an import, whose rounding is by
 * the sum of secrets, with a quarter more for the keys' own part. */
static double input_error(const bf_job *job)
{
    double n = (double)((size_t)1 << job->layout.log_n);
    if (job->owners < 2) return 3.24;
    return hypot(3.24, 1.25 * sqrt(n * job->owners / 18));
}

/* log2 of the dense scale at which scores have this many bits of precision. A
 * paired division rounds z'^2, which is about 1, at the scale
 * d^2/2^SQUARE_BITS. */
static double dense_wanted(const bf_job *job, double bits)
{
    double error = bits + job->layout.log_n - log2(18) / 2 +
                   log2(bf_job_owners(job)) / 2 + 1;
    if (job->form.division == BF_DIVIDE_PAIRED)
        return (error + SQUARE_BITS) / 2;
    return ceil(error + log2(job->form.norm));
}

/* Every division that the polynomial allows. With fewer primes the primes
 * dictate the dense scale, and the walk tells whether that is precise enough.
 */
static const struct {
    bf_division division;
    unsigned late;
} ways[] = {{BF_DIVIDE_LATE, 0}, {BF_DIVIDE_LATE, 1},
            {BF_DIVIDE_JOINED, 0}, {BF_DIVIDE_EACH, 0},
            /* for polynomials of long runs, in one iteration's chain */
            {BF_DIVIDE_LATE, 2}, {BF_DIVIDE_LATE, 3},
            {BF_DIVIDE_PAIRED, 0}};
enum { WAYS_UNREFRESHED = 4, WAYS = sizeof ways / sizeof *ways };

unsigned bf_chain_ways(const bf_job *job)
{
    return job->refresh.on ? WAYS : WAYS_UNREFRESHED;
}

bool bf_chain_take_way(bf_job *job, unsigned way)
{
    return bf_sigmoid_form_divide(&job->form, ways[way].division,
                                  ways[way].late);
}

/* Of a paired division, the bits by which rows are less precise than scores. A
 * bit of rows is in the primes of Z and G: two bits of the chain. A bit of
 * scores takes 4.5, as errors have the scale of w = z'^2 to the fifth. So the
 * error for the bits of the chain is least where scores have 4.5/2 times the
 * error variance of rows; with equal bits they have twenty times as much. */
#define ROWS_LESS 1.5

bool bf_chain_scales(bf_job *job, bf_chain *c, double bits)
{
    const bf_layout *l = &job->layout;
    double log_n = l->log_n;
    double error = log2(input_error(job));
    double log_v0 = bits + START_BITS + error + log2(2 * (double)l->f) / 2;
    c->spare = job->owners > 1 ? SPARE_SEVERAL : SPARE;
    job->log_x = bits + error + log_n / 2 - log2(job->typical.entry);
    if (job->form.division == BF_DIVIDE_PAIRED) job->log_x -= ROWS_LESS;
    job->log_dense = dense_wanted(job, bits);
    if (job->form.division == BF_DIVIDE_EACH)
        job->log_dense = fmax(PRIME_MIN, job->log_dense);
    if (job->form.division == BF_DIVIDE_JOINED) job->log_dense = JOINED_BITS;
    job->log_labels = job->log_dense;
    if (job->form.division == BF_DIVIDE_EACH ||
        job->form.division == BF_DIVIDE_JOINED)
        return make(job, c, log_v0);
    /* As precise as the primes of gradients allow, but no more than wanted. */
    for (; job->log_dense >= LATE_MIN; job->log_dense -= LATE_STEP)
        if (make(job, c, log_v0)) return true;
    return false;
}

/* Prime number i, nearest to 2^bits; *bits becomes its logarithm. */
static bool find_prime(bf_chain *c, unsigned log_n, unsigned i, double *bits)
{
    /* Primes i + 1 and up are chosen already. */
    c->prime[i] = bf_prime_near(*bits, log_n, c->prime + i + 1, c->n_q - i - 1);
    *bits = log2((double)c->prime[i]);
    return c->prime[i] != 0;
}

/* Prime number i, longer by *off bits than planned, so that it divides away by
 * how much the scale is too large. *off becomes what is left of that. */
static bool find_rest(bf_chain *c, unsigned log_n, unsigned i, double *off)
{
    double wanted = c->bits[i] + *off, bits = wanted;
    if (!find_prime(c, log_n, i, &bits)) return false;
    *off = wanted - bits;
    return true;
}

/* The primes of Z and of the products, from *next - 1 downwards. */
static bool find_score_primes(const bf_job *job, bf_chain *c, unsigned t,
                              unsigned *next, double *off)
{
    const bf_sigmoid_form *form = &job->form;
    unsigned log_n = bf_refresh_log_n(job);
    double level[BF_MAX_Q];
    if (!find_rest(c, log_n, --*next, off)) return false;
    if (form->division == BF_DIVIDE_LATE) {
        *off *= form->degree;
        return true;
    }
    double z = job->log_dense + *off, wanted = log_errors(job, t);
    double basis = z; /* of the last T_{2^k}: a prime near it keeps the next */
    for (unsigned k = 0; k < form->primes; k++) {
        level[k] = c->bits[--*next];
        if (form->chebyshev) level[k] = basis;
        if (k + 1 == form->primes && form->division != BF_DIVIDE_EACH)
            level[k] += bf_sigmoid_log_scale(form, z, level) - wanted;
        if (!find_prime(c, log_n, *next, &level[k])) return false;
        basis += basis - level[k];
    }
    *off = bf_sigmoid_log_scale(form, z, level) - wanted;
    return true;
}

/* From the top. A large ring has few short primes, up to a bit from the wanted
 * length. The polynomial would raise the scale's error to its degree in every
 * iteration. Long primes are dense, and correct it: the prime of Z corrects the
 * scale of the weights, a joined prime the short ones above it, the primes of G
 * what is left. */
bool bf_chain_primes(const bf_job *job, bf_chain *c)
{
    unsigned log_n = bf_refresh_log_n(job), i = c->n_q;
    double off = 0; /* log2 of the scale over the one wanted: weights, then y */
    unsigned first = job->refresh.on ? planned_step(job) : 0;
    unsigned end = job->refresh.on ? first + 1 : job->schedule.iterations;
    for (unsigned t = first; t < end; t++) {
        if (has_scores(job, t) && !find_score_primes(job, c, t, &i, &off))
            return false;
        for (unsigned k = gradient_primes(job, t); k > 0; k--)
            if (!find_rest(c, log_n, --i, &off)) return false;
    }
    double bits = c->bits[0] + off;
    return find_prime(c, log_n, 0, &bits);
}

/* Special primes for digits of alpha limbs: their product P exceeds every
 * digit. / */
bool bf_chain_params(bf_params *out, unsigned log_n, const bf_chain *c,
                     unsigned alpha)
{
    double widest = 0, total = 0;
    for (unsigned i = 0; i < c->n_q; i += alpha) {
        double digit = 0;
        for (unsigned k = i; k < i + alpha && k < c->n_q; k++)
            digit += log2((double)c->prime[k]);
        total += digit;
        widest = fmax(widest, digit);
    }
    unsigned n_p = (unsigned)ceil((widest + c->spare + 0.5) / PRIME_MAX);
    double limit = bf_security_log2_qp_limit(log_n, 128);
    if (n_p > BF_MAX_P || total + widest > limit) return false;
    *out = (bf_params){.log_n = log_n, .n_q = c->n_q, .n_p = n_p,
                       .digit_limbs = alpha};
    uint64_t used[BF_MAX_Q + BF_MAX_P];
    memcpy(used, c->prime, c->n_q * sizeof *used);
    memcpy(out->q, c->prime, c->n_q * sizeof *used);
    for (unsigned k = 0; k < n_p; k++) {
        uint64_t p = bf_prime_near((widest + c->spare) / n_p, log_n, used,
                                   c->n_q + k);
        if (!p) return false;
        used[c->n_q + k] = out->p[k] = p;
    }
    double log2_p = bf_params_log2_p(out);
    return log2_p > widest && total + log2_p <= limit;
}

/* ---- scales for primes that are there already ---------------------------- */

/* log2 of the scale of the errors of a step with scores, which weights of the
 * scale 2^v enter, by the primes from number *next - 1 downwards. */
static double errors_of(const bf_job *job, double v, unsigned *next)
{
    const bf_sigmoid_form *form = &job->form;
    const uint64_t *q = job->ring[0].q;
    double level[BF_MAX_Q];
    double z = job->log_x + v + job->layout.log_m + job->log_mask + 1 +
               log2(form->norm) - log2((double)q[--*next]);
    for (unsigned k = 0; k < product_primes(job); k++)
        level[k] = log2((double)q[--*next]);
    return form->division == BF_DIVIDE_LATE
               ? z * form->degree
               : bf_sigmoid_log_scale(form, z, level);
}

/* The same of the weights after step t. */
static double leaving(const bf_job *job, unsigned t, double v, unsigned *next)
{
    const uint64_t *q = job->ring[0].q;
    double errors = has_scores(job, t) ? errors_of(job, v, next)
                                       : job->log_labels;
    double out = job->log_x + errors + job->log_mask - log_step(job, t);
    for (unsigned k = gradient_primes(job, t); k > 0; k--)
        out -= log2((double)q[--*next]);
    return out;
}

/* The same after all steps of a job without refreshes. */
static double leaving_last(const bf_job *job)
{
    unsigned next = bf_job_used_limbs(job);
    double v = job->log_v0;
    for (unsigned t = 0; t < job->schedule.iterations; t++)
        v = leaving(job, t, v, &next);
    return v;
}

/* The largest of what steps from refresh to refresh leave. */
static double leaving_refreshed(const bf_job *job)
{
    double most = -INFINITY;
    unsigned first = !has_scores(job, 0), end = job->schedule.iterations - 1;
    for (unsigned t = first; t == first || t < end; t++) {
        unsigned next = bf_job_x_limbs(job);
        most = fmax(most, leaving(job, t, job->refresh.log_scale, &next));
    }
    return most;
}

/* Of a first step without scores: weights leave by the lowest prime. */
static double leaving_first(const bf_job *job)
{
    unsigned next = 2;
    return leaving(job, 0, 0, &next);
}

/* Sets the job's scale that `result` depends on, linearly, so that it is
 * `wanted`. */
static void solve(const bf_job *job, double *scale,
                  double (*result)(const bf_job *), double wanted)
{
    double before = result(job);
    *scale += 1;
    double slope = result(job) - before;
    *scale += (wanted - before) / slope - 1;
}

void bf_chain_fit(bf_job *job)
{
    bool zero = !has_scores(job, 0);
    if (!job->refresh.on) {
        solve(job, zero ? &job->log_labels : &job->log_v0, leaving_last,
              log2((double)job->ring[0].q[0]) - log2(job->bounds.weight) -
                  WEIGHT_HEADROOM);
        return;
    }
    double wanted = log2((double)job->ring[0].q[0]) - bf_refresh_headroom(job);
    unsigned limbs = bf_job_x_limbs(job);
    if (job->schedule.iterations > zero)
        solve(job, &job->log_mask, leaving_refreshed, wanted);
    if (!zero) job->log_v0 = job->refresh.log_scale;
    if (labels_raised(job))
        job->log_labels = errors_of(job, job->refresh.log_scale, &limbs) -
                          LABELS_BELOW;
    else if (zero)
        solve(job, &job->log_labels, leaving_first, wanted);
}
