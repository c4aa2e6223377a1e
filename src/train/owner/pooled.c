#include "train/owner/pooled.h"

#include <math.h>
#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "train/owner/blas.h"
#include "train/owner/fit.h"
#include "train/owner/product.h"

#define TOLERANCE 1e-6

/* Variances are known to (1 + |mean|) 2^-62: a row's value and its square are
 * rounded to 2^-65 and 2^-64, and the division and the square of the mean cut
 * off 3 2^-64. For variances from 2^-40 on, this error is below 2^-22 of the
 * variance, and standardised rows have a variance of 1 to TOLERANCE. */
#define VARIANCE_ERROR 0x1p-62
#define VARIANCE_MIN 0x1p-40

static bool is_paper(const bf_pooling *p)
{
    return p->recipe->kind == BF_RECIPE_PAPER;
}

static size_t rows_of(const bf_pooling *p)
{
    size_t n = 0;
    for (unsigned i = 0; i < p->owners; i++) n += p->rows[i];
    return n;
}

size_t bf_pooled_count(const bf_pooling *p, bf_pooled_sum sum)
{
    size_t d = p->features;
    if (sum == BF_POOLED_MOMENTS) return is_paper(p) ? d + 1 : 2 * d;
    return is_paper(p) ? 0 : d * (d + 1) / 2;
}

unsigned bf_pooled_width(bf_pooled_sum sum)
{
    return sum == BF_POOLED_MOMENTS ? 16 : 8;
}

/* ---- what can be pooled -------------------------------------------------- */

static bf_status check_recipe(const bf_recipe *r)
{
    BF_TRY(bf_recipe_check(r));
    if (r->map == BF_MAP_AUTO)
        return bf_fail(BF_ERR_ARGUMENT,
                       "no owner sees all rows: name their map, none or sqrt");
    if (r->expand.count)
        return bf_fail(BF_ERR_ARGUMENT,
                       "rows of several owners and random features");
    if (r->kind == BF_RECIPE_WHITENED && !(r->lambda >= BF_POOLED_RIDGE_MIN))
        return bf_fail(BF_ERR_ARGUMENT,
                       "a ridge of %g; for rows of several owners at least %g",
                       r->lambda, BF_POOLED_RIDGE_MIN);
    return BF_OK;
}

#define PAPER_ROWS_MIN 5

static bf_status check_rows(const bf_pooling *p)
{
    size_t most = BF_POOLED_ROWS_MAX, n = 0;
    size_t least = is_paper(p) ? PAPER_ROWS_MIN : 2 * p->features;
    for (unsigned i = 0; i < p->owners; i++) {
        if (p->rows[i] < least)
            return bf_fail(BF_ERR_ARGUMENT,
                           "%s has %zu rows of %zu features, and sums over "
                           "them would tell too much of each: at least %zu%s",
                           p->name[i], p->rows[i], p->features, least,
                           is_paper(p) ? "" : ", or the recipe `paper`");
        if (p->rows[i] > most - n)
            return bf_fail(BF_ERR_ARGUMENT,
                           "rows of all owners: more than %zu", most);
        n += p->rows[i];
    }
    return BF_OK;
}

bf_status bf_pooling_check(const bf_pooling *p)
{
    if (p->owners < 1 || p->owners > BF_OWNERS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%u owners; 1 to %d", p->owners,
                       BF_OWNERS_MAX);
    if (p->features == 0 || p->features > BF_POOLED_ROWS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%zu features", p->features);
    BF_TRY(check_recipe(p->recipe));
    return check_rows(p);
}

static bf_status check_own(const bf_pooling *p, unsigned owner,
                           const bf_view *x)
{
    bf_feature_map map;
    BF_TRY(bf_pooling_check(p));
    if (owner >= p->owners)
        return bf_fail(BF_ERR_ARGUMENT, "owner %u of %u", owner, p->owners);
    if (x->rows != p->rows[owner] || x->cols != p->features)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s has %zu rows of %zu features, not %zu of %zu",
                       p->name[owner], x->rows, x->cols, p->rows[owner],
                       p->features);
    BF_TRY(bf_map_resolve(&map, p->recipe->map, x));
    double most = BF_POOLED_VALUE_MAX;
    if (map == BF_MAP_SQRT) most *= most;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++)
            if (fabs(bf_view_at(x, i, j)) > most)
                return bf_fail(BF_ERR_RANGE,
                               "features: row %zu, column %zu is %g; sums with "
                               "other owners hold at most %g",
                               i + 1, j + 1, bf_view_at(x, i, j), most);
    return BF_OK;
}

