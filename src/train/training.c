#include "train/training.h"

#include <math.h>
#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "ckks/ringswitch.h"
#include "linalg/dense.h"
#include "train/certificate.h"
#include "train/chain.h"
#include "train/drift.h"
#include "train/plan.h"
#include "train/refresh.h"
#include "train/rows.h"
#include "train/usual.h"

/* Work and gradient of one block. Refreshed weights always have the same limbs
 * and scale, so a symbolic run walks each block once and recalls it for other
 * iterations of this step and these scores. */
typedef struct walked {
    bf_ct g, certificate; /* no memory; ctx NULL: not walked yet, or none */
    bf_counters work;
    double step;
    bf_usual usual;
} walked;

/* And a refresh, of weights at this scale. */
typedef struct refreshed {
    bf_ct v; /* as g above */
    bf_counters work[BF_RINGS_MAX];
    double scale;
} refreshed;

typedef struct circuit {
    bf_world *world;
    bf_eval *ev; /* of ring 0 */
    bf_boot *boot; /* NULL: weights are not refreshed */
    bf_boot_errors added; /* by a refresh, at scale 1 */
    bf_drift drift;       /* of symbolic runs with refreshes, at scale 1 */
    walked *walked; /* [blocks], of symbolic runs with refreshes */
    refreshed refreshed; /* of them too */
    const bf_job *job;
    const bf_layout *l;
    bf_inputs in;
    bf_rows rows;
    bf_masks masks;
    double total; /* work of the whole run; 0: nobody asks how far it is */
    unsigned iteration;
    bf_usual usual; /* in this iteration */
    bf_slope slope; /* of the polynomial there */
    bf_block block;
    bool scored;    /* weights are not all zero: there are scores */
    bf_ct *w;       /* [m] expanded weights */
    bf_ct *a;       /* [outs] scores */
    bf_ct *e;       /* [outs] spread errors */
    bf_ct *r;       /* [groups] errors for the certificate; NULL: none */
    bf_ct *g;       /* [m] gradients */
} circuit;

/* Called after every piece of work, from any thread. */
static void tick(const circuit *c, const char *phase)
{
    if (c->total == 0 || !bf_reports()) return;
    bf_report(phase, bf_world_work(c->world), c->total);
}

static bf_ct *ct_array(size_t count)
{
    return bf_alloc_zero(count * sizeof(bf_ct));
}

static void ct_array_release(bf_eval *ev, bf_ct *a, size_t count)
{
    for (size_t i = 0; a && i < count; i++) bf_eval_release(ev, &a[i]);
}

static const bf_ranks *ranks_of(const circuit *c)
{
    return c->in.team ? c->in.team->ranks : NULL;
}

/* The last rank has a part of every block. */
static bf_block block_of(const bf_layout *l, const bf_ranks *ranks,
                         size_t block)
{
    if (!ranks) return bf_layout_block(l, block);
    bf_block own = bf_layout_part(l, block, ranks->own, ranks->count);
    bool planned = !ranks->sum; /* shapes of results follow from some work */
    return own.chunks || !planned
               ? own
               : bf_layout_part(l, block, ranks->count - 1, ranks->count);
}

/* Number of the ciphertext of chunk t of the block, pair p. */
static size_t row_index(const circuit *c, size_t t, size_t p)
{
    return (c->block.first_chunk + t) * c->l->pairs + p;
}

/* All rows of the job have its scale and errors. */
static const bf_ct *any_row(const circuit *c)
{
    return &c->in.at[BF_INPUT_ROWS][row_index(c, 0, 0)];
}

/* Where rows are packed, so many of the `all` rows of a product, of scores or
 * of a gradient, are made at a time: few, so that little is unpacked, a quarter
 * at most, but not one by one, as each time reads the whole other factor. */
enum { PACKED_ROWS = 4 };

static size_t rows_at_a_time(const circuit *c, size_t all, size_t most)
{
    if (!c->in.packed) return most;
    size_t some = all < 4 * PACKED_ROWS ? all / 4 : PACKED_ROWS;
    return some > 1 ? some : 1;
}

/* ---- scores -------------------------------------------------------------- */

/* Rows of scores that are made together. Their sums have three polynomials
 * each, and with so many rows still take little memory beside the rest. */
enum { SCORE_ROWS = 16 };

/* A run of results beginning with number `first`. */
typedef struct piece {
    circuit *c;
    size_t first;
} piece;

/* a[t*C + c] = sum over psi of X[t,psi] (x) conj(P)[psi,c] for chunks
 * first..first + rows-1. */
static bf_status score_rows(circuit *c, size_t first, size_t rows)
{
    size_t pairs = c->l->pairs, classes = c->l->classes, count = rows * pairs;
    const bf_ct **x = bf_alloc((count + c->l->m) * sizeof *x), **w = x + count;
    size_t *index = bf_alloc(count * sizeof *index);
    bf_status status = x && index ? BF_OK : BF_ERR_MEMORY;
    if (status != BF_OK) goto done;
    for (size_t i = 0; i < count; i++)
        index[i] = row_index(c, first + i / pairs, i % pairs);
    for (size_t i = 0; i < c->l->m; i++) w[i] = &c->w[i];
    BF_GOTO(bf_rows_take(&c->rows, x, index, count, c->w[0].limbs), done);
    status = bf_tensor_matrix(c->ev, &c->a[first * classes], rows, classes, x,
                              w, pairs);
    tick(c, "scores");
done:
    bf_free(index);
    bf_free(x);
    return status;
}

static bf_status score_relinearize(void *user, size_t i)
{
    const piece *part = user;
    circuit *c = part->c;
    bf_ct *a = &c->a[part->first + i];
    BF_TRY(bf_relinearize(c->ev, a, a));
    a->bound = c->usual.score;
    tick(c, "scores");
    return BF_OK;
}

