/* Example: the quintic of src/train/recipe.c, odd part 0.161017 z - 0.00212902
 * z^3 + 9.36343e-6 z^5. norm = 9.36343e-6^(-1/5) = 10.1324 makes it
 *   z' (w^2 - 2.21472 w + 1.63149),  z' = z/norm, w = z'^2,
 * whose roots are a conjugate pair: one quadratic factor, of depth 2, and a
 * last product of depth 3. With z' at scale s, EACH divides w, the factor and
 * the product by a prime near s each: 3 levels. JOINED divides w by s, leaves
 * the factor at s^2 and divides the product by a prime near s^2: 2 levels, and
 * as primes have at most 49 bits, s = 2^24.45. LATE leaves w at s^2, the factor
 * at s^4 and the product at s^5: 91.25 bits at s = 2^18.25, which the primes of
 * the gradient divide (train/chain.c).
 *
 * Degree 13 has three quadratic factors: z' F0 and F1 F2 are of depth 3, their
 * product of depth 4. EACH takes 4 primes. PAIRED, with z' at 2^19.61: w has
 * 39.22 - 19.59 = 19.63 bits, factors 39.26. F1 F2 has 78.5, and 29.7 after the
 * prime of 48.875. z' F0 has 58.9, which the same prime would leave at 10.0;
 * raised by 2^8.6 before, z' F0 has 18.6 bits, one less than w. The last
 * product, of 48.3 bits, is left to the gradient's prime: 2 primes. */
#include "linalg/sigmoid.h"

#include <math.h>
#include <string.h>

#include "ckks/polyeval.h"

#define ROOTS_MAX ((BF_POLY_DEGREE_MAX - 1) / 2)
#define ITEMS_MAX (BF_FACTORS_MAX + 1) /* z' and the factors */

static long double complex horner(const double *q, unsigned m,
                                  long double complex x)
{
    long double complex v = 1;
    for (unsigned i = m; i-- > 0;) v = v * x + q[i];
    return v;
}

/* All roots of the monic x^m + q[m-1] x^{m-1} + ... at once (Durand-Kerner). */
static void find_roots(const double *q, unsigned m, long double complex *root)
{
    long double radius = 1;
    for (unsigned i = 0; i < m; i++)
        radius = fmaxl(radius, powl(fabsl((long double)q[i]), 1.0L / (m - i)));
    for (unsigned i = 0; i < m; i++)
        root[i] = radius * cexpl(I * (0.4L + 6.283185307179586L * i / m));
    for (unsigned pass = 0; pass < 2000; pass++) {
        long double moved = 0;
        for (unsigned i = 0; i < m; i++) {
            long double complex d = horner(q, m, root[i]);
            for (unsigned j = 0; j < m; j++)
                if (j != i) d /= root[i] - root[j];
            root[i] -= d;
            moved = fmaxl(moved, cabsl(d));
        }
        if (moved <= 1e-18L * radius) return;
    }
}

static bool add_factor(bf_sigmoid_form *f, bf_factor factor)
{
    if (f->factors == BF_FACTORS_MAX) return false;
    f->factor[f->factors++] = factor;
    return true;
}

/* Pairs conjugate roots, then real ones; one real root may be left, for a
 * linear factor. False when that makes too many factors: approximations of a
 * multiple root need not come in conjugate pairs. */
static bool make_factors(bf_sigmoid_form *f, const long double complex *root,
                         unsigned m)
{
    long double real[ROOTS_MAX];
    unsigned reals = 0;
    for (unsigned i = 0; i < m; i++) {
        long double re = creall(root[i]), im = cimagl(root[i]);
        if (fabsl(im) <= 1e-12L * cabsl(root[i]))
            real[reals++] = re;
        else if (im > 0 &&
                 !add_factor(f, (bf_factor){true, (double)(-2 * re),
                                            (double)(re * re + im * im)}))
            return false;
    }
    for (unsigned i = 0; i + 1 < reals; i += 2)
        if (!add_factor(f, (bf_factor){true, (double)-(real[i] + real[i + 1]),
                                       (double)(real[i] * real[i + 1])}))
            return false;
    return reals % 2 == 0 ||
           add_factor(f, (bf_factor){false, 0, (double)-real[reals - 1]});
}

