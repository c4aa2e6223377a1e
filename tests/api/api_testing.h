/* What tests of the public interface share. */
#ifndef API_TESTING_H
#define API_TESTING_H

#include <math.h>

#include "support/planned_error.h"

#define OK(expr)                                                               \
    do {                                                                       \
        bf_status ok_s_ = (expr);                                              \
        if (ok_s_ != BF_OK)                                                    \
            fail_msg("%s: %s: %s", #expr, bf_status_name(ok_s_),               \
                     bf_last_error());                                         \
    } while (0)
#define FAILS(status, words, expr)                                             \
    do {                                                                       \
        bf_status fails_s_ = (expr);                                           \
        if (fails_s_ != (status) || !strstr(bf_last_error(), (words)))         \
            fail_msg("%s: %s: %s", #expr, bf_status_name(fails_s_),            \
                     bf_last_error());                                         \
    } while (0)

static char test_folder[64];

/* A path in the test's folder, of a few at a time. */
static inline const char *in(const char *name)
{
    static char path[16][128];
    static unsigned next;
    char *p = path[next++ % 16];
    snprintf(p, sizeof path[0], "%s/%s", test_folder, name);
    return p;
}

static inline void make_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(test_folder, sizeof test_folder, "%.40s/bf-api-XXXXXX",
             tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    assert_non_null(mkdtemp(test_folder));
}

/* What a model was trained on. */
typedef struct training {
    const bf_job *job;
    const bf_view *x;
    const bf_prepared *prepared; /* of x */
    const bf_schedule *schedule; /* with initial weights of these classes */
    const int32_t *labels;
    unsigned classes;
} training;

/* Root mean square of the elements of a, or of a - b. */
static inline double rms_of(const bf_matrix *a, const bf_matrix *b)
{
    double sum = 0;
    size_t count = a->rows * a->cols;
    for (size_t i = 0; i < count; i++) {
        double v = a->data[i] - (b ? b->data[i] : 0);
        sum += v * v;
    }
    return sqrt(sum / (double)count);
}

/* Errors of transformed weights of the size that the job expects move the score
 * of a transformed row u by |u| times that size. The job's expectation errs by
 * a factor of ERROR_MOST at most, or ERROR_MOST_REFRESHED. Normal errors,
 * however they depend on each other, have an rms above 5 times the expected one
 * with a probability of at most 6e-7, that of a single normal variable [SB03].
 */
static inline double score_error_most(const training *by)
{
    const bf_matrix *u = &by->prepared->rows;
    bf_job_figures f;
    OK(bf_job_figures_of(&f, by->job, NULL));
    double most = f.refreshed ? ERROR_MOST_REFRESHED : ERROR_MOST;
    return 5 * most * f.weight_error * sqrt((double)u->cols) *
           rms_of(u, NULL);
}

/* The twin is separate code: plain loops in double precision. The model's
 * scores differ from the twin's, within what encryption explains. The limit is
 * less than a sixth of the scores, so that errors within the limit hide no
 * fault of a third. */
static inline void close_to_twin(const bf_model *m, const training *by)
{
    bf_matrix w, x = {0}, got, want;
    bf_model twin;
    OK(bf_twin_run(&w, by->schedule, &by->prepared->rows, by->labels,
                   by->classes, NULL, NULL, NULL));
    OK(bf_model_of(&twin, by->prepared->transform, &w, NULL));
    assert_int_equal(m->weights.rows, by->classes);
    OK(bf_matrix_from(&x, by->x));
    OK(bf_model_scores(&got, m, &x));
    OK(bf_model_scores(&want, &twin, &x));
    double error = rms_of(&got, &want), limit = score_error_most(by);
    if (!(error > 0 && error < limit))
        fail_msg("scores are off by %.3g, limit %.3g", error, limit);
    assert_true(limit < rms_of(&want, NULL) / 6);
    bf_matrix_clear(&w);
    bf_matrix_clear(&x);
    bf_matrix_clear(&got);
    bf_matrix_clear(&want);
    bf_model_clear(&twin);
}

static inline int remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", test_folder);
    return system(command);
}

#endif
