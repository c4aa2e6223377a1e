/* Scores of `whitened`, where weights are refreshed. From zero, the first step
 * of size s is a least squares fit: with U'U = n the scores of the training
 * rows are 4 s (f - 1/2), where f is the fit of the one-hot labels. In a class
 * that has the share q of the rows, f has the mean q and the variance R^2 q
 * (1-q), where R^2 is the part of the labels' variance that the rows explain.
 * A fit has the mean q + R^2 (1-q) over the rows of its class and q - R^2 q
 * over the others, and the variance R^2 (1-R^2) q (1-q) around these. Later
 * steps keep scores at about the size that the largest step gives them.
 *
 * The two groups are kept apart: at s = 3 or 4 both lie on the flat parts of
 * the polynomial, where slopes are nearly zero or negative. One normal
 * distribution of all scores has slopes of up to ten times theirs.
 *
 * R^2 depends on data: 0.6 for scattering features of Fashion-MNIST. A larger
 * part means larger scores, flatter slopes, and so larger errors; three
 * quarters are assumed. Slopes in plaintext were 0.5 to 1.3 times those of
 * this part.
 *
 * Over r rows of a batch, with k columns, U'U is not n, and the norm of the
 * weights has k/r of the variance of the residuals in addition.
 *
 * Fits seldom leave -3/4 .. 7/4: scores up to 5 s were measured. So the step
 * from zero may take scores out of the polynomial's range. Slopes there are
 * many times those inside, and decide on the error of the second step. The
 * second step pulls such scores back.
 *
 * Weights of `paper` grow like the square root of the iterations (bounds.c). */
#include "train/usual.h"

#include <math.h>

#include "train/safe.h"

#define EXPLAINED 0.75
#define REACH 5.0

static double largest_step(const bf_recipe *r, unsigned iterations)
{
    double step = 0;
    for (unsigned t = 0; t < iterations; t++)
        step = fmax(step, bf_recipe_step(r, t));
    return step;
}

static void fitted_scores(bf_usual *u, const bf_job *job, unsigned iteration)
{
    bool safe = job->recipe.safe;
    double step = largest_step(&job->recipe, iteration);
    /* The mean share of a class. */
    double q = (double)job->labels.count / (double)job->layout.classes;
    double batch = job->schedule.batch ? (double)job->schedule.batch : INFINITY;
    double by_chance = 0.25 * (double)job->layout.cols / batch;
    double variance = EXPLAINED * q * (1 - q);
    u->share = q;
    u->own = 4 * step * (q + EXPLAINED * (1 - q) - 0.5);
    u->others = 4 * step * (q - EXPLAINED * q - 0.5);
    u->deviation =
        4 * step * sqrt((1 - EXPLAINED) * variance + by_chance);
    u->score = 4 * step * sqrt(variance + by_chance + (0.5 - q) * (0.5 - q));
    /* With U'U = n the weights of a class have the norm of the scores. */
    u->weight = u->score / sqrt((double)job->layout.cols);
    if (iteration == 1 && !safe) u->reach = fmax(u->reach, REACH * step);
}

/* A model that knows only the shares of K classes has residuals of at most
 * sqrt(K-1)/K, root mean square. Of labels that the rows explain in part, the
 * rest remains (after a step of s = 1, more of them). */
static double residual_of_shares(const bf_job *job)
{
    const bf_label_columns *labels = &job->labels;
    double squares = 0;
    for (unsigned i = 0; i < labels->count; i++)
        squares += 1 - 1.0 / labels->classes[i];
    return sqrt(squares / (double)job->layout.classes);
}

/* Iterations after which the weights know the shares. A least squares fit knows
 * them. */
#define LEARNT 8

/* The bound of weights over the root of the iterations; plans take weights to
 * be a sixteenth of their bound (bounds.c, plan.c). */
#define GROWTH 3.0

/* Whether the first step is a least squares fit that errors are followed from.
 */
static bool fits_first(const bf_job *job)
{
    return job->refresh.on && job->schedule.zero_start;
}

bf_usual bf_usual_of(const bf_job *job, unsigned iteration)
{
    bool fits = fits_first(job);
    double logit = iteration < job->schedule.iterations
                       ? job->typical.logit[iteration]
                       : 0;
    bf_usual u = {.deviation = logit,
                  .score = logit,
                  .reach = job->schedule.sigmoid.range,
                  .residual = job->typical.residual,
                  .weight = job->typical.weight};
    if (job->recipe.kind == BF_RECIPE_PAPER)
        u.weight = fmin(u.weight, GROWTH / 16 * sqrt(iteration));
    if (fits) fitted_scores(&u, job, iteration);
    if (iteration >= (fits ? 1 : LEARNT))
        u.residual = fmin(u.residual, residual_of_shares(job));
    if (fits && iteration > 1) u.residual *= sqrt(1 - EXPLAINED);
    return u;
}

double bf_usual_weight(const bf_job *job)
{
    return fits_first(job) ? bf_usual_of(job, job->schedule.iterations).weight
                           : job->typical.weight;
}

/* Fits beyond the range are more frequent than in a normal distribution. With
 * quintics, slopes of the second iteration were 0.4 to 1.5 times those of one,
 * and errors 0.7 to 1.6 times. */
#define TAILS 1.75

bf_slope bf_usual_slope(const bf_usual *u, const bf_sigmoid *p)
{
    bf_slope others = bf_sigmoid_slope(p, u->others, u->deviation, u->reach);
    bf_slope own = bf_sigmoid_slope(p, u->own, u->deviation, u->reach);
    double q = u->share, tails = u->reach > p->range ? TAILS : 1;
    return (bf_slope){.rms = tails * sqrt((1 - q) * others.rms * others.rms +
                                  q * own.rms * own.rms),
                      .mean = (1 - q) * others.mean + q * own.mean};
}