static bool factors_match(const bf_sigmoid_form *f, const double *q, unsigned m)
{
    for (double w = 0; w <= 4; w += 0.125) {
        double direct = 1, product = 1, size = 1;
        for (unsigned i = m; i-- > 0;) {
            direct = direct * w + q[i];
            size = size * w + fabs(q[i]);
        }
        for (unsigned i = 0; i < f->factors; i++) {
            const bf_factor *k = &f->factor[i];
            product *= k->quadratic ? w * w + k->a * w + k->b : w + k->b;
        }
        if (!(fabs(direct - product) <= 1e-9 * size)) return false;
    }
    return true;
}

/* Index of the shallowest item but `skip`. */
static unsigned shallowest(const unsigned *depth, unsigned count, unsigned skip)
{
    unsigned best = skip == 0 ? 1 : 0;
    for (unsigned i = 0; i < count; i++)
        if (i != skip && depth[i] < depth[best]) best = i;
    return best;
}

/* Chooses the two items to multiply next. Their product takes the place of the
 * first, and the last item that of the second. Returns the product's depth. */
static unsigned merge_step(unsigned *depth, unsigned count, unsigned *first,
                           unsigned *second)
{
    *first = shallowest(depth, count, count);
    *second = shallowest(depth, count, *first);
    unsigned d = 1 + (depth[*first] > depth[*second] ? depth[*first]
                                                     : depth[*second]);
    depth[*first] = d;
    depth[*second] = depth[count - 1];
    return d;
}

/* Item 0 is z', item i factor i-1. */
static void item_depths(const bf_sigmoid_form *f, unsigned *depth)
{
    depth[0] = 0;
    for (unsigned i = 0; i < f->factors; i++)
        depth[i + 1] = f->factor[i].quadratic ? 2 : 1;
}

static bf_status chebyshev_form(bf_sigmoid_form *out, const bf_sigmoid *p)
{
    if (p->degree % 2 == 0 || p->degree > BF_CHEBYSHEV_DEGREE_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "Chebyshev polynomial of degree %u",
                       p->degree);
    bf_sigmoid_form f = {.sign = 1, .degree = p->degree, .norm = p->range,
                         .chebyshev = true};
    while ((2u << f.depth) <= p->degree) f.depth++;
    f.primes = ++f.depth;
    memcpy(f.odd, p->odd, sizeof f.odd);
    *out = f;
    return BF_OK;
}

bf_status bf_sigmoid_form_make(bf_sigmoid_form *out, const bf_sigmoid *p)
{
    if (p->chebyshev) return chebyshev_form(out, p);
    if (p->degree % 2 == 0 || p->degree > BF_POLY_DEGREE_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "sigmoid polynomial of degree %u",
                       p->degree);
    unsigned m = (p->degree - 1) / 2;
    double lead = p->odd[m], q[ROOTS_MAX];
    if (!(fabs(lead) > 1e-300) || !isfinite(lead))
        return bf_fail(BF_ERR_ARGUMENT,
                       "sigmoid polynomial: leading coefficient %g", lead);
    bf_sigmoid_form f = {.sign = lead < 0 ? -1 : 1, .degree = p->degree};
    f.norm = pow(fabs(lead), -1.0 / p->degree);
    for (unsigned i = 0; i < m; i++)
        q[i] = f.sign * p->odd[i] * pow(f.norm, 2 * i + 1);
    long double complex root[ROOTS_MAX];
    find_roots(q, m, root);
    if (!make_factors(&f, root, m) || !factors_match(&f, q, m))
        return bf_fail(BF_ERR_ARGUMENT,
                       "sigmoid polynomial of degree %u does not factor",
                       p->degree);
    unsigned depth[ITEMS_MAX], a, b;
    item_depths(&f, depth);
    for (unsigned count = f.factors + 1; count > 1; count--)
        f.depth = merge_step(depth, count, &a, &b);
    f.primes = f.depth;
    *out = f;
    return BF_OK;
}

