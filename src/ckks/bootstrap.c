#include "ckks/boot_internal.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "ckks/chebyshev.h"
#include "ckks/eval_internal.h"
#include "ckks/polyeval.h"

enum { DEGREE = 30, DOUBLINGS = 3, TURNS = 16 /* |I| */ };

struct bf_boot {
    const bf_context *ctx, *encapsulation;
    bf_boot_params p;
    bool symbolic;
    size_t n, gap;     /* gap = N/2n */
    unsigned s2c_top;  /* limbs that enter S2C, */
    unsigned sine_top; /* and EvalMod */
    double k;          /* y = (x - 1/4)/k lies in [-1, 1] */
    double cosine[DEGREE + 1], cosine_error;
    bf_lintrans c2s[BF_DFT_GROUPS_MAX], s2c[BF_DFT_GROUPS_MAX];
};

/* ---- making -------------------------------------------------------------- */

static bool same_params(const bf_params *a, const bf_params *b)
{
    return a->log_n == b->log_n && a->n_q == b->n_q && a->n_p == b->n_p &&
           a->digit_limbs == b->digit_limbs &&
           !memcmp(a->q, b->q, a->n_q * sizeof *a->q) &&
           !memcmp(a->p, b->p, a->n_p * sizeof *a->p);
}

static bf_status check_contexts(const bf_boot *b)
{
    if (!same_params(&b->p.ring, &b->ctx->params) ||
        !same_params(&b->p.encapsulation, &b->encapsulation->params))
        return bf_fail(BF_ERR_MISMATCH, "bootstrapping in contexts of other "
                       "parameters");
    return bf_boot_params_check(&b->p);
}

/* cos(2 pi k y/8); even. */
static double cosine(double y, void *user)
{
    return cos(2 * M_PI * *(double *)user * y / (1 << DOUBLINGS));
}

/* The error, an even function, follows T_{DEGREE+2} but for coefficients that
 * are far smaller: POINTS lie eight between two of its extrema. */
static bf_status fit_cosine(bf_boot *b)
{
    enum { POINTS = 4 * (DEGREE + 2) };
    BF_TRY(bf_chebyshev_fit(b->cosine, DEGREE, -1, 1, cosine, &b->k));
    for (unsigned i = 1; i <= DEGREE; i += 2) b->cosine[i] = 0;
    for (int i = 0; i <= POINTS; i++) {
        double y = cos(M_PI / 2 * i / POINTS);
        double v = bf_chebyshev_value(b->cosine, DEGREE, -1, 1, y);
        b->cosine_error =
            fmax(b->cosine_error, fabs(v - cosine(y, &b->k)));
    }
    return BF_OK;
}

/* With few keys, as many baby steps as giant steps, or half as many. */
static unsigned babies(const bf_boot *b, size_t diagonals)
{
    unsigned log = 0;
    while (diagonals >> (log + 1)) log++;
    return b->p.few_keys ? 1u << log / 2 : 0;
}

/* Each group of S2C has its own rescale if there is a prime for each group;
 * otherwise the first groups share the rescale of the next. */
static bool s2c_rescales(const bf_boot *b, unsigned g)
{
    return g + b->p.s2c_primes >= b->p.s2c.groups;
}

static bf_status make_maps(bf_boot *b, bf_lintrans *maps, const bf_dft *d,
                           double scale, unsigned limbs)
{
    bf_dft_group groups[BF_DFT_GROUPS_MAX] = {{0}};
    BF_TRY(bf_dft_make(groups, d, b->symbolic));
    bf_status status = BF_OK;
    for (unsigned g = 0; g < d->groups; g++) {
        bf_lintrans_form form = {.scale = scale, .limbs = limbs,
                                 .baby = babies(b, groups[g].count),
                                 .symbolic = b->symbolic};
        if (status == BF_OK)
            status = bf_lintrans_make(&maps[g], b->ctx, groups[g].diagonals,
                                      groups[g].count, groups[g].dim, &form);
        limbs -= d->to_slots || s2c_rescales(b, g);
        bf_dft_clear(&groups[g]);
    }
    return status;
}

/* log2 of q_first..q_{end-1}. */
static double log2_primes(const bf_boot *b, unsigned first, unsigned end)
{
    double sum = 0;
    for (unsigned i = first; i < end; i++)
        sum += log2((double)b->p.ring.q[i]);
    return sum;
}

/* C2S maps X, at scale q_0 k gap and without the transform's factor n, to y at
 * the scale of EvalMod's first prime. S2C maps the sine of the planned input to
 * the planned scale. */