static bf_status make_scores(circuit *c)
{
    bool serial = bf_eval_is_symbolic(c->ev);
    size_t classes = c->l->classes, chunks = c->block.chunks;
    size_t most = rows_at_a_time(c, chunks, SCORE_ROWS);
    for (size_t t = 0; t < chunks; t += most) {
        size_t rows = chunks - t < most ? chunks - t : most;
        piece part = {c, t * classes};
        BF_TRY(bf_check_interrupt());
        BF_TRY(score_rows(c, t, rows));
        BF_TRY(bf_parallel_for(rows * classes, serial, score_relinearize,
                               &part));
    }
    return BF_OK;
}

/* z' of one group: folded, real part, period K, rescaled. Re(a) = (a + conj
 * a)/2; the half and the polynomial's norm go to the scale. The rescale is
 * last: the key switches' noise counts at the scale of the products. */
static bf_status group_scores(circuit *c, size_t g, bf_ct *z)
{
    size_t count = bf_block_group_size(c->l, &c->block, g);
    bf_ct conj = {0};
    bf_status status;
    double bound = c->usual.score;
    BF_GOTO(bf_fold(c->ev, &c->masks, &c->a[g * c->l->k], count, z), done);
    z->bound = bound;
    BF_GOTO(bf_conjugate(c->ev, &conj, z), done);
    BF_GOTO(bf_add(c->ev, z, z, &conj), done);
    z->scale *= 2;
    z->bound = bound;
    BF_GOTO(bf_fold_periodic(c->ev, &c->masks, z), done);
    BF_GOTO(bf_rescale(c->ev, z, z), done);
    z->scale *= c->job->form.norm;
    z->bound = bound / c->job->form.norm;
done:
    bf_eval_release(c->ev, &conj);
    return status;
}

/* Odd part of p(z). The noise estimate multiplies an error of z by the slope of
 * p; the products' own estimates would add up to far more. */
static bf_status group_sigmoid(circuit *c, const bf_ct *z, bf_ct *y)
{
    const bf_sigmoid_form *form = &c->job->form;
    bf_ct exact = *z;
    exact.noise = 0;
    BF_TRY(bf_sigmoid_evaluate(c->ev, y, form, &exact));
    double error = c->slope.rms * form->norm * z->noise / z->scale;
    y->noise = hypot(y->noise, error * y->scale);
    return BF_OK;
}

/* The whole factor that brings a scale near `planned`, or a bit below. */
static int64_t whole_factor(double scale, double planned)
{
    return (int64_t)fmin(planned / scale * (1 + 0x1p-20), 0x1p30);
}

static bf_status raise_by(circuit *c, bf_ct *ct, int64_t factor)
{
    double bound = ct->bound;
    if (factor < 2) return BF_OK;
    BF_TRY(bf_mul_int(c->ev, ct, ct, factor));
    ct->scale *= (double)factor;
    ct->bound = bound;
    return BF_OK;
}

/* Without scores, errors are the labels. Weights that are refreshed leave by
 * the lowest prime, at the planned scale. */
static bf_status first_errors(circuit *c, const bf_ct *labels, bf_ct *e)
{
    const bf_job *job = c->job;
    BF_TRY(bf_copy(c->ev, e, labels));
    if (!c->boot) return BF_OK;
    BF_TRY(bf_mod_drop(c->ev, e, 2));
    double rest = any_row(c)->scale * exp2(job->log_mask) /
                  job->schedule.step[c->iteration];
    double planned = bf_boot_scale_in(&job->boot) * (double)job->ring[0].q[1];
    return raise_by(c, e, whole_factor(e->scale, planned / rest));
}

/* e = y - 1/2 - odd part of p(z), spread over features. */
static bf_status group_errors(void *user, size_t g)
{
    circuit *c = user;
    size_t count = bf_block_group_size(c->l, &c->block, g);
    const bf_ct *labels = &c->in.at[BF_INPUT_LABELS][c->block.first_group + g];
    bf_ct z = {0}, y = {0}, e = {0};
    bf_status status;
    if (!c->scored) {
        BF_GOTO(first_errors(c, labels, &e), done);
    } else {
        BF_GOTO(group_scores(c, g, &z), done);
        BF_GOTO(group_sigmoid(c, &z, &y), done);
        BF_GOTO(bf_adjust(c->ev, &e, labels, 1, y.scale, y.limbs), done);
        BF_GOTO(c->job->form.sign < 0 ? bf_add(c->ev, &e, &e, &y)
                                 : bf_sub(c->ev, &e, &e, &y),
                done);
    }
    e.bound = c->usual.residual;
    if (c->r) BF_GOTO(bf_certificate_reduce(c->ev, &c->r[g], &e, c->l), done);
    BF_GOTO(bf_spread(c->ev, &c->masks, &e, count, &c->e[g * c->l->k]), done);
done:
    bf_eval_release(c->ev, &z);
    bf_eval_release(c->ev, &y);
    bf_eval_release(c->ev, &e);
    tick(c, "errors");
    return status;
}

static bf_status make_errors(circuit *c, const bf_ct *v)
{
    bool serial = bf_eval_is_symbolic(c->ev);
    c->scored = v != NULL;
    if (c->scored) {
        bf_ct conj = {0}, exact = *v;
        /* `stretch` and `drift` account for the errors of V, but not for the
         * errors that a refresh adds to coefficients without a weight; those
         * differ from sample to sample. */
        exact.noise = c->boot ? c->added.all * v->scale : 0;
        if (c->boot) exact.bound = fmax(c->usual.weight, exact.bound);
        c->w = ct_array(c->l->m);
        c->a = ct_array(c->block.outs);
        if (!c->w || !c->a) return BF_ERR_MEMORY;
        BF_TRY(bf_conjugate(c->ev, &conj, &exact));
        bf_status s = bf_expand(c->ev, c->w, &conj, c->l->m, c->l->log_m,
                                (unsigned)c->l->f, -1);
        bf_eval_release(c->ev, &conj);
        BF_TRY(s);
        tick(c, "expand weights");
        BF_TRY(make_scores(c));
        ct_array_release(c->ev, c->w, c->l->m);
    }
    BF_TRY(bf_parallel_for(c->block.groups, serial, group_errors, c));
    return BF_OK;
}