/* ---- own sums ------------------------------------------------------------ */

/* Adds d values and d squares. A square is exact in two doubles. */
static void add_row(uint8_t *out, const double *row, size_t d)
{
    for (size_t j = 0; j < d; j++) {
        double square = row[j] * row[j];
        bf_sum_add_number(out + 16 * j, row[j], 16);
        bf_sum_add_number(out + 16 * (d + j), square, 16);
        bf_sum_add_number(out + 16 * (d + j), fma(row[j], row[j], -square), 16);
    }
}

static bf_status value_sums(uint8_t *out, const bf_pooling *p,
                            const bf_view *x)
{
    double *row = bf_alloc(x->cols * sizeof(double));
    bf_status status = BF_OK;
    if (!row) return BF_ERR_MEMORY;
    for (size_t i = 0; i < x->rows; i++) {
        bf_map_rows(row, p->recipe->map, x, i, 1);
        add_row(out, row, x->cols);
        if (i % BF_ROW_BLOCK > 0) continue;
        BF_GOTO(bf_check_interrupt(), done);
        bf_report("moments", (double)i, (double)x->rows);
    }
done:
    bf_free(row);
    return status;
}

/* Sums of all owners stay below 2^62. */
#define PAPER_SUM_MAX (0x1p62 / BF_OWNERS_MAX)

static bf_status paper_sums(uint8_t *out, const bf_pooling *p,
                            const bf_view *x)
{
    size_t d = x->cols;
    double *sum = bf_alloc_zero((d + 1) * sizeof(double));
    if (!sum) return BF_ERR_MEMORY;
    bf_status status = bf_paper_add_rows(sum, p->recipe->map, x);
    for (size_t k = 0; k <= d && status == BF_OK; k++) {
        if (sum[k] < PAPER_SUM_MAX)
            bf_sum_add_number(out + 16 * k, sum[k], 16);
        else
            status = bf_fail(BF_ERR_RANGE,
                             "features: sums of products with column %zu reach "
                             "%g; those with other owners hold less than %g",
                             k, sum[k], PAPER_SUM_MAX);
    }
    bf_free(sum);
    return status;
}

bf_status bf_pooled_moments(uint8_t *out, const bf_pooling *p, unsigned owner,
                            const bf_view *x, bf_env *env)
{
    BF_UNDER(env);
    BF_TRY(check_own(p, owner, x));
    size_t bytes = 16 * bf_pooled_count(p, BF_POOLED_MOMENTS);
    memset(out, 0, bytes);
    bf_status status =
        is_paper(p) ? paper_sums(out, p, x) : value_sums(out, p, x);
    if (status != BF_OK) bf_wipe(out, bytes);
    return status;
}

/* ---- from totals to moments ---------------------------------------------- */

static double value(bf_u128 units)
{
    return ldexp((double)units, -64);
}

/* m^2 in units of 2^-64, for m up to 2^84 of these units. */
static bf_u128 square(bf_u128 m)
{
    bf_u128 whole = m >> 64, part = (uint64_t)m;
    return (whole * whole << 64) + 2 * whole * part + (part * part >> 64);
}

/* Mean and variance of one column, from the sums of n values and of their
 * squares; false if no n values have these sums. With the sum n m + r the
 * variance is squares/n - (m + r/n)^2. */
static bool moments_of(double *mean, double *variance, const uint8_t *sum,
                       const uint8_t *squares, size_t n)
{
    bf_u128 s, q;
    bool negative = bf_sum_magnitude(&s, sum);
    bool below = bf_sum_magnitude(&q, squares);
    bf_u128 most = (bf_u128)(uint64_t)BF_POOLED_VALUE_MAX;
    if (below || s > (most << 64) * n || q > (most * most << 64) * n)
        return false;
    bf_u128 m = s / n;
    double rest = (double)(uint64_t)(s % n) / (double)n;
    double size = value(m) + ldexp(rest, -64);
    bf_u128 of_mean = square(m) + (uint64_t)rint(2 * size * rest);
    *mean = negative ? -size : size;
    *variance = q / n > of_mean ? value(q / n - of_mean) : 0;
    return true;
}