static bf_status make_all_maps(bf_boot *b)
{
    const bf_boot_params *p = &b->p;
    double sine = log2((double)p->ring.q[b->sine_top - 1]);
    double c2s = log2_primes(b, b->sine_top, p->ring.n_q) + sine -
                 log2((double)p->ring.q[0] * b->k) - p->ring.log_n;
    double s2c = log2_primes(b, p->limbs, b->s2c_top) + log2(p->scale) - sine -
                 log2(2 * M_PI / (p->bound * exp2(p->ratio)));
    BF_TRY(make_maps(b, b->c2s, &p->c2s, exp2(c2s / p->c2s.groups),
                     p->ring.n_q));
    return make_maps(b, b->s2c, &p->s2c, exp2(s2c / p->s2c.groups), b->s2c_top);
}

bf_status bf_boot_create(bf_boot **out, const bf_context *ctx,
                         const bf_context *encapsulation,
                         const bf_boot_params *p, bool symbolic)
{
    bf_boot *b = bf_alloc_zero(sizeof *b);
    if (!b) return BF_ERR_MEMORY;
    b->ctx = ctx;
    b->encapsulation = encapsulation;
    b->p = *p;
    b->symbolic = symbolic;
    b->n = (size_t)1 << p->c2s.log_slots;
    b->gap = ((size_t)1 << p->ring.log_n) / (2 * b->n);
    b->s2c_top = p->limbs + p->s2c_primes;
    b->sine_top = b->s2c_top + bf_boot_sine_limbs(p);
    /* A quarter more than the planned message, for the message's noise. */
    b->k = TURNS + 0.25 + 1.25 * exp2(-p->ratio);
    bf_status status;
    BF_GOTO(check_contexts(b), fail);
    BF_GOTO(fit_cosine(b), fail);
    BF_GOTO(make_all_maps(b), fail);
    *out = b;
    return BF_OK;
fail:
    bf_boot_destroy(b);
    return status;
}

void bf_boot_destroy(bf_boot *b)
{
    if (!b) return;
    for (unsigned g = 0; g < BF_DFT_GROUPS_MAX; g++) {
        bf_lintrans_clear(&b->c2s[g]);
        bf_lintrans_clear(&b->s2c[g]);
    }
    bf_free(b);
}

const bf_boot_params *bf_boot_get_params(const bf_boot *b)
{
    return &b->p;
}

size_t bf_boot_bytes(const bf_boot *b)
{
    size_t bytes = 0;
    for (unsigned g = 0; g < BF_DFT_GROUPS_MAX; g++)
        bytes += bf_lintrans_bytes(&b->c2s[g]) + bf_lintrans_bytes(&b->s2c[g]);
    return bytes;
}

size_t bf_boot_work_bytes(const bf_boot *b, unsigned threads)
{
    size_t most = 0;
    for (unsigned g = 0; g < BF_DFT_GROUPS_MAX; g++) {
        size_t c2s = bf_lintrans_work_bytes(&b->c2s[g], threads);
        size_t s2c = bf_lintrans_work_bytes(&b->s2c[g], threads);
        if (c2s > most) most = c2s;
        if (s2c > most) most = s2c;
    }
    return most;
}

/* ---- ModRaise ------------------------------------------------------------ */

static bf_status check_input(const bf_eval *ev, const bf_eval *encapsulation,
                             const bf_ct *a, const bf_boot *b)
{
    if (ev->ctx != b->ctx || encapsulation->ctx != b->encapsulation)
        return bf_fail(BF_ERR_MISMATCH, "bootstrapping: evaluators of other "
                       "parameters");
    if (b->symbolic != !ev->keys || !ev->keys != !encapsulation->keys ||
        !a->data != !ev->keys)
        return bf_fail(BF_ERR_ARGUMENT, "bootstrapping: symbolic and real "
                       "objects do not mix");
    if (!a->ctx || a->polys != 2 || a->limbs < 1)
        return bf_fail(BF_ERR_ARGUMENT, "bootstrapping of a ciphertext of %u "
                       "polynomials and %u limbs", a->polys, a->limbs);
    if (!(fabs(log2(a->scale / bf_boot_scale_in(&b->p))) <= 1))
        return bf_fail(BF_ERR_MISMATCH,
                       "bootstrapping: scale 2^%.2f, 2^%.2f is "
                       "planned",
                       log2(a->scale), log2(bf_boot_scale_in(&b->p)));
    return BF_OK;
}