/* ---- gradient ------------------------------------------------------------ */

static size_t step_rows(const circuit *c)
{
    size_t first, last;
    bf_schedule_rows(&c->job->schedule, c->iteration, &first, &last);
    return last - first;
}

/* Of this rank's part of the block no more than it has places for. */
static size_t part_rows(const circuit *c)
{
    size_t first, last, count, rows = step_rows(c);
    bf_layout_rows(c->l, c->block.first_chunk, &first, &count);
    bf_layout_rows(c->l, c->block.first_chunk + c->block.chunks - 1, &last,
                   &count);
    return last + count - first < rows ? last + count - first : rows;
}

/* What gradient elements are made from. */
typedef struct gradient {
    circuit *c;
    const bf_ct **e; /* [chunks][classes] */
    /* Of the rows that are made together: */
    const bf_ct **x; /* [chunks] of each */
    size_t *index;   /* of x */
    size_t *pair;    /* of each; room for every row, four times */
    bf_tensor_row *row;
    double bound;
    /* Of long runs: root of the part of the slots that hold rows. */
    double filled;
} gradient;

/* Rows of elements first..end-1, m = psi*C + c, which may begin and end within
 * a pair, behind the rows before them. */
static size_t gradient_rows(const gradient *g, bf_ct *out, size_t first,
                            size_t end, size_t rows)
{
    size_t classes = g->c->l->classes;
    while (first < end) {
        size_t column = first % classes, count = classes - column;
        if (count > end - first) count = end - first;
        g->pair[rows] = first / classes;
        g->row[rows++] = (bf_tensor_row){NULL, column, count, out + first};
        first += count;
    }
    return rows;
}

/* Makes rows first..first + count-1. */
static bf_status gradient_sums(const gradient *g, size_t first, size_t count)
{
    circuit *c = g->c;
    size_t chunks = c->block.chunks;
    bf_tensor_row *row = g->row + first;
    for (size_t r = 0; r < count; r++) {
        row[r].a = g->x + r * chunks;
        for (size_t t = 0; t < chunks; t++)
            g->index[r * chunks + t] = row_index(c, t, g->pair[first + r]);
    }
    BF_TRY(
        bf_rows_take(&c->rows, g->x, g->index, count * chunks, c->e[0].limbs));
    return bf_tensor_rows(c->ev, row, count, g->e, c->l->classes, chunks);
}

/* g[psi*C + c] = sum over t of X[t,psi] (x) e[t,c], of three polynomials. */
static bf_status gradient_make(void *user, bf_ct *out, size_t first, size_t n,
                               size_t stride, unsigned runs)
{
    const gradient *g = user;
    size_t rows = 0, m = g->c->l->m;
    for (size_t k = 0; k < runs; k++) {
        size_t from = k * stride + first, end = from + n < m ? from + n : m;
        rows = gradient_rows(g, out, from, end, rows);
    }
    size_t most = rows_at_a_time(g->c, g->c->l->pairs, rows);
    for (size_t r = 0; r < rows; r += most)
        BF_TRY(gradient_sums(g, r, rows - r < most ? rows - r : most));
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < g->row[r].count; i++) {
            g->row[r].out[i].bound = g->bound;
            g->row[r].out[i].noise *= g->filled;
        }
    tick(g->c, "gradient");
    return BF_OK;
}

static bf_status gradient_open(gradient *g, circuit *c)
{
    size_t chunks = c->block.chunks, outs = c->block.outs;
    size_t rows = 4 * (c->l->pairs + 2);
    size_t together = rows_at_a_time(c, c->l->pairs, rows) * chunks;
    *g = (gradient){.c = c};
    g->bound = c->job->typical.update / c->job->schedule.step[c->iteration];
    double filled = (double)part_rows(c) / (double)(chunks * c->l->t);
    g->filled = c->boot ? sqrt(filled) : 1;
    g->row = bf_alloc(rows * sizeof *g->row);
    g->pair = bf_alloc((rows + together) * sizeof *g->pair);
    g->x = bf_alloc((together + outs) * sizeof *g->x);
    if (!g->row || !g->pair || !g->x) return BF_ERR_MEMORY;
    g->index = g->pair + rows;
    g->e = g->x + together;
    for (size_t i = 0; i < outs; i++) g->e[i] = &c->e[i];
    return BF_OK;
}

static void gradient_close(gradient *g)
{
    bf_free(g->row);
    bf_free(g->pair);
    bf_free(g->x);
}

/* Packed gradient: its elements are relinearised within the packing, which
 * saves most of the divisions by P, and not yet rescaled: the sum over T
 * samples then adds no rounding error. */
static bf_status make_gradient(circuit *c, bf_ct *out)
{
    gradient g;
    c->g = ct_array(c->l->m);
    if (!c->g) return BF_ERR_MEMORY;
    bf_status status = gradient_open(&g, c);
    if (status == BF_OK)
        status = bf_pack_made(c->ev, out, c->g, c->l->m, c->l->log_m,
                              (unsigned)c->l->f, g.bound, gradient_make, &g);
    gradient_close(&g);
    BF_TRY(status);
    tick(c, "pack gradient");
    /* Of 2^log_m places only M have an error, and the weights lie there.
     * Estimates of short runs leave out this and `filled`. */
    if (c->boot) out->noise *= sqrt(exp2(c->l->log_m) / (double)c->l->m);
    return BF_OK;
}