/* Depths of the factors of the last product; false where there is none. */
static bool last_depths(const bf_sigmoid_form *f, unsigned depth[ITEMS_MAX])
{
    unsigned a, b, count = f->factors + 1;
    item_depths(f, depth);
    for (; count > 2; count--) merge_step(depth, count, &a, &b);
    return count == 2;
}

/* Whether one of them is a level deeper than the other. */
static bool can_join(const bf_sigmoid_form *f)
{
    unsigned depth[ITEMS_MAX];
    return last_depths(f, depth) && depth[0] != depth[1];
}

enum { PAIRED_DEPTH = 3 }; /* of products that a second prime divides */

static bool can_pair(const bf_sigmoid_form *f)
{
    unsigned depth[ITEMS_MAX];
    return last_depths(f, depth) && depth[0] == PAIRED_DEPTH &&
           depth[1] == PAIRED_DEPTH;
}

bool bf_sigmoid_form_divide(bf_sigmoid_form *f, bf_division division,
                            unsigned late)
{
    if (division == BF_DIVIDE_JOINED && !can_join(f)) return false;
    if (division == BF_DIVIDE_LATE && f->factors == 0) return false;
    if (division == BF_DIVIDE_PAIRED && !can_pair(f)) return false;
    f->division = division;
    f->primes = division == BF_DIVIDE_EACH     ? f->depth
                : division == BF_DIVIDE_JOINED ? f->depth - 1
                : division == BF_DIVIDE_PAIRED ? 2
                                               : late;
    return true;
}

/* How many primes divide a product of this depth; *first is the number of the
 * first of them from the top. A joined form leaves out the depth before the
 * last, which has a single product. */
static unsigned divisors(const bf_sigmoid_form *f, unsigned depth,
                         unsigned *first)
{
    bool last = depth == f->depth;
    *first = depth - 1;
    switch (f->division) {
    case BF_DIVIDE_EACH: return 1;
    case BF_DIVIDE_JOINED:
        if (last) *first = depth - 2;
        return depth + 1 != f->depth;
    case BF_DIVIDE_LATE: *first = 0; return last ? f->primes : 0;
    case BF_DIVIDE_PAIRED:
        *first = depth > 1;
        return depth == 1 || depth == PAIRED_DEPTH;
    }
    return 0;
}

static double divide_log(const bf_sigmoid_form *f, unsigned depth, double scale,
                         const double *log_prime)
{
    unsigned first, count = divisors(f, depth, &first);
    for (unsigned i = first; i < first + count; i++) scale -= log_prime[i];
    return scale;
}

/* By how many bits the scale of a product that a paired division leaves may be
 * below the scale of w. Each bit is one of all rows. One adds a few per cent to
 * the error, as each factor's error is due to w. */
#define BELOW_SQUARE 1.0

/* What a product of this depth and scale is to be multiplied with, so that a
 * paired division leaves it at BELOW_SQUARE bits less than w at least. */
static double raised_by(const bf_sigmoid_form *f, unsigned depth, double scale,
                        double log_w, double log_prime)
{
    if (f->division != BF_DIVIDE_PAIRED || depth != PAIRED_DEPTH) return 1;
    return fmax(1, rint(exp2(log_w - BELOW_SQUARE + log_prime - scale)));
}

/* The steps of bf_sigmoid_evaluate on scales. */
double bf_sigmoid_log_scale(const bf_sigmoid_form *form, double log_z,
                            const double *log_prime)
{
    double scale[ITEMS_MAX] = {log_z}, w = 0;
    unsigned depth[ITEMS_MAX], a, b;
    if (form->factors) w = divide_log(form, 1, 2 * log_z, log_prime);
    for (unsigned i = 0; i < form->factors; i++) {
        bool quadratic = form->factor[i].quadratic;
        scale[i + 1] = quadratic ? divide_log(form, 2, 2 * w, log_prime) : w;
    }
    item_depths(form, depth);
    for (unsigned count = form->factors + 1; count > 1; count--) {
        unsigned k = merge_step(depth, count, &a, &b);
        double all = scale[a] + scale[b];
        if (form->division == BF_DIVIDE_PAIRED)
            all += log2(raised_by(form, k, all, w, log_prime[1]));
        scale[a] = divide_log(form, k, all, log_prime);
        scale[b] = scale[count - 1];
    }
    return scale[0];
}

