/* Scores of `whitened`, where weights are refreshed. From zero, the first step
 * of size s is a least squares fit: with U'U = n the scores of the training
 * rows are 4 s (f - 1/2), where f is the fit of the one-hot labels. In a class
 * that has the share q of the rows, f has the mean q and the variance R^2 q
 * (1-q), where R^2 is the part of the labels' variance that the rows explain.
 * Later steps keep scores at about the size that the largest step gives them.
 *
 * R^2 depends on data: 0.6 for scattering features of Fashion-MNIST. A larger
 * part means larger scores, and so larger errors; three quarters are assumed.
 * The size of scores depends little on this part if there are many classes: 1.9
 * s for ten.
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
    u->mean = 4 * step * (0.5 - q);
    double batch = job->schedule.batch ? (double)job->schedule.batch : INFINITY;
    double fitted = EXPLAINED * q * (1 - q);
    double by_chance = 0.25 * (double)job->layout.cols / batch;
    u->deviation = 4 * step * sqrt(fitted + by_chance);
    u->score = hypot(u->mean, u->deviation);
    /* With U'U = n the weights of a class have the norm of the scores. */
    u->weight = u->score / sqrt((double)job->layout.cols);
    if (iteration == 1 && !safe) u->reach = fmax(u->reach, REACH * step);
}

/* A model that knows only the shares of K classes has residuals of at most
 * sqrt(K-1)/K, root mean square. */
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

bf_usual bf_usual_of(const bf_job *job, unsigned iteration)
{
    bool fits = job->refresh.on && job->schedule.zero_start;
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
    return u;
}