/* ---- update -------------------------------------------------------------- */

/* By how much a step stretches an error of the weights that it starts from,
 * root mean square over directions, an estimate: V - step U' p' U V, where
 * U'U/n is the identity; for some of the rows its eigenvalues have the mean 1
 * and the variance columns/rows. Of runs without refreshes. */
static double stretch(const circuit *c)
{
    const bf_schedule *s = &c->job->schedule;
    double rows = (double)step_rows(c);
    double moved = s->step[c->iteration] * rows * c->slope.rms;
    double variance = s->batch ? (double)c->l->cols / rows : 0;
    return fmax(1, hypot(1 - moved, moved * sqrt(variance)));
}

/* A sum of weights and a step: step*g + p*v + q*u; v, u may be NULL. */
typedef struct weights_sum {
    double step;
    const bf_ct *v, *u;
    double p, q;
} weights_sum;

/* Standard deviation of an object's error, at scale 1. */
static double error_of(const bf_ct *ct)
{
    return ct ? ct->noise / ct->scale : 0;
}

/* Errors grow in directions in which U'p'U is small. In long runs a step pulls
 * them by so much of the root mean square eigenvalue of step U'p'U. Measured
 * (docs/algorithms.md). The eigenvalues of `paper` differ by far, so that
 * longer runs have errors in ever slower directions; those of `whitened` do
 * where a column has few rows. */
#define SLOW (1 / 12.0)
#define PAPER_SLOW (1 / 20.0)
#define LONG 100.0

/* By how much less of an error of V a step of this size leaves. The eigenvalues
 * of U'U/n have the sum 2 (bf_plan_typical), and at most n of them are not
 * zero.
 */
static double paper_pull(const circuit *c, double step)
{
    const bf_layout *l = &c->job->layout;
    double directions = (double)(l->cols < l->n ? l->cols : l->n);
    double later = fmin(1, LONG / (c->iteration + 1.0));
    return step * (double)step_rows(c) * c->slope.rms * PAPER_SLOW * later * 2 /
           directions;
}

/* The least eigenvalue of U'p'U/n that errors meet. With U'U = n, it averages
 * the slopes of n rows in each of k directions: its eigenvalues have the mean
 * of the slopes, and sqrt(k/n) times their deviation. Errors add up where
 * eigenvalues are small: two deviations below the mean, as the eigenvalues of
 * large matrices end there. A ridge leaves 1/(1 + lambda) of U'U in a direction
 * of the mean eigenvalue. While scores settle, slopes along them may be less
 * than that, so that errors do not decay where it is negative; later it is what
 * SLOW says. */
static double least_slope(const circuit *c, double spread)
{
    const bf_layout *l = &c->job->layout;
    double rows = (double)l->n / ((double)l->cols * BF_FEW_ROWS);
    if (c->iteration >= BF_SETTLED) return c->slope.rms * SLOW * fmin(1, rows);
    return fmax(c->slope.mean - 2 * spread, 0) / (1 + c->job->recipe.lambda);
}

/* What a step leaves of an error of V. Rows of a batch add deviations as in
 * `stretch`. A long step stretches errors in directions in which slopes are
 * large. */
static double whitened_left(const circuit *c, double step)
{
    double rows = (double)step_rows(c), moved = step * rows;
    double part = fmin(1, (double)c->l->cols / (double)c->l->n);
    double mean = c->slope.mean, rms = c->slope.rms;
    double spread = sqrt((rms * rms - mean * mean) * part);
    double batch = c->job->schedule.batch
                       ? fabs(mean) * sqrt((double)c->l->cols / rows)
                       : 0;
    double stretched = hypot(1 - moved * mean, moved * hypot(spread, batch));
    return fmax(stretched, 1 - moved * least_slope(c, spread));
}

/* The error of weights by the roundings of masks, which are the same in every
 * row. They are relative errors of scores and gradients, and come out as a
 * relative error of the weights, after any number of steps: a gradient that is
 * off by a part vanishes where the exact one does, and scores that are off by a
 * part are those of weights that are. Of each class, masks leak into all
 * classes of a group. */
static double mask_error(const circuit *c)
{
    const bf_layout *l = c->l;
    double weight = bf_usual_of(c->job, c->iteration + 1).weight;
    double leaks = (double)(l->classes < l->k ? l->classes : l->k);
    double error =
        hypot(c->scored ? c->masks.one_error : 0, c->masks.every_error);
    return weight * error * sqrt(leaks / (double)l->f);
}

/* The error of a step of this size from the encryption of the rows. In the
 * gradient it is a sum over the rows of residuals times errors of values; in
 * the scores, of slopes times scores of errors, and with U'U = n these are to
 * the error of a value as scores are to 1. Both are nearly the same in every
 * iteration. A value's error is sqrt(N/2) = sqrt(F T) times that of a
 * coefficient of the rows, and a weight's error is sqrt(F) times that of a
 * coefficient of packed weights, which is wanted. */
static double rows_error(const circuit *c, double step)
{
    double by_scores = c->scored ? c->slope.rms * c->usual.score : 0;
    return step * sqrt((double)(step_rows(c) * c->l->t)) *
           hypot(c->usual.residual, by_scores) * error_of(any_row(c));
}

/* The error of a step varies by a tenth with secrets and draws, and adds up. */
#define SPARE 1.2

/* The sum w for `drift`. The noise of `sum` is the error of the step alone;
 * to_refresh: the sum will be refreshed. */