/* a's lowest limb as an object of the encapsulation ring; the key's name. */
static bf_status enter(bf_eval *encapsulation, bf_ct *low, bf_key_name *name,
                       const bf_ct *a, const bf_boot *b)
{
    *name = (bf_key_name){BF_KEY_ENCAPSULATE, 0, 1};
    if (!bf_context_same(a->ctx, b->ctx)) {
        name->element = 1u << (b->p.ring.log_n - a->ctx->params.log_n);
        return bf_ring_spread(encapsulation, low, a, 1);
    }
    BF_TRY(bf_eval_new(encapsulation, low, 1, 2));
    low->scale = a->scale;
    low->noise = a->noise;
    low->bound = a->bound;
    if (low->data)
        memcpy(low->data, a->data,
               2 * bf_eval_n(encapsulation) * sizeof *low->data);
    return BF_OK;
}

typedef struct lift_job {
    bf_ct *high;
    const bf_ct *low; /* coefficients, centred */
} lift_job;

static void lift_limb(void *user, size_t index)
{
    const lift_job *job = user;
    const bf_ring *ring = job->high->ctx->ring;
    unsigned i = (unsigned)index / 2, k = index % 2;
    double *o = bf_ct_limb(job->high, k, i, ring->n);
    bf_limb_from_double(ring, i, o, bf_ct_limb(job->low, k, 0, ring->n));
    bf_ntt_forward(ring, i, o);
}

/* Centred residues modulo q_0 are integers below q_0/2, which are residues
 * modulo any prime: nothing is rounded. Overwrites low. */
static void lift(bf_ct *high, bf_ct *low)
{
    const bf_ring *ring = high->ctx->ring;
    size_t n = ring->n;
    for (unsigned k = 0; k < 2; k++) {
        double *x = bf_ct_limb(low, k, 0, n);
        bf_ntt_inverse(ring, 0, x);
        bf_limb_reduce(ring, 0, x, x);
    }
    lift_job job = {high, low};
    bf_parallel(2 * (size_t)high->limbs, lift_limb, &job);
}

bf_status bf_boot_raise(bf_eval *ev, bf_eval *encapsulation, bf_ct *out,
                        const bf_ct *a, const bf_boot *b)
{
    bf_ct low = {0}, high = {0};
    bf_key_name name;
    const bf_key_name back = {BF_KEY_DECAPSULATE, 0, 1};
    bf_status status;
    BF_TRY(check_input(ev, encapsulation, a, b));
    BF_GOTO(enter(encapsulation, &low, &name, a, b), done);
    BF_GOTO(bf_ring_key_switch(encapsulation, &low, name), done);
    BF_GOTO(bf_eval_new(ev, &high, b->p.ring.n_q, 2), done);
    high.scale = low.scale;
    high.noise = low.noise;
    high.bound = low.bound;
    if (high.data) lift(&high, &low);
    BF_GOTO(bf_ring_key_switch(ev, &high, back), done);
    bf_move(ev, out, &high);
done:
    bf_eval_release(encapsulation, &low);
    bf_eval_release(ev, &high);
    return status;
}

/* ---- EvalMod ------------------------------------------------------------- */

/* ct = 2 ct^2 - 1 */
static bf_status double_angle(bf_eval *ev, bf_ct *ct)
{
    bf_ct t = {0};
    bf_status status;
    BF_GOTO(bf_tensor(ev, &t, ct, ct), done);
    BF_GOTO(bf_mul_int(ev, &t, &t, 2), done);
    BF_GOTO(bf_relinearize_rescale(ev, ct, &t), done);
    BF_GOTO(bf_add_const(ev, ct, ct, -1), done);
    ct->bound = 1;
done:
    bf_eval_release(ev, &t);
    return status;
}

/* v + v^3/6; the factor 6 goes to the scale of the square. */
static bf_status unbend(bf_eval *ev, bf_ct *ct)
{
    bf_ct square = {0}, t = {0};
    bf_status status;
    BF_GOTO(bf_tensor(ev, &t, ct, ct), done);
    BF_GOTO(bf_relinearize_rescale(ev, &square, &t), done);
    square.scale *= 6;
    BF_GOTO(bf_add_const(ev, &square, &square, 1), done);
    BF_GOTO(bf_tensor(ev, &t, ct, &square), done);
    BF_GOTO(bf_relinearize_rescale(ev, ct, &t), done);
done:
    bf_eval_release(ev, &square);
    bf_eval_release(ev, &t);
    return status;
}