/* Fills in t->mean and inv: 1/sd, or 0 for a column that varies too little. */
static bf_status read_moments(bf_transform *t, double *inv, const bf_pooling *p,
                              const uint8_t *moments)
{
    bool any = false;
    size_t d = p->features, n = rows_of(p);
    for (size_t j = 0; j < d; j++) {
        double v;
        if (!moments_of(&t->mean[j], &v, moments + 16 * j,
                        moments + 16 * (d + j), n))
            return bf_fail(BF_ERR_RANGE,
                           "the sums over all owners' rows of column %zu are "
                           "of no such rows",
                           j + 1);
        double size = 1 + fabs(t->mean[j]);
        bool kept = v >= VARIANCE_MIN * size;
        inv[j] = kept ? 1 / sqrt(v) : 0;
        any |= kept;
        if (!kept && v > VARIANCE_ERROR * size && t->dropped++ == 0)
            t->first_dropped = j;
    }
    return bf_whiten_check_varies(t, any);
}

/* A transform that lacks only its linear map, and inv. */
typedef struct pooled {
    bf_transform *t;
    double *inv; /* whitened */
} pooled;

static void clear(pooled *q)
{
    bf_transform_destroy(q->t);
    bf_free(q->inv);
}

static bf_status read_scale(bf_transform *t, const bf_pooling *p,
                            const uint8_t *moments)
{
    for (size_t k = 0; k < t->outputs; k++) {
        t->scale[k] = bf_sum_number(moments + 16 * k, 16);
        if (t->scale[k] < 0)
            return bf_fail(BF_ERR_RANGE,
                           "the sum over all owners' rows of column %zu is "
                           "negative, and of no rows",
                           k);
    }
    bf_paper_scale(t, rows_of(p));
    return BF_OK;
}

static bf_status begin(pooled *q, const bf_pooling *p, const uint8_t *moments)
{
    const bf_recipe *r = p->recipe;
    size_t d = p->features;
    BF_TRY(bf_pooling_check(p));
    BF_TRY(bf_transform_create(&q->t, r->kind, r->expand, d,
                               bf_recipe_outputs(r, rows_of(p), d)));
    q->t->map = r->map;
    if (is_paper(p)) return read_scale(q->t, p, moments);
    if (r->clip > 0) q->t->clip_norm = bf_whiten_clip_norm(q->t, r->clip);
    q->inv = bf_alloc(d * sizeof(double));
    return q->inv ? read_moments(q->t, q->inv, p, moments) : BF_ERR_MEMORY;
}

/* ---- products ------------------------------------------------------------ */

/* If the moments are those of all n rows, |sum z_a z_b| over some of these rows
 * is at most n. */
static bf_status put_products(uint8_t *out, const double *sum,
                              const bf_pooling *p)
{
    size_t d = p->features;
    double most = (1 + TOLERANCE) * (double)rows_of(p);
    memset(out, 0, 8 * bf_pooled_count(p, BF_POOLED_PRODUCTS));
    for (size_t a = 0; a < d; a++)
        for (size_t b = a; b < d; b++, out += 8) {
            if (!(fabs(sum[a * d + b]) <= most))
                return bf_fail(BF_ERR_RANGE,
                               "the moments of all owners' rows, columns %zu "
                               "and %zu, leave out these rows",
                               a + 1, b + 1);
            bf_sum_add_number(out, sum[a * d + b], 8);
        }
    return BF_OK;
}

static bf_status products(uint8_t *out, const bf_pooling *p,
                          const bf_view *x, const uint8_t *moments)
{
    pooled q = {0};
    bf_mapped mapped = {0};
    size_t d = p->features;
    double *sum = bf_alloc_zero(d * d * sizeof(double));
    bf_status status = BF_ERR_MEMORY;
    if (!sum) goto done;
    BF_GOTO(begin(&q, p, moments), done);
    BF_GOTO(bf_mapped_init(&mapped, p->recipe->map, x, NULL), done);
    BF_GOTO(bf_whiten_products(sum, q.t, q.inv, 1, &mapped), done);
    status = put_products(out, sum, p);
done:
    bf_mapped_clear(&mapped);
    bf_free(sum);
    clear(&q);
    return status;
}