static bf_drift_sum drift_sum(const circuit *c, const weights_sum *w,
                              const bf_ct *sum, bool to_refresh)
{
    const bf_boot_errors none = {0}, *add = to_refresh ? &c->added : &none;
    bool paper = c->job->recipe.kind == BF_RECIPE_PAPER;
    double own = error_of(sum);
    double rows = fmin(rows_error(c, w->step), own);
    double rest = SPARE * sqrt(own * own - rows * rows);
    double others = sqrt(add->inside * add->inside - add->same * add->same);
    return (bf_drift_sum){.p = paper ? w->p - paper_pull(c, w->step)
                                     : w->p * whitened_left(c, w->step),
                          .q = w->q,
                          .same = hypot(SPARE * rows, add->same),
                          .other = hypot(rest, others)};
}

/* Brought to g's modulus. */
static bf_status combine(circuit *c, bf_ct *out, const bf_ct *g,
                         const weights_sum *w)
{
    const bf_ct *term[2] = {w->v, w->u};
    double factor[2] = {w->p, w->q};
    bf_ct sum = {0}, t = {0};
    bf_status status;
    BF_GOTO(bf_copy(c->ev, &sum, g), done);
    sum.scale /= w->step;
    for (unsigned i = 0; i < 2; i++) {
        if (!term[i] || factor[i] == 0) continue;
        bf_ct given = *term[i];
        if (c->boot) given.noise = 0; /* that of many iterations is `drift` */
        BF_GOTO(bf_adjust(c->ev, &t, &given, factor[i], sum.scale, sum.limbs),
                done);
        if (!c->boot) t.noise *= stretch(c);
        BF_GOTO(bf_add(c->ev, &sum, &sum, &t), done);
    }
    sum.bound = c->job->typical.weight;
    bf_move(c->ev, out, &sum);
done:
    bf_eval_release(c->ev, &t);
    bf_eval_release(c->ev, &sum);
    return status;
}

/* Closer than any estimate: `paper` changes its step a little every time. */
static bool close_to(double a, double b)
{
    return fabs(a / b - 1) < 0x1p-10;
}

static void read_counters(const circuit *c, bf_counters work[BF_RINGS_MAX])
{
    for (unsigned r = 0; r < c->world->count; r++)
        bf_eval_counters(c->world->ev[r], &work[r]);
}

static bf_status bootstrap(circuit *c, bf_ct *v)
{
    bf_eval **ev = c->world->ev, *large = ev[bf_refresh_ring(c->job)];
    bf_ct raised = {0};
    if (large == c->ev) return bf_boot_refresh(large, ev[1], v, v, c->boot);
    BF_TRY(bf_boot_refresh(large, ev[1], &raised, v, c->boot));
    bf_status s = bf_ring_switch_down(large, c->ev, v, &raised);
    bf_eval_release(large, &raised);
    return s;
}

/* The same; a symbolic run remembers it. */
static bf_status bootstrap_or_recall(circuit *c, bf_ct *v)
{
    refreshed *before = &c->refreshed;
    bf_counters start[BF_RINGS_MAX], end[BF_RINGS_MAX];
    double bound = v->bound, scale = v->scale;
    if (!c->walked) return bootstrap(c, v);
    if (before->v.ctx && close_to(scale, before->scale)) {
        for (unsigned r = 0; r < c->world->count; r++)
            bf_eval_count_again(c->world->ev[r], &before->work[r]);
        BF_TRY(bf_copy(c->ev, v, &before->v));
        v->bound = bound;
        return BF_OK;
    }
    read_counters(c, start);
    BF_TRY(bootstrap(c, v));
    read_counters(c, end);
    for (unsigned r = 0; r < c->world->count; r++)
        before->work[r] = bf_counters_between(&start[r], &end[r]);
    before->scale = scale;
    before->v = *v;
    before->v.pooled = false;
    return BF_OK;
}

/* A step that is larger than the one which the primes are made for leaves
 * weights at a smaller scale. A whole factor brings them near the planned one
 * again, with their errors as they are. */
static bf_status raise(circuit *c, bf_ct *v)
{
    double planned = bf_boot_scale_in(bf_boot_get_params(c->boot));
    return raise_by(c, v, whole_factor(v->scale, planned));
}

/* Back to the limbs and the scale of the first of them. */
static bf_status refresh(circuit *c, bf_ct *v)
{
    BF_TRY(raise(c, v));
    BF_TRY(bootstrap_or_recall(c, v));
    tick(c, "refresh");
    return BF_OK;
}

static void iteration_clear(circuit *c)
{
    ct_array_release(c->ev, c->w, c->l->m);
    ct_array_release(c->ev, c->a, c->block.outs);
    ct_array_release(c->ev, c->e, c->block.outs);
    ct_array_release(c->ev, c->g, c->l->m);
    ct_array_release(c->ev, c->r, c->block.groups);
    bf_free(c->w);
    bf_free(c->a);
    bf_free(c->e);
    bf_free(c->g);
    bf_free(c->r);
    c->w = c->a = c->e = c->g = c->r = NULL;
}

static const bf_ct *present(const bf_ct *ct)
{
    return ct->ctx ? ct : NULL;
}

static bf_status make_certificate(circuit *c, bf_ct *out)
{
    BF_TRY(bf_certificate_sum(c->ev, out, c->l, c->r, c->block.groups));
    ct_array_release(c->ev, c->r, c->block.groups);
    tick(c, "certificate");
    return BF_OK;
}

static bool is_certified(const circuit *c, const bf_ct *v)
{
    return c->job->certificate && v;
}