/* y = x/k -> sin 2 pi x, the cosine at this scale. */
static bf_status eval_mod(bf_eval *ev, bf_ct *ct, double scale,
                          const bf_boot *b)
{
    const bf_poly p = {BF_BASIS_CHEBYSHEV, DEGREE, b->cosine, -1, 1};
    ct->bound = 1;
    BF_TRY(bf_add_const(ev, ct, ct, -0.25 / b->k));
    BF_TRY(bf_poly_evaluate(ev, ct, ct, &p, scale));
    for (unsigned i = 0; i < DOUBLINGS; i++) BF_TRY(double_angle(ev, ct));
    return b->p.arcsine ? unbend(ev, ct) : BF_OK;
}

/* The scale of the cosine that leads to the planned scale of the result,
 * computed backwards: S2C divides by its primes; the arcsine is v (6 v^2/q)/q;
 * every doubling squares and divides. */
static double cosine_scale(const bf_boot *b, double scale_in)
{
    const uint64_t *q = b->p.ring.q;
    unsigned at = b->s2c_top;
    double s = log2(b->p.scale) + log2_primes(b, b->p.limbs, b->s2c_top) -
               log2(2 * M_PI * scale_in / (double)q[0]);
    for (unsigned g = 0; g < b->p.s2c.groups; g++) s -= log2(b->s2c[g].scale);
    if (b->p.arcsine) {
        s = (s + log2_primes(b, at, at + 2) - log2(6)) / 3;
        at += 2;
    }
    for (unsigned i = 0; i < DOUBLINGS; i++)
        s = (s + log2((double)q[at + i])) / 2;
    return exp2(s);
}

/* ---- the rest ------------------------------------------------------------ */

/* ct += rot_r(ct) */
static bf_status add_rotated(bf_eval *ev, bf_ct *ct, size_t r)
{
    bf_ct t = {0};
    BF_TRY(bf_rotate(ev, &t, ct, (int)r));
    bf_status status = bf_add(ev, ct, ct, &t);
    bf_eval_release(ev, &t);
    return status;
}

/* X -> y: trace, C2S, real parts; *im receives the imaginary parts of full
 * slots. The factors gap, n and 2 go to the scale. */
static bf_status coefficients_to_slots(bf_eval *ev, bf_ct *ct, bf_ct *im,
                                       const bf_boot *b)
{
    size_t half = bf_eval_n(ev) / 2;
    bf_ct t = {0};
    bf_status status;
    ct->scale = (double)b->p.ring.q[0] * b->k;
    ct->bound = 1;
    for (size_t r = b->n; r < half; r *= 2) BF_TRY(add_rotated(ev, ct, r));
    for (unsigned g = 0; g < b->p.c2s.groups; g++)
        BF_TRY(bf_lintrans_apply_rescale(ev, ct, ct, &b->c2s[g]));
    ct->scale *= (double)b->gap * (double)b->n * 2;
    BF_TRY(bf_conjugate(ev, &t, ct));
    if (!b->p.c2s.wide) {
        BF_GOTO(bf_sub(ev, im, ct, &t), done);
        BF_GOTO(bf_mul_monomial(ev, im, im, -(int64_t)half), done);
    }
    status = bf_add(ev, ct, ct, &t);
done:
    bf_eval_release(ev, &t);
    return status;
}

static bf_status slots_to_coefficients(bf_eval *ev, bf_ct *ct, const bf_boot *b)
{
    for (unsigned g = 0; g < b->p.s2c.groups; g++)
        BF_TRY(s2c_rescales(b, g)
                   ? bf_lintrans_apply_rescale(ev, ct, ct, &b->s2c[g])
                   : bf_lintrans_apply(ev, ct, ct, &b->s2c[g]));
    return b->p.s2c.wide ? add_rotated(ev, ct, b->n) : BF_OK;
}

static bf_status both_parts(bf_eval *ev, bf_ct *ct, bf_ct *im, double scale,
                            const bf_boot *b)
{
    BF_TRY(eval_mod(ev, ct, scale, b));
    if (b->p.c2s.wide) return BF_OK;
    BF_TRY(eval_mod(ev, im, scale, b));
    BF_TRY(bf_mul_monomial(ev, im, im, (int64_t)bf_eval_n(ev) / 2));
    return bf_add(ev, ct, ct, im);
}

/* Of the last steps, at the scale of the result: S2C's last rescale, and the
 * fold, which adds a rotation. */