bf_status bf_pooled_products(uint8_t *out, const bf_pooling *p, unsigned owner,
                             const bf_view *x, const uint8_t *moments,
                             bf_env *env)
{
    BF_UNDER(env);
    BF_BLAS_ALONE();
    BF_TRY(check_own(p, owner, x));
    if (is_paper(p))
        return bf_fail(BF_ERR_ARGUMENT, "the recipe `paper` has no products");
    bf_status status = products(out, p, x, moments);
    if (status != BF_OK)
        bf_wipe(out, 8 * bf_pooled_count(p, BF_POOLED_PRODUCTS));
    return status;
}

/* corr[d][d], both triangles. If inv of a column is 0, standardised rows are 0
 * in this column, and so are the products, exactly. */
static bf_status read_products(double *corr, const pooled *q,
                               const bf_pooling *p, const uint8_t *products)
{
    size_t d = p->features;
    for (size_t a = 0; a < d; a++)
        for (size_t b = a; b < d; b++, products += 8) {
            double v = bf_sum_number(products, 8) / (double)rows_of(p);
            bool kept = q->inv[a] > 0 && q->inv[b] > 0;
            if (!kept ? v != 0
                      : fabs(a == b ? v - 1 : v) > (a == b ? 0 : 1) + TOLERANCE)
                return bf_fail(BF_ERR_RANGE,
                               "the products over all owners' rows of columns "
                               "%zu and %zu are of no such rows",
                               a + 1, b + 1);
            corr[a * d + b] = corr[b * d + a] = v;
        }
    return BF_OK;
}

/* Begins the transform, and fills in *corr, which the caller frees; NULL for
 * `paper`. */
static bf_status begin_both(pooled *q, double **corr, const bf_pooling *p,
                            const uint8_t *moments, const uint8_t *products)
{
    size_t d = p->features;
    *corr = NULL;
    BF_TRY(begin(q, p, moments));
    if (is_paper(p)) return BF_OK;
    *corr = bf_alloc(d * d * sizeof(double));
    return *corr ? read_products(*corr, q, p, products) : BF_ERR_MEMORY;
}

static double shrunk(const bf_pooling *p)
{
    return 1 / sqrt(1 + p->excess);
}

static bf_status whiten(pooled *q, double *corr, const bf_pooling *p)
{
    BF_TRY(bf_whiten_root(q->t, corr, q->inv, p->recipe->lambda));
    bf_transform_scale(q->t, shrunk(p));
    return BF_OK;
}

bf_status bf_pooled_fit(bf_transform **out, const bf_pooling *p,
                        const uint8_t *moments, const uint8_t *products,
                        bf_env *env)
{
    BF_UNDER(env);
    BF_BLAS_ALONE();
    pooled q = {0};
    double *corr;
    bf_status status;
    BF_GOTO(begin_both(&q, &corr, p, moments, products), done);
    if (corr)
        BF_GOTO(whiten(&q, corr, p), done);
    *out = q.t;
    q.t = NULL;
done:
    bf_free(corr);
    clear(&q);
    return status;
}

/* ---- another's transform ------------------------------------------------- */

static bf_status differs(const char *what)
{
    return bf_fail(BF_ERR_MISMATCH,
                   "the transform is not that of the sums over the rows: %s",
                   what);
}

static bool same(const double *a, const double *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(a[i] == b[i])) return false;
    return true;
}

static bf_status check_shape(const bf_transform *t, const bf_transform *own,
                             double shrink)
{
    if (t->kind != own->kind || t->map != own->map || t->expansion ||
        t->inputs != own->inputs || t->outputs != own->outputs)
        return differs("its kind or its shape");
    if (!(t->clip_norm == own->clip_norm * shrink)) return differs("its clip");
    if (t->kind == BF_RECIPE_PAPER)
        return same(t->scale, own->scale, own->outputs) ? BF_OK
                                                        : differs("its scale");
    return same(t->mean, own->mean, own->width) ? BF_OK : differs("its mean");
}

/* a[d][k - 1] = linear / inv, the inverse of what fill_linear does. */
static bf_status standard_map(double *a, const bf_transform *t,
                              const double *inv)
{
    size_t d = t->width, k = t->outputs - 1;
    for (size_t j = 0; j < d; j++)
        for (size_t c = 0; c < k; c++) {
            double v = t->linear[j * k + c];
            if (!isfinite(v) || (inv[j] == 0 && v != 0))
                return differs("its linear map");
            a[j * k + c] = inv[j] > 0 ? v / inv[j] : 0;
        }
    return BF_OK;
}