/* Of the block, or of this rank's part of it. */
static bf_status make_part(circuit *c, const bf_ct *v, bf_ct *g,
                           bf_ct *certificate)
{
    bf_status status = BF_OK;
    bool certified = is_certified(c, v);
    c->e = ct_array(c->block.outs);
    if (certified) c->r = ct_array(c->block.groups);
    if (!c->e || (certified && !c->r)) status = BF_ERR_MEMORY;
    if (status == BF_OK) status = make_errors(c, v);
    if (status == BF_OK && certified) status = make_certificate(c, certificate);
    if (status == BF_OK) status = make_gradient(c, g);
    iteration_clear(c);
    return status;
}

/* sum += part, as ranks add (bf_team_add). Takes the part. */
static bf_status add_part(circuit *c, bf_ct *sum, bf_ct *part)
{
    bf_status status = BF_OK;
    if (!sum->ctx) {
        bf_move(c->ev, sum, part);
    } else if (part->ctx) {
        double noise = hypot(sum->noise, part->noise), bound = sum->bound;
        status = bf_add(c->ev, sum, sum, part);
        sum->noise = noise;
        sum->bound = bound;
    }
    bf_eval_release(c->ev, part);
    return status;
}

/* All parts of the block one after the other, for a job of parts without the
 * ranks for them; otherwise that of this rank. */
static bf_status make_parts(circuit *c, const bf_ct *v, bf_ct *g,
                            bf_ct *certificate)
{
    const bf_ranks *ranks = ranks_of(c);
    size_t block = c->iteration % c->l->blocks;
    unsigned parts = ranks && ranks->count > 1 ? 1 : c->job->parts;
    if (parts < 2)
        return c->block.chunks ? make_part(c, v, g, certificate) : BF_OK;
    for (unsigned p = 0; p < parts; p++) {
        bf_ct own = {0}, its = {0};
        c->block = bf_layout_part(c->l, block, p, parts);
        if (!c->block.chunks) continue;
        bf_status status = make_part(c, v, &own, &its);
        if (status == BF_OK) status = add_part(c, g, &own);
        if (status == BF_OK && its.ctx) status = add_part(c, certificate, &its);
        bf_eval_release(c->ev, &own);
        bf_eval_release(c->ev, &its);
        BF_TRY(status);
    }
    return BF_OK;
}

/* Sums over ranks are exact, and the rescale comes after them: only the
 * packings of several ranks round more often than the packing of one. */
static bf_status make_step(circuit *c, const bf_ct *v, bf_ct *g,
                           bf_ct *certificate)
{
    const bf_context *ctx = c->world->ctx[0];
    BF_TRY(make_parts(c, v, g, certificate));
    if (is_certified(c, v)) BF_TRY(bf_team_add(c->in.team, ctx, certificate));
    BF_TRY(bf_team_add(c->in.team, ctx, g));
    return bf_rescale(c->ev, g, g);
}

static bool same_scores(const bf_usual *a, const bf_usual *b)
{
    return a->own == b->own && a->others == b->others &&
           a->deviation == b->deviation && a->reach == b->reach;
}

static bool same_usual(const bf_usual *a, const bf_usual *b)
{
    return same_scores(a, b) && a->residual == b->residual;
}

/* The same; for a symbolic run that has been there, by what it remembers. */
static bf_status make_or_recall(circuit *c, const bf_ct *v, bf_ct *g,
                                bf_ct *certificate)
{
    walked *before = c->walked ? &c->walked[c->iteration % c->l->blocks] : NULL;
    double step = c->job->schedule.step[c->iteration];
    bf_counters start, end;
    if (!before || !v) return make_step(c, v, g, certificate);
    if (before->g.ctx && close_to(before->step, step) &&
        same_usual(&before->usual, &c->usual)) {
        bf_eval_count_again(c->ev, &before->work);
        if (before->certificate.ctx)
            BF_TRY(bf_copy(c->ev, certificate, &before->certificate));
        return bf_copy(c->ev, g, &before->g);
    }
    bf_eval_counters(c->ev, &start);
    BF_TRY(make_step(c, v, g, certificate));
    bf_eval_counters(c->ev, &end);
    before->work = bf_counters_between(&start, &end);
    before->step = step;
    before->usual = c->usual;
    before->g = *g;
    before->g.pooled = false;
    before->certificate = *certificate;
    before->certificate.pooled = false;
    return BF_OK;
}

/* Plans are the same on every machine. */
#define PLANNED_THREADS 8

static void set_usual(circuit *c, unsigned iteration)
{
    bf_usual u = bf_usual_of(c->job, iteration), before = c->usual;
    c->usual = u;
    if (c->slope.rms != 0 && same_scores(&u, &before)) return;
    c->slope = bf_usual_slope(&u, &c->job->schedule.sigmoid);
}

/* Only plans follow the errors of refreshed weights through a run. Ciphertexts
 * of a real run carry the error of their own step, so that a resumed run writes
 * the same bytes. */
static void add_up(circuit *c, bf_state *state, const weights_sum *to_w,
                   const bf_ct *next, const weights_sum *to_v)
{
    bf_drift_sum v = drift_sum(c, to_v, next, true);
    bf_drift_sum w = drift_sum(c, to_w, &state->output, false);
    double part = fmin(1, to_w->step / to_v->step); /* of the step, in W */
    state->output.noise =
        hypot(bf_drift_of(&c->drift, &w), part * mask_error(c)) *
        state->output.scale;
    bf_drift_advance(&c->drift, &v);
}

/* W_t = (1-eta_{t-1}) V_t + eta_{t-1} V_{t-1}, so with P = V_{t-1}:
 *   V_{t+1} = step G + (1-eta_{t-1}) V + eta_{t-1} P
 *   W_{t+1} = (1-eta_t) V_{t+1} + eta_t V. */