typedef struct last_roundings {
    double inside, all;
} last_roundings;

static last_roundings last_roundings_of(const bf_boot *b)
{
    double rescale = bf_noise_rounding(b->ctx), fold = 0, scale = b->p.scale;
    if (b->p.s2c.wide) fold = bf_noise_key_switch(b->ctx, b->p.limbs, false);
    return (last_roundings){
        hypot((b->p.s2c.wide ? 2 : 1) * rescale, fold) / scale,
        hypot((b->p.s2c.wide ? sqrt(2) : 1) * rescale, fold) / scale};
}

/* Terms as in boot_params.c; u is q_0 in units of the message.
 *
 * A sparse packing has gap copies in the N/2 slots, and EvalMod rounds each
 * copy separately. The fold adds a rotation of the copies. The fold multiplies
 * the trivial character of this rotation, Z[Y], by 2, and each of the other gap
 * - 1 characters chi by 1 + chi, where sum |1 + chi|^2 = 2 gap - 4. So the
 * roundings outside Z[Y] have (gap - 2)/2 times the energy of those inside. */
bf_boot_errors bf_boot_errors_of(const bf_boot *b, double scale_in)
{
    const bf_boot_params *p = &b->p;
    double u = (double)p->ring.q[0] / scale_in, c = p->typical;
    double encoding =
        sqrt((p->c2s.groups + p->c2s.wide) * 2 * (double)b->n / 12);
    double sine = bf_boot_sine_error(p) * u /
                  (double)p->ring.q[b->sine_top - 1];
    double c2s = sqrt(33 / 12.) * u * encoding / b->c2s[0].scale;
    double s2c = c * encoding / b->s2c[0].scale;
    double fit = b->cosine_error * (1 << 2 * DOUBLINGS) * u / (2 * M_PI);
    /* E x^6 = 15, E x^10 = 945 for a Gaussian x, and less where the bound cuts
     * it. */
    double gauss = sqrt(p->arcsine ? 945 : 15);
    double bend = fmin(gauss * bf_boot_bend(p->arcsine, c, u),
                       bf_boot_bend(p->arcsine, p->bound, u) * c / p->bound);
    /* The measured rms varies by a tenth with secrets and draws of I. */
    double same = 1.2 * hypot(s2c, bend);
    double inside = hypot(same, 1.2 * bf_hypot3(sine, c2s, fit));
    double outside = 1.2 * sine * sqrt(fmax(0, (double)b->gap - 2) / 2);
    last_roundings last = last_roundings_of(b);
    return (bf_boot_errors){
        hypot(inside, last.inside), same,
        hypot(hypot(inside, outside) / sqrt((double)b->gap), last.all)};
}

bf_status bf_boot_finish(bf_eval *ev, bf_ct *out, bf_ct *raised,
                         const bf_boot *b)
{
    bf_ct ct = {0}, im = {0};
    bf_status status;
    double scale_in = raised->scale, noise = raised->noise;
    double bound = raised->bound, scale = b->p.scale;
    bf_move(ev, &ct, raised);
    BF_GOTO(coefficients_to_slots(ev, &ct, &im, b), done);
    BF_GOTO(both_parts(ev, &ct, &im, cosine_scale(b, scale_in), b), done);
    ct.scale *= 2 * M_PI * scale_in / (double)b->p.ring.q[0];
    BF_GOTO(slots_to_coefficients(ev, &ct, b), done);
    if (ct.limbs != b->p.limbs || !(fabs(ct.scale / scale - 1) < 0x1p-40)) {
        status = bf_fail(BF_ERR_INTERNAL, "bootstrapping: %u limbs at scale "
                         "2^%.17g", ct.limbs, log2(ct.scale));
        goto done;
    }
    /* The errors of matrices and sine depend on the message: repeated refreshes
     * of one message add them up. */
    double error = bf_boot_errors_of(b, scale_in).all;
    ct.scale = scale;
    ct.noise = (noise / scale_in + error) * scale;
    ct.bound = bound;
    bf_move(ev, out, &ct);
done:
    bf_eval_release(ev, &ct);
    bf_eval_release(ev, &im);
    return status;
}

bf_status bf_boot_refresh(bf_eval *ev, bf_eval *encapsulation, bf_ct *out,
                       const bf_ct *a, const bf_boot *b)
{
    bf_ct raised = {0};
    BF_TRY(bf_boot_raise(ev, encapsulation, &raised, a, b));
    return bf_boot_finish(ev, out, &raised, b);
}