/* a*b at this depth of the form, divided as it says. */
static bf_status product(bf_eval *ev, bf_ct *out, const bf_sigmoid_form *form,
                         unsigned depth, const bf_ct *a, const bf_ct *b)
{
    bf_ct t = {0};
    unsigned first, count = divisors(form, depth, &first);
    BF_TRY(bf_tensor(ev, &t, a, b));
    bf_status status = count ? bf_relinearize_rescale(ev, out, &t)
                             : bf_relinearize(ev, out, &t);
    for (; count > 1 && status == BF_OK; count--)
        status = bf_rescale(ev, out, out);
    bf_eval_release(ev, &t);
    return status;
}

/* a w at the scale of w2. Where w2 was left at the square of w's scale an
 * integer, a times that scale rounded, does it. */
static bf_status linear_term(bf_eval *ev, bf_ct *out, double a, const bf_ct *w,
                             const bf_ct *w2)
{
    if (w2->limbs < w->limbs)
        return bf_adjust(ev, out, w, a, w2->scale, w2->limbs);
    double factor = a * w2->scale / w->scale;
    if (!(fabs(factor) < 0x1p62))
        return bf_fail(BF_ERR_RANGE, "sigmoid: %g at scale %g", a, w2->scale);
    BF_TRY(bf_mul_int(ev, out, w, llrint(factor)));
    out->scale = w2->scale;
    out->bound = w->bound * fabs(a);
    return BF_OK;
}

/* w + b, or w2 + a w + b with w2 = w^2. */
static bf_status factor_evaluate(bf_eval *ev, bf_ct *out, const bf_factor *f,
                                 const bf_ct *w, const bf_ct *w2)
{
    if (!f->quadratic) return bf_add_const(ev, out, w, f->b);
    bf_ct aw = {0};
    BF_TRY(linear_term(ev, &aw, f->a, w, w2));
    bf_status status = bf_add(ev, out, w2, &aw);
    if (status == BF_OK) status = bf_add_const(ev, out, out, f->b);
    bf_eval_release(ev, &aw);
    return status;
}

/* Root mean square of z' Q'(w), by which an error of w = z'^2 is multiplied,
 * over normally distributed z' of this deviation, up to three of them: plans
 * take the range of degree 13 for 3.5 deviations, beyond which Q' explodes and
 * where hardly a score lies. Factors each have that error
 * with another sign, so that those of their product add up to far less than
 * independent ones would. */
static double square_slope(const bf_sigmoid_form *f, double deviation)
{
    double squares = 0, weights = 0;
    for (double x = 0; x < 3; x += 1.0 / 64) {
        double z = x * deviation, w = z * z, slope = 0;
        for (unsigned i = 0; i < f->factors; i++) {
            double term = z;
            for (unsigned k = 0; k < f->factors; k++) {
                const bf_factor *g = &f->factor[k];
                if (k == i)
                    term *= g->quadratic ? 2 * w + g->a : 1;
                else
                    term *= g->quadratic ? w * w + g->a * w + g->b : w + g->b;
            }
            slope += term;
        }
        squares += exp(-x * x / 2) * slope * slope;
        weights += exp(-x * x / 2);
    }
    return sqrt(squares / weights);
}

/* Of w = z'^2: the logarithm of its scale, and the error at scale 1 that the
 * factors' noise leaves out. */
typedef struct square {
    double log_scale, error;
} square;