static bf_status iterate(circuit *c, bf_state *state)
{
    const bf_schedule *s = &c->job->schedule;
    unsigned t = c->iteration;
    double step = s->step[t], eta = s->momentum ? s->eta[t] : 0;
    double before = s->momentum && t > 0 ? s->eta[t - 1] : 0;
    bf_ct *carried = state->carried;
    const bf_ct *v = present(&carried[BF_TRAINING_V]);
    const bf_ct *older = present(&carried[BF_TRAINING_BEFORE]);
    bf_ct g = {0}, next = {0};
    weights_sum to_v = {step, v, older, 1 - before, before};
    weights_sum to_w = {(1 - eta) * step, v, older,
                        (1 - eta) * (1 - before) + eta, (1 - eta) * before};
    bf_status status;
    c->block = block_of(c->l, ranks_of(c), t % c->l->blocks);
    set_usual(c, t);
    bf_eval_release(c->ev, &state->certificate);
    BF_GOTO(make_or_recall(c, v, &g, &state->certificate), done);
    BF_GOTO(combine(c, &next, &g, &to_v), done);
    BF_GOTO(combine(c, &state->output, &g, &to_w), done);
    if (c->walked) add_up(c, state, &to_w, &next, &to_v);
    if (c->boot && t + 1 < s->iterations) BF_GOTO(refresh(c, &next), done);
    bf_move(c->ev, &carried[BF_TRAINING_BEFORE], &carried[BF_TRAINING_V]);
    bf_move(c->ev, &carried[BF_TRAINING_V], &next);
    state->reach = c->boot ? bf_job_x_limbs(c->job) /* all, to the end */
                           : carried[BF_TRAINING_V].limbs;
    state->held = c->rows.bytes;
    if (c->boot)
        state->held += bf_boot_bytes(c->boot) +
                       bf_boot_work_bytes(c->boot, PLANNED_THREADS);
done:
    bf_eval_release(c->ev, &g);
    bf_eval_release(c->ev, &next);
    return status;
}

/* ---- the circuit's table ------------------------------------------------- */

static size_t inputs(const bf_job *job, bf_input_kind kind)
{
    const bf_layout *l = &job->layout;
    if (kind == BF_INPUT_ROWS) return l->chunks * l->pairs;
    if (kind == BF_INPUT_LABELS) return l->groups;
    return !job->schedule.zero_start;
}

static bool is_in(size_t i, size_t first, size_t count)
{
    return i >= first && i - first < count;
}

static bool has(const bf_job *job, const bf_ranks *ranks, bf_input_kind kind,
                size_t index)
{
    const bf_layout *l = &job->layout;
    bf_block b;
    if (!ranks || kind == BF_INPUT_START) return true;
    if (kind == BF_INPUT_LABELS) {
        b = bf_layout_part(l, bf_layout_group_block(l, index), ranks->own,
                           ranks->count);
        return is_in(index, b.first_group, b.groups);
    }
    size_t chunk = index / l->pairs;
    b = bf_layout_part(l, bf_layout_chunk_block(l, chunk), ranks->own,
                       ranks->count);
    return is_in(chunk, b.first_chunk, b.chunks);
}

static bf_status check_ranks(const bf_job *job, unsigned ranks)
{
    size_t most = bf_layout_most_parts(&job->layout);
    if (ranks <= most) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%u ranks, but the ciphertexts of %s are for %zu at most",
                   ranks, job->layout.blocks > 1 ? "a batch" : "the rows",
                   most);
}

/* Of all its blocks: what a block costs beside its rows, all ranks do. */
static unsigned busiest(const bf_job *job, unsigned ranks)
{
    const bf_layout *l = &job->layout;
    size_t most = 0;
    unsigned found = 0;
    for (unsigned i = 0; i < ranks; i++) {
        size_t chunks = 0;
        for (size_t b = 0; b < l->blocks; b++)
            chunks += bf_layout_part(l, b, i, ranks).chunks;
        if (chunks <= most) continue;
        most = chunks;
        found = i;
    }
    return found;
}

static bf_input input(const bf_job *job, bf_input_kind kind)
{
    if (kind == BF_INPUT_ROWS)
        return (bf_input){bf_job_x_limbs(job), exp2(job->log_x),
                          job->bounds.entry, job->typical.entry};
    if (kind == BF_INPUT_LABELS)
        return (bf_input){bf_job_y_limbs(job), exp2(job->log_labels), 0.5, 0.5};
    return (bf_input){bf_job_used_limbs(job), exp2(job->log_v0),
                      job->bounds.weight, job->typical.weight};
}

static unsigned steps(const bf_job *job)
{
    return job->schedule.iterations;
}

static double output_bound(const bf_job *job)
{
    return job->bounds.weight;
}

/* An element of period F keeps 2F of N coefficients' errors; half of their
 * squares is in the real part. */
static double output_noise(const bf_job *job, const bf_ct *w)
{
    return w->noise * sqrt((double)job->layout.f) / w->scale;
}

static double certificate_noise(const bf_job *job, const bf_ct *certificate)
{
    return bf_certificate_noise(&job->layout, certificate);
}

static bool chain(bf_job *job, bf_chain *c, double bits)
{
    return bf_chain_scales(job, c, bits) && bf_chain_primes(job, c);
}

static void run_close(void *run)
{
    circuit *c = run;
    if (!c) return;
    bf_masks_clear(&c->masks);
    bf_rows_close(&c->rows);
    bf_boot_destroy(c->boot);
    bf_free(c->walked);
    bf_free(c);
}

/* `mask_error` accounts for the roundings of masks. */
static void forget_mask_noise(bf_masks *m)
{
    for (size_t i = 0; m->one && i < m->layout->k; i++)
        m->one[i].noise = m->every[i].noise = 0;
}