static bool is_zero(const double *a, size_t d, size_t k, size_t c)
{
    for (size_t j = 0; j < d; j++)
        if (a[j * k + c] != 0) return false;
    return true;
}

/* Checks entry (a, b) of both products against the eigenvalues e[k], which
 * fall. Columns of negligible eigenvalues are zero; at the border of
 * negligible, a column may be zero or not. */
static bool entry_fits(double with, double without, const double *e, size_t a,
                       size_t b, const bool *zero, double lambda)
{
    if (zero[a] || zero[b]) return with == 0 && without == 0;
    double scale = sqrt((e[a] + lambda) * (e[b] + lambda));
    double r = a == b ? e[a] / (e[a] + lambda) : 0;
    return fabs(with - r) <= TOLERANCE &&
           fabs(without * scale - (a == b)) <= TOLERANCE;
}

static bf_status check_products(const double *with, const double *without,
                                const double *e, size_t k, const bool *zero,
                                double lambda)
{
    for (size_t c = 0; c < k; c++) {
        double part = e[c] / (BF_WHITEN_NEGLIGIBLE * e[0]);
        if (zero[c] ? part > 2 : part < 0.5)
            return differs("which directions it keeps");
    }
    for (size_t c = 0; c < k; c++)
        for (size_t b = 0; b < k; b++)
            if (!entry_fits(with[c * k + b], without[c * k + b], e, c, b, zero,
                            lambda))
                return differs("its linear map does not whiten");
    return BF_OK;
}

/* c[k][k] = a^T b, a and b [d][k]. */
static void inner(double *c, const double *a, const double *b, size_t d,
                  size_t k)
{
    bf_multiply(&(bf_product){.rows = k,
                              .cols = k,
                              .depth = d,
                              .alpha = 1,
                              .a = {a, k, true},
                              .b = {b, k, false},
                              .c = c,
                              .stride = k});
}

/* Overwrites corr. */
static bf_status check_whitening(const bf_transform *t, const double *inv,
                                 double *corr, double lambda)
{
    size_t d = t->width, k = t->outputs - 1;
    bf_status status = BF_ERR_MEMORY;
    double *a = bf_alloc(2 * d * k * sizeof(double));
    double *with = bf_alloc(2 * k * k * sizeof(double));
    double *e = bf_alloc(d * sizeof(double));
    bool *zero = bf_alloc(k * sizeof(bool));
    if (!a || !with || !e || !zero) goto done;
    double *mapped = a + d * k, *without = with + k * k;
    BF_GOTO(standard_map(a, t, inv), done);
    bf_multiply(&(bf_product){.rows = d,
                              .cols = k,
                              .depth = d,
                              .alpha = 1,
                              .a = {corr, d, false},
                              .b = {a, k, false},
                              .c = mapped,
                              .stride = k});
    inner(with, a, mapped, d, k);
    inner(without, a, a, d, k);
    BF_GOTO(bf_whiten_eigen(corr, e, d), done);
    for (size_t c = 0; c < d / 2; c++) { /* now falling */
        double swap = e[c];
        e[c] = e[d - 1 - c];
        e[d - 1 - c] = swap;
    }
    for (size_t c = 0; c < k; c++) zero[c] = is_zero(a, d, k, c);
    status = check_products(with, without, e, k, zero, lambda);
done:
    bf_free(a);
    bf_free(with);
    bf_free(e);
    bf_free(zero);
    return status;
}

bf_status bf_pooled_check(const bf_transform *t, const bf_pooling *p,
                          const uint8_t *moments, const uint8_t *products,
                          bf_env *env)
{
    BF_UNDER(env);
    BF_BLAS_ALONE();
    pooled q = {0};
    double *corr;
    bf_status status;
    BF_GOTO(begin_both(&q, &corr, p, moments, products), done);
    double shrink = shrunk(p);
    BF_GOTO(check_shape(t, q.t, shrink), done);
    for (size_t j = 0; corr && j < p->features; j++) q.inv[j] *= shrink;
    if (corr) status = check_whitening(t, q.inv, corr, p->recipe->lambda);
done:
    bf_free(corr);
    clear(&q);
    return status;
}