/* All factors of form->factor. */
static bf_status factors_evaluate(bf_eval *ev, bf_ct *out, square *of_w,
                                  const bf_sigmoid_form *form, const bf_ct *z)
{
    bf_ct w = {0}, w2 = {0};
    bool quadratic = false;
    bf_status status;
    for (unsigned i = 0; i < form->factors; i++)
        quadratic |= form->factor[i].quadratic;
    BF_GOTO(product(ev, &w, form, 1, z, z), done);
    of_w->log_scale = log2(w.scale);
    if (form->division == BF_DIVIDE_PAIRED) {
        of_w->error = w.noise / w.scale;
        w.noise = 0;
    }
    if (quadratic) BF_GOTO(product(ev, &w2, form, 2, &w, &w), done);
    for (unsigned i = 0; i < form->factors; i++)
        BF_GOTO(factor_evaluate(ev, &out[i], &form->factor[i], &w, &w2), done);
done:
    bf_eval_release(ev, &w);
    bf_eval_release(ev, &w2);
    return status;
}

/* a, multiplied with what a*b is to be raised by. */
static bf_status raise(bf_eval *ev, bf_ct *a, const bf_sigmoid_form *form,
                       unsigned depth, const bf_ct *b, double log_w)
{
    unsigned limbs = a->limbs < b->limbs ? a->limbs : b->limbs;
    double prime = (double)bf_context_params(a->ctx)->q[limbs - 1];
    double factor = raised_by(form, depth, log2(a->scale) + log2(b->scale),
                              log_w, log2(prime));
    double bound = a->bound;
    if (factor == 1) return BF_OK;
    if (!(factor < 0x1p62))
        return bf_fail(BF_ERR_RANGE, "sigmoid: scale 2^%.1f to be raised by %g",
                       log2(a->scale), factor);
    BF_TRY(bf_mul_int(ev, a, a, (int64_t)factor));
    a->scale *= factor;
    a->bound = bound;
    return BF_OK;
}

/* y at the scale of z: primes are near both (train/chain.c). */
static bf_status chebyshev_evaluate(bf_eval *ev, bf_ct *y,
                                    const bf_sigmoid_form *form, const bf_ct *z)
{
    double c[BF_CHEBYSHEV_DEGREE_MAX + 1] = {0};
    for (unsigned i = 0; i < (form->degree + 1) / 2; i++)
        c[2 * i + 1] = form->odd[i];
    bf_poly p = {BF_BASIS_CHEBYSHEV, form->degree, c, -1, 1};
    return bf_poly_evaluate(ev, y, z, &p, z->scale);
}

bf_status bf_sigmoid_evaluate(bf_eval *ev, bf_ct *y,
                              const bf_sigmoid_form *form, const bf_ct *z)
{
    bf_ct item[ITEMS_MAX] = {{0}};
    unsigned depth[ITEMS_MAX], a, b;
    square w = {0};
    double inherited = 0;
    bf_status status;
    if (form->chebyshev) return chebyshev_evaluate(ev, y, form, z);
    BF_GOTO(bf_copy(ev, &item[0], z), done);
    if (form->factors)
        BF_GOTO(factors_evaluate(ev, &item[1], &w, form, z), done);
    if (w.error > 0) inherited = w.error * square_slope(form, z->bound);
    item_depths(form, depth);
    for (unsigned count = form->factors + 1; count > 1; count--) {
        unsigned k = merge_step(depth, count, &a, &b);
        BF_GOTO(raise(ev, &item[a], form, k, &item[b], w.log_scale), done);
        BF_GOTO(product(ev, &item[a], form, k, &item[a], &item[b]), done);
        bf_eval_release(ev, &item[b]);
        if (b != count - 1) {
            item[b] = item[count - 1];
            memset(&item[count - 1], 0, sizeof item[0]);
        }
    }
    item[0].noise = hypot(item[0].noise, inherited * item[0].scale);
    bf_move(ev, y, &item[0]);
done:
    for (unsigned i = 0; i < ITEMS_MAX; i++) bf_eval_release(ev, &item[i]);
    return status;
}