/* A smaller ring's way down adds the error of its key switch. */
static bf_boot_errors refresh_errors(const circuit *c)
{
    const bf_job *job = c->job;
    unsigned ring = bf_refresh_ring(job);
    bf_boot_errors e = bf_boot_errors_of(c->boot, bf_boot_scale_in(&job->boot));
    if (!ring) return e;
    double down =
        bf_ring_switch_noise(c->world->ctx[ring], bf_job_x_limbs(job)) /
        job->boot.scale;
    e.inside = hypot(e.inside, down);
    e.all = hypot(e.all, down);
    return e;
}

static bf_status open_refresh(circuit *c)
{
    forget_mask_noise(&c->masks);
    bool symbolic = bf_eval_is_symbolic(c->ev);
    if (symbolic) {
        c->walked = bf_alloc_zero(c->l->blocks * sizeof *c->walked);
        if (!c->walked) return BF_ERR_MEMORY;
    }
    bf_context **ctx = c->world->ctx;
    BF_TRY(bf_boot_create(&c->boot, ctx[bf_refresh_ring(c->job)], ctx[1],
                          &c->job->boot, symbolic));
    c->added = refresh_errors(c);
    return BF_OK;
}

/* A rank's part of a smaller block may be the larger one. */
static size_t most_chunks(const circuit *c)
{
    size_t most = 1;
    for (size_t b = 0; b < c->l->blocks; b++) {
        size_t chunks = block_of(c->l, ranks_of(c), b).chunks;
        if (chunks > most) most = chunks;
    }
    return most;
}

/* For the larger of the two products. */
static bf_status open_rows(circuit *c)
{
    size_t pairs = c->l->pairs, chunks = most_chunks(c);
    size_t for_scores = rows_at_a_time(c, chunks, SCORE_ROWS) * pairs;
    size_t for_gradient = rows_at_a_time(c, pairs, pairs) * chunks;
    return bf_rows_open(&c->rows, c->ev, &c->in,
                        for_scores > for_gradient ? for_scores : for_gradient,
                        bf_job_used_limbs(c->job));
}

static bf_status run_open(void **run, bf_world *w, const bf_job *job,
                          const bf_inputs *in, double total)
{
    circuit *c = bf_alloc_zero(sizeof *c);
    if (!c) return BF_ERR_MEMORY;
    *c = (circuit){.world = w, .ev = w->ev[0], .job = job, .l = &job->layout,
                   .in = *in, .total = total};
    bf_status s =
        bf_masks_make(&c->masks, w->ctx[0], c->l, exp2(job->log_mask),
                      bf_job_used_limbs(job), bf_eval_is_symbolic(c->ev));
    if (s == BF_OK) s = open_rows(c);
    if (s == BF_OK && job->refresh.on) s = open_refresh(c);
    if (s == BF_OK)
        *run = c;
    else
        run_close(c);
    return s;
}

static bf_status run_step(void *run, bf_state *state)
{
    circuit *c = run;
    c->iteration = state->step;
    if (state->step == 0 && !c->job->schedule.zero_start) {
        BF_TRY(bf_copy(c->ev, &state->carried[BF_TRAINING_V],
                       c->in.at[BF_INPUT_START]));
        c->drift.same = error_of(&state->carried[BF_TRAINING_V]);
    }
    BF_TRY(iterate(c, state));
    state->step++;
    return BF_OK;
}

/* ---- what recipe and shapes decide --------------------------------------- */

/* A job that has its rings says how its polynomial is divided; for others, the
 * search decides. */
static bf_status derive(bf_job *job, size_t n, size_t cols)
{
    const bf_sigmoid_form given = job->form;
    const bool searched = job->ring[0].log_n != 0;
    const bf_recipe *r = &job->recipe;
    BF_TRY(bf_schedule_make(&job->schedule, r, n));
    BF_TRY(bf_sigmoid_form_make(&job->form, &job->schedule.sigmoid));
    if (searched &&
        (!bf_sigmoid_form_divide(&job->form, given.division, given.primes) ||
         job->form.primes != given.primes))
        return bf_fail(BF_ERR_ARGUMENT,
                       "the job's polynomial can't be divided as it says");
    BF_TRY(bf_recipe_bounds(&job->bounds, r, n, cols));
    BF_TRY(bf_plan_typical(&job->typical, r, n, cols));
    return bf_certificate_check(job);
}

/* log2 of q_0 over scale and bound, and bits of precision: the sine bends
 * messages by (2 pi/2^ratio)^2/6 at the bound; the errors of a momentum add up,
 * so that `paper` wants both larger. The bound of weights of many rows is less
 * (refresh.c), for F = 4 by the 1.5 bits. */
static bf_refresh refresh_for(const bf_job *job, size_t n, size_t cols)
{
    if (job->recipe.kind == BF_RECIPE_PAPER)
        return (bf_refresh){.on = true, .ratio = 8, .precision = 18.5};
    double precision = bf_refresh_many_rows(n, cols) ? 15.5 : 17;
    return (bf_refresh){.on = true, .ratio = 5, .precision = precision};
}

const bf_circuit bf_training = {
    .derive = derive,
    .refresh = refresh_for,
    .inputs = inputs,
    .input = input,
    .has = has,
    .check_ranks = check_ranks,
    .busiest = busiest,
    .steps = steps,
    .carried = {"V", "V of before", NULL},
    .output_bound = output_bound,
    .output_noise = output_noise,
    .certificate_noise = certificate_noise,
    .ways = bf_chain_ways,
    .take_way = bf_chain_take_way,
    .limbs = bf_chain_limbs,
    .chain = chain,
    .fit = bf_chain_fit,
    .write_recipe = bf_training_write_recipe,
    .write_scales = bf_training_write_scales,
    .read_recipe = bf_training_read_recipe,
    .read_scales = bf_training_read_scales,
    .open = run_open,
    .step = run_step,
    .close = run_close,
};
